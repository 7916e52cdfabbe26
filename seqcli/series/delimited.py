"""Delimited text as cells: which sign stands between them, and rows that differ in width."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from seqcli.errors import DataError
from seqcli.series.numbers import is_ambiguous
from seqcli.text.lines import csv_reader

LARGE = 2_000_000  # characters from which pandas splits a text: for less, importing it takes longer than the csv module
LOOKED_AT = 60  # lines that the separator is found from, at the beginning and in the middle
DELIMITERS = (",", ";", "\t", "|")
CUT = 0.3  # share of the lines that a delimiter must cut where the others are titles and notes
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?")
_RULE = re.compile(r"\s*:?[-+=_|]{3,}[-+=_|\s]*:?\s*")  # a line drawn between rows
_QUOTED = re.compile(r'^"((?:[^"\r\n]|"")*)"\r?$', re.MULTILINE)
_FOREIGN = (  # how texts begin that are no tables
    (r"\s*<(?:!doctype|html|table|\?xml|[a-z]+[ >](?![\t,;]<))", "HTML or XML"),
    (r"(?:\s*[#%][^\n]*\n|\s*\n)*\s*@(?s:.*)^@frequency", "a .tsf file"),
)


@dataclass(frozen=True)
class Cells:
    """A table's cells as text, by column, header and all; every column has the same length. `names` is given where the
    source has a header of its own; `find_lines` gives the line of the source that each row ends in, from 1."""

    shown: str
    columns: list[np.ndarray]
    find_lines: Callable[[], Sequence[int]] = field(repr=False)
    delimiter: str = ","
    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @cached_property
    def lines(self) -> Sequence[int]:
        """The line of the source that each row ends in."""
        return self.find_lines()

    def row(self, place: int) -> list[str]:
        """One row's cells."""
        return [column[place] for column in self.columns]


def split_text(text: str, shown: str, notes: Sequence[str] = ()) -> Cells:
    """The cells of a text. Raises `DataError` for what is no table."""
    if "\0" in text:
        hint = "save it as CSV; or name its --encoding"
        raise DataError("has zero bytes in it: it is no table", path=shown, hint=hint)
    told = re.match(r'\s*"?sep=(.)"?[;,\t ]*\r?\n', text[:100], re.IGNORECASE)
    skipped = 1 if told else 0
    body = text[told.end() :] if told else text
    empty = DataError("is empty", path=shown, hint="it needs a header and one row a time")
    if not body or body.isspace():
        raise empty
    if body.lstrip()[0] in "{[":
        return _split_json(body, shown, notes)
    for pattern, what in _FOREIGN:
        if re.match(pattern, body[:20_000], re.IGNORECASE | re.MULTILINE):
            raise DataError(f"is {what}, not a table", path=shown, hint="save its table as CSV")
    if all(_QUOTED.fullmatch(line) and set(line) & set(",;\t") for line in body.split("\n", 20)[:20] if line):
        body = _QUOTED.sub(lambda line: line[1].replace('""', '"'), body)  # each line is one cell
    if '="' in body:  # how spreadsheets are told to keep the zeros of a code
        body = re.sub(r'(?<![^,;\t\n"])="([^"\r\n]*)"(?=[,;\t\r\n]|$)', r'"\1"', body)
    if "\t," in body and not re.search(r"\t(?![,\t\r\n])", body):  # put after numbers to keep all their digits
        body = body.replace("\t", "")
    delimiter = told[1] if told else _delimiter(body, shown)
    if len(body) > LARGE and len(delimiter) == 1 and (columns := _by_pandas(body, delimiter)) is not None:

        def find_lines() -> list[int]:
            return [line for row, line in _rows(body, delimiter, "", skipped) if not all(map(_is_nothing, row))]

        return Cells(shown, columns, find_lines, delimiter, notes=tuple(notes))
    rows, lines = [], []
    for row, line in _rows(body, delimiter, shown, skipped):
        if not all(map(_is_nothing, row)):
            rows.append(row)
            lines.append(line)
    if not rows:  # but separators and rules
        raise empty
    width = max(map(len, rows))
    if width > 100 * len(rows) + 10_000:
        raise DataError(f"has {width:,} cells in a row", path=shown, hint="is it a table of times and values?")
    if any(len(row) < width for row in rows):
        rows = [row + [""] * (width - len(row)) for row in rows]
    columns = [np.array(cells, object) for cells in zip(*rows, strict=True)]
    return Cells(shown, columns, lambda: lines, delimiter, notes=tuple(notes))


def _split_json(text: str, shown: str, notes: Sequence[str]) -> Cells:
    """The cells of JSON: a list of objects, an object a line, columns or values by name; also within an object."""
    data: Any
    try:
        if re.match(r"\s*\{[^\n]*\}\s*\n\s*\{", text):
            data = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            data = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise DataError(f"is no JSON: {problem}", path=shown, hint="write it again, or save it as CSV") from problem
    if isinstance(data, dict) and data.keys() == {"columns", "index", "data"} and _is_split(**data):
        heads, pairs = ["time", *data["columns"]], zip(data["index"], data["data"], strict=False)
        data = [dict(zip(heads, [index, *row], strict=False)) for index, row in pairs]
    while isinstance(data, dict) and len(data) < 20:
        inner = sorted((value for value in data.values() if isinstance(value, list | dict)), key=_rows_of)
        if not inner or (len(inner) > 1 and _rows_of(inner[-1]) < 10 * _rows_of(inner[-2])):  # beside what says of it
            break
        data = inner[-1]
    if isinstance(data, dict) and data and all(isinstance(value, list) for value in data.values()):
        if len({len(value) for value in data.values()}) == 1:
            data = [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]
    elif isinstance(data, dict):
        data = [{"time": name, **(row if isinstance(row, dict) else {"value": row})} for name, row in data.items()]
    if isinstance(data, list) and data and all(isinstance(row, list) for row in data):
        data = [{f"column{place}": cell for place, cell in enumerate(row, 1)} for row in data]
    if isinstance(data, list):
        data = [_flat(row) if isinstance(row, dict) else row for row in data]
    flat = isinstance(data, list) and all(
        isinstance(row, dict) and not any(isinstance(cell, list | dict) for cell in row.values()) for row in data
    )
    if not data or not flat or not any(data):
        hint = 'write a list of objects, such as [{"date": "2020-01-01", "sales": 5}], or CSV'
        raise DataError("is JSON, but not a table", path=shown, hint=hint)
    names = list(dict.fromkeys(name for row in data for name in row))
    columns = []
    for name in names:
        cells = [row.get(name) for row in data]
        texts = ["" if cell is None else cell if isinstance(cell, str) else json.dumps(cell) for cell in cells]
        columns.append(np.array(with_points(cells, texts), object))
    return Cells(shown, columns, lambda: range(1, len(data) + 1), names=tuple(names), notes=tuple(notes))


def _rows_of(data: Any) -> int:
    """How many rows a part of JSON may have: the length of its columns, if it has such."""
    lists = isinstance(data, dict) and bool(data) and all(isinstance(value, list) for value in data.values())
    return max(len(value) for value in data.values()) if lists else len(data)


def _flat(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    """An object without objects in it, which are named by their way: device.id."""
    made: dict[str, Any] = {}
    for name, cell in row.items():
        made |= _flat(cell, f"{before}{name}.") if isinstance(cell, dict) else {f"{before}{name}": cell}
    return made


def _is_split(columns: Any, index: Any, data: Any) -> bool:
    """Whether JSON has rows beside their index and the names of their columns, as pandas splits them."""
    lists = all(isinstance(part, list) for part in (columns, index, data))
    names = lists and not any(isinstance(name, list | dict) for name in columns)
    return names and all(isinstance(row, list) for row in data)


def with_points(cells: Sequence[Any], texts: Sequence[str]) -> Sequence[str]:
    """The texts of cells, some of which are numbers: all of these with a point where those that have one could be
    thousands, 700.0 beside 1.234."""
    are_numbers = [isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells]
    pointed = [text for text, number in zip(texts, are_numbers, strict=True) if number and "." in text]
    if not pointed or not all(map(is_ambiguous, pointed)):
        return texts
    pairs = zip(texts, are_numbers, strict=True)
    return [f"{text}.0" if number and re.fullmatch(r"-?\d+", text) else text for text, number in pairs]


def _by_pandas(text: str, delimiter: str) -> list[np.ndarray] | None:
    """The columns of a long regular text; None where its rows differ in width."""
    import pandas as pd

    sample = list(csv_reader(text[:50_000].split("\n")[:-1], delimiter))
    width = max(map(len, sample))
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            names=range(width),
            dtype=object,
            na_filter=False,
            skipinitialspace=True,
            low_memory=False,
        )
    except (pd.errors.ParserError, ValueError):
        return None
    columns = [frame[name].to_numpy(dtype=object) for name in frame.columns]
    nothing = re.compile(rf'\n(?:[\s:=+_|\-{re.escape(delimiter)}]|"")')  # how rows without cells begin
    if nothing.search(text) or nothing.match("\n" + text[:2]):
        empty = [row for row in range(len(frame)) if all(_is_nothing(column[row]) for column in columns)]
        columns = [np.delete(column, empty) for column in columns]
    return columns


def _is_nothing(cell: str) -> bool:
    """Whether a cell is blank or part of a line drawn between rows."""
    return not cell or cell.isspace() or (not cell[0].isalnum() and _RULE.fullmatch(cell) is not None)


def _rows(text: str, delimiter: str, shown: str, skipped: int) -> Iterator[tuple[list[str], int]]:
    """Each row and the line that it ends in."""
    if len(delimiter) > 1:
        for number, line in enumerate(text.split("\n"), skipped + 1):
            remark = delimiter == r"\s+" and re.match(r"[#%!]\s", line)
            yield [line] if remark else re.split(delimiter, line.strip()), number
        return
    reader = csv_reader(io.StringIO(text, newline=""), delimiter, skipinitialspace=True)
    row: list[str] = []
    try:
        for row in reader:
            yield row, reader.line_num + skipped
        if row and "\n" in row[-1] and not text.rstrip().endswith('"'):
            begun = reader.line_num + skipped - row[-1].rstrip("\n").count("\n")
            raise DataError("has a quote that nothing closes", path=shown, line=begun, hint="close it, or take it out")
    except csv.Error as problem:
        message = f"is not a CSV file: {problem}"
        raise DataError(message, path=shown, line=reader.line_num + skipped, hint="is a quote left open?") from problem


def _delimiter(text: str, shown: str) -> str:
    """What stands between cells: a comma, semicolon, tab or bar, or blanks, whichever cuts most lines alike."""
    head = text[:200_000].split("\n", 2 * LOOKED_AT)[: 2 * LOOKED_AT]
    lines = [line.removesuffix("\r") for line in head if line.strip()]
    lines = [line for line in lines if not line.startswith("#")] or lines
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        reader = csv_reader(lines, delimiter, skipinitialspace=True)
        try:
            cut = [row for row in reader if row]
        except csv.Error as problem:
            message = f"is not a CSV file: {problem}"
            raise DataError(message, path=shown, line=reader.line_num, hint="is it a table of text?") from problem
        widths = list(map(len, cut))
        quotes = sum('"' in cell for row in cut for cell in row) > len(cut)  # in two: a cell in quotes was cut
        rows = [width for width in widths if width > 1]
        if len(rows) < CUT * len(widths):
            rows = widths
        usual = max(set(rows), key=lambda width: (rows.count(width), width)) if rows else 1
        if usual > 1:
            share = widths.count(usual) / max(len(widths), len(lines) // 4)  # few rows of many lines: a quote left open
            score = share + (0.3 if delimiter in ";\t" else 0.0) + (0.001 * usual) - (0.5 * quotes)
            if score > best_score:
                best, best_score = delimiter, score
    if best_score < 0.6:
        words = [line.split() for line in lines]
        widths = [len(row) for row in words]
        usual = max(set(widths), key=widths.count) if widths else 1
        cells = [cell for row in words if len(row) == usual for cell in row]
        numbers = sum(map(bool, map(_NUMBER.fullmatch, cells)))
        if usual > 1 and len(cells) > 0.7 * sum(widths) and numbers > 0.8 * len(cells):
            return r"\s+"
        for blanks in (r"\s{2,}|\t", r"\s+"):
            widths = [len(re.split(blanks, line.strip())) for line in lines]
            usual = max(set(widths), key=widths.count) if widths else 1
            numbers = sum(bool(re.search(r"\d\s*$", line)) for line in lines)
            if usual > 1 and widths.count(usual) > 0.8 * len(widths) and numbers > 0.6 * len(lines):
                return blanks
    return best
