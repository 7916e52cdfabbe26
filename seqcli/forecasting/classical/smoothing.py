"""Exponential smoothing: level, damped trend and season, additive or multiplicative, fitted to all series at once.

The models are those of Hyndman, Koehler, Ord & Snyder, "Forecasting with Exponential Smoothing" (2008), with additive
errors; each series takes the one with the lowest corrected Akaike criterion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from seqcli.forecasting.classical.batch import Batch, mean_change
from seqcli.forecasting.classical.least_squares import logistic, minimise
from seqcli.forecasting.classical.seasonality import forecast_adjusted, seasonal_indices

# parameters with their first guess: logits of alpha, of beta's share in it, of phi, of gamma's share in 1 - alpha; then
# level and slope at the beginning, in units of `_Start.spread`
PARAMETERS = {"alpha": -0.5, "beta": -2.0, "phi": 1.0, "gamma": -2.5, "level": 0.0, "slope": 0.0}
TRENDS: dict[str, tuple[str, ...]] = {"none": (), "damped": ("beta", "phi", "slope"), "linear": ("beta", "slope")}


@dataclass(frozen=True)
class _Start:
    """The start of a recursion: `level` and `slope` (series,), the unit of changes to them (`spread`), the seasonal
    `indices` (season, series), and whether these are multiplicative."""

    level: np.ndarray
    slope: np.ndarray
    spread: np.ndarray
    indices: np.ndarray
    multiplicative: bool


def smooth(
    batch: Batch, horizon: int, season: int, *, seasonal: str = "none", trend: str = "damped"
) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts (horizon, series) of one family, and the corrected Akaike criterion of how well it fits (series,):
    `seasonal` none, additive or (positive series) multiplicative; `trend` none, damped or linear."""
    scale = np.maximum(np.nanmean(np.abs(batch.values), axis=0), 1e-300)
    scaled = replace(batch, values=batch.values / scale)
    length = season if seasonal != "none" else 1
    begun = _start(scaled, length, seasonal == "multiplicative")
    used = {"alpha", "level", *TRENDS[trend], *(["gamma"] if length > 1 else [])}
    names = [name for name in PARAMETERS if name in used]
    first = np.repeat(np.array([[PARAMETERS[name]] for name in names]), len(scale), axis=1)

    def run(parameters: np.ndarray, ahead: int) -> tuple[np.ndarray, np.ndarray]:
        return _recursion(scaled, dict(zip(names, parameters, strict=True)), begun, ahead)

    best, cost = minimise(lambda p: run(p, 0)[0], first)
    _, forecast = run(best[:, None, :], horizon)
    count = batch.lengths
    free = len(names) + length  # the season's indices, and the variance
    variance = np.maximum(cost / count, 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        penalty = np.where(count - free - 1 > 0, 2 * free * (free + 1) / (count - free - 1), np.inf)
    criterion = count * np.log(variance) + 2 * free + penalty
    return forecast[:, 0] * scale, criterion


def _start(batch: Batch, season: int, multiplicative: bool) -> _Start:
    """The start of the recursions: indices by decomposition, level and slope of the first adjusted values."""
    indices = np.full((1, batch.values.shape[1]), 1.0 if multiplicative else 0.0)
    if season > 1:
        indices = seasonal_indices(batch, season, multiplicative=multiplicative)
    usual = indices[np.arange(len(batch.values)) % season]
    adjusted = batch.values / usual if multiplicative else batch.values - usual
    spread = np.maximum(mean_change(adjusted), 1e-6)
    return _Start(*_starting_line(replace(batch, values=adjusted)), spread, indices, multiplicative)


def _starting_line(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Level and slope at the beginning, from a line through each series' first (up to ten) values. (series,) each"""
    rows = batch.begin + np.arange(10)[:, None]
    head = np.take_along_axis(batch.values, np.minimum(rows, len(batch.values) - 1), axis=0)
    weight = (rows < len(batch.values)).astype(float)
    count = weight.sum(axis=0)
    x = np.arange(10)[:, None] * weight
    x_mean, y_mean = x.sum(axis=0) / count, (head * weight).sum(axis=0) / count
    x_centred = (x - x_mean) * weight
    slope = (x_centred * (head - y_mean) * weight).sum(axis=0) / np.maximum((x_centred**2).sum(axis=0), 1e-12)
    slope = np.where(count > 2, slope, 0.0)
    return y_mean - slope * (x_mean + 1), slope


def _recursion(batch: Batch, given: dict[str, np.ndarray], start: _Start, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """One-step errors (time, candidates, series), zero before a series begins, and `ahead` steps of forecast."""
    values, shape, length = batch.values, given["alpha"].shape, len(start.indices)
    trend, seasonal = "slope" in given, "gamma" in given
    alpha = 0.001 + 0.998 * logistic(given["alpha"])
    beta = alpha * logistic(given["beta"]) if trend else np.zeros(shape)
    phi = 0.8 + 0.18 * logistic(given["phi"]) if "phi" in given else np.ones(shape)
    gamma = (1 - alpha) * logistic(given["gamma"]) if seasonal else np.zeros(shape)
    level = start.level + start.spread * given["level"]
    slope = start.slope + start.spread * given["slope"] * 0.3 if trend else np.zeros(shape)
    seasons = np.repeat(start.indices[:, None, :], shape[0], axis=1)
    errors = np.zeros((len(values), *shape))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for t in range(len(values)):
            k = batch.active[t]
            base = level[:, :k]
            if trend:
                drift = phi[:, :k] * slope[:, :k]
                base = base + drift
            error = relative = values[t, :k] - base
            if seasonal:
                s = seasons[t % length, :, :k]
                error = values[t, :k] - base * s if start.multiplicative else error - s
                relative = error / s if start.multiplicative else error
                moved = gamma[:, :k] * (error / np.maximum(base, 1e-3) if start.multiplicative else error)
                seasons[t % length, :, :k] = np.maximum(s + moved, 1e-3) if start.multiplicative else s + moved
            errors[t, :, :k] = error
            level[:, :k] = base + alpha[:, :k] * relative
            if trend:
                slope[:, :k] = drift + beta[:, :k] * relative
        forecast = np.empty((ahead, *shape))
        for h in range(ahead):
            slope = phi * slope
            level = level + slope
            s = seasons[(len(values) + h) % length]
            forecast[h] = level * s if start.multiplicative else level + s
    return errors, forecast


def ets(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """Forecasts by the best model of each series, by the corrected Akaike criterion. (horizon, series) Without a season
    and, from two on, with an additive and (positive series) a multiplicative one; without a trend, damped, linear."""
    positive = np.nanmin(batch.values, axis=0) > 0
    seasonals = ["none"]
    if season > 1 and (batch.lengths >= 2 * season).any():
        seasonals += ["additive", "multiplicative"]
    forecasts, criteria = [], []
    for seasonal in seasonals:
        allowed = (batch.lengths >= 2 * season) | (seasonal == "none")
        if seasonal == "multiplicative":
            allowed = allowed & positive
        if not allowed.any():
            continue
        for trend in TRENDS:
            forecast, criterion = smooth(batch, horizon, season, seasonal=seasonal, trend=trend)
            finite = np.isfinite(forecast).all(axis=0)
            forecasts.append(forecast)
            criteria.append(np.where(allowed & finite, criterion, np.inf))
    chosen = np.argmin(np.array(criteria), axis=0)
    return np.array(forecasts)[chosen, :, np.arange(len(chosen))].T


def damped(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """A damped trend on seasonally adjusted values: a tenth of the time of `ets`. (horizon, series)"""
    return forecast_adjusted(batch, horizon, season, lambda adjusted, ahead: smooth(adjusted, ahead, 1)[0])
