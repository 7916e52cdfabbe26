"""Batches of windows: synthetic series and pieces of real ones, changed a little, with what followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from generators import synthesise
from pool import HORIZONS, Pool

from seqcli.forecasting.recurrent.inputs import make_inputs
from seqcli.forecasting.recurrent.windows import Windows, make_windows


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
    Kind(1, 0.28, (5, 70), (2, 10), 0.55),
    Kind(4, 0.22, (8, 120), (4, 12), 0.5),
    Kind(12, 0.31, (15, 330), (6, 26), 0.5),
    Kind(7, 0.04, (12, 250), (7, 28), 0.45),
    Kind(24, 0.03, (40, 500), (12, 60), 0.5),
    Kind(52, 0.05, (30, 330), (6, 40), 0.6),
    Kind(168, 0.02, (170, 800), (24, 96), 0.6),
    Kind(13, 0.01, (14, 150), (6, 20), 0.4),
    Kind(1, 0.03, (50, 240), (6, 30), 0.5),
    Kind(0, 0.01, (12, 200), (4, 24), 0.0),  # any season from 2 to 60
)


class Source:
    """Windows by number: the same seed, pool and number always give the same batch."""

    def __init__(self, pool: Pool, seed: int, size: int = 256) -> None:
        self.pool, self.seed, self.size = pool, seed, size
        # long series count for more, but not where short ones are meant: most yearly series are short
        self.chances = {}
        for m, series in pool.train.items():
            size = np.minimum([len(y) for y in series], 40 if m == 1 else 60 * m) * np.array(pool.weights[m])
            self.chances[m] = np.cumsum(size) / size.sum()

    def windows(self, number: int) -> Windows:
        rng = np.random.default_rng((self.seed, number))
        kind = KINDS[rng.choice(len(KINDS), p=np.array([kind.share for kind in KINDS]))]
        season = kind.season or int(np.exp(rng.uniform(np.log(2), np.log(60))))
        longest = int(np.exp(rng.uniform(*np.log(np.array(kind.history) * (1.6, 1.0)))))
        horizon = int(rng.integers(kind.horizon[0], kind.horizon[1] + 1))
        size = self.size if longest < 400 else self.size // 2
        # of much the same length, since padding costs as much as a history does
        least = max(kind.history[0], int(longest * 0.85))
        lengths = rng.integers(least, longest + 1, size)
        short = rng.random(size) < 0.05
        lengths = np.where(short, rng.integers(kind.history[0], longest + 1, size), lengths)
        series = np.full((size, longest + horizon), np.nan)
        real = round(size * kind.real) if season in self.pool.train else 0
        if real:
            series[:real] = self._real(rng, season, lengths[:real], longest, horizon)
        series[real:] = synthesise(rng, size - real, longest + horizon, season)
        late = np.arange(longest + horizon) >= (longest - lengths)[:, None]
        return windows_of(np.where(late, series, np.nan), season, horizon, rng)

    def _real(
        self, rng: np.random.Generator, season: int, lengths: np.ndarray, longest: int, horizon: int
    ) -> np.ndarray:
        pieces = self._pieces(rng, season, lengths, longest, horizon)
        mixed = np.flatnonzero(rng.random(len(pieces)) < 0.25)
        other = self._pieces(rng, season, lengths[mixed], longest, horizon)
        share = rng.uniform(0.1, 0.6, (len(mixed), 1))
        sizes = [np.nanmean(np.abs(part), axis=1, keepdims=True) + 1e-12 for part in (pieces[mixed], other)]
        mixture = (1 - share) * pieces[mixed] / sizes[0] + share * other / sizes[1]
        whole = ~(np.isnan(mixture) & ~np.isnan(pieces[mixed])).any(axis=1)
        pieces[mixed[whole]] = mixture[whole]
        return _changed(rng, pieces, longest, season)

    def _pieces(
        self, rng: np.random.Generator, season: int, lengths: np.ndarray, longest: int, horizon: int
    ) -> np.ndarray:
        pool = self.pool.train[season]
        result = np.full((len(lengths), longest + horizon), np.nan)
        for row, index in enumerate(np.searchsorted(self.chances[season], rng.random(len(lengths)))):
            y = pool[index]
            first = min(max(4, len(y) // 4), max(len(y) - horizon, 3), int(lengths[row]))
            end = int(rng.integers(first, max(first, len(y) - max(1, horizon // 2)) + 1))
            past = y[max(0, end - longest) : end]
            future = y[end : end + horizon]
            result[row, longest - len(past) : longest] = past
            result[row, longest : longest + len(future)] = future
        return result


def _changed(rng: np.random.Generator, y: np.ndarray, longest: int, season: int) -> np.ndarray:
    """Real pieces made into others: with another trend or level, stretched, turned over, in other units."""
    count, length = y.shape
    t = np.arange(length) - longest
    level = np.nanmean(np.abs(y), axis=1, keepdims=True) + 1e-12
    y = y / level
    bent = rng.random((count, 1)) < 0.3
    rate = rng.normal(0.4 if season == 1 else 0.1, 0.7, (count, 1)) / longest
    y = np.where(bent, y * np.exp(np.clip(rate * t, -4, 4)), y)
    low = np.nanmin(y, axis=1, keepdims=True)
    lifted = rng.random((count, 1)) < 0.25
    y = np.where(lifted, y + rng.uniform(-0.9, 3.0, (count, 1)) * np.maximum(low, 0.1), y)
    powered = (rng.random((count, 1)) < 0.2) & (low > 0)
    y = np.where(powered, np.abs(y) ** rng.uniform(0.5, 1.7, (count, 1)), y)
    turned = rng.random((count, 1)) < 0.06
    y = np.where(turned, np.nanmax(y, axis=1, keepdims=True) + np.maximum(low, 0) - y, y)
    return y * np.exp(rng.uniform(0, 8, (count, 1)))


def windows_of(series: np.ndarray, season: int, horizon: int, rng: np.random.Generator | None = None) -> Windows:
    """Windows whose last `horizon` columns are to be forecast. `series` (batch, time), NaN before a series begins and
    where nothing is known of the future; `rng` leaves single values of some out."""
    history, actual = series[:, :-horizon], series[:, -horizon:]
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
    return make_windows(make_inputs(history, observed, season, horizon), history, actual, season)


def validation_series(pool: Pool, most: int = 240) -> dict[str, tuple[int, int, np.ndarray]]:
    """Season, horizon and series that nothing is learnt from at their ends: the last horizon of series learnt from
    (`late`), and three origins of series never seen (`unseen`), by season."""
    result = {}
    for season in (1, 4, 7, 12, 24, 52, 168):
        horizon, keep = HORIZONS[season], max(240, 5 * season)
        for name, series, origins in (("late", pool.late, 1), ("unseen", pool.unseen, 3)):
            rows = []
            chosen = series.get(season, [])
            chosen = [chosen[i] for i in np.random.default_rng(0).permutation(len(chosen))[:most]]
            for y in chosen:
                for origin in range(origins):
                    whole = y[: len(y) - origin * horizon]
                    if len(whole) - horizon < max(8, season + 2):
                        break
                    row = np.full(keep + horizon, np.nan)
                    row[-min(len(whole), keep + horizon) :] = whole[-(keep + horizon) :]
                    rows.append(row)
            if len(rows) >= 20:
                result[f"{name}-{season}"] = (season, horizon, np.array(rows))
    return result


def validation_windows(pool: Pool) -> dict[str, Windows]:
    """Windows at the ends of `validation_series`."""
    return {name: windows_of(rows, m, horizon) for name, (m, horizon, rows) in validation_series(pool).items()}
