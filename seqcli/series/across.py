"""Times that stand across the columns: a row a time is made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from seqcli.errors import DataError
from seqcli.series import words
from seqcli.series.columns import Columns, ReadOptions
from seqcli.series.fields import GRAINS, plain
from seqcli.series.forms import find_forms
from seqcli.series.header import Table, bare_times
from seqcli.series.joined import HOURS, with_joined_times
from seqcli.series.marks import is_missing
from seqcli.series.names import MONTH, WEEKDAY, find_numbers
from seqcli.series.numbers import read_numbers
from seqcli.series.numerals import find_named
from seqcli.series.order import choose, in_order
from seqcli.series.recognise import read_as_times
from seqcli.series.serials import to_numbers
from seqcli.series.time_column import YEARS_FIRST
from seqcli.series.times import DAY, Form

Run = tuple[list[str], str | None, list[str]]  # columns, the column whose times they are parts of, a text a cell
_UNNAMED = r"column\d+|Unnamed: \d+"
_USUAL = {12: "month", 4: "quarter", 24: "second", 48: "second", 2: "half-year", 31: "day"}  # what so many columns are


def stack_times(table: Table, options: ReadOptions) -> tuple[Table, str]:
    """The table with a row a time where its times stand across the columns, and the name of its new value column.
    Raises `DataError` where nothing tells which days the columns of weekdays are."""
    if options.wide or options.target is not None:
        return table, ""
    names = list(table.columns)
    if len(names) > 31 or any(find_numbers(names[start:], WEEKDAY) for start in range(1, min(5, len(names) - 4))):
        table = with_joined_times(table, options)
    found = _find_run(table, options)
    if found is None:
        return table, ""
    run, time, cells = found
    rest = [name for name in table.columns if name not in run and name != time]
    kept = [name for name in rest if not _is_left_out(table, name)]
    if time or len(kept) > 1:  # numbers of rows
        counted = Columns(table, options)
        kept = [name for name in kept if not (re.fullmatch(_UNNAMED, name) and counted.counts_rows(name))]
    left = [name for name in rest if name not in kept]
    value = "value" if "value" not in kept else "values"
    columns = {time or ("time" if "time" not in kept else "times"): np.array(cells, object)}
    for name in kept:
        unnamed = re.fullmatch(_UNNAMED, name)
        columns["series" if unnamed else name] = np.repeat(table.columns[name], len(run))
    columns[value] = np.stack([table.columns[name] for name in run], axis=1).reshape(-1)
    note = f"times stand across the columns ({run[0]} … {run[-1]}): a row a time is made of them"
    if left:
        note += f", without {', '.join(left[:6])}"
    rows, notes = np.repeat(table.rows, len(run)), (*table.notes, note)
    there = np.flatnonzero([bool(cell) for cell in cells])  # days that a month does not have are no rows
    return Table(table.source, columns, rows, notes).select(there), value


def _is_left_out(table: Table, name: str) -> bool:
    """Whether a column beside times that stand across has totals, flags or measures rather than names."""
    texts = [text for text in dict.fromkeys(table.columns[name].tolist()) if not is_missing(text)]
    if not texts or name[:-1] in table.columns:
        return True
    if (numbers := read_numbers(texts)) is None:
        return words.is_total(name) and not words.says_time(name)  # Year may be above names
    part = re.fullmatch(r"[A-Z]+-?[A-Z]*", name) is not None and len(name) <= 4  # J-D, DJF beside the months
    return words.is_total(name) or part or bool((numbers.values != np.rint(numbers.values)).any())


def _find_run(table: Table, options: ReadOptions) -> Run | None:
    """The columns that are named by times."""
    flags = {name for name in table.columns if name[:-1] in table.columns and name[-1:].isalpha() and len(name) > 4}
    totals = {name for name in table.columns if words.is_total(name) and not words.says_time(name)}  # YTD 2021
    flags |= totals if len(totals) < 0.25 * len(table.columns) else set()
    names = [name for name in table.columns if name not in flags]
    width = len(names)
    telling = [bool(re.search(r"\d", name)) or len(name) <= 12 for name in names]
    if width < 3 or sum(telling) < 3:
        return None
    columns, parts = Columns(table, options), words.HOUR | words.WEEK
    grains = {name: columns.grain(name) for name in names[:4]}
    counted = [
        name for name in grains if words.says(name, words.DAY) or (grains[name] == "step" and words.says(name, parts))
    ]
    times = [name for name in grains if grains[name] not in ("", "step") or name in counted]
    times += [name for name in names[:1] if re.fullmatch(r"(?:19|20)\d\d", name) and name not in times]
    times = [name for name in times if words.says_time(name) or not words.says(name, words.KEYS)]
    if names == [f"column{place}" for place in range(1, 14)] and columns.counts_years(names[0]):
        cells = _join(columns, names[0], [f"{month:02d}" for month in range(1, 13)], table.columns[names[0]].tolist())
        return (names[1:], names[0], cells) if cells else None
    for start in range(min(9, width - 1)):
        for stop in range(width, max(start + 1, width - 9), -1):
            run = names[start:stop]
            if any(columns.different(name) and columns.numbers(name) is None for name in (run[0], run[-1])):
                continue
            texts = bare_times(run)
            outside = [name for name in times if name not in run]
            for time in outside:
                if _join(columns, time, texts, table.columns[time].tolist()[:3]):
                    cells = _join(columns, time, texts, table.columns[time].tolist())
                    return (run, time, cells) if cells else None
            dated = len(run) >= 3 and not outside and _are_times(texts)
            if dated or _are_numbered(columns, names[:start], run):
                return run, None, texts * len(table)
    return None


def _are_numbered(columns: Columns, before: Sequence[str], run: Sequence[str]) -> bool:
    """Whether columns are V2, V3, V4 … beside the name of a series in each row."""
    matches = [re.fullmatch(r"(?!column\d)([A-Za-z_ ]+)(\d+)", name) for name in (*before, *run)]
    found = [(match[1], int(match[2])) for match in matches[len(before) :] if match]
    if len(found) < len(run) or len({word for word, _ in found}) > 1 or not before:
        return False
    first = matches[len(before) - 1]  # V1 before V2, V3 …, as R names the columns of a table without a header
    if len(run) < (3 if first and (first[1], int(first[2])) == (found[0][0], found[0][1] - 1) else 8):
        return False
    if {b - a for (_, a), (_, b) in pairwise(found)} != {1}:
        return False
    name = next((name for name in before if not columns.counts_rows(name)), before[0])
    ids = columns.table.columns[name].tolist()
    return len(set(ids)) == len(ids) and read_numbers(ids) is None and not columns.has_dates(name)


def _are_times(run: Sequence[str]) -> bool:
    """Whether names are all different times, one after another."""
    chosen = _chosen(run)
    if chosen is None:
        return False
    times, fine = chosen.read(run)
    return bool(fine.all()) and len(run) > 1 and in_order(times)


def _chosen(run: Sequence[str]) -> Form | None:
    """How names can be read as whole times."""
    forms = [form for form in find_forms(run) if form.cycle == ""]
    if bool(to_numbers(run)[1].all()):
        forms = [form for form in forms if form.reading in YEARS_FIRST]
    elif not forms and all(re.search(r"\d", name) for name in run) and read_as_times(run[:8], ""):
        other = read_as_times(run, "")
        return other.form if other and other.form.grain != "step" and not other.form.cycle else None
    chosen = choose(forms, run)
    return chosen.form if chosen else None


def _join(columns: Columns, time: str, run: Sequence[str], rows: Sequence[str]) -> list[str] | None:
    """The times of all cells of some rows where the columns are parts of the periods in a time column, such as its
    months, weekdays or hours; None where they are not."""
    whole = columns.time(time)
    if whole is None or len(run) < 2:
        return None
    if cells := _hours_of_days(columns, time, run, rows) or _weeks_of_years(columns, time, run, rows):
        return cells
    numbers, months = find_numbers(run, WEEKDAY), find_numbers(run, MONTH)
    if numbers:
        return _weekdays(columns, time, whole.form, numbers, rows)
    if whole.form.grain == "step":
        of_year = bool(re.fullmatch(r"(?:19|20)\d\d", time))  # in the corner
        run = [f"{time} {name}" for name in run] if of_year else run
        return _days_of_months(columns.table, run, rows) if of_year or words.says(time, words.DAY) else None
    numeric = bool(to_numbers(run)[1].all())
    years = whole.form.cycle == "year"
    if len(run) not in (2, 4, 7, 12, 24, 25, 31, 48, 52, 53, 96) and not (len(run) >= 3 and (not numeric or years)):
        return None
    clean = [plain(text) for text in rows]
    turn = months.index(1) if months and 1 in months[1:] and whole.form.grain == "year" else 0
    if turn:  # years that begin in the month of the first column
        starts = [re.search(r"\d{4}", text) for text in clean]
        if not all(starts):
            return None
        firsts = [int(match[0]) for match in starts if match]
        return [f"{year + (place >= turn)} {name}" for year in firsts for place, name in enumerate(run)]
    clock = whole.form.cycle == "day"
    cells = [f"{name} {text}" if clock else f"{text} {name}" for text in clean for name in run]
    sample = cells[: 3 * len(run)]
    for form in (*find_forms(sample), *find_named(sample)):
        times, fine = form.read(sample)
        days = len(run) == 31 and form.grain == "day"  # of which a month may have fewer
        if form.cycle or fine.mean() < (0.95 if days else 1) or len(set(times[fine].tolist())) < fine.sum():
            continue
        finer = whole.form.cycle or GRAINS.index(form.grain) > GRAINS.index(whole.form.grain)
        usual = form.grain == _USUAL.get(len(run)) or whole.form.cycle
        if finer and (usual or (not numeric and len(run) > 2)):
            return [cell if ok else "" for cell, ok in zip(cells, form.read(cells)[1], strict=True)] if days else cells
    return None


def _hours_of_days(columns: Columns, time: str, run: Sequence[str], rows: Sequence[str]) -> list[str] | None:
    """The times of hours that stand down, as 7, 07:00 or 06 - 07, and days that stand across."""
    clocks = [HOURS.sub(r"\1:00", plain(text)) for text in rows]
    clocks = [f"{text}:00" if re.fullmatch(r"\d\d?", text) else text for text in clocks]
    if not words.says(time, words.HOUR) or not all(re.fullmatch(r"(?:[01]?\d|2[0-4]):00", text) for text in clocks):
        return None
    form = _chosen(run)
    return [f"{day} {clock}" for clock in clocks for day in run] if form and form.grain == "day" else None


def _weeks_of_years(columns: Columns, time: str, run: Sequence[str], rows: Sequence[str]) -> list[str] | None:
    """The weeks that stand down, as 7 or KW 7, of the years that stand across; empty where a year has no week 53."""
    found = [re.fullmatch(r"\D*(\d\d?)", plain(text)) for text in rows]
    weeks = [int(match[1]) for match in found if match]
    years = all(re.fullmatch(r"(?:19|20)\d\d", name) for name in run)
    if not words.says(time, words.WEEK) or not years or len(weeks) < len(rows) or not 0 < max(weeks) <= 53:
        return None
    cells = []
    for row, week in enumerate(weeks):
        there = [week < 53 or not is_missing(columns.table.columns[name][row]) for name in run]
        cells += [f"{year}-W{week:02d}" if known else "" for year, known in zip(run, there, strict=True)]
    return cells


def _weekdays(columns: Columns, time: str, form: Form, numbers: Sequence[int], rows: Sequence[str]) -> list[str] | None:
    """The dates of weekdays that stand across, by the weeks or dates in a column."""
    times, fine = form.read(rows)
    days = times // DAY
    if form.cycle or form.grain not in ("day", "week") or not fine.all() or len(set((days % 7).tolist())) > 1:
        return None
    there = int(days[0] + 3) % 7 + 1  # the weekday of the dates, Monday is 1
    first, last = numbers[0], numbers[-1]
    if form.grain == "week":
        begins = days + (first - 1 if first < 7 else -1)
    elif there == first:
        begins = days
    elif there == last or words.says(time, words.ENDS):
        begins = days - (there - first) % 7
    elif words.says(time, words.STARTS):
        begins = days + (first - there) % 7
    else:
        what = f"whether the weekdays in the columns come before or after {rows[0]!r} cannot be told"
        raise columns.table.error(what, 0, time, hint="call the column 'week starting' or 'week ending'")
    offsets = np.array([(number - first) % 7 for number in numbers])
    return [str(day) for day in (begins[:, None] + offsets).reshape(-1).astype("M8[D]")]


def _days_of_months(table: Table, run: Sequence[str], rows: Sequence[str]) -> list[str] | None:
    """The dates of days that stand down and months that stand across; empty where a month has no such day."""
    form = _chosen(run)
    days, fine = to_numbers(rows)
    if not fine.all() or days.min() < 1 or days.max() > 31:
        return None
    if find_numbers(run, MONTH):
        what = f"days stand down and months ({run[0]} … {run[-1]}) across, but of which year?"
        hint = "name the columns by year and month, such as 2022-01"
        raise DataError(what, path=table.source.shown, line=1, hint=hint)
    if form is None or form.grain != "month":
        return None
    months = form.read(run)[0].astype("M8[us]").astype("M8[M]")
    dates = months.astype("M8[D]") + (days.astype(int)[:, None] - 1)
    fits = dates.astype("M8[M]") == months
    return [str(text) for text in np.where(fits, dates.astype(str), "").reshape(-1)]
