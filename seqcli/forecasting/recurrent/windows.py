"""Windows of a panel's series for the network: what is known at an origin, and the weight of errors after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.forecasting.classical.batch import mean_of_known
from seqcli.forecasting.recurrent.inputs import Inputs, make_inputs, to_own_rows
from seqcli.forecasting.recurrent.scaled import SECOND
from seqcli.forecasting.recurrent.tokens import CONTEXT, bins

LATEST_SEASONS, LATEST_SECONDS = 5, 3  # seasons of a history that are looked at, and second periods
MOST_ERROR = 20.0  # what one error counts as at most, in errors of the seasonal naive method


@dataclass(frozen=True)
class History:
    """The series of a panel, ending together: `values[i, t]`, NaN before a series begins and only there; `observed`
    says which are not filled in. `covariates` (covariates, series, length + horizon) are scaled."""

    values: np.ndarray
    observed: np.ndarray
    covariates: np.ndarray

    @property
    def length(self) -> int:
        return int(self.values.shape[1])

    @property
    def begin(self) -> np.ndarray:
        """The column of each series' first value. (series,)"""
        return np.isnan(self.values).sum(axis=1)


@dataclass(frozen=True)
class Windows:
    """A batch to learn from: `inputs` for the network, and in its units `target` and `weight` (batch, horizon), which
    makes errors those of MASE; the weight is zero where nothing is known."""

    inputs: Inputs
    target: np.ndarray
    weight: np.ndarray


def kept(season: int) -> int:
    """How many of the latest values of a history are used."""
    return max(CONTEXT, LATEST_SEASONS * season, LATEST_SECONDS * SECOND.get(season, 0))


def origins(lengths: np.ndarray, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
    """From where on series can be cut to learn from, and at how many points: what follows a cut is known and does not
    reach into the last `horizon` values, which validate. (series,) each, counted from a series' first value"""
    known = lengths - horizon
    first = np.maximum(np.minimum(season + 1, known // 2), 4)
    return first, np.maximum(known - horizon - first + 1, 0)


def make_history(known: Sequence[np.ndarray], filled: Sequence[np.ndarray], inputs: Sequence[np.ndarray]) -> History:
    """Filled series as one array; `known` are the same, NaN where they were filled. `inputs` has an array (covariates,
    length + horizon) a series, or nothing."""
    longest = max(len(values) for values in filled)
    values = np.full((len(filled), longest), np.nan)
    observed = np.zeros(values.shape, bool)
    count, length = inputs[0].shape if inputs else (0, len(filled[0]))
    covariates = np.zeros((count, len(filled), longest + length - len(filled[0])), np.float32)
    for index, (one, numbers) in enumerate(zip(known, filled, strict=True)):
        start = longest - len(numbers)
        values[index, start:] = numbers
        observed[index, start:] = ~np.isnan(one)
        if inputs:
            covariates[:, index, start:] = inputs[index]
    return History(values, observed, covariates)


def past_values(history: History, series: np.ndarray, ends: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """The values before column `ends[b]` of series `series[b]`, and whether they were observed. (batch, time) each"""
    keep = min(int(ends.max()), kept(season))
    columns = ends[:, None] - keep + np.arange(keep)
    there = columns >= 0
    columns = np.maximum(columns, 0)
    values = np.where(there, history.values[series[:, None], columns], np.nan)
    return values, there & history.observed[series[:, None], columns]


def inputs_at(history: History, series: np.ndarray, ends: np.ndarray, ahead: np.ndarray, season: int) -> Inputs:
    """Inputs to forecast the steps `ahead` (from 0) of column `ends[b]` of series `series[b]`, with its covariates."""
    inputs = make_inputs(*past_values(history, series, ends, season), season, ahead)
    if not len(history.covariates):
        return inputs
    keep = min(int(ends.max()), CONTEXT)
    columns = ends - keep + np.arange(keep)[:, None]
    there = columns >= history.begin[series]
    place = ends + ahead[:, None]
    # what is known of a step is set beside what was the case a season before
    source = np.maximum(place - season * (ahead[:, None] // season + 1), history.begin[series])
    before, after = [], []
    for extra in history.covariates:
        known = extra[series, np.minimum(place, extra.shape[1] - 1)]
        past = np.where(there, extra[series, np.maximum(columns, 0)], np.nan)
        before.append(np.moveaxis(np.nan_to_num(bins(past)), 1, 2))
        after += [known, known - extra[series, source]]
    tokens = to_own_rows(np.concatenate(before, axis=2), inputs.steps)
    return replace(
        inputs,
        past=np.concatenate([inputs.past, tokens], axis=2, dtype=np.float32),
        future=np.concatenate([inputs.future, np.stack(after, axis=2)], axis=2, dtype=np.float32),
    )


def make_windows(inputs: Inputs, past: np.ndarray, actual: np.ndarray, season: int) -> Windows:
    """Windows of `inputs`, made from `past` (batch, time), NaN before a series begins, with what followed, `actual`
    (batch, horizon), NaN where that is unknown."""
    scale = _naive_errors(past, season)
    short = np.isnan(past).sum(axis=1) >= past.shape[1] - season
    scale = np.where(short, _naive_errors(past, 1), scale)
    usable = (scale > 1e-6 * np.nanmean(np.abs(past), axis=1))[:, None] & ~np.isnan(actual)
    weight = np.where(usable, np.clip(inputs.unit / np.where(scale > 0, scale, 1.0)[:, None], 0.02, 20.0), 0.0)
    limit = MOST_ERROR / np.maximum(weight, 1e-9)
    target = np.clip(np.nan_to_num((actual - inputs.base) / inputs.unit), -limit, limit)
    return Windows(inputs, target.astype(np.float32), weight.astype(np.float32))


def _naive_errors(past: np.ndarray, lag: int) -> np.ndarray:
    """The mean absolute difference `lag` apart of each row, zero where there is none."""
    if lag >= past.shape[1]:
        return np.zeros(len(past))
    return mean_of_known(np.abs(past[:, lag:] - past[:, :-lag]), axis=1)
