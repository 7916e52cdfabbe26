"""A panel: one or many series over time, read from a CSV file as people have it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from seqcli.errors import DataError
from seqcli.series.calendar import Calendar, day_of_month
from seqcli.series.columns import Layout, find_layout
from seqcli.series.frequency import Frequency, infer_frequency, parse_frequency
from seqcli.series.table import Table, parse_numbers, read_table
from seqcli.series.times import TimeStyle, to_moment

LONGEST_GAP = 50  # times as many missing points as there are values: then the time column is not what it seems
LOOKED_AT = 300  # series, evenly over the file, that the frequency is found from


@dataclass(frozen=True)
class Series:
    """One series: its ids, the number of its first time stamp (see `TimeStyle`) and its values, NaN where missing.

    `covariates` has one row a covariate, one column a value.
    """

    key: tuple[str, ...]
    first: int
    values: np.ndarray  # (length,) float64
    covariates: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))  # (covariates, length)


@dataclass(frozen=True)
class Panel:
    """Series on one calendar, the names of their columns, and what was found and guessed on the way (`notes`)."""

    series: list[Series]
    calendar: Calendar
    time_name: str | None
    target_name: str
    key_names: tuple[str, ...]
    covariate_names: tuple[str, ...]
    wide: bool
    notes: list[str]
    fingerprint: str
    decimal: str = "."

    @property
    def frequency(self) -> Frequency:
        return self.calendar.frequency


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file; what is None is found out."""

    time: str | None = None
    target: str | None = None
    series: tuple[str, ...] = ()
    wide: bool = False
    frequency: str | None = None
    decimal: str | None = None
    day_first: bool | None = None
    covariates: tuple[str, ...] = ()
    encoding: str = "utf-8"
    errors: str = "strict"


def read_panel(path: str, options: ReadOptions = ReadOptions()) -> Panel:
    """Read the CSV file `path` (`-`: standard input, .gz too) as series.

    Raises `DataError` naming row, column and remedy for a file or a cell that cannot be used, `UsageError` for an
    option that does not fit the file.
    """
    table = read_table(path, encoding=options.encoding, errors=options.errors)
    layout = find_layout(
        table,
        time=options.time,
        target=options.target,
        series=options.series,
        wide=options.wide,
        day_first=options.day_first,
        decimal=options.decimal,
        covariates=options.covariates,
    )
    return _build(table, layout, options)


def _build(table: Table, layout: Layout, options: ReadOptions) -> Panel:
    notes = list(layout.notes)
    values = {
        name: parse_numbers(table, name, decimal=layout.decimal) for name in (*layout.targets, *options.covariates)
    }
    groups = _group(table, layout)
    if layout.time is not None and layout.style is not None:
        numbers, style = _times(table, layout.time, layout.style), layout.style
    else:
        numbers, style = _row_numbers(groups, len(table)), TimeStyle("row numbers", "step", int, str)
        notes.append("no time column: the rows are taken in their order")

    ordered, unsorted = [], 0
    for key, index in groups:
        rows = index[np.argsort(numbers[index], kind="stable")]
        unsorted += not np.array_equal(index, rows)
        ordered.append((key, rows))
    if unsorted:
        notes.append(
            "rows were not in order of time and have been sorted" + (f" ({unsorted} series)" if len(groups) > 1 else "")
        )

    some = ordered[:: -(-len(ordered) // LOOKED_AT)]
    runs = [numbers[rows[:2000]].tolist() for _, rows in some]
    frequency = _frequency(table, layout, options, runs, style)
    dated = frequency.unit == "month" and style.unit == "second"
    calendar = Calendar(frequency, style, day_of_month(map(to_moment, set(chain(*runs)))) if dated else None)
    covariates = np.array([values[name] for name in options.covariates]).reshape(len(options.covariates), len(table))
    series, gaps = [], 0
    for key, rows in ordered:
        first, places = _places(table, layout, calendar, key, numbers, rows)
        for name in layout.targets:
            target = np.full(places[-1] + 1, np.nan)
            target[places] = values[name][rows]
            extra = np.full((len(covariates), len(target)), np.nan)
            extra[:, places] = covariates[:, rows]
            made = _trimmed((name,) if layout.wide else key, first, target, extra, calendar)
            if made is not None:
                gaps += int(np.isnan(made.values).sum())
                series.append(made)
    if not series:
        raise DataError(f"column {layout.targets[0]} has no values", path=table.path, hint="name another with --target")
    if gaps:
        notes.append(f"{gaps:,} missing values")
    return Panel(
        series=series,
        calendar=calendar,
        time_name=layout.time,
        target_name="value" if layout.wide else layout.targets[0],
        key_names=("series",) if layout.wide else layout.series,
        covariate_names=options.covariates,
        wide=layout.wide,
        notes=[_found(table, layout, frequency, len(series)), *notes],
        fingerprint=_fingerprint(series),
        decimal=layout.decimal,
    )


def _found(table: Table, layout: Layout, frequency: Frequency, count: int) -> str:
    """One line that says what the columns were taken for."""
    time = f"time {layout.time!r} ({frequency.name})" if layout.time else f"no time column ({frequency.name})"
    if layout.wide:
        shown = ", ".join(layout.targets[:3]) + (" …" if len(layout.targets) > 3 else "")
        return f"{table.path}: {len(table):,} rows, {time}, {count:,} series in columns ({shown})"
    series = f", series by {' and '.join(map(repr, layout.series))} ({count:,})" if layout.series else ""
    return f"{table.path}: {len(table):,} rows, {time}, value {layout.targets[0]!r}{series}"


def _group(table: Table, layout: Layout) -> list[tuple[tuple[str, ...], np.ndarray]]:
    """Rows by series, in the order in which the series come first."""
    if not layout.series:
        return [((), np.arange(len(table)))]
    columns = [table.columns[name] for name in layout.series]
    numbers = {key: index for index, key in enumerate(dict.fromkeys(zip(*columns, strict=True)))}
    codes = np.fromiter(map(numbers.__getitem__, zip(*columns, strict=True)), np.int64, len(table))
    ends = np.cumsum(np.bincount(codes, minlength=len(numbers)))
    return list(zip(numbers, np.split(np.argsort(codes, kind="stable"), ends[:-1]), strict=True))


def _row_numbers(groups: Sequence[tuple[tuple[str, ...], np.ndarray]], count: int) -> np.ndarray:
    numbers = np.empty(count, np.int64)
    for _, rows in groups:
        numbers[rows] = np.arange(1, len(rows) + 1)
    return numbers


def _times(table: Table, name: str, style: TimeStyle) -> np.ndarray:
    """The column's numbers; each different text is parsed once."""
    column = table.columns[name]
    known: dict[str, int] = {}
    for text in dict.fromkeys(column):
        number = style.parse(text)
        if number is None:
            row = column.index(text)
            what = "is empty" if not text.strip() else f"{text!r} is not a time like {column[0]!r}"
            raise DataError(
                what, path=table.path, line=table.line(row), column=name, hint="correct the row, or take it out"
            )
        known[text] = number
    return np.fromiter(map(known.__getitem__, column), np.int64, len(column))


def _frequency(
    table: Table, layout: Layout, options: ReadOptions, runs: Sequence[list[int]], style: TimeStyle
) -> Frequency:
    if options.frequency is not None:
        frequency = parse_frequency(options.frequency)
        if layout.time is not None and not _fits(frequency, style):
            raise DataError(
                f"times are written as {style.name}, which cannot be {frequency.name}",
                path=table.path,
                column=layout.time,
                hint="leave --freq out, or name another column with --time",
            )
        return frequency
    found = infer_frequency(runs, style.unit)
    if found is None:
        months = {"years": 12, "quarters": 3}.get(style.name, 1)
        return {"second": Frequency("day"), "month": Frequency("month", months)}.get(style.unit, Frequency("step"))
    return found


def _fits(frequency: Frequency, style: TimeStyle) -> bool:
    if style.unit == "second":
        return frequency.unit != "step"
    if style.unit == "month":
        return frequency.unit == "month"
    return True


def _places(
    table: Table, layout: Layout, calendar: Calendar, key: tuple[str, ...], numbers: np.ndarray, rows: np.ndarray
) -> tuple[int, np.ndarray]:
    """The first time of a series and each row's place after it. Raises `DataError` for two rows in one place."""
    unit, count = calendar.frequency.unit, calendar.frequency.count
    run = numbers[rows]
    first = int(run[0])
    if calendar.style.unit == "step" or (calendar.style.unit == unit and unit == "month"):
        places = (run - first) // (count if calendar.style.unit == unit else 1)
    elif unit in ("day", "second"):
        places = np.rint((run - first) / (count * (86400 if unit == "day" else 1))).astype(np.int64)
    else:
        positions = {number: calendar.position(number) for number in set(run.tolist())}
        places = np.array([positions[number] for number in run.tolist()]) - positions[first]
    same = np.flatnonzero(places[1:] == places[:-1])
    if len(same):
        earlier, later = int(rows[same[0]]), int(rows[same[0] + 1])
        of = f" of series {'/'.join(key)}" if key else ""
        time = table.columns[layout.time][later] if layout.time else str(later)
        raise DataError(
            f"a second value for {time!r}{of}; the first is in line {table.line(earlier)} ({calendar.frequency.name})",
            path=table.path,
            line=table.line(later),
            column=layout.time,
            hint="add the rows up first, name the columns that tell series apart with --series, or give the --freq",
        )
    if places[-1] > LONGEST_GAP * len(rows) + 1000:
        raise DataError(
            f"{len(rows)} values over {places[-1]:,} periods ({calendar.frequency.name}) leave almost all missing",
            path=table.path,
            column=layout.time,
            hint="is this the time column? name it with --time, or the frequency with --freq",
        )
    return first, places


def _trimmed(
    key: tuple[str, ...], first: int, values: np.ndarray, covariates: np.ndarray, calendar: Calendar
) -> Series | None:
    """The series without missing values at its ends; None when nothing is left."""
    there = np.flatnonzero(~np.isnan(values))
    if not len(there):
        return None
    start, stop = int(there[0]), int(there[-1]) + 1
    return Series(key, calendar.shift(first, start), values[start:stop], covariates[:, start:stop])


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
