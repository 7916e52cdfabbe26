"""`seqcli forecast`: forecast every series in a CSV file."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from seqcli.cli import console, options
from seqcli.cli.forecast_output import write_forecast
from seqcli.cli.options import choice, count, switch, value
from seqcli.cli.progress import TrainingDisplay
from seqcli.cli.rows import write_rows
from seqcli.cli.training import Interruption, leave, resume_command
from seqcli.errors import SeqcliError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from seqcli.forecasting.forecast import Forecast
    from seqcli.forecasting.prepare import ForecastOptions, Prepared
    from seqcli.forecasting.recurrent.config import ForecasterConfig
    from seqcli.forecasting.recurrent.covariates import KnownInputs
    from seqcli.forecasting.recurrent.forecaster import Forecaster
    from seqcli.series.panel import ReadOptions
    from seqcli.training.distributed import Processes

NETWORK = "The network"  # section of --help
TRAINED = ("auto", "rnn")  # methods that use a network trained on the panel

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


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """The options of training a network and of using one that was kept."""

    budget: float | None
    steps: int | None
    future: str | None
    holidays: str | None
    save: str | None
    save_interval: float
    model: str | None
    overwrite: bool
    resume: bool
    seed: int | None
    day_first: bool | None
    encoding: str
    errors: str

    @property
    def is_wanted(self) -> bool:
        """Whether a network was asked for, rather than left to the size of the panel."""
        asked = (self.budget, self.steps, self.future, self.holidays, self.save, self.model, self.resume)
        return any(bool(one) for one in asked)

    @property
    def length(self) -> str:
        """How long training lasts."""
        from seqcli.forecasting.recurrent.train import DEFAULT_BUDGET

        return f"{self.steps:,} steps" if self.steps else options.format_duration(self.budget or DEFAULT_BUDGET)


def forecast(
    data: Annotated[str, typer.Argument(metavar="FILE", help="A CSV file, plain or .gz; - is stdin.")],
    horizon: Annotated[
        int | None,
        typer.Option("--horizon", "-n", metavar="N", min=1, help="Periods ahead; from the frequency by default."),
    ] = None,
    level: Annotated[
        list[float] | None, value("P", "Per cent an interval is to cover; repeatable [80 and 95].")
    ] = None,
    method: Annotated[MethodName, choice("auto combines; the others are one method each.")] = "auto",
    time: Annotated[str | None, value("NAME", "The time column; found by default.")] = None,
    target: Annotated[str | None, value("NAME", "The value column; found by default.")] = None,
    series: Annotated[list[str] | None, value("NAME", "A column that tells series apart; repeatable.")] = None,
    wide: Annotated[bool, switch("--wide", "Every column of numbers is a series.")] = False,
    freq: Annotated[str | None, value("F", "Frequency: Y, Q, M, W, D, B, h, 30min …")] = None,
    season: Annotated[int | None, count("Periods in a season; 1: none.")] = None,
    decimal: Annotated[Literal[".", ","] | None, choice("The decimal sign; found by default.")] = None,
    day_first: Annotated[
        bool | None, switch("--day-first/--month-first", "How to read 04/05/2021; found by default.")
    ] = None,
    thousands: Annotated[
        Literal[".", ",", " ", "'"] | None, choice("The sign between thousands; found by default.")
    ] = None,
    fill: Annotated[
        Literal["interpolate", "forward", "zero"] | None,
        choice("What takes the place of missing values [interpolate; zero in logs of sales and events]."),
    ] = None,
    duplicates: Annotated[
        Literal["error", "first", "last", "mean", "sum"] | None, choice("What becomes of rows with the same time.")
    ] = None,
    aggregate: Annotated[
        Literal["sum", "mean", "first", "last"] | None, choice("How values make a longer --freq.")
    ] = None,
    sheet: Annotated[str | None, value("NAME", "The sheet of a workbook.")] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="TIME",
            parser=options.parse_duration,
            help="Time to train on a panel [1m, on panels large enough].",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    steps: Annotated[int | None, count("Training steps, instead of a time budget.", NETWORK)] = None,
    covariates: Annotated[str | None, value("A,B", "Columns known beforehand; needs --future.", NETWORK)] = None,
    future: Annotated[
        str | None, value("FILE", "CSV file with the covariates of the time to be forecast.", NETWORK)
    ] = None,
    holidays: Annotated[
        str | None, value("FILE", "CSV file with the dates of holidays, past and to come.", NETWORK)
    ] = None,
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
    resume: Annotated[bool, switch("--resume", "Go on with the training saved with --save.", NETWORK)] = False,
    seed: Annotated[int | None, count("Seed of the random numbers: same seed, same result.", NETWORK, least=0)] = None,
    backtest: Annotated[int, count("Print how good N earlier forecasts were instead, by method.", least=0)] = 0,
    plot: Annotated[str | None, value("FILE", "Draw it: FILE.svg, .html, or .png (needs matplotlib).")] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write the forecast here instead of printing.")
    ] = None,
    form: options.Rows = None,
    excel_safe: Annotated[
        bool, switch("--excel-safe", "Put a ' before ids that a spreadsheet would run as a formula.")
    ] = False,
    encoding: options.Encoding = "auto",
    errors: options.Errors = "strict",
) -> None:
    """Forecast every series in a CSV file.

    Columns, frequency and season are found and said; every forecast comes with intervals, corrected by how wrong
    forecasts from earlier points would have been. Prints a table and charts on a terminal, CSV into a pipe.

    A recurrent network that comes with the package is a part of auto. On panels (50 series, or 5,000 windows to learn
    from) it is trained for a minute on the data itself and used as far as it helps on each series' last periods; a
    --method other than auto and rnn skips that.
    """
    from seqcli.forecasting.prepare import ForecastOptions
    from seqcli.series.panel import ReadOptions
    from seqcli.training.distributed import ALONE, joined

    network = NetworkOptions(
        budget=budget,
        steps=steps,
        future=future,
        holidays=holidays,
        save=save,
        save_interval=save_interval,
        model=model,
        overwrite=overwrite,
        resume=resume,
        seed=seed,
        day_first=day_first,
        encoding=encoding,
        errors=errors,
    )
    names = tuple(name.strip() for name in covariates.split(",")) if covariates else ()
    read = ReadOptions(
        time=time,
        target=target,
        series=tuple(series or ()),
        wide=wide,
        frequency=freq,
        decimal=decimal,
        thousands=thousands,
        day_first=day_first,
        covariates=names,
        duplicates=duplicates,
        aggregate=aggregate,
        fill=fill,
        sheet=sheet,
        encoding=encoding,
        errors=errors,
    )
    asked = ForecastOptions(
        horizon=horizon,
        season=season,
        levels=tuple(level or (80.0, 95.0)),
        method=method,
        fill=fill or "interpolate",
        backtest=backtest,
    )
    # where nothing can be trained, the first of several processes does everything by itself
    trains = method in TRAINED and model is None and not backtest
    if not trains and not console.is_first():
        return
    with joined("cpu") if trains else contextlib.nullcontext(ALONE) as processes:
        processes.broadcast(lambda: _check(data, network, names, method, backtest, plot, output))
        processes.check_inputs([data])
        made = _forecast(processes.local_first(lambda: _prepare(data, read, asked)), network, processes)
    if made is None:
        return
    result, interruption, ended = made
    for note in result.notes:
        console.notice(note)
    plural = "" if result.horizon == 1 else "s"
    step = result.panel.frequency.step
    console.notice(f"{result.horizon} {step}{plural} ahead, season {result.season}: {result.verdict}")
    if plot is not None:
        from seqcli.forecasting.plot import save_plot

        save_plot(Path(plot), result)
        console.notice(f"saved {plot}")
    if backtest:
        write_rows(list(result.table[0]), result.table, form, output)
    else:
        write_forecast(result, output, form, excel_safe=excel_safe)
    leave(interruption, ended)


def _check(
    data: str,
    network: NetworkOptions,
    names: tuple[str, ...],
    method: str,
    backtest: int,
    plot: str | None,
    output: str | None,
) -> None:
    """Refuse before any work what cannot end well."""
    if plot is not None and Path(plot).suffix.lower() not in (".svg", ".html", ".png"):
        raise UsageError(f"--plot {plot}: what to draw is told by its ending", hint="name it .svg, .html or .png")
    for place in (plot, output):
        if place is not None and not _is_writable(Path(place)):
            raise SeqcliError(f"{place}: cannot be written", hint="name a file in a folder that is there")
        for source in (data, network.future, network.holidays):
            if place is not None and source is not None and _is_same(place, source):
                raise UsageError(f"{place}: is read by this command", hint="name another file for what is written")
    if bool(names) != (network.future is not None):
        raise UsageError(
            "--covariates and --future need each other", hint="name the columns and the file of their future"
        )
    if network.budget and network.steps:
        raise UsageError("--budget and --steps exclude one another", hint="give one of them")
    if network.model is not None and (network.budget or network.steps or network.save or network.resume):
        raise UsageError("--model uses a network as it is", hint="leave --budget, --save and --resume out, or --model")
    if network.resume and network.save is None:
        raise UsageError("--resume goes on with a training that was kept", hint="name its model with --save")
    if network.is_wanted and method not in TRAINED:
        raise UsageError(
            f"--method {method} uses no trained network",
            hint="leave --method out, or --budget, --save, --model, --covariates and --holidays",
        )
    if network.is_wanted and backtest:
        raise UsageError(
            "--backtest compares methods without training", hint="evaluate MODEL measures a network kept with --save"
        )
    if network.save is not None:
        from seqcli.files.output import check_writable

        check_writable(Path(network.save), overwrite=network.overwrite or network.resume)


def _is_same(first: str, second: str) -> bool:
    return os.path.isfile(first) and os.path.exists(second) and os.path.samefile(first, second)


def _is_writable(path: Path) -> bool:
    return not path.is_dir() and os.access(path if path.exists() else path.parent, os.W_OK)


def _prepare(data: str, read: ReadOptions, asked: ForecastOptions) -> Prepared:
    from seqcli.forecasting.prepare import prepare
    from seqcli.series.panel import read_panel

    if data == "-":
        console.mention_terminal_input()
    panel = read_panel(data, read)
    for note in panel.notes:
        console.notice(note)
    return prepare(panel, asked)


def _forecast(
    prepared: Prepared, network: NetworkOptions, processes: Processes
) -> tuple[Forecast, Interruption, str] | None:
    """Forecast with a network that was kept, one trained now, or none; with how the training ended.

    Of several processes only the first has a forecast, the others help it to train.
    """
    from seqcli.forecasting.forecast import forecast_prepared

    untrained = Interruption(), "finished"
    if network.model is not None:
        from seqcli.files.checkpoint import load_checkpoint
        from seqcli.forecasting.recurrent.forecaster import load_forecaster

        forecaster = load_forecaster(load_checkpoint(Path(network.model), task="forecast"))
        forecaster.check(prepared.panel)
        if not forecaster.config.weight:
            console.notice("training had not helped when this network was kept: it gets no share in the forecast")
        known = _known(prepared, network, forecaster.config)
        return forecast_prepared(prepared, forecaster=forecaster, known=known), *untrained
    options = prepared.options
    if network.is_wanted or (options.method in TRAINED and not options.backtest and prepared.is_large):
        return _train_and_forecast(prepared, network, processes)
    if options.backtest and options.method in TRAINED and prepared.is_large:
        console.notice("--backtest measures methods as they come: no network is trained on these series")
    return (forecast_prepared(prepared), *untrained) if processes.first else None


def _known(prepared: Prepared, network: NetworkOptions, config: ForecasterConfig | None = None) -> KnownInputs:
    """What is known beside the values: for a network with `config`, or for one to be trained."""
    from seqcli.forecasting.recurrent.covariates import (
        HOLIDAYS,
        holidays_end_early,
        known_inputs,
    )
    from seqcli.series.known import read_future, read_holidays

    panel, horizon = prepared.panel, prepared.horizon
    reading = {"encoding": network.encoding, "errors": network.errors}
    future = read_future(panel, network.future, horizon, **reading) if network.future is not None else None
    days = config.holidays if config is not None else ()
    if network.holidays is not None:
        if config is not None and HOLIDAYS[0] not in config.covariates:
            raise UsageError("the model was trained without holidays", hint="leave --holidays out")
        days = read_holidays(network.holidays, day_first=network.day_first, **reading)
    if holidays_end_early(panel, horizon, days):
        console.notice("the last holiday lies before the time to be forecast: --holidays should hold those to come")
    if config is None:
        return known_inputs(panel, horizon, future=future, holidays=days)
    return known_inputs(panel, horizon, names=config.covariates, future=future, holidays=days, scaling=config.scaling)


def _train_and_forecast(
    prepared: Prepared, network: NetworkOptions, processes: Processes
) -> tuple[Forecast, Interruption, str] | None:
    """Train the network on the panel, forecast with it, and keep it when asked to."""
    from seqcli.forecasting.forecast import forecast_prepared
    from seqcli.forecasting.recurrent.train import ForecastTraining, train_forecaster
    from seqcli.training.run import Events

    known = processes.local_first(lambda: _known(prepared, network))
    training = ForecastTraining(
        budget=network.budget,
        steps=network.steps,
        seed=network.seed,  # type: ignore[arg-type]  # None: not given
        save_interval=network.save_interval,
        output=Path(network.save) if network.save is not None else None,
        overwrite=network.overwrite,
        resume=network.resume,
    )
    interruption, ended = Interruption("forecasting with what it has learnt"), "finished"

    def train(prepared: Prepared, alone: np.ndarray | None) -> Forecaster:
        nonlocal ended
        if prepared.is_large:
            count = len(prepared.filled)
            console.notice(
                f"training the network on {'these' if count > 1 else 'this'} {count:,} series for {network.length}; "
                "--budget sets the time, --method combination forecasts without"
            )
        with interruption, TrainingDisplay("quantile_loss", unit="values") as show:
            trained = train_forecaster(
                prepared,
                alone,
                training,
                known=known,
                processes=processes,
                events=Events(interruption.watch(show), console.notice, console.detail, interruption.requested),
            )
        ended = trained.ended
        return trained.forecaster

    if not processes.first:
        train(prepared, None)
        return None
    result = forecast_prepared(prepared, train=train, known=known)
    if ended == "stopped":
        console.notice("the training was stopped before its end: the forecast is made with what it had learnt")
    if network.save is not None:
        console.notice(f"saved {network.save}")
        if ended == "stopped":
            console.notice(f"resume with: {resume_command(sys.argv[1:])}")
    return result, interruption, ended
