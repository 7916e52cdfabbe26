"""The default forecast: a fixed combination, unless earlier forecasts of the series show that something else is better.

`predict` makes the forecasts of the combination and of simple, robust methods. `weigh` weights them: by prior weights
if there are no earlier forecasts to measure, otherwise in favour of those that did well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqcli.forecasting.changes import added_up
from seqcli.forecasting.classical import baselines
from seqcli.forecasting.classical.batch import Batch, in_chunks, make_batch
from seqcli.forecasting.classical.counts import count_quantiles, is_intermittent
from seqcli.forecasting.classical.long_season import LongSeason, long_component
from seqcli.forecasting.classical.methods import LEAST_SEASONS, MOST_VALUES, combine
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES
from seqcli.forecasting.recurrent.pretrained import quantiles
from seqcli.forecasting.recurrent.windows import kept

CANDIDATES = ("combination", "seasonal-naive", "recent mean", "mean", "changes")
CHANGES = CANDIDATES.index("changes")
PRIOR = np.array([0.7, 0.1, 0.12, 0.08, 0.0])
FAR_PRIOR = np.array([0.55, 0.1, 0.2, 0.15, 0.0])  # beyond what the network has learnt
STEPS = 60  # as far as trends are followed; further on the last season comes again
RECENT = 3, 12  # cycles, or values without a season, of the recent mean
LITTLE = 0.01  # range of a series over its largest value
SHARPNESS = 0.5  # how quickly weights follow measured errors, per independent origin
CLEAR, CLEARLY = 0.4, 2.0  # logarithm of the ratio to the best from which an error counts more, and how much
TOGETHER = 0.3  # what another series' origin says of a series, beside its own
MOST_TOGETHER = 10.0  # origins that others say at most


def predict(
    series: Sequence[np.ndarray],
    horizon: int,
    season: int,
    long: Sequence[LongSeason | None],
    by_changes: Sequence[bool] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts by every candidate, (candidates, series, horizon), for series without missing values, and how far the
    network's quantiles are from its median, (series, horizon, quantiles); `long` is each series' long season. The
    changes are forecast of the series where `by_changes` (see `changes.trust`), and give the spread, too; of others
    this candidate is the combination."""
    result = np.zeros((len(CANDIDATES), len(series), horizon))
    spread = np.zeros((len(series), horizon, len(QUANTILES)))
    keep = max(_recursed(season), kept(season))

    def run(part: np.ndarray) -> None:
        seasons = [long[index] for index in part]
        parts = [split(series[index], one, horizon) for index, one in zip(part, seasons, strict=True)]
        # the mean of a series that varies little for its size is taken off: rounding would lose the variation
        offsets = np.array([x.mean() if np.ptp(x) < LITTLE * np.abs(x).max() else 0.0 for x, _ in parts])
        batch = make_batch([values[-keep:] - offset for (values, _), offset in zip(parts, offsets, strict=True)])
        made, apart = _candidates(batch, horizon, season)
        made, apart = batch.restore(made) + offsets, batch.restore(np.moveaxis(apart, 2, 0))
        for column, (index, one) in enumerate(zip(part.tolist(), seasons, strict=True)):
            result[:, index], spread[index] = made[..., column], apart[..., column].T
            if one is not None:
                component = parts[column][1]
                result[:, index] = join(made[..., column], one, component)
                if one.multiplicative:
                    spread[index] *= np.exp(component)[:, None]
            if series[index].min() >= 0:
                result[:, index] = np.maximum(result[:, index], 0.0)

    in_chunks(series, run)
    chosen = [index for index, asked in enumerate(by_changes) if asked]
    if chosen:
        moves, apart = predict([np.diff(series[index]) for index in chosen], horizon, season, [None] * len(chosen))
        for row, index in enumerate(chosen):
            median, around = moves[0, row], apart[row]
            change = np.diff(series[index])
            if is_intermittent(change, [season]):
                made = count_quantiles(change, horizon, season, np.array(QUANTILES))
                median, around = made[:, MIDDLE], made - made[:, MIDDLE, None]
            result[CHANGES, index], spread[index] = added_up(series[index], median, around)
    return result, spread


def _recursed(season: int) -> int:
    """How many of the latest values the recursions need."""
    return max(MOST_VALUES, (LEAST_SEASONS + 2) * season)


def split(values: np.ndarray, long: LongSeason | None, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """A series without its long season, and that season over the horizon."""
    if long is None:
        return values, np.zeros(horizon)
    component = long_component(values, long, horizon)
    past, ahead = component[: len(values)], component[len(values) :]
    without: np.ndarray = values / np.exp(past) if long.multiplicative else values - past
    return without, ahead


def join(forecast: np.ndarray, long: LongSeason, component: np.ndarray) -> np.ndarray:
    """Forecasts (…, horizon) with the long season added back."""
    return forecast * np.exp(component) if long.multiplicative else forecast + component


def _candidates(batch: Batch, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts (candidates, horizon, series) and the network's spread (horizon, series, quantiles)."""
    steps = min(horizon, max(STEPS, season))
    network = quantiles(batch, steps, season)
    batch = batch.latest(_recursed(season))
    combined = combine(batch, network[..., MIDDLE], steps, season)
    simple = baselines.seasonal_naive(batch, horizon, season)
    combined = np.where(np.isfinite(combined), combined, simple[:steps])
    spread = network - network[..., MIDDLE : MIDDLE + 1]
    if steps < horizon:
        again = np.arange(horizon)
        again = np.where(again < steps, again, steps - season + (again - steps) % season)
        combined, spread = combined[again], spread[again]
        spread[steps:] = spread[steps - season : steps].mean(axis=0)
    means = [_phase_means(batch, season, cycles) for cycles in (RECENT[0] if season > 1 else RECENT[1], None)]
    phase = np.arange(horizon) % season
    return np.array([combined, simple, *(mean[phase] for mean in means), combined]), spread


def _phase_means(batch: Batch, season: int, cycles: int | None) -> np.ndarray:
    """Means of each phase over the latest `cycles` (None: all); row 0 is the phase that comes next. (season, series) A
    phase without values has the mean of all."""
    values = batch.values[-season * cycles :] if cycles is not None else batch.values
    pad = np.full((-len(values) % season, values.shape[1]), np.nan)
    folded = np.concatenate([pad, values]).reshape(-1, season, values.shape[1])
    there = ~np.isnan(folded)
    total, count = np.where(there, folded, 0.0).sum(axis=0), there.sum(axis=0)
    overall = total.sum(axis=0) / np.maximum(count.sum(axis=0), 1)
    return np.where(count > 0, total / np.maximum(count, 1), overall)


def weigh(
    errors: np.ndarray, member: np.ndarray, ends: np.ndarray, trust: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """The candidates' weights in each step's forecast of each series. (candidates, series, horizon)

    `errors` (candidates, folds, horizon) are absolute errors of earlier forecasts, NaN where nothing is known, `member`
    (folds,) whose they are, `ends` how many values each history has, `scales` what its errors are measured in; `trust`
    (series,) is the prior weight of the changes added up.
    Weights are prior weights times a likelihood: of errors with a Laplace distribution, tempered, as many as there are
    independent origins; an error clearly larger than the best candidate's counts in full.
    """
    horizon, count = errors.shape[2], len(trust)
    weights = np.zeros((len(PRIOR), count, horizon))
    start, score = 0, np.zeros((len(PRIOR), count))
    measured = False
    for end in _buckets(horizon):
        part = errors[:, :, start:end] / scales[:, None]
        known = np.isfinite(part).all(axis=0)
        folds = known.any(axis=1)
        mean = np.where(known, np.nan_to_num(part), 0.0).sum(axis=2) / np.maximum(known.sum(axis=1), 1)
        if folds.any():  # else what was measured nearer by holds
            score, measured = _scores(mean[:, folds], member[folds], ends[folds], count, end), True
        if not measured and start < STEPS:
            shares = _with_changes(np.eye(len(PRIOR))[0], trust)
        else:
            shares = _with_changes(PRIOR if start < STEPS else FAR_PRIOR, trust) * np.exp(score - score.max(axis=0))
        weights[:, :, start:end] = (shares / shares.sum(axis=0))[..., None]
        start = end
    return weights


def _with_changes(prior: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Prior weights of all candidates, of which the changes have `trust` (series,). (candidates, series)"""
    weights: np.ndarray = prior[:, None] * (1 - trust)
    weights[CHANGES] = trust
    return weights


def _buckets(horizon: int) -> list[int]:
    """The ends of the parts of a horizon that are weighted separately: each twice as long as all before it."""
    ends = [STEPS]
    while ends[-1] < horizon:
        ends.append(2 * ends[-1])
    return [*ends[:-1], horizon]


def _scores(errors: np.ndarray, member: np.ndarray, ends: np.ndarray, count: int, reach: int) -> np.ndarray:
    """Log-likelihoods from mean errors (candidates, folds), relative to the best. (candidates, series)"""
    logs = np.log(errors + 1e-3 * errors.max(axis=0).clip(1e-12))
    folds = np.bincount(member, minlength=count)
    first, last = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(first, member, ends)
    np.maximum.at(last, member, ends)
    independent = np.where(folds > 0, np.minimum(1 + (last - np.minimum(first, last)) / reach, folds), 0.0)
    own = np.array([np.bincount(member, row, count) for row in logs]) / np.maximum(folds, 1)
    pooled = own[:, folds > 0].mean(axis=1, keepdims=True)
    others = min(MOST_TOGETHER, TOGETHER * max(int((folds > 0).sum()) - 1, 0))
    return -(independent * _loss(own) + others * _loss(pooled))


def _loss(logs: np.ndarray) -> np.ndarray:
    """The loss of each candidate from the logarithms of its errors (candidates, series), relative to the best."""
    behind = logs - logs.min(axis=0)
    return SHARPNESS * behind + CLEARLY * np.maximum(behind - CLEAR, 0.0)
