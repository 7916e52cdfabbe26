"""Labelled files to what a tagger is trained on: sentences as arrays, labels, vocabulary, a part held out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.errors import DataError
from seqcli.tagging.encoding import Encoded, encode
from seqcli.tagging.formats.detect import detect
from seqcli.tagging.formats.lines import Inline, Segmented
from seqcli.tagging.formats.records import Records
from seqcli.tagging.formats.sentence import Format, Sentence
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import Lexicon
from seqcli.tagging.schemes import BIOES, Scheme, recognise
from seqcli.tagging.words import WordRule
from seqcli.text.lines import read_lines

SHOWN = 8  # places of broken chunks that are listed
MOST_BROKEN = 0.02  # of the chunks' labels; with more the scheme is another one
LEAST_HELD, MOST_HELD = 150, 1000  # sentences held out; fewer than `LEAST_HELD` only where that were a tenth


@dataclass(frozen=True)
class LabelledText:
    """Sentences to train on, as arrays with the numbers of their labels (steps,), and sentences to validate on, with
    the numbers of theirs; what was learnt from them, and what there is to say about them."""

    encoded: Encoded
    numbers: np.ndarray
    valid: list[Sentence]
    gold: list[np.ndarray]
    labels: LabelSet
    lexicon: Lexicon
    rule: WordRule | None
    format: Format
    fingerprint: str
    notes: list[str]


@dataclass(frozen=True)
class Reading:
    """How files are read: the `format`, or "auto", the column of the labels, whether characters are the steps, and
    the files' encoding with what is done about bytes that are none."""

    format: str = "auto"
    column: str | None = None
    characters: bool = False
    encoding: str = "auto"
    errors: str = "strict"


def read_labelled(
    paths: Sequence[str], reading: Reading, given: Format | None = None
) -> tuple[list[Sentence], Format, list[str]]:
    """The sentences of some files that have labels, the format they are in, which is that of the first unless `given`,
    and what to say of them. `DataError` names what cannot be read."""
    sentences: list[Sentence] = []
    for path in paths:
        lines = list(read_lines(path, encoding=reading.encoding, errors=reading.errors))
        if given is None:
            options = {"name": reading.format, "column": reading.column, "characters": reading.characters}
            given = detect(lines, path, **options)  # type: ignore[arg-type]
        found = [sentence for sentence in given.read(lines, path) if sentence.steps]
        if not found:
            raise DataError(f"has no sentences ({given.describe()})", path=path)
        for sentence in found:
            if sentence.labels is None:
                raise DataError(f"has no labels ({given.describe()})", path=path, line=sentence.line)
        sentences += found
    assert given is not None
    return sentences, given, [given.describe()]


def makes_chunks(format: Format) -> bool:
    """Whether the labels of a format are chunks that it makes itself."""
    return (
        isinstance(format, Segmented)
        or (isinstance(format, Inline) and format.characters)
        or (isinstance(format, Records) and format.spans)
    )


def open_labelled(
    paths: Sequence[str], *, valid: Sequence[str] = (), valid_share: float = 0.05, reading: Reading, seed: int = 1
) -> LabelledText:
    """Read labelled files, hold some sentences out for validation unless `valid` files are given, and encode them.

    Labels and vocabulary are those of the sentences that are trained on. `DataError` for files that cannot be used.
    """
    sentences, format, notes = read_labelled(paths, reading)
    if valid:
        held, _, _ = read_labelled(valid, reading, format)
        notes.append(f"validating on {len(held):,} sentences of {' and '.join(valid)}")
    else:
        sentences, held = hold_out(sentences, valid_share, seed)
        notes.append(f"holding out {len(held):,} sentences, drawn at random, for validation")
    if not sentences or not held:
        raise DataError("too few sentences: at least one to train on and one to validate on are needed", path=paths[0])
    scheme = BIOES if makes_chunks(format) else recognise([s.labels or () for s in (*sentences, *held)])
    if scheme is not None and not makes_chunks(format):
        notes.append(f"labels are chunks in {scheme.name}")
        notes += broken_chunks(scheme, sentences, paths[0])
    labels = LabelSet.learn([sentence.labels or () for sentence in sentences], scheme)
    unit = unit_of(sentences)
    lexicon = Lexicon.learn([sentence.steps for sentence in sentences], unit)
    encoded = encode(lexicon, [sentence.steps for sentence in sentences])
    what = "characters" if unit == "character" else "words"
    notes.append(f"{len(sentences):,} sentences, {len(encoded.types):,} {what}, {len(labels)} labels")
    return LabelledText(
        encoded=encoded,
        numbers=np.concatenate([labels.numbers(sentence.labels or ()) for sentence in sentences]),
        valid=held,
        gold=[labels.numbers(sentence.labels or ()) for sentence in held],
        labels=labels,
        lexicon=lexicon,
        rule=WordRule.learn([sentence.steps for sentence in sentences]) if unit == "word" else None,
        format=format,
        fingerprint=_fingerprint(sentences, held),
        notes=notes,
    )


def unit_of(sentences: Sequence[Sentence]) -> str:
    """What the steps are: "character" where next to all of them are one character long."""
    lengths = [len(step) for sentence in sentences for step in sentence.steps]
    return "character" if sum(length == 1 for length in lengths) >= 0.99 * len(lengths) else "word"


def broken_chunks(scheme: Scheme, sentences: Sequence[Sentence], path: str) -> list[str]:
    """What to say about chunks that break off or go on without a beginning; `DataError` where they are many."""
    lines = [s.line_of(step) for s in sentences for step in scheme.chunks(s.labels or ())[1]]
    if not lines:
        return []
    listed = ", ".join(map(str, lines[:SHOWN])) + (" …" if len(lines) > SHOWN else "")
    inside = sum(label != "O" for sentence in sentences for label in sentence.labels or ())
    if len(lines) > max(MOST_BROKEN * inside, 10):
        raise DataError(
            f"{len(lines):,} labels break the chunk scheme {scheme.name} (lines {listed})",
            path=path,
            line=lines[0],
            hint="a chunk begins with its own label, ends with it where the scheme has one, and has one kind",
        )
    return [f"{path}: broken chunks at line {listed}: each is taken to begin, or to end, there"]


def hold_out(sentences: list[Sentence], share: float, seed: int) -> tuple[list[Sentence], list[Sentence]]:
    """Sentences to train on and, drawn at random, sentences to validate on."""
    count = len(sentences)
    wanted = min(max(math.ceil(count * share), min(LEAST_HELD, count // 10)), MOST_HELD, count - 1)
    held = set(np.random.default_rng(seed).permutation(count)[:wanted].tolist())
    chosen = [sentence for number, sentence in enumerate(sentences) if number in held]
    return [sentence for number, sentence in enumerate(sentences) if number not in held], chosen


def _fingerprint(*parts: Sequence[Sentence]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for sentence in part:
            for step, label in zip(sentence.steps, sentence.labels or (), strict=True):
                digest.update(f"{step}\t{label}\n".encode("utf-8", "surrogatepass"))
            digest.update(b"\n")
        digest.update(b"\0")
    return digest.hexdigest()
