"""The forms of characters and words that a text is written in, and other text brought into them.

A model reads what it has learnt from. Full-width letters, curly quotes, ligatures or capitals that it never saw
look the same to a reader and mean nothing to it. So a model keeps the characters and word forms of its
training text, and what comes later is written in these where it can be: which forms are folded is decided by the text,
script by script.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from seqcli.files.plain import to_plain

RARE = 0.02  # a character seen so seldom beside its look-alike is written as that
MOST_WORDS = 50_000  # whose forms are kept
SHOUTED = 0.8  # share of capitals among the letters of a line that shouts
USUAL = 0.9  # share of lines that makes something a rule of the text
_LOOKALIKES = {
    **dict.fromkeys("‘’‛ʼ′´`＇", "'"),
    **dict.fromkeys("“”„‟″«»「」『』", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **{"…": "...", "⁄": "/", "∕": "/", "∶": ":", "'": "’", "。": ".", "、": ","},
}
_SAME_LOOK = ("<wide>", "<narrow>", "<compat>", "<font>", "<isolated>", "<initial>", "<medial>", "<final>")
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_STOPS = ",.;:!?"


@dataclass(frozen=True)
class Forms:
    """What a text is written in.

    `characters` are counted; `words` are the forms of words, those of one word together and the most frequent first,
    by their small letters; `capitals` says whether lines begin with a capital as a rule; `letters` which there are:
    `lower`, `upper` or `mixed`; `folds_case` whether the case of a word says nothing that must be kept; `unknown` how
    words that were never seen are written: `lower` or `title`.
    """

    characters: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    capitals: bool = False
    letters: str = "mixed"
    folds_case: bool = False
    unknown: str = "lower"

    @classmethod
    def of(cls, lines: Iterable[str]) -> Forms:
        """Counted in a text, line by line."""
        lines = list(lines)
        characters: Counter[str] = Counter()
        for line in lines:
            characters.update(line)
        upper = sum(count for c, count in characters.items() if c.isupper())
        lower = sum(count for c, count in characters.items() if c.islower())
        if not (upper and lower):
            letters = "upper" if upper else "lower" if lower else "mixed"
            return cls(dict(characters), letters=letters, folds_case=letters != "mixed")
        words, unknown, irregular = _count_words(lines)
        shouting = sum(_shouts(line) for line in lines)
        starting = sum(word.group()[0].isupper() for word in map(_WORD.search, lines) if word is not None)
        return cls(
            dict(characters),
            words,
            capitals=starting >= USUAL * len(lines),
            folds_case=shouting < RARE * len(lines) and irregular < RARE,
            unknown=unknown,
        )

    def fold(self, text: str) -> str:
        """`text`, already normalised, in these forms."""
        return self.fold_case(self.fold_characters(text))

    def fold_characters(self, text: str) -> str:
        """Characters in the forms that are seen."""
        plain = {ord(c): other for c in set(text) if (other := self._replacement(c)) is not None}
        for character, stop in ((chr(point), other) for point, other in plain.items()):
            if stop in _STOPS and unicodedata.east_asian_width(character) in "WF":
                # no blank follows a full-width stop, and one follows the plain one
                text = re.sub(re.escape(character) + r"(?=\w)", stop + " ", text)
        return text.translate(plain) if plain else text

    @cached_property
    def _replacement(self) -> Callable[[str], str | None]:
        """How a character that is hardly ever seen is written; None: as it is."""
        return cache(self._find_replacement)

    def _find_replacement(self, character: str) -> str | None:
        plain = _LOOKALIKES.get(character)
        if plain is None:
            kind, *_ = unicodedata.decomposition(character).split() or [""]
            if kind in _SAME_LOOK:
                plain = unicodedata.normalize("NFKC", character).strip()
        rare = plain and all(self.characters.get(c, 0) * RARE > self.characters.get(character, 0) for c in plain)
        return plain if rare else None

    def fold_case(self, text: str) -> str:
        """Words whose case is not that of any form seen in the form that is; capital lines, and lines without the
        capitals that a line has, word by word."""
        if not self.folds_case:
            return text
        if self.letters != "mixed":
            return text.lower() if self.letters == "lower" else text.upper()
        shouts = _shouts(text)
        every = shouts or (self.capitals and not any(map(str.isupper, text)))
        folded = _WORD.sub(lambda match: self._word(match.group(), every, shouts), text)
        if every and self.capitals and (first := _WORD.search(folded)):
            start = first.start()
            folded = folded[:start] + folded[start].upper() + folded[start + 1 :]
        return folded

    def _word(self, word: str, every: bool, shouts: bool) -> str:
        forms = self.words.get(word.lower())
        if forms is None:
            if "-" in word:
                return "-".join(self._word(part, every, shouts) if part else part for part in word.split("-"))
            if not shouts:
                return word
            return word.lower() if self.unknown == "lower" else word[:1] + word[1:].lower()
        if not every and (word in forms or (word[0].isupper() and word[0].lower() + word[1:] in forms)):
            return word
        return forms[0]

    def to_json(self) -> dict[str, Any]:
        values: dict[str, Any] = to_plain(replace(self, words={}))
        return values | {"words": ["\t".join(forms) for forms in self.words.values()]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Forms:
        """What `to_json` gave; `ValueError`, `KeyError` or `TypeError` when it is not that."""
        words = [tuple(line.split("\t")) for line in values["words"]]
        characters = {str(c): int(count) for c, count in values["characters"].items()}
        known = values["letters"] in ("lower", "upper", "mixed") and values["unknown"] in ("lower", "title")
        if not known or any(len(character) != 1 for character in characters):
            raise ValueError("not the forms of a text")
        return cls(
            characters,
            {forms[0].lower(): forms for forms in words},
            bool(values["capitals"]),
            values["letters"],
            bool(values["folds_case"]),
            values["unknown"],
        )


def _shouts(line: str) -> bool:
    """Whether a line is in capitals: more than one word of them."""
    upper, lower = sum(map(str.isupper, line)), sum(map(str.islower, line))
    return upper >= SHOUTED * (upper + lower) and upper > 3 and " " in line.strip()


def _count_words(lines: list[str]) -> tuple[dict[str, tuple[str, ...]], str, float]:
    """The forms of each word, how rare words are written, and the share of words with a capital inside."""
    inside: Counter[str] = Counter()
    first: Counter[str] = Counter()
    for line in lines:
        found = _WORD.findall(line)
        first.update(found[:1])
        inside.update(found[1:])
    forms: dict[str, Counter[str]] = {}
    for counts, weight in ((inside, 1000), (first, 1)):  # at a line's start any word has a capital
        for word, count in counts.items():
            forms.setdefault(word.lower(), Counter())[word] += weight * count
    total = sum(inside.values()) + sum(first.values())
    irregular = sum(c for counts in (inside, first) for w, c in counts.items() if _is_irregular(w))
    once = [word for word, count in inside.items() if count == 1]
    titles = sum(word.istitle() for word in once)
    frequent = sorted(forms, key=lambda word: -sum(forms[word].values()))[:MOST_WORDS]
    kept = {word: tuple(form for form, _ in forms[word].most_common()) for word in frequent}
    return kept, "title" if titles > 0.5 * len(once) else "lower", irregular / max(total, 1)


def _is_irregular(word: str) -> bool:
    """Whether a word has both cases after its first letter: neither word, Word nor WORD."""
    rest = word[1:]
    return rest != rest.lower() and rest != rest.upper() and "-" not in word and "'" not in word
