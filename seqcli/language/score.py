"""Log-probabilities of lines under a language model, each line on its own, in batches, without torch on a CPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from seqcli.data.tokenizer import Tokenizer
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.generate import context_ids
from seqcli.language.sampling import log_softmax

BATCH_TOKENS = 4096  # of one batch, padding counted
READ_AHEAD = 2048  # lines sorted by length together


@dataclass(frozen=True)
class LineScore:
    """One line: log p in nats of its tokens and its end, how many these are, and each token's share."""

    text: str
    tokens: int
    log_probability: float
    pieces: tuple[str, ...]
    surprisals: tuple[float, ...]  # -log p in nats, one a token

    @property
    def perplexity(self) -> float:
        return float(np.exp(-self.log_probability / self.tokens)) if self.tokens else float("nan")


def score_lines(decoder: LanguageModelDecoder, tokenizer: Tokenizer, lines: Iterable[str]) -> Iterator[LineScore]:
    """Score every line, in order; each starts after the end of a line and ends with one. Blank lines have no tokens."""
    iterator = iter(lines)
    while block := list(islice(iterator, READ_AHEAD)):
        encoded = [[*context_ids(tokenizer, line), tokenizer.boundary_id] if line.strip() else [] for line in block]
        scores: list[np.ndarray] = [np.zeros(0)] * len(block)
        for batch in _batches(encoded):
            for number, surprisal in zip(batch, _surprisals(decoder, [encoded[n] for n in batch]), strict=True):
                scores[number] = surprisal
        for line, ids, surprisal in zip(block, encoded, scores, strict=True):
            pieces = tuple(tokenizer.piece(token) for token in ids[1:])
            yield LineScore(line, len(pieces), -float(surprisal.sum()), pieces, tuple(map(float, surprisal)))


def _batches(encoded: list[list[int]]) -> Iterator[list[int]]:
    """Numbers of lines of like length, together."""
    order = sorted((n for n, ids in enumerate(encoded) if ids), key=lambda n: len(encoded[n]))
    batch: list[int] = []
    for number in order:
        if batch and (len(batch) + 1) * len(encoded[number]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _surprisals(decoder: LanguageModelDecoder, lines: list[list[int]]) -> list[np.ndarray]:
    """-log p in nats of every token but the first of each line."""
    lengths = np.array([len(line) for line in lines])
    tokens = np.zeros((len(lines), lengths.max()), np.int64)
    for row, line in enumerate(lines):
        tokens[row, : len(line)] = line
    state = decoder.initial_state(len(lines))
    surprisals = np.zeros((len(lines), tokens.shape[1] - 1))
    for t in range(tokens.shape[1] - 1):
        # lines are sorted by length: those that are over are at the front
        over = int(np.searchsorted(lengths, t + 1, side="right"))
        hidden, state = decoder.step(tokens[:, t], state)
        chances = log_softmax(decoder.logits(hidden[over:]))
        surprisals[over:, t] = -chances[np.arange(len(chances)), tokens[over:, t + 1]]
    return [surprisals[row, : length - 1] for row, length in enumerate(lengths)]
