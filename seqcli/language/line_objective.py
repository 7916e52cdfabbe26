"""What a language model learns from lines that are texts of their own: each from a fresh state to its end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from seqcli.errors import DataError
from seqcli.language.network import LanguageModel
from seqcli.language.objective import QUICK_TOKENS, Piece, Validated, objective
from seqcli.model.softmax import IGNORED
from seqcli.training.distributed import ALONE, Processes
from seqcli.training.task import Stateless
from seqcli.training.workers import part_count

LONGEST = 512  # tokens read from one state; what a line has beyond them is read as if it began there
POOL = 16  # batches whose lines are sorted by length, so that little of a batch is padding
VALIDATION_TOKENS = 8192  # read together
SCANNED = 1 << 24  # tokens looked at together for the ends of lines


class Lines:
    """Where lines stand in an array of ids in which each ends with the token `boundary`."""

    def __init__(self, ids: np.ndarray, boundary: int, longest: int = LONGEST) -> None:
        self.ids, self.boundary = ids, boundary
        ends = np.concatenate(
            [np.flatnonzero(ids[at : at + SCANNED] == boundary) + at + 1 for at in range(0, len(ids), SCANNED)]
            or [np.zeros(0, np.int64)]
        )
        if not len(ends) or ends[-1] < len(ids):
            ends = np.append(ends, len(ids))
        starts = np.concatenate(([0], ends[:-1]))
        pieces = -(-(ends - starts) // longest)  # a line that is too long is several
        number = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        self.starts = np.repeat(starts, pieces) + longest * number
        self.lengths = np.minimum(np.repeat(ends, pieces) - self.starts, longest)

    def __len__(self) -> int:
        return len(self.starts)

    def block(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets (time, lines) of some lines; the boundary comes before each, and IGNORED is padding."""
        steps = int(self.lengths[numbers].max())
        inputs = np.full((steps, len(numbers)), self.boundary, np.int64)
        targets = np.full((steps, len(numbers)), IGNORED, np.int64)
        for column, number in enumerate(numbers.tolist()):
            start, length = int(self.starts[number]), int(self.lengths[number])
            targets[:length, column] = self.ids[start : start + length]
            inputs[1:length, column] = targets[: length - 1, column]
            if start:  # the boundary, or the token before a piece of a long line
                inputs[0, column] = self.ids[start - 1]
        return inputs, targets


class SeparateLinesTask(Validated, Stateless):
    """A language model on lines in any order, as a `seqcli.training.task.TrainingTask`.

    `train` and `valid` are 1-D arrays of ids, each line ending with the token `boundary`, which is also read before
    each. A batch is `batch_size` lines of about one length, in another order in every epoch; the loss is the mean over
    their tokens. Several processes take a part of the lines each, as do the threads of a process. Raises `DataError`
    for fewer lines than processes.
    """

    spread = QUICK_TOKENS

    def __init__(
        self,
        model: LanguageModel,
        train: np.ndarray,
        valid: np.ndarray,
        boundary: int,
        *,
        batch_size: int,
        seed: int,
        processes: Processes = ALONE,
    ) -> None:
        self.model, self.seed = model, seed
        self.device = model.embedding.device
        self.train_lines, self.valid_lines = Lines(train, boundary), Lines(valid, boundary)
        self.batch_size = min(batch_size, len(self.train_lines))
        if self.batch_size < processes.size:
            raise DataError(f"{len(self.train_lines)} lines are too few for {processes.size} processes")
        self.rows = processes.shard(self.batch_size)
        self.tables = model.tables
        self._order: tuple[int, np.ndarray] | None = None

    def num_batches(self, epoch: int) -> int:
        return max(len(self.train_lines) // self.batch_size, 1)

    def order(self, epoch: int) -> np.ndarray:
        """The lines of each batch of an epoch (batches, batch size); those too few for a batch differ."""
        if self._order is None or self._order[0] != epoch:
            generator = np.random.default_rng((self.seed, epoch))
            numbers = generator.permutation(len(self.train_lines))[: self.num_batches(epoch) * self.batch_size]
            for start in range(0, len(numbers), POOL * self.batch_size):
                pool = numbers[start : start + POOL * self.batch_size]
                pool[:] = pool[np.argsort(self.train_lines.lengths[pool], kind="stable")]
            batches = numbers.reshape(-1, self.batch_size)
            self._order = epoch, batches[generator.permutation(len(batches))]
        return self._order[1]

    def parts(self, epoch: int, index: int) -> list[Piece]:
        """This process's lines of a batch."""
        own = self.order(epoch)[index, self.rows.start : self.rows.stop]
        count = part_count(self.device, len(own))
        cuts = [len(own) * part // count for part in range(count + 1)]
        tokens = int(self.train_lines.lengths[own].sum())
        parts = []
        for numbers in (own[start:stop] for start, stop in pairwise(cuts)):
            inputs, targets = (torch.from_numpy(part).to(self.device) for part in self.train_lines.block(numbers))
            share = int(self.train_lines.lengths[numbers].sum()) / tokens
            parts.append(Piece(inputs, targets, start=True, share=share))
        return parts

    def loss(self, part: Piece) -> tuple[Tensor, int]:
        value, tokens, _ = objective(self.model, part)
        return value, tokens

    def validation_states(self, most: int | None) -> Iterator[tuple[Tensor, Tensor]]:
        """Of lines from all over the text."""
        return line_states(self.model, self.valid_lines, most)

    @property
    def valid_count(self) -> int:
        """How many tokens of the validation text are predicted."""
        return int(self.valid_lines.lengths.sum())


def line_states(model: LanguageModel, lines: Lines, most: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """The outputs (n, width) that the tokens of lines are predicted from, and those tokens (n,), batch by batch. With
    `most` of some lines only, from everywhere, that have about so many tokens together."""
    total = int(lines.lengths.sum())
    count = len(lines) if most is None else min(len(lines), max(1, len(lines) * most // total))
    numbers = np.linspace(0, len(lines), count, endpoint=False).astype(np.int64)
    numbers = numbers[np.argsort(lines.lengths[numbers], kind="stable")]
    start = 0
    while start < count:
        rows = max(1, VALIDATION_TOKENS // int(lines.lengths[numbers[start]]))
        while rows > 1 and rows * int(lines.lengths[numbers[min(start + rows, count) - 1]]) > 2 * VALIDATION_TOKENS:
            rows //= 2
        inputs, targets = lines.block(numbers[start : start + rows])
        hidden, _ = model(torch.from_numpy(inputs).to(model.embedding.device))
        scored = torch.from_numpy(targets).to(hidden.device).flatten()
        kept = scored != IGNORED
        yield hidden.flatten(0, 1)[kept], scored[kept]
        start += rows
