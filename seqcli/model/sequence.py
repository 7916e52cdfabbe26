"""Whole sequences through one recurrent layer in torch, forward and backward.

torch has fused kernels for the LSTM and, on a GPU, for the GRU; the other cells, the GRU on a CPU and the LSTM in bf16
on a CPU run through the autograd functions of `kernels.py`. The minimal cells' gates are one product for all steps;
what is left of their recurrence is in `scan.py`.

Shapes, time first: x (time, batch, input), state arrays (batch, hidden), outputs (time, batch, hidden).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from seqcli.model.cells import ROUNDS, minimal_gates
from seqcli.model.kernels import GatedRecurrence, LSTMRecurrence, MogrifierRecurrence, SimpleRecurrence
from seqcli.model.scan import scan

BF16_PAYS = 300  # hidden units from which our LSTM in bf16 is quicker than torch's in fp32


def run_sequence(
    cell: str, parameters: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """All time steps of one layer: x (time, batch, input) -> outputs (time, batch, hidden), the state after the last.

    Under torch.autocast every product runs in the autocast type, but for those of narrow LSTMs on a CPU.
    """
    device = x.device.type
    if torch.is_autocast_enabled(device):
        narrow = device == "cpu" and cell == "lstm" and state[0].shape[1] < BF16_PAYS
        dtype = torch.float32 if narrow else torch.get_autocast_dtype(device)
        x, state = x.to(dtype), tuple(part.to(dtype) for part in state)
        parameters = {name: value.to(dtype) for name, value in parameters.items()}
        with torch.autocast(device, enabled=False):
            return _run(cell, parameters, x, state)
    return _run(cell, parameters, x, state)


def _run(
    cell: str, parameters: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    if cell == "rnn":
        outputs: Tensor = SimpleRecurrence.apply(x, state[0], parameters["weight"], parameters["bias"])  # type: ignore[no-untyped-call]
        return outputs, (outputs[-1],)
    if cell == "lstm":
        bias = parameters["bias"]
        if x.device.type == "cpu" and x.dtype == torch.bfloat16:  # torch's takes longer for few rows, and rounds c
            return _lstm(parameters, x, state)
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
        return _lstm(parameters, x, state)
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
        outputs, c_last = MogrifierRecurrence.apply(x, *state, weight, parameters["bias"], *rounds)  # type: ignore[no-untyped-call]
        return outputs, (outputs[-1], c_last)
    raise ValueError(f"unknown cell {cell!r}")


def _lstm(parameters: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    names = ("weight_ih", "weight_hh", "bias")
    given = (*(parameters[name] for name in names), parameters.get("peephole"))
    outputs, c_last = LSTMRecurrence.apply(x, *state, *given)  # type: ignore[no-untyped-call]
    return outputs, (outputs[-1], c_last)
