"""Recurrent layers over whole sequences as autograd functions of our own, where torch has no fused kernel.

A plain autograd loop, which is also what torch has for the GRU on a CPU, forms the weight gradients with one product a
step. Here the pre-activation gradients of all steps are kept, and each weight gradient is one product; so are the
products with the inputs. The products that remain, one a step, meet a weight that is laid out for them, in the loops
of `loops.py`. The formulas are those of `cells/`.

Only products and outputs are in x's type: gates and states are in fp32 at least, since bf16 has no numbers between a
forget gate of 0.996 and one of 1.

Shapes, time first: x (time, batch, input), states h0 and c0 (batch, hidden), outputs (time, batch, hidden).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqcli.model import loops
from seqcli.model.arrays import quarters
from seqcli.model.loops import without_lock
from seqcli.model.products import laid_out, multiply


class SimpleRecurrence(torch.autograd.Function):
    """h_t = tanh([h_{t-1}, x_t] W + b) over all steps."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h0: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        time, batch, _ = x.shape
        size = h0.shape[1]
        # the products with x of all steps are one product; it becomes the buffer the states are formed in
        states = _wide_product(x.reshape(time * batch, -1), weight[size:].t(), bias).view(time, batch, size)
        without_lock(loops.simple_forward)(states, h0, laid_out(weight[:size].t(), batch))
        ctx.save_for_backward(x, h0, weight, states)
        return states.to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, h0, weight, states = ctx.saved_tensors
        time, batch, size = states.shape
        slopes = states.square().neg_().add_(1)  # 1 - tanh²
        delta = torch.empty_like(states, dtype=x.dtype)  # gradients before tanh
        w_h = laid_out(weight[:size], batch)
        without_lock(loops.simple_backward)(slopes, grad, w_h, delta)
        flat = delta.view(time * batch, size)
        previous = torch.cat((h0[None], states[:-1].to(x.dtype))).view(time * batch, size)
        grad_weight = torch.cat((previous.t() @ flat, x.reshape(time * batch, -1).t() @ flat))
        grad_x = (flat @ weight[size:].t()).view_as(x) if ctx.needs_input_grad[0] else None
        grad_h0 = multiply(delta[0], w_h) if ctx.needs_input_grad[1] else None
        return grad_x, grad_h0, grad_weight, flat.sum(0)


class GatedRecurrence(torch.autograd.Function):
    """The gated recurrent unit of `cells/gru.py` over all steps."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h0: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
    ) -> Tensor:
        time, batch, _ = x.shape
        size = h0.shape[1]
        wide = torch.promote_types(x.dtype, torch.float32)
        # the buffer holds the input's part of all steps and is turned into reset, update and candidate in place
        gates = _wide_product(x.reshape(time * batch, -1), weight_ih, bias_ih).view(time, batch, 3 * size)
        inner = x.new_empty(time, batch, size, dtype=wide)
        states = x.new_empty(1 + time, batch, size, dtype=wide)
        states[0] = h0
        without_lock(loops.gru_forward)(gates, inner, states, laid_out(weight_hh, batch), bias_hh.to(wide), x)
        ctx.save_for_backward(x, weight_ih, weight_hh, gates, inner, states)
        return states[1:].to(x.dtype, copy=True)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight_ih, weight_hh, gates, inner, states = ctx.saved_tensors
        time, batch, size = inner.shape
        delta = torch.empty_like(gates, dtype=x.dtype)  # gradients before the gates, as the recurrent side sees them
        candidate = torch.empty_like(inner)  # the candidate's as the input sees it
        w_hh = laid_out(weight_hh.t(), batch)
        flowing = without_lock(loops.gru_backward)(gates, inner, states, grad, w_hh, delta, candidate)
        flat = delta.view(time * batch, 3 * size)
        ones = flat.new_ones(1, time * batch)
        previous = states[:-1].to(x.dtype).view(time * batch, size)
        grad_hh, grad_bias_hh = flat.t() @ previous, (ones @ flat)[0]
        delta[:, :, 2 * size :] = candidate
        grad_x = (flat @ weight_ih).view_as(x) if ctx.needs_input_grad[0] else None
        # in this order: few inputs make the other one slow
        grad_ih = (x.reshape(time * batch, -1).t() @ flat).t()
        return grad_x, flowing if ctx.needs_input_grad[1] else None, grad_ih, grad_hh, (ones @ flat)[0], grad_bias_hh


class LSTMRecurrence(torch.autograd.Function):
    """The LSTM of `cells/lstm.py` over all steps or, given its peepholes (3, hidden), that of
    `cells/peephole_lstm.py`; returns the outputs and the last c. With `rows` (time, batch) x is a table (types, input)
    whose rows are the inputs: each is multiplied once, however often it is read."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        rows: Tensor | None,
        h0: Tensor,
        c0: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        peephole: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        time, batch = x.shape[:2] if rows is None else rows.shape
        size = h0.shape[1]
        wide = torch.promote_types(x.dtype, torch.float32)
        # one buffer holds the pre-activations of all steps and is turned into the gates in place
        gates = _wide_product(x.reshape(-1, x.shape[-1]), weight_ih, bias)
        gates = (gates if rows is None else gates[rows]).view(time, batch, 4 * size)
        outputs, tanh_cells = x.new_empty(time, batch, size), x.new_empty(time, batch, size, dtype=wide)
        cells = x.new_empty(1 + time, batch, size, dtype=wide)
        cells[0] = c0
        peepholes = None if peephole is None else (peephole[:2].reshape(2 * size).to(wide), peephole[2].to(wide))
        weight = laid_out(weight_hh, batch)
        without_lock(loops.lstm_forward)(gates, cells, tanh_cells, outputs, h0, weight, peepholes)
        ctx.save_for_backward(x, rows, h0, weight_ih, weight_hh, peephole, gates, cells, tanh_cells, outputs)
        return outputs, cells[-1].to(c0.dtype, copy=True)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, grad_c_last: Tensor) -> tuple[Tensor | None, ...]:
        x, rows, h0, weight_ih, weight_hh, peephole, gates, cells, tanh_cells, outputs = ctx.saved_tensors
        time, batch, size = outputs.shape
        slopes = lstm_slopes(gates, cells, tanh_cells, peephole)
        delta = torch.empty_like(gates, dtype=x.dtype)
        weight = laid_out(weight_hh.t(), batch)
        dh, dc = without_lock(loops.lstm_backward)(slopes, grad, grad_c_last.to(cells.dtype), weight, delta)
        flat = delta.view(time * batch, 4 * size)
        grad_hh = flat.t() @ torch.cat((h0[None], outputs[:-1])).view(time * batch, size)
        by_input = flat if rows is None else functional.one_hot(rows.flatten(), len(x)).t().to(x.dtype) @ flat
        grad_ih = by_input.t() @ x.reshape(len(by_input), -1)
        grad_x = (by_input @ weight_ih).view_as(x) if ctx.needs_input_grad[0] else None
        grad_peephole = None
        if peephole is not None:
            d_i, d_f, _, d_o = quarters(delta)
            seen = ((d_i, cells[:-1]), (d_f, cells[:-1]), (d_o, cells[1:]))
            grad_peephole = torch.stack([(d * c).sum((0, 1)) for d, c in seen])
        return grad_x, None, dh, dc, grad_ih, grad_hh, flat.sum(0), grad_peephole


class MogrifierRecurrence(torch.autograd.Function):
    """The mogrifier LSTM of `cells/mogrifier_lstm.py` over all steps; returns the outputs and the last c. `weight` (4 ·
    hidden, input + hidden) is that from x and that from h side by side. What a round reads is the side (x or h) that it
    does not change; both are kept as they are after each round."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h0: Tensor, c0: Tensor, weight: Tensor, bias: Tensor, *rounds: Tensor
    ) -> tuple[Tensor, Tensor]:
        time, batch, inputs = x.shape
        size = h0.shape[1]
        wide = torch.promote_types(x.dtype, torch.float32)
        readers = [laid_out(matrix, batch) for matrix in rounds]
        weight_out, wide_bias = laid_out(weight, batch), bias.to(wide)
        scales = [x.new_empty(time, batch, len(matrix)) for matrix in rounds]  # 2 σ(…)
        seen = [torch.empty_like(scale) for scale in scales]
        both = x.new_empty(time, batch, inputs + size)  # what the LSTM is given
        gates = x.new_empty(time, batch, 4 * size, dtype=wide)
        outputs, tanh_cells = x.new_empty(time, batch, size), x.new_empty(time, batch, size, dtype=wide)
        cells = x.new_empty(1 + time, batch, size, dtype=wide)
        cells[0] = c0
        h = h0
        for t in range(time):
            sides = [h, x[t]]
            for n, reader in enumerate(readers):
                scale = torch.sigmoid(multiply(sides[n % 2], reader), out=scales[n][t]).mul_(2)
                sides[1 - n % 2] = torch.mul(scale, sides[1 - n % 2], out=seen[n][t])
            torch.cat((sides[1], sides[0]), 1, out=both[t])
            a = torch.add(multiply(both[t], weight_out), wide_bias, out=gates[t])
            i, f, g, o = quarters(a)
            a[:, : 2 * size].sigmoid_()
            g.tanh_()
            o.sigmoid_()
            c = torch.mul(f, cells[t], out=cells[t + 1]).addcmul_(i, g)
            h = torch.mul(o, torch.tanh(c, out=tanh_cells[t]), out=outputs[t])
        ctx.save_for_backward(x, h0, weight, both, gates, cells, tanh_cells, outputs, *rounds, *scales, *seen)
        return outputs, cells[-1].to(c0.dtype, copy=True)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, grad_c_last: Tensor) -> tuple[Tensor | None, ...]:
        x, h0, weight, both, gates, cells, tanh_cells, outputs, *rest = ctx.saved_tensors
        count = len(rest) // 3
        rounds, scales, seen = rest[:count], rest[count : 2 * count], rest[2 * count :]
        time, batch, inputs = x.shape
        size = h0.shape[1]
        readers = [laid_out(matrix.t(), batch) for matrix in rounds]
        weight_out = laid_out(weight.t(), batch)
        h_before = torch.cat((h0[None], outputs[:-1]))
        sides = [[h_before, *seen[1::2]], [x, *seen[0::2]]]  # each before and after the rounds that change it
        slopes = lstm_slopes(gates, cells, tanh_cells)
        delta, grad_x = torch.empty_like(gates, dtype=x.dtype), torch.empty_like(x)
        deltas = [torch.empty_like(scale) for scale in scales]
        dh, dc = grad[-1], grad_c_last.to(cells.dtype)
        for t in range(time - 1, -1, -1):
            dc = loops.lstm_gates_backward(slopes, t, dh, dc, delta[t])
            d_both = multiply(delta[t], weight_out)
            d_sides = [d_both[:, inputs:], d_both[:, :inputs]]
            for n in range(count - 1, -1, -1):
                read, changed, scale = n % 2, 1 - n % 2, scales[n][t]
                before = sides[changed][n // 2][t]
                # the slope of s = 2 σ(v) is s (1 - s / 2)
                torch.mul(d_sides[changed], before, out=deltas[n][t]).mul_(scale).mul_(1 - scale / 2)
                d_sides[changed] = d_sides[changed] * scale
                d_sides[read] = d_sides[read] + multiply(deltas[n][t], readers[n])
            grad_x[t] = d_sides[1]
            dh = d_sides[0] + grad[t - 1] if t else d_sides[0]
        flat = delta.view(time * batch, 4 * size)
        grad_rounds = [deltas[n].flatten(0, 1).t() @ sides[n % 2][(n + 1) // 2].flatten(0, 1) for n in range(count)]
        return grad_x, dh, dc, flat.t() @ both.view(time * batch, -1), flat.sum(0), *grad_rounds


def lstm_slopes(
    gates: Tensor, cells: Tensor, tanh_cells: Tensor, peephole: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What `loops.lstm_gates_backward` multiplies the flowing gradients with, formed for all steps at once. gates
    (time, batch, 4 · hidden) after their activations, cells (1 + time, batch, hidden) from the first state on,
    tanh_cells (time, batch, hidden), peephole (3, hidden)."""
    time, batch, size = tanh_cells.shape
    i, f, g, o = quarters(gates)
    # σ' = σ (1 - σ), tanh' = 1 - tanh²
    slopes = gates.square().view(time, batch, 4, size)
    d_i, d_f, d_g, d_o = slopes.unbind(2)
    torch.sub(i, d_i, out=d_i).mul_(g)
    torch.sub(f, d_f, out=d_f).mul_(cells[:-1])
    d_g.neg_().add_(1).mul_(i)
    torch.sub(o, d_o, out=d_o).mul_(tanh_cells)
    c_by_h, c_by_c = tanh_cells.square().neg_().add_(1).mul_(o), f
    if peephole is not None:
        c_by_h.addcmul_(d_o, peephole[2])
        c_by_c = f.addcmul(d_i, peephole[0]).addcmul_(d_f, peephole[1])
    return slopes[:, :, :3], d_o, c_by_h, c_by_c


def _wide_product(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x @ weightᵀ + bias, the product in x's type, the sum in fp32 at least."""
    wide = torch.promote_types(x.dtype, torch.float32)
    if x.dtype == wide:
        return torch.addmm(bias, x, weight.t())
    return (x @ weight.t()).to(wide).add_(bias)
