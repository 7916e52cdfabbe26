"""Seasonal patterns: the test for one, classical decomposition, and the length of a season nobody has named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqcli.forecasting.classical.batch import Batch

LIMIT = 1.645  # standard errors an autocorrelation must be away from zero: the M4 competition's 90 % test
MANY_LAGS = 40  # from which on a Fourier transform is quicker
CANDIDATES = (4, 5, 7, 12, 24, 48, 52, 96, 168, 336)


def autocorrelations(values: np.ndarray, lags: int) -> np.ndarray:
    """Autocorrelations 1 … `lags` of the columns of (time, series), NaN where a series is not there. (lags, series)"""
    there = ~np.isnan(values)  # of differences a series of one value has none
    centred = values - np.where(there, values, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    centred = np.where(np.isnan(centred), 0.0, centred)
    total = np.maximum((centred**2).sum(axis=0), 1e-300)
    if lags > MANY_LAGS:
        size = 1 << (len(values) + lags - 1).bit_length()
        power = np.abs(np.fft.rfft(centred, size, axis=0)) ** 2
        products: np.ndarray = np.fft.irfft(power, size, axis=0)[1 : lags + 1] / total
        return products
    return np.array([(centred[lag:] * centred[:-lag]).sum(axis=0) / total for lag in range(1, lags + 1)])


def is_seasonal(batch: Batch, season: int) -> np.ndarray:
    """Which series have a season of `season` periods. (series,) bool

    The M4 competition's test on the autocorrelation, of the values or, because a trend hides a season from it, of their
    first differences.
    """
    enough = batch.lengths >= 3 * season
    if season < 2 or not enough.any() or len(batch.values) <= season + 1:
        return np.zeros(len(batch.lengths), bool)
    passed = np.zeros(len(enough), bool)
    for values, lengths in ((batch.values, batch.lengths), (np.diff(batch.values, axis=0), batch.lengths - 1)):
        r = autocorrelations(values, season)
        error = np.sqrt((1 + 2 * (r[:-1] ** 2).sum(axis=0)) / np.maximum(lengths, 1))
        passed |= r[-1] > LIMIT * error
    return passed & enough


def seasonal_indices(batch: Batch, season: int, *, multiplicative: bool) -> np.ndarray:
    """Indices by phase, row t having phase t mod `season`, by classical decomposition. (season, series)

    The ratio (or difference) to a centred moving average, averaged by phase, with mean one (or zero). A series shorter
    than two seasons has none: ones (or zeros).
    """
    values = batch.values
    total = len(values)
    neutral = 1.0 if multiplicative else 0.0
    indices = np.full((season, values.shape[1]), neutral)
    usable = batch.lengths >= 2 * season
    if season < 2 or not usable.any():
        return indices
    trend = _centred_mean(values, season)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = values / trend if multiplicative else values - trend
    rest = np.where(np.isfinite(rest), rest, np.nan)
    pad = -total % season
    folded = np.concatenate([rest, np.full((pad, rest.shape[1]), np.nan)]).reshape(-1, season, rest.shape[1])
    there = ~np.isnan(folded)
    count = there.sum(axis=0)
    mean = np.where(there, folded, 0.0).sum(axis=0) / np.maximum(count, 1)
    usable = usable & (count > 0).all(axis=0)
    if multiplicative:
        usable = usable & (mean > 0.0).all(axis=0)
        mean = np.where(usable, mean / np.maximum(mean.mean(axis=0), 1e-300), 1.0)
        mean = np.maximum(mean, 0.01)
    else:
        mean = np.where(usable, mean - mean.mean(axis=0), 0.0)
    return mean


def _centred_mean(values: np.ndarray, season: int) -> np.ndarray:
    """Moving average over a whole season, centred (2 × season for an even one), NaN near the ends. (time, series)"""
    total, there = np.nan_to_num(values), ~np.isnan(values)
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(total, axis=0)])
    counts = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(there, axis=0)])
    mean = (sums[season:] - sums[:-season]) / season
    whole = counts[season:] - counts[:-season] == season
    mean = np.where(whole, mean, np.nan)
    if season % 2 == 0:
        mean = (mean[1:] + mean[:-1]) / 2
    result = np.full_like(values, np.nan)
    start = season // 2
    result[start : start + len(mean)] = mean
    return result


def detect_season(series: Sequence[np.ndarray]) -> int:
    """The season of series on numbered steps: the shortest candidate nearly as strong as the strongest; 1 when none.

    Judged on the mean autocorrelation of the differences; it must pass the test and be a peak.
    """
    scores: dict[int, float] = {}
    for season in CANDIDATES:
        long = [one for one in series[:200] if len(one) >= 4 * season and len(one) >= 24]
        if not long:
            continue
        values = []
        for one in long:
            change = np.diff(one)
            if change.std() <= 0:
                continue
            r = autocorrelations(change[:, None], season + 1)[:, 0]
            limit = LIMIT * np.sqrt((1 + 2 * (r[: season - 1] ** 2).sum()) / len(change))
            peak = r[season - 1] > r[season - 2] and r[season - 1] > r[season]
            values.append(r[season - 1] if r[season - 1] > limit and peak else 0.0)
        if values:
            scores[season] = float(np.mean(values))
    strongest = max(scores.values(), default=0.0)
    if strongest < 0.3:
        return 1
    return min(season for season, score in scores.items() if score >= 0.85 * strongest)


def is_weekly(series: Sequence[np.ndarray], day: int) -> bool:
    """Whether values within days of `day` periods are more like those of a week ago than like yesterday's, clearly.

    Judged by the mean autocorrelation of (up to 50) series of at least three weeks; False when there is none.
    """
    long = [one[-10 * 7 * day :] for one in series[:50] if len(one) >= 21 * day and one.min() < one.max()]
    if day < 2 or not long:
        return False
    likeness = []
    for one in long:
        r = autocorrelations(one[:, None], 7 * day)[[day - 1, -1], 0]
        # a sum over fewer pairs is smaller: make up for it
        likeness.append(r * len(one) / (len(one) - np.array([day, 7 * day])))
    yesterday, week = np.mean(likeness, axis=0)
    return bool(week > yesterday + 0.03)
