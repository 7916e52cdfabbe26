"""Rows that share a place in time: the same row twice, a clock put back, revisions, transactions to be added up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqcli.errors import DataError
from seqcli.series.columns import ReadOptions
from seqcli.series.frequency import Frequency
from seqcli.series.header import Table
from seqcli.series.layout import Layout
from seqcli.series.rhythm import NICE, Rhythm, given_rhythm
from seqcli.series.times import DAY, SECOND

HOWS = ("error", "first", "last", "mean", "sum")


@dataclass(frozen=True)
class Merged:
    """At most one value a series and place: series codes, positions and values, by series and time.

    `zero` where a place without a row is a zero, as of sums of transactions.
    """

    codes: np.ndarray
    positions: np.ndarray
    values: np.ndarray  # (columns, rows)
    rhythm: Rhythm
    zero: bool = False
    notes: tuple[str, ...] = ()


def unwrap(times: np.ndarray, codes: np.ndarray, cycle: str) -> np.ndarray:
    """Times without a year, week or day, with one more of these each time that they begin again."""
    made = times.copy()
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        steps = np.diff(times[rows])
        if not len(steps) or not (steps < 0).any():
            continue
        backwards = (steps < 0).sum() > 0.5 * len(steps)  # the newest first
        turns = np.cumsum(np.r_[0, steps > 0 if backwards else steps < 0])
        turns = -turns if backwards else turns
        if cycle == "year":
            days = times[rows].astype("M8[us]").astype("M8[D]")
            months = days.astype("M8[M]")
            rest = times[rows] - months.astype("M8[us]").astype(np.int64)
            made[rows] = (months + 12 * turns).astype("M8[us]").astype(np.int64) + rest
        else:
            made[rows] = times[rows] + turns * (7 * DAY if cycle == "week" else DAY)
    return made


def merge(
    table: Table,
    layout: Layout,
    options: ReadOptions,
    rhythm: Rhythm,
    *,
    times: np.ndarray,
    codes: np.ndarray,
    order: np.ndarray,
    values: np.ndarray,
    flow: bool,
) -> Merged:
    """Put rows that share a place into one.

    Raises `DataError` naming the lines where it cannot be told how.
    """
    times, codes, values = times[order], codes[order], values[:, order]
    notes: list[str] = []
    if rhythm.irregular:
        how = options.aggregate or ("sum" if flow else "mean")
        rhythm, note = _by_periods(layout, rhythm, times, codes, how)
        added = _put_together(codes, rhythm.grid.positions(times), values, how)
        return Merged(*added, rhythm, how == "sum" and options.fill in (None, "zero"), (note,))
    if rhythm.drifts:
        times = _steadied(times, codes, rhythm)
    positions = rhythm.grid.positions(times)
    same = (np.diff(codes) == 0) & (np.diff(positions) == 0)
    if not same.any():
        return Merged(codes, positions, values, rhythm)
    if options.frequency is not None and _is_coarser(times, codes, positions) and options.duplicates is None:
        how = options.aggregate or ("sum" if flow else "mean")
        kept, note = _whole_periods(times, codes, positions, rhythm, how)
        said = "" if options.aggregate else "; --aggregate says otherwise"
        notes.append(f"values are put together by their {how}, {rhythm.frequency.name}{said}")
        notes += [note] if note else []
        made = _put_together(codes[kept], positions[kept], values[:, kept], how)
        return Merged(*made, rhythm, how == "sum" and flow and options.fill in (None, "zero"), tuple(notes))
    asked = options.duplicates or options.aggregate
    if asked is None and (same == _identical(table, order, same)).all():
        kept = np.r_[True, ~same]
        notes.append(f"{int(same.sum())} rows that are there twice are taken once")
        return Merged(codes[kept], positions[kept], values[:, kept], rhythm, notes=tuple(notes))
    if asked is None:
        asked, note = _how(layout, rhythm, times, same, flow)
        notes += [note] if note else []
    if asked in ("error", ""):
        raise _second_value(table, layout, rhythm, order, codes, same)
    return Merged(*_put_together(codes, positions, values, asked), rhythm, notes=tuple(notes))


def _put_together(
    codes: np.ndarray, positions: np.ndarray, values: np.ndarray, how: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One value a series and place: the sum, mean, first or last of those that are not missing."""
    starts = np.flatnonzero(np.r_[True, (np.diff(codes) != 0) | (np.diff(positions) != 0)])
    groups = np.cumsum(np.r_[False, (np.diff(codes) != 0) | (np.diff(positions) != 0)])
    made = np.full((len(values), len(starts)), np.nan)
    for row, column in enumerate(values):
        known = ~np.isnan(column)
        counts = np.bincount(groups[known], minlength=len(starts))
        if how in ("sum", "mean"):
            sums = np.bincount(groups[known], weights=column[known], minlength=len(starts))
            made[row] = np.where(counts > 0, sums if how == "sum" else sums / np.maximum(counts, 1), np.nan)
        else:
            places = np.flatnonzero(known)
            if how == "first":
                places = places[::-1]
            made[row, groups[places]] = column[places]
    return codes[starts], positions[starts], made


def _identical(table: Table, order: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Which rows, by series and time, have the same cells as the one before them."""
    identical = same.copy()
    for name in table.columns:
        if not identical.any():
            break
        codes = table.coded(name)[0][order]
        identical &= np.diff(codes) == 0
    return identical


def _how(
    layout: Layout,
    rhythm: Rhythm,
    times: np.ndarray,
    same: np.ndarray,
    flow: bool,
) -> tuple[str, str]:
    """How to put rows that share a place together, where the data tells; an empty text where it does not."""
    where = np.flatnonzero(same)
    count = len(where)
    frequency = rhythm.frequency
    if frequency.unit == "second" and frequency.count <= 3600 and _clock_was_put_back(times, where):
        return "mean", f"{count} times occur twice as the clock was put back: their mean is taken (--duplicates)"
    apart = np.diff(times)[where]
    if frequency.unit == "second" and (apart > 0).all() and count < 0.35 * len(times):
        return "mean", f"{count} times lie within one period of another: their mean is taken (--duplicates)"
    exact = (apart == 0).all()
    if exact and flow and count > 0.2 * len(times):
        return "sum", (
            f"several rows share a time: {layout.targets[0]!r} is added up ({frequency.name}); "
            "--duplicates says otherwise"
        )
    return "", ""


def _clock_was_put_back(times: np.ndarray, where: np.ndarray) -> bool:
    """Whether all times that come twice lie in the night hours of Sundays in which clocks are put back."""
    days = times[where] // DAY
    months = days.astype("M8[D]").astype("M8[M]").astype(np.int64) % 12 + 1
    hours = times[where] % DAY // (3600 * SECOND)
    sundays = (days + 3) % 7 == 6
    return bool((sundays & np.isin(months, (3, 4, 10, 11)) & (hours <= 4)).all())


def _is_coarser(times: np.ndarray, codes: np.ndarray, positions: np.ndarray) -> bool:
    """Whether the places are further apart than the times."""
    inside = np.diff(codes) == 0
    shared = (np.diff(positions) == 0) & inside & (np.diff(times) > 0)
    return bool(shared.sum() > 0.2 * inside.sum())


def _whole_periods(
    times: np.ndarray, codes: np.ndarray, positions: np.ndarray, rhythm: Rhythm, how: str
) -> tuple[np.ndarray, str]:
    """The rows without those of a first and last period that are not whole, whose sums would be too low."""
    kept = np.ones(len(times), bool)
    if how != "sum":
        return kept, ""
    steps = np.diff(times)[np.diff(codes) == 0]
    # a pause is no end: nights between the sales of two days
    pause = int(np.quantile(steps[steps > 0], 0.95)) if (steps > 0).any() else 0
    first, last = int(positions.min()), int(positions.max())
    early = int(times.min()) - pause > _period_end(rhythm, first - 1)
    late = int(times.max()) + pause < _period_end(rhythm, last)
    kept = (positions >= first + early) & (positions <= last - late)
    if not (early or late) or not kept.any():
        return np.ones(len(times), bool), ""
    which = " and ".join(name for name, cut in (("first", early), ("last", late)) if cut)
    many = "s are" if early and late else " is"
    return kept, f"the {which} period{many} not whole and left out ({int((~kept).sum())} rows)"


def _period_end(rhythm: Rhythm, position: int) -> int:
    """The time at which a period ends."""
    grid = rhythm.grid
    if rhythm.frequency.unit == "month":
        count = int(rhythm.frequency.count)
        phase = getattr(grid, "phase", 0)
        start = (position * count + phase) - 1970 * 12
        return int(np.array([start + count]).astype("M8[M]").astype("M8[us]").astype(np.int64)[0])
    return grid.time(position + 1)


def _by_periods(layout: Layout, rhythm: Rhythm, times: np.ndarray, codes: np.ndarray, how: str) -> tuple[Rhythm, str]:
    """The rhythm in which values at irregular times are put together: days for sums of what is sold or happens, periods
    that most steps between the times are shorter than for means of what is measured."""
    spans = max(int(times.max() - times.min()), 1)
    a_day = len(times) / (spans / DAY) / max(len(set(codes.tolist())), 1)
    frequency = Frequency("day")
    if a_day < 0.2:
        frequency = Frequency("day", 7) if a_day > 0.03 else Frequency("month")
    elif how != "sum":
        steps = np.diff(times)[np.diff(codes) == 0]
        usual = float(np.quantile(steps[steps > 0], 0.75)) if (steps > 0).any() else DAY
        step = next((nice for nice in NICE if nice >= usual), DAY)
        frequency = Frequency("second", step / SECOND) if step < DAY else Frequency("day")
    elif a_day > 60 and spans < 60 * DAY:
        frequency = Frequency("second", 3600)
    word = f"{how}s" if how in ("sum", "mean") else f"the {how} values"
    note = (
        f"times are irregular: {layout.targets[0]!r} is put together to {word}, {frequency.name}; "
        "--freq and --aggregate say otherwise"
    )
    return given_rhythm(frequency, [np.unique(times)], rhythm.form), note


def _steadied(times: np.ndarray, codes: np.ndarray, rhythm: Rhythm) -> np.ndarray:
    """Times whose steps are whole multiples of the usual one, up to each series' last."""
    step = round(rhythm.frequency.count * SECOND)
    starts = np.r_[True, np.diff(codes) != 0]
    bounds = np.r_[np.flatnonzero(starts), len(times)]
    last = np.repeat(bounds[1:] - 1, np.diff(bounds))
    whole = np.rint(np.r_[0, np.diff(times)] / step).astype(np.int64)
    whole[starts] = 0
    total = np.cumsum(whole)
    result: np.ndarray = times[last] + (total - total[last]) * step
    return result


def _second_value(
    table: Table, layout: Layout, rhythm: Rhythm, order: np.ndarray, codes: np.ndarray, same: np.ndarray
) -> DataError:
    """The error of two rows in one place."""
    place = int(np.flatnonzero(same)[0])
    earlier, later = int(order[place]), int(order[place + 1])
    key = "/".join(str(table.columns[name][later]) for name in layout.series)
    of = f" of series {key}" if key else ""
    time = table.columns[layout.time][later] if layout.time else str(later)
    first = table.columns[layout.time][earlier] if layout.time else ""
    also = "" if first == time else f", {first!r},"
    return DataError(
        f"a second value for {time!r}{of}; the first{also} is in line {table.line(earlier)} ({rhythm.frequency.name})",
        path=table.path,
        line=table.line(later),
        column=layout.time,
        hint="--duplicates sum, mean, first or last puts them together; --series names the columns that tell series "
        "apart; --freq with --aggregate makes longer periods",
    )
