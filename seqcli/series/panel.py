"""A panel: one or many series over time, read from a file or data frame as people have it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from seqcli.notices import change_with
from seqcli.series.calendar import Calendar, Grid, ZonedForm, times_of, to_local
from seqcli.series.columns import ReadOptions, decimal_sign
from seqcli.series.frequency import Frequency, parse_frequency
from seqcli.series.header import find_table
from seqcli.series.layout import Layout, find_layout
from seqcli.series.places import Placed, clock_was_changed, merge
from seqcli.series.read import read_cells, zone_of
from seqcli.series.rhythm import Rhythm, find_rhythm, given_rhythm
from seqcli.series.rows import Rows, read_rows
from seqcli.series.times import DAY

__all__ = ["Panel", "ReadOptions", "Series", "read_panel", "series_names"]

MOST_SINGLE = 0.95  # share of series with a single value: then they are none
LONGEST_GAP = 50  # times as many missing points as there are values: then the time column is not what it seems
LONGEST_RUN = 20_000  # rows of a series that the frequency is found from
LOOKED_AT = 300  # series, evenly over the file, that the frequency is found from


@dataclass(frozen=True)
class Series:
    """One series: its ids, its first position on the panel's calendar and its values, NaN where missing. `covariates`
    has one row a covariate, one column a value; `grid` the times of its positions where they are not those of the
    panel's calendar."""

    key: tuple[str, ...]
    first: int
    values: np.ndarray  # (length,) float64
    covariates: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))  # (covariates, length)
    grid: Grid | None = None


@dataclass(frozen=True)
class Panel:
    """Series on one calendar, the names of their columns, and what was found and guessed on the way (`notes`). The last
    rows of the series' covariates are those of `past_names`, of which nothing is known ahead. `is_log`: times without a
    row were taken as zero. `zone` is that of a data frame's times, None if they have none. `decimals` has the sign of
    decimals of each covariate, None where no number has one."""

    series: list[Series]
    calendar: Calendar
    time_name: str | None
    target_name: str
    key_names: tuple[str, ...]
    covariate_names: tuple[str, ...]
    wide: bool
    notes: list[str]
    is_log: bool = False
    past_names: tuple[str, ...] = ()
    zone: Any = None
    decimals: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def frequency(self) -> Frequency:
        return self.calendar.frequency

    @property
    def fingerprint(self) -> str:
        """A hash of the names, times and values of the series."""
        digest = hashlib.sha256()
        for one in self.series:
            digest.update("\x1f".join(one.key).encode("utf-8", "surrogatepass"))
            digest.update(f"\x1f{one.first}\x1f".encode())
            digest.update(one.values.astype("<f8").tobytes())
            digest.update(one.covariates.astype("<f8").tobytes())
        return digest.hexdigest()

    def calendar_of(self, one: Series) -> Calendar:
        """The calendar with the times of one of the series."""
        return self.calendar if one.grid is None else replace(self.calendar, grid=one.grid)


def read_panel(source: Any, options: ReadOptions | None = None) -> Panel:
    """Read a file (`-`: standard input) or a pandas data frame as series. Raises `DataError` naming row, column and
    remedy for a source or a cell that cannot be used, `UsageError` for an option that does not fit the source."""
    options = options or ReadOptions()
    cells = read_cells(source, encoding=options.encoding, errors=options.errors, sheet=options.sheet)
    panel = _build(find_layout(find_table(cells), options), options)
    return replace(panel, zone=zone_of(source, panel.time_name))


def _build(layout: Layout, options: ReadOptions) -> Panel:
    notes = [*layout.table.notes, *layout.notes]
    rows = read_rows(layout, options, notes.append)
    layout = rows.layout
    rhythm = _rhythm(rows, options)
    notes += rhythm.notes
    form = layout.form
    if rhythm.zone:
        rows, form = replace(rows, times=to_local(rows.times, rhythm.zone)), ZonedForm(form, zone=rhythm.zone)
    placed = merge(rows, rhythm, options, notes.append)
    calendar = Calendar(placed.rhythm.frequency, placed.rhythm.grid, form)
    series, gaps, zeros = _series(placed, options)
    if not series:
        hint = "name another with --target"
        raise layout.table.error(f"column {layout.targets[0]} has no values", hint=hint)
    if len(series) > 1 and sum(len(one.values) == 1 for one in series) > MOST_SINGLE * len(series):
        by = "in columns" if layout.wide else f"by {' and '.join(map(repr, layout.series))}"
        hint = "--time names the column of times, --series those that tell series apart"
        what = f"{len(series):,} series {by} have one value each: nothing to forecast from"
        raise layout.table.error(what, hint=hint)
    if zeros:
        notes.append(
            f"{zeros:,} times without a row are taken as zero, as {layout.targets[0]!r} is a log of what happened; "
            f"{change_with('--fill interpolate')}"
        )
    notes += _unused(layout, rows.keys, series)
    notes += _zeros_at_ends(series)
    if gaps:
        count = "1 missing value" if gaps == 1 else f"{gaps:,} missing values"
        count += ", where the clock was put forward" if _are_of_the_clock(series, calendar) else ""
        notes.append(f"{count}, filled in" + ("" if options.fill else f"; {change_with('--fill')}"))
    return Panel(
        series=series,
        calendar=calendar,
        time_name=layout.time,
        target_name="value" if layout.wide else layout.targets[0],
        key_names=("series_" if layout.time == "series" else "series",) if layout.wide else layout.series,
        covariate_names=options.covariates,
        wide=layout.wide,
        notes=[_found(layout, calendar, len(series)), *notes],
        is_log=zeros > 0,
        decimals={name: decimal_sign(layout.table, name, options) for name in options.covariates},
    )


def _found(layout: Layout, calendar: Calendar, count: int) -> str:
    """One line that says what the columns were taken for."""
    name = calendar.frequency.name
    time = f"time {layout.time!r} ({name})" if layout.time else f"no time column ({name})"
    rows = f"{layout.table.source.shown}: {len(layout.table):,} rows, {time}"
    if layout.wide:
        shown = ", ".join(layout.targets[:3]) + (" …" if len(layout.targets) > 3 else "")
        return f"{rows}, {count:,} series in columns ({shown})"
    series = f", series by {' and '.join(map(repr, layout.series))} ({count:,})" if layout.series else ""
    return f"{rows}, value {layout.targets[0]!r}{series}"


def _rhythm(rows: Rows, options: ReadOptions) -> Rhythm:
    """The rhythm of the times, found from some of the series or given."""
    form, bounds = rows.layout.form, rows.bounds
    count = len(bounds) - 1
    some = range(0, count, -(-count // LOOKED_AT))
    runs = [rows.times[bounds[n] : min(bounds[n + 1], bounds[n] + LONGEST_RUN)] for n in some]
    runs = [run[np.r_[True, np.diff(run) > 0]] for run in runs]
    if options.frequency is None:
        found = find_rhythm(runs, form)
        for number, run in zip(some, runs, strict=True) if found.frequency.unit in ("day", "business day") else ():
            longer = len(run) > 5 and np.median(np.diff(run)) > 27 * DAY and find_rhythm([run], form)
            if longer and longer.frequency.unit == "month" and not longer.fit:
                key = " / ".join(rows.keys[int(rows.codes[bounds[number]])])
                what = f"series {key} is {longer.frequency.name}, others are {found.frequency.name}"
                raise rows.layout.table.error(what, hint="give the --freq of all, or make a file of each kind")
        return found
    frequency = parse_frequency(options.frequency)
    coarse = form.grain in ("year", "half-year", "quarter", "month")
    fits = frequency.unit == "month" if coarse else frequency.unit != "step"
    if form.grain != "step" and not fits:
        what = f"times are written as {form.name}, which cannot be {frequency.name}"
        hint = "leave --freq out, or name another column with --time"
        raise rows.layout.table.error(what, column=rows.layout.time, hint=hint)
    return given_rhythm(frequency, runs, form)


def _series(placed: Placed, options: ReadOptions) -> tuple[list[Series], int, int]:
    """The series, how many of their values are missing, and how many missing ones became zero."""
    rows, layout = placed.rows, placed.rows.layout
    made: list[Series] = []
    bounds = rows.bounds.tolist()
    count = len(layout.targets)
    zero = placed.zero or (options.fill is None and rows.flow and _is_log(placed))
    gaps = zeros = 0
    for start, stop in pairwise(bounds):
        first = int(placed.positions[start])
        places = placed.positions[start:stop] - first
        length = int(places[-1]) + 1
        if length > LONGEST_GAP * len(places) + 1000:
            periods = f"{length:,} periods ({placed.rhythm.frequency.name})"
            what = f"{len(places)} values over {periods} leave almost all missing"
            hint = "is this the time column? name it with --time, or the frequency with --freq"
            raise layout.table.error(what, column=layout.time, hint=hint)
        code = int(rows.codes[start])
        extra = np.full((len(options.covariates), length), np.nan)
        extra[:, places] = rows.values[count:, start:stop]
        absent = np.ones(length, bool)
        absent[places] = False
        for number, name in enumerate(layout.targets):
            target = np.full(length, np.nan)
            target[places] = rows.values[number, start:stop]
            known = np.flatnonzero(~np.isnan(target))
            if not len(known):
                continue
            part = slice(int(known[0]), int(known[-1]) + 1)
            if zero:
                zeros += int(absent[part].sum())
                target[absent] = 0.0
            gaps += int(np.isnan(target[part]).sum())
            own = (name,) if layout.wide else rows.keys[code]
            made.append(Series(own, first + part.start, target[part], extra[:, part], placed.grids.get(code)))
    return made, gaps, zeros


def _are_of_the_clock(series: Sequence[Series], calendar: Calendar) -> bool:
    """Whether all missing values are those of hours that were skipped when the clock was put forward."""
    if calendar.frequency.unit != "second" or calendar.frequency.count > 3600 or not calendar.is_dated:
        return False
    missing = [times_of(calendar.grid, one.first + np.flatnonzero(np.isnan(one.values))) for one in series]
    return clock_was_changed(np.concatenate(missing))


def _is_log(placed: Placed) -> bool:
    """Whether times without a row stand for nothing having happened: rows are scattered, and none says zero."""
    if placed.rhythm.frequency.unit not in ("day", "business day", "second", "month"):
        return False
    values = placed.rows.values[0]
    known = values[~np.isnan(values)]
    if not len(known) or known.min() <= 0:
        return False
    steps = np.diff(placed.positions)[np.diff(placed.rows.codes) == 0]
    if not len(steps):
        return False
    missing = steps.sum() - len(steps)
    # scattered: many gaps, none of them most of what is missing
    return bool(missing > 0.2 * steps.sum() and steps.max() - 1 < 0.3 * missing and (steps > 1).mean() > 0.15)


def _zeros_at_ends(series: Sequence[Series]) -> list[str]:
    """A notice of series that end with zeros and have none before, as tables that are filled for a whole year do."""
    runs = []
    for one in series:
        known = one.values[~np.isnan(one.values)]
        last = len(known) - int(np.flatnonzero(known)[-1]) - 1 if known.any() else 0
        if last > 1 and len(known) > 12 and np.count_nonzero(known) == len(known) - last:
            runs.append(last)
    if not runs:
        return []
    which = f"the last {runs[0]} values" if len(series) == 1 else f"the last values of {len(runs):,} series"
    return [f"{which} are zero, and none before: take these rows out if they are of times to come"]


def _unused(layout: Layout, keys: Sequence[tuple[str, ...]], series: Sequence[Series]) -> list[str]:
    """A notice of the series that have no values."""
    wanted = [(name,) for name in layout.targets] if layout.wide else list(keys)
    there = {one.key for one in series}
    lost = [" / ".join(key) for key in wanted if key not in there]
    if not lost:
        return []
    shown = ", ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
    return [f"{len(lost)} series without values {'is' if len(lost) == 1 else 'are'} left out: {shown}"]


def series_names(panel: Panel) -> Iterator[str]:
    """One readable name a series."""
    for one in panel.series:
        yield re.sub(r"\s+", " ", " / ".join(one.key)) if one.key else panel.target_name
