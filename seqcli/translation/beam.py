"""Beam search over a batch of sentences; with a beam of one it is greedy decoding.

The beam is nested (`seqcli.translation.nested`): its first place is the greedy path. A hypothesis dies when it cannot
come to a higher score than the best that ended in its place or one before it, so that this, too, depends on no later
place: a wider beam never returns a translation that scores lower. What is dead costs nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.model.arrays import Array, to_numpy
from seqcli.model.probability import log_normaliser, log_softmax
from seqcli.translation.attention import Memory
from seqcli.translation.bitext import pad
from seqcli.translation.constraints import Phrases, Progress, by_banks
from seqcli.translation.decoder import DecoderState, TranslationDecoder
from seqcli.translation.nested import Chosen, Continuations, by_places, largest
from seqcli.translation.options import TranslateRequest
from seqcli.translation.repetition import CHECKED, allowed_repeats, loop_lengths, repeated_ngram


@dataclass(frozen=True)
class Sentence:
    """What is searched for: the source's ids with the end mark, the most tokens of its translation, tokens that the
    translation begins with, and phrases that must be in it."""

    source: np.ndarray
    limit: int
    prefix: tuple[int, ...] = ()
    phrases: Phrases = ()


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
    search: TranslateRequest,
    *,
    end_id: int,
    forbidden: Sequence[int] = (),
    attention: bool = False,
) -> list[list[Hypothesis]]:
    """The `n_best` best translations of each sentence, best first; those cut in a loop come last.

    Several decoders are an ensemble: their probabilities are averaged. `forbidden` ids are never produced, unless a
    sentence's phrases have them. A hypothesis can win no more when the last of the `n_best` that ended scores higher
    than log p, which only falls, over the greatest length would; a beam of one ends with its first end. With
    `attention` hypotheses come with their attention.
    """
    return _Batch(decoders, sentences, search, end_id, forbidden, attention).run()


@dataclass(frozen=True)
class _Rows:
    """The hypotheses that are alive, by sentence and place in its beam: these, (rows,) each, the end mark and the
    tokens after it (rows, 1 + steps), log p (rows,), how far their constraints are met (none where nothing has any),
    and on demand their attention (rows, steps, source)."""

    owners: np.ndarray
    places: np.ndarray
    tokens: np.ndarray
    log_probabilities: np.ndarray
    progress: list[Progress]
    attention: np.ndarray | None = None

    @property
    def steps(self) -> int:
        return int(self.tokens.shape[1]) - 1

    def of(self, rows: np.ndarray) -> _Rows:
        return _Rows(
            self.owners[rows],
            self.places[rows],
            self.tokens[rows],
            self.log_probabilities[rows],
            [self.progress[row] for row in rows] if self.progress else [],
            None if self.attention is None else self.attention[rows],
        )

    def continued(self, chosen: Chosen, alive: np.ndarray) -> _Rows:
        before, tokens = self.of(chosen.parents[alive]), chosen.tokens[alive]
        return replace(
            before,
            owners=chosen.owners[alive],
            places=chosen.places[alive],
            tokens=np.concatenate((before.tokens, tokens[:, None]), axis=1),
            log_probabilities=chosen.values[alive],
            progress=[p.after(int(token)) for p, token in zip(before.progress, tokens, strict=bool(before.progress))],
        )


class _Batch:
    """The sentences still searched, and the hypotheses of each that are alive."""

    def __init__(
        self,
        decoders: Sequence[TranslationDecoder],
        sentences: Sequence[Sentence],
        search: TranslateRequest,
        end_id: int,
        forbidden: Sequence[int],
        attention: bool,
    ) -> None:
        self.decoders, self.search, self.end_id, self.forbidden = decoders, search, end_id, list(forbidden)
        self.attention = attention
        self.sentences, count = sentences, len(sentences)
        padded, lengths = pad([sentence.source for sentence in sentences], end_id)
        self.limits = np.array([search.max_length or sentence.limit for sentence in sentences])
        self.repeats = np.array([allowed_repeats(sentence.source[:-1]) for sentence in sentences])
        self.finished: list[list[Hypothesis]] = [[] for _ in sentences]
        self.constrained = any(sentence.phrases for sentence in sentences)
        asked = max((sum(map(len, sentence.phrases)) for sentence in sentences), default=0)
        self.beam = search.beam + asked  # room for a hypothesis of each number of constraints met
        self.best = np.full((count, self.beam, search.n_best), -np.inf)  # scores that ended, by who sees them
        self.numbers = np.arange(count)  # of the sentences that are still searched
        progress = [Progress(sentence.phrases) for sentence in sentences] if self.constrained else []
        begun = np.full((count, 1), end_id)
        self.rows = _Rows(np.arange(count), np.zeros(count, np.int64), begun, np.zeros(count), progress)
        encoded = [decoder.encode(padded.T, lengths) for decoder in decoders]
        self.memories: list[Memory | None] = [memory for memory, _ in encoded]
        self.states: list[DecoderState] = [state for _, state in encoded]

    def run(self) -> list[list[Hypothesis]]:
        while len(self.numbers):
            found = self._continuations()
            chosen, levels = self._choose(found)
            self._finish_ended(found, levels)
            self._go_on(chosen)
        nothing = [Hypothesis((), 0.0, -np.inf, ended=False)]  # where all that could come was forbidden
        return [sorted(found or nothing, key=lambda h: -h.score)[: self.search.n_best] for found in self.finished]

    # -- what may come next --------------------------------------------------------------------------------------------

    def _continuations(self) -> Continuations:
        logits, weights, rows = [], [], self.rows
        for number, decoder in enumerate(self.decoders):
            memory, state = self.memories[number], self.states[number]
            readout, self.states[number], weight = decoder.step(rows.tokens[:, -1], state, memory, rows.owners)
            logits.append(decoder.logits(readout))
            weights.append(weight)
        if self.attention:
            self._remember(weights)
        scores, so_far = logits[0], rows.log_probabilities
        if len(logits) == 1:
            so_far = so_far - log_normaliser(scores)
        else:
            scores = log_softmax(scores)
            for more in logits[1:]:
                np.logaddexp(scores, log_softmax(more), out=scores)
            so_far = so_far - np.log(len(logits))
        forced = self._forced(scores)
        asked = [
            [(token, scores[row, token]) for token in (p.wanted() if row not in forced else ())]
            for row, p in enumerate(rows.progress)
        ]
        self._forbid(scores)
        for row, of_row in enumerate(asked):
            for token, value in of_row:
                scores[row, token] = value
        for row, (token, value) in forced.items():
            scores[row] = -np.inf
            scores[row, token] = value
        ends = scores[:, self.end_id] + so_far
        scores[:, self.end_id] = -np.inf
        values, tokens = largest(scores, self.beam)
        return Continuations(
            values + so_far[:, None],
            tokens,
            ends,
            [[(token, float(value + so_far[row])) for token, value in of_row] for row, of_row in enumerate(asked)],
        )

    def _forced(self, scores: np.ndarray) -> dict[int, tuple[int, float]]:
        """The next token of each row that is within the prefix of its sentence, and its score."""
        step, prefixes = self.rows.steps, [self.sentences[int(number)].prefix for number in self.numbers]
        if all(len(prefix) <= step for prefix in prefixes):
            return {}
        of_rows = enumerate(prefixes[int(owner)] for owner in self.rows.owners)
        return {row: (prefix[step], scores[row, prefix[step]]) for row, prefix in of_rows if len(prefix) > step}

    def _forbid(self, scores: np.ndarray) -> None:
        """Take away what may not come next: scores (rows, vocabulary)."""
        scores[:, self.forbidden] = -np.inf
        if self.search.no_repeat_ngram:
            for row, tokens in enumerate(self.rows.tokens[:, 1:].tolist()):
                scores[row, repeated_ngram(tokens, self.search.no_repeat_ngram)] = -np.inf

    def _remember(self, weights: Sequence[Array | None]) -> None:
        """Keep this step's attention, the mean of the ensemble's."""
        there = [to_numpy(w) for w in weights if w is not None]
        if there:
            step, before = np.mean(there, axis=0)[:, None], self.rows.attention
            whole = step if before is None else np.concatenate((before, step), axis=1)
            self.rows = replace(self.rows, attention=whole)

    # -- which of it lives on ------------------------------------------------------------------------------------------

    def _choose(self, found: Continuations) -> tuple[Chosen, np.ndarray]:
        """What lives on, and for each row the first place that sees its end, or the beam's width."""
        rows = self.rows
        if not self.constrained:
            return by_places(found, rows.owners, rows.places, (len(self.numbers), self.beam))
        limits = self.limits[self.numbers]
        return by_banks(
            found, rows.owners, rows.progress, limits, steps=rows.steps, beam=self.beam, symbols=self.forbidden
        )

    def _go_on(self, chosen: Chosen) -> None:
        """Make the chosen continuations the rows, but for those that are cut or cannot win any more."""
        seen = self.best[chosen.owners, chosen.places].min(axis=1)
        limits = self.limits[self.numbers[chosen.owners]]
        reachable = chosen.values / limits**self.search.length_penalty
        alive = np.flatnonzero(seen == -np.inf if self.search.beam == 1 else reachable > seen)
        self.rows = self.rows.continued(chosen, alive)
        kept = np.flatnonzero(~(self._cut(self.rows.steps >= limits[alive]) | self._cut_loops()))
        parents = chosen.parents[alive][kept]
        self.states = [d.select(state, parents) for d, state in zip(self.decoders, self.states, strict=True)]
        self.rows = self.rows.of(kept)
        going = np.flatnonzero(np.bincount(self.rows.owners))  # np.unique would load numpy.ma, which takes a while
        if len(going) < len(self.numbers):
            pairs = zip(self.decoders, self.memories, strict=True)
            self.memories = [decoder.select_memory(memory, going) for decoder, memory in pairs]
            self.numbers, self.best = self.numbers[going], self.best[going]
            self.rows = replace(self.rows, owners=np.searchsorted(going, self.rows.owners))

    # -- what ends -----------------------------------------------------------------------------------------------------

    def _finish_ended(self, found: Continuations, levels: np.ndarray) -> None:
        """Keep the hypotheses that ended here, as far as they are among the best that their place has seen."""
        scores = found.ends / (self.rows.steps + 1) ** self.search.length_penalty
        for row in np.flatnonzero(levels < self.beam).tolist():
            seen = self.best[self.rows.owners[row], levels[row] :]
            if scores[row] > seen[0].min():
                self._finish(row, float(found.ends[row]), float(scores[row]))
                seen[np.arange(len(seen)), seen.argmin(axis=1)] = np.maximum(seen.min(axis=1), scores[row])

    def _cut(self, over: np.ndarray) -> np.ndarray:
        """Finish the rows that have come to their greatest length, `over`, as they are."""
        for row in np.flatnonzero(over).tolist():
            if self.constrained and self.finished[self.numbers[self.rows.owners[row]]]:
                continue  # what lacks a phrase is no better than what has all
            value = float(self.rows.log_probabilities[row])
            self._finish(row, value, value / self.rows.steps**self.search.length_penalty, ended=False)
        return over

    def _cut_loops(self) -> np.ndarray:
        """Finish the rows that only repeat themselves; the phrase stays once where there is nothing else."""
        rows = self.rows
        if rows.steps % CHECKED or not len(rows.owners):
            return np.zeros(len(rows.owners), bool)
        lengths = loop_lengths(rows.tokens[:, 1:], self.repeats[self.numbers[rows.owners]])
        for row in np.flatnonzero(lengths).tolist():
            value = float(rows.log_probabilities[row])
            self._finish(row, value, -np.inf, ended=False, kept=rows.steps - int(lengths[row]))
        return lengths > 0

    def _finish(
        self, row: int, log_probability: float, score: float, *, ended: bool = True, kept: int | None = None
    ) -> None:
        rows = self.rows
        tokens = tuple(map(int, rows.tokens[row, 1:][:kept]))
        number = int(self.numbers[rows.owners[row]])
        weights = None
        if rows.attention is not None:
            weights = rows.attention[row, : len(tokens) + ended, : len(self.sentences[number].source)].copy()
        self.finished[number].append(Hypothesis(tokens, log_probability, score, ended, weights))
