"""The fields of times, such as year, month and hour, and where they are in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from seqcli.series.names import MONTH, WEEKDAY, fold, lexicon

# Fields: Y year, y its last two digits, x a year of one to three digits, E and e the year in which a financial year
# ends, h half-year, q quarter, m month, b its name, w ISO week, u day of the week, d day, j day of the year, a the
# weekday's name, H hour, p am or pm, M minute, S second, f fraction. Those of one number stand together.
_DATES = (
    "Y m d", "d m Y", "m d Y", "y m d", "d m y", "m d y", "Ymd", "dmY", "mdY", "ymd", "d b Y", "b d Y", "Y b d",
    "d b y", "y b d", "b d y", "Y d b", "Y j", "j Y", "Yj", "Y w u", "Y wu", "m d", "d m", "b d", "d b",
)  # fmt: skip
_CLOCKS = ("", "H M", "H M S", "H M S f", "H", "HM", "HMS", "H p", "H M p", "H M S p", "H M S f p", "p H M", "p H M S")
_COARSER = (
    "Y", "Y E", "Y e", "y e", "y", "Y m", "m Y", "Ym", "b Y", "Y b", "b y", "y b", "x m", "y m", "m y", "Y q", "q Y",
    "q y", "y q", "Yq", "q Y e", "Y e q", "Y h", "h Y", "h y", "y h", "Y w", "w Y", "Yw", "w y", "y w", "b", "m", "q",
    "a", "m b Y", "Y m b",
)  # fmt: skip
_OTHERS = ("YmdH", "YmdHM", "YmdHMS", "YmdHMSf", "ymdHM", "ymdHMS", "b d H M S Y", "b d H M Y")
READINGS = tuple(
    tuple(reading.split())
    for reading in (
        *(f"{date} {clock}" for clock in _CLOCKS for date in _DATES if "y" in date.lower() or clock in _CLOCKS[:3]),
        *(f"{clock} {date}" for clock in ("H M", "H M S", "H M p") for date in _DATES[:7]),
        *_COARSER,
        *_OTHERS,
        *(clock for clock in _CLOCKS if clock and len(clock) > 2),
        "H",
    )
)
BY_LENGTH = {n: tuple(r for r in READINGS if len(r) == n) for n in range(1, 9)}
DIGITS = {"Y": 4, "j": 3, "u": 1, "q": 1, "f": 3}  # of a field that stands together with others; the others have two
WIDTHS = {
    "Y": (4,), "x": (1, 3), "E": (4,), "e": (2,), "y": (2,), "m": (1, 2), "d": (1, 2), "H": (1, 2), "M": (1, 2),
    "S": (1, 2), "f": tuple(range(1, 10)), "q": (1, 2), "h": (1,), "w": (1, 2), "u": (1,), "j": (3,),
}  # fmt: skip
RANGES = {
    "Y": (1000, 2999), "x": (0, 999), "E": (1000, 2999), "m": (1, 12), "d": (1, 31), "H": (0, 24), "M": (0, 59),
    "S": (0, 60), "q": (1, 4), "h": (1, 2), "w": (1, 53), "u": (1, 7), "j": (1, 366),
}  # fmt: skip
GRAINS = ("year", "half-year", "quarter", "month", "week", "day", "second", "step")  # from coarse to fine
GRAIN_OF = {"Y": 0, "y": 0, "E": 0, "e": 0, "x": 0, "h": 1, "q": 2, "m": 3, "b": 3, "w": 4, "u": 5, "d": 5, "j": 5}
GRAIN_OF |= {"a": 5, "H": 6, "M": 6, "S": 6, "f": 6, "p": 6}

# the fields that a number can be by the words beside it, before it and after it
_BESIDE = {
    "q": "q qtr quarter quartal quartil vierteljahr vj trim trimestre trimestrul trimester tr tm t k kv kvt kwartal "
    "kvartal kvartalet kwartał kwartaal quy triwulan tw ceyrek čtvrtletí štvrťrok negyedév tromjesečje tromj "
    "tromesečje četrtletje ketv ketvirtis cet ceturksnis nelj neljännes vuosineljännes ársfj ársfjórðungur кв квартал "
    "к трим тримесечие тримесечје тоқсан τρίμηνο τριμ τ fq cq ไตรมาส ไตรมาสที่",
    "h": "half hy hj halbjahr semester semestre semestrul halfjaar halvår pololetí polrok połrocze félév polletje "
    "polugodište pusgads pusmetis puolivuosi yarıyıl εξάμηνο полугодие півріччя",
    "w": "w wk week fw cw woche vecka semaine semana settimana uke uge viikko vk tydzien tyden hafta неделя нед het",
    "wq": "kw",
}
_BEFORE = {
    "q": "c", "w": "v u tuan", "h": "b", "m": "m month thang thg mm mo p", "Y": "year nam", "hw": "s sem",
    "H": "he hour stunde heure hora ora uur godzina час saat hodina óra timme",
    "Yy": "cy fiscal qfy hfy qcy hcy", "YyE": "fy", "hH": "h", "wqh": "第", "dj": "day",
}  # fmt: skip
_AFTER = {
    "q": "季度 季 四半期 분기 qfy qcy", "w": "周 週 주 주차", "h": "半年 s sem hfy hcy", "m": "月 월",
    "d": "日 号 號 일 d", "H": "時 时 点 點 시 u", "M": "分 분 min", "S": "秒 초", "Y": "r rok roku р",
    "Yy": "年 년 年度", "qh": "期", "Hh": "h", "Mm": "m", "dq": "rd th", "dqh": "st nd er e o ο",
}  # fmt: skip
BEFORE, AFTER = (
    {fold(word): fields for table in tables for fields, words in table.items() for word in words.split()}
    for tables in ((_BESIDE, _BEFORE), (_BESIDE, _AFTER))
)
_FILLERS = (
    "ad ce t of de del the le den der du dal von vom from od fy cy fiscal year y nam ปี and at um uhr hrs date г года "
    "року й ый ой 제 g gada kl klo as a las alle ore"
)
FILLERS = set(map(fold, _FILLERS.split()))
AM_PM = {"am": 0, "pm": 1, "a": 0, "p": 1, "上午": 0, "下午": 1, "午前": 0, "午後": 1, "오전": 0, "오후": 1}
AM_PM |= {"πμ": 0, "μμ": 1, "ص": 0, "م": 1}
ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2,
    "eest": 3, "msk": 3, "ist": 5.5, "jst": 9, "kst": 9, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7, "aest": 10, "aedt": 11,
}  # fmt: skip
AM_PM = {fold(word): value for word, value in AM_PM.items()}
ORDINALS = ("st", "nd", "rd", "th", "er", "e", "o", "ο")
UNITS = "年년月월日号號일時时点點시分분秒초第周週주季"
WEEKDAYS = "日月火水木金土一二三四五六일월화수목금토"
TOKEN = re.compile(
    rf"(?P<number>0+)|(?P<word>[apπμ]\.\s?[mμ]\.|[^\W\d_]+-feira|[日月火水木金土]曜日?|(?<=\()[{WEEKDAYS}](?=\))|(?:星期|周|週|礼拜)[一二三四五六日天]|[{WEEKDAYS}]요일|四半期|季度|年度|분기|주차|上午|下午|午前|午後|오전|오후|[{UNITS}]"
    rf"|[^\W\d_{UNITS}][^\s\d!-\-/:-@\[-`{{-~‐-―(){UNITS}]*)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_OFFSET = re.compile(
    r"\s?(?P<named>UTC|GMT)?(?P<digits>[+-]00(?::?00)?)(?P<rest>\s*\([^)]*\))?(?P<region>\[[\w/+-]+\])?$"
    r"|(?<=0)(?P<zulu>Z)$|\s(?P<zone>[A-Z]{3,4})$|(?P<only>\[(?!\w*0000)[\w/+-]+\])$"
)
_TWICE = re.compile(r"(0\D+0\D*) [-–—] \1")  # two dates without a year
_COLONS = re.compile(r"0000:00:00(?!\d)")  # dates with colons, as cameras write them
_CLOCK_END = re.compile(r"(?:0[:h.]00?(?:[.,]0+)?|(?<=0)T0+)(?:\s?[ap]m)?\s?(?:UTC|GMT)?$", re.IGNORECASE)
ZEROS = str.maketrans("123456789", "000000000")
_SIGNS = str.maketrans("−٫،", "-.,", "٬")


RAISED = re.compile(r"(?<=\d)[⁰¹²³⁴-⁹①-⑳]+")  # the mark of a footnote
LONGEST = 90  # of texts that can be times
NO_NAMES = {*BEFORE, *AFTER, *FILLERS, *AM_PM, *ZONES} - {"mar", "일", "월"} - set(map(fold, WEEKDAYS))


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
class Fields:
    """A match of a shape with a reading: where in the text each field's digits are, and the fields that words say."""

    spans: Mapping[str, tuple[int, int]]
    words: Mapping[str, int]
    offset: tuple[int, int] | None = None
    zone: float = 0.0


def plain(text: str) -> str:
    """A text with ordinary digits, blanks, signs and dashes, and without raised digits, which mark footnotes."""
    text = text.strip()
    if text.isascii():
        return text
    text = re.sub(rf"{RAISED.pattern}|[\u200b-\u200f\u202a-\u202e\u2060\ufeff]", "", text)
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS)
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text).strip()


@cache
def split_parts(shape: str, language: str | None) -> tuple[Part, ...] | None:
    """A shape (a text with zeros for its digits) in its parts; None when a word in it says nothing of time."""
    if "~" in shape or len(shape) > LONGEST or _TWICE.fullmatch(look_of(shape)):
        return None  # an interval, or other text
    tail = _OFFSET.search(shape)
    if tail and (tail["digits"] or tail["zulu"]) and not _CLOCK_END.search(shape[: tail.start()]):
        tail = None
    if tail and tail["zone"] and (fold(tail["zone"]) not in ZONES):
        tail = None
    body = shape[: tail.start()] if tail else shape
    known = lexicon(language) if language else {}
    parts: list[Part] = []
    for token in TOKEN.finditer(body):
        start, stop = token.span()
        if token.lastgroup == "other":
            parts.append(Part("text", start, stop))
            continue
        if token.lastgroup == "number":
            parts.append(Part("number", start, stop, allowed=_allowed(body, start, stop)))
            continue
        word = fold(token[0]).replace(" ", "")
        before, after = BEFORE.get(word, ""), AFTER.get(word, "")
        if word in known and (token[0] not in UNITS or body[start - 1 : start] == "("):
            parts.append(Part(known[word].kind, start, stop, known[word].number))
        elif word in AM_PM and (len(word) > 1 or re.search(r"0:00\s?$", body[:start])):
            parts.append(Part("p", start, stop, AM_PM[word]))
        elif word in ORDINALS and body[:start].removesuffix(".").endswith("0"):
            parts.append(Part("ordinal", start, stop, after=AFTER[word], needed=True))
        elif before or after or word in FILLERS or token[0] in "àÀ":
            needed = bool((before or after) and word not in FILLERS) or (word == "t" and body[start - 1 : start] != "0")
            parts.append(Part("hint", start, stop, 0, "", after, before, needed))
        elif word in ZONES:
            parts.append(Part("zone", start, stop, round(ZONES[word] * 3600)))
        else:
            return None
    months = [place for place, part in enumerate(parts) if part.kind == MONTH]
    if len(months) == 2 and language:  # mar. 7 janv. 2020 begins with a mardi
        first = parts[months[0]]
        day = lexicon(f"{language}:a").get(fold(body[first.start : first.stop]))
        if day and day.kind == WEEKDAY:
            parts[months[0]] = Part(WEEKDAY, first.start, first.stop, day.number)
    return (*parts, *_zone_parts(tail)) if tail else tuple(parts)


def _zone_parts(match: re.Match[str]) -> Iterator[Part]:
    done = match.start()
    for name in ("digits", "zulu", "zone", "rest", "region", "only"):
        if match[name]:
            start, stop = match.span(name)
            if start > done:
                yield Part("text", done, start)
            kind = {"digits": "offset", "zulu": "zone", "zone": "zone"}.get(name, "text")
            yield Part(kind, start, stop, round(ZONES[fold(match[name])] * 3600) if kind == "zone" else 0)
            done = stop


def _allowed(body: str, start: int, stop: int) -> str:
    """The fields that a number can be by the signs beside it; empty for all."""
    if start < 10 and _COLONS.match(body):
        return ""
    if re.match(":00?:00:00", body[stop:]):  # 05JAN20:04:00:00
        return "Yyd"
    if body[start - 4 : start] in (":00.", ":00,") and stop - start == 1:
        return "f"
    if re.match(r":0000(?!\d)", body[stop:]):  # Q1:2010
        return "qhm"
    if body[start - 1 : start] == ":" and stop - start == 4:
        return "Y"
    if body[stop : stop + 1] == ":" and not body[stop + 1 : stop + 2].isalpha():
        return "YHM" if stop - start == 4 else "HM"
    if body[start - 1 : start] == ":" and start:
        return "HMSmq"
    if body[stop : stop + 1] == "/":
        return "YyxEehqmwudj"
    return "ye" if body[:start].endswith(("'", "’")) else ""


@cache
def match_reading(shape: str, language: str | None, reading: tuple[str, ...]) -> Fields | None:
    """Where the fields of a reading are in a text of a shape; None where they do not fit."""
    parts = split_parts(shape, language) or ()
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
            if width not in WIDTHS[names]:
                return None
            if names == "f" and parts[place - 1].kind != "text":
                return None
            spans[names] = (part.start, part.stop)
            continue
        if width != sum(DIGITS.get(name, 2) for name in names):
            return None
        start = part.start
        for name in names:
            spans[name] = (start, start + DIGITS.get(name, 2))
            start = spans[name][1]
    hinted = set()
    for place, part in enumerate(parts):
        if part.kind in ("hint", "ordinal"):
            left, right = fields.get(_beside(parts, place, -1), ""), fields.get(_beside(parts, place, 1), "")
            fits = {name for name in left[-1:] if name in part.after}
            fits |= {name for name in right[:1] if name in part.before}
            if part.needed and not fits:
                return None
            hinted |= fits
        elif part.kind == WEEKDAY:
            words[WEEKDAY] = part.value
    if not _sensible(shape, parts, reading, hinted):
        return None
    offset = next(((part.start, part.stop) for part in parts if part.kind == "offset"), None)
    zone = next((part.value for part in parts if part.kind == "zone"), 0)
    return Fields(spans, words, offset, zone)


def _beside(parts: Sequence[Part], place: int, step: int) -> int:
    """The number nearest to a word on one side; -1 where there is none."""
    place += step
    while 0 <= place < len(parts):
        part = parts[place]
        filler = part.kind == "hint" and not (part.after or part.before)
        if not filler and part.kind not in ("text", "ordinal"):
            return place if part.kind == "number" else -1
        place += step
    return -1


def _sensible(shape: str, parts: Sequence[Part], reading: tuple[str, ...], hinted: set[str]) -> bool:
    """Whether a reading that fits is one that people mean."""
    if "h" in reading and "h" not in hinted:
        return False
    if "q" in reading and "q" not in hinted and not (len(reading) == 2 and set(reading) <= set("Yyq")):
        return False
    if "w" in reading and "w" not in hinted and reading not in (("Y", "w"), ("w", "Y")):
        return False
    if len(reading) == 2 and re.fullmatch(r"0+\.0+", shape):  # 2021.03 may be a month, 2021.3 a quarter
        quarter = reading == ("Y", "q") and parts[-1].stop - parts[-1].start == 1
        return quarter or reading in (("Y", "m"), ("m", "Y"))
    if reading in (("H",), ("y",), ("m",), ("q",)):
        return reading[0] in hinted or any(part.allowed == "ye" for part in parts)
    if set("".join(reading)) <= set("HMSfp"):  # a clock looks like one
        clock = any(part.allowed.endswith("HM") or part.kind == "p" for part in parts)
        return clock or "H" in hinted or reading == ("H", "M", "S")
    return True


def shape_of(text: str) -> str:
    return text.translate(ZEROS)


def look_of(text: str) -> str:
    """A shape with one zero for each number."""
    return re.sub("0+", "0", shape_of(text))


def parts_of(text: str, language: str | None) -> tuple[Part, ...]:
    """A text in its parts."""
    return split_parts(shape_of(text), language) or ()
