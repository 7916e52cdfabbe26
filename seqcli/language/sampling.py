"""From the logits of a next token to the token: the usual ways to choose, on one row at a time, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.language.options import GenerateRequest
from seqcli.model.probability import softmax


def probabilities(logits: np.ndarray, sampling: GenerateRequest, seen: Sequence[int] = ()) -> np.ndarray:
    """logits (vocabulary,) -> the probabilities (vocabulary,) that are drawn from, float32, summing to 1.

    `temperature` divides the logits; 0 takes the likeliest token. `top_k` keeps the k likeliest; `top_p` the smallest
    set that holds that much probability (Holtzman et al. 2020); `min_p` those at least that share as likely as the
    likeliest (Nguyen et al. 2024). `repetition_penalty` above 1 makes tokens that were there less likely (Keskar et al.
    2019). Filters are applied in the order penalty, temperature, top-k, top-p, min-p.
    """
    scores = logits.astype(np.float32)  # half the time of float64, and logits are not known better
    if sampling.repetition_penalty != 1.0 and len(seen):
        ids = np.unique(np.asarray(seen))
        scores[ids] = np.where(
            scores[ids] > 0, scores[ids] / sampling.repetition_penalty, scores[ids] * sampling.repetition_penalty
        )
    if sampling.temperature == 0:
        chosen = np.zeros_like(scores)
        chosen[scores.argmax()] = 1.0
        return chosen
    scores -= scores.max()  # so that nothing overflows, however low the temperature is
    scores /= max(sampling.temperature, 1e-30)
    if 0 < sampling.top_k < len(scores):
        kept = np.argpartition(scores, -sampling.top_k)[-sampling.top_k :]
        mask = np.full(len(scores), -np.inf)
        mask[kept] = 0
        scores += mask
    result: np.ndarray = softmax(scores)
    if sampling.top_p == 1 and sampling.min_p == 0:
        return result
    if sampling.top_p < 1:
        order = np.argsort(-result, kind="stable")
        before = np.cumsum(result[order]) - result[order]
        before[0] = -1  # the likeliest stays, however small the share
        result[order[before >= sampling.top_p]] = 0
    if sampling.min_p > 0:
        result[result < sampling.min_p * result.max()] = 0
    return np.asarray(result / result.sum())


def draw(distribution: np.ndarray, generator: np.random.Generator) -> int:
    """One id, by inverting the cumulative distribution at one uniform number; `CheckpointError` if it is none."""
    cumulative = np.cumsum(distribution, dtype=np.float64)
    if not cumulative[-1] > 0:
        raise CheckpointError("the model's probabilities are not numbers", hint="train it again, or take another copy")
    return int(np.searchsorted(cumulative, generator.random() * cumulative[-1], side="right"))
