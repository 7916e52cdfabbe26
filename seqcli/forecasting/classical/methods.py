"""The methods by name, and their combination: what is forecast with what."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from seqcli.errors import UsageError
from seqcli.forecasting.classical import baselines
from seqcli.forecasting.classical.batch import Batch, make_batch
from seqcli.forecasting.classical.smoothing import ets
from seqcli.forecasting.classical.theta import theta
from seqcli.forecasting.recurrent.pretrained import rnn

CHUNK = 256  # series computed together: as many as stay in a processor's cache
MOST_VALUES = 400  # the latest values a recursion is run over, or LEAST_SEASONS seasons if those are more
LEAST_SEASONS = 4

# The combinations are fixed in advance, not for each series anew: chosen on series of the pretrained network's pool
# that it has not learnt from and on two origins of the tourism competition's series (pretraining/README.md has the
# figures). The classical one is, with a season, half the median of three methods and half the mean of the first two,
# without one a weighted mean.
MEDIAN_OF = ("theta", "ets", "seasonal-naive")
WEIGHTS = {"theta": 0.4, "ets": 0.2, "drift": 0.4}
# what is combined with the network has no exponential smoothing, whose fit takes longer than all else
# (it would gain 1 % on monthly series); by season from the one named on
BESIDE: tuple[tuple[int, dict[str, float]], ...] = (
    (1, {"theta": 0.6, "drift": 0.4}),
    (2, {"theta": 0.5, "seasonal-naive": 0.5}),
    (12, {"theta": 1.0}),
)

# The pretrained network's share beside the classical methods, by season from the one named on. Without a season, where
# a trend is all there is, what it says far from them is more often wrong than right: it counts no further away than
# FURTHEST, on average over the horizon, in mean changes from one value to the next.
NETWORK_SHARES = ((1, 0.7), (2, 0.8), (12, 0.7), (24, 1.0))
FURTHEST = 1.5

LONG = 24  # periods from which on a season seldom comes three times

T = TypeVar("T")
Method = Callable[[Batch, int, int], np.ndarray]


def _ets(batch: Batch, horizon: int, season: int) -> np.ndarray:
    return ets(batch, horizon, season).forecast


def _from_season(table: Sequence[tuple[int, T]], season: int) -> T:
    """What a table (season, value) has for seasons from the one named on."""
    return next(value for least, value in reversed(table) if max(season, 1) >= least)


def combine(batch: Batch, network: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The network's forecasts (horizon, series) with the share of the classical methods in them."""
    share = _from_season(NETWORK_SHARES, season)
    if share == 1:
        return network
    classical = companion(batch, horizon, season)
    apart = network - classical
    if season < 2:
        change = np.nanmean(np.abs(np.diff(batch.values, axis=0)), axis=0)
        apart *= np.minimum(1.0, FURTHEST * change / np.maximum(np.abs(apart).mean(axis=0), 1e-300))
    result: np.ndarray = classical + share * apart
    return result


def companion(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """What the network is combined with: a mean of quick methods, as good beside it as the classical combination."""
    total = np.zeros((horizon, batch.values.shape[1]))
    for name, weight in _from_season(BESIDE, season).items():
        total += weight * METHODS[name](batch, horizon, season)
    return total


def _combination(batch: Batch, horizon: int, season: int) -> np.ndarray:
    return combine(batch, rnn(batch, horizon, season), horizon, season)


def _classical(batch: Batch, horizon: int, season: int) -> np.ndarray:
    if season > 1:
        every = np.array([METHODS[name](batch, horizon, season) for name in MEDIAN_OF])
        mixed: np.ndarray = (np.median(every, axis=0) + every[:2].mean(axis=0)) / 2
        # theta and ets have no season where there is too little to test for one (`is_seasonal`); the year of weeks
        # is mostly there all the same: half of the forecast is the year before
        untested = (season > LONG) & (batch.lengths >= 2 * season) & (batch.lengths < 3 * season)
        return np.where(untested, (mixed + every[2]) / 2, mixed)
    total = np.zeros((horizon, batch.values.shape[1]))
    for name, weight in WEIGHTS.items():
        total += weight * METHODS[name](batch, horizon, season)
    return total


METHODS: dict[str, Method] = {
    "combination": _combination,
    "classical": _classical,
    "rnn": rnn,
    "theta": theta,
    "ets": _ets,
    "seasonal-naive": baselines.seasonal_naive,
    "naive": baselines.naive,
    "drift": baselines.drift,
    "mean": baselines.mean,
    "croston": baselines.croston,
    "sba": baselines.sba,
    "tsb": baselines.tsb,
}

WITH_NETWORK = ("combination", "rnn")  # methods that the pretrained network has a share in


def forecast_all(series: Sequence[np.ndarray], horizon: int, season: int, method: str = "combination") -> np.ndarray:
    """Forecasts of series without missing values by one method. (series, horizon)

    Not below zero where the history never is. Raises `UsageError` for an unknown method.
    """
    if method not in METHODS:
        raise UsageError(f"unknown method {method!r}", hint=f"choose from {', '.join(METHODS)}")
    result = np.zeros((len(series), horizon))
    order = sorted(range(len(series)), key=lambda index: len(series[index]))
    jobs = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
    keep = max(MOST_VALUES, LEAST_SEASONS * season)

    def run(members: list[int]) -> None:
        batch = make_batch([series[index][-keep:] for index in members])
        forecast = METHODS[method](batch, horizon, season)
        simple = baselines.seasonal_naive(batch, horizon, season)
        forecast = np.where(np.isfinite(forecast), forecast, simple)
        forecast = np.where(np.nanmin(batch.values, axis=0) >= 0, np.maximum(forecast, 0.0), forecast)
        result[members] = batch.restore(forecast).T

    workers = os.cpu_count() or 1
    if len(jobs) == 1 or workers == 1:
        for job in jobs:
            run(job)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, jobs))
    return result
