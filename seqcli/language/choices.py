"""Which of several continuations a model finds likeliest after a prompt, and the vectors it makes of texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.errors import UsageError
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.generate import context_ids
from seqcli.language.score import score_lines
from seqcli.model.arrays import to_numpy
from seqcli.model.probability import softmax
from seqcli.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Choice:
    """A continuation, what it adds to the prompt's log-probability (nats), its share among the choices, and whether it
    has something that the model does not know: that is no more than a guess."""

    text: str
    log_probability: float
    probability: float
    unknown: bool


def choose(decoder: LanguageModelDecoder, tokenizer: Tokenizer, prompt: str, choices: Sequence[str]) -> list[Choice]:
    """The continuations of a prompt, the likeliest first. Prompt and continuation are read as the one text they are, so
    that it does not matter where a token ends; the line ends with the continuation. Of a prompt of several lines a
    model of lines reads the last. `UsageError` for fewer than two different continuations."""
    different = list(dict.fromkeys(choices))
    if len(different) < 2 or not all(choice.strip() for choice in different):
        raise UsageError("a choice needs two or more different texts, none of them blank")
    if "\n" in "".join(different):
        raise UsageError("a choice is text of one line", hint="leave line ends out")
    before, _, line = prompt.rpartition("\n")
    if before and not decoder.config.lines:
        raise UsageError("the prompt of a choice is text of one line", hint="give its last line")
    scores = list(score_lines(decoder, tokenizer, [line + choice for choice in different]))
    of_prompt = 0.0
    if line.strip():
        of_prompt = -sum(next(score_lines(decoder, tokenizer, [line], line_end=False)).surprisals)
    whole = np.array([-sum(score.surprisals) for score in scores])
    shares = softmax(whole.copy())
    found = [
        Choice(text, float(value - of_prompt), float(share), bool(score.unknown))
        for text, value, share, score in zip(different, whole, shares, scores, strict=True)
    ]
    return sorted(found, key=lambda choice: -choice.log_probability)


def embed_lines(decoder: LanguageModelDecoder, tokenizer: Tokenizer, lines: Iterable[str]) -> Iterator[np.ndarray]:
    """A vector (width,), float32, for each line: the mean of the last layer's outputs after its tokens, or 0."""
    for line in lines:
        state = decoder.initial_state(1)
        ids = context_ids(tokenizer, line)
        total = np.zeros(decoder.embedding.shape[1] if decoder.config.tied else decoder.config.hidden, np.float32)
        for place, token in enumerate(ids):
            hidden, state = decoder.step(np.array([token]), state)
            if place:  # the first is the end of the line before
                total += to_numpy(hidden)[0]
        yield total / max(len(ids) - 1, 1)
