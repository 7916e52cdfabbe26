"""The loops over time of `kernels.py` and `crf.py`, one step of a recurrence after the other.

A step is a dozen operations of some microseconds each. Run from Python, threads that learn from parts of a batch wait
for the interpreter's lock between these, for about as long as the operations take. So the loops are TorchScript:
torch's own interpreter runs them, without that lock and to the same bits (`benchmarks/tried.md`).

Time comes first: gates (time, batch, n · hidden), states and outputs (time, batch, hidden). Weights are `laid_out`.
`gates` come with the input's part of all steps and are turned into what is after the activations in place; arguments
called `outputs`, `cells`, … are filled.
"""

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqcli.model.products import has_onednn, multiply


def simple_forward(states: Tensor, h: Tensor, weight: Tensor) -> None:
    """The simple cell; `states` come as the input's part and bias and become the states, h is in the products' type."""
    for t in range(states.size(0)):
        h = states[t].add_(multiply(h, weight)).tanh_().to(h.dtype)


def simple_backward(slopes: Tensor, grad: Tensor, weight: Tensor, delta: Tensor) -> None:
    """Fills `delta`, the gradients before tanh, from those of the outputs and the slopes 1 - tanh²."""
    flowing = grad[-1]
    for t in range(delta.size(0) - 1, -1, -1):
        torch.mul(slopes[t], flowing, out=delta[t])
        if t > 0:
            flowing = multiply(delta[t], weight).add_(grad[t - 1])


def gru_forward(gates: Tensor, inner: Tensor, states: Tensor, weight: Tensor, bias: Tensor, like: Tensor) -> None:
    """`states` (1 + time, batch, hidden) begin with the first; `inner` is what the reset gate lets through or not;
    products are in the type of `like`."""
    size = inner.size(2)
    for t in range(inner.size(0)):
        recurrent = torch.add(multiply(states[t].to(like.dtype), weight), bias)
        both, n = gates[t, :, : 2 * size], gates[t, :, 2 * size :]
        both.add_(recurrent[:, : 2 * size]).sigmoid_()
        inner[t].copy_(recurrent[:, 2 * size :])
        n.addcmul_(both[:, :size], inner[t]).tanh_()
        torch.lerp(n, states[t], both[:, size:], out=states[t + 1])


def gru_backward(
    gates: Tensor, inner: Tensor, states: Tensor, grad: Tensor, weight: Tensor, delta: Tensor, candidate: Tensor
) -> Tensor:
    """Fills `delta`, the gradients before the gates as the recurrent side sees them, and `candidate`, the candidate's
    as the input sees it; gives that of the first state."""
    batch, size = inner.size(1), inner.size(2)
    flowing, kept, part = grad[-1], torch.empty_like(inner[0]), torch.empty_like(inner[0])
    for t in range(inner.size(0) - 1, -1, -1):
        r, z, n = gates[t].view(batch, 3, size).unbind(1)
        d_r, d_z, d_n = delta[t].view(batch, 3, size).unbind(1)
        # σ' = σ (1 - σ), tanh' = 1 - tanh²
        torch.mul(flowing, z, out=kept)
        d = torch.sub(flowing, kept, out=candidate[t])
        d.addcmul_(torch.mul(d, n, out=part), n, value=-1)
        torch.mul(d, r, out=d_n)
        torch.mul(d_n, inner[t], out=part)
        torch.addcmul(part, part, r, value=-1, out=d_r)
        torch.sub(states[t], n, out=part).mul_(kept)
        torch.addcmul(part, part, z, value=-1, out=d_z)
        if t > 0:
            kept.add_(grad[t - 1])
        flowing = torch.add(kept, multiply(delta[t], weight))
    return flowing


def lstm_forward(
    gates: Tensor,
    cells: Tensor,
    tanh_cells: Tensor,
    outputs: Tensor,
    h: Tensor,
    weight: Tensor,
    peepholes: tuple[Tensor, Tensor] | None,
) -> None:
    """`cells` (1 + time, batch, hidden) begin with the first; peepholes are those of i and f (2 · hidden,) and of o."""
    size = outputs.size(2)
    for t in range(outputs.size(0)):
        a = gates[t].add_(multiply(h, weight))
        if peepholes is not None:
            a[:, : 2 * size].addcmul_(peepholes[0], cells[t].repeat(1, 2))
        a[:, : 2 * size].sigmoid_()
        g, o = a[:, 2 * size : 3 * size].tanh_(), a[:, 3 * size :]
        c = torch.mul(a[:, size : 2 * size], cells[t], out=cells[t + 1]).addcmul_(a[:, :size], g)
        if peepholes is not None:
            o.addcmul_(peepholes[1], c)
        h = torch.mul(o.sigmoid_(), torch.tanh(c, out=tanh_cells[t]), out=outputs[t])


def lstm_backward(
    slopes: tuple[Tensor, Tensor, Tensor, Tensor], grad: Tensor, dc: Tensor, weight: Tensor, delta: Tensor
) -> tuple[Tensor, Tensor]:
    """Fills `delta`, the gradients before the gates; gives those of the first h and c. dc is that of the last c."""
    dh = grad[-1]
    for t in range(delta.size(0) - 1, -1, -1):
        dc = lstm_gates_backward(slopes, t, dh, dc, delta[t])
        dh = multiply(delta[t], weight)
        if t > 0:
            dh = dh.add_(grad[t - 1])
    return dh, dc


def lstm_gates_backward(
    slopes: tuple[Tensor, Tensor, Tensor, Tensor], t: int, dh: Tensor, dc: Tensor, delta: Tensor
) -> Tensor:
    """From the gradients of h and c (batch, hidden) of step t to those of its pre-activations, put into `delta`
    (batch, 4 · hidden), and to that of the c before, which is given back.

    `slopes` are what the flowing gradients are multiplied with: those of the pre-activations of i, f and g by c
    (time, batch, 3, hidden), of o by h, of c by h, of c by the c before (`kernels.lstm_slopes`).
    """
    by_c, by_h, c_by_h, c_by_c = slopes
    before = delta.view(dc.size(0), 4, dc.size(1))
    dc = torch.addcmul(dc, dh, c_by_h[t])
    torch.mul(by_c[t], dc[:, None], out=before[:, :3])
    torch.mul(by_h[t], dh, out=before[:, 3])
    return dc.mul_(c_by_c[t])


def crf_forward(
    weights: Tensor, first: Tensor, pairs: Tensor, active: list[int], tiny: float, forward: Tensor, sums: Tensor
) -> None:
    """Fills `forward` (time, batch, labels), probabilities scaled by their sums (time, batch); `active` are the
    sentences that a step still has."""
    for t, count in enumerate(active):
        alpha = forward[t, :count]
        if t > 0:
            torch.mm(forward[t - 1, :count], pairs, out=alpha)
            alpha.mul_(weights[t, :count])
        else:
            torch.mul(first, weights[0], out=alpha)
        torch.sum(alpha, 1, out=sums[t, :count])
        alpha.div_(sums[t, :count].clamp_(min=tiny)[:, None])


def crf_backward(onward: Tensor, pairs: Tensor, active: list[int], huge: float, backward: Tensor) -> None:
    """Fills `backward` (time, batch, labels), what comes after a step, but for the sentences' last steps, which it has;
    `onward` comes as what a step has of its own and becomes what comes from it on."""
    turned = pairs.t()
    for t in range(len(active) - 1, 0, -1):
        count = active[t]
        onward[t, count:] = 0
        arriving = onward[t, :count].mul_(backward[t, :count]).clamp_(max=huge)
        torch.mm(arriving, turned, out=backward[t - 1, :count])


_ONE_AT_A_TIME = threading.Lock()  # the filters of warnings are those of all threads


@functools.cache
def without_lock(loop: Callable[..., Any]) -> Callable[..., Any]:
    """The loop as TorchScript; as it is where torch lacks oneDNN, which `multiply` names."""
    if not has_onednn():
        return loop
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what is to replace it needs a C++ compiler at hand
        compiled: Callable[..., Any] = torch.jit.script(loop)
        return compiled
