"""Where a forecast goes: rows into a pipe, a file or a table, and charts on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from seqcli.cli import console, options
from seqcli.cli.charts import Band, Line, line_chart
from seqcli.cli.rows import write_rows

if TYPE_CHECKING:
    from seqcli.forecasting.forecast import Forecast

SHOWN = 3  # series drawn on a terminal
WIDEST = 100  # columns a chart takes at most
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula


def write_forecast(result: Forecast, output: str | None, form: options.RowFormat | None, *, excel_safe: bool) -> None:
    """Write a forecast's rows to the file `output`, or to stdout, on a terminal with charts after."""
    keys = result.panel.key_names
    rows = (
        {
            name: f"'{value}" if excel_safe and name in keys and value.startswith(DANGEROUS) else value
            for name, value in row.items()
        }
        for row in result.rows()
    )
    write_rows(result.columns(), rows, form, output)
    if output is None and (form or ("table" if sys.stdout.isatty() else "csv")) == "table":
        _draw(result)  # last, where it is seen when the table is long


def _draw(result: Forecast) -> None:
    """Charts of the first few series on the terminal."""
    from seqcli.forecasting.axes import time_marks
    from seqcli.series.panel import series_names

    terminal = console.rich_console(sys.stdout)
    names = list(series_names(result.panel))
    for index, one in enumerate(result.panel.series[:SHOWN]):
        history = one.values[-max(3 * result.horizon, 2 * result.season, 24) :]
        past = list(range(-len(history) + 1, 1))
        ahead = list(range(1, result.horizon + 1))
        low, high = result.bands[index, :, -2].tolist(), result.bands[index, :, -1].tolist()
        terminal.print(
            line_chart(
                [
                    Line("history", past, history.tolist(), "cyan"),
                    Line("forecast", [0, *ahead], [history[-1], *result.point[index].tolist()], "yellow"),
                ],
                bands=[Band(f"{result.levels[-1]:g} %", ahead, low, high)],
                x_labels=time_marks(result.panel, index, past[0], ahead[-1]),
                title=console.escape(names[index]),
                width=min(terminal.width, WIDEST),
            )
        )
    if len(names) > SHOWN:
        console.notice(f"charts of {SHOWN} of {len(names):,} series; --plot FILE.html draws more")
