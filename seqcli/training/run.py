"""A training run with its files: the model, the state to resume from, the log. The same for every task."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from seqcli.checkpoint import Checkpoint, save_checkpoint
from seqcli.errors import UsageError
from seqcli.output import OutputLock, check_writable
from seqcli.training.distributed import ALONE, Processes, joined
from seqcli.training.log import TrainingLog
from seqcli.training.loop import TrainingResult, train
from seqcli.training.options import OnProgress, Progress, ShouldStop, TrainingOptions
from seqcli.training.provenance import provenance
from seqcli.training.state import TrainingState, load_state, save_state, state_path
from seqcli.training.task import TrainingTask


@dataclass(frozen=True)
class TrainOutcome:
    """Where the model is, what its validation gave, and how the run ended: `finished`, `patience` or `stopped`."""

    path: Path
    metrics: dict[str, Any]
    ended: str
    seconds: float


@dataclass(frozen=True)
class RunIdentity:
    """What the files of a run say of it: enough to make its model again and to know its data.

    `config` rebuilds the network, `recipe` is everything else that was settled before training, `options` what was
    asked for; all are plain JSON values. `fingerprint` is the data's.
    """

    task: str
    config: dict[str, Any]
    recipe: dict[str, Any]
    fingerprint: str
    blobs: dict[str, bytes]
    options: dict[str, Any]


@contextlib.contextmanager
def opened_run(
    output: Path,
    inputs: Sequence[str],
    *,
    budget: float | None,
    epochs: float | None,
    steps: int | None,
    overwrite: bool,
    resume: bool,
    init_from: Path | None,
    device: str,
) -> Iterator[Processes]:
    """The processes of a run, the first of which holds the lock of `output`.

    Refuses before any work what cannot end well: options that exclude one another, a place that cannot be written,
    another run at the same place.
    """
    if sum(length is not None for length in (budget, epochs, steps)) > 1:
        raise UsageError("--budget, --epochs and --steps exclude one another", hint="give one of them")
    if resume and init_from is not None:
        raise UsageError("--resume and --init-from exclude one another", hint="give one of them")
    with joined(device) as processes, contextlib.ExitStack() as held:
        if processes.size > 1 and "-" in inputs:
            raise UsageError("several processes cannot share standard input", hint="give the text as a file")

        def hold() -> None:
            check_writable(output, overwrite=overwrite or resume)
            held.enter_context(OutputLock(output))

        processes.decide(hold)
        yield processes


def resumed_state(output: Path) -> TrainingState:
    """The state of the run that `output` belongs to; `UsageError` when there is none."""
    path = state_path(output)
    if not path.exists():
        raise UsageError(f"there is no run to resume: {path} does not exist", hint="leave --resume out to start one")
    return load_state(path)


def check_same_data(state: TrainingState, fingerprint: str) -> None:
    """`UsageError` when a run is to be resumed on other data than it began with."""
    if state.description.get("fingerprint") != fingerprint:
        raise UsageError(
            "the run to resume was trained on other data",
            hint="resume with the same files, or start anew with --overwrite, or fine-tune with --init-from",
        )


def load_weights(model: nn.Module, tensors: Mapping[str, np.ndarray]) -> None:
    """Put a checkpoint's parameters into a model of the same shape."""
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in tensors.items()})


def plain(request: Any) -> dict[str, Any]:
    """A request (a dataclass) as JSON values."""
    return {
        name: str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
        for name, value in asdict(request).items()
    }


def train_and_save(
    task: TrainingTask,
    options: TrainingOptions,
    identity: RunIdentity,
    output: Path,
    *,
    measure: Callable[[TrainingResult], dict[str, Any]],
    state: TrainingState | None,
    on_progress: OnProgress,
    should_stop: ShouldStop,
    started: float,
    processes: Processes = ALONE,
) -> TrainOutcome:
    """Train, keeping the state and the log beside `output`, and save the model there (the first process does).

    `measure` makes the model's metrics from how the run went; `started` is the monotonic time the command began.
    """
    description = {"config": identity.config, "recipe": identity.recipe, "fingerprint": identity.fingerprint}
    processes.check_same(identity.fingerprint)
    log = TrainingLog(output.with_suffix(".log.csv"), resumed=state is not None) if processes.first else None

    def report(progress: Progress) -> None:
        if log is not None:
            log.add(progress)
        on_progress(progress)

    def save(reached: TrainingState) -> None:
        save_state(state_path(output), replace(reached, description=description, blobs=identity.blobs))

    result = train(
        task, options, on_progress=report, save=save, resume=state, should_stop=should_stop, processes=processes
    )
    metrics = measure(result) | {
        "steps": result.position.step,
        "epochs": result.position.epoch,
        "training_seconds": round(result.position.seconds, 1),
        "tokens_per_second": round(result.tokens_per_second),
    }
    checkpoint = Checkpoint(
        task=identity.task,
        config=identity.config,
        tensors={name: value.float().cpu().numpy() for name, value in task.model.state_dict().items()},
        blobs=identity.blobs,
        metrics=metrics,
        provenance=provenance(seed=options.seed, fingerprint=identity.fingerprint, options=identity.options),
    )
    processes.decide(lambda: save_checkpoint(output, checkpoint))
    return TrainOutcome(output, metrics, result.ended, time.monotonic() - started)
