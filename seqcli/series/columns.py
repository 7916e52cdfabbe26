"""Which of a table's columns is the time, the value and the name of a series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.series.table import MISSING, Table, is_number, to_number
from seqcli.series.times import TimeStyle, find_style

TIME_NAMES = [
    "ds",
    "date",
    "datetime",
    "timestamp",
    "time",
    "period",
    "month",
    "day",
    "week",
    "quarter",
    "year",
    "index",
    "t",
    "step",
    "invoicedate",
    "orderdate",
]
TARGET_NAMES = ["y", "value", "target", "sales", "demand", "quantity", "qty", "units", "count"]
KEY_NAMES = [
    "unique_id",
    "id",
    "item_id",
    "item",
    "series",
    "series_id",
    "store",
    "store_id",
    "shop",
    "sku",
    "product",
    "dept",
    "department",
    "name",
    "key",
]


@dataclass(frozen=True)
class Layout:
    """What the columns are. Wide: each of `targets` is a series of its own."""

    time: str | None
    style: TimeStyle | None
    targets: tuple[str, ...]
    series: tuple[str, ...]
    wide: bool
    decimal: str
    notes: tuple[str, ...]


def find_layout(
    table: Table,
    *,
    time: str | None = None,
    target: str | None = None,
    series: Sequence[str] = (),
    wide: bool = False,
    day_first: bool | None = None,
    decimal: str | None = None,
    covariates: Sequence[str] = (),
) -> Layout:
    """Find the time, value and series columns by name and content; what is given is taken.

    Raises `DataError` when no column can be the value, `UsageError` for names that are not there.
    """
    for option, given in (
        ("--time", [time]),
        ("--target", [target]),
        ("--series", series),
        ("--covariates", covariates),
    ):
        for name in given:
            if name is not None and name not in table.columns:
                hint = f"its columns are {', '.join(list(table.columns)[:12])}"
                raise UsageError(f"{option} {name!r} is not a column of {table.path}", hint=hint)
    decimal = decimal or _decimal(table)
    names = [name for name in table.columns if name not in covariates]
    notes: list[str] = []
    style = None
    if time is None:
        time = _time_column(table, [n for n in names if n != target and n not in series], day_first)
    if time is not None:
        found = find_style(list(dict.fromkeys(table.columns[time])), day_first=day_first)
        if found is None:
            raise DataError(
                f"{table.columns[time][0]!r} is not a time in any form that is known",
                path=table.path,
                line=table.line(0),
                column=time,
                hint="2020-01-31, 2020-01, 2020Q1, 31/01/2020, 2020-01-31 13:30 and whole numbers are",
            )
        style, notice = found
        notes += [notice] if notice else []
    rest = [name for name in names if name != time and name not in series]
    numeric = [name for name in rest if _mostly_numbers(table.columns[name], decimal)]
    text = [name for name in rest if name not in numeric and not _is_blank(table.columns[name])]
    if time is None and len(rest) > 1:
        numeric = [name for name in numeric if not _counts_rows(table.columns[name])] or numeric
    if wide:
        targets = tuple(name for name in numeric if target is None or name == target)
        if not targets:
            raise DataError(
                "has no column of numbers", path=table.path, hint="give the --decimal sign, or the --target"
            )
        return Layout(time, style, targets, (), True, decimal, tuple(notes))
    keys = tuple(series) or _key_columns(table, time, target, text, numeric)
    values = [name for name in numeric if name not in keys] if target is None else [target]
    if not values:
        if text:
            row = next(i for i, cell in enumerate(table.columns[text[0]]) if cell.strip().lower() not in MISSING)
            raise DataError(
                f"no column of numbers; {table.columns[text[0]][row]!r} is not a number",
                path=table.path,
                line=table.line(row),
                column=text[0],
                hint="name the value column with --target; --decimal , reads 1,5",
            )
        raise DataError("has no column of numbers to forecast", path=table.path, hint="name it with --target")
    if target is None and len(values) > 1:
        known = [name for wanted in TARGET_NAMES for name in values if _plain(name) == wanted]
        if keys or known:
            chosen = known[0] if known else values[-1]
            others = ", ".join(name for name in values[:8] if name != chosen)
            notes.append(
                f"of several columns of numbers {chosen!r} is forecast (the others: {others}); "
                "--target or --wide says otherwise"
            )
            values = [chosen]
        else:
            return Layout(time, style, tuple(values), (), True, decimal, tuple(notes))
    return Layout(time, style, (values[0],), keys, False, decimal, tuple(notes))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z_]", "", name.strip().lower().replace(" ", "_"))


def _mostly_numbers(column: Sequence[str], decimal: str) -> bool:
    """Whether the first cells that are not missing are numbers; one that is not is an error met later."""
    sample = [cell for cell in column[:400] if cell.strip().lower() not in MISSING][:200]
    return bool(sample) and sum(is_number(cell, decimal) for cell in sample) > 0.8 * len(sample)


def _is_blank(column: Sequence[str]) -> bool:
    return all(not cell.strip() for cell in column)


def _counts_rows(column: Sequence[str]) -> bool:
    """Whether a column numbers the rows 0, 1, 2 … or 1, 2, 3 …"""
    head = [cell.strip() for cell in column[:1000]]
    return head in ([str(i) for i in range(len(head))], [str(i + 1) for i in range(len(head))])


def _decimal(table: Table) -> str:
    """A comma when cells such as 12,5 are there and none such as 12.5."""
    commas = points = 0
    for column in table.columns.values():
        for cell in column[:200]:
            commas += bool(re.fullmatch(r"\s*[+-]?\d+,(\d{1,2}|\d{4,})\s*", cell))
            points += bool(re.fullmatch(r"\s*[+-]?\d+\.\d+\s*", cell))
    return "," if commas and not points else "."


def _time_column(table: Table, names: Sequence[str], day_first: bool | None) -> str | None:
    """The column whose name and content say time: dates before whole numbers, a telling name before none."""
    best, best_score = None, 0.0
    for place, name in enumerate(names):
        column = table.columns[name]
        found = find_style(column[:50], day_first=day_first)
        if found is None:
            continue
        plain = _plain(name)
        named = plain in TIME_NAMES or any(
            word in plain for word in ("date", "time", "month", "year", "week", "quarter", "day")
        )
        weak = (
            found[0].name in ("numbers", "years", "yyyymm", "yyyymmdd", "year.month") or "since 1970" in found[0].name
        )
        score = (2.0 if named else 0.0) + (0.0 if weak else 3.0) - 0.001 * place
        if (
            weak
            and not named
            and not (_rises(column) and (found[0].name == "years" or _counts_rows(column)) and len(names) > 1)
        ):
            continue
        if score + 0.5 > best_score:
            best, best_score = (name, score + 0.5)
    return best


def _rises(column: Sequence[str]) -> bool:
    numbers = [to_number(cell, ".") for cell in column[:200]]
    return len(numbers) > 2 and all(b > a for a, b in pairwise(numbers))


def _key_columns(
    table: Table, time: str | None, target: str | None, text: Sequence[str], numeric: Sequence[str]
) -> tuple[str, ...]:
    """Columns that tell series apart: text, and whole numbers named like an id where times come more than once."""
    keys = [name for name in text if name != target]
    if time is None:
        return tuple(
            name for name in keys if _plain(name) in KEY_NAMES or len(set(table.columns[name])) < len(table) / 2
        )
    times = table.columns[time]
    ids = [name for name in numeric if name != target and (_plain(name) in KEY_NAMES or _plain(name).endswith("_id"))]

    def distinct(names: Sequence[str]) -> int:
        """How many different combinations of a time and these columns there are."""
        groups = _numbered(times)
        for name in names:
            groups = np.unique(groups * len(table) + _numbered(table.columns[name]), return_inverse=True)[1]
        return int(groups.max()) + 1

    here = distinct([])
    if here == len(table) and not any(_plain(name) in KEY_NAMES for name in keys):
        return ()
    chosen: list[str] = [name for name in keys if _plain(name) in KEY_NAMES and not _follows(table, name, [])]
    here = distinct(chosen)
    for name in [*(name for name in keys if name not in chosen), *ids]:
        if here == len(table):
            break
        there = distinct([*chosen, name])
        if there > here:
            chosen.append(name)
            here = there
    return tuple(chosen)


def _numbered(column: Sequence[str]) -> np.ndarray:
    """A number for each cell: that of its text, from 0 in the order in which they come."""
    known: dict[str, int] = {}
    return np.fromiter((known.setdefault(cell, len(known)) for cell in column), np.int64, len(column))


def _follows(table: Table, name: str, names: Sequence[str]) -> bool:
    """Whether a column is different in every row and so names no series."""
    return len(table) > 1 and len(set(table.columns[name])) == len(table)
