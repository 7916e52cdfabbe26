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
) -> list[Word]:
    """The words that tokens are, aligned; `start` is when the first step is, in seconds."""
    if not tokens:
        return []
    path = align(log_probabilities, tokens)
    sure = np.array([log_probabilities[path == n, token].max() for n, token in enumerate(tokens)])
    first = np.array([np.argmax(path == n) for n in range(len(tokens))])
    last = len(path) - 1 - np.array([np.argmax(path[::-1] == n) for n in range(len(tokens))])
    words = []
    for text, members in _grouped(tokens, tokenizer):
        begin, end = float(first[members[0]]) * step_seconds, float(last[members[-1]] + 1) * step_seconds
        words.append(Word(text, begin - SLACK, end + SLACK, math.exp(sure[members].mean())))
    return _apart(words, len(path) * step_seconds, start)


def _grouped(tokens: Sequence[int], tokenizer: Tokenizer) -> list[tuple[str, list[int]]]:
    """Words with the numbers of their tokens."""
    groups: list[tuple[str, list[int]]] = []
    text = ""
    for number in range(len(tokens)):
        before, text = text, tokenizer.decode(tokens[: number + 1]).lstrip()
        if not text.strip() or text == before or not text[len(before) :].strip():
            continue
        if not groups or len(text.split()) > len(groups):
            groups.append(("", []))
        groups[-1] = (text.split()[-1], [*groups[-1][1], number])
    return groups


def _apart(words: Sequence[Word], seconds: float, start: float) -> list[Word]:
    """Words that do not overlap: where two would, each has half of what they share."""
    borders = [0.0]
    borders += [(before.end + after.start) / 2 for before, after in pairwise(words)]
    borders.append(seconds)
    return [
        Word(
            word.text,
            round(start + max(word.start, left), 3),
            round(start + min(word.end, right), 3),
            round(word.confidence, 4),
        )
        for word, left, right in zip(words, borders[:-1], borders[1:], strict=True)
    ]
