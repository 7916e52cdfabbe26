"""Whole sentences through a bidirectional stack on NumPy, as tagging runs it: nothing is computed for padding.

The sentences of a batch come longest first, so those that a step still has are the first rows. The forward direction
loses rows as sentences end, the backward one, which begins at the last step, gains them; neither turns anything round.
The LSTM, by far the most used cell, works in buffers: a step's time is what its calls cost as much as its products.
What recurs among the steps of a batch, characters and words, is multiplied with its weights once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Inputs:
    """What each step reads: a row of `table` (types, width), whose numbers are `ids` (time, batch), and beside it other
    vectors, each (time, batch, width)."""

    table: np.ndarray
    ids: np.ndarray
    beside: Sequence[np.ndarray] = ()

    def vectors(self) -> np.ndarray:
        """(time, batch, width)"""
        return np.concatenate((self.table[self.ids], *self.beside), 2)

    def distinct(self) -> Inputs:
        """The same with no more in the table than is read."""
        read = np.zeros(len(self.table), bool)
        read[self.ids] = True
        return Inputs(self.table[read], (np.cumsum(read) - 1)[self.ids], self.beside)


def encode(stack: SteppingStack, inputs: Inputs, lengths: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """inputs of (time, batch), lengths (batch,) of at least 1, falling -> outputs (time, batch, hidden · directions),
    or with a `weight` (size, hidden · directions) their products with it, (time, batch, size).

    What is behind a sentence's end is 0. Equal to `SteppingStack.sequence` up to that.
    """
    counts, shape, dtype = alive(lengths), inputs.ids.shape, inputs.table.dtype
    x: Inputs | np.ndarray = inputs.distinct()
    for index in range(stack.shape.num_layers):
        sides = [stack.layers[index]] + ([stack.reverse_layers[index]] if stack.shape.bidirectional else [])
        hidden = stack.shape.layer_sizes()[index][1]
        last = index == stack.shape.num_layers - 1
        made = np.zeros((*shape, len(sides) * hidden if weight is None or not last else len(weight)), dtype)
        for n, parameters in enumerate(sides):
            part = slice(n * hidden, (n + 1) * hidden)
            steps = _run(stack.cell, parameters, x, counts, hidden, bool(n))
            if weight is None or not last:
                for t, output in steps:
                    made[t, : len(output), part] = output
            else:  # step by step: the outputs of all steps would have to go through memory
                turned = np.ascontiguousarray(weight[:, part].T)
                for t, output in steps:
                    made[t, : len(output)] += output @ turned
        x = made
    return made


def _run(
    cell: Cell, parameters: Mapping[str, Array], x: Inputs | np.ndarray, counts: list[int], hidden: int, backward: bool
) -> Iterator[tuple[int, np.ndarray]]:
    """One direction of one layer: each step with its outputs (batch, hidden), which are good until the next one."""
    if cell is cell_of("lstm"):
        yield from _run_lstm(parameters, x, counts, hidden, backward)
        return
    if isinstance(x, Inputs):
        x = x.vectors()
    state: State = tuple(np.zeros((counts[0], hidden), x.dtype) for _ in range(cell.states))
    for first, last in _blocks(counts, backward):
        inputs = cell.input_part(parameters, x[first:last, : counts[first]])
        for t in range(last - 1, first - 1, -1) if backward else range(first, last):
            count = counts[t]
            output, new = cell.recurrent_part(parameters, inputs[t - first, :count], tuple(s[:count] for s in state))
            for kept, part in zip(state, new, strict=True):
                kept[:count] = part
            yield t, output


def _run_lstm(
    parameters: Mapping[str, Array], x: Inputs | np.ndarray, counts: list[int], size: int, backward: bool
) -> Iterator[tuple[int, np.ndarray]]:
    """`cells/lstm.py` with one product a step, of what is not in a table, 1 for the bias, and the state beside one
    another.

    All gates are σ(v) = (1 + tanh(v / 2)) / 2, so that one call serves them and the candidate, which comes last. Each
    lies in one piece; the halves are in the weights where they can be.
    """
    weight = np.concatenate((parameters["weight_ih"], parameters["bias"][:, None], parameters["weight_hh"]), 1)
    weight = weight.reshape(4, size, -1)[[0, 1, 3, 2]].transpose(0, 2, 1)
    weight[:3] *= 0.5
    known: np.ndarray | None = None
    if isinstance(x, Inputs):
        width = x.table.shape[1]
        known, ids, beside = np.matmul(x.table, weight[:, :width]), x.ids, x.beside
        weight = weight[:, width:]
    else:
        beside = (x,)
    weight = np.ascontiguousarray(weight)
    ends = np.cumsum([0, *(part.shape[2] for part in beside)]).tolist()
    rows = np.zeros((counts[0], ends[-1] + 1 + size), weight.dtype)
    rows[:, ends[-1]] = 1
    read = [(part, rows[:, a:b]) for part, a, b in zip(beside, ends[:-1], ends[1:], strict=True)]
    state = rows[:, ends[-1] + 1 :]
    c = np.zeros((counts[0], size), weight.dtype)
    buffer, looked_up = np.empty((2, 4 * counts[0] * size), weight.dtype)
    for t in range(len(counts) - 1, -1, -1) if backward else range(len(counts)):
        count = counts[t]
        cells, shape = c[:count], (4, count, size)
        for part, place in read:
            place[:count] = part[t, :count]
        gates = buffer[: 4 * count * size].reshape(shape)
        np.matmul(rows[:count], weight, out=gates)
        if known is not None:
            gates += known.take(ids[t, :count], 1, looked_up[: 4 * count * size].reshape(shape), "clip")
        np.tanh(gates, out=gates)
        gates[:3] += 1
        written, kept, shown, candidate = gates
        cells *= kept
        written *= candidate
        cells += written
        cells *= 0.5
        np.tanh(cells, out=candidate)
        candidate *= shown
        candidate *= 0.5
        state[:count] = candidate
        yield t, candidate


def _blocks(counts: list[int], backward: bool) -> Iterator[tuple[int, int]]:
    """Stretches of steps with about `BLOCK` rows, in the order they are run."""
    blocks, first = [], 0
    while first < len(counts):
        last = min(first + max(1, BLOCK // counts[first]), len(counts))
        blocks.append((first, last))
        first = last
    return iter(blocks[::-1] if backward else blocks)
