"""Log-probabilities of lines under a language model, without torch on a CPU: each line on its own, in batches, or after
all those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

import numpy as np

from seqcli.errors import UsageError
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.generate import context_ids
from seqcli.model.arrays import Array, concatenate
from seqcli.model.probability import Score, surprisals
from seqcli.notices import Notice, quietly
from seqcli.text.lines import windows
from seqcli.text.tokenizer import Tokenizer

OUTPUT_ROWS = 256  # whose logits are formed together
READ_AHEAD = 2048  # lines read side by side
LONG = 100_000  # tokens of a line from which on a person may wonder what takes so long


def score_lines(
    decoder: LanguageModelDecoder,
    tokenizer: Tokenizer,
    lines: Iterable[str],
    *,
    line_end: bool = True,
    open_vocabulary: bool = False,
    ready: Callable[[], bool] | None = None,
    notice: Notice = quietly,
) -> Iterator[Score]:
    """Score every line, in order; each starts after the end of a line and, with `line_end`, ends with one. Blank lines
    have no tokens. The pieces of a line joined are the line, but for what the vocabulary lacks; the end is a line feed.
    With `open_vocabulary` unknown tokens also cost their spelling.
    As soon as `ready` is given and says that the next line is not there yet, those that came are scored."""
    number = 0
    for block in windows(lines, ready, READ_AHEAD, READ_AHEAD):
        end = [tokenizer.boundary_id] if line_end else []
        encoded = [[*context_ids(tokenizer, line), *end] if line.strip() else [] for line in block]
        for place, ids in enumerate(encoded, start=1):
            if len(ids) > LONG:
                notice(f"line {number + place} has {len(ids) - 1:,} tokens: they are read one after the other")
        for line, ids, surprisal in zip(block, encoded, surprisals_of(decoder, encoded), strict=True):
            yield _score(tokenizer, line, ids, surprisal, open_vocabulary)
        number += len(block)


def score_text(
    decoder: LanguageModelDecoder, tokenizer: Tokenizer, lines: Iterable[str], *, open_vocabulary: bool = False
) -> Iterator[Score]:
    """Score every line of a text after all those before it, as soon as it comes; the end of each is one of its tokens,
    so that all surprisals sum to those that `evaluate` finds for the text. `UsageError` for a model of lines."""
    if decoder.config.lines:
        hint = "train with --stream for one text"
        raise UsageError("--context: the model has learnt lines that are texts of their own", hint=hint)
    state = decoder.initial_state(1)
    for line in lines:
        ids = [tokenizer.boundary_id, *tokenizer.encode(line).tolist(), tokenizer.boundary_id]
        found = _Surprisals(decoder, np.array(ids[1:]))
        for place, token in enumerate(ids[:-1]):
            hidden, state = decoder.step(np.array([token]), state)
            found.add(hidden, np.zeros(1, np.int64), np.array([place]))
        yield _score(tokenizer, line, ids, found.all(), open_vocabulary)


def _score(tokenizer: Tokenizer, line: str, ids: list[int], surprisal: np.ndarray, open_vocabulary: bool) -> Score:
    unknown = frozenset(place for place, token in enumerate(ids[1:]) if token == tokenizer.unk_id)
    pieces, costs = _pieces(tokenizer, line, ids, unknown), surprisal.tolist()
    if open_vocabulary:
        for place in unknown:
            costs[place] += tokenizer.spelling_surprisal(pieces[place])
    return Score(line, pieces, tuple(costs), unknown)


def _pieces(tokenizer: Tokenizer, line: str, ids: list[int], unknown: frozenset[int]) -> tuple[str, ...]:
    """What each token but the first stands for; in place of unknown ones what stood there. Of a character that is spelt
    in bytes the last one has it, the others nothing."""
    if tokenizer.kind == "word":
        pieces = [tokenizer.piece(token) for token in ids[1:]]
    else:
        decoder = tokenizer.stream_decoder()
        pieces = [decoder.push(token) for token in ids[1:]]
    if unknown:
        for place, text in zip(sorted(unknown), tokenizer.unknown(line), strict=True):
            pieces[place] = text
    return tuple(pieces)


def surprisals_of(decoder: LanguageModelDecoder, lines: list[list[int]]) -> list[np.ndarray]:
    """-log p in nats of every token but the first of each line. All lines are read side by side. Those that begin alike
    are one row for as long as they do, and the logits of many rows are one quick product, whether they come from many
    lines or from many steps of a few."""
    lengths = np.array([max(len(ids) - 1, 0) for ids in lines])
    starts = np.cumsum(lengths) - lengths
    inputs = np.concatenate([np.array(ids[:-1], np.int64) for ids in lines])
    found = _Surprisals(decoder, np.concatenate([np.array(ids[1:], np.int64) for ids in lines]))
    state = decoder.initial_state(1)
    row = np.zeros(len(lines), np.int64)  # of each line: before the first token all are in the same state
    going = np.arange(len(lines))  # lines that are not at their end
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
        found.add(hidden, row, place)
    return np.split(found.all(), starts[1:])


class _Surprisals:
    """-log p of `targets` in nats, from the outputs that they are predicted from: the logits of many are formed at
    once."""

    def __init__(self, decoder: LanguageModelDecoder, targets: np.ndarray) -> None:
        self.decoder, self.targets, self.result = decoder, targets, np.zeros(len(targets))
        self.count, self.waiting = 0, list[tuple[Array, np.ndarray, np.ndarray]]()  # outputs without logits

    def add(self, hidden: Array, rows: np.ndarray, places: np.ndarray) -> None:
        """Outputs (n, width), and of which of them the targets at `places` come."""
        self.waiting.append((hidden, rows + self.count, places))
        self.count += len(hidden)
        if self.count >= OUTPUT_ROWS:
            self.all()

    def all(self) -> np.ndarray:
        """The surprisals of the targets whose outputs were added."""
        if self.waiting:
            outputs, of_each, at = zip(*self.waiting, strict=True)
            hidden, rows, places = concatenate(outputs, axis=0), np.concatenate(of_each), np.concatenate(at)
            for start in range(0, self.count, OUTPUT_ROWS):
                here = (rows >= start) & (rows < start + OUTPUT_ROWS)
                logits = self.decoder.logits(hidden[start : start + OUTPUT_ROWS])
                self.result[places[here]] = surprisals(logits, self.targets[places[here]], rows[here] - start)
            self.count, self.waiting = 0, []
        return self.result


def word_surprisals(score: Score, *, whole_words: bool) -> Iterator[tuple[int, str, float, bool]]:
    """The tokens of a scored line, or its words: what stands between blanks, each with all its tokens summed. Gives
    where each begins (in characters, from 0), its text, its surprisal in nats, and whether it has something that the
    model does not know. The line's end is a token and a word of its own, written `\\n`."""
    rows: list[tuple[int, str, float, bool]] = []
    for place, (start, piece, surprisal) in enumerate(zip(_starts(score), score.pieces, score.surprisals, strict=True)):
        unknown = place in score.unknown
        is_end = place == len(score.pieces) - 1 and piece in ("\n", "<eos>")
        if is_end or not whole_words or not rows or _begins_word(score.text, start, rows[-1][0]):
            rows.append((start, "\\n" if is_end else piece, surprisal, unknown))
        else:
            before, first, total, was = rows[-1]
            rows[-1] = (before, first, total + surprisal, was or unknown)
    stops = [*(start for start, *_ in rows[1:]), len(score.text)]
    for (start, piece, surprisal, unknown), stop in zip(rows, stops, strict=False):
        if whole_words and piece != "\\n":
            text = score.text[start:stop]
            piece, start = text.strip(), start + len(text) - len(text.lstrip())
        yield start, piece, surprisal, unknown


def _begins_word(text: str, start: int, before: int) -> bool:
    """Whether the token at `start` belongs to another word than the one that began at `before`: there is a blank at its
    beginning or right before it, and the word before has begun."""
    blank = text[start : start + 1].isspace() or text[max(start - 1, 0) : start].isspace()
    return blank and bool(text[before:start].strip())


def _starts(score: Score) -> list[int]:
    """Where each piece begins in the text."""
    if "".join(score.pieces).startswith(score.text):
        return [0, *accumulate(map(len, score.pieces))][:-1]
    starts, place = [], 0  # words: blanks stand between them
    for piece in score.pieces:
        found = score.text.find(piece, place) if piece else -1
        near = found >= 0 and not score.text[place:found].strip()
        starts.append(found if near else place)
        if near:
            place = found + len(piece)
        elif piece in ("\n", "<eos>"):
            starts[-1] = len(score.text)
    return starts
