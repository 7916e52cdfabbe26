"""How likely a recogniser finds given transcripts of recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from seqcli.errors import DataError
from seqcli.model.probability import Score
from seqcli.speech.audio import read_sound
from seqcli.speech.data import encode
from seqcli.speech.decoder import SpeechDecoder
from seqcli.speech.table import Recording
from seqcli.text.tokenizer import Tokenizer


def score_recordings(decoder: SpeechDecoder, tokenizer: Tokenizer, recordings: Iterable[Recording]) -> Iterator[Score]:
    """Score every recording's transcript, in order. A token's surprisal is -log p of it given those before it (and the
    sound), the last one that of nothing more being said; their sum is -log p of the transcript. `DataError` for a
    transcript that the model cannot write."""
    for recording in recordings:
        if strange := tokenizer.unknown(recording.text):
            raise DataError(
                f"its transcript holds {strange[0]!r}, which the model's training never had", path=recording.path
            )
        tokens = encode(tokenizer, recording.text)
        samples = read_sound(recording.path, decoder.config.sample_rate)
        log_probabilities = decoder.log_probabilities(samples)
        pieces = (*(tokenizer.piece(int(token)) for token in tokens), "<end>")
        yield Score(recording.text, pieces, tuple(surprisals(log_probabilities, tokens.tolist())))


def surprisals(log_probabilities: np.ndarray, tokens: Sequence[int]) -> list[float]:
    """-log p in nats of each token given those before it, and of the end after them. log_probabilities (steps,
    vocabulary + 1). The probability that a transcript begins with n tokens is the sum, over the steps at which the n-th
    first appears, of the paths there (Graves et al. 2006, prefix search)."""
    steps, blank = len(log_probabilities), log_probabilities.shape[1] - 1
    on_blank = np.cumsum(log_probabilities[:, blank])  # log p of being, after each step, at the prefix and on a blank
    on_last = np.full(steps, -np.inf)  # and on its last token
    reached = [0.0]  # log p of transcripts that begin with so many of the tokens
    last = -1
    for token in tokens:
        arrivals = np.full(steps, -np.inf)
        ways = on_blank if token == last else np.logaddexp(on_blank, on_last)
        arrivals[1:] = ways[:-1] + log_probabilities[1:, token]
        if last < 0:
            arrivals[0] = log_probabilities[0, token]
        reached.append(float(np.logaddexp.reduce(arrivals)))
        next_last, next_blank = np.full(steps, -np.inf), np.full(steps, -np.inf)
        next_last[0] = arrivals[0]
        for step in range(1, steps):
            next_last[step] = np.logaddexp(arrivals[step], next_last[step - 1] + log_probabilities[step, token])
            stay = np.logaddexp(next_blank[step - 1], next_last[step - 1])
            next_blank[step] = stay + log_probabilities[step, blank]
        on_last, on_blank, last = next_last, next_blank, token
    reached.append(float(np.logaddexp(on_blank[-1], on_last[-1])))
    # tokens for which there are too few steps are impossible, and so are those behind them
    return [before - after if after > -np.inf else np.inf for before, after in pairwise(reached)]
