"""What a tagger knows of the steps it reads: types of words, characters, affixes and pairs, and a step's ids in each.

Id 0 of every kind is what stands outside (padding, the end of a sentence), id 1 what is not known.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.files.plain import to_plain

UNKNOWN = 1
KNOWN = 2  # the first id of a type
LONGEST_AFFIX = 4  # characters
READ = 24  # characters of a word that are read: those at its beginning and end, where it is longer
RARE = 2  # how often an affix, character or pair must stand in the text to be known
FREQUENT = 1024  # characters whose pairs have a table of their own: nearly all of a text
_DIGITS = re.compile(r"\d")
_FULL_WIDTH = {code + 0xFEE0: code for code in range(0x21, 0x7F)} | {0x3000: 0x20}


@dataclass(frozen=True)
class Spellings:
    """What is known of words from their spelling: ids (words,), characters (words, longest) with lengths (words,), and
    affixes (words, 2 · LONGEST_AFFIX), filled up with 0."""

    words: np.ndarray
    characters: np.ndarray
    lengths: np.ndarray
    affixes: np.ndarray


@dataclass(frozen=True)
class Lexicon:
    """The known types, each in the order of its ids from `KNOWN` on. `unit` is what a step is, "word" or "character".
    `words` are normal forms; `affixes` have `^` before a beginning and `$` before an end; `pairs` are rising numbers:
    left id · number of words + right id."""

    unit: str
    words: Sequence[str]
    characters: Sequence[str] = ()
    affixes: Sequence[str] = ()
    pairs: Sequence[int] = ()

    @classmethod
    def learn(cls, sentences: Sequence[Sequence[str]], unit: str) -> Lexicon:
        """The types of some sentences, the most frequent first."""
        counts = Counter(chain.from_iterable(sentences))
        if unit == "character":
            lexicon = cls(unit, _ranked(_sums((character_form(token), count) for token, count in counts.items())))
            left, right = _neighbours(lexicon.character_ids(sentences), np.cumsum([0, *map(len, sentences)]))
            keys, often = np.unique(lexicon._keys_of(left, right), return_counts=True)
            return replace(lexicon, pairs=keys[often >= RARE].tolist())
        words = _sums((normal_form(token), count) for token, count in counts.items())
        characters = _sums((c, count) for token, count in counts.items() for c in token)
        affixes = _sums((affix, 1) for word in words for affix in affixes_of(word))
        return cls(unit, _ranked(words), _ranked(characters, RARE), _ranked(affixes, RARE))

    def sizes(self) -> dict[str, int]:
        """The number of types of each kind, with those outside and unknown; 0 for a kind that is not there."""
        others = {"characters": self.characters, "affixes": self.affixes, "pairs": self.pairs}
        sizes = {name: len(types) + KNOWN if types else 0 for name, types in others.items()}
        return {"words": len(self.words) + KNOWN, **sizes}

    @cached_property
    def _ids(self) -> dict[str, dict[str, int]]:
        """The ids of words, characters and affixes, by what they are."""
        kinds = {"words": self.words, "characters": self.characters, "affixes": self.affixes}
        return {kind: {form: number for number, form in enumerate(types, KNOWN)} for kind, types in kinds.items()}

    @cached_property
    def _code_points(self) -> np.ndarray:
        """Ids by code point, for text whose characters are the steps."""
        table = np.full(0x110000, UNKNOWN, np.int32)
        for form, number in self._ids["words"].items():
            if len(form) == 1:
                table[ord(form)] = number
        for wide, narrow in _FULL_WIDTH.items():
            table[wide] = table[narrow]
        return table

    @cached_property
    def _pair_keys(self) -> np.ndarray:
        """The pairs, and a number above all of them."""
        return np.append(np.array(self.pairs, np.int64), np.iinfo(np.int64).max)

    def knows(self, token: str) -> bool:
        """Whether a step is in the vocabulary."""
        return self.form(token) in self._ids["words"]

    def form(self, token: str) -> str:
        """How a step is looked up."""
        return character_form(token) if self.unit == "character" else normal_form(token)

    def with_more(self, words: Iterable[str]) -> Lexicon:
        """With normal forms that are known from elsewhere, after its own; the pairs of characters keep theirs."""
        more = [*dict.fromkeys((*self.words, *words))]
        left, right = np.divmod(np.array(self.pairs, np.int64), len(self.words) + KNOWN)
        return replace(self, words=more, pairs=(left * (len(more) + KNOWN) + right).tolist())

    def spell(self, tokens: Sequence[str]) -> Spellings:
        """The ids of words and of what they are spelled with."""
        known = self._ids
        forms = [normal_form(token) for token in tokens]
        words = np.array([known["words"].get(form, UNKNOWN) for form in forms], np.int64)
        shown = [token if len(token) <= READ else token[: READ // 2] + token[-READ // 2 :] for token in tokens]
        lengths = np.array([max(len(token), 1) for token in shown], np.int64)
        characters = np.zeros((len(tokens), int(lengths.max(initial=1))), np.int64)
        affixes = np.zeros((len(tokens), 2 * LONGEST_AFFIX), np.int64)
        for row, (form, text) in enumerate(zip(forms, shown, strict=True)):
            characters[row, : len(text)] = [known["characters"].get(c, UNKNOWN) for c in text]
            found = [known["affixes"][affix] for affix in affixes_of(form) if affix in known["affixes"]]
            affixes[row, : len(found)] = found
        return Spellings(words, characters, lengths, affixes)

    def character_ids(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """The ids of the steps of sentences, which are characters, one sentence after the other: (steps,). A step of
        several characters is looked up as it is."""
        if not all(isinstance(sentence, str) or set(map(len, sentence)) <= {1} for sentence in sentences):
            steps = chain.from_iterable(sentences)
            return np.array([self._ids["words"].get(character_form(step), UNKNOWN) for step in steps], np.int32)
        text = "".join([sentence if isinstance(sentence, str) else "".join(sentence) for sentence in sentences])
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        ids: np.ndarray = self._code_points[points]
        return ids

    def pair_ids(self, ids: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """The ids of the pairs of neighbours in sentences of characters, ids (steps,), that begin at `starts`
        (sentences + 1,). A sentence of n steps has n + 1, from the one of its beginning and first character on:
        (steps + sentences,). Those of frequent characters are not searched for."""
        left, right = _neighbours(ids, starts)
        found: np.ndarray = self._frequent_pairs.take(
            np.minimum(left, FREQUENT) * (FREQUENT + 1) + np.minimum(right, FREQUENT)
        )
        rare = np.flatnonzero(found == 0)
        keys = self._keys_of(left[rare], right[rare])
        places = np.searchsorted(self._pair_keys, keys)
        found[rare] = np.where(self._pair_keys[places] == keys, places + KNOWN, UNKNOWN)
        return found

    def _keys_of(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The numbers that `pairs` holds for pairs of characters, by the ids of both."""
        keys: np.ndarray = left * np.int64(len(self.words) + KNOWN) + right
        return keys

    @cached_property
    def _frequent_pairs(self) -> np.ndarray:
        """The ids of pairs by the ids of both characters, which are below `FREQUENT`; 0 where one is not."""
        table = np.zeros((FREQUENT + 1, FREQUENT + 1), np.int64)
        table[:-1, :-1] = UNKNOWN
        left, right = np.divmod(self._pair_keys[:-1], len(self.words) + KNOWN)
        near = (left < FREQUENT) & (right < FREQUENT)
        table[left[near], right[near]] = np.flatnonzero(near) + KNOWN
        return table

    def to_bytes(self) -> bytes:
        """What `from_bytes` makes the same lexicon from."""
        return json.dumps(to_plain(self), ensure_ascii=False).encode("utf-8", "surrogatepass")

    @classmethod
    def from_bytes(cls, data: bytes) -> Lexicon:
        """A lexicon from a model file; `CheckpointError` for anything else."""
        try:
            values = json.loads(data.decode("utf-8", "surrogatepass"))
            if not isinstance(values, Mapping) or values["unit"] not in ("word", "character"):
                raise ValueError("no lexicon")
            texts = {name: values[name] for name in ("words", "characters", "affixes")}
            if any(not isinstance(t, list) or any(type(x) is not str for x in t) for t in texts.values()):
                raise ValueError("types must be texts")
            pairs = values["pairs"]
            if not isinstance(pairs, list) or any(type(key) is not int or not 0 <= key < 2**62 for key in pairs):
                raise ValueError("pairs must be numbers")
            return cls(values["unit"], pairs=pairs, **texts)
        except (ValueError, KeyError, TypeError, RecursionError) as problem:
            raise CheckpointError("the model's vocabulary is damaged") from problem


def normal_form(word: str) -> str:
    """How a word is looked up: in small letters, full-width forms as ASCII, every digit as 0."""
    return _DIGITS.sub("0", word.translate(_FULL_WIDTH).lower())


def character_form(token: str) -> str:
    """How a character is looked up: full-width forms as ASCII."""
    return token.translate(_FULL_WIDTH)


def affixes_of(form: str) -> list[str]:
    """A word's beginnings and ends of up to `LONGEST_AFFIX` characters."""
    lengths = range(1, min(LONGEST_AFFIX, len(form)) + 1)
    return ["^" + form[:n] for n in lengths] + ["$" + form[-n:] for n in lengths]


def _neighbours(ids: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The characters of each pair, as `Lexicon.pair_ids` counts them; 0 outside of a sentence."""
    around = np.zeros(len(ids) + len(starts), np.int64)
    around[np.arange(len(ids)) + np.repeat(np.arange(1, len(starts)), np.diff(starts))] = ids
    return around[:-1], around[1:]


def _sums(counts: Iterable[tuple[str, int]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for form, count in counts:
        sums[form] += count
    return sums


def _ranked(counts: Mapping[str, int], least: int = 1) -> list[str]:
    kept = [form for form, count in counts.items() if count >= least]
    return sorted(kept, key=lambda form: (-counts[form], form))
