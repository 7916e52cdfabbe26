"""The simple recurrent network (Elman 1990): h_t = tanh([h_{t-1}, x_t] W + b)."""

from __future__ import annotations

from collections.abc import Mapping

from seqcli.model.arrays import Array, State, tanh
from seqcli.model.cells.cell import Cell


class SimpleCell(Cell):
    """(h + x)·h + h parameters, one bias as the formula has it."""

    recurrent = "weight"

    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        return {"weight": (h + x, h), "bias": (h,)}

    def input_weight(self, parameters: Mapping[str, Array]) -> Array:
        return parameters["weight"][parameters["bias"].shape[0] :]

    def recurrent_part(self, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
        (h,) = state
        h = tanh(h @ parameters["weight"][: h.shape[-1]] + inputs)
        return h, (h,)

    def sequence(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        from seqcli.model.kernels import SimpleRecurrence

        outputs = SimpleRecurrence.apply(x, state[0], parameters["weight"], parameters["bias"])  # type: ignore[no-untyped-call]
        return outputs, (outputs[-1],)

    def recurrent_rows(self, h: int) -> slice:
        return slice(h)


CELL = SimpleCell()
