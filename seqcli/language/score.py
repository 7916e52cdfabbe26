"""Log-probabilities of lines under a language model, each line on its own, in batches, without torch on a CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.generate import context_ids
from seqcli.model.arrays import Array, concatenate
from seqcli.model.probability import Score, surprisals
from seqcli.text.live import windows
from seqcli.text.tokenizer import Tokenizer

OUTPUT_ROWS = 256  # whose logits are formed together
READ_AHEAD = 2048  # lines read side by side
LONG = 100_000  # tokens of a line from which on a person may wonder what takes so long


def score_lines(
    decoder: LanguageModelDecoder,
    tokenizer: Tokenizer,
    lines: Iterable[str],
    *,
    ready: Callable[[], bool] | None = None,
    on_notice: Callable[[str], None] = lambda text: None,
) -> Iterator[Score]:
    """Score every line, in order; each starts after the end of a line and ends with one. Blank lines have no tokens.

    As soon as `ready` is given and says that the next line is not there yet, those that came are scored.
    """
    number = 0
    for block in windows(lines, ready, READ_AHEAD, READ_AHEAD):
        encoded = [[*context_ids(tokenizer, line), tokenizer.boundary_id] if line.strip() else [] for line in block]
        for place, ids in enumerate(encoded, start=1):
            if len(ids) > LONG:
                on_notice(f"line {number + place} has {len(ids) - 1:,} tokens: they are read one after the other")
        for line, ids, surprisal in zip(block, encoded, _surprisals(decoder, encoded), strict=True):
            pieces = tuple(tokenizer.piece(token) for token in ids[1:])
            yield Score(line, pieces, tuple(map(float, surprisal)))
        number += len(block)


def _surprisals(decoder: LanguageModelDecoder, lines: list[list[int]]) -> list[np.ndarray]:
    """-log p in nats of every token but the first of each line.

    All lines are read side by side. Those that begin alike are one row for as long as they do, and the logits of many
    rows are one quick product, whether they come from many lines or from many steps of a few.
    """
    lengths = np.array([max(len(ids) - 1, 0) for ids in lines])
    starts = np.cumsum(lengths) - lengths
    inputs = np.concatenate([np.array(ids[:-1], np.int64) for ids in lines])
    targets = np.concatenate([np.array(ids[1:], np.int64) for ids in lines])
    result = np.zeros(len(targets))
    state = decoder.initial_state(1)
    row = np.zeros(len(lines), np.int64)  # of each line: before the first token all are in the same state
    going = np.arange(len(lines))  # lines that are not at their end
    waiting = _Waiting(decoder)
    for t in range(lengths.max(initial=0)):
        left = lengths[going] > t
        going, row = going[left], row[left]
        place = starts[going] + t
        tokens = inputs[place]
        _, first, joined = np.unique(row * decoder.config.vocabulary + tokens, return_index=True, return_inverse=True)
        if not np.array_equal(row[first], np.arange(len(state[0][0]))):
            state = decoder.select(state, row[first])
        hidden, state = decoder.step(tokens[first], state)
        row = joined
        waiting.add(hidden, row, place)
        if waiting.count >= OUTPUT_ROWS or t == lengths.max() - 1:
            waiting.look_up(targets, result)
    return np.split(result, starts[1:])


class _Waiting:
    """Outputs whose logits are still to be formed, and the places of the predictions that are made from each."""

    def __init__(self, decoder: LanguageModelDecoder) -> None:
        self.decoder = decoder
        self.count = 0
        self.hidden: list[Array] = []
        self.rows: list[np.ndarray] = []
        self.places: list[np.ndarray] = []

    def add(self, hidden: Array, rows: np.ndarray, places: np.ndarray) -> None:
        self.hidden.append(hidden)
        self.rows.append(rows + self.count)
        self.places.append(places)
        self.count += len(hidden)

    def look_up(self, targets: np.ndarray, result: np.ndarray) -> None:
        """Put the surprisals of all that waits into `result`."""
        hidden = concatenate(tuple(self.hidden), axis=0)
        rows, places = np.concatenate(self.rows), np.concatenate(self.places)
        for start in range(0, self.count, OUTPUT_ROWS):
            here = (rows >= start) & (rows < start + OUTPUT_ROWS)
            logits = self.decoder.logits(hidden[start : start + OUTPUT_ROWS])
            result[places[here]] = surprisals(logits, targets[places[here]], rows[here] - start)
        self.count, self.hidden, self.rows, self.places = 0, [], [], []
