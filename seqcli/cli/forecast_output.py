"""Output of forecasts: rows into a pipe, a file or a table, and charts on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from seqcli.cli import console
from seqcli.cli.charts import Band, Line, line_chart
from seqcli.cli.rows import write_rows

if TYPE_CHECKING:
    from seqcli.forecasting.forecast import Forecast

SHOWN = 3  # series drawn on a terminal
MOST_ROWS, DIGEST = 120, 20  # rows that a terminal shows, series of what it shows instead
WIDEST = 100  # columns a chart takes at most
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula


def write_forecast(result: Forecast, output: str | None, form: str | None, *, excel_safe: bool) -> None:
    """Write a forecast's rows to the file `output`, or to stdout, on a terminal with charts after: of a long forecast
    of several series a line a series, unless a table is asked for."""
    if output is not None and output.lower().endswith(".xlsx"):
        result.save(output)
        console.notice(f"saved {output}")
        return
    shown = form or ("table" if sys.stdout.isatty() and output is None else "csv")
    count = len(result.panel.series)
    if form is None and shown == "table" and count > 1 and count * result.horizon > MOST_ROWS:
        write_rows(*_digest(result), "table")
        console.notice(f"{count * result.horizon:,} rows in all: --output FILE or a pipe has them, --format table too")
    else:
        keys = result.panel.key_names
        rows = (
            {
                name: f"'{value}" if excel_safe and name in keys and value.startswith(DANGEROUS) else value
                for name, value in row.items()
            }
            for row in result.rows()
        )
        write_rows(result.columns(), rows, form, output)
    if output is None and shown == "table":
        _draw(result)  # last, where it is seen when the table is long


def _digest(result: Forecast) -> tuple[list[str], list[dict[str, Any]]]:
    """A line for each of the first series: from when to when, the mean forecast and the sum, with the mean interval."""
    level = f"{result.levels[-1]:g}"
    names = [*result.panel.key_names, "from", "to", "mean", "total", f"mean lo-{level}", f"mean hi-{level}"]
    rows = []
    for index, one in enumerate(result.panel.series[:DIGEST]):
        times, point, bands = result.times(index), result.point[index], result.bands[index]
        numbers = [point.mean(), point.sum(), bands[:, -2].mean(), bands[:, -1].mean()]
        cells = [*one.key, times[0], times[-1], *(float(f"{number:.6g}") for number in numbers)]
        rows.append(dict(zip(names, cells, strict=True)))
    if len(result.panel.series) > DIGEST:
        console.notice(f"the first {DIGEST} of {len(result.panel.series):,} series")
    return names, rows


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
