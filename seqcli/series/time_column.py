"""The time column of a table, and the form that its times are in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqcli.series import words
from seqcli.series.columns import LOOKED_AT, Columns
from seqcli.series.marks import is_missing
from seqcli.series.order import Chosen, in_order
from seqcli.series.recognise import read_as_times
from seqcli.series.serials import EpochForm, StepForm, to_numbers
from seqcli.series.times import FieldForm, Form, innermost

YEARS_FIRST = (("Y",), ("Ymd",), ("Ym",), ("Y", "m"), ("Yw",), ("YmdH",), ("YmdHM",))  # plain numbers that are times
_DATED = r"\d+\s?[-/.:年]\s?\d+|\b(?:1[89]|20)\d\d\b"  # what a text looks like that has a date in it


def find_time_column(columns: Columns, names: Sequence[str]) -> tuple[str | None, str | None]:
    """The column whose name and content say time, and one that says when a row was issued, if there is one."""
    scored: list[tuple[float, str]] = []
    events = columns.have_ids(names)
    for place, name in enumerate(names):
        chosen = columns.time(name)
        if chosen is None:
            continue
        named = words.says_time(name)
        yearly, steps = chosen.form.grain == "year", isinstance(chosen.form, StepForm)
        weak = columns.is_plain(name) or steps
        if not named:
            signed = yearly and re.fullmatch(r"\W+\d{4}", columns.different(name)[0])
            weak = weak or bool(signed) or _are_amounts(columns, name)
            if yearly and words.says(name, words.KEYS):
                continue  # N1402
            if weak and not _is_unnamed_time(columns, name, chosen, len(names)):
                continue
        score = 2.0 * named + 3.0 * (not weak) - 0.001 * place
        score += 0.5 * (words.split_name(name) in (("ds",), ("date",)))
        score -= 1.0 * (words.says(name, words.ISSUES) and not events)
        score -= 1.5 * (steps and columns.counts_rows(name))
        score -= 0.8 * (steps and words.says(name, words.DAY | words.HOUR))
        score -= 3.0 * bool(chosen.form.cycle)
        score -= 3.0 * (len(columns.different(name)) == 1 and len(columns.table) > 1)
        scored.append((score, name))
    if not scored:
        return None, None
    scored.sort(key=lambda pair: -pair[0])
    best = scored[0][1]
    issues = [name for score, name in scored[1:] if words.says(name, words.ISSUES) and score > 1]
    return best, issues[0] if issues and not events else None


def find_time_form(columns: Columns, time: str) -> tuple[Form, list[str]]:
    """How the time column is read, and what was a choice."""
    column = columns.table.columns[time]
    texts = columns.table.coded(time)[1]
    known = [text for text in texts[:: max(1, len(texts) // 3000)] if not is_missing(text)]
    chosen = read_as_times(known, time, columns.options.day_first)
    if chosen is None:
        row = next((place for place, text in enumerate(column.tolist()) if not is_missing(text)), 0)
        hint = "2020-01-31, 2020-01, 2020Q1, 31/01/2020, 2020-01-31 13:30, 31 Jan 2020 and whole numbers are"
        raise columns.table.error(f"{column[row]!r} is not a time in any form that is known", row, time, hint=hint)
    if isinstance(chosen.form, FieldForm) and columns.options.day_first is None:
        _refuse_two_orders(columns, time, chosen.form, known)
    form: Form = chosen.form
    inner = getattr(form, "form", getattr(form, "start", form))
    notes = [one.note for one in dict.fromkeys((form, inner)) if one.note]
    shown = next((text for text in known if any(map(str.isdigit, text))), known[0]).strip()
    ours, others = innermost(form).reading, [innermost(rival).reading for rival in chosen.rivals]
    orders = [place for place, other in enumerate(others) if other != ours and sorted(other) == sorted(ours)]
    if orders and columns.options.day_first is None:
        theirs = others[orders[0]]
        if "d" not in ours or "m" not in ours:
            notes.append(f"times such as {shown} are read as {form.name}, not {chosen.rivals[orders[0]].name}")
        elif "y" in ours and ours[0] != theirs[0] and "y" in (ours[0], theirs[0]):
            notes.append(f"dates such as {shown} are read as {form.name}")
        else:
            first = "day" if ours.index("d") < ours.index("m") else "month"
            ways = f"can be read two ways: {first} first here (--day-first, --month-first)"
            notes.append(f"dates such as {shown} {ways}")
    return form, notes


def _are_amounts(columns: Columns, name: str) -> bool:
    """Whether a column has numbers with decimals, and perhaps a sign beside them: 7,78 or $7.78."""
    numbers = columns.numbers(name)
    texts = columns.different(name)
    amounts = sum(bool(re.fullmatch(r"[^\w.,]*\d+[.,]\d+[^\w.,]*", text)) for text in texts)
    return numbers is not None and amounts > 0.8 * len(texts)


def _is_unnamed_time(columns: Columns, name: str, chosen: Chosen, count: int) -> bool:
    """Whether plain numbers without a telling name can be times: rising years, or a count of the rows."""
    if count < 2 or words.says(name, words.KEYS):
        return False
    values = to_numbers(columns.different(name))[0]
    rises = len(values) > 2 and bool((np.diff(values) > 0).all())
    if not rises:
        return False
    inner = getattr(chosen.form, "form", chosen.form)
    early = inner.reading == ("Y",) and values[0] < 1500  # the numbers of documents, from 1000
    years = inner.reading in YEARS_FIRST and not early and bool(chosen.form.read(columns.different(name))[1].all())
    steps = len(values) > 10 and name == next(iter(columns.table.columns)) and len(set(np.diff(values).tolist())) == 1
    return years or steps or columns.counts_rows(name) or isinstance(chosen.form, EpochForm)


def _refuse_two_orders(columns: Columns, time: str, form: FieldForm, texts: Sequence[str]) -> None:
    """Raise where dates are in order only if some have the day first and others the month, as spreadsheets do it."""
    swap = {"d": "m", "m": "d"}
    other = replace(form, reading=tuple(swap.get(field, field) for field in form.reading))
    if other.reading == form.reading:
        return
    times, fine = form.read(texts)
    swapped, also = other.read(texts)
    mixed = np.where(also, swapped, times)[fine | also]
    if not in_order(times[fine]) and in_order(mixed) and not also.all() and len(texts) > 12:
        what = "some dates have the day first and others the month"
        hint = "export the data again, with dates such as 2020-01-31"
        raise columns.table.error(what, 0, time, hint=hint)


def refuse_unread_times(columns: Columns, names: Sequence[str]) -> None:
    """Raise where a column looks like times but cannot be read: rows are never numbered instead of it."""
    for name in names:
        texts = columns.different(name)
        if len(texts) < 2:
            continue
        if (numbers := columns.numbers(name)) is not None:
            values = numbers.values  # decimal years that are no months
            decimals = words.says_time(name) and bool((values % 1 > 0).any())
            months = decimals and all(re.fullmatch(r"\d{1,4}\.(?:19|20)\d\d", text) for text in texts)
            years = decimals and 1000 < values[0] < 2200 and bool((np.diff(values) > 0).all())
            if not (months or years or (words.is_date(name) and columns.time(name) is None)):
                continue
        named = words.says_time(name) or words.says(name, words.PERIOD)
        dated = sum(bool(re.search(_DATED, text)) for text in texts) > 0.8 * len(texts)
        many = len(texts) > 0.5 * min(len(columns.table), LOOKED_AT)
        digits = sum(any(char.isdigit() for char in text) for text in texts) > 0.8 * len(texts)
        if ((named or dated) and many) or (named and digits and len(texts) >= 5):
            row = columns.table.columns[name].tolist().index(texts[0])
            hint = "write times as in 2020-01-31, 2020-01, 2020 Q1 or 2020-01-31 13:30; or take the column out"
            what = f"{texts[0]!r} looks like a time, but not in a form that is known"
            raise columns.table.error(what, row, name, hint=hint)
