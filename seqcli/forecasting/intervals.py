"""Prediction intervals whose width is what earlier forecasts were wrong by: split conformal prediction.

Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World" (2005); Stankevičiūtė, Alaa & van der Schaar,
"Conformal time-series forecasting" (2021). Errors from rolling origins are divided by each series' scale and pooled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

NORMAL_80 = 1.2816  # of the ends of an 80 % interval, in standard deviations of the normal distribution
ENOUGH = 60  # independent errors at one horizon from which they are trusted alone
GROWTH = 0.35  # errors grow like this power of the horizon where there are too few to see how
WIDEST = 3.0  # ranges of a series that an interval reaches to each side at most
PRIOR = 12  # errors' worth of trust in the normal distribution where there are few


def calibrate(errors: np.ndarray, scales: np.ndarray, member: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Half-widths of intervals in units of a series' scale, growing with the horizon and the level. (levels, horizon)

    From absolute errors (folds, horizon), NaN where unknown, of histories with `scales`. `member` says which series a
    fold belongs to: folds of one series overlap and count less than folds of many. Levels are in per cent, rising."""
    horizon = errors.shape[1]
    half = np.empty((len(levels), horizon))
    usable = np.isfinite(scales) & (scales > 0)
    scores = errors[usable] / scales[usable, None]
    members = len(set(member[usable].tolist()))
    growth = np.arange(1, horizon + 1) ** _growth(scores)
    relative = scores / growth
    pooled = relative[np.isfinite(relative)]
    weight = min(len(pooled), 3.0 * len(scores))  # horizons of one fold go together: a fold's errors count as a few
    for index, level in enumerate(levels):
        share = level / 100
        guess = common = NormalDist().inv_cdf(0.5 + share / 2)
        if len(pooled):
            common = (weight * _upper(pooled, share, max(weight, 1)) + PRIOR * guess * 0.9) / (weight + PRIOR)
        for h in range(horizon):
            near = relative[:, max(0, h - 1) : h + 2]
            near = near[np.isfinite(near)]
            independent = min(len(near), members * 2)
            trust = min(1.0, independent / ENOUGH)
            own = _upper(near, share, independent) if len(near) else common
            half[index, h] = (trust * own + (1 - trust) * common) * growth[h]
    return np.maximum.accumulate(np.array([_rising(row) for row in half]), axis=0)


def around(point: np.ndarray, reach: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Intervals that `reach` (series, horizon, levels) to both sides of `point`, as far as the `floor`, see below."""
    ends = np.stack([point[..., None] - reach, point[..., None] + reach], axis=-1)
    return not_below(ends.reshape(*point.shape, -1), point, floor)


def _growth(scores: np.ndarray) -> float:
    """The power of the horizon that errors (folds, horizon) grow with, drawn towards `GROWTH` where there are few."""
    if not len(scores):
        return GROWTH
    known = np.isfinite(scores)
    places, sizes = [], []
    start = 0
    while start < scores.shape[1]:
        end = max(start + 1, int(1.5 * start))
        part = scores[:, start:end][known[:, start:end]]
        if len(part) and part.mean() > 0:
            places.append(math.log((start + 1 + min(end, scores.shape[1])) / 2))
            sizes.append(math.log(part.mean()))
        start = end
    if len(places) < 2:
        return GROWTH
    x, y = np.array(places) - np.mean(places), np.array(sizes) - np.mean(sizes)
    weight = len(scores) * float(np.ptp(x)) / 4
    slope = float(np.clip(x @ y / (x @ x), 0.0, 1.0))
    return (weight * slope + 3 * GROWTH) / (weight + 3)


def _rising(values: np.ndarray) -> np.ndarray:
    """The closest sequence that never falls: isotonic regression by pooling neighbours (Barlow et al. 1972)."""
    blocks: list[tuple[float, int]] = []
    for value in values.tolist():
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (b, m), (a, n) = blocks.pop(), blocks.pop()
            blocks.append(((a * n + b * m) / (n + m), n + m))
    return np.concatenate([np.full(count, value) for value, count in blocks])


def _upper(scores: np.ndarray, share: float, count: float) -> float:
    """The score that covers `share` of new ones: the ceil((n + 1) share)-th of n."""
    rank = min(1.0, math.ceil((count + 1) * share) / max(count, 1.0)) if count >= 1 else share
    # with few scores the finite-sample rank would be the largest of all: half-way is enough beside the prior
    rank = min(rank, (share + 1) / 2)
    return float(np.quantile(scores, rank))


def adapt(
    point: np.ndarray,
    spread: np.ndarray,
    actual: np.ndarray,
    earlier: np.ndarray,
    earlier_spread: np.ndarray,
    levels: Sequence[float],
    floor: np.ndarray,
    *,
    trust: float = 0.25,
) -> np.ndarray:
    """Intervals around `point` (series, horizon) as wide as a network says, `spread` (series, horizon, 2 · levels),
    made wider or narrower by how well such intervals have covered `actual` (folds, horizon) around `earlier` forecasts.

    The share `trust` of the correction (in proportion) is made: a quarter, where earlier origins overlap and know less.
    (series, horizon, 2 · levels), never crossing, not below `floor`.
    """
    bands = np.empty_like(spread)
    reach = np.zeros(point.shape), np.zeros(point.shape)
    for index, level in enumerate(levels):
        low, high = 2 * index, 2 * index + 1
        factor = stretch(
            actual, earlier, earlier + earlier_spread[..., low], earlier + earlier_spread[..., high], level
        )
        factor = factor**trust
        reach = np.maximum(reach[0], -factor * spread[..., low]), np.maximum(reach[1], factor * spread[..., high])
        bands[..., low], bands[..., high] = point - reach[0], point + reach[1]
    return not_below(bands, point, floor)


def not_below(bands: np.ndarray, point: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Intervals (series, horizon, 2 · levels) around `point` that do not reach below each series' `floor` (series,)."""
    return np.maximum(bands, np.minimum(floor[:, None], point)[..., None])


def stretch(actual: np.ndarray, point: np.ndarray, low: np.ndarray, high: np.ndarray, level: float) -> float:
    """The factor by which intervals around `point` cover `level` per cent of `actual`. Conformalised quantile
    regression (Romano, Patterson & Candès 2019), in proportion to each side's width. Arrays (folds, horizon)."""
    side = np.where(actual >= point, high - point, point - low)
    distance = np.abs(actual - point)
    needed = distance[(side > 0) & np.isfinite(distance)] / side[(side > 0) & np.isfinite(distance)]
    if len(needed) < PRIOR:
        return 1.0
    return float(np.quantile(needed, min(1.0, level / 100 * (1 + 1 / len(needed)))))


def mix(first: np.ndarray, second: np.ndarray, point: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Intervals (series, horizon, 2 · levels) around `point` (series, horizon) whose sides are geometric means of
    those of two: `share` (horizon,) of the first. A higher level is never narrower than a lower one."""
    sign = np.resize([-1.0, 1.0], first.shape[-1])
    sides = [np.maximum(sign * (bands - point[..., None]), 0.0) for bands in (first, second)]
    part = share[:, None]
    mixed = np.where(sides[0] > 0, sides[0], sides[1]) ** part * sides[1] ** (1 - part)
    rising = np.maximum.accumulate(mixed.reshape(*point.shape, -1, 2), axis=-2).reshape(mixed.shape)
    return point[..., None] + sign * rising


def within_reach(bands: np.ndarray, point: np.ndarray, series: Sequence[np.ndarray]) -> np.ndarray:
    """Intervals no further from `point` than `WIDEST` ranges of each series, growing as those of a random walk do:
    where a series has jumped once, its earlier errors in units of its earlier movements would make them absurd."""
    ahead = np.arange(1, point.shape[1] + 1)
    reach = np.array([WIDEST * np.ptp(values) * np.sqrt(1 + ahead / len(values)) for values in series])[..., None]
    return np.clip(bands, point[..., None] - reach, point[..., None] + reach)
