"""LSTM with peepholes (Gers & Schmidhuber 2000): one weight a cell, p_i, p_f, p_o.

The input and forget gates see x_t, h_{t-1} and c_{t-1}; the output gate sees x_t, h_{t-1} and the new c_t:
i = σ(… + p_i ⊙ c_{t-1}), f = σ(… + p_f ⊙ c_{t-1}), c_t = f ⊙ c_{t-1} + i ⊙ g, o = σ(… + p_o ⊙ c_t).
"""

from __future__ import annotations

from collections.abc import Mapping

from seqcli.model.arrays import Array, State, quarters, sigmoid, tanh
from seqcli.model.cells.cell import Cell
from seqcli.model.cells.lstm import with_our_kernel


class PeepholeLSTM(Cell):
    """4 ((h + x)·h + h) + 3 h parameters; the gates are input, forget, candidate, output."""

    states = 2
    forget_gate = 1

    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        return {"weight_ih": (4 * h, x), "weight_hh": (4 * h, h), "bias": (4 * h,), "peephole": (3, h)}

    def recurrent_part(self, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
        h, c = state
        p_i, p_f, p_o = parameters["peephole"]
        i, f, g, o = quarters(h @ parameters["weight_hh"].T + inputs)
        i, f = sigmoid(i + p_i * c), sigmoid(f + p_f * c)
        c = f * c + i * tanh(g)
        h = sigmoid(o + p_o * c) * tanh(c)
        return h, (h, c)

    def sequence(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        return with_our_kernel(parameters, x, state)

    def sequence_of_types(
        self, parameters: Mapping[str, Array], table: Array, rows: Array, state: State
    ) -> tuple[Array, State]:
        return with_our_kernel(parameters, table, state, rows)


CELL = PeepholeLSTM()
