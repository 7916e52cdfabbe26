"""Mogrifier LSTM (Melis et al. 2020): x_t and h_{t-1} scale one another in turn before an LSTM's step.

Odd rounds: x ← 2 σ(Q h) ⊙ x; even rounds: h ← 2 σ(R x) ⊙ h; round n has the matrix `mogrify_n`.
"""

from __future__ import annotations

from collections.abc import Mapping

from seqcli.model.arrays import Array, State, identity, sigmoid
from seqcli.model.cells import lstm
from seqcli.model.cells.cell import Cell

ROUNDS = 5  # the number that Melis et al. found best and kept


class MogrifierLSTM(Cell):
    """4 ((h + x)·h + h) + 5 x·h parameters; the gates are input, forget, candidate, output."""

    states = 2
    forget_gate = 1

    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        rounds = {f"mogrify_{n}": (x, h) if n % 2 else (h, x) for n in range(1, ROUNDS + 1)}
        return {"weight_ih": (4 * h, x), "weight_hh": (4 * h, h), "bias": (4 * h,), **rounds}

    def input_part(self, parameters: Mapping[str, Array], x: Array) -> Array:
        """x itself: it is changed before any product."""
        return x

    def input_weight(self, parameters: Mapping[str, Array]) -> Array:
        return identity(parameters["weight_ih"].shape[1], parameters["weight_ih"])

    def recurrent_part(self, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
        x, (h, c) = inputs, state
        for number in range(1, ROUNDS + 1):
            matrix = parameters[f"mogrify_{number}"].T
            if number % 2:
                x = 2 * sigmoid(h @ matrix) * x
            else:
                h = 2 * sigmoid(x @ matrix) * h
        return lstm.CELL.recurrent_part(parameters, lstm.CELL.input_part(parameters, x), (h, c))

    def sequence(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        import torch

        from seqcli.model.kernels import MogrifierRecurrence

        rounds = [parameters[f"mogrify_{number}"] for number in range(1, ROUNDS + 1)]
        weight = torch.cat((parameters["weight_ih"], parameters["weight_hh"]), dim=1)
        outputs, c_last = MogrifierRecurrence.apply(x, *state, weight, parameters["bias"], *rounds)  # type: ignore[no-untyped-call]
        return outputs, (outputs[-1], c_last)

    def divide_inputs(self, parameters: dict[str, Array], divisor: float) -> None:
        parameters["weight_ih"] /= divisor
        for number in range(2, ROUNDS + 1, 2):  # the other rounds scale x, whatever its length
            parameters[f"mogrify_{number}"] /= divisor


CELL = MogrifierLSTM()
