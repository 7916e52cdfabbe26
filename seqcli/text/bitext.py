"""Pairs of sentences: a TSV with source TAB target, or two line-aligned files, to token ids."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from seqcli.errors import DataError
from seqcli.text.lines import read_lines
from seqcli.text.tokenizer import Tokenizer, train_tokenizer

SHOWN = 8  # bad lines that are listed
MOST_HELD_OUT = 1000  # pairs
LONGEST = 250  # tokens of a side; longer pairs are left out of training


@dataclass(frozen=True)
class Pair:
    """A source and its translation; `line` is where they stand, from 1."""

    line: int
    source: str
    target: str


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
    fingerprint: str
    held_out: str
    notes: list[str]


def read_pairs(
    paths: Sequence[str],
    *,
    encoding: str = "utf-8",
    errors: str = "strict",
    skip_bad: bool = False,
    on_note: Callable[[str], None] = lambda note: None,
) -> Iterator[Pair]:
    """The pairs of one TSV file or of a source and a target file, as they are read; `-` is stdin.

    A line without exactly one TAB, or with an empty side, cannot be used. With `skip_bad` it is left out and `on_note`
    hears of it at the end; otherwise `DataError` names these lines once all are read. Two files of different lengths
    are always a `DataError`.
    """
    rows = _tsv(paths[0], encoding, errors) if len(paths) == 1 else _aligned(paths, encoding, errors)
    bad: list[str] = []
    first_bad, count, line = 0, 0, 0
    for line, (sides, problem) in enumerate(rows, 1):
        if sides is not None and not problem:
            source, target = sides
            if source.strip() and target.strip():
                if not count or skip_bad:
                    yield Pair(line, source.strip(), target.strip())
                continue
            problem = (
                "both sides are empty"
                if not (source + target).strip()
                else ("the target is empty" if source.strip() else "the source is empty")
            )
        count += 1
        first_bad = first_bad or line
        if len(bad) < SHOWN:
            bad.append(f"line {line}: {problem}")
    if not count:
        return
    listed = "; ".join(bad) + (f"; and {count - len(bad):,} more" if count > len(bad) else "")
    if skip_bad:
        on_note(f"left out {count:,} of {line:,} pairs ({listed})")
        return
    raise DataError(
        f"{count:,} of {line:,} pairs cannot be used ({listed})",
        path=" and ".join(paths),
        line=first_bad,
        hint="each line is: source TAB target, both with text; --skip-bad leaves the others out",
    )


Row = tuple[tuple[str, str] | None, str]  # the two sides, or what is wrong


def _tsv(path: str, encoding: str, errors: str) -> Iterator[Row]:
    for line in read_lines(path, encoding=encoding, errors=errors):
        fields = line.split("\t")
        if len(fields) == 2:
            yield (fields[0], fields[1]), ""
        else:
            yield None, "no TAB" if len(fields) == 1 else f"{len(fields)} columns instead of 2"


def _aligned(paths: Sequence[str], encoding: str, errors: str) -> Iterator[Row]:
    if len(paths) != 2:
        raise DataError(f"{len(paths)} files given", hint="give one TSV, or one source and one target file")
    if paths[0] == paths[1] == "-":
        raise DataError("source and target cannot both be read from stdin", hint="give one TSV on stdin")
    sides = [read_lines(path, encoding=encoding, errors=errors) for path in paths]
    line = 0
    for line, (source, target) in enumerate(zip_longest(*sides), 1):
        if source is None or target is None:
            shorter, longer = (paths[0], paths[1]) if source is None else (paths[1], paths[0])
            raise DataError(
                f"ends before line {line}, while {longer} goes on",
                path=shorter,
                line=line,
                hint="source and target files must be line-aligned: the same number of lines",
            )
        yield (source, target), ""


def open_bitext(
    paths: Sequence[str],
    *,
    valid: Sequence[str] = (),
    valid_share: float = 0.05,
    tokens: str = "subword",
    vocab_size: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    skip_bad: bool = False,
    seed: int = 1,
    tokenizer: Tokenizer | None = None,
) -> Bitext:
    """Read pairs, hold some out for validation unless `valid` files are given, and encode them.

    One vocabulary is learned from both sides of the training pairs, unless a `tokenizer` is given; the more
    text, the more subwords. `DataError` when there are too few pairs.
    """
    notes: list[str] = []
    settings = {"encoding": encoding, "errors": errors}
    pairs = list(read_pairs(paths, **settings, skip_bad=skip_bad, on_note=notes.append))
    if valid:
        held = list(read_pairs(valid, **settings, skip_bad=skip_bad, on_note=notes.append))
        held_out = f"validating on {len(held):,} pairs of {' and '.join(valid)}"
    else:
        pairs, held = _hold_out(pairs, valid_share, seed)
        held_out = f"holding out {len(held):,} pairs, drawn at random, for validation"
    if not pairs or not held:
        raise DataError(
            "too few pairs: at least one to train on and one to validate on are needed",
            path=(paths if not pairs or not valid else valid)[0],
        )
    if tokenizer is None:
        tokenizer = train_tokenizer(
            tokens,
            (f" {pair.source}\n {pair.target}\n" for pair in pairs),
            vocab_size or (vocabulary_size(pairs) if tokens == "subword" else None),
        )
    sources, targets = _encode(tokenizer, pairs)
    keep = np.nonzero(np.maximum(sources.lengths, targets.lengths) <= LONGEST)[0]
    if len(keep) < len(pairs):
        notes.append(f"left out {len(pairs) - len(keep):,} pairs of more than {LONGEST} tokens")
        sources, targets = (Sentences.of(side[int(n)] for n in keep) for side in (sources, targets))
        if not len(keep):
            raise DataError(f"every pair has more than {LONGEST} tokens", path=paths[0], hint="one sentence a line")
    valid_sources, valid_targets = _encode(tokenizer, held)
    notes.append(
        f"{len(sources):,} pairs, {len(sources.ids):,} + {len(targets.ids):,} tokens, vocabulary of {tokenizer.size:,}"
    )
    return Bitext(
        sources, targets, held, valid_sources, valid_targets, tokenizer, _fingerprint(pairs, held), held_out, notes
    )


def vocabulary_size(pairs: Sequence[Pair]) -> int:
    """Of one subword vocabulary for both sides: small data, small vocabulary.

    Twice the square root of the number of characters, and the characters themselves (of which Chinese has thousands),
    to the nearest hundred; 4,000 for 29,000 image captions.
    """
    counts: dict[str, int] = {}
    for pair in pairs:
        for character in pair.source + pair.target:
            counts[character] = counts.get(character, 0) + 1
    alphabet = sum(count > 2 for count in counts.values())
    return min(max(round((2 * math.sqrt(sum(counts.values())) + alphabet) / 100) * 100, 300), 16_000)


def _hold_out(pairs: list[Pair], share: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on and to validate on; no source sentence is on both sides."""
    wanted = min(math.ceil(len(pairs) * share), MOST_HELD_OUT)
    order = np.random.default_rng(seed).permutation(len(pairs))
    held = sorted(order[:wanted].tolist())
    sources = {pairs[number].source for number in held}
    return [pair for pair in pairs if pair.source not in sources], [pairs[number] for number in held]


def _encode(tokenizer: Tokenizer, pairs: Sequence[Pair]) -> tuple[Sentences, Sentences]:
    sources = Sentences.of(encode_sentence(tokenizer, pair.source) for pair in pairs)
    return sources, Sentences.of(encode_sentence(tokenizer, pair.target) for pair in pairs)


def encode_sentence(tokenizer: Tokenizer, text: str) -> np.ndarray:
    """The ids of a sentence and its end mark, which is the tokenizer's end of a line.

    A blank is put before it, so that its first word is cut as it would be anywhere else.
    """
    ids = tokenizer.encode(" " + text.strip().replace("\n", " "))
    return np.append(ids, np.int32(tokenizer.boundary_id)).astype(np.int32)


def decode_sentence(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """The text of ids without their end mark, on one line."""
    return tokenizer.decode(ids).replace("\r", " ").replace("\n", " ").strip()


def _fingerprint(pairs: Sequence[Pair], held: Sequence[Pair]) -> str:
    digest = hashlib.sha256()
    for part in (pairs, held):
        for pair in part:
            digest.update(f"{pair.source}\t{pair.target}\n".encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()
