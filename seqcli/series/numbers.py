"""Numbers as people write them: signs, separators, currencies, units and marks for what is missing."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.series.fields import plain


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


MOSTLY = 0.8  # share of a column's cells that must be numbers: the others are errors in a column of numbers
LONGEST = 200  # characters of a cell that may be a number
MISSING = frozenset({"", "k. a.", "#n/a n/a", "not available", "no data"}) | word_set(
    "#div/0! #n/a #na #name? #null! #num! #ref! #value! (c) (d) (s) (x) * ** *** **** +nan - -- --- "
    "-nan . .. ... / : <na> =na() ? \\n _ c k.a. m missing n.a n.a. n.c. n.d n.d. n.r. n/a n/d na nan "
    "nc nd nil none nr null pending s.o. t tr unknown void x z ~ – — … 不详 无 暂无 結測 該当なし"
)  # fmt: skip
EMPTY = word_set("na n/a #n/a nan null none <na> - -- nat") | {""}
INFINITE = ("inf", "infinity", "∞")
CLOSED = word_set(
    "closed holiday geschlossen feiertag ruhetag ferme fermé férié cerrado festivo chiuso gesloten "
    "stengt lukket stängt zamknięte 休 休業 休息 定休日 关门 off weekend"
)
_SCALES = {
    "k": 1e3, "tsd": 1e3, "tsd.": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "mio": 1e6, "mio.": 1e6,
    "mln": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "mrd": 1e9, "mrd.": 1e9, "billion": 1e9, "t": 1e12, "tn": 1e12,
    "lakh": 1e5, "crore": 1e7, "cr": 1e7, "万": 1e4, "萬": 1e4, "만": 1e4, "亿": 1e8, "億": 1e8, "억": 1e8, "千": 1e3,
}  # fmt: skip
_CURRENCIES = word_set(
    "usd eur gbp jpy cny chf aud cad inr brl rub sek nok dkk pln czk huf krw mxn zar try sgd hkd nzd "
    "thb idr myr php vnd r$ us$ us a$ c$ hk$ nz$ rs rs. re kr kr. zł zl kč kc ft lei лв руб руб. р. tl "
    "fr fr. sfr sfr. rmb 元 円 圆 원 r rp rm kn din € $ £ ¥"
)
_FLAGS = word_set("* ** † ‡ # p e r b f s u d c i n (p) (e) (r) (b) (s) (f) (c) [p] [e] [r] a ^ + p) r) e) pe")
_ABOUT = word_set("~ ≈ ca ca. c. circa approx approx. about ± etwa env. >= <= ≥ ≤ >")
_BLANKS = " '’‘`´_"
_NUMBER = re.compile(
    r"(?P<before>(?:[^\d(+\-.,]|\.(?!\d)|(?<=[^\W\d_])\.)*)(?P<open>\()?(?P<unit>[^\d+\-.,]*)(?P<sign>[+-]?)\s?(?P<unit2>[^\d.,+\-\s]{0,4})\s?"
    rf"(?P<core>(?:\d|[.,](?=\d))(?:[\d.,{_BLANKS}]*\d)?[.,]?)(?P<power>[eE][+-]?\d{{1,3}})?(?P<after>(?:[^\d]|(?<=[A-Za-z])\d)*)"
)


@dataclass(frozen=True)
class NumberStyle:
    """The decimal sign and what stands between thousands, which may be nothing."""

    decimal: str = "."
    thousands: str = ""


@dataclass(frozen=True)
class Numbers:
    """A column's different texts as numbers: `values` has NaN where one is missing or `bad`.

    `problem` is the place of a text, what makes the column useless there, and what to do about it; `tie` where that is
    a sign that can be read two ways, `told` where the texts show beyond doubt what the signs mean.
    """

    values: np.ndarray
    bad: tuple[int, ...]
    style: NumberStyle
    problem: tuple[int, str, str] | None = None
    notes: tuple[str, ...] = ()
    tie: bool = False
    told: bool = False


@dataclass(frozen=True)
class _Cell:
    """A text's parts: sign and scale, the digits with their separators, and what stood around them."""

    factor: float
    core: str
    power: str
    around: tuple[str, ...]  # words; those before the digits end in a blank


_FLAGGED = re.compile(r"([+-]\d{4,5}),\w")  # a value of fixed width and how good it is, as weather stations write it


def is_missing(text: str) -> bool:
    """Whether a cell of any kind says that there is nothing in it; `MISSING` has what says so among numbers."""
    return text.strip().lower() in EMPTY


def read_numbers(
    texts: Sequence[str], *, decimal: str | None = None, thousands: str | None = None, delimiter: str = ","
) -> Numbers | None:
    """Different `texts` as numbers; None when they are not mostly numbers.

    `delimiter` stands between the file's cells: where it is a semicolon, a comma or a point may be the decimal sign.
    """
    flagged = [match[1] for match in map(_FLAGGED.fullmatch, texts) if match]
    if len(flagged) == len(texts) and any(text[:2] in ("+0", "-0") for text in texts):
        values = np.array([np.nan if set(text[1:]) == {"9"} else float(text) for text in flagged])
        note = f"{texts[0]} is read as {flagged[0]} and a flag after the comma; --decimal , says otherwise"
        if decimal is None:
            return Numbers(values, (), NumberStyle(), notes=(note,))
    quick = _plain_numbers(texts) if decimal in (None, ".") and not thousands else None
    if quick is not None and not (decimal is None and all(map(_is_ambiguous, texts))):
        return Numbers(quick, (), NumberStyle(), told=any("." in text and not _is_ambiguous(text) for text in texts))
    if decimal in (None, ",") and not thousands and (quick := _plain_commas(texts)) is not None:
        return Numbers(quick, (), NumberStyle(",", "."), told=True)
    cells = [_cell(text) for text in texts]
    numeric = [cell for cell in cells if isinstance(cell, _Cell)]
    infinite = sum(isinstance(cell, str) and cell.strip().lower().lstrip("+-") in INFINITE for cell in cells)
    there = sum(cell is not None for cell in cells) - infinite  # these are bad numbers, not words
    if not numeric or len(numeric) < MOSTLY * there:
        return None
    units = _units(numeric)
    style, tie = _style([cell.core for cell in numeric], decimal, thousands, delimiter)
    values, bad = np.full(len(texts), np.nan), []
    for place, cell in enumerate(cells):
        if isinstance(cell, _Cell):
            values[place] = _value(cell, style, units)
        if cell is not None and not np.isfinite(values[place]):
            bad.append(place)
            values[place] = np.nan
    if len(bad) - infinite > (1 - MOSTLY) * there and not tie:
        return None
    problem = _mixed_units(texts, cells)
    if tie:
        place = next(place for place, text in enumerate(texts) if re.search(r"\d[.,]\d", text))
        what = f"{texts[place].strip()!r} can be read two ways, and nothing in the column tells which"
        problem = place, what, "--decimal . or --decimal , says which sign is that of decimals"
    told = not tie and any(set(cell.core) & set(".,") and not _is_ambiguous(cell.core) for cell in numeric)
    return Numbers(values, tuple(bad), style, problem, _notes(numeric, units, style), tie, told)


def quick_numbers(column: np.ndarray) -> np.ndarray | None:
    """A column of plain numbers at once; None where anything else is in it, or a point may separate thousands."""
    if all(map(_is_ambiguous, column[:100].tolist())):
        return None
    return _plain_numbers(column.tolist())


def _plain_numbers(texts: Sequence[str]) -> np.ndarray | None:
    """Texts that are all plain finite numbers, at once."""
    try:
        numbers = np.array(texts, dtype=np.float64)
    except ValueError:
        return None
    fine = bool(np.isfinite(numbers).all()) and len(texts) > 0
    return numbers if fine and not any("_" in text for text in texts[:1000]) else None


def _plain_commas(texts: Sequence[str]) -> np.ndarray | None:
    """The same for texts with a comma that can only be the decimal sign."""
    if any("." in text for text in texts) or all("," not in text or _is_ambiguous(text) for text in texts):
        return None
    return _plain_numbers([text.replace(",", ".") for text in texts])


def _is_ambiguous(text: str) -> bool:
    """Whether a sign in a number is that of thousands or of decimals, by this number alone: 1.234."""
    return re.fullmatch(r"\s*[+-]?(?:[1-9]\d{0,2}[.,]\d{3}|\d{1,3})\s*", text) is not None


def _cell(text: str) -> _Cell | str | None:
    """The parts of a cell; its text when it is no number, None when it says that there is none."""
    raw = text
    if len(text) > LONGEST:
        return raw
    text = plain(text)
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    text = text.strip("\"'“”").strip() if len(text) > 1 else text
    text = re.sub(r"(?<=[\d%])(?:\s?\[\w{1,3}\]|\s\d\))$", "", text)  # a footnote
    text = re.sub(r"^[–—‒﹣](?=\s?[\d.,$€£])", "-", text)
    low = text.lower()
    if low in MISSING:
        return None
    if low in ("true", "false"):
        return _Cell(1.0, str(int(low == "true")), "", ())
    below = re.fullmatch(r"<\s*([\d.,]+)", text)
    if below:
        return _Cell(0.5, below[1], "", ("<",))
    match = _NUMBER.fullmatch(text)
    if not match:
        return raw
    around = [match["before"], match["unit"], match["unit2"], match["after"]]
    factor = -1.0 if match["sign"] == "-" else 1.0
    if match["open"] and ")" in match["after"]:
        factor, around[3] = -1.0, match["after"].replace(")", "", 1)
    elif match["open"]:
        return raw
    after = around[3].strip()
    if after.endswith("-"):
        factor, after = -factor, after[:-1]
    if match["before"].strip().endswith("-"):
        return raw
    pieces = [*(f"{piece} " for piece in _pieces(" ".join(around[:3]))), *_pieces(after)]
    return _Cell(factor, match["core"], match["power"] or "", tuple(pieces))


def _pieces(text: str) -> list[str]:
    """The words around a number, without quotes and colons."""
    text = re.sub(r"([$€£¥₹₽₩₺₫฿%‰°元円圆원])", r" \1 ", text)
    return [piece for piece in (word.strip("\"'") for word in text.split()) if piece]


def _units(cells: Sequence[_Cell]) -> dict[str, float]:
    """What each word around the numbers makes of them: a factor, NaN where it makes no number of them."""
    counts = Counter(piece for cell in cells for piece in cell.around)
    made = {}
    for piece, count in counts.items():
        low = piece.strip().lower()
        always = count >= 0.9 * len(cells) and not piece.endswith(" ")  # units come after a number
        currency = low in _CURRENCIES or any(unicodedata.category(char) == "Sc" for char in piece)
        if low in _SCALES and not piece.endswith(" ") and not (always and piece in ("m", "b", "t")):
            made[piece] = _SCALES[low]
        elif currency or piece == "<" or low in _FLAGS or low in _ABOUT or piece.strip() in "%‰°+":
            made[piece] = 1.0
        else:
            made[piece] = 1.0 if always and len(piece) <= 12 else float("nan")
    return made


def _mixed_units(texts: Sequence[str], cells: Sequence[_Cell | str | None]) -> tuple[int, str, str] | None:
    """What is wrong where only some of the numbers are percentages, or their currencies differ."""
    places: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        if isinstance(cell, _Cell) and cell.core.strip("0.,"):
            pieces = {piece.strip().lower() for piece in cell.around}
            places.setdefault(
                min(pieces & {"%", "‰"}) if pieces & {"%", "‰"} else min(pieces & _CURRENCIES, default=""), []
            ).append(place)
    shares = {"%", "‰"} & set(places)
    if not shares or len(places) == 1:
        places.pop("", None)
    if len(places) < 2:
        return None
    usual, other = sorted(places, key=lambda unit: -len(places[unit]))[:2]
    place = places[other][0]
    what = f"{texts[place].strip()!r} has another unit than {texts[places[usual][0]].strip()!r}"
    return place, what, "write all numbers of the column in one unit"


def _style(
    cores: Sequence[str], decimal: str | None, thousands: str | None, delimiter: str
) -> tuple[NumberStyle, bool]:
    """What the separators in a column mean, and whether nothing tells."""
    decimals: set[str] = set()
    groups: set[str] = set()
    open_signs: set[str] = set()
    bare_large = bare_small = False
    for core in set(cores):
        text = re.sub(f"[{_BLANKS}]", "", core)
        blank = text != core
        signs = [char for char in text if char in ".,"]
        if not signs:
            digits = text.lstrip("0")
            bare_large |= len(digits) > 3 and not blank
            bare_small |= 0 < len(digits) <= 3
        elif len(set(signs)) == 2:
            decimals.add(signs[-1])
            groups.add(signs[0])
        elif len(signs) > 1:
            groups.add(signs[0])
        else:
            head, _, tail = text.partition(signs[0])
            if len(tail) != 3 or head in ("", "0") or len(head) > 3 or head.startswith("0") or blank:
                decimals.add(signs[0])
            else:
                open_signs.add(signs[0])
    if decimal or thousands:
        other = {".": ",", ",": "."}
        sign = decimal or other.get(thousands or "", ".")
        return NumberStyle(sign, thousands or other[sign]), False
    if len(decimals) == 1 and not decimals & groups:
        sign = next(iter(decimals))
        return NumberStyle(sign, "," if sign == "." else "."), False
    if decimals:  # both, or one that separates thousands elsewhere
        return NumberStyle(".", ","), len(decimals) > 1 or bool(decimals & groups)
    if groups:
        sign = next(iter(groups))
        return NumberStyle("," if sign == "." else ".", sign), len(groups) > 1
    if not open_signs:
        return NumberStyle(".", ","), False
    if len(open_signs) > 1:
        return NumberStyle(), True
    sign = next(iter(open_signs))
    other_sign = "," if sign == "." else "."
    if bare_large:
        return NumberStyle(sign, other_sign), False
    if bare_small:
        return NumberStyle(other_sign, sign), False
    if delimiter == ";":
        return NumberStyle(), True
    return NumberStyle(".", ","), False


def _value(cell: _Cell, style: NumberStyle, units: dict[str, float]) -> float:
    """The number in a cell; NaN when its separators do not fit the style."""
    text = cell.core
    if not _BLANK_GROUPS.fullmatch(text):
        return float("nan")
    text = re.sub(f"[{_BLANKS}]", "", text)
    whole, _, tail = text.partition(style.decimal)
    other = "," if style.decimal == "." else "."
    if other in tail or style.decimal in tail:
        return float("nan")
    if other in whole:
        if not re.fullmatch(rf"\d{{1,3}}(?:\{other}\d{{2,4}})*\{other}\d{{3}}", whole) and not re.fullmatch(
            rf"\d{{1,4}}(?:\{other}\d{{4}})+", whole
        ):
            return float("nan")
        whole = whole.replace(other, "")
    number = float(f"{whole or '0'}.{tail or '0'}{cell.power}") * cell.factor
    for piece in cell.around:
        number *= units[piece]
    return number


_BLANK_GROUPS = re.compile(rf"[\d.,]*|\d{{1,3}}(?:[{_BLANKS}]\d{{2,4}})*[{_BLANKS}]\d{{3}}(?:[.,]\d*)?")


def _notes(cells: Sequence[_Cell], units: dict[str, float], style: NumberStyle) -> tuple[str, ...]:
    notes = []
    below = sum("<" in cell.around for cell in cells)
    if below:
        notes.append(
            f"{below} values such as <{next(c.core for c in cells if '<' in c.around)} are taken as half of it"
        )
    grouped = next((cell.core for cell in cells if style.thousands and style.thousands in cell.core), None)
    if grouped is not None and style.thousands == ".":
        notes.append(f"{grouped} is read with a point for thousands; --decimal . says otherwise")
    scales = sorted(piece for piece, factor in units.items() if factor > 1)
    if scales:
        notes.append(
            f"{' and '.join(scales)} after a number is read as {', '.join(f'{units[s]:,.0f}' for s in scales)}"
        )
    return tuple(notes)


_CODES = r"-(?:[1-9]0{2,3}|(\d)\1{2,}|[6-9]9{2,}|32768|2147483648)"


def missing_code(values: np.ndarray) -> float | None:
    """A number that stands for a missing value, such as -9999: far from all others, of nines, or low and repeated."""
    known = values[np.isfinite(values)]
    if len(known) < 4:
        return None
    for extreme in (known.min(), known.max()):
        others = known[known != extreme]
        count = len(known) - len(others)
        if abs(extreme) >= 1e15 and np.abs(others).max() < 1e12:
            return float(extreme)
        if len(others) < 0.3 * len(known) or len(np.unique(others)) < 5:
            continue
        spread = float(others.max() - others.min())
        away = min(abs(extreme - others.min()), abs(extreme - others.max()))
        alone = extreme < 0 <= others.min()  # below zero, where nothing else is
        nines = re.fullmatch(r"-?9{2,}(?:\.9+)?(?:\.0)?|-?9{1,}[0-9]?9{2,}\.0", f"{extreme}") is not None
        code = nines and (-99_999.9 <= extreme <= -99 or 999 <= extreme <= 999_999)
        if code and (alone or (away > 2 * spread and (count > 1 or extreme < 0))):
            return float(extreme)
        usual = re.fullmatch(_CODES, f"{extreme:.0f}") is not None
        if count > 1 and alone and (usual or (extreme == -1 and others.min() >= 10)):
            return float(extreme)
    return None
