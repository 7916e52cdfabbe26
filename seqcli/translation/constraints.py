"""Phrases that a translation must contain, and how the beam is shared so that they occur (Post & Vilar 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.translation.nested import Chosen, Continuations

LIKELY_ENDS = 2  # an end among so many likeliest tokens ends a hypothesis that has met its constraints


Phrases = tuple[tuple[int, ...], ...]  # as token ids, each of which must occur as often as it is listed, in any order


@dataclass(frozen=True)
class Progress:
    """How far a hypothesis is: the phrases it lacks, and the one it is in the middle of with its next position."""

    missing: Phrases
    current: tuple[int, ...] | None = None
    place: int = 0

    @property
    def lacks(self) -> int:
        """How many tokens of phrases are still to come."""
        return sum(map(len, self.missing)) - self.place

    def wanted(self) -> list[int]:
        """Tokens that would advance it."""
        if self.current is not None:
            return [self.current[self.place]]
        return list(dict.fromkeys(phrase[0] for phrase in self.missing))

    def after(self, token: int) -> Progress:
        """The progress after one more token; a phrase that is not continued starts again."""
        if self.current is not None and self.current[self.place] == token:
            return self._at(self.current, self.place + 1)
        for phrase in self.missing:
            if phrase[0] == token:
                return self._at(phrase, 1)
        return Progress(self.missing)

    def _at(self, phrase: tuple[int, ...], place: int) -> Progress:
        if place < len(phrase):
            return Progress(self.missing, phrase, place)
        missing = list(self.missing)
        missing.remove(phrase)
        return Progress(tuple(missing))


def by_banks(
    found: Continuations,
    owners: np.ndarray,
    progress: Sequence[Progress],
    limits: np.ndarray,
    *,
    steps: int,
    beam: int,
    symbols: Sequence[int],
) -> tuple[Chosen, np.ndarray]:
    """As `nested.by_places`, with each sentence's beam shared among those who have met 0, 1, … constraints. `owners`
    (rows,) are the rows' sentences, `limits` (sentences,) the most tokens of these, of which `steps` are there;
    `symbols` come where the model puts them."""
    ends, levels = found.ends, np.full(len(owners), beam)
    chosen: list[tuple[int, int, int, int, float]] = []
    for owner, limit in enumerate(limits):
        candidates: dict[tuple[int, int], float] = {}
        for row in np.flatnonzero(owners == owner).tolist():
            values, tokens = found.values[row], found.tokens[row]
            # a term may come anywhere, a symbol where the model puts it, before an end without it, or late
            ending = ends[row] >= values[0] or 2 * steps >= limit
            candidates |= {(row, token): value for token, value in found.asked[row] if ending or token not in symbols}
            candidates |= {(row, t): v for t, v in zip(tokens.tolist(), values.tolist(), strict=True) if v > -np.inf}
            # an end that is no likely one would win with the phrases alone
            likely = ends[row] >= values[:LIKELY_ENDS][-1] or steps + 2 >= limit
            if not progress[row].missing and likely and np.isfinite(ends[row]):
                levels[row] = 0
        live = {key: value for key, value in candidates.items() if np.isfinite(value)}
        best = choose_by_banks(live, progress, beam)
        chosen += [(owner, place, row, token, value) for place, (row, token, value) in enumerate(best)]
    whole = np.array([of_row[:4] for of_row in chosen], np.int64).reshape(-1, 4).T
    return Chosen(whole[0], whole[1], whole[2], whole[3], np.array([of_row[4] for of_row in chosen])), levels


def choose_by_banks(
    candidates: Mapping[tuple[int, int], float], hypotheses: Sequence[Progress], beam: int
) -> list[tuple[int, int, float]]:
    """The `beam` continuations that live on, of `candidates` (row, token) → log p: row, token, log p. Each number of
    constraint tokens met has an equal share of the beam, filled with its best; what a bank cannot fill goes to the
    banks that have met more, and then to the others. The likeliest come first."""
    banks: dict[int, list[tuple[int, int, float]]] = {}
    for (row, token), value in sorted(candidates.items(), key=lambda item: -item[1]):
        banks.setdefault(hypotheses[row].after(token).lacks, []).append((row, token, value))
    chosen: list[tuple[int, int, float]] = []
    for share, lacks in enumerate(sorted(banks)):
        room = -(-(beam - len(chosen)) // (len(banks) - share))
        chosen += banks[lacks][:room]
        banks[lacks] = banks[lacks][room:]
    spare = sorted((c for bank in banks.values() for c in bank), key=lambda c: -c[2])
    return sorted(chosen + spare[: beam - len(chosen)], key=lambda c: -c[2])
