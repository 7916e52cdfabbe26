"""How wrong a forecast was: scaled errors, percentages, quantile loss, coverage."""

from __future__ import annotations

import numpy as np


def scale(history: np.ndarray, season: int) -> float:
    """The mean absolute seasonal difference of a history, what MASE divides by (Hyndman & Koehler 2006); NaN if none.

    A history not longer than a season is measured by its first differences.
    """
    lag = season if len(history) > season else 1
    change = np.abs(history[lag:] - history[:-lag])
    change = change[~np.isnan(change)]
    size = float(change.mean()) if len(change) else float("nan")
    return size if size > 0 else float("nan")


def recent_scale(history: np.ndarray, season: int) -> float:
    """`scale` of the latest three seasons (or twelve values), what intervals are measured in: series grow."""
    recent = scale(history[-(3 * season if season > 1 else 12) :], season)
    return recent if np.isfinite(recent) else scale(history, season)


def mase(actual: np.ndarray, forecast: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Mean absolute scaled error of each series; actual and forecast (series, horizon), NaN where unknown."""
    result: np.ndarray = _mean(np.abs(actual - forecast)) / scales
    return result


def smape(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Symmetric mean absolute percentage error, 0 to 200, of each series, as in the M3 and M4 competitions."""
    size = np.abs(actual) + np.abs(forecast)
    share = 200.0 * np.abs(actual - forecast) / np.where(size > 0, size, 1.0)
    return _mean(share)


def quantile_loss(actual: np.ndarray, quantiles: np.ndarray, levels: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Scaled quantile loss of each series: twice the mean pinball loss over `levels`, over the MASE scale.

    `quantiles` is (series, horizon, levels). For the median alone this is MASE.
    """
    error = actual[..., None] - quantiles
    loss = 2.0 * np.maximum(levels * error, (levels - 1) * error).mean(axis=-1)
    result: np.ndarray = _mean(loss) / scales
    return result


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """The share of the known actual values within [low, high]."""
    known = ~np.isnan(actual)
    inside = (actual >= low) & (actual <= high)
    return float(inside[known].mean()) if known.any() else float("nan")


def mean_known(values: np.ndarray) -> float:
    """The mean of what is finite; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _mean(errors: np.ndarray) -> np.ndarray:
    """Mean of each row over what is known, NaN where nothing is."""
    known = ~np.isnan(errors)
    total: np.ndarray = np.where(known, errors, 0.0).sum(axis=-1)
    count = known.sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
