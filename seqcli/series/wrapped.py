"""Times within other text: intervals, and the same words around all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from seqcli.series.fields import BEFORE, plain
from seqcli.series.forms import COMPACT, MOSTLY, find_forms
from seqcli.series.names import fold
from seqcli.series.order import evenness, in_order, regularity
from seqcli.series.serials import EpochForm, find_serials, to_numbers
from seqcli.series.times import DAY, FieldForm, Form, FormOver, month_of, month_start

_INTERVAL = (
    " - ", " – ", " — ", " to ", " bis ", " à ", " au ", " al ", "～", "~", "/", "..", "→", "->", "–", "—", "-", ", ",
)  # fmt: skip


@dataclass(frozen=True)
class IntervalForm(Form):
    """An interval, written as its start and its end, which lies `gap` before the following start."""

    start: Form
    end: Form
    separator: str
    gap: int
    months: int = 0  # instead of the gap, where ends are months

    @property
    def name(self) -> str:
        return f"intervals of {self.start.name}"

    @property
    def grain(self) -> str:
        return self.start.grain

    @property
    def cycle(self) -> str:
        return self.start.cycle and self.end.cycle

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        starts, _, fine = self.bounds([_halves(plain(text), self.separator) for text in texts])
        return starts, fine

    def bounds(self, halves: Sequence[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The starts and ends of intervals, and whether both are times."""
        starts, fine = self.start.read([half[0] for half in halves])
        ends, also = self.end.read([half[1] for half in halves])
        if self.start.cycle == "year" and not self.end.cycle:
            starts = _in_year_of(starts, ends)
            starts = np.where(starts > ends, _in_year_of(starts, ends, -1), starts)
        elif self.end.cycle == "year" and not self.start.cycle:
            ends = _in_year_of(ends, starts)
            ends = np.where(ends < starts, _in_year_of(ends, starts, 1), ends)
        return starts, ends, fine & also

    def write(self, time: int, following: int | None = None) -> str:
        after = time if following is None else following
        end = after - self.gap
        if self.months:
            end = int(month_start(month_of(np.array(after)) - self.months)) * DAY
        return f"{self.start.write(time)}{self.separator}{self.end.write(end)}"


def _halves(text: str, separator: str) -> tuple[str, str]:
    """Both sides of the separator in the middle of a text, or of the one between two clocks."""
    if separator not in text:
        return text, ""
    if clocks := re.search(rf"(?<=:\d\d){re.escape(separator)}(?=\d{{1,2}}:\d\d(?::\d\d)?$)", text):
        return text[: clocks.start()], text[clocks.end() :]
    pieces = text.split(separator)
    middle = len(pieces) // 2
    if len(pieces) % 2:
        return text, ""
    return separator.join(pieces[:middle]), separator.join(pieces[middle:])


def _in_year_of(times: np.ndarray, others: np.ndarray, more: int = 0) -> np.ndarray:
    """Times without a year in the years of others, or `more` years later."""
    months = month_of(times)
    moved = (month_of(others) // 12 + more) * 12 + months % 12
    return np.asarray(times + (month_start(moved) - month_start(months)) * DAY)


def find_intervals(texts: Sequence[str]) -> list[Form]:
    """The forms of intervals in which `texts` can be read."""
    clean = [text for text in map(plain, texts) if text][:400]
    for separator in _INTERVAL:
        halves = [_halves(text, separator) for text in clean]
        ends_differ = len({second for _, second in halves}) > 1 or len(halves) == 1  # 2020-01-05/PT1H has a length
        if sum(bool(second) for _, second in halves) < MOSTLY * len(halves) or not ends_differ:
            continue
        starts, ends = find_forms([half[0] for half in halves]), find_forms([half[1] for half in halves])
        made: list[Form] = []
        for start in starts:
            same = [end for end in ends if end.reading == start.reading]
            clocks = [end for end in ends if end.cycle == "day" and start.grain == "second"]
            yearless = [end for end in ends if end.cycle != start.cycle and _dated(end) == _dated(start)]
            for end in same[:1] or clocks[:1] or yearless[:1]:
                years = (2000, 2001, 2003)  # a leap year, one that is none, one before a leap year
                based = [IntervalForm(replace(start, base=y), replace(end, base=y), separator, 0) for y in years]
                form = max(based, key=lambda form: evenness(form, clean))
                gap = _gap(form, halves)
                months = round(gap / (30.4 * DAY)) if end.grain in ("year", "half-year", "quarter", "month") else 0
                made.append(replace(form, gap=gap, months=months))
        if made:
            return made
    return []


def _dated(form: FieldForm) -> tuple[str, ...]:
    """A form's fields without the year."""
    return tuple(name for name in form.reading if name not in ("Y", "y"))


def _gap(form: IntervalForm, halves: Sequence[tuple[str, str]]) -> int:
    """What lies between an end and the next start: nothing, a day, a second …, by what most have."""
    begins, stops, fine = form.bounds(halves)
    order = np.argsort(begins[fine], kind="stable")
    begins, stops = begins[fine][order], stops[fine][order]
    gaps = begins[1:] - stops[:-1]
    if form.end.cycle == "day" and form.start.cycle != "day":
        gaps = gaps % DAY
    if not len(gaps):
        return 0
    values, counts = np.unique(gaps, return_counts=True)
    return int(values[counts.argmax()])


_NAME, _DASH = r"[^\W\d_]+\.?", r"\s?[-–—~]\s?"
# intervals within a month that name it once, such as Jan 7 - 13, 2019 or 7.-13.01.2019, and how they are with it twice
_HOURS = 2  # those of hours, such as 2020-01-05 04-05
_SHORT = (
    (rf"^({_NAME}\s)(\d{{1,2}})({_DASH})()(\d{{1,2}}(?:,?\s\d{{4}})?)$", r"\1\2\3\1\5"),
    (rf"^()(\d{{1,2}}\.?)({_DASH})(\d{{1,2}}\.?)(\s?{_NAME}|\d\d?\.)(\s?\d{{4}}|)$", r"\2\5\3\4\5\6"),
    (rf"^(.*\d[\sT])(\d\d?)({_DASH})(\d\d?)$", r"\1\2:00\3\4:00"),
    (rf"^(.*\d[\sT])(\d\d?)h({_DASH})(\d\d?)h$", r"\1\2:00\3\4:00"),
)
_WHOLE = (
    (rf"^({_NAME}\s)(\d{{1,2}})({_DASH})\1(\d{{1,2}}(?:,?\s\d{{4}})?)$", r"\1\2\3\4"),
    (rf"^(\d{{1,2}}\.?)(\s?{_NAME}|\d\d?\.)({_DASH})(\d{{1,2}}\.?)\2(\s?\d{{4}}|)$", r"\1\3\4\2\5"),
    (rf":00({_DASH}\d\d?):00$", r"\1"),
    (rf":00({_DASH}\d\d?):00$", r"h\1h"),
)


def find_short(texts: Sequence[str], *, hours: bool = False) -> list[Form]:
    """The forms of intervals that name a month once, or of an hour without its minutes."""
    for kind in range(_HOURS, len(_SHORT)) if hours else range(_HOURS):
        found = [re.search(_SHORT[kind][0], plain(text)) for text in texts[:400] if len(text) < 40]
        if hours and not all(match and int(match[4]) % 24 == (int(match[2]) + 1) % 24 for match in found):
            continue
        into, back = (partial(re.sub, *pair[kind]) for pair in (_SHORT, _WHOLE))
        whole = [into(text) if len(text) < 40 else text for text in map(plain, texts)]
        if sum(a != plain(b) for a, b in zip(whole, texts, strict=True)) > 0.3 * len(texts):
            return [FormOver(form, into, back) for form in find_intervals(whole)]
    return []


def _common_start(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    low, high = min(texts), max(texts)
    return low[: next((place for place, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))]


def find_wrapped(texts: Sequence[str], *, whole: bool = True, named: bool = False) -> list[Form]:
    """The forms of times within the same words, such as Week of Jan 7, 2019, or /Date(1577836800000)/, in a column that
    may be `named` by a word for time; where `whole` is not, a point and zeros after them are left aside."""
    clean = [text for text in map(plain, texts) if text][:400]
    if len(clean) < 2:
        return []
    start = _common_start(clean)
    end = _common_start([text[::-1] for text in clean])[::-1]
    starts = ["", *(start[: m.end()] for m in re.finditer(r"[\W_]+|[A-Za-z]+(?=\d|$)", start))][::-1][:5]
    ends = ["", *(end[m.start() :] for m in re.finditer(r"(?:^|(?<=\d))\D+$|(?:^|(?<=\d))[A-Z]+0+$|[^\w]+", end))][:4]
    if not whole:
        starts, ends = [""], [match[0] for match in [re.search(r"\.0+$", end)] if match]
    for before in starts:
        for after in ends:
            inner = [text.removeprefix(before).removesuffix(after) for text in clean]
            if (not before and not after) or not all(inner) or re.search(r"\d", before):
                continue
            numeric = bool(to_numbers(inner)[1].all())
            letter = fold(before.strip()) if numeric else ""  # of the period: W1902, Q119, T119
            field = BEFORE.get(letter, "") if named or letter[-1:] in ("w", "m", "q") else ""
            short = [reading for reading in COMPACT if len(field) == 1 and field in reading[0]]
            forms: list[Form] = [form for form in find_forms(inner, short) if form.cycle != "day"]
            forms += find_intervals(inner) if before in ("[", "(") else []  # [2020-01-06, 2020-01-13)
            if numeric:
                forms = [form for form in forms if "Y" in "".join(form.reading) or form.reading in short]
                forms = [form for form in forms if form.reading in short] or forms
                forms += [form for form in find_serials(inner, "time") if isinstance(form, EpochForm)]
            forms = [form for form in forms if is_sensible(form, inner)]
            if before[-1:].isalpha() and not numeric:  # R4.01.03 is a year of an era
                forms = [form for form in forms if "y" not in "".join(form.reading)]
            if forms:
                into = partial(re.sub, f"^{re.escape(before)}|{re.escape(after)}$", "")
                back = partial(re.sub, "^(.*)$", r"\g<1>".join(part.replace("\\", r"\\") for part in (before, after)))
                return [FormOver(form, into, back) for form in forms]
    return []


def is_sensible(form: Form, texts: Sequence[str]) -> bool:
    """Whether texts that may be times by chance are in order, or regular."""
    times, fine = form.read(texts)
    return in_order(times[fine]) or regularity(np.unique(times[fine]), form) > 0.6
