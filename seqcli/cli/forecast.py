"""`seqcli forecast`: forecast every series in a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqcli.cli import console
from seqcli.cli.charts import Band, Line, line_chart
from seqcli.cli.options import OUTPUT, RowOutput
from seqcli.cli.progress import TrainingDisplay
from seqcli.cli.request import check_run, request_command
from seqcli.cli.rows import write_json, write_rows
from seqcli.cli.train import Interruption, leave, resume_command
from seqcli.errors import UsageError
from seqcli.forecasting.options import TRAINED, ForecastRequest
from seqcli.options import option, required

if TYPE_CHECKING:
    from seqcli.forecasting.forecast import Forecast
    from seqcli.forecasting.past import Past
    from seqcli.series.panel import Panel
    from seqcli.training.run import Events

SHOWN = 3  # series drawn on a terminal
MOST_ROWS, DIGEST = 120, 20  # rows that a terminal shows, series of what it shows instead
WIDEST = 100  # columns a chart takes at most
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula


@dataclass(frozen=True, kw_only=True)
class _Asked(ForecastRequest, RowOutput):
    """What the command is asked for, beside how to forecast."""

    data: str = required("CSV, TSV, Excel or Parquet file; - is stdin.", kind="file", positional=True)
    anomalies: bool = option(
        False, "Instead of forecasting, print each past value with its one-step forecast, score and flag."
    )
    fitted: bool = option(False, "Instead of forecasting, print each past value with its one-step forecast.")
    plot: str | None = option(None, "Draw the forecast: FILE.svg, .png, .pdf or .html.", kind="output", section=OUTPUT)
    output: str | None = option(
        None,
        "Write the forecast here: CSV, or a workbook FILE.xlsx; - is stdout.",
        short="-o",
        kind="output",
        section=OUTPUT,
    )
    json: bool = option(False, "Print one JSON object with everything.", section=OUTPUT)
    excel_safe: bool = option(False, "Put a ' before ids that a spreadsheet would run as a formula.", section=OUTPUT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.json and (self.format is not None or self.file is not None):
            raise UsageError("--json prints one object", hint="leave --format and --output out, or --json")

    @property
    def file(self) -> str | None:
        """The file that is written, None for standard output."""
        return None if self.output == "-" else self.output

    @property
    def workbook(self) -> str | None:
        """The same where it is a workbook."""
        return self.file if self.file is not None and self.file.lower().endswith(".xlsx") else None


def _run(asked: _Asked) -> None:
    if asked.anomalies or asked.fitted:
        _print_past(asked)
        return
    interruption = Interruption("forecasting with what it has learnt")
    result = _forecast(asked, interruption)
    if result is None:
        return
    _say(result, asked)
    # first what was computed, then its picture
    if asked.json:
        write_json(result.to_json())
    elif asked.backtest:
        write_rows(list(result.table[0]), result.table, asked.format, asked.file)
    else:
        _write(result, asked)
    _plot(result, asked)
    leave(interruption, result.ended)


def _print_past(asked: _Asked) -> None:
    """Print the past as it would have been forecast, value by value."""
    from seqcli.forecasting.run import past_request

    _check_places(asked)
    past = past_request(asked.data, asked, anomalies=asked.anomalies, on_notice=console.notice)
    if asked.anomalies:
        console.notice(past.verdict)
    write_rows(past.columns, _safe(past.rows(), past.panel, asked), asked.format, asked.file)
    _plot(past, asked)


def _plot(made: Forecast | Past, asked: _Asked) -> None:
    """Draw what was made, if that is asked for."""
    if asked.plot is not None:
        made.plot(asked.plot, on_notice=console.notice)
        console.notice(f"saved {asked.plot}")


def _forecast(asked: _Asked, interruption: Interruption) -> Forecast | None:
    """The forecast, whose training may be interrupted; None in all but the first of several processes."""
    from seqcli.forecasting.run import forecast_request
    from seqcli.training.distributed import ALONE, joined

    @contextlib.contextmanager
    def training() -> Iterator[Events]:
        from seqcli.training.run import Events

        with interruption, TrainingDisplay("quantile_loss", unit="values") as show:
            yield Events(interruption.watch(show), console.notice, console.detail, interruption.requested)

    # where nothing can be trained, the first of several processes does everything by itself
    trains = asked.method in TRAINED and asked.model is None and not asked.backtest
    if not trains and not console.is_first():
        return None
    if asked.data == "-":
        console.mention_terminal_input()
    if console.is_first():  # which alone writes
        _check_places(asked)
    with joined("cpu") if trains else contextlib.nullcontext(ALONE) as processes:
        return forecast_request(asked.data, asked, processes=processes, on_notice=console.notice, training=training)


def _check_places(asked: _Asked) -> None:
    """Refuse before any work what cannot be written."""
    from seqcli.files.output import check_place, check_table

    if asked.save is not None:
        check_run(asked.save)
    if asked.plot is not None:
        from seqcli.files.pictures import check_picture
        from seqcli.forecasting.plot import PAGE

        check_picture(Path(asked.plot), PAGE)
    if asked.file is not None:
        check_table(asked.file, asked.format or "csv")
    for place in (asked.file, asked.plot):
        if place is not None:
            check_place(place)


def _say(result: Forecast, request: ForecastRequest) -> None:
    """What was found, how good earlier forecasts were, what was kept."""
    for note in result.notes:
        console.notice(note)
    console.notice(f"{result.reach}, season {result.season}: {result.verdict}")
    if result.ended == "stopped":
        console.notice("the training was stopped early: the forecast uses what it had learnt")
    if request.save is not None and result.ended != "complete":
        console.notice(f"saved {request.save}")
        if result.ended == "stopped":
            console.notice(f"resume with: {resume_command(sys.argv[1:])}")


def _write(result: Forecast, asked: _Asked) -> None:
    """Write a forecast's rows to the file asked for, or to stdout, on a terminal with charts after: of a long forecast
    of several series a line a series, unless a table is asked for."""
    if asked.workbook is not None:
        result.save(asked.workbook)
        console.notice(f"saved {asked.workbook}")
        return
    shown = asked.format or ("table" if sys.stdout.isatty() and asked.file is None else "csv")
    series = len(result.panel.series)
    rows = series * result.horizon
    if asked.format is None and shown == "table" and series > 1 and rows > MOST_ROWS:
        write_rows(*_digest(result), "table")
        console.notice(f"{rows:,} rows in all: --output FILE or a pipe has them, --format table too")
    else:
        write_rows(result.columns(), _safe(result.rows(), result.panel, asked), asked.format, asked.file)
    if asked.file is None and shown == "table":
        _draw(result)  # last, where it is seen when the table is long


def _safe(rows: Iterator[dict[str, Any]], panel: Panel, asked: _Asked) -> Iterator[dict[str, Any]]:
    """Rows whose ids no spreadsheet runs, if that is asked for; it runs none of a workbook."""
    for row in rows:
        for name in panel.key_names if asked.excel_safe and asked.workbook is None else ():
            if row[name].startswith(DANGEROUS):
                row[name] = f"'{row[name]}"
        yield row


def _digest(result: Forecast) -> tuple[list[str], list[dict[str, Any]]]:
    """A line for each of the first series: from when to when, the mean forecast and the sum, with the mean interval."""
    from seqcli.forecasting.forecast import added_columns

    level = f"{result.levels[-1]:g}"
    added = ["from", "to", "mean", "total", f"mean lo-{level}", f"mean hi-{level}"]
    names = added_columns(result.panel.key_names, added)
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
    terminal = console.rich_console(sys.stdout)
    ahead = list(range(1, result.horizon + 1))
    for chart in result.charts(SHOWN, max(3 * result.horizon, 2 * result.season, 24)):
        past, (low, high) = list(range(1 - len(chart.history), 1)), chart.bands[-2:]
        terminal.print(
            line_chart(
                [
                    Line("history", past, chart.history, "cyan"),
                    Line("forecast", [0, *ahead], [chart.history[-1], *chart.point], "yellow"),
                ],
                bands=[Band(f"{result.levels[-1]:g} %", ahead, low, high)],
                x_labels=chart.marks,
                title=console.escape(chart.name),
                width=min(terminal.width, WIDEST),
            )
        )
    if len(result.panel.series) > SHOWN:
        console.notice(f"charts of {SHOWN} of {len(result.panel.series):,} series; --plot FILE.html draws more")


forecast = request_command(
    _Asked,
    """Forecast every series in a file.

    Columns, frequency and seasons are detected and reported. Every forecast comes with prediction intervals, calibrated
    on the errors of earlier forecasts. Prints a table and charts on a terminal, CSV into a pipe.

    The default method, auto, combines classical methods with a recurrent network that comes with the package. With 50
    or more series the network is first trained on them for a minute, and is used to the extent that this improves the
    forecast of each series' last periods; a --method other than auto and rnn skips the training.
    """,
    _run,
)
