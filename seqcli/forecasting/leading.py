"""Columns that are known only in the past: what follows them after some periods, where earlier forecasts gain by it.

The delay is the one at which a series and a column, both filtered by the column's own autocorrelation, go together most
(Box & Jenkins 1970). As far ahead as the delay reaches, the column is known; beyond, its own forecast stands in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.errors import DataError
from seqcli.forecasting import regression
from seqcli.forecasting.classical.batch import fill_missing, mean_of_known
from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.engine import Outcome
from seqcli.forecasting.prepare import Prepared
from seqcli.forecasting.regression import Effects, apart, without

LONGEST = 24  # periods that an effect may come later, or a season, but no more than a quarter of the series
ORIGINS = 4  # earlier forecasts that must gain


@dataclass(frozen=True)
class Delayed:
    """The effects on one series: `rows` (columns, length + horizon) are the columns as late as their `delays` say, with
    their own forecasts at the end; a delay of 0: no effect is seen."""

    effects: Effects
    rows: np.ndarray
    delays: tuple[int, ...]


def forecast_with_past(prepared: Prepared) -> Outcome:
    """Forecasts with the effects of what is known ahead, and of the columns that are known only in the past where these
    help. Raises `DataError` for a column without values."""
    panel = prepared.panel
    if not panel.past_names:
        return regression.forecast_with_effects(prepared)
    columns = [_filled(one.covariates[-len(panel.past_names) :], panel.past_names) for one in panel.series]
    found = _find(prepared.known, columns, prepared)
    effects = [one.effects for one in found]
    names = [f"{name}{_late(found, place, prepared)}" for place, name in enumerate(panel.past_names)]
    said = f"past covariates: {'; '.join(regression.describe(effects, names))}"
    seen = any(one.sizes.any() for one in effects)
    gain = _gain(prepared, columns) if seen else None
    if gain is None:
        made = regression.forecast_with_effects(prepared)
        said += "; earlier forecasts are no better with them: not used" if seen else ""
    else:
        filled, observed = (without(effects, series) for series in (prepared.filled, prepared.known))
        made = regression.forecast_with_effects(replace(prepared, filled=filled, known=observed))
        made = regression.restored(made, effects, list(map(len, filled)), prepared.season)
        made = _expected(made, effects, _change(made, found, columns, prepared.season))
        said += f"; errors of earlier forecasts are {gain:.0%} smaller with them"
    return replace(made, said=(*made.said, said))


def _filled(columns: np.ndarray, names: Sequence[str]) -> np.ndarray:
    for name, column in zip(names, columns, strict=True):
        if np.isnan(column).all():
            raise DataError("has no values", column=name, hint="leave it out of --past-covariates")
    return np.array([fill_missing(column, 1) for column in columns])


def _late(found: Sequence[Delayed], place: int, prepared: Prepared) -> str:
    """How much later the effect of a column comes, of most series."""
    delays = Counter(one.delays[place] for one in found if one.effects.sizes[place])
    if not delays:
        return ""
    delay, step = delays.most_common(1)[0][0], prepared.panel.frequency.step
    return f" {delay} {step}{'s' if delay > 1 else ''} before"


def _find(series: Sequence[np.ndarray], columns: Sequence[np.ndarray], prepared: Prepared) -> list[Delayed]:
    """The effects of `columns` (columns, length) of each of the series (length,), NaN where these are missing."""
    horizon, season = prepared.horizon, prepared.season
    every = [column[: len(values)] for values, group in zip(series, columns, strict=True) for column in group]
    ahead = forecast_all(every, horizon, season).reshape(len(series), -1, horizon)
    found = []
    for values, group, following in zip(series, columns, ahead, strict=True):
        delays = tuple(_delay(values, column[: len(values)], season) for column in group)
        rows = _rows(group[:, : len(values)], following, delays)
        later = values.copy()
        later[: max(delays, default=0)] = np.nan  # what came before them is not known
        effects = regression.find_effects(later, rows, season)
        found.append(Delayed(effects, rows, delays))
    return found


def _delay(values: np.ndarray, column: np.ndarray, season: int) -> int:
    """After how many periods a series (length,) follows a column (length,); 0 if by nothing but chance it does."""
    y, x = apart(values, season), apart(column, season)
    if not x.any():
        return 0
    memory = float(np.clip((x[1:] * x[:-1]).sum() / (x * x).sum(), 0.0, 1.0))
    y, x = y[1:] - memory * y[:-1], x[1:] - memory * x[:-1]
    most = min(max(LONGEST, season), len(values) // 4)
    scores = np.zeros(most + 1)
    for delay in range(1, most + 1):
        both = ~np.isnan(y[delay:])
        a, b = y[delay:][both], x[:-delay][both]
        spread = np.sqrt((a * a).sum() * (b * b).sum())
        scores[delay] = abs((a * b).sum()) / spread * np.sqrt(len(a)) if spread > 0 else 0.0
    best = int(scores.argmax())
    # the largest of so many is large by chance
    return best if scores[best] > regression.LEAST_T + np.sqrt(2 * np.log(max(most, 1))) else 0


def _rows(columns: np.ndarray, ahead: np.ndarray, delays: Sequence[int]) -> np.ndarray:
    """Columns (columns, length) with what is expected of them `ahead` (columns, horizon), as late as their delays."""
    length = columns.shape[1] + ahead.shape[1]
    whole = [
        np.concatenate([np.full(delay, column[0]), column, following])[:length] if delay else np.zeros(length)
        for column, following, delay in zip(columns, ahead, delays, strict=True)
    ]
    return np.array(whole)


def _gain(prepared: Prepared, columns: Sequence[np.ndarray]) -> float | None:
    """By what share the effects, found anew at each, make the errors of earlier forecasts smaller; None unless the gain
    is more than its standard error."""
    ends = regression.cuts(prepared, range(len(prepared.filled)), ORIGINS)
    if not ends:
        return None
    found = _find([prepared.known[index][:end] for index, end in ends], [columns[index] for index, _ in ends], prepared)
    none = [Effects(np.zeros(end + prepared.horizon), False, np.zeros(0)) for _, end in ends]
    errors = regression.earlier_errors(prepared, ends * 2, [*none, *(one.effects for one in found)])
    before, after = errors[: len(ends)], errors[len(ends) :]
    usable = np.isfinite(before) & np.isfinite(after)
    gains = (before - after)[usable]
    if not len(gains) or gains.mean() <= gains.std() / np.sqrt(len(gains)):
        return None
    return float(gains.mean() / before[usable].mean())


def _change(made: Outcome, found: Sequence[Delayed], columns: Sequence[np.ndarray], season: int) -> np.ndarray:
    """What was expected of the effects at earlier origins, minus what they were. (folds, horizon)"""
    members, horizon = made.folds.member.tolist(), made.earlier.shape[1]
    ends = [len(history) for history in made.folds.histories]
    past = [columns[index][:, :end] for index, end in zip(members, ends, strict=True)]
    ahead = forecast_all([column for group in past for column in group], horizon, season)
    change = np.zeros(made.earlier.shape)
    for row, (index, end, group) in enumerate(zip(members, ends, past, strict=True)):
        one = found[index]
        then = _rows(group, ahead[row * len(group) : (row + 1) * len(group)], one.delays)
        change[row] = one.effects.sizes @ (then - one.rows[:, : end + horizon])[:, end:]
    return change


def _expected(made: Outcome, effects: Sequence[Effects], change: np.ndarray) -> Outcome:
    """Earlier forecasts with the effects as they were expected then, which is `change` (folds, horizon) beside what
    they were; and intervals wider by as much as this made them worse, at each step and all later ones."""
    by_factor = np.array([effects[index].multiplicative for index in made.folds.member.tolist()], bool)[:, None]
    earlier = np.where(by_factor, made.earlier * np.exp(np.where(by_factor, change, 0.0)), made.earlier + change)
    errors = [mean_of_known((made.folds.actual - one) ** 2) for one in (earlier, made.earlier)]
    factor = np.sqrt(errors[0] / np.maximum(errors[1], 1e-300))
    factor = np.maximum.accumulate(np.maximum(factor, 1.0))
    centre = made.point[..., None]
    return replace(made, earlier=earlier, bands=centre + factor[:, None] * (made.bands - centre))
