"""What every format reads and writes: a sentence with its steps, a prediction for it, and the format itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from seqcli.tagging.schemes import Chunk


@dataclass(frozen=True)
class Sentence:
    """One sentence of a file; without `steps` it is what stands between sentences, or a blank line.

    `steps` are words, or a text whose characters are the steps. `labels` are as the file has them, None where it has
    none. `line` is where the sentence begins, from 1, `lines` where each step stands if that is not one line; `path` is
    the file, if it is read for training. `offsets` are where the steps begin and end in `text`. `source` is what the
    format that read it writes it from.
    """

    steps: Sequence[str]
    labels: Sequence[str] | None = None
    line: int = 1
    lines: Sequence[int] | None = None
    text: str | None = None
    offsets: Sequence[tuple[int, int]] | None = None
    source: Any = None
    path: str = ""

    def line_of(self, step: int) -> int:
        """The line of a step, from 1."""
        return self.lines[step] if self.lines is not None else self.line


@dataclass(frozen=True)
class Tagging:
    """Labels for a sentence, as files have them; their chunks, None where labels are no chunks; and on demand the
    probability of each step's label, log p of all of them in nats, and further taggings, the next best first. `steps`
    are the words or characters that the labels belong to, where there is no sentence beside it."""

    labels: Sequence[str]
    chunks: Sequence[Chunk] | None = None
    probabilities: Sequence[float] | None = None
    log_probability: float | None = None
    others: Sequence[Tagging] = field(default=())
    steps: Sequence[str] = ()


class Format(Protocol):
    """A way to write labelled sentences."""

    @property
    def name(self) -> str:
        """What `--format` calls it."""
        ...

    def read(self, lines: Iterable[str], path: str) -> Iterator[Sentence]:
        """The sentences of a file's lines, as they come; `DataError` names the line that cannot be read."""
        ...

    def write(self, sentence: Sentence, tagging: Tagging) -> str:
        """A sentence with its labels and line feeds; one that this format has read keeps everything else."""
        ...

    def describe(self) -> str:
        """What the format is and where the labels are, in a few words."""
        ...


def one_word(step: str) -> str:
    """A step for a format with blanks between words: blanks in it, and what ends a line, do not part it."""
    return re.sub(r"\s", "\u00a0", step)


def one_line(text: str) -> str:
    """Text for a format that has it on one line, or in one of several fields between TABs."""
    return re.sub(r"[\t\r\n]", " ", text)
