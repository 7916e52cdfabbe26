"""A table's rows with their times, series and values, in order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from seqcli.errors import DataError
from seqcli.notices import Notice
from seqcli.series import words
from seqcli.series.columns import ReadOptions, read_column
from seqcli.series.frequency import weekday_names
from seqcli.series.header import Table
from seqcli.series.layout import Layout
from seqcli.series.marks import CLOSED, INFINITE, fill_down, is_mark, is_missing, missing_code
from seqcli.series.numbers import quick_numbers, read_numbers
from seqcli.series.order import unwrap
from seqcli.series.recognise import read_as_times
from seqcli.series.times import DAY, SECOND

LAST_ROWS = 2  # of a table, which may be totals without a name, as may the first


@dataclass(frozen=True)
class Rows:
    """Rows by series and time: their `places` in the table, times, the number of their series, and values. `keys` has
    the ids of the series by number; `flow`: the values are counts or amounts, which can be added up."""

    layout: Layout
    places: np.ndarray
    times: np.ndarray
    codes: np.ndarray
    values: np.ndarray  # (columns, rows)
    keys: list[tuple[str, ...]]
    flow: bool

    def select(self, kept: np.ndarray) -> Rows:
        """Only some of the rows."""
        return replace(
            self, places=self.places[kept], times=self.times[kept], codes=self.codes[kept], values=self.values[:, kept]
        )

    @property
    def bounds(self) -> np.ndarray:
        """Where each series begins, and the end of the last one."""
        return np.asarray(np.r_[0, np.flatnonzero(np.diff(self.codes)) + 1, len(self.codes)])


def read_rows(layout: Layout, options: ReadOptions, notice: Notice) -> Rows:
    """The rows of a table, without those of totals and notes and without older issues of the same time. Raises
    `DataError` naming row and column for a cell that is no time or no number."""
    times, layout = _times(layout, options, notice)
    times, layout = _newest_issue(layout, times, notice)
    table = layout.table
    columns = (*layout.targets, *options.covariates)
    values = np.array([_values(table, name, options, notice) for name in columns]).reshape(len(columns), len(table))
    codes, keys = _group(table, layout)
    if times is None:
        notice("no time column: the rows are taken in their order")
        order = np.argsort(codes, kind="stable")
        starts = np.unique(codes[order], return_index=True)[1]
        times = np.empty(len(table), np.int64)
        times[order] = np.arange(len(table)) - starts[codes[order]] + 1
    elif layout.form.cycle:
        times = unwrap(times, codes, layout.form.cycle)
    if layout.form.grain in ("day", "second"):
        look = _on_closed_days if layout.form.grain == "day" else _between_hours
        closed = look(times, ~np.isnan(values[: len(layout.targets)]).all(axis=0), notice)
        if closed.any():
            there = np.flatnonzero(~closed)
            times, codes, values, table = times[there], codes[there], values[:, there], table.select(there)
            layout = replace(layout, table=table)
    if layout.form.grain == "step" and layout.time:
        _refuse_new_turn(table, layout.time, times)
    order = np.lexsort((times, codes))
    back = (np.diff(codes[order]) == 0) & (np.diff(order) < 0)
    if back.any():
        count = f" ({len(set(codes[order][1:][back].tolist()))} series)" if len(keys) > 1 else ""
        notice(f"rows were not in order of time and have been sorted{count}")
    flows = [words.says(name, words.FLOWS) for name in layout.targets]
    flow = all(flows) if layout.wide else flows[0]
    return Rows(layout, order, times[order], codes[order], values[:, order], keys, flow)


def _times(layout: Layout, options: ReadOptions, notice: Notice) -> tuple[np.ndarray | None, Layout]:
    """The time of each row. Rows of totals and notes, which have none, are left out; any other is an error."""
    table, form, name = layout.table, layout.form, layout.time
    if name is None:
        return None, layout
    codes, texts = table.coded(name)
    times, fine = form.read(texts)
    if fine.all():
        return times[codes], layout
    if layout.series and (column := fill_down(table.columns[name])) is not None:
        notice(f"{name!r} is given once for several rows: it is filled down")
        filled = table.with_columns({**table.columns, name: column})
        return _times(replace(layout, table=filled), options, notice)
    lost = np.flatnonzero(~fine[codes])
    sums = _sums(layout, options, lost)
    for row in lost.tolist():
        text = texts[codes[row]]
        if row in sums:
            continue
        edge = not 0 < row < len(table) - LAST_ROWS and len(table) > 5 * LAST_ROWS
        missing = is_missing(text) or is_mark(text.strip().lower())  # such as the * of totals
        signs = edge + missing + _is_remark(layout, row)  # at an edge, without a time, without a value
        note = missing or any(map(str.isalpha, text))  # no time with a digit too many
        if not (words.is_total(text) or (note and signs > 1) or (edge and text.strip().endswith(":"))):
            example = next(text for text, ok in zip(texts, fine.tolist(), strict=True) if ok)
            what = "is empty" if is_missing(text) else f"{text!r} is not a time like {example!r}"
            hint = "correct the row, or take it out"
            if not any(char.isdigit() for name in table.columns for char in table.columns[name][row]):
                hint = "does a second table begin here? a file has one table"
            raise table.error(what, row, name, hint=hint)
    shown = texts[codes[lost[0]]].strip() or "no time"
    lines = ", ".join(f"{table.line(row)}" for row in lost[:3]) + (" …" if len(lost) > 3 else "")
    notice(f"{len(lost)} row{'s' if len(lost) > 1 else ''} of totals or notes left out ({shown!r}, line {lines})")
    kept = np.flatnonzero(fine[codes])
    return times[codes][kept], replace(layout, table=table.select(kept))


def _refuse_new_turn(table: Table, name: str, times: np.ndarray) -> None:
    """Raise where numbers of weeks or months begin again with 1 once: they would be put in front."""
    falls = np.flatnonzero(np.diff(times) < 0)
    parts = words.WEEK | words.MONTH | words.QUARTER | words.PERIOD | words.HOUR
    if len(falls) != 1 or not words.says(name, parts) or (np.diff(times) == 1).sum() < len(times) - 2:
        return
    row = int(falls[0]) + 1
    if times[row] in (0, 1) and times[0] > times[-1]:
        texts = table.columns[name]
        what = f"{texts[row]!r} comes after {texts[row - 1]!r}: does another year begin?"
        raise table.error(what, row, name, hint="write the year in a column beside it, or number on")


def _sums(layout: Layout, options: ReadOptions, lost: np.ndarray) -> set[int]:
    """Which rows without a time are the sums or means of the rows above them, or below, as those of years are."""
    codes, texts = layout.table.coded(layout.targets[0])
    texts = ["0" if is_missing(text) else text for text in texts]
    delimiter = layout.table.source.delimiter
    read = read_numbers(texts, decimal=options.decimal, thousands=options.thousands, delimiter=delimiter)
    if read is None:
        return set()
    values = read.values[codes]
    ends = [-1, *lost.tolist(), len(values)]
    found: set[int] = set()
    for before, row, after in zip(ends, ends[1:], ends[2:], strict=False):
        for part in (values[before + 1 : row], values[row + 1 : after]):
            near = [part.sum(), part.mean()] if len(part) > 1 else []
            if any(abs(values[row] - value) <= 1e-3 * abs(value) for value in near):
                found.add(row)
    return found if len(found) > 1 else set()


def _is_remark(layout: Layout, row: int) -> bool:
    """Whether a row without a time has no values either, or says that it is a total."""
    cells = {name: str(column[row]) for name, column in layout.table.columns.items()}
    return any(map(words.is_total, cells.values())) or all(is_missing(cells[name]) for name in layout.targets)


def _on_closed_days(times: np.ndarray, known: np.ndarray, notice: Notice) -> np.ndarray:
    """Which rows of a daily table are of days of the week on which none has a known value."""
    days = (times // DAY + 3) % 7
    rows, there = np.bincount(days, minlength=7), np.bincount(days[known], minlength=7)
    closed = np.flatnonzero((rows > 2) & (there == 0))
    if not len(closed) or not known.any() or np.median(np.diff(np.unique(times))) != DAY:
        return np.zeros(len(times), bool)
    notice(f"{rows[closed].sum():,} rows on {weekday_names(closed.tolist())}, which never have a value, left out")
    return np.isin(days, closed)


def _between_hours(times: np.ndarray, known: np.ndarray, notice: Notice) -> np.ndarray:
    """Which rows are of minutes of the hour at which none has a known value: a table of quarters with half hours."""
    minutes, which = np.unique(times % (3600 * SECOND), return_inverse=True)
    rows, there = np.bincount(which), np.bincount(which[known], minlength=len(minutes))
    closed = (rows > 2) & (there == 0)
    if not 1 < len(minutes) <= 60 or closed.all() or not closed.any():
        return np.zeros(len(times), bool)
    shown = " and ".join(f":{minute // (60 * SECOND):02d}" for minute in minutes[closed][:4].tolist())
    notice(f"{rows[closed].sum():,} rows at {shown} of the hour, which never have a value, left out")
    return np.asarray(closed[which])


def _newest_issue(layout: Layout, times: np.ndarray | None, notice: Notice) -> tuple[np.ndarray | None, Layout]:
    """Only the newest issue of each time where a column says when a value was issued."""
    table = layout.table
    if layout.issue is None or times is None:
        return times, layout
    rows, texts = table.coded(layout.issue)
    chosen = read_as_times([text for text in texts if not is_missing(text)], layout.issue)
    if chosen is None:
        return times, layout
    read, fine = chosen.form.read(texts)
    issued = np.where(fine, read, np.iinfo(np.int64).min)[rows]
    codes, _ = _group(table, layout)
    order = np.lexsort((issued, times, codes))
    last = np.r_[(np.diff(codes[order]) != 0) | (np.diff(times[order]) != 0), True]
    if last.all():
        return times, layout
    kept = np.sort(order[last])
    notice(f"of {len(table):,} rows the newest by {layout.issue!r} are taken for each time ({len(kept):,})")
    return times[kept], replace(layout, table=table.select(kept))


def read_numbers_column(table: Table, name: str, options: ReadOptions) -> tuple[np.ndarray, list[str]]:
    """A column as float64, NaN where a cell is empty or says that it is missing, and what was guessed. Raises
    `DataError` with line and column for text and infinite values, and where nothing tells what a sign means."""
    column = table.columns[name]
    if (quick := quick_numbers(column.tolist(), options.decimal, options.thousands)) is not None:
        return quick, []
    codes, texts = table.coded(name)

    def refused(place: int, what: str, hint: str) -> DataError:
        return table.error(what, int(np.flatnonzero(codes == place)[0]), name, hint=hint)

    found = read_column(table, name, texts, options)
    if found is None:
        known = [place for place, text in enumerate(texts) if not is_missing(text)]
        if not known:
            return np.full(len(table), np.nan), []
        wrong = next((place for place in known if read_numbers([texts[place]]) is None), known[0])
        raise refused(wrong, *_no_number(texts[wrong]))
    if found.problem:
        raise refused(*found.problem)
    notes = [f"{name!r}: {note}" for note in found.notes]
    counts = np.bincount(codes, minlength=len(texts))
    for place in found.bad:
        text = texts[place].strip()
        word = counts[place] > 1 and not any(char.isdigit() for char in text) and "inf" not in text.lower()
        if not word and text.lower() not in CLOSED:
            raise refused(place, *_no_number(texts[place]))
        notes.append(f"{text!r} in column {name!r} ({counts[place]} times) is taken as missing")
    return found.values[codes], notes


def _no_number(text: str) -> tuple[str, str]:
    """What is wrong with a cell, and what to do."""
    if INFINITE.fullmatch(text.strip().lower()):
        return f"{text!r} is infinite", "leave the cell empty where the value is missing"
    hint = "leave the cell empty where the value is missing; --decimal , reads 1,5; --target names another column"
    return f"{text!r} is not a number", hint


def _values(table: Table, name: str, options: ReadOptions, notice: Notice) -> np.ndarray:
    values, found = read_numbers_column(table, name, options)
    for note in found:
        notice(note)
    code = missing_code(values)
    if code is not None:
        count = int((values == code).sum())
        notice(f"{code:g} in column {name!r} ({count} times) is taken as a mark for a missing value")
        values = np.where(values == code, np.nan, values)
    return values


def _group(table: Table, layout: Layout) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """The number of each row's series, in the order in which the series come first, and their ids."""
    if not layout.series:
        return np.zeros(len(table), np.int64), [()]
    for name in layout.series:
        if any(text != text.strip() for text in table.coded(name)[1]):
            column = np.array([text.strip() for text in table.columns[name].tolist()], object)
            table = table.with_columns({**table.columns, name: column})
    codes, texts = table.coded(layout.series[0])
    if len(layout.series) == 1:
        return codes, [(text,) for text in texts]
    codes = table.combined(layout.series)
    first = np.unique(codes, return_index=True)[1]
    order = np.argsort(first)
    keys = list(zip(*(table.columns[name][first[order]].tolist() for name in layout.series), strict=True))
    return np.argsort(order)[codes], keys
