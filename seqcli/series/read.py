"""Files and data frames as cells of text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.files.opening import ZIP, shown_path
from seqcli.notices import change_with
from seqcli.series.delimited import Cells, split_text, with_points
from seqcli.text.lines import read_chunks

if TYPE_CHECKING:
    import pandas as pd


def read_cells(
    source: Any, *, encoding: str = "auto", errors: str = "strict", sheet: str | None = None, shown: str = "the data"
) -> Cells:
    """The cells of a file (`-`: standard input), of a pandas data frame, or of text in a stream such as `io.StringIO`;
    messages call the latter two what `shown` says.

    Text in any encoding, plain or compressed; workbooks (.xlsx, .xls, .xlsb, .ods: the named `sheet`, or the first one
    with anything in it); Parquet. Raises `DataError` for what cannot be read, `UsageError` for a `sheet` that is not
    there.
    """
    if isinstance(source, io.TextIOBase):
        if source.seekable():
            source.seek(0)  # a table of what is known beforehand is read twice
        return split_text(source.read(), shown)
    if not isinstance(source, str | Path):
        return _from_frame(source, shown)
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
    return split_text(text, shown_path(path), notes)


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


def _from_workbook(path: str, sheet: str | None) -> Cells:
    """The cells of one sheet of a workbook; dates come as ISO text, numbers as Python writes them."""
    try:
        from python_calamine import CalamineError, load_workbook
    except ImportError as problem:
        what = "is a workbook, and the package that reads those is not installed"
        raise DataError(what, path=path, hint="pip install 'seqcli[excel]', or save it as CSV") from problem
    try:
        book = load_workbook(path)
        names = book.sheet_names
        if sheet is not None and sheet not in names:
            raise UsageError(f"--sheet {sheet!r} is not in {path}", hint=f"its sheets are {', '.join(names[:12])}")
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in ([sheet] if sheet else names)}
    except (CalamineError, OSError, ValueError) as problem:
        hint = "open it and save it again, or save it as CSV"
        raise DataError(f"cannot be read: {problem}", path=path, hint=hint) from problem
    filled = {name: rows for name, rows in sheets.items() if any(str(cell).strip() for row in rows for cell in row)}
    if not filled:
        raise DataError("has no cells", path=path, hint="it needs a header and one row a time")
    # the first sheet is the one that opens; one without three rows of several cells is a cover
    full = [name for name, rows in filled.items() if sum(sum(map(bool, map(str, row))) > 1 for row in rows) > 2]
    name = [*full, *(name for name, rows in filled.items() if len(rows) > 3), *filled][0]
    notes = []
    if len(names) > 1 and sheet is None:
        others = ", ".join(other for other in names if other != name)
        notes.append(f"sheet {name!r} is read (the others: {others}); {change_with('--sheet')}")
    columns = [_texts(column) for column in zip(*filled[name], strict=True)]
    there = np.any([[not cell.isspace() and cell != "" for cell in column] for column in columns], axis=0)
    lines = (np.flatnonzero(there) + 1).tolist()
    return Cells(path, [column[there] for column in columns], lambda: lines, notes=tuple(notes))


def _texts(values: Iterable[Any]) -> np.ndarray:
    """Cells of a workbook or data frame as text; midnights have no clock where nothing else in the column has one."""
    cells = list(values)
    clocks = any(isinstance(cell, datetime) and cell.time() != time() for cell in cells)
    return np.array(with_points(cells, [_text(cell, clocks) for cell in cells]), object)


def _text(value: Any, clocks: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, date):
        text = value.isoformat() if not isinstance(value, datetime) else value.isoformat(" ")
        text = text.removesuffix(" 00:00:00")
        return f"{text} 00:00:00" if clocks and len(text) == 10 else text
    return str(value)


def _from_parquet(path: str) -> Cells:
    try:
        import pandas as pd

        frame = pd.read_parquet(path)
    except ImportError as problem:
        what = "is a Parquet file, and pyarrow, which reads those, is not installed"
        raise DataError(what, path=path, hint="pip install 'seqcli[parquet]', or save it as CSV") from problem
    except (OSError, ValueError) as problem:
        raise DataError(f"cannot be read: {problem}", path=path, hint="write it again, or save it as CSV") from problem
    return _from_frame(frame, path)


def _from_frame(frame: Any, shown: str) -> Cells:
    """The cells of a data frame; an index with a name, or of times, is its first column."""
    import pandas as pd

    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name if frame.name is not None else "y")
    if not isinstance(frame, pd.DataFrame):
        hint = "give a path, or a pandas DataFrame or Series"
        raise DataError(f"a {type(frame).__name__} is not a table", path=shown, hint=hint)
    counted = isinstance(frame.index, pd.RangeIndex) or frame.index.dtype.kind in "iu"
    if not counted or any(name is not None for name in frame.index.names):
        levels = ["ds" if name is None else str(name) for name in frame.index.names]
        frame = frame.rename_axis(index=levels).reset_index(allow_duplicates=True)
    if not len(frame.columns) or not len(frame):
        raise DataError("has no rows" if len(frame.columns) else "is empty", path=shown, hint="it needs one row a time")
    columns = [_column(frame.iloc[:, place]) for place in range(frame.shape[1])]
    names = tuple(
        " ".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)
        for name in frame.columns
    )
    return Cells(shown, columns, lambda: range(1, len(frame) + 1), names=names)


def zone_of(source: Any, name: str | None) -> Any:
    """The time zone of the column or index of times of a data frame or series; None if it has none."""
    index: Any = getattr(source, "index", None)
    if name is None or not hasattr(index, "nlevels"):
        return None
    if name in getattr(source, "columns", ()):
        return getattr(source.dtypes.get(name), "tz", None)
    dtypes = index.dtypes if index.nlevels > 1 else [index.dtype]
    return next((zone for kind in dtypes if (zone := getattr(kind, "tz", None)) is not None), None)


def _column(values: pd.Series[Any]) -> np.ndarray:
    """A column of a data frame as text."""
    import pandas as pd

    if isinstance(values.dtype, pd.DatetimeTZDtype) or values.dtype.kind == "M":
        form, known = "%Y-%m-%d", values.dropna()
        if not bool((known.dt.normalize() == known).all()):
            form += " %H:%M:%S.%f" if bool((known.dt.microsecond != 0).any()) else " %H:%M:%S"
            form += "%z" if isinstance(values.dtype, pd.DatetimeTZDtype) else ""
        texts = values.dt.strftime(form).where(values.notna(), "")
        return np.asarray(texts, dtype=object)
    if values.dtype.kind in "iu" and not values.hasnans:
        return values.astype(str).to_numpy(dtype=object)
    return _texts(None if value is pd.NaT or value is pd.NA else value for value in values.tolist())
