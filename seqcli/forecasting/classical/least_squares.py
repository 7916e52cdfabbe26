"""Nonlinear least squares for many small problems at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

STEP = 1e-4  # of the forward differences
ITERATIONS = 14

Residuals = Callable[[np.ndarray], np.ndarray]


def logistic(x: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1.0 / (1.0 + np.exp(-x))


def minimise(residuals: Residuals, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg–Marquardt (Marquardt 1963) with forward differences, one problem a series.

    `residuals` takes parameters (parameters, candidates, series) and gives (time, candidates, series); all candidates
    of an iteration, the point and its neighbours, are computed together. Parameters are kept within ±6 (they are
    logits or of order one). Returns the best parameters (parameters, series) and their sums of squares (series,).
    """
    size, count = start.shape
    best = start.copy()
    offsets = np.concatenate([np.zeros((size, 1)), np.eye(size) * STEP], axis=1)[:, :, None]  # (parameters, 1 + p, 1)
    damping = np.full(count, 0.01)
    cost = np.full(count, np.inf)
    gradient = np.zeros((count, size))
    curvature = np.tile(np.eye(size), (count, 1, 1))
    done = np.zeros(count, bool)  # a problem that has converged stays: what comes of it depends on no other
    trial = best
    for _ in range(ITERATIONS):
        errors = residuals(trial[:, None, :] + offsets)
        now = np.einsum("tn,tn->n", errors[:, 0], errors[:, 0])
        now = np.where(np.isfinite(now), now, np.inf)
        better = (now < cost) & ~done
        if better.any():
            slopes = np.moveaxis((errors[:, 1:, better] - errors[:, :1, better]) / STEP, 2, 0)  # (better, time, p)
            slopes = np.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)
            turned = np.swapaxes(slopes, 1, 2)
            gradient[better] = (turned @ errors[:, 0, better].T[:, :, None])[:, :, 0]
            curvature[better] = turned @ slopes
        with np.errstate(invalid="ignore"):  # of the first cost, which is infinite
            gain = (cost - now) / np.maximum(cost, 1e-300)
        best = np.where(better, trial, best)
        cost = np.where(better, now, cost)
        damping = np.clip(np.where(better, damping * 0.3, damping * 5.0), 1e-7, 1e7)
        done |= better & (gain < 1e-6)
        if done.all():
            break
        diagonal = np.einsum("npp->np", curvature)
        ridge = damping[:, None] * diagonal + 1e-9 * diagonal.max(axis=1, keepdims=True) + 1e-12
        step = np.linalg.solve(curvature + ridge[:, :, None] * np.eye(size), -gradient[:, :, None])[:, :, 0]
        trial = np.clip(best + np.clip(step.T, -2.0, 2.0), -6.0, 6.0)
    return best, cost
