"""Simple forecasts for the network to choose from: what stood at the same phase before, levels, trends."""

from __future__ import annotations

import numpy as np

from seqcli.forecasting.classical.batch import mean_of_known
from seqcli.forecasting.recurrent.scaled import Scaled

CANDIDATES = 18
_NONE = np.array(np.nan)  # where there is no such forecast


def make_candidates(scaled: Scaled) -> np.ndarray:
    """Forecasts of the adjusted values, the first of them the base of all. (steps, batch, CANDIDATES), NaN where a
    history is too short for one or it does not suit the series."""
    anchors, d, begin, lengths = scaled.anchors, scaled.adjusted, scaled.begin, scaled.lengths
    theta, damped = anchors.theta.T, anchors.damped.T
    last, latest = d[-1], d[-max(5 * scaled.season, 60) :]
    first = d[begin, np.arange(len(begin))]
    steps = (scaled.ahead + 1)[:, None]
    drift = np.where(lengths > 2, (last - first) / np.maximum(lengths - 1, 1), np.nan)
    result = [
        (theta + damped) / 2,
        theta,
        damped,
        anchors.flat,
        last,
        *_of_season(scaled),
        *_of_second(scaled),
        np.nan_to_num(latest).sum(axis=0) / np.minimum(lengths, len(latest)),
        _median_of_last(d, begin, int(np.clip(2 * scaled.season, 12, 60))),
        np.where((np.nanmin(scaled.values, axis=0) >= 0) & _has_zeros(scaled), 0.0, np.nan),
        last + steps * drift,
        _growth(scaled, steps),
    ]
    return np.stack(np.broadcast_arrays(*result), axis=2)


def _has_zeros(scaled: Scaled) -> np.ndarray:
    """Which series have zeros and are not adjusted for a season, so that zero is zero. (batch,)"""
    plain = (scaled.factors == 1).all(axis=0) & (scaled.terms == 0).all(axis=0)
    return plain & ((scaled.values == 0).sum(axis=0) >= 0.1 * scaled.lengths)


def _same_phase(scaled: Scaled, period: int, back: int) -> np.ndarray:
    """What stood `back` periods before each step ahead, in the last periods that are known; NaN where nothing did."""
    rows = len(scaled.values) - back * period + scaled.ahead % period
    return np.where(rows[:, None] >= scaled.begin, scaled.adjusted[np.maximum(rows, 0)], np.nan)


def _of_season(scaled: Scaled) -> list[np.ndarray]:
    """The last season, the one before it, the mean of three, and the level with the pattern of up to four."""
    season = scaled.season
    if season < 2:
        return [_NONE] * 4
    every = [_same_phase(scaled, season, back) for back in (1, 2, 3, 4)]
    patterns = []
    for back, one in enumerate(every, 1):
        start = len(scaled.values) - back * season
        if start < 0:
            break
        whole = np.where(scaled.begin <= start, scaled.adjusted[start : start + season].mean(axis=0), np.nan)
        patterns.append(one - whole)
    mean = np.where(np.isnan(every[1]), np.nan, _mean_of(every[:3]))
    pattern = _mean_of(patterns) if patterns else _NONE
    return [every[0], every[1], mean, scaled.anchors.flat + pattern]


def _of_second(scaled: Scaled) -> list[np.ndarray]:
    """As a second period (week of hours, year of days) before; the mean of three; smoothed and not, at today's
    level."""
    period, total = scaled.second, len(scaled.values)
    if period < 2:
        return [_NONE] * 4
    width = max(1, period // 52)
    window = max(min(period, scaled.season), period // 13)
    sums = np.concatenate([np.zeros((1, scaled.values.shape[1])), np.cumsum(np.nan_to_num(scaled.adjusted), axis=0)])

    def mean(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Of the rows from `low` (…,) to before `high`, NaN where some are not there. (…, batch)"""
        inside = np.maximum(low, 0)
        high = np.maximum(high, inside + 1)
        known = (low >= 0)[..., None] & (inside[..., None] >= scaled.begin)
        return np.where(known, (sums[high] - sums[inside]) / (high - inside)[..., None], np.nan)

    every = [_same_phase(scaled, period, back) for back in (1, 2, 3)]
    now = mean(np.array(total - window), np.array(total))
    smooth, moved = [], []
    for back, one in enumerate(every, 1):
        rows = total - back * period + scaled.ahead % period
        then = mean(np.array(total - window - back * period), np.array(total - back * period))
        smooth.append(mean(rows - width, np.minimum(rows + width + 1, total)) + now - then)
        moved.append(one + now - then)
    return [every[0], _mean_of(every), _mean_of(smooth), _mean_of(moved[:2])]


def _mean_of(parts: list[np.ndarray]) -> np.ndarray:
    return mean_of_known(np.array(parts), empty=np.nan)


def _median_of_last(values: np.ndarray, begin: np.ndarray, most: int) -> np.ndarray:
    latest = np.sort(values[-most:], axis=0)  # NaN last
    count = np.minimum(len(values) - begin, len(latest))
    return latest[(count - 1) // 2, np.arange(len(begin))]


def _growth(scaled: Scaled, steps: np.ndarray) -> np.ndarray:
    """Growth at the mean rate of the latest (up to eight) values or two seasons, for positive series."""
    d = scaled.adjusted
    back = np.minimum(scaled.lengths - 1, max(8, 2 * scaled.season))
    last, before = d[-1], d[len(d) - 1 - back, np.arange(len(back))]
    positive = (np.nanmin(d, axis=0) > 0) & (back >= 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.log(last / before) / np.maximum(back, 1)
        grown: np.ndarray = last * np.exp(np.clip(rate * steps, -2.0, 2.0))
    return np.where(positive, grown, np.nan)
