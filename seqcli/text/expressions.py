"""Regular expressions that a user or a model file gives: what is none is said, and matching has a limit of time."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from seqcli.errors import UsageError

LIMIT = 1.0, 1e-6  # seconds of processor time for a text, and more for each of its characters


def compiled(expression: str) -> re.Pattern[str]:
    """The pattern of an expression; `ValueError` for what is none."""
    try:
        return re.compile(expression)
    except (re.error, OverflowError, RecursionError) as problem:
        raise ValueError(f"{expression!r:.80} is not a regular expression: {problem}") from problem


@contextmanager
def limited(pattern: re.Pattern[str], text: str) -> Iterator[None]:
    """Around a search: `UsageError` when it takes too long, as `(a+)+$` does, which tries every way to divide a text.

    The search is interrupted by a signal, which only the main thread hears; there is no limit in other threads.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(number: int, frame: FrameType | None) -> None:
        raise UsageError(
            f"--keep {pattern.pattern!r:.60} takes too long on the text {text!r:.60}",
            hint="a repetition within another, such as (a+)+, tries every way to divide a text: write it with one",
        )

    before = signal.signal(signal.SIGVTALRM, expire)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT[0] + LIMIT[1] * len(text))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
