"""Beam search over a batch of sentences; with a beam of one it is greedy decoding.

The beam is nested (`seqcli.translation.nested`): its first place is the greedy path. A hypothesis dies when it cannot
come to a higher score than the best that ended in its place or one before it, so that this, too, depends on no later
place: a wider beam never returns a translation that scores lower. What is dead costs nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seqcli.model.arrays import Array
from seqcli.model.probability import log_normaliser, log_softmax
from seqcli.translation.attention import Memory
from seqcli.translation.constraints import Constraints, Progress, choose_by_banks
from seqcli.translation.decoder import DecoderState, TranslationDecoder
from seqcli.translation.nested import largest, nested
from seqcli.translation.repetition import CHECKED, allowed_repeats, loop_lengths, repeated_ngram

LIKELY_ENDS = 2  # an end among so many likeliest tokens ends a hypothesis that has met its constraints


@dataclass(frozen=True)
class Search:
    """How to search. `length_penalty` α: hypotheses are compared by log p / lengthᵅ (0: by log p alone).

    A translation has at most `max_length` tokens; None leaves that to the model, which knows how long those of its
    training pairs were. No phrase of `no_repeat_ngram` tokens comes twice in a translation (0: any may).
    """

    beam: int = 5
    length_penalty: float = 1.0
    max_length: int | None = None
    n_best: int = 1
    attention: bool = False  # whether hypotheses come with their attention
    no_repeat_ngram: int = 0


@dataclass(frozen=True)
class Sentence:
    """What is searched for: the source's ids with the end mark, the most tokens of its translation, tokens that the
    translation begins with, and phrases that must be in it."""

    source: np.ndarray
    limit: int
    prefix: tuple[int, ...] = ()
    constraints: Constraints | None = None


@dataclass(frozen=True)
class Hypothesis:
    """A translation: its tokens without the end mark, log p in nats with it, the score it is ranked by (-inf for a
    loop), whether it came to its end (or was cut at the limit, or in a loop), and on demand the attention's weights
    (tokens and end mark, source tokens and end mark)."""

    tokens: tuple[int, ...]
    log_probability: float
    score: float
    ended: bool = True
    attention: np.ndarray | None = None


def beam_search(
    decoders: Sequence[TranslationDecoder],
    sentences: Sequence[Sentence],
    search: Search,
    *,
    end_id: int,
    forbidden: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """The `n_best` best translations of each sentence, best first; those cut in a loop come last.

    Several decoders are an ensemble: their probabilities are averaged. `forbidden` ids are never produced, unless a
    sentence's constraints ask for them. Keys are projected once a sentence. A hypothesis can win no more when the last
    of the `n_best` that ended scores higher than log p, which only falls, over the greatest length would; a beam of one
    ends with its first end.
    """
    return _Batch(decoders, sentences, search, end_id, forbidden).run()


@dataclass(frozen=True)
class _Continuations:
    """Of each row: log p with its likeliest next tokens (rows, n) and these, log p with the end mark (rows,), and log p
    with each token that its constraints ask for."""

    values: np.ndarray
    tokens: np.ndarray
    ends: np.ndarray
    asked: list[list[tuple[int, float]]]


@dataclass(frozen=True)
class _Chosen:
    """The next rows: their sentences and places in the beam, the rows they continue with which token, and their log p,
    (rows,) each; how far their constraints are met."""

    owners: np.ndarray
    places: np.ndarray
    parents: np.ndarray
    tokens: np.ndarray
    values: np.ndarray
    progress: list[Progress] = field(default_factory=list)


class _Batch:
    """The sentences still searched, and a row for each of their hypotheses that is alive, by sentence and place."""

    def __init__(
        self,
        decoders: Sequence[TranslationDecoder],
        sentences: Sequence[Sentence],
        search: Search,
        end_id: int,
        forbidden: Sequence[int],
    ) -> None:
        self.decoders, self.search, self.end_id, self.forbidden = decoders, search, end_id, list(forbidden)
        self.sentences, count = sentences, len(sentences)
        lengths = np.array([len(sentence.source) for sentence in sentences])
        padded = np.full((count, lengths.max()), end_id, np.int64)
        for row, sentence in enumerate(sentences):
            padded[row, : len(sentence.source)] = sentence.source
        self.limits = np.array([search.max_length or sentence.limit for sentence in sentences])
        self.repeats = np.array([allowed_repeats(sentence.source[:-1]) for sentence in sentences])
        self.finished: list[list[Hypothesis]] = [[] for _ in sentences]
        self.constrained = any(sentence.constraints for sentence in sentences)
        asked = max((s.constraints.size for s in sentences if s.constraints is not None), default=0)
        self.beam = search.beam + asked  # room for a hypothesis of each number of constraints met
        self.best = np.full((count, self.beam, search.n_best), -np.inf)  # scores that ended, by who sees them
        self.numbers = np.arange(count)  # of the sentences that are still searched
        self.owners, self.places = np.arange(count), np.zeros(count, np.int64)  # of each row: sentence, place
        self.tokens = np.empty((count, 0), np.int64)
        self.last = np.full(count, end_id)  # the first input, and then each step's output
        self.log_probabilities = np.zeros(count)
        self.progress = [Progress.start(s.constraints) for s in sentences] if self.constrained else []
        self.attention: np.ndarray | None = None
        encoded = [decoder.encode(padded, lengths) for decoder in decoders]
        self.memories: list[Memory | None] = [memory for memory, _ in encoded]
        self.states: list[DecoderState] = [state for _, state in encoded]

    def run(self) -> list[list[Hypothesis]]:
        while len(self.numbers):
            found = self._continuations()
            chosen, levels = self._by_banks(found) if self.constrained else self._by_places(found)
            self._finish_ended(found, levels)
            self._go_on(chosen)
        nothing = [Hypothesis((), 0.0, -np.inf, ended=False)]  # where all that could come was forbidden
        return [sorted(found or nothing, key=lambda h: -h.score)[: self.search.n_best] for found in self.finished]

    # -- what may come next --------------------------------------------------------------------------------------------

    def _continuations(self) -> _Continuations:
        logits, weights = [], []
        for number, decoder in enumerate(self.decoders):
            memory, state = self.memories[number], self.states[number]
            readout, self.states[number], weight = decoder.step(self.last, state, memory, self.owners)
            logits.append(decoder.logits(readout))
            weights.append(weight)
        if self.search.attention:
            self._remember(weights)
        scores, so_far = logits[0], self.log_probabilities
        if len(logits) == 1:
            so_far = so_far - log_normaliser(scores)
        else:
            scores = log_softmax(scores)
            for more in logits[1:]:
                np.logaddexp(scores, log_softmax(more), out=scores)
            so_far = so_far - np.log(len(logits))
        asked = [[(token, scores[row, token]) for token in p.wanted()] for row, p in enumerate(self.progress)]
        self._forbid(scores)
        for row, of_row in enumerate(asked):
            for token, value in of_row:
                scores[row, token] = value
        ends = scores[:, self.end_id] + so_far
        scores[:, self.end_id] = -np.inf
        values, tokens = largest(scores, self.beam)
        return _Continuations(
            values + so_far[:, None],
            tokens,
            ends,
            [[(token, float(value + so_far[row])) for token, value in of_row] for row, of_row in enumerate(asked)],
        )

    def _forbid(self, scores: np.ndarray) -> None:
        """Take away what may not come next: scores (rows, vocabulary)."""
        step = self.tokens.shape[1]
        scores[:, self.forbidden] = -np.inf
        if self.search.no_repeat_ngram:
            for row, tokens in enumerate(self.tokens.tolist()):
                scores[row, repeated_ngram(tokens, self.search.no_repeat_ngram)] = -np.inf
        prefixes = [self.sentences[int(number)].prefix for number in self.numbers]
        for row, owner in enumerate(self.owners if any(len(prefix) > step for prefix in prefixes) else ()):
            prefix = prefixes[int(owner)]
            if step < len(prefix):
                forced = scores[row, prefix[step]]
                scores[row] = -np.inf
                scores[row, prefix[step]] = forced

    def _remember(self, weights: Sequence[Array | None]) -> None:
        """Keep this step's attention, the mean of the ensemble's: (rows, steps, source)."""
        there = [w if isinstance(w, np.ndarray) else np.asarray(w.float().cpu()) for w in weights if w is not None]
        if there:
            step = np.mean(there, axis=0)[:, None]
            self.attention = step if self.attention is None else np.concatenate((self.attention, step), axis=1)

    # -- which of it lives on ------------------------------------------------------------------------------------------

    def _by_places(self, found: _Continuations) -> tuple[_Chosen, np.ndarray]:
        """The nested beam's choice, and for each row the first place that sees its end, or the beam's width."""
        shape = (len(self.numbers), self.beam)
        values = np.full((*shape, found.values.shape[1]), -np.inf)
        ends, rows = np.full(shape, -np.inf), np.zeros(shape, np.int64)
        here = self.owners, self.places
        values[here], ends[here], rows[here] = found.values, found.ends, np.arange(len(self.owners))
        parents, numbers, best, levels = nested(values, ends)
        owners, places = np.nonzero(np.isfinite(best))
        parent = rows[owners, parents[owners, places]]
        tokens = found.tokens[parent, numbers[owners, places]]
        return _Chosen(owners, places, parent, tokens, best[owners, places]), levels[here]

    def _by_banks(self, found: _Continuations) -> tuple[_Chosen, np.ndarray]:
        """As `_by_places`, with each sentence's beam shared among those who have met 0, 1, … constraints."""
        steps, ends, levels = self.tokens.shape[1], found.ends, np.full(len(self.owners), self.beam)
        chosen: list[tuple[int, int, int, int, float]] = []
        progress: list[Progress] = []
        for owner, number in enumerate(self.numbers):
            limit = self.limits[number]
            candidates: dict[tuple[int, int], float] = {}
            for row in np.flatnonzero(self.owners == owner).tolist():
                values, tokens = found.values[row], found.tokens[row]
                # a term may come anywhere, a symbol where the model puts it, before an end without it, or late
                ending = ends[row] >= values[0] or 2 * steps >= limit
                for token, value in found.asked[row]:
                    if ending or token not in self.forbidden:
                        candidates[row, token] = value
                candidates |= {(row, t): v for t, v in zip(tokens.tolist(), values.tolist(), strict=True)}
                # an end that is no likely one would win with the phrases alone
                likely = ends[row] >= values[:LIKELY_ENDS][-1] or steps + 2 >= limit
                if self.progress[row].complete and likely and np.isfinite(ends[row]):
                    levels[row] = 0
            live = {key: value for key, value in candidates.items() if np.isfinite(value)}
            for place, (row, token, value, now) in enumerate(choose_by_banks(live, self.progress, self.beam)):
                chosen.append((owner, place, row, token, value))
                progress.append(now)
        whole = np.array([of_row[:4] for of_row in chosen], np.int64).reshape(-1, 4).T
        values = np.array([of_row[4] for of_row in chosen])
        return _Chosen(whole[0], whole[1], whole[2], whole[3], values, progress), levels

    def _go_on(self, chosen: _Chosen) -> None:
        """Make the chosen continuations the rows, but for those that are cut or cannot win any more."""
        limits = self.limits[self.numbers]
        seen = self.best[chosen.owners, chosen.places].min(axis=1)
        reachable = chosen.values / limits[chosen.owners] ** self.search.length_penalty
        alive = np.flatnonzero(seen == -np.inf if self.search.beam == 1 else reachable > seen)
        parents = chosen.parents[alive]
        self.owners, self.places, self.last = chosen.owners[alive], chosen.places[alive], chosen.tokens[alive]
        self.log_probabilities = chosen.values[alive]
        self.tokens = np.concatenate((self.tokens[parents], self.last[:, None]), axis=1)
        self.progress = [chosen.progress[row] for row in alive] if self.constrained else []
        if self.attention is not None:
            self.attention = self.attention[parents]
        rows = np.flatnonzero(~(self._cut(self.tokens.shape[1] >= limits[self.owners]) | self._cut_loops()))
        self.states = [d.select(state, parents[rows]) for d, state in zip(self.decoders, self.states, strict=True)]
        if len(rows) < len(parents):
            self._keep(rows)
        going = np.unique(self.owners)
        if len(going) < len(self.numbers):
            pairs = zip(self.decoders, self.memories, strict=True)
            self.memories = [decoder.select_memory(memory, going) for decoder, memory in pairs]
            self.numbers, self.best = self.numbers[going], self.best[going]
            self.owners = np.searchsorted(going, self.owners)

    def _keep(self, rows: np.ndarray) -> None:
        """Let the other rows go."""
        self.owners, self.places, self.last = self.owners[rows], self.places[rows], self.last[rows]
        self.tokens, self.log_probabilities = self.tokens[rows], self.log_probabilities[rows]
        self.progress = [self.progress[row] for row in rows] if self.constrained else []
        if self.attention is not None:
            self.attention = self.attention[rows]

    # -- what ends -----------------------------------------------------------------------------------------------------

    def _finish_ended(self, found: _Continuations, levels: np.ndarray) -> None:
        """Keep the hypotheses that ended here, as far as they are among the best that their place has seen."""
        scores = found.ends / (self.tokens.shape[1] + 1) ** self.search.length_penalty
        for row in np.flatnonzero(levels < self.beam).tolist():
            seen = self.best[self.owners[row], levels[row] :]
            if scores[row] > seen[0].min():
                self._finish(row, float(found.ends[row]), float(scores[row]))
                seen[np.arange(len(seen)), seen.argmin(axis=1)] = np.maximum(seen.min(axis=1), scores[row])

    def _cut(self, over: np.ndarray) -> np.ndarray:
        """Finish the rows that have come to their greatest length, `over`, as they are."""
        for row in np.flatnonzero(over).tolist():
            if self.constrained and self.finished[self.numbers[self.owners[row]]]:
                continue  # what lacks a phrase is no better than what has all
            value = float(self.log_probabilities[row])
            self._finish(row, value, value / self.tokens.shape[1] ** self.search.length_penalty, ended=False)
        return over

    def _cut_loops(self) -> np.ndarray:
        """Finish the rows that only repeat themselves; the phrase stays once where there is nothing else."""
        steps = self.tokens.shape[1]
        if steps % CHECKED or not len(self.owners):
            return np.zeros(len(self.owners), bool)
        lengths = loop_lengths(self.tokens, self.repeats[self.numbers[self.owners]])
        for row in np.flatnonzero(lengths).tolist():
            value = float(self.log_probabilities[row])
            self._finish(row, value, -np.inf, ended=False, kept=steps - int(lengths[row]))
        return lengths > 0

    def _finish(
        self, row: int, log_probability: float, score: float, *, ended: bool = True, kept: int | None = None
    ) -> None:
        tokens = tuple(map(int, self.tokens[row, :kept]))
        number = int(self.numbers[self.owners[row]])
        hypothesis = Hypothesis(tokens, log_probability, score, ended)
        if self.attention is not None:
            weights = self.attention[row, : len(tokens) + ended, : len(self.sentences[number].source)].copy()
            hypothesis = replace(hypothesis, attention=weights)
        self.finished[number].append(hypothesis)
