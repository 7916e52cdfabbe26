"""`seqcli forecast`: forecast every series in a CSV file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from seqcli.cli import console, options
from seqcli.cli.rows import csv_line, write_rows
from seqcli.errors import SeqcliError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from seqcli.data.panel import Panel
    from seqcli.forecasting.forecast import Forecast, ForecastOptions

SHOWN = 3  # series drawn on a terminal
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula

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
    data: Annotated[str, typer.Argument(metavar="FILE", help="A CSV file, plain or .gz; - is stdin.")],
    horizon: Annotated[
        int | None,
        typer.Option("--horizon", "-n", metavar="N", min=1, help="Periods ahead; from the frequency by default."),
    ] = None,
    level: Annotated[
        list[float] | None, typer.Option(metavar="P", help="Per cent an interval is to cover; repeatable [80 and 95].")
    ] = None,
    method: Annotated[MethodName, typer.Option(help="auto combines; the others are one method each.")] = "auto",
    time: Annotated[str | None, typer.Option(metavar="NAME", help="The time column; found by default.")] = None,
    target: Annotated[str | None, typer.Option(metavar="NAME", help="The value column; found by default.")] = None,
    series: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A column that tells series apart; repeatable.")
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help="Every column of numbers is a series.")] = False,
    freq: Annotated[str | None, typer.Option(metavar="F", help="Frequency: Y, Q, M, W, D, B, h, 30min …")] = None,
    season: Annotated[int | None, typer.Option(metavar="N", min=1, help="Periods in a season; 1: none.")] = None,
    decimal: Annotated[Literal[".", ","] | None, typer.Option(help="The decimal sign; found by default.")] = None,
    day_first: Annotated[
        bool | None, typer.Option("--day-first/--month-first", help="How to read 04/05/2021; found by default.")
    ] = None,
    fill: Annotated[
        Literal["interpolate", "forward", "zero"], typer.Option(help="What takes the place of missing values.")
    ] = "interpolate",
    budget: options.Budget = None,
    covariates: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns known beforehand, for the network; needs --future.")
    ] = None,
    future: Annotated[
        str | None, typer.Option(metavar="FILE", help="CSV file with the covariates of the time to be forecast.")
    ] = None,
    save: Annotated[str | None, typer.Option(metavar="MODEL", help="Keep the trained network in this file.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="MODEL", help="Use a network that was kept.")
    ] = None,
    overwrite: options.Overwrite = False,
    seed: options.Seed = 1,
    backtest: Annotated[
        int, typer.Option(metavar="N", min=0, help="Print how good N earlier forecasts were instead, by method.")
    ] = 0,
    plot: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw it: FILE.svg, .html, or .png (needs matplotlib).")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write the forecast here instead of printing.")
    ] = None,
    form: options.Rows = None,
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="Put a ' before ids that a spreadsheet would run as a formula.")
    ] = False,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
) -> None:
    """Forecast every series in a CSV file.

    Columns, frequency and season are found and said; every forecast comes with intervals, taken from how wrong
    forecasts from earlier points would have been. Prints a table and charts on a terminal, CSV into a pipe.

    With --budget a recurrent network is trained on all series too (at least 50, or 5,000 windows) and gets the share in
    the forecast that it has earned on each series' last periods.
    """
    from seqcli.data.panel import ReadOptions, read_panel
    from seqcli.forecasting.forecast import ForecastOptions, forecast_panel

    if plot is not None and Path(plot).suffix.lower() not in (".svg", ".html", ".png"):
        raise UsageError(f"--plot {plot}: what to draw is told by its ending", hint="name it .svg, .html or .png")
    names = tuple(name.strip() for name in covariates.split(",")) if covariates else ()
    wants_network = bool(budget or save or names) and model is None
    if bool(names) != (future is not None):
        raise UsageError(
            "--covariates and --future need each other", hint="name the columns and the file of their future"
        )
    if model is not None and (budget or save):
        raise UsageError("--model uses a network as it is", hint="leave --budget and --save out, or --model")
    if save is not None:
        from seqcli.checkpoint import check_writable

        check_writable(Path(save), overwrite=overwrite)
    if data == "-":
        console.mention_terminal_input()
    panel = read_panel(
        data,
        ReadOptions(
            time=time,
            target=target,
            series=tuple(series or ()),
            wide=wide,
            frequency=freq,
            decimal=decimal,
            day_first=day_first,
            covariates=names,
            encoding=encoding,
            errors=errors,
        ),
    )
    for note in panel.notes:
        console.notice(note)
    wanted = ForecastOptions(
        horizon=horizon,
        season=season,
        levels=tuple(level or (80.0, 95.0)),
        method=method,
        fill=fill,
        backtest=backtest,
    )
    known = None
    if future is not None:
        from seqcli.forecasting.covariates import with_future

        known = with_future(panel, future, horizon or panel.frequency.horizon, decimal=decimal or ".")
    if wants_network:
        result = _with_training(panel, wanted, known, budget or 60.0, seed, save)
    elif model is not None:
        from seqcli.checkpoint import load_checkpoint
        from seqcli.forecasting.forecaster import load_forecaster

        forecaster = load_forecaster(load_checkpoint(Path(model), task="forecast"))
        forecaster.check(panel)
        result = forecast_panel(panel, wanted, forecaster=forecaster, covariates=known)
    else:
        result = forecast_panel(panel, wanted)
    for note in result.notes:
        console.notice(note)
    plural = "" if result.horizon == 1 else "s"
    console.notice(f"{result.horizon} {panel.frequency.step}{plural} ahead, season {result.season}: {result.verdict}")
    if plot is not None:
        from seqcli.forecasting.plot import save_plot

        save_plot(Path(plot), result)
        console.notice(f"saved {plot}")
    if backtest:
        write_rows(list(result.table[0]), result.table, form)
    else:
        _write(result, output, form, excel_safe)


def _with_training(
    panel: Panel,
    wanted: ForecastOptions,
    covariates: list[np.ndarray] | None,
    budget: float,
    seed: int,
    save: str | None,
) -> Forecast:
    """Train a network on the panel, forecast with it, and keep it when asked to."""
    from seqcli.cli.progress import TrainingDisplay
    from seqcli.cli.training import Interruption
    from seqcli.forecasting.forecast import forecast_panel
    from seqcli.forecasting.train import ForecastTraining, save_forecaster, train_forecaster

    training = ForecastTraining(budget=budget, seed=seed)
    with Interruption() as interruption, TrainingDisplay("quantile_loss") as show:
        result = forecast_panel(
            panel,
            wanted,
            train=lambda prepared: train_forecaster(
                prepared,
                training,
                covariates=covariates,
                on_progress=interruption.watch(show),
                should_stop=interruption.requested,
                on_notice=console.notice,
            ),
            covariates=covariates,
        )
    if save is not None:
        save_forecaster(Path(save), result, training)
        console.notice(f"saved {save}")
    return result


def _write(result: Forecast, output: str | None, form: options.RowFormat | None, excel_safe: bool) -> None:
    keys = result.panel.key_names
    rows = (
        {
            name: f"'{value}" if excel_safe and name in keys and value.startswith(DANGEROUS) else value
            for name, value in row.items()
        }
        for row in result.rows()
    )
    columns = result.columns()
    if output is not None:
        try:
            with open(output, "w", encoding="utf-8", newline="") as file:
                if form == "ndjson":
                    import json

                    file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                else:
                    file.write(csv_line(columns))
                    file.writelines(csv_line([row[name] for name in columns]) for row in rows)
        except OSError as problem:
            raise SeqcliError(f"{output}: cannot be written: {problem.strerror or problem}") from problem
        console.notice(f"saved {output}")
        return
    if (form or ("table" if sys.stdout.isatty() else "csv")) == "table":
        _draw(result)
    write_rows(columns, rows, form)


def _draw(result: Forecast) -> None:
    """Charts of the first few series on the terminal."""
    from seqcli.cli.charts import Band, Line, line_chart
    from seqcli.data.panel import series_names

    terminal = console.rich_console(sys.stdout)
    names = list(series_names(result.panel))
    for index, one in enumerate(result.panel.series[:SHOWN]):
        history = one.values[-max(3 * result.horizon, 2 * result.season, 24) :]
        past = list(range(-len(history) + 1, 1))
        ahead = list(range(1, result.horizon + 1))
        bands = [
            Band(
                f"{level:g} %",
                ahead,
                result.bands[index, :, 2 * i].tolist(),
                result.bands[index, :, 2 * i + 1].tolist(),
            )
            for i, level in reversed(list(enumerate(result.levels)))
        ][:1]
        first, calendar = one.first, result.panel.calendar
        marks = sorted({past[0], past[0] // 2, 0, ahead[-1]})
        terminal.print(
            line_chart(
                [
                    Line("history", past, history.tolist(), "cyan"),
                    Line("forecast", [0, *ahead], [history[-1], *result.point[index].tolist()], "yellow"),
                ],
                bands=bands,
                x_labels=[(x, calendar.label(first, len(one.values) - 1 + x)) for x in marks],
                title=console.escape(names[index]),
                width=min(terminal.width, 100),
            )
        )
    if len(names) > SHOWN:
        console.notice(f"charts of {SHOWN} of {len(names):,} series; --plot FILE.html draws more")
