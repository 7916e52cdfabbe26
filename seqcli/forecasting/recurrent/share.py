"""The share of a trained network in the forecasts of a panel, beside those that are made without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqcli.forecasting import importance
from seqcli.forecasting.backtest import Folds, cut, select
from seqcli.forecasting.changes import direction
from seqcli.forecasting.engine import Outcome, forecast_arrays, lower_bounds
from seqcli.forecasting.intervals import adapt, mix, not_below
from seqcli.forecasting.prepare import LEAST_SERIES, Prepared
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES
from seqcli.forecasting.recurrent.covariates import given_any
from seqcli.forecasting.recurrent.forecaster import Forecaster, offsets
from seqcli.forecasting.recurrent.windows import History


def without_network(prepared: Prepared, *, trained: bool) -> Outcome:
    """Forecasts, and those of earlier origins, to which a network then adds its own.

    What a network has learnt from tells nothing of its errors: one that is `trained` here is measured on what was held
    out, a kept one from no more origins than it takes, since it may have learnt from the earlier ones."""
    setting, filled = prepared.setting, prepared.filled
    made = forecast_arrays(filled, prepared.known, setting)
    origins = 1 if trained else int(np.clip(LEAST_SERIES // len(filled), 1, 12))
    folds = cut(prepared.known, setting.horizon, setting.season, origins=origins, fill=setting.fill)
    ends = np.array([len(history) + setting.horizon for history in folds.histories], int)
    folds = select(folds, ends <= np.array([len(values) for values in filled])[folds.member])
    earlier = forecast_arrays(folds.histories, folds.histories, setting).point
    return replace(made, folds=folds, earlier=earlier)


def last_horizon(made: Outcome, prepared: Prepared) -> np.ndarray:
    """The forecasts of each series' last horizon that were `made` without a network, with which one in training is
    compared. (series, horizon) NaN for series too short for that, and for those in which a network has no share."""
    result = np.full(made.point.shape, np.nan)
    latest = (made.folds.back == 0) & np.isin(made.folds.member, _mixed(made, prepared, prepared.inputs.names))
    result[made.folds.member[latest]] = made.earlier[latest]
    return result


def with_network(made: Outcome, prepared: Prepared, forecaster: Forecaster) -> Outcome:
    """The forecasts `made` without a network, and those of their earlier origins, with the share that it has in them,
    and its intervals."""
    mixed = _mixed(made, prepared, forecaster.config.covariates)
    if forecaster.config.weight > 0 and len(mixed):
        made = _mix(made, prepared, forecaster, mixed)
    else:
        names = [name for name, _ in importance.groups(forecaster.config.covariates)]
        made = replace(made, worth=[importance.Worth(name, False) for name in names])
    said = [f"{one.name}: {f'learnt by the network, {one.said()}' if one.used else 'not used'}" for one in made.worth]
    return replace(made, said=(f"effects of what is known beforehand: {'; '.join(said)}",) if said else ())


def _mixed(made: Outcome, prepared: Prepared, inputs: Sequence[str]) -> np.ndarray:
    """The series that a trained network has a share in. Constant and very short ones stay as they are, counts, whose
    quantiles are counts, and meters, which never turn back; unless the network has `inputs` that it alone knows."""
    if given_any(inputs):
        return np.flatnonzero(np.array(made.kinds) != "naive")
    turning = [abs(direction(values, prepared.season)) < 1 for values in prepared.filled]
    return np.flatnonzero(~np.isin(made.kinds, ("naive", "counts")) & turning)


def _mix(made: Outcome, prepared: Prepared, forecaster: Forecaster, mixed: np.ndarray) -> Outcome:
    filled, held, horizon, levels = prepared.filled, made.folds, prepared.horizon, prepared.setting.levels
    share, floor, history = forecaster.config.weight, lower_bounds(filled), prepared.history
    network = forecaster.quantiles(history, np.full(len(filled), history.length), horizon)[mixed]
    own = np.flatnonzero(np.isin(held.member, mixed))
    network_held = _held_quantiles(forecaster, history, held, horizon)[own]
    point, bands, earlier = made.point.copy(), made.bands.copy(), made.earlier.copy()
    point[mixed] = np.maximum(share * network[..., MIDDLE] + (1 - share) * point[mixed], floor[mixed][:, None])
    earlier[own] = share * network_held[..., MIDDLE] + (1 - share) * earlier[own]
    earlier[own] = np.maximum(earlier[own], floor[held.member[own]][:, None])
    spread, spread_held = offsets(network, levels), offsets(network_held, levels)
    learnt = adapt(point[mixed], spread, held.actual[own], earlier[own], spread_held, levels, floor[mixed], trust=1.0)
    moved = made.bands[mixed] + (point - made.point)[mixed][..., None]
    bands[mixed] = not_below(mix(learnt, moved, point[mixed], np.full(horizon, share)), point[mixed], floor[mixed])
    worth = importance.of_network(forecaster, history, held, mixed, made.earlier, earlier)
    return replace(made, point=point, bands=bands, earlier=earlier, worth=worth)


def _held_quantiles(forecaster: Forecaster, history: History, folds: Folds, horizon: int) -> np.ndarray:
    """A network's quantiles from each fold's end. (folds, horizon, quantiles)"""
    result = np.empty((len(folds.histories), horizon, len(QUANTILES)))
    lengths = np.array([len(values) for values in folds.histories], int)
    for number in set(folds.back.tolist()):
        rows = np.flatnonzero(folds.back == number)
        ends = np.zeros(len(history.values), int)
        ends[folds.member[rows]] = history.begin[folds.member[rows]] + lengths[rows]
        result[rows] = forecaster.quantiles(history, ends, horizon)[folds.member[rows]]
    return result
