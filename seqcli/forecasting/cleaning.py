"""Outliers: values so far from all others that they are taken for errors."""

from __future__ import annotations

import numpy as np

FAR = 10.0  # deviations from the neighbours' median
APART = 3.0  # times as far as the furthest of the others: then it stands alone
LEAST = 16  # values; in fewer, nothing is usual
MOST_SHARE, LEAST_ALLOWED, MOST = 0.01, 2, 4  # of the values, and values, that may be errors
NEIGHBOURS = 5  # on each side


def outliers(values: np.ndarray, season: int) -> np.ndarray:
    """Positions of outliers in a series (NaN where missing); usually none.

    The distance is to the median of the neighbours, after the season is subtracted. A value is an outlier if it is
    `FAR` times the usual distance away, and `APART` times as far as any value that is not. Recurring spikes, heavy
    tails and level shifts (two in a row at the end) are not outliers.
    """
    there = np.flatnonzero(~np.isnan(values))
    none = np.zeros(0, int)
    if len(there) < LEAST:
        return none
    known = values[there]
    centre = np.median(known)
    if np.abs(known - centre).max() <= 4 * np.median(np.abs(known - centre)):  # nothing is far off: the usual case
        return none
    rest = known - _running_median(known)
    if 1 < season <= len(known) // 3:
        phase = there % season
        usual = np.array([np.median(rest[phase == k]) if (phase == k).any() else 0.0 for k in range(season)])
        rest = known - usual[phase]
        rest = rest - _running_median(rest)
    distance = np.abs(rest)
    order = np.argsort(-distance)
    usual_distance = max(float(np.median(distance)), 0.25 * float(distance[order[MOST:]].mean()), 1e-12)
    for number in range(min(MOST, max(LEAST_ALLOWED, int(MOST_SHARE * len(known)))), 0, -1):
        nearest, beyond = distance[order[number - 1]], distance[order[number]]
        found = np.sort(order[:number])
        if nearest > FAR * usual_distance and nearest > APART * beyond:
            together = (np.diff(found) == 1).any()
            return none if together else there[found]
    return none


def _running_median(values: np.ndarray) -> np.ndarray:
    width = 2 * NEIGHBOURS + 1
    padded = np.pad(values, NEIGHBOURS, mode="reflect")
    result: np.ndarray = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    return result
