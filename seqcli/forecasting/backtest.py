"""Rolling origins: histories cut at earlier points, and what followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.forecasting.classical.batch import fill_missing
from seqcli.forecasting.metrics import recent_scale, scale


@dataclass(frozen=True)
class Folds:
    """Histories cut at earlier origins, and what followed, a row each. `actual` is (folds, horizon), NaN where unknown;
    `member` the index of the series; `back` how many origins before the latest one; `scales` the MASE scale of the
    history; `recent` the scale in which intervals are measured."""

    histories: list[np.ndarray]
    actual: np.ndarray
    member: np.ndarray
    back: np.ndarray
    scales: np.ndarray
    recent: np.ndarray


def cut(
    series: Sequence[np.ndarray],
    horizon: int,
    season: int,
    *,
    origins: int,
    stride: int | None = None,
    fill: str = "interpolate",
) -> Folds:
    """Cut each series at up to `origins` points, the latest `horizon` before its end, the others `stride` earlier (half
    a horizon, or less where that would leave few).

    A history keeps two seasons and a bit, and half of the series; one too short is cut for a shorter horizon. Missing
    values are filled after the cut, so that a history does not know what follows; what followed keeps them.
    """
    histories, actual, member, back = [], [], [], []
    for index, values in enumerate(series):
        least = max(6, 2 * season + 2) if len(values) >= 2 * season + 2 + max(2, horizon // 4) else 5
        reach = min(horizon, max(len(values) - least, 0), max(len(values) // 2, min(horizon, 6)))
        if reach < max(1, min(2, horizon)):
            continue
        step = stride or max(1, min(horizon // 2, (len(values) - reach - least) // max(origins - 1, 1)), horizon // 24)
        for number in range(origins):
            end = len(values) - reach - number * step
            if end < least or np.isnan(values[:end]).all():  # the first value may be left out as an outlier
                break
            histories.append(fill_missing(values[:end], season, fill))
            row = np.full(horizon, np.nan)
            row[:reach] = values[end : end + reach]
            actual.append(row)
            member.append(index)
            back.append(number)
    scales = np.array([scale(history, season) for history in histories])
    recent = np.array([recent_scale(history, season) for history in histories])
    return Folds(
        histories, np.array(actual).reshape(-1, horizon), np.array(member, int), np.array(back, int), scales, recent
    )


def select(folds: Folds, keep: np.ndarray) -> Folds:
    """The folds for which `keep` is true."""
    return Folds(
        [history for history, kept in zip(folds.histories, keep, strict=True) if kept],
        *(part[keep] for part in (folds.actual, folds.member, folds.back, folds.scales, folds.recent)),
    )
