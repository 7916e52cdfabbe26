"""The forecasting methods by name, and their combination."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from seqcli.errors import UsageError
from seqcli.forecasting.classical import baselines
from seqcli.forecasting.classical.batch import Batch, in_chunks, make_batch, mean_change
from seqcli.forecasting.classical.smoothing import damped, ets
from seqcli.forecasting.classical.theta import theta
from seqcli.forecasting.recurrent.pretrained import rnn

MOST_VALUES = 400  # the latest values a recursion is run over, or LEAST_SEASONS seasons if those are more
LEAST_SEASONS = 4

# The combinations are fixed in advance, not for each series anew: chosen on series of the pretrained network's pool
# that it has not learnt from and on two origins of the tourism competition's series (pretraining/README.md has the
# figures). The classical one is, with a season, half the median of three methods and half the mean of the first two,
# without one a weighted mean.
MEDIAN_OF = ("theta", "ets", "seasonal-naive")
WEIGHTS = {"theta": 0.4, "ets": 0.2, "drift": 0.4}
# What the pretrained network is combined with, and its share, by season from the one named on. No exponential
# smoothing with a season is part of it, and theta only where series are short: their fits take longer than all else.
# Prices on trading days (5) wander about, and nothing is better than near to the last one. In less than three cycles no
# test finds a season and the damped trend has none: there the last season and the network are halves.
MIXES: tuple[tuple[int, float, dict[str, float]], ...] = (
    (1, 0.15, {"theta": 0.5, "drift": 0.4, "ets": 0.1}),
    (2, 0.7, {"growth": 1.0}),
    (5, 0.7, {"damped": 1.0}),
    (6, 1.0, {}),
    (12, 0.8, {"damped": 0.5, "growth": 0.5}),
    (24, 1.0, {}),
    (52, 0.8, {"damped": 1.0}),
    (53, 1.0, {}),
)
TESTED = 3  # cycles from which the test finds a season
UNTESTED_SHARE, GROWTH = 0.5, 0.5
# Without a season, where a trend is all there is, what the network says far from the others is more often wrong than
# right: it counts no further away than FURTHEST, on average over the horizon, in mean changes from a value to the next.
FURTHEST = 2.0

LONG = 24  # periods from which on a season seldom comes three times

Method = Callable[[Batch, int, int], np.ndarray]


def combine(batch: Batch, network: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The network's forecasts (horizon, series) combined with those of the classical methods."""
    share, beside = mix_of(season)
    if share == 1:
        return network
    parts = [weight * BESIDE[name](batch, horizon, season) for name, weight in beside.items()]
    classical: np.ndarray = np.sum(parts, axis=0)
    apart = network - classical
    if season < 2:
        apart *= np.minimum(1.0, FURTHEST * mean_change(batch.values) / np.maximum(np.abs(apart).mean(axis=0), 1e-300))
    mixed: np.ndarray = classical + share * apart
    untested = (batch.lengths > season) & (batch.lengths < TESTED * season)
    if "growth" in beside and untested.any():
        grown = seasonal_growth(batch, horizon, season)
        mixed = np.where(untested, grown + UNTESTED_SHARE * (network - grown), mixed)
    return mixed


def seasonal_growth(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The last season plus `GROWTH` of the mean change from one season to the next, each time. (horizon, series) Series
    that are never negative grow in proportion, by at most half: what is zero each winter stays zero."""
    before, after = batch.values[:-season][-season:], batch.values[season:][-season:]
    known = ~np.isnan(before)
    count = np.maximum(known.sum(axis=0), 1)
    old, new = (np.where(known, values, 0.0).sum(axis=0) / count for values in (before, after))
    again = (1 + np.arange(horizon) // season)[:, None]
    last = baselines.seasonal_naive(batch, horizon, season)
    factor = 1 + GROWTH * np.clip(new / np.where(old > 0, old, 1.0) - 1, -1, 1)
    positive = (np.nanmin(batch.values, axis=0) >= 0) & (old > 0)
    return np.where(positive, last * (1 + (factor - 1) * again), last + GROWTH * (new - old) * again)


def mix_of(season: int) -> tuple[float, dict[str, float]]:
    """The weight of the network and those of the other methods, for series with a season (1: none)."""
    return next((share, beside) for least, share, beside in reversed(MIXES) if season >= least)


def _classical(batch: Batch, horizon: int, season: int) -> np.ndarray:
    if season > 1:
        every = np.array([METHODS[name](batch, horizon, season) for name in MEDIAN_OF])
        mixed: np.ndarray = (np.median(every, axis=0) + every[:2].mean(axis=0)) / 2
        # theta and ets have no season where there is too little to test for one (`is_seasonal`); the year of weeks
        # is mostly there all the same: half of the forecast is the year before
        untested = (season > LONG) & (batch.lengths >= 2 * season) & (batch.lengths < 3 * season)
        return np.where(untested, (mixed + every[2]) / 2, mixed)
    return np.sum([weight * METHODS[name](batch, horizon, season) for name, weight in WEIGHTS.items()], axis=0)


METHODS: dict[str, Method] = {
    "combination": lambda batch, horizon, season: combine(batch, rnn(batch, horizon, season), horizon, season),
    "classical": _classical,
    "rnn": rnn,
    "theta": theta,
    "ets": ets,
    "seasonal-naive": baselines.seasonal_naive,
    "naive": baselines.naive,
    "drift": baselines.drift,
    "mean": baselines.mean,
    "croston": baselines.croston,
    "sba": baselines.sba,
    "tsb": baselines.tsb,
}

# what the network may be combined with
BESIDE: dict[str, Method] = {**METHODS, "damped": damped, "growth": seasonal_growth}
WITH_NETWORK = ("combination", "rnn")  # methods that the pretrained network has a share in


def forecast_all(series: Sequence[np.ndarray], horizon: int, season: int, method: str = "combination") -> np.ndarray:
    """Forecasts of series without missing values by one method. (series, horizon) Never below zero if the history is
    not. Raises `UsageError` for an unknown method."""
    if method not in METHODS:
        raise UsageError(f"unknown method {method!r}", hint=f"choose from {', '.join(METHODS)}")
    result = np.zeros((len(series), horizon))
    keep = max(MOST_VALUES, LEAST_SEASONS * season)

    def run(members: np.ndarray) -> None:
        batch = make_batch([series[index][-keep:] for index in members])
        forecast = METHODS[method](batch, horizon, season)
        simple = baselines.seasonal_naive(batch, horizon, season)
        forecast = np.where(np.isfinite(forecast), forecast, simple)
        forecast = np.where(np.nanmin(batch.values, axis=0) >= 0, np.maximum(forecast, 0.0), forecast)
        result[members] = batch.restore(forecast).T

    in_chunks(series, run)
    return result
