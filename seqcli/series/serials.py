"""Times written as one number: seconds since 1970, the days of a spreadsheet, decimal years, steps, periods."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.series import words
from seqcli.series.fields import plain
from seqcli.series.forms import MOSTLY
from seqcli.series.times import DAY, SECOND, Form, FormOver, month_start, to_moment

_EPOCHS = ((1, 8.6, 10.35), (1_000, 11.6, 13.35), (1_000_000, 14.6, 15.95), (1_000_000_000, 17.6, 19.0))
_NAMES = {1: "seconds", 1_000: "milliseconds", 1_000_000: "microseconds", 1_000_000_000: "nanoseconds"}
_NAMES[10_000_000] = "ticks of 100 nanoseconds"
# ticks of a second, seconds from the epoch to 1970, and the years of the epoch: Windows, its browsers, .NET
_OLD_EPOCHS = ((10_000_000, 11_644_473_600, 1601), (1_000_000, 11_644_473_600, 1601), (10_000_000, 62_135_596_800, 1))
SHEET = 25569  # days from the spreadsheets' 1899-12-30 to 1970-01-01
_AROUND = (-900_000_000, 3_000_000_000)  # seconds since 1970 in which times by other epochs are looked for
DAY_COUNTS = {"mjd": 40587, "datenum": 719529, "jd": 2440588, "julian": 2440588}  # and of others, by their names
_DAYS = ((14_000, 80_000, SHEET), (690_000, 780_000, 719529), (2_410_000, 2_500_000, 2440588))  # where no name tells
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


def to_numbers(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Plain numbers, and which of the texts are such."""
    clean = list(map(plain, texts))
    fine = np.array([_NUMBER.fullmatch(text) is not None for text in clean], bool)
    numbers = np.zeros(len(clean))
    numbers[fine] = [float(text) for text, ok in zip(clean, fine.tolist(), strict=True) if ok]
    return numbers, fine


@dataclass(frozen=True)
class Decimals:
    """How many decimals numbers are written with: zeros at their end are left out where there are more than `least`."""

    most: int = 0
    least: int = 0

    def text(self, number: float) -> str:
        text = f"{number:.{self.most}f}"
        while len(text.partition(".")[2]) > self.least and text.endswith("0"):
            text = text[:-1]
        return text.removesuffix(".")


def find_decimals(texts: Sequence[str]) -> Decimals:
    """The decimals of plain numbers."""
    counts = [len(re.sub(r"[eE].*", "", text).partition(".")[2]) for text in texts]
    return Decimals(max(counts, default=0), min(counts, default=0))


@dataclass(frozen=True)
class EpochForm(Form):
    """Time since 1970, or since `before` seconds earlier; `ticks` of it are a second."""

    ticks: int
    decimals: Decimals = Decimals()
    scientific: str = ""  # the letter of the exponent
    before: int = 0
    since: int = 1970
    grain: str = "second"

    @property
    def name(self) -> str:
        return f"{_NAMES[self.ticks]} since {self.since}"

    @property
    def note(self) -> str:
        return f"times are read as {self.name}" if self.before else ""

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        clean = list(map(plain, texts))
        numbers, fine = to_numbers(clean)
        if not self.decimals.most and not self.scientific:  # nanoseconds have more digits than a float
            pairs = zip(clean, numbers.tolist(), strict=True)
            exact = [int(text) if text.isdecimal() else int(number) for text, number in pairs]
            return np.array([one * SECOND // self.ticks - self.before * SECOND for one in exact], np.int64), fine
        return np.rint(numbers / self.ticks * SECOND).astype(np.int64), fine

    def write(self, time: int, following: int | None = None) -> str:
        if self.scientific:
            mantissa, _, power = f"{time / SECOND * self.ticks:.{self.decimals.most}e}".partition("e")
            return f"{mantissa}{self.scientific}{power[0] + power[1:] if len(power) > 2 else power}"
        if self.decimals.most:
            return self.decimals.text(time / SECOND * self.ticks)
        return str((time + self.before * SECOND) * self.ticks // SECOND)


@dataclass(frozen=True)
class SheetForm(Form):
    """Days, as spreadsheets count them from 1899-12-30; fractions are the time of day. 1970-01-01 is day `zero`."""

    decimals: Decimals = Decimals()
    grain: str = "day"
    zero: int = SHEET
    name: str = "a spreadsheet's days"

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        numbers, fine = to_numbers(texts)
        seconds = np.rint((numbers - self.zero) * 86400 * 1000) / 1000
        return (np.rint(seconds) * SECOND).astype(np.int64), fine

    def write(self, time: int, following: int | None = None) -> str:
        return self.decimals.text(time / DAY + self.zero)


@dataclass(frozen=True)
class YearForm(Form):
    """Years with decimals, `parts` to a year; `phase` is how far into its part each time is."""

    parts: int
    phase: float
    decimals: Decimals
    name: str = "decimal years"

    @property
    def grain(self) -> str:
        return {12: "month", 4: "quarter", 2: "half-year", 1: "year"}.get(self.parts, "day")

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        numbers, fine = to_numbers(texts)
        places = np.rint(numbers * self.parts - self.phase).astype(np.int64)
        return month_start(places * (12 // self.parts)) * DAY, fine

    def write(self, time: int, following: int | None = None) -> str:
        moment = to_moment(time)
        place = (moment.year * 12 + moment.month - 1) * self.parts // 12
        return self.decimals.text((place + self.phase) / self.parts)


@dataclass(frozen=True)
class StepForm(Form):
    """Whole numbers, perhaps with words around them: 7, Week 7, t+7; `parts` of them are a year."""

    before: str = ""
    after: str = ""
    width: int = 0  # digits that it is filled up to with zeros
    decimals: int = 0
    parts: int = 0
    grain: str = "step"
    name: str = "numbers"

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        pattern = re.compile(re.escape(self.before) + r"([+-]?\d{1,15})(\.\d*)?" + re.escape(self.after))
        found = [pattern.fullmatch(plain(text)) for text in texts]
        numbers = np.array([float(match[1] + (match[2] or "")) if match else 0 for match in found])
        steps = np.rint(numbers * 10**self.decimals).astype(np.int64)
        whole = self.decimals > 0 or numbers == steps
        return steps, np.array([match is not None for match in found], bool) & whole

    def write(self, time: int, following: int | None = None) -> str:
        if self.decimals:
            return f"{time / 10**self.decimals:.{self.decimals}f}"
        return f"{self.before}{time:0{self.width}d}{self.after}"


def find_serials(texts: Sequence[str], name: str = "") -> list[Form]:
    """The forms in which plain numbers may be times, in a column of this name. Steps come last: every column of whole
    numbers can be read so."""
    clean = [text for text in map(plain, texts) if text]
    numbers, fine = to_numbers(clean)
    if not len(clean) or fine.mean() < MOSTLY:
        return find_labels(clean)
    values = np.sort(numbers[fine])
    decimals = find_decimals([text for text, ok in zip(clean, fine.tolist(), strict=True) if ok])
    power = next((text[match.start()] for text in clean if (match := re.search("[eE]", text))), "")
    whole = bool((values == np.rint(values)).all())
    named = words.says_time(name)
    forms: list[Form] = []
    logs = np.log10(np.maximum(np.abs(values), 1))
    for ticks, low, high in _EPOCHS:
        early = 0.8 if named and whole and (values % (3600 * ticks) == 0).all() else 0.0  # from 1971
        if low - early <= logs.min() and logs.max() <= high:
            forms.append(EpochForm(ticks, decimals if not power else Decimals(max(decimals.most, 1)), power))
    for ticks, before, year in _OLD_EPOCHS if whole and not power else ():
        low, high = ((before + seconds) * ticks for seconds in _AROUND)
        if low < values[0] and values[-1] < high:
            forms = [EpochForm(ticks, before=before, since=year)]  # and no nanoseconds of 1990
    count = next((word for word in words.split_name(name) if word in DAY_COUNTS), "")
    usual = [zero for low, high, zero in _DAYS if named and len(values) > 1 and low < values[0] and values[-1] < high]
    if count or usual:
        zero = DAY_COUNTS[count] if count else usual[0]
        forms.append(SheetForm(decimals, "day" if whole else "second", zero))
    if not whole and values[0] >= 1000 and values[-1] < 2200 and decimals.most:
        forms += _decimal_years(values, decimals)
    if whole and not power:
        filled = len(clean[0]) > 1 and clean[0][0] == "0"
        forms.append(StepForm(width=len(clean[0]) if filled else 0))
    steps = np.diff(values)
    if not whole and not power and named and len(steps) > 2 and np.ptp(steps) < 1e-6 * steps[0]:
        forms.append(StepForm(decimals=decimals.most))
    return forms


def _decimal_years(values: np.ndarray, decimals: Decimals) -> list[Form]:
    steps = np.diff(values)
    steps = steps[steps > 0]
    for parts in (12, 4, 2):
        if not len(steps) or abs(np.median(steps) * parts - 1) > 0.1:
            continue
        fractions = values * parts
        phase = float(np.median((fractions + 0.25) % 1 - 0.25))
        if np.abs((fractions - phase + 0.5) % 1 - 0.5).max() < 0.2:
            return [YearForm(parts, 0.0 if abs(phase) < 0.04 else round(phase, 4), decimals)]
    return []


def with_sign(form: Form, sign: str, usual: str) -> Form:
    """A form with another `sign` than the `usual` one: a comma before decimals."""
    return FormOver(form, lambda text: text.replace(sign, usual), lambda text: text.replace(usual, sign))


_PERIOD = re.compile(r"(\d{4})(\D{0,3}[Pp]\D{0,8})(\d{1,2})")


def find_periods(texts: Sequence[str]) -> list[Form]:
    """The form of years and the numbers of their periods, where these are not the twelve months."""
    matches = [_PERIOD.fullmatch(plain(text)) for text in texts]
    found = [match for match in matches if match]
    if not found or len(found) < MOSTLY * len(matches):
        return []
    parts = max(int(match[3]) for match in found)
    if parts in (1, 12) or parts > 53:
        return []
    separator, width = found[0][2], min(len(match[3]) for match in found)

    def into(text: str) -> str | None:
        match = _PERIOD.fullmatch(text)
        return str(int(match[1]) * parts + int(match[3]) - 1) if match and 1 <= int(match[3]) <= parts else None

    def back(text: str) -> str:
        return f"{int(text) // parts}{separator}{int(text) % parts + 1:0{width}d}"

    return [FormOver(StepForm(parts=parts), into, back)]


_ELAPSED = re.compile(r"(?:(\d+) days?,? \+?)?(\d+):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?")


def find_elapsed(texts: Sequence[str]) -> list[Form]:
    """The form of the time since a start, with days, or hours beyond a day: 1 days 02:00:00, 26:00."""
    found = [match for match in map(_ELAPSED.fullmatch, map(plain, texts)) if match]
    if len(found) < len(texts) or not any(match[1] or int(match[2]) > 24 for match in found):
        return []
    days, seconds = found[0][1] is not None, found[0][4] is not None
    width = min(len(match[2]) for match in found)

    def into(text: str) -> str | None:
        match = _ELAPSED.fullmatch(text)
        parts = [int(part or 0) for part in match.groups()] if match else []
        return str(((parts[0] * 24 + parts[1]) * 60 + parts[2]) * 60 + parts[3]) if parts else None

    def back(text: str) -> str:
        minutes, second = divmod(int(text), 60)
        day, hour = divmod(minutes // 60, 24) if days else (0, minutes // 60)
        clock = f"{hour:0{width}d}:{minutes % 60:02d}" + (f":{second:02d}" if seconds else "")
        return f"{day} days {clock}" if days else clock

    return [FormOver(EpochForm(1), into, back)]


def find_labels(texts: Sequence[str]) -> list[Form]:
    """Numbers with the same words around them, such as Week 7: numbered steps."""
    matches = [re.fullmatch(r"(\D*?[^\d.,]|)(\d{1,9})(\D{0,12})", text) for text in texts[:400]]
    found = [match for match in matches if match]
    if len(found) < 2 or len(found) < len(matches) or len({(match[1], match[3]) for match in found}) > 1:
        return []
    width = len(found[0][2]) if found[0][2].startswith("0") and len(found[0][2]) > 1 else 0
    return [StepForm(found[0][1], found[0][3], width)]
