"""Effects of covariates and holidays by least squares, where no network is trained: found, removed, and added back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.forecasting.engine import Outcome, forecast_arrays
from seqcli.forecasting.metrics import scale
from seqcli.forecasting.prepare import Prepared
from seqcli.forecasting.recurrent.covariates import KnownInputs

LEAST_T = 2.0  # standard errors an effect must be from zero to be used
LEAST_VALUES = 12  # of a series, beside two for every input
LEAST_OWN = 0.1  # of an input's deviation that must be left beside the season
WINDOW = 30  # about the values over which the level is taken to be the same


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
    none = Effects(np.zeros(inputs.shape[1]), False, np.zeros(len(inputs)))
    known = ~np.isnan(values)
    if known.sum() < LEAST_VALUES + 2 * len(inputs):
        return none
    past = inputs[:, : len(values)]
    best, least = none, _error(values, none, season)
    for multiplicative in (False, True):
        if multiplicative and not (values[known] > 0).all():
            break
        sizes = _sizes(np.log(values) if multiplicative else values, past, season)
        found = Effects(sizes @ inputs - sizes @ past.mean(axis=1), multiplicative, sizes)
        error = _error(values, found, season)
        if error < least:
            best, least = found, error
    return best


def _sizes(values: np.ndarray, inputs: np.ndarray, season: int) -> np.ndarray:
    """Coefficients; those that do not differ significantly from zero are removed one by one. An input that nearly
    repeats with the season, such as a promotion every December, cannot be told from it: what is left of it is the edges
    of the neighbourhoods, and an effect of that would be any number."""
    known = ~np.isnan(values)
    target = apart(values, season)[known]
    there = [np.where(known, row, np.nan) for row in inputs]
    columns = np.array([apart(row, season)[known] for row in there])
    whole = np.array([apart(row, 1)[known].std() for row in there])
    least = np.maximum(LEAST_OWN * whole, 1e-9 * (1 + np.abs(inputs).max(axis=1)))
    used = np.flatnonzero(columns.std(axis=1) > least).tolist()
    sizes = np.zeros(len(inputs))
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
        sizes = [(one.sizes[index], one.multiplicative) for one in effects if one.sizes[index] != 0]
        if not sizes:
            said.append(f"{name}: no effect is seen")
            continue
        factors = [size for size, multiplicative in sizes if multiplicative]
        if 2 * len(factors) >= len(sizes):
            said.append(f"{name}: {100 * np.expm1(np.mean(factors)):+.0f} % for each unit")
        else:
            mean = np.mean([size for size, multiplicative in sizes if not multiplicative])
            said.append(f"{name}: {mean:+.4g} for each unit")
    return said


def forecast_with_effects(prepared: Prepared, known: KnownInputs | None) -> tuple[Outcome, list[str]]:
    """Forecasts with the effects of known inputs, and notices about them; plain forecasts without such inputs."""
    if known is None or not known.names:
        return forecast_arrays(prepared.filled, prepared.known, prepared.setting), []
    found = [find_effects(values, x, prepared.season) for values, x in zip(prepared.known, known.values, strict=True)]
    # inputs are scaled; in what is said they have their own units
    units = np.array([deviation for _, deviation in known.scaling] + [1.0] * (len(known.names) - len(known.scaling)))
    plain = [replace(one, sizes=one.sizes / units) for one in found]
    said = [f"effects of what is known beforehand: {'; '.join(describe(plain, known.names))}"]
    filled, values = without(found, prepared.filled), without(found, prepared.known)
    made = forecast_arrays(filled, values, prepared.setting)
    return restored(made, found, [len(one) for one in filled], prepared.season), said


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
