"""Labelled files to what a tagger is trained on: sentences as arrays, labels, vocabulary, a part held out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcli.errors import DataError
from seqcli.files.checkpoint import Checkpoint
from seqcli.files.opening import about_repeated
from seqcli.notices import Notice, quietly
from seqcli.requests import TextRequest
from seqcli.tagging.encoding import Encoded, encode
from seqcli.tagging.formats.columns import Columns
from seqcli.tagging.formats.detect import LOOKED_AT, detect, separator_of
from seqcli.tagging.formats.lines import Segmented, cuts_words
from seqcli.tagging.formats.records import Records
from seqcli.tagging.formats.sentence import Format, Sentence
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.labels import Gold, LabelSet
from seqcli.tagging.lexicon import Lexicon
from seqcli.tagging.options import TrainRequest
from seqcli.tagging.pretrained import Vectors
from seqcli.tagging.schemes import BIOES, OUTSIDE, Scheme, foreign, nearly, recognise
from seqcli.tagging.words import WordRule
from seqcli.text.lines import read_lines
from seqcli.text.sources import fingerprint

SHOWN = 8  # places of broken chunks that are listed
MOST_BROKEN = 0.02  # of the chunks' labels; with more the scheme is another one
LEAST_HELD, MOST_HELD = 150, 1000  # sentences held out; fewer than `LEAST_HELD` only where that were a tenth


@dataclass(frozen=True)
class LabelledText:
    """Sentences to train on, as arrays, with the numbers of their labels (steps,), and sentences to validate on, with
    their labels; what was learnt from them, and what there is to say about them."""

    encoded: Encoded
    numbers: np.ndarray
    valid: list[Sentence]
    gold: list[Gold]
    labelling: Labelling
    fingerprint: str
    notes: list[str]


def read_labelled(
    paths: Sequence[str],
    request: TextRequest,
    given: Format | None,
    notice: Notice = quietly,
    scheme: Scheme | None = None,
) -> tuple[list[Sentence], Format]:
    """The sentences of some files that have labels, and the format they are in, which is the one that the request of a
    training names, or that of the first, unless it is `given`. Chunks come in `scheme`, where it is given, whichever
    the file has them in. `DataError` names what cannot be read."""
    sentences: list[Sentence] = []
    for path in paths:
        lines = list(read_lines(path, request, notice))
        if given is None:
            assert isinstance(request, TrainRequest)
            given = detect(lines, path, name=request.format, column=request.column, characters=request.characters)
        if isinstance(given, Segmented) and (separator := separator_of(lines[:LOOKED_AT])):
            raise DataError(
                f"has a tag after {separator!r} in every word, which would be taken for characters",
                path=path,
                hint="words between blanks were learnt: take the tags away",
            )
        own = _own_columns(given, lines, path, notice)
        found = [replace(sentence, path=path) for sentence in own.read(lines, path) if sentence.steps]
        if not found:
            raise DataError(f"has no sentences ({given.describe()})", path=path)
        for sentence in found:
            if sentence.labels is None:
                hint = "give labelled text in the format of the model, or of the first file"
                raise DataError(f"has no labels ({given.describe()})", path=path, line=sentence.line, hint=hint)
        sentences += found if scheme is None else _in_scheme(found, scheme, path, notice)
    assert given is not None
    return sentences, given


def _own_columns(given: Format, lines: Sequence[str], path: str, notice: Notice) -> Format:
    """The format that is given, or columns as a file has them of which no line is in the given ones."""
    if not isinstance(given, Columns) or any(len(given.split(line)) == given.count for line in lines):
        return given
    try:
        own = detect(lines, path)
    except DataError:
        return given
    if not isinstance(own, Columns):
        return given
    notice(f"{path}: read as {own.describe()}, unlike those that were learnt")
    return own


def _in_scheme(sentences: list[Sentence], scheme: Scheme, path: str, notice: Notice) -> list[Sentence]:
    """Sentences with their chunks in `scheme`; those in no scheme at all as they are."""
    labels = [sentence.labels or () for sentence in sentences]
    other = recognise(labels) if foreign((label for of_one in labels for label in of_one), scheme) else None
    if other is None:
        return sentences
    notice(f"{path}: labels are chunks in {other.name}, read as those in {scheme.name}")
    chunks = [other.chunks(of_one)[0] for of_one in labels]
    return [replace(s, labels=scheme.labels(c, len(s.steps))) for s, c in zip(sentences, chunks, strict=True)]


def open_labelled(
    request: TrainRequest, base: Labelling | None = None, source: Checkpoint | None = None, notice: Notice = quietly
) -> LabelledText:
    """The labelled files that a request names, some sentences held out for validation unless it names files for that.
    Labels and vocabulary are those of the sentences that are trained on, or those of `base`, a model to go on from; a
    language model `source` adds the words that it knows to the vocabulary. `DataError` for what cannot be used."""
    paths, valid = request.data, request.valid
    scheme = base.labels.scheme if base is not None else None
    sentences, format = read_labelled(paths, request, base.format if base is not None else None, notice, scheme)
    notes = [format.describe()]
    if valid:
        scheme = scheme or recognise([sentence.labels or () for sentence in sentences])
        held, _ = read_labelled(valid, request, format, notice, scheme)
        notes.append(f"validating on {len(held):,} sentences of {' and '.join(valid)}")
    else:
        sentences, held = hold_out(sentences, request.valid_share, request.seed)
        notes.append(f"holding out {len(held):,} sentences, drawn at random, for validation")
        notes += about_repeated(paths)
    if not sentences or not held:
        raise DataError(
            "too few sentences: at least one to train on and one to validate on are needed",
            path=paths[0],
            hint=f"read as {format.describe()}" + ("; a blank line ends a sentence" if format.name == "conll" else ""),
        )
    labelling = base or _learn(sentences, held, format, paths, notes)
    if source is not None:
        vectors = Vectors.of(source, labelling.lexicon.unit)
        notes.append(vectors.describe(labelling.lexicon))
        labelling = replace(labelling, lexicon=labelling.lexicon.with_more(vectors.forms))
    numbers = np.concatenate([labelling.labels.numbers(sentence.labels or ()) for sentence in sentences])
    if (numbers < 0).any():
        said = [label for sentence in sentences for label in sentence.labels or ()]
        raise DataError(
            f"the model to start from does not know the label {said[int((numbers < 0).argmax())]!r}",
            path=paths[0],
            hint="train a new model, without --init-from",
        )
    encoded = encode(labelling.lexicon, [sentence.steps for sentence in sentences])
    steps = f"{len(encoded.types):,} {labelling.lexicon.unit}s"
    notes.append(f"{len(sentences):,} sentences, {steps}, {len(labelling.labels):,} labels")
    return LabelledText(
        encoded=encoded,
        numbers=numbers,
        valid=held,
        gold=[labelling.labels.gold(sentence.labels or ()) for sentence in held],
        labelling=labelling,
        fingerprint=fingerprint(_lines(sentences), _lines(held)),
        notes=notes,
    )


def _learn(
    sentences: Sequence[Sentence], held: Sequence[Sentence], format: Format, paths: Sequence[str], notes: list[str]
) -> Labelling:
    """Vocabulary and labels of the sentences that are trained on; `notes` hear of the chunk scheme."""
    made = cuts_words(format) or (isinstance(format, Records) and format.spans)  # chunks by the format itself
    scheme = BIOES if made else recognise([s.labels or () for s in (*sentences, *held)])
    if scheme is not None and not made:
        notes.append(f"labels are chunks in {scheme.name}")
        for path in dict.fromkeys(paths):
            notes += broken_chunks(scheme, [sentence for sentence in sentences if sentence.path == path], path)
    elif scheme is None and (names := nearly(label for s in sentences for label in s.labels or ())):
        first = next(sentence for sentence in sentences if names[0] in (sentence.labels or ()))
        line = first.line_of(list(first.labels or ()).index(names[0]))
        notes.append(
            f"{first.path}, line {line}: {names[0]!r} is no label of a chunk (B-PER, I-PER, O), so labels are learnt "
            "one by one and there is no F1"
        )
    labels = LabelSet.learn([sentence.labels or () for sentence in sentences], scheme)
    if len(labels) == 1:
        hint = "--column names another column" if format.name in ("conll", "conllu") else "at least two are needed"
        said = f"all steps have the label {labels.names[0]!r}: nothing is to be learnt"
        raise DataError(said, path=paths[0], hint=hint)
    unit = unit_of(sentences)
    steps = [sentence.steps for sentence in sentences]
    return Labelling(
        lexicon=Lexicon.learn(steps, unit),
        labels=labels,
        format=format,
        rule=WordRule.learn(steps) if unit == "word" else None,
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
    inside = sum(label != OUTSIDE for sentence in sentences for label in sentence.labels or ())
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


def _lines(sentences: Sequence[Sentence]) -> Iterator[str]:
    for sentence in sentences:
        yield from (f"{step}\t{label}\n" for step, label in zip(sentence.steps, sentence.labels or (), strict=True))
        yield "\n"
