"""Sentences as the arrays that a tagger reads: each distinct word spelled once, a batch a selection of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.model.batches import packed
from seqcli.tagging.lexicon import Lexicon, Spellings


@dataclass(frozen=True)
class Encoded:
    """Sentences one after the other. types (steps,): rows of `spellings` where steps are words, ids of words where they
    are characters; pairs (steps + sentences,) of characters; starts (sentences + 1,)."""

    types: np.ndarray
    starts: np.ndarray
    spellings: Spellings | None
    pairs: np.ndarray | None


def encode(lexicon: Lexicon, sentences: Sequence[Sequence[str]]) -> Encoded:
    """The arrays of some sentences, each of at least one step."""
    starts = np.cumsum([0, *map(len, sentences)])
    if lexicon.unit == "character":
        types = lexicon.character_ids(sentences)
        return Encoded(types, starts, None, lexicon.pair_ids(types, starts) if lexicon.pairs else None)
    numbers: dict[str, int] = {}
    types = np.array([numbers.setdefault(t, len(numbers)) for sentence in sentences for t in sentence], np.int64)
    return Encoded(types, starts, lexicon.spell(list(numbers)), None)


def batch_of(starts: np.ndarray, stops: np.ndarray, sentences: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stretches of `sentences` (batch,) that begin at `starts` and end before `stops`, side by side, the longest first:
    the places (time, batch) of their steps among all, what is behind an end repeating the last step; their lengths
    (batch,); the places of their pairs (1 + time, batch)."""
    order = np.argsort(starts - stops, kind="stable")
    starts, lengths = starts[order], (stops - starts)[order]
    steps = np.arange(lengths[0] + 1)[:, None]
    places = starts + np.minimum(steps[:-1], lengths - 1)
    return places, lengths, starts + sentences[order] + np.minimum(steps, lengths)


def by_length(lengths: np.ndarray, steps: int, random: np.random.Generator) -> list[np.ndarray]:
    """Numbers of sentences in batches of like length: at most `steps` places, or one sentence. The order of what has
    about the same length is drawn, and that of the batches."""
    blurred = lengths * random.uniform(0.9, 1.1, len(lengths))
    order = np.lexsort((random.permutation(len(lengths)), blurred))
    batches = packed(order, lengths, steps)
    random.shuffle(batches)
    return batches
