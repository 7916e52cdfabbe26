"""The exceptions a user can meet, and the exit code each one ends a command with.

    SeqcliError            1   something failed while running
    ├── UsageError         2   the options do not fit together or to the input
    ├── DataError          3   the input data cannot be used: says what, where (file, line, column) and the remedy
    ├── CheckpointError    4   a model file cannot be used
    └── TrainingError      1   training cannot go on (loss not finite, out of memory, output not writable)

A `message` says what is wrong and where, a `hint` says what to do about it. The command line prints both and exits
with `exit_code`; library callers catch `SeqcliError`.
"""

from __future__ import annotations

INTERRUPTED = 130  # 128 + SIGINT
TERMINATED = 143  # 128 + SIGTERM


class SeqcliError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
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
