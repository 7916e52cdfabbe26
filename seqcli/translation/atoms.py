"""Words of a small, closed set as one token each, in models that read characters: phonemes, features of a form, the
words of numbers.

Spelt in characters, "HH AH0 L OW1" is twelve decisions instead of four, and "V;IND;PRS;3;SG" fills a source with
letters that mean nothing one by one. So where all words of a side are such words, or where each of its lines has some
beside words that are spelt, each is written as one private character, and read as what it stands for again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

FIRST = 0xE100  # of the private characters
MOST = 256  # words of a closed set
OFTEN = 5  # occurrences of a word that belongs to it
USES = 30  # of each of its words, on average
STRAY = 0.01  # share of words that may belong to no such set
USUAL = 0.95  # share of lines with features beside words that are spelt
_WORDS = re.compile(" [^ ]+")
_FEATURES = re.compile("[ ;|+,.][^;|+,.]+|[ ;|+,.]")
_NUMBER = re.compile("[0-9].*[0-9]")


@dataclass(frozen=True)
class Atoms:
    """The words, or parts of them, of each side that are one token; those that begin a word with their blank."""

    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if "" in (*self.source, *self.target) or max(len(self.source), len(self.target)) > MOST:
            raise ValueError("not words of a closed set")

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Atoms:
        """Found in normalised training pairs."""
        sources, targets = ([pair[side] for pair in pairs] for side in (0, 1))
        return cls(closed_set(sources) or _features(sources), closed_set(targets) or _features(targets))

    def read(self, source: str) -> str:
        """A source in characters and atoms."""
        return self._put(source, frozenset(self.source)) if self.source else source

    def write(self, target: str) -> str:
        """A target in characters and atoms."""
        return self._put(target, frozenset(self.target)) if self.target else target

    def spell(self, text: str) -> str:
        """What `text` stands for; that of a whole line begins with a blank if its first word is an atom."""
        return text.translate(self._spelt) if self._spelt else text

    def _put(self, text: str, atoms: frozenset[str]) -> str:
        written = []
        for word in _WORDS.findall(f" {text}"):
            parts = [word] if word in atoms else _FEATURES.findall(word)
            written.append("".join(map(self._characters.__getitem__, parts)) if atoms.issuperset(parts) else word)
        return "".join(written).strip(" ")

    @cached_property
    def _characters(self) -> dict[str, str]:
        return {atom: chr(FIRST + number) for number, atom in enumerate(dict.fromkeys((*self.source, *self.target)))}

    @cached_property
    def _spelt(self) -> dict[int, str]:
        return {ord(character): atom for atom, character in self._characters.items()}


def begins_with_atom(text: str) -> bool:
    return bool(text) and FIRST <= ord(text[0]) < FIRST + 2 * MOST


def closed_set(lines: Sequence[str]) -> tuple[str, ...]:
    """The words of lines, if they are of a small, closed set; none otherwise."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(_WORDS.findall(f" {line}"))
    # what has figures side by side is made of them: a number that was never seen is still a number
    return () if any(map(_NUMBER.search, counts)) else _frequent(counts)


def _features(lines: Sequence[str]) -> tuple[str, ...]:
    """The parts of words that look like features (`V;PST`, `+Pl`, `Case=Gen|Number=Sing`, `PST`), if all but a few
    lines have some and words beside them, and the features are of a closed set; none otherwise."""
    counts: Counter[str] = Counter()
    lines_with = 0
    for line in lines:
        words = _WORDS.findall(f" {line}")
        features = [word for word in words if _looks_like_features(word)]
        lines_with += 0 < len(features) < len(words)
        for word in features:
            counts.update(_FEATURES.findall(word))
    return _frequent(counts) if lines_with >= USUAL * len(lines) else ()


def _looks_like_features(word: str) -> bool:
    letters = [c for c in word if c.isalpha()]
    marked = any(mark in word for mark in ";|=+")
    return bool(letters) and word.isascii() and (marked or not any(map(str.islower, letters)))


def _frequent(counts: Counter[str]) -> tuple[str, ...]:
    """Words by their counts, the most frequent first, as far as they are a closed set."""
    words = sorted((word for word, count in counts.items() if count >= OFTEN), key=lambda word: (-counts[word], word))
    total, known = counts.total(), sum(counts[word] for word in words)
    small = len(words) <= MOST and total >= USES * len(words)
    return tuple(words) if small and total - known <= STRAY * total else ()
