"""Characters as tokens: every code point that training saw, the most frequent first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from seqcli.text.tokenizer import manageable, pack

UNKNOWN = "\ufffd"  # what an id without a character is shown as


class CharTokenizer:
    """One id a character. Id 0 is the unknown character, id 1 the line feed."""

    kind = "char"
    unk_id = 0
    boundary_id = 1

    def __init__(self, characters: Sequence[str]) -> None:
        """`characters` in the order of their ids, from id 2 on."""
        if len(set(characters)) != len(characters) or any(len(c) != 1 or c == "\n" for c in characters):
            raise ValueError("characters must be single and different")
        self.characters = [UNKNOWN, "\n", *characters]
        self.size = len(self.characters)
        self._ids = {character: number for number, character in enumerate(self.characters) if number}
        # a table from code points to ids is far quicker than a look-up for each character
        self._table = np.zeros(max(map(ord, self._ids)) + 1, np.int32)
        for character, number in self._ids.items():
            self._table[ord(character)] = number

    @classmethod
    def train(cls, chunks: Iterable[str], vocab_size: int | None = None, symbols: Sequence[str] = ()) -> CharTokenizer:
        counts: Counter[str] = Counter()
        for chunk in chunks:
            counts.update(chunk)
        counts.pop("\n", None)
        for symbol in symbols:
            counts.pop(symbol, None)
        ordered = [*symbols, *sorted(counts, key=lambda character: (-counts[character], character))]
        return cls(ordered if vocab_size is None else ordered[: max(vocab_size - 2, 0)])

    @classmethod
    def load(cls, body: bytes) -> CharTokenizer:
        return cls(json.loads(body))

    def to_bytes(self) -> bytes:
        return pack(self.kind, json.dumps(self.characters[2:]).encode())

    def encode(self, text: str) -> np.ndarray:
        return np.concatenate([self._encode(piece) for piece in manageable(text)])

    def _encode(self, text: str) -> np.ndarray:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        known = points < len(self._table)
        return np.where(known, self._table[np.where(known, points, 0)], self.unk_id).astype(np.int32)

    def unknown(self, text: str) -> list[str]:
        return [character for character in text if character not in self._ids]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.characters[int(token)] for token in ids)

    def surface(self, token: int) -> bytes:
        return self.characters[token].encode("utf-8", "surrogatepass") if token != self.unk_id else b""

    def piece(self, token: int) -> str:
        return self.characters[token]

    def stream_decoder(self, context: Sequence[int] = ()) -> _CharDecoder:
        return _CharDecoder(self.characters)


class _CharDecoder:
    def __init__(self, characters: Sequence[str]) -> None:
        self._characters = characters

    def push(self, token: int) -> str:
        return self._characters[token]

    def flush(self) -> str:
        return ""
