"""The `forecast` task: a file or data frame in, forecasts out; for the command and for Python."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqcli.errors import UsageError, as_arguments, naming_arguments
from seqcli.files.opening import Stamps
from seqcli.files.output import check_writable
from seqcli.forecasting.forecast import Forecast, forecast_prepared
from seqcli.forecasting.hierarchy import add_up, with_totals
from seqcli.forecasting.options import DEFAULT_BUDGET, TRAINED, ForecastRequest, periods
from seqcli.forecasting.prepare import Prepared, prepare
from seqcli.notices import Notice, quietly
from seqcli.options import documented, settled
from seqcli.series.panel import Panel, ReadOptions, read_panel, series_names
from seqcli.training.distributed import ALONE, Processes

if TYPE_CHECKING:
    import pandas

    from seqcli.forecasting.recurrent.covariates import KnownInputs
    from seqcli.forecasting.recurrent.forecaster import Forecaster
    from seqcli.training.run import Events


@documented(ForecastRequest)
@naming_arguments
def forecast(data: Any, *, on_notice: Notice = quietly, **options: Any) -> Forecast:
    """Forecast every series of a file (a path, or text in a stream), a pandas data frame or a panel.

    Args:
        data: one row per series and time, or one column per series.
        on_notice: called with each finding and decision, a line of text.
        options: such as `horizon=12`, `levels=(80, 95)`, `season=12`, `backtest=3`; `budget` is seconds or text such as
            `5m`, `future` and `holidays` are files or data frames.

    Raises `DataError` for data that cannot be forecast, `UsageError` for options that do not fit.
    """
    result = forecast_request(data, ForecastRequest(**options), on_notice=_in_python(on_notice))
    assert result is not None  # one process alone has a forecast
    found, made = (list(map(as_arguments, notes)) for notes in (result.panel.notes, result.notes))
    return replace(result, panel=replace(result.panel, notes=found), notes=made)


def forecast_request(
    data: Any,
    asked: ForecastRequest,
    *,
    processes: Processes = ALONE,
    on_notice: Notice = quietly,
    training: Callable[[], AbstractContextManager[Events]] | None = None,
    may_train: bool = True,
) -> Forecast | None:
    """`forecast` for a request, also for several processes that train together, of which only the first returns a
    forecast, the others None. `training` is a context that is entered while a network is trained and gives the events
    to report to. Unless it `may_train`, a large panel is forecast without training."""
    processes.check_inputs([data])
    if asked.save is not None:  # refused before any work if it cannot be written
        place, replaced = Path(asked.save), asked.overwrite or asked.resume
        processes.broadcast(lambda: check_writable(place, overwrite=replaced))
    prepared, parents, forecaster = processes.local_first(lambda: _opened(data, asked, on_notice))
    asked = prepared.request
    # without being asked for it a network is trained on many series, unless methods are compared
    pays = asked.method in TRAINED and not asked.backtest and prepared.is_panel
    if pays and asked.past_covariates:
        pays = False
        on_notice("with --past-covariates no network is trained on the series")
    trains = may_train and forecaster is None and (asked.asks_for_training or pays)
    known = processes.local_first(lambda: _known(prepared, forecaster, trains, on_notice))
    if forecaster is not None:
        forecaster.check(prepared.panel)
        if not forecaster.config.weight:
            on_notice("training did not help when this network was saved: the forecast does not use it")
        made: Forecast | None = forecast_prepared(prepared, forecaster=forecaster, known=known)
    elif trains:
        made = _train_and_forecast(prepared, known, processes, on_notice, training)
    else:
        made = forecast_prepared(prepared, known=known) if processes.first else None
    return made if made is None or parents is None else add_up(made, parents)


@naming_arguments
def anomalies(data: Any, *, on_notice: Notice = quietly, **options: Any) -> pandas.DataFrame:
    """Each past value of every series with its one-step forecast: `fitted`, its intervals, `score` (distance in
    standard deviations) and `anomaly` (1 if that is above four). Arguments and errors are those of `forecast`."""
    import pandas

    columns, rows, _ = past_request(data, ForecastRequest(**options), anomalies=True, on_notice=_in_python(on_notice))
    return pandas.DataFrame(list(rows), columns=columns)


def _in_python(on_notice: Notice) -> Notice:
    """What names arguments where the notices it gets have options."""
    return lambda text: on_notice(as_arguments(text))


def past_request(
    data: Any, asked: ForecastRequest, *, anomalies: bool, on_notice: Notice = quietly
) -> tuple[list[str], Iterator[dict[str, Any]], int]:
    """Header and rows of the one-step forecasts of the past, and the number of anomalies."""
    from seqcli.forecasting.past import past_table

    prepared = prepare(_read(data, asked, on_notice), asked)
    for note in prepared.notes:
        on_notice(note)
    return past_table(prepared, anomalies=anomalies)


def _saved(request: ForecastRequest) -> tuple[Forecaster | None, ForecastRequest]:
    """The saved network that is asked for, and the request with the covariates that it knows."""
    if request.model is None:
        return None, request
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.forecasting.recurrent.covariates import own_names
    from seqcli.forecasting.recurrent.forecaster import load_forecaster

    forecaster = load_forecaster(load_checkpoint(Path(request.model), task="forecast"))
    if request.covariates:
        return forecaster, request
    names = own_names(forecaster.config.covariates)
    if not names and request.future is not None:
        raise UsageError("the model was trained without covariates", hint="leave --future out")
    if names and request.future is None:
        hint = "give --future, the file with their future values"
        raise UsageError(f"the model was trained with the covariates {','.join(names)}", hint=hint)
    return forecaster, settled(request, covariates=names)


def _opened(
    data: Any, request: ForecastRequest, on_notice: Notice
) -> tuple[Prepared, np.ndarray | None, Forecaster | None]:
    """The panel, ready to be forecast; of a hierarchy with its totals, and the place of each series' total; and the
    saved network."""
    forecaster, request = _saved(request)
    panel = _read(data, request, on_notice)
    horizon = _horizon(panel, request, forecaster)
    panel = _current(panel, request, horizon or panel.frequency.horizon, on_notice)
    parents = None
    if request.hierarchy:
        panel, parents = with_totals(panel, request.hierarchy)
    return prepare(panel, request, horizon), parents, forecaster


def _read(data: Any, request: ForecastRequest, on_notice: Notice) -> Panel:
    if isinstance(data, Panel):
        return data
    names = {item.name for item in fields(ReadOptions)} - {"frequency"}
    values = {name: getattr(request, name) for name in names if hasattr(request, name)}
    stamps = Stamps([str(data)] if isinstance(data, str | Path) else [])
    values["series"] = request.series or request.hierarchy
    values["covariates"] = (*request.covariates, *request.past_covariates)
    panel = read_panel(str(data) if isinstance(data, Path) else data, ReadOptions(frequency=request.freq, **values))
    stamps.check()
    for note in panel.notes:
        on_notice(note)
    return replace(panel, covariate_names=request.covariates, past_names=request.past_covariates)


def _horizon(panel: Panel, request: ForecastRequest, forecaster: Forecaster | None) -> int | None:
    """The horizon in periods: as requested, as long as the future file, or that of the saved network."""
    if request.horizon is not None:
        return periods(request.horizon, panel.frequency.unit, panel.frequency.count)
    if request.future is not None:
        from seqcli.series.known import future_length

        return future_length(panel, request.future, encoding=request.encoding, errors=request.errors)
    return forecaster.horizon if forecaster is not None else None


def _current(panel: Panel, request: ForecastRequest, horizon: int, on_notice: Notice) -> Panel:
    """The panel up to the origin asked for, without the series that ended long before it."""
    series = panel.series
    if request.start is not None:
        start = _start(panel, request.start, on_notice)
        series = []
        for one in panel.series:
            known = np.flatnonzero(~np.isnan(one.values[: max(start - one.first, 0)]))
            if len(known):
                stop = int(known[-1]) + 1
                series.append(replace(one, values=one.values[:stop], covariates=one.covariates[:, :stop]))
        if not series:
            raise UsageError(f"--from {request.start}: no series has a value before it", hint="give a later time")
    ends = np.array([one.first + len(one.values) for one in series])
    late = ends.max() - ends > max(horizon, panel.frequency.season)
    if late.any() and not request.keep_ended and late.mean() < 0.9 and panel.frequency.unit != "step":
        names = list(series_names(replace(panel, series=[one for one, gone in zip(series, late, strict=True) if gone])))
        shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        on_notice(
            f"{len(names):,} of {len(series):,} series ended long ago and are left out ({shown}); see --keep-ended"
        )
        series = [one for one, gone in zip(series, late, strict=True) if not gone]
    return replace(panel, series=series)


def _start(panel: Panel, text: str, on_notice: Notice) -> int:
    """The place of the time that --from gives; `UsageError` for no time, and for one that the data do not reach."""
    from seqcli.series.known import positions_of

    positions, fine = positions_of(panel, [text]) if panel.time_name else (np.zeros(0), np.zeros(1, bool))
    if not fine.all():
        example = panel.calendar.label(panel.series[0].first)
        raise UsageError(f"--from {text!r} is not a time like those in the data", hint=f"give it like {example}")
    start = int(positions[0])
    ends = np.array([one.first + len(one.values) for one in panel.series])
    if start > ends.max():
        last, following = panel.calendar.label(int(ends.max()) - 1), panel.calendar.label(int(ends.max()))
        raise UsageError(
            f"--from {text}: the data end with {last}, and a forecast begins with {following} at the latest",
            hint="leave it out, and give a longer --horizon",
        )
    if early := int((ends < start).sum()):
        on_notice(f"{early:,} of {len(ends):,} series end before {text}: they are forecast from their own ends")
    if panel.calendar.is_dated and (label := panel.calendar.label(start)) != text:
        on_notice(f"--from {text} is taken for {label}")
    return start


def _known(prepared: Prepared, forecaster: Forecaster | None, trains: bool, on_notice: Notice) -> KnownInputs | None:
    """Covariates, calendar and holidays: for a saved network, for one to be trained, or for a regression."""
    request = prepared.request
    if not trains and forecaster is None and request.future is None and request.holidays is None:
        return None
    from seqcli.forecasting.recurrent.covariates import HOLIDAYS, holidays_end_early, known_inputs
    from seqcli.series.known import read_future, read_holidays

    panel, horizon = prepared.panel, prepared.horizon
    config = forecaster.config if forecaster is not None else None
    reading = {"encoding": request.encoding, "errors": request.errors}
    future = read_future(panel, request.future, horizon, **reading) if request.future is not None else None
    days = config.holidays if config is not None else ()
    if request.holidays is not None:
        if config is not None and HOLIDAYS[0] not in config.covariates:
            raise UsageError("the model was trained without holidays", hint="leave --holidays out")
        days = read_holidays(request.holidays, day_first=request.day_first, **reading)
    if holidays_end_early(panel, horizon, days):
        on_notice("the last holiday is before the forecast begins: --holidays should also list future ones")
    names = config.covariates if config is not None else None
    if config is None and not trains:  # the engine itself looks at the calendar
        names = (*panel.covariate_names, *(HOLIDAYS if days else ()))
    scaling = config.scaling if config is not None else ()
    return known_inputs(panel, horizon, names=names, future=future, holidays=days, scaling=scaling)


def _train_and_forecast(
    prepared: Prepared,
    known: KnownInputs | None,
    processes: Processes,
    on_notice: Notice,
    training: Callable[[], AbstractContextManager[Events]] | None,
) -> Forecast | None:
    """Train the network on the panel, forecast with it, and save it if requested."""
    from seqcli.forecasting.recurrent.train import ForecastTraining, train_forecaster
    from seqcli.training.run import Events

    request = prepared.request
    asked = ForecastTraining(
        budget=request.budget,
        steps=request.steps,
        seed=request.seed,  # type: ignore[arg-type]  # None: not given
        save_interval=request.save_interval,
        output=Path(request.save) if request.save is not None else None,
        overwrite=request.overwrite,
        resume=request.resume,
    )
    ended = "finished"

    def train(prepared: Prepared, untrained: np.ndarray | None) -> Forecaster:
        nonlocal ended
        if prepared.is_large:
            count = len(prepared.filled)
            length = f"{request.steps:,} steps" if request.steps else f"{asked.budget or DEFAULT_BUDGET:g} seconds"
            on_notice(
                f"training the network on {'these' if count > 1 else 'this'} {count:,} series for {length}; "
                "--budget sets the time, --method combination skips it"
            )
        around = training() if training is not None else contextlib.nullcontext(Events(notice=on_notice))
        with around as events:
            made, ended = train_forecaster(prepared, untrained, asked, known=known, processes=processes, events=events)
        return made

    if not processes.first:
        train(prepared, None)
        return None
    return replace(forecast_prepared(prepared, train=train, known=known), ended=ended)
