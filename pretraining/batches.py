"""Batches of windows: synthetic series and pieces of real ones, changed a little, with what followed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from generators import synthesise
from pool import HORIZONS, Pool, held_horizon

from seqcli.forecasting.recurrent.inputs import make_inputs
from seqcli.forecasting.recurrent.windows import Windows, kept, make_windows

MOST_STEPS = 20  # steps ahead of a window that are learnt from, drawn from its horizon
MOST_VALUES = 150_000  # of a batch's histories: long ones come in smaller batches
TWICE = 200  # so many batches are made, then seen again


@dataclass(frozen=True)
class Kind:
    """What windows of one season are like: how often there are some, how long histories and horizons may be, and what
    share of them is real."""

    season: int
    share: float
    history: tuple[int, int]
    horizon: tuple[int, int]
    real: float


KINDS = (
    Kind(1, 0.16, (5, 70), (2, 12), 0.3),
    Kind(1, 0.03, (50, 400), (6, 60), 0.5),
    Kind(4, 0.15, (8, 160), (4, 20), 0.55),
    Kind(12, 0.24, (14, 400), (6, 40), 0.6),
    Kind(52, 0.10, (20, 500), (6, 60), 0.7),
    Kind(7, 0.10, (12, 1300), (7, 90), 0.7),
    Kind(7, 0.02, (500, 1400), (100, 400), 0.8),
    Kind(5, 0.03, (20, 1000), (5, 40), 0.8),
    Kind(24, 0.09, (48, 1300), (12, 200), 0.8),
    Kind(168, 0.035, (170, 1300), (24, 200), 0.8),
    Kind(48, 0.025, (96, 1300), (24, 200), 0.8),
    Kind(96, 0.015, (150, 1300), (48, 200), 0.6),
    Kind(144, 0.02, (200, 1600), (48, 300), 0.8),
    Kind(288, 0.02, (400, 2000), (96, 600), 0.85),
    Kind(13, 0.005, (14, 150), (6, 20), 0.4),
    Kind(0, 0.015, (12, 300), (4, 40), 0.0),  # any season from 2 to 60
)


class Source:
    """Windows by number: the same seed, pool and number always give the same batch. Every batch comes twice."""

    def __init__(self, pool: Pool, seed: int, size: int = 256) -> None:
        self.seed, self.size = seed, size
        self.sources = {kind.season: pool.of(kind.season) for kind in KINDS}
        self.chances = {
            season: np.cumsum([source.weight for source in sources]) for season, sources in self.sources.items()
        }
        self._made = OrderedDict[int, Windows]()

    def windows(self, number: int) -> Windows:
        number = number // (2 * TWICE) * TWICE + number % TWICE
        if number in self._made:
            return self._made.pop(number)
        self._made[number] = made = self._make(number)
        while len(self._made) > TWICE:
            self._made.popitem(last=False)
        return made

    def _make(self, number: int) -> Windows:
        rng = np.random.default_rng((self.seed, number))
        shares = np.array([kind.share for kind in KINDS])
        kind = KINDS[rng.choice(len(KINDS), p=shares / shares.sum())]
        season = kind.season or int(np.exp(rng.uniform(np.log(2), np.log(60))))
        longest = int(np.exp(rng.uniform(*np.log(np.array(kind.history) * (1.6, 1.0)))))
        horizon = int(np.exp(rng.uniform(*np.log(np.array(kind.horizon) + np.array([0, 0.99])))))
        size = min(self.size, max(32, MOST_VALUES // longest))
        # of much the same length, since padding costs as much as a history does
        lengths = rng.integers(max(kind.history[0], int(longest * 0.8)), longest + 1, size)
        short = rng.random(size) < 0.05
        lengths = np.where(short, rng.integers(kind.history[0], longest + 1, size), lengths)
        series = np.full((size, longest + horizon), np.nan)
        real = round(size * kind.real) if self.sources.get(season) else 0
        if real:
            series[:real] = self._real(rng, season, lengths[:real], longest, horizon)
        series[real:] = synthesise(rng, size - real, longest + horizon, season)
        late = np.arange(longest + horizon) >= (longest - lengths)[:, None]
        series = np.where(late, series, np.nan)
        return windows_of(series[~np.isnan(series[:, longest - 1])], season, horizon, rng)

    def _real(
        self, rng: np.random.Generator, season: int, lengths: np.ndarray, longest: int, horizon: int
    ) -> np.ndarray:
        pieces = self._pieces(rng, season, lengths, longest, horizon)
        mixed = np.flatnonzero((rng.random(len(pieces)) < 0.2) & ~_sparse(pieces))
        other = self._pieces(rng, season, lengths[mixed], longest, horizon)
        share = rng.uniform(0.1, 0.6, (len(mixed), 1))
        sizes = [np.nanmean(np.abs(part), axis=1, keepdims=True) + 1e-12 for part in (pieces[mixed], other)]
        mixture = (1 - share) * pieces[mixed] / sizes[0] + share * other / sizes[1]
        whole = ~(np.isnan(mixture) & ~np.isnan(pieces[mixed])).any(axis=1) & ~_sparse(other)
        pieces[mixed[whole]] = mixture[whole]
        return _changed(rng, pieces, longest, season)

    def _pieces(
        self, rng: np.random.Generator, season: int, lengths: np.ndarray, longest: int, horizon: int
    ) -> np.ndarray:
        sources, chances = self.sources[season], self.chances[season]
        result = np.full((len(lengths), longest + horizon), np.nan)
        for row, index in enumerate(np.searchsorted(chances, rng.random(len(lengths)) * chances[-1])):
            series = sources[index].train
            y = series[rng.integers(len(series))]
            first = min(max(4, len(y) // 4), max(len(y) - horizon, 3), int(lengths[row]))
            end = int(rng.integers(first, max(first, len(y) - max(1, horizon // 2)) + 1))
            past = y[max(0, end - longest) : end]
            future = y[end : end + horizon]
            result[row, longest - len(past) : longest] = past
            result[row, longest : longest + len(future)] = future
        return result


def _sparse(y: np.ndarray) -> np.ndarray:
    """Which rows have many zeros and nothing below: they must keep them. (count,) bool"""
    zeros = (y == 0).sum(axis=1) >= 0.15 * (~np.isnan(y)).sum(axis=1)
    sparse: np.ndarray = zeros & (np.nan_to_num(y).min(axis=1) >= 0)
    return sparse


def _changed(rng: np.random.Generator, y: np.ndarray, longest: int, season: int) -> np.ndarray:
    """Real pieces made into others: with another trend or level, stretched, turned over, in other units."""
    count, length = y.shape
    sparse = np.flatnonzero(_sparse(y))
    kept_whole = _fewer(rng, y[sparse])
    t = np.arange(length) - longest
    level = np.nanmean(np.abs(y), axis=1, keepdims=True) + 1e-12
    y = y / level
    bent = rng.random((count, 1)) < 0.2
    rate = rng.normal(0.3 if season == 1 else 0.1, 0.6, (count, 1)) / longest
    y = np.where(bent, y * np.exp(np.clip(rate * t, -4, 4)), y)
    low = np.nanmin(y, axis=1, keepdims=True)
    lifted = rng.random((count, 1)) < 0.2
    y = np.where(lifted, y + rng.uniform(-0.9, 3.0, (count, 1)) * np.maximum(low, 0.1), y)
    powered = (rng.random((count, 1)) < 0.15) & (low > 0)
    y = np.where(powered, np.abs(y) ** rng.uniform(0.5, 1.7, (count, 1)), y)
    turned = rng.random((count, 1)) < 0.05
    y = np.where(turned, np.nanmax(y, axis=1, keepdims=True) + np.maximum(low, 0) - y, y)
    y = y * np.exp(rng.uniform(0, 8, (count, 1)))
    y[sparse] = kept_whole
    return y


def _fewer(rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
    """Counts as they are, thinned (each unit kept by chance) or in packs; zeros stay zeros."""
    whole = (np.nan_to_num(y) == np.round(np.nan_to_num(y))).all(axis=1) & (np.nan_to_num(y).max(axis=1) < 1e6)
    thinned = whole & (rng.random(len(y)) < 0.3)
    kept_units = rng.binomial(np.nan_to_num(y[thinned]).astype(np.int64), rng.uniform(0.3, 0.95, (thinned.sum(), 1)))
    y[thinned] = np.where(np.isnan(y[thinned]), np.nan, kept_units)
    packed = rng.random((len(y), 1)) < 0.15
    return np.where(packed, y * rng.integers(2, 13, (len(y), 1)), y)


def windows_of(series: np.ndarray, season: int, horizon: int, rng: np.random.Generator | None = None) -> Windows:
    """Windows whose last `horizon` columns are to be forecast. `series` (batch, time), NaN before a series begins and
    where nothing is known of the future; `rng` leaves single values of some out, and most steps of a long horizon."""
    history, ahead = series[:, :-horizon], np.arange(horizon)
    if rng is not None and horizon > MOST_STEPS:
        ahead = np.sort(rng.choice(horizon, MOST_STEPS, replace=False))
    actual = series[:, history.shape[1] + ahead]
    there = ~np.isnan(history)
    observed = there
    if rng is not None and rng.random() < 0.1:
        gone = rng.random(history.shape) < rng.uniform(0, 0.2, (len(history), 1))
        gone &= rng.random((len(history), 1)) < 0.5
        gone[:, 0] = False
        gone[:, 1:] &= there[:, :-1]
        observed = there & ~gone
        last = np.maximum.accumulate(np.where(observed, np.arange(history.shape[1]), 0), axis=1)
        history = np.where(gone, np.take_along_axis(history, last, axis=1), history)
    return make_windows(make_inputs(history, observed, season, ahead), history, actual, season)


@dataclass(frozen=True)
class Held:
    """Series of one source, `rows` (series, history + horizon), NaN before they begin, that nothing is learnt from at
    their ends. `part`: `late` of series learnt from, `unseen` of others of the same source, `new` of a source that
    nothing is learnt from."""

    source: str
    part: str
    season: int
    horizon: int
    rows: np.ndarray


def held_back(pool: Pool, most: int = 120, parts: tuple[str, ...] = ("unseen", "new")) -> list[Held]:
    """What is held back of the sources as they are, by source."""
    result = []
    for source in pool.sources:
        if source.derived or source.season not in HORIZONS:
            continue
        keep = kept(source.season)
        series = {"late": source.late, "new" if source.held else "unseen": source.unseen}
        for part in parts:
            chosen = series.get(part, [])
            if not chosen:
                continue
            horizon = held_horizon(int(np.median([len(y) for y in chosen])), source.season)
            chosen = [chosen[i] for i in np.random.default_rng(0).permutation(len(chosen))[:most]]
            rows = []
            for y in chosen:
                known = y[: len(y) - horizon]
                if len(known) >= max(6, source.season + 2) and np.ptp(known) > 0:
                    row = np.full(keep + horizon, np.nan)
                    row[-min(len(y), keep + horizon) :] = y[-(keep + horizon) :]
                    rows.append(row)
            if len(rows) >= 2:
                table = np.array(rows)
                begins = int(np.isnan(table).sum(axis=1).min())
                result.append(Held(source.name, part, source.season, horizon, table[:, begins:]))
    return result


def validation_windows(pool: Pool) -> dict[str, Windows]:
    """Windows at the ends of what is held back, by source and part: few of each."""
    return {
        f"{held.source}-{held.season}/{held.part}": windows_of(held.rows, held.season, held.horizon)
        for held in held_back(pool, most=40)
    }
