"""Whole sequences through one recurrent layer in torch, forward and backward.

torch has fused kernels for the LSTM and the GRU; the simple cell with a single bias and the peephole LSTM have none, so
they get autograd functions of their own. A plain autograd loop is slow because it forms the weight gradients with one
product a step; here all steps' pre-activation gradients are kept and each weight gradient is one product.

Shapes, time first: x (time, batch, input), state arrays (batch, hidden), outputs (time, batch, hidden).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from seqcli.model.cells import quarters


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
        outputs, h = torch.gru(x, state[0][None], weights, True, 1, 0.0, True, False, False)
        return outputs, (h[0],)
    if cell == "peephole-lstm":
        names = ("weight_ih", "weight_hh", "bias", "peephole")
        outputs, c_last = _PeepholeRecurrence.apply(x, *state, *(parameters[name] for name in names))  # type: ignore[no-untyped-call]
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
