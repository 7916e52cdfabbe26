"""A text corpus for language modelling: files in, arrays of token ids out, of any size."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqcli.errors import DataError
from seqcli.files.opening import about_repeated
from seqcli.notices import Notice, quietly
from seqcli.requests import ColumnRequest, CorpusRequest
from seqcli.text.cache import Encoded, TokenCache, encode
from seqcli.text.column import about_table, column_names
from seqcli.text.layout import separate_lines
from seqcli.text.markup import about_markup
from seqcli.text.sources import Size, Sources, opened
from seqcli.text.split import HeldLines, HeldStretches, hold_lines, hold_stretches, usual_share, without_blank_lines
from seqcli.text.tokenizer import Tokenizer, choose_kind, train_tokenizer

IN_MEMORY = 8_000_000  # bytes of text up to which nothing is kept
COUNTED = 1 << 24  # tokens counted at a time
FEWEST, FEWEST_CHARACTERS = 3, 40  # tokens and characters from which on there is anything to learn
MOST_ZEROS = 0.01  # of the characters: a text with more zero bytes is an archive, or was made by a program for one


UNSEEN = {  # characters, what they are called, and how to be rid of them
    "\0": ("zero bytes", "tr -d '\\0'"),
    "\r": ("carriage returns within its lines", "tr -d '\\r'"),
    "\ufeff": ("byte order marks within it", r"sed 's/\xef\xbb\xbf//g'"),
}


@dataclass(frozen=True)
class Corpus:
    """Training and validation ids (1-D, perhaps mapped from a file), the tokenizer, and what was decided. With `lines`
    each line is a separate text, and none is blank; without, all lines are one text."""

    train: np.ndarray
    valid: np.ndarray
    tokenizer: Tokenizer
    fingerprint: str  # of the text, the split and the tokenizer
    valid_bytes: int
    valid_chars: int
    lines: bool
    notes: list[str]


@dataclass(frozen=True)
class _Texts:
    """The training and the validation text, and how one was made into the two."""

    train: Sources
    size: Size
    split: HeldLines | HeldStretches | None  # None: validation has files of its own
    valid: Sources
    lines: bool
    digest: str
    held_out: str
    layout: list[str]

    def part(self, *, held: bool) -> Iterator[str]:
        """The validation text, or the training text."""
        chunks = (self.valid if held else self.train).chunks()
        if self.split is not None:
            return self.split.part(chunks, held=held)
        return without_blank_lines(chunks) if self.lines else chunks


def open_corpus(
    paths: list[str],
    request: CorpusRequest,
    *,
    tokenizer: Tokenizer | None = None,
    cache_dir: Path | None = None,
    progress: Notice = quietly,
    notice: Notice = quietly,
) -> Corpus:
    """Read, split and tokenise a corpus of files, folders (all files in them) and patterns; `-` is standard input. A
    `tokenizer` takes the place of one learnt from the text. `cache_dir` is where a large corpus is kept as ids
    (`cache.TokenCache`), `progress` is told how far it is. Raises `DataError` for text that cannot be used."""
    with contextlib.ExitStack() as stack:
        texts = _open_texts(paths, request, stack, notice)
        size, sample = texts.size, texts.size.sample
        notes = [*_check_controls(sample), *texts.layout]
        notes += about_repeated(texts.train.paths) if texts.split is not None else []
        if request.column is None:
            names = column_names(sample)
            notes += [about_table(names, "learnt")] if names else about_markup(sample)
        cache = TokenCache(cache_dir, used=size.bytes > IN_MEMORY)
        if tokenizer is None:
            kind, vocab_size = request.tokens, request.vocab_size
            if kind == "auto":
                kind, note = choose_kind(sample, size.characters, lines=texts.lines)
                notes.append(note)

            def learnt() -> Tokenizer:
                chunks = texts.part(held=False) if texts.split is not None else texts.train.chunks()
                return train_tokenizer(kind, chunks, vocab_size)

            tokenizer = cache.tokenizer(f"{texts.digest}:{kind}:{vocab_size}", learnt, progress)
        key = hashlib.sha256(texts.digest.encode() + tokenizer.to_bytes()).hexdigest()
        train = cache.encode(f"{key}:train", texts.part(held=False), tokenizer, progress)
        valid = cache.encode(f"{key}:valid", texts.part(held=True), tokenizer, progress)
    if len(train.ids) < FEWEST or len(valid.ids) < 1 or size.characters < FEWEST_CHARACTERS:
        raise DataError(
            f"the text is too short to learn from ({len(train.ids)} tokens, and {len(valid.ids)} to validate on)",
            path=", ".join(paths),
            hint="give more text, or a --valid file",
        )
    if cache.used:
        notes.append(cache.notice)
    notes.append(f"{len(train.ids):,} training tokens, {len(valid.ids):,} for validation, {tokenizer.size:,} types")
    notes += [*_about_unknown(tokenizer, train.ids, valid.ids, sample), texts.held_out]
    return Corpus(train.ids, valid.ids, tokenizer, key, valid.bytes, valid.chars, texts.lines, notes)


def _open_texts(paths: list[str], request: CorpusRequest, stack: contextlib.ExitStack, notice: Notice) -> _Texts:
    """The training and the validation text, kept open by `stack`."""

    def measured(names: list[str], what: str, hint: str) -> tuple[Sources, Size]:
        sources = stack.enter_context(opened(names, request))
        size = sources.measure(notice)
        if not size.characters:
            raise DataError(f"the {what} is empty", path=", ".join(sources.names), hint=hint)
        return sources, size

    sources, size = measured(paths, "text", "give a file with some text in it")
    lines, layout = _layout(size.sample, request)
    kind = "lines" if lines else "stream"
    if request.valid:
        valid, other = measured(list(request.valid), "validation text", "leave --valid out to hold some text out")
        told = f"validation: {', '.join(request.valid)}"
        return _Texts(sources, size, None, valid, lines, f"{size.digest}{other.digest}{kind}", told, layout)
    share = request.valid_share or usual_share(size.characters)
    split, what = _hold_out(sources, size, share, lines=lines)
    told = f"validation: {what}, held out; --valid names a file instead"
    return _Texts(sources, size, split, sources, lines, f"{size.digest}:{kind}:{share}", told, layout)


def _layout(sample: str, request: CorpusRequest) -> tuple[bool, list[str]]:
    """Whether each line is a separate text, and what is said of that if nobody asked for it."""
    if request.lines or request.stream or request.column is not None:
        return not request.stream, []
    lines, reason = separate_lines(sample)
    if lines:
        return True, [f"each line is a separate text: {reason}; --stream treats them as one"]
    return False, [f"the lines are one text: {reason}; --lines treats each as a separate text"]


def _hold_out(sources: Sources, size: Size, share: float, *, lines: bool) -> tuple[HeldLines | HeldStretches, str]:
    """What of a text is held out, and what is said of it."""
    if lines:
        if size.lines < 2:
            raise DataError("the text is too short to learn from: it is one line", hint="give more lines, or --stream")
        held = hold_lines(size, share)
        return held, f"{len(held.numbers):,} of {size.lines:,} lines, drawn from all over the text"
    stretches = hold_stretches(sources, size, share)
    held_share = 100 * sum(stop - start for start, stop in stretches.spans) / size.characters
    number = len(stretches.spans)
    where = f"in {number} stretches from all over it" if number > 1 else "in one piece"
    return stretches, f"{held_share:.1f} % of the text, {where}"


def _check_controls(sample: str) -> list[str]:
    """What is to be said of characters that nobody sees; `DataError` for many zero bytes."""
    zeros = sample.count("\0")
    if zeros > MOST_ZEROS * len(sample):
        raise DataError(
            f"{zeros / len(sample):.0%} of its characters are zero bytes, as in archives and other files of programs",
            hint="unpack it, or turn zero bytes between texts into line ends: tr '\\0' '\\n'",
        )
    return [
        f"the text has {what}, which are learnt as characters; {command} takes them out"
        for character, (what, command) in UNSEEN.items()
        if character in sample
    ]


def _about_unknown(tokenizer: Tokenizer, train: np.ndarray, valid: np.ndarray, sample: str) -> list[str]:
    """What is to be said of tokens that the vocabulary lacks, with examples from a sample of the text."""
    shares = []
    for ids in (train, valid):  # which may be mapped from a file
        pieces = (ids[start : start + COUNTED] for start in range(0, len(ids), COUNTED))
        shares.append(sum(int((piece == tokenizer.unk_id).sum()) for piece in pieces) / len(ids))
    if not any(shares):
        return []
    common = [word for word, _ in Counter(tokenizer.unknown(sample)).most_common(5) if word != "<unk>"]
    examples = f" (such as {', '.join(map(repr, common))})" if common else ""
    return [f"unknown tokens: {shares[0]:.1%} of the training text, {shares[1]:.1%} for validation{examples}"]


def encode_files(
    paths: list[str],
    tokenizer: Tokenizer,
    request: ColumnRequest,
    *,
    lines: bool = False,
    spell: bool = False,
    notice: Notice = quietly,
) -> Encoded:
    """Whole files as one stream of ids, in memory; with `lines` without their blank lines, with `spell` also what the
    spelling of unknown tokens costs."""
    with opened(paths, request) as sources:
        if request.column is None and (found := column_names(next(sources.chunks(), ""))):
            notice(about_table(found, "read"))
        chunks = sources.chunks(notice)
        return encode(without_blank_lines(chunks) if lines else chunks, tokenizer, spell=spell)
