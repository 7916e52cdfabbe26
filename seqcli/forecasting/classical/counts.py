"""Intermittent demand: a test for it, and forecasts by quantiles of past counts.

The next value is distributed like the past ones, with more weight on recent values and, if enough cycles are known, on
those of the same phase of the season. Its quantiles are values that have occurred: whole numbers where the values are
whole, never negative, zero where most values are zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqcli.forecasting.classical.seasonality import mean_of_others

ZEROS = 0.4  # share of zeros from which a series that is never negative may be intermittent
PATTERN = 0.3  # share of the zeros' variance that the phase of a season explains where they are a pattern
PERSISTENT = 0.6  # correlation of "is zero" with the value before, above which zeros are times without anything
HALF_LIFE = 100.0  # periods after which a value weighs half
FULL_CYCLES = 10.0  # cycles from which on the phase weighs half
SURPRISE = 0.2  # values other than zero that are added to those of a phase: eight winters in a row are not for ever
UNLIKELY = 1e-4  # chance of a run of zeros below which the first one is the time before the series began


def launch(values: np.ndarray) -> int:
    """How many leading zeros are the time before the first sale rather than a demand of zero. They are if so long a run
    is very unlikely given the share of zeros in what follows, and no run as long follows: nights recur."""
    there = np.flatnonzero(values)
    if not len(there) or there[0] < 3 or len(values) - there[0] < 4 or values.min() < 0:
        return 0
    rest = values[there[0] :]
    share = ((rest == 0).sum() + 1) / (len(rest) + 2)
    again = int(np.diff(np.append(there, len(values))).max()) - 1  # the longest run of zeros later
    return int(there[0]) if share ** there[0] < UNLIKELY and there[0] > again else 0


def zeros_explained(values: np.ndarray, season: int) -> float:
    """The share of the variance of "is zero" that the phase of a season explains in other cycles. One minus the squared
    error of leave-one-out means by phase over that of the leave-one-out mean, 0 under two cycles."""
    if season < 2 or len(values) < 2 * season:
        return 0.0
    zero = (values == 0).astype(float)
    by_phase = zero - mean_of_others(zero, np.arange(len(zero)) % season, season)
    plain = zero - (zero.sum() - zero) / (len(zero) - 1)
    return float(1 - (by_phase**2).sum() / max(float((plain**2).sum()), 1e-12))


def zero_chances(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The probability that each of the next values is zero: the frequency of zeros in the same phase if zeros have a
    pattern, otherwise their frequency in the past with more weight on recent values. (horizon,)"""
    zero = values == 0
    if values.min() < 0 or not zero.any():
        return np.zeros(horizon)
    if zeros_explained(values, season) > PATTERN:
        phase = (np.arange(len(values)) - len(values)) % season
        return np.resize(np.bincount(phase, zero, season) / (np.bincount(phase, minlength=season) + SURPRISE), horizon)
    weights = 0.5 ** (np.arange(len(values), 0, -1) / HALF_LIFE)
    return np.full(horizon, weights @ zero / weights.sum())


def is_intermittent(values: np.ndarray, seasons: Sequence[int]) -> bool:
    """Whether a series is often zero without a pattern, like the demand for spare parts. Zeros that depend on the hour,
    the weekday or the month are a season; long runs above zero (rain, epidemics) are no counts."""
    zero = values == 0
    if values.min() < 0 or float(zero.mean()) < ZEROS or values.min() == values.max():
        return False
    between = zero - zero.mean()
    if float(between[1:] @ between[:-1]) > PERSISTENT * float(between @ between):
        return False
    return not any(zeros_explained(values, season) > PATTERN for season in seasons)


def count_quantiles(values: np.ndarray, horizon: int, season: int, probabilities: np.ndarray) -> np.ndarray:
    """Quantiles of the next values, each a value that has occurred. (horizon, probabilities)"""
    weights, order = _weights(values, horizon, season), np.argsort(values, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1)
    reached /= reached[:, -1:]
    rising = values[order]
    rows = [np.searchsorted(one, probabilities - 1e-9) for one in reached]
    result = rising[np.minimum(np.array(rows), len(values) - 1)]
    return result[np.arange(horizon) % len(result)]


def count_means(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Means of the same distribution. (horizon,)"""
    weights = _weights(values, horizon, season)
    means = weights @ values / weights.sum(axis=1)
    return np.resize(means, horizon)


def _weights(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The weight of each past value for each step ahead, up to a season of steps. (steps, time)"""
    count = len(values)
    age = np.arange(count, 0, -1)
    weights = 0.5 ** (age / HALF_LIFE)
    cycles = count / season if season > 1 else 0.0
    if cycles < 2:
        return weights[None]
    share = cycles / (cycles + FULL_CYCLES)
    steps = np.arange(min(horizon, season))
    same = (steps[:, None] + age) % season == 0
    return weights * (1 + share * season * same)
