"""How likely a model finds given labels, without torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from seqcli.errors import DataError
from seqcli.model.probability import Score
from seqcli.tagging.formats.columns import Source
from seqcli.tagging.formats.sentence import Sentence
from seqcli.tagging.tag import FIRST, MOST, Tagger, weight
from seqcli.text.lines import windows


def score_labels(
    tagger: Tagger, sentences: Iterable[Sentence], path: str, *, ready: Callable[[], bool] | None = None
) -> Iterator[Score]:
    """-log p of each label of every sentence given the text and the labels before it, in order; a line without
    steps has none. `DataError` for a sentence without labels, or with one that the model does not know."""
    for window in windows(sentences, ready, FIRST, MOST, weight):
        numbers = [_numbers(tagger, sentence, path) for sentence in window if sentence.steps]
        steps = [sentence.steps for sentence in window if sentence.steps]
        found: list[np.ndarray] = [np.zeros(0)] * len(steps)
        for batch in tagger.decoder.batches(steps):
            for chosen, emissions, lengths in batch():
                for row, number in enumerate(chosen):
                    found[number] = tagger.decoder.chain.surprisals(emissions[: lengths[row], row], numbers[number])
        surprisals = iter(found)
        for sentence in window:
            if sentence.steps:
                pieces = tuple(f"{s}/{label}" for s, label in zip(sentence.steps, sentence.labels or (), strict=True))
                text = sentence.text if sentence.text is not None else " ".join(sentence.steps)
                yield Score(text, pieces, tuple(map(float, next(surprisals))))
            elif not isinstance(sentence.source, Source):  # a line; lines of columns without steps are none
                yield Score("", (), ())


def _numbers(tagger: Tagger, sentence: Sentence, path: str) -> np.ndarray:
    if sentence.labels is None:
        raise DataError("has no labels to score", path=path, line=sentence.line, hint=tagger.format.describe())
    numbers = tagger.labels.numbers(sentence.labels)
    if (numbers < 0).any():
        step = int((numbers < 0).argmax())
        raise DataError(
            f"the model does not know the label {sentence.labels[step]!r}", path=path, line=sentence.line_of(step)
        )
    return numbers
