"""A training run ready to start: its files, its processes, what it continues from, its device. For every task."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from seqcli.errors import UsageError
from seqcli.files.checkpoint import Checkpoint, load_checkpoint
from seqcli.files.opening import Stamps, State
from seqcli.files.output import check_outputs, check_writable, log_path, output_lock, state_path
from seqcli.files.plain import to_plain
from seqcli.notices import Notice, quietly
from seqcli.options import declarations, settled
from seqcli.requests import CorpusRequest
from seqcli.training.device import choose_device, choose_precision
from seqcli.training.distributed import Processes, joined
from seqcli.training.options import OnProgress, ShouldStop, TrainingOptions
from seqcli.training.request import RunRequest
from seqcli.training.state import TrainingState, is_foreign_log, load_state

LENGTHS = ("budget", "epochs", "steps")
AUXILIARY = "auxiliary."  # how the names of parameters begin that help to learn and are part of no model file
R = TypeVar("R", bound=RunRequest)


@dataclass(frozen=True)
class Events:
    """How a run communicates with its caller: `progress` is called several times a second, `notice` with what was found
    or chosen, `detail` with further details; `should_stop` is asked after every step."""

    progress: OnProgress = lambda progress: None
    notice: Notice = quietly
    detail: Notice = quietly
    should_stop: ShouldStop = lambda: False


@dataclass(frozen=True)
class Run(Generic[R]):
    """A run ready to start. `request` has its length and, for a resumed run, the options it was started with. `state`
    is what to continue from, `base` a model to start from, `source` one of another task, to take something over from.
    `started` is when it was asked for."""

    request: R
    events: Events
    processes: Processes
    state: TrainingState | None
    base: Checkpoint | None
    source: Checkpoint | None
    device: torch.device
    precision: str
    started: float

    @property
    def blobs(self) -> Mapping[str, bytes] | None:
        """The files in the state or model it continues from, such as the tokenizer; None for a new model."""
        origin = self.state or self.base
        return origin.blobs if origin is not None else None

    @property
    def is_complete(self) -> bool:
        """Whether the resumed run had already reached its end, and no other length was asked for."""
        if self.state is None or not self.state.position.ended:
            return False
        begun = self.state.description.get("options", {})
        return all(getattr(self.request, name) == begun.get(name) for name in (*LENGTHS, "patience"))

    @property
    def weights(self) -> Mapping[str, Any] | None:
        """The parameters in the state or model it continues from; None for a new model."""
        if self.state is not None:
            return _kept(self.state.part("weights"))
        return self.base.tensors if self.base is not None else None

    def options(self, **chosen: Any) -> TrainingOptions:
        """Options of the loop: those that the task has `chosen`, and those that the request has for every run."""
        request = self.request
        if request.patience is not None:
            chosen["patience"] = request.patience
        return TrainingOptions(
            budget=request.budget,
            epochs=request.epochs,
            steps=request.steps,
            save_interval=request.save_interval,
            seed=request.seed,
            precision=self.precision,
            **chosen,
        )


@contextlib.contextmanager
def opened_run(
    tasks: Sequence[str], budget: float, request: R, events: Events, joined_already: Processes | None = None
) -> Iterator[Run[R]]:
    """A run that may begin; its first process holds the lock of the output. `tasks` are the names in model files of its
    own task and then of others whose models it may start from.

    `budget` is the seconds of a run that is given no length. The processes are joined unless they are already. Raises
    `UsageError` before any work for what cannot end well: options that exclude one another, a file that cannot be
    written, another run there, a device that is not there; `CheckpointError` for a damaged state or model.
    """
    started = time.monotonic()
    _check_exclusive(request, *LENGTHS)
    _check_exclusive(request, "overwrite", "resume", "auto_resume")
    _check_exclusive(request, "resume", "init_from")
    if request.output is None and (request.resume or request.auto_resume):
        raise UsageError("--resume continues a run that was saved", hint="name its model with --output")
    processes_of = joined(request.device) if joined_already is None else contextlib.nullcontext(joined_already)
    with processes_of as processes, held_output(request, processes):
        processes.check_inputs(request.files())
        for path in _also_trained_on(request):
            events.notice(f"{path} is training data, too: its validation says nothing about new data")
        state, given = processes.broadcast(lambda: _origin(request, tasks))
        base, source = (given, None) if given is None or given.task == tasks[0] else (None, given)
        begun = as_begun(request, state.description.get("options", {}) if state is not None else {})
        if all(getattr(begun, name) is None for name in LENGTHS):
            begun = settled(begun, budget=budget)
        device = choose_device(begun.device)
        precision = processes.broadcast(lambda: choose_precision(begun.precision, device))
        try:
            yield Run(begun, events, processes, state, base, source, device, precision, started)
        except (KeyboardInterrupt, SystemExit):  # a second signal: nothing is saved now
            if request.output is not None and state_path(request.output).exists():
                events.notice(f"ended at once: --resume goes on from what was last saved of {request.output}")
            raise


def _check_exclusive(request: RunRequest, *names: str) -> None:
    given = ["--" + name.replace("_", "-") for name in names if getattr(request, name) not in (None, False)]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude one another", hint="give one of them")


def _also_trained_on(request: RunRequest) -> list[str]:
    """What --valid names that is among the files to learn from, or has some of them in it."""

    def files(paths: Iterable[str]) -> set[State]:
        folders = isinstance(request, CorpusRequest)  # which have all of their files read; of other tasks only some
        return set(Stamps(path for path in paths if folders or not os.path.isdir(path)).before.values())

    held: tuple[str, ...] = getattr(request, "valid", ())
    positional = [name for name, d in declarations(type(request)).items() if d.option.positional]
    learnt = files(path for name in positional if held for path in getattr(request, name))
    return [path for path in held if not learnt.isdisjoint(files([path]))]


@contextlib.contextmanager
def held_output(request: RunRequest, processes: Processes) -> Iterator[None]:
    """Hold the lock of a run's model file, in the first process. Raises in all of them, before any work, if the file
    cannot be written, exists and may not be replaced, or belongs to a running training."""
    with contextlib.ExitStack() as held:

        def hold() -> None:
            if request.output is None:
                return
            output, state, log = request.output, state_path(request.output), log_path(request.output)
            written = {"--output": output, "the training state": state, "the log": log}
            check_outputs(written, request.files())
            keeps = request.resume or (request.auto_resume and state.exists())
            check_writable(output, overwrite=request.overwrite or keeps)
            held.enter_context(output_lock(output))
            if request.overwrite or keeps:
                return
            if state.exists():
                hint = "--resume continues it, --overwrite starts anew, --output names another place"
                raise UsageError(f"{state}: an interrupted run is saved there", hint=hint)
            if is_foreign_log(log):
                hint = "--overwrite replaces it, --output names another place"
                raise UsageError(f"{log}: is not a training log", hint=hint)

        processes.broadcast(hold)
        yield


def _origin(request: RunRequest, tasks: Sequence[str]) -> tuple[TrainingState | None, Checkpoint | None]:
    """The state a run continues from, or the model it starts from, if any; `UsageError` if `--resume` has no state."""
    if request.output is not None:
        path = state_path(request.output)
        if request.resume and not path.exists():
            hint = "leave --resume out to start one"
            raise UsageError(f"there is no run to resume: {path} does not exist", hint=hint)
        if request.resume or (request.auto_resume and path.exists()):
            return load_state(path), None
    return None, load_checkpoint(request.init_from, task=tasks) if request.init_from is not None else None


def as_begun(request: R, begun: Mapping[str, Any]) -> R:
    """A request to resume a run that was started with the options `begun` (plain values, by name): what was not given
    is as it was then. Raises `UsageError` for an option that was given another value and may not change."""
    kept: dict[str, Any] = {}
    for name, declared in declarations(type(request)).items():
        if not declared.option.saved or name not in begun:
            continue
        if name not in request.given:
            kept[name] = begun[name]
        elif not declared.option.may_change and to_plain(getattr(request, name)) != begun[name]:
            flag = declared.flag_for(getattr(request, name))
            raise UsageError(
                f"{flag} cannot change when a run is resumed: the run keeps what it was begun with",
                hint=f"leave {flag} out, or start anew with --overwrite in place of --resume",
            )
    if request.given & set(LENGTHS):  # a new length takes the old one's place
        kept = {name: value for name, value in kept.items() if name not in LENGTHS}
    return settled(request, **kept)


def check_shape(request: RunRequest, has: Mapping[str, Any]) -> None:
    """Raise `UsageError` if a run that starts from a model was given an option that would shape a new model differently
    from that model, which `has` these values."""
    for name, declared in declarations(type(request)).items():
        value = getattr(request, name)
        if declared.option.shapes_model and name in request.given and value not in (declared.default, has.get(name)):
            flag = declared.flag_for(value)
            raise UsageError(
                f"{flag} cannot change with --init-from: that model keeps its shape and its tokens",
                hint=f"leave {flag} out, or --init-from for a new model",
            )


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    """A model's parameters for a checkpoint, in fp32, without those that only help training."""
    return {name: value.float().cpu().numpy() for name, value in _kept(model.state_dict()).items()}


def _kept(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters by name, without those that only help training."""
    return {name: value for name, value in parameters.items() if not name.startswith(AUXILIARY)}


def load_weights(model: nn.Module, tensors: Mapping[str, np.ndarray]) -> None:
    """Put a checkpoint's parameters into a model of the same shape."""
    own = {name: value for name, value in model.state_dict().items() if name.startswith(AUXILIARY)}
    model.load_state_dict(own | {name: torch.from_numpy(value.copy()) for name, value in tensors.items()})
