"""What the network sees of a series: its past without season and on one scale, and what simple methods say comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqcli.forecasting.classical.batch import Batch
from seqcli.forecasting.classical.theta import adjust
from seqcli.forecasting.recurrent.anchors import make_anchors

PAST_FEATURES = 10
FUTURE_FEATURES = 26
CONTEXT = 96  # the latest steps the encoder reads; the season and the anchors are taken from the whole history


@dataclass(frozen=True)
class Inputs:
    """A batch: `past` (time, batch, features), of which column b has `steps[b]` rows, and `future` (horizon, batch,
    features) for the network; a forecast is `base` + `unit` times what the network says, both (batch, horizon)."""

    past: np.ndarray
    steps: np.ndarray
    future: np.ndarray
    base: np.ndarray
    unit: np.ndarray


def make_inputs(values: np.ndarray, observed: np.ndarray, season: int, horizon: int) -> Inputs:
    """Inputs for histories that end together, (batch, time), NaN before a series begins and only there.

    `observed` says which values are not filled in. Any horizon and season; series of at least one value.
    """
    y = np.ascontiguousarray(values.T)
    total, count = y.shape
    begin = np.isnan(y).sum(axis=0)
    lengths = total - begin
    rows = np.arange(total)[:, None]
    there = rows >= begin
    batch = Batch(y, begin, np.arange(count), np.full(total, count))
    adjusted, factors, terms = adjust(batch, season)
    cycle = len(factors)
    anchors = make_anchors(np.where(there, adjusted, 0.0), begin, horizon)

    # the unit: how much the adjusted series moves, lately and on the whole
    change = np.abs(np.diff(adjusted, axis=0)) if total > 1 else np.zeros((1, count))
    known = ~np.isnan(change)
    change = np.where(known, change, 0.0)
    late = slice(-int(np.clip(2 * season, 12, 48)), None)
    unit = 0.5 * _mean(change, known) + 0.5 * _mean(change[late], known[late])
    size = np.where(there, np.abs(y), 0.0).max(axis=0)
    unit = np.maximum(unit, 1e-4 * size)
    unit = np.where(unit > 0, unit, 1.0)

    steps = min(total, CONTEXT)
    window = slice(total - steps, total)
    d = np.where(there, adjusted, anchors.flat)[window]
    inside = there[window]
    level = anchors.flat
    before = _lagged(adjusted, 1)[window]
    ago = _lagged(adjusted, season)[window] if season > 1 else np.full((steps, count), np.nan)
    phase = np.arange(total - steps, total) % cycle
    pattern = (factors[phase] - 1) * level / unit + terms[phase] / unit
    past = np.stack(
        [
            _squash((d - level) / unit),
            _squash(np.where(np.isnan(before), 0.0, d - before) / unit),
            _squash(np.where(np.isnan(ago), 0.0, d - ago) / unit),
            ~np.isnan(ago) & inside,
            inside & observed.T[window],
            inside,
            (y[window] == 0) & inside,
            _squash(pattern),
            np.broadcast_to(np.log(season) / 3, (steps, count)),
            np.broadcast_to(np.log(lengths) / 4, (steps, count)),
        ],
        axis=2,
    )
    # from the first row on, so that what is made of a series does not depend on how long others in the batch are
    own = np.minimum(lengths, steps)
    rows_own = np.minimum(np.arange(steps)[:, None] + steps - own, steps - 1)
    past = past[rows_own, np.arange(count)] * (np.arange(steps)[:, None] < own)[:, :, None]

    ahead = np.arange(horizon)
    phase = (total + ahead) % cycle
    factor, term = factors[phase], terms[phase]
    theta, damped = anchors.theta.T, anchors.damped.T
    base = (theta + damped) / 2
    once = _same_phase(adjusted, season, ahead, 1, begin)
    twice = _same_phase(adjusted, season, ahead, 2, begin)
    around = [_same_phase(adjusted, season, ahead + shift, 1, begin) for shift in (-1, 1)]
    has_season = (cycle > 1) & ((np.abs(factors - 1) > 0).any(axis=0) | (np.abs(terms) > 0).any(axis=0))
    h = (ahead + 1)[:, None]

    def each(numbers: np.ndarray) -> np.ndarray:
        return np.broadcast_to(numbers, (horizon, count))

    def gap(numbers: np.ndarray) -> np.ndarray:
        return _squash(np.where(np.isnan(numbers), 0.0, numbers - base) / unit)

    with np.errstate(divide="ignore"):
        fit = np.log(np.maximum(anchors.error_damped, 1e-3 * unit) / np.maximum(anchors.error_flat, 1e-3 * unit))
        fit_level = np.log(np.maximum(anchors.error_flat, 1e-3 * unit) / unit)
    last = np.where(there[-1], adjusted[-1], 0.0)
    future = np.stack(
        [
            _squash((damped - theta) / unit),
            _squash((level - base) / unit),
            _squash((last - base) / unit),
            gap(once),
            gap(twice),
            gap(around[0]),
            gap(around[1]),
            ~np.isnan(once),
            ~np.isnan(twice),
            _squash((factor - 1) * level / unit + term / unit),
            each(np.log(h) / 2),
            each(h / season / 2 if season > 1 else 0.0 * h),
            np.log1p(h / lengths),
            each(np.sin(2 * np.pi * h / season) if season > 1 else 0.0 * h),
            each(np.cos(2 * np.pi * h / season) if season > 1 else 0.0 * h),
            each(np.log(season) / 3),
            each(np.asarray(season == 1)),
            each(np.log(lengths) / 4),
            each(np.log(lengths / season) / 3),
            each(has_season),
            each((np.nanmin(y, axis=0) > 0) & has_season),
            each(_squash(fit * 5)),
            each(fit_level),
            each(_squash(anchors.slope / unit * 5)),
            each(_squash(level / unit)),
            each((np.where(there, y == 0, False)).sum(axis=0) / lengths),
        ],
        axis=2,
    )
    return Inputs(
        past.astype(np.float32),
        own,
        future.astype(np.float32),
        (base * factor + term).T,
        (unit * factor).T,
    )


def _squash(values: np.ndarray) -> np.ndarray:
    """Nearly linear within a unit or two, logarithmic beyond."""
    result: np.ndarray = np.arcsinh(values / 2)
    return result


def _mean(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    mean: np.ndarray = values.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return mean


def _lagged(values: np.ndarray, lag: int) -> np.ndarray:
    """Each value's predecessor `lag` rows before, NaN where there is none."""
    result = np.full_like(values, np.nan)
    if lag < len(values):
        result[lag:] = values[:-lag]
    return result


def _same_phase(values: np.ndarray, season: int, ahead: np.ndarray, back: int, begin: np.ndarray) -> np.ndarray:
    """What stood `back` seasons before, in the last seasons that are known, for each step ahead; NaN without season."""
    total = len(values)
    rows = total - back * season + ahead % season
    if season < 2 or rows.max() < 0:
        return np.full((len(ahead), values.shape[1]), np.nan)
    return np.where(rows[:, None] >= begin, values[np.maximum(rows, 0)], np.nan)
