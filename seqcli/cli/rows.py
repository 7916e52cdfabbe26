"""Rows on standard output: a table for people, CSV or NDJSON for programs."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqcli.cli import console
from seqcli.files.output import write_text, write_workbook
from seqcli.files.plain import json_text

LONGEST_WHOLE = 25  # characters of a cell that stays in one line, such as a time stamp


def write_rows(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], form: str | None = None, output: str | None = None
) -> None:
    """Write `rows` under `columns` to the file `output` as CSV or NDJSON, as a workbook where it ends in .xlsx, or to
    stdout; without a `form`, a table on a terminal and CSV elsewhere.

    CSV and NDJSON go out row by row as the rows come, floats as their shortest exact form, the header with the first
    row, so that input which cannot be used leaves nothing behind; a table waits for all rows. A missing or None value
    is empty in a table or CSV and null in NDJSON.
    """
    if output is not None:
        if output.lower().endswith(".xlsx"):
            import pandas

            write_workbook(Path(output), pandas.DataFrame(list(rows), columns=list(columns)))
        else:
            write_text(Path(output), _lines(columns, rows, form))
        console.notice(f"saved {output}")
        return
    form = form or ("table" if sys.stdout.isatty() else "csv")
    if form == "table":
        _write_table(columns, rows)
        return
    for line in _lines(columns, rows, form):
        console.write(line)


def write_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout; other alphabets stay readable, not-a-number becomes null."""
    console.write(json_text(value) + "\n")


def _lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], form: str | None) -> Iterator[str]:
    if form == "ndjson":
        for row in rows:
            yield json_text({column: row.get(column) for column in columns}) + "\n"
        return
    header = _csv_line(columns)
    for row in rows:
        yield header + _csv_line([row.get(column) for column in columns])
        header = ""
    yield header


def _csv_line(values: Sequence[Any]) -> str:
    csv.writer(line := io.StringIO(), lineterminator="\n").writerow(values)  # None is written as nothing
    return line.getvalue()


def _write_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows = list(rows)
    forms = []
    for column in columns:
        values = [row.get(column) for row in rows]
        numeric = all(isinstance(value, (int, float, type(None))) for value in values)
        # a number or a date is never cut; long names are
        short = numeric or max((len(str(value)) for value in values), default=0) <= LONGEST_WHOLE
        table.add_column(
            Text(console.escape(column)), justify="right" if numeric else "left", no_wrap=short, overflow="fold"
        )
        forms.append(_float_form([value for value in values if isinstance(value, float)]))
    for row in rows:
        cells = (_cell(row.get(column), form) for column, form in zip(columns, forms, strict=True))
        table.add_row(*(Text(console.escape(cell)) for cell in cells))
    console.rich_console(sys.stdout).print(table)


def _float_form(values: Sequence[float]) -> str:
    """How a column's floats are written: with as many decimals as give the largest six digits, if it takes so many, so
    that the points stand under one another; each by itself where that would make a value zero, or very long."""
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    largest = max(sizes, default=1.0)
    decimals = 6 - max(1, math.floor(math.log10(largest)) + 1)
    if decimals < 0 or min(sizes, default=1.0) < 0.5 * 10.0**-decimals:
        return ".6g"
    written = [f"{size:.{decimals}f}".rstrip("0") for size in sizes]
    return f".{max((len(text) - text.index('.') - 1 for text in written if '.' in text), default=0)}f"


def _cell(value: Any, form: str) -> str:
    if value is None:
        return ""
    return f"{value:{form}}" if isinstance(value, float) else str(value).replace("\n", "\\n").replace("\t", "\\t")
