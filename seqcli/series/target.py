"""Which of several columns of numbers is forecast."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from seqcli.notices import change_with
from seqcli.series import words
from seqcli.series.columns import LOOKED_AT, Columns
from seqcli.series.fields import plain
from seqcli.series.header import Table
from seqcli.series.serials import to_numbers

_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{0,15})?|nan")


def choose_target(
    columns: Columns, series: Sequence[str], values: Sequence[str]
) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    """Of several columns of numbers, `values`, the likeliest; or several as series of their own, where none is likelier
    and no columns, `series`, tell series apart. With whether they are several, and what is said of it."""
    table = columns.table

    def score(name: str) -> float:
        texts = columns.different(name)
        numbers = to_numbers([plain(text) for text in texts])[0]
        parts = words.split_name(re.sub(r"\(.*?\)", "", name) or name)
        points = 0.0
        for rank, wanted in enumerate(words.TARGETS):
            if any(part in wanted for part in parts):
                points = max(points, 5.0 - rank)
        if prices and any(part in words.TARGETS[3] for part in parts):
            points = 6.0
        if any(part in words.BESIDE for part in parts):
            points -= 2.0
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
