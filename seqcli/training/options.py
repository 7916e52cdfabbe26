"""The options of the training loop, and what it reports while it runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TrainingOptions:
    """How long and how to train. Exactly one of `budget` (seconds), `epochs`, `steps` is given.

    The learning rate rises linearly over the first `warmup` share of the run and falls linearly to zero at its end.
    `beta1` and `beta2` are AdamW's. `clip` bounds the gradients' global norm. `average` is the decay of an exponential
    moving average of the weights (0: none), which is then what is validated and kept. A run with a `budget` ends after
    `most_steps` updates if they come first, and validates by updates. `patience` is the number of
    validations without a better score after which training stops (0: never). `validations` is about how many there are
    in a run; `validate_every` is the steps between two of them, whatever the run's length (0: as `validations` says),
    so that a run whose length is a time can be stopped by its updates. Under a budget all of them take at most a
    twentieth of the time. The weights at the end of a finished run are kept unless earlier ones were better by more
    than `margin`. With `usual_tokens` the rate of a batch is scaled by its number of tokens over that (Merity
    et al. 2017, for pieces of random length).
    """

    learning_rate: float
    budget: float | None = None
    epochs: float | None = None
    steps: int | None = None
    most_steps: int | None = None
    warmup: float = 0.02
    weight_decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    clip: float = 0.25
    usual_tokens: int = 0
    average: float = 0.0
    patience: int = 0
    margin: float = 0.0
    validations: int = 10
    validate_every: int = 0
    save_interval: float = 60.0
    seed: int = 1
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if sum(length is not None for length in (self.budget, self.epochs, self.steps)) != 1:
            raise ValueError("give exactly one of budget, epochs, steps")

    def share_done(self, step: int, epoch: float, seconds: float) -> float:
        """The share of the run that is done, 0 to 1, by its budget, epochs or steps, or the most steps of a budget."""
        if self.epochs is not None:
            return min(epoch / self.epochs, 1.0)
        by_time = seconds / self.budget if self.budget is not None else 0.0
        most = self.steps if self.steps is not None else self.most_steps
        return min(max(by_time, step / most if most is not None else 0.0), 1.0)

    def rate(self, share: float) -> float:
        """The learning rate there: up over the first `warmup` of the run, then down to zero at its end."""
        if share < self.warmup:
            return self.learning_rate * max(share / self.warmup, 0.01)
        return self.learning_rate * (1 - share) / (1 - self.warmup)


@dataclass(frozen=True)
class Validation:
    """The result of a validation after `step` updates and so many `seconds`. `metrics["score"]` is compared, lower is
    better; `sample` is a line of text that shows what the model does."""

    step: int
    seconds: float
    metrics: dict[str, float]
    sample: str | None = None

    @property
    def score(self) -> float:
        """Infinite where it is not a number: any other is better."""
        return math.inf if math.isnan(self.metrics["score"]) else self.metrics["score"]


@dataclass(frozen=True)
class Progress:
    """Where a run stands: `share` is what is done (0 to 1), `loss` a running mean in nats per token, first NaN."""

    step: int
    epoch: float
    share: float
    seconds: float
    loss: float
    learning_rate: float
    tokens_per_second: float
    history: list[Validation] = field(default_factory=list)
    notice: str | None = None

    @property
    def seconds_left(self) -> float:
        """Extrapolated from the pace so far; infinite at the start."""
        return self.seconds / self.share - self.seconds if self.share > 0 else math.inf


OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]
