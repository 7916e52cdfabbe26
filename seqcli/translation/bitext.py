"""The pairs a model learns from: read, prepared, some of them held out, as token ids."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.errors import DataError
from seqcli.files.decoding import AUTO
from seqcli.text.pair_formats import Columns
from seqcli.text.pairs import Pair, read_pairs
from seqcli.text.placeholders import SYMBOLS
from seqcli.text.subwords import SPECIAL
from seqcli.text.tokenizer import Tokenizer, tokenizer_of, train_tokenizer
from seqcli.translation.lengths import Lengths
from seqcli.translation.preprocessing import BLOB, Preprocessing, encode_sentence
from seqcli.translation.units import choose_units

MOST_HELD_OUT = 1000  # pairs
LONGEST = 250  # tokens of a side, of the longest pairs that are learnt from by default
HOLD_OUT_SEED = 1  # not that of the run: models of different seeds have the same training pairs, and so a vocabulary


@dataclass(frozen=True)
class Sentences:
    """Token ids of many sentences in one array; `starts` has one more entry than there are sentences."""

    ids: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> np.ndarray:
        return self.ids[self.starts[number] : self.starts[number + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each sentence. (sentences,)"""
        return np.diff(self.starts)

    @classmethod
    def of(cls, sentences: Iterable[np.ndarray]) -> Sentences:
        """From the ids of each, (tokens,)."""
        parts = list(sentences)
        starts = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
        return cls(np.concatenate([*parts, np.empty(0, np.int32)]).astype(np.int32), starts)


@dataclass(frozen=True)
class Bitext:
    """Pairs to train on, as ids that end in the end mark, and pairs to validate on, as text and as such ids."""

    sources: Sentences
    targets: Sentences
    valid: list[Pair]
    valid_sources: Sentences
    valid_targets: Sentences
    tokenizer: Tokenizer
    preprocessing: Preprocessing
    fingerprint: str
    held_out: str
    notes: list[str]

    @property
    def symbols(self) -> tuple[int, ...]:
        """Ids of the symbols of strings that are carried over."""
        if self.preprocessing.carrier is None:
            return ()
        return tuple(int(self.tokenizer.encode(symbol)[-1]) for symbol in SYMBOLS)

    @property
    def blobs(self) -> dict[str, bytes]:
        """What a model keeps of its text."""
        blobs = {"tokenizer": self.tokenizer.to_bytes()}
        return blobs | ({BLOB: self.preprocessing.to_bytes()} if self.preprocessing.normalises else {})


def open_bitext(
    paths: Sequence[str],
    *,
    valid: Sequence[str] = (),
    valid_share: float = 0.05,
    tokens: str = "auto",
    vocab_size: int | None = None,
    columns: Columns | None = None,
    max_length: int | None = None,
    keep: Sequence[str] = (),
    encoding: str = AUTO,
    errors: str = "strict",
    skip_bad: bool = False,
    blobs: Mapping[str, bytes] | None = None,
) -> Bitext:
    """Read pairs, hold some out for validation unless `valid` files are given, prepare and encode them.

    One vocabulary is learned from both sides of the training pairs, unless the `blobs` of a model to go on from have
    it; the more text, the more subwords; `tokens` of `auto` are chosen from the pairs. Pairs with a side of more than
    `max_length` tokens are left out. `DataError` when there are too few pairs.
    """
    notes: list[str] = []

    def read(files: Sequence[str]) -> list[Pair]:
        return list(
            read_pairs(
                files, columns=columns, encoding=encoding, errors=errors, skip_bad=skip_bad, on_note=notes.append
            )
        )

    pairs = read(paths)
    if valid:
        held = read(valid)
        held_out = f"validating on {len(held):,} pairs of {' and '.join(valid)}"
    else:
        pairs, held = hold_out(pairs, valid_share)
        held_out = f"holding out {len(held):,} pairs, drawn at random with all pairs of their sources, for validation"
    if not pairs or not held:
        raise DataError(
            "too few pairs: at least one to train on and one to validate on are needed",
            path=(paths if not pairs or not valid else valid)[0],
        )
    if blobs is None:
        tokenizer, preprocessing, note = _learn(pairs, tokens, vocab_size, keep)
        notes += [note] if note else []
    else:
        tokenizer, preprocessing = tokenizer_of(blobs), Preprocessing.of(blobs).with_keep(keep)
    prepared = preprocessing.with_words(tokenizer)
    sources, targets = _encode(tokenizer, prepared, pairs)
    longest = max_length or LONGEST
    kept = np.nonzero(np.maximum(sources.lengths, targets.lengths) <= longest)[0]
    if len(kept) < len(pairs):
        notes.append(
            f"left out {len(pairs) - len(kept):,} pairs of more than {longest} tokens; --max-length allows more"
        )
        sources, targets = (Sentences.of(side[int(n)] for n in kept) for side in (sources, targets))
        if not len(kept):
            hint = f"one sentence a line, or --max-length {longest * 4}"
            raise DataError(f"every pair has more than {longest} tokens", path=paths[0], hint=hint)
    if preprocessing.normalises and (blobs is None or preprocessing.lengths is not None):
        lengths = Lengths.of(sources.lengths, targets.lengths)
        earlier = preprocessing.lengths
        lengths = lengths if earlier is None else earlier.with_these(lengths)
        unknowns = preprocessing.unknowns or bool((targets.ids == tokenizer.unk_id).any())
        preprocessing = replace(preprocessing, lengths=lengths, unknowns=unknowns)
    notes.append(
        f"{len(sources):,} pairs, {len(sources.ids):,} + {len(targets.ids):,} tokens, vocabulary of {tokenizer.size:,}"
    )
    return Bitext(
        sources,
        targets,
        held,
        *_encode(tokenizer, prepared, held),
        tokenizer,
        preprocessing,
        _fingerprint(pairs, held),
        held_out,
        notes,
    )


def _learn(
    pairs: Sequence[Pair], tokens: str, vocab_size: int | None, keep: Sequence[str]
) -> tuple[Tokenizer, Preprocessing, str]:
    """The tokenizer and preprocessing of training pairs, and why the tokens are what they are if that was left open."""
    plain = Preprocessing(normalises=True)
    normal = [(plain.source(pair.source), plain.target(pair.target)) for pair in pairs]
    units = choose_units(normal)
    kind = units.kind if tokens == "auto" else tokens
    preprocessing = Preprocessing.learn(normal, carries=units.sentences).with_keep(keep)
    texts = (preprocessing.pair(*pair, number) for number, pair in enumerate(normal))
    tokenizer = train_tokenizer(
        kind,
        (f" {source}\n {target}\n" for source, target in texts),
        vocab_size or (vocabulary_size(pairs) if kind == "subword" else None),
        symbols=SYMBOLS if preprocessing.carrier is not None else (),
    )
    return tokenizer, preprocessing, units.reason if tokens == "auto" else ""


def vocabulary_size(pairs: Sequence[Pair]) -> int:
    """Of one subword vocabulary for both sides: small data, small vocabulary.

    Twice the square root of the number of characters, the characters themselves (of which Chinese has thousands) and
    the bytes, to the nearest hundred; 4,300 for 29,000 image captions.
    """
    counts: Counter[str] = Counter()
    for pair in pairs:
        counts.update(pair.source + pair.target)
    alphabet = sum(count > 2 for count in counts.values())
    return min(round((2 * math.sqrt(counts.total()) + alphabet + SPECIAL) / 100) * 100, 16_000)


def hold_out(pairs: Sequence[Pair], share: float) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on and pairs to validate on, all of them, no source on both sides.

    Sources are drawn with a fixed seed, each with all its pairs, as long as these are not more than are still wanted.
    """
    groups: dict[str, list[int]] = {}
    for number, pair in enumerate(pairs):
        groups.setdefault(pair.source, []).append(number)
    wanted = min(math.ceil(len(pairs) * share), MOST_HELD_OUT)
    held: list[int] = []
    if len(groups) > 1:
        sources = list(groups)
        order = [sources[n] for n in np.random.default_rng(HOLD_OUT_SEED).permutation(len(sources))]
        for source in order:
            if len(held) + len(groups[source]) <= wanted:
                held += groups[source]
        if not held and wanted:  # every source has more pairs than that
            held = min(groups.values(), key=len)
    chosen = set(held)
    return [p for n, p in enumerate(pairs) if n not in chosen], [pairs[n] for n in sorted(held)]


def _encode(tokenizer: Tokenizer, preprocessing: Preprocessing, pairs: Sequence[Pair]) -> tuple[Sentences, Sentences]:
    texts = [preprocessing.pair(pair.source, pair.target, number) for number, pair in enumerate(pairs)]
    sources = Sentences.of(encode_sentence(tokenizer, source) for source, _ in texts)
    return sources, Sentences.of(encode_sentence(tokenizer, target) for _, target in texts)


def _fingerprint(pairs: Sequence[Pair], held: Sequence[Pair]) -> str:
    digest = hashlib.sha256()
    for part in (pairs, held):
        for pair in part:
            digest.update(f"{pair.source}\t{pair.target}\n".encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()
