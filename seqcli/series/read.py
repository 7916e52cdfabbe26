"""Files and data frames as cells of text: containers, encodings and separators."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.files.opening import ZIP, shown_path
from seqcli.text.lines import read_chunks

if TYPE_CHECKING:
    import pandas as pd

LARGE = 2_000_000  # characters from which pandas splits a text: for less, importing it takes longer than the csv module
LOOKED_AT = 60  # lines that the separator is found from, at the beginning and in the middle
LONGEST_CELL = 131_072  # characters: in a longer one a quote was left open
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Cells:
    """A table's cells as text, by column, header and all; every column has the same length.

    `names` is given where the source has a header of its own; `find_lines` gives the line of the source that each row
    ends in, from 1.
    """

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


def read_cells(source: Any, *, encoding: str = "auto", errors: str = "strict", sheet: str | None = None) -> Cells:
    """The cells of a file (`-`: standard input) or of a pandas data frame.

    Text in any encoding, plain or compressed; workbooks (.xlsx, .xls, .xlsb, .ods: the named `sheet`, or the first one
    with anything in it); Parquet. Raises `DataError` for what cannot be read, `UsageError` for a `sheet` that is not
    there.
    """
    if not isinstance(source, str | Path):
        return _from_frame(source, "the data frame")
    path = str(source)
    kind = _kind(path)
    if kind == "workbook":
        return _from_workbook(path, sheet)
    if kind == "parquet":
        return _from_parquet(path)
    if sheet is not None:
        raise UsageError(f"--sheet {sheet}: {path} is no workbook", hint="leave it out")
    notes: list[str] = []
    text = "".join(read_chunks(path, encoding=encoding, errors=errors, notice=notes.append))
    return _from_text(text, shown_path(path), notes)


def _kind(path: str) -> str:
    """Whether a file is a workbook, Parquet or text, by its first bytes."""
    if path == "-" or not Path(path).is_file():
        return "text"
    try:
        with open(path, "rb") as file:
            start = file.read(8)
        if start.startswith(b"PAR1"):
            return "parquet"
        if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
            return "workbook"
        if start.startswith(ZIP):
            with zipfile.ZipFile(path) as archive:
                return "workbook" if {"[Content_Types].xml", "mimetype"} & set(archive.namelist()) else "text"
    except (OSError, zipfile.BadZipFile):
        pass  # named when it is read
    return "text"


def _from_text(text: str, shown: str, notes: Sequence[str]) -> Cells:
    if "\0" in text:
        raise DataError(
            "has zero bytes in it: it is no table", path=shown, hint="save it as CSV; or name its --encoding"
        )
    told = re.match(r'\s*"?sep=(.)"?[;,\t ]*\r?\n', text[:100], re.IGNORECASE)
    skipped = 1 if told else 0
    body = text[told.end() :] if told else text
    if not body or body.isspace():
        raise DataError("is empty", path=shown, hint="it needs a header and one row a time")
    delimiter = told[1] if told else _delimiter(body, shown)
    if len(body) > LARGE and len(delimiter) == 1 and (columns := _by_pandas(body, delimiter)) is not None:
        return Cells(shown, columns, lambda: _count_lines(body, delimiter, skipped), delimiter, notes=tuple(notes))
    rows, lines = [], []
    for row, line in _rows(body, delimiter, shown, skipped):
        if any(cell and not cell.isspace() for cell in row):
            rows.append(row)
            lines.append(line)
    width = max(map(len, rows))
    if width > 100 * len(rows) + 10_000:
        raise DataError(f"has {width:,} cells in a row", path=shown, hint="is it a table of times and values?")
    if any(len(row) < width for row in rows):
        rows = [row + [""] * (width - len(row)) for row in rows]
    columns = []
    for cells in zip(*rows, strict=True):
        column = np.empty(len(rows), object)
        column[:] = cells
        columns.append(column)
    return Cells(shown, columns, lambda: lines, delimiter, notes=tuple(notes))


def _by_pandas(text: str, delimiter: str) -> list[np.ndarray] | None:
    """The columns of a long regular text; None where its rows differ in width."""
    import pandas as pd

    sample = list(csv.reader(text[:50_000].split("\n")[:-1], delimiter=delimiter))
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
    return [frame[name].to_numpy(dtype=object) for name in frame.columns]


def _rows(text: str, delimiter: str, shown: str, skipped: int) -> Iterator[tuple[list[str], int]]:
    """Each row and the line that it ends in."""
    if len(delimiter) > 1:
        for number, line in enumerate(text.split("\n"), skipped + 1):
            yield re.split(delimiter, line.strip()), number
        return
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            yield row, reader.line_num + skipped
    except csv.Error as problem:
        message = f"is not a CSV file: {problem}"
        raise DataError(message, path=shown, line=reader.line_num + skipped, hint="is a quote left open?") from problem


def _count_lines(text: str, delimiter: str, skipped: int) -> list[int]:
    return [line for row, line in _rows(text, delimiter, "", skipped) if any(cell.strip() for cell in row)]


def _delimiter(text: str, shown: str) -> str:
    """What stands between cells: a comma, semicolon, tab or bar, or blanks, whichever cuts most lines alike."""
    head = text[:200_000].split("\n", 2 * LOOKED_AT)[: 2 * LOOKED_AT]
    lines = [line.removesuffix("\r") for line in head if line.strip()]
    best, best_score = ",", 0.0
    csv.field_size_limit(LONGEST_CELL)
    for delimiter in DELIMITERS:
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        try:
            widths = [len(row) for row in reader if row]
        except csv.Error as problem:
            message = f"is not a CSV file: {problem}"
            raise DataError(message, path=shown, line=reader.line_num, hint="is it a table of text?") from problem
        usual = max(set(widths), key=widths.count) if widths else 1
        if usual > 1:
            share = widths.count(usual) / len(widths)
            score = share + (0.3 if delimiter in ";\t" else 0.0) + (0.001 * usual)
            if score > best_score:
                best, best_score = delimiter, score
    if best_score < 0.6:
        for blanks in (r"\s{2,}|\t", r"\s+"):
            widths = [len(re.split(blanks, line.strip())) for line in lines]
            usual = max(set(widths), key=widths.count) if widths else 1
            numbers = sum(bool(re.search(r"\d\s*$", line)) for line in lines)
            if usual > 1 and widths.count(usual) > 0.8 * len(widths) and numbers > 0.6 * len(lines):
                return blanks
    return best


def _from_workbook(path: str, sheet: str | None) -> Cells:
    """The cells of one sheet of a workbook; dates come as ISO text, numbers as Python writes them."""
    try:
        from python_calamine import CalamineError, load_workbook
    except ImportError as problem:
        hint = "pip install 'seqcli[excel]', or save it as CSV"
        raise DataError(
            "is a workbook, and the package that reads those is not installed", path=path, hint=hint
        ) from problem
    try:
        book = load_workbook(path)
        names = book.sheet_names
        if sheet is not None and sheet not in names:
            raise UsageError(f"--sheet {sheet!r} is not in {path}", hint=f"its sheets are {', '.join(names[:12])}")
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in ([sheet] if sheet else names)}
    except (CalamineError, OSError, ValueError) as problem:
        raise DataError(
            f"cannot be read: {problem}", path=path, hint="open it and save it again, or save it as CSV"
        ) from problem
    filled = {name: rows for name, rows in sheets.items() if rows}
    if not filled:
        raise DataError("has no cells", path=path, hint="it needs a header and one row a time")
    # the first sheet is the one that opens; one with hardly anything in it is a cover
    name = next((name for name, rows in filled.items() if len(rows) > 3), next(iter(filled)))
    notes = []
    if len(names) > 1 and sheet is None:
        others = ", ".join(other for other in names if other != name)
        notes.append(f"sheet {name!r} is read (the others: {others}); --sheet says otherwise")
    rows = [[_text(cell) for cell in row] for row in filled[name]]
    kept = [(number, row) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if not kept:
        raise DataError("has no cells", path=path, hint="it needs a header and one row a time")
    columns = [np.array(cells, dtype=object) for cells in zip(*(row for _, row in kept), strict=True)]
    return Cells(path, columns, lambda: [number for number, _ in kept], notes=tuple(notes))


def _text(value: Any) -> str:
    """A cell of a workbook or data frame as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        text = (
            str(value.isoformat(" ")) if hasattr(value, "hour") and hasattr(value, "year") else str(value.isoformat())
        )
        return text.removesuffix(" 00:00:00")
    return str(value)


def _from_parquet(path: str) -> Cells:
    try:
        import pandas as pd

        frame = pd.read_parquet(path)
    except ImportError as problem:
        hint = "pip install 'seqcli[parquet]', or save it as CSV"
        raise DataError(
            "is a Parquet file, and pyarrow, which reads those, is not installed", path=path, hint=hint
        ) from problem
    except (OSError, ValueError) as problem:
        raise DataError(f"cannot be read: {problem}", path=path, hint="write it again, or save it as CSV") from problem
    return _from_frame(frame, path)


def _from_frame(frame: Any, shown: str) -> Cells:
    """The cells of a data frame; an index with a name, or of times, is its first column."""
    import pandas as pd

    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name if frame.name is not None else "y")
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"a {type(frame).__name__} is not a table", hint="give a path or a pandas DataFrame")
    timed = isinstance(frame.index, pd.DatetimeIndex | pd.PeriodIndex | pd.MultiIndex)
    if timed or any(name is not None for name in frame.index.names):
        frame = frame.rename_axis(
            index=["ds" if name is None else str(name) for name in frame.index.names]
        ).reset_index()
    if not len(frame.columns) or not len(frame):
        raise DataError("has no rows" if len(frame.columns) else "is empty", path=shown, hint="it needs one row a time")
    columns = [_column(frame.iloc[:, place]) for place in range(frame.shape[1])]
    names = tuple(
        " ".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)
        for name in list(frame.columns)
    )
    return Cells(shown, columns, lambda: range(1, len(frame) + 1), names=names)


def _column(values: pd.Series[Any]) -> np.ndarray:
    """A column of a data frame as text."""
    import pandas as pd

    if isinstance(values.dtype, pd.DatetimeTZDtype) or values.dtype.kind == "M":
        midnights = bool((values.dropna().dt.normalize() == values.dropna()).all())
        form = "%Y-%m-%d" if midnights else "%Y-%m-%d %H:%M:%S"
        if not midnights and bool((values.dropna().dt.microsecond != 0).any()):
            form += ".%f"
        texts = values.dt.strftime(form).where(values.notna(), "")
        return np.asarray(texts, dtype=object)
    if values.dtype.kind in "iu":
        return values.astype(str).to_numpy(dtype=object)
    made = np.empty(len(values), object)
    made[:] = [_text(None if value is pd.NaT or value is pd.NA else value) for value in values.tolist()]
    return made
