"""A panel: one or many series over time, read from a file or data frame as people have it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqcli.errors import DataError
from seqcli.series import words
from seqcli.series.calendar import Calendar, CycleGrid, ZonedForm, to_local
from seqcli.series.columns import ReadOptions, read_as_times
from seqcli.series.frequency import Frequency, parse_frequency
from seqcli.series.header import Table, find_table
from seqcli.series.layout import Layout, find_layout
from seqcli.series.numbers import CLOSED, INFINITE, is_missing, missing_code, quick_numbers, read_numbers
from seqcli.series.read import read_cells
from seqcli.series.repeats import Merged, merge, unwrap
from seqcli.series.rhythm import Rhythm, find_rhythm, given_rhythm
from seqcli.series.serials import StepForm
from seqcli.series.times import Form

__all__ = ["Panel", "ReadOptions", "Series", "read_numbers_column", "read_panel", "series_names"]

LONGEST_GAP = 50  # times as many missing points as there are values: then the time column is not what it seems
LAST_ROWS = 2  # of a table, which may be totals without a name
LONGEST_RUN = 20_000  # rows of a series that the frequency is found from
LOOKED_AT = 300  # series, evenly over the file, that the frequency is found from


@dataclass(frozen=True)
class Series:
    """One series: its ids, its first position on the panel's calendar and its values, NaN where missing.

    `covariates` has one row a covariate, one column a value.
    """

    key: tuple[str, ...]
    first: int
    values: np.ndarray  # (length,) float64
    covariates: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))  # (covariates, length)


@dataclass(frozen=True)
class Panel:
    """Series on one calendar, the names of their columns, and what was found and guessed on the way (`notes`).

    `is_log`: times without a row were taken as zero.
    """

    series: list[Series]
    calendar: Calendar
    time_name: str | None
    target_name: str
    key_names: tuple[str, ...]
    covariate_names: tuple[str, ...]
    wide: bool
    notes: list[str]
    fingerprint: str
    decimal: str | None = None
    is_log: bool = False

    @property
    def frequency(self) -> Frequency:
        return self.calendar.frequency


def read_panel(source: Any, options: ReadOptions | None = None) -> Panel:
    """Read a file (`-`: standard input) or a pandas data frame as series.

    Raises `DataError` naming row, column and remedy for a source or a cell that cannot be used, `UsageError` for an
    option that does not fit the source.
    """
    options = options or ReadOptions()
    cells = read_cells(source, encoding=options.encoding, errors=options.errors, sheet=options.sheet)
    layout = find_layout(find_table(cells), options)
    return _build(layout, options)


def _build(layout: Layout, options: ReadOptions) -> Panel:
    notes = [*layout.table.notes, *layout.notes]
    times, layout = _times(layout, notes)
    layout, times = _newest_issue(layout, times, notes)
    table = layout.table
    columns = (*layout.targets, *options.covariates)
    values = np.array([_values(table, name, options, notes) for name in columns]).reshape(len(columns), len(table))
    codes, keys = _group(table, layout)
    if layout.form is None or times is None:
        notes.append("no time column: the rows are taken in their order")
        order = np.argsort(codes, kind="stable")
        numbers = np.empty(len(table), np.int64)
        starts = np.r_[0, np.flatnonzero(np.diff(codes[order])) + 1]
        lengths = np.diff(np.r_[starts, len(table)])
        numbers[order] = np.arange(len(table)) - np.repeat(starts, lengths) + 1
        times = numbers
    elif layout.form.cycle:
        times = unwrap(times, codes, layout.form.cycle)
    order = _sorted(times, codes)
    moved = _unsorted(order, codes)
    if moved:
        notes.append(
            "rows were not in order of time and have been sorted" + (f" ({moved} series)" if len(keys) > 1 else "")
        )
    runs = _runs(times, codes, order)
    rhythm = _rhythm(table, layout, options, runs)
    notes += rhythm.notes
    if isinstance(rhythm.form, ZonedForm):
        times = to_local(times, rhythm.form.zone)
    flow = (not layout.wide and words.says(layout.targets[0], words.FLOWS)) or (
        layout.wide and all(words.says(name, words.FLOWS) for name in layout.targets)
    )
    merged = merge(table, layout, options, rhythm, times=times, codes=codes, order=order, values=values, flow=flow)
    notes += merged.notes
    calendar = Calendar(merged.rhythm.frequency, merged.rhythm.grid, merged.rhythm.form if layout.form else None)
    series, gaps, zeros = _series(layout, options, merged, keys, flow)
    if not series:
        raise DataError(f"column {layout.targets[0]} has no values", path=table.path, hint="name another with --target")
    if zeros:
        notes.append(
            f"{zeros:,} times without a row are taken as zero, as {layout.targets[0]!r} is a log of what happened; "
            "--fill interpolate says otherwise"
        )
    notes += _unused(layout, keys, series)
    if gaps:
        notes.append(f"{gaps:,} missing values" + ("" if options.fill else "; --fill says how they are filled"))
    return Panel(
        series=series,
        calendar=calendar,
        time_name=layout.time,
        target_name="value" if layout.wide else layout.targets[0],
        key_names=("series",) if layout.wide else layout.series,
        covariate_names=options.covariates,
        wide=layout.wide,
        notes=[_found(layout, calendar, len(series)), *notes],
        fingerprint=_fingerprint(series),
        decimal=options.decimal,
        is_log=zeros > 0,
    )


def _found(layout: Layout, calendar: Calendar, count: int) -> str:
    """One line that says what the columns were taken for."""
    name = calendar.frequency.name
    time = f"time {layout.time!r} ({name})" if layout.time else f"no time column ({name})"
    rows = f"{layout.table.path}: {len(layout.table):,} rows, {time}"
    if layout.wide:
        shown = ", ".join(layout.targets[:3]) + (" …" if len(layout.targets) > 3 else "")
        return f"{rows}, {count:,} series in columns ({shown})"
    series = f", series by {' and '.join(map(repr, layout.series))} ({count:,})" if layout.series else ""
    return f"{rows}, value {layout.targets[0]!r}{series}"


def _times(layout: Layout, notes: list[str]) -> tuple[np.ndarray | None, Layout]:
    """The time of each row. Rows of totals and notes, which have none, are left out; any other is an error."""
    table, form = layout.table, layout.form
    if layout.time is None or form is None:
        return None, layout
    column = table.columns[layout.time]
    codes, texts = table.coded(layout.time)
    times, fine = form.read(texts)
    if fine.all():
        return times[codes], layout
    if (
        not is_missing(texts[0])
        and sum(is_missing(text) for text in texts)
        and (filled := _filled_down(layout)) is not None
    ):
        notes.append(f"{layout.time!r} is given once for several rows: it is filled down")
        return _times(filled, notes)
    wrong = np.flatnonzero(~fine[codes])
    lost: list[int] = []
    for row in wrong.tolist():
        text = str(column[row])
        last = row >= len(table) - LAST_ROWS and len(table) > 5 * LAST_ROWS
        if words.is_total(text) or (is_missing(text) and (last or _is_remark(table, layout, row))):
            lost.append(row)
            continue
        example = next(text for text, ok in zip(texts, fine.tolist(), strict=True) if ok)
        what = "is empty" if is_missing(text) else f"{text!r} is not a time like {example!r}"
        raise DataError(
            what, path=table.path, line=table.line(row), column=layout.time, hint="correct the row, or take it out"
        )
    kept = np.ones(len(table), bool)
    kept[lost] = False
    shown = str(column[lost[0]]).strip() or "no time"
    lines = ", ".join(f"{table.line(row)}" for row in lost[:3]) + (" …" if len(lost) > 3 else "")
    notes.append(f"{len(lost)} row{'s' if len(lost) > 1 else ''} of totals or notes left out ({shown!r}, line {lines})")
    layout = replace(layout, table=table.select(np.flatnonzero(kept)))
    return times[codes][kept], layout


def _is_remark(table: Table, layout: Layout, row: int) -> bool:
    """Whether a row without a time has no values either, or says that it is a total."""
    cells = [str(table.columns[name][row]) for name in table.columns]
    if any(words.is_total(cell) for cell in cells):
        return True
    return all(is_missing(str(table.columns[name][row])) for name in layout.targets)


def _filled_down(layout: Layout) -> Layout | None:
    """The layout with each missing time taken from above, where that gives every row of a group its own key."""
    assert layout.time is not None
    column = layout.table.columns[layout.time].tolist()
    missing = [is_missing(text) for text in column]
    if sum(missing) < 0.3 * len(column) or not layout.series:
        return None
    filled = np.empty(len(column), object)
    last = ""
    for place, text in enumerate(column):
        last = last if missing[place] else text
        filled[place] = last
    return replace(layout, table=layout.table.with_columns({**layout.table.columns, layout.time: filled}))


def _newest_issue(layout: Layout, times: np.ndarray | None, notes: list[str]) -> tuple[Layout, np.ndarray | None]:
    """Only the newest issue of each time where a column says when a value was issued."""
    table = layout.table
    if layout.issue is None or times is None:
        return layout, times
    rows, texts = table.coded(layout.issue)
    chosen = read_as_times([text for text in texts if not is_missing(text)], layout.issue)
    if chosen is None:
        return layout, times
    read, fine = chosen.form.read(texts)
    issued = np.where(fine, read, np.iinfo(np.int64).min)[rows]
    codes, _ = _group(table, layout)
    order = np.lexsort((issued, times, codes))
    last = np.r_[(np.diff(codes[order]) != 0) | (np.diff(times[order]) != 0), True]
    if last.all():
        return layout, times
    kept = np.sort(order[last])
    notes.append(f"of {len(table):,} rows the newest by {layout.issue!r} are taken for each time ({len(kept):,})")
    return replace(layout, table=table.select(kept)), times[kept]


def read_numbers_column(table: Table, name: str, options: ReadOptions) -> tuple[np.ndarray, list[str]]:
    """A column as float64, NaN where a cell is empty or says that it is missing, and what was guessed.

    Raises `DataError` with line and column for text and infinite values, and where nothing tells what a sign means.
    """
    column = table.columns[name]
    if options.decimal in (None, ".") and not options.thousands and (quick := quick_numbers(column)) is not None:
        return quick, []
    codes, texts = table.coded(name)
    found = read_numbers(texts, decimal=options.decimal, thousands=options.thousands, delimiter=table.delimiter)
    if found is None:
        known = [text for text in texts if not is_missing(text)]
        if not known:
            return np.full(len(table), np.nan), []
        wrong = next((text for text in known if read_numbers([text]) is None), known[0])
        raise _no_number(table, name, column.tolist().index(wrong))
    if found.tie:
        example = next(text for text in texts if re.search(r"\d[.,]\d", text))
        row = column.tolist().index(example)
        raise DataError(
            f"{example.strip()!r} can be read two ways, and nothing in the column tells which",
            path=table.path,
            line=table.line(row),
            column=name,
            hint="--decimal . or --decimal , says which sign is that of decimals",
        )
    notes = [f"{name!r}: {note}" for note in found.notes]
    if found.bad:
        counts = np.bincount(codes, minlength=len(texts))
        for place in found.bad:
            text = texts[place].strip()
            closed = text.lower() in CLOSED
            if not closed and (counts[place] < 2 or any(char.isdigit() for char in text) or "inf" in text.lower()):
                raise _no_number(table, name, int(np.flatnonzero(codes == place)[0]))
            notes.append(f"{text!r} in column {name!r} ({counts[place]} times) is taken as missing")
    return found.values[codes], notes


def _no_number(table: Table, name: str, row: int) -> DataError:
    text = str(table.columns[name][row])
    infinite = text.strip().lower().lstrip("+-") in INFINITE
    return DataError(
        f"{text!r} is {'infinite' if infinite else 'not a number'}",
        path=table.path,
        line=table.line(row),
        column=name,
        hint="leave the cell empty where the value is missing"
        + ("" if infinite else "; --decimal , reads 1,5; --target names another column"),
    )


def _values(table: Table, name: str, options: ReadOptions, notes: list[str]) -> np.ndarray:
    values, found = read_numbers_column(table, name, options)
    notes += found
    code = missing_code(values)
    if code is not None:
        count = int((values == code).sum())
        notes.append(f"{code:g} in column {name!r} ({count} times) is taken as a mark for a missing value")
        values = np.where(values == code, np.nan, values)
    return values


def _group(table: Table, layout: Layout) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """The number of each row's series, in the order in which the series come first, and their ids."""
    if not layout.series:
        return np.zeros(len(table), np.int64), [()]
    codes, texts = table.coded(layout.series[0])
    if len(layout.series) == 1:
        return codes, [(text,) for text in texts]
    for name in layout.series[1:]:
        codes = codes * len(table.coded(name)[1]) + table.coded(name)[0]
        codes = np.unique(codes, return_inverse=True)[1]
    first = np.full(int(codes.max()) + 1, len(table))
    np.minimum.at(first, codes, np.arange(len(table)))
    order = np.argsort(first)  # the series in the order in which they come
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    keys = list(zip(*(table.columns[name][first[order]].tolist() for name in layout.series), strict=True))
    return rank[codes], keys


def _sorted(times: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The rows by series and time, and as they come."""
    steps = np.diff(codes)
    if ((steps > 0) | ((steps == 0) & (np.diff(times) >= 0))).all():
        return np.arange(len(times))
    return np.lexsort((times, codes))


def _unsorted(order: np.ndarray, codes: np.ndarray) -> int:
    """How many series had rows that were not in order of time."""
    inside = np.diff(codes[order]) == 0
    back = inside & (np.diff(order) < 0)
    return len(set(codes[order][1:][back].tolist()))


def _runs(times: np.ndarray, codes: np.ndarray, order: np.ndarray) -> list[np.ndarray]:
    """The different times of some of the series, in order."""
    bounds = np.r_[0, np.flatnonzero(np.diff(codes[order])) + 1, len(order)]
    count = len(bounds) - 1
    some = range(0, count, -(-count // LOOKED_AT))
    runs = (times[order[bounds[n] : min(bounds[n + 1], bounds[n] + LONGEST_RUN)]] for n in some)
    return [run[np.r_[True, np.diff(run) > 0]] for run in runs]


def _rhythm(table: Table, layout: Layout, options: ReadOptions, runs: Sequence[np.ndarray]) -> Rhythm:
    form = layout.form
    if form is None:
        frequency = parse_frequency(options.frequency) if options.frequency else Frequency("step")
        return Rhythm(frequency, CycleGrid(int(frequency.count) if frequency.unit == "step" else 1, origin=1), _rows())
    if options.frequency is None:
        return find_rhythm(runs, form)
    frequency = parse_frequency(options.frequency)
    if not _fits(frequency, form):
        raise DataError(
            f"times are written as {form.name}, which cannot be {frequency.name}",
            path=table.path,
            column=layout.time,
            hint="leave --freq out, or name another column with --time",
        )
    return given_rhythm(frequency, runs, form)


def _rows() -> Form:
    return StepForm(name="row numbers")


def _fits(frequency: Frequency, form: Form) -> bool:
    if form.grain == "step":
        return True
    if form.grain in ("year", "half-year", "quarter", "month"):
        return frequency.unit == "month"
    return frequency.unit != "step"


def _series(
    layout: Layout, options: ReadOptions, merged: Merged, keys: Sequence[tuple[str, ...]], flow: bool
) -> tuple[list[Series], int, int]:
    """The series, how many of their values are missing, and how many missing ones became zero."""
    made: list[Series] = []
    bounds = np.r_[0, np.flatnonzero(np.diff(merged.codes)) + 1, len(merged.codes)]
    count = len(layout.targets)
    zero = merged.zero or (options.fill is None and flow and _is_log(merged))
    gaps = zeros = 0
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if start == stop:
            continue
        places = merged.positions[start:stop] - merged.positions[start]
        length = int(places[-1]) + 1
        if length > LONGEST_GAP * len(places) + 1000:
            raise DataError(
                f"{len(places)} values over {length:,} periods ({merged.rhythm.frequency.name}) "
                "leave almost all missing",
                path=layout.table.path,
                column=layout.time,
                hint="is this the time column? name it with --time, or the frequency with --freq",
            )
        key = keys[int(merged.codes[start])]
        extra = np.full((len(options.covariates), length), np.nan)
        extra[:, places] = merged.values[count:, start:stop]
        absent = np.ones(length, bool)
        absent[places] = False
        for number, name in enumerate(layout.targets):
            target = np.full(length, np.nan)
            target[places] = merged.values[number, start:stop]
            known = np.flatnonzero(~np.isnan(target))
            if not len(known):
                continue
            first, last = int(known[0]), int(known[-1]) + 1
            if zero:
                zeros += int(absent[first:last].sum())
                target[absent] = 0.0
            gaps += int(np.isnan(target[first:last]).sum())
            own = (name,) if layout.wide else key
            made.append(Series(own, int(merged.positions[start]) + first, target[first:last], extra[:, first:last]))
    return made, gaps, zeros


def _is_log(merged: Merged) -> bool:
    """Whether times without a row stand for nothing having happened: rows are scattered, and none says zero."""
    frequency = merged.rhythm.frequency
    if frequency.unit not in ("day", "business day", "second", "month"):
        return False
    values = merged.values[0]
    known = values[~np.isnan(values)]
    if not len(known) or known.min() <= 0:
        return False
    inside = np.diff(merged.codes) == 0
    steps = np.diff(merged.positions)[inside]
    if not len(steps):
        return False
    missing = steps.sum() - len(steps)
    # scattered: many gaps, none of them most of what is missing
    return bool(missing > 0.2 * steps.sum() and steps.max() - 1 < 0.3 * missing and (steps > 1).mean() > 0.15)


def _unused(layout: Layout, keys: Sequence[tuple[str, ...]], series: Sequence[Series]) -> list[str]:
    """A notice of the series that have no values."""
    wanted = [(name,) for name in layout.targets] if layout.wide else list(keys)
    there = {one.key for one in series}
    lost = [" / ".join(key) for key in wanted if key not in there]
    if not lost:
        return []
    shown = ", ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
    return [f"{len(lost)} series without values {'is' if len(lost) == 1 else 'are'} left out: {shown}"]


def _fingerprint(series: Sequence[Series]) -> str:
    digest = hashlib.sha256()
    for one in series:
        digest.update("\x1f".join(one.key).encode("utf-8", "surrogatepass"))
        digest.update(f"\x1f{one.first}\x1f".encode())
        digest.update(one.values.astype("<f8").tobytes())
        digest.update(one.covariates.astype("<f8").tobytes())
    return digest.hexdigest()


def series_names(panel: Panel) -> Iterator[str]:
    """One readable name a series."""
    for one in panel.series:
        yield re.sub(r"\s+", " ", " / ".join(one.key)) if one.key else panel.target_name
