"""The simplest methods, and methods for intermittent demand."""

from __future__ import annotations

import numpy as np

from seqcli.forecasting.classical.batch import Batch

ALPHA = 0.1  # smoothing of intermittent demand


def naive(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The last value, repeated. (horizon, series)"""
    return np.repeat(batch.values[-1:], horizon, axis=0)


def seasonal_naive(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The value of the same phase in the last season; the last value for series shorter than a season."""
    if season < 2 or len(batch.values) < season:
        return naive(batch, horizon, season)
    last = batch.values[len(batch.values) - season + np.arange(horizon) % season]
    return np.where(batch.lengths >= season, last, batch.values[-1])


def drift(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The line from the first to the last value, extrapolated."""
    first = batch.values[batch.begin, np.arange(batch.values.shape[1])]
    slope = (batch.values[-1] - first) / np.maximum(batch.lengths - 1, 1)
    return batch.values[-1] + np.arange(1, horizon + 1)[:, None] * slope


def mean(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The mean of all values."""
    return np.repeat(np.nanmean(batch.values, axis=0)[None], horizon, axis=0)


def croston(batch: Batch, horizon: int, season: int, *, factor: float = 1.0) -> np.ndarray:
    """Croston's method (1972): the mean size of demands over the mean time between them, both smoothed; `factor`
    corrects its bias."""
    count = batch.values.shape[1]
    size, gap, since = np.full(count, np.nan), np.ones(count), np.ones(count)
    for t in range(len(batch.values)):
        k = batch.active[t]
        demand = batch.values[t, :k] != 0
        first = demand & np.isnan(size[:k])
        size[:k] = np.where(first, batch.values[t, :k], size[:k])
        gap[:k] = np.where(first, since[:k], gap[:k])
        size[:k] = np.where(demand, size[:k] + ALPHA * (batch.values[t, :k] - size[:k]), size[:k])
        gap[:k] = np.where(demand, gap[:k] + ALPHA * (since[:k] - gap[:k]), gap[:k])
        since[:k] = np.where(demand, 1.0, since[:k] + 1)
    level = factor * np.nan_to_num(size) / np.maximum(gap, 1.0)
    return np.repeat(level[None], horizon, axis=0)


def sba(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """Croston's method with the bias correction of Syntetos & Boylan (2005)."""
    return croston(batch, horizon, season, factor=1 - ALPHA / 2)


def tsb(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """Teunter, Syntetos & Babai (2011): smoothed chance of a demand times smoothed size; unlike Croston's it
    forgets."""
    count = batch.values.shape[1]
    size, chance = np.full(count, np.nan), np.full(count, np.nan)
    for t in range(len(batch.values)):
        k = batch.active[t]
        y = batch.values[t, :k]
        demand = (y != 0).astype(float)
        old = np.where(np.isnan(chance[:k]), demand, chance[:k])
        chance[:k] = old + ALPHA * (demand - old)
        known = np.where(np.isnan(size[:k]), y, size[:k])
        size[:k] = np.where(y != 0, known + ALPHA * (y - known), size[:k])
    return np.repeat((np.nan_to_num(size) * chance)[None], horizon, axis=0)
