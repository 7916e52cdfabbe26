"""Rows on standard output: a table for people, CSV or NDJSON for programs."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seqcli.cli import console
from seqcli.cli.options import RowFormat


def write_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], form: RowFormat | None = None) -> None:
    """Write `rows` under `columns` to stdout; without a `form`, a table on a terminal and CSV elsewhere.

    CSV and NDJSON go out row by row as the rows come, floats as their shortest exact form, the header with the first
    row, so that input which cannot be used leaves nothing behind; a table waits for all rows. A missing or None value
    is empty in a table or CSV and null in NDJSON.
    """
    form = form or ("table" if sys.stdout.isatty() else "csv")
    if form == "table":
        _write_table(columns, rows)
    elif form == "csv":
        header = csv_line(columns)
        for row in rows:
            console.write(header + csv_line([row.get(column) for column in columns]))
            header = ""
        console.write(header)
    else:
        for row in rows:
            write_json({column: row.get(column) for column in columns})


def write_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout; other alphabets stay readable, not-a-number becomes null."""
    console.write(json.dumps(_finite(value), ensure_ascii=False, allow_nan=False) + "\n")


def csv_line(values: Sequence[Any]) -> str:
    r"""One CSV line, quoted where it must be, ending in `\n`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(["" if value is None else value for value in values])
    return line.getvalue()


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def _write_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows = list(rows)
    for column in columns:
        numeric = all(isinstance(row.get(column), (int, float, type(None))) for row in rows)
        table.add_column(Text(console.escape(column)), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(Text(console.escape(_cell(row.get(column)))) for column in columns))
    console.rich_console(sys.stdout).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value).replace("\n", "\\n").replace("\t", "\\t")
