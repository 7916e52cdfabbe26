"""From logits to probabilities where nothing is learnt: in decoding and scoring."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from seqcli.model.arrays import Array

BLOCK = 160_000  # logits that are worked on together: what stays in a core's cache


@dataclass(frozen=True)
class Score:
    """The probability of a text under a model: its tokens, including the end mark, and -log p of each in nats;
    `unknown` are the indices of tokens that are not in the vocabulary."""

    text: str
    pieces: tuple[str, ...]
    surprisals: tuple[float, ...]
    unknown: frozenset[int] = frozenset()

    @property
    def tokens(self) -> int:
        return len(self.surprisals)

    @property
    def log_probability(self) -> float:
        return -math.fsum(self.surprisals)

    @property
    def perplexity(self) -> float:
        """The geometric mean of 1 / p over the tokens; NaN without any."""
        return math.exp(min(-self.log_probability / self.tokens, 700.0)) if self.tokens else math.nan


def softmax(scores: Array) -> Array:
    """exp(scores) scaled to sum to 1 along the last axis, without overflow; a NumPy array is overwritten."""
    if not isinstance(scores, np.ndarray):
        return scores.softmax(-1)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def log_normaliser(scores: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """log Σ exp(scores) along the last axis, without overflow: what `log_softmax` takes off. It needs room of the size
    of `scores`: `out`, which may be `scores` themselves, or new memory."""
    top = scores.max(axis=-1, keepdims=True)
    shifted = np.subtract(scores, top, out=out)
    return np.asarray(np.log(np.exp(shifted, out=shifted).sum(axis=-1)) + top[..., 0])


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Logarithm of `softmax`, in nats; overwrites `scores`."""
    scores -= log_normaliser(scores)[..., None]
    return scores


def surprisals(logits: np.ndarray, targets: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """-log softmax of the targets in nats: logits (rows, vocabulary), targets (n,) -> (n,); overwrites `logits`. Target
    i is looked up in row `rows[i]`, or in row i. The rows are taken a few at a time, on all cores."""
    rows = np.arange(len(logits)) if rows is None else rows
    own = logits[rows, targets]
    together = max(1, BLOCK // logits.shape[1])
    blocks = [logits[start : start + together] for start in range(0, len(logits), together)]
    if len(blocks) == 1:
        return np.asarray(log_normaliser(logits, logits)[rows] - own)
    with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1)) as pool:
        return np.asarray(np.concatenate(list(pool.map(log_normaliser, blocks, blocks)))[rows] - own)
