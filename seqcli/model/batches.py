"""Sequences side by side: which of them, so that little of a batch is padding."""

from __future__ import annotations

import numpy as np


def packed(order: np.ndarray, lengths: np.ndarray, most: float) -> list[np.ndarray]:
    """The numbers of sequences in `order` as consecutive batches of at most `most` places (the longest of the `lengths`
    in it times their number), or of one sequence."""
    batches, start, longest = [], 0, 0.0
    for place, length in enumerate(lengths[order].tolist()):
        longest = max(longest, length)
        if place > start and longest * (place - start + 1) > most:
            batches.append(order[start:place])
            start, longest = place, length
    return [*batches, order[start:]]
