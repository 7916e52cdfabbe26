"""Times that stand across the columns: a row a time is made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from seqcli.series import words
from seqcli.series.columns import Columns, ReadOptions
from seqcli.series.fields import plain
from seqcli.series.forms import find_forms
from seqcli.series.header import Table
from seqcli.series.joined import join_cells
from seqcli.series.numbers import is_missing, read_numbers
from seqcli.series.order import choose
from seqcli.series.serials import to_numbers


def stack_times(table: Table, options: ReadOptions) -> tuple[Table, str]:
    """The table with a row a time where its times stand across the columns, and the name of its new value column."""
    if options.wide or options.target is not None:
        return table, ""
    names = list(table.columns)
    found = _times_in_names(table, names, options)
    if found is None:
        return table, ""
    start, stop, time = found
    run = names[start:stop]
    kept = [name for name in names if name not in run and name != time and not _is_left_out(table, name)]
    left = [name for name in names if name not in run and name not in (time, *kept)]
    count, width = len(table), len(run)
    texts = [re.sub(r"^X(?=\d)", "", name) for name in run]
    if time is not None:
        cells = [f"{plain(text)} {name}" for text in table.columns[time].tolist() for name in texts]
    else:
        cells = texts * count
    value = "value" if "value" not in kept else "values"
    label = time or ("time" if "time" not in kept else "times")
    columns = {label: join_cells(cells)}
    columns |= {
        name if not re.fullmatch(r"column\d+|Unnamed: \d+", name) else "series": np.repeat(table.columns[name], width)
        for name in kept
    }
    stacked = np.empty((count, width), object)
    for place, name in enumerate(run):
        stacked[:, place] = table.columns[name]
    columns[value] = stacked.reshape(-1)
    note = f"times stand across the columns ({run[0]} … {run[-1]}): a row a time is made of them"
    if left:
        note += f", without {', '.join(left[:6])}"
    melted = Table(
        table.path, columns, np.repeat(table.rows, width), table.find_lines, table.delimiter, (*table.notes, note)
    )
    return melted, value


def _is_left_out(table: Table, name: str) -> bool:
    """Whether a column beside times that stand across has totals or measures rather than names."""
    if words.is_total(name):
        return True
    texts = [text for text in dict.fromkeys(table.columns[name].tolist()) if not is_missing(text)]
    numbers = read_numbers(texts) if texts else None
    if not texts or (re.fullmatch(r"[A-Z]+-?[A-Z]*", name) and numbers is not None and len(name) <= 4):
        return True  # J-D, DJF beside the months
    return numbers is not None and bool((numbers.values != np.rint(numbers.values)).any())


def _times_in_names(table: Table, names: Sequence[str], options: ReadOptions) -> tuple[int, int, str | None] | None:
    """From where to where columns are named by times, and the column whose times these are parts of."""
    width = len(names)
    telling = [bool(re.search(r"\d", name)) or len(name) <= 12 for name in names]
    if width < 4 or sum(telling) < 3:
        return None
    columns = Columns(table, options)
    times = [name for name in names[:4] if columns.time(name) is not None]
    for start in range(min(6, width - 2)):
        for stop in range(width, max(start + 2, width - 9), -1):
            run = [re.sub(r"^X(?=\d)", "", name) for name in names[start:stop]]
            numeric = bool(to_numbers(run)[1].all())
            for time in [name for name in times if name not in run]:
                if _are_parts(columns, time, run, numeric):
                    return start, stop, time
            if len(run) >= 3 and not [name for name in times if name not in run] and _are_times(run, numeric):
                return start, stop, None
    return None


def _are_times(run: Sequence[str], numeric: bool) -> bool:
    """Whether names are all different times, one after another."""
    forms = [form for form in find_forms(run) if form.cycle == ""]
    if numeric:
        forms = [form for form in forms if form.reading in (("Y",), ("Ym",), ("Ymd",))]
    chosen = choose(forms, run)
    if chosen is None:
        return False
    times, fine = chosen.form.read(run)
    steps = np.diff(times)
    return bool(fine.all() and len(steps) and ((steps > 0).all() or (steps < 0).all()))


def _are_parts(columns: Columns, time: str, run: Sequence[str], numeric: bool) -> bool:
    """Whether names are parts of the periods in a time column: its months, quarters, hours."""
    whole = columns.time(time)
    years = whole is not None and whole.form.cycle == "year"
    if len(run) not in (4, 7, 12, 24, 25, 48, 52, 53, 96) and not (len(run) >= 3 and (not numeric or years)):
        return False
    if whole is None or whole.form.grain == "step" or len(run) < 3:
        return False
    sample = [plain(text) for text in columns.different(time)[:3]]
    texts = [f"{text} {name}" for text in sample for name in run]
    forms = [form for form in find_forms(texts) if form.cycle == "" and form.read(texts)[1].all()]
    finer = ("year", "half-year", "quarter", "month", "week", "day", "second", "step")
    for form in forms:
        if finer.index(form.grain) <= finer.index(whole.form.grain) and not whole.form.cycle:
            continue
        times = form.read(texts)[0]
        usual = {12: "month", 4: "quarter", 24: "second", 48: "second", 2: "half-year"}.get(len(run))
        if len(set(times.tolist())) == len(times) and (not numeric or form.grain == usual or whole.form.cycle):
            return True
    return False
