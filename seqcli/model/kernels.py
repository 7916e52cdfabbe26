"""Recurrent layers over whole sequences as autograd functions of our own, where torch has no fused kernel.

A plain autograd loop, which is also what torch has for the GRU on a CPU, forms the weight gradients with one product a
step. Here the pre-activation gradients of all steps are kept, and each weight gradient is one product; so are the
products with the inputs. The formulas are those of `cells.py`.

Shapes, time first: x (time, batch, input), states h0 and c0 (batch, hidden), outputs (time, batch, hidden).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from seqcli.model.cells import quarters


class SimpleRecurrence(torch.autograd.Function):
    """h_t = tanh([h_{t-1}, x_t] W + b) over all steps."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h0: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        time, batch, _ = x.shape
        size = h0.shape[1]
        w_h, w_x = weight[:size], weight[size:]
        # the products with x of all steps are one product; it becomes the buffer the states are formed in
        outputs = torch.addmm(bias, x.reshape(time * batch, -1), w_x).view(time, batch, size)
        h = h0
        for t in range(time):
            h = outputs[t].addmm_(h, w_h).tanh_()
        ctx.save_for_backward(x, h0, weight, outputs)
        return outputs

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, h0, weight, outputs = ctx.saved_tensors
        time, batch, size = outputs.shape
        w_h, w_x = weight[:size].t(), weight[size:].t()
        delta = outputs.square().neg_().add_(1)  # 1 - tanh²; becomes the gradient before tanh
        flowing = grad[-1]
        for t in range(time - 1, -1, -1):
            delta[t].mul_(flowing)
            if t:
                flowing = torch.addmm(grad[t - 1], delta[t], w_h)
        flat = delta.view(time * batch, size)
        previous = torch.cat((h0[None], outputs[:-1])).view(time * batch, size)
        grad_weight = torch.cat((previous.t() @ flat, x.reshape(time * batch, -1).t() @ flat))
        grad_x = (flat @ w_x).view_as(x) if ctx.needs_input_grad[0] else None
        grad_h0 = delta[0] @ w_h if ctx.needs_input_grad[1] else None
        return grad_x, grad_h0, grad_weight, flat.sum(0)


class GatedRecurrence(torch.autograd.Function):
    """The gated recurrent unit of `cells.gru_step` over all steps."""

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


class PeepholeRecurrence(torch.autograd.Function):
    """The peephole LSTM of `cells.peephole_lstm_step` over all steps; returns the outputs and the last c."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        h0: Tensor,
        c0: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        peephole: Tensor,
    ) -> tuple[Tensor, Tensor]:
        time, batch, _ = x.shape
        size = h0.shape[1]
        # one buffer holds the pre-activations of all steps and is turned into the gates in place
        gates = torch.addmm(bias, x.reshape(time * batch, -1), weight_ih.t()).view(time, batch, 4 * size)
        outputs, cells = x.new_empty(time, batch, size), x.new_empty(time, batch, size)
        tanh_cells = x.new_empty(time, batch, size)
        p_i, p_f, p_o = peephole
        p_if = torch.cat((p_i, p_f))
        w_hh = weight_hh.t()
        h, c = h0, c0
        for t in range(time):
            a = gates[t].addmm_(h, w_hh)
            i, f, g, o = quarters(a)
            a[:, : 2 * size].add_(p_if * c.repeat(1, 2)).sigmoid_()
            g.tanh_()
            c = torch.mul(f, c, out=cells[t]).addcmul_(i, g)
            o.addcmul_(p_o, c).sigmoid_()
            h = torch.mul(o, torch.tanh(c, out=tanh_cells[t]), out=outputs[t])
        ctx.save_for_backward(x, h0, c0, weight_ih, weight_hh, peephole, gates, cells, tanh_cells, outputs)
        return outputs, cells[-1].clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor, grad_c_last: Tensor) -> tuple[Tensor | None, ...]:
        x, h0, c0, weight_ih, weight_hh, peephole, gates, cells, tanh_cells, outputs = ctx.saved_tensors
        time, batch, size = outputs.shape
        p_i, p_f, p_o = peephole
        before = torch.cat((c0[None], cells[:-1]))
        delta = torch.empty_like(gates)
        dh, dc = grad[-1], grad_c_last
        for t in range(time - 1, -1, -1):
            dc = _through_gates(gates[t], tanh_cells[t], before[t], dh, dc, delta[t], (p_i, p_f, p_o))
            dh = delta[t] @ weight_hh if t == 0 else torch.addmm(grad[t - 1], delta[t], weight_hh)
        flat = delta.view(time * batch, 4 * size)
        previous = torch.cat((h0[None], outputs[:-1])).view(time * batch, size)
        d_i, d_f, _, d_o = quarters(delta)
        grad_peephole = torch.stack([(d_i * before).sum((0, 1)), (d_f * before).sum((0, 1)), (d_o * cells).sum((0, 1))])
        grad_x = (flat @ weight_ih).view_as(x) if ctx.needs_input_grad[0] else None
        grad_weight_ih = flat.t() @ x.reshape(time * batch, -1)
        return grad_x, dh, dc, grad_weight_ih, flat.t() @ previous, flat.sum(0), grad_peephole


class MogrifierRecurrence(torch.autograd.Function):
    """The mogrifier LSTM of `cells.mogrifier_lstm_step` over all steps; returns the outputs and the last c.

    `weight` (4 · hidden, input + hidden) is that from x and that from h side by side. What a round reads is the side
    (x or h) that it does not change; both are kept as they are after each round.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h0: Tensor, c0: Tensor, weight: Tensor, bias: Tensor, *rounds: Tensor
    ) -> tuple[Tensor, Tensor]:
        time, batch, inputs = x.shape
        size = h0.shape[1]
        turned = [matrix.t() for matrix in rounds]
        w = weight.t()
        scales = [x.new_empty(time, batch, len(matrix)) for matrix in rounds]  # 2 σ(…)
        seen = [torch.empty_like(scale) for scale in scales]
        both = x.new_empty(time, batch, inputs + size)  # what the LSTM is given
        gates, cells = x.new_empty(time, batch, 4 * size), x.new_empty(time, batch, size)
        tanh_cells, outputs = torch.empty_like(cells), torch.empty_like(cells)
        h, c = h0, c0
        for t in range(time):
            sides = [h, x[t]]
            for n, matrix in enumerate(turned):
                scale = torch.mm(sides[n % 2], matrix, out=scales[n][t]).sigmoid_().mul_(2)
                sides[1 - n % 2] = torch.mul(scale, sides[1 - n % 2], out=seen[n][t])
            torch.cat((sides[1], sides[0]), 1, out=both[t])
            a = torch.addmm(bias, both[t], w, out=gates[t])
            i, f, g, o = quarters(a)
            a[:, : 2 * size].sigmoid_()
            g.tanh_()
            o.sigmoid_()
            c = torch.mul(f, c, out=cells[t]).addcmul_(i, g)
            h = torch.mul(o, torch.tanh(c, out=tanh_cells[t]), out=outputs[t])
        ctx.save_for_backward(x, h0, c0, weight, both, gates, cells, tanh_cells, outputs, *rounds, *scales, *seen)
        return outputs, cells[-1].clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor, grad_c_last: Tensor) -> tuple[Tensor | None, ...]:
        x, h0, c0, weight, both, gates, cells, tanh_cells, outputs, *rest = ctx.saved_tensors
        count = len(rest) // 3
        rounds, scales, seen = rest[:count], rest[count : 2 * count], rest[2 * count :]
        time, batch, inputs = x.shape
        size = h0.shape[1]
        h_before, c_before = torch.cat((h0[None], outputs[:-1])), torch.cat((c0[None], cells[:-1]))
        sides = [[h_before, *seen[1::2]], [x, *seen[0::2]]]  # each before and after the rounds that change it
        delta, grad_x = torch.empty_like(gates), torch.empty_like(x)
        deltas = [torch.empty_like(scale) for scale in scales]
        dh, dc = grad[-1], grad_c_last
        for t in range(time - 1, -1, -1):
            dc = _through_gates(gates[t], tanh_cells[t], c_before[t], dh, dc, delta[t])
            d_both = delta[t] @ weight
            d_sides = [d_both[:, inputs:], d_both[:, :inputs]]
            for n in range(count - 1, -1, -1):
                read, changed, scale = n % 2, 1 - n % 2, scales[n][t]
                before = sides[changed][n // 2][t]
                # the slope of s = 2 σ(v) is s (1 - s / 2)
                torch.mul(d_sides[changed], before, out=deltas[n][t]).mul_(scale).mul_(1 - scale / 2)
                d_sides[changed] = d_sides[changed] * scale
                d_sides[read] = torch.addmm(d_sides[read], deltas[n][t], rounds[n])
            grad_x[t] = d_sides[1]
            dh = d_sides[0] + grad[t - 1] if t else d_sides[0]
        flat = delta.view(time * batch, 4 * size)
        grad_rounds = [deltas[n].flatten(0, 1).t() @ sides[n % 2][(n + 1) // 2].flatten(0, 1) for n in range(count)]
        return grad_x, dh, dc, flat.t() @ both.view(time * batch, -1), flat.sum(0), *grad_rounds


def _through_gates(
    gates: Tensor,
    tanh_c: Tensor,
    before: Tensor,
    dh: Tensor,
    dc: Tensor,
    delta: Tensor,
    peephole: tuple[Tensor, Tensor, Tensor] | None = None,
) -> Tensor:
    """Back through one step of an LSTM: from the gradients dh, dc of its h and c (batch, hidden) to those of its
    pre-activations, put into `delta` (batch, 4 · hidden), and of the c `before`, which is given back."""
    i, f, g, o = quarters(gates)
    d_i, d_f, d_g, d_o = quarters(delta)
    # σ' = σ (1 - σ), tanh' = 1 - tanh²
    torch.mul(dh, tanh_c, out=d_o).mul_(o).mul_(1 - o)
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    if peephole is not None:
        dc = dc + d_o * peephole[2]
    torch.mul(dc, g, out=d_i).mul_(i).mul_(1 - i)
    torch.mul(dc, before, out=d_f).mul_(f).mul_(1 - f)
    torch.mul(dc, i, out=d_g).mul_(1 - g * g)
    dc_before: Tensor = dc * f
    if peephole is not None:
        dc_before = dc_before + d_i * peephole[0] + d_f * peephole[1]
    return dc_before
