"""Times within other text: intervals, and the same words around all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.series.fields import plain
from seqcli.series.forms import MOSTLY, find_forms
from seqcli.series.order import regularity
from seqcli.series.serials import EpochForm, find_serials, to_numbers
from seqcli.series.times import DAY, Form, FormOver

_INTERVAL = (
    " - ",
    " – ",
    " — ",
    " to ",
    " bis ",
    " à ",
    " au ",
    " al ",
    "～",
    "~",
    "/",
    "..",
    "→",
    "->",
    "–",
    "—",
    "-",
)


@dataclass(frozen=True)
class IntervalForm:
    """An interval, written as its start and its end, which lies `gap` before the following start."""

    start: Form
    end: Form
    separator: str
    gap: int

    @property
    def name(self) -> str:
        return f"intervals of {self.start.name}"

    @property
    def grain(self) -> str:
        return self.start.grain

    @property
    def cycle(self) -> str:
        return self.start.cycle

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        halves = [_halves(plain(text), self.separator) for text in texts]
        times, fine = self.start.read([half[0] for half in halves])
        return times, fine & self.end.read([half[1] for half in halves])[1]

    def write(self, time: int, following: int | None = None) -> str:
        end = (following if following is not None else time) - self.gap
        return f"{self.start.write(time)}{self.separator}{self.end.write(end)}"


def _halves(text: str, separator: str) -> tuple[str, str]:
    """Both sides of the separator in the middle of a text, or of the one between two clocks."""
    if clocks := re.search(rf"(?<=:\d\d){re.escape(separator)}(?=\d{{1,2}}:\d\d(?::\d\d)?$)", text):
        return text[: clocks.start()], text[clocks.end() :]
    pieces = text.split(separator)
    middle = len(pieces) // 2
    if len(pieces) % 2:
        return text, ""
    return separator.join(pieces[:middle]), separator.join(pieces[middle:])


def find_intervals(texts: Sequence[str]) -> list[Form]:
    """The forms of intervals in which `texts` can be read."""
    clean = [text for text in map(plain, texts) if text][:400]
    for separator in _INTERVAL:
        halves = [_halves(text, separator) for text in clean]
        if sum(bool(second) for _, second in halves) < MOSTLY * len(halves):
            continue
        starts, ends = find_forms([half[0] for half in halves]), find_forms([half[1] for half in halves])
        made: list[Form] = []
        for start in starts:
            same = [end for end in ends if end.reading == start.reading]
            clocks = [end for end in ends if end.cycle == "day" and start.grain == "second"]
            for end in same[:1] or clocks[:1]:
                made.append(IntervalForm(start, end, separator, _gap(start, end, halves)))
        if made:
            return made
    return []


def _gap(start: Form, end: Form, halves: Sequence[tuple[str, str]]) -> int:
    """What lies between an end and the next start: nothing, a day, a second …, by what most have."""
    begins, fine = start.read([half[0] for half in halves])
    stops, also = end.read([half[1] for half in halves])
    order = np.argsort(begins[fine & also], kind="stable")
    begins, stops = begins[fine & also][order], stops[fine & also][order]
    gaps = begins[1:] - stops[:-1]
    if end.cycle == "day" and start.cycle != "day":
        gaps = gaps % DAY
    if not len(gaps):
        return 0
    values, counts = np.unique(gaps, return_counts=True)
    return int(values[counts.argmax()])


@dataclass(frozen=True)
class WrappedForm(FormOver):
    """Times with the same words around them: Week of Jan 7, 2019; /Date(1577836800000)/; 2019.0."""

    before: str
    after: str

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        clean = [plain(text) for text in texts]
        fits = [text.startswith(self.before) and text.endswith(self.after) for text in clean]
        times, fine = self.form.read([self._inner(text) for text in clean])
        return times, fine & np.array(fits, bool)

    def _inner(self, text: str) -> str:
        return text.removeprefix(self.before).removesuffix(self.after)

    def write(self, time: int, following: int | None = None) -> str:
        return f"{self.before}{self.form.write(time, following)}{self.after}"


def _common_start(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    low, high = min(texts), max(texts)
    return low[: next((place for place, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))]


def find_wrapped(texts: Sequence[str], *, whole: bool = True) -> list[Form]:
    """The forms of times within the same words; where `whole` is not, a point and zeros after them are left aside."""
    clean = [text for text in map(plain, texts) if text][:400]
    if len(clean) < 2:
        return []
    start = _common_start(clean)
    end = _common_start([text[::-1] for text in clean])[::-1]
    starts = ["", *(start[: m.end()] for m in re.finditer(r"[^\w]+|[A-Za-z]+(?=\d)", start))][::-1][:5]
    ends = ["", *(end[m.start() :] for m in re.finditer(r"(?<=\d)\D+$|(?:^|(?<=\d))[A-Z]+0+$|[^\w]+", end))][:4]
    if not whole:
        starts, ends = [""], [match[0] for match in [re.search(r"\.0+$", end)] if match]
    for before in starts:
        for after in ends:
            inner = [text.removeprefix(before).removesuffix(after) for text in clean]
            if (not before and not after) or not all(inner) or re.search(r"\d", before):
                continue
            numeric = bool(to_numbers(inner)[1].all())
            forms: list[Form] = [form for form in find_forms(inner) if form.cycle != "day"]
            if numeric:
                forms = [form for form in forms if "Y" in "".join(getattr(form, "reading", ()))]
                forms += [form for form in find_serials(inner, "time") if isinstance(form, EpochForm)]
            forms = [form for form in forms if _is_sensible(form, inner)]
            if before[-1:].isalpha():  # R4.01.03 is a year of an era
                forms = [form for form in forms if "y" not in "".join(getattr(form, "reading", ()))]
            if forms:
                return [WrappedForm(form, before, after) for form in forms]
    return []


def _is_sensible(form: Form, texts: Sequence[str]) -> bool:
    """Whether texts that may be times by chance are in order, or regular."""
    times, fine = form.read(texts)
    steps = np.sign(np.diff(times[fine]))
    return bool((steps > 0).all() or (steps < 0).all()) or regularity(np.unique(times[fine]), form) > 0.6
