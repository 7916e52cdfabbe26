"""The one training loop: every task's weights are moved here and nowhere else."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from seqcli.errors import TrainingError
from seqcli.training.device import autocast
from seqcli.training.distributed import ALONE, OUT_OF_MEMORY, Processes
from seqcli.training.optimizer import AdamW, clip_gradients
from seqcli.training.options import OnProgress, Progress, ShouldStop, TrainingOptions, Validation
from seqcli.training.schedule import learning_rate, share_done
from seqcli.training.state import (
    Position,
    TrainingState,
    copy_weights,
    random_state,
    restore_random_state,
)
from seqcli.training.task import TrainingTask
from seqcli.training.workers import Workers

VALIDATION_SHARE = 0.05  # of the time so far may go into looking at validation data, when time is the budget
FAILURES = 20  # updates in a row that are not finite before a run is given up
REPORT_INTERVAL = 0.2  # seconds between two progress reports

SaveState = Callable[[TrainingState], None]


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended (`finished`, `patience` or `stopped`), its history, and the best weights' whole validation."""

    ended: str
    position: Position
    history: list[Validation]
    final: Validation
    tokens_per_second: float


def train(
    task: TrainingTask,
    options: TrainingOptions,
    *,
    on_progress: OnProgress = lambda progress: None,
    save: SaveState = lambda state: None,
    resume: TrainingState | None = None,
    should_stop: ShouldStop = lambda: False,
    finish: Callable[[], None] = lambda: None,
    processes: Processes = ALONE,
) -> TrainingResult:
    """Train until the budget, the epochs or the steps are used up, and leave the best weights in `task.model`.

    `save` is handed the state of the run every `save_interval` seconds and when it stops (its tensors are the live
    ones: write or copy them at once); handed back as `resume`, the run goes on as if it had never stopped, bit for bit
    with `epochs` or `steps` on one machine. `should_stop` is asked after every step. `finish` may have a last word on
    the best weights, with the model in evaluation mode, before all of the validation data is measured; the state that
    was saved knows nothing of it. Raises `TrainingError` when the loss stays infinite or NaN.

    With several `processes` each calls this with its share of the task and the same `resume`; the first one's `options`
    hold and its `save` is called, and a stop in any of them stops all.
    """
    options = processes.broadcast(lambda: options)  # a budget may differ by what each took to come here
    run = _Run(task, options, on_progress, save, resume, should_stop, finish, processes)
    try:
        return run.run()
    finally:
        run.workers.close()


class _Run:
    def __init__(
        self,
        task: TrainingTask,
        options: TrainingOptions,
        on_progress: OnProgress,
        save: SaveState,
        resume: TrainingState | None,
        should_stop: ShouldStop,
        finish: Callable[[], None],
        processes: Processes,
    ) -> None:
        self.task, self.options, self.model, self.processes = task, options, task.model, processes
        self.on_progress, self.save, self.should_stop, self.finish = on_progress, save, should_stop, finish
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.device = self.parameters[0].device
        self.optimizer = AdamW(
            self.parameters,
            beta1=options.beta1,
            beta2=options.beta2,
            weight_decay=options.weight_decay,
            by_rows=task.tables,
        )
        self.rate = 0.0
        self.workers = Workers(options.seed, processes.rank)
        self.position, self.history = Position(), list[Validation]()
        self.average = copy_weights(self.model) if options.average else None
        self.best_weights: dict[str, Tensor] | None = None
        self.epoch_batches = 0
        self.loss, self.tokens, self.failures = math.nan, 0, 0
        self.started = time.monotonic()
        self.step_seconds = self.validation_seconds = 0.0
        if processes.rank:
            torch.manual_seed(options.seed * 1_000_003 + processes.rank)  # dropout masks of its own
        if resume is not None:
            self._restore(resume)
        processes.broadcast_weights(self.model)
        self.seconds_before = self.saved = self.position.seconds
        self.reported = -math.inf  # the first step is reported: from then on there is something to save
        self.tokens_before_report, self.time_before_report, self.speed = 0, self.started, 0.0
        self.next_validation = self._next_validation()

    def run(self) -> TrainingResult:
        self.model.train()
        ended = "finished"
        while self._share() < 1:
            self._step()
            stop, self.position.seconds = self.processes.any_stop(self.should_stop(), self._clock())
            if stop:
                ended = "stopped"
                break
            if self._validation_due():
                self._validate()
                if self._out_of_patience():
                    ended = "patience"
                    break
            if self.position.seconds - self.saved > self.options.save_interval and not self.failures:
                self._save()
        self._save()  # before the validation, which takes time: a second stop loses nothing
        last = self.history[-1] if ended == "patience" else self._validate(record=ended == "finished")
        if ended == "finished":
            self._save()
        if self.best_weights is not None and min(v.score for v in self.history) < last.score:
            self.model.load_state_dict(self.best_weights)
        elif self.average is not None:
            self.model.load_state_dict(self.average)
        self.model.eval()
        self.finish()
        whole = self._measure(final=True)
        self.model.eval()
        tokens_per_second = self.tokens / self.step_seconds if self.step_seconds else 0.0
        return TrainingResult(ended, self.position, self.history, whole, tokens_per_second)

    # -- one step ------------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        started = time.monotonic()
        position = self.position
        self.epoch_batches = self.task.num_batches(position.epoch)
        parts = self.task.parts(position.epoch, position.index)
        rate = learning_rate(self.options, self._share())
        value, tokens = self.processes.average_gradients(self.parameters, *self._gradients(parts))
        norm = clip_gradients(self.parameters, self.options.clip)
        self.rate = rate * (tokens / self.options.usual_tokens if self.options.usual_tokens else 1.0)
        if math.isfinite(value) and math.isfinite(norm):
            self.optimizer.step(self.rate)
            self.failures = 0
            self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
            if self.average is not None:
                self._update_average(self.average)
        else:
            self._count_failure(value)
        self.model.zero_grad()
        self.tokens += tokens
        position.step += 1
        position.index += 1
        if position.index >= self.epoch_batches:
            position.epoch, position.index = position.epoch + 1, 0
        now = time.monotonic()
        self.step_seconds += now - started
        if now - self.reported > REPORT_INTERVAL:
            self._report()

    def _gradients(self, parts: Sequence[Any]) -> tuple[float, int, TrainingError | None]:
        """Form this process's gradients: the loss and tokens they are of, and why there are none."""
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

    def _update_average(self, average: dict[str, Tensor]) -> None:
        # early weights are far from where they go: the average forgets them faster (as in TensorFlow's EMA)
        step = self.position.step
        decay = min(self.options.average, (1 + step) / (10 + step))
        for name, value in self.model.state_dict().items():
            average[name].lerp_(value, 1 - decay)

    def _count_failure(self, value: float) -> None:
        """An update that is not finite is left out; a run of them ends the training.

        The weights that give such updates are not saved: the state that is there is from before.
        """
        self.failures += 1
        if self.failures == 1:
            self._report(notice=f"step {self.position.step}: the loss is {value}, this update is left out")
        if self.failures >= FAILURES:
            raise TrainingError(
                f"the loss has not been finite for {FAILURES} steps (step {self.position.step})",
                hint="start anew, or --resume from the last saved state, with a lower --learning-rate",
            )

    # -- validation ----------------------------------------------------------------------------------------------------

    def _next_validation(self) -> float:
        """Where the next validation falls: seconds under a budget, else steps (so that runs are reproducible)."""
        options, position = self.options, self.position
        if options.budget is not None:
            seconds = max(options.budget / options.validations, self.validation_seconds / VALIDATION_SHARE)
            return position.seconds + seconds
        total = options.steps if options.steps is not None else (options.epochs or 1) * self.task.num_batches(0)
        every = max(1, math.ceil(total / options.validations))
        return (position.step // every + 1) * every

    def _validation_due(self) -> bool:
        done = self.position.seconds if self.options.budget is not None else self.position.step
        return done >= self.next_validation and self._share() < 1

    def _validate(self, *, record: bool = True) -> Validation:
        """Look at the validation data; `record` keeps the outcome in the history and the weights if they are best."""
        started = self.position.seconds
        with self._averaged_weights():
            validation = self._measure(final=False)
            if record and not any(v.score <= validation.score for v in self.history):
                self.best_weights = copy_weights(self.model)
        if record:
            self.history.append(validation)
        _, self.position.seconds = self.processes.any_stop(False, self._clock())
        self.validation_seconds = self.position.seconds - started
        self.next_validation = self._next_validation()
        # the speed that is shown is that of training
        self.tokens_before_report, self.time_before_report = self.tokens, time.monotonic()
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

    @contextlib.contextmanager
    def _averaged_weights(self) -> Iterator[None]:
        if self.average is None:
            yield
            return
        current = copy_weights(self.model)
        self.model.load_state_dict(self.average)
        try:
            yield
        finally:
            self.model.load_state_dict(current)

    def _out_of_patience(self) -> bool:
        scores = [v.score for v in self.history]
        return 0 < self.options.patience <= len(scores) - 1 - scores.index(min(scores))

    # -- where the run stands ------------------------------------------------------------------------------------------

    def _epoch(self) -> float:
        return self.position.epoch + (self.position.index / self.epoch_batches if self.epoch_batches else 0.0)

    def _share(self) -> float:
        return share_done(self.options, step=self.position.step, epoch=self._epoch(), seconds=self.position.seconds)

    def _clock(self) -> float:
        return self.seconds_before + time.monotonic() - self.started

    def _report(self, notice: str | None = None) -> None:
        now = time.monotonic()
        if now - self.time_before_report > 2 or not self.speed:
            self.speed = (self.tokens - self.tokens_before_report) / max(now - self.time_before_report, 1e-9)
            self.tokens_before_report, self.time_before_report = self.tokens, now
        self.reported = now
        self.on_progress(
            Progress(
                step=self.position.step,
                epoch=self._epoch(),
                share=self._share(),
                seconds=self.position.seconds,
                loss=self.loss,
                learning_rate=self.rate,
                tokens_per_second=self.speed,
                history=list(self.history),
                notice=notice,
            )
        )

    # -- saving and restoring ------------------------------------------------------------------------------------------

    def _save(self) -> None:
        parts = {
            "weights": dict(self.model.state_dict()),
            "average": self.average or {},
            "best": self.best_weights or {},
            "optimizer": self.optimizer.tensors(),
            "random": self.processes.gather_named(random_state(self.device) | self.workers.random_state()),
            "carried": self.processes.gather_rows(self.task.carried()),
        }
        tensors = {f"{part}/{name}": value for part, values in parts.items() for name, value in values.items()}
        reached = TrainingState(tensors, replace(self.position), list(self.history))
        self.processes.broadcast(lambda: self.save(reached))
        self.saved = self.position.seconds

    def _restore(self, state: TrainingState) -> None:
        self.model.load_state_dict(state.part("weights"))
        if self.average is not None:
            before = state.part("average") or self.model.state_dict()  # none: it begins here
            self.average = {k: v.to(self.device, copy=True) for k, v in before.items()}
        self.best_weights = {k: v.to(self.device) for k, v in state.part("best").items()} or None
        self.optimizer.restore(state.part("optimizer"))
        if random := self.processes.own_part(state.part("random")):
            restore_random_state(random, self.device)
            self.workers.restore_random_state(random)
        self.task.carry({k: v.to(self.device) for k, v in state.part("carried").items()})
        self.position, self.history = replace(state.position), list(state.history)
        self.epoch_batches = self.task.num_batches(self.position.epoch)
