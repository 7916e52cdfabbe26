"""Words and signs beside numbers: scales such as Mio., currencies, units, flags."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from seqcli.series.marks import word_set

_SCALES = {
    word: factor
    for factor, words in (
        (1e3, "k tsd tsd. tausend thousand thousands milliers mille mila tys. tys тыс тыс. тис. tis. tkr bin rb ribu"),
        (1e3, "nghìn 千 천 χιλ. duizend tusen tuhat ezer พัน ألف हज़ार हजार"),
        (1e4, "万 萬 만 หมื่น"),
        (1e5, "lakh lakhs lac lacs लाख แสน"),
        (1e9, "mia mia."),
        (1e6, "M mn MM mio mio. mln mln. million millions millionen millón millones milhão milhões milhao milhoes"),
        (1e6, "milione milioni miljoen milj milj. miljoner mill. mkr млн млн. milyon triệu juta jt 百万 百萬 백만 εκ."),
        (1e6, "ล้าน مليون milionów milionu miljoonaa millió"),
        (1e7, "crore crores करोड़ 千万 千萬 천만"),
        (1e8, "亿 億 억"),
        (1e9, "bn mrd mrd. billion billions milliarde milliarden milliard milliards md mds md. mds. mld mld. mdkr"),
        (1e9, "miliardo miliardi miljard miljarder bilhão bilhões bilhao bilhoes млрд млрд. milyar tỷ tỉ miliar 十亿"),
        (1e9, "miliardów miliardy milliárd δισ. مليار"),
        (1e12, "tn bio. trillion trillions trilhões трлн трлн. trilyun triliun 兆 조 万亿"),
    )
    for word in words.split()
}  # fmt: skip
_VAGUE = {"b": 1e9, "t": 1e12, "m": 1e6, "B": 1e9, "T": 1e12, "cr": 1e7, "cr.": 1e7, "l": 1e5, "mi": 1e6}
_VAGUE |= {"bi": 1e9, "mil": 1e3, "mil.": 1e6, "tri": 1e12}  # also a flag, a unit, or another scale in another language
_ALONE = ("B", "T", "Cr", "Cr.")  # of these, the ones that are a scale where all numbers have them
_CURRENCIES = word_set(
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bnd bob brl bsd btn bwp byn bzd cad chf clp cny cop "
    "crc cup cve czk djf dkk dop dzd egp etb eur fjd gbp gel ghs gmd gnf gtq gyd hkd hnl hrk htg huf idr ils inr iqd "
    "irr isk jmd jod jpy kes kgs khr krw kwd kzt lak lbp lkr lyd mad mdl mga mkd mmk mop mur mvr mwk mxn myr mzn nad "
    "ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar scr sdg sek sgd syp thb tjs tnd try "
    "ttd twd tzs uah ugx usd uyu uzs ves vnd xaf xof yer zar zmw "
    "us u$s $u \\ b/. ksh tsh ush nrs bs bs. s/ s/. q l. "
    "kr kr. rs rs. re zł zl kč kc ft lei лв лв. руб руб. р. грн грн. tl fr fr. "
    "kd bd qr sr dhs dh sfr sfr. rmb 元 円 圆 원 đ rp rp. rm kn din din. ден € $ £ ¥ euro euros dollar dollars د.إ ر.س"
)
_FLAG = re.compile(  # after a number, one or several letters of statistics offices, bare or in brackets
    r"[([]?(?:[bcdefinprsuz]{1,2}|a|est\.?|prov\.?|rev\.?|estimated?|provisional|preliminary|revised)[)\]]?"
    r"|[*†‡#^'+!?]{1,3}|[per]/"
)
_ABOUT = word_set("? ~ ≈ ca ca. c. circa approx approx. about ± etwa env. >= <= ≥ ≤ > < °")
_THOUSANDS = r"(?:[kKM]|T|Mio\.?|Mrd\.?)(?:EUR|USD|GBP|CHF|€|\$|£)"  # units of money that are scales as well
_SHARES = {"%", "‰"}
_LONGEST = 12  # characters of a unit


def split_words(text: str) -> list[str]:
    """The words and signs around a number, without quotes; a currency's letters stay with its sign: US$."""
    text = re.sub(r"([€£¥₹₽₩₺₫฿%‰°元円圆원▲△▼▽]|u\$s|\$u(?= )|[^\W\d_]{0,3}\$)", r" \1 ", text, flags=re.IGNORECASE)
    return [piece for piece in (word.strip("\"'") for word in text.split()) if piece]


def factors(around: Sequence[Sequence[str]], sizes: Sequence[float]) -> dict[str, float]:
    """What each word around the numbers makes of them: a factor, NaN where it makes no number of them. `around` has the
    words of each number (those before it end in a blank), `sizes` how large it is by its digits."""
    counts = Counter(piece for pieces in around for piece in set(pieces))
    there = sum(size > 0 for size in sizes)
    money = any(map(_is_currency, counts))
    scales = {scale for piece in counts if (scale := _scale(piece)) is not None}
    made = {}
    for piece, count in counts.items():
        word, low = piece.strip(), piece.strip().lower()
        after = not piece.endswith(" ")
        always = after and count >= 0.9 * there
        vague = word not in _SCALES and low not in _SCALES
        scale = _scale(piece)
        sure = not vague or len(scales) > 1 or (money and low[:2] != "cr") or (always and word in _ALONE)
        if scale is not None and sure and (len(word) > 2 or not low.isascii() or _goes_on(piece, around, sizes)):
            made[piece] = scale
        elif word in "▲△":  # minus in Japan; up where others go down
            up = any(other.strip() in "▼▽" for other in counts)
            made[piece] = 1.0 if up else -1.0 if count < len(around) else float("nan")
        elif word in "▼▽":
            made[piece] = -1.0
        elif _is_currency(piece) or low in _ABOUT or low in _SHARES or (after and _is_flag(low)):
            made[piece] = 1.0
        else:
            made[piece] = 1.0 if always and len(piece) <= _LONGEST and low not in ("cr", "dr") else float("nan")
    return made


def _goes_on(piece: str, around: Sequence[Sequence[str]], sizes: Sequence[float]) -> bool:
    """Whether a letter such as K, M or B goes on where the numbers without it end: 950, 1.2K, but not 2.5, 2.6M."""
    factor = _scale(piece) or 1.0
    largest = marked = 0.0
    for pieces, size in zip(around, sizes, strict=True):
        scale = max((_scale(word) or 1.0 for word in pieces), default=1.0)
        if piece in pieces:
            marked = max(marked, size)
        elif scale < factor:
            largest = max(largest, scale * size)
    return largest == 0 or (marked < 10_000 and factor / 1000 <= largest < factor)


def _is_flag(low: str) -> bool:
    return _FLAG.fullmatch(low) is not None and low != "dr" and (low not in _VAGUE or len(low) == 1)


def _scale(piece: str) -> float | None:
    """The factor that a word after a number may stand for."""
    if piece.endswith(" "):
        return None
    low = piece.lower()
    clear = _SCALES.get(piece, _SCALES.get(low))
    return clear if clear is not None else _VAGUE.get(piece, _VAGUE.get(low))


def _is_currency(piece: str) -> bool:
    low = piece.strip().lower()
    signs = any(unicodedata.category(char) == "Sc" for char in low)
    return low in _CURRENCIES or piece == "R " or (signs and len(low) <= 4)


def is_zero(text: str) -> bool:
    """Whether a cell without digits is a zero in the accounting format of spreadsheets: a currency and a dash."""
    words = split_words(text.rstrip("-–—").lower())
    return text.endswith(("-", "–", "—")) and bool(words) and all(map(_is_currency, words))


def kind_of(pieces: Sequence[str]) -> str:
    """The share sign or currency among the words around a number; an empty text where there is none."""
    low = {piece.strip().lower() for piece in pieces}
    return min(low & _SHARES) if low & _SHARES else min(filter(_is_currency, low), default="")


def notes(made: dict[str, float]) -> list[str]:
    """What was made of the words around a column's numbers where it was a choice."""
    scales = sorted(piece for piece, factor in made.items() if factor > 1)
    lines = []
    if scales:
        shown = ", ".join(f"{made[scale]:,.0f}" for scale in scales)
        lines.append(f"{' and '.join(scales)} after a number is read as {shown}")
    lines += [
        f"{piece} after a number is read as a unit or flag, not as {scale:,.0f}"
        for piece, factor in made.items()
        if factor == 1 and (scale := _scale(piece)) is not None
    ]
    lines += [
        f"numbers in {piece.strip()} are left as they are" for piece in made if re.fullmatch(_THOUSANDS, piece.strip())
    ]
    if any(factor == -1 for factor in made.values()):
        signs = " and ".join(sorted(piece.strip() for piece, factor in made.items() if factor == -1))
        lines.append(f"{signs} before a number is read as minus")
    return lines
