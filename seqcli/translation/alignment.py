"""Word alignments by counting: IBM Model 1 with a preference for the diagonal.

A recurrent decoder needs many updates until its attention finds the words it translates. Counting finds most of them in
seconds, and the attention is taught these alignments in its first updates (Chen et al. 2016, guided alignment).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.translation.bitext import Sentences

LINKS = 8_000_000  # pairs of a source and a target token that are counted
ITERATIONS = 5
EVEN_ITERATIONS = 3  # of these the first, without the preference: word order may be anything
DIAGONAL = 4.0  # λ of Dyer et al. 2013
FLOOR = 1e-6  # probability of a pair of tokens that never stood together


@dataclass(frozen=True)
class TranslationTable:
    """t(target | source) of the pairs of types that occurred; `keys` are source · vocabulary + target, rising.
    `copied` types come from themselves."""

    vocabulary: int
    keys: np.ndarray
    probabilities: np.ndarray
    copied: tuple[int, ...] = ()

    def align(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """The source positions that each token of `target` comes from: (target, source), rows sum to one."""
        wanted = source.astype(np.int64)[None] * self.vocabulary + target[:, None]
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found = np.where(self.keys[places] == wanted, self.probabilities[places], FLOOR)
        found[(source[None] == target[:, None]) & np.isin(target, self.copied)[:, None]] = 1.0
        weights: np.ndarray = found * diagonal(len(source), len(target))
        weights /= weights.sum(axis=1, keepdims=True)
        return weights


def diagonal(source: int, target: int) -> np.ndarray:
    """exp(-λ |i / target - j / source|) (Dyer et al. 2013): (target, source)."""
    preference: np.ndarray = np.exp(
        -DIAGONAL * np.abs(np.arange(target)[:, None] / target - np.arange(source)[None] / source)
    )
    return preference


def count_alignments(
    sources: Sentences, targets: Sentences, vocabulary: int, copied: Sequence[int] = ()
) -> TranslationTable:
    """Expectation maximisation of IBM Model 1 (Brown et al. 1993) on as many pairs, with end marks, as have `LINKS`
    links."""
    links = np.cumsum(sources.lengths * targets.lengths)
    count = min(max(1, int(np.searchsorted(links, LINKS))), len(sources))
    keys, priors = [], []
    for number in range(count):
        source, target = sources[number].astype(np.int64), targets[number]
        keys.append((source[None] * vocabulary + target[:, None]).ravel())
        priors.append(diagonal(len(source), len(target)).astype(np.float32).ravel())
    types, of_link = np.unique(np.concatenate(keys), return_inverse=True)
    prior, target_lengths = np.concatenate(priors), targets.lengths[:count]
    target_row = np.repeat(np.arange(target_lengths.sum()), np.repeat(sources.lengths[:count], target_lengths))
    source_type = types // vocabulary
    probabilities = np.ones(len(types))
    for iteration in range(ITERATIONS):
        weights = probabilities[of_link]
        if iteration >= EVEN_ITERATIONS:
            weights = weights * prior
        weights /= np.bincount(target_row, weights)[target_row]
        counts = np.bincount(of_link, weights, len(types))
        probabilities = counts / np.bincount(source_type, counts, vocabulary)[source_type]
        probabilities = np.maximum(probabilities, FLOOR)
    return TranslationTable(vocabulary, types, probabilities, tuple(copied))
