"""What a language model learns from a text: the next token at every time step, by truncated back-propagation."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from seqcli.errors import DataError
from seqcli.language.network import LanguageModel
from seqcli.model.arrays import State
from seqcli.model.cells import cell_of
from seqcli.model.softmax import IGNORED, linear_cross_entropy
from seqcli.model.stack import locked_dropout
from seqcli.training.distributed import ALONE, Processes
from seqcli.training.options import Validation
from seqcli.training.workers import part_count

QUICK_TOKENS = 20_000  # of the validation text, looked at while training goes on
QUICK_OPERATIONS = 200_000_000_000  # of the output layer, in such a look at most
FEWEST_TOKENS = 1000
# of the budget for all of the validation text, on a machine of so many operations a second
WHOLE_SHARE, SLOW = 0.25, 5e10
VALIDATION_STREAMS = 16  # parts of the validation text read side by side
VALIDATION_STEPS = 128
WARM_UP = 200  # tokens


@dataclass(frozen=True)
class ValidationSize:
    """How many tokens of the validation text are looked at: while training goes on, and at its end (None: all)."""

    quick: int = QUICK_TOKENS
    whole: int | None = None

    @classmethod
    def affordable(cls, outputs: int, budget: float | None) -> ValidationSize:
        """Looks at a text that stay short beside a budget (seconds), for an output layer of `outputs` weights: at large
        vocabularies the exact softmax of validation takes many times what training takes a token."""
        quick = min(QUICK_TOKENS, max(QUICK_OPERATIONS // (2 * outputs), FEWEST_TOKENS))
        if budget is None:
            return cls(quick)
        return cls(quick, max(int(WHOLE_SHARE * budget * SLOW / (2 * outputs)), quick))


@dataclass(frozen=True)
class Piece:
    """Steps of some streams or lines: inputs and targets (time, streams), whether these start here, which of the
    batch's parts it is, and what share of its tokens it has."""

    inputs: Tensor
    targets: Tensor
    start: bool
    part: int = 0
    share: float = 1.0


class Validated(ABC):
    """A language model that is validated on text; `validation` may be set, to look at less of it."""

    validation = ValidationSize()
    # what to ask `validation_states` for, so that the first ones are from all over the text
    spread: ClassVar[int | None] = None
    model: LanguageModel

    @abstractmethod
    def validation_states(self, most: int | None) -> Iterator[tuple[Tensor, Tensor]]:
        """The outputs (n, width) that tokens of the validation text are predicted from, and these (n,), block by block:
        some `most` tokens, or all."""

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        """Loss and perplexity of a part of the validation text or, when `final`, of all of it."""
        most = self.validation.whole if final else self.validation.quick
        with self.model.with_parts():
            loss = mean_loss(self.model, self.validation_states(most))
        return Validation(step, seconds, {"score": loss, "loss": loss, "perplexity": math.exp(min(loss, 700.0))})


class LanguageModelTask(Validated):
    """A language model on one long text, as a `seqcli.training.task.TrainingTask`.

    The text (a 1-D array of token ids, read in place) is cut into `batch_size` streams that are read side by side,
    `bptt` steps at a time; the hidden state goes on from one piece to the next and gradients stop there (truncated
    back-propagation through time, Williams & Peng 1990). The loss is the mean over all time steps. Every epoch starts
    its streams at another place of the text, so that the cuts fall elsewhere. With `random_bptt` the pieces are of
    different lengths, for the same end (Merity et al. 2017; see `piece_lengths`). Several processes read a stretch of
    the streams each, and the threads of a process a stretch of its streams each. Raises `DataError` for a text with
    fewer streams than processes.
    """

    def __init__(
        self,
        model: LanguageModel,
        train: np.ndarray,
        valid: np.ndarray,
        *,
        batch_size: int,
        bptt: int,
        seed: int,
        random_bptt: bool = False,
        processes: Processes = ALONE,
    ) -> None:
        self.model, self.train_tokens, self.valid_tokens = model, train, valid
        self.device = model.embedding.device
        # a text shorter than one batch is read by fewer streams
        self.batch_size = max(1, min(batch_size, (len(train) - 1) // 2))
        if self.batch_size < processes.size:
            raise DataError(f"{len(train)} training tokens are too few for {processes.size} processes")
        self.streams = processes.shard(self.batch_size)
        count = part_count(self.device, len(self.streams))
        cuts = [len(self.streams) * part // count for part in range(count + 1)]
        self.columns = [slice(*pair) for pair in pairwise(cuts)]  # of the process's streams, those of each part
        self.stream_length = (len(train) - 1) // self.batch_size
        self.bptt = min(bptt, self.stream_length)
        self.seed, self.random_bptt = seed, random_bptt
        self.tables = model.tables
        self.states: list[list[State] | None] = [None] * count
        self._cuts: tuple[int, np.ndarray] | None = None

    def num_batches(self, epoch: int) -> int:
        return len(self.cuts(epoch)) - 1

    def cuts(self, epoch: int) -> np.ndarray:
        """Where the pieces of each stream begin in an epoch, from 0, and the stream's end."""
        if self._cuts is None or self._cuts[0] != epoch:
            if self.random_bptt:
                lengths = piece_lengths(self.stream_length, self.bptt, np.random.default_rng((self.seed, epoch, 1)))
            else:
                lengths = np.full(math.ceil(self.stream_length / self.bptt), self.bptt)
            self._cuts = epoch, np.minimum(np.concatenate(([0], np.cumsum(lengths))), self.stream_length)
        return self._cuts[1]

    def parts(self, epoch: int, index: int) -> list[Piece]:
        """The next steps of this process's streams."""
        rest = (len(self.train_tokens) - 1) - self.stream_length * self.batch_size
        shift = int(np.random.default_rng((self.seed, epoch)).integers(rest + 1)) if epoch else 0
        start, stop = map(int, self.cuts(epoch)[index : index + 2])
        columns = [
            self.train_tokens[shift + row * self.stream_length + start : shift + row * self.stream_length + stop + 1]
            for row in self.streams
        ]
        tokens = torch.from_numpy(np.stack(columns, axis=1).astype(np.int64)).to(self.device)
        return [
            Piece(own[:-1], own[1:], index == 0, part, own.shape[1] / tokens.shape[1])
            for part, columns in enumerate(self.columns)
            for own in [tokens[:, columns]]
        ]

    def loss(self, part: Piece) -> tuple[Tensor, int]:
        value, tokens, state = objective(self.model, part, None if part.start else self.states[part.part])
        self.states[part.part] = [tuple(value.detach() for value in layer) for layer in state]
        return value, tokens

    def validation_states(self, most: int | None) -> Iterator[tuple[Tensor, Tensor]]:
        """Of the beginning of the text, in parts that are read side by side."""
        tokens = self.valid_tokens if most is None else self.valid_tokens[: most + 1]
        return hidden_states(self.model, tokens, streams=VALIDATION_STREAMS)

    @property
    def valid_count(self) -> int:
        """How many tokens of the validation text are predicted."""
        return len(self.valid_tokens) - 1

    def carried(self) -> dict[str, Tensor]:
        states = [state for state in self.states if state is not None]
        return {
            f"{layer}/{number}": torch.cat([state[layer][number] for state in states])
            for layer, arrays in enumerate(states[0] if states else ())
            for number in range(len(arrays))
        }

    def carry(self, tensors: dict[str, Tensor]) -> None:
        if tensors:
            layers, arrays = self.model.config.layers, cell_of(self.model.config.cell).states
            own = {name: rows[self.streams.start : self.streams.stop] for name, rows in tensors.items()}
            self.states = [
                [tuple(own[f"{layer}/{number}"][part] for number in range(arrays)) for layer in range(layers)]
                for part in self.columns
            ]


def objective(
    model: LanguageModel, piece: Piece, before: Sequence[State] | None = None
) -> tuple[Tensor, int, list[State]]:
    """What is made small, a token, times the piece's share: the cross-entropy and the penalties on the last layer's
    outputs; how many tokens there are; and the state after the piece, which is read from the state `before`. Targets
    are IGNORED where there is no token."""
    drop, targets, sampled = model.regularisation, piece.targets, model.sampled
    table = model.table() if sampled is None else model.embedding  # of which only some rows are then looked up
    hidden, state = model(piece.inputs, before, table)
    scored = targets != IGNORED
    whole = bool(scored.all())
    tokens = targets.numel() if whole else int(scored.sum())
    dropped = locked_dropout(hidden, drop.output, True)
    rows, flat = (dropped.flatten(0, 1), targets.flatten()) if whole else (dropped[scored], targets[scored])
    bias, smoothing = model.output_bias, drop.smoothing
    if sampled is None:
        weight = table if model.config.tied else model.output
        value = linear_cross_entropy(rows, weight, bias, flat, label_smoothing=smoothing) / tokens
    else:
        value = sampled.loss(rows, model.output_rows, bias, flat, label_smoothing=smoothing) / tokens
    if drop.activation:
        value = value + drop.activation * rows.float().square().mean()
    if drop.change and len(hidden) > 1:
        changes = hidden[1:] - hidden[:-1]
        value = value + drop.change * (changes if whole else changes[scored[1:]]).float().square().mean()
    return value * piece.share, tokens, state


def piece_lengths(steps: int, bptt: int, generator: np.random.Generator) -> np.ndarray:
    """Lengths of pieces that together hold at least `steps` steps, as Merity et al. 2017 draw them. Around `bptt`, in
    one of twenty around half of it, with a standard deviation of 5 steps; at least 5. The rate of a step is to be
    scaled by its length over `bptt`, else short pieces would count for more."""
    count = 2 * math.ceil(steps / bptt) + 1
    lengths = np.zeros(0, np.int64)
    while lengths.sum() < steps:
        around = np.where(generator.random(count) < 0.95, bptt, bptt / 2)
        lengths = np.concatenate((lengths, np.maximum(generator.normal(around, 5).astype(np.int64), 5)))
    return lengths[: int(np.searchsorted(np.cumsum(lengths), steps)) + 1]


def mean_loss(model: LanguageModel, states: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Mean -log p in nats of the tokens of a text, given with the outputs that they are predicted from."""
    nats, tokens = 0.0, 0
    for hidden, targets in states:
        nats += linear_cross_entropy(hidden, model.output_weight, model.output_bias, targets).item()
        tokens += len(targets)
    return nats / tokens


def hidden_states(model: LanguageModel, tokens: np.ndarray, *, streams: int = 1) -> Iterator[tuple[Tensor, Tensor]]:
    """The outputs (n, width) that tokens[1:] are predicted from, and those tokens (n,), block by block, each once. With
    one stream the state is carried over the whole text. Several `streams` read parts of it side by side, which is
    quicker; each first reads the `WARM_UP` tokens before its part, unscored, to be in nearly the same state."""
    streams = max(1, min(streams, (len(tokens) - 1) // (4 * WARM_UP)))
    length = (len(tokens) - 1) // streams
    starts = [row * length for row in range(streams)]
    state: list[State] | None = None
    if streams > 1:
        # the first part has nothing before it: it reads anything and forgets it
        state = model(_columns(model, tokens, [max(start - WARM_UP, 0) for start in starts], WARM_UP), None)[1]
        state = [tuple(torch.cat((part[:1] * 0, part[1:])) for part in layer) for layer in state]
    for place in range(0, length, VALIDATION_STEPS):
        steps = min(VALIDATION_STEPS, length - place)
        block = _columns(model, tokens, [start + place for start in starts], steps + 1)
        hidden, state = model(block[:-1], state)
        yield hidden.flatten(0, 1), block[1:].flatten()
    if rest := (len(tokens) - 1) - length * streams:
        assert state is not None
        last = [tuple(part[-1:] for part in layer) for layer in state]
        block = _columns(model, tokens, [length * streams], rest + 1)
        yield model(block[:-1], last)[0].flatten(0, 1), block[1:].flatten()


def _columns(model: LanguageModel, tokens: np.ndarray, starts: list[int], steps: int) -> Tensor:
    """(steps, streams) ids from the given places."""
    rows = np.stack([tokens[start : start + steps] for start in starts], axis=1)
    return torch.from_numpy(rows.astype(np.int64)).to(model.embedding.device)
