"""Time stamps as people write them: a form reads texts as times, and writes other times in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from seqcli.series import fields
from seqcli.series.fields import Fields, Part, match_reading, parts_of, plain, shape_of
from seqcli.series.names import MONTH, WEEKDAY, fold

# Times are microseconds since 1970 in a calendar without time zones; steps are whole numbers.
SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1)


class Form(Protocol):
    """One way to write times. `grain` is how fine it is, `cycle` what it leaves out: a day, a week or a year."""

    @property
    def name(self) -> str: ...
    @property
    def grain(self) -> str: ...
    @property
    def cycle(self) -> str:
        return ""

    @property
    def reading(self) -> tuple[str, ...]:
        """The fields in which times are written; empty where they are not written in fields."""
        return ()

    @property
    def note(self) -> str:
        """What is a choice in this form."""
        return ""

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The time of each text (int64), and whether it is one."""
        ...

    def write(self, time: int, following: int | None = None) -> str:
        """A time in this form; forms of intervals need the `following` time, too."""
        ...


def innermost(form: Form) -> Form:
    """The form of the dates themselves: of the starts of intervals, without what stands around times."""
    while (inner := getattr(form, "form", getattr(form, "start", form))) is not form:
        form = inner
    return form


@dataclass(frozen=True)
class FormOver(Form):
    """A form for texts that are written in another way than those of `form`: `into` makes these of them, None where it
    cannot, and `back` is the way back."""

    form: Form
    into: Callable[[str], str | None] = str
    back: Callable[[str], str] = str
    note: str = ""

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
        usual = [self.into(plain(text)) for text in texts]
        times, fine = self.form.read([text or "" for text in usual])
        return times, fine & np.array([text is not None for text in usual], bool)

    def write(self, time: int, following: int | None = None) -> str:
        return self.back(self.form.write(time, following))


@dataclass(frozen=True)
class FieldForm:
    """Times written in fields. `example` is a text of the column, `narrow` has the fields not filled with zeros."""

    reading: tuple[str, ...]
    language: str | None
    example: str
    narrow: frozenset[str] = frozenset()
    spellings: Mapping[str, Mapping[int, str]] = field(default_factory=dict, hash=False)
    zone: str = ""  # "": no offsets, or such as can be left aside; else times are in UTC, and written with this offset
    last_offset: str = ""  # written where offsets are left aside
    base: int = 2001  # the year of times without one
    pivot: int = 70  # years of two digits from this one on are of the last century
    midnight_is_24: bool = False
    padded: frozenset[str] = frozenset()  # the fields before which a blank stands for a zero
    signs: str = ""  # the example with its own blanks and signs, where these are as many
    shorter: tuple[tuple[tuple[str, ...], str], ...] = ()  # readings of times whose last fields are zero, and examples

    @property
    def name(self) -> str:
        """The order of the fields, in words."""
        words = {"Y": "year", "y": "year", "m": "month", "b": "month", "d": "day", "w": "week", "q": "quarter"}
        words |= {"h": "half-year", "j": "day of the year", "e": "", "E": "", "a": "weekday"}
        shown = dict.fromkeys(words[one] for field in self.reading for one in field if words.get(one))
        return "-".join(shown) or "time of day"

    @property
    def grain(self) -> str:
        return fields.GRAINS[max(fields.GRAIN_OF[one] for field in self.reading for one in field)]

    @property
    def note(self) -> str:
        dated = self.cycle == "year" and "d" in "".join(self.reading)
        return f"dates without a year are read as those of one with {365 + (self.base % 4 == 0)} days" if dated else ""

    @property
    def cycle(self) -> str:
        there = set("".join(self.reading))
        if there & set("Yyx"):
            return ""
        return "year" if there & {"m", "b", "q"} else "week" if "a" in there else "day"

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        times = np.zeros(len(texts), np.int64)
        fine = np.zeros(len(texts), bool)
        clean = list(map(plain, texts))
        readings = (self.reading, *(reading for reading, _ in self.shorter))
        for shape, rows in _by_shape(clean).items():
            found = (match_reading(shape, self.language, reading) for reading in readings)
            if match := next(filter(None, found), None):
                block = np.array([clean[row] for row in rows], dtype=f"U{len(shape)}")
                digits = block.view(np.uint32).reshape(len(rows), len(shape)).astype(np.int64) - ord("0")
                times[rows], fine[rows] = self._combine(match, digits)
        return times, fine

    def _combine(self, match: Fields, digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Times of the digits (texts, characters) of one shape, and whether each is a time."""

        def number(start: int, stop: int) -> np.ndarray:
            return np.asarray(digits[:, start:stop] @ 10 ** np.arange(stop - start - 1, -1, -1))

        values = {name: number(*span) for name, span in match.spans.items()}
        values |= {name: np.full(len(digits), value) for name, value in match.words.items()}
        fine = np.ones(len(digits), bool)
        for name, value in values.items():
            if name in fields.RANGES:
                low, high = fields.RANGES[name]
                fine &= (value >= low) & (value <= high)
        days, ok = self._days(values)
        fine &= ok
        seconds, ok = _clock(values)
        fine &= ok
        times = days * DAY + seconds * SECOND
        if "f" in values:
            start, stop = match.spans["f"]
            kept = min(stop - start, 6)
            times += number(start, start + kept) * 10 ** (6 - kept)
        if self.zone:
            offset = np.full(len(digits), int(match.zone))
            if match.offset:
                start, stop = match.offset
                places = [p for p in range(start + 1, stop) if 0 <= digits[0, p] <= 9]
                clock = digits[:, places] @ np.array([36000, 3600, 600, 60])[: len(places)]
                offset = np.where(digits[:, start] == ord("-") - ord("0"), -clock, clock)
            times -= offset * SECOND
        return times, fine

    def _days(self, values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Days since 1970 of the fields of the date, and whether there is such a day."""
        count = len(next(iter(values.values())))
        fine = np.ones(count, bool)
        if "y" in values:
            years = values["y"] + np.where(values["y"] < self.pivot, 2000, 1900)
        else:
            years = values.get("Y", values.get("x", np.full(count, self.base)))
        if "e" in values:
            fine &= values["e"] == (years + 1) % 100
        if "E" in values:
            fine &= values["E"] == years + 1
        if "a" in values and self.reading == (WEEKDAY,):
            return values["a"] + 10958, fine  # the week from Monday, 2000-01-03
        if "w" in values:
            fourth = month_start(years * 12) + 3
            monday = fourth - (fourth + 3) % 7
            return monday + 7 * (values["w"] - 1) + values.get("u", 1) - 1, fine
        if "j" in values:
            first, after = month_start(years * 12), month_start(years * 12 + 12)
            return first + values["j"] - 1, fine & (values["j"] <= after - first)
        months = np.ones(count, np.int64)
        if "h" in values:
            months = 6 * values["h"] - 5
        elif "q" in values:
            months = 3 * values["q"] - 2
        elif "m" in values or "b" in values:
            months = values["m"] if "m" in values else values["b"]
            fine &= months == values.get("b", months)  # 01. January 2020
        elif "H" in values and not set(values) & set("Yy"):
            return np.full(count, 10959), fine  # 2000-01-03
        months = years * 12 + months - 1
        first = month_start(months)
        days = values.get("d", np.ones(count, np.int64))
        fine &= days <= month_start(months + 1) - first
        if "a" in values and "d" in values:
            fine &= (first + days + 2) % 7 == values["a"] - 1
        return first + days - 1, fine

    def write(self, time: int, following: int | None = None) -> str:
        moment, offset = self._local(time)
        for reading, example in self.shorter:
            left = {"H": moment.hour, "M": moment.minute, "S": moment.second, "f": moment.microsecond}
            if not any(left[name] for name in self.reading[len(reading) :]):
                return replace(self, reading=reading, example=example, signs="", shorter=()).write(time, following)
        late = self.midnight_is_24 and moment.hour == moment.minute == 0
        moment -= timedelta(days=int(late))
        names = iter(self.reading)
        made: list[str] = []
        shown = self.signs if len(self.signs) == len(self.example) else self.example
        for part in parts_of(self.example, self.language):
            text = (shown if part.kind in ("text", "hint") else self.example)[part.start : part.stop]
            if part.kind in ("number", MONTH, "p"):
                name = next(names)
                written = self._written(name, moment, part, late)
                if name in self.padded:
                    while made[-1:] == [" "]:
                        made.pop()
                    written = f" {written:>2}"
                made.append(written)
            elif part.kind == WEEKDAY:
                made.append(self.spellings[WEEKDAY][moment.isoweekday()])
            elif part.kind == "ordinal":
                number = int(next(filter(str.isdecimal, reversed(made))))
                made.append(self.spellings.get("ordinal", {}).get(number) or _ordinal(number, text))
            elif part.kind in ("offset", "zone") and offset:
                made.append(offset)
            else:
                made.append(text)
        return "".join(made)

    def _local(self, time: int) -> tuple[datetime, str]:
        moment = to_moment(time)
        if not self.zone:
            return moment, self.last_offset
        if self.zone[0] in "+-":
            digits = self.zone.replace(":", "")
            shift = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:] or 0))
            return moment + (shift if self.zone[0] == "+" else -shift), self.zone
        if fold(self.zone) in fields.ZONES:
            return moment + timedelta(hours=fields.ZONES[fold(self.zone)]), self.zone
        shift = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self.zone)).utcoffset() or timedelta()
        minutes = round(shift.total_seconds() / 60)
        sign = "-" if minutes < 0 else "+"
        return moment + shift, f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"

    def _written(self, names: str, moment: datetime, part: Part, late: bool) -> str:
        weekly = any("w" in field for field in self.reading)
        year, week, weekday = moment.isocalendar() if weekly else (moment.year, 0, 0)
        values = {
            "Y": year, "x": year, "y": year % 100, "E": year + 1, "e": (year + 1) % 100, "h": (moment.month + 5) // 6,
            "q": (moment.month + 2) // 3, "m": moment.month, "w": week, "u": weekday, "d": moment.day,
            "j": moment.timetuple().tm_yday, "H": moment.hour, "M": moment.minute, "S": moment.second,
            "f": moment.microsecond // 1000,
        }  # fmt: skip
        if "p" in self.reading:
            values["H"] = (moment.hour + 11) % 12 + 1
        elif late:
            values["H"] = 24
        if len(names) > 1:
            return "".join(f"{values[name]:0{fields.DIGITS.get(name, 2)}d}" for name in names)
        if names == MONTH:
            return self.spellings[MONTH][moment.month]
        if names == "p":
            return self.spellings["p"][int(moment.hour >= 12)]
        width = part.stop - part.start
        if names == "f":
            text = f"{moment.microsecond:06d}".ljust(width, "0")[:width]
            return text.rstrip("0") or "0" if "f" in self.narrow else text
        return str(values[names]) if names in self.narrow else f"{values[names]:0{max(fields.WIDTHS[names])}d}"


def _by_shape(texts: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """The places of texts by their shapes."""
    if len(set(map(len, texts))) == 1 and shape_of("".join(texts)) == (shape := shape_of(texts[0])) * len(texts):
        return {shape: range(len(texts))}  # most often all have the same, which is quicker to see at once
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(shape_of(text), []).append(place)
    return places


def _ordinal(number: int, seen: str) -> str:
    """What follows an ordinal number where another has the mark `seen`: st, nd, rd, th; er, e; º."""
    if seen in ("er", "e"):
        return "er" if number == 1 else "e"
    if seen == "o":
        return "º"
    if seen.lower() not in ("st", "nd", "rd", "th"):
        return seen
    mark = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return mark.upper() if seen.isupper() else mark


def _clock(values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of the day, and whether there is such a time."""
    zero = np.zeros_like(next(iter(values.values())))
    hours, minutes, seconds = (values.get(name, zero) for name in "HMS")
    fine = (hours < 24) | ((minutes == 0) & (seconds == 0))
    if "p" in values:
        fine &= (hours >= 0) & (hours <= 12 + 11 * (values["p"] == 1))
        hours = np.where(hours <= 12, hours % 12 + 12 * values["p"], hours)
    return hours * 3600 + minutes * 60 + seconds, fine


def month_of(times: np.ndarray) -> np.ndarray:
    """The month of times, counted from the year 0."""
    return np.asarray(times).astype("M8[us]").astype("M8[M]").astype(np.int64) + 1970 * 12


def month_start(months: np.ndarray | int) -> np.ndarray:
    """The day since 1970 on which a month, counted from the year 0, begins."""
    return (np.asarray(months) - 1970 * 12).astype("M8[M]").astype("M8[D]").astype(np.int64)


def is_in_calendar(time: int) -> bool:
    """Whether a time is in the years from 1 to 9999, for which there are dates."""
    return -62_135_596_800 * SECOND <= time < 253_402_300_800 * SECOND


def to_moment(time: int) -> datetime:
    """The calendar's date and time of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=time)
