"""A training run with its files: the model, the state to resume from, the log. The same for every task."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import nn

from seqcli.errors import UsageError
from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from seqcli.files.output import OutputLock, check_writable
from seqcli.text.tokenizer import Tokenizer, tokenizer_of
from seqcli.training.device import choose_device, choose_precision
from seqcli.training.distributed import ALONE, Processes, joined
from seqcli.training.log import TrainingLog
from seqcli.training.loop import TrainingResult, train
from seqcli.training.options import OnProgress, Progress, ShouldStop, TrainingOptions
from seqcli.training.provenance import provenance
from seqcli.training.state import TrainingState, load_state, save_state, state_path
from seqcli.training.task import TrainingTask


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What every training run is asked for; None leaves a choice to the data, the budget and the machine.

    `output` is the model file. At most one of `budget` (seconds), `epochs` and `steps` is given. `init_from` is a model
    to start from. `patience` and `save_interval` (seconds) are those of `TrainingOptions`.
    """

    output: Path
    budget: float | None = None
    epochs: float | None = None
    steps: int | None = None
    learning_rate: float | None = None
    patience: int = 0
    device: str = "auto"
    precision: str = "auto"
    seed: int = 1
    save_interval: float = 60.0
    overwrite: bool = False
    resume: bool = False
    init_from: Path | None = None

    def seconds(self, usual: float) -> float | None:
        """The budget: what was given, or `usual` seconds unless the length was given otherwise."""
        if self.budget is None and self.epochs is None and self.steps is None:
            return usual
        return self.budget


FREE = {  # of a run that is resumed: how long, how fast and where it goes on, and what concerns its files
    *("budget", "epochs", "steps", "learning_rate", "patience"),
    *("device", "save_interval", "overwrite", "resume", "init_from"),
}
Request = TypeVar("Request", bound=RunRequest)


@dataclass(frozen=True)
class Run(Generic[Request]):
    """A run that may begin: what was asked for, settled as `as_begun` has it, its processes, the state it goes on from
    or the model it starts from, if there is one, where and in which number format it computes, and the monotonic time
    it was asked for at."""

    request: Request
    processes: Processes
    state: TrainingState | None
    base: Checkpoint | None
    device: torch.device
    precision: str
    started: float

    @property
    def tokenizer(self) -> Tokenizer | None:
        """That of the state or model it goes on from."""
        origin = self.state or self.base
        return tokenizer_of(origin.blobs) if origin is not None else None


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
def opened_run(request: Request, task: str, inputs: Sequence[str]) -> Iterator[Run[Request]]:
    """A run of `task` on `inputs` (`-`: standard input) that may begin; its first process holds the lock of the output.

    Refuses before any work what cannot end well: options that exclude one another, a place that cannot be written,
    another run at the same place, no such device. Raises `CheckpointError` for a damaged state or model to go on from.
    """
    started = time.monotonic()
    if sum(length is not None for length in (request.budget, request.epochs, request.steps)) > 1:
        raise UsageError("--budget, --epochs and --steps exclude one another", hint="give one of them")
    for option, number in (("--epochs", request.epochs), ("--learning-rate", request.learning_rate)):
        if number is not None and not 0 < number < math.inf:
            raise UsageError(f"{option} must be a number above 0")
    if request.resume and request.init_from is not None:
        raise UsageError("--resume and --init-from exclude one another", hint="give one of them")
    with (
        joined(request.device) as processes,
        held_output(request.output, request.overwrite or request.resume, processes),
    ):
        processes.check_inputs(inputs)
        state = processes.decide(lambda: resumed_state(request.output) if request.resume else None)
        base = processes.decide(lambda: load_checkpoint(request.init_from, task=task) if request.init_from else None)
        settled = as_begun(request, state)
        device = choose_device(settled.device)
        precision = processes.decide(lambda: choose_precision(settled.precision, device))
        yield Run(settled, processes, state, base, device, precision, started)


@contextlib.contextmanager
def held_output(output: Path, replace: bool, processes: Processes = ALONE) -> Iterator[None]:
    """The lock of a model file, held by the first process; raises in all of them, before any work, when the file cannot
    be written, is there and not to be replaced, or belongs to a run that goes on."""
    with contextlib.ExitStack() as held:

        def hold() -> None:
            check_writable(output, overwrite=replace)
            held.enter_context(OutputLock(output))

        processes.decide(hold)
        yield


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


def as_begun(request: Request, state: TrainingState | None) -> Request:
    """A request to go on from `state`, with what it leaves open as the run was begun with.

    `UsageError` for an option that the run was begun with otherwise, unless it is `FREE` or the `precision`, which
    another machine may not have.
    """
    begun = state.description.get("options", {}) if state is not None else {}
    settled: dict[str, Any] = {}
    for item in fields(request):
        given = getattr(request, item.name)
        before = begun.get(item.name, given)
        if item.name in FREE or not isinstance(item.default, bool | int | float | str | None) or given == before:
            continue
        if given == item.default:
            settled[item.name] = before
        elif item.name != "precision":
            option = _option(item.name)
            raise UsageError(
                f"{option} does not go with --resume: the run keeps what it was begun with",
                hint=f"leave {option} out, or start anew with --overwrite in place of --resume",
            )
    return replace(request, **settled)


def check_shape(request: RunRequest, has: Mapping[str, Any], *names: str) -> None:
    """`UsageError` when a run that starts from a model was given one of the options `names`, which shape a new model,
    other than that model `has` it."""
    usual = {item.name: item.default for item in fields(request)}
    for name in names:
        if getattr(request, name) not in (usual[name], has.get(name)):
            option = _option(name)
            raise UsageError(
                f"{option} does not go with --init-from: that model keeps its shape and its tokens",
                hint=f"leave {option} out, or --init-from for a new model",
            )


def _option(name: str) -> str:
    """What the option of a request's field is called."""
    return "--" + {"tied": "untied", "encoding_errors": "errors"}.get(name, name).replace("_", "-")


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    """A model's parameters as a checkpoint keeps them, in fp32."""
    return {name: value.float().cpu().numpy() for name, value in model.state_dict().items()}


def load_weights(model: nn.Module, tensors: Mapping[str, np.ndarray]) -> None:
    """Put a checkpoint's parameters into a model of the same shape."""
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in tensors.items()})


def course(result: TrainingResult, *names: str) -> list[dict[str, Any]]:
    """The validations of a run with the metrics `names`, as a checkpoint keeps them."""
    return [
        {"step": v.step, "seconds": round(v.seconds, 1), **{name: v.metrics[name] for name in names}}
        for v in result.history
    ]


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
    finish: Callable[[], None] = lambda: None,
    processes: Processes = ALONE,
) -> TrainOutcome:
    """Train, keeping the state and the log beside `output`, and save the model there (the first process does).

    `measure` makes the model's metrics from how the run went; `started` is the monotonic time the command began;
    `finish` is that of `train`.
    """
    description = {
        "config": identity.config,
        "recipe": identity.recipe,
        "fingerprint": identity.fingerprint,
        "options": identity.options,
    }
    processes.check_same(identity.fingerprint)
    before = None if state is None else len(state.history)
    log = TrainingLog(output.with_suffix(".log.csv"), before) if processes.first else None

    def report(progress: Progress) -> None:
        if log is not None:
            log.add(progress)
        on_progress(progress)

    def save(reached: TrainingState) -> None:
        save_state(state_path(output), replace(reached, description=description, blobs=identity.blobs))

    result = train(
        task,
        options,
        on_progress=report,
        save=save,
        resume=state,
        should_stop=should_stop,
        finish=finish,
        processes=processes,
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
        tensors=weights_of(task.model),
        blobs=identity.blobs,
        metrics=metrics,
        provenance=provenance(seed=options.seed, fingerprint=identity.fingerprint, options=identity.options),
    )
    processes.decide(lambda: save_checkpoint(output, checkpoint))
    return TrainOutcome(output, metrics, result.ended, time.monotonic() - started)
