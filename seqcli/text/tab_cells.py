"""The cells of lines with TABs between them, in which quotes may be the text's own or those of a CSV writer."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from seqcli.errors import DataError
from seqcli.text.lines import csv_reader

LOOKED_AT = 200  # lines, from the first with a quote, that tell whose quotes they are
Quoted = Callable[[str], bool]
_NUMBER = re.compile(r"(?:[-+]?[\d.,]+(?:[eE][-+]?\d+)?|NA)\Z")
_ESCAPED = re.compile(r'(?:^|[,;|] *)"[^"]*\\"[^,;|"]')
_QUOTED = re.compile(r'(?m)(^|[,;\t|] *)"(?:[^"]|"")*(?:"|\Z)')


def tab_rows(lines: Iterable[str], shown: str, look: int = LOOKED_AT) -> Iterator[tuple[int, list[str]]]:
    """The number of each row's last line, and its cells. `look` lines are read ahead once a cell begins with a quote,
    none before. `shown` is what errors call the file."""
    rest, commas = iter(lines), False
    for number, line in enumerate(rest, 1):
        if not line.startswith('"') and '\t"' not in line:
            commas = commas or "," in line
            yield number, line.split("\t") if line else []
            continue
        begun = [line, *islice(rest, look - 1)]
        rest = chain(begun, rest)
        if any(_written_so(begun, quoted, len(begun) == look) for quoted in _styles(number, commas)):
            yield from quoted_rows(rest, "\t", shown, number)
        else:
            yield from ((n, line.split("\t") if line else []) for n, line in enumerate(rest, number))
        return


def quoted_rows(lines: Iterable[str], delimiter: str, shown: str, first: int = 1) -> Iterator[tuple[int, list[str]]]:
    """The number of each row's last line, and its cells, where quotes are those of CSV, before which a blank may stand;
    `first` is the number of the first line."""
    reader = csv_reader(_without_escapes(lines, shown, first), delimiter, skipinitialspace=delimiter != "\t")
    try:
        for row in reader:
            yield first - 1 + reader.line_num, row
    except csv.Error as problem:
        hint = "a quote that is never closed makes one field of all that follows"
        line = first - 1 + reader.line_num
        raise DataError(f"cannot be read as CSV: {problem}", path=shown, line=line, hint=hint) from problem


def _without_escapes(lines: Iterable[str], shown: str, first: int) -> Iterator[str]:
    """Lines with their ends; `DataError` for quotes as some databases write them, which would end their cells."""
    for number, line in enumerate(lines, first):
        if '\\"' in line and _ESCAPED.search(line):
            hint = 'write quotes within cells twice, as CSV has them: sed \'s/\\\\"/""/g\' FILE'
            raise DataError('has a quote behind a backslash (\\") in a cell', path=shown, line=number, hint=hint)
        yield line + "\n"


def outside_quotes(text: str) -> str:
    """Lines of CSV without their cells in quotes, in which nothing separates."""
    return _QUOTED.sub(r"\1", text)


def _styles(number: int, commas: bool) -> Iterator[Quoted]:
    """Which cells a writer quotes whose first quote is in row `number`, after rows with `commas` or without."""
    yield lambda cell: any(mark in cell for mark in '"\t\n')
    if not commas:  # as spreadsheets do
        yield lambda cell: any(mark in cell for mark in '"\t\n,')
    if number <= 2:  # after a header at most
        yield lambda cell: not _NUMBER.match(cell)
        yield lambda cell: bool(cell)
        yield lambda cell: True


def _written_so(lines: Sequence[str], quoted: Quoted, cut: bool) -> bool:
    """Whether a CSV writer that quotes such cells would have written these lines, the last of which may be `cut` off.
    A quote that opens in one row and closes in another is one of the text."""
    try:
        rows = [row for _, row in quoted_rows(lines, "\t", "")]
    except DataError:
        return False
    if cut and rows[-1] and rows[-1][-1].endswith("\n"):
        rows.pop()  # of which the end was not looked at
    if not rows or any("\n" in cell and "\t" in cell for row in rows for cell in row):
        return False
    written = "\n".join("\t".join(_written(cell, quoted) for cell in row) for row in rows)
    return "\n".join([*lines, ""]).startswith(written + "\n")


def _written(cell: str, quoted: Quoted) -> str:
    return '"' + cell.replace('"', '""') + '"' if quoted(cell) else cell
