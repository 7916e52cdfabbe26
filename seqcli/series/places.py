"""Where rows are on a grid, and what becomes of those that lie beside its places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from seqcli.series.calendar import CycleGrid, Grid, times_of
from seqcli.series.frequency import weekday_names
from seqcli.series.rhythm import Rhythm
from seqcli.series.rows import Rows
from seqcli.series.times import DAY, SECOND

LAST = 8  # rows by which it is seen where a series goes on


@dataclass(frozen=True)
class Placed:
    """Rows and their positions on a rhythm's grid; `grids` has the series whose places are at other times.

    `zero` where a place without a row is a zero, as of sums of transactions.
    """

    rows: Rows
    positions: np.ndarray
    rhythm: Rhythm
    grids: Mapping[int, Grid] = field(default_factory=dict)
    zero: bool = False


def place(rows: Rows, rhythm: Rhythm, notice: Callable[[str], None]) -> Placed:
    """Find each row's position. Rows at which it is closed as a rule are left out, and said; a series whose times are
    others than those of the rest (weeks from Thursday, ends of months) keeps its own; single times are moved, and said.
    """
    if rhythm.fit == "drifts":
        rows = replace(rows, times=_steadied(rows, rhythm))
    grid = rhythm.grid
    positions = grid.positions(rows.times)
    if rhythm.fit or not getattr(grid, "nearest", True):
        return Placed(rows, positions, rhythm)
    away = rows.times - times_of(grid, positions)
    if not away.any():
        return Placed(rows, positions, rhythm)
    if isinstance(grid, CycleGrid) and len(grid.offsets) > 1:
        there = away == 0
        days = weekday_names(np.unique((rows.times[~there] // DAY + 3) % 7).tolist())
        count = int((~there).sum())
        what = "1 row" if count == 1 else f"{count:,} rows"
        notice(f"{what} on {days} at times that are closed as a rule left out; --freq keeps all times")
        return Placed(rows.select(there), positions[there], rhythm)
    return Placed(rows, positions, rhythm, _own_grids(rows, positions, away, rhythm, notice))


def _own_grids(
    rows: Rows, positions: np.ndarray, away: np.ndarray, rhythm: Rhythm, notice: Callable[[str], None]
) -> dict[int, Grid]:
    """The grids of the series that go on at other times than those of the rhythm's grid."""
    grids: dict[int, Grid] = {}
    moved, furthest = 0, 0
    bounds = rows.bounds
    for start, stop in pairwise(bounds.tolist()):
        if not away[start:stop].any():
            continue
        last = slice(max(start, stop - LAST), stop)
        grid: Grid = rhythm.grid
        if away[last].any():
            grid = rhythm.grid.moved(rows.times[last], positions[last])
        if grid != rhythm.grid:
            grids[int(rows.codes[start])] = grid
        off = np.abs(rows.times[start:stop] - times_of(grid, positions[start:stop]))
        moved += int((off > 0).sum())
        furthest = max(furthest, int(off.max()))
    many = len(bounds) > 2
    if grids and many:
        notice(
            f"{len(grids):,} of {len(bounds) - 1:,} series have different times than the others (such as another day "
            "of the week or month): each keeps its own"
        )
    if moved:
        form = rhythm.form
        size = f"{furthest}" if form.grain == "step" else _length(furthest)
        notice(f"{moved:,} times are up to {size} off the usual ones ({rhythm.frequency.name}): taken as the nearest")
    return grids


def _length(time: int) -> str:
    """A time in words."""
    for size, word in ((DAY, "day"), (3600 * SECOND, "hour"), (60 * SECOND, "minute"), (SECOND, "second")):
        if time >= size:
            count = round(time / size)
            return f"{count} {word}{'s' if count > 1 else ''}"
    return f"{time / SECOND:g} seconds"


def _steadied(rows: Rows, rhythm: Rhythm) -> np.ndarray:
    """Times whose steps are whole multiples of the usual one, up to each series' last."""
    step = round(rhythm.frequency.count * SECOND)
    bounds = rows.bounds
    last = np.repeat(bounds[1:] - 1, np.diff(bounds))
    whole = np.rint(np.r_[0, np.diff(rows.times)] / step).astype(np.int64)
    whole[bounds[:-1]] = 0
    total = np.cumsum(whole)
    result: np.ndarray = rows.times[last] + (total - total[last]) * step
    return result
