"""The recurrent cells, one file each: a subclass of `cell.Cell` with the name `CELL`.

A cell says everything of itself in its file: parameters, one step (written once for NumPy arrays and torch tensors),
whole sequences, state, initialisation. To add one, write `NAME.py` (with _ for -) and put its name into `CELLS`; every
task, command and test then has it. Nothing is imported before a cell is asked for.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqcli.model.arrays import Array, State
    from seqcli.model.cells.cell import Cell

CELLS = (
    "rnn",
    "lstm",
    "peephole-lstm",
    "gru",
    "mingru",
    "minlstm",
    "mogrifier-lstm",
)


@functools.cache
def cell_of(name: str) -> Cell:
    """The cell with a name; ValueError when there is none."""
    if name not in CELLS:
        raise ValueError(f"unknown cell {name!r}: choose from {', '.join(CELLS)}")
    found: Cell = importlib.import_module(f"seqcli.model.cells.{name.replace('-', '_')}").CELL
    return found


def is_cell(name: str) -> bool:
    """Whether there is a cell with this name."""
    return name in CELLS


def parameter_shapes(cell: str, input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a cell's parameters."""
    return cell_of(cell).shapes(input_size, hidden_size)


def state_size(cell: str) -> int:
    """How many arrays the state of a cell has: 2 (h, c) for the LSTMs, 1 (h) otherwise."""
    return cell_of(cell).states


def recurrent_weight(cell: str) -> str | None:
    """The parameter with the matrix (or stacked matrices) from the last state; None where a cell has none."""
    return cell_of(cell).recurrent


def divide_inputs(cell: str, parameters: dict[str, Array], divisor: float) -> None:
    """Change `parameters`, in place, so that the cell takes `divisor` · x as it took x."""
    cell_of(cell).divide_inputs(parameters, divisor)


def input_part(cell: str, parameters: Mapping[str, Array], x: Array) -> Array:
    """`Cell.input_part` of the cell with a name."""
    return cell_of(cell).input_part(parameters, x)


def recurrent_part(cell: str, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
    """`Cell.recurrent_part` of the cell with a name."""
    return cell_of(cell).recurrent_part(parameters, inputs, state)


def cell_step(cell: str, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
    """One step: x (batch, input), state of (batch, hidden) arrays -> output (batch, hidden), new state."""
    found = cell_of(cell)
    return found.recurrent_part(parameters, found.input_part(parameters, x), state)
