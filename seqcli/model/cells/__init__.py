"""The recurrent cells, one file each: a subclass of `cell.Cell` and its one instance, `CELL`.

A cell's file has all of it: parameters, one step (written once for NumPy arrays and torch tensors), whole sequences,
state, initialisation. To add one, write `NAME.py` (with _ for -) and add its name to `CELLS`; every task, command and
test then has it. A cell is imported when it is first used.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqcli.model.cells.cell import Cell

CELLS = ("rnn", "lstm", "peephole-lstm", "gru", "mingru", "minlstm", "mogrifier-lstm")
MAX_LAYERS = 1000  # of a stack


@functools.cache
def cell_of(name: str) -> Cell:
    """The cell of this name; ValueError if there is none."""
    if name not in CELLS:
        raise ValueError(f"unknown cell {name!r}: choose from {', '.join(CELLS)}")
    found: Cell = importlib.import_module(f"seqcli.model.cells.{name.replace('-', '_')}").CELL
    return found
