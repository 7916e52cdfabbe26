"""What the network sees of a series: scaled windows of its past, and what is known of its future."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.data.panel import Panel

PAST_FEATURES = 6  # value, seasonal difference, whether there is one, whether there is a value, sine, cosine
FUTURE_FEATURES = 6  # seasonal anchor, the values before and after it, sine, cosine, share of the horizon


@dataclass(frozen=True)
class History:
    """The series of a panel, ending together: `values[i, t]`, zero before `begin[i]`, column `length` - 1 the last.

    `phase[i]` is where in the season column 0 lies; `covariates` (covariates, series, length + horizon) are scaled.
    """

    values: np.ndarray
    begin: np.ndarray
    phase: np.ndarray
    covariates: np.ndarray

    @property
    def length(self) -> int:
        return int(self.values.shape[1])


@dataclass(frozen=True)
class Windows:
    """A batch: `past` (time, batch, features), `future` (horizon, batch, features), `anchor` (batch, horizon), `scale`
    (batch,): a forecast is the anchor plus the scale times what the network says."""

    past: np.ndarray
    future: np.ndarray
    anchor: np.ndarray
    scale: np.ndarray


def make_history(
    panel: Panel, filled: Sequence[np.ndarray], season: int, covariates: Sequence[np.ndarray] | None = None
) -> History:
    """Filled series as one array. `covariates` has an array (covariates, length + horizon) a series."""
    lengths = np.array([len(values) for values in filled])
    longest = int(lengths.max())
    values = np.zeros((len(filled), longest))
    phase = np.zeros(len(filled), np.int64)
    count = covariates[0].shape[0] if covariates else 0
    ahead = covariates[0].shape[1] - len(filled[0]) if covariates else 0
    extra = np.zeros((count, len(filled), longest + ahead), np.float32)
    for index, (one, numbers) in enumerate(zip(panel.series, filled, strict=True)):
        start = longest - len(numbers)
        values[index, start:] = numbers
        phase[index] = (panel.calendar.position(one.first) - start) % max(season, 1)
        if covariates:
            extra[:, index, start:] = covariates[index]
    return History(values, longest - lengths, phase, extra)


def make_windows(
    history: History, series: np.ndarray, ends: np.ndarray, *, context: int, horizon: int, season: int
) -> Windows:
    """The windows whose past ends before column `ends[b]` of series `series[b]`."""
    rows = series[:, None]
    begin = history.begin[series][:, None]
    past = ends[:, None] - context + np.arange(context)
    there = past >= begin
    y = np.where(there, history.values[rows, np.maximum(past, 0)], 0.0)
    count = np.maximum(there.sum(axis=1, keepdims=True), 1)
    level = y.sum(axis=1, keepdims=True) / count
    spread = np.where(there, np.abs(y - level), 0.0).sum(axis=1, keepdims=True) / count
    scale = spread + 0.01 * np.abs(level) + 1e-9
    before = past - season
    has_season = there & (before >= begin) & (season > 1)
    change = np.where(has_season, y - history.values[rows, np.maximum(before, 0)], 0.0) / scale
    angle = 2 * np.pi * ((history.phase[series][:, None] + past) % season) / season
    features = [np.where(there, (y - level) / scale, 0.0), change, has_season, there, np.sin(angle), np.cos(angle)]
    features += [extra[rows, np.maximum(past, 0)] for extra in history.covariates]

    steps = np.arange(horizon)
    future = ends[:, None] + steps
    source = future - season * (steps // season + 1)
    last = ends[:, None] - 1
    source = np.where(source >= begin, source, last)
    anchor = history.values[rows, source]
    around = [history.values[rows, np.clip(source + shift, begin, last)] for shift in (-1, 1)]
    angle = 2 * np.pi * ((history.phase[series][:, None] + future) % season) / season
    ahead = [(value - level) / scale for value in (anchor, *around)]
    ahead += [np.sin(angle), np.cos(angle), np.broadcast_to((steps + 1) / horizon, future.shape)]
    for extra in history.covariates:
        known = extra[rows, np.minimum(future, extra.shape[1] - 1)]
        ahead += [known, known - extra[rows, source]]
    return Windows(
        np.clip(np.stack(features, axis=2), -20, 20).astype(np.float32).transpose(1, 0, 2),
        np.clip(np.stack(ahead, axis=2), -20, 20).astype(np.float32).transpose(1, 0, 2),
        anchor,
        scale[:, 0],
    )
