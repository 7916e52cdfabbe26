"""How raw text is cut into words where a tagger's steps are words: by a rule that its training text shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from seqcli.errors import CheckpointError
from seqcli.files.plain import from_plain

FREQUENT = 3  # how often an ending such as 's must stand as a word of its own
MOST_KEPT = 1000
SHOWN = 4
_APOSTROPHES = "'’"
_LETTER = r"[^\W_]"  # or digit
_INNER = re.compile(rf"(?<={_LETTER})[^\w\s](?={_LETTER})")
_ENDING = re.compile(rf"[{_APOSTROPHES}][a-z]{{1,3}}|n[{_APOSTROPHES}]t", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"\d[^\w\s]\d")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"]*[\w/]|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_WIDE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class WordRule:
    """Words end at blanks and at punctuation, each mark of which is a word of its own.

    `joiners` are marks that stay in a word where letters are on both sides, `digit_joiners` those between digits;
    `endings` are cut off as words of their own (`'s`, `n't`); `kept` are words with marks in them that are not cut
    (`Mr.`, `...`). Addresses of pages and of mail are one word. With `blanks_only` only blanks part words.
    """

    joiners: str = ""
    digit_joiners: str = ""
    endings: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    blanks_only: bool = False

    def __post_init__(self) -> None:
        if not all(self.endings) or not all(self.kept):
            raise ValueError("an empty word")

    @classmethod
    def learn(cls, sentences: Iterable[Sequence[str]]) -> WordRule:
        """The rule that the words of some sentences suggest."""
        counts: Counter[str] = Counter()
        apart = {True: Counter[str](), False: Counter[str]()}  # marks that are words between digits, or letters
        for sentence in sentences:
            counts.update(sentence)
            for before, mark, after in zip(sentence, sentence[1:], sentence[2:], strict=False):
                if len(mark) == 1 and not mark.isalnum() and before[-1].isalnum() and after[0].isalnum():
                    apart[before[-1].isdigit() and after[0].isdigit()][mark] += 1
        inside = {True: Counter[str](), False: Counter[str]()}  # by whether digits are on both sides
        endings: Counter[str] = Counter()
        kept: Counter[str] = Counter()
        from_wide = 0
        for word, count in counts.items():
            if _ENDING.fullmatch(word):
                endings[word.lower()] += count
                continue
            if not _ADDRESS.fullmatch(word):
                for found in _INNER.finditer(word):
                    inside[bool(_BETWEEN_DIGITS.match(word, found.start() - 1))][found.group()] += count
                if len(word) > 1 and re.search(r"[^\w\s]", word) and count >= FREQUENT:
                    kept[word] += count
            from_wide += count * (len(word) > 1 and all(_WIDE.match(character) for character in word))
        if from_wide > sum(counts.values()) / 4:
            return cls(blanks_only=True)
        letters, digits = (
            "".join(sorted(mark for mark, count in inside[key].items() if count > apart[key][mark]))
            for key in (False, True)
        )
        rule = cls(letters, digits, tuple(sorted(ending for ending, count in endings.items() if count >= FREQUENT)))
        return replace(rule, kept=tuple(sorted(word for word in kept if len(rule.cut(word)) > 1)[:MOST_KEPT]))

    def describe(self) -> str:
        """The rule in a few words."""
        if self.blanks_only:
            return "into words at blanks only"
        ended = f"; {' '.join(self.endings[:SHOWN])} cut off" if self.endings else ""
        kept = f"; {' '.join(self.kept[:SHOWN])} and the like kept" if self.kept else ""
        return f"into words at blanks and punctuation{ended}{kept}"

    @cached_property
    def _kept(self) -> frozenset[str]:
        return frozenset(self.kept)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        marks = re.escape("".join({*self.joiners, *_APOSTROPHES}))
        digits = re.escape(self.digit_joiners)
        listed = [_whole(word) for word in sorted(self.kept, key=len, reverse=True)]
        kept = f"(?:{'|'.join(listed)})|" if listed else ""
        between = rf"|(?<=\d)[{digits}](?=\d)" if self.digit_joiners else ""
        return re.compile(rf"{_ADDRESS.pattern}|{kept}\w(?:\w|(?<={_LETTER})[{marks}](?={_LETTER}){between})*|\S")

    @cached_property
    def _parts(self) -> re.Pattern[str]:
        """A word without the apostrophes that are no joiners, which are words of their own."""
        marks = "".join(mark for mark in _APOSTROPHES if mark not in self.joiners)
        return re.compile(f"[^{marks}]+|[{marks}]" if marks else ".+")

    @cached_property
    def _ending(self) -> re.Pattern[str]:
        listed = "|".join(re.escape(ending) for ending in sorted(self.endings, key=len, reverse=True))
        return re.compile(rf"(?:{listed})$" if listed else r"(?!)", re.IGNORECASE)

    def cut(self, text: str) -> list[tuple[int, int]]:
        """Where the words of a text begin and end."""
        if self.blanks_only:
            return [match.span() for match in re.finditer(r"\S+", text)]
        found: list[tuple[int, int]] = []
        for match in self._pattern.finditer(text):
            start, end = match.span()
            word = match.group()
            if end - start == 1 or word in self._kept or _ADDRESS.fullmatch(word):
                found.append((start, end))
                continue
            ending = self._ending.search(word)
            cut = ending.start() if ending is not None and ending.start() > 0 else len(word)
            found += [(start + part.start(), start + part.end()) for part in self._parts.finditer(word[:cut])]
            if cut < len(word):
                found.append((start + cut, end))
        return found

    @classmethod
    def from_json(cls, values: Any) -> WordRule:
        """From plain values; `CheckpointError` for what is none."""
        if not isinstance(values, Mapping) or set(values) != {item.name for item in fields(cls)}:
            raise CheckpointError("the model has no rule for cutting text into words")
        return from_plain(cls, values, "the model's rule for cutting text into words")


def _whole(word: str) -> str:
    """A pattern for a word that neither begins nor ends inside another."""
    before, after = (r"(?<!\w)" if word[0].isalnum() else ""), (r"(?!\w)" if word[-1].isalnum() else "")
    return before + re.escape(word) + after
