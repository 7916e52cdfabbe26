"""Refuse a pool that has series of the sets that score the forecaster.

    python pretraining/overlaps.py FOLDER SCORED …

FOLDER is a pool (see `pool.py`), SCORED are files of series that must not be learnt from, in the same forms. Two series
overlap if a window of ten values of one is, up to a factor, one of the other: whatever the units, names and dates. Each
overlap is printed, and with any the exit code is 1. Windows need six different values; what is shorter, or a few zeros
and ones, cannot be told from chance.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pool import pool_files, read_series

WIDTH = 10  # values a window
DIFFERENT = 6  # of them at least
TOLERANCE = 2e-3  # how far values may be apart, as a share of the window's deviation from its mean
PLACES = 3  # values of a window that are looked up, rounded; the rest is compared


@dataclass(frozen=True)
class Overlap:
    pool_file: str
    pool_series: str
    scored_file: str
    scored_series: str


def windows(values: np.ndarray) -> np.ndarray:
    """Windows of a series that can be told from chance, each over its mean absolute value. (windows, WIDTH)"""
    if len(values) < WIDTH:
        return np.zeros((0, WIDTH))
    every = np.lib.stride_tricks.sliding_window_view(values, WIDTH)
    ordered = np.sort(every, axis=1)
    different = 1 + (np.diff(ordered, axis=1) > 1e-9 * np.abs(ordered).max(axis=1, keepdims=True)).sum(axis=1)
    chosen = every[different >= DIFFERENT]
    size = np.abs(chosen).mean(axis=1, keepdims=True)
    return chosen / np.where(size > 0, size, 1.0)


class Scored:
    """The windows of the sets that score, found by their shape."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.names: list[tuple[str, str]] = []
        parts, owners = [], []
        for path in files:
            for name, _, values in read_series(path):
                found = windows(values)
                owners.append(np.full(len(found), len(self.names)))
                self.names.append((path.name, name))
                parts.append(found)
        self.windows = np.concatenate(parts) if parts else np.zeros((0, WIDTH))
        self.owner = np.concatenate(owners) if owners else np.zeros(0, int)
        # by the share of the first values in the window: near ones are neighbours
        keys = self.windows[:, :PLACES].sum(axis=1)
        order = np.argsort(keys, kind="stable")
        self.windows, self.owner, self.keys = self.windows[order], self.owner[order], keys[order]

    def overlap(self, values: np.ndarray) -> int | None:
        """Which of the series has a window of this one, if any."""
        own = windows(values)
        if not len(own) or not len(self.keys):
            return None
        spread = (own - own.mean(axis=1, keepdims=True)).std(axis=1)
        key, room = own[:, :PLACES].sum(axis=1), TOLERANCE * spread * PLACES
        low, high = np.searchsorted(self.keys, key - room), np.searchsorted(self.keys, key + room, side="right")
        for row in np.flatnonzero(high > low):
            near = self.windows[low[row] : high[row]]
            same = (np.abs(near - own[row]) <= TOLERANCE * spread[row]).all(axis=1)
            if same.any():
                return int(self.owner[low[row] + int(np.argmax(same))])
        return None


def overlaps(folder: Path, scored: Iterable[Path]) -> Iterator[Overlap]:
    """The series of a pool that have something of a scored set."""
    against = Scored(scored)
    for path in pool_files(folder):
        for name, _, values in read_series(path):
            found = against.overlap(values)
            if found is not None:
                yield Overlap(path.name, name, *against.names[found])


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    count = 0
    for found in overlaps(Path(sys.argv[1]), map(Path, sys.argv[2:])):
        print(f"{found.pool_file}: {found.pool_series} has values of {found.scored_series} in {found.scored_file}")
        count += 1
    print(f"{count} series must be taken out" if count else "no overlaps", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
