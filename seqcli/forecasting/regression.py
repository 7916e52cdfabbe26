"""Effects of covariates and holidays by least squares, where no network is trained: found, removed, and added back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.engine import Outcome, forecast_arrays
from seqcli.forecasting.importance import Worth, compared, groups
from seqcli.forecasting.metrics import mase, scale
from seqcli.forecasting.prepare import Prepared

LEAST_T = 2.0  # standard errors an effect must be from zero to be used
LEAST_VALUES = 12  # of a series, beside two for every input
LEAST_OWN = 0.1  # of an input's deviation that must be left beside the season
WINDOW = 30  # about the values over which the level is taken to be the same
# of earlier forecasts that tell what inputs are worth
ORIGINS, MOST_SERIES, MOST_RUNS = 8, 20, 24  # of a series, series, and about so many forecasts with and without inputs


@dataclass(frozen=True)
class Effects:
    """The effects of known inputs on one series: a term for every value and `horizon` further steps, or the logarithm
    of a factor; `sizes` are the coefficients, zero for inputs without an effect."""

    values: np.ndarray  # (length + horizon,)
    multiplicative: bool
    sizes: np.ndarray  # (inputs,)

    def remove(self, values: np.ndarray) -> np.ndarray:
        """The series (length,) without the effects."""
        effect = self.values[: len(values)]
        return values / np.exp(effect) if self.multiplicative else values - effect

    def restore(self, values: np.ndarray, start: int) -> np.ndarray:
        """Numbers (steps, …) from position `start` of the series on, with the effects added back."""
        effect = self.values[start : start + len(values)].reshape(-1, *[1] * (values.ndim - 1))
        return values * np.exp(effect) if self.multiplicative else values + effect


def find_effects(values: np.ndarray, inputs: np.ndarray, season: int) -> Effects:
    """Effects of `inputs` (inputs, length + horizon) on a series (length,), NaN where it is missing.

    Values and inputs are compared with the mean of their phase and with the mean of their neighbourhood, so that
    neither season nor trend is taken for an effect (Frisch & Waugh 1933). On the logarithm, so that an input
    multiplies, where values are positive and that fits better.
    """
    return effects_without(values, inputs, season, [[]])[0]


def effects_without(
    values: np.ndarray, inputs: np.ndarray, season: int, left_out: Sequence[Sequence[int]]
) -> list[Effects]:
    """The effects that are found without each of these sets of inputs, given by their places."""
    none = Effects(np.zeros(inputs.shape[1]), False, np.zeros(len(inputs)))
    known = ~np.isnan(values)
    if known.sum() < LEAST_VALUES + 2 * len(inputs):
        return [none] * len(left_out)
    past = inputs[:, : len(values)]
    columns, usable = _columns(past, known, season)
    targets = [(False, apart(values, season)[known])]
    if (values[known] > 0).all():
        targets.append((True, apart(np.log(values), season)[known]))
    effects, plain = [], _error(values, none, season)
    for places in left_out:
        best, least = none, plain
        for multiplicative, target in targets:
            sizes = _sizes(target, columns, [place for place in usable if place not in places], season)
            found = Effects(sizes @ inputs - sizes @ past.mean(axis=1), multiplicative, sizes)
            error = _error(values, found, season)
            if error < least:
                best, least = found, error
        effects.append(best)
    return effects


def _columns(inputs: np.ndarray, known: np.ndarray, season: int) -> tuple[np.ndarray, list[int]]:
    """Inputs (inputs, known values) apart from season and neighbourhood, and the places of those whose effect can be
    told. An input that nearly repeats with the season, such as a promotion every December, cannot be told from it: what
    is left of it is the edges of the neighbourhoods, and an effect of that would be any number."""
    there = [np.where(known, row, np.nan) for row in inputs]
    columns = np.array([apart(row, season)[known] for row in there])
    whole = np.array([apart(row, 1)[known].std() for row in there])
    least = np.maximum(LEAST_OWN * whole, 1e-9 * (1 + np.abs(inputs).max(axis=1)))
    return columns, np.flatnonzero(columns.std(axis=1) > least).tolist()


def _sizes(target: np.ndarray, columns: np.ndarray, used: list[int], season: int) -> np.ndarray:
    """Coefficients of the columns that are `used`; of these, any that do not differ significantly from zero are removed
    one by one."""
    sizes = np.zeros(len(columns))
    while used:
        design = columns[used].T
        inverse = np.linalg.pinv(design.T @ design)
        found = inverse @ (design.T @ target)
        rest = target - design @ found
        variance = float(rest @ rest) / max(len(target) - len(used) - season, 1)
        scores = np.abs(found) / np.sqrt(np.maximum(np.diag(inverse) * variance, 1e-300))
        weakest = int(np.argmin(scores))
        if scores[weakest] >= LEAST_T:
            sizes[used] = found
            break
        used.pop(weakest)
    return sizes


def _error(values: np.ndarray, effects: Effects, season: int) -> float:
    """The mean absolute error, in the values' unit, of what is usual in phase and neighbourhood plus effects."""
    without = effects.remove(values)
    usual = without - apart(without, season)
    return float(np.nanmean(np.abs(values - effects.restore(usual, 0))))


def apart(values: np.ndarray, season: int) -> np.ndarray:
    """Values minus the mean of their neighbourhood and of their phase; NaN stays NaN."""
    known = ~np.isnan(values)
    width = 2 * max(WINDOW // 2, season) + 1
    kernel = np.ones(min(width, len(values) if len(values) % 2 else len(values) - 1))
    count = np.convolve(known.astype(float), kernel, "same")
    level = np.convolve(np.where(known, values, 0.0), kernel, "same") / np.maximum(count, 1)
    rest = values - level
    if season < 2 or len(values) < 2 * season:
        return rest
    phase = np.arange(len(values)) % season
    total = np.bincount(phase[known], rest[known], season)
    usual = total / np.maximum(np.bincount(phase[known], minlength=season), 1)
    return rest - usual[phase]


def describe(effects: Sequence[Effects], names: Sequence[str]) -> list[str]:
    """The effect of each input in words: its mean over the series, or that there is none."""
    said = []
    for index, name in enumerate(names):
        seen = [one for one in effects if one.sizes[index] != 0]
        terms, factors = ([one.sizes[index] for one in seen if one.multiplicative == way] for way in (False, True))
        if not seen:
            said.append(f"{name}: no effect is seen")
        elif len(factors) >= len(terms):
            said.append(f"{name}: {100 * np.expm1(np.mean(factors)):+.0f} % for each unit")
        else:
            said.append(f"{name}: {np.mean(terms):+.4g} for each unit")
    return said


def forecast_with_effects(prepared: Prepared) -> Outcome:
    """Forecasts with the effects of known inputs; plain forecasts without such inputs."""
    known = prepared.inputs
    if not known.names:
        return forecast_arrays(prepared.filled, prepared.known, prepared.setting)
    found = [find_effects(values, x, prepared.season) for values, x in zip(prepared.known, known.values, strict=True)]
    # inputs are scaled; in what is said they have their own units
    own = len(known.scaling)
    units = np.array([deviation for _, deviation in known.scaling] + [1.0] * (len(known.names) - own))
    plain = [replace(one, sizes=one.sizes / units) for one in found]
    worth = _worth(prepared, found)
    said = describe(plain, known.names)
    said[:own] = [f"{text}, {one.said()}" if one.used else text for text, one in zip(said[:own], worth, strict=False)]
    said += [f"{one.name}: {one.said()}" for one in worth[own:] if one.used]
    filled, values = without(found, prepared.filled), without(found, prepared.known)
    made = forecast_arrays(filled, values, prepared.setting)
    made = restored(made, found, [len(one) for one in filled], prepared.season)
    return replace(made, said=(f"effects of what is known beforehand: {'; '.join(said)}",), worth=worth)


def _worth(prepared: Prepared, found: Sequence[Effects]) -> list[Worth]:
    """What each input is worth: earlier forecasts, a horizon apart, with effects that are found anew at each of their
    origins, of all inputs that are used, and of all but one. So what two inputs both say is worth little in each. An
    input that is the same in all that was forecast cannot be measured."""
    known, horizon = prepared.inputs, prepared.horizon
    inputs = groups(known.names)
    used = [one for one in inputs if any(effects.sizes[one[1]].any() for effects in found)]
    rows = [place for _, places in used for place in places]
    members = np.linspace(0, len(found) - 1, min(len(found), MOST_SERIES)).astype(int).tolist()
    origins = int(np.clip(MOST_RUNS // (len(members) * (1 + len(used))), 1, ORIGINS))
    ends = cuts(prepared, members, origins) if used else []
    ways = [[], *([rows.index(place) for place in places] for _, places in used)]
    if not ends:
        return [Worth(one[0], one in used) for one in inputs]
    effects = [
        effects_without(prepared.known[i][:end], known.values[i][rows, : end + horizon], prepared.season, ways)
        for i, end in ends
    ]
    every = [one[way] for way in range(len(ways)) for one in effects]
    errors = earlier_errors(prepared, ends * len(ways), every).reshape(len(ways), -1)
    worth = []
    for one in inputs:
        ahead = np.concatenate([known.values[i][one[1], end : end + horizon] for i, end in ends], axis=1)
        if one in used and np.ptp(ahead, axis=1).any():
            worth.append(compared(one[0], errors[0], errors[1 + used.index(one)]))
        else:
            worth.append(Worth(one[0], one in used))
    return worth


def cuts(prepared: Prepared, members: Sequence[int], origins: int) -> list[tuple[int, int]]:
    """Series and the ends of their histories, up to so many `origins` a horizon apart in the later half of each."""
    lengths = {index: len(prepared.filled[index]) for index in members}
    return [
        (index, end)
        for index, length in lengths.items()
        for end in range(length - prepared.horizon, length - (origins + 1) * prepared.horizon, -prepared.horizon)
        if end >= max(length // 2, 2 * prepared.season + 2)
    ]


def earlier_errors(prepared: Prepared, ends: Sequence[tuple[int, int]], effects: Sequence[Effects]) -> np.ndarray:
    """MASE of forecasts from earlier origins, the `ends` of `cuts`, with the effects found at each. (origins,)"""
    histories = [prepared.filled[index][:end] for index, end in ends]
    made = forecast_all(without(effects, histories), prepared.horizon, prepared.season)
    made = np.array([one.restore(row, end) for one, row, (_, end) in zip(effects, made, ends, strict=True)])
    actual = np.array([prepared.known[index][end : end + prepared.horizon] for index, end in ends])
    return mase(actual, made, np.array([scale(history, prepared.season) for history in histories]))


def without(effects: Sequence[Effects], series: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Series without their effects."""
    return [one.remove(values) for one, values in zip(effects, series, strict=True)]


def restored(made: Outcome, effects: Sequence[Effects], lengths: Sequence[int], season: int) -> Outcome:
    """Forecasts of series of these lengths without their effects, with these added back."""

    def whole(numbers: np.ndarray, members: Sequence[int], places: Sequence[int]) -> np.ndarray:
        rows = [effects[i].restore(row, start) for row, i, start in zip(numbers, members, places, strict=True)]
        return np.array(rows).reshape(numbers.shape)

    folds, every = made.folds, range(len(lengths))
    members, places = folds.member.tolist(), [len(history) for history in folds.histories]
    histories = [effects[i].restore(history, 0) for i, history in zip(members, folds.histories, strict=True)]
    scales = np.array([scale(history, season) for history in histories])
    return replace(
        made,
        point=whole(made.point, every, lengths),
        bands=whole(made.bands, every, lengths),
        folds=replace(folds, histories=histories, actual=whole(folds.actual, members, places), scales=scales),
        earlier=whole(made.earlier, members, places),
    )
