"""Sentence pairs as token ids, and what a model keeps of their text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.text.pair_rows import Pair
from seqcli.text.tokenizer import Tokenizer
from seqcli.translation.preprocessing import BLOB, Preprocessing


@dataclass(frozen=True)
class Sentences:
    """Token ids of many sentences in one array; `starts` has one more entry than there are sentences."""

    ids: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> np.ndarray:
        return self.ids[self.starts[number] : self.starts[number + 1]]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)

    @classmethod
    def of(cls, sentences: Iterable[np.ndarray]) -> Sentences:
        parts = list(sentences)
        starts = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
        return cls(np.concatenate([*parts, np.empty(0, np.int32)]).astype(np.int32), starts)


def interleaved(sources: Sentences, targets: Sentences) -> np.ndarray:
    """The tokens of all pairs, those of a source and its target in the order of their relative places: what translates
    one another is then mostly near one another."""
    places = [
        np.repeat(np.arange(len(side)), side.lengths)
        + (np.arange(len(side.ids)) - np.repeat(side.starts[:-1], side.lengths)) / np.repeat(side.lengths, side.lengths)
        for side in (sources, targets)
    ]
    together: np.ndarray = np.concatenate((sources.ids, targets.ids))
    return together[np.argsort(np.concatenate(places), kind="stable")]


@dataclass(frozen=True)
class Bitext:
    """Pairs to train on, as ids that end in the end mark, and pairs to validate on, as text and as such ids."""

    sources: Sentences
    targets: Sentences
    valid: list[Pair]
    valid_sources: Sentences
    valid_targets: Sentences
    tokenizer: Tokenizer
    preprocessing: Preprocessing
    fingerprint: str

    @property
    def symbols(self) -> tuple[int, ...]:
        """Ids of the placeholder symbols."""
        return tuple(self.preprocessing.symbols(self.tokenizer))

    @property
    def blobs(self) -> dict[str, bytes]:
        """What a model keeps of its text."""
        blobs = {"tokenizer": self.tokenizer.to_bytes()}
        return blobs | ({BLOB: self.preprocessing.to_bytes()} if self.preprocessing.normalises else {})


def pad(sentences: Sequence[np.ndarray], filler: int) -> tuple[np.ndarray, np.ndarray]:
    """Sentences side by side, (longest, sentences), filled up with `filler`, and their lengths."""
    lengths = np.array([len(sentence) for sentence in sentences])
    padded = np.full((lengths.max(), len(sentences)), filler, np.int64)
    for column, sentence in enumerate(sentences):
        padded[: len(sentence), column] = sentence
    return padded, lengths
