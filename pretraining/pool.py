"""The real series to learn from, by season and source, with what is held back of them.

Files are `unique_id,season,y` (values separated by blanks; more columns may stand between), one series a row, or long
form `unique_id,ds,y`, weekly. Whether series of the sets that score the forecaster are among them is checked by
`overlaps.py`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# what is held back of each series
HORIZONS = {1: 6, 4: 8, 5: 30, 7: 30, 12: 18, 13: 13, 24: 48, 48: 96, 52: 13, 144: 144, 168: 48, 169: 169, 288: 288}
HELD_SHARE = 8  # one in so many series is not learnt from at all
HELD_SOURCES = (  # nor is anything of these: how good the forecaster is on kinds of data that it has never met
    "usdiseases_yearly", "nngc1", "itagdp_quarterly", "ausretail_monthly", "sparepartsOIL_monthly",
    "ausmortality_weekly", "ansett_weekly", "completejourney", "pedestrian", "mta_daily", "ucibikes", "gridwatch_daily",
    "solarplant_hourly", "gefcom2012wind", "usgridcalelec_hourly", "taylor_half-hourly", "windturbine", "yosemite",
)  # fmt: skip
DERIVED = 0.4  # how often sums over longer periods are drawn beside series as they are


@dataclass(frozen=True)
class Source:
    """Series of one file and season: `train` without their last horizon, `late` the same whole, to be scored on that
    horizon, and `unseen` those that are never learnt from (all of them if the source is `held`)."""

    name: str
    season: int
    derived: bool
    train: list[np.ndarray]
    late: list[np.ndarray]
    unseen: list[np.ndarray]

    @property
    def held(self) -> bool:
        return is_held(self.name)

    @property
    def weight(self) -> float:
        """How often the source is drawn: far from in proportion to its size, or a few large ones would be all."""
        return float(len(self.train) ** 0.4) * (DERIVED if self.derived else 1.0)


@dataclass(frozen=True)
class Pool:
    """All sources, and a hash of the files they are from."""

    sources: list[Source]
    fingerprint: str

    def of(self, season: int) -> list[Source]:
        return [source for source in self.sources if source.season == season and source.train]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many series there are of each season, for the record."""
        result: dict[str, dict[str, int]] = {"train": {}, "unseen": {}}
        for source in sorted(self.sources, key=lambda source: source.season):
            for part, series in (("train", source.train), ("unseen", source.unseen)):
                if series:
                    result[part][str(source.season)] = result[part].get(str(source.season), 0) + len(series)
        return result


def is_held(name: str) -> bool:
    return name.startswith(HELD_SOURCES)


def held_horizon(length: int, season: int) -> int:
    """How many values are held back of a series: the season's horizon, of short ones a third."""
    return min(HORIZONS.get(season, max(6, season)), length // 3)


def pool_files(folder: Path) -> list[Path]:
    """The files of a pool: `pool_*` and `walmart_weekly_long` in the folder itself, all in its folder `pool`."""
    names = ("pool_*.csv.gz", "walmart_weekly_long.csv.gz", "pool/*.csv.gz")
    return sorted(path for name in names for path in folder.glob(name))


def read_pool(folder: Path) -> Pool:
    """All the files of a folder, with sums over longer periods made of their series."""
    digest, sources = hashlib.sha256(), dict[tuple[str, int, bool], Source]()
    for path in pool_files(folder):
        digest.update(path.read_bytes())
        stem = path.name.removesuffix(".csv.gz")
        for name, season, values in read_series(path):
            whole = re.sub(r"_\d+$", "", name) if season >= 24 else name  # stretches of one series stay together
            unseen = is_held(stem) or int(hashlib.sha256(whole.encode()).hexdigest(), 16) % HELD_SHARE == 0
            for m, y in derive(values, season):
                keep_back = held_horizon(len(y), m)
                if len(y) < 10 or np.ptp(y) == 0:
                    continue
                source = sources.setdefault((stem, m, m != season), Source(stem, m, m != season, [], [], []))
                if unseen:
                    source.unseen.append(y)
                elif np.ptp(y[:-keep_back]) > 0:
                    source.train.append(y[:-keep_back])
                    source.late.append(y)
    return Pool(list(sources.values()), digest.hexdigest())


def derive(values: np.ndarray, season: int) -> list[tuple[int, np.ndarray]]:
    """A series with its season, and its sums over longer periods with theirs. What is held back of the series must be
    held back of the sums: they end where the part to learn from ends, a horizon early."""
    wide = {
        4: ((4, 1),),
        5: ((5, 52),),
        7: ((7, 52), (30.4375, 12), (91.3125, 4)),
        12: ((3, 4), (12, 1)),
        24: ((24, 7),),  # not quarters of days: they would outnumber quarters of years
        48: ((2, 24), (48, 7)),
        52: ((52 / 12, 12), (13, 4), (4, 13), (52, 1)),
        144: ((3, 48), (6, 24)),
        288: ((3, 96), (12, 24)),
        365: ((7, 52), (30.4375, 12), (91.3125, 4), (365.25, 1)),
    }
    result = [] if season in (0, 365) else [(season, values)]
    if season == 24:
        result.append((168, values))
    if season in (0, 365):
        result.append((1, values[-2000:]))
        result.append((7, values)) if season == 365 else None
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


def read_series(path: Path) -> Iterator[tuple[str, int, np.ndarray]]:
    """Name, season and values of a file's series: gaps closed, those of a single value left out."""
    csv.field_size_limit(sys.maxsize)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames and "season" in rows.fieldnames:
            found = [(row["unique_id"], int(row["season"]), _numbers(row["y"].split())) for row in rows]
        else:
            parts: dict[str, list[str]] = {}
            for row in rows:
                parts.setdefault(row["unique_id"], []).append(row["y"])
            found = [(name, 52, _numbers(values)) for name, values in parts.items()]
    yield from ((name, season, y) for name, season, y in found if len(y) > 1 and np.isfinite(y).all())


def _numbers(texts: Sequence[str]) -> np.ndarray:
    """Values with gaps closed by the last one known; those before the first left out."""
    y = np.array([float(text) if text not in ("", "NA", "nan", "NaN") else np.nan for text in texts])
    known = np.flatnonzero(~np.isnan(y))
    if not len(known):
        return y[:0]
    y = y[known[0] :]
    return y[np.maximum.accumulate(np.where(np.isnan(y), 0, np.arange(len(y))))]
