"""The rows of a table that are not data: titles, comments, header rows, repeated headers, notes below."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seqcli.errors import DataError
from seqcli.series import words
from seqcli.series.delimited import LARGE, Cells
from seqcli.series.forms import find_forms
from seqcli.series.marks import is_mark
from seqcli.series.numbers import LONGEST
from seqcli.series.order import in_order

HEAD = 60  # rows in which a header is looked for
COMMENTS = ("#", "//", "%", "!")


@dataclass(frozen=True)
class Table:
    """Named columns of text. `rows` are the places of its rows among the cells of its `source`."""

    source: Cells
    columns: dict[str, np.ndarray]
    rows: np.ndarray
    notes: tuple[str, ...] = ()
    _coded: dict[str, tuple[np.ndarray, list[str]]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    def coded(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A column as numbers of its different texts, and these, in the order in which they come."""
        if name not in self._coded:
            self._coded[name] = code_texts(self.columns[name])
        return self._coded[name]

    def combined(self, names: Sequence[str]) -> np.ndarray:
        """Several columns as numbers of their different combinations, from 0."""
        codes = self.coded(names[0])[0] if names else np.zeros(len(self), np.int64)
        for name in names[1:]:
            others, texts = self.coded(name)
            codes = np.unique(codes * len(texts) + others, return_inverse=True)[1]
        return codes

    def line(self, row: int) -> int:
        """The line of the source that a row ends in, from 1."""
        return self.source.lines[int(self.rows[row])]

    def error(self, what: str, row: int | None = None, column: str | None = None, *, hint: str) -> DataError:
        """What is wrong with the table, or with one of its rows."""
        line = None if row is None else self.line(row)
        return DataError(what, path=self.source.shown, line=line, column=column, hint=hint)

    def select(self, kept: np.ndarray, note: str | None = None) -> Table:
        columns = {name: column[kept] for name, column in self.columns.items()}
        notes = (*self.notes, note) if note else self.notes
        return replace(self, columns=columns, rows=self.rows[kept], notes=notes)

    def with_columns(self, columns: dict[str, np.ndarray], note: str | None = None) -> Table:
        """The table with other columns of the same rows."""
        return replace(self, columns=columns, notes=(*self.notes, note) if note else self.notes)


def code_texts(column: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Cells as numbers of their different texts, and these, in the order in which they come."""
    if len(column) > LARGE // 20:  # pandas is loaded for such a table, and quicker
        import pandas as pd

        codes, different = pd.factorize(column)
        return codes.astype(np.int64), different.tolist()
    texts = column.tolist()
    known = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts)), list(known)


def find_table(cells: Cells) -> Table:
    """Name the columns and leave out the rows that are not data. Raises `DataError` for a source without rows of data,
    and for a row that is wider than the others."""
    if cells.names is not None:
        names = _distinct(cells.names)
        columns = dict(zip(names, cells.columns, strict=True))
        return Table(cells, columns, np.arange(len(cells)), cells.notes)
    head = [cells.row(place) for place in range(min(len(cells), HEAD))]
    first = _first_data_row(cells, head)
    no_rows = DataError("has a header but no rows", path=cells.shown, hint="it needs one row a time")
    if first >= len(cells) or len(cells) == 1:
        raise no_rows
    header, titles = _header_rows(head[:first], cells)
    names = _names(header, len(cells.columns))
    counted = cells.columns[0][first : first + 3].tolist() in (["0", "1", "2"], ["1", "2", "3"])
    short = len(names) > 2 and all(names[:-1]) and not names[-1] and (counted or not words.says_time(names[0]))
    if short and np.mean([bool(cell.strip()) for cell in cells.columns[-1][first:]]) > 0.9:
        # rows have names without a name of their own, as in R
        names = ["", *names[:-1]]
    notes = list(cells.notes)
    if titles:
        shown = "; ".join(" ".join(filter(str.strip, row)).strip() for row in titles)
        notes.append(f"above the header: {shown[:100]}")
    kept = np.arange(len(cells)) >= first
    for place in range(len(cells) - 1, max(first, len(cells) - HEAD - 1), -1):
        there = [cell for cell in cells.row(place) if cell.strip()]
        if len(cells.columns) == 1 or not _is_note(there, len(cells.columns), header[-1] if header else ()):
            break
        kept[place] = False
        notes.append(f"below the data, line {cells.lines[place]}: {there[0].strip()[:80]}")
    if header:
        repeated = np.flatnonzero(kept)
        for column, cell in zip(cells.columns, header[-1], strict=True):
            repeated = repeated[column[repeated] == cell]
        if len(repeated):
            kept[repeated] = False
            notes.append(f"the header comes again in {len(repeated)} rows, which are left out")
    if not kept.any():
        raise no_rows
    used = [at for at, column in enumerate(cells.columns) if names[at] or any(map(str.strip, column[kept]))]
    unnamed = [place for place in used if not names[place]]
    if header and unnamed:
        _refuse_wide(cells, kept, unnamed, names)
    labels = _distinct([names[place] or f"column{place + 1}" for place in used])
    columns = {label: cells.columns[place] for label, place in zip(labels, used, strict=True)}
    return Table(cells, columns, np.arange(len(cells)), tuple(notes)).select(np.flatnonzero(kept))


def _is_note(there: Sequence[str], width: int, header: Sequence[str]) -> bool:
    """Whether a row of the table with only these cells, which are not blank, is a note below the data."""
    kinds = set(map(_kind, there))
    if kinds == {"w"} or (len(there) == 1 and kinds == {" "}):
        return True
    if len(there) == 1 and kinds == {"d"} and len(there[0].split()) > 1 and not find_forms(there):
        return True
    if len(there) < 0.5 * width and len(there[0].split()) > 2 and "n" not in kinds:
        return True
    if re.fullmatch(r"\d{1,3}\|[^|]+(?: [^|]+){3,}", "|".join(there)):  # a numbered footnote
        return True
    return len(there) > 1 and any(name.startswith(", ".join(there)) for name in header)  # words of the header again


def _refuse_wide(cells: Cells, kept: np.ndarray, unnamed: Sequence[int], names: Sequence[str]) -> None:
    """Raise for rows that have more cells than the header where most rows have not."""
    last = max((place for place, name in enumerate(names) if name), default=-1)
    wider = sum(place > last for place in unnamed) > max(1, sum(map(bool, names)))  # a record of another kind above
    for place in unnamed:
        filled = np.array([bool(cell.strip()) for cell in cells.columns[place]]) & kept
        few = 0 < filled.sum() <= 0.5 * kept.sum() or wider
        if place > last and (few or (cells.delimiter == "," and _are_decimals(cells, place, kept))):
            row = int(np.flatnonzero(filled)[0])
            width = max(at + 1 for at, cell in enumerate(cells.row(row)) if cell.strip())
            what = f"has {width} cells where the header has {last + 1}"
            hint = "a value that contains the separator must be quoted"
            raise DataError(what, path=cells.shown, line=cells.lines[row], hint=hint)


def _are_decimals(cells: Cells, place: int, kept: np.ndarray) -> bool:
    """Whether a column has what stands after a decimal comma that was not quoted."""
    whole, part = ({cell.strip() for cell in cells.columns[at][kept].tolist()} for at in (place - 1, place))
    digits = all(re.fullmatch(r"-?\d*", text) for text in whole)
    return digits and len(part) > 3 and all(re.fullmatch(r"\d{0,3}", text) for text in part)


def _kind(cell: str) -> str:
    """What a cell looks like: blank, number, code (text with digits) or words."""
    text = cell.strip()[:LONGEST]
    if not text or is_mark(text.lower()):
        return " "
    if re.fullmatch(r"[^\w]*[+-]?[\d.,'’\s_]*\d[\d.,]*([eE][+-]?\d+)?[^\w]*-?|(?i:true|false)", text):
        return "n"
    return "d" if any(char.isdigit() for char in text) else "w"


def _letters(cell: str) -> int:
    return sum(char.isalpha() for char in cell)


def _first_data_row(cells: Cells, head: Sequence[Sequence[str]]) -> int:
    """The first row that looks like the rows of the middle of the table."""
    count, width = len(cells), len(cells.columns)
    middle = range(count // 3, count) if count < 40 else range(count // 3, count - count // 10, max(1, count // 60))
    body = [cells.row(place) for place in middle]
    titles = 0
    if width > 2:  # of a few rows, many may be titles and notes
        titles = next((place for place, row in enumerate(head) if sum(map(bool, map(str.strip, row))) > 1), 0)
        body = [row for row in body if sum(bool(cell.strip()) for cell in row) > 1] or body
    usual = []
    for place in range(width):
        counts = Counter(_kind(row[place]) for row in body)
        counts.pop(" ", None)
        kind, number = counts.most_common(1)[0] if counts else (" ", 0)
        usual.append(kind if number >= 0.6 * sum(counts.values()) else "?")
    telling = [place for place, kind in enumerate(usual) if kind in "nd"]
    if not telling:
        return min(titles + 1, count)
    letters = [max(_letters(row[place]) for row in body) + 3 for place in telling]
    pairs = list(zip(telling, letters, strict=True))
    kinds_of = [["w" if _letters(row[at]) > most else _kind(row[at]) for at, most in pairs] for row in head]
    named = [
        sum(kind == "w" or row[at].strip().isalpha() for at, kind in zip(telling, kinds, strict=True))
        > 0.6 * len(kinds)
        and not any(kind == usual[at] for at, kind in zip(telling, kinds, strict=True))
        for row, kinds in zip(head, kinds_of, strict=True)
    ]
    dated = (at for at, place in enumerate(telling) if usual[place] == "d" and find_forms([row[place] for row in body]))
    timed = next(dated, None)
    across = False
    for number, (row, kinds) in enumerate(zip(head, kinds_of, strict=True)):
        if _are_years_apart(row):
            continue  # each above the months or quarters of it
        comment = len(row) > 1 and row[0].lstrip().startswith(COMMENTS) and not any(map(str.strip, row[1:]))
        if comment or number < titles or (len(telling) > 1 and any(named[number + 1 : number + 6])):
            continue
        if timed is not None and [kinds[timed] for kinds in kinds_of[number : number + 2]] == ["w", "w"]:
            continue  # what is said of columns, above the header
        fits = sum(kind == usual[place] for place, kind in zip(telling, kinds, strict=True))
        below_header = number > 0 and set(kinds_of[number - 1]) == {"w"}
        if timed is not None and kinds[timed] == "w" and fits == len(telling) - 1 > 0 and below_header:
            return number  # values without a time, such as an opening balance
        named_cells = sum(kind == "w" for kind in kinds)
        if not across and _is_header_of_times(row, head[number + 1 :], usual):
            across = True
            continue
        if fits and not named_cells and fits >= 0.5 * sum(kind != " " for kind in kinds):
            return number
        dates = any(
            kind == "d" == usual[place] and (len(row[place]) > 5 or find_forms([row[place]]))
            for place, kind in zip(telling, kinds, strict=True)
        )
        if dates and number > 0 and len(telling) > 1:
            return number  # a time and words where most rows have numbers
        if any(kind == "w" and words.says_time(row[place]) for place, kind in zip(telling, kinds, strict=True)):
            continue  # the header, with numbers for names
        if fits > named_cells and number > 0 and fits >= 0.6 * len(telling):
            return number
    return min(titles + 1, count)


def bare_times(names: Sequence[str]) -> list[str]:
    """Names of columns that are times, without what R and the World Bank add to them: X2010, 2010 [YR2010]."""
    return [re.sub(r"^X(?=\d)|\s*\[YR\d{4}\]$", "", name) for name in names]


def _are_years_apart(row: Sequence[str]) -> bool:
    """Whether a row has nothing but years with cells between them that are merged with these."""
    years = [cell for cell in row[1:] if cell.strip()]
    return 1 < len(years) < 0.5 * len(row) and all(re.fullmatch(r"\s*(?:19|20)\d\d\s*", cell) for cell in years)


def _is_header_of_times(row: Sequence[str], below: Sequence[Sequence[str]], usual: Sequence[str]) -> bool:
    """Whether the first row names its columns by years or dates, which look like data."""
    years = all(re.fullmatch(r"(?:19|20)\d\d", cell.strip()) for cell in row[1:])
    if len(row) == 3 and years and words.says_time(row[0]):
        return True  # Month,2018,2019
    if len(row) < 4 or not below:
        return False
    codes = bare_times([cell.strip() for cell in row if _kind(cell) in "nd"])
    if len(codes) < 3 or len(set(codes)) < len(codes):
        return False
    first = next((place for place, kind in enumerate(usual) if kind != " "), 0)
    if not row[first].strip() and usual[first] == "n" and len(codes) < len(row) - 1:
        first += 1  # the rows are numbered, without a name
    if _kind(row[first]) in ("w " if usual[first] == "w" else "w"):
        return len(codes) >= 0.5 * len(row) and _are_in_order(codes)
    # dates in a header, numbers below
    return all(_kind(cell) == "d" for cell in codes) and sum(kind == "n" for kind in usual) >= len(codes) - 1


def _are_in_order(cells: Sequence[str]) -> bool:
    """Whether cells are times, one after another."""
    return any(fine.all() and in_order(times) for times, fine in (form.read(cells) for form in find_forms(cells)))


def _header_rows(above: Sequence[Sequence[str]], cells: Cells) -> tuple[list[list[str]], list[list[str]]]:
    """The rows that name columns, and the titles above these."""
    rows = [[cell.strip() for cell in row] for row in above]
    width = len(cells.columns)
    if len(above) < len(cells):  # titles may be wider than the data
        width = 1 + max((at for at, cell in enumerate(cells.row(len(above))) if cell.strip()), default=0)
    header: list[list[str]] = []
    while rows:
        row = rows[-1]
        filled = sum(bool(cell) for cell in row)
        if row[0].startswith(COMMENTS) and len(row[0]) > 1:
            if filled < max(2, 0.6 * width):
                break
            row = [row[0].lstrip("#/%! "), *row[1:]]
        lone = filled < 2 and width > 1 and (header or width > 2 or row[0])
        there = sum(map(bool, rows[-2])) if len(rows) > 1 else 0
        blanks = len(cells.delimiter) > 1  # nothing tells which cells are left out
        if header and blanks:
            break
        units = width == there > filled if blanks else lone and not row[0] and there >= max(2, 0.6 * width)
        dated = [cell for cell in row if _kind(cell) == "d" and find_forms([cell])]
        made = len(dated) == 1 and row[0] != dated[0]  # what says when it was made
        above = [[cell for cell in other if _kind(cell) in "nd"] for other in rows[:-1] if filled < 3]
        part = any(len(other) > 2 and _are_in_order(other) for other in above)  # a heading below times across
        if not header and (units or part or (made and row[0] and there > 1)):
            rows.pop()
            continue
        # a last header row may name only the times, as that of pandas does: Date,,,,
        if lone and (header or not row[0] or there < 2):
            break
        decimals = any(_kind(cell) == "n" and re.search(r"\d\.\d", cell) for cell in row)  # of a place: 52.5,13.4,CET
        named = filled >= 0.6 * width and any(map(words.says_time, row)) and not decimals
        # years, or names merged across columns, with the name of the first column, which the row below leaves out
        named = named or _are_years_apart(row) or (bool(header and row[0]) and not header[0][0] and filled > 2)
        # times above a name that is the same for all
        named = named or (len(row) > 3 and bool(header) and len(set(header[0][1:])) == 1 and _are_in_order(row[1:]))
        numbers = sum(_kind(cell) == "n" for cell in row) > (width > 2)
        if header and (made or (not named and ((filled < 0.6 * width and row[0]) or numbers))):
            break
        header.insert(0, row)
        rows.pop()
        if width == 1:
            break
    return header, rows


def _names(header: Sequence[Sequence[str]], width: int) -> list[str]:
    """A name a column from its header rows; cells that are merged across columns name each of these."""
    if not header:
        return [""] * width
    levels = list(map(list, header))
    for level in levels[:-1]:
        for place in range(2, width):
            level[place] = level[place] or level[place - 1]
    # what is the same for all columns names none of them
    telling = [level for level in levels if len({cell for cell in level[1:] if cell}) > 1] or levels[-1:]
    names = []
    for place in range(width):
        parts = dict.fromkeys(level[place] for level in telling if level[place])
        last = next((level[place] for level in reversed(levels) if any(map(str.isalnum, level[place]))), "")
        names.append(last if place == 0 else " ".join(parts) or last)
    return names


def _distinct(names: Sequence[str]) -> list[str]:
    made: dict[str, None] = {}
    for place, name in enumerate(names, 1):
        text = label = re.sub(r"\s+", " ", str(name)).strip() or f"column{place}"
        number = place
        while label in made:
            label, number = f"{text}.{number}", number + 1
        made[label] = None
    return list(made)
