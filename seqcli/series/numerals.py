"""Times with numerals of another kind: years of an era, Roman quarters and months, Chinese months, halves in words,
quarters by their months, and numbers as the programs of banks and companies write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.series.fields import plain
from seqcli.series.forms import find_forms
from seqcli.series.names import MONTH, find_language, fold, lexicon
from seqcli.series.times import Form, FormOver, to_moment

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_CHINESE = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}  # the year before the first
_REPUBLIC = 1911  # the same of Taiwan's years
_LONGEST = 60  # of texts that are looked at
_BUDDHA = 543  # years that the Buddhist era is ahead
_FIRST = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_PATTERNS = {
    "era": re.compile(
        r"(中華民國|民國|民国|令和|平成|昭和|[RHS](?=\d+[./-])|)\s?(元|\d{1,3})(?=[年./-])|^()(1\d\d)(?=\d\d(?:\d\d)?$)"
    ),
    "roman": re.compile(r"(?:(?<!\w)|(?<=\d[TQK])|(?<=\d{4}))([IVX]+)(?!\w)"),
    "chinese": re.compile(r"([一二三四五六七八九]|十[一二]?)(?=[月季])"),
    "thai": re.compile(r"(?<!\d)(2[45]\d\d)(?!\d)"),  # years of the Buddhist era
    "bank": re.compile(r"(?<!\d)(\d{4}) \[YR\1\]"),  # 2019 [YR2019]
    "period": re.compile(r"(?:^|(?<=^\d{4}[./])|(?<=^\d{4}))0(0[1-9]|1[0-2])(?=\.\d{4}$|$)"),  # 001.2019, 2019/001
}


@dataclass(frozen=True)
class Naming:
    """Parts of years or months by names: the `pattern` of a name, what stands for the parts in usual texts, with the
    pattern of this, and the number of the part that a name is of, 0 for none."""

    pattern: re.Pattern[str]
    usual: tuple[str, ...]
    back: re.Pattern[str]
    number: Callable[[re.Match[str]], int]


def _quarters(pattern: str, number: Callable[[re.Match[str]], int], flags: int = 0) -> Naming:
    return Naming(re.compile(pattern, flags), ("Q1", "Q2", "Q3", "Q4"), re.compile("Q[1-4]"), number)


_LETTERS = ("JFM", "AMJ", "JAS", "OND")
_ARABIC = ("الأول", "الثاني", "الثالث", "الرابع")
_NAMINGS = (
    Naming(
        re.compile(r"\s?([上下])(?:半年|半期|期)|\s?([상하])반기"),
        (" H1", " H2"),
        re.compile(" H[12]"),
        lambda found: 1 if (found[1] or found[2]) in "上상" else 2,
    ),
    _quarters(  # Jan-Mar 2019
        r"(?<!\w)([^\W\d_]{3,})\.?(?:\s?[-–—/]\s?|\s(?:to|bis|à|a|al)\s)([^\W\d_]{3,})\.?(?!\w)",
        lambda found: _quarter(found[1], found[2]) or 0,
    ),
    _quarters(  # March quarter 2019
        r"(?<!\w)([^\W\d_]{3,})\.?\s(?:qtr|quarter)\b",
        lambda found: _quarter(found[1], found[1]) or 0,
        re.IGNORECASE,
    ),
    _quarters(r"(?<!\w)(JFM|AMJ|JAS|OND)(?!\w)", lambda found: _LETTERS.index(found[1]) + 1),
    _quarters(f"الربع ({'|'.join(_ARABIC)})", lambda found: _ARABIC.index(found[1]) + 1),
    _quarters(  # 2019年1-3月期, 2019/ 1- 3.
        r"\s?(?<!\d)0?(1|4|7|10)\s?[-~–]\s?0?(3|6|9|12)(?!\d)(?:月期?|\.)?$",
        lambda found: int(found[2]) // 3 if int(found[2]) == int(found[1]) + 2 else 0,
    ),
    _quarters(r"(?<![\d/-])([1-4])/4(?![\d/-])(?:분기)?", lambda found: int(found[1])),
    Naming(
        re.compile(r"\b(first|second|third|fourth)(?=\s(?:quarter|half|qtr))", re.IGNORECASE),
        ("1", "2", "3", "4"),
        re.compile(r"\b[1-4](?=\s(?:quarter|half|qtr))", re.IGNORECASE),
        lambda found: _FIRST[found[1].lower()],
    ),
    Naming(
        re.compile(r"(?<!\w)([ΑΒΓΔ])['’΄´]?\s(?=τρ[ιί]μ|εξ[αά]μ)", re.IGNORECASE),
        ("1 ", "2 ", "3 ", "4 "),
        re.compile(r"(?<!\w)[1-4] "),
        lambda found: "ΑΒΓΔ".index(found[1].upper()) + 1,
    ),
    Naming(  # the ten days of a month
        re.compile(r"\s?([上中下])旬|\s?([상중하])순"),
        (" 1日", " 11日", " 21日"),
        re.compile(r" (?:1|11|21)日"),
        lambda found: "上中下상중하".index(found[1] or found[2]) % 3 + 1,
    ),
    Naming(  # 2019-01-D3, 2019-01-3
        re.compile(r"(?<=^\d{4}-\d\d)-?(?:-0?|D)([123])$"),
        ("-01", "-11", "-21"),
        re.compile(r"-[012]1$"),
        lambda found: int(found[1]),
    ),
)


@dataclass(frozen=True)
class NamedForm(FormOver):
    """A form of usual texts, for those in which parts of a year or month have `names`."""

    naming: Naming
    names: tuple[str, ...]

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        usual = [_named(self.naming, plain(text)) for text in texts]
        times, fine = self.form.read([text or "" for text in usual])
        return times, fine & np.array([text is not None for text in usual], bool)

    def write(self, time: int, following: int | None = None) -> str:
        text = self.form.write(time, following)
        return self.naming.back.sub(lambda found: self.names[self.naming.usual.index(found[0])], text, count=1)


def _named(naming: Naming, text: str) -> str | None:
    """The usual text for one with a name; None where it has none."""
    found = naming.pattern.search(text) if len(text) <= _LONGEST else None
    number = naming.number(found) if found else 0
    return f"{text[: found.start()]}{naming.usual[number - 1]}{text[found.end() :]}" if found and number else None


def find_named(texts: Sequence[str]) -> list[Form]:
    """The forms in which parts of years or months have names, where each of these occurs."""
    clean = [text for text in map(plain, texts) if text]
    for naming in _NAMINGS if clean else ():
        if len(clean[0]) > _LONGEST or not naming.pattern.search(clean[0]):
            continue
        matches = [naming.pattern.search(text) for text in clean if len(text) <= _LONGEST]
        names = {naming.number(match): match[0] for match in reversed(matches) if match}
        names.pop(0, None)
        if sorted(names) not in ([*range(1, len(naming.usual) + 1)], [1, 2]):
            continue
        usual = [text for text in (_named(naming, text) for text in clean) if text]
        forms = find_forms(usual) if len(usual) > 0.8 * len(clean) else []
        forms = [form for form in forms if form.cycle == "" or form.reading == ("q",)]
        if len(names) == 2 < len(naming.usual):
            forms = [form for form in forms if form.grain == "half-year"]
        if forms:
            return [NamedForm(form, naming, tuple(names[number] for number in sorted(names))) for form in forms]
    return []


@dataclass(frozen=True)
class NumeralForm(FormOver):
    """A form of times with usual numerals, for texts like the `example`, which have others.

    `mark` is put before a number that nothing says to be one of a quarter.
    """

    kind: str
    example: str
    mark: str = ""

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        usual = [_usual(self.kind, plain(text), self.mark) for text in texts]
        times, fine = self.form.read([text or "" for text in usual])
        return times, fine & np.array([text is not None for text in usual], bool)

    def write(self, time: int, following: int | None = None) -> str:
        text = self.form.write(time, following)
        if self.kind == "era":
            return self._in_era(text, time)
        if self.kind == "thai":
            return re.sub(r"(?<!\d)\d{4}(?!\d)", lambda year: str(int(year[0]) + _BUDDHA), text)
        if self.kind == "bank":
            return f"{text} [YR{text}]"
        if self.kind == "period":
            return f"0{text}" if self.example.startswith("0") else f"{text[:-2]}0{text[-2:]}"
        signs = _ROMAN if self.kind == "roman" else _CHINESE
        number = rf"{self.mark}(?<!\d)0?(\d{{1,2}})(?!\d)"
        return re.sub(number, lambda found: signs[int(found[1]) - 1], text, count=1)

    def _in_era(self, text: str, time: int) -> str:
        found = _PATTERNS["era"].match(self.example)
        assert found is not None
        name, before = found[1] or "", _REPUBLIC
        if name in _ERAS:
            moment = to_moment(time)
            place = (
                0 if (moment.year, moment.month) >= (2019, 5) or (moment.year >= 2019 and self.grain == "year") else 1
            )
            place = 2 if moment.year < 1989 else place
            name = (("令和", "平成", "昭和") if len(name) > 1 else "RHS")[place]
            before = _ERAS[name]
        width = 2 if (found[2] or "").startswith("0") else 1
        return f"{name}{int(text[:4]) - before:0{width}d}{text[4:]}"


def _usual(kind: str, text: str, mark: str = "") -> str | None:
    """A text with usual numerals; None where it has none of this kind."""
    found = _PATTERNS[kind].search(text)
    if found is None:
        return None
    if kind == "era":
        number = found[2] or found[4]
        if found.start() or (not found[1] and not 80 <= int(number.replace("元", "0")) < 200):
            return None
        year = _ERAS.get(found[1], _REPUBLIC) + (1 if number == "元" else int(number))
        return f"{year}{text[found.end() :]}"
    if kind == "thai":
        return f"{text[: found.start()]}{int(found[1]) - _BUDDHA}{text[found.end() :]}"
    if kind in ("bank", "period"):
        return f"{text[: found.start()]}{found[1]}{text[found.end() :]}"
    signs = _ROMAN if kind == "roman" else _CHINESE
    if found[1] not in signs or not re.search(r"\d{4}|[/ '.-]\d\d$", text):
        return None
    return f"{text[: found.start()]}{mark}{signs.index(found[1]) + 1}{text[found.end() :]}"


def _quarter(first: str, last: str) -> int | None:
    """The quarter from one month to another, None where these are no quarter."""
    language = find_language((fold(first), fold(last)))
    known = lexicon(language) if language else {}
    begin, end = known.get(fold(first)), known.get(fold(last))
    if begin is None or end is None or begin.kind != MONTH or end.kind != MONTH:
        return None
    if begin.number == end.number:
        return end.number // 3 if end.number % 3 == 0 else None
    return end.number // 3 if begin.number % 3 == 1 and end.number == begin.number + 2 else None


def are_buddhist(texts: Sequence[str]) -> bool:
    """Whether all texts have a year of the Buddhist era."""
    return all(_PATTERNS["thai"].search(text) for text in texts)


def find_numerals(texts: Sequence[str]) -> list[Form]:
    """The forms with other numerals in which `texts`, which are all different, can be read."""
    clean = [text for text in map(plain, texts) if text]
    for kind, pattern in _PATTERNS.items():
        if not clean or len(clean[0]) > _LONGEST or not pattern.search(clean[0]):
            continue
        found = [match[1] for match in map(pattern.search, clean) if match]
        mark = ""
        if kind == "era" and not any(re.match(r"\D|元|1\d\d", text) for text in clean):
            continue  # years of two digits
        if kind == "roman" and not re.search(r"[^\W\d_]", pattern.sub("", clean[0])):
            days = re.search(r"\d\D+\d", pattern.sub("", clean[0])) is not None
            if set(found) <= set(_ROMAN[:4]) and not days:
                if len(clean) <= 4:  # four months as well as four quarters
                    continue
                mark = "Q"
            else:
                mark = "M"
        usual = [text for text in (_usual(kind, text, mark) for text in clean) if text]
        forms = [form for form in find_forms(usual) if form.cycle == ""] if len(usual) > 0.8 * len(clean) else []
        if forms:
            return [NumeralForm(form, kind, clean[-1], mark) for form in forms]
    return []
