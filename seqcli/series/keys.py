"""Which columns tell the series of a table apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from seqcli.series import words
from seqcli.series.columns import LOOKED_AT, Columns
from seqcli.series.header import Table
from seqcli.series.marks import is_missing
from seqcli.series.serials import StepForm


def key_columns(
    columns: Columns, time: str | None, issue: str | None, text: Sequence[str], numeric: Sequence[str]
) -> tuple[str, ...]:
    """Columns that tell series apart: text, and whole numbers named like an id where times come more than once."""
    table, target = columns.table, columns.options.target
    keys = [name for name in text if name != target and _is_no_time(columns, name) and not _is_notes(columns, name)]
    if time is None:
        return tuple(
            name for name in keys if words.says(name, words.KEYS) or len(table.coded(name)[1]) < len(table) / 2
        )
    if (times := columns.time(time)) is not None and times.form.cycle:  # of which each comes again
        keys = [name for name in keys if words.says(name, words.KEYS) or _come_in_turn(table, time, [name])]
    ids = [name for name in numeric if name != target and words.says(name, words.KEYS) and columns.is_whole(name)]
    ids += [name for name in numeric if name != target and words.says(name, words.COORDINATES)]
    base = [time] if issue is None else [time, issue]

    def distinct(names: Sequence[str]) -> int:
        """How many different combinations of a time and these columns there are."""
        return int(table.combined((*base, *names)).max()) + 1

    here = distinct([])
    named = [name for name in keys if words.says(name, words.KEYS) and not columns.is_different_everywhere(name)]
    if here == len(table) and not any(len(table.coded(name)[1]) > 1 for name in named):
        return tuple(named[:1])
    chosen = [name for name in named if len(table.coded(name)[1]) > 1] or named[:1]
    here = distinct(chosen)
    for name in [*(name for name in keys if name not in chosen), *ids]:
        if here == len(table):
            break
        if columns.is_different_everywhere(name):
            continue
        there = distinct([*chosen, name])
        if there > here + 0.01 * len(table):
            chosen.append(name)
            here = there
    for name in [name for name in chosen if name not in named]:  # what the others tell apart: whether a state had a law
        others = [other for other in chosen if other != name]
        chosen = others if others and distinct(others) == here else chosen
    if here < len(table) and not chosen and len(numeric) > 1:
        others = [name for name in numeric if name != target and columns.is_whole(name)][:6]
        pairs = (group for size in (1, 2) for group in combinations(others, size))
        chosen = list(
            next((group for group in pairs if len(group) < len(numeric) and _tells_apart(columns, base, group)), ())
        )
    series = len(set(zip(*(table.columns[name].tolist() for name in chosen), strict=True))) if chosen else 0
    many = 0.95 if named and distinct([]) < len(table) else 0.4
    if series > many * len(table) and len(table) > 20:
        return ()  # a row of its own for nearly each: transactions, not series
    return tuple(chosen)


def _tells_apart(columns: Columns, base: Sequence[str], names: Sequence[str]) -> bool:
    """Whether columns of whole numbers have the ids of series: each in one block of rows, or each once at each time."""
    table = columns.table
    if any(map(columns.is_different_everywhere, names)):
        return False
    return int(table.combined((base[0], *names)).max()) + 1 == len(table) and _come_in_turn(table, base[0], names)


def _come_in_turn(table: Table, time: str, names: Sequence[str]) -> bool:
    """Whether the rows of each combination of some columns stand together, or all are there at each time as often."""
    codes = table.combined(names)
    if (np.diff(codes) != 0).sum() == codes.max():
        return True
    pairs = np.bincount(table.combined((time, *names)))
    every = (codes.max() + 1) * (table.coded(time)[0].max() + 1)
    return bool(len(pairs) == every and pairs.min() == pairs.max())


def _is_no_time(columns: Columns, name: str) -> bool:
    """Whether a column of text has names in it: also such as S0 or M1, where its own name says no time, and 2020-01
    where it says that they are products."""
    chosen = columns.time(name) if words.says_time(name) or not words.says(name, words.KEYS) else None
    numbered = chosen is not None and (isinstance(chosen.form, StepForm) or bool(chosen.form.cycle))
    return chosen is None or (numbered and not words.says_time(name))


def _is_notes(columns: Columns, name: str) -> bool:
    """Whether a column of text has remarks in it rather than names: long texts, mostly missing."""
    column = columns.table.columns[name][:LOOKED_AT].tolist()
    return sum(map(is_missing, column)) > 0.5 * len(column)
