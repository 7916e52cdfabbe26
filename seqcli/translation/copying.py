"""Training pairs with copied strings, made from the existing pairs.

Few pairs contain an address or an emoji, and a model that has not learnt what to do with their symbols is confused by
them. So in a share of the pairs, drawn anew in each epoch, a symbol replaces a word and its translation, or is inserted
between words on both sides; sometimes it is an invented name in the letters of the vocabulary.
"""

from __future__ import annotations

import numpy as np

from seqcli.text.placeholders import SYMBOLS
from seqcli.text.tokenizer import Tokenizer
from seqcli.translation.alignment import TranslationTable
from seqcli.translation.bitext import Sentences

SHARE = 0.1  # of the pairs that are changed
NAMES = 0.3  # share of names among what is put in
REPLACED = 0.5  # share that stands in a word's place, not between words
LONGEST_NAME = 4  # pieces


class Copying:
    """Inserts strings to be copied into pairs of ids, by the alignment `table`, or by word order without one."""

    def __init__(self, tokenizer: Tokenizer, table: TranslationTable | None) -> None:
        self.table = table if tokenizer.kind != "char" else None
        self.symbols = [tokenizer.encode(" " + symbol) for symbol in SYMBOLS]
        self.symbol_ids = np.array([ids[-1] for ids in self.symbols])
        pieces = [tokenizer.piece(number) for number in range(tokenizer.size)]
        words = tokenizer.kind == "word"
        self.starts = np.array([words or piece.startswith(" ") for piece in pieces])
        subwords = tokenizer.kind == "subword"
        self.first = [n for n, piece in enumerate(pieces) if subwords and piece[:1] == " " and piece[1:].istitle()]
        self.rest = [n for n, piece in enumerate(pieces) if subwords and piece.isalpha() and piece.islower()]

    def some_of(
        self, sources: Sentences, targets: Sentences, random: np.random.Generator
    ) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """A random share of the pairs, changed, by their numbers."""
        numbers = np.flatnonzero(random.random(len(sources)) < SHARE).tolist()
        return {number: self.apply(sources[number], targets[number], random) for number in numbers}

    def apply(
        self, source: np.ndarray, target: np.ndarray, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """The ids of a pair with their end marks, changed if it has words."""
        string = self._string(source, random)
        source_words, target_words = (np.flatnonzero(self.starts[ids[:-1]]) for ids in (source, target))
        if not len(source_words) or not len(target_words):
            return source, target
        choice = int(random.integers(len(target_words)))
        place = self._from(source, target, source_words, target_words, choice)
        replaced = random.random() < REPLACED
        return (
            _put(source, source_words, place, string, replaced),
            _put(target, target_words, choice, string, replaced),
        )

    def _string(self, source: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """A symbol that is not in the source, or a name."""
        if self.first and self.rest and random.random() < NAMES:
            length = int(random.integers(1, LONGEST_NAME))
            return np.array([random.choice(self.first), *random.choice(self.rest, length)], np.int32)
        free = np.flatnonzero(~np.isin(self.symbol_ids, source))
        return self.symbols[int(random.choice(free)) if len(free) else 0]

    def _from(self, source: np.ndarray, target: np.ndarray, words: np.ndarray, others: np.ndarray, choice: int) -> int:
        """Which of the source's `words` the target's word `choice` comes from, of those that begin at `others`."""
        if self.table is None:
            return choice * len(words) // len(others)
        token = int(others[choice])
        likeliest = int(self.table.align(source[:-1], target)[token].argmax())
        return max(int(np.searchsorted(words, likeliest, side="right")) - 1, 0)


def _put(ids: np.ndarray, words: np.ndarray, word: int, string: np.ndarray, replaced: bool) -> np.ndarray:
    """`ids` with a string before a word or in its place; `words` are the places where words begin."""
    start = int(words[word])
    stop = start
    if replaced:
        stop = int(words[word + 1]) if word + 1 < len(words) else len(ids) - 1
    return np.concatenate((ids[:start], string, ids[stop:]))
