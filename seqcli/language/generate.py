"""Continue texts with a language model: many prompts and samples as one batch, the text coming out as it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.healing import Agreeing, healed, in_bytes
from seqcli.language.options import GenerateRequest
from seqcli.model.probability import softmax
from seqcli.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Piece:
    """A bit of the continuation of one prompt; `finish` is set with the last one: `length`, `stop` or `lines`."""

    prompt: int
    sample: int
    text: str
    tokens: int
    finish: str | None = None


def continuations(
    decoder: LanguageModelDecoder,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    request: GenerateRequest,
    first_prompt: int = 0,
) -> Iterator[Piece]:
    """Continue every prompt `request.samples` times.

    Each continuation has its own random numbers, made from (seed, prompt's number, sample's number), so its text does
    not depend on what else is in the batch. Prompts are numbered from `first_prompt`. The unknown token is never
    chosen. A word that a prompt ends with may be gone on with (`healing`). A model of lines continues the last line of
    a prompt, to its end unless `request.max_lines` has it write more, and begins each line anew.
    """
    most_lines = 1 if decoder.config.lines and request.max_lines is None else request.max_lines
    agreeing = Agreeing(tokenizer)
    rows = [
        _Row(prompt, sample, *begun, tokenizer, request, most_lines)
        for prompt, text in enumerate(prompts, start=first_prompt)
        for begun in [healed(tokenizer, _read_of(decoder, text))]
        for sample in range(request.samples)
    ]
    state = decoder.initial_state(len(rows))
    while rows:
        tokens = np.array([row.pending.pop(0) for row in rows])
        if decoder.config.lines and (tokens == tokenizer.boundary_id).any():
            for part in (part for layer in state for part in layer):
                part[np.flatnonzero(tokens == tokenizer.boundary_id)] = 0
        hidden, state = decoder.step(tokens, state)
        ready = np.array([number for number, row in enumerate(rows) if not row.pending], int)
        if len(ready):
            logits = decoder.logits(decoder.select([(hidden,)], ready)[0][0] if len(ready) < len(rows) else hidden)
            logits[:, tokenizer.unk_id] = -np.inf
            for number, row_logits in zip(ready, logits, strict=True):
                row = rows[number]
                if row.word:
                    row_logits[~agreeing.among(row.word)] = -np.inf
                chosen = draw(probabilities(row_logits, request, row.seen), row.generator)
                row.word = agreeing.left(row.word, chosen)
                piece = row.take(chosen)
                if piece.text or piece.finish:
                    yield piece
        if any(row.finished for row in rows):
            kept = np.array([number for number, row in enumerate(rows) if not row.finished], int)
            rows, state = [rows[number] for number in kept], decoder.select(state, kept)


def next_tokens(
    decoder: LanguageModelDecoder, tokenizer: Tokenizer, prompt: str, count: int
) -> list[tuple[str, float]]:
    """The `count` likeliest next tokens after a prompt with their probabilities (of the whole vocabulary)."""
    state = decoder.initial_state(1)
    for token in context_ids(tokenizer, _read_of(decoder, prompt)):
        hidden, state = decoder.step(np.array([token]), state)
    chances = softmax(decoder.logits(hidden)[0].astype(np.float64))
    best = np.argsort(-chances, kind="stable")[:count]
    return [(tokenizer.piece(int(token)), float(chances[token])) for token in best]


def _read_of(decoder: LanguageModelDecoder, prompt: str) -> str:
    """What is read of a prompt: all of it, or by a model of lines the last line."""
    return prompt.rpartition("\n")[2] if decoder.config.lines else prompt


def context_ids(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """What a model reads before it continues a prompt: the end of a line before, then the prompt."""
    return [tokenizer.boundary_id, *tokenizer.encode(prompt).tolist()]


class _Row:
    """One continuation on its way."""

    def __init__(
        self,
        prompt: int,
        sample: int,
        ids: list[int],
        word: str,
        tokenizer: Tokenizer,
        request: GenerateRequest,
        most_lines: int | None,
    ) -> None:
        """`ids` are those of a prompt without the `word` that is taken back."""
        context = [tokenizer.boundary_id, *ids]
        # where a word is gone on with, the blank before it stands in the prompt
        self.decoder = tokenizer.stream_decoder(() if word else context)
        word = word.lstrip(" ") if tokenizer.kind == "word" else word
        self.skipped = len(word)  # characters that stand in the prompt already
        self.word = in_bytes(word)  # that the next tokens are to agree with
        self.prompt, self.sample = prompt, sample
        self.request, self.most_lines = request, most_lines
        self.pending, self.seen = context, list(context)
        self.generator = np.random.default_rng((request.seed, prompt, sample))
        self.tokens, self.lines = 0, 0  # tokens made, line ends shown
        self.held = ""  # text that may yet turn out to be the beginning of a stop text
        self.finished = False

    def take(self, token: int) -> Piece:
        """Add a token; what may be shown now is in the piece."""
        self.tokens += 1
        self.seen.append(token)
        self.pending = [token]
        text = self.decoder.push(token)
        self.held += text[self.skipped :]
        self.skipped = max(self.skipped - len(text), 0)
        finish = "length" if self.tokens >= self.request.max_tokens else None
        if finish:
            self.held += self.decoder.flush()
        text, ended = self._release(last=finish is not None)
        finish = ended or finish
        self.finished = finish is not None
        return Piece(self.prompt, self.sample, text, self.tokens, finish)

    def _release(self, *, last: bool) -> tuple[str, str | None]:
        text, finish = self.held, None
        found = [place for stop in self.request.stop if (place := text.find(stop)) >= 0]
        if found:
            text, finish = text[: min(found)], "stop"
        ends = [place for place, character in enumerate(text) if character == "\n"]
        if self.most_lines is not None and self.lines + len(ends) >= self.most_lines:
            return text[: ends[self.most_lines - self.lines - 1]], "lines"
        if finish or last:
            return text, finish
        shown = len(text) - max((_overlap(text, stop) for stop in self.request.stop), default=0)
        self.held = text[shown:]
        self.lines += text[:shown].count("\n")
        return text[:shown], None


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` are the beginning of `stop`."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)


def probabilities(logits: np.ndarray, sampling: GenerateRequest, seen: Sequence[int] = ()) -> np.ndarray:
    """logits (vocabulary,) -> the probabilities (vocabulary,) that are drawn from, float32, summing to 1.

    `temperature` divides the logits; 0 takes the likeliest token. `top_k` keeps the k likeliest; `top_p` the smallest
    set that holds that much probability (Holtzman et al. 2020); `min_p` those at least that share as likely as the
    likeliest (Nguyen et al. 2024). `repetition_penalty` above 1 makes tokens that were there less likely (Keskar et al.
    2019). Filters are applied in the order penalty, temperature, top-k, top-p, min-p.
    """
    scores = logits.astype(np.float32)  # half the time of float64, and logits are not known better
    if sampling.repetition_penalty != 1.0 and len(seen):
        ids = np.unique(np.asarray(seen))
        scores[ids] = np.where(
            scores[ids] > 0, scores[ids] / sampling.repetition_penalty, scores[ids] * sampling.repetition_penalty
        )
    if sampling.temperature == 0:
        chosen = np.zeros_like(scores)
        chosen[scores.argmax()] = 1.0
        return chosen
    scores -= scores.max()  # so that nothing overflows, however low the temperature is
    scores /= max(sampling.temperature, 1e-30)
    if 0 < sampling.top_k < len(scores):
        scores[np.argpartition(scores, -sampling.top_k)[: -sampling.top_k]] = -np.inf
    result: np.ndarray = softmax(scores)
    if sampling.top_p == 1 and sampling.min_p == 0:
        return result
    if sampling.top_p < 1:
        order = np.argsort(-result, kind="stable")
        before = np.cumsum(result[order]) - result[order]
        before[0] = -1  # the likeliest stays, however small the share
        result[order[before >= sampling.top_p]] = 0
    if sampling.min_p > 0:
        result[result < sampling.min_p * result.max()] = 0
    return np.asarray(result / result.sum())


def draw(distribution: np.ndarray, generator: np.random.Generator) -> int:
    """One id, by inverting the cumulative distribution at one uniform number; `CheckpointError` if it is none."""
    cumulative = np.cumsum(distribution, dtype=np.float64)
    if not cumulative[-1] > 0:
        raise CheckpointError("the model's probabilities are not numbers", hint="train it again, or take another copy")
    return int(np.searchsorted(cumulative, generator.random() * cumulative[-1], side="right"))
