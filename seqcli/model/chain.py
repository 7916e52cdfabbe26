"""A linear-chain conditional random field in use, on NumPy: the best labels, the n best, and marginal probabilities.

A batch is (time, sentences, labels), the longest sentence first; at every step only the sentences that are still there
are worked on. `crf.py` trains the field.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from seqcli.model.encoding import alive

FORBIDDEN = -1e4  # nats: the score of a transition that cannot be; its exponential is 0
CELLS = 1 << 18  # scores that are compared at once: what stays in a core's cache
TINY = np.float32(1e-30)
HUGE = np.float32(1e30)  # of what a label could still gain, far beyond any that is trained
Linked: TypeAlias = "tuple[int, Linked] | None"  # a label and those after it


@dataclass(frozen=True)
class Chain:
    """Scores in nats of what labels follow one another: transitions (from, to), start and end (labels,)."""

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def best(self, emissions: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        """The most probable labels of each sentence (Viterbi 1967): emissions (time, batch, labels), lengths (batch,)
        of at least 1, falling -> one array (length,) a sentence."""
        time, batch, _ = emissions.shape
        if not self.transitions.any() and not self.start.any() and not self.end.any():  # each step is decided alone
            free = emissions.argmax(2)
            return [free[: lengths[row], row] for row in range(batch)]
        scores = self._best_scores(emissions, lengths)
        labels = np.empty((time, batch), np.int64)
        later = 0  # sentences that have a next step
        for t, count in zip(range(time - 1, -1, -1), reversed(alive(lengths)), strict=True):
            if later:  # a label is what made the best score of the next one: nothing needs to be kept for it
                labels[t, :later] = (scores[t, :, :later] + self.transitions[:, labels[t + 1, :later]]).argmax(0)
            if count > later:
                labels[t, later:count] = (scores[t, :, later:count] + self.end[:, None]).argmax(0)
            later = count
        return [labels[: lengths[row], row] for row in range(batch)]

    def _best_scores(self, emissions: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The score of the best labels up to each step that end in each label: (time, labels, batch), since there may
        be few labels but are many sentences, which are gone through in one piece."""
        scores = emissions.transpose(0, 2, 1).copy()
        scores[0] += self.start[:, None]
        for t, count in enumerate(alive(lengths)[1:], 1):
            scores[t, :, :count] += self._best_before(scores[t - 1, :, :count])
        return scores

    def _best_before(self, scores: np.ndarray) -> np.ndarray:
        """scores (from, batch) -> the best of score + transition to each label, (to, batch)."""
        size, batch = scores.shape
        block = max(1, CELLS // (batch * size))
        best: np.ndarray = (scores[:block, None] + self.transitions[:block, :, None]).max(0)
        for first in range(block, size, block):
            part = scores[first : first + block, None] + self.transitions[first : first + block, :, None]
            np.maximum(best, part.max(0), out=best)
        return best

    def n_best(self, emissions: np.ndarray, count: int) -> list[tuple[np.ndarray, float]]:
        """The `count` most probable label sequences of one sentence, (time, labels), and their scores, best first. A
        search from the end whose estimate of what is still to come is exact, so that no partial sequence is looked into
        that is not part of an answer (Soong & Huang 1991)."""
        scores = self._best_scores(emissions[:, None], np.array([len(emissions)]))[:, :, 0].astype(np.float64)
        transitions = self.transitions.astype(np.float64)
        serial = itertools.count()  # of two that are as good, the first comes first
        last = len(emissions) - 1
        queue: list[tuple[float, int, int, int, float, Linked]] = [
            (-(scores[last, label] + end), next(serial), last, label, float(end), None)
            for label, end in enumerate(self.end.astype(np.float64))
        ]
        heapq.heapify(queue)
        found: list[tuple[np.ndarray, float]] = []
        while queue and len(found) < count:
            cost, _, t, label, after, path = heapq.heappop(queue)
            if -cost <= FORBIDDEN / 2:
                break
            path = (label, path)
            if t == 0:
                labels = []
                while path is not None:
                    label, path = path
                    labels.append(label)
                found.append((np.array(labels), -cost))
                continue
            after += float(emissions[t, label])
            for before, score in enumerate(scores[t - 1] + transitions[:, label] + after):
                if score > FORBIDDEN / 2 and len(queue) < 4_000_000:
                    rest = float(transitions[before, label]) + after
                    heapq.heappush(queue, (-float(score), next(serial), t - 1, before, rest, path))
        return found

    def marginals(self, emissions: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities of each label at each step, as `emissions`, and the log of what all label sequences of a
        sentence sum to, (batch,) (the forward-backward algorithm, scaled at every step)."""
        forward, backward, _, norm = self._messages(emissions, lengths)
        probabilities = forward * backward
        probabilities /= np.maximum(probabilities.sum(2, keepdims=True), TINY)
        return probabilities, norm

    def _messages(
        self, emissions: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Forward and backward weights, as `emissions`, whose product sums to one at every step; the logs of what the
        forward ones were divided by up to each step, (time, batch); the log of what all label sequences sum to."""
        time, batch, _ = emissions.shape
        peaks = emissions.max(2)
        weights = np.exp(emissions - peaks[:, :, None])
        tops = [float(part.max()) for part in (self.start, self.end, self.transitions)]
        first, final = np.exp(self.start - tops[0]), np.exp(self.end - tops[1])
        pairs = np.exp(self.transitions - tops[2])
        forward, sums = np.zeros_like(emissions), np.ones_like(peaks)
        counts = alive(lengths)
        for t, count in enumerate(counts):
            alpha = (forward[t - 1, :count] @ pairs if t else first) * weights[t, :count]
            sums[t, :count] = np.maximum(alpha.sum(1), TINY)
            forward[t, :count] = alpha / sums[t, :count, None]
        rows = np.arange(batch)
        ends = np.maximum(forward[lengths - 1, rows] @ final, TINY)
        divisors = np.cumsum(np.log(sums) + peaks, 0, dtype=np.float64) + tops[0] + tops[2] * np.arange(time)[:, None]
        norm = divisors[lengths - 1, rows] + np.log(ends) + tops[1]
        backward = np.zeros_like(forward)
        backward[lengths - 1, rows] = final / ends[:, None]
        for t in range(time - 1, 0, -1):
            count = counts[t]
            divisor = sums[t, :count, None]
            onward = np.minimum(backward[t, :count] * weights[t, :count], HUGE * divisor) / divisor
            backward[t - 1, :count] = onward @ pairs.T
        return forward, backward, divisors, norm

    def surprisals(self, emissions: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """-log p in nats of each label of a sentence given those before it, (time,), which sum to that of all of them:
        emissions (time, labels), labels (time,)."""
        length = np.array([len(labels)])
        _, backward, divisors, norm = self._messages(emissions[:, None], length)
        steps = np.arange(len(labels))
        own = emissions[steps, labels].astype(np.float64)
        own[0] += self.start[labels[0]]
        own[1:] += self.transitions[labels[:-1], labels[1:]]
        ahead = np.log(np.maximum(backward[steps, 0, labels], TINY)).astype(np.float64) - divisors[:, 0]
        ahead[-1] = self.end[labels[-1]] - norm[0]
        reached = np.cumsum(own) + ahead  # log p of the labels up to each step
        return -np.diff(reached, prepend=0.0)

    def score(self, emissions: np.ndarray, labels: np.ndarray) -> float:
        """The score of one label sequence (time,) of one sentence (time, labels), not normalised."""
        total = float(emissions[np.arange(len(labels)), labels].sum(dtype=np.float64))
        moved = self.transitions[labels[:-1], labels[1:]].sum(dtype=np.float64)
        return total + float(moved) + float(self.start[labels[0]]) + float(self.end[labels[-1]])
