"""Whole sentences through a bidirectional stack on NumPy, as tagging runs it: nothing is computed for padding.

Sentences stand in lanes side by side, in each of which one follows another from a fresh state, so that every step has
about the same number of rows, however long the sentences are. The lanes come longest first, so those that a step still
has are the first rows. The forward direction loses rows as lanes end, the backward one, which begins at the last step,
gains them; neither turns anything round. The LSTM, by far the most used cell, works in buffers: a step's time is what
its calls cost as much as its products. What recurs among the steps of a batch, characters and words, is multiplied with
its weights once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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
class Lanes:
    """Where sentences stand: `lane` and `first` (sentences,), the lane of each and its first step in it; `sizes`
    (sentences,), its steps; `lengths` (lanes,), the steps of each lane, falling."""

    lane: np.ndarray
    first: np.ndarray
    sizes: np.ndarray
    lengths: np.ndarray

    @classmethod
    def pack(cls, sizes: np.ndarray, most: int) -> Lanes:
        """Sentences of `sizes` steps, each at least 1, in at most `most` lanes of about the same length: the longest
        first, each in the lane that is shortest by then."""
        count = max(1, min(most, len(sizes), int(sizes.sum()) // int(sizes.max())))
        lane, first = np.zeros((2, len(sizes)), np.int64)
        shortest = [(0, number) for number in range(count)]
        for number in np.argsort(-sizes, kind="stable").tolist():
            first[number], lane[number] = length, place = shortest[0]
            heapq.heapreplace(shortest, (length + int(sizes[number]), place))
        lengths, order = zip(*sorted(shortest, reverse=True), strict=True)
        places = np.empty(count, np.int64)
        places[list(order)] = np.arange(count)
        return cls(places[lane], first, sizes, np.array(lengths))

    def spread(self, starts: np.ndarray) -> np.ndarray:
        """(time, lanes): the place of each step among steps of which those of a sentence begin at `starts`
        (sentences,); 0 behind a lane's end."""
        spread = np.zeros((self.lengths[0], len(self.lengths)), np.int64)
        within = np.arange(self.sizes.sum()) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)
        first, lane, start = (np.repeat(part, self.sizes) for part in (self.first, self.lane, starts))
        spread[first + within, lane] = start + within
        return spread

    def gather(self, made: np.ndarray, sentences: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """What was made of some steps of some sentences, (…, …), from that of all, (time, lanes, …)."""
        return made[self.first[sentences] + steps, self.lane[sentences]]

    @cached_property
    def begins(self) -> dict[int, np.ndarray]:
        """The lanes in which a sentence begins at a step."""
        return _grouped(self.first, self.lane)

    @cached_property
    def ends(self) -> dict[int, np.ndarray]:
        """The lanes in which a sentence has its last step at a step."""
        return _grouped(self.first + self.sizes - 1, self.lane)


def _grouped(steps: np.ndarray, lanes: np.ndarray) -> dict[int, np.ndarray]:
    order = np.argsort(steps, kind="stable")
    different, first = np.unique(steps[order], return_index=True)
    return dict(zip(different.tolist(), np.split(lanes[order], first[1:]), strict=True))


@dataclass(frozen=True)
class Inputs:
    """What each step reads: a row of `table` (types, width), whose numbers are `ids` (time, lanes), and beside it rows
    of other tables in the same way, of which few recur."""

    table: np.ndarray
    ids: np.ndarray
    beside: Sequence[tuple[np.ndarray, np.ndarray]] = ()

    def vectors(self) -> np.ndarray:
        """(time, lanes, width)"""
        return np.concatenate([table[ids] for table, ids in ((self.table, self.ids), *self.beside)], 2)

    def distinct(self) -> Inputs:
        """The same with no more in the table than is read."""
        read = np.zeros(len(self.table), bool)
        read[self.ids] = True
        return Inputs(self.table[read], (np.cumsum(read) - 1)[self.ids], self.beside)


def encode(stack: SteppingStack, inputs: Inputs, lanes: Lanes, weight: np.ndarray | None = None) -> np.ndarray:
    """inputs of (time, lanes) -> outputs (time, lanes, hidden · directions), or with a `weight` (size, hidden ·
    directions) their products with it, (time, lanes, size). Behind a lane's end is 0."""
    shape, dtype = inputs.ids.shape, inputs.table.dtype
    x: Inputs | np.ndarray = inputs.distinct()
    for index in range(stack.shape.num_layers):
        sides = [stack.layers[index]] + ([stack.reverse_layers[index]] if stack.shape.bidirectional else [])
        hidden = stack.shape.layer_sizes()[index][1]
        last = index == stack.shape.num_layers - 1
        made = np.zeros((*shape, len(sides) * hidden if weight is None or not last else len(weight)), dtype)
        for n, parameters in enumerate(sides):
            part = slice(n * hidden, (n + 1) * hidden)
            steps = _run(stack.cell, parameters, x, lanes, hidden, bool(n))
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
    cell: Cell, parameters: Mapping[str, Array], x: Inputs | np.ndarray, lanes: Lanes, hidden: int, backward: bool
) -> Iterator[tuple[int, np.ndarray]]:
    """One direction of one layer: each step with its outputs (lanes, hidden), which are good until the next one."""
    if cell is cell_of("lstm"):
        yield from _run_lstm(parameters, x, lanes, hidden, backward)
        return
    if isinstance(x, Inputs):
        x = x.vectors()
    counts, fresh = alive(lanes.lengths), lanes.ends if backward else lanes.begins
    state: State = tuple(np.zeros((counts[0], hidden), x.dtype) for _ in range(cell.states))
    for first, last in _blocks(counts, backward):
        inputs = cell.input_part(parameters, x[first:last, : counts[first]])
        for t in range(last - 1, first - 1, -1) if backward else range(first, last):
            count = counts[t]
            if t in fresh:
                for kept in state:
                    kept[fresh[t]] = 0
            output, new = cell.recurrent_part(parameters, inputs[t - first, :count], tuple(s[:count] for s in state))
            for kept, part in zip(state, new, strict=True):
                kept[:count] = part
            yield t, output


def _run_lstm(
    parameters: Mapping[str, Array], x: Inputs | np.ndarray, lanes: Lanes, size: int, backward: bool
) -> Iterator[tuple[int, np.ndarray]]:
    """`cells/lstm.py` with one product a step, of what is not in a table and the state beside one another; without a
    table, of 1 for the bias, too. All gates are σ(v) = (1 + tanh(v / 2)) / 2, so that one call serves them and the
    candidate, which comes last. Each lies in one piece; the halves are in the weights where they can be."""
    weight = np.concatenate((parameters["weight_ih"], parameters["bias"][:, None], parameters["weight_hh"]), 1)
    weight = weight.reshape(4, size, -1)[[0, 1, 3, 2]].transpose(0, 2, 1)
    weight[:3] *= 0.5
    counts, fresh = alive(lanes.lengths), lanes.ends if backward else lanes.begins
    known: np.ndarray | None = None
    if isinstance(x, Inputs):
        read: list[tuple[np.ndarray, np.ndarray | None]] = list(x.beside)
        width, bias = x.table.shape[1], weight.shape[1] - size - 1
        known, ids = np.matmul(x.table, weight[:, :width]) + weight[:, bias : bias + 1], x.ids
        weight = np.delete(weight, [*range(width), bias], 1)
    else:
        read = [(x, None), (np.ones((len(x), counts[0], 1), x.dtype), None)]
    weight, ends = np.ascontiguousarray(weight), np.cumsum([0, *(table.shape[-1] for table, _ in read)]).tolist()
    rows = np.zeros((counts[0], ends[-1] + size), weight.dtype)
    state = rows[:, ends[-1] :]
    c = np.zeros((counts[0], size), weight.dtype)
    buffer, looked_up = np.empty((2, 4 * counts[0] * size), weight.dtype)
    for t in range(len(counts) - 1, -1, -1) if backward else range(len(counts)):
        count = counts[t]
        cells, shape = c[:count], (4, count, size)
        if t in fresh:
            state[fresh[t]] = 0
            c[fresh[t]] = 0
        for (table, chosen), start, end in zip(read, ends, ends[1:], strict=False):
            rows[:count, start:end] = table[t, :count] if chosen is None else table.take(chosen[t, :count], 0)
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
