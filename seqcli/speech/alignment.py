"""When each word was said, and how sure the network is of it: the best alignment of a transcript (Viterbi)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seqcli.text.tokenizer import Tokenizer

SLACK = 0.1  # seconds that a word is let begin before and end after its tokens, whose probabilities are short peaks


@dataclass(frozen=True)
class Word:
    """A word, when it begins and ends in seconds, and the geometric mean of its tokens' probabilities."""

    text: str
    start: float
    end: float
    confidence: float


def align(log_probabilities: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    """log_probabilities (steps, vocabulary + 1) -> for each step the number of its token, -1 for blank: the most
    probable of all alignments. `ValueError` when there are too few steps for the tokens."""
    steps, blank = len(log_probabilities), log_probabilities.shape[1] - 1
    states = np.full(2 * len(tokens) + 1, blank)
    states[1::2] = tokens
    emitted = log_probabilities[:, states]
    skip = np.zeros(len(states), bool)  # whether the blank before a token may be left out
    skip[3::2] = states[3::2] != states[1:-2:2]
    score = np.full(len(states), -np.inf)
    score[:2] = emitted[0, :2]
    moves = np.zeros((steps, len(states)), np.int8)
    for step in range(1, steps):
        one = np.append(-np.inf, score[:-1])
        two = np.where(skip, np.append([-np.inf, -np.inf], score[:-2])[: len(states)], -np.inf)
        ways = np.stack((score, one, two))
        moves[step] = ways.argmax(axis=0)
        score = ways.max(axis=0) + emitted[step]
    place = len(states) - 1
    if len(tokens) and score[place - 1] > score[place]:
        place -= 1
    if not np.isfinite(score[place]):
        raise ValueError("more tokens than steps")
    path = np.empty(steps, np.int64)
    for step in range(steps - 1, -1, -1):
        path[step] = place
        place -= int(moves[step, place])
    return np.where(path % 2, path // 2, -1)


def words_of(
    log_probabilities: np.ndarray, tokens: Sequence[int], tokenizer: Tokenizer, step_seconds: float, start: float = 0.0
) -> tuple[Word, ...]:
    """The words that tokens are, aligned; `start` is when the first step is, in seconds. Where two words would overlap,
    each has half of what they share."""
    if not tokens:
        return ()
    path = align(log_probabilities, tokens)
    steps = [np.flatnonzero(path == number) for number in range(len(tokens))]  # of each token
    sure = np.array([log_probabilities[own, token].max() for own, token in zip(steps, tokens, strict=True)])
    groups = _grouped(tokens, tokenizer)
    begins = [float(steps[members[0]][0]) * step_seconds - SLACK for _, members in groups]
    ends = [float(steps[members[-1]][-1] + 1) * step_seconds + SLACK for _, members in groups]
    between = [(end + begin) / 2 for end, begin in zip(ends, begins[1:], strict=False)]
    borders = pairwise([0.0, *between, len(path) * step_seconds])
    return tuple(
        Word(
            text,
            round(start + max(begin, left), 3),
            round(start + min(end, right), 3),
            round(math.exp(sure[members].mean()), 4),
        )
        for (text, members), begin, end, (left, right) in zip(groups, begins, ends, borders, strict=False)
    )


def _grouped(tokens: Sequence[int], tokenizer: Tokenizer) -> list[tuple[str, list[int]]]:
    """Words with the numbers of their tokens."""
    groups: list[tuple[str, list[int]]] = []
    decoder, text = tokenizer.stream_decoder(), ""
    held: list[int] = []  # tokens of a character that is not complete
    for number, token in enumerate(tokens):
        held.append(number)
        added = decoder.push(token) + (decoder.flush() if number == len(tokens) - 1 else "")
        text += added
        if added.strip():
            words = text.split()
            if len(words) > len(groups):
                groups.append(("", []))
            groups[-1] = (words[-1], groups[-1][1] + held)
        if added:
            held = []
    return groups
