"""The recurrence h_t = k_t ⊙ h_{t-1} + (1 - k_t) ⊙ u_t over a whole sequence, forward and backward.

It is what is left of a recurrent layer whose gates do not see the state. No logarithm and no division takes part, and
products of shares k in [0, 1] can only fade: nothing overflows, whatever the gates say.

On a CPU one fused elementwise operation a step is quickest, since it touches every number once. An accelerator is kept
waiting by so many small operations: there the steps are joined in pairs, pairs of pairs and so on, ⌈log₂ time⌉ rounds
over the whole array (Hillis & Steele 1986). Shapes: k, u (time, batch, hidden), h_0 (batch, hidden).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def scan(keep: Tensor, candidate: Tensor, start: Tensor) -> Tensor:
    """All states h_1 … h_time, (time, batch, hidden), from k, u and h_0."""
    return _Scan.apply(keep, candidate, start)  # type: ignore[no-untyped-call]


def stepwise(keep: Tensor, added: Tensor, start: Tensor) -> Tensor:
    """h_t = k_t ⊙ h_{t-1} + v_t, one step after the other: k, v (time, batch, hidden)."""
    states = torch.empty_like(added)
    h = start
    for k, v, out in zip(keep, added, states, strict=True):
        h = torch.addcmul(v, k, h, out=out)
    return states


def doubling(keep: Tensor, added: Tensor, start: Tensor) -> Tensor:
    """As `stepwise`, in ⌈log₂ time⌉ rounds: after round n, (k, v) take h from 2ⁿ steps back to each step."""
    states = torch.cat((torch.addcmul(added[:1], keep[:1], start[None]), added[1:]))
    reach = 1
    while reach < len(states):
        states = torch.cat((states[:reach], torch.addcmul(states[reach:], keep[reach:], states[:-reach])))
        if 2 * reach < len(states):
            keep = torch.cat((keep[:reach], keep[reach:] * keep[:-reach]))
        reach *= 2
    return states


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, keep: Tensor, candidate: Tensor, start: Tensor) -> Tensor:
        if keep.device.type == "cpu":
            states = torch.empty_like(candidate)
            h = start
            for k, u, out in zip(keep, candidate, states, strict=True):
                h = torch.lerp(u, h, k, out=out)
        else:
            states = doubling(keep, (1 - keep) * candidate, start)
        ctx.save_for_backward(keep, candidate, start, states)
        return states

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        keep, candidate, start, states = ctx.saved_tensors
        # what reaches h_t: its own gradient, and k_{t+1} of what reaches h_{t+1}: a scan that runs backward
        later = torch.cat((keep[1:], keep.new_zeros(1, *keep.shape[1:]))).flip(0)
        run = stepwise if keep.device.type == "cpu" else doubling
        reached = run(later, grad.flip(0), torch.zeros_like(start)).flip(0)
        before = torch.cat((start[None], states[:-1]))
        return reached * (before - candidate), reached * (1 - keep), reached[0] * keep[0]
