"""The path of every training run: request → run → data → recipe → model → loop → files."""

from __future__ import annotations

import math
import platform
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import torch

from seqcli import __version__
from seqcli.errors import CheckpointError, UsageError
from seqcli.files.checkpoint import Checkpoint, check_parameters, load_checkpoint, save_checkpoint
from seqcli.files.opening import Stamps
from seqcli.files.output import log_path, state_path
from seqcli.files.plain import from_plain, to_plain
from seqcli.training.device import check_memory
from seqcli.training.distributed import Processes
from seqcli.training.loop import AT_ITS_END, Hooks, TrainingResult
from seqcli.training.loop import train as run_loop
from seqcli.training.options import Progress, TrainingOptions
from seqcli.training.request import RunRequest
from seqcli.training.run import Events, Run, check_shape, opened_run, weights_of
from seqcli.training.state import TrainingLog, TrainingState, save_state
from seqcli.training.task import TrainingTask
from seqcli.training.workers import training_speed


class Recipe(Protocol):
    """Everything that is decided before training starts: a dataclass of plain values and of such dataclasses. `config`
    describes the network, `learning_rate` is the highest one, `reason` explains how the rest was chosen."""

    @property
    def config(self) -> Any: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def reason(self) -> str: ...


R = TypeVar("R", bound=RunRequest)
D = TypeVar("D")
P = TypeVar("P", bound=Recipe)
T = TypeVar("T", bound=TrainingTask)


@dataclass(frozen=True)
class Opened(Generic[D]):
    """Opened data: the task's own `content`, a `fingerprint` of everything that training reads, `blobs` that are kept
    in the model file (such as the tokenizer), `notes` for the user, and the `shape` of a model to start from."""

    content: D
    fingerprint: str
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    notes: Sequence[str] = ()
    shape: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """Where a run computes: its `processes` in all, whether on accelerators, and their `speed` in training together
    (floating-point operations a second, `workers.training_speed`; NaN where the length of the run is no time)."""

    processes: int = 1
    accelerator: bool = False
    speed: float = math.nan


@dataclass(frozen=True)
class TrainOutcome:
    """The model and its file (None: not written), and how the run ended: `finished`, `patience`, `stopped`, or
    `complete` if it had already reached its end and nothing was done."""

    path: Path | None
    checkpoint: Checkpoint
    ended: str
    seconds: float

    @property
    def metrics(self) -> dict[str, Any]:
        """What the validation gave."""
        return self.checkpoint.metrics


class Task(ABC, Generic[R, D, P, T]):
    """What a task provides for the pipeline, in the order in which it is called. `name` is the task's name in model
    files, `budget` the default length of a run in seconds, `metric` the validation metric that its progress shows (the
    first that there is of several), `recipe` the class of its recipes, `sources` other tasks whose models it may start
    from."""

    name: ClassVar[str]
    budget: ClassVar[float]
    metric: ClassVar[str | tuple[str, ...]]
    recipe: type[P]
    sources: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def open(self, run: Run[R]) -> Opened[D]:
        """Open the data that the request names, with the tokenizer in `run.blobs` if there is one."""

    @abstractmethod
    def choose(self, request: R, data: D, machine: Machine, base: Mapping[str, Any] | None) -> P:
        """Decide everything from the request, the data and the machine; `base` configures a model to start from."""

    @abstractmethod
    def build(self, run: Run[R], data: D, recipe: P) -> T:
        """The model before training, with its data."""

    @abstractmethod
    def options(self, run: Run[R], recipe: P, training: T) -> TrainingOptions:
        """Options of the loop: `run.options` with the task's own values."""

    @abstractmethod
    def metrics(self, data: D, training: T, result: TrainingResult) -> dict[str, Any]:
        """The metrics that are kept in the model file; called in the first process only."""

    def resume(self, before: P, run: Run[R], data: D) -> P:
        """The recipe of a resumed run that began with the recipe `before`; `UsageError` if the data need another."""
        return replace(before, learning_rate=run.request.learning_rate or before.learning_rate)  # type: ignore[type-var]

    def config(self, recipe: P, metrics: Mapping[str, Any]) -> Any:
        """The configuration that is kept in the model file."""
        return recipe.config

    def finish(self, run: Run[R], training: T) -> None:
        """Change the best weights, if need be, before they are measured on all validation data."""
        return None


def train(
    task: Task[R, D, P, T], request: R, events: Events = Events(), processes: Processes | None = None
) -> TrainOutcome:
    """Train as requested, and write the model with the training state and the log next to it.

    The `processes` that torchrun started are joined unless they are given. Raises `DataError` for data that cannot be
    used, `UsageError` for options that do not fit, `CheckpointError` for a damaged state or model to continue from,
    `TrainingError` when the loss does not stay finite.
    """
    with opened_run((task.name, *task.sources), task.budget, request, events, processes) as run:
        opened = run.processes.local_first(lambda: _opened(task, run))
        for note in opened.notes:
            events.notice(note)
        run.processes.check_same(opened.fingerprint)
        recipe = run.processes.broadcast(lambda: _recipe(task, run, opened))
        if run.is_complete:
            made = run.processes.broadcast(lambda: _made_before(task.name, run, opened.fingerprint))
            if made is not None:
                events.notice(f"{run.request.output}: {AT_ITS_END}")
                return TrainOutcome(run.request.output, made, "complete", time.monotonic() - run.started)
        events.detail(f"device {run.device.type}, precision {run.precision}; {recipe.reason}")
        if (weights := run.weights) is not None:
            check_parameters(recipe.config.parameter_shapes(), weights)
        if run.device.type == "cpu":
            check_memory(recipe.config.parameter_shapes())
        began = time.monotonic()
        training = task.build(run, opened.content, recipe)
        options = task.options(run, recipe, training)
        if options.budget is not None:  # what making the model took is taken off, at most half
            options = replace(options, budget=max(options.budget - time.monotonic() + began, options.budget / 2))
        files = _RunFiles(task.name, run, opened, recipe)
        hooks = Hooks(files.report, files.save_state, events.should_stop, lambda: task.finish(run, training))
        result = run_loop(training, options, hooks, resume=run.state, processes=run.processes)
        metrics = run.processes.broadcast(lambda: task.metrics(opened.content, training, result)) | course(result)
        checkpoint = files.checkpoint(training, task.config(recipe, metrics), metrics)
        run.processes.broadcast(lambda: files.save_model(checkpoint))
        return TrainOutcome(run.request.output, checkpoint, result.ended, time.monotonic() - run.started)


def _opened(task: Task[R, D, P, T], run: Run[R]) -> Opened[D]:
    """The data, checked not to have changed while they were read."""
    stamps = Stamps(run.request.files())
    opened = task.open(run)
    stamps.check()
    return opened


def _recipe(task: Task[R, D, P, T], run: Run[R], opened: Opened[D]) -> P:
    """The recipe for all processes together; for a resumed run, the one it was started with."""
    request = run.request
    if run.state is not None:
        if run.state.description.get("fingerprint") != opened.fingerprint:
            hint = "resume with the same files, or start anew with --overwrite, or fine-tune with --init-from"
            raise UsageError("the run to resume was trained on other data", hint=hint)
        before = from_plain(task.recipe, run.state.description.get("recipe"), "the recipe in the training state")
        return task.resume(before, run, opened.content)
    base = run.base.config if run.base is not None else None
    if base is not None:
        types = opened.shape.get("vocab_size")
        if types is not None and types != base.get("vocabulary"):
            raise CheckpointError(f"the tokenizer has {types} types, the model {base.get('vocabulary')}")
        check_shape(request, {**base, **opened.shape})
    timed = request.budget is not None
    machine = Machine(
        processes=run.processes.size,
        accelerator=run.device.type != "cpu",
        speed=run.processes.size * training_speed(run.device, run.precision) if timed else math.nan,
    )
    return task.choose(request, opened.content, machine, base)


def _made_before(task: str, run: Run[Any], fingerprint: str) -> Checkpoint | None:
    """The model of a run that had reached its end; None when it is not there, or is an earlier one."""
    output, state = run.request.output, run.state
    if output is None or state is None or not output.exists():
        return None
    made = load_checkpoint(output, task=task)
    is_last = made.metrics.get("steps") == state.position.step
    return made if is_last and made.provenance.get("data_fingerprint") == fingerprint else None


def course(result: TrainingResult) -> dict[str, Any]:
    """The course of a run, as the model file keeps it."""
    return {
        "history": [
            {"step": v.step, "seconds": round(v.seconds, 1)} | {n: m for n, m in v.metrics.items() if n != "score"}
            for v in result.history
        ],
        "steps": result.position.step,
        "epochs": result.position.epoch,
        "training_seconds": round(result.position.seconds, 1),
        "tokens_per_second": round(result.tokens_per_second),
    }


class _RunFiles:
    """The files of a run: log and state while it is running, the model at its end; only the first process writes."""

    def __init__(self, task: str, run: Run[Any], opened: Opened[Any], recipe: Recipe) -> None:
        self.task, self.run, self.opened, self.output = task, run, opened, run.request.output
        asked = to_plain(run.request) | {"precision": run.precision}
        self.description = {
            "config": to_plain(recipe.config),
            "recipe": to_plain(recipe),
            "fingerprint": opened.fingerprint,
            "options": asked,
        }
        before = None if run.state is None else len(run.state.history)
        place = self.output if run.processes.first else None
        self.log = TrainingLog(log_path(place), before) if place is not None else None

    def report(self, progress: Progress) -> None:
        """Log how far the run is, and tell whoever listens."""
        if self.log is not None:
            self.log.add(progress)
        self.run.events.progress(progress)

    def save_state(self, reached: TrainingState) -> None:
        if self.output is not None:
            whole = replace(reached, description=self.description, blobs=dict(self.opened.blobs))
            save_state(state_path(self.output), whole)

    def checkpoint(self, training: TrainingTask, config: Any, metrics: dict[str, Any]) -> Checkpoint:
        versions = {"seqcli": __version__, "torch": torch.__version__, "numpy": np.__version__}
        options = self.description["options"] | {"recipe": self.description["recipe"], "device": self.run.device.type}
        return Checkpoint(
            task=self.task,
            config=to_plain(config),
            tensors=weights_of(training.model),
            blobs=dict(self.opened.blobs),
            metrics=metrics,
            provenance={
                "seed": self.run.request.seed,
                "data_fingerprint": self.opened.fingerprint,
                "options": options,
                "versions": versions | {"python": platform.python_version()},
                "threads": torch.get_num_threads(),
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )

    def save_model(self, checkpoint: Checkpoint) -> None:
        if self.output is not None:
            save_checkpoint(self.output, checkpoint)
