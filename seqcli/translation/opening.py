"""Opens training pairs: reads them, holds some out, prepares and encodes them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from seqcli.errors import DataError
from seqcli.notices import Notice, quietly
from seqcli.text.pair_rows import Direction, Pair
from seqcli.text.pairs import read_pairs
from seqcli.text.sources import fingerprint
from seqcli.text.tokenizer import Tokenizer, tokenizer_of
from seqcli.translation.bitext import Bitext, Sentences
from seqcli.translation.lengths import Lengths
from seqcli.translation.options import TrainRequest
from seqcli.translation.preprocessing import Preprocessing, encode_sentence
from seqcli.translation.units import learn_units

MOST_HELD_OUT = 1000  # pairs
LONGEST = 250  # tokens of a side, of the longest pairs that are learnt from by default
HOLD_OUT_SEED = 1  # not that of the run: models of different seeds have the same training pairs, and so a vocabulary


def open_bitext(request: TrainRequest, blobs: Mapping[str, bytes] | None = None, notice: Notice = quietly) -> Bitext:
    """The pairs that a request names, some held out for validation unless it names such pairs, prepared and encoded.

    One vocabulary is learnt from both sides of the training pairs, unless the `blobs` of a model to go on from have it.
    Pairs with a side of more tokens than the request allows are left out. `notice` hears what was found and chosen.
    `DataError` when there are too few pairs.
    """
    pairs, held = _read(request, notice)
    if blobs is None:
        tokenizer, preprocessing = learn_units(pairs, request, notice)
    else:
        tokenizer, preprocessing = tokenizer_of(blobs), Preprocessing.of(blobs).with_keep(request.keep)
    prepared = preprocessing.with_words(tokenizer)
    sources, targets = _not_too_long(*_encode(tokenizer, prepared, pairs), request, notice)
    if preprocessing.normalises and (blobs is None or preprocessing.lengths is not None):
        lengths = Lengths.of(sources.lengths, targets.lengths)
        if preprocessing.lengths is not None:
            lengths = preprocessing.lengths.with_these(lengths)
        unknowns = preprocessing.unknowns or bool((targets.ids == tokenizer.unk_id).any())
        preprocessing = replace(preprocessing, lengths=lengths, unknowns=unknowns)
    notice(
        f"{len(sources):,} pairs, {len(sources.ids):,} + {len(targets.ids):,} tokens, vocabulary of {tokenizer.size:,}"
    )
    valid_sources, valid_targets = _encode(tokenizer, prepared, held)
    return Bitext(
        sources=sources,
        targets=targets,
        valid=held,
        valid_sources=valid_sources,
        valid_targets=valid_targets,
        tokenizer=tokenizer,
        preprocessing=preprocessing,
        fingerprint=fingerprint(*([f"{pair.source}\t{pair.target}\n" for pair in part] for part in (pairs, held))),
    )


def _read(request: TrainRequest, notice: Notice) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on, and pairs to validate on."""
    direction = Direction()
    pairs, valid = list(read_pairs(request.pairs, request, notice, direction)), request.valid
    if valid:
        held = list(read_pairs(valid, request, notice, direction))
        notice(f"validating on {len(held):,} pairs of {' and '.join(valid)}")
    else:
        pairs, held = hold_out(pairs, request.valid_share)
        notice(f"holding out {len(held):,} pairs, drawn at random with all pairs of their sources, for validation")
    if not pairs or not held:
        raise DataError(
            "too few pairs: at least one to train on and one to validate on are needed",
            path=(request.pairs if not pairs or not valid else valid)[0],
        )
    return pairs, held


def hold_out(pairs: Sequence[Pair], share: float) -> tuple[list[Pair], list[Pair]]:
    """Split pairs into training and validation pairs, no source in both. Sources are drawn with a fixed seed, each with
    all its pairs, as long as these do not exceed the number still wanted."""
    by_source: dict[str, list[int]] = {}
    for number, pair in enumerate(pairs):
        by_source.setdefault(pair.source, []).append(number)
    groups, held = list(by_source.values()), list[int]()
    wanted = min(math.ceil(len(pairs) * share), MOST_HELD_OUT)
    if len(groups) > 1:
        for place in np.random.default_rng(HOLD_OUT_SEED).permutation(len(groups)):
            if len(held) + len(groups[place]) <= wanted:
                held += groups[place]
        held = held or min(groups, key=len)  # where every source has more pairs than are wanted
    chosen = set(held)
    return [p for n, p in enumerate(pairs) if n not in chosen], [pairs[n] for n in sorted(held)]


def _encode(tokenizer: Tokenizer, preprocessing: Preprocessing, pairs: Sequence[Pair]) -> tuple[Sentences, Sentences]:
    texts = [preprocessing.pair(pair.source, pair.target, number) for number, pair in enumerate(pairs)]
    sources = Sentences.of(encode_sentence(tokenizer, source) for source, _ in texts)
    return sources, Sentences.of(encode_sentence(tokenizer, target) for _, target in texts)


def _not_too_long(
    sources: Sentences, targets: Sentences, request: TrainRequest, notice: Notice
) -> tuple[Sentences, Sentences]:
    """The pairs without those that have too many tokens on a side."""
    longest = request.max_length or LONGEST
    kept = np.flatnonzero(np.maximum(sources.lengths, targets.lengths) <= longest).tolist()
    if len(kept) == len(sources):
        return sources, targets
    if not kept:
        hint = f"one sentence a line, or --max-length {longest * 4}"
        raise DataError(f"every pair has more than {longest} tokens", path=request.pairs[0], hint=hint)
    notice(f"left out {len(sources) - len(kept):,} pairs of more than {longest} tokens; --max-length allows more")
    return Sentences.of(sources[number] for number in kept), Sentences.of(targets[number] for number in kept)
