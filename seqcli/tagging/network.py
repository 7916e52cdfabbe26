"""The tagger in training: steps to vectors, a bidirectional stack, a score for each label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.model.randomness import dropout_mask
from seqcli.model.stack import RecurrentStack, locked_dropout
from seqcli.tagging.config import TaggerConfig
from seqcli.tagging.lexicon import UNKNOWN


@dataclass(frozen=True)
class Steps:
    """A padded batch of sentences, the longest first. words (time, batch); lengths (batch,). Where steps are words:
    `spelling` (time, batch), a row of characters (longest, rows), character_lengths (rows,) and affixes (rows,
    affixes). Where they are characters: pairs (1 + time, batch), from the one at the sentence's beginning on."""

    words: Tensor
    lengths: Tensor
    spelling: Tensor | None = None
    characters: Tensor | None = None
    character_lengths: Tensor | None = None
    affixes: Tensor | None = None
    pairs: Tensor | None = None


NEIGHBOURS, NEIGHBOUR_WIDTH = 2500, 64  # types that are told apart, at most; units that tell them


class Neighbours(nn.Module):
    """The next step told from what the forward direction has read up to here, and the one before from what the backward
    direction has: learnt beside the labels, from the same text, it keeps the network from learning few labels by heart
    (Rei 2017)."""

    def __init__(self, hidden: int, words: int) -> None:
        super().__init__()
        self.types, width = min(words, NEIGHBOURS), NEIGHBOUR_WIDTH
        self.sides = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, width), nn.Tanh(), nn.Linear(width, self.types)) for _ in range(2)
        )

    def forward(self, outputs: Tensor, steps: Steps) -> Tensor:
        """The mean surprisal of both neighbours, in nats: outputs (time, batch, 2 · hidden)."""
        words = steps.words.masked_fill(steps.words >= self.types, UNKNOWN)
        lengths, places = steps.lengths.to(words.device), torch.arange(len(words), device=words.device)[:, None]
        outside = words.new_zeros(1, words.shape[1])
        following = torch.cat((words[1:], outside)).masked_fill(places == lengths - 1, 0)
        before = torch.cat((outside, words[:-1]))
        inside = places < lengths
        halves = outputs[inside].chunk(2, 1)
        return torch.stack(
            [
                functional.cross_entropy(side(half), neighbours[inside])
                for side, half, neighbours in zip(self.sides, halves, (following, before), strict=True)
            ]
        ).sum()


class TaggingModel(nn.Module):
    """Parameters as in `TaggerConfig.parameter_shapes`, and those of `Neighbours` where the weight of that objective,
    `neighbours`, is above 0. `dropout` is the share of units left out while training."""

    def __init__(self, config: TaggerConfig, dropout: float = 0.0, *, neighbours: float = 0.0) -> None:
        super().__init__()
        self.config, self.dropout, self.neighbours = config, dropout, neighbours
        shapes = config.parameter_shapes()
        for name in (*config.tables(), "output_weight", "output_bias"):
            self.register_parameter(name, nn.Parameter(torch.empty(shapes[name])))
        if config.reader is not None:
            self.reader = RecurrentStack(config.reader)
        self.stack = RecurrentStack(config.stack, dropout=dropout)
        if config.crf:
            for name in ("transitions", "start", "end"):
                self.register_parameter(name, nn.Parameter(torch.zeros(shapes[name])))
        self._initialise()
        if neighbours:
            self.auxiliary = Neighbours(config.hidden, config.words)

    def _initialise(self) -> None:
        for name in self.config.tables():
            nn.init.normal_(self.get_parameter(name), std=0.5 if name != "affixes" else 0.25)
        if self.config.affixes:
            with torch.no_grad():
                self.get_parameter("affixes")[0] = 0.0  # what fills up a word's affixes adds nothing
        bound = 1 / math.sqrt(2 * self.config.hidden)
        nn.init.uniform_(self.get_parameter("output_weight"), -bound, bound)
        nn.init.zeros_(self.get_parameter("output_bias"))

    def read(self, steps: Steps) -> Tensor:
        """What the stack makes of sentences: (time, batch, 2 · hidden)."""
        x = locked_dropout(self._inputs(steps), self.dropout, self.training)
        outputs, _ = self.stack.encode(x, steps.lengths)
        return locked_dropout(outputs, self.dropout, self.training)

    def scores(self, outputs: Tensor) -> Tensor:
        """outputs (time, batch, 2 · hidden) -> the scores of labels, (time, batch, labels)."""
        weight, bias = self.get_parameter("output_weight"), self.get_parameter("output_bias")
        with torch.autocast(outputs.device.type, enabled=False):  # small, and bf16 would round the scores to 1 in 256
            return functional.linear(outputs.to(weight.dtype), weight, bias)

    def _inputs(self, steps: Steps) -> Tensor:
        """What the stack reads: (time, batch, input)."""
        parts = [self._look_up("words", steps.words)]
        if steps.spelling is not None and self.config.type_width:
            parts.append(functional.embedding(steps.spelling, self._spelled(steps)))
        if steps.pairs is not None:
            pairs = self._look_up("pairs", steps.pairs)
            parts += [pairs[:-1], pairs[1:]]
        return torch.cat(parts, 2)

    def _spelled(self, steps: Steps) -> Tensor:
        """What the spelling of each row of words gives: (rows, width)."""
        parts = []
        if self.config.characters and steps.characters is not None and steps.character_lengths is not None:
            read = self._look_up("characters", steps.characters)
            if self.training and self.dropout:
                read = read * dropout_mask((1, *read.shape[1:]), self.dropout / 2, read)
            parts += self.reader.encode(read, steps.character_lengths)[1]
        if self.config.affixes and steps.affixes is not None:
            table = self.get_parameter("affixes")
            parts.append(functional.embedding(steps.affixes, table, padding_idx=0, sparse=self.training).sum(1))
        return torch.cat(parts, 1)

    def _look_up(self, table: str, ids: Tensor) -> Tensor:
        return functional.embedding(ids, self.get_parameter(table), sparse=self.training)
