"""The real series to learn from, by season, with what is held back of them.

Files are `unique_id,season,y` (values separated by blanks), one series a row, or long form `unique_id,ds,y`. Series of
the M1, M3, NN3 and tourism competitions must not be among them: these score the forecaster.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HORIZONS = {1: 6, 4: 8, 7: 14, 12: 18, 13: 13, 24: 48, 52: 13, 168: 48}  # what is held back of each series
ECONOMIES = "pool_economies.csv.gz"  # what `collect.py` makes
HELD_SHARE = 8  # one in so many series is not learnt from at all


@dataclass(frozen=True)
class Pool:
    """Series by season: `train` without their last horizon, `late` the same whole, to be scored on that horizon, and
    `unseen` those that are never learnt from."""

    train: dict[int, list[np.ndarray]]
    late: dict[int, list[np.ndarray]]
    unseen: dict[int, list[np.ndarray]]
    weights: dict[int, list[float]]  # how often a series of `train` is drawn, beside others of its length
    fingerprint: str

    def counts(self) -> dict[str, dict[str, int]]:
        """How many series there are of each season, for the record."""
        parts = {"train": self.train, "unseen": self.unseen}
        return {name: {str(m): len(part[m]) for m in sorted(part)} for name, part in parts.items()}


def read_pool(folder: Path) -> Pool:
    """All the files of a folder, with sums over longer periods made of their series."""
    csv.field_size_limit(sys.maxsize)
    digest = hashlib.sha256()
    pool = Pool({}, {}, {}, {}, "")
    for path in sorted([*folder.glob("pool_*.csv.gz"), *folder.glob("walmart_weekly_long.csv.gz")]):
        digest.update(path.read_bytes())
        for name, season, values in _series(path):
            unseen = int(hashlib.sha256(name.encode()).hexdigest(), 16) % HELD_SHARE == 0
            for m, y in derive(values, season):
                keep_back = HORIZONS.get(m, max(6, m))
                if len(y) < keep_back + max(8, m + 2) or np.ptp(y) == 0:
                    continue
                if unseen:
                    pool.unseen.setdefault(m, []).append(y)
                else:
                    pool.train.setdefault(m, []).append(y[:-keep_back])
                    pool.late.setdefault(m, []).append(y)
                    pool.weights.setdefault(m, []).append(_weight(path.name, season, m))
    return Pool(pool.train, pool.late, pool.unseen, pool.weights, digest.hexdigest())


def _weight(file: str, season: int, m: int) -> float:
    """Years that grow as economies do count for more than the sciences' long series."""
    if m > 1:
        return 1.0
    if season in (4, 12, 52):
        return 4.0
    return 1.5 if file == ECONOMIES else 1.0


def derive(values: np.ndarray, season: int) -> list[tuple[int, np.ndarray]]:
    """A series with its season, and its sums over longer periods with theirs. What is held back of the series must be
    held back of the sums: they end where the part to learn from ends, a horizon early."""
    wide = {
        4: ((4, 1),),
        7: ((7, 52), (30.4375, 12), (91.3125, 4)),
        12: ((3, 4), (12, 1)),
        24: ((24, 7),),  # not quarters of days: they would outnumber quarters of years
        52: ((52 / 12, 12), (13, 4), (4, 13), (52, 1)),
        365: ((7, 52), (30.4375, 12), (91.3125, 4), (365.25, 1)),
    }
    result = [] if season in (0, 365) else [(season, values)]
    if season == 24:
        result.append((168, values))
    if season in (0, 365):
        result.append((1, values[-2000:]))
    base = values[: len(values) - HORIZONS.get(season, 0)]
    for width, m in wide.get(season, ()):
        sums = totals(base, width)
        if len(sums) >= max(10, 2 * m):
            result.append((m, sums))
    return result


def totals(values: np.ndarray, width: float) -> np.ndarray:
    """Sums over periods of `width` values on average, counted from the end."""
    count = int(len(values) / width)
    edges = len(values) - np.round(np.arange(count, -1, -1) * width).astype(int)
    sums: np.ndarray = np.add.reduceat(values, edges[:-1])
    return sums


def _series(path: Path) -> list[tuple[str, int, np.ndarray]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames and "season" in rows.fieldnames:
            found = [(row["unique_id"], int(row["season"]), _numbers(row["y"].split())) for row in rows]
        else:
            parts: dict[str, list[str]] = {}
            for row in rows:
                parts.setdefault(row["unique_id"], []).append(row["y"])
            found = [(name, 52, _numbers(values)) for name, values in parts.items()]
    return [(name, season, y) for name, season, y in found if len(y) and np.isfinite(y).all()]


def _numbers(texts: Sequence[str]) -> np.ndarray:
    """Values with gaps closed by the last one known; those before the first left out."""
    y = np.array([float(text) if text not in ("", "NA", "nan", "NaN") else np.nan for text in texts])
    known = np.flatnonzero(~np.isnan(y))
    if not len(known):
        return y[:0]
    y = y[known[0] :]
    return y[np.maximum.accumulate(np.where(np.isnan(y), 0, np.arange(len(y))))]
