"""Which of a table's columns are the time, the value and the names of series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.errors import UsageError, listed
from seqcli.series import words
from seqcli.series.across import stack_times
from seqcli.series.columns import LOOKED_AT, Columns, ReadOptions
from seqcli.series.fields import plain
from seqcli.series.header import Table
from seqcli.series.joined import with_joined_times
from seqcli.series.marks import blank, fill_down, is_missing
from seqcli.series.numbers import MOSTLY, read_numbers
from seqcli.series.roles import choose_target, key_columns
from seqcli.series.serials import StepForm
from seqcli.series.time_column import find_time_column, find_time_form, refuse_unread_times
from seqcli.series.times import Form, month_of

_DURATION = re.compile(r"\d+(?:(?::|\s?(?:h|m)[a-z]*\.?\s?)\d\d?){1,2}\s?(?:[ms][a-z]*\.?)?", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """What the columns are. Without a `time` the rows are numbered. Wide: each of `targets` is a series of its own.
    `issue` tells revisions apart."""

    table: Table
    time: str | None
    form: Form
    targets: tuple[str, ...]
    series: tuple[str, ...]
    wide: bool
    notes: tuple[str, ...]
    issue: str | None = None


def find_layout(table: Table, options: ReadOptions) -> Layout:
    """Find the time, value and series columns by name, place and content; what is given is taken. Raises `DataError`
    when no column can be the value or the time cannot be read, `UsageError` for names that are not there."""
    table, across = stack_times(table, options)
    if not across:
        table = with_joined_times(table, options)
    _check_given(table, options)
    columns = Columns(table, options)
    names = [name for name in table.columns if name not in options.covariates]
    taken = (options.target, *options.series)
    time, issue = options.time, None
    notes: list[str] = []
    if time is None:
        time, issue = find_time_column(columns, [name for name in names if name not in taken])
    form: Form = StepForm(name="row numbers")
    if time is not None:
        form, notes = find_time_form(columns, time)
    if options.time is None and isinstance(form, StepForm):
        refuse_unread_times(columns, [name for name in names if name not in (time, *taken)])
    rest = [name for name in names if name not in (time, issue, *options.series) and not blank(table.coded(name)[1])]
    numeric = [name for name in rest if columns.numbers(name) is not None]
    text = [name for name in rest if name not in numeric]
    if len(rest) > 1:
        values = [name for name in numeric if not columns.is_row_number(name)]
        others = [] if any(map(columns.has_digits, text)) else numeric
        numeric = values or [name for name in others if not words.says(name, words.KEYS)]
    if time is not None and (filled := _filled_down(columns, time, rest)) is not None:
        return find_layout(filled, options)
    if options.wide:
        targets = tuple(name for name in numeric if options.target in (None, name))
        if not targets:
            raise table.error("has no column of numbers", hint="give the --decimal sign, or the --target")
        return Layout(table, time, form, targets, (), True, tuple(notes), issue)
    keys = tuple(options.series) or key_columns(columns, time, issue, text, numeric)
    if not options.series and form.grain == "year":
        _refuse_parts_of_years(columns, keys)
    values = [name for name in numeric if name not in keys and not words.says(name, words.COORDINATES)]
    values = values if options.target is None else [options.target]
    durations = [options.target] if options.target in text else [] if values else text
    if (counted := _with_durations(table, durations)) is not None:
        return find_layout(counted, options)
    if options.target is None and not any(words.says(name, words.VALUES) for name in values):
        wanted = [name for name in text if words.says(name, words.VALUES) and _are_like_numbers(columns, name)]
        values, text = ([], wanted) if wanted else (values, text)  # not temperatures for sales that cannot be read
    if not values:
        _refuse_without_numbers(columns, text)
    if options.target is None and across:
        values = [across]
    targets, wide = (values[0],), False
    if len(values) > 1:
        targets, wide, said = choose_target(columns, keys, values)
        notes += said
    layout = Layout(table, time, form, targets, () if wide else keys, wide, tuple(notes), issue)
    if options.time is None and not columns.have_ids(names):
        _refuse_side_by_side(layout, columns)
    return layout


def _check_given(table: Table, options: ReadOptions) -> None:
    """Raise for names of columns that the table does not have."""
    given = [("--time", options.time), ("--target", options.target), *(("--series", name) for name in options.series)]
    for option, name in (*given, *(("covariate", name) for name in options.covariates)):
        if name is not None and name not in table.columns:
            hint = f"its columns are {listed(table.columns)}"
            raise UsageError(f"{option} {name!r} is not a column of {table.source.shown}", hint=hint)


def _refuse_side_by_side(layout: Layout, columns: Columns) -> None:
    """Raise where a value stands beyond another column of times, which are not those of the first: two tables."""
    table, names = layout.table, list(layout.table.columns)
    place = names.index(layout.time) if layout.time is not None else len(names)
    for name in names[place + 2 : names.index(layout.targets[-1])]:
        named = words.says_time(name) and not name[:1].isdigit()  # 10 Yr is how long a bond runs
        chosen = columns.time(name) if named and name not in layout.series else None
        numbers = any(columns.numbers(other) is not None for other in names[place + 1 : names.index(name)])
        if chosen is not None and columns.has_dates(name) and numbers and not _says_again(layout, name, chosen.form):
            what = f"has two columns of times, {names[place]!r} and {name!r}: are these two tables side by side?"
            raise table.error(what, hint="--time and --target name the columns that belong together")


def _says_again(layout: Layout, name: str, form: Form) -> bool:
    """Whether a column has the times again, or their years or months."""
    cells, own = layout.table.columns[name], layout.table.columns[layout.time or ""]
    months = {"year": 12, "month": 1}.get(form.grain)
    if months is None:
        return not (cells != own).any()
    times, again = (one.read(texts[:LOOKED_AT].tolist())[0] for one, texts in ((form, cells), (layout.form, own)))
    return bool((month_of(times) // months == month_of(again) // months).all())


def _refuse_parts_of_years(columns: Columns, keys: Sequence[str]) -> None:
    """Raise where series would be the months or quarters of years, in words that are not known: First, Second."""
    parts = (words.MONTH, words.QUARTER, words.WEEK, words.HALF)
    for name in keys:
        if any(words.says(name, part) for part in parts) and len(columns.different(name)) > 1:
            text = columns.different(name)[0]
            hint = f"write Q1 or January, say; or --series {name} makes series of them"
            raise columns.table.error(f"{text!r} is no part of a year that is known", 0, name, hint=hint)


def _with_durations(table: Table, names: Sequence[str]) -> Table | None:
    """The table with a column of durations, such as 0:16:40 or 16 min 40 s, as numbers of their smallest unit; None
    where there is none."""
    for name in names:
        codes, texts = table.coded(name)
        parts = [re.findall(r"\d+", text) if _DURATION.fullmatch(plain(text)) else [] for text in texts]
        lengths = {len(part) for part, text in zip(parts, texts, strict=True) if not is_missing(text)}
        if len(lengths) == 1 and lengths != {0} and not words.is_time_of_day(name):
            numbers = [str(sum(int(digits) * 60**at for at, digits in enumerate(part[::-1]))) for part in parts]
            cells = np.array([number if part else "" for number, part in zip(numbers, parts, strict=True)], object)
            first = next(place for place, part in enumerate(parts) if part)
            note = f"{name!r}: {texts[first].strip()} is read as {numbers[first]}; --target names another column"
            return table.with_columns({**table.columns, name: cells[codes]}, note)
    return None


def _are_like_numbers(columns: Columns, name: str) -> bool:
    """Whether texts begin as numbers do, but are no ranges, times or clocks."""
    texts = columns.different(name)
    numbers = sum(bool(re.match(r"\W*\d[\d.,]*(?![-/:.\d])", text)) for text in texts)
    return columns.time(name) is None and numbers > MOSTLY * len(texts)


def _refuse_without_numbers(columns: Columns, text: Sequence[str]) -> None:
    table = columns.table
    if text:
        text = [*filter(columns.has_digits, text), *text]
        column = table.columns[text[0]].tolist()
        there = [place for place, cell in enumerate(column) if not is_missing(cell)]
        row = next((place for place in there if read_numbers([column[place]]) is None), there[0])
        hint = "name the value column with --target; --decimal , reads 1,5"
        raise table.error(f"no column of numbers; {column[row]!r} is not a number", row, text[0], hint=hint)
    raise table.error("has no column of numbers to forecast", hint="name it with --target")


def _filled_down(columns: Columns, time: str, names: Sequence[str]) -> Table | None:
    """The table with its times, or columns of names, that are given once for several rows, as in merged cells, filled
    down. None where there are none: where filling does not tell rows with the same time apart."""
    table = columns.table
    if int(table.coded(time)[0].max()) + 1 == len(table):
        return None
    gaps: dict[str, np.ndarray] = {}
    for name in (time, *names):
        head = table.columns[name][:LOOKED_AT].tolist()
        named = name == time or columns.numbers(name) is None or words.says(name, words.KEYS)
        if named and sum(map(is_missing, head)) >= 0.3 * len(head):
            filled = fill_down(table.columns[name])
            gaps |= {} if filled is None else {name: filled}
    if not gaps:
        return None
    text = [name for name in names if columns.numbers(name) is None and name not in gaps]
    whole = [name for name in text if 2 * len(table.coded(name)[1]) < len(table)]
    alone: list[tuple[list[str], list[str]]] = [([name], []) for name in gaps if name != time]
    together = [(list(gaps)[:count], whole) for count in range(1, len(gaps) + 1)]
    for chosen, keys in (*alone, *together):
        made = table.with_columns({**table.columns, **{name: gaps[name] for name in chosen}})
        before = int(table.combined(list(dict.fromkeys((time, *keys)))).max()) + 1
        after = int(made.combined(list(dict.fromkeys((time, *chosen, *keys)))).max()) + 1
        if before < after == len(table):
            verbs = ("are", "they are") if len(chosen) > 1 else ("is", "it is")
            said = f"{' and '.join(map(repr, chosen))} {verbs[0]} given once for several rows: {verbs[1]} filled down"
            return table.with_columns(made.columns, said)
    return None
