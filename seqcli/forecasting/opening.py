"""What a request names, read and made ready: the panel, the saved network, and what else is known of the time ahead."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from seqcli.errors import UsageError
from seqcli.files.checkpoint import load_checkpoint
from seqcli.files.opening import Stamps
from seqcli.forecasting.hierarchy import with_totals
from seqcli.forecasting.options import TRAINED, ForecastRequest, periods
from seqcli.forecasting.prepare import Prepared, prepare
from seqcli.forecasting.recurrent.covariates import HOLIDAYS, KnownInputs, holidays_end_early, known_inputs, own_names
from seqcli.forecasting.recurrent.forecaster import Forecaster, load_forecaster
from seqcli.notices import Notice
from seqcli.options import settled
from seqcli.series.known import future_length, positions_of, read_future, read_holidays
from seqcli.series.panel import Panel, ReadOptions, read_panel, series_names


def open_request(
    data: Any, request: ForecastRequest, on_notice: Notice, *, may_train: bool
) -> tuple[Prepared, Forecaster | None]:
    """What a request names, ready to be forecast, and the saved network that it asks for. One is trained if that is
    asked for, or if the panel is large and it `may_train`."""
    forecaster, request = _saved(request)
    panel = read(data, request, on_notice)
    if forecaster is not None:
        forecaster.check(panel)
    if request.start is not None:
        panel = _until(panel, request.start, on_notice)
    if request.horizon is None:
        request = settled(request, horizon=_horizon(panel, request, forecaster))
    if not request.keep_ended:
        panel = _without_ended(panel, request, on_notice)
    parents = None
    if request.hierarchy:
        panel, parents = with_totals(panel, request.hierarchy, request.fill)
    prepared = prepare(panel, request)
    # without being asked for it a network is trained on many series, unless methods are compared
    pays = request.method in TRAINED and not request.backtest and prepared.is_panel
    if pays and request.past_covariates:
        pays = False
        on_notice("with --past-covariates no network is trained on the series")
    trains = may_train and forecaster is None and (request.asks_for_training or pays)
    inputs = _inputs(prepared, forecaster, trains, on_notice)
    if forecaster is not None and not forecaster.config.weight:
        on_notice("training did not help when this network was saved: the forecast does not use it")
    return replace(prepared, inputs=inputs, trains=trains, parents=parents), forecaster


def _saved(request: ForecastRequest) -> tuple[Forecaster | None, ForecastRequest]:
    """The saved network that is asked for, and the request with the covariates that it knows."""
    if request.model is None:
        return None, request
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


def read(data: Any, request: ForecastRequest, on_notice: Notice) -> Panel:
    """The panel of a file or data frame, or the one that is given."""
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
    """The horizon where none is given: as long as the future file, or that of the saved network."""
    if request.future is not None:
        return future_length(panel, request.future, encoding=request.encoding, errors=request.errors)
    return forecaster.horizon if forecaster is not None else None


def _until(panel: Panel, text: str, on_notice: Notice) -> Panel:
    """The panel up to the time that --from gives; `UsageError` for no time, and for one that the data do not reach."""
    positions, fine = positions_of(panel, [text])
    if not fine.all():
        example = panel.calendar.label(panel.series[0].first)
        raise UsageError(f"--from {text!r} is not a time like those in the data", hint=f"give it like {example}")
    start = int(positions[0])
    end = max(one.first + len(one.values) for one in panel.series)
    if start > end:
        raise UsageError(
            f"--from {text}: the data end with {panel.calendar.label(end - 1)}, and a forecast begins with "
            f"{panel.calendar.label(end)} at the latest",
            hint="leave it out, and give a longer --horizon",
        )
    series, early = [], 0
    for one in panel.series:
        known = np.flatnonzero(~np.isnan(one.values[: max(start - one.first, 0)]))
        if len(known):
            stop = int(known[-1]) + 1
            series.append(replace(one, values=one.values[:stop], covariates=one.covariates[:, :stop]))
            early += one.first + stop < start
    count = len(panel.series)
    if not series:
        raise UsageError(f"--from {text}: no series has a value before it", hint="give a later time")
    if early:
        on_notice(f"{early:,} of {count:,} series end before {text}: they are forecast from their own ends")
    if len(series) < count:
        on_notice(f"{count - len(series):,} of {count:,} series have no value before {text} and are left out")
    if panel.calendar.is_dated and (label := panel.calendar.label(start)) != text:
        on_notice(f"--from {text} is taken for {label}")
    return replace(panel, series=series)


def _without_ended(panel: Panel, request: ForecastRequest, on_notice: Notice) -> Panel:
    """The panel without the series that ended long before the others; of numbered steps and where most did, all."""
    frequency = panel.frequency
    horizon = frequency.horizon if request.horizon is None else periods(request.horizon, frequency)
    ends = np.array([one.first + len(one.values) for one in panel.series])
    late = ends.max() - ends > max(horizon, frequency.season)
    if not late.any() or late.mean() >= 0.9 or frequency.unit == "step":
        return panel
    ended = replace(panel, series=[one for one, gone in zip(panel.series, late, strict=True) if gone])
    names = list(series_names(ended))
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    on_notice(f"{len(names):,} of {len(ends):,} series ended long ago and are left out ({shown}); see --keep-ended")
    return replace(panel, series=[one for one, gone in zip(panel.series, late, strict=True) if not gone])


def _inputs(prepared: Prepared, forecaster: Forecaster | None, trains: bool, on_notice: Notice) -> KnownInputs:
    """Covariates, calendar and holidays: for a saved network, for one to be trained, or for a regression."""
    request, panel, horizon = prepared.request, prepared.panel, prepared.horizon
    if not trains and forecaster is None and request.future is None and request.holidays is None:
        return KnownInputs()
    reading = {"encoding": request.encoding, "errors": request.errors}
    future = read_future(panel, request.future, horizon, **reading) if request.future is not None else None
    days = forecaster.config.holidays if forecaster is not None else ()
    if request.holidays is not None:
        if forecaster is not None and HOLIDAYS[0] not in forecaster.config.covariates:
            raise UsageError("the model was trained without holidays", hint="leave --holidays out")
        days = read_holidays(request.holidays, day_first=request.day_first, **reading)
    if holidays_end_early(panel, horizon, days):
        on_notice("the last holiday is before the forecast begins: --holidays should also list future ones")
    if forecaster is not None:
        own, scaling = forecaster.config.covariates, forecaster.config.scaling
        return known_inputs(panel, horizon, names=own, future=future, holidays=days, scaling=scaling)
    # without a network the engine itself looks at the calendar
    names = None if trains else (*panel.covariate_names, *(HOLIDAYS if days else ()))
    return known_inputs(panel, horizon, names=names, future=future, holidays=days)
