"""Times written as one number: seconds since 1970, the days of a spreadsheet, decimal years; steps; and intervals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.series.fields import plain
from seqcli.series.forms import MOSTLY, find_forms
from seqcli.series.times import DAY, SECOND, FieldForm, Form, to_moment

_EPOCHS = ((1, 8.6, 10.35), (1_000, 11.6, 13.35), (1_000_000, 14.6, 16.35), (1_000_000_000, 17.6, 19.0))
_NAMES = {1: "seconds", 1_000: "milliseconds", 1_000_000: "microseconds", 1_000_000_000: "nanoseconds"}
SHEET_EPOCH = 25569  # days from the spreadsheets' 1899-12-30 to 1970-01-01
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
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


def to_numbers(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Plain numbers, and which of the texts are such."""
    fine = np.array([_NUMBER.fullmatch(text) is not None for text in texts], bool)
    numbers = np.zeros(len(texts))
    numbers[fine] = [float(text) for text, ok in zip(texts, fine.tolist(), strict=True) if ok]
    return numbers, fine


@dataclass(frozen=True)
class EpochForm:
    """Time since 1970; `ticks` of it are a second."""

    ticks: int
    decimals: int = 0
    scientific: str = ""  # the letter of the exponent
    grain: str = "second"
    cycle: str = ""

    @property
    def name(self) -> str:
        return f"{_NAMES[self.ticks]} since 1970"

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        numbers, fine = to_numbers(list(map(plain, texts)))
        if not self.decimals and not self.scientific:  # nanoseconds have more digits than a float
            exact = [int(float(text)) if not text.isdigit() else int(text) for text in map(plain, texts) if fine.any()]
            return np.array([one * SECOND // self.ticks for one in exact], np.int64), fine
        return np.rint(numbers / self.ticks * SECOND).astype(np.int64), fine

    def write(self, time: int, following: int | None = None) -> str:
        if self.scientific:
            mantissa, _, power = f"{time / SECOND * self.ticks:.{self.decimals}e}".partition("e")
            return f"{mantissa}{self.scientific}{power[0] + power[1:] if len(power) > 2 else power}"
        if self.decimals:
            return f"{time / SECOND * self.ticks:.{self.decimals}f}"
        return str(time * self.ticks // SECOND)


@dataclass(frozen=True)
class SheetForm:
    """Days since 1899-12-30, as spreadsheets count them; fractions are the time of day."""

    decimals: int = 0
    grain: str = "day"
    cycle: str = ""
    name: str = "a spreadsheet's days"

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        numbers, fine = to_numbers(list(map(plain, texts)))
        seconds = np.rint((numbers - SHEET_EPOCH) * 86400 * 1000) / 1000
        return (np.rint(seconds) * SECOND).astype(np.int64), fine

    def write(self, time: int, following: int | None = None) -> str:
        text = f"{time / DAY + SHEET_EPOCH:.{self.decimals}f}"
        return text


@dataclass(frozen=True)
class YearForm:
    """Years with decimals, `parts` to a year; `phase` is how far into its part each time is."""

    parts: int
    phase: float
    decimals: int
    cycle: str = ""
    name: str = "decimal years"

    @property
    def grain(self) -> str:
        return {12: "month", 4: "quarter", 2: "half-year", 1: "year"}.get(self.parts, "day")

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        numbers, fine = to_numbers(list(map(plain, texts)))
        places = np.rint(numbers * self.parts - self.phase).astype(np.int64)
        months = (places * (12 // self.parts) - 1970 * 12).astype("M8[M]")
        return months.astype("M8[us]").astype(np.int64), fine

    def write(self, time: int, following: int | None = None) -> str:
        moment = to_moment(time)
        place = (moment.year * 12 + moment.month - 1) * self.parts // 12
        return f"{(place + self.phase) / self.parts:.{self.decimals}f}"


@dataclass(frozen=True)
class StepForm:
    """Whole numbers, perhaps with words around them: 7, Week 7, t+7."""

    before: str = ""
    after: str = ""
    width: int = 0  # digits that it is filled up to with zeros
    grain: str = "step"
    cycle: str = ""
    name: str = "numbers"

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        pattern = re.compile(re.escape(self.before) + r"([+-]?\d{1,15})(?:\.0*)?" + re.escape(self.after))
        found = [pattern.fullmatch(plain(text)) for text in texts]
        numbers = np.array([int(match[1]) if match else 0 for match in found], np.int64)
        return numbers, np.array([match is not None for match in found], bool)

    def write(self, time: int, following: int | None = None) -> str:
        return f"{self.before}{time:0{self.width}d}{self.after}"


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
    """Both sides of the separator in the middle of a text."""
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


def find_serials(texts: Sequence[str], *, named: bool) -> list[Form]:
    """The forms in which plain numbers may be times; `named` where the column's name says that they are.

    Steps come last: every column of whole numbers can be read so.
    """
    clean = [text for text in map(plain, texts) if text]
    numbers, fine = to_numbers(clean)
    if not len(clean) or fine.mean() < MOSTLY:
        return find_labels(clean)
    values = np.sort(numbers[fine])
    decimals = max((len(re.sub(r"[eE].*", "", text).partition(".")[2]) for text in clean), default=0)
    power = next((text[match.start()] for text in clean if (match := re.search("[eE]", text))), "")
    forms: list[Form] = []
    logs = np.log10(np.maximum(np.abs(values), 1))
    for ticks, low, high in _EPOCHS:
        if low <= logs.min() and logs.max() <= high:
            forms.append(EpochForm(ticks, decimals if not power else max(decimals, 1), power))
    whole = bool((values == np.rint(values)).all())
    if named and len(values) > 1 and values[0] >= 14_000 and values[-1] <= 80_000:
        forms.append(SheetForm(decimals, "day" if whole else "second"))
    if not whole and values[0] >= 1000 and values[-1] < 2200 and decimals > 1 and (form := _decimal_years(values)):
        forms.append(replace(form, decimals=decimals))
    if whole and not power:
        forms.append(
            StepForm(
                width=len(clean[0])
                if all(len(text) == len(clean[0]) and text[0] == "0" for text in clean[:1]) and len(clean[0]) > 1
                else 0
            )
        )
    return forms


def _decimal_years(values: np.ndarray) -> YearForm | None:
    steps = np.diff(values)
    steps = steps[steps > 0]
    for parts in (12, 4, 2):
        if not len(steps) or abs(np.median(steps) * parts - 1) > 0.03:
            continue
        fractions = values * parts
        phase = float(np.median((fractions + 0.25) % 1 - 0.25))
        if np.abs((fractions - phase + 0.5) % 1 - 0.5).max() < 0.2:
            return YearForm(parts, 0.0 if abs(phase) < 0.02 else round(phase, 4), 0)
    return None


def find_labels(texts: Sequence[str]) -> list[Form]:
    """Numbers with the same words around them, such as Week 7: numbered steps."""
    matches = [re.fullmatch(r"(\D*?[^\d.,]|)(\d{1,9})(\D{0,12})", text) for text in texts[:400]]
    found = [match for match in matches if match]
    if len(found) < 2 or len(found) < len(matches) or len({(match[1], match[3]) for match in found}) > 1:
        return []
    width = len(found[0][2]) if found[0][2].startswith("0") and len(found[0][2]) > 1 else 0
    return [StepForm(found[0][1], found[0][3], width)]


@dataclass(frozen=True)
class WrappedForm:
    """Times with the same words around them: Week of Jan 7, 2019; /Date(1577836800000)/; 2019.0."""

    before: str
    form: Form
    after: str

    @property
    def name(self) -> str:
        return self.form.name

    @property
    def grain(self) -> str:
        return self.form.grain

    @property
    def cycle(self) -> str:
        return self.form.cycle

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
    ends = ["", *(end[m.start() :] for m in re.finditer(r"(?<=\d)\D+$|[^\w]+", end))][:4]
    if not whole:
        starts, ends = [""], [match[0] for match in [re.search(r"\.0+$", end)] if match]
    for before in starts:
        for after in ends:
            inner = [text.removeprefix(before).removesuffix(after) for text in clean]
            if (not before and not after) or not all(inner):
                continue
            numeric = bool(to_numbers(inner)[1].all())
            forms: list[Form] = [form for form in find_forms(inner) if form.cycle != "day"]
            if numeric:
                forms = [form for form in forms if "Y" in "".join(getattr(form, "reading", ()))]
                forms += [form for form in find_serials(inner, named=True) if isinstance(form, EpochForm)]
            if forms:
                return [WrappedForm(before, form, after) for form in forms]
    return []


def has_fields(form: Form) -> bool:
    """Whether a form says dates or clocks in fields, rather than one number."""
    return isinstance(form, FieldForm | IntervalForm)
