"""minGRU (Feng et al. 2024): z = σ(W_z x + b_z), k = 1 - z."""

from __future__ import annotations

from seqcli.model.arrays import Array, positive, sigmoid
from seqcli.model.cells.minimal import MinimalCell


class MinGRU(MinimalCell):
    """2 (x·h + h) parameters; the gates are update, candidate."""

    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        return {"weight_ih": (2 * h, x), "bias": (2 * h,)}

    def gates(self, gates: Array) -> tuple[Array, Array]:
        size = gates.shape[-1] // 2
        return sigmoid(-gates[..., :size]), positive(gates[..., -size:])


CELL = MinGRU()
