"""Seasons of very many periods, such as the year of daily data: a few sines and cosines, if the history supports them.

The series is averaged over blocks of whole short seasons, and a broken line and harmonics are fitted to the blocks. The
number of harmonics (possibly none) is the one that best predicts cycles it was not fitted to.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

LEAST_CYCLES = 1.9  # of history; in less, a season cannot be told from a trend
BLOCKS = 60  # about as many in a cycle
HARMONICS = (0, 1, 2, 3, 5, 8, 12)
CLEARLY = 0.02  # share of the error by which harmonics must be better than none
STIFF = 0.5  # how much a bend in the line is held back, in observations


@dataclass(frozen=True)
class LongSeason:
    """A series' long season: its `period`, the values per block, the harmonics, and whether it multiplies."""

    period: float
    block: int
    harmonics: int
    multiplicative: bool


def find_long_season(values: np.ndarray, period: float, season: int) -> LongSeason | None:
    """The long season of a series without missing values, beside the `season` it is forecast with, if any."""
    block = season * max(1, round(period / BLOCKS / season))
    count = len(values) // block
    if len(values) < LEAST_CYCLES * period or period / block < 6:
        return None
    means = _blocks(values, block)
    best: tuple[float, int, bool] = (np.inf, 0, False)
    plain = np.inf
    for multiplicative in (False, True):
        if multiplicative and values.min() <= 0:
            break
        level = np.log(means) if multiplicative else means
        for harmonics in HARMONICS:
            if 3 * harmonics > period / block:
                break
            line, operators = _cross_validation(count, block, period, harmonics)
            fitted = line @ level
            predicted = np.zeros(count)
            for rows, operator in operators:
                predicted[rows] = operator @ (level - fitted)
            made = np.exp(fitted + predicted) if multiplicative else fitted + predicted
            error = float(np.abs(means - made).mean())
            if harmonics == 0:
                plain = min(plain, error)
            best = min(best, (error, harmonics, multiplicative))
    error, harmonics, multiplicative = best
    if harmonics == 0 or not error < (1 - CLEARLY) * plain:
        return None
    return LongSeason(period, block, harmonics, multiplicative)


def long_component(values: np.ndarray, found: LongSeason, horizon: int) -> np.ndarray:
    """The season at each value and for `horizon` further steps: terms of mean zero, or logarithms. (time + horizon,)"""
    means = _blocks(values, found.block)
    level = np.log(np.maximum(means, 1e-300)) if found.multiplicative else means
    centres = _centres(len(means), found.block)
    line = _line(centres, found.period)
    design = np.concatenate([line, _waves(centres, found.period, found.harmonics)], axis=1)
    fitted = _ridge(design, line.shape[1]) @ level
    places = np.arange(-len(values), horizon)
    return _waves(places, found.period, found.harmonics) @ fitted[line.shape[1] :]


def _blocks(values: np.ndarray, block: int) -> np.ndarray:
    """Means of `block` values each, counted from the end."""
    count = len(values) // block
    return values[len(values) - count * block :].reshape(count, block).mean(axis=1)


def _centres(count: int, block: int) -> np.ndarray:
    """The positions of blocks, counted from the end of the series, which is 0."""
    return (np.arange(-count, 0) + 0.5) * block - 0.5


def _line(places: np.ndarray, period: float) -> np.ndarray:
    """A line that can bend once per cycle. (places, columns)"""
    span = places[-1] - places[0]
    bends = places[0] + np.arange(1, int(span / period)) * period
    columns = [np.ones(len(places)), places / period]
    return np.stack([*columns, *(np.maximum(places - bend, 0.0) / period for bend in bends)], axis=1)


def _waves(places: np.ndarray, period: float, harmonics: int) -> np.ndarray:
    angles = 2 * np.pi / period * places[:, None] * np.arange(1, harmonics + 1)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def _ridge(design: np.ndarray, broken: int) -> np.ndarray:
    """The operator from values to coefficients, with a penalty on bends and on waves, larger for quicker ones."""
    held = np.zeros(design.shape[1])
    held[2:broken] = STIFF
    harmonics = (design.shape[1] - broken) // 2
    held[broken:] = np.tile(0.02 * np.arange(1, harmonics + 1) ** 2, 2)
    return np.linalg.solve(design.T @ design + np.diag(held), design.T)


@functools.lru_cache(maxsize=64)
def _cross_validation(
    count: int, block: int, period: float, harmonics: int
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """The operator that gives the broken line of blocks, and for each cycle its positions and the operator that gives
    its waves from the residuals of the other cycles."""
    centres = _centres(count, block)
    line, few = _line(centres, period), _waves(centres, period, 3)
    both = np.concatenate([line, few], axis=1)
    trend = line @ _ridge(both, line.shape[1])[: line.shape[1]]
    if not harmonics:
        return trend, []
    waves = _waves(centres, period, harmonics)
    cycle = np.floor((centres - centres[-1]) / period - 1e-9).astype(int)
    operators = []
    for number in np.unique(cycle):
        rows = np.flatnonzero(cycle == number)
        others = np.where(cycle == number, 0.0, 1.0)[:, None]
        operators.append((rows, waves[rows] @ _ridge(waves * others, 0)))
    return trend, operators
