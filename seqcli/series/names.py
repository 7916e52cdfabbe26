"""The names of months and weekdays, in many languages, and how a column writes them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

MONTH, WEEKDAY = "b", "a"
# used by people, not in CLDR
_OTHERS = {
    ("en", MONTH): {"sept": 9, "febr": 2},
    ("en", WEEKDAY): {"tues": 2, "wednes": 3, "weds": 3, "thur": 4, "thurs": 4},
    ("de", MONTH): {"mrz": 3, "jänner": 1, "feber": 2},
    ("fr", MONTH): {"jan": 1, "fev": 2, "mar": 3, "jun": 6, "jui": 6, "jul": 7, "aou": 8, "sep": 9},
    ("es", MONTH): {"set": 9, "setiembre": 9, "sep": 9},
    ("zh", WEEKDAY): {day: number for number, day in enumerate("一二三四五六日", 1)},
    ("nl", MONTH): {"mar": 3},
    ("ru", MONTH): {"фев": 2, "сен": 9, "ноя": 11},
    ("uk", MONTH): {"кві": 4, "тра": 5, "чер": 6, "сер": 8, "жов": 10, "лис": 11, "гру": 12},
}


@dataclass(frozen=True)
class Word:
    """What a word says: `kind` is month or weekday, `number` counts from 1, Monday and January."""

    kind: str
    number: int


def fold(word: str) -> str:
    """A word without case, accents and full stops."""
    marks = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in marks if not unicodedata.combining(char)).replace(".", "")


@cache
def _languages() -> dict[str, list[list[list[str]]]]:
    text = (files("seqcli.series") / "names.json").read_text(encoding="utf-8")
    loaded: dict[str, list[list[list[str]]]] = json.loads(text)
    return loaded


@cache
def lexicon(language: str) -> Mapping[str, Word]:
    """Every folded name of a month or weekday in a language; what is both, as mar in French, is a month, or a weekday
    where the language ends in `:a`."""
    language, _, first = language.partition(":")
    found: dict[str, Word] = {}
    kinds = list(zip((MONTH, WEEKDAY), _languages()[language], strict=True))
    for kind, families in kinds[::-1] if first else kinds:
        for names in families:
            for number, name in enumerate(names, 1):
                found.setdefault(fold(name), Word(kind, number))
        for name, number in _OTHERS.get((language, kind), {}).items():
            found.setdefault(fold(name), Word(kind, number))
    return found


def find_language(words: Iterable[str]) -> str | None:
    """The first language in which most of the folded `words` are months or weekdays; None where there is none."""
    words = set(words)
    counts = {language: len(words & lexicon(language).keys()) for language in _languages()}
    language = max(counts, key=counts.__getitem__)
    return language if counts[language] else None


def find_numbers(names: Iterable[str], kind: str) -> list[int] | None:
    """The numbers of months or weekdays (from 1) that stand in turn, at least five; None for what is anything else."""
    folded = [fold(name) for name in names]
    language = find_language(folded) if all(folded) and 5 <= len(folded) <= 12 else None
    if language is None:
        return None
    found = lexicon(f"{language}:a" if kind == WEEKDAY else language)
    numbers = [word.number for name in folded if (word := found.get(name)) and word.kind == kind]
    size = 7 if kind == WEEKDAY else 12
    turns = {(b - a) % size for a, b in pairwise(numbers)}
    return numbers if len(numbers) == len(folded) <= size and turns == {1} else None


_CASES: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper, str.capitalize, str.title)


def spelling(language: str, kind: str, seen: Mapping[int, str]) -> dict[int, str]:
    """How each month or weekday is written where those in `seen` are written so."""
    families = _languages()[language.partition(":")[0]][0 if kind == MONTH else 1]
    dotted = any(word.endswith(".") for word in seen.values())

    def dots(names: list[str]) -> list[str]:
        if not dotted:
            return [name.rstrip(".") for name in names]
        if any(name.endswith(".") for name in names):
            return names
        return [name if name in families[0] else f"{name}." for name in names]

    spelt = [dict(enumerate(dots(list(map(case, names))), 1)) for names in families for case in _CASES]
    best = max(spelt, key=lambda made: len(made.items() & seen.items()))
    if not best.items() & seen.items():  # a spelling of their own: as many letters of the name
        length = max(map(len, seen.values()))
        best = {number: name[:length] for number, name in best.items()}
    return {**best, **seen}
