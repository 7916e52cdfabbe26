"""Texts that stand for no value: marks of statistics offices, errors of spreadsheets, codes such as -9999."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


_PHRASES = (
    "|k. a.|#n/a n/a|not available|not applicable|not reported|no data|no value|- -|keine angabe|keine daten|"
    "nicht verfügbar|sin datos|no disponible|нет данных|brak danych"
)
MISSING = frozenset(_PHRASES.split("|")) | word_set(
    "(c) (d) (s) (x) * ** *** **** +nan - -- --- -nan nanq . .. ... / : <na> =na() ? \\n _ c k.a. m missing n.a n.a. "
    "n.c. n.d n.d. n.r. n/a n/d n/e na nan nc nd nil none nr null pending s.o. t tr unknown void x z ~ – — … "
    "---- (missing) [missing] (null) <null> nat n.v.t. n.b. н/д s/d b.d. nv xx undefined unavailable suppressed "
    "tbd tba 不详 无 暂无 缺失 無 なし 欠測 結測 該当なし データなし 없음 blank empty"
)
EMPTY = word_set("na n/a #n/a nan null none <na> - -- nat") | {""}
INFINITE = re.compile(r"[+-]?(?:inf|infinity|∞|1\.?#inf\w*)")
CLOSED = word_set(
    "closed holiday geschlossen feiertag ruhetag ferme fermé férié cerrado festivo chiuso gesloten "
    "stengt lukket stängt zamknięte 休 休業 休息 定休日 关门 off weekend"
)
_ERROR = re.compile(  # spreadsheets in any language: #DIV/0!, #NV, Err:502; C: 1.#QNAN, -nan(ind)
    r"#(?:[^\d\s](?:[^\d]|/0){0,18})?|err:5\d\d|[+-]?1[.,]?#(?!inf)[a-z]+\d*|[+-]?nan\(\w*\)"
)
_CODES = r"-(?:[1-9]0{2,3}|(\d)\1{2,}|[6-9]9{2,}|32768|2147483648)"


def is_missing(text: str) -> bool:
    """Whether a cell of any kind says that there is nothing in it; `is_mark` knows what says so among numbers."""
    return text.strip().lower() in EMPTY


def fill_down(column: np.ndarray) -> np.ndarray | None:
    """A column of what is given once for several rows, with each missing cell taken from above, as merged cells are
    meant; None where few cells are missing, or the first one is."""
    there = np.array([not is_missing(text) for text in column.tolist()])
    if not there[0] or there.mean() > 0.7:
        return None
    return np.asarray(column[np.maximum.accumulate(np.where(there, np.arange(len(column)), 0))])


def is_mark(text: str) -> bool:
    """Whether a cell in a column of numbers, in small letters and without blanks around it, says that there is none."""
    return text in MISSING or (len(text) < 30 and _ERROR.fullmatch(text) is not None)


def blank(texts: Sequence[str]) -> bool:
    """Whether a column's different texts are nothing but marks for missing values."""
    return len(texts) < 20 and all(is_mark(text.strip().lower()) for text in texts)


def missing_code(values: np.ndarray) -> float | None:
    """A number that stands for a missing value, such as -9999: far from all others, of nines, or low and repeated."""
    known = values[np.isfinite(values)]
    if len(known) < 4:
        return None
    for extreme in (known.min(), known.max()):
        others = known[known != extreme]
        count = len(known) - len(others)
        if abs(extreme) >= 1e15 and len(others) and np.abs(others).max() < 1e12:
            return float(extreme)
        if len(others) < 0.3 * len(known) or len(np.unique(others)) < 5:
            continue
        spread = float(others.max() - others.min())
        away = min(abs(extreme - others.min()), abs(extreme - others.max()))
        alone = extreme < 0 <= others.min()  # below zero, where nothing else is
        nines = re.fullmatch(r"-?9{2,}(?:\.9+)?(?:\.0)?|-?9{1,}[0-9]?9{2,}\.0", f"{extreme}") is not None
        code = nines and (-99_999.9 <= extreme <= -99 or 999 <= extreme <= 999_999)
        code = code and (alone or (away > 2 * spread and (count > 1 or extreme < 0)))
        largest = away > 2 * spread and extreme in (32744, 32766, 32767, 65535, 2147483647)
        usual = re.fullmatch(_CODES, f"{extreme:.0f}") is not None or (extreme == -1 and others.min() >= 10)
        if code or (count > 1 and (largest or (alone and usual))):
            return float(extreme)
    return None
