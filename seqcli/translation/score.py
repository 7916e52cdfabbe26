"""Scores of given translations: their probability under a model, without torch on a CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from seqcli.model.batches import packed
from seqcli.model.probability import Score, surprisals
from seqcli.text.lines import windows
from seqcli.text.tokenizer import Tokenizer
from seqcli.translation.bitext import pad
from seqcli.translation.decoder import TranslationDecoder
from seqcli.translation.preprocessing import Preprocessing, encode_sentence

BATCH_TOKENS = 4096  # of one batch, source and target, padding counted
READ_AHEAD = 2048  # pairs sorted by length together


def score_pairs(
    decoder: TranslationDecoder,
    tokenizer: Tokenizer,
    pairs: Iterable[tuple[str, str]],
    *,
    preprocessing: Preprocessing | None = None,
    ready: Callable[[], bool] | None = None,
) -> Iterator[Score]:
    """Score every pair's target given its source, in order; the text of a score is source TAB target. A blank pair has
    no tokens. As soon as `ready` is given and says that the next pair is not there yet, those that came are scored."""
    prepared = (preprocessing or Preprocessing()).with_words(tokenizer)
    for block in windows(pairs, ready, READ_AHEAD, READ_AHEAD):
        texts = [prepared.pair(source, target, 0) for source, target in block]
        encoded = [(encode_sentence(tokenizer, s), encode_sentence(tokenizer, t)) for s, t in texts]
        scores: list[np.ndarray] = [np.zeros(0)] * len(block)
        lengths = [np.array([len(pair[side]) for pair in encoded]) for side in (0, 1)]
        for batch in packed(np.lexsort(lengths), np.maximum(*lengths), BATCH_TOKENS):  # pairs of like length
            for number, surprisal in zip(batch, _surprisals(decoder, [encoded[n] for n in batch]), strict=True):
                scores[number] = surprisal
        for (source, target), (_, ids), values in zip(block, encoded, scores, strict=True):
            if not source.strip() and not target.strip():
                yield Score("", (), ())
                continue
            pieces = tuple(prepared.atoms.spell(tokenizer.piece(int(token))) for token in ids)
            yield Score(f"{source}\t{target}", pieces, tuple(map(float, values)))


def _surprisals(decoder: TranslationDecoder, pairs: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """-log p in nats of every target token of each pair."""
    end = int(pairs[0][1][-1])
    sources, source_lengths = pad([source for source, _ in pairs], end)
    targets, lengths = pad([target for _, target in pairs], end)
    memory, state = decoder.encode(sources.T, source_lengths)
    last = np.full(len(pairs), end)
    result = np.zeros(targets.shape)
    for t in range(targets.shape[0]):
        readout, state, _ = decoder.step(last, state, memory)
        last = targets[t]
        result[t] = surprisals(decoder.logits(readout), last)
    return [result[:length, row] for row, length in enumerate(lengths)]
