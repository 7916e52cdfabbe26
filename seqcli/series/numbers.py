"""Numbers as people write them: signs, separators, currencies, units and marks for what is missing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.notices import change_with
from seqcli.series import units
from seqcli.series.fields import RAISED, plain
from seqcli.series.marks import INFINITE, is_mark

MOSTLY = 0.8  # share of a column's cells that must be numbers: the others are errors in a column of numbers
LONGEST = 200  # characters of a cell that may be a number
_BLANKS = " '’‘`´_"
_BLANK_GROUPS = re.compile(rf"[\d.,]*|\d{{1,3}}(?:[{_BLANKS}]\d{{2,4}})*[{_BLANKS}]\d{{3}}(?:[.,]\d*)?")
_OTHER = {".": ",", ",": "."}  # the sign of thousands beside that of decimals
_NUMBER = re.compile(
    r"(?P<before>(?:[^\d(+\-.,]|\.(?!\d)|(?<=[^\W\d_/])\.|(?<=/)\.)*)(?P<open>\()?(?P<unit>[^\d+\-.,]*)(?P<sign>[+-]?)\s?(?P<unit2>[^\d.,+\-\s]{0,4})\s?"
    rf"(?P<core>(?:\d|[.,](?=\d))(?:[\d.,{_BLANKS}]*\d)?[.,]?)(?P<power>\s?[eEdD][+-]?\d{{1,3}})?(?P<after>(?:[^\d]|(?<=[A-Za-z])\d)*)"
)


@dataclass(frozen=True)
class Numbers:
    """A column's different texts as numbers: `values` has NaN where one is missing or `bad`, `decimal` is the sign.
    `problem` is the place of a text, what makes the column useless there, and what to do about it; `tie` where that is
    a sign that can be read two ways, `told` where the texts show beyond doubt what the signs mean."""

    values: np.ndarray
    bad: tuple[int, ...] = ()
    decimal: str = "."
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


_POWER = re.compile(r"\s?(?:(?:[x×*·∙⋅]|\\times|\\cdot)\s?10(?:\^|\*\*)?\s?|⏨)\{?([+-]?\d{1,3})\}?$")  # 1.2×10^3
_TEN = re.compile(r"(?<=[x×*·∙⋅ ])10([⁺⁻]?[⁰¹²³⁴-⁹]+)$")
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_NO_CENTS = re.compile(r"(?<=\d)(?:([.,])\s?[-–—‒―]{1,2}|/-)(?![\d.,])")  # 12,- and 12.– and 12/-
_FOOTNOTE = re.compile(
    rf"(?<=[\d%])(?:\s?\[(?:note )?\w{{1,3}}\]|\s?\(\d\)|\s\d\))$|(?<!10){RAISED.pattern}$"
    r"|(?<=[\d%])\s?(?:(?:±|\+/-)\s?[\d.,]+|[(\[]-?\d[\d.,]*(?:\s?[-–;]\s?|,\s|\sto\s)-?\d[\d.,]*[)\]])$"  # doubt
)
_FLAGGED = re.compile(r"([+-]\d{4,5}),\w")  # a value of fixed width and how good it is, as weather stations write it


def read_numbers(
    texts: Sequence[str], *, decimal: str | None = None, thousands: str | None = None, delimiter: str = ","
) -> Numbers | None:
    """Different `texts` as numbers; None when they are not mostly numbers. `delimiter` stands between the file's cells:
    where it is a semicolon, a comma or a point may be the decimal sign."""
    flagged = [match[1] for match in map(_FLAGGED.fullmatch, texts) if match]
    if decimal is None and len(flagged) == len(texts) and any(text[:2] in ("+0", "-0") for text in texts):
        values = np.array([np.nan if set(text[1:]) == {"9"} else float(text) for text in flagged])
        note = f"{texts[0]} is read as {flagged[0]} and a flag after the comma; {change_with('--decimal ,')}"
        return Numbers(values, notes=(note,))
    if (quick := quick_numbers(texts, decimal, thousands)) is not None:
        return Numbers(quick, told=any("." in text and not is_ambiguous(text) for text in texts))
    if decimal in (None, ",") and not thousands and (quick := _plain_commas(texts)) is not None:
        fours = all(re.fullmatch(r"[1-9]\d{0,3},\d{4}", text.strip()) for text in texts)  # or ten thousands
        note = f"{texts[0].strip()} is read with a decimal comma; {change_with('--decimal .')}"
        return Numbers(quick, decimal=",", notes=(note,) if fours else (), told=True)
    cells = [_cell(text) for text in texts]
    numeric = [cell for cell in cells if isinstance(cell, _Cell)]
    infinite = sum(isinstance(cell, str) and INFINITE.fullmatch(cell.strip().lower()) is not None for cell in cells)
    there = sum(cell is not None for cell in cells) - infinite  # these are bad numbers, not words
    if not numeric or len(numeric) < MOSTLY * there:
        return None
    cores = [f"{cell.core}0000" if cell.power else cell.core for cell in numeric]  # a sign there is that of decimals
    money = any(units.kind_of(cell.around).strip("%‰") for cell in numeric)
    sign, tie = _decimal_sign(cores, decimal, thousands, delimiter, money)
    sizes = np.nan_to_num(np.abs([_value(cell, sign) for cell in numeric])).tolist()
    factors = units.factors([cell.around for cell in numeric], sizes)
    values, bad = np.full(len(texts), np.nan), []
    for place, cell in enumerate(cells):
        if isinstance(cell, _Cell):
            values[place] = _value(cell, sign) * math.prod(factors[piece] for piece in cell.around)
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
    told = not tie and any(set(cell.core) & set(".,") and not is_ambiguous(cell.core) for cell in numeric)
    notes = _notes(numeric, factors, sign)
    if footnotes := [match[0].strip() for match in map(_FOOTNOTE.search, texts) if match]:
        notes = (*notes, f"what stands after numbers, such as {footnotes[0]}, is left aside")
    return Numbers(values, tuple(bad), sign, problem, notes, tie, told)


def quick_numbers(texts: Sequence[str], decimal: str | None, thousands: str | None) -> np.ndarray | None:
    """Texts that are all plain finite numbers, at once; None where anything else is among them, or points that may
    separate thousands."""
    if decimal not in (None, ".") or thousands or (decimal is None and _may_group(texts)):
        return None
    return _plain_numbers(texts)


def _plain_numbers(texts: Sequence[str]) -> np.ndarray | None:
    try:
        numbers = np.array(texts, dtype=np.float64)
    except ValueError:
        return None
    fine = bool(np.isfinite(numbers).all()) and len(texts) > 0
    return numbers if fine and "_" not in "".join(texts) else None


def _plain_commas(texts: Sequence[str]) -> np.ndarray | None:
    """The same for texts with a comma that can only be the decimal sign."""
    if any("." in text for text in texts) or all("," not in text or is_ambiguous(text) for text in texts):
        return None
    return _plain_numbers([text.replace(",", ".") for text in texts])


def is_ambiguous(text: str) -> bool:
    """Whether a sign in a number is that of thousands or of decimals, by this number alone: 1.234."""
    return re.fullmatch(r"\s*[+-]?(?:[1-9]\d{0,2}[.,]\d{3}|\d{1,3})\s*", text) is not None


def _may_group(texts: Sequence[str]) -> bool:
    """Whether a point in numbers may separate thousands: three digits stand after each."""
    signed = [text for text in texts if "." in text]
    return bool(signed) and all(map(is_ambiguous, signed))


def _cell(text: str) -> _Cell | str | None:
    """The parts of a cell; its text when it is no number, None when it says that there is none."""
    raw = text
    if len(text) > LONGEST:
        return raw
    text = _TEN.sub(lambda match: "10" + match[1].translate(_RAISED), text)
    text = plain(text)
    text = text.removeprefix("=").strip("\"'“”").strip() if len(text) > 1 else text
    text = _FOOTNOTE.sub("", text)
    text = _POWER.sub(r"e\1", text)
    text = _NO_CENTS.sub(r"\1", text)
    text = re.sub(r"^[–—‒﹣](?=\s?[\d.,$€£])", "-", text)
    low = text.lower()
    if is_mark(low):
        return None
    if low in ("true", "false"):
        return _Cell(1.0, str(int(low == "true")), "", ())
    if below := re.fullmatch(r"<\s*([\d.,]+)", text):
        return _Cell(0.5, below[1], "", ("<",))
    minus = re.match(r"-\s?(?=[^\W\d_])", text)  # -Fr. 5
    text = text[minus.end() :] if minus else text
    if not (match := _NUMBER.fullmatch(text)):
        return _Cell(1.0, "0", "", ()) if units.is_zero(text) else raw
    around = [match["before"], match["unit"], match["unit2"], match["after"]]
    factor = -1.0 if minus or match["sign"] == "-" else 1.0
    if match["open"] and ")" in match["after"]:
        factor, around[3] = -1.0, match["after"].replace(")", "", 1)
    elif match["open"]:
        return raw
    after = around[3].strip()
    if after.endswith("-"):
        factor, after = -factor, after[:-1]
    if match["before"].strip().endswith("-"):
        return raw
    pieces = [*(f"{piece} " for piece in units.split_words(" ".join(around[:3]))), *units.split_words(after)]
    return _Cell(factor, match["core"], re.sub("[dD ]", "e", match["power"] or "").replace("ee", "e"), tuple(pieces))


def _mixed_units(texts: Sequence[str], cells: Sequence[_Cell | str | None]) -> tuple[int, str, str] | None:
    """What is wrong where only some of the numbers are percentages, or their currencies differ."""
    places: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        if isinstance(cell, _Cell) and cell.core.strip("0.,"):
            places.setdefault(units.kind_of(cell.around), []).append(place)
    shares = {"%", "‰"} & set(places)
    if not shares or len(places) == 1:
        places.pop("", None)
    if len(places) < 2:
        return None
    usual, other = sorted(places, key=lambda unit: -len(places[unit]))[:2]
    place = places[other][0]
    what = f"{texts[place].strip()!r} has another unit than {texts[places[usual][0]].strip()!r}"
    return place, what, "write all numbers of the column in one unit"


def _decimal_sign(
    cores: Sequence[str], decimal: str | None, thousands: str | None, delimiter: str, money: bool
) -> tuple[str, bool]:
    """The sign of decimals in a column of numbers, and whether nothing tells which it is."""
    if decimal or thousands:
        return decimal or _OTHER.get(thousands or "", "."), False
    decimals: set[str] = set()
    groups: set[str] = set()
    open_signs: set[str] = set()
    bare_large = bare_small = False
    four = True  # digits that numbers without separators have at most, and the others more, as in Spain and Poland
    for core in set(cores):
        text = re.sub(f"[{_BLANKS}]", "", core)
        blank = text != core
        signs = [char for char in text if char in ".,"]
        if not signs:
            digits = text.lstrip("0")
            bare_large |= len(digits) > 3 and not blank
            four &= len(digits) <= 4
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
                four &= len(head) > 1
    if len(decimals) == 1 and not decimals & groups:
        return decimals.pop(), False
    if decimals:  # both, or one that separates thousands elsewhere
        return ".", True
    if groups:
        return _OTHER[min(groups)], len(groups) > 1
    if len(open_signs) != 1:
        return ".", bool(open_signs)
    sign = open_signs.pop()
    if bare_large and not four:
        bare = sum(sign not in core for core in cores)  # of three decimals, one in a thousand is left out
        return sign, bare > max(3, 0.1 * len(cores))
    if bare_large or bare_small or (money and any(core.find(sign) > 1 for core in cores)):  # it has no three decimals
        return _OTHER[sign], False
    return ".", delimiter == ";"


def _value(cell: _Cell, decimal: str) -> float:
    """The number in a cell by its sign and digits; NaN when its separators are not those of numbers with this sign."""
    text = cell.core
    if not _BLANK_GROUPS.fullmatch(text):
        return float("nan")
    text = re.sub(f"[{_BLANKS}]", "", text)
    whole, _, tail = text.partition(decimal)
    other = "," if decimal == "." else "."
    if other in tail or decimal in tail:
        return float("nan")
    if other in whole:
        groups = rf"\d{{1,3}}(?:\{other}\d{{2,4}})*\{other}\d{{3}}|\d{{1,4}}(?:\{other}\d{{4}})+"
        if not re.fullmatch(groups, whole):
            return float("nan")
        whole = whole.replace(other, "")
    return float(f"{whole or '0'}.{tail or '0'}{cell.power}") * cell.factor


def _notes(cells: Sequence[_Cell], factors: dict[str, float], decimal: str) -> tuple[str, ...]:
    notes = []
    if below := [cell.core for cell in cells if "<" in cell.around]:
        notes.append(f"values such as <{below[0]} are taken as half of it")
    pointed = next((cell.core for cell in cells if "." in cell.core), "")
    signed = next((cell.core for cell in cells if set(cell.core) & set(".,")), "")
    if decimal == "," and pointed:
        notes.append(f"{pointed} is read with a point for thousands; {change_with('--decimal .')}")
    elif decimal == "." and signed and all(not cell.power and is_ambiguous(cell.core) for cell in cells):
        if "," in signed:
            notes.append(f"{signed} is read with a comma for thousands; {change_with('--decimal ,')}")
        else:
            notes.append(f"{signed} is read with a decimal point; {change_with('--thousands .')}")
    return (*notes, *units.notes(factors))
