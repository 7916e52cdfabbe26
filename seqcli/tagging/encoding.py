"""Sentences as the arrays that a tagger reads: each distinct word spelled once, a batch a selection of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.model.batches import packed
from seqcli.tagging.lexicon import Lexicon, Spellings


@dataclass(frozen=True)
class Encoded:
    """Sentences one after the other. types (steps,): rows of `spellings` where steps are words, ids of words where they
    are characters; pairs (steps + sentences,) of characters; starts (sentences + 1,); the numbers of the steps' labels
    (steps,), where they are known."""

    types: np.ndarray
    starts: np.ndarray
    spellings: Spellings | None
    pairs: np.ndarray | None
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each sentence: (sentences,)."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class Batch:
    """Some sentences side by side, the longest first: places (time, batch) of their steps among all, what is behind a
    sentence's end repeating its last step; lengths (batch,); pair_places (1 + time, batch)."""

    places: np.ndarray
    lengths: np.ndarray
    pair_places: np.ndarray


def encode(lexicon: Lexicon, sentences: Sequence[Sequence[str]]) -> Encoded:
    """The arrays of some sentences, each of at least one step."""
    lengths = [len(sentence) for sentence in sentences]
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    if lexicon.unit == "character":
        types = character_ids(lexicon, sentences)
        return Encoded(types, starts, None, lexicon.pair_ids(types, starts) if lexicon.pairs else None)
    numbers: dict[str, int] = {}
    types = np.array([numbers.setdefault(t, len(numbers)) for sentence in sentences for t in sentence], np.int64)
    return Encoded(types, starts, lexicon.spell(list(numbers)), None)


def character_ids(lexicon: Lexicon, sentences: Sequence[Sequence[str]]) -> np.ndarray:
    """The ids of the steps of sentences, which are characters, one sentence after the other."""
    if all(isinstance(sentence, str) for sentence in sentences):
        return lexicon.character_ids("".join(sentences))  # type: ignore[arg-type]
    return lexicon.character_ids([step for sentence in sentences for step in sentence])


def batch_of(starts: np.ndarray, stops: np.ndarray, sentences: np.ndarray) -> Batch:
    """The places of stretches that begin at `starts` and end before `stops`, of the given `sentences` (batch,)."""
    order = np.argsort(starts - stops, kind="stable")
    starts, stops, sentences = starts[order], stops[order], sentences[order]
    lengths = stops - starts
    steps = np.arange(lengths[0] + 1)[:, None]
    return Batch(
        places=starts + np.minimum(steps[:-1], lengths - 1),
        lengths=lengths,
        pair_places=starts + sentences + np.minimum(steps, lengths),
    )


def by_length(lengths: np.ndarray, steps: int, random: np.random.Generator | None = None) -> Iterator[np.ndarray]:
    """Numbers of sentences in batches of like length: at most `steps` places, or one sentence. With `random` the order
    of what has about the same length is drawn, and that of the batches."""
    count = len(lengths)
    blurred = lengths if random is None else lengths * random.uniform(0.9, 1.1, count)
    order = np.lexsort((np.arange(count) if random is None else random.permutation(count), blurred))
    batches = packed(order, lengths, steps)
    if random is not None:
        random.shuffle(batches)
    return iter(batches)
