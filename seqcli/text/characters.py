"""Characters as tokens: every code point that training saw, the most frequent first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from seqcli.text.tokenizer import Tokenizer, ordered

UNKNOWN = "\ufffd"  # what an id without a character is shown as


class CharTokenizer(Tokenizer):
    """One id a character. Id 0 is the unknown character, id 1 the line feed."""

    kind = "char"

    def __init__(self, characters: Sequence[str]) -> None:
        """`characters` in the order of their ids, from id 2 on."""
        if len(set(characters)) != len(characters) or any(len(c) != 1 or c == "\n" for c in characters):
            raise ValueError("characters must be single and different")
        self.characters = [UNKNOWN, "\n", *characters]
        self.size = len(self.characters)
        self._ids = {character: number for number, character in enumerate(self.characters) if number}
        # a table from code points to ids is far quicker than a look-up for each character; the last place is for others
        self._table = np.full(max(map(ord, self._ids)) + 2, self.unk_id, np.int32)
        for character, number in self._ids.items():
            self._table[ord(character)] = number

    @classmethod
    def train(cls, chunks: Iterable[str], vocab_size: int | None = None, symbols: Sequence[str] = ()) -> CharTokenizer:
        counts: Counter[str] = Counter()
        for chunk in chunks:
            counts.update(chunk)
        counts.pop("\n", None)
        return cls(ordered(counts, symbols, vocab_size))

    @classmethod
    def load(cls, body: bytes) -> CharTokenizer:
        return cls(json.loads(body))

    def body(self) -> bytes:
        return json.dumps(self.characters[2:]).encode()

    def encode_piece(self, text: str) -> np.ndarray:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        return np.take(self._table, points, mode="clip")

    def unknown(self, text: str) -> list[str]:
        return [character for character in text if character not in self._ids]

    def piece(self, token: int) -> str:
        return self.characters[token]
