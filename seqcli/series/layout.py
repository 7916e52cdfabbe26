"""Which of a table's columns are the time, the value and the names of series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from seqcli.errors import UsageError, listed
from seqcli.notices import change_with
from seqcli.series import words
from seqcli.series.across import stack_times
from seqcli.series.columns import LOOKED_AT, Columns, ReadOptions
from seqcli.series.fields import plain
from seqcli.series.header import Table, code_texts
from seqcli.series.joined import with_joined_times
from seqcli.series.marks import blank, fill_down, is_missing
from seqcli.series.numbers import MOSTLY, read_numbers
from seqcli.series.serials import StepForm, to_numbers
from seqcli.series.time_column import find_time_column, find_time_form, refuse_unread_times
from seqcli.series.times import Form, month_of

_DURATION = re.compile(r"\d+(?:(?::|\s?(?:h|m)[a-z]*\.?\s?)\d\d?){1,2}\s?(?:[ms][a-z]*\.?)?", re.IGNORECASE)
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
    _check_given(table, options)
    columns = Columns(table, options)
    names = [name for name in table.columns if name not in options.covariates]
    taken = (options.target, *options.series)
    time, issue = options.time, None
    notes: list[str] = []
    if time is None:
        time, issue = find_time_column(columns, [name for name in names if name not in taken])
    form = None
    if time is not None:
        form, notes = find_time_form(columns, time)
    if options.time is None and (form is None or isinstance(form, StepForm)):
        refuse_unread_times(columns, [name for name in names if name not in (time, *taken)])
    rest = [name for name in names if name not in (time, issue, *options.series) and not blank(table.coded(name)[1])]
    numeric = [name for name in rest if columns.numbers(name) is not None]
    text = [name for name in rest if name not in numeric]
    if len(rest) > 1:
        values = [name for name in numeric if not _numbers_rows(columns, name)]
        others = [] if any(map(columns.has_digits, text)) else numeric
        numeric = values or [name for name in others if not words.says(name, words.KEYS)]
    if time is not None and (filled := _filled_down(columns, time, rest)) is not None:
        return find_layout(filled, options)
    layout = Layout(table, time, form, (), (), False, options.decimal, tuple(notes), issue)
    if options.wide:
        targets = tuple(name for name in numeric if options.target in (None, name))
        if not targets:
            raise table.error("has no column of numbers", hint="give the --decimal sign, or the --target")
        return replace(layout, targets=targets, wide=True)
    keys = tuple(options.series) or _key_columns(columns, time, issue, text, numeric)
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
    layout = replace(layout, targets=(values[0],), series=keys)
    if len(values) > 1:
        layout = _choose_target(layout, columns, values)
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
        chosen = columns.time(name) if words.says_time(name) and name not in layout.series else None
        numbers = any(columns.numbers(other) is not None for other in names[place + 1 : names.index(name)])
        if chosen is not None and columns.has_dates(name) and numbers and not _says_again(layout, name, chosen.form):
            what = f"has two columns of times, {names[place]!r} and {name!r}: are these two tables side by side?"
            raise table.error(what, hint="--time and --target name the columns that belong together")


def _says_again(layout: Layout, name: str, form: Form) -> bool:
    """Whether a column has the times again, or their years or months."""
    cells, own = layout.table.columns[name], layout.table.columns[layout.time or ""]
    months = {"year": 12, "month": 1}.get(form.grain)
    if months is None or layout.form is None:
        return not (cells != own).any()
    times, again = (one.read(texts[:LOOKED_AT].tolist())[0] for one, texts in ((form, cells), (layout.form, own)))
    return bool((month_of(times) // months == month_of(again) // months).all())


def _numbers_rows(columns: Columns, name: str) -> bool:
    """Whether a column has the numbers of the rows rather than values."""
    if words.says(name, words.KEYS) and _is_whole(columns, name) and columns.is_different_everywhere(name):
        return not words.says(name, words.VALUES)
    unnamed, names = r"Unnamed: \d+|column\d+", list(columns.table.columns)
    if name == names[0] and re.fullmatch(unnamed, name) and not all(re.match(unnamed, other) for other in names):
        return _is_whole(columns, name) and columns.is_different_everywhere(name)
    if name != names[0]:  # where its name must say so, as any count may rise by one a row
        return words.says(name, words.ROWS | words.TIME) and columns.counts_rows(name)
    return columns.counts_rows(name) and not words.says(name, words.FLOWS | words.TARGETS[0] | words.TARGETS[2])


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
    return columns.time(name) is None and sum(
        re.match(r"\W*\d[\d.,]*(?![-/:.\d])", text) is not None for text in texts
    ) > MOSTLY * len(texts)


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


def _choose_target(layout: Layout, columns: Columns, values: Sequence[str]) -> Layout:
    """Of several columns of numbers the likeliest; all of them where none is likelier and no others name series."""

    def score(name: str) -> float:
        texts = columns.different(name)
        numbers = to_numbers([plain(text) for text in texts])[0]
        parts = words.split_name(re.sub(r"\(.*?\)", "", name) or name)
        points = 0.0
        for rank, wanted in enumerate(words.TARGETS):
            if any(part in wanted for part in parts):
                points = max(points, 5.0 - rank)
        if prices and any(part in words.TARGETS[3] for part in parts):
            points = 6.0
        if any(part in words.BESIDE for part in parts):
            points -= 2.0
        whole = (numbers == np.rint(numbers)).all()
        if words.says_time(name) and whole and len(numbers) > 5 and (np.diff(numbers) > 0).all():
            points -= 3.0  # another way to write the times
        is_key = words.says(name, words.KEYS) and parts[-2:][0] not in words.VALUES  # as the last of Product Sales is
        if is_key or _numbers_rows(columns, name):
            points -= 1.5
        if len(texts) == 1:
            points -= 4.0
        elif len(texts) == 2 and set(numbers.tolist()) <= {0.0, 1.0}:
            points -= 2.0
        elif layout.series and layout.table.combined((*layout.series, name)).max() == count:
            points -= 2.0  # the same through each series, such as its code
        return points

    prices = all(any(words.says(name, wanted) for name in values) for wanted in words.HIGH_LOW)
    count = layout.table.combined(layout.series).max()
    totals = _running_totals(layout, values)
    scores = [score(name) - (4.0 if name in totals else 0.0) for name in values]
    best = max(scores)
    leading = [name for name, points in zip(values, scores, strict=True) if points == best]
    alone = all(len(columns.table.coded(name)[1]) == 1 for name in layout.series)
    wide = alone and (len(leading) == len(values) or (best <= 0 and len(leading) > 1))
    if wide:
        left = ", ".join([name for name in values if name not in leading][:8])
        notes = (f"columns of numbers that are left out: {left}; {change_with('--target')}",) if left else ()
        return replace(layout, targets=tuple(leading), wide=True, series=(), notes=(*layout.notes, *notes))
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
    keys = table.combined(layout.series)
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
    if (times := columns.time(time)) is not None and times.form.cycle:  # of which each comes again
        keys = [name for name in keys if words.says(name, words.KEYS) or _come_in_turn(table, time, [name])]
    ids = [name for name in numeric if name != target and words.says(name, words.KEYS) and _is_whole(columns, name)]
    ids += [name for name in numeric if name != target and words.says(name, words.COORDINATES)]
    base = [time] if issue is None else [time, issue]

    def distinct(names: Sequence[str]) -> int:
        """How many different combinations of a time and these columns there are."""
        return int(table.combined((*base, *names)).max()) + 1

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
    for name in [name for name in chosen if name not in named]:  # what the others tell apart: whether a state had a law
        others = [other for other in chosen if other != name]
        chosen = others if others and distinct(others) == here else chosen
    if here < len(table) and not chosen and len(numeric) > 1:
        others = [name for name in numeric if name != target and _is_whole(columns, name)][:6]
        pairs = (group for size in (1, 2) for group in combinations(others, size))
        chosen = list(
            next((group for group in pairs if len(group) < len(numeric) and _tells_apart(columns, base, group)), ())
        )
    series = len(set(zip(*(table.columns[name].tolist() for name in chosen), strict=True))) if chosen else 0
    many = 0.95 if named and distinct([]) < len(table) else 0.4
    if series > many * len(table) and len(table) > 20:
        return ()  # a row of its own for nearly each: transactions, not series
    return tuple(chosen)


def _tells_apart(columns: Columns, base: Sequence[str], names: Sequence[str]) -> bool:
    """Whether columns of whole numbers have the ids of series: each in one block of rows, or each once at each time."""
    table = columns.table
    if any(map(columns.is_different_everywhere, names)):
        return False
    return int(table.combined((base[0], *names)).max()) + 1 == len(table) and _come_in_turn(table, base[0], names)


def _come_in_turn(table: Table, time: str, names: Sequence[str]) -> bool:
    """Whether the rows of each combination of some columns stand together, or all are there at each time as often."""
    codes = table.combined(names)
    if (np.diff(codes) != 0).sum() == codes.max():
        return True
    pairs = np.bincount(table.combined((time, *names)))
    every = (codes.max() + 1) * (table.coded(time)[0].max() + 1)
    return bool(len(pairs) == every and pairs.min() == pairs.max())


def _is_no_time(columns: Columns, name: str) -> bool:
    """Whether a column of text has names in it: also such as S0 or M1, where its own name says no time, and 2020-01
    where it says that they are products."""
    chosen = columns.time(name) if words.says_time(name) or not words.says(name, words.KEYS) else None
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
        filled = fill_down(table.columns[name])
        pairs = np.unique(times * len(table) + code_texts(filled)[0])
        if len(pairs) == len(table):
            note = f"{name!r} is given once for several rows: it is filled down"
            return table.with_columns({**table.columns, name: filled}, note)
    return None


def _is_notes(columns: Columns, name: str) -> bool:
    """Whether a column of text has remarks in it rather than names: long texts, mostly missing."""
    column = columns.table.columns[name][:LOOKED_AT].tolist()
    return sum(map(is_missing, column)) > 0.5 * len(column)


def _is_whole(columns: Columns, name: str) -> bool:
    numbers = columns.numbers(name)
    return numbers is not None and bool((numbers.values == np.rint(numbers.values)).all())
