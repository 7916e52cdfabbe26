"""A CSV file as columns of text, and which of them is the time, the value and the name of a series."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, compress, islice, pairwise
from typing import TYPE_CHECKING

import numpy as np

from seqcli.data.panel_time import TimeStyle, find_style
from seqcli.data.text import read_lines
from seqcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

BATCH = 4096  # rows read at a time
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", ".", "?", "missing"}
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
class Table:
    """A file's cells by column, as text; `lines` has the line of the file that each row ends in."""

    path: str
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, row: int) -> int:
        """The line of the file that a row ends in, from 1."""
        return self.lines[row]


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


def read_table(path: str, *, encoding: str = "utf-8", errors: str = "strict") -> Table:
    """Read a file of separated values; the separator (comma, semicolon, tab, bar) and the header are found out."""
    shown = "standard input" if path == "-" else path
    lines = read_lines(path, encoding=encoding, errors=errors)
    head = list(islice(lines, 50))
    text = (line + "\n" for line in chain(head, lines))
    batches = _batches(csv.reader(text, delimiter=_delimiter(head), skipinitialspace=True), shown)
    first, lines_of_first = next(batches, ([], []))
    if not first:
        raise DataError("is empty", path=shown, hint="it needs a header and one row a time")
    header = _header(first)
    names = header or [f"column{index + 1}" for index in range(len(first[0]))]
    if header is not None:
        first, lines_of_first = first[1:], lines_of_first[1:]
    columns: list[list[str]] = [[] for _ in names]
    ends: list[int] = []
    for rows, numbers in chain([(first, lines_of_first)], batches):
        if any(length != len(names) for length in set(map(len, rows))):
            rows = [_fit(row, len(names), shown, number) for row, number in zip(rows, numbers, strict=True)]
        for column, cells in zip(columns, zip(*rows, strict=True), strict=False):
            column.extend(cells)
        ends.extend(numbers)
    if not ends:
        raise DataError("has a header but no rows", path=shown, hint="it needs one row a time")
    return Table(shown, dict(zip(names, columns, strict=True)), ends)


def _batches(reader: CsvReader, shown: str) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
    """Rows that are not blank, with the lines they end in. Some at a time: a list a row of a long file is more than the
    garbage collector likes to look through."""
    done = 0
    while True:
        try:
            rows = list(islice(reader, BATCH))
        except csv.Error as problem:
            raise DataError(f"is not a CSV file: {problem}", path=shown, line=reader.line_num) from problem
        if not rows:
            return
        numbers: Sequence[int] = range(done + 1, reader.line_num + 1)
        if len(numbers) != len(rows):  # a quoted cell has line feeds in it
            numbers = [done + end for end in accumulate(1 + "".join(row).count("\n") for row in rows)]
        done = reader.line_num
        there = ["".join(row).strip() != "" for row in rows]
        if not all(there):
            rows, numbers = list(compress(rows, there)), list(compress(numbers, there))
        if rows:
            yield rows, numbers


def _fit(row: list[str], width: int, shown: str, number: int) -> list[str]:
    """The row without empty cells beyond the header's."""
    if len(row) < width or any(cell.strip() for cell in row[width:]):
        raise DataError(
            f"has {len(row)} cells where the header has {width}",
            path=shown,
            line=number,
            hint="a value that contains the separator must be quoted",
        )
    return row[:width]


def _delimiter(lines: Sequence[str]) -> str:
    best, best_score = ",", 0.0
    for delimiter in (",", ";", "\t", "|"):
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        if widths and min(widths) > 1:
            # the same number of cells in every line counts more than many cells
            score = (10.0 if len(set(widths)) == 1 else 1.0) + (5.0 if delimiter in ";\t" else 0.0)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _header(rows: Sequence[Sequence[str]]) -> list[str] | None:
    """The column names, or None when the first row is data: numbers or times in every cell."""
    first = [cell.strip() for cell in rows[0]]
    if all(_is_number(cell) or (cell and find_style([cell]) is not None) for cell in first) and len(rows) > 1:
        second = [cell.strip() for cell in rows[1]]
        if len(second) != len(first) or any(_is_number(a) != _is_number(b) for a, b in zip(first, second, strict=True)):
            pass  # a header of years over rows of text: wide the other way, which is read as it is
        return None
    names: list[str] = []
    for index, cell in enumerate(first):
        name = cell or f"column{index + 1}"
        names.append(name if name not in names else f"{name}.{index + 1}")
    return names


def _is_number(text: str, decimal: str = ".") -> bool:
    return not np.isnan(_number(text, decimal))


def _number(text: str, decimal: str) -> float:
    """The number in a cell; NaN when there is none. Thousands may be separated as in 1,234,567.8 or 1.234.567,8."""
    text = text.strip()
    group = "." if decimal == "," else ","
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:\{group}\d{{3}})+(?:\{decimal}\d*)?", text):
        text = text.replace(group, "")
    if decimal == ",":
        if "." in text:
            return float("nan")
        text = text.replace(",", ".")
    if "_" in text:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return float("nan")


def parse_numbers(table: Table, name: str, *, decimal: str = ".") -> np.ndarray:
    """A column as float64, NaN where a cell is empty or says that it is missing.

    Raises `DataError` with line and column for text and for infinite values.
    """
    column = table.columns[name]
    if decimal == ".":
        try:
            plain = np.array(column, dtype=np.float64)
            if np.isfinite(plain).all():
                return plain
        except ValueError:
            pass
    numbers = np.empty(len(column))
    for row, text in enumerate(column):
        if text.strip().lower() in MISSING:
            numbers[row] = np.nan
            continue
        number = {"true": 1.0, "false": 0.0}.get(text.strip().lower(), _number(text, decimal))
        if not np.isfinite(number):
            infinite = np.isinf(number)
            raise DataError(
                f"{text!r} is {'infinite' if infinite else 'not a number'}",
                path=table.path,
                line=table.line(row),
                column=name,
                hint="leave the cell empty where the value is missing"
                + ("" if infinite else "; --decimal , reads 1,5; --target names another column"),
            )
        numbers[row] = number
    return numbers


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
    return bool(sample) and sum(_is_number(cell, decimal) for cell in sample) > 0.8 * len(sample)


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
        weak = found[0].name in ("numbers", "years", "yyyymm", "yyyymmdd") or "since 1970" in found[0].name
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
    numbers = [_number(cell, ".") for cell in column[:200]]
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
        return len(set(zip(times, *(table.columns[name] for name in names), strict=True)))

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


def _follows(table: Table, name: str, names: Sequence[str]) -> bool:
    """Whether a column is different in every row and so names no series."""
    return len(table) > 1 and len(set(table.columns[name])) == len(table)
