"""The translation model in training: encoder, attention, decoder, one output layer shared by all time steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.model.affixes import WithAffixes
from seqcli.model.arrays import State
from seqcli.model.cells import cell_of
from seqcli.model.randomness import kept
from seqcli.model.stack import RecurrentStack, locked_dropout
from seqcli.model.stepping import SteppingStack
from seqcli.translation.attention import MASKED, Memory, attend, project
from seqcli.translation.config import TranslationConfig


@dataclass(frozen=True)
class Dropouts:
    """Dropout in training: `hidden`, locked dropout between the parts of the model (Gal & Ghahramani 2016), and
    `words`, dropout of whole words of source and target (word dropout, ibid.)."""

    hidden: float = 0.0
    words: float = 0.0


class TranslationModel(WithAffixes):
    """Parameters as in `TranslationConfig.parameter_shapes`, and in training those of `auxiliary`, if it is set."""

    def __init__(self, config: TranslationConfig, dropouts: Dropouts | None = None) -> None:
        super().__init__()
        self.config, self.dropouts = config, dropouts or Dropouts()
        drop = self.dropouts.hidden
        shapes = config.parameter_shapes()
        self.embedding = nn.Parameter(torch.empty(shapes["embedding"]))
        self.output_bias = nn.Parameter(torch.empty(shapes["output_bias"]))
        self.bridge_weight = nn.Parameter(torch.empty(shapes["bridge_weight"]))
        self.bridge_bias = nn.Parameter(torch.empty(shapes["bridge_bias"]))
        self.readout_weight = nn.Parameter(torch.empty(shapes["readout_weight"]))
        self.readout_bias = nn.Parameter(torch.empty(shapes["readout_bias"]))
        prefix = "attention."
        self.attention = nn.ParameterDict(
            {n[len(prefix) :]: nn.Parameter(torch.empty(s)) for n, s in shapes.items() if n.startswith(prefix)}
        )
        self.encoder = RecurrentStack(config.encoder, dropout=drop)
        self.first_layer = RecurrentStack(config.first_layer)
        upper = config.upper_layers
        self.upper_layers = None if upper is None else RecurrentStack(upper, dropout=drop)
        self._initialise()

    def _initialise(self) -> None:
        nn.init.normal_(self.embedding, std=self.config.embedding**-0.5)
        for bias in (self.output_bias, self.bridge_bias, self.readout_bias):
            nn.init.zeros_(bias)
        for weight in (self.bridge_weight, self.readout_weight, *self.attention.values()):
            bound = 1 / math.sqrt(weight.shape[-1])
            nn.init.uniform_(weight, -bound, bound)

    def forward(self, source: Tensor, lengths: Tensor, previous: Tensor, table: Tensor) -> tuple[Tensor, Tensor | None]:
        """source (source time, batch) with its lengths (batch,), previous (time, batch): the target, one step behind;
        `table` is `self.table()`, which the output layer has, too. Returns readouts (time, batch, embedding), which the
        output layer takes, and the attention's weights (batch, time, source), None without attention."""
        memory, state = self.encode(source, lengths, table)
        embedded = self._embed(previous, table)
        if memory is None:
            lower, _ = self.first_layer(embedded, state[:1])
            context, weights = None, None
        elif self.config.input_feeding:
            lower, context, weights = self._feed(embedded, memory, state[0])
        else:
            lower, _ = self.first_layer(embedded, state[:1])
            context, weights = self._attend(lower, memory)
        return self._read_out(lower, context, state), weights

    def encode(self, source: Tensor, lengths: Tensor, table: Tensor) -> tuple[Memory | None, list[State]]:
        """What the decoder attends to, and the state each of its layers starts from."""
        outputs, last = self.encoder.encode(self._embed(source, table), lengths)
        ends = torch.cat(last[-2:], dim=1)
        starts = torch.tanh(torch.einsum("bs,lhs->lbh", ends, self.bridge_weight) + self.bridge_bias[:, None])
        states = [(h, torch.zeros_like(h)) if cell_of(self.config.cell).states == 2 else (h,) for h in starts]
        if self.config.attention == "none":
            return None, states
        outputs = locked_dropout(outputs, self.dropouts.hidden, self.training).transpose(0, 1)
        places = torch.arange(source.shape[0], device=source.device)
        mask = (places[None] >= lengths[:, None].to(source.device)).to(outputs.dtype) * MASKED
        return project(self.config.attention, self._attention, outputs, mask[:, None]), states

    @property
    def _attention(self) -> Mapping[str, Tensor]:
        return {f"attention.{name}": value for name, value in self.attention.items()}

    def _embed(self, tokens: Tensor, table: Tensor) -> Tensor:
        """tokens (time, batch) -> (time, batch, embedding), scaled to unit variance, dropout applied."""
        x = functional.embedding(tokens, table) * math.sqrt(self.config.embedding)
        if self.training and self.dropouts.words:
            x = x * kept((*tokens.shape, 1), self.dropouts.words, x)
        return locked_dropout(x, self.dropouts.hidden, self.training)

    def _attend(self, lower: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """All steps at once: lower (time, batch, hidden) -> contexts (time, batch, width), weights."""
        config = self.config
        contexts, weights = attend(config.attention, self._attention, lower.transpose(0, 1), memory, config.heads)
        return contexts.transpose(0, 1), weights

    def _feed(self, embedded: Tensor, memory: Memory, state: State) -> tuple[Tensor, Tensor, Tensor]:
        """Step by step, each seeing the context of the step before: outputs, contexts, weights."""
        parameters = dict(self.first_layer.named_parameters())
        stack = SteppingStack(self.config.first_layer, parameters)
        context = memory.values.new_zeros(memory.values.shape[0], self.config.context_width)
        layers, outputs, contexts, weights = [state], [], [], []
        for x in embedded:
            output, layers = stack.step(torch.cat((x, context), dim=1), layers)
            attended, weight = attend(
                self.config.attention, self._attention, output[:, None], memory, self.config.heads
            )
            context = attended[:, 0]
            outputs.append(output)
            contexts.append(context)
            weights.append(weight)
        return torch.stack(outputs), torch.stack(contexts), torch.cat(weights, dim=1)

    def _read_out(self, lower: Tensor, context: Tensor | None, state: list[State]) -> Tensor:
        """The layers over the attention, and the map to the width of the embedding."""
        drop, hidden = self.dropouts.hidden, lower
        if self.upper_layers is not None:
            dropped = locked_dropout(lower, drop, self.training)
            upper, _ = self.upper_layers(dropped if context is None else torch.cat((dropped, context), 2), state[1:])
            hidden = upper + lower
        hidden = locked_dropout(hidden, drop, self.training)
        seen = hidden if context is None else torch.cat((hidden, context), 2)
        readout = torch.tanh(functional.linear(seen, self.readout_weight, self.readout_bias))
        return locked_dropout(readout, drop, self.training)
