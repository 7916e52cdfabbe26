"""The part of a text that is held out for validation: random lines, or passages from all over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from seqcli.text.sources import Size, Sources, line_chunks

SEED = 2024  # of its own, so that runs with different seeds are measured on the same text
USUAL_SHARE, LARGEST_SHARE = 0.05, 0.1
WANTED, ENOUGH = 10_000, 1_000_000  # characters: below, a larger share is held out; more are never needed
STRETCHES, STRETCH = 10, 2000  # of a long text at most, and the fewest characters of one unless the text is short
TAIL_SHARE = 0.3  # from which on stretches would leave no room between them


@dataclass(frozen=True)
class HeldLines:
    """The lines with these numbers (sorted, from 0; blank ones are not counted) of a text are held out."""

    numbers: np.ndarray

    def part(self, chunks: Iterable[str], *, held: bool) -> Iterator[str]:
        """The lines that are held out, or the others, none of them blank, in pieces of whole lines."""
        number = 0
        for chunk in chunks:
            lines = [line for line in chunk.split("\n") if line.strip()]
            chosen = np.zeros(len(lines), bool)
            first, last = np.searchsorted(self.numbers, [number, number + len(lines)])
            chosen[self.numbers[first:last] - number] = True
            number += len(lines)
            kept = [line for line, is_held in zip(lines, chosen.tolist(), strict=True) if is_held == held]
            if kept:
                yield "\n".join(kept) + "\n"


def without_blank_lines(chunks: Iterable[str]) -> Iterator[str]:
    """A text without its blank lines, in pieces of whole lines."""
    return HeldLines(np.zeros(0, np.int64)).part(chunks, held=False)


@dataclass(frozen=True)
class HeldStretches:
    """The characters from each start to each stop are held out."""

    spans: tuple[tuple[int, int], ...]

    def part(self, chunks: Iterable[str], *, held: bool) -> Iterator[str]:
        """The text that is held out, or the rest, in pieces that end with a line."""
        return line_chunks(self._pieces(chunks, held))

    def _pieces(self, chunks: Iterable[str], held: bool) -> Iterator[str]:
        edges = [edge for span in self.spans for edge in span]
        place = passed = 0
        for chunk in chunks:
            while chunk:
                room = edges[passed] - place if passed < len(edges) else len(chunk)
                piece, chunk = chunk[:room], chunk[room:]
                if piece and (passed % 2 == 1) == held:
                    yield piece
                place += len(piece)
                passed += passed < len(edges) and place >= edges[passed]


def usual_share(characters: int) -> float:
    """The share of a text to hold out: more of a short one, less of one so long that a part says enough."""
    return min(max(USUAL_SHARE, min(WANTED / characters, LARGEST_SHARE)), ENOUGH / characters)


def hold_lines(size: Size, share: float) -> HeldLines:
    """One line in each of equally long runs of lines, at random: all places and all files have their share."""
    count = min(max(round(size.lines * share), 1), size.lines)
    edges = np.linspace(0, size.lines, count + 1).round().astype(np.int64)
    return HeldLines(np.random.default_rng(SEED).integers(edges[:-1], edges[1:]))


def hold_stretches(sources: Sources, size: Size, share: float) -> HeldStretches:
    """Passages from all over the text, starting and ending at line ends unless lines are too long. Large files have
    passages of their own, small files next to each other share some."""
    if share >= TAIL_SHARE:
        start, stop = size.characters - max(round(share * size.characters), 1), size.characters
        (start,) = _line_starts(sources.chunks(), [start], (stop - start) // 2)
        return HeldStretches(((start, stop),))
    generator = np.random.default_rng(SEED)
    wanted: list[int] = []
    stretches = min(max(int(size.characters * share / STRETCH), 1), STRETCHES)
    reach = size.characters
    for start, stop in _groups(size, max(size.characters // (2 * STRETCHES), STRETCH)):
        count = max(round(stretches * (stop - start) / size.characters), 1)
        edges = np.linspace(start, stop, count + 1).astype(np.int64)
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            length = max(round((high - low) * share), 1)
            begin = low + int(generator.integers(max(high - low - length - length // 2, 1)))
            wanted += [begin, begin + length]
            reach = min(reach, length // 2)
    edges_found = _line_starts(sources.chunks(), wanted, reach)
    return HeldStretches(tuple(zip(edges_found[::2], edges_found[1::2], strict=True)))


def _groups(size: Size, least: int) -> list[tuple[int, int]]:
    """Beginnings and ends of runs of files that are together at least `least` characters long."""
    groups: list[tuple[int, int]] = []
    start = 0
    for stop in (*size.files[1:], size.characters):
        if stop - start >= max(least, 1):
            groups.append((start, stop))
            start = stop
    if start < size.characters:  # the last files are too short: they go with those before
        first = groups.pop()[0] if groups else 0
        groups.append((first, size.characters))
    return groups


def _line_starts(chunks: Iterable[str], wanted: list[int], reach: int) -> list[int]:
    """For each of the places `wanted` (ascending), the first line start within `reach` characters, or the place."""
    found: list[int] = []
    place = 0
    for chunk in chunks:
        end = place + len(chunk)
        while len(found) < len(wanted) and wanted[len(found)] < end:
            want = wanted[len(found)]
            line_end = chunk.find("\n", max(want - place, 0), want + reach - place)
            if line_end < 0 and want + reach > end:
                break  # the line may end in the next chunk
            found.append(place + line_end + 1 if line_end >= 0 and want else want)
        place = end
    return found + wanted[len(found) :]
