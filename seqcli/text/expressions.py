"""Regular expressions that a user or a model file gives: what is none is said, and matching has a limit of time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from seqcli.errors import UsageError

LIMIT = 1.0, 1e-6  # seconds of processor time for a text, and more for each of its characters
# the numbers in braces multiplied: the time it takes to compile grows with those within others
MOST_REPEATS = 100_000


def compiled(expression: str) -> Any:
    """The pattern of an expression; `ValueError` for what is none."""
    import regex  # as `re`, but with a limit of time in any thread

    try:
        if math.prod(max(1, int(number)) for number in re.findall(r"\{(?:\d*,)?(\d+)", expression)) > MOST_REPEATS:
            raise ValueError("it repeats too often")
        return regex.compile(expression)
    except (regex.error, ValueError, OverflowError, RecursionError) as problem:
        raise ValueError(f"{expression!r:.80} is not a regular expression: {problem}") from problem


def substituted(pattern: Any, replace: Callable[[Any], str], text: str) -> str:
    """`text` with what `replace` makes of each match; `UsageError` when it takes too long, as `(a|aa)+$` does, which
    tries every way to divide a text."""
    try:
        made: str = pattern.sub(replace, text, timeout=LIMIT[0] + LIMIT[1] * len(text))
    except TimeoutError:
        raise UsageError(
            f"--keep {pattern.pattern!r:.60} takes too long on the text {text!r:.60}",
            hint="alternatives that overlap, such as (a|aa)+, try every way to divide a text: write them as one",
        ) from None
    return made
