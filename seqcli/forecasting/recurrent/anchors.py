"""Quick smoothing forecasts for the network to start from: a fixed set of parameters, averaged by how well each fits.

Nothing is optimised, so that thousands of windows a second can be made on one core. What they say is the network's
input and the point from which its quantiles are counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# (smoothing of the level, of the slope as a share of it, damping); a share of 0 is a level without slope
LEVEL_ONLY = tuple((alpha, 0.0, 0.0) for alpha in (0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 0.99))
WITH_SLOPE = tuple((a, b, p) for a in (0.15, 0.4, 0.7, 0.95) for b in (0.1, 0.4) for p in (0.85, 0.97))
TRUST = 0.25  # of the difference in log-likelihood between candidates
LATEST = 240  # values the recursions are run over


@dataclass(frozen=True)
class Anchors:
    """Forecasts of windows and how well they fitted. `flat` (batch,) is the level, `damped` (batch, steps) a damped
    trend, `theta` (batch, steps) the level with half the slope of the line through the values (Assimakopoulos &
    Nikolopoulos 2000); `error_flat`, `error_damped` root mean square one-step errors, `slope` the line's."""

    flat: np.ndarray
    damped: np.ndarray
    theta: np.ndarray
    error_flat: np.ndarray
    error_damped: np.ndarray
    slope: np.ndarray


def make_anchors(values: np.ndarray, begin: np.ndarray, steps: np.ndarray) -> Anchors:
    """Forecasts, so many `steps` ahead, of columns of (time, batch), each from row `begin[b]` on without a gap."""
    cut = max(0, len(values) - LATEST)
    values, begin = values[cut:], np.maximum(begin - cut, 0)
    columns = np.arange(values.shape[1])
    lengths = len(values) - begin
    span = np.maximum(np.minimum(lengths - 1, 7), 1)
    first = values[begin, columns]
    start_slope = np.where(
        lengths > 1, (values[np.minimum(begin + span, len(values) - 1), columns] - first) / span, 0.0
    )

    table = np.array(LEVEL_ONLY + WITH_SLOPE)
    alpha, share, damping = (table[:, index, None] for index in range(3))
    level = np.broadcast_to(first, (len(table), len(first))).copy()
    slope = np.where(share > 0, 0.5 * start_slope, 0.0)
    total = np.zeros_like(level)
    oldest = int(begin.max())
    for t in range(1, len(values)):
        slope *= damping
        level += slope
        error = values[t] - level
        if t <= oldest:  # before a column begins its state stays
            error = np.where(t > begin, error, 0.0)
            waiting = t <= begin
            if waiting.any():
                level[:, waiting] = first[waiting]
                slope[:, waiting] = np.where(share > 0, 0.5 * start_slope[waiting], 0.0)
        total += error * error
        error *= alpha
        level += error
        error *= share
        slope += error
    count = np.maximum(lengths - 1, 1)
    tiny = 1e-12 * np.maximum((np.abs(values) * (np.arange(len(values))[:, None] >= begin)).max(axis=0), 1e-30) ** 2
    mean_square = total / count + tiny
    fit = -0.5 * TRUST * count * np.log(mean_square)

    def average(rows: slice, forecast: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weight = np.exp(fit[rows] - fit[rows].max(axis=0))
        weight /= weight.sum(axis=0)
        return (forecast * weight[..., None]).sum(axis=0), np.sqrt((mean_square[rows] * weight).sum(axis=0)), weight

    few = len(LEVEL_ONLY)
    levels, rest = slice(0, few), slice(few, None)
    flat, error_flat, weight = average(levels, level[levels, :, None])
    pace = (weight * (1 / alpha[levels] - 1)).sum(axis=0)  # how far the level trails a trend
    reach = damping[rest, :, None] * (1 - damping[rest, :, None] ** steps) / (1 - damping[rest, :, None])
    damped, error_damped, _ = average(rest, level[rest, :, None] + slope[rest, :, None] * reach)
    line = _slope(values, begin)
    theta = flat + 0.5 * line[:, None] * (steps + pace[:, None])
    return Anchors(flat[:, 0], damped, theta, error_flat, error_damped, line)


def _slope(values: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """The slope of the least-squares line through each column."""
    rows = np.arange(len(values))[:, None]
    there = rows >= begin
    count = there.sum(axis=0)
    x = np.where(there, rows - (begin + (len(values) - 1)) / 2, 0.0)
    y = np.where(there, values, 0.0)
    return (x * (y - y.sum(axis=0) / count)).sum(axis=0) / np.maximum((x * x).sum(axis=0), 1e-12)
