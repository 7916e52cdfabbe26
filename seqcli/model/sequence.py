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

from seqcli.model.cells import cell_of


def run_sequence(
    cell: str, parameters: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """All time steps of one layer: x (time, batch, input) -> outputs (time, batch, hidden), the state after the last.

    Under torch.autocast every product runs in the autocast type, but for those of narrow LSTMs on a CPU.
    """
    device, found = x.device.type, cell_of(cell)
    if torch.is_autocast_enabled(device):
        narrow = device == "cpu" and state[0].shape[1] < found.bf16_from
        dtype = torch.float32 if narrow else torch.get_autocast_dtype(device)
        x, state = x.to(dtype), tuple(part.to(dtype) for part in state)
        parameters = {name: value.to(dtype) for name, value in parameters.items()}
        with torch.autocast(device, enabled=False):
            return found.sequence(parameters, x, state)
    return found.sequence(parameters, x, state)
