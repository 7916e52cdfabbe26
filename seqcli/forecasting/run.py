"""The `forecast` task: a file or data frame in, forecasts out; for the command and for Python."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqcli.errors import as_arguments, naming_arguments
from seqcli.files.output import check_writable
from seqcli.forecasting.engine import Outcome, lower_bounds, upper_bounds
from seqcli.forecasting.forecast import Forecast
from seqcli.forecasting.hierarchy import add_up
from seqcli.forecasting.intervals import not_below
from seqcli.forecasting.leading import forecast_with_past
from seqcli.forecasting.opening import open_request, read
from seqcli.forecasting.options import DEFAULT_BUDGET, ForecastRequest
from seqcli.forecasting.past import Past, check_past, forecast_past
from seqcli.forecasting.prepare import DEFAULTS, Prepared, among, prepare
from seqcli.forecasting.recurrent.covariates import given_any
from seqcli.forecasting.recurrent.forecaster import Forecaster
from seqcli.forecasting.recurrent.share import last_horizon, with_network, without_network
from seqcli.forecasting.report import backtest_table, unusual, verdict
from seqcli.notices import Notice, quietly
from seqcli.options import documented
from seqcli.series.panel import Panel
from seqcli.training.distributed import ALONE, Processes

if TYPE_CHECKING:
    import pandas

    from seqcli.forecasting.recurrent.train import ForecastTraining
    from seqcli.training.run import Events

Training = Callable[[], AbstractContextManager["Events"]]  # entered while a network is trained: what it reports to


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


@naming_arguments
def anomalies(data: Any, *, on_notice: Notice = quietly, **options: Any) -> pandas.DataFrame:
    """Each past value of every series with its one-step forecast: `fitted`, its intervals, `score` (distance in
    standard deviations) and `anomaly` (1 if that is above four). Arguments and errors are those of `forecast`."""
    import pandas

    past = past_request(data, ForecastRequest(**options), anomalies=True, on_notice=_in_python(on_notice))
    return pandas.DataFrame(list(past.rows()), columns=past.columns)


def _in_python(on_notice: Notice) -> Notice:
    """What names arguments where the notices it gets have options."""
    return lambda text: on_notice(as_arguments(text))


def past_request(data: Any, asked: ForecastRequest, *, anomalies: bool, on_notice: Notice = quietly) -> Past:
    """The one-step forecasts of the past."""
    check_past(asked)
    prepared = prepare(read(data, asked, on_notice), asked)
    for note in prepared.notes:
        on_notice(note)
    return forecast_past(prepared, anomalies=anomalies)


def forecast_request(
    data: Any,
    asked: ForecastRequest,
    *,
    processes: Processes = ALONE,
    on_notice: Notice = quietly,
    training: Training | None = None,
    may_train: bool = True,
) -> Forecast | None:
    """`forecast` for a request, also for several processes that train together, of which only the first returns a
    forecast, the others None. Unless it `may_train`, a large panel is forecast without training."""
    processes.check_inputs([data])
    if asked.save is not None:  # refused before any work if it cannot be written
        place, replaced = Path(asked.save), asked.overwrite or asked.resume
        processes.broadcast(lambda: check_writable(place, overwrite=replaced))
    prepared, forecaster = processes.local_first(lambda: open_request(data, asked, on_notice, may_train=may_train))
    if prepared.trains:
        made = _train_and_forecast(prepared, processes, on_notice, training)
    else:
        made = forecast_prepared(prepared, forecaster) if processes.first else None
    if made is None:
        return None
    if prepared.setting.mean and 0.5 in asked.quantiles and "counts" in made.methods:  # their point forecasts are means
        setting, request = replace(prepared.setting, mean=False), replace(prepared.request, backtest=0)
        of_medians = forecast_prepared(replace(prepared, setting=setting, request=request), made.forecaster)
        made = replace(made, median=of_medians.point)
    return made if prepared.parents is None else add_up(made, prepared.parents)


def _train_and_forecast(
    prepared: Prepared, processes: Processes, on_notice: Notice, training: Training | None
) -> Forecast | None:
    """`train_and_forecast` as the request says, which may also be to save the network."""
    from seqcli.forecasting.recurrent.train import ForecastTraining
    from seqcli.training.run import Events

    request, count = prepared.request, len(prepared.filled)
    if prepared.is_large:
        length = f"{request.steps:,} steps" if request.steps else f"{request.budget or DEFAULT_BUDGET:g} seconds"
        on_notice(
            f"training the network on {'these' if count > 1 else 'this'} {count:,} series for {length}; "
            "--budget sets the time, --method combination skips it"
        )
    same = ("budget", "steps", "seed", "save_interval", "overwrite", "resume")
    output = Path(request.save) if request.save is not None else None
    asked = ForecastTraining(output=output, **{name: getattr(request, name) for name in same})
    heard = training or (lambda: contextlib.nullcontext(Events(notice=on_notice)))
    return train_and_forecast(prepared, asked, heard, processes)


def train_and_forecast(
    prepared: Prepared, asked: ForecastTraining, training: Training, processes: Processes = ALONE
) -> Forecast | None:
    """Train a network on a panel and forecast with it; None in all but the first of several processes."""
    from seqcli.forecasting.recurrent.train import train_forecaster

    made = without_network(prepared, trained=True) if processes.first else None
    alone = last_horizon(made, prepared) if made is not None else None
    with training() as events:
        forecaster, ended = train_forecaster(prepared, alone, asked, processes, events)
    if made is None:
        return None
    return _result(prepared, with_network(made, prepared, forecaster), forecaster, ended)


def forecast_panel(panel: Panel, request: ForecastRequest = DEFAULTS, forecaster: Forecaster | None = None) -> Forecast:
    """Forecast every series of a panel, of which nothing else is known."""
    return forecast_prepared(prepare(panel, request), forecaster)


def forecast_prepared(prepared: Prepared, forecaster: Forecaster | None = None) -> Forecast:
    """Forecast every series by the method asked for, with conformal intervals from rolling origins; with the network
    that is given, whose share in the forecast its training has found."""
    if forecaster is not None:
        made = with_network(without_network(prepared, trained=False), prepared, forecaster)
    else:
        made = forecast_with_past(prepared)
        # an effect may lead below it
        made = replace(made, bands=not_below(made.bands, made.point, lower_bounds(prepared.filled)))
    return _result(prepared, made, forecaster)


def _bounded(made: Outcome, series: Sequence[np.ndarray]) -> Outcome:
    """Forecasts that are nowhere above what their series can be, which is said where points were."""
    top = upper_bounds(series)[:, None]
    point, bands, said = np.minimum(made.point, top), np.minimum(made.bands, top[..., None]), made.said
    if count := int((made.point > top).any(axis=1).sum()):
        said += (f"{among(count, len(top))}: forecasts end at 1 or 100, the highest value, reached again and again",)
    return replace(made, point=point, bands=bands, said=said)


def _result(prepared: Prepared, made: Outcome, forecaster: Forecaster | None, ended: str = "finished") -> Forecast:
    """Forecasts with what is said of them, and how good such forecasts have been."""
    mixed = forecaster is not None and forecaster.config.weight > 0 and given_any(forecaster.config.covariates)
    made = _bounded(made, prepared.filled)
    return Forecast(
        panel=prepared.panel,
        season=prepared.season,
        horizon=prepared.horizon,
        levels=prepared.setting.levels,
        point=made.point,
        bands=made.bands,
        methods=made.kinds,
        table=backtest_table(prepared) if prepared.request.backtest else [],
        verdict=verdict(made.folds, made.earlier, prepared),
        notes=[*prepared.notes, *made.said, *unusual(made, prepared.filled, prepared.setting, mixed=mixed)],
        forecaster=forecaster,
        quantiles=prepared.request.quantiles,
        ended=ended,
        inputs=[one.row() for one in made.worth],
    )
