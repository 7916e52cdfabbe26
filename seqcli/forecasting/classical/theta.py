"""The dynamic optimised theta model, fitted to all series at once.

Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler, "Models for optimising the theta method and their relationship to
state space models", International Journal of Forecasting 32 (2016).
"""

from __future__ import annotations

import numpy as np

from seqcli.forecasting.classical.batch import Batch, mean_change
from seqcli.forecasting.classical.least_squares import logistic, minimise
from seqcli.forecasting.classical.seasonality import forecast_adjusted


def theta(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """Forecasts of the dynamic optimised theta model on seasonally adjusted values. (horizon, series) Series that pass
    the test for a season are adjusted: by ratios where they are positive, else by differences."""
    return forecast_adjusted(batch, horizon, season, _dynamic_theta)


def _dynamic_theta(batch: Batch, horizon: int) -> np.ndarray:
    scale = np.maximum(np.nanmean(np.abs(batch.values), axis=0), 1e-300)
    values = batch.values / scale
    first = values[batch.begin, np.arange(values.shape[1])]
    spread = np.maximum(mean_change(values), 1e-6)

    def run(parameters: np.ndarray, ahead: int) -> tuple[np.ndarray, np.ndarray]:
        alpha = 0.1 + 0.89 * logistic(parameters[0])
        return _recursion(values, batch, alpha, logistic(parameters[1]), first + spread * parameters[2], ahead)

    # the share 1 - 1/theta of the trend line in the forecast: one half is the standard theta method
    best, _ = minimise(lambda p: run(p, 0)[0], np.zeros((3, values.shape[1])))
    return run(best[:, None, :], horizon)[1][:, 0] * scale


def _recursion(
    values: np.ndarray, batch: Batch, alpha: np.ndarray, share: np.ndarray, level: np.ndarray, ahead: int
) -> tuple[np.ndarray, np.ndarray]:
    """One-step errors (time, candidates, series) and the forecast (ahead, candidates, series). Equations (17) to (22)
    of the paper; n counts a series' values so far, `power` is (1 - alpha)^n."""
    shape = alpha.shape
    level = np.broadcast_to(level, shape).copy()
    mean, slope = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    power = np.ones(shape)
    keep = 1 - alpha
    errors = np.zeros((len(values), *shape))
    total, height = len(values), np.zeros(values.shape[1])
    forecast = np.empty((ahead, *shape))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(total):
            k = batch.active[t]
            n = t - batch.begin[:k]  # values before this one
            y = values[t, :k]
            line = share[:, :k] * (
                height[:k] * power[:, :k] + slope[:k] * (1 - power[:, :k] * keep[:, :k]) / alpha[:, :k]
            )
            expected = level[:, :k] + line
            # nothing is known of the line before the second value
            errors[t, :, :k] = np.where(n > 0, y - expected, 0.0)
            level[:, :k] = alpha[:, :k] * y + keep[:, :k] * level[:, :k]
            slope[:k] = np.where(n > 0, ((n - 1) * slope[:k] + 6 * (y - mean[:k]) / (n + 1)) / (n + 2), 0.0)
            mean[:k] = (n * mean[:k] + y) / (n + 1)
            height[:k] = mean[:k] - slope[:k] * (n + 2) / 2
            power[:, :k] *= keep[:, :k]
        mean, slope, height = (np.broadcast_to(x, shape).copy() for x in (mean, slope, height))
        for h in range(ahead):
            n = total + h - batch.begin
            expected = level + share * (height * power + slope * (1 - power * keep) / alpha)
            forecast[h] = expected
            level = alpha * expected + keep * level
            slope = ((n - 1) * slope + 6 * (expected - mean) / (n + 1)) / (n + 2)
            mean = (n * mean + expected) / (n + 1)
            height = mean - slope * (n + 2) / 2
            power = power * keep
    return errors, forecast
