"""The exceptions a user can meet, and the exit code each one ends a command with.

    SeqcliError            1   something failed while running
    ├── UsageError         2   the options do not fit together or to the input
    ├── DataError          3   the input data cannot be used: says what, where (file, line, column) and the remedy
    ├── CheckpointError    4   a model file cannot be used
    └── TrainingError      1   training cannot go on (loss not finite, out of memory, output not writable)

A `message` says what is wrong and where, a `hint` says what to do about it. The command line prints both and exits
with `exit_code`; library callers catch `SeqcliError`. Messages name options as the command line does (`--max-tokens`);
from Python they are the arguments (`max_tokens`), which `naming_arguments` sees to.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

INTERRUPTED = 130  # 128 + SIGINT
TERMINATED = 143  # 128 + SIGTERM
MOST_LISTED, LONGEST_LISTED = 12, 40  # names, and characters of each
LONGEST_MESSAGE = 1000  # characters; what is quoted in a message may be a whole line without end


class SeqcliError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        if len(message) > LONGEST_MESSAGE:
            message = f"{message[: LONGEST_MESSAGE // 2]} … {message[-LONGEST_MESSAGE // 4 :]}"
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SeqcliError):
    """The options do not fit together, or not to the input or the model."""

    exit_code = 2


class DataError(SeqcliError):
    """Input data that cannot be used.

    `path`, `line` (from 1) and `column` (a name, or a position from 1) are put before the message when given.
    """

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        path: object = None,
        line: int | None = None,
        column: object = None,
        hint: str | None = None,
    ) -> None:
        place = [str(path)] if path is not None else []
        if line is not None:
            place.append(f"line {line}")
        if column is not None:
            place.append(f"column {column}")
        super().__init__(f"{', '.join(place)}: {message}" if place else message, hint=hint)


class CheckpointError(SeqcliError):
    """A model file that is damaged, foreign, hostile or newer than this program."""

    exit_code = 4


class TrainingError(SeqcliError):
    """Training that cannot start or go on."""


def listed(names: Iterable[str]) -> str:
    """Names for a message: the first dozen, long ones cut."""
    shown = list(itertools.islice(names, MOST_LISTED + 1))
    cut = [name if len(name) <= LONGEST_LISTED else f"{name[: LONGEST_LISTED - 1]}…" for name in shown[:MOST_LISTED]]
    return ", ".join([*cut, "…"] if len(shown) > MOST_LISTED else cut)


NAMED_OTHERWISE = {"level": "levels", "from": "start"}  # options that Python has by another name
TURNED_OFF = {"untied": "tied", "unguided": "guided", "month-first": "day_first"}  # by flags of names of their own
_OPTION = re.compile(r"(?<![\w-])--(no-(?!repeat-ngram))?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)|(?<![\w-])-o(?![\w-])")


def as_arguments(text: str) -> str:
    """A message with options as Python has them: `--max-tokens` is `max_tokens`, `--untied` is `tied=False`."""

    def argument(found: re.Match[str]) -> str:
        if found[2] is None:
            return "output"
        if found[2] in TURNED_OFF:
            return f"{TURNED_OFF[found[2]]}=False"
        name = NAMED_OTHERWISE.get(found[2], found[2].replace("-", "_"))
        return name + ("=False" if found[1] else "")

    return _OPTION.sub(argument, text)


def naming_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function for callers from Python: what it raises names arguments, and says its hint."""

    @functools.wraps(function)
    def called(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return function(*arguments, **options)
        except SeqcliError as problem:
            problem.message = as_arguments(problem.message)
            problem.hint = as_arguments(problem.hint) if problem.hint else None
            problem.args = (f"{problem.message} ({problem.hint})" if problem.hint else problem.message,)
            raise

    return called
