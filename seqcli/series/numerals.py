"""Times with numerals of another kind: years of an era, Roman quarters and months, Chinese months, halves in words,
quarters by their months, and numbers as the programs of banks and companies write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from seqcli.series.fields import plain
from seqcli.series.forms import find_forms
from seqcli.series.names import MONTH, find_language, fold, lexicon
from seqcli.series.times import Form, FormOver

Found = re.Match[str]
_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_CHINESE = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}  # the year before the first
_REPUBLIC = 1911  # the same of Taiwan's years
_LONGEST = 60  # of texts that are looked at
_BUDDHA = 543  # years that the Buddhist era is ahead
_YEAR = r"(?<!\d)(\d{4})(?!\d)"


@dataclass(frozen=True)
class Numeral:
    """Another kind of numerals: the `pattern` of one, the `usual` text for it, None for what is none, the `back`
    pattern of the usual text and what stands for it, given the first of the column's numerals."""

    pattern: re.Pattern[str]
    usual: Callable[[Found], str | None]
    back: re.Pattern[str]
    own: Callable[[Found, Found], str]


def _from_era(found: Found) -> str | None:
    number = found[2] or found[4]
    if not found[1] and not 80 <= int(number.replace("元", "0")) < 200:
        return None
    return str(_ERAS.get(found[1], _REPUBLIC) + (1 if number == "元" else int(number)))


def _in_era(found: Found, first: Found) -> str:
    name, before, year = first[1] or "", _REPUBLIC, int(found[1])
    if name in _ERAS:
        newest = year > 2019 or (year == 2019 and (not found[2] or int(found[2]) >= 5))
        place = 0 if newest else 1 if year >= 1989 else 2
        name = (("令和", "平成", "昭和") if len(name) > 1 else "RHS")[place]
        before = _ERAS[name]
    return f"{name}{year - before:0{2 if (first[2] or '').startswith('0') else 1}d}"


def _signs(pattern: str, signs: Sequence[str], mark: str = "") -> Numeral:
    """Numerals that are written with signs; the `mark` is put before one that nothing says to be a quarter's."""

    def usual(found: Found) -> str | None:
        dated = found[1] in signs and re.search(r"\d{4}|[/ '.-]\d\d$", found.string)
        return f"{mark}{signs.index(found[1])}" if dated else None

    back = re.compile(rf"{mark}(?<!\d)0?(\d{{1,2}})(?!\d)")
    return Numeral(re.compile(pattern), usual, back, lambda found, first: signs[int(found[1])])


_BUDDHIST = Numeral(
    re.compile(r"(?<!\d)(2[45]\d\d)(?!\d)"),
    lambda found: str(int(found[1]) - _BUDDHA),
    re.compile(_YEAR),
    lambda found, first: str(int(found[1]) + _BUDDHA),
)
_NUMERALS = (
    Numeral(
        re.compile(
            r"^(中華民國|民國|民国|令和|平成|昭和|[RHS](?=\d+[./-])|)\s?(元|\d{1,3})(?=[年./-])|^()(1\d\d)(?=\d\d(?:\d\d)?$)"
        ),
        _from_era,
        re.compile(r"^(\d{4})(?=\D?(\d\d?)?)"),
        _in_era,
    ),
    _BUDDHIST,
    Numeral(  # 2019 [YR2019]
        re.compile(r"(?<!\d)(\d{4}) \[YR\1\]"),
        lambda found: found[1],
        re.compile(_YEAR),
        lambda found, first: f"{found[1]} [YR{found[1]}]",
    ),
    Numeral(  # 001.2019, 2019/001
        re.compile(r"(?:^|(?<=^\d{4}[./])|(?<=^\d{4}))0(0[1-9]|1[0-2])(?=\.\d{4}$|$)"),
        lambda found: found[1],
        re.compile(r"\d\d(?=\.\d{4}$|$)"),
        lambda found, first: f"0{found[0]}",
    ),
    _signs(r"([一二三四五六七八九]|十[一二]?)(?=[月季])", _CHINESE),
)


def _roman(texts: Sequence[str]) -> Numeral | None:
    """How Roman numerals are read: those to IV with no word beside them as quarters, others as months."""
    pattern = r"(?:(?<!\w)|(?<=\d[TQK])|(?<=\d{4}))([IVX]+)(?!\w)"
    found = [match for match in (re.search(pattern, text) for text in texts) if match]
    if not found or found[0].string != texts[0]:
        return None
    rest = re.sub(pattern, "", texts[0])
    if re.search(r"[^\W\d_]", rest):
        return _signs(pattern, _ROMAN)
    quarters = {match[1] for match in found} <= set(_ROMAN[:5]) and not re.search(r"\d\D+\d", rest)
    if quarters and len(texts) <= 4:  # four months as well as four quarters
        return None
    return _signs(pattern, _ROMAN, "Q" if quarters else "M")


def find_numerals(texts: Sequence[str]) -> list[Form]:
    """The forms with other numerals in which `texts`, which are all different, can be read."""
    clean = [text for text in map(plain, texts) if text]
    if not clean or len(clean[0]) > _LONGEST:
        return []
    for numeral in filter(None, (_NUMERALS[0], _roman(clean), *_NUMERALS[1:])):
        first = numeral.pattern.search(clean[0])
        eras = numeral.usual is _from_era and not any(re.match(r"\D|元|1\d\d", text) for text in clean)
        if first is None or eras:  # those are years of two digits
            continue
        into = partial(_in_usual, numeral.pattern, numeral.usual)
        usual = [text for text in map(into, clean) if text]
        forms = [form for form in find_forms(usual) if form.cycle == ""] if len(usual) > 0.8 * len(clean) else []
        if forms:
            last = numeral.pattern.search(clean[-1]) or first
            own = partial(numeral.back.sub, lambda found, own=numeral.own, last=last: own(found, last), count=1)
            return [FormOver(form, into, own) for form in forms]
    return []


def _in_usual(pattern: re.Pattern[str], usual: Callable[[Found], str | None], text: str) -> str | None:
    """A text with what is usual for the first numeral or name in it; None where it has none."""
    found = pattern.search(text) if len(text) <= _LONGEST else None
    made = usual(found) if found else None
    return f"{text[: found.start()]}{made}{text[found.end() :]}" if found and made else None


def are_buddhist(texts: Sequence[str]) -> bool:
    """Whether all texts have a year of the Buddhist era."""
    return sum(_BUDDHIST.pattern.search(text) is not None for text in texts) > 0.9 * len(texts)


@dataclass(frozen=True)
class Naming:
    """Parts of years or months by names: the `pattern` of a name, what stands for the parts in `usual` texts, and the
    number of the part that a name is of, 0 for none; `back` has {} where the usual parts are."""

    pattern: re.Pattern[str]
    usual: tuple[str, ...]
    number: Callable[[Found], int]
    back: str = "{}"

    def replace(self, found: Found) -> str:
        return ("", *self.usual)[self.number(found)]


def _quarter(found: Found) -> int:
    """The quarter from one month to another, or that ends with one; 0 where these are no quarter."""
    first, last = fold(found[1]), fold(found[found.re.groups])
    language = find_language((first, last))
    known = lexicon(language) if language else {}
    begin, end = known.get(first), known.get(last)
    if begin is None or end is None or begin.kind != MONTH or end.kind != MONTH:
        return 0
    whole = end.number % 3 == 0 and end.number - begin.number in (0, 2)
    return end.number // 3 if whole else 0


def _in(*names: str) -> Callable[[Found], int]:
    """The number of the text that a name is in, from 1."""
    return lambda found: next(
        (place for place, name in enumerate(names, 1) if found[found.lastindex or 0].lower() in name), 0
    )


_HALVES, _QUARTERS = (" H1", " H2"), ("Q1", "Q2", "Q3", "Q4")
_MONTHS = tuple(f"{month:02d}" for month in range(1, 13))
_LETTERS = "NDJFMAMJJASOND"
_TWO = "DECJANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
_MIDDLES = {_LETTERS[at : at + 3]: at for at in range(1, 12)} | {"NDJ": 12}  # of three months
_MIDDLES |= {_TWO[3 * at : 3 * at + 6]: at + 1 for at in range(12)}  # DECJAN is that of January
_SEASONS = (
    "spring frühling frühjahr printemps primavera lente весна",
    "summer sommer été verano verão estate zomer лето",
    "autumn fall herbst automne otoño outono autunno herfst осень",
    "winter hiver invierno inverno зима",
)
_SEASON = re.compile(rf"\b({'|'.join(' '.join(_SEASONS).split())})\b", re.IGNORECASE)
_ARABIC = ("الأول", "الثاني", "الثالث", "الرابع")
_NAMINGS = (
    Naming(re.compile(r"\s?([上下])(?:半年|半期|期)|\s?([상하])반기"), _HALVES, _in("上상", "下하")),
    Naming(  # Jan-Mar 2019
        re.compile(r"(?<!\w)([^\W\d_]{3,})\.?(?:\s?[-–—/]\s?|\s(?:to|thru|bis|à|a|al)\s)([^\W\d_]{3,})\.?(?!\w)", re.I),
        _QUARTERS,
        _quarter,
    ),
    Naming(re.compile(r"(?<!\w)([^\W\d_]{3,})\.?\s(?:qtr|quarter)\b", re.I), _QUARTERS, _quarter),
    Naming(  # DJF, MAM, JJA, SON; DECJAN
        re.compile(rf"(?<!\w)({'|'.join(_MIDDLES)})(?!\w)"),
        _MONTHS,
        lambda found: _MIDDLES[found[1]],
        r"(?<!\d)(?:{})(?!\d)",
    ),
    Naming(_SEASON, _QUARTERS, _in(*_SEASONS)),
    Naming(_SEASON, _QUARTERS, _in(_SEASONS[3], *_SEASONS[:3])),  # years that begin in winter
    Naming(re.compile(f"الربع ({'|'.join(_ARABIC)})"), _QUARTERS, _in(*_ARABIC)),
    Naming(  # 2019年1-3月期, 2019/ 1- 3.
        re.compile(r"\s?(?<!\d)0?(1|4|7|10)\s?[-~–]\s?0?(3|6|9|12)(?!\d)(?:月期?|\.)?$"),
        _QUARTERS,
        lambda found: int(found[2]) // 3 if int(found[2]) == int(found[1]) + 2 else 0,
    ),
    Naming(re.compile(r"(?<![\d/-])([1-4])/4(?![\d/-])(?:분기)?"), _QUARTERS, _in(*"1234")),
    Naming(
        re.compile(r"\b(first|second|third|fourth)(?=\s(?:quarter|half|qtr))", re.I),
        tuple("1234"),
        _in("first", "second", "third", "fourth"),
        r"\b(?:{})(?=\s(?:quarter|half|qtr))",
    ),
    Naming(
        re.compile(r"(?<!\w)([ΑΒΓΔ])['’΄´]?\s(?=τρ[ιί]μ|εξ[αά]μ)", re.I),
        ("1 ", "2 ", "3 ", "4 "),
        _in(*"αβγδ"),
        r"(?<!\w)(?:{})",
    ),
    # ten days, 2019-01-D3
    Naming(re.compile(r"\s?([上中下])旬|\s?([상중하])순"), (" 1日", " 11日", " 21日"), _in("上상", "中중", "下하")),
    Naming(re.compile(r"(?<=^\d{4}-\d\d)-?[-D]([123])$"), ("-01", "-11", "-21"), _in(*"123"), "(?:{})$"),
)


def find_named(texts: Sequence[str]) -> list[Form]:
    """The forms in which parts of years or months have names, where each of these occurs, or every second or third."""
    clean = [text for text in map(plain, texts) if text and len(text) <= _LONGEST]
    made: list[Form] = []
    for naming in _NAMINGS if clean and len(clean) > 0.8 * len(texts) else ():
        if not naming.pattern.search(clean[0]):
            continue
        matches = [naming.pattern.search(text) for text in clean]
        names = {naming.number(match): match[0] for match in reversed(matches) if match}
        names.pop(0, None)
        numbers, count = sorted(names), len(naming.usual)
        apart = numbers[1] - numbers[0] if len(numbers) > 1 else count
        halves = numbers == [1, 2] and count > 2
        if not halves and (count % apart or len(numbers) != count // apart or count == apart):
            continue
        parts = dict(zip(naming.usual, range(1, count + 1), strict=True))
        back = re.compile(naming.back.format("|".join(map(re.escape, parts))), re.I)
        into = partial(_in_usual, naming.pattern, naming.replace)
        usual = [text for text in map(into, clean) if text]
        forms = find_forms(usual) if len(usual) > 0.8 * len(clean) else []
        forms = [form for form in forms if not form.cycle or form.reading == ("q",)]
        forms = [form for form in forms if form.grain == "half-year" or not halves]
        own = partial(back.sub, lambda found, names=names, parts=parts: names[parts[found[0]]], count=1)
        made += [FormOver(form, into, own) for form in forms]
        if made and naming.pattern is not _SEASON:
            break
    return made
