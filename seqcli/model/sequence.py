"""Whole sequences through one recurrent layer in torch, forward and backward.

torch has fused kernels for the LSTM and, on a GPU, the GRU (`gated.py` is ours for a processor); the simple cell with a
single bias, the peephole LSTM and the mogrifier LSTM have none, so they get autograd functions of their own. A plain
autograd loop is slow because it forms the weight gradients with one product a step; here all steps' pre-activation
gradients are kept and each weight gradient is one product. The minimal cells' gates are one product for all steps; what
is left of their recurrence is in `scan.py`.

Shapes, time first: x (time, batch, input), state arrays (batch, hidden), outputs (time, batch, hidden).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from seqcli.model.cells import ROUNDS, minimal_gates, quarters
from seqcli.model.gated import GatedRecurrence
from seqcli.model.scan import scan


def run_sequence(
    cell: str, parameters: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """All time steps of one layer: x (time, batch, input) -> outputs (time, batch, hidden), the state after the last.

    Under torch.autocast every product runs in the autocast type.
    """
    device = x.device.type
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
        x, state = x.to(dtype), tuple(part.to(dtype) for part in state)
        parameters = {name: value.to(dtype) for name, value in parameters.items()}
        with torch.autocast(device, enabled=False):
            return _run(cell, parameters, x, state)
    return _run(cell, parameters, x, state)


def _run(
    cell: str, parameters: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    if cell == "rnn":
        outputs: Tensor = _SimpleRecurrence.apply(x, state[0], parameters["weight"], parameters["bias"])  # type: ignore[no-untyped-call]
        return outputs, (outputs[-1],)
    if cell == "lstm":
        bias = parameters["bias"]
        weights = [parameters["weight_ih"], parameters["weight_hh"], bias, torch.zeros_like(bias)]
        outputs, h, c = torch.lstm(x, [part[None] for part in state], weights, True, 1, 0.0, True, False, False)
        return outputs, (h[0], c[0])
    if cell == "gru":
        weights = [parameters[name] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        if x.device.type == "cpu":
            outputs = GatedRecurrence.apply(x, state[0], *weights)  # type: ignore[no-untyped-call]
            return outputs, (outputs[-1],)
        outputs, h = torch.gru(x, state[0][None], weights, True, 1, 0.0, True, False, False)
        return outputs, (h[0],)
    if cell == "peephole-lstm":
        names = ("weight_ih", "weight_hh", "bias", "peephole")
        outputs, c_last = _PeepholeRecurrence.apply(x, *state, *(parameters[name] for name in names))  # type: ignore[no-untyped-call]
        return outputs, (outputs[-1], c_last)
    if cell in ("mingru", "minlstm"):
        gates = torch.nn.functional.linear(x, parameters["weight_ih"], parameters["bias"])
        # a share kept that is near 1 and an h that adds up small parts need more digits than bf16 has
        wide = torch.promote_types(x.dtype, torch.float32)
        keep, candidate = minimal_gates(cell, gates.to(wide))
        outputs = scan(keep, candidate, state[0].to(wide)).to(x.dtype)
        return outputs, (outputs[-1],)
    if cell == "mogrifier-lstm":
        rounds = [parameters[f"mogrify_{number}"] for number in range(1, ROUNDS + 1)]
        weight = torch.cat((parameters["weight_ih"], parameters["weight_hh"]), dim=1)
        outputs, c_last = _MogrifierRecurrence.apply(x, *state, weight, parameters["bias"], *rounds)  # type: ignore[no-untyped-call]
        return outputs, (outputs[-1], c_last)
    raise ValueError(f"unknown cell {cell!r}")


class _SimpleRecurrence(torch.autograd.Function):
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


class _PeepholeRecurrence(torch.autograd.Function):
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
            i, f, g, o = quarters(gates[t])
            d_i, d_f, d_g, d_o = quarters(delta[t])
            tanh_c = tanh_cells[t]
            # σ' = σ (1 - σ), tanh' = 1 - tanh²
            torch.mul(dh, tanh_c, out=d_o).mul_(o).mul_(1 - o)
            dc = dc + dh * o * (1 - tanh_c * tanh_c) + d_o * p_o
            torch.mul(dc, g, out=d_i).mul_(i).mul_(1 - i)
            torch.mul(dc, before[t], out=d_f).mul_(f).mul_(1 - f)
            torch.mul(dc, i, out=d_g).mul_(1 - g * g)
            dc = dc * f + d_i * p_i + d_f * p_f
            dh = delta[t] @ weight_hh if t == 0 else torch.addmm(grad[t - 1], delta[t], weight_hh)
        flat = delta.view(time * batch, 4 * size)
        previous = torch.cat((h0[None], outputs[:-1])).view(time * batch, size)
        d_i, d_f, _, d_o = quarters(delta)
        grad_peephole = torch.stack([(d_i * before).sum((0, 1)), (d_f * before).sum((0, 1)), (d_o * cells).sum((0, 1))])
        grad_x = (flat @ weight_ih).view_as(x) if ctx.needs_input_grad[0] else None
        grad_weight_ih = flat.t() @ x.reshape(time * batch, -1)
        return grad_x, dh, dc, grad_weight_ih, flat.t() @ previous, flat.sum(0), grad_peephole


class _MogrifierRecurrence(torch.autograd.Function):
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
            i, f, g, o = quarters(gates[t])
            d_i, d_f, d_g, d_o = quarters(delta[t])
            tanh_c = tanh_cells[t]
            torch.mul(dh, tanh_c, out=d_o).mul_(o).mul_(1 - o)
            dc = dc + dh * o * (1 - tanh_c * tanh_c)
            torch.mul(dc, g, out=d_i).mul_(i).mul_(1 - i)
            torch.mul(dc, c_before[t], out=d_f).mul_(f).mul_(1 - f)
            torch.mul(dc, i, out=d_g).mul_(1 - g * g)
            dc = dc * f
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
