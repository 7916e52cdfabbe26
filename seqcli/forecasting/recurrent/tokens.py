"""The past at several rates: the latest values one by one, older ones as means over ever wider bins."""

from __future__ import annotations

import numpy as np

from seqcli.forecasting.classical.batch import mean_of_known

PATCH = 4  # bins a token
# width of the bins and number of tokens, from the latest back: 32 values one by one, 64, 256 and 1,024 in bins
RATES = ((1, 8), (2, 8), (8, 8), (32, 8))
CONTEXT = sum(width * tokens * PATCH for width, tokens in RATES)


def plan(length: int) -> list[tuple[int, int]]:
    """Width and number of tokens of the rates that histories of up to `length` values take."""
    chosen, left = [], length
    for width, tokens in RATES:
        if left <= 0:
            break
        chosen.append((width, min(tokens, -(-left // (width * PATCH)))))
        left -= width * tokens * PATCH
    return chosen


def count_tokens(lengths: np.ndarray) -> np.ndarray:
    """How many tokens histories of these lengths have. (batch,)"""
    result, left = np.zeros(len(lengths), int), np.asarray(lengths)
    for width, tokens in RATES:
        result += np.clip(-(-left // (width * PATCH)), 0, tokens)
        left = left - width * tokens * PATCH
    return result


def bins(rows: np.ndarray) -> np.ndarray:
    """Means over the bins of all rates, oldest first, of rows (time, …), NaN for nothing. (tokens, PATCH, …)"""
    rates = plan(len(rows))
    need = sum(width * tokens * PATCH for width, tokens in rates)
    rest = rows.shape[1:]
    if need > len(rows):
        rows = np.concatenate([np.full((need - len(rows), *rest), np.nan), rows])
    end, result = len(rows), []
    for width, tokens in rates:
        start = end - width * tokens * PATCH
        part = rows[start:end].reshape(tokens * PATCH, width, *rest)
        if width > 1:
            part = mean_of_known(part, axis=1, empty=np.nan)
        result.append(part.reshape(tokens, PATCH, *rest))
        end = start
    return np.concatenate(result[::-1])


def widths(length: int) -> np.ndarray:
    """The width of each token's bins, oldest first. (tokens,)"""
    return np.concatenate([np.full(tokens, width) for width, tokens in plan(length)][::-1])
