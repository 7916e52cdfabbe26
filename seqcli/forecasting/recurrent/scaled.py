"""Histories as the network sees them: seasonally adjusted if the season is clear, and on one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqcli.forecasting.classical.batch import Batch, mean_of_known
from seqcli.forecasting.classical.seasonality import adjust
from seqcli.forecasting.recurrent.anchors import Anchors, make_anchors

LAGS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377)  # at which the growth of changes is measured
LATEST_CHANGES = 1000  # values they are measured on
MANY_ZEROS = 0.2  # share of zeros from which a non-negative series keeps its season: zeros stay zeros

# the second period of series with a season: days of a week, the year of days, and the day of those told by the week
SECOND = {5: 260, 7: 364, 24: 168, 48: 336, 96: 672, 144: 1008, 169: 845, 288: 2016}
SECOND |= {7 * day: day for day in (24, 48, 96, 144, 288)} | {364: 7, 365: 7}


@dataclass(frozen=True)
class Scaled:
    """Histories that end together: `values` (time, batch), NaN before `begin`, are `adjusted` · factor + term of their
    phase; `anchors` are of the adjusted ones. `unit` (batch,) is how much these move from one value to the next,
    `reach` (steps, batch) how much until each step ahead, `ahead` (steps,) counts from 0."""

    values: np.ndarray
    there: np.ndarray
    begin: np.ndarray
    season: int
    second: int  # 0: none
    ahead: np.ndarray
    adjusted: np.ndarray
    factors: np.ndarray
    terms: np.ndarray
    anchors: Anchors
    unit: np.ndarray
    reach: np.ndarray
    seasonal_error: np.ndarray  # mean change from one season to the next, NaN where unknown

    @property
    def lengths(self) -> np.ndarray:
        return len(self.values) - self.begin


def scale_histories(values: np.ndarray, season: int, ahead: np.ndarray) -> Scaled:
    """Histories (batch, time), NaN before a series begins and only there, for forecasts of the steps `ahead`."""
    y = np.ascontiguousarray(values.T)
    total, count = y.shape
    begin = np.isnan(y).sum(axis=0)
    there = np.arange(total)[:, None] >= begin
    with np.errstate(over="ignore", invalid="ignore"):  # in ratios of series that are not positive, which are not used
        adjusted, factors, terms = adjust(Batch(y, begin, np.arange(count), np.full(total, count)), season)
    zeros = (there & (y == 0)).sum(axis=0) / (total - begin)
    sparse = (np.nanmin(y, axis=0) >= 0) & (zeros >= MANY_ZEROS)
    adjusted = np.where(sparse, y, adjusted)
    factors, terms = np.where(sparse, 1.0, factors), np.where(sparse, 0.0, terms)
    anchors = make_anchors(np.where(there, adjusted, 0.0), begin, ahead + 1)

    late = slice(-int(np.clip(2 * season, 12, 48)), None)
    change = np.abs(np.diff(adjusted, axis=0))
    unit = 0.5 * mean_of_known(change) + 0.5 * mean_of_known(change[late])
    size = np.where(there, np.abs(y), 0.0)
    unit = np.maximum(unit, 1e-4 * size.max(axis=0))
    typical = size.sum(axis=0) / np.maximum((size > 0).sum(axis=0), 1)
    unit = np.where(sparse, np.maximum(unit, 0.3 * typical), unit)
    unit = np.where(unit > 0, unit, 1.0)

    seasonal_error = np.full(count, np.nan)
    if 1 < season < total:
        far = np.abs(adjusted[season:] - adjusted[:-season])[-LATEST_CHANGES:]
        seasonal_error = np.where(total - begin >= 2 * season, mean_of_known(far), np.nan)
    reach = _reach(adjusted, begin, anchors.slope, ahead + 1)
    periods = np.ceil((ahead + 1)[:, None] / season)
    reach = np.fmin(reach, seasonal_error * np.sqrt(periods))
    reach = np.where(np.isnan(reach), unit * np.sqrt(ahead + 1)[:, None], reach)
    reach = np.maximum(reach, np.where(sparse, 1.0, 0.3) * unit)
    second = SECOND.get(season, 0)
    return Scaled(
        y, there, begin, season, second, ahead, adjusted, factors, terms, anchors, unit, reach, seasonal_error
    )


def _reach(values: np.ndarray, begin: np.ndarray, slope: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The mean absolute change over so many steps, beside that of the line with `slope`; further than half a history
    it grows with the square root. (steps, batch), NaN for a single value"""
    latest = values[-LATEST_CHANGES:]
    lengths = np.minimum(len(values) - begin, LATEST_CHANGES)
    rows, last, at = [], np.full(values.shape[1], np.nan), 1
    for lag in LAGS:
        usable = lengths >= max(2 * lag, 2)
        grown = last * np.sqrt(lag / at)
        if lag < len(latest) and usable.any():
            change = np.abs(latest[lag:] - latest[:-lag] - slope * lag)
            grown = np.where(usable, mean_of_known(change), grown)
        rows.append(grown)
        last, at = grown, lag
    table = np.array(rows)
    place = np.interp(np.log(steps), np.log(LAGS), np.arange(len(LAGS)))
    below = np.minimum(place.astype(int), len(LAGS) - 2)
    part = (place - below)[:, None]
    return (1 - part) * table[below] + part * table[below + 1]
