"""Beam search over a batch of sentences; with a beam of one it is greedy decoding.

The beam is nested: its first place is the greedy path, and place i holds the best continuation of places 1 to i that
none of those before it holds (monotonic beam search, Lemons et al. 2022). So a wider beam sees all that a narrower one
sees, and never returns a translation that scores lower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.model.arrays import Array
from seqcli.model.probability import log_softmax
from seqcli.translation.attention import Memory
from seqcli.translation.constraints import Constraints, Progress, choose_by_banks
from seqcli.translation.decoder import DecoderState, TranslationDecoder
from seqcli.translation.repetition import CHECKED, allowed_repeats, loop_lengths, repeated_ngram

LIKELY_ENDS = 2  # an end among so many likeliest tokens ends a hypothesis that has met its constraints
BLOCK = 64  # logits whose maximum is looked at before they are


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
    sentence's constraints ask for them. Keys are projected once a sentence. A sentence leaves the batch when nothing
    that is alive can still score higher than the last of its `n_best`, since log p only falls and a translation is no
    longer than its limit; a beam of one leaves with its first end.
    """
    return _Batch(decoders, sentences, search, end_id, forbidden).run()


class _Batch:
    """The sentences still searched, `width` places of each: rows are sentences · width."""

    def __init__(
        self,
        decoders: Sequence[TranslationDecoder],
        sentences: Sequence[Sentence],
        search: Search,
        end_id: int,
        forbidden: Sequence[int],
    ) -> None:
        self.decoders, self.search, self.end_id, self.forbidden = decoders, search, end_id, list(forbidden)
        self.sentences = sentences
        lengths = np.array([len(sentence.source) for sentence in sentences])
        padded = np.full((len(sentences), lengths.max()), end_id, np.int64)
        for row, sentence in enumerate(sentences):
            padded[row, : len(sentence.source)] = sentence.source
        self.source_lengths = lengths
        self.limits = np.array([search.max_length or sentence.limit for sentence in sentences])
        self.repeats = np.array([allowed_repeats(sentence.source[:-1]) for sentence in sentences])
        self.numbers = np.arange(len(sentences))  # which sentence each place of the batch is
        self.finished: list[list[Hypothesis]] = [[] for _ in sentences]
        self.constrained = any(sentence.constraints for sentence in sentences)
        asked = max((s.constraints.size for s in sentences if s.constraints is not None), default=0)
        self.beam = search.beam + asked  # room for a hypothesis of each number of constraints met
        self.progress = [[Progress.start(s.constraints)] for s in sentences] if self.constrained else []
        self.width = 1  # grows to the beam after the first step
        self.tokens = np.empty((len(sentences), 0), np.int64)
        self.last = np.full(len(sentences), end_id)  # the first input, and then each step's output
        self.log_probabilities = np.zeros((len(sentences), 1))
        self.attention: np.ndarray | None = None
        encoded = [decoder.encode(padded, lengths) for decoder in decoders]
        self.memories: list[Memory | None] = [memory for memory, _ in encoded]
        self.states: list[DecoderState] = [state for _, state in encoded]

    def run(self) -> list[list[Hypothesis]]:
        while len(self.numbers):
            self._extend(self._next_scores())
            self._stop_loops()
            self._drop_finished()
        nothing = [Hypothesis((), 0.0, -np.inf, ended=False)]  # where all that could come was forbidden
        return [sorted(found or nothing, key=lambda h: -h.score)[: self.search.n_best] for found in self.finished]

    def _next_scores(self) -> np.ndarray:
        """log p of each hypothesis with each next token: (rows, vocabulary)."""
        logits, weights = [], []
        for number, decoder in enumerate(self.decoders):
            readout, self.states[number], weight = decoder.step(self.last, self.states[number], self.memories[number])
            logits.append(decoder.logits(readout))
            weights.append(weight)
        scores = log_softmax(logits[0])
        if len(logits) > 1:
            for more in logits[1:]:
                np.logaddexp(scores, log_softmax(more), out=scores)
            scores -= np.log(len(logits))
        if self.search.attention:
            self._remember(weights)
        scores += self.log_probabilities.reshape(-1, 1).astype(scores.dtype)
        self._forbid(scores)
        return scores

    def _forbid(self, scores: np.ndarray) -> None:
        """Take away what may not come next: scores (rows, vocabulary)."""
        step, asked = self.tokens.shape[1], self._asked_tokens()
        kept = [(row, token, scores[row, token]) for row, tokens in asked for token in tokens]
        scores[:, self.forbidden] = -np.inf
        for row, token, score in kept:
            scores[row, token] = score
        if self.search.no_repeat_ngram:
            for row, tokens in enumerate(self.tokens.tolist()):
                scores[row, repeated_ngram(tokens, self.search.no_repeat_ngram)] = -np.inf
        for place, number in enumerate(self.numbers):
            prefix = self.sentences[int(number)].prefix
            if step < len(prefix):
                rows = slice(place * self.width, (place + 1) * self.width)
                forced = scores[rows, prefix[step]].copy()
                scores[rows] = -np.inf
                scores[rows, prefix[step]] = forced

    def _asked_tokens(self) -> list[tuple[int, list[int]]]:
        """Rows, and the tokens that the constraints want next there."""
        return [
            (place * self.width + rank, progress.wanted())
            for place, hypotheses in enumerate(self.progress)
            for rank, progress in enumerate(hypotheses)
        ]

    def _remember(self, weights: Sequence[Array | None]) -> None:
        """Keep this step's attention, the mean of the ensemble's: (rows, steps, source)."""
        there = [w if isinstance(w, np.ndarray) else np.asarray(w.float().cpu()) for w in weights if w is not None]
        if there:
            step = np.mean(there, axis=0)[:, None]
            self.attention = step if self.attention is None else np.concatenate((self.attention, step), axis=1)

    def _extend(self, scores: np.ndarray) -> None:
        """Take the best continuations; scores (rows, vocabulary)."""
        sentences, beam = len(self.numbers), self.beam
        ends = scores[:, self.end_id].reshape(sentences, self.width).copy()
        scores[:, self.end_id] = -np.inf
        values, tokens = largest(scores, beam)
        shape = (sentences, self.width, values.shape[1])
        if self.constrained:
            places, chosen, best, ended = self._constrained(scores, values, tokens, ends)
        else:
            places, chosen, best, ended = _nested(values.reshape(shape), tokens.reshape(shape), ends, beam)
        for place, rank in zip(*np.nonzero(ended), strict=True):
            self._finish(int(place), int(place) * self.width + int(rank), float(ends[place, rank]), ended=True)
        rows = (places + np.arange(sentences)[:, None] * self.width).ravel()
        self.last = chosen.ravel()
        self.log_probabilities = best.astype(np.float64)
        self.tokens = np.concatenate((self.tokens[rows], self.last[:, None]), axis=1)
        if self.attention is not None:
            self.attention = self.attention[rows]
        self.width, self._parents = beam, rows

    def _constrained(
        self, scores: np.ndarray, values: np.ndarray, tokens: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """As `_nested`, with the places of each sentence's beam shared among those who have met 0, 1, … constraints."""
        sentences, beam, steps = len(self.numbers), self.beam, self.tokens.shape[1]
        places, chosen = np.zeros((sentences, beam), np.int64), np.zeros((sentences, beam), np.int64)
        best, ended = np.full((sentences, beam), -np.inf), np.zeros(ends.shape, bool)
        for sentence, hypotheses in enumerate(self.progress):
            first = sentence * self.width
            candidates: dict[tuple[int, int], float] = {}
            for rank, progress in enumerate(hypotheses):
                row = first + rank
                if not np.isfinite(self.log_probabilities[sentence, rank]):
                    continue
                # a term may come anywhere, a symbol where the model puts it, before an end without it, or late
                ending = ends[sentence, rank] >= values[row, 0] or 2 * steps >= self.limits[sentence]
                asked = [token for token in progress.wanted() if ending or token not in self.forbidden]
                for token in (*asked, *tokens[row].tolist()):
                    candidates[rank, token] = float(scores[row, token])
                # an end that is no likely one would win with the phrases alone
                likely = ends[sentence, rank] >= values[row, :LIKELY_ENDS][-1] or steps + 2 >= self.limits[sentence]
                ended[sentence, rank] = progress.complete and likely and np.isfinite(ends[sentence, rank])
            live = {key: value for key, value in candidates.items() if np.isfinite(value)}
            picked = choose_by_banks(live, hypotheses, beam)
            self.progress[sentence] = [p for _, _, _, p in picked] + [hypotheses[0]] * (beam - len(picked))
            for rank, (parent, token, value, _) in enumerate(picked):
                places[sentence, rank], chosen[sentence, rank], best[sentence, rank] = parent, token, value
        return places, chosen, best, ended

    def _stop_loops(self) -> None:
        """Hypotheses that only repeat themselves live no longer; the phrase stays once where there is nothing else."""
        if self.tokens.shape[1] % CHECKED:
            return
        lengths = loop_lengths(self.tokens, np.repeat(self.repeats[self.numbers], self.width))
        if not lengths.any():
            return
        lengths = lengths.reshape(len(self.numbers), self.width)
        alive = np.isfinite(self.log_probabilities)
        for place, rank in zip(*np.nonzero((lengths > 0) & alive), strict=True):
            value = float(self.log_probabilities[place, rank])
            kept = self.tokens.shape[1] - int(lengths[place, rank])
            self._finish(int(place), int(place) * self.width + int(rank), value, ended=False, kept=kept)
            self.log_probabilities[place, rank] = -np.inf

    def _drop_finished(self) -> None:
        """End sentences at their greatest length, let those that are done leave, and move the states along."""
        steps, width = self.tokens.shape[1], self.width
        for place in np.nonzero(steps >= self.limits)[0]:
            for rank in np.nonzero(np.isfinite(self.log_probabilities[place]))[0]:
                if self.constrained and self.finished[self.numbers[place]]:
                    break  # what lacks a phrase is no better than what has all
                value = float(self.log_probabilities[place, rank])
                self._finish(int(place), int(place) * width + int(rank), value, ended=False)
        going = np.array([place for place in range(len(self.numbers)) if self._goes_on(place, steps)], np.int64)
        rows = (going[:, None] * width + np.arange(width)).ravel()
        parents = self._parents[rows]
        self.states = [d.select(state, parents) for d, state in zip(self.decoders, self.states, strict=True)]
        if len(going) < len(self.numbers):
            self.memories = [
                decoder.select_memory(memory, going)
                for decoder, memory in zip(self.decoders, self.memories, strict=True)
            ]
            self.numbers, self.limits = self.numbers[going], self.limits[going]
            self.log_probabilities = self.log_probabilities[going]
            self.tokens, self.last = self.tokens[rows], self.last[rows]
            if self.constrained:
                self.progress = [self.progress[place] for place in going]
            if self.attention is not None:
                self.attention = self.attention[rows]

    def _goes_on(self, place: int, steps: int) -> bool:
        best = float(self.log_probabilities[place].max())
        if steps >= self.limits[place] or not np.isfinite(best):
            return False
        ended = sorted((h.score for h in self.finished[self.numbers[place]] if h.ended), reverse=True)
        if len(ended) < self.search.n_best:
            return True
        if self.search.beam == 1:
            return False
        reachable: float = best / self.limits[place] ** self.search.length_penalty
        return bool(reachable > ended[self.search.n_best - 1])

    def _finish(self, place: int, row: int, log_probability: float, *, ended: bool, kept: int | None = None) -> None:
        tokens = tuple(map(int, self.tokens[row, :kept]))
        length = self.tokens.shape[1] + ended
        score = -np.inf if kept is not None else log_probability / max(length, 1) ** self.search.length_penalty
        number = int(self.numbers[place])
        hypothesis = Hypothesis(tokens, log_probability, score, ended)
        if self.attention is not None:
            weights = self.attention[row, : len(tokens) + ended, : self.source_lengths[number]].copy()
            hypothesis = replace(hypothesis, attention=weights)
        self.finished[number].append(hypothesis)


def _nested(
    values: np.ndarray, tokens: np.ndarray, ends: np.ndarray, beam: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which continuations live on, and which hypotheses end.

    values and tokens (sentences, width, n): log p of the best continuations of each place without its end; ends
    (sentences, width): log p with the end. Returns places, tokens and log p (sentences, beam), and whether each
    hypothesis ended (sentences, width): it did if its end is at least as likely as a continuation that was taken.
    """
    sentences, width, count = values.shape
    pool = values.reshape(sentences, -1).copy()
    every = np.arange(sentences)
    picked = np.zeros((sentences, beam), np.int64)
    best = np.empty((sentences, beam))
    ended = np.zeros(ends.shape, bool)
    for place in range(beam):
        seen = min(place + 1, width)
        picked[:, place] = pool[:, : seen * count].argmax(axis=1)
        best[:, place] = pool[every, picked[:, place]]
        pool[every, picked[:, place]] = -np.inf
        ended[:, :seen] |= ends[:, :seen] >= best[:, place, None]
    ended &= np.isfinite(ends)
    return picked // count, tokens.reshape(sentences, -1)[every[:, None], picked], best, ended


def largest(scores: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` largest of each row of (rows, n), falling, and their places; of equals the first comes first.

    All of the row's largest lie in the `count` blocks with the largest maxima, so only those are sorted.
    """
    rows, size = scores.shape
    count = min(count, size)
    starts = np.arange(0, size, BLOCK)
    if len(starts) > 2 * count:
        maxima = np.maximum.reduceat(scores, starts, axis=1)
        blocks = np.sort(np.argpartition(-maxima, count - 1, axis=1)[:, :count], axis=1)
        places = (blocks[:, :, None] * BLOCK + np.arange(BLOCK)).reshape(rows, -1)
        inside = places < size
        places = np.minimum(places, size - 1)
        candidates = np.where(inside, np.take_along_axis(scores, places, axis=1), -np.inf)
    else:
        places = np.broadcast_to(np.arange(size), scores.shape)
        candidates = scores
    order = np.argsort(-candidates, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(places, order, axis=1)
