"""A recurrent stack run one step at a time on NumPy arrays or torch tensors, for decoding.

`StackShape` is what a stack is made of, shared with the trainable `stack.RecurrentStack`; `SteppingStack` holds the
parameters of a trained one under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from seqcli.model.arrays import Array, State, concatenate
from seqcli.model.cells import MAX_LAYERS, cell_of

TABLE_BYTES = 1 << 27  # at most, of products with embeddings that are kept


def check_sizes(config: Any, may_be_zero: Sequence[str] = ()) -> None:
    """ValueError unless a model's configuration (a dataclass) has a known cell, sizes above 0, and at most `MAX_LAYERS`
    layers: a file that asks for more is refused before their parameters are listed."""
    for item in fields(config):
        value = getattr(config, item.name)
        limit = MAX_LAYERS if item.name.endswith("layers") else 2**31 - 1
        if item.name == "cell":
            cell_of(value)
        if type(value) is int and not (item.name not in may_be_zero) <= value <= limit:
            raise ValueError(f"{item.name} is {value}")


@dataclass(frozen=True)
class StackShape:
    """The shape of a recurrent stack. `output_size` is the width of the last layer when it differs from `hidden_size`
    (tied embeddings ask for that). A bidirectional layer of width h gives 2 h outputs, forward ones first."""

    cell: str
    input_size: int
    hidden_size: int
    num_layers: int
    bidirectional: bool = False
    output_size: int | None = None

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    def layer_sizes(self) -> list[tuple[int, int]]:
        """(input, hidden) of each layer."""
        hidden = [self.hidden_size] * self.num_layers
        if self.output_size is not None:
            hidden[-1] = self.output_size
        inputs = [self.input_size] + [width * self.directions for width in hidden[:-1]]
        return list(zip(inputs, hidden, strict=True))

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter of the stack: `layers.L.NAME`, and `reverse_layers.L.NAME` when bidirectional."""
        sides = ("layers", "reverse_layers") if self.bidirectional else ("layers",)
        return {
            f"{side}.{index}.{name}": shape
            for side in sides
            for index, (inputs, hidden) in enumerate(self.layer_sizes())
            for name, shape in cell_of(self.cell).shapes(inputs, hidden).items()
        }


class SteppingStack:
    """The parameters of a stack, ready to be stepped. `parameters` maps the names of `StackShape.parameter_shapes`,
    each after `prefix`, to arrays of one kind."""

    def __init__(self, shape: StackShape, parameters: Mapping[str, Array], prefix: str = "") -> None:
        self.shape, self.cell = shape, cell_of(shape.cell)

        def side(name: str) -> list[dict[str, Array]]:
            return [
                {key: parameters[f"{prefix}{name}.{index}.{key}"] for key in self.cell.shapes(*sizes)}
                for index, sizes in enumerate(shape.layer_sizes())
            ]

        self.layers = side("layers")
        self.reverse_layers = side("reverse_layers") if shape.bidirectional else []

    def initial_state(self, batch: int, like: Array) -> list[State]:
        """Zeros, one tuple of (batch, hidden) arrays a layer, of the kind, type and device of `like`."""
        return [
            tuple(_zeros(like, batch, hidden) for _ in range(self.cell.states))
            for _, hidden in self.shape.layer_sizes()
        ]

    def step(self, x: Array, state: list[State]) -> tuple[Array, list[State]]:
        """x (batch, input), a state a layer -> output (batch, hidden of the last layer), the new states."""
        return self.step_on(self.input_part(x), state)

    def input_part(self, x: Array) -> Array:
        """x (…, input) -> the part of the first layer's step that depends on the input alone, for `step_on`."""
        return self.cell.input_part(self.layers[0], x)

    def step_on(self, inputs: Array, state: list[State]) -> tuple[Array, list[State]]:
        """As `step`, from `input_part` of x."""
        x, first = self.cell.recurrent_part(self.layers[0], inputs, state[0])
        new = [first]
        for parameters, layer_state in zip(self.layers[1:], state[1:], strict=True):
            x, layer_state = self.cell.step(parameters, x, layer_state)
            new.append(layer_state)
        return x, new

    def sequence(self, x: Array, lengths: np.ndarray) -> tuple[Array, list[Array]]:
        """A padded batch through the whole stack, both directions if it has them.

        x (time, batch, input), lengths (batch,) of at least 1 -> outputs (time, batch, hidden · directions), and the
        output at each sequence's end, (batch, hidden), for each layer and direction (forward, backward, forward, …).
        What stands behind a sequence's end in `outputs` is padding.
        """
        last: list[Array] = []
        batch = np.arange(x.shape[1])
        for index, state in enumerate(self.initial_state(x.shape[1], x)):
            outputs = []
            for side in (self.layers, self.reverse_layers) if self.shape.bidirectional else (self.layers,):
                reverse = side is self.reverse_layers
                given = _reversed(x, lengths) if reverse else x
                run, _ = self._layer(side[index], given, state)
                last.append(run[lengths - 1, batch])
                outputs.append(_reversed(run, lengths) if reverse else run)
            x = outputs[0] if len(outputs) == 1 else concatenate(tuple(outputs))
        return x, last

    def run(self, x: Array, state: list[State]) -> tuple[Array, list[State]]:
        """Further steps of sequences in one direction: x (time, batch, input), a state a layer -> outputs (time, batch,
        hidden of the last layer), the new states."""
        new = []
        for parameters, layer_state in zip(self.layers, state, strict=True):
            x, layer_state = self._layer(parameters, x, layer_state)
            new.append(layer_state)
        return x, new

    def _layer(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        outputs = []
        for inputs in self.cell.input_part(parameters, x):  # of all steps in one product
            output, state = self.cell.recurrent_part(parameters, inputs, state)
            outputs.append(output)
        return concatenate(tuple(output[None] for output in outputs), axis=0), state


class InputTable:
    """The first layer's products with the embeddings of the tokens met so far. A step on a CPU lasts as long as reading
    the weights does. Text repeats its tokens, so these products need not be made again, and the first layer's input
    weights, unread, leave room for the others in the processor's cache."""

    def __init__(self, stack: SteppingStack, embedding: np.ndarray) -> None:
        self.stack, self.embedding = stack, embedding
        width = stack.input_part(embedding[:1]).shape[1]
        # memory that is not written to is not taken; frequent tokens have low ids, the others are not kept
        rows = min(len(embedding), TABLE_BYTES // (width * embedding.itemsize))
        self.table = np.empty((rows, width), embedding.dtype)
        self.known = np.zeros(rows, bool)

    def __getitem__(self, tokens: np.ndarray) -> np.ndarray:
        """tokens (batch,) -> `SteppingStack.input_part` of their embeddings (batch, width)."""
        if tokens.max() >= len(self.known):
            return np.asarray(self.stack.input_part(self.embedding[tokens]))
        new = tokens[~self.known[tokens]]
        if len(new):
            self.table[new] = self.stack.input_part(self.embedding[new])
            self.known[new] = True
        return np.asarray(self.table[tokens])


def reversal(time: int, lengths: np.ndarray) -> np.ndarray:
    """Indices (time, batch) that turn each sequence round within its own length and leave the padding where it is."""
    steps = np.arange(time)[:, None]
    return np.where(steps < lengths[None], lengths[None] - 1 - steps, steps)


def _reversed(x: Array, lengths: np.ndarray) -> Array:
    return x[reversal(x.shape[0], lengths), np.arange(x.shape[1])[None]]


def _zeros(like: Array, batch: int, size: int) -> Array:
    return np.zeros((batch, size), like.dtype) if isinstance(like, np.ndarray) else like.new_zeros(batch, size)
