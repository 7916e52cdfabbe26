"""The GRU over whole sequences on a processor, forward and backward.

What torch has there is a plain autograd loop, which forms the weight gradients with one product a step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class GatedRecurrence(torch.autograd.Function):
    """The gated recurrent unit of `cells.gru_step` over all steps, with the parameters of torch's layer.

    x (time, batch, input), h0 (batch, hidden) -> outputs (time, batch, hidden).
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h0: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
    ) -> Tensor:
        time, batch, _ = x.shape
        size = h0.shape[1]
        # the buffer holds the input's part of all steps and is turned into reset, update and candidate in place
        gates = torch.addmm(bias_ih, x.reshape(time * batch, -1), weight_ih.t()).view(time, batch, 3 * size)
        inner, outputs = x.new_empty(time, batch, size), x.new_empty(time, batch, size)
        recurrent, w = x.new_empty(batch, 3 * size), weight_hh.t()
        h = h0
        for t in range(time):
            torch.addmm(bias_hh, h, w, out=recurrent)
            both, n = gates[t, :, : 2 * size], gates[t, :, 2 * size :]
            both.add_(recurrent[:, : 2 * size]).sigmoid_()
            inner[t].copy_(recurrent[:, 2 * size :])
            n.addcmul_(both[:, :size], inner[t]).tanh_()
            h = torch.lerp(n, h, both[:, size:], out=outputs[t])
        ctx.save_for_backward(x, h0, weight_ih, weight_hh, gates, inner, outputs)
        return outputs

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, h0, weight_ih, weight_hh, gates, inner, outputs = ctx.saved_tensors
        time, batch, size = outputs.shape
        delta = torch.empty_like(gates)  # gradients before the gates, as the recurrent side sees them
        candidate = torch.empty_like(outputs)  # the candidate's as the input sees it
        flowing, kept, part = grad[-1].clone(), torch.empty_like(h0), torch.empty_like(h0)
        for t in range(time - 1, -1, -1):
            r, z, n = gates[t].view(batch, 3, size).unbind(1)
            d_r, d_z, d_n = delta[t].view(batch, 3, size).unbind(1)
            before = outputs[t - 1] if t else h0
            # σ' = σ (1 - σ), tanh' = 1 - tanh²
            torch.mul(flowing, z, out=kept)
            d = torch.sub(flowing, kept, out=candidate[t])
            d.addcmul_(torch.mul(d, n, out=part), n, value=-1)
            torch.mul(d, r, out=d_n)
            torch.mul(d_n, inner[t], out=part)
            torch.addcmul(part, part, r, value=-1, out=d_r)
            torch.sub(before, n, out=part).mul_(kept)
            torch.addcmul(part, part, z, value=-1, out=d_z)
            if t:
                kept.add_(grad[t - 1])
            torch.addmm(kept, delta[t], weight_hh, out=flowing)
        flat = delta.view(time * batch, 3 * size)
        ones = flat.new_ones(1, time * batch)
        previous = torch.cat((h0[None], outputs[:-1])).view(time * batch, size)
        grad_hh, grad_bias_hh = flat.t() @ previous, (ones @ flat)[0]
        delta[:, :, 2 * size :] = candidate
        grad_x = (flat @ weight_ih).view_as(x) if ctx.needs_input_grad[0] else None
        # in this order: few inputs make the other one slow
        grad_ih = (x.reshape(time * batch, -1).t() @ flat).t()
        return grad_x, flowing if ctx.needs_input_grad[1] else None, grad_ih, grad_hh, (ones @ flat)[0], grad_bias_hh
