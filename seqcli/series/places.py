"""The places of rows on a grid: what becomes of rows that lie beside these, and of those that share one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from seqcli.errors import DataError
from seqcli.notices import Notice, change_with
from seqcli.series.calendar import CycleGrid, Grid, times_of
from seqcli.series.columns import ReadOptions
from seqcli.series.frequency import Frequency, weekday_names
from seqcli.series.rhythm import NICE, Rhythm, given_rhythm
from seqcli.series.rows import Rows
from seqcli.series.times import DAY, SECOND, month_of, month_start

LAST = 8  # rows by which it is seen where a series goes on
SOME, SOME_SHARE = 3, 0.02  # rows that are hardly there twice by mistake


@dataclass(frozen=True)
class Placed:
    """Rows and their positions on a rhythm's grid; `grids` has the series whose places are at other times. `zero` where
    a place without a row is a zero, as of sums of transactions."""

    rows: Rows
    positions: np.ndarray
    rhythm: Rhythm
    grids: Mapping[int, Grid] = field(default_factory=dict)
    zero: bool = False


def merge(rows: Rows, rhythm: Rhythm, options: ReadOptions, notice: Notice) -> Placed:
    """At most one row a series and place: those that share one are put together. Raises `DataError` naming the lines
    where it cannot be told how."""
    how = options.aggregate or ("sum" if rows.flow else "mean")
    if rhythm.fit == "irregular":
        rhythm = _by_periods(rows, how, notice)
        placed = Placed(rows, rhythm.grid.positions(rows.times), rhythm)
        return _put_together(placed, how, zero=how == "sum" and options.fill in (None, "zero"))
    placed = _place(rows, rhythm, notice)
    rows, positions = placed.rows, placed.positions
    same = (np.diff(rows.codes) == 0) & (np.diff(positions) == 0)
    # days without a payment, where the payments of days are asked for
    none = options.aggregate == "sum" and options.frequency is not None and rows.flow and options.fill in (None, "zero")
    if not same.any():
        return replace(placed, zero=none)
    if options.frequency is not None and options.duplicates is None and _is_coarser(placed):
        said = "" if options.aggregate else f"; {change_with('--aggregate')}"
        notice(f"values are put together by their {how}, {rhythm.frequency.name}{said}")
        placed = _whole_periods(placed, notice) if how == "sum" else placed
        return _put_together(placed, how, zero=how == "sum" and rows.flow and options.fill in (None, "zero"))
    asked = options.duplicates or options.aggregate
    if asked is None and (same == _identical(rows, same)).all() and not _may_be_transactions(rows, same):
        notice(f"{int(same.sum())} rows that are there twice are taken once; {change_with('--duplicates')}")
        kept = np.r_[True, ~same]
        return replace(placed, rows=rows.select(kept), positions=positions[kept])
    if asked is None:
        asked, note = _how(rows, rhythm, same)
        if note:
            notice(note)
    if asked in ("error", ""):
        raise _second_value(rows, rhythm, same)
    return _put_together(placed, asked, zero=none and asked == "sum")


def _place(rows: Rows, rhythm: Rhythm, notice: Notice) -> Placed:
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


def _own_grids(rows: Rows, positions: np.ndarray, away: np.ndarray, rhythm: Rhythm, notice: Notice) -> dict[int, Grid]:
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
    if grids and len(bounds) > 2:
        notice(
            f"{len(grids):,} of {len(bounds) - 1:,} series have different times than the others (such as another day "
            "of the week or month): each keeps its own"
        )
    if moved:
        size = f"{furthest}" if rows.layout.form.grain == "step" else _length(furthest)
        notice(f"{moved:,} times are up to {size} off the usual ones ({rhythm.frequency.name}): taken as the nearest")
    return grids


def _length(time: int) -> str:
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
    return np.asarray(rows.times[last] + (total - total[last]) * step)


def _may_be_transactions(rows: Rows, same: np.ndarray) -> bool:
    """Whether equal rows of amounts may be events of their own, as two sales of a day may, not one written twice."""
    sizes = np.diff(np.flatnonzero(np.r_[True, ~same, True]))
    if not rows.flow or (sizes == sizes[0]).all():  # a table that is there twice
        return False
    count = int(same.sum())
    chances = np.unique(rows.values[0], return_counts=True)[1] / len(rows.times)
    by_chance = count < 0.5 * len(np.unique(rows.times)) and float((chances**2).sum()) ** count > 0.05
    return by_chance or (count >= SOME and count >= SOME_SHARE * len(same))


def _put_together(placed: Placed, how: str, zero: bool = False) -> Placed:
    """One row a series and place, with the sum, mean, first or last of the values that are not missing."""
    rows = placed.rows
    begins = np.r_[True, (np.diff(rows.codes) != 0) | (np.diff(placed.positions) != 0)]
    groups = np.cumsum(begins) - 1
    made = np.full((len(rows.values), int(begins.sum())), np.nan)
    for row, column in enumerate(rows.values):
        known = ~np.isnan(column)
        counts = np.bincount(groups[known], minlength=made.shape[1])
        if how in ("sum", "mean"):
            sums = np.bincount(groups[known], weights=column[known], minlength=made.shape[1])
            made[row] = np.where(counts > 0, sums if how == "sum" else sums / np.maximum(counts, 1), np.nan)
        else:
            places = np.flatnonzero(known)
            if how == "first":
                places = places[::-1]
            made[row, groups[places]] = column[places]
    merged = replace(rows.select(begins), values=made)
    return replace(placed, rows=merged, positions=placed.positions[begins], zero=zero)


def _identical(rows: Rows, same: np.ndarray) -> np.ndarray:
    """Which rows have the same cells as the one before them."""
    table = rows.layout.table
    identical = same.copy()
    for name in table.columns:
        if not identical.any():
            break
        identical &= np.diff(table.coded(name)[0][rows.places]) == 0
    return identical


def _how(rows: Rows, rhythm: Rhythm, same: np.ndarray) -> tuple[str, str]:
    """How to put rows that share a place together, where the data tells; an empty text where it does not."""
    where = np.flatnonzero(same)
    count = len(where)
    frequency = rhythm.frequency
    if frequency.unit == "second" and frequency.count <= 3600 and clock_was_changed(rows.times[where]):
        return (
            "mean",
            f"{count} of the times occur twice, when the clock was put back: their mean is taken (--duplicates)",
        )
    apart = np.diff(rows.times)[where]
    if frequency.unit == "second" and (apart > 0).all() and count < 0.35 * len(rows.times):
        return "mean", f"{count} times lie within one period of another: their mean is taken (--duplicates)"
    constant = bool((rows.values[0] == rows.values[0][0]).all())
    if (apart == 0).all() and rows.flow and (count > 0.2 * len(rows.times) or constant):
        return "sum", (
            f"several rows share a time: {rows.layout.targets[0]!r} is added up ({frequency.name}); "
            f"{change_with('--duplicates')}"
        )
    return "", ""


def clock_was_changed(times: np.ndarray) -> bool:
    """Whether all times lie in the night hours of Sundays in which clocks are put forward or back."""
    days = times // DAY
    hours = times % DAY // (3600 * SECOND)
    sundays = (days + 3) % 7 == 6
    return bool((sundays & np.isin(month_of(times) % 12 + 1, (3, 4, 9, 10, 11)) & (hours <= 4)).all())


def _is_coarser(placed: Placed) -> bool:
    """Whether the places are further apart than the times."""
    inside = np.diff(placed.rows.codes) == 0
    shared = (np.diff(placed.positions) == 0) & inside & (np.diff(placed.rows.times) > 0)
    return bool(shared.sum() > 0.2 * inside.sum())


def _whole_periods(placed: Placed, notice: Notice) -> Placed:
    """The rows without those of a first and last period that are not whole, whose sums would be too low."""
    rows, positions = placed.rows, placed.positions
    steps = np.diff(rows.times)[np.diff(rows.codes) == 0]
    # a pause is no end: nights between the sales of two days
    pause = int(np.quantile(steps[steps > 0], 0.95)) if (steps > 0).any() else 0
    before = min(steps[steps > 0], default=0) if pause > 27 * DAY else pause  # months are not of one length
    first, last = int(positions.min()), int(positions.max())
    early = int(rows.times.min()) - before >= _period_end(placed.rhythm, first - 1)
    late = int(rows.times.max()) + pause < _period_end(placed.rhythm, last)
    kept = (positions >= first + early) & (positions <= last - late)
    if not (early or late) or not kept.any():
        return placed
    which = " and ".join(name for name, cut in (("first", early), ("last", late)) if cut)
    many = "s are" if early and late else " is"
    notice(f"the {which} period{many} not whole and left out ({int((~kept).sum())} rows)")
    return replace(placed, rows=rows.select(kept), positions=positions[kept])


def _period_end(rhythm: Rhythm, position: int) -> int:
    """The time at which a period ends."""
    if rhythm.frequency.unit == "month":
        return int(month_start((position + 1) * int(rhythm.frequency.count) + getattr(rhythm.grid, "phase", 0))) * DAY
    return rhythm.grid.time(position + 1)


def _by_periods(rows: Rows, how: str, notice: Notice) -> Rhythm:
    """The rhythm in which values at irregular times are put together: days for sums of what is sold or happens, periods
    that most steps between the times are shorter than for means of what is measured."""
    times = rows.times
    spans = max(int(times.max() - times.min()), 1)
    a_day = len(times) / (spans / DAY) / (len(rows.bounds) - 1)
    frequency = Frequency("day")
    if a_day < 0.2:
        frequency = Frequency("day", 7) if a_day > 0.03 else Frequency("month")
    elif how != "sum":
        steps = np.diff(times)[np.diff(rows.codes) == 0]
        usual = float(np.quantile(steps[steps > 0], 0.75)) if (steps > 0).any() else DAY
        step = next((nice for nice in NICE if nice >= usual), DAY)
        frequency = Frequency("second", step / SECOND) if step < DAY else Frequency("day")
    elif a_day > 60 and spans < 60 * DAY:
        frequency = Frequency("second", 3600)
    word = f"{how}s" if how in ("sum", "mean") else f"the {how} values"
    notice(
        f"times are irregular: {rows.layout.targets[0]!r} is put together to {word}, {frequency.name}; "
        f"{change_with('--freq', '--aggregate')}"
    )
    return given_rhythm(frequency, [np.unique(times)], rows.layout.form)


def _second_value(rows: Rows, rhythm: Rhythm, same: np.ndarray) -> DataError:
    """The error of two rows in one place."""
    layout = rows.layout
    table = layout.table
    where = int(np.flatnonzero(same)[0])
    earlier, later = int(rows.places[where]), int(rows.places[where + 1])
    key = "/".join(str(table.columns[name][later]) for name in layout.series)
    of = f" of series {key}" if key else ""
    time = table.columns[layout.time][later] if layout.time else str(later)
    first = table.columns[layout.time][earlier] if layout.time else ""
    also = "" if first == time else f", {first!r},"
    line = table.line(earlier)
    what = f"a second value for {time!r}{of}; the first{also} is in line {line} ({rhythm.frequency.name})"
    hint = "--duplicates sum, mean, first or last puts them together; --series names the columns that tell series "
    hint += "apart; --freq with --aggregate makes longer periods"
    return table.error(what, later, layout.time, hint=hint)
