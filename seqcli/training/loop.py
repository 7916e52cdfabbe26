"""The one training loop, for all tasks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from seqcli.errors import TrainingError
from seqcli.training.clock import Speed, ValidationSchedule
from seqcli.training.device import autocast
from seqcli.training.distributed import ALONE, OUT_OF_MEMORY, Processes
from seqcli.training.optimizer import AdamW, clip_gradients
from seqcli.training.options import OnProgress, Progress, ShouldStop, TrainingOptions, Validation
from seqcli.training.state import Position, TrainingState, random_state, restore_random_state
from seqcli.training.task import TrainingTask
from seqcli.training.weights import KeptWeights
from seqcli.training.workers import Workers, give_back_freed_memory

FAILURES = 20  # updates in a row that are not finite before a run is given up
AT_ITS_END = "the run has reached its end already; a longer --budget, --epochs or --steps extends it"
REPORT_INTERVAL = 0.2  # seconds between two progress reports


@dataclass(frozen=True)
class TrainingResult:
    """How a run `ended` (`finished`, `patience`, `stopped`), its history, and the best weights on all validation
    data."""

    ended: str
    position: Position
    history: list[Validation]
    final: Validation
    tokens_per_second: float


@dataclass(frozen=True)
class Hooks:
    """What the loop calls.

    `progress` hears where the run stands several times a second. `save` gets the state of the run every `save_interval`
    seconds and when it stops; its tensors are the live ones: write or copy them at once. `should_stop` is asked after
    every step. `finish` may change the best weights, with the model in evaluation mode, before they are measured on all
    validation data; the saved state does not have that change.
    """

    progress: OnProgress = lambda progress: None
    save: Callable[[TrainingState], None] = lambda state: None
    should_stop: ShouldStop = lambda: False
    finish: Callable[[], None] = lambda: None


def train(
    task: TrainingTask,
    options: TrainingOptions,
    hooks: Hooks = Hooks(),
    *,
    resume: TrainingState | None = None,
    processes: Processes = ALONE,
) -> TrainingResult:
    """Train until the budget, the epochs or the steps are used up, and leave the best weights in `task.model`.

    With a state that was saved as `resume`, the run continues as if it had never stopped: bit for bit with `epochs` or
    `steps` on one machine. Raises `TrainingError` when the loss stays infinite or NaN.

    With several `processes` each calls this with its share of the task and the same `resume`. The first one's `options`
    and `save` are used, and a stop in any of them stops all.
    """
    options = processes.broadcast(lambda: options)  # a budget may differ by what each took to come here
    run = _Run(task, options, hooks, processes)
    try:
        return run.run(resume)
    finally:
        run.workers.close()


class _Run:
    """The state of a running training, and its steps."""

    def __init__(self, task: TrainingTask, options: TrainingOptions, hooks: Hooks, processes: Processes) -> None:
        self.task, self.options, self.hooks, self.processes = task, options, hooks, processes
        self.model = task.model
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.device = self.parameters[0].device
        self.optimizer = AdamW(
            self.parameters,
            beta1=options.beta1,
            beta2=options.beta2,
            weight_decay=options.weight_decay,
            by_rows=task.tables,
        )
        self.workers = Workers(options.seed, processes.rank)
        self.kept = KeptWeights(self.model, options.average)
        self.position, self.history = Position(), list[Validation]()
        self.loss, self.rate, self.failures = math.nan, 0.0, 0

    def run(self, resume: TrainingState | None) -> TrainingResult:
        if self.processes.rank:
            torch.manual_seed(self.options.seed * 1_000_003 + self.processes.rank)  # dropout masks of its own
        if resume is not None:
            self._restore(resume)
        self.processes.broadcast_weights(self.model)
        self._start()
        ended = self._train()
        self.position.ended = ended if ended == "patience" else ""
        self._save()  # before the validation, which takes time: a second stop loses nothing
        last = self.history[-1] if ended == "patience" else self._validate(record=ended == "finished")
        if ended == "finished":
            self.position.ended = ended
            self._save()
        # where validation is small, the rate's fall to zero says more for the last weights than it does for others
        margin = self.options.margin if ended == "finished" else 0.0
        best = bool(self.kept.best) and min(v.score for v in self.history) < last.score - margin
        self.kept.put_in_model(best=best)
        self.model.eval()
        self.hooks.finish()
        whole = self._measure(final=True)
        self.model.eval()
        return TrainingResult(ended, self.position, self.history, whole, self.speed.mean)

    def _start(self) -> None:
        self.started, self.speed = time.monotonic() - self.position.seconds, Speed()
        self.schedule = ValidationSchedule(self.options, self.position, self.task.num_batches(0))
        self.saved = self.position.seconds
        self.reported = -math.inf  # the first step is reported: from then on there is something to save
        self.model.train()
        if self._share() >= 1:
            self._report(notice=AT_ITS_END)

    def _train(self) -> str:
        """Train to the end of the run, with validations and saves in between; returns how it ended."""
        while self._share() < 1:
            self._step()
            stop, self.position.seconds = self.processes.any_stop(self.hooks.should_stop(), self._seconds())
            if stop:
                return "stopped"
            if self.schedule.due(self.position) and self._share() < 1:
                self._validate()
                scores = [v.score for v in self.history]
                if 0 < self.options.patience <= len(scores) - 1 - scores.index(min(scores)):
                    return "patience"
            if self.position.seconds - self.saved > self.options.save_interval and not self.failures:
                self._save()
        return "finished"

    # -- one step ------------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        started = time.monotonic()
        position = self.position
        parts = self.task.parts(position.epoch, position.index)
        rate = self.options.rate(self._share())
        value, tokens = self.processes.average_gradients(self.parameters, *self._gradients(parts))
        norm = clip_gradients(self.parameters, self.options.clip)
        self.rate = rate * (tokens / self.options.usual_tokens if self.options.usual_tokens else 1.0)
        if math.isfinite(value) and math.isfinite(norm):
            self.optimizer.step(self.rate)
            self.failures = 0
            self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
            self.kept.update(position.step)
        else:
            self._count_failure(value)
        self.model.zero_grad()
        position.step += 1
        position.index += 1
        if position.index >= self.task.num_batches(position.epoch):
            position.epoch, position.index = position.epoch + 1, 0
        now = time.monotonic()
        self.speed.add(tokens, now - started)
        if now - self.reported > REPORT_INTERVAL:
            self._report()

    def _gradients(self, parts: Sequence[Any]) -> tuple[float, int, TrainingError | None]:
        """Compute this process's gradients: returns the loss, the number of tokens, and the error if memory ran out."""
        try:
            value, tokens = self.workers.gradients(self.task, parts, self.parameters, self.options.precision)
            return value, tokens, None
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as problem:
            # torch's allocator for processors has no error of its own
            if type(problem) is RuntimeError and "allocate memory" not in str(problem):
                raise
            error = TrainingError("out of memory", hint=OUT_OF_MEMORY)
            error.__cause__ = problem
            return 0.0, 0, error

    def _count_failure(self, value: float) -> None:
        """Skip an update that is not finite; end the run after too many of them. The weights that gave such updates are
        not saved: the saved state is older."""
        self.failures += 1
        if self.failures == 1:
            self._report(notice=f"step {self.position.step}: the loss is {value}, this update is left out")
        if self.failures >= FAILURES:
            raise TrainingError(
                f"the loss has not been finite for {FAILURES} steps (step {self.position.step})",
                hint="start anew, or --resume from the last saved state, with a lower --learning-rate",
            )

    # -- validation ----------------------------------------------------------------------------------------------------

    def _validate(self, *, record: bool = True) -> Validation:
        """Validate; `record` adds the result to the history and keeps the weights if they are the best."""
        started = self.position.seconds
        with self.kept.in_model():
            validation = self._measure(final=False)
            if record and not any(v.score <= validation.score for v in self.history):
                self.kept.keep_as_best()
        if record:
            self.history.append(validation)
        _, self.position.seconds = self.processes.any_stop(False, self._seconds())
        self.schedule.plan(self.position, self.position.seconds - started)
        self.speed.restart()  # what is shown is that of training
        self._report()
        return validation

    def _measure(self, *, final: bool) -> Validation:
        def measure() -> Validation:
            with torch.no_grad(), autocast(self.device, self.options.precision):
                return self.task.validate(self.position.step, self.position.seconds, final=final)

        self.model.eval()
        validation = self.processes.broadcast(measure)
        self.model.train()
        return validation

    # -- where the run stands ------------------------------------------------------------------------------------------

    def _seconds(self) -> float:
        """Of training, including those before a resumed run was stopped."""
        return time.monotonic() - self.started

    def _epoch(self) -> float:
        index = self.position.index
        return self.position.epoch + (index / self.task.num_batches(self.position.epoch) if index else 0.0)

    def _share(self) -> float:
        return self.options.share_done(self.position.step, self._epoch(), self.position.seconds)

    def _report(self, notice: str | None = None) -> None:
        self.reported = time.monotonic()
        self.hooks.progress(
            Progress(
                step=self.position.step,
                epoch=self._epoch(),
                share=self._share(),
                seconds=self.position.seconds,
                loss=self.loss,
                learning_rate=self.rate,
                tokens_per_second=self.speed.latest,
                history=list(self.history),
                notice=notice,
            )
        )

    # -- saving and restoring ------------------------------------------------------------------------------------------

    def _save(self) -> None:
        parts: dict[str, dict[str, Tensor]] = {
            "weights": dict(self.model.state_dict()),
            **self.kept.tensors(),
            "optimizer": self.optimizer.tensors(),
            "random": self.processes.gather_named(random_state(self.device) | self.workers.random_state()),
            "carried": self.processes.gather_rows(self.task.carried()),
        }
        tensors = {f"{part}/{name}": value for part, values in parts.items() for name, value in values.items()}
        reached = TrainingState(tensors, replace(self.position), list(self.history))
        self.processes.broadcast(lambda: self.hooks.save(reached), as_a_step=True)
        give_back_freed_memory()
        self.saved = self.position.seconds

    def _restore(self, state: TrainingState) -> None:
        self.model.load_state_dict(state.part("weights"))
        self.kept.restore(state.part("average"), state.part("best"), self.device)
        self.optimizer.restore(state.part("optimizer"))
        if random := self.processes.own_part(state.part("random")):
            restore_random_state(random, self.device)
            self.workers.restore_random_state(random)
        self.task.carry({k: v.to(self.device) for k, v in state.part("carried").items()})
        self.position, self.history = replace(state.position), list(state.history)
