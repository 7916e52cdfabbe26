"""Detection of translations that repeat themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LONGEST_PHRASE = 60  # tokens of a phrase whose repetition is noticed
REPEATS = 3  # of a phrase in a row that are never too many
SHORTEST_LOOP = 12  # tokens
CHECKED = 4  # steps from one look for loops to the next


def allowed_repeats(source: np.ndarray) -> int:
    """How often a phrase may follow itself in the translation of a source: once more than in the source, and at least
    `REPEATS` times."""
    most = 1
    for period in range(1, min(LONGEST_PHRASE, len(source) // 2) + 1):
        same = source[period:] == source[:-period]
        if np.count_nonzero(same) < (REPEATS - 1) * period:
            continue  # it comes too seldom to count
        runs = np.diff(np.flatnonzero(~np.concatenate(([False], same, [False])))) - 1
        most = max(most, int(runs.max()) // period + 1)
    return max(most + 1, REPEATS)


def loop_lengths(tokens: np.ndarray, repeats: np.ndarray) -> np.ndarray:
    """How many tokens at the end of each row only repeat the phrase before them, once that is more often than allowed.
    tokens (rows, steps), repeats (rows,) -> (rows,): 0 where there is no such loop. What repeats is at least
    `SHORTEST_LOOP` tokens long: digits, dots and laughter are no loops."""
    rows, steps = tokens.shape
    found = np.zeros(rows, np.int64)
    for period in range(1, min(LONGEST_PHRASE, steps // 2) + 1):
        spans = np.maximum(repeats, -(-SHORTEST_LOOP // period)) * period
        shortest = int(spans.min())
        if steps < shortest + period:
            continue
        looping = (tokens[:, steps - shortest :] == tokens[:, steps - shortest - period : steps - period]).all(axis=1)
        for row in np.flatnonzero(looping & (found == 0) & (spans + period <= steps)):
            start = steps - int(spans[row])
            if np.array_equal(tokens[row, start:], tokens[row, start - period : steps - period]):
                found[row] = spans[row]
    return found


def repeated_ngram(tokens: Sequence[int], size: int) -> list[int]:
    """Tokens that would complete a phrase of `size` tokens that `tokens` already contain."""
    begun = tokens[len(tokens) - size + 1 :]
    places = range(len(tokens) - size + 1)
    return [tokens[place + size - 1] for place in places if tokens[place : place + size - 1] == begun]
