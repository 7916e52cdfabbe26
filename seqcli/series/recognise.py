"""How a column is recognised as times, and which form it has."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from seqcli.series import words
from seqcli.series.fields import plain
from seqcli.series.forms import COMPACT, DAYS_BEFORE_MONTHS, MOSTLY, find_forms
from seqcli.series.numerals import are_buddhist, find_named, find_numerals
from seqcli.series.order import Chosen, choose, is_dense, is_short
from seqcli.series.overlays import find_digits, find_filled, find_marks, find_mixed, find_respelled, without_mark
from seqcli.series.serials import StepForm, YearForm, find_elapsed, find_periods, find_serials, to_numbers, with_sign
from seqcli.series.times import Form, FormOver, is_in_calendar, month_of
from seqcli.series.wrapped import IntervalForm, find_intervals, find_short, find_wrapped, is_sensible

_OFFSET = re.compile(r"[+-]\d\d:?\d\d$")  # of local time from UTC
_LONGEST = 150  # of texts that can be times or intervals
_LONG = 1000  # numbers from this on that are no steps in turn are times in some form


def read_as_times(texts: Sequence[str], name: str, day_first: bool | None = None) -> Chosen | None:
    """The most likely form of different texts as times, in a column of this name; None where there is none."""
    if sum(len(text) <= _LONGEST for text in texts) < 0.5 * len(texts) or not texts:
        return None
    some = [text for text in texts if any(map(str.isdigit, text)) or not words.is_total(text)]
    texts = some if len(some) >= MOSTLY * len(texts) else texts
    for every in (False, True):
        if marked := find_marks(texts, every):
            bare, note = marked
            chosen = _read(bare, name, day_first)
            if chosen is not None and chosen.form.read(bare)[1].all():
                return Chosen(FormOver(chosen.form, without_mark, note=note), chosen.rivals)
        if not every and (chosen := _read(texts, name, day_first)) is not None:
            return chosen
    some = [text for text in texts if not words.is_total(text)]  # 2019-01 Total below the rows of the month
    return _read(some, name, day_first) if 0.4 * len(texts) < len(some) < len(texts) else None


def _read(texts: Sequence[str], name: str, day_first: bool | None) -> Chosen | None:
    named = words.says_time(name)
    forms = [form for form in _forms(texts, name) if not (named and _is_no_count(form, texts))]
    chosen = choose(forms, texts, day_first=day_first, name=name)
    if chosen is None or not _writes_on(chosen.form, texts) or _has_months_to_four(chosen.form, texts):
        return None
    if is_short(chosen.form) and not is_dense(chosen.form, texts):  # days of a year: 0131, 0201
        return None
    bare = chosen.form.reading in (("a",), ("b",))
    if bare and not named and len(texts) < 3:  # kt is a Thursday in Lithuanian, and a thousand tons
        return None
    return Chosen(find_digits(chosen.form, texts), chosen.rivals)


def _forms(texts: Sequence[str], name: str) -> list[Form]:
    """The forms that texts can be read in."""
    named = words.says_time(name)
    clean = [plain(text) for text in texts]
    if named and any("," in text for text in clean) and all(re.fullmatch(r"\d+(?:,\d+)?", text) for text in clean):
        return [with_sign(form, ",", ".") for form in find_serials([text.replace(",", ".") for text in clean], name)]
    forms: list[Form] = list(find_forms(texts))
    if any("j" in "".join(form.reading) for form in forms):
        forms += find_numerals(texts)  # 2019/001 may be a month
    if to_numbers(clean)[1].mean() > 0.8:
        return _of_numbers(forms, texts, name, named)
    if hours := find_short(texts, hours=True):
        return hours
    if are_buddhist(texts):  # they look like usual years, but far too late
        forms = find_numerals(texts) or forms
    named_parts = find_named(texts)  # 2/4 2019 may be a day of April as well
    forms = [*named_parts, *(find_periods(texts) or forms or ([] if named_parts else find_numerals(texts)))]
    forms = forms or find_short(texts) or find_intervals(texts) or [*find_forms(texts, DAYS_BEFORE_MONTHS)]
    forms = forms or find_respelled(texts) or find_mixed(texts)
    return forms or find_elapsed(texts) or find_wrapped(texts, named=named) or find_serials(texts, name)


def _of_numbers(forms: Sequence[Form], texts: Sequence[str], name: str, named: bool) -> list[Form]:
    """The forms of plain numbers: those found, where they have a year, and others."""
    made = [form for form in forms if set("".join(form.reading)) & set("Yy" if named else "Y")]
    made += find_serials(texts, name)
    made += find_respelled(texts)
    if not named:
        return made
    made += [form for form in find_filled(texts, COMPACT) if is_short(form) or form not in made]
    short = [form for form in made if form.reading in (("dm",), ("md",)) or is_short(form)]
    if short and words.says(name, words.DATES) and not any(1700 < int(plain(text)) < 2200 for text in texts):
        made = short  # 1501, 1502 … of a date are no early years
    made = find_numerals(texts) + made
    if all(re.fullmatch(r"\d{1,2}\.\d{1,2}", text.strip()) for text in texts):  # 01.19, 31.01: may be any number
        slashed = [text.replace(".", "/") for text in texts]
        short = [form for form in find_forms(slashed) if is_sensible(form, slashed)]
        made = [*(with_sign(form, ".", "/") for form in short), *made]
    if all(re.fullmatch(r"\d+\.0+", text.strip()) for text in texts):
        made = find_wrapped(texts, whole=False) + made
    return made


def _is_no_count(form: Form, texts: Sequence[str]) -> bool:
    """Whether numbers that are read as steps are rather times in another form: long and not in turn, or in hundreds
    with zeros before them."""
    if not isinstance(form, StepForm) or form.decimals:
        return False
    steps, fine = form.read(texts)
    apart = np.diff(steps[fine])
    if not len(apart):
        return False
    if form.width > 2 and (apart % 100 == 0).all():
        return True
    return bool(steps[fine].min() >= _LONG and (np.abs(apart) != np.abs(apart[0])).any())


def _writes_on(form: Form, texts: Sequence[str]) -> bool:
    """Whether a form writes at least half of the times as they are."""
    offsets: str = getattr(form, "zone", "")  # several, of which only the last is written
    if form.grain == "step" or isinstance(getattr(form, "form", form), IntervalForm | YearForm) or offsets:
        return True
    some = [text for text in texts[:: max(1, len(texts) // 50)] if plain(text)]
    times, fine = form.read(some)
    pairs = [(text, time) for text, time, ok in zip(some, times.tolist(), fine.tolist(), strict=True) if ok]
    if not all(is_in_calendar(time) for _, time in pairs):
        return False
    same = sum(
        _OFFSET.sub("", form.write(time)) in (_OFFSET.sub("", text.strip()), _OFFSET.sub("", plain(text)))
        for text, time in pairs
    )
    return same >= 0.5 * len(pairs)


def _has_months_to_four(form: Form, texts: Sequence[str]) -> bool:
    """Whether all months of several years are the first two or four, or all quarters the first two: they are half-years
    or quarters in a form that is not known."""
    if form.grain not in ("month", "quarter") or form.cycle:
        return False
    times, fine = form.read(texts)
    months = month_of(np.unique(times[fine]))
    wrong = ({0, 1, 2, 3}, {0, 1}) if form.grain == "month" else ({0, 3},)
    return len(months) > 6 and set((months % 12).tolist()) in wrong
