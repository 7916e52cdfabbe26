"""A CSV file as columns of text, and a column as numbers."""

from __future__ import annotations

import csv
import math
import re
from array import array
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, compress, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from seqcli.errors import DataError
from seqcli.series.times import find_style
from seqcli.text.lines import read_lines

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

BATCH = 4096  # rows read at a time
APART = "\x1f"  # what stands between the cells of a column where they are kept as one text
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", ".", "?", "missing"}


class Column(Sequence[str]):
    """A column's cells. Those of a batch of rows are one text: a string for each would take ten times the memory."""

    def __init__(self) -> None:
        self._parts: list[str | Sequence[str]] = []
        self._starts = [0]  # of each part, and the length

    def add(self, cells: Sequence[str]) -> None:
        """Put one or more cells after the others."""
        text = APART.join(cells)
        self._parts.append(text if text.count(APART) == len(cells) - 1 else cells)
        self._starts.append(len(self) + len(cells))

    def parts(self) -> Iterator[Sequence[str]]:
        """The cells, a batch at a time."""
        for part in self._parts:
            yield part.split(APART) if isinstance(part, str) else part

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self.parts())

    def __len__(self) -> int:
        return self._starts[-1]

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        for place, cell in enumerate(islice(self, start, stop), start):
            if cell == value:
                return place
        raise ValueError(value)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return list(islice(self, *place.indices(len(self))))
        if not 0 <= place < len(self):
            raise IndexError(place)
        number = bisect(self._starts, place) - 1
        part = self._parts[number]
        return (part.split(APART) if isinstance(part, str) else part)[place - self._starts[number]]


@dataclass(frozen=True)
class Table:
    """A file's cells by column, as text; `lines` has the line of the file that each row ends in."""

    path: str
    columns: dict[str, Column]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, row: int) -> int:
        """The line of the file that a row ends in, from 1."""
        return self.lines[row]


def read_table(path: str, *, encoding: str = "utf-8", errors: str = "strict") -> Table:
    """Read a file of separated values; the separator (comma, semicolon, tab, bar) and the header are found out."""
    shown = "standard input" if path == "-" else path
    lines = read_lines(path, encoding=encoding, errors=errors)
    head = list(islice(lines, 50))
    text = (line + "\n" for line in chain(head, lines))
    batches = _batches(csv.reader(text, delimiter=_delimiter(head, shown), skipinitialspace=True), shown)
    first, lines_of_first = next(batches, ([], []))
    if not first:
        raise DataError("is empty", path=shown, hint="it needs a header and one row a time")
    header = _header(first)
    names = header or [f"column{index + 1}" for index in range(len(first[0]))]
    if header is not None:
        first, lines_of_first = first[1:], lines_of_first[1:]
    columns = [Column() for _ in names]
    ends = array("q")
    for rows, numbers in chain([(first, lines_of_first)], batches):
        if any(length != len(names) for length in set(map(len, rows))):
            rows = [_fit(row, len(names), shown, number) for row, number in zip(rows, numbers, strict=True)]
        for column, cells in zip(columns, zip(*rows, strict=True), strict=False):
            column.add(cells)
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
            f"has {len(row)} cell{'' if len(row) == 1 else 's'} where the header has {width}",
            path=shown,
            line=number,
            hint="a value that contains the separator must be quoted",
        )
    return row[:width]


def _delimiter(lines: Sequence[str], shown: str) -> str:
    best, best_score = ",", 0.0
    for delimiter in (",", ";", "\t", "|"):
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            widths = [len(row) for row in reader if row]
        except csv.Error as problem:
            raise DataError(f"is not a CSV file: {problem}", path=shown, line=reader.line_num) from problem
        if widths and min(widths) > 1:
            # the same number of cells in every line counts more than many cells
            score = (10.0 if len(set(widths)) == 1 else 1.0) + (5.0 if delimiter in ";\t" else 0.0)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _header(rows: Sequence[Sequence[str]]) -> list[str] | None:
    """The column names, or None when the first row is data: numbers or times in every cell."""
    first = [cell.strip() for cell in rows[0]]
    if all(is_number(cell) or (cell and find_style([cell]) is not None) for cell in first) and len(rows) > 1:
        second = [cell.strip() for cell in rows[1]]
        if len(second) != len(first) or any(is_number(a) != is_number(b) for a, b in zip(first, second, strict=True)):
            pass  # a header of years over rows of text: wide the other way, which is read as it is
        return None
    names: list[str] = []
    for index, cell in enumerate(first):
        name = cell or f"column{index + 1}"
        names.append(name if name not in names else f"{name}.{index + 1}")
    return names


def is_number(text: str, decimal: str = ".") -> bool:
    """Whether a cell is a number."""
    return not np.isnan(to_number(text, decimal))


def to_number(text: str, decimal: str) -> float:
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
    parts, row = [np.empty(0)], 0
    for cells in table.columns[name].parts():
        numbers = _plain_numbers(cells) if decimal == "." else None
        if numbers is None:
            numbers = np.array([_number(text, decimal, table, row + place, name) for place, text in enumerate(cells)])
        parts.append(numbers)
        row += len(cells)
    return np.concatenate(parts)


def _plain_numbers(cells: Sequence[str]) -> np.ndarray | None:
    """Cells that are all plain finite numbers, at once."""
    try:
        plain = np.array(cells, dtype=np.float64)
    except ValueError:
        return None
    return plain if np.isfinite(plain).all() else None


def _number(text: str, decimal: str, table: Table, row: int, name: str) -> float:
    if text.strip().lower() in MISSING:
        return math.nan
    number = {"true": 1.0, "false": 0.0}.get(text.strip().lower(), to_number(text, decimal))
    if not math.isfinite(number):
        infinite = math.isinf(number)
        raise DataError(
            f"{text!r} is {'infinite' if infinite else 'not a number'}",
            path=table.path,
            line=table.line(row),
            column=name,
            hint="leave the cell empty where the value is missing"
            + ("" if infinite else "; --decimal , reads 1,5; --target names another column"),
        )
    return number
