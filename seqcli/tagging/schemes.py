"""Chunks as labels of steps: IOB1, IOB2, BIOES, BILOU and BMES, told apart, read, checked and written.

A chunk is (start, end, kind): steps from `start` to before `end`. Bare prefixes (`B`, `I`, …) have the kind "".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Chunk = tuple[int, int, str]
OUTSIDE = "O"


@dataclass(frozen=True)
class Scheme:
    """A way to write chunks: the prefix of a chunk's beginning, inside and end, and of a chunk of one step. `begins` is
    whether each chunk begins with its own prefix; in IOB1 only one that follows another of its kind does."""

    name: str
    begin: str
    inside: str
    end: str
    single: str
    begins: bool = True

    @property
    def prefixes(self) -> frozenset[str]:
        return frozenset((self.begin, self.inside, self.end, self.single))

    def labels(self, chunks: Iterable[Chunk], length: int) -> list[str]:
        """One label a step; steps in no chunk are `O`."""
        labels, before = [OUTSIDE] * length, (-1, "")
        for start, end, kind in chunks:
            ending = f"-{kind}" if kind else ""
            if self.begins:
                first = self.single if end - start == 1 else self.begin
            else:
                first = self.begin if before == (start, kind) else self.inside
            labels[start:end] = [
                first + ending,
                *[self.inside + ending] * (end - start - 2),
                *[self.end + ending] * (end - start > 1),
            ]
            before = (end, kind)
        return labels

    def chunks(self, labels: Sequence[str]) -> tuple[list[Chunk], list[int]]:
        """The chunks, and the steps at which the scheme is broken (a chunk that goes on without a beginning, or that
        begins and does not end). A broken beginning is taken for one, a missing end for one before the next step."""
        chunks: list[Chunk] = []
        broken: list[int] = []
        marks_ends = self.end != self.inside
        start, kind = -1, ""  # of the chunk that is open
        for step, label in enumerate(labels):
            prefix, new = split(label)
            goes_on = start >= 0 and new == kind and prefix in (self.inside, self.end)
            if start >= 0 and not goes_on:
                if marks_ends:
                    broken.append(step - 1)
                chunks.append((start, step, kind))
                start = -1
            if prefix == OUTSIDE:
                continue
            if not goes_on:
                follows = bool(chunks) and chunks[-1][1:] == (step, new)
                if (prefix in (self.inside, self.end)) if self.begins else (prefix == self.begin and not follows):
                    broken.append(step)
                start, kind = step, new
            if marks_ends and prefix in (self.end, self.single):
                chunks.append((start, step + 1, kind))
                start = -1
        if start >= 0:
            if marks_ends:
                broken.append(len(labels) - 1)
            chunks.append((start, len(labels), kind))
        return chunks, sorted(set(broken))


SCHEMES = (
    Scheme("IOB2", "B", "I", "I", "B"),
    Scheme("IOB1", "B", "I", "I", "I", begins=False),
    Scheme("BIOES", "B", "I", "E", "S"),
    Scheme("BILOU", "B", "I", "L", "U"),
    Scheme("BMES", "B", "M", "E", "S"),
)
BIOES = SCHEMES[2]
MOST = 0.9  # of the labels that look like those of chunks
_CHUNK = re.compile("[BIESMLU]-.+")
_LIKE_CHUNKS = re.compile("[biesmlu][-_].+|.+[-_][biesmlu]|o|0", re.IGNORECASE)
_BEGINS = re.compile("b[-_].+|.+[-_]b", re.IGNORECASE)


def foreign(labels: Iterable[str], scheme: Scheme) -> set[str]:
    """The labels that are not of `scheme`."""
    return {label for label in set(labels) if split(label)[0] not in scheme.prefixes | {OUTSIDE}}


def nearly(labels: Iterable[str]) -> list[str]:
    """Labels that keep others from being read as those of chunks, where nearly all look like such: `b-per`, `B_PER`,
    `PER-B`, `0`."""
    counts = Counter(labels)
    alike = {label: count for label, count in counts.items() if _LIKE_CHUNKS.fullmatch(label)}
    if sum(alike.values()) < MOST * sum(counts.values()) or not any(map(_BEGINS.fullmatch, alike)):
        return []
    return [label for label in counts if label != OUTSIDE and not _CHUNK.fullmatch(label)]


def split(label: str) -> tuple[str, str]:
    """Prefix and kind of a chunk label."""
    prefix, _, kind = label.partition("-")
    return prefix, kind


def recognise(sentences: Iterable[Sequence[str]]) -> Scheme | None:
    """The chunk scheme that labels are written in, by their prefixes; None where they are not labels of chunks. Between
    IOB1 and IOB2, whose prefixes are the same, it is the one that is broken less often."""
    found = list(sentences)
    kinds = {label for labels in found for label in labels}
    parts = [split(label) for label in kinds if label != OUTSIDE]
    prefixes = {prefix for prefix, _ in parts}
    bare = {label for label in kinds if "-" not in label and label != OUTSIDE}
    if not parts or any(not split(label)[1] for label in kinds - bare - {OUTSIDE}):
        return None
    if bare and (len(bare) < len(parts) or not (prefixes >= {"B", "E"} or OUTSIDE in kinds)):
        return None  # bare letters are chunks only where all are, and something shows that they are no tags
    fitting = [scheme for scheme in SCHEMES if prefixes <= scheme.prefixes]
    if fitting[:2] == list(SCHEMES[:2]):
        return min(fitting[:2], key=lambda scheme: sum(len(scheme.chunks(labels)[1]) for labels in found))
    return fitting[0] if fitting else None
