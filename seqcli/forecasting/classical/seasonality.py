"""Seasonality: a test for it, classical decomposition, and detection of the period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from seqcli.forecasting.classical.batch import Batch, mean_of_known

LIMIT = 1.645  # standard errors an autocorrelation must be away from zero: the M4 competition's 90 % test
MANY_LAGS = 40  # from which on a Fourier transform is quicker
CLEARLY = 0.12  # by how much of the error a longer season must be better than a shorter
PEAK = 0.3  # autocorrelation from which a season that no calendar knows is believed
BORNE_OUT = 0.8  # share of the error without it that is left with a season that no calendar knows
INSTEAD = 0.6  # the same where a calendar knows another
UNSEEN = 0.9  # share of the error from which on a calendar's season is not in the data
STRAIGHT = 0.85  # share of the variance that a line explains of series that mostly go one way
NEAR = 0.15  # share of a calendar's season by which one that was found may miss it
LOOKED_AT, SERIES_LOOKED_AT = 2000, 50  # latest values, and series, that a season is looked for in


def autocorrelations(values: np.ndarray, lags: int) -> np.ndarray:
    """Autocorrelations 1 … `lags` of the columns of (time, series), NaN where a series has no value. (lags, series)"""
    there = ~np.isnan(values)  # of differences a series of one value has none
    centred = values - np.where(there, values, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    centred = np.where(np.isnan(centred), 0.0, centred)
    total = np.maximum((centred**2).sum(axis=0), 1e-300)
    if lags > MANY_LAGS:
        size = 1 << (len(values) + lags - 1).bit_length()
        power = np.abs(np.fft.rfft(centred, size, axis=0)) ** 2
        return np.fft.irfft(power, size, axis=0)[1 : lags + 1] / total
    return np.array([(centred[lag:] * centred[:-lag]).sum(axis=0) / total for lag in range(1, lags + 1)])


def is_seasonal(batch: Batch, season: int) -> np.ndarray:
    """Which series have a season of `season` periods. (series,) bool

    The M4 competition's test on the autocorrelation of the values or, because a trend can hide a season from it, of
    their first differences.
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
    """Indices by phase, row t having phase t mod `season`, by classical decomposition. (season, series) The ratio (or
    difference) to a centred moving average, averaged by phase, with mean one (or zero). A series shorter than two
    seasons has none: ones (or zeros)."""
    values = batch.values
    usable = batch.lengths >= 2 * season
    if season < 2 or not usable.any():
        return np.full((season, values.shape[1]), 1.0 if multiplicative else 0.0)
    trend = _centred_mean(values, season)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = values / trend if multiplicative else values - trend
    rest = np.where(np.isfinite(rest), rest, np.nan)
    padding = np.full((-len(values) % season, rest.shape[1]), np.nan)
    mean = mean_of_known(np.concatenate([rest, padding]).reshape(-1, season, rest.shape[1]), empty=np.nan)
    usable = usable & ~np.isnan(mean).any(axis=0)
    mean = np.nan_to_num(mean)
    if not multiplicative:
        return np.where(usable, mean - mean.mean(axis=0), 0.0)
    usable = usable & (mean > 0.0).all(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):  # where it is not used
        mean = np.where(usable, mean / np.maximum(mean.mean(axis=0), 1e-300), 1.0)
    return np.maximum(mean, 0.01)


def adjust(batch: Batch, season: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seasonally adjusted values (time, series), and the factors and terms of each phase, (season, series) each."""
    count = batch.values.shape[1]
    if 3 * season > len(batch.values):  # none can pass the test: a season of any length costs nothing
        season = 1
    factors, terms = np.ones((season, count)), np.zeros((season, count))
    seasonal = is_seasonal(batch, season)
    if seasonal.any():
        positive = np.nanmin(batch.values, axis=0) > 0
        factors = np.where(seasonal & positive, seasonal_indices(batch, season, multiplicative=True), 1.0)
        terms = np.where(seasonal & ~positive, seasonal_indices(batch, season, multiplicative=False), 0.0)
    phase = np.arange(len(batch.values)) % len(factors)
    return (batch.values - terms[phase]) / factors[phase], factors, terms


def forecast_adjusted(
    batch: Batch, horizon: int, season: int, method: Callable[[Batch, int], np.ndarray]
) -> np.ndarray:
    """Forecast seasonally adjusted values by a method without a season, and put the season back. (horizon, series)"""
    adjusted, factors, terms = adjust(batch, season)
    phase = (len(batch.values) + np.arange(horizon)) % len(factors)
    return method(replace(batch, values=adjusted), horizon) * factors[phase] + terms[phase]


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


def mean_of_others(values: np.ndarray, phase: np.ndarray, season: int) -> np.ndarray:
    """For each value the mean of its phase in the other cycles; zero where there is none."""
    total, count = np.bincount(phase, values, season)[phase], np.bincount(phase, minlength=season)[phase]
    return (total - values) / np.maximum(count - 1, 1)


def season_errors(values: np.ndarray, seasons: Sequence[int]) -> list[float]:
    """Mean absolute errors of the means by phase of other cycles, for no season (1) first and then for each season. The
    level, a centred mean over the longest season, is subtracted; each value is compared with the mean of its phase in
    the other cycles (leave-one-out). NaN if fewer than three cycles are known."""
    longest = max(seasons)
    if len(values) < 3 * longest:
        return [float("nan")] * (len(seasons) + 1)
    rest = values - _centred_mean(values[:, None], longest)[:, 0]
    places = np.flatnonzero(~np.isnan(rest))
    rest = rest[places]
    errors = [float(np.abs(rest).mean())]
    for season in seasons:
        errors.append(float(np.abs(rest - mean_of_others(rest, places % season, season)).mean()))
    return errors


def choose_season(series: Sequence[np.ndarray], seasons: Sequence[int]) -> int:
    """The season, among those usual for the frequency, that best predicts values of other cycles. A longer season must
    be better than a shorter one by `CLEARLY`, on average over (up to 50) series with three cycles of it."""
    best = min(seasons)
    for longer in sorted(seasons):
        if longer == best:
            continue
        gains = []
        for values in series[:SERIES_LOOKED_AT]:
            _, shorter, long = season_errors(values[-12 * longer :], [best, longer])
            if np.isfinite(long) and shorter > 0:
                gains.append(np.log(max(long, 1e-9 * shorter) / shorter))
        if gains and np.mean(gains) < np.log(1 - CLEARLY):
            best = longer
    return best


def season_instead(series: Sequence[np.ndarray], season: int, calendar: Sequence[float]) -> int:
    """The season of series in which that of the calendar is not seen while another, near none of its seasons, is
    clear, such as an election every four years or a delivery every ten days; 1 if it has come less than three times and
    they mostly go one way; otherwise `season`."""
    if season > 1:
        left = _left(series[:SERIES_LOOKED_AT], season)
        if np.isnan(left) and np.median([_straightness(values, season) for values in series]) > STRAIGHT:
            return 1
        if not left >= UNSEEN:
            return season
    found = find_season(series, INSTEAD)
    near = any(abs(found / length - 1) < NEAR for length in calendar)
    return season if found == 1 or near else found


def _left(series: Sequence[np.ndarray], season: int) -> float:
    """The share of the error without a season that is left with it: the median over series; NaN if unknown."""
    errors = np.array([season_errors(values, [season]) for values in series])
    errors = errors[np.isfinite(errors).all(axis=1)]
    return float(np.median(errors[:, 1] / np.maximum(errors[:, 0], 1e-300))) if len(errors) else np.nan


def _straightness(values: np.ndarray, season: int) -> float:
    """The share of the variance that a line explains of series that are longer than a season; 0 of others."""
    if len(values) <= season or np.ptp(values) == 0:
        return 0.0
    return float(np.corrcoef(values, np.arange(len(values)))[0, 1] ** 2)


def find_season(series: Sequence[np.ndarray], most_left: float = BORNE_OUT) -> int:
    """The period of series whose times suggest none; 1 if there is none. Candidates are the peaks of the mean
    autocorrelation of detrended values; the shortest of nearly the strongest holds if means by phase predict other
    cycles so well that no more than `most_left` of the error remains."""
    long = [values[-LOOKED_AT:] for values in series[:SERIES_LOOKED_AT] if len(values) >= 12 and np.ptp(values) > 0]
    if not long:
        return 1
    lags = max(len(values) for values in long) // 3
    scores = np.zeros(lags + 1)
    for values in long:
        line = np.polyval(np.polyfit(np.arange(len(values)), values, 1), np.arange(len(values)))
        there = min(lags, len(values) // 3)
        r = autocorrelations((values - line)[:, None], there + 1)[:, 0]
        r = r / (1 - np.arange(1, len(r) + 1) / len(values))  # a sum over fewer pairs is smaller
        peaks = np.flatnonzero((r[1:-1] > r[:-2]) & (r[1:-1] >= r[2:])) + 1  # place k is lag k + 1
        scores[peaks + 1] += np.maximum(r[peaks], 0.0) / len(long)
    strongest = float(scores.max())
    if strongest < PEAK:
        return 1
    for season in np.flatnonzero(scores >= 0.85 * strongest).tolist():
        if season > 1 and _left(long, season) < most_left:
            return int(season)
    return 1
