"""Which of a table's columns are the time, the value and the names of series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.series import words
from seqcli.series.header import Table, blank, code_texts
from seqcli.series.numbers import Numbers, is_missing, read_numbers
from seqcli.series.order import Chosen, choose
from seqcli.series.serials import StepForm, find_intervals, find_serials, find_wrapped, to_numbers
from seqcli.series.times import FieldForm, Form, find_forms, plain

LOOKED_AT = 1500  # rows from which it is judged what a column is


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file or data frame; what is None is found out.

    Args:
        time, target, series: the columns' names.
        wide: every column of numbers is a series.
        frequency: a word or pandas alias.
        decimal, thousands: the signs in numbers.
        day_first: how to read 04/05/2021.
        covariates: columns that are known beforehand.
        duplicates: what becomes of rows with the same time: `error`, `first`, `last`, `mean` or `sum`.
        aggregate: how values make a `frequency` coarser than the data: `sum`, `mean`, `first`, `last`.
        fill: what the missing times of a log stand for: `zero` puts zeros, any other leaves them missing.
        sheet: of a workbook.
        encoding, errors: those of text files.
    """

    time: str | None = None
    target: str | None = None
    series: tuple[str, ...] = ()
    wide: bool = False
    frequency: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    day_first: bool | None = None
    covariates: tuple[str, ...] = ()
    duplicates: str | None = None
    aggregate: str | None = None
    fill: str | None = None
    sheet: str | None = None
    encoding: str = "auto"
    errors: str = "strict"


@dataclass(frozen=True)
class Layout:
    """What the columns are. Wide: each of `targets` is a series of its own. `issue` tells revisions apart."""

    table: Table
    time: str | None
    form: Form | None
    targets: tuple[str, ...]
    series: tuple[str, ...]
    wide: bool
    decimal: str | None
    notes: tuple[str, ...]
    issue: str | None = None


@dataclass
class Columns:
    """A table's columns, looked at when they are needed."""

    table: Table
    options: ReadOptions
    _times: dict[str, Chosen | None] = field(default_factory=dict)
    _numbers: dict[str, Numbers | None] = field(default_factory=dict)
    _different: dict[str, list[str]] = field(default_factory=dict)

    def different(self, name: str) -> list[str]:
        """The different texts of the rows looked at, evenly over the table, that are not missing."""
        if name not in self._different:
            column = self.table.columns[name]
            part = (
                column if len(column) <= LOOKED_AT else column[np.linspace(0, len(column) - 1, LOOKED_AT).astype(int)]
            )
            self._different[name] = [text for text in dict.fromkeys(part.tolist()) if not is_missing(text)]
        return self._different[name]

    def time(self, name: str) -> Chosen | None:
        """How a column may be read as times."""
        if name not in self._times:
            self._times[name] = read_as_times(self.different(name), name, self.options.day_first)
        return self._times[name]

    def numbers(self, name: str) -> Numbers | None:
        """How a column may be read as numbers."""
        if name not in self._numbers:
            texts = self.different(name)
            decimal, thousands = self.options.decimal, self.options.thousands
            delimiter = self.table.delimiter
            found = read_numbers(texts, decimal=decimal, thousands=thousands, delimiter=delimiter) if texts else None
            self._numbers[name] = found
        return self._numbers[name]

    def is_plain(self, name: str) -> bool:
        """Whether a column's texts are plain numbers."""
        texts = self.different(name)
        return bool(texts) and bool(to_numbers([plain(text) for text in texts])[1].mean() > 0.8)

    def counts_rows(self, name: str) -> bool:
        """Whether a column numbers the rows 0, 1, 2 … or 1, 2, 3 …"""
        head = self.table.columns[name][:1000].tolist()
        return any([text.strip() for text in head] == [str(i + start) for i in range(len(head))] for start in (0, 1))

    def is_different_everywhere(self, name: str) -> bool:
        """Whether no two rows have the same text in a column."""
        head = self.table.columns[name][:LOOKED_AT].tolist()
        if len(set(head)) < len(head):
            return False
        return len(self.table) > 1 and len(self.table.coded(name)[1]) == len(self.table)


def read_as_times(texts: Sequence[str], name: str, day_first: bool | None = None) -> Chosen | None:
    """The most likely form of different texts as times; None where there is none."""
    if not texts:
        return None
    named = words.says_time(name)
    numeric = to_numbers([plain(text) for text in texts])[1].mean() > 0.8
    forms: list[Form] = list(find_forms(texts))
    if numeric:
        forms = [form for form in forms if isinstance(form, FieldForm) and set("".join(form.reading)) & set("Yy")]
        if not named:
            forms = [form for form in forms if isinstance(form, FieldForm) and "Y" in "".join(form.reading)]
        forms += find_serials(texts, named=named)
        if named and all(re.fullmatch(r"\d+\.0+", text.strip()) for text in texts):
            forms = find_wrapped(texts, whole=False) + forms
    else:
        forms = forms or find_intervals(texts) or find_serials(texts, named=named) or find_wrapped(texts)
    return choose(forms, texts, day_first=day_first)


def find_layout(table: Table, options: ReadOptions) -> Layout:
    """Find the time, value and series columns by name, place and content; what is given is taken.

    Raises `DataError` when no column can be the value or the time cannot be read, `UsageError` for names that are not
    there.
    """
    table, across = _across(table, options)
    if not across:
        table = _combined(table, options)
    for option, given in (
        ("--time", [options.time]),
        ("--target", [options.target]),
        ("--series", options.series),
        ("--covariates", options.covariates),
    ):
        for name in given:
            if name is not None and name not in table.columns:
                hint = f"its columns are {', '.join(list(table.columns)[:12])}"
                raise UsageError(f"{option} {name!r} is not a column of {table.path}", hint=hint)
    columns = Columns(table, options)
    names = [name for name in table.columns if name not in options.covariates]
    taken = (options.target, *options.series)
    time, issue = options.time, None
    notes: list[str] = []
    if time is None:
        time, issue = _time_column(columns, [name for name in names if name not in taken])
    form = None
    if time is not None:
        form, notes = _form(columns, time)
    if options.time is None and (form is None or isinstance(form, StepForm)):
        _refuse_unread_times(columns, [name for name in names if name not in (time, *taken)])
    rest = [name for name in names if name not in (time, issue, *options.series) and not blank(table.coded(name)[1])]
    numeric = [name for name in rest if columns.numbers(name) is not None]
    text = [name for name in rest if name not in numeric]
    if len(rest) > 1:
        numeric = [
            name for name in numeric if not columns.counts_rows(name) or words.says(name, words.FLOWS)
        ] or numeric
    if time is not None and (filled := _filled_down(columns, time, rest)) is not None:
        return find_layout(filled, options)
    layout = Layout(table, time, form, (), (), False, options.decimal, tuple(notes), issue)
    if options.wide:
        targets = tuple(name for name in numeric if options.target in (None, name))
        if not targets:
            hint = "give the --decimal sign, or the --target"
            raise DataError("has no column of numbers", path=table.path, hint=hint)
        return replace(layout, targets=targets, wide=True)
    keys = tuple(options.series) or _key_columns(columns, time, issue, text, numeric)
    values = [name for name in numeric if name not in keys] if options.target is None else [options.target]
    if not values:
        _refuse_without_numbers(columns, text)
    if options.target is None and across:
        values = [across]
    if len(values) > 1:
        return _choose_target(replace(layout, series=keys), columns, values)
    return replace(layout, targets=(values[0],), series=keys)


def _form(columns: Columns, time: str) -> tuple[Form, list[str]]:
    """How the time column is read, and what was a choice."""
    column = columns.table.columns[time]
    texts = columns.table.coded(time)[1]
    known = [text for text in texts[:: max(1, len(texts) // 3000)] if not is_missing(text)]
    chosen = read_as_times(known, time, columns.options.day_first)
    if chosen is None:
        row = next((place for place, text in enumerate(column.tolist()) if not is_missing(text)), 0)
        raise DataError(
            f"{column[row]!r} is not a time in any form that is known",
            path=columns.table.path,
            line=columns.table.line(row),
            column=time,
            hint="2020-01-31, 2020-01, 2020Q1, 31/01/2020, 2020-01-31 13:30, 31 Jan 2020 and whole numbers are",
        )
    notes = []
    form: Form = chosen.form
    for rival in chosen.rivals:
        ours, theirs = getattr(form, "reading", None), getattr(rival, "reading", None)
        if columns.options.day_first is None and ours and theirs and sorted(ours) == sorted(theirs):
            if "d" not in ours or "m" not in ours:
                notes.append(f"times such as {known[0].strip()} are read as {form.name}, not {rival.name}")
                break
            first = "day" if ours.index("d") < ours.index("m") else "month"
            if "y" in ours and ours[0] != theirs[0] and "y" in (ours[0], theirs[0]):
                notes.append(f"dates such as {known[0].strip()} are read as {form.name}")
            else:
                ways = f"can be read two ways: {first} first here (--day-first, --month-first)"
                notes.append(f"dates such as {known[0].strip()} {ways}")
            break
    return form, notes


def _time_column(columns: Columns, names: Sequence[str]) -> tuple[str | None, str | None]:
    """The column whose name and content say time, and one that says when a row was issued, if there is one."""
    scored: list[tuple[float, str]] = []
    for place, name in enumerate(names):
        chosen = columns.time(name)
        if chosen is None:
            continue
        named = words.says_time(name)
        weak = columns.is_plain(name) or isinstance(chosen.form, StepForm)
        if weak and not named and not _is_unnamed_time(columns, name, chosen, len(names)):
            continue
        bare = isinstance(chosen.form, FieldForm) and chosen.form.reading in (("a",), ("b",))
        if bare and not named and len(columns.different(name)) < 3:
            continue
        score = (2.0 if named else 0.0) + (0.0 if weak else 3.0) - 0.001 * place
        score += 0.5 if words.split_name(name)[:1] in (("ds",), ("date",)) and len(words.split_name(name)) == 1 else 0.0
        score -= 1.0 if words.says(name, words.ISSUES) else 0.0
        score -= 0.8 if isinstance(chosen.form, StepForm) and words.says(name, words.DAY | words.HOUR) else 0.0
        score -= 1.5 if getattr(chosen.form, "cycle", "") else 0.0
        score -= 3.0 if len(columns.different(name)) == 1 and len(columns.table) > 1 else 0.0
        scored.append((score, name))
    if not scored:
        return None, None
    scored.sort(key=lambda pair: -pair[0])
    best = scored[0][1]
    issues = [name for score, name in scored[1:] if words.says(name, words.ISSUES) and score >= 2]
    return best, issues[0] if issues else None


def _is_unnamed_time(columns: Columns, name: str, chosen: Chosen, count: int) -> bool:
    """Whether plain numbers without a telling name can be times: rising years, or a count of the rows."""
    if count < 2:
        return False
    values = to_numbers([plain(text) for text in columns.different(name)])[0]
    rises = len(values) > 2 and bool((np.diff(values) > 0).all())
    if not rises:
        return False
    years = isinstance(chosen.form, FieldForm) and chosen.form.reading in (("Y",), ("Ymd",), ("Ym",))
    return years or columns.counts_rows(name) or type(chosen.form).__name__ == "EpochForm"


def _refuse_unread_times(columns: Columns, names: Sequence[str]) -> None:
    """Raise where a column looks like times but cannot be read: rows are never numbered instead of it."""
    for name in names:
        texts = columns.different(name)
        if len(texts) < 2 or columns.numbers(name) is not None:
            continue
        named = words.says_time(name) or words.says(name, words.PERIOD)
        dated = sum(bool(re.search(r"\d+\s?[-/.:年]\s?\d+", text)) for text in texts) > 0.8 * len(texts)
        if (named or dated) and len(texts) > 0.5 * min(len(columns.table), LOOKED_AT):
            raise DataError(
                f"{texts[0]!r} looks like a time, but not in a form that is known",
                path=columns.table.path,
                line=columns.table.line(columns.table.columns[name].tolist().index(texts[0])),
                column=name,
                hint="write times as in 2020-01-31, 2020-01, 2020 Q1 or 2020-01-31 13:30; or take the column out",
            )


def _refuse_without_numbers(columns: Columns, text: Sequence[str]) -> None:
    table = columns.table
    if text:
        column = table.columns[text[0]].tolist()
        row = next(place for place, cell in enumerate(column) if not is_missing(cell))
        raise DataError(
            f"no column of numbers; {column[row]!r} is not a number",
            path=table.path,
            line=table.line(row),
            column=text[0],
            hint="name the value column with --target; --decimal , reads 1,5",
        )
    raise DataError("has no column of numbers to forecast", path=table.path, hint="name it with --target")


def _choose_target(layout: Layout, columns: Columns, values: Sequence[str]) -> Layout:
    """Of several columns of numbers the likeliest; all of them where none is likelier and no others name series."""

    def score(name: str) -> float:
        texts = columns.different(name)
        numbers = to_numbers([plain(text) for text in texts])[0]
        parts = words.split_name(name)
        points = 0.0
        for rank, wanted in enumerate(words.TARGETS):
            if any(part in wanted for part in parts):
                points = max(points, 4.0 - rank)
        if any(part in words.BESIDE for part in parts):
            points -= 2.0
        if words.says(name, words.KEYS) or (columns.is_different_everywhere(name) and columns.counts_rows(name)):
            points -= 1.5
        if len(texts) <= 2 and set(numbers.tolist()) <= {0.0, 1.0}:
            points -= 2.0
        elif len(texts) == 1:
            points -= 1.0
        return points

    scores = [score(name) for name in values]
    best = max(scores)
    leading = [name for name, points in zip(values, scores, strict=True) if points == best]
    wide = not layout.series and (len(leading) == len(values) or (best <= 0 and len(leading) > 1))
    if wide:
        return replace(layout, targets=tuple(leading), wide=True)
    chosen = leading[0]
    others = ", ".join([name for name in values if name != chosen][:8])
    note = f"of several columns of numbers {chosen!r} is forecast (the others: {others})"
    note += "; --target or --wide says otherwise"
    return replace(layout, targets=(chosen,), notes=(*layout.notes, note))


def _key_columns(
    columns: Columns, time: str | None, issue: str | None, text: Sequence[str], numeric: Sequence[str]
) -> tuple[str, ...]:
    """Columns that tell series apart: text, and whole numbers named like an id where times come more than once."""
    table, target = columns.table, columns.options.target
    keys = [name for name in text if name != target and columns.time(name) is None and not _is_notes(columns, name)]
    if time is None:
        return tuple(
            name for name in keys if words.says(name, words.KEYS) or len(table.coded(name)[1]) < len(table) / 2
        )
    ids = [name for name in numeric if name != target and words.says(name, words.KEYS) and _is_whole(columns, name)]
    base = [time] if issue is None else [time, issue]

    def distinct(names: Sequence[str]) -> int:
        """How many different combinations of a time and these columns there are."""
        groups = table.coded(base[0])[0]
        for name in (*base[1:], *names):
            groups = np.unique(groups * len(table) + table.coded(name)[0], return_inverse=True)[1]
        return int(groups.max()) + 1

    here = distinct([])
    named = [name for name in keys if words.says(name, words.KEYS) and not columns.is_different_everywhere(name)]
    if here == len(table) and not any(len(table.coded(name)[1]) > 1 for name in named):
        return tuple(named[:1])
    chosen = [name for name in named if len(table.coded(name)[1]) > 1] or named[:1]
    here = distinct(chosen)
    for name in [*(name for name in keys if name not in chosen), *ids]:
        if here == len(table):
            break
        if columns.is_different_everywhere(name):
            continue
        there = distinct([*chosen, name])
        if there > here + 0.01 * len(table):
            chosen.append(name)
            here = there
    series = len(set(zip(*(table.columns[name].tolist() for name in chosen), strict=True))) if chosen else 0
    if series > 0.4 * len(table) and len(table) > 20 and not named:
        return ()  # a row of its own for nearly each: transactions, not series
    return tuple(chosen)


def _filled_down(columns: Columns, time: str, names: Sequence[str]) -> Table | None:
    """The table with a column of names that are given once for several rows, as in merged cells, filled down.

    None where there is none: where filling does not tell rows with the same time apart.
    """
    table = columns.table
    times = table.coded(time)[0]
    if int(times.max()) + 1 == len(table):
        return None
    for name in names:
        head = table.columns[name][:LOOKED_AT].tolist()
        if sum(map(is_missing, head)) < 0.3 * len(head):
            continue
        codes, texts = table.coded(name)
        missing = np.array([is_missing(text) for text in texts])[codes]
        if (
            missing[0]
            or missing.mean() < 0.3
            or (columns.numbers(name) is not None and not words.says(name, words.KEYS))
        ):
            continue
        filled = table.columns[name][np.maximum.accumulate(np.where(missing, 0, np.arange(len(missing))))]
        pairs = np.unique(times * len(table) + code_texts(filled)[0])
        if len(pairs) == len(table):
            note = f"{name!r} is given once for several rows: it is filled down"
            return table.with_columns({**table.columns, name: filled}, note)
    return None


def _is_notes(columns: Columns, name: str) -> bool:
    """Whether a column of text has remarks in it rather than names: long texts, mostly missing."""
    column = columns.table.columns[name]
    missing = sum(is_missing(cell) for cell in column[:LOOKED_AT].tolist()) / min(len(column), LOOKED_AT)
    return missing > 0.5


def _is_whole(columns: Columns, name: str) -> bool:
    numbers = columns.numbers(name)
    return numbers is not None and bool((numbers.values == np.rint(numbers.values)).all())


def _join(*parts: Sequence[str]) -> np.ndarray:
    made = np.empty(len(parts[0]), object)
    made[:] = ["".join(cells) for cells in zip(*parts, strict=True)]
    return made


def _combined(table: Table, options: ReadOptions) -> Table:
    """The table with the parts of its times, which stand in several columns, in one."""
    if options.time is not None and options.time not in table.columns:
        return table
    columns = Columns(table, options)
    names = [name for name in table.columns if name not in (options.target, *options.series, *options.covariates)]
    if options.time is not None:
        return table
    full = [name for name in names if not columns.is_plain(name) and _grain(columns.time(name)) in ("day", "second")]
    dates = [name for name in full if _grain(columns.time(name)) == "day" and not _cycle(columns.time(name))]
    dates += [name for name in names if name not in full and words.says_time(name) and _is_compact_date(columns, name)]
    parts: list[str] = []
    joined: np.ndarray | None = None
    if dates:
        clock = next((name for name in names if name not in dates and _is_clock(columns, name)), None)
        if clock is not None:
            parts, joined = [dates[0], clock], _join(*_date_and_clock(columns, table, dates[0], clock))
    elif not any(not _cycle(columns.time(name)) for name in full):
        parts, joined = _year_and_parts(columns, table, names)
    if joined is None:
        return table
    name = " ".join(parts)
    made = {name: joined, **{other: column for other, column in table.columns.items() if other not in parts}}
    return table.with_columns(made, f"times are read from the columns {' and '.join(map(repr, parts))}")


def _grain(chosen: Chosen | None) -> str:
    return chosen.form.grain if chosen is not None else ""


def _cycle(chosen: Chosen | None) -> str:
    return chosen.form.cycle if chosen is not None else ""


def _is_compact_date(columns: Columns, name: str) -> bool:
    chosen = columns.time(name)
    return chosen is not None and getattr(chosen.form, "reading", ()) in (("Ymd",), ("dmY",), ("mdY",))


def _is_clock(columns: Columns, name: str) -> bool:
    """Whether a column has times of day, or hours by its name."""
    texts = columns.different(name)
    if len(texts) < 2:
        return False
    chosen = columns.time(name)
    if not columns.is_plain(name):
        return chosen is not None and chosen.form.cycle == "day" and chosen.form.grain == "second"
    values, fine = to_numbers([plain(text) for text in texts])
    if not words.says(name, words.HOUR) or not fine.all() or (values != np.rint(values)).any() or values.min() < 0:
        return False
    return bool(
        values.max() <= 24 or (values.max() <= 2400 and (values % 100 < 60).all() and (values % 100 % 5 == 0).all())
    )


def _date_and_clock(columns: Columns, table: Table, date: str, clock: str) -> list[Sequence[str]]:
    clocks = table.columns[clock].tolist()
    if columns.is_plain(clock):
        values = to_numbers([plain(text) for text in columns.different(clock)])[0]
        if values.max() <= 24:
            clocks = [f"{plain(text).partition('.')[0]:0>2}:00" for text in clocks]
        else:
            clocks = [f"{plain(text).partition('.')[0]:0>4}" for text in clocks]
            clocks = [f"{text[:2]}:{text[2:]}" for text in clocks]
    return [table.columns[date].tolist(), [" "] * len(table), clocks]


def _year_and_parts(columns: Columns, table: Table, names: Sequence[str]) -> tuple[list[str], np.ndarray | None]:
    """The columns of year, month, day …, and their cells joined; None where there is no year or nothing finer."""

    def find(wanted: frozenset[str], low: int, high: int, *, others: bool = False) -> str | None:
        for name in names:
            texts = [plain(text) for text in columns.different(name) if not words.is_total(text)]
            if not words.says(name, wanted) or not texts:
                continue
            values, fine = to_numbers(texts)
            whole = fine.all() and (values == np.rint(values)).all() and values.min() >= low and values.max() <= high
            if whole or (others and not fine.any()):
                return name
        return None

    year = find(words.YEAR, 1000, 2999, others=True)
    if year is None:
        return [], None
    rest = [name for name in names if name != year]
    month, quarter = find(words.MONTH, 1, 12, others=True), find(words.QUARTER, 1, 4, others=True)
    week, period = find(words.WEEK, 1, 53, others=True), find(words.PERIOD, 1, 13, others=True)
    part = next((name for name in (month, quarter, week, period) if name in rest), None)
    if part is None:
        return [], None
    cells = [plain(text).removesuffix(".0") for text in table.columns[year].tolist()]
    second = [plain(text).removesuffix(".0") for text in table.columns[part].tolist()]
    numeric = columns.is_plain(part)
    day = find(words.DAY, 1, 31) if part == month else None
    if part == month and numeric:
        made, used = [f"{a}-{b:0>2}" for a, b in zip(cells, second, strict=True)], [year, part]
    else:
        letter = {quarter: "Q", week: "W"}.get(part, "") if numeric else ""
        made, used = [f"{a} {letter}{b}" for a, b in zip(cells, second, strict=True)], [year, part]
    if day is not None and day not in used:
        days = [plain(text).removesuffix(".0") for text in table.columns[day].tolist()]
        glue = "-" if numeric else " "
        made, used = [f"{a}{glue}{b:0>2}" for a, b in zip(made, days, strict=True)], [*used, day]
        hour = next((name for name in rest if name not in used and _is_clock(columns, name)), None)
        if hour is not None:
            clocks = _date_and_clock(columns, table, day, hour)[2]
            minute = find(words.MINUTE, 0, 59)
            if minute is not None and minute not in used and columns.is_plain(hour):
                minutes = [plain(text) for text in table.columns[minute].tolist()]
                clocks = [f"{text[:3]}{more:0>2}" for text, more in zip(clocks, minutes, strict=True)]
                used = [*used, minute]
            made, used = [f"{a} {b}" for a, b in zip(made, clocks, strict=True)], [*used, hour]
    texts = [text for text in dict.fromkeys(made) if not words.is_total(text)]
    if not find_forms(texts):
        return [], None
    return used, _join(made)


def _across(table: Table, options: ReadOptions) -> tuple[Table, str]:
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
    columns = {label: _join(cells)}
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
