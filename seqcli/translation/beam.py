"""Beam search over a batch of sentences; with a beam of one it is greedy decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.model.cells import Array
from seqcli.model.probability import log_softmax
from seqcli.translation.attention import Memory
from seqcli.translation.decoder import DecoderState, TranslationDecoder

BLOCK = 64  # logits whose maximum is looked at before they are


@dataclass(frozen=True)
class Search:
    """How to search. `length_penalty` α: hypotheses are compared by log p / lengthᵅ (0: by log p alone).

    A translation has at most `max_length` tokens; None allows twice the source's tokens and ten.
    """

    beam: int = 5
    length_penalty: float = 1.0
    max_length: int | None = None
    n_best: int = 1
    attention: bool = False  # whether hypotheses come with their attention


@dataclass(frozen=True)
class Hypothesis:
    """A translation: its tokens without the end mark, log p in nats with it, the score it is ranked by, and on demand
    the attention's weights (tokens and end mark, source tokens and end mark)."""

    tokens: tuple[int, ...]
    log_probability: float
    score: float
    attention: np.ndarray | None = None


def beam_search(
    decoders: Sequence[TranslationDecoder],
    sources: Sequence[np.ndarray],
    search: Search,
    *,
    end_id: int,
    forbidden: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """The `n_best` best translations of each source (ids with the end mark at the end), best first.

    Several decoders are an ensemble: their probabilities are averaged. `forbidden` ids are never produced. Keys are
    projected once a sentence, and a sentence that is finished leaves the batch: after `beam` hypotheses have ended, or
    at its greatest length, where what is alive ends as it is.
    """
    return _Batch(decoders, sources, search, end_id, forbidden).run()


class _Batch:
    """The sentences still searched, `width` live hypotheses of each: rows are sentences · width."""

    def __init__(
        self,
        decoders: Sequence[TranslationDecoder],
        sources: Sequence[np.ndarray],
        search: Search,
        end_id: int,
        forbidden: Sequence[int],
    ) -> None:
        self.decoders, self.search, self.end_id, self.forbidden = decoders, search, end_id, list(forbidden)
        lengths = np.array([len(source) for source in sources])
        padded = np.full((len(sources), lengths.max()), end_id, np.int64)
        for row, source in enumerate(sources):
            padded[row, : len(source)] = source
        self.source_lengths = lengths
        self.limits = np.full(len(sources), search.max_length) if search.max_length else 2 * lengths + 10
        self.numbers = np.arange(len(sources))  # which sentence each place of the batch is
        self.finished: list[list[Hypothesis]] = [[] for _ in sources]
        self.width = 1  # grows to the beam after the first step
        self.tokens = np.empty((len(sources), 0), np.int64)
        self.last = np.full(len(sources), end_id)  # the first input, and then each step's output
        self.log_probabilities = np.zeros((len(sources), 1))
        self.attention: np.ndarray | None = None
        encoded = [decoder.encode(padded, lengths) for decoder in decoders]
        self.memories: list[Memory | None] = [memory for memory, _ in encoded]
        self.states: list[DecoderState] = [state for _, state in encoded]

    def run(self) -> list[list[Hypothesis]]:
        while len(self.numbers):
            scores = self._next_scores()
            self._extend(*largest(scores, 2 * self.search.beam))
            self._drop_finished()
        kept = self.search.n_best
        return [sorted(found, key=lambda h: -h.score)[:kept] for found in self.finished]

    def _next_scores(self) -> np.ndarray:
        """log p of each hypothesis with each next token: (sentences, width · vocabulary)."""
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
        scores[:, self.forbidden] = -np.inf
        if self.search.attention:
            self._remember(weights)
        scores += self.log_probabilities.reshape(-1, 1).astype(scores.dtype)
        return scores.reshape(len(self.numbers), -1)

    def _remember(self, weights: Sequence[Array | None]) -> None:
        """Keep this step's attention, the mean of the ensemble's: (rows, steps, source)."""
        there = [w if isinstance(w, np.ndarray) else np.asarray(w.float().cpu()) for w in weights if w is not None]
        if there:
            step = np.mean(there, axis=0)[:, None]
            self.attention = step if self.attention is None else np.concatenate((self.attention, step), axis=1)

    def _extend(self, scores: np.ndarray, places: np.ndarray) -> None:
        """Take the best continuations: scores and places (sentences, 2 · beam) in scores' (width · vocabulary)."""
        beam, sentences = self.search.beam, len(self.numbers)
        missing = 2 * beam - scores.shape[1]
        if missing > 0:  # a beam wider than the vocabulary: places where nothing lives
            scores = np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf)
            places = np.pad(places, ((0, 0), (0, missing)))
        vocabulary = self.decoders[0].config.vocabulary
        parents, tokens = places // vocabulary, places % vocabulary
        parents += np.arange(sentences)[:, None] * self.width  # rows
        ends = tokens == self.end_id
        # a hypothesis that ends among the best `beam` is finished; the best `beam` of the others live on
        for sentence, rank in zip(*np.nonzero(ends[:, :beam]), strict=True):
            if np.isfinite(scores[sentence, rank]):
                self._finish(int(sentence), int(parents[sentence, rank]), float(scores[sentence, rank]), ended=True)
        order = np.argsort(ends, axis=1, kind="stable")[:, :beam]
        chosen = (np.arange(sentences)[:, None], order)
        rows = parents[chosen].ravel()
        self.last = tokens[chosen].ravel()
        self.log_probabilities = scores[chosen].astype(np.float64)
        self.log_probabilities[ends[chosen]] = -np.inf  # fewer continuations than the beam: nothing lives there
        self.tokens = np.concatenate((self.tokens[rows], self.last[:, None]), axis=1)
        if self.attention is not None:
            self.attention = self.attention[rows]
        self.width = beam
        self._rows_to_select = rows

    def _drop_finished(self) -> None:
        """End sentences at their greatest length, let those that are done leave, and move the states along."""
        steps, beam = self.tokens.shape[1], self.search.beam
        for place in np.nonzero(steps >= self.limits)[0]:
            for rank in range(beam):
                value = float(self.log_probabilities[place, rank])
                if len(self.finished[self.numbers[place]]) < beam and np.isfinite(value):
                    self._finish(int(place), int(place) * beam + rank, value, ended=False)
        live = np.isfinite(self.log_probabilities).any(axis=1)
        full = np.array([len(self.finished[number]) >= beam for number in self.numbers], dtype=bool)
        going = np.nonzero(live & ~full & (steps < self.limits))[0]
        rows = (going[:, None] * beam + np.arange(beam)).ravel()
        parents = self._rows_to_select[rows]
        self.states = [d.select(state, parents) for d, state in zip(self.decoders, self.states, strict=True)]
        if len(going) < len(self.numbers):
            self.memories = [
                decoder.select_memory(memory, going)
                for decoder, memory in zip(self.decoders, self.memories, strict=True)
            ]
            self.numbers, self.limits = self.numbers[going], self.limits[going]
            self.log_probabilities = self.log_probabilities[going]
            self.tokens, self.last = self.tokens[rows], self.last[rows]
            if self.attention is not None:
                self.attention = self.attention[rows]

    def _finish(self, place: int, row: int, log_probability: float, *, ended: bool) -> None:
        tokens = tuple(map(int, self.tokens[row]))
        length = len(tokens) + ended
        score = log_probability / max(length, 1) ** self.search.length_penalty
        number = int(self.numbers[place])
        hypothesis = Hypothesis(tokens, log_probability, score)
        if self.attention is not None:
            weights = self.attention[row, :, : self.source_lengths[number]].copy()
            hypothesis = replace(hypothesis, attention=weights)
        self.finished[number].append(hypothesis)


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
