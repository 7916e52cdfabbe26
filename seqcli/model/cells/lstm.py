"""LSTM with forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

i, f, o = σ(W x_t + U h_{t-1} + b), g = tanh(same); c_t = f ⊙ c_{t-1} + i ⊙ g; h_t = o ⊙ tanh(c_t).
"""

from __future__ import annotations

from collections.abc import Mapping

from seqcli.model.arrays import Array, State, quarters, sigmoid, tanh
from seqcli.model.cells.cell import Cell

BF16_PAYS = 160  # hidden units from which our LSTM in bf16 is quicker than torch's in fp32


class LSTM(Cell):
    """4 ((h + x)·h + h) parameters; the gates are input, forget, candidate, output."""

    states = 2
    forget_gate = 1
    bf16_from = BF16_PAYS

    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        return {"weight_ih": (4 * h, x), "weight_hh": (4 * h, h), "bias": (4 * h,)}

    def recurrent_part(self, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
        h, c = state
        i, f, g, o = quarters(h @ parameters["weight_hh"].T + inputs)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        return h, (h, c)

    def sequence(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        import torch

        if x.device.type == "cpu" and x.dtype == torch.bfloat16:  # torch's takes longer for few rows, and rounds c
            return with_our_kernel(parameters, x, state)
        bias = parameters["bias"]
        weights = [parameters["weight_ih"], parameters["weight_hh"], bias, torch.zeros_like(bias)]
        outputs, h, c = torch.lstm(x, [part[None] for part in state], weights, True, 1, 0.0, True, False, False)
        return outputs, (h[0], c[0])

    def sequence_of_types(
        self, parameters: Mapping[str, Array], table: Array, rows: Array, state: State
    ) -> tuple[Array, State]:
        if table.device.type == "cpu" and state[0].shape[1] >= BF16_PAYS:
            return with_our_kernel(parameters, table, state, rows)
        return super().sequence_of_types(parameters, table, rows, state)


def with_our_kernel(
    parameters: Mapping[str, Array], x: Array, state: State, rows: Array | None = None
) -> tuple[Array, State]:
    """A sequence of the LSTM, with its peepholes if it has any, through `kernels.LSTMRecurrence`."""
    from seqcli.model.kernels import LSTMRecurrence

    names = ("weight_ih", "weight_hh", "bias")
    given = (*(parameters[name] for name in names), parameters.get("peephole"))
    outputs, c_last = LSTMRecurrence.apply(x, rows, *state, *given)  # type: ignore[no-untyped-call]
    return outputs, (outputs[-1], c_last)


CELL = LSTM()
