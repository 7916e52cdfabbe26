"""The one trainable recurrent layer of every task: a stack of cells, deep, in one or two directions, with dropout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seqcli.model.arrays import State
from seqcli.model.cells import cell_of
from seqcli.model.randomness import dropout_mask
from seqcli.model.stepping import StackShape, reversal


def locked_dropout(x: Tensor, share: float, training: bool) -> Tensor:
    """Dropout with one mask for all time steps of a sequence (Gal & Ghahramani 2016): x (time, batch, features)."""
    if not training or share == 0.0:
        return x
    return x * dropout_mask((1, *x.shape[1:]), share, x)


class RecurrentLayer(nn.Module):
    """The parameters of one cell in one direction and its run over a sequence."""

    def __init__(self, cell: str, input_size: int, hidden_size: int, weight_dropout: float = 0.0) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.weight_dropout = cell, hidden_size, weight_dropout
        for name, shape in cell_of(cell).shapes(input_size, hidden_size).items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in ±1/√hidden (as torch's layers); biases zero, the forget gates' one (Jozefowicz et al. 2015)."""
        bound = 1 / math.sqrt(self.hidden_size)
        for name, parameter in self.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(parameter)
            else:
                nn.init.uniform_(parameter, -bound, bound)
        if (gate := cell_of(self.cell).forget_gate) is not None:
            with torch.no_grad():
                self.get_parameter("bias")[gate * self.hidden_size : (gate + 1) * self.hidden_size] = 1.0

    def forward(self, x: Tensor, state: State | None = None, rows: Tensor | None = None) -> tuple[Tensor, State]:
        """x (time, batch, input), or a table of few inputs (types, input) with the rows (time, batch) that are read;
        state of (batch, hidden) -> outputs (time, batch, hidden), state after the end."""
        parameters: dict[str, Tensor] = dict(self.named_parameters())
        cell = cell_of(self.cell)
        if self.weight_dropout and self.training and cell.recurrent is not None:
            # DropConnect on the recurrent matrix, one mask a sequence (Merity et al. 2018)
            whole = parameters[cell.recurrent]
            recurrent = whole[cell.recurrent_rows(self.hidden_size)]
            dropped = recurrent * dropout_mask(recurrent.shape, self.weight_dropout, recurrent)
            parameters[cell.recurrent] = (
                dropped if len(dropped) == len(whole) else torch.cat((dropped, whole[len(dropped) :]))
            )
        if state is None:
            batch = x.shape[1] if rows is None else rows.shape[1]
            state = tuple(x.new_zeros(batch, self.hidden_size) for _ in range(cell.states))
        return run_sequence(self.cell, parameters, x, state, rows)


class RecurrentStack(nn.Module):
    """Layers of one cell over each other: body of the language model, encoder and decoder, forecaster. `dropout` is
    locked dropout between the layers, `weight_dropout` DropConnect on the recurrent matrices."""

    def __init__(self, shape: StackShape, *, dropout: float = 0.0, weight_dropout: float = 0.0) -> None:
        super().__init__()
        self.shape, self.dropout = shape, dropout

        def side() -> nn.ModuleList:
            return nn.ModuleList(RecurrentLayer(shape.cell, i, h, weight_dropout) for i, h in shape.layer_sizes())

        self.layers = side()
        if shape.bidirectional:
            self.reverse_layers = side()

    def forward(
        self, x: Tensor, state: Sequence[State] | None = None, rows: Tensor | None = None
    ) -> tuple[Tensor, list[State]]:
        """One direction, all sequences of one length, the state carried on. x (time, batch, input), or with `rows` as
        `RecurrentLayer` has them, state a tuple of (batch, hidden) a layer -> outputs (time, batch, hidden), new
        state."""
        if self.shape.bidirectional:
            raise ValueError("a bidirectional stack carries no state: use encode()")
        new: list[State] = []
        for index, layer in enumerate(self.layers):
            x = locked_dropout(x, self.dropout, self.training) if index else x
            x, layer_state = layer(x, None if state is None else state[index], None if index else rows)
            new.append(layer_state)
        return x, new

    def encode(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A padded batch from a zero state, in both directions if the stack has them.

        x (time, batch, input), lengths (batch,) of at least 1 -> outputs (time, batch, hidden · directions), and the
        output at each sequence's end, (batch, hidden), a layer and direction (forward, backward, forward, …). What
        stands behind a sequence's end in `outputs` is padding: mask it. Equal to `stepping.SteppingStack.sequence`.
        """
        batch = torch.arange(x.shape[1], device=x.device)
        ends = lengths.to(x.device) - 1
        turned = torch.from_numpy(reversal(x.shape[0], lengths.cpu().numpy())).to(x.device)
        last: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            x = locked_dropout(x, self.dropout, self.training) if index else x
            outputs, _ = layer(x)
            last.append(outputs[ends, batch])
            if self.shape.bidirectional:
                backward, _ = self.reverse_layers[index](x[turned, batch])
                last.append(backward[ends, batch])
                outputs = torch.cat((outputs, backward[turned, batch]), dim=2)
            x = outputs
        return x, last


def run_sequence(
    cell: str, parameters: Mapping[str, Tensor], x: Tensor, state: State, rows: Tensor | None = None
) -> tuple[Tensor, State]:
    """All time steps of one layer: x as in `RecurrentLayer` -> outputs (time, batch, hidden), the state after the last.
    Under torch.autocast every product runs in the autocast type, but for those of narrow LSTMs on a CPU."""
    device, found = x.device.type, cell_of(cell)
    if torch.is_autocast_enabled(device):
        narrow = device == "cpu" and state[0].shape[1] < found.bf16_from
        dtype = torch.float32 if narrow else torch.get_autocast_dtype(device)
        x, state = x.to(dtype), tuple(part.to(dtype) for part in state)
        parameters = {name: value.to(dtype) for name, value in parameters.items()}
    with torch.autocast(device, enabled=False):
        if rows is not None:
            return found.sequence_of_types(parameters, x, rows, state)
        return found.sequence(parameters, x, state)
