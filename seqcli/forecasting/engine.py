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
from seqcli.forecasting.intervals import adapt, around, calibrate, mix, not_below, within_reach
from seqcli.forecasting.metrics import probabilities_of, recent_scale
from seqcli.forecasting.recurrent import pretrained
from seqcli.forecasting.recurrent.forecaster import offsets

MOST_CALIBRATED = 600  # series whose earlier forecasts the intervals of a large panel are taken from
MOST_FOLDS = 1200  # earlier forecasts that are made for the intervals, about
# of the width of intervals, as a power, what is the network's word, less beyond what it has learnt and where it counts
# less than the methods beside it; the rest is what earlier errors ask for
NETWORK_SPREAD = 0.85
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
    rising order; the method of each series; and the forecasts `earlier` (folds, horizon) their errors are told from."""

    point: np.ndarray
    bands: np.ndarray
    kinds: list[str]
    folds: Folds
    earlier: np.ndarray


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
            one = one or find_long_season(past, period, max(setting.season, 1))
        found.append(one)
    return found


def forecast_arrays(filled: Sequence[np.ndarray], known: Sequence[np.ndarray], setting: Setting) -> Outcome:
    """Forecast series without missing values; `known` are the same series with NaN where values were filled in."""
    kinds = [kind_of(values, setting) for values in filled]
    horizon, levels = setting.horizon, setting.levels
    point = np.zeros((len(filled), horizon))
    bands = np.zeros((len(filled), horizon, 2 * len(levels)))
    folds = calibration_folds(known, setting)
    earlier = np.full((len(folds.histories), horizon), np.nan)
    of_fold = np.array(kinds)[folds.member]
    for kind in dict.fromkeys(kinds):
        rows = np.flatnonzero(np.array(kinds) == kind)
        held = np.flatnonzero(of_fold == kind)
        series, part = [filled[row] for row in rows.tolist()], select(folds, of_fold == kind)
        part = replace(part, member=np.searchsorted(rows, part.member))
        if kind == "counts":
            point[rows], bands[rows] = _counts(series, setting)
            earlier[held] = _counts(part.histories, setting)[0]
        elif kind == "combination" and setting.method == "auto":
            point[rows], bands[rows], earlier[held] = _combined(series, part, setting)
        else:
            point[rows], bands[rows], earlier[held] = _by_method(series, part, kind, setting)
    return Outcome(point, bands, kinds, folds, earlier)


def _counts(series: Sequence[np.ndarray], setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    probabilities = probabilities_of(setting.levels)
    made = np.zeros((len(series), setting.horizon, len(probabilities)))
    for index, values in enumerate(series):
        made[index] = count_quantiles(values, setting.horizon, setting.season, probabilities)
        if setting.mean:
            made[index, :, 0] = count_means(values, setting.horizon, setting.season)
    return made[..., 0], made[..., 1:]


def _combined(
    series: Sequence[np.ndarray], folds: Folds, setting: Setting
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecasts of the default combination, with intervals, and its earlier forecasts."""
    horizon, count = setting.horizon, len(series)
    long = find_long(series, setting)
    # together: one run of the recursions serves the forecasts and their earlier origins
    ways = [direction(values, setting.season) for values in series]
    trusted = np.array([trust(way, setting.season) for way in ways])
    members = [*range(count), *folds.member.tolist()]
    every = predict(
        [*series, *folds.histories],
        horizon,
        setting.season,
        [long[member] for member in members],
        [trusted[member] > 0 for member in members],
    )
    made, before = every.candidates[:, :count], every.candidates[:, count:]
    scales = np.where(np.isfinite(folds.recent) & (folds.recent > 0), folds.recent, 1.0)
    ends = np.array([len(history) for history in folds.histories])
    weights = weigh(np.abs(folds.actual - before), folds.member, ends, trusted, scales)
    zeros = np.array([zero_chances(values, horizon, setting.season) for values in (*series, *folds.histories)])
    # the median of what is mostly zero, each night or winter, is zero
    point = np.where(zeros[:count] > 0.5, 0.0, (weights * made).sum(axis=0))
    earlier = np.where(zeros[count:] > 0.5, 0.0, (weights[:, folds.member] * before).sum(axis=0))
    floor = lower_bounds(series)
    point = np.maximum(point, floor[:, None])
    spread = [offsets(part, setting.levels) for part in (every.spread[:count], every.spread[count:])]
    learnt = adapt(point, spread[0], folds.actual, earlier, spread[1], setting.levels, floor)
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


def _by_method(
    series: Sequence[np.ndarray], folds: Folds, method: str, setting: Setting
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecasts of one method, with intervals from its past errors or from the network."""
    horizon, season, levels = setting.horizon, setting.season, setting.levels
    every = forecast_all([*series, *folds.histories], horizon, season, method)
    point, earlier = every[: len(series)], every[len(series) :]
    bands = _measured(series, point, folds, earlier, setting)
    if method in WITH_NETWORK:
        spread = [pretrained.spread(part, horizon, season, levels) for part in (series, folds.histories)]
        bands = adapt(point, spread[0], folds.actual, earlier, spread[1], levels, lower_bounds(series))
    return point, bands, earlier


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


def calibration_folds(series: Sequence[np.ndarray], setting: Setting) -> Folds:
    """Earlier origins for measuring errors: many of a single series, few of each of many."""
    chosen: Sequence[int] = range(len(series))
    if len(series) > MOST_CALIBRATED:
        chosen = np.linspace(0, len(series) - 1, MOST_CALIBRATED).astype(int).tolist()
    origins = int(np.clip(MOST_FOLDS // max(len(chosen), 1), 2, 12))
    folds = cut(
        [series[index] for index in chosen], setting.horizon, setting.season, origins=origins, fill=setting.fill
    )
    return replace(folds, member=np.asarray(chosen, int)[folds.member])
