"""Pairs in the columns of a table: TSV, CSV, and bars between the sides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from seqcli.errors import listed
from seqcli.notices import change_with
from seqcli.text.pair_header import NUMERIC, is_header, is_name, may_be_header
from seqcli.text.pair_rows import BLANK, LANGUAGES, NO_TAB, Pair, PairFile, named_sides
from seqcli.text.tab_cells import LOOKED_AT, outside_quotes, quoted_rows, tab_rows

BARS = " ||| "
FIRST_ROWS = 10  # among which settings may stand
Fields = Iterator[tuple[int, list[str]]]
_ATTRIBUTION = re.compile(r"(?i)cc[- ]?(?:by|0)\b|attribution|licen[cs]e|https?://|tatoeba|copyright|©")
_SETTING = re.compile(r"#(?:separator|html|columns|(?:tags|notetype|deck|guid)(?: column)?):")  # above Anki's rows
_SEPARATOR = re.compile(r"sep=(.)\s*\Z")  # what a spreadsheet writes before a CSV table


def table_rows(file: PairFile) -> Iterator[Pair]:
    """The rows of a table: CSV, lines of which --columns says that they are CSV, bars, or TABs."""
    fields = _fields(file)
    seen = list(islice(fields, file.sample))
    there = [row for _, row in seen if row] or [[]]
    names = [cell.strip().strip("\ufeff").lower() for cell in there[0]]
    width = _columns(there, names)
    source, target = _sides(file, names, there, width)
    used = [names[n] for n in (*source, *target) if n < len(names)]
    header = there[0] if _named(file) or (file.sample > 1 and is_header(there, (*source, *target))) else None
    doubtful = header is None and file.kind == "csv" and file.sample > 1 and may_be_header(used)
    for number, row in chain(seen, fields):
        if doubtful and row is there[0]:
            said = f"line {number} is taken for a pair ({', '.join(used)})"
            file.notes.append(f"{file.name}: {said}; --columns {','.join(used)} takes it for a header")
        if row and row is header:
            file.notes.append(f"{file.name}: line {number} is taken for a header ({', '.join(used)})")
            file.direction = (used[0], used[-1]) if len(used) == 2 else None
        elif not row:
            yield Pair(number, "", "", BLANK)
        elif len(row) <= max(*source, *target) or _width(row) > width:
            problem = NO_TAB if len(row) == 1 and file.kind != "csv" else f"{len(row)} columns instead of {width}"
            yield Pair(number, " ".join(row), "", problem)
        else:
            yield Pair(number, *(" ".join(row[n].strip() for n in side) for side in (source, target)))


def _fields(file: PairFile) -> Fields:
    """The line number and the fields of each row; none for a blank line."""
    sample = list(islice(file.lines, file.sample))
    lines = chain(sample, file.lines)
    if file.kind == "bars":
        return ((n, line.split(BARS) if line.strip() else []) for n, line in enumerate(lines, 1))
    if file.kind in ("csv", "lines"):
        said = _SEPARATOR.match(sample[0]) if sample else None
        rest, first = islice(lines, 1 if said else 0, None), 2 if said else 1
        found = quoted_rows(rest, said[1] if said else _delimiter(sample), file.name, first)
        return ((n, row if any(map(str.strip, row)) else []) for n, row in found)
    cells = tab_rows(lines, file.name, LOOKED_AT if file.sample > 1 else 1)
    filled = ((n, row if len(row) > 1 or "".join(row).strip(" \r") else []) for n, row in cells)
    return ((n, [] if n < FIRST_ROWS and row and _SETTING.match(row[0]) else row) for n, row in filled)


def _named(file: PairFile) -> bool:
    """Whether columns are chosen by their names."""
    columns = file.columns
    return columns is not None and not all(name.isdecimal() for name in (*columns.source, *columns.target))


def _sides(file: PairFile, names: list[str], rows: list[list[str]], width: int) -> tuple[Sequence[int], Sequence[int]]:
    """Places of the columns that make the source and the target."""
    if file.columns is not None:
        source = [_place(file, name, names, width) for name in file.columns.source]
        return source, [_place(file, name, names, width) for name in file.columns.target]
    if width <= 2:
        return (0,), (1,)
    if known := named_sides(names):
        return (names.index(known[0]),), (names.index(known[1]),)
    texts = [n for n in range(width) if _is_text([row[n] for row in rows if len(row) > n])]
    chosen = next((some for some in (texts, _languages(texts, names, rows)) if len(some) == 2), None)
    if chosen is None:
        shown = "; ".join(f"{n + 1}: {cell[:30]}" for n, cell in enumerate(rows[0]))
        hint = "say which are source and target: --columns 1,2; with 1+3,2 columns 1 and 3 make the source"
        raise file.problem(f"has {width} columns ({shown})", hint, 1)
    first, second = chosen
    taken = f"{file.name}: columns {first + 1} and {second + 1} of {width} are taken for source and target"
    file.notes.append(f"{taken}; {change_with('--columns')}")
    return (first,), (second,)


def _languages(texts: Sequence[int], names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """The columns that the first row calls by a language; not those that say the language of a row."""
    named = [n for n in texts if n < len(names) and names[n] in LANGUAGES]
    return [n for n in named if not any(row[n : n + 1] == rows[0][n : n + 1] for row in rows[1:])]


def _place(file: PairFile, name: str, names: list[str], width: int) -> int:
    """Where a column of --columns stands."""
    named = _named(file)
    if named and name.lower() in names:
        return names.index(name.lower())
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    has = f"its columns are {listed(names)}" if named else f"it has {width}"
    raise file.problem(f"has no column {name!r}: {has}", "choose with --columns SOURCE,TARGET")


def _delimiter(sample: Sequence[str]) -> str:
    """What stands between the fields: the mark that most lines have where a sentence or a number would have none (no
    blank behind it, nor figures on both sides), or have at all; of several the most frequent."""
    lines = outside_quotes("\n".join(sample)).split("\n")

    def frequency(mark: str) -> tuple[int, int, int]:
        between = re.compile(rf"(?<!\d){re.escape(mark)}(?! )|{re.escape(mark)}(?![ \d])")
        return (
            sum(bool(between.search(line)) for line in lines),
            sum(mark in line for line in lines),
            sum(line.count(mark) for line in lines),
        )

    return max("\t,;|", key=frequency)


def _columns(rows: Sequence[Sequence[str]], names: Sequence[str]) -> int:
    """How many columns a table has: as many as its header has names of sides; or as most rows have, with one that is
    mostly empty if it is filled somewhere."""
    if len(names) > 1 and all(map(is_name, names)):
        return len(names)
    filled, cells = (Counter(map(count, rows)).most_common(1)[0][0] for count in (_width, len))
    return max(filled, cells) if any(filled < _width(row) <= cells for row in rows) else filled


def _width(row: Sequence[str]) -> int:
    """Columns without the empty ones at the end, but for the first two."""
    width = len(row)
    while width > 2 and not row[width - 1].strip():
        width -= 1
    return width


def _is_text(cells: Sequence[str]) -> bool:
    """Whether a column holds sentences: not numbers, nothing, or where these come from."""
    there = [cell for cell in cells if cell.strip()]
    other = sum(bool(NUMERIC.match(cell) or _ATTRIBUTION.search(cell)) for cell in there)
    return 2 * len(there) > len(cells) and 2 * other < len(there)
