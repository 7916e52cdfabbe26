"""How fast a run is, and when the next validation is due."""

from __future__ import annotations

import math
import time

from seqcli.training.options import TrainingOptions
from seqcli.training.state import Position

VALIDATION_SHARE = 0.05  # of the time so far may go into looking at validation data, when time is the budget


class Speed:
    """Tokens per second: over all steps, and over those since the last reading at least two seconds ago."""

    def __init__(self) -> None:
        self._tokens, self._seconds = 0, 0.0
        self._tokens_then, self._then, self._latest = 0, time.monotonic(), 0.0

    def add(self, tokens: int, seconds: float) -> None:
        self._tokens += tokens
        self._seconds += seconds

    def restart(self) -> None:
        """Exclude the time until now, which was not training, from the latest speed."""
        self._tokens_then, self._then = self._tokens, time.monotonic()

    @property
    def latest(self) -> float:
        now = time.monotonic()
        if now - self._then > 2 or not self._latest:
            self._latest = (self._tokens - self._tokens_then) / max(now - self._then, 1e-9)
            self.restart()
        return self._latest

    @property
    def mean(self) -> float:
        return self._tokens / self._seconds if self._seconds else 0.0


class ValidationSchedule:
    """When the next validation is due. Under a budget validations are scheduled by time, so that together they take at
    most `VALIDATION_SHARE` of it; otherwise by steps, so that runs are reproducible. `options.validate_every` sets the
    steps in either case, within that share."""

    def __init__(self, options: TrainingOptions, position: Position, epoch_batches: int) -> None:
        self._budget, self._validations = options.budget, options.validations
        total = options.steps if options.steps is not None else (options.epochs or 1) * epoch_batches
        by_share = math.inf if options.budget is not None else max(1, math.ceil(total / options.validations))
        self._every = options.validate_every or by_share
        self.plan(position, 0.0)

    def plan(self, position: Position, cost: float) -> None:
        """Plan the next validation after one that ended at `position` and took `cost` seconds."""
        self._step = (position.step // self._every + 1) * self._every
        self._earliest, self._latest = 0.0, math.inf
        if self._budget is not None:
            self._earliest = position.seconds + cost / VALIDATION_SHARE
            self._latest = max(position.seconds + self._budget / self._validations, self._earliest)

    def due(self, position: Position) -> bool:
        by_step = position.step >= self._step and position.seconds >= self._earliest
        return by_step or position.seconds >= self._latest
