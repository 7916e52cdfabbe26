"""Gated recurrent unit (Cho et al. 2014), the reset gate applied after the product, as fused kernels have it.

r, z = σ(W x_t + U h_{t-1} + b); n = tanh(W_n x_t + b_n + r ⊙ (U_n h_{t-1} + b'_n)); h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}.
"""

from __future__ import annotations

from collections.abc import Mapping

from seqcli.model.arrays import Array, State, product, sigmoid, tanh
from seqcli.model.cells.cell import Cell


class GRU(Cell):
    """3 ((h + x)·h + 2 h) parameters; the gates are reset, update, candidate."""

    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        return {"weight_ih": (3 * h, x), "weight_hh": (3 * h, h), "bias_ih": (3 * h,), "bias_hh": (3 * h,)}

    def input_part(self, parameters: Mapping[str, Array], x: Array) -> Array:
        return product(x, self.input_weight(parameters)) + parameters["bias_ih"]

    def recurrent_part(self, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
        (h,) = state
        size = h.shape[-1]
        from_h = h @ parameters["weight_hh"].T + parameters["bias_hh"]
        gates = sigmoid(inputs[..., : 2 * size] + from_h[..., : 2 * size])
        r, z = gates[..., :size], gates[..., size:]
        n = tanh(inputs[..., 2 * size :] + r * from_h[..., 2 * size :])
        h = n + z * (h - n)
        return h, (h,)

    def sequence(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        import torch

        from seqcli.model.kernels import GatedRecurrence

        weights = [parameters[name] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        if x.device.type == "cpu":
            outputs = GatedRecurrence.apply(x, state[0], *weights)  # type: ignore[no-untyped-call]
            return outputs, (outputs[-1],)
        outputs, h = torch.gru(x, state[0][None], weights, True, 1, 0.0, True, False, False)
        return outputs, (h[0],)


CELL = GRU()
