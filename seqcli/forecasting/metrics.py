"""Forecast errors: scaled errors, percentages, quantile loss, coverage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqcli.forecasting.classical.batch import mean_of_known


def scale(history: np.ndarray, season: int) -> float:
    """The mean absolute seasonal difference of a history, what MASE divides by (Hyndman & Koehler 2006); NaN if none. A
    history not longer than a season is measured by its first differences."""
    lag = season if len(history) > season else 1
    change = np.abs(history[lag:] - history[:-lag])
    change = change[~np.isnan(change)]
    size = float(change.mean()) if len(change) else float("nan")
    return size if size > 0 else float("nan")


def recent_scale(history: np.ndarray, season: int) -> float:
    """`scale` of the latest three seasons (or twelve values), in which intervals are measured, since series grow."""
    recent = scale(history[-(3 * season if season > 1 else 12) :], season)
    return recent if np.isfinite(recent) else scale(history, season)


def mase(actual: np.ndarray, forecast: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Mean absolute scaled error of each series; actual and forecast (series, horizon), NaN where unknown."""
    return mean_of_known(np.abs(actual - forecast), -1, empty=np.nan) / scales


def smape(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Symmetric mean absolute percentage error, 0 to 200, of each series, as in the M3 and M4 competitions."""
    size = np.abs(actual) + np.abs(forecast)
    share = 200.0 * np.abs(actual - forecast) / np.where(size > 0, size, 1.0)
    return mean_of_known(share, -1, empty=np.nan)


def quantile_loss(actual: np.ndarray, quantiles: np.ndarray, levels: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Scaled quantile loss of each series: twice the mean pinball loss over `levels`, over the MASE scale. `quantiles`
    is (series, horizon, levels). For the median alone this is MASE."""
    error = actual[..., None] - quantiles
    loss = 2.0 * np.maximum(levels * error, (levels - 1) * error).mean(axis=-1)
    return mean_of_known(loss, -1, empty=np.nan) / scales


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """The share of the known actual values within [low, high]."""
    known = ~np.isnan(actual)
    inside = (actual >= low) & (actual <= high)
    return float(inside[known].mean()) if known.any() else float("nan")


def probabilities_of(levels: Sequence[float]) -> np.ndarray:
    """Of the median, then of the low and the high end of an interval of each level (per cent)."""
    ends = [0.5 + sign * level / 200 for level in levels for sign in (-1, 1)]
    return np.array([0.5, *ends])


def measure(
    actual: np.ndarray,
    forecast: np.ndarray,
    scales: np.ndarray,
    bands: np.ndarray | None = None,
    levels: Sequence[float] = (),
) -> dict[str, float]:
    """MASE and sMAPE of forecasts (series, horizon), means over the series whose scale is known; with `bands` (series,
    horizon, 2 · levels), low then high of each level, the scaled quantile loss and each level's coverage too."""
    result = {"mase": mean_of_finite(mase(actual, forecast, scales)), "smape": mean_of_finite(smape(actual, forecast))}
    if bands is not None:
        quantiles = np.concatenate([forecast[..., None], bands], axis=-1)
        result["quantile_loss"] = mean_of_finite(quantile_loss(actual, quantiles, probabilities_of(levels), scales))
        for index, level in enumerate(levels):
            result[f"coverage_{level:g}"] = coverage(actual, bands[..., 2 * index], bands[..., 2 * index + 1])
    return result


def mean_of_finite(values: np.ndarray) -> float:
    """The mean of what is finite; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
