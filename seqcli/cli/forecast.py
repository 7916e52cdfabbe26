"""`seqcli forecast`: forecast every series in a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from seqcli.cli import console, options
from seqcli.cli.options import choice, count, switch, value
from seqcli.cli.progress import TrainingDisplay
from seqcli.cli.training import Interruption, leave, resume_command
from seqcli.errors import UsageError
from seqcli.forecasting.options import (
    TRAINED,
    ForecastRequest,
    parse_levels,
    parse_quantiles,
    parse_seasons,
)

if TYPE_CHECKING:
    from seqcli.forecasting.forecast import Forecast
    from seqcli.training.run import Events

READING, NETWORK, OUTPUT = "Reading the data", "The network", "Output"  # sections of --help

MethodName = Literal[
    "auto",
    "rnn",
    "classical",
    "theta",
    "ets",
    "seasonal-naive",
    "naive",
    "drift",
    "mean",
    "croston",
    "sba",
    "tsb",
    "combination",
]


def forecast(
    data: Annotated[str, typer.Argument(metavar="FILE", help="CSV, TSV, Excel or Parquet file; - is stdin.")],
    horizon: Annotated[
        str | None,
        typer.Option("--horizon", "-n", metavar="N", help="Periods ahead, or 24h, 14d, 3m, 1y [from the frequency]."),
    ] = None,
    level: Annotated[
        list[str] | None, value("P", "Coverage of the intervals in per cent, such as 80,95 [80 and 95].")
    ] = None,
    quantiles: Annotated[str | None, value("Q", "Quantiles instead of intervals, such as 0.1,0.5,0.9.")] = None,
    method: Annotated[MethodName, choice("auto combines; the others are one method each.")] = "auto",
    season: Annotated[
        str | None, value("N", "Periods in a season, such as 12, or several: 7,365; 1: none [found].")
    ] = None,
    fill: Annotated[
        Literal["interpolate", "forward", "zero"] | None,
        choice("What takes the place of missing values [interpolate; zero in logs of sales and events]."),
    ] = None,
    keep_outliers: Annotated[bool, switch("--keep-outliers", "Use single values far beyond all others, too.")] = False,
    point: Annotated[
        Literal["median", "mean"] | None, choice("Point forecast of counts [median; mean in logs of sales].")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First time to forecast; later values are not used.")
    ] = None,
    keep_ended: Annotated[
        bool, switch("--keep-ended", "Forecast series that ended long before the others, too.")
    ] = False,
    anomalies: Annotated[
        bool, switch("--anomalies", "Print each past value with its one-step forecast, score and flag instead.")
    ] = False,
    fitted: Annotated[bool, switch("--fitted", "Print each past value with its one-step forecast instead.")] = False,
    backtest: Annotated[int, count("Print how good N earlier forecasts were instead, by method.", least=0)] = 0,
    time: Annotated[str | None, value("NAME", "The time column; found by default.", READING)] = None,
    target: Annotated[str | None, value("NAME", "The value column; found by default.", READING)] = None,
    series: Annotated[list[str] | None, value("NAME", "A column that tells series apart; repeatable.", READING)] = None,
    wide: Annotated[bool, switch("--wide", "Every column of numbers is a series.", READING)] = False,
    freq: Annotated[str | None, value("F", "Frequency: Y, Q, M, W, D, B, h, 30min …", READING)] = None,
    decimal: Annotated[Literal[".", ","] | None, choice("The decimal sign; found by default.", READING)] = None,
    thousands: Annotated[
        Literal[".", ",", " ", "'"] | None, choice("The sign between thousands; found by default.", READING)
    ] = None,
    day_first: Annotated[
        bool | None, switch("--day-first/--month-first", "How to read 04/05/2021; found by default.", READING)
    ] = None,
    duplicates: Annotated[
        Literal["error", "first", "last", "mean", "sum"] | None,
        choice("What becomes of rows with the same time.", READING),
    ] = None,
    aggregate: Annotated[
        Literal["sum", "mean", "first", "last"] | None, choice("How values make a longer --freq.", READING)
    ] = None,
    sheet: Annotated[str | None, value("NAME", "The sheet of a workbook.", READING)] = None,
    covariates: Annotated[
        str | None, value("A,B", "Columns known beforehand, such as prices; needs --future.", NETWORK)
    ] = None,
    future: Annotated[
        str | None, value("FILE", "File with the covariates of the time to be forecast.", NETWORK)
    ] = None,
    holidays: Annotated[
        str | None, value("FILE", "File with the dates of holidays, past and to come.", NETWORK)
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="TIME",
            parser=options.parse_duration,
            help="Time to train on a panel [1m, on 50 series and more].",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    steps: Annotated[int | None, count("Training steps, instead of a time budget.", NETWORK)] = None,
    save: Annotated[str | None, value("MODEL", "Keep the trained network in this file.", NETWORK)] = None,
    save_interval: Annotated[
        float,
        typer.Option(
            metavar="TIME",
            parser=options.parse_duration,
            show_default=False,
            help="Time between saved states of the training [1m].",
            rich_help_panel=NETWORK,
        ),
    ] = 60.0,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="MODEL", help="Use a network that was kept.", rich_help_panel=NETWORK),
    ] = None,
    overwrite: Annotated[bool, switch("--overwrite", "Replace the model that is already there.", NETWORK)] = False,
    resume: Annotated[bool, switch("--resume", "Resume the training saved with --save.", NETWORK)] = False,
    seed: Annotated[int | None, count("Seed of the random numbers: same seed, same result.", NETWORK, least=0)] = None,
    plot: Annotated[str | None, value("FILE", "Draw it: FILE.svg, .html, or .png (needs matplotlib).", OUTPUT)] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the forecast here: CSV, or a workbook FILE.xlsx; - is stdout.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    form: options.Rows = None,
    as_json: Annotated[bool, switch("--json", "Print one JSON object with everything.", OUTPUT)] = False,
    excel_safe: Annotated[
        bool, switch("--excel-safe", "Put a ' before ids that a spreadsheet would run as a formula.", OUTPUT)
    ] = False,
    encoding: options.Encoding = "auto",
    errors: options.Errors = "strict",
) -> None:
    """Forecast every series in a file.

    Columns, frequency and seasons are found and reported; every forecast comes with intervals, corrected by how wrong
    forecasts from earlier points would have been. Prints a table and charts on a terminal, CSV into a pipe.

    A recurrent network that comes with the package is a part of auto. On panels of 50 series and more it is trained for
    a minute on the data itself and used as far as it helps on each series' last periods; a --method other than auto and
    rnn skips that.
    """
    request = ForecastRequest(
        time=time,
        target=target,
        series=tuple(series or ()),
        wide=wide,
        freq=freq,
        decimal=decimal,
        thousands=thousands,
        day_first=day_first,
        duplicates=duplicates,
        aggregate=aggregate,
        sheet=sheet,
        encoding=encoding,
        errors=errors,
        horizon=horizon,
        season=parse_seasons(season) if season is not None else None,
        levels=parse_levels(level) if level else (80.0, 95.0),
        quantiles=parse_quantiles(quantiles) if quantiles is not None else (),
        method=method,
        fill=fill,
        keep_outliers=keep_outliers,
        point=point,
        start=start,
        keep_ended=keep_ended,
        backtest=backtest,
        budget=budget,
        steps=steps,
        covariates=tuple(name.strip() for name in covariates.split(",")) if covariates else (),
        future=future,
        holidays=holidays,
        save=save,
        save_interval=save_interval,
        model=model,
        overwrite=overwrite,
        resume=resume,
        seed=seed,
    )
    output = None if output == "-" else output
    if as_json and (form is not None or output is not None):
        raise UsageError("--json prints one object", hint="leave --format and --output out, or --json")
    if anomalies or fitted:
        _print_past(data, request, anomalies=anomalies, form=form, output=output)
        return
    made = _forecast(data, request, plot, output)
    if made is None:
        return
    result, interruption = made
    _say(result, request)
    # first what was computed, then its picture
    if as_json:
        from seqcli.cli.rows import write_json

        write_json(result.to_json())
    elif backtest:
        from seqcli.cli.rows import write_rows

        write_rows(list(result.table[0]), result.table, form, output)
    else:
        from seqcli.cli.forecast_output import write_forecast

        write_forecast(result, output, form, excel_safe=excel_safe)
    if plot is not None:
        result.plot(plot)
        console.notice(f"saved {plot}")
    leave(interruption, result.ended)


def _print_past(
    data: str, request: ForecastRequest, *, anomalies: bool, form: options.RowFormat | None, output: str | None
) -> None:
    """Print the past as it would have been forecast, value by value."""
    from seqcli.cli.rows import write_rows
    from seqcli.forecasting.run import past_request

    if request.asks_for_training or request.model is not None or request.future is not None or request.backtest:
        raise UsageError("--anomalies and --fitted look at the past", hint="leave the options of the network out")
    _check_outputs(data, request, None, output)
    columns, rows, count = past_request(data, request, anomalies=anomalies, on_notice=console.notice)
    if anomalies:
        console.notice(f"{count:,} anomalies: values four deviations and more from what the ones before say (score)")
    write_rows(columns, rows, form, output)


def _forecast(
    data: str, request: ForecastRequest, plot: str | None, output: str | None
) -> tuple[Forecast, Interruption] | None:
    """The forecast, with how its training was interrupted; None in all but the first of several processes."""
    from seqcli.forecasting.run import check, forecast_request
    from seqcli.training.distributed import ALONE, joined

    interruption = Interruption("forecasting with what it has learnt")

    @contextlib.contextmanager
    def training() -> Iterator[Events]:
        from seqcli.training.run import Events

        with interruption, TrainingDisplay("quantile_loss", unit="values") as show:
            yield Events(interruption.watch(show), console.notice, console.detail, interruption.requested)

    # where nothing can be trained, the first of several processes does everything by itself
    trains = request.method in TRAINED and request.model is None and not request.backtest
    if not trains and not console.is_first():
        return None
    if data == "-":
        console.mention_terminal_input()
    with joined("cpu") if trains else contextlib.nullcontext(ALONE) as processes:
        processes.broadcast(lambda: _check_outputs(data, request, plot, output))
        processes.broadcast(lambda: check(request, plot))
        processes.check_inputs([data])
        result = forecast_request(data, request, processes=processes, on_notice=console.notice, training=training)
    return None if result is None else (result, interruption)


def _check_outputs(data: str, request: ForecastRequest, plot: str | None, output: str | None) -> None:
    """Refuse before any work to write over what is read, and what cannot be written."""
    from seqcli.files.output import check_outputs
    from seqcli.forecasting.run import check_writable_place

    inputs = [path for path in (data, request.future, request.holidays, request.model) if path is not None]
    check_outputs({"--output": output, "--plot": plot, "--save": request.save}, inputs)
    for place in (output, plot):
        if place is not None:
            check_writable_place(place)
    if output is not None and Path(output).suffix.lower() == ".xlsx":
        import importlib.util

        if importlib.util.find_spec("openpyxl") is None:
            raise UsageError(f"--output {output}: needs openpyxl", hint="pip install openpyxl, or name it .csv")


def _say(result: Forecast, request: ForecastRequest) -> None:
    """What was found, how good earlier forecasts were, what was kept."""
    for note in result.notes:
        console.notice(note)
    plural = "" if result.horizon == 1 else "s"
    step = result.panel.frequency.step
    console.notice(f"{result.horizon} {step}{plural} ahead, season {result.season}: {result.verdict}")
    if result.ended == "stopped":
        console.notice("the training was stopped before its end: the forecast is made with what it had learnt")
    if request.save is not None and result.ended != "complete":
        console.notice(f"saved {request.save}")
        if result.ended == "stopped":
            console.notice(f"resume with: {resume_command(sys.argv[1:])}")
