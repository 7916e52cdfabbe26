"""Phrases that a translation must contain, and how a beam is shared so that they come (Post & Vilar 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Constraints:
    """Phrases, as token ids, each of which must come as often as it is listed, in any order."""

    phrases: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """Tokens of all phrases together."""
        return sum(map(len, self.phrases))

    def __bool__(self) -> bool:
        return bool(self.phrases)


@dataclass(frozen=True)
class Progress:
    """How far a hypothesis is: the phrases it still lacks, and the one it is in the middle of with its next place."""

    missing: tuple[tuple[int, ...], ...]
    total: int
    current: tuple[int, ...] | None = None
    place: int = 0

    @classmethod
    def start(cls, constraints: Constraints | None) -> Progress:
        phrases = constraints.phrases if constraints is not None else ()
        return cls(phrases, sum(map(len, phrases)))

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def met(self) -> int:
        """Tokens of phrases that are there."""
        return self.total - sum(map(len, self.missing)) + self.place

    def wanted(self) -> list[int]:
        """Tokens that would bring it further."""
        if self.current is not None:
            return [self.current[self.place]]
        return list(dict.fromkeys(phrase[0] for phrase in self.missing))

    def after(self, token: int) -> Progress:
        """How far it is with one more token; a phrase that is not gone on with begins anew."""
        if self.current is not None and self.current[self.place] == token:
            return self._at(self.current, self.place + 1)
        for phrase in self.missing:
            if phrase[0] == token:
                return self._at(phrase, 1)
        return Progress(self.missing, self.total)

    def _at(self, phrase: tuple[int, ...], place: int) -> Progress:
        if place < len(phrase):
            return Progress(self.missing, self.total, phrase, place)
        missing = list(self.missing)
        missing.remove(phrase)
        return Progress(tuple(missing), self.total)


def choose_by_banks(
    candidates: Mapping[tuple[int, int], float], hypotheses: Sequence[Progress], beam: int
) -> list[tuple[int, int, float, Progress]]:
    """The `beam` continuations that live on, of `candidates` (place, token) → log p: place, token, log p, progress.

    Each number of constraint tokens met has an equal share of the beam, filled with its best; what a bank cannot fill
    goes to the banks that have met more, and then to the others. The likeliest come first.
    """
    banks: dict[int, list[tuple[int, int, float, Progress]]] = {}
    for (place, token), value in sorted(candidates.items(), key=lambda item: -item[1]):
        progress = hypotheses[place].after(token)
        banks.setdefault(progress.met, []).append((place, token, value, progress))
    chosen: list[tuple[int, int, float, Progress]] = []
    for share, met in enumerate(sorted(banks, reverse=True)):
        room = -(-(beam - len(chosen)) // (len(banks) - share))
        chosen += banks[met][:room]
        banks[met] = banks[met][room:]
    spare = sorted((c for bank in banks.values() for c in bank), key=lambda c: -c[2])
    return sorted(chosen + spare[: beam - len(chosen)], key=lambda c: -c[2])
