"""minLSTM (Feng et al. 2024): f, i = σ(W x + b), normalised to k = f / (f + i)."""

from __future__ import annotations

from seqcli.model.arrays import Array, log_sigmoid, positive, sigmoid
from seqcli.model.cells.minimal import MinimalCell


class MinLSTM(MinimalCell):
    """3 (x·h + h) parameters; the gates are input, forget, candidate."""

    forget_gate = 1

    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        return {"weight_ih": (3 * h, x), "bias": (3 * h,)}

    def gates(self, gates: Array) -> tuple[Array, Array]:
        size = gates.shape[-1] // 3
        # f / (f + i) = σ(log f - log i), which does not divide 0 by 0 when both gates are shut
        keep = sigmoid(log_sigmoid(gates[..., size : 2 * size]) - log_sigmoid(gates[..., :size]))
        return keep, positive(gates[..., -size:])


CELL = MinLSTM()
