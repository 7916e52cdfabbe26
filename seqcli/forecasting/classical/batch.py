"""Many series of different lengths in one array, so that a recursion over time serves all of them at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

CHUNK = 256  # series computed together: as many as stay in a processor's cache


@dataclass(frozen=True)
class Batch:
    """Series that end together: `values[t, i]`, NaN before a series begins, longest series first. `begin[i]` is the row
    of the first value, `order[i]` the series' place in the list the batch was made from, and `active[t]` how many
    series have begun by row t: they are the first columns."""

    values: np.ndarray  # (time, series) float64
    begin: np.ndarray  # (series,)
    order: np.ndarray  # (series,)
    active: np.ndarray  # (time,)

    @property
    def lengths(self) -> np.ndarray:
        return len(self.values) - self.begin

    def latest(self, count: int) -> Batch:
        """The latest `count` values of each series, or what there is."""
        if count >= len(self.values):
            return self
        begin = np.maximum(self.begin - (len(self.values) - count), 0)
        return Batch(self.values[-count:], begin, self.order, np.searchsorted(begin, np.arange(count), side="right"))

    def restore(self, columns: np.ndarray) -> np.ndarray:
        """(…, series) in the batch's order as (…, series) in the order of the list."""
        restored = np.empty_like(columns)
        restored[..., self.order] = columns
        return restored


def make_batch(series: Sequence[np.ndarray]) -> Batch:
    """A batch of series without missing values, each at least one value long."""
    lengths = np.array([len(one) for one in series])
    order = np.argsort(-lengths, kind="stable")
    longest = int(lengths.max())
    values = np.full((longest, len(series)), np.nan)
    for column, index in enumerate(order):
        values[longest - lengths[index] :, column] = series[index]
    begin = longest - lengths[order]
    active = np.searchsorted(begin, np.arange(longest), side="right")
    return Batch(values, begin, order, active)


def in_chunks(series: Sequence[np.ndarray], compute: Callable[[np.ndarray], None]) -> None:
    """Call `compute` with the indices of up to `CHUNK` series of similar length at a time, on all cores."""
    order = np.argsort([len(values) for values in series], kind="stable")
    chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
    if len(chunks) == 1:
        compute(chunks[0])
        return
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(compute, chunks))


def mean_of_known(values: np.ndarray, axis: int = 0, *, empty: float = 0.0) -> np.ndarray:
    """The mean over `axis` of the values that are not NaN; `empty` where all are."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=axis) / np.maximum(count, 1), empty)


def mean_change(values: np.ndarray) -> np.ndarray:
    """The mean absolute change from one value to the next of (time, series). (series,)"""
    return mean_of_known(np.abs(np.diff(values, axis=0)))


def fill_missing(values: np.ndarray, season: int, how: str = "interpolate") -> np.ndarray:
    """A series without NaN: `zero`, `forward`, or interpolated, across seasons where there are some (`interpolate`)."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    if how == "zero":
        return np.where(missing, 0.0, values)
    places = np.arange(len(values))
    if how == "forward":
        first = int(missing.argmin())  # nothing comes before it
        return values[np.maximum.accumulate(np.where(missing, first, places))]
    straight: np.ndarray = np.interp(places, places[~missing], values[~missing])
    if season < 2 or len(values) < 3 * season:
        return straight
    # around the line, what the same phase has elsewhere
    rest = values - _moving_mean(straight, season)
    phases = [rest[phase::season] for phase in range(season)]
    usual = np.array([np.median(p[~np.isnan(p)]) if (~np.isnan(p)).any() else 0.0 for p in phases])
    adjusted = values - usual[places % season]
    filled: np.ndarray = np.interp(places, places[~missing], adjusted[~missing]) + usual[places % season]
    if (values[~missing] >= 0).all():
        filled = np.maximum(filled, 0.0)
    return np.where(missing, filled, values)


def _moving_mean(values: np.ndarray, width: int) -> np.ndarray:
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    total = np.cumsum(np.concatenate(([0.0], padded)))
    return (total[width:] - total[:-width]) / width
