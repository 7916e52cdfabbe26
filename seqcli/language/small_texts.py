"""Small texts: how often they are worth reading, in what batches, and how much dropout they ask for.

A network learns a small text by heart long before a budget of minutes is spent. What it learns of other text of the
kind is learnt in about the same number of updates whatever the text (`benchmarks/tried.md`): so batches are small
where the text is, and the run ends when that many updates are done and the text was read often enough.
"""

from __future__ import annotations

import math

SMALL, LARGE = 100_000, 500_000  # tokens up to which a text is small, and from which on it is not
SMALL_NETWORK = 500_000  # recurrent weights (one layer of 256) that no small text teaches more than
UPDATES, PASSES = 750, 12.0  # of a small text that are enough: whichever takes longer
DROPOUT, DECAY = 0.5, 0.1  # on small texts read so often
FEWEST_ROWS, SHORT_STEPS = 8, 32  # of a batch of a small text: streams or lines, and time steps
VALIDATIONS, PATIENCE = 20, 8  # looks at the validation text in a run that ends by updates, and those without gain


def smallness(tokens: int) -> float:
    """1 for a small text, 0 for a large one, by the logarithm of the length in between."""
    return min(max(1 - math.log(max(tokens, 1) / SMALL, LARGE / SMALL), 0.0), 1.0)


def line_batch(lines: int, tokens: int, most_tokens: int) -> int:
    """How many of `lines` lines with `tokens` tokens together a batch should have: fifty batches, of `most_tokens`."""
    mean = tokens / max(lines, 1)
    return max(FEWEST_ROWS, min(lines // 50, int(most_tokens / mean)))


def stream_batch(tokens: int, rows: int, steps: int) -> tuple[int, int]:
    """Streams and time steps of a batch of one text: `rows` × `steps`, less where that would be few batches."""
    wanted = tokens / 75
    if wanted >= rows * steps:
        return rows, steps
    steps = min(steps, SHORT_STEPS)
    return max(FEWEST_ROWS, min(rows, int(wanted / steps))), steps


def most_passes(tokens: int, batch_tokens: float) -> float:
    """How often a text of `tokens` tokens is worth reading in batches of `batch_tokens`."""
    return max(PASSES, UPDATES * batch_tokens / max(tokens, 1)) * max(1.0, tokens / SMALL)
