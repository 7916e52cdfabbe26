"""The network's view of a series: its past at several rates, simple forecasts, and features of the series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqcli.forecasting.classical.batch import mean_change, mean_of_known
from seqcli.forecasting.recurrent.candidates import CANDIDATES, make_candidates
from seqcli.forecasting.recurrent.scaled import Scaled, scale_histories
from seqcli.forecasting.recurrent.tokens import CONTEXT, PATCH, bins, count_tokens, widths

PAST_FEATURES = 4 * PATCH + 5
FUTURE_FEATURES = 2 * (CANDIDATES - 1) + 8
LATEST = 8  # values that are seen one by one beside the tokens
SERIES_FEATURES = 22 + LATEST
FURTHEST = 100.0  # units from the base at which a candidate ends


@dataclass(frozen=True)
class Inputs:
    """A batch for the network: `past` (tokens, batch, features), of which column b has `steps[b]` rows, `series`
    (batch, features), `future` (horizon, batch, features) and `candidates` (horizon, batch, CANDIDATES) or NaN. A
    forecast is `base` + `unit` (batch, horizon) times what the network says, and not below `floor` (batch,)."""

    past: np.ndarray
    steps: np.ndarray
    series: np.ndarray
    future: np.ndarray
    candidates: np.ndarray
    base: np.ndarray
    unit: np.ndarray
    floor: np.ndarray


def make_inputs(values: np.ndarray, observed: np.ndarray, season: int, ahead: np.ndarray) -> Inputs:
    """Inputs for histories that end together, (batch, time), NaN before a series begins and only there. `observed` says
    which values are not filled in; `ahead` are the steps that are forecast, from 0. Any horizon and season."""
    scaled = scale_histories(values, season, ahead)
    forecasts = make_candidates(scaled)
    base = forecasts[:, :, 0]
    gaps = np.clip((forecasts - base[:, :, None]) / scaled.reach[:, :, None], -FURTHEST, FURTHEST)
    phase = (len(scaled.values) + ahead) % len(scaled.factors)
    factor, term = scaled.factors[phase], scaled.terms[phase]
    past, steps = _past(scaled, observed.T)
    return Inputs(
        past.astype(np.float32),
        steps,
        _series(scaled, base).astype(np.float32),
        _future(scaled, gaps, factor, term).astype(np.float32),
        gaps.astype(np.float32),
        (base * factor + term).T,
        (scaled.reach * factor).T,
        np.where(np.nanmin(scaled.values, axis=0) >= 0, 0.0, -np.inf),
    )


def to_own_rows(tokens: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Tokens (time, batch, features) that end together, of which column b has `steps[b]`, from the first row on: what
    is made of a series must not depend on how long others in the batch are."""
    time = np.arange(len(tokens))[:, None]
    rows = np.minimum(time + len(tokens) - steps, len(tokens) - 1)
    return tokens[rows, np.arange(len(steps))] * (time < steps)[:, :, None]


def _past(scaled: Scaled, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (time, batch, features) and their number (batch,): of each bin its mean, how far it is from a season
    before, whether it is there, its share of zeros."""
    keep = min(len(scaled.values), CONTEXT)
    d, y, there = scaled.adjusted[-keep:], scaled.values[-keep:], scaled.there[-keep:]
    ago = np.full_like(scaled.adjusted, np.nan)
    if 1 < scaled.season < len(ago):
        ago[scaled.season :] = scaled.adjusted[: -scaled.season]
    change = np.full_like(d, np.nan)
    change[1:] = np.abs(np.diff(d, axis=0))
    rows = np.stack(
        [
            (d - scaled.anchors.flat) / scaled.unit,
            (d - ago[-keep:]) / scaled.unit,
            np.where(there, y == 0, np.nan),
            np.where(there, observed[-keep:], np.nan),
            change / scaled.unit,
        ],
        axis=2,
    )
    means = bins(rows)  # (tokens, PATCH, batch, 5)
    of_bins = [squash(means[..., 0]), squash(means[..., 1]), ~np.isnan(means[..., 0]), means[..., 2]]
    of_tokens = np.broadcast_arrays(
        mean_of_known(means[..., 3], axis=1),
        np.log(mean_of_known(means[..., 4], axis=1) + 0.05) / 2,
        np.log2(widths(keep))[:, None] / 5,
        np.log(scaled.season) / 3,
        np.log(scaled.lengths) / 4,
    )
    parts = [np.moveaxis(np.nan_to_num(part), 1, 2) for part in of_bins]
    tokens = np.concatenate([*parts, np.stack(of_tokens, axis=2)], axis=2)
    steps = count_tokens(np.minimum(scaled.lengths, keep))
    return to_own_rows(tokens, steps), steps


def _future(scaled: Scaled, gaps: np.ndarray, factor: np.ndarray, term: np.ndarray) -> np.ndarray:
    """Features of each step ahead. (horizon, batch, features)"""
    h = (scaled.ahead + 1)[:, None]
    season = scaled.season
    turn = 2 * np.pi * h / season if season > 1 else 0.0 * h
    numbers = [
        squash((factor - 1) * scaled.anchors.flat / scaled.unit + term / scaled.unit),
        np.log(h) / 2,
        np.minimum(h / season, 6.0) / 2 if season > 1 else 0.0,
        np.log1p(h / scaled.lengths),
        np.sin(turn),
        np.cos(turn) if season > 1 else 0.0,
        np.log(scaled.reach / scaled.unit) / 2,
        (h <= season) & (season > 1),
    ]
    usable = ~np.isnan(gaps[..., 1:])
    rest = np.stack(np.broadcast_arrays(*numbers), axis=2)
    return np.concatenate([squash(np.nan_to_num(gaps[..., 1:])), usable, rest], axis=2)


def _series(scaled: Scaled, base: np.ndarray) -> np.ndarray:
    """Features of each series. (batch, features)"""
    d, y, unit, anchors = scaled.adjusted, scaled.values, scaled.unit, scaled.anchors
    lengths, season = scaled.lengths, scaled.season
    count = len(lengths)
    seasonal = (np.abs(scaled.factors - 1) > 0).any(axis=0) | (np.abs(scaled.terms) > 0).any(axis=0)
    lowest = np.nanmin(y, axis=0)
    latest = y[-max(12, season) :]
    zeros = mean_of_known(np.where(scaled.there, y == 0, np.nan))
    whole = mean_of_known(np.where(scaled.there, y == np.round(y), np.nan)) == 1
    spread = np.sqrt(mean_of_known((d - mean_of_known(d)) ** 2))
    second = np.full(count, np.nan)
    if 1 < scaled.second < len(d):
        second = mean_of_known(np.abs(d[scaled.second :] - d[: -scaled.second]))
        second = np.where(lengths >= scaled.second + 20, second, np.nan)
    typical = mean_of_known(np.where(y != 0, np.abs(y), np.nan))
    flat, damped = (np.maximum(e, 1e-3 * unit) for e in (anchors.error_flat, anchors.error_damped))
    numbers = [
        np.log(season) / 3,
        season == 1,
        np.log(lengths) / 4,
        np.log(lengths / season) / 3,
        seasonal,
        lowest > 0,
        lowest >= 0,
        squash(5 * np.log(damped / flat)),
        np.log(flat / unit),
        squash(anchors.slope / unit * 5),
        squash(anchors.flat / unit),
        zeros,
        mean_of_known(np.where(np.isnan(latest), np.nan, latest == 0)),
        whole,
        whole * np.log1p(typical) / 3,
        np.log(np.maximum(spread / unit, 0.05)) / 2,
        np.log(np.nan_to_num(scaled.seasonal_error / unit, nan=1.0) + 0.05) / 2,
        np.isnan(scaled.seasonal_error),
        np.log(np.nan_to_num(second / unit, nan=1.0) + 0.05) / 2,
        np.isnan(second),
        np.log(mean_change(d) / unit + 0.05),
        squash((base[0] - anchors.flat) / unit),
    ]
    last = np.zeros((LATEST, count))
    known = d[-LATEST:]
    last[LATEST - len(known) :] = squash(np.nan_to_num((known - anchors.flat) / unit))
    return np.stack([*(np.broadcast_to(number, count) for number in numbers), *last], axis=1)


def squash(values: np.ndarray) -> np.ndarray:
    """Nearly linear within a unit or two, logarithmic beyond."""
    return np.arcsinh(values / 2)
