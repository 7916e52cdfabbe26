"""Which of a table's columns are the time, the value and the names of series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.errors import DataError, UsageError, listed
from seqcli.notices import change_with
from seqcli.series import words
from seqcli.series.across import stack_times
from seqcli.series.columns import LOOKED_AT, Columns, ReadOptions
from seqcli.series.fields import plain
from seqcli.series.header import Table, blank, code_texts
from seqcli.series.joined import with_joined_times
from seqcli.series.marks import is_missing
from seqcli.series.numbers import read_numbers
from seqcli.series.order import Chosen
from seqcli.series.recognise import read_as_times
from seqcli.series.serials import StepForm, to_numbers
from seqcli.series.times import FieldForm, Form

_DATED = r"\d+\s?[-/.:年]\s?\d+|\b(?:1[89]|20)\d\d\b"  # what a text looks like that has a date in it

_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{0,15})?|nan")


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


def find_layout(table: Table, options: ReadOptions) -> Layout:
    """Find the time, value and series columns by name, place and content; what is given is taken.

    Raises `DataError` when no column can be the value or the time cannot be read, `UsageError` for names that are not
    there.
    """
    table, across = stack_times(table, options)
    if not across:
        table = with_joined_times(table, options)
    for option, given in (
        ("--time", [options.time]),
        ("--target", [options.target]),
        ("--series", options.series),
        ("--covariates", options.covariates),
    ):
        for name in given:
            if name is not None and name not in table.columns:
                hint = f"its columns are {listed(table.columns)}"
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
        numeric = [name for name in numeric if not _numbers_rows(columns, name)] or numeric
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
    layout = replace(layout, targets=(values[0],), series=keys)
    if len(values) > 1:
        layout = _choose_target(layout, columns, values)
    if options.time is None:
        _refuse_side_by_side(layout, columns)
    return layout


def _refuse_side_by_side(layout: Layout, columns: Columns) -> None:
    """Raise where a value stands beyond another column of times, which are not those of the first: two tables."""
    table, names = layout.table, list(layout.table.columns)
    place = names.index(layout.time) if layout.time is not None else len(names)
    for name in names[place + 2 : names.index(layout.targets[-1])]:
        chosen = columns.time(name) if words.says_time(name) and name not in layout.series else None
        whole = chosen is not None and chosen.form.grain != "step" and not chosen.form.cycle
        numbers = any(columns.numbers(other) is not None for other in names[place + 1 : names.index(name)])
        if whole and numbers and (table.columns[name] != table.columns[names[place]]).any():
            raise DataError(
                f"has two columns of times, {names[place]!r} and {name!r}: are these two tables side by side?",
                path=table.path,
                hint="--time and --target name the columns that belong together",
            )


def _numbers_rows(columns: Columns, name: str) -> bool:
    """Whether a column has the numbers of the rows rather than values."""
    if name.startswith("Unnamed: ") and _is_whole(columns, name):
        return columns.is_different_everywhere(name)
    return columns.counts_rows(name) and not words.says(name, words.FLOWS | words.TARGETS[0] | words.TARGETS[1])


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
    if isinstance(chosen.form, FieldForm) and columns.options.day_first is None:
        _refuse_two_orders(columns, time, chosen.form, known)
    form: Form = chosen.form
    notes = [note] if (note := getattr(form, "note", "")) else []
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


def _refuse_two_orders(columns: Columns, time: str, form: FieldForm, texts: Sequence[str]) -> None:
    """Raise where dates are in order only if some have the day first and others the month, as spreadsheets do it."""
    swap = {"d": "m", "m": "d"}
    other = replace(form, reading=tuple(swap.get(field, field) for field in form.reading))
    if other.reading == form.reading:
        return
    times, fine = form.read(texts)
    swapped, also = other.read(texts)
    steps, mixed = np.diff(times[fine]), np.diff(np.where(also, swapped, times)[fine | also])
    rises = [bool((part > 0).all() or (part < 0).all()) for part in (steps, mixed)]
    if rises == [False, True] and not also.all() and len(texts) > 12:
        what = "some dates have the day first and others the month"
        hint = "export the data again, with dates such as 2020-01-31"
        raise DataError(what, path=columns.table.path, line=columns.table.line(0), column=time, hint=hint)


def _time_column(columns: Columns, names: Sequence[str]) -> tuple[str | None, str | None]:
    """The column whose name and content say time, and one that says when a row was issued, if there is one."""
    scored: list[tuple[float, str]] = []
    for place, name in enumerate(names):
        chosen = columns.time(name)
        if chosen is None:
            continue
        named = words.says_time(name)
        weak = (
            columns.is_plain(name) or isinstance(chosen.form, StepForm) or (not named and _are_amounts(columns, name))
        )
        if weak and not named and not _is_unnamed_time(columns, name, chosen, len(names)):
            continue
        bare = isinstance(chosen.form, FieldForm) and chosen.form.reading in (("a",), ("b",))
        if bare and not named and len(columns.different(name)) < 3:
            continue
        score = (2.0 if named else 0.0) + (0.0 if weak else 3.0) - 0.001 * place
        score += 0.5 if words.split_name(name)[:1] in (("ds",), ("date",)) and len(words.split_name(name)) == 1 else 0.0
        score -= 1.0 if words.says(name, words.ISSUES) else 0.0
        score -= 1.0 if isinstance(chosen.form, StepForm) and columns.counts_rows(name) else 0.0
        score -= 0.8 if isinstance(chosen.form, StepForm) and words.says(name, words.DAY | words.HOUR) else 0.0
        score -= 3.0 if getattr(chosen.form, "cycle", "") else 0.0
        score -= 3.0 if len(columns.different(name)) == 1 and len(columns.table) > 1 else 0.0
        scored.append((score, name))
    if not scored:
        return None, None
    scored.sort(key=lambda pair: -pair[0])
    best = scored[0][1]
    issues = [name for score, name in scored[1:] if words.says(name, words.ISSUES) and score > 1]
    return best, issues[0] if issues else None


def _are_amounts(columns: Columns, name: str) -> bool:
    """Whether a column has numbers with decimals, and perhaps a sign beside them: 7,78 or $7.78."""
    numbers = columns.numbers(name)
    texts = columns.different(name)
    amounts = sum(bool(re.fullmatch(r"[^\w.,]*\d+[.,]\d+[^\w.,]*", text)) for text in texts)
    return numbers is not None and amounts > 0.8 * len(texts)


def _is_unnamed_time(columns: Columns, name: str, chosen: Chosen, count: int) -> bool:
    """Whether plain numbers without a telling name can be times: rising years, or a count of the rows."""
    if count < 2:
        return False
    values = to_numbers([plain(text) for text in columns.different(name)])[0]
    rises = len(values) > 2 and bool((np.diff(values) > 0).all())
    if not rises:
        return False
    years = isinstance(chosen.form, FieldForm) and chosen.form.reading in (("Y",), ("Ymd",), ("Ym",))
    steps = len(values) > 10 and name == next(iter(columns.table.columns)) and len(set(np.diff(values).tolist())) == 1
    return years or steps or columns.counts_rows(name) or type(chosen.form).__name__ == "EpochForm"


def _refuse_unread_times(columns: Columns, names: Sequence[str]) -> None:
    """Raise where a column looks like times but cannot be read: rows are never numbered instead of it."""
    for name in names:
        texts = columns.different(name)
        if len(texts) < 2:
            continue
        if (numbers := columns.numbers(name)) is not None:
            values = numbers.values  # decimal years that are no months
            decimals = words.says_time(name) and bool((values % 1 > 0).any())
            months = decimals and words.says(name, words.MONTH) and all(re.search(r"\d{4}$", text) for text in texts)
            years = decimals and 1000 < values[0] < 2200 and bool((np.diff(values) > 0).all())
            if not (months or years or (words.is_date(name) and columns.time(name) is None)):
                continue
        named = words.says_time(name) or words.says(name, words.PERIOD)
        dated = sum(bool(re.search(_DATED, text)) for text in texts) > 0.8 * len(texts)
        many = len(texts) > 0.5 * min(len(columns.table), LOOKED_AT)
        digits = sum(any(char.isdigit() for char in text) for text in texts) > 0.8 * len(texts)
        if ((named or dated) and many) or (named and digits and len(texts) >= 5):
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
        there = [place for place, cell in enumerate(column) if not is_missing(cell)]
        row = next((place for place in there if read_numbers([column[place]]) is None), there[0])
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
        if words.says_time(name) and len(numbers) > 2 and (np.diff(numbers) > 0).all():
            points -= 3.0  # another way to write the times
        if words.says(name, words.KEYS) or (columns.is_different_everywhere(name) and columns.counts_rows(name)):
            points -= 1.5
        if len(texts) <= 2 and set(numbers.tolist()) <= {0.0, 1.0}:
            points -= 2.0
        elif len(texts) == 1:
            points -= 1.0
        return points

    totals = _running_totals(layout, values)
    scores = [score(name) - (4.0 if name in totals else 0.0) for name in values]
    best = max(scores)
    leading = [name for name, points in zip(values, scores, strict=True) if points == best]
    alone = all(len(columns.table.coded(name)[1]) == 1 for name in layout.series)
    wide = alone and (len(leading) == len(values) or (best <= 0 and len(leading) > 1))
    if wide:
        return replace(layout, targets=tuple(leading), wide=True, series=())
    chosen = leading[0]
    others = ", ".join([name for name in values if name != chosen][:8])
    note = f"of several columns of numbers {chosen!r} is forecast (the others: {others})"
    note += f"; {change_with('--target', '--wide')}"
    if chosen in totals.values():
        sums = ", ".join(repr(name) for name, changes in totals.items() if changes == chosen)
        note += f"; {sums} is its running total"
    return replace(layout, targets=(chosen,), notes=(*layout.notes, note))


def _running_totals(layout: Layout, names: Sequence[str]) -> dict[str, str]:
    """The columns that are running totals of others, with these: total_cases of new_cases."""
    table = layout.table
    keys = np.zeros(len(table), np.int64)
    for name in layout.series:
        keys = keys * len(table.coded(name)[1]) + table.coded(name)[0]
    rows = np.argsort(keys, kind="stable")[:LOOKED_AT]
    follows = np.diff(keys[rows]) == 0
    columns = {}
    for name in names:
        cells = [cell.strip() or "nan" for cell in table.columns[name][rows].tolist()]
        if all(map(_PLAIN.fullmatch, cells)):
            columns[name] = np.array(cells, np.float64)
    found: dict[str, str] = {}
    for name, total in columns.items():
        steps = np.diff(total)
        rising = follows & ~np.isnan(steps)
        if rising.sum() < 8 or not ((steps[rising] >= 0).all() or (steps[rising] <= 0).all()):
            continue
        for other, changes in columns.items():
            for made in (steps - changes[1:], steps + changes[:-1]):  # the newest row last, or first
                known = rising & ~np.isnan(made)
                near = np.abs(made[known]) <= 1e-6 * np.abs(total[1:][known]) + 1e-9
                if other != name and known.sum() >= 8 and near.mean() > 0.9 and len(np.unique(changes)) > 2:
                    found.setdefault(name, other)
    return found


def _key_columns(
    columns: Columns, time: str | None, issue: str | None, text: Sequence[str], numeric: Sequence[str]
) -> tuple[str, ...]:
    """Columns that tell series apart: text, and whole numbers named like an id where times come more than once."""
    table, target = columns.table, columns.options.target
    keys = [name for name in text if name != target and _is_no_time(columns, name) and not _is_notes(columns, name)]
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
    if here < len(table) and not chosen and len(numeric) > 1:
        chosen = [name for name in numeric if name != target and _tells_apart(columns, base, name)][:1]
    series = len(set(zip(*(table.columns[name].tolist() for name in chosen), strict=True))) if chosen else 0
    if series > 0.4 * len(table) and len(table) > 20 and not named:
        return ()  # a row of its own for nearly each: transactions, not series
    return tuple(chosen)


def _tells_apart(columns: Columns, base: Sequence[str], name: str) -> bool:
    """Whether a column of whole numbers has the ids of series: each in one block of rows, or each once at each time."""
    table = columns.table
    if not _is_whole(columns, name) or columns.is_different_everywhere(name):
        return False
    codes, texts = table.coded(name)
    times = table.coded(base[0])[0]
    if len(np.unique(times * len(table) + codes)) < len(table):
        return False
    blocks = int((np.diff(codes) != 0).sum()) + 1 == len(texts)
    return blocks or len(texts) * (int(times.max()) + 1) == len(table)


def _is_no_time(columns: Columns, name: str) -> bool:
    """Whether a column of text has names in it: also such as S0 or M1, where its own name says no time."""
    chosen = columns.time(name)
    numbered = chosen is not None and (isinstance(chosen.form, StepForm) or bool(chosen.form.cycle))
    return chosen is None or (numbered and not words.says_time(name))


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
