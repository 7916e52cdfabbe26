"""The forecasting engine: arrays in, forecasts with prediction intervals out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.forecasting.backtest import Folds, cut, select
from seqcli.forecasting.changes import direction, is_straight, one_way, trust
from seqcli.forecasting.classical.counts import count_means, count_quantiles, is_intermittent, zero_chances
from seqcli.forecasting.classical.long_season import LongSeason, find_long_season
from seqcli.forecasting.classical.methods import WITH_NETWORK, forecast_all, mix_of
from seqcli.forecasting.combination import STEPS, predict, weigh
from seqcli.forecasting.importance import Worth
from seqcli.forecasting.intervals import adapt, around, calibrate, mix, not_below, within_reach
from seqcli.forecasting.metrics import probabilities_of, recent_scale
from seqcli.forecasting.recurrent import pretrained
from seqcli.forecasting.recurrent.forecaster import offsets

MOST_CALIBRATED = 600  # series whose earlier forecasts the intervals of a large panel are taken from
MOST_FOLDS = 1200  # earlier forecasts that are made for the intervals, about
# of the width of intervals, as a power, what is the network's word, less beyond what it has learnt and where it counts
# less than the methods beside it; the rest is what earlier errors ask for
NETWORK_SPREAD = 0.85
REACHED = 3  # times that a series has its highest value, 1 or 100, if it cannot be higher
TINY = 1e-9  # of the largest forecast: rounding, written as zero


@dataclass(frozen=True)
class Setting:
    """What is the same for all series: the horizon, the `season` and further `long` seasons (periods), the `levels` of
    the intervals (per cent) and the `method`. `mean`: the point forecast of counts is their mean, not their median."""

    horizon: int
    season: int
    long: tuple[float, ...]
    levels: tuple[float, ...]
    method: str = "auto"
    fill: str = "interpolate"
    mean: bool = False


@dataclass(frozen=True)
class Outcome:
    """Forecasts `point` (series, horizon) with `bands` (series, horizon, 2 · levels), low and high of each level in
    rising order; the method of each series; the forecasts `earlier` (folds, horizon) their errors are told from; what
    is `said` of their inputs, and what these are worth."""

    point: np.ndarray
    bands: np.ndarray
    kinds: list[str]
    folds: Folds
    earlier: np.ndarray
    said: tuple[str, ...] = ()
    worth: Sequence[Worth] = ()


def kind_of(values: np.ndarray, setting: Setting) -> str:
    """What `auto` chooses for a series: `naive` if it is constant or very short, `counts` or `combination`."""
    if setting.method != "auto":
        return setting.method
    if len(values) < 4 or values.min() == values.max():
        return "naive"
    seasons = {setting.season, *(round(period) for period in setting.long if period < 1000)}
    return "counts" if is_intermittent(values, sorted(seasons)) else "combination"


def find_long(series: Sequence[np.ndarray], setting: Setting) -> list[LongSeason | None]:
    """Each series' long season, the first that is found; the last horizon is left out if the rest is long enough."""
    found: list[LongSeason | None] = []
    for values in series:
        one = None
        for period in setting.long:
            past = values[: -setting.horizon] if len(values) - setting.horizon >= 2.5 * period else values
            one = one or find_long_season(past, period, setting.season)
        found.append(one)
    return found


def forecast_arrays(filled: Sequence[np.ndarray], known: Sequence[np.ndarray], setting: Setting) -> Outcome:
    """Forecast series without missing values; `known` are the same series with NaN where values were filled in."""
    kinds = [kind_of(values, setting) for values in filled]
    point = np.zeros((len(filled), setting.horizon))
    bands = np.zeros((*point.shape, 2 * len(setting.levels)))
    folds = calibration_folds(known, setting)
    earlier = np.full(folds.actual.shape, np.nan)
    of_series, of_fold = np.array(kinds), np.array(kinds)[folds.member]
    for kind in dict.fromkeys(kinds):
        rows, held = np.flatnonzero(of_series == kind), of_fold == kind
        series, part = [filled[row] for row in rows.tolist()], select(folds, held)
        part = replace(part, member=np.searchsorted(rows, part.member))
        if kind == "counts":
            made = _counts(series, part, setting)
        elif kind == "combination" and setting.method == "auto":
            made = _combined(series, part, setting)
        else:
            made = _by_method(series, part, kind, setting)
        point[rows], bands[rows], earlier[held] = made
    return Outcome(point, bands, kinds, folds, earlier)


# Forecasts of series, their intervals, and the forecasts at the ends of the folds' histories
Made = tuple[np.ndarray, np.ndarray, np.ndarray]


def _counts(series: Sequence[np.ndarray], folds: Folds, setting: Setting) -> Made:
    """By the quantiles of past counts, or their means."""
    horizon, season, probabilities = setting.horizon, setting.season, probabilities_of(setting.levels)
    every, count = [*series, *folds.histories], len(series)
    made = np.array([count_quantiles(values, horizon, season, probabilities) for values in every])
    if setting.mean:
        made[..., 0] = [count_means(values, horizon, season) for values in every]
    return made[:count, :, 0], made[:count, :, 1:], made[count:, :, 0]


def _combined(series: Sequence[np.ndarray], folds: Folds, setting: Setting) -> Made:
    """By the default combination."""
    horizon, count = setting.horizon, len(series)
    long = find_long(series, setting)
    ways = [direction(values, setting.season) for values in series]
    trusted = np.array([trust(way, setting.season) for way in ways])
    # together: one run of the recursions serves the forecasts and their earlier origins
    every, members = [*series, *folds.histories], [*range(count), *folds.member.tolist()]
    seasons, changing = [long[member] for member in members], (trusted[members] > 0).tolist()
    made, spread = predict(every, horizon, setting.season, seasons, changing)
    made, before = made[:, :count], made[:, count:]
    scales = np.where(np.isfinite(folds.recent) & (folds.recent > 0), folds.recent, 1.0)
    ends = np.array([len(history) for history in folds.histories])
    weights = weigh(np.abs(folds.actual - before), folds.member, ends, trusted, scales)
    zeros = np.array([zero_chances(values, horizon, setting.season) for values in every])
    # the median of what is mostly zero, each night or winter, is zero
    point = np.where(zeros[:count] > 0.5, 0.0, (weights * made).sum(axis=0))
    earlier = np.where(zeros[count:] > 0.5, 0.0, (weights[:, folds.member] * before).sum(axis=0))
    floor = lower_bounds(series)
    point = np.maximum(point, floor[:, None])
    spread = offsets(spread, setting.levels)
    learnt = adapt(point, spread[:count], folds.actual, earlier, spread[count:], setting.levels, floor)
    measured = _measured(series, point, folds, earlier, setting)
    counts = mix_of(setting.season)[0]
    share = NETWORK_SPREAD * min(1.0, 2 * counts) * np.minimum(1.0, np.sqrt(STEPS / np.arange(1, horizon + 1)))
    bands = not_below(within_reach(mix(learnt, measured, point, share), point, series), point, floor)
    tails = 0.5 - np.array(setting.levels) / 200
    bands[..., ::2] = np.where(zeros[:count, :, None] > tails, 0.0, bands[..., ::2])
    bands[..., 1::2] = np.where(zeros[:count, :, None] > 1 - tails, 0.0, bands[..., 1::2])
    bands[np.abs(bands) < TINY * np.abs(point).max(axis=1)[:, None, None]] = 0.0
    for index, (values, way) in enumerate(zip(series, ways, strict=True)):
        point[index], bands[index] = (one_way(numbers[index], values[-1], way) for numbers in (point, bands))
        if abs(way) == 1 and is_straight(values):  # as sure as a constant
            bands[index] = point[index][:, None]
    return point, bands, earlier


def _by_method(series: Sequence[np.ndarray], folds: Folds, method: str, setting: Setting) -> Made:
    """By one method, with intervals from its past errors or from the network."""
    horizon, season, levels = setting.horizon, setting.season, setting.levels
    every = forecast_all([*series, *folds.histories], horizon, season, method)
    point, earlier = every[: len(series)], every[len(series) :]
    if method not in WITH_NETWORK:
        return point, _measured(series, point, folds, earlier, setting), earlier
    spread = [pretrained.spread(part, horizon, season, levels) for part in (series, folds.histories)]
    return point, adapt(point, spread[0], folds.actual, earlier, spread[1], levels, lower_bounds(series)), earlier


def _measured(
    series: Sequence[np.ndarray], point: np.ndarray, folds: Folds, earlier: np.ndarray, setting: Setting
) -> np.ndarray:
    """Intervals as wide as earlier forecasts were wrong, in units of each series' scale; a constant series has none."""
    half = calibrate(np.abs(folds.actual - earlier), folds.recent, folds.member, setting.levels)
    scales = np.nan_to_num(np.array([recent_scale(values, setting.season) for values in series]), nan=0.0)
    return around(point, scales[:, None, None] * half.T, lower_bounds(series))


def lower_bounds(series: Sequence[np.ndarray]) -> np.ndarray:
    """The lowest value each series can take: zero if it was never below, otherwise -inf. (series,)"""
    return np.array([0.0 if values.min() >= 0 else -np.inf for values in series])


def upper_bounds(series: Sequence[np.ndarray]) -> np.ndarray:
    """The highest value each series can take: 1 or 100 if it is never negative and that is its highest, reached again
    and again, as shares, percentages and what is on or off have it; otherwise inf. (series,)"""
    tops = [(values.max(), (values == values.max()).sum() >= REACHED and values.min() >= 0) for values in series]
    return np.array([top if again and top in (1, 100) else np.inf for top, again in tops])


def calibration_folds(series: Sequence[np.ndarray], setting: Setting) -> Folds:
    """Earlier origins for measuring errors: many of a single series, few of each of many."""
    chosen = np.linspace(0, len(series) - 1, min(len(series), MOST_CALIBRATED)).astype(int)
    origins = int(np.clip(MOST_FOLDS // max(len(chosen), 1), 2, 12))
    some = [series[index] for index in chosen]
    folds = cut(some, setting.horizon, setting.season, origins=origins, fill=setting.fill)
    return replace(folds, member=chosen[folds.member])
