"""What minGRU and minLSTM (Feng et al. 2024) have in common: gates that see x_t alone.

h_t = k ⊙ h_{t-1} + (1 - k) ⊙ h̃. The candidate is h̃ = g(W x + b) with g(v) = v + 1/2 for v ≥ 0 and σ(v) below, as in
the log-space form (appendix B) that the paper's experiments use: with h̃ = W x + b alone the layer would be linear in
its candidates.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from seqcli.model.arrays import Array, State
from seqcli.model.cells.cell import Cell


class MinimalCell(Cell):
    """A cell whose gates do not see the state: a scan."""

    recurrent = None

    @abstractmethod
    def gates(self, gates: Array) -> tuple[Array, Array]:
        """(…, gates · hidden) before any nonlinearity -> the share k of the old state that is kept, and h̃."""

    def recurrent_part(self, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
        (h,) = state
        keep, candidate = self.gates(inputs)
        h = candidate + keep * (h - candidate)
        return h, (h,)

    def sequence(self, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
        import torch

        from seqcli.model.scan import scan

        gates = torch.nn.functional.linear(x, parameters["weight_ih"], parameters["bias"])
        # a share kept that is near 1 and an h that adds up small parts need more digits than bf16 has
        wide = torch.promote_types(x.dtype, torch.float32)
        keep, candidate = self.gates(gates.to(wide))
        outputs = scan(keep, candidate, state[0].to(wide)).to(x.dtype)
        return outputs, (outputs[-1],)
