"""Time stamps as people write them: the ways to read a text as a time, and to write another time in the same way."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from seqcli.series.names import MONTH, WEEKDAY, find_language, fold, lexicon, spelling

# Times are microseconds since 1970 in a calendar without time zones; steps are whole numbers.
SECOND = 1_000_000
DAY = 86_400 * SECOND
SAMPLE = 200  # different texts that the forms of a column are found from
MOST_OFFSETS = 6  # from UTC, in one column
MOSTLY = 0.8  # share of texts that a form must read: the others are errors in a column of times
_EPOCH = datetime(1970, 1, 1)

# Fields: Y year, y its last two digits, x a year of one to three digits, E and e the year in which a financial year
# ends, h half-year, q quarter, m month, b its name, w ISO week, u day of the week, d day, j day of the year, a the
# weekday's name, H hour, p am or pm, M minute, S second, f fraction. Those of one number stand together.
_DATES = (
    "Y m d", "d m Y", "m d Y", "y m d", "d m y", "m d y", "Ymd", "dmY", "mdY", "ymd", "d b Y", "b d Y", "Y b d",
    "d b y", "y b d", "b d y", "Y j", "Yj", "Y w u", "m d", "d m", "b d", "d b",
)  # fmt: skip
_CLOCKS = ("", "H M", "H M S", "H M S f", "H", "HM", "HMS", "H p", "H M p", "H M S p", "H M S f p", "p H M", "p H M S")
_COARSER = (
    "Y", "Y E", "Y e", "y e", "y", "Y m", "m Y", "Ym", "b Y", "Y b", "b y", "y b", "x m", "y m", "m y", "Y q", "q Y",
    "q y", "y q", "Y h", "h Y", "h y", "y h", "Y w", "w Y", "Yw", "w y", "y w", "b", "a",
)  # fmt: skip
_OTHERS = ("YmdH", "YmdHM", "YmdHMS", "ymdHM", "ymdHMS", "b d H M S Y", "b d H M Y")
READINGS = tuple(
    tuple(reading.split())
    for reading in (
        *(f"{date} {clock}" for clock in _CLOCKS for date in _DATES if "y" in date.lower() or clock in _CLOCKS[:3]),
        *(f"{clock} {date}" for clock in _CLOCKS[1:3] for date in _DATES[:7]),
        *_COARSER,
        *_OTHERS,
        *(clock for clock in _CLOCKS if clock and len(clock) > 2),
        "H",
    )
)
_BY_LENGTH = {n: tuple(r for r in READINGS if len(r) == n) for n in range(1, 9)}
_DIGITS = {"Y": 4, "j": 3, "u": 1}  # of a field that stands together with others; the others have two
_WIDTHS = {
    "Y": (4,), "x": (1, 3), "E": (4,), "e": (2,), "y": (2,), "m": (1, 2), "d": (1, 2), "H": (1, 2), "M": (1, 2),
    "S": (1, 2), "f": tuple(range(1, 10)), "q": (1, 2), "h": (1,), "w": (1, 2), "u": (1,), "j": (3,),
}  # fmt: skip
_RANGES = {
    "Y": (1000, 2999), "x": (0, 999), "E": (1000, 2999), "m": (1, 12), "d": (1, 31), "H": (0, 24), "M": (0, 59),
    "S": (0, 60), "q": (1, 4), "h": (1, 2), "w": (1, 53), "u": (1, 7), "j": (1, 366),
}  # fmt: skip
GRAINS = ("year", "half-year", "quarter", "month", "week", "day", "second", "step")  # from coarse to fine
_GRAIN_OF = {"Y": 0, "y": 0, "E": 0, "e": 0, "x": 0, "h": 1, "q": 2, "m": 3, "b": 3, "w": 4, "u": 5, "d": 5, "j": 5}
_GRAIN_OF |= {"a": 5, "H": 6, "M": 6, "S": 6, "f": 6, "p": 6}

# what a word says about the number after it or before it
_BEFORE = {
    "q": "q", "qtr": "q", "quarter": "q", "quartal": "q", "trim": "q", "trimestre": "q", "t": "q", "k": "q", "kv": "q",
    "w": "w", "wk": "w", "week": "w", "kw": "w", "cw": "w", "woche": "w", "vecka": "w", "v": "w", "semaine": "w",
    "semana": "w", "s": "hw", "sem": "hw", "h": "h", "hy": "h", "half": "h", "b": "h", "m": "m", "month": "m",
    "thang": "m", "thg": "m", "fy": "YyE", "fiscal": "Yy", "year": "Y", "nam": "Y", "第": "wq", "day": "dj",
}  # fmt: skip
_AFTER = {
    "年": "Yy", "년": "Yy", "月": "m", "월": "m", "日": "d", "号": "d", "號": "d", "일": "d", "時": "H", "时": "H",
    "点": "H", "點": "H", "시": "H", "h": "Hh", "u": "H", "分": "M", "분": "M", "秒": "S", "초": "S",
    "st": "d", "nd": "d", "rd": "d", "周": "w", "週": "w", "주": "w", "quarter": "q", "qtr": "q", "half": "h",
    "季度": "q", "季": "q", "四半期": "q",
    "분기": "q", "q": "q", "quartal": "q", "t": "q", "trim": "q", "trimestre": "q", "w": "w", "kw": "w", "s": "h",
    "hy": "h", "m": "Mm", "min": "M", "th": "dq",
}  # fmt: skip
_FILLERS = {"t", "of", "de", "del", "the", "le", "den", "der", "fy", "fiscal", "year", "y", "nam", "and", "at", "um",
            "uhr", "hrs", "date", "г"}  # fmt: skip
_AM_PM = {"am": 0, "pm": 1, "a": 0, "p": 1, "上午": 0, "下午": 1, "午前": 0, "午後": 1, "오전": 0, "오후": 1}
_ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2,
    "eest": 3, "msk": 3, "ist": 5.5, "jst": 9, "kst": 9, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7, "aest": 10, "aedt": 11,
}  # fmt: skip
_BEFORE, _AFTER = ({fold(word): value for word, value in table.items()} for table in (_BEFORE, _AFTER))
_AM_PM = {fold(word): value for word, value in _AM_PM.items()}
_UNITS = "年년月월日号號일時时点點시分분秒초第周週주季"
_WEEKDAYS = "日月火水木金土一二三四五六일월화수목금토"
_TOKEN = re.compile(
    rf"(?P<number>0+)|(?P<word>[ap]\.\s?m\.|(?<=\()[{_WEEKDAYS}](?=\))|(?:星期|周|週|礼拜)[一二三四五六日天]|四半期|季度|분기|上午|下午|午前|午後|오전|오후|[{_UNITS}]"
    rf"|[^\W\d_{_UNITS}][^\s\d!-\-/:-@\[-`{{-~‐-―(){_UNITS}]*)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_OFFSET = re.compile(
    r"\s?(?P<named>UTC|GMT)?(?P<digits>[+-]00(?::?00)?)(?P<rest>\s*\([^)]*\))?(?P<region>\[[\w/+-]+\])?$"
    r"|(?<=0)(?P<zulu>Z)$|\s(?P<zone>[A-Z]{3,4})$|(?P<only>\[[\w/+-]+\])$"
)
_ZEROS = str.maketrans("123456789", "000000000")


_NO_NAMES = {*_BEFORE, *_AFTER, *_FILLERS, *_AM_PM, *_ZONES} - {"mar", "일", "월"} - set(map(fold, _WEEKDAYS))


class Form(Protocol):
    """One way to write times. `grain` is how fine it is, `cycle` what it leaves out: a day, a week or a year."""

    @property
    def name(self) -> str: ...
    @property
    def grain(self) -> str: ...
    @property
    def cycle(self) -> str: ...
    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The time of each text (int64), and whether it is one."""
        ...

    def write(self, time: int, following: int | None = None) -> str:
        """A time in this form; forms of intervals need the `following` time, too."""
        ...


@dataclass(frozen=True)
class Part:
    """A piece of a text: its kind (number, month, weekday, am or pm, hint, zone, offset, text) and where it is."""

    kind: str
    start: int
    stop: int
    value: int = 0  # of a word
    allowed: str = ""  # fields a number can be by the signs beside it; all where empty
    after: str = ""  # fields that a hint says of the number before it
    before: str = ""  # and of the number after it
    needed: bool = False  # whether one of the two must be so


@dataclass(frozen=True)
class _Fields:
    """A match of a shape with a reading: where in the text each field's digits are, and the fields that words say."""

    spans: Mapping[str, tuple[int, int]]
    words: Mapping[str, int]
    offset: tuple[int, int] | None = None
    zone: float = 0.0


def plain(text: str) -> str:
    """A text with ordinary digits, blanks and dashes."""
    text = text.strip()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text).replace("−", "-")
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text).strip()


@cache
def _parts(shape: str, language: str | None) -> tuple[Part, ...] | None:
    """A shape (a text with zeros for its digits) in its parts; None when a word in it says nothing of time."""
    tail = _OFFSET.search(shape)
    if tail and (tail["digits"] or tail["zulu"]) and not re.search(r"0[:h.]0|0?T0", shape[: tail.start()]):
        tail = None
    if tail and tail["zone"] and (fold(tail["zone"]) not in _ZONES):
        tail = None
    body = shape[: tail.start()] if tail else shape
    known = lexicon(language) if language else {}
    parts: list[Part] = []
    for token in _TOKEN.finditer(body):
        start, stop = token.span()
        if token.lastgroup == "other":
            parts.append(Part("text", start, stop))
            continue
        if token.lastgroup == "number":
            parts.append(Part("number", start, stop, allowed=_allowed(body, start, stop)))
            continue
        word = fold(token[0]).replace(" ", "")
        before, after = _BEFORE.get(word, ""), _AFTER.get(word, "")
        if word in known and (token[0] not in _UNITS or body[start - 1 : start] == "("):
            parts.append(Part(known[word].kind, start, stop, known[word].number))
        elif word in _AM_PM and (len(word) > 1 or re.search(r"0:00\s?$", body[:start])):
            parts.append(Part("p", start, stop, _AM_PM[word]))
        elif word in ("st", "nd", "rd", "th") and body[start - 1 : start] == "0":
            parts.append(Part("ordinal", start, stop, after="dq", needed=True))
        elif before or after or word in _FILLERS:
            needed = word not in _FILLERS or (word == "t" and body[start - 1 : start] != "0")
            parts.append(Part("hint", start, stop, 0, "", after, before, needed))
        elif word in _ZONES:
            parts.append(Part("zone", start, stop, round(_ZONES[word] * 3600)))
        else:
            return None
    return (*parts, *_zone_parts(tail)) if tail else tuple(parts)


def _zone_parts(match: re.Match[str]) -> Iterator[Part]:
    done = match.start()
    for name in ("digits", "zulu", "zone", "rest", "region", "only"):
        if match[name]:
            start, stop = match.span(name)
            if start > done:
                yield Part("text", done, start)
            kind = {"digits": "offset", "zulu": "zone", "zone": "zone"}.get(name, "text")
            yield Part(kind, start, stop, round(_ZONES[fold(match[name])] * 3600) if kind == "zone" else 0)
            done = stop


def _allowed(body: str, start: int, stop: int) -> str:
    """The fields that a number can be by the signs beside it; empty for all."""
    if body[stop : stop + 1] == ":":
        return "YHM" if stop - start == 4 else "HM"
    if body[start - 1 : start] == ":" and start:
        return "HMSmq"
    return "ye" if body[:start].endswith(("'", "’")) else ""


@cache
def _match(parts: tuple[Part, ...], reading: tuple[str, ...], dotted: bool) -> _Fields | None:
    """Where the fields of a reading are in a text of these parts; None where they do not fit.

    `dotted` where nothing but full stops stands between numbers, which may be one number with decimals.
    """
    places = [place for place, part in enumerate(parts) if part.kind in ("number", MONTH, "p")]
    weekday = reading == (WEEKDAY,) and not places and any(part.kind == WEEKDAY for part in parts)
    named = (MONTH in reading) == any(part.kind == MONTH for part in parts)
    if not weekday and not (named and len(places) == len(reading)):
        return None
    spans: dict[str, tuple[int, int]] = {}
    words: dict[str, int] = {}
    fields: dict[int, str] = {}
    for place, names in zip(places, reading, strict=False):
        part = parts[place]
        fields[place] = names
        if part.kind != "number":
            if names != part.kind:
                return None
            words[names] = part.value
            continue
        if names in (MONTH, "p", WEEKDAY):
            return None
        width = part.stop - part.start
        if part.allowed and not set(names) <= set(part.allowed):
            return None
        if len(names) == 1:
            if width not in _WIDTHS[names]:
                return None
            if names == "f" and parts[place - 1].kind != "text":
                return None
            spans[names] = (part.start, part.stop)
            continue
        if width != sum(_DIGITS.get(name, 2) for name in names):
            return None
        start = part.start
        for name in names:
            spans[name] = (start, start + _DIGITS.get(name, 2))
            start = spans[name][1]
    hinted = set()
    for place, part in enumerate(parts):
        if part.kind in ("hint", "ordinal"):
            left, right = fields.get(_beside(parts, place, -1), ""), fields.get(_beside(parts, place, 1), "")
            fits = {name for name in (left,) if name and name in part.after}
            fits |= {name for name in (right,) if name and name in part.before}
            if part.needed and not fits:
                return None
            hinted |= fits
        elif part.kind == WEEKDAY:
            words[WEEKDAY] = part.value
    if not _sensible(parts, reading, hinted, dotted):
        return None
    offset = next(((part.start, part.stop) for part in parts if part.kind == "offset"), None)
    zone = next((part.value for part in parts if part.kind == "zone"), 0)
    return _Fields(spans, words, offset, zone)


def _beside(parts: Sequence[Part], place: int, step: int) -> int:
    """The number nearest to a word on one side; -1 where there is none."""
    place += step
    while 0 <= place < len(parts) and parts[place].kind in ("text", "ordinal"):
        place += step
    return place if 0 <= place < len(parts) and parts[place].kind == "number" else -1


def _sensible(parts: tuple[Part, ...], reading: tuple[str, ...], hinted: set[str], dotted: bool) -> bool:
    """Whether a reading that fits is one that people mean."""
    if "h" in reading and "h" not in hinted:
        return False
    if "q" in reading and "q" not in hinted and reading != ("Y", "q"):
        return False
    if "w" in reading and "w" not in hinted and reading not in (("Y", "w"), ("w", "Y")):
        return False
    if dotted and len(reading) == 2:  # one number with decimals: 2021.03 may be a month
        return reading in (("Y", "m"), ("m", "Y"))
    if reading in (("H",), ("y",)):
        return reading[0] in hinted
    if set("".join(reading)) <= set("HMSfp"):  # a clock looks like one
        clock = any(part.allowed.endswith("HM") or part.kind == "p" for part in parts)
        return clock or "H" in hinted or reading == ("H", "M", "S")
    return True


def _shape(text: str) -> str:
    return text.translate(_ZEROS)


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
    midnight_is_24: bool = False

    @property
    def name(self) -> str:
        """The order of the fields, in words."""
        words = {"Y": "year", "y": "year", "m": "month", "b": "month", "d": "day", "w": "week", "q": "quarter"}
        words |= {"h": "half-year", "j": "day of the year", "e": "", "E": "", "a": "weekday"}
        shown = dict.fromkeys(words[one] for field in self.reading for one in field if words.get(one))
        return "-".join(shown) or "time of day"

    @property
    def grain(self) -> str:
        return GRAINS[max(_GRAIN_OF[one] for field in self.reading for one in field)]

    @property
    def cycle(self) -> str:
        there = set("".join(self.reading))
        if there & set("Yyx"):
            return ""
        return "year" if there & {"m", "b"} else "week" if "a" in there else "day"

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        times = np.zeros(len(texts), np.int64)
        fine = np.zeros(len(texts), bool)
        by_shape: dict[str, Sequence[int]] = {}
        clean = texts if _is_clean(texts) else [plain(text) for text in texts]
        alike = _same_shape(clean)
        if alike is not None:
            by_shape[alike] = range(len(clean))
        else:
            for place, text in enumerate(clean):
                by_shape.setdefault(text.translate(_ZEROS), []).append(place)  # type: ignore[attr-defined]
        for shape, places in by_shape.items():
            parts = _parts(shape, self.language)
            match = parts and _match(parts, self.reading, _dotted(shape))
            if not match:
                continue
            rows = slice(None) if alike is not None else np.array(places)
            block = np.array(clean if alike is not None else [clean[place] for place in places], dtype=f"U{len(shape)}")
            digits = block.view(np.uint32).reshape(len(places), len(shape)).astype(np.int64) - ord("0")
            times[rows], fine[rows] = self._combine(match, digits)
        return times, fine

    def _combine(self, match: _Fields, digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Times of the digits (texts, characters) of one shape, and whether each is a time."""

        def number(start: int, stop: int) -> np.ndarray:
            powers = 10 ** np.arange(stop - start - 1, -1, -1)
            result: np.ndarray = digits[:, start:stop] @ powers
            return result

        values = {name: number(*span) for name, span in match.spans.items()}
        values |= {name: np.full(len(digits), value) for name, value in match.words.items()}
        fine = np.ones(len(digits), bool)
        for name, value in values.items():
            if name in _RANGES:
                low, high = _RANGES[name]
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
            years = values["y"] + np.where(values["y"] < 70, 2000, 1900)
        else:
            years = values.get("Y", values.get("x", np.full(count, self.base)))
        if "e" in values:
            fine &= values["e"] == (years + 1) % 100
        if "E" in values:
            fine &= values["E"] == years + 1
        if "a" in values and self.reading == (WEEKDAY,):
            return values["a"] + 10958, fine  # the week from Monday, 2000-01-03
        if "w" in values:
            fourth = _month_start(years * 12) + 3
            monday = fourth - (fourth + 3) % 7
            return monday + 7 * (values["w"] - 1) + values.get("u", 1) - 1, fine
        if "j" in values:
            first, after = _month_start(years * 12), _month_start(years * 12 + 12)
            return first + values["j"] - 1, fine & (values["j"] <= after - first)
        months = np.ones(count, np.int64)
        if "h" in values:
            months = 6 * values["h"] - 5
        elif "q" in values:
            months = 3 * values["q"] - 2
        elif "m" in values or "b" in values:
            months = values["m"] if "m" in values else values["b"]
        elif "H" in values and not set(values) & set("Yy"):
            return np.full(count, 10959), fine  # 2000-01-03
        months = years * 12 + months - 1
        first = _month_start(months)
        days = values.get("d", np.ones(count, np.int64))
        fine &= days <= _month_start(months + 1) - first
        if "a" in values and "d" in values:
            fine &= (first + days + 2) % 7 == values["a"] - 1
        return first + days - 1, fine

    def write(self, time: int, following: int | None = None) -> str:
        moment, offset = self._local(time)
        late = self.midnight_is_24 and moment.hour == moment.minute == 0
        moment -= timedelta(days=int(late))
        parts = _parts(_shape(self.example), self.language) or ()
        names = iter(self.reading)
        made = []
        for part in parts:
            text = self.example[part.start : part.stop]
            if part.kind in ("number", MONTH, "p"):
                made.append(self._written(next(names), moment, part, late))
            elif part.kind == WEEKDAY:
                made.append(self.spellings[WEEKDAY][moment.isoweekday()])
            elif part.kind == "ordinal":
                mark = _ordinal(int(made[-1]))
                made.append(mark.upper() if text.isupper() else mark)
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
        if fold(self.zone) in _ZONES:
            return moment + timedelta(hours=_ZONES[fold(self.zone)]), self.zone
        shift = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self.zone)).utcoffset() or timedelta()
        minutes = round(shift.total_seconds() / 60)
        sign = "-" if minutes < 0 else "+"
        return moment + shift, f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"

    def _written(self, names: str, moment: datetime, part: Part, late: bool) -> str:
        year, week, weekday = (
            moment.isocalendar() if "w" in self.reading or "Yw" in self.reading else (moment.year, 0, 0)
        )
        values = {
            "Y": year, "x": year, "y": year % 100, "E": year + 1, "e": (year + 1) % 100, "h": (moment.month + 5) // 6,
            "q": (moment.month + 2) // 3, "m": moment.month, "w": week, "u": weekday, "d": moment.day,
            "j": moment.timetuple().tm_yday, "H": moment.hour, "M": moment.minute, "S": moment.second,
        }  # fmt: skip
        if "p" in self.reading:
            values["H"] = (moment.hour + 11) % 12 + 1
        elif late:
            values["H"] = 24
        if len(names) > 1:
            return "".join(f"{values[name]:0{_DIGITS.get(name, 2)}d}" for name in names)
        if names == MONTH:
            return self.spellings[MONTH][moment.month]
        if names == "p":
            return self.spellings["p"][int(moment.hour >= 12)]
        width = part.stop - part.start
        if names == "f":
            return f"{moment.microsecond:06d}".ljust(width, "0")[:width]
        return str(values[names]) if names in self.narrow else f"{values[names]:0{max(_WIDTHS[names])}d}"


def _ordinal(number: int) -> str:
    """What follows a number that is an ordinal one: st, nd, rd, th."""
    return "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _is_clean(texts: Sequence[str]) -> bool:
    """Whether texts are plain as they are."""
    whole = "".join(texts)
    return whole.isascii() and all(text and not text[0].isspace() and not text[-1].isspace() for text in texts)


def _same_shape(texts: Sequence[str]) -> str | None:
    """The shape of many texts, where all have the same."""
    length = len(texts[0]) if len(texts) > 1000 else 0
    if not length or any(len(text) != length for text in texts):
        return None
    signs = np.array(texts, dtype=f"U{length}").view(np.uint32).reshape(len(texts), length)
    digits = (signs >= ord("0")) & (signs <= ord("9"))
    same = (digits == digits[0]) & (digits | (signs == signs[0]))
    return _shape(texts[0]) if same.all() else None


def _clock(values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of the day, and whether there is such a time."""
    count = len(next(iter(values.values())))
    zero = np.zeros(count, np.int64)
    hours, minutes, seconds = (values.get(name, zero) for name in "HMS")
    fine = (hours < 24) | ((minutes == 0) & (seconds == 0))
    if "p" in values:
        fine &= (hours >= 0) & (hours <= 12 + 11 * (values["p"] == 1))
        hours = np.where(hours <= 12, hours % 12 + 12 * values["p"], hours)
    return hours * 3600 + minutes * 60 + seconds, fine


def _month_start(months: np.ndarray) -> np.ndarray:
    """The day since 1970 on which a month, counted from the year 0, begins."""
    return (np.asarray(months) - 1970 * 12).astype("M8[M]").astype("M8[D]").astype(np.int64)


@cache
def _dotted(shape: str) -> bool:
    return re.fullmatch(r"0+\.0+", shape) is not None


def to_moment(time: int) -> datetime:
    """The calendar's date and time of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=time)


def find_forms(texts: Sequence[str]) -> list[FieldForm]:
    """The forms in which at least most of `texts`, which are all different, can be read; the usual ones first."""
    every = [text for text in map(plain, texts) if text]
    sample = every[:: max(1, len(every) // SAMPLE)][:SAMPLE]
    if not sample or (max(map(len, sample)) > 90 and sorted(map(len, sample))[len(sample) // 2] > 60):
        return []
    shapes = Counter(map(_shape, sample))
    language = _language(shapes)
    parts = {shape: _parts(shape, language) for shape in shapes}
    needed = MOSTLY * len(sample)
    if sum(shapes[shape] for shape, made in parts.items() if made) < needed:
        return []
    common = next(made for shape, _ in shapes.most_common() if (made := parts[shape]))
    length = sum(part.kind in ("number", MONTH, "p") for part in common)
    forms = []
    slashed = any(sign in shapes.most_common(1)[0][0] for sign in "/-")
    for reading in _BY_LENGTH.get(max(length, 1), ()):
        if slashed and reading[0] == "H" and len(reading) <= 3:
            continue  # no clock
        fits = [shape for shape, made in parts.items() if made and _match(made, reading, _dotted(shape))]
        if sum(shapes[shape] for shape in fits) >= needed:
            form = _form(reading, language, sample, fits)
            if form is not None and form.read(sample)[1].sum() >= needed:
                forms.append(form)
    return forms


def _language(shapes: Mapping[str, int]) -> str | None:
    """The language that names of months and weekdays are in, if there are any."""
    words = set()
    for shape in list(shapes)[:60]:
        for token in _TOKEN.finditer(shape):
            weekday = token[0] in _WEEKDAYS and shape[token.start() - 1 : token.start()] == "("
            if token.lastgroup == "word" and (token[0] not in _UNITS or weekday):
                words.add(fold(token[0]))
    words = {word for word in words if word not in _NO_NAMES and (len(word) > 1 or not word.isascii())}
    return find_language(words) if words else None


def _form(
    reading: tuple[str, ...], language: str | None, sample: Sequence[str], fits: Sequence[str]
) -> FieldForm | None:
    """A form for a reading of texts, with how they write it."""
    fitting = set(fits)
    narrow: set[str] = set()
    seen: dict[str, dict[int, str]] = {MONTH: {}, WEEKDAY: {}, "p": {}}
    chosen = [text for text in sample if _shape(text) in fitting]
    for text in chosen:
        names = iter(reading)
        for part in _parts(_shape(text), language) or ():
            if part.kind in ("number", MONTH, "p"):
                name = next(names)
                if part.kind == "number" and len(name) == 1 and part.stop - part.start < max(_WIDTHS[name]):
                    narrow.add(name)
            if part.kind in seen:
                seen[part.kind].setdefault(part.value, text[part.start : part.stop])
    narrow -= set("Yf")
    if "q" in reading and "0" not in {
        text[part.start]
        for text in chosen
        for part in _parts(_shape(text), language) or ()
        if part.kind == "number" and part.stop - part.start < 3
    }:
        narrow.add("q")
    spellings: dict[str, Mapping[int, str]] = {
        kind: spelling(language, kind, seen[kind]) for kind in (MONTH, WEEKDAY) if language and seen[kind]
    }
    if seen["p"]:
        spellings["p"] = _am_pm(seen["p"])
    late = any(re.search(r"(?<![\d:./-])24(?:[:.h]?00)*$", text) for text in chosen) and "H" in "".join(reading)
    example = max(chosen, key=len)
    form = FieldForm(reading, language, example, frozenset(narrow), spellings, midnight_is_24=late)
    if form.cycle == "year" and not form.read(sample)[1].all():
        form = replace(form, base=2000)  # with the 29th of February
    return _with_zone(form, chosen)


def _am_pm(seen: Mapping[int, str]) -> dict[int, str]:
    pairs = (("上午", "下午"), ("午前", "午後"), ("오전", "오후"))
    for pair in pairs:
        if set(seen.values()) <= set(pair):
            return dict(enumerate(pair))
    swap = str.maketrans("apAP", "paPA")
    return {0: seen.get(0) or seen[1].translate(swap), 1: seen.get(1) or seen[0].translate(swap)}


def _with_zone(form: FieldForm, texts: Sequence[str]) -> FieldForm | None:
    """How offsets from UTC are read: left aside where all are the same, or all times have the same clock, as local
    midnights have through the year; else times are those of UTC. None where they are no offsets."""
    found = []
    for text in texts:
        for part in _parts(_shape(text), form.language) or ():
            if part.kind in ("offset", "zone"):
                found.append(text[part.start : part.stop])
    if not found:
        return form
    if len(set(found)) > MOST_OFFSETS:
        return None  # ends of intervals
    clocks = form.read(texts)[0] % DAY
    local = len(set(found)) == 1 or len(set(clocks.tolist())) == 1
    region = re.search(r"\[([\w/+-]+)\]$", form.example)
    if local:
        return replace(form, last_offset=found[-1])
    if region:
        try:
            ZoneInfo(region[1])
        except (ZoneInfoNotFoundError, ValueError):
            return replace(form, zone=found[-1])
        return replace(form, zone=region[1])
    return replace(form, zone=found[-1])
