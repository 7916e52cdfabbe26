"""One column of a table (CSV, TSV, JSON) as lines of text."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from seqcli.errors import DataError, listed
from seqcli.notices import Notice, quietly
from seqcli.text.json_records import records
from seqcli.text.lines import csv_reader
from seqcli.text.pair_header import FEWEST_FIGURES, above_figures
from seqcli.text.pair_rows import BLANK
from seqcli.text.tab_cells import LOOKED_AT, outside_quotes, quoted_rows, tab_rows

DELIMITERS = "\t;|,"  # the first of these that the header holds separates the columns; a comma otherwise
FEWEST_ROWS, FEWEST_UNNAMED = 3, 10  # that tell whether a text is a table, with a header and without
LONGEST_NAME = 40  # characters of a column's name
_NAME = re.compile(r"[^\W\d]|_|#\w")  # how one begins
_LIST = re.compile(r'\s*(?:\{\s*"[^"\n]*"\s*:\s*)?\[\s*(?=\{)')  # what stands before the first object of a list

Items = tuple[list[str], Iterator[tuple[str, dict[str, Any]]]]  # column names; the cell wanted and the whole row


def items(lines: Iterator[str], column: str, shown: str, notice: Notice = quietly) -> Items:
    """The column names of a table (lines of CSV or TSV, or objects in JSON), and each row's cell of `column`, a name or
    a number from 1, with the whole row; line feeds within a cell become blanks. A table without a header has numbers
    for names; `notice` is told of a header where the column is a number. `shown` is what errors call the table. Raises
    `DataError` where the table has no such column or a row cannot be read."""
    first = next(lines, None)
    if first is None:
        raise DataError("is empty", path=shown, hint="give a table with a header, or JSON Lines")
    lines = chain([first], lines)
    if first.lstrip().startswith(("{", "[")):
        names, rows = _json_items(lines, column, shown)
    else:
        names, rows = _csv_items(first, lines, column, shown, notice)
    return names, ((" ".join(cell.splitlines()), row) for cell, row in rows)


def column_names(sample: str) -> list[str]:
    """The columns of a text that is a table: its rows are lines (`row_columns`), or it is a list of objects in JSON,
    the first of which has them; none for any other text. `sample` is its beginning."""
    if names := row_columns(sample):
        return names
    begun = _LIST.match(sample)
    try:
        return list(json.JSONDecoder().raw_decode(sample, begun.end())[0]) if begun else []
    except (ValueError, RecursionError):
        return []


def row_columns(sample: str) -> list[str]:
    """The columns of a text that is JSON Lines or a delimited table; none for any other text. `sample` is its
    beginning, of whole lines. All rows have as many cells as the first, whose cells are names; or numbers stand for
    them, where there are TABs or many rows of more than two cells. A blank after each comma is one of a sentence."""
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
    if not delimiter and not any(line.startswith('"') for line in lines):
        return []
    try:
        if delimiter == "\t":
            header, *rows = (row for _, row in tab_rows(lines, ""))
        else:
            header, *rows = csv_reader([line + "\n" for line in lines], delimiter or ",", strict=True)
    except (csv.Error, ValueError, DataError):
        return []
    if not all(len(row) == len(header) for row in rows[:-1]):
        return []
    if delimiter and not any(row[0].strip() for row in rows):
        return []  # indented
    if not delimiter and not any('""' in line or "," in line for line in lines):
        return []  # one column, and no quote that a table would need
    sentences = sum(any(cell.startswith(" ") for cell in row[1:]) for row in [header, *rows]) > len(rows) / 2
    if delimiter != "\t" and sentences:
        return []
    if _are_names(header):
        return [name.strip() for name in header]
    numbered = delimiter == "\t" or (len(header) > 2 and len(rows) >= FEWEST_UNNAMED)
    return list(map(str, range(1, len(header) + 1))) if numbered else []


def _are_names(header: Sequence[str]) -> bool:
    """Whether a table's first row has its columns' names; the first column, of the rows' numbers, may have none."""
    names = [name.strip() for name in header]
    return len(set(names)) == len(names) and all(
        len(name) <= LONGEST_NAME and bool(_NAME.match(name)) and len(name.split()) <= 3
        for name in (names if names[0] or len(names) == 1 else names[1:])
    )


def about_table(names: Sequence[str], done: str) -> str:
    """What is said of a text that is a table, when all of it is `done` (learnt, scored)."""
    which = f"--column takes a single column: {listed(names)}"
    return f"the text is a table, and its separators, quotes and names are {done}, too; {which}"


def _csv_items(first: str, lines: Iterator[str], column: str, shown: str, notice: Notice) -> Items:
    delimiter = next((mark for mark in DELIMITERS if mark in outside_quotes(first)), ",")
    rows = tab_rows(lines, shown) if delimiter == "\t" else quoted_rows(lines, delimiter, shown)
    number, header = next(rows, (1, []))
    place = _place(header, column, shown)
    if column not in [name.strip() for name in header]:
        following = [] if _are_names(header) else list(islice(rows, FEWEST_FIGURES))
        rows = chain(following, rows)
        if _are_names(header) or above_figures([header, *(row for _, row in following)], (place,)):
            notice(f"{shown}: line {number} is taken for a header ({listed(header)})")
        else:
            rows, header = chain([(number, header)], rows), list(map(str, range(1, len(header) + 1)))

    def found() -> Iterator[tuple[str, dict[str, Any]]]:
        for number, row in rows:
            wrong = ""
            if 0 < len(row) <= place:
                wrong = f"has no {header[place]}"
            elif any(map(str.strip, row[len(header) :])):
                wrong = f"has {len(row)} cells instead of {len(header)}"
            if wrong:
                hint = "quotes go round cells that hold the separator, and are doubled within them"
                raise DataError(wrong, path=shown, line=number, hint=hint)
            if row:
                yield row[place], dict(zip(header, row, strict=False))

    return header, found()


def _json_items(lines: Iterator[str], column: str, shown: str) -> Items:
    objects = _objects(lines, shown)
    first = next(objects, (1, {}))
    return list(first[1]), ((_field(row, column, shown, number), row) for number, row in chain([first], objects))


def _objects(lines: Iterator[str], shown: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, value, problem in records(lines, shown):
        if problem == BLANK:
            continue
        if not isinstance(value, dict):
            hint = "one object a line, or a list of objects"
            raise DataError(problem or "is no JSON object", path=shown, line=number, hint=hint)
        yield number, value


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
