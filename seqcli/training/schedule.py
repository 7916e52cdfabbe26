"""How much of a run is done, and the learning rate at that point."""

from __future__ import annotations

from seqcli.training.options import TrainingOptions


def share_done(options: TrainingOptions, *, step: int, epoch: float, seconds: float) -> float:
    """The share of the run that is done, 0 to 1, by its budget, epochs or steps, or by the most steps of a budget."""
    if options.budget is not None:
        done = seconds / options.budget
        if options.most_steps is not None:
            done = max(done, step / options.most_steps)
    elif options.epochs is not None:
        done = epoch / options.epochs
    else:
        assert options.steps is not None
        done = step / options.steps
    return min(done, 1.0)


def learning_rate(options: TrainingOptions, share: float) -> float:
    """Linear warm-up over the first `warmup` of the run, then linearly down to zero at its end."""
    if share < options.warmup:
        return options.learning_rate * max(share / options.warmup, 0.01)
    return options.learning_rate * (1 - share) / (1 - options.warmup)
