"""What a recurrent cell is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from seqcli.model.arrays import Array, State, product


class Cell(ABC):
    """A recurrent cell.

    Shapes of a step: x (batch, input), every state array (batch, hidden); of a sequence, time first: x (time, batch,
    input). Each subclass has a file of its own. Only `sequence` imports torch: decoding on NumPy does without.

    Attributes:
        states: the arrays of its state: (h,) or (h, c).
        recurrent: the parameter with the matrix (or stacked matrices) from the last state; None without one.
        forget_gate: which of the gates stacked in `bias` is the forget gate, whose bias begins at one (Jozefowicz et
            al. 2015); None without one.
        bf16_from: hidden units from which a processor gains from bf16.
    """

    states: ClassVar[int] = 1
    recurrent: ClassVar[str | None] = "weight_hh"
    forget_gate: ClassVar[int | None] = None
    bf16_from: ClassVar[int] = 0

    @abstractmethod
    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the parameters for `x` inputs and `h` hidden units. Gates are stacked in the order of
        torch's fused kernels where there are any."""

    def input_part(self, parameters: Mapping[str, Array], x: Array) -> Array:
        """What the input alone decides, W x + b, of all steps at once, or kept. x (…, input) -> (…, gates · hidden)."""
        return product(x, self.input_weight(parameters)) + parameters["bias"]

    def input_weight(self, parameters: Mapping[str, Array]) -> Array:
        """The matrix (input, gates · hidden) that `input_part` multiplies x with."""
        return parameters["weight_ih"].T

    @abstractmethod
    def recurrent_part(self, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
        """The rest of a step: inputs (batch, gates · hidden) of `input_part` and the state -> output, new state."""

    def step(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        """One step: x (batch, input) and the state -> output (batch, hidden), new state."""
        return self.recurrent_part(parameters, self.input_part(parameters, x), state)

    @abstractmethod
    def sequence(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        """All steps in torch, with gradients: x (time, batch, input) -> outputs (time, batch, hidden), the last state.
        Tests hold it equal to the steps."""

    def sequence_of_types(
        self, parameters: Mapping[str, Array], table: Array, rows: Array, state: State
    ) -> tuple[Array, State]:
        """`sequence` of inputs that are rows (time, batch) of a table (types, input) with few of them."""
        import torch

        return self.sequence(parameters, torch.nn.functional.embedding(rows, table), state)

    def divide_inputs(self, parameters: dict[str, Array], divisor: float) -> None:
        """Change `parameters` in place so that the cell does with `divisor` · x what it did with x."""
        weight = self.input_weight(parameters)  # a view of a parameter
        weight /= divisor

    def recurrent_rows(self, h: int) -> slice:
        """Which rows of `recurrent` come from the last state."""
        return slice(None)
