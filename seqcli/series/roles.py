"""Which columns tell the series of a table apart, and which of several columns of numbers is forecast."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from seqcli.notices import change_with
from seqcli.series import words
from seqcli.series.columns import LOOKED_AT, Columns
from seqcli.series.header import Table
from seqcli.series.marks import is_missing
from seqcli.series.serials import StepForm, to_numbers

_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{0,15})?|nan")


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
        groups = (list(group) for size in (1, 2) for group in combinations(others, size) if size < len(numeric))
        chosen = next((group for group in groups if _tells_apart(columns, time, group)), [])
    series = int(table.combined(chosen).max()) + 1 if chosen else 0
    many = 0.95 if named and distinct([]) < len(table) else 0.4
    if series > many * len(table) and len(table) > 20:
        return ()  # a row of its own for nearly each: transactions, not series
    return tuple(chosen)


def _tells_apart(columns: Columns, time: str, names: Sequence[str]) -> bool:
    """Whether columns of whole numbers have the ids of series: each in one block of rows, or each once at each time."""
    table = columns.table
    if any(map(columns.is_different_everywhere, names)):
        return False
    return int(table.combined((time, *names)).max()) + 1 == len(table) and _come_in_turn(table, time, names)


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


def choose_target(
    columns: Columns, series: Sequence[str], values: Sequence[str]
) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    """Of several columns of numbers, `values`, the likeliest; or several as series of their own, where none is likelier
    and no columns, `series`, tell series apart. With whether they are several, and what is said of it."""
    table = columns.table

    def score(name: str) -> float:
        texts = columns.different(name)
        numbers = to_numbers(texts)[0]
        parts = words.split_name(re.sub(r"\(.*?\)", "", name) or name)
        ranks = (rank for rank, wanted in enumerate(words.TARGETS) if wanted.intersection(parts))
        points = 5.0 - next(ranks, 5)
        if prices and words.TARGETS[3].intersection(parts):
            points = 6.0
        if words.BESIDE.intersection(parts) and not name[:1].isdigit():  # 10 Yr is how long a bond runs
            points -= 2.0
        if "last" in parts and words.says_time(name):
            points -= 2.0  # Last Year beside This Year
        whole = (numbers == np.rint(numbers)).all()
        if words.says_time(name) and whole and len(numbers) > 5 and (np.diff(numbers) > 0).all():
            points -= 3.0  # another way to write the times
        is_key = words.says(name, words.KEYS) and parts[-2:][0] not in words.VALUES  # as the last of Product Sales is
        if is_key or columns.is_row_number(name):
            points -= 1.5
        if len(texts) == 1:
            points -= 4.0
        elif len(texts) == 2 and set(numbers.tolist()) <= {0.0, 1.0}:
            points -= 2.0
        elif series and table.combined((*series, name)).max() == count:
            points -= 2.0  # the same through each series, such as its code
        return points

    prices = all(any(words.says(name, wanted) for name in values) for wanted in words.HIGH_LOW)
    count = table.combined(series).max()
    totals = _running_totals(table, series, values)
    scores = [score(name) - (4.0 if name in totals else 0.0) for name in values]
    best = max(scores)
    leading = [name for name, points in zip(values, scores, strict=True) if points == best]
    alone = all(len(table.coded(name)[1]) == 1 for name in series)
    wide = alone and (len(leading) == len(values) or (best <= 0 and len(leading) > 1))
    if wide:
        left = ", ".join([name for name in values if name not in leading][:8])
        notes = (f"columns of numbers that are left out: {left}; {change_with('--target')}",) if left else ()
        return tuple(leading), True, notes
    chosen = leading[0]
    others = ", ".join([name for name in values if name != chosen][:8])
    note = f"of several columns of numbers {chosen!r} is forecast (the others: {others})"
    note += f"; {change_with('--target', '--wide')}"
    if chosen in totals.values():
        sums = ", ".join(repr(name) for name, changes in totals.items() if changes == chosen)
        note += f"; {sums} is its running total"
    return (chosen,), False, (note,)


def _running_totals(table: Table, series: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The columns that are running totals of others, with these: total_cases of new_cases."""
    keys = table.combined(series)
    rows = np.argsort(keys, kind="stable")[:LOOKED_AT]
    follows = np.diff(keys[rows]) == 0
    columns = {}
    for name in names:
        cells = [cell.strip() or "nan" for cell in table.columns[name][rows].tolist()]
        if all(map(_PLAIN.fullmatch, cells)):
            columns[name] = np.array(cells, np.float64)
    found: dict[str, str] = {}
    for name, total in columns.items():
        steps = np.diff(total)
        rising = follows & ~np.isnan(steps)
        if rising.sum() < 8 or not ((steps[rising] >= 0).all() or (steps[rising] <= 0).all()):
            continue
        for other, changes in columns.items():
            for made in (steps - changes[1:], steps + changes[:-1]):  # the newest row last, or first
                known = rising & ~np.isnan(made)
                near = np.abs(made[known]) <= 1e-6 * np.abs(total[1:][known]) + 1e-9
                if other != name and known.sum() >= 8 and near.mean() > 0.9 and len(np.unique(changes)) > 2:
                    found.setdefault(name, other)
    return found
