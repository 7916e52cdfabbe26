"""One column of a table (CSV, TSV, JSON Lines) as lines of text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from seqcli.errors import DataError, listed
from seqcli.text.lines import csv_reader

DELIMITERS = "\t;|,"  # the first of these that the header holds separates the columns; a comma otherwise
LOOKED_AT, FEWEST_ROWS = 200, 3  # rows that tell whether a text is a table, and the fewest that do
LONGEST_NAME = 40  # characters of a column's name

Items = tuple[list[str], Iterator[tuple[str, dict[str, Any]]]]  # column names; the cell wanted and the whole row


def items(lines: Iterator[str], column: str, shown: str) -> Items:
    """The column names of a table (lines of CSV or TSV with a header, or a JSON object each), and each row's cell of
    `column`, a name or a number from 1, with the whole row; line feeds within a cell become blanks. `shown` is what
    errors call the table. Raises `DataError` where the table has no such column or a row cannot be read."""
    first = next(lines, None)
    if first is None:
        raise DataError("is empty", path=shown, hint="give a table with a header, or JSON Lines")
    read = _json_items if first.lstrip().startswith("{") else _csv_items
    names, rows = read(first, lines, column, shown)
    return names, ((" ".join(cell.splitlines()), row) for cell, row in rows)


def column_names(sample: str) -> list[str]:
    """The columns of a text that is JSON Lines or a delimited table with a header; none for any other text. `sample` is
    its beginning, of whole lines. All rows have as many cells as the header, whose cells are names; a blank after each
    comma is one of a sentence."""
    lines = [line for line in sample.split("\n")[: LOOKED_AT + 1] if line.strip()][:LOOKED_AT]
    if len(lines) < FEWEST_ROWS:
        return []
    if all(line.lstrip().startswith("{") for line in lines):
        try:
            objects = [json.loads(line) for line in lines[:-1]]
        except (ValueError, RecursionError):
            return []
        return list(dict.fromkeys(name for row in objects for name in row))
    delimiter = next((mark for mark in DELIMITERS if mark in lines[0]), "")
    if not delimiter:
        return []
    try:
        header, *rows = csv_reader([line + "\n" for line in lines], delimiter, strict=True)
    except (csv.Error, ValueError):
        return []
    names = [name.strip() for name in header]
    named = len(set(names)) == len(names) and all(
        0 < len(name) <= LONGEST_NAME and name[0].isalpha() and len(name.split()) <= 3 for name in names
    )
    sentences = sum(any(cell.startswith(" ") for cell in row[1:]) for row in [header, *rows]) > len(rows) / 2
    return names if named and not sentences and all(len(row) == len(header) for row in rows[:-1]) else []


def about_table(names: Sequence[str], done: str) -> str:
    """What is said of a text that is a table, when all of it is `done` (learnt, scored)."""
    which = f"--column takes a single column: {listed(names)}"
    return f"the text is a table, and its separators and names are {done}, too; {which}"


def _csv_items(first: str, lines: Iterator[str], column: str, shown: str) -> Items:
    delimiter = next((mark for mark in DELIMITERS if mark in first), ",")
    reader = csv_reader((line + "\n" for line in chain([first], lines)), delimiter)
    header: list[str] = next(reader, [])
    place = _place(header, column, shown)

    def found() -> Iterator[tuple[str, dict[str, Any]]]:
        try:
            for row in reader:
                if len(row) > place:
                    yield row[place], dict(zip(header, row, strict=False))
                elif row:
                    hint = "check its quotes and separators"
                    raise DataError(f"has no {header[place]}", path=shown, line=reader.line_num, hint=hint)
        except csv.Error as problem:
            hint = "check its quotes"
            raise DataError(f"is not CSV: {problem}", path=shown, line=reader.line_num, hint=hint) from None

    return header, found()


def _json_items(first: str, lines: Iterator[str], column: str, shown: str) -> Items:
    def found() -> Iterator[tuple[str, dict[str, Any]]]:
        for number, line in enumerate(chain([first], lines), start=1):
            if line.strip():
                row = _object(line, shown, number)
                yield _field(row, column, shown, number), row

    return list(_object(first, shown, 1)), found()


def _object(line: str, shown: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as problem:
        raise DataError(f"is not JSON: {problem}", path=shown, line=number, hint="one object a line") from problem
    if not isinstance(row, dict):
        raise DataError("is no JSON object", path=shown, line=number, hint="one object a line")
    return row


def _field(row: dict[str, Any], column: str, shown: str, number: int) -> str:
    if column not in row:
        raise DataError(f"has no {column!r} ({listed(row)})", path=shown, line=number, hint="name one of its fields")
    value = row[column]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{column} is no text: {value!r}", path=shown, line=number, hint="name a field of text")
    return value


def _place(header: Sequence[str], column: str, shown: str) -> int:
    """Where a column stands, by its name or its number from 1."""
    names = [name.strip() for name in header]
    if column in names:
        return names.index(column)
    if column.isascii() and column.isdigit() and 1 <= int(column) <= len(names):
        return int(column) - 1
    raise DataError(f"has no column {column!r}", path=shown, hint=f"choose from {listed(names)}")
