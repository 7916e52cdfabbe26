"""Whole sentences through a bidirectional stack on NumPy, as tagging runs it: nothing is computed for padding.

The sentences of a batch come longest first, so those that a step still has are the first rows. The forward direction
loses rows as sentences end, the backward one, which begins at the last step, gains them; neither turns anything round.
The LSTM, by far the most used cell, works in buffers: a step's time is what its calls cost as much as its products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from seqcli.model.arrays import Array, State
from seqcli.model.cells import cell_of
from seqcli.model.cells.cell import Cell
from seqcli.model.stepping import SteppingStack

BLOCK = 512  # rows (steps · sentences) whose products with the input are formed together, and stay in the cache


def alive(lengths: np.ndarray) -> list[int]:
    """How many of the sentences of a batch, whose lengths fall, each step still has."""
    counts: list[int] = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left").tolist()
    return counts


def encode(stack: SteppingStack, x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """x (time, batch, input), lengths (batch,) of at least 1, falling -> outputs (time, batch, hidden · directions).

    Outputs behind a sentence's end are 0. Equal to `SteppingStack.sequence` up to that.
    """
    counts = alive(lengths)
    for index in range(stack.shape.num_layers):
        sides = [stack.layers[index]] + ([stack.reverse_layers[index]] if stack.shape.bidirectional else [])
        hidden = stack.shape.layer_sizes()[index][1]
        outputs = np.zeros((*x.shape[:2], len(sides) * hidden), x.dtype)
        for n, parameters in enumerate(sides):
            part = outputs[:, :, n * hidden : (n + 1) * hidden]
            _run(stack.cell, parameters, x, counts, part, bool(n))
        x = outputs
    return x


def _run(
    cell: Cell, parameters: Mapping[str, Array], x: np.ndarray, counts: list[int], out: np.ndarray, backward: bool
) -> None:
    """One direction of one layer: outputs into `out` (time, batch, hidden)."""
    if cell is cell_of("lstm"):
        _run_lstm(parameters, x, counts, out, backward)
        return
    state: State = tuple(np.zeros(out.shape[1:], x.dtype) for _ in range(cell.states))
    for first, last in _blocks(counts, backward):
        inputs = cell.input_part(parameters, x[first:last, : counts[first]])
        for t in range(last - 1, first - 1, -1) if backward else range(first, last):
            count = counts[t]
            output, new = cell.recurrent_part(parameters, inputs[t - first, :count], tuple(s[:count] for s in state))
            out[t, :count] = output
            for kept, part in zip(state, new, strict=True):
                kept[:count] = part


def _run_lstm(
    parameters: Mapping[str, Array], x: np.ndarray, counts: list[int], out: np.ndarray, backward: bool
) -> None:
    """`cells/lstm.py` with one product a step, of the input, 1 for the bias, and the state beside one another.

    All gates are σ(v) = 1 / (1 + exp(-v)), in one call, and so is the candidate, since tanh(v) = 2 σ(2 v) - 1: NumPy's
    exponential takes half as long as its tanh. Signs and twos are in the weights; the candidate comes last, and each
    gate lies in one piece. An exponential that is infinite is right: its gate is 0.
    """
    width, (batch, size) = x.shape[2], out.shape[1:]
    weight = np.concatenate((parameters["weight_ih"], parameters["bias"][:, None], parameters["weight_hh"]), 1)
    weight = -weight.reshape(4, size, -1)[[0, 1, 3, 2]].transpose(0, 2, 1)
    weight[3] *= 2
    weight = np.ascontiguousarray(weight)
    read = np.zeros((batch, width + 1 + size), x.dtype)
    read[:, width] = 1
    c, buffer = np.zeros((batch, size), x.dtype), np.empty(4 * batch * size, x.dtype)
    with np.errstate(over="ignore"):
        for t in range(len(x) - 1, -1, -1) if backward else range(len(x)):
            count = counts[t]
            rows, cells, output = read[:count], c[:count], out[t, :count]
            gates = buffer[: 4 * count * size].reshape(4, count, size)
            rows[:, :width] = x[t, :count]
            np.matmul(rows, weight, out=gates)
            np.exp(gates, out=gates)
            gates += 1
            np.reciprocal(gates, out=gates)
            written, kept, shown, candidate = gates
            candidate *= 2
            candidate -= 1
            cells *= kept
            written *= candidate
            cells += written
            np.tanh(cells, out=written)
            written *= shown
            rows[:, width + 1 :] = written
            output[:] = written


def _blocks(counts: list[int], backward: bool) -> Iterator[tuple[int, int]]:
    """Stretches of steps with about `BLOCK` rows, in the order they are run."""
    blocks, first = [], 0
    while first < len(counts):
        last = min(first + max(1, BLOCK // counts[first]), len(counts))
        blocks.append((first, last))
        first = last
    return iter(blocks[::-1] if backward else blocks)
