"""A text corpus for language modelling: files in, arrays of token ids out, of any size."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seqcli.errors import DataError
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
    lines: bool = False
    notes: list[str] = field(default_factory=list)


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
    layout: str

    def learn_tokenizer(self, kind: str, vocab_size: int | None, cache: TokenCache, progress: Notice) -> Tokenizer:
        """A vocabulary of the training text alone."""

        def learnt() -> Tokenizer:
            chunks = self.train.chunks() if self.split is None else self.split.part(self.train.chunks(), held=False)
            return train_tokenizer(kind, chunks, vocab_size)

        return cache.tokenizer(f"{self.digest}:{kind}:{vocab_size}", learnt, progress)

    def encode(self, tokenizer: Tokenizer, cache: TokenCache, progress: Notice) -> tuple[Encoded, ...]:
        """Training and validation text as ids."""

        def encoded(text: Sources, name: str) -> Encoded:
            chunks = text.chunks()
            if self.split is not None:
                chunks = self.split.part(chunks, held=name == "valid")
            elif self.lines:
                chunks = without_blank_lines(chunks)
            return cache.encode(f"{self.fingerprint(tokenizer)}:{name}", chunks, tokenizer, progress)

        return encoded(self.train, "train"), encoded(self.valid, "valid")

    def fingerprint(self, tokenizer: Tokenizer) -> str:
        return hashlib.sha256(self.digest.encode() + tokenizer.to_bytes()).hexdigest()


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
        texts, sample = _open_texts(paths, request, stack, notice)
        notes = [*_check_zeros(sample), *([texts.layout] if texts.layout else [])]
        if request.column is None:
            names = column_names(sample)
            notes += [about_table(names, "learnt")] if names else about_markup(sample)
        cache = TokenCache(cache_dir, used=texts.size.bytes > IN_MEMORY)
        if tokenizer is None:
            kind = request.tokens
            if kind == "auto":
                kind, note = choose_kind(sample, texts.size.characters, lines=texts.lines)
                notes.append(note)
            tokenizer = texts.learn_tokenizer(kind, request.vocab_size, cache, progress)
        train, heldout = texts.encode(tokenizer, cache, progress)
    if len(train.ids) < FEWEST or len(heldout.ids) < 1 or texts.size.characters < FEWEST_CHARACTERS:
        raise DataError(
            f"the text is too short to learn from ({len(train.ids)} tokens, and {len(heldout.ids)} to validate on)",
            path=", ".join(paths),
            hint="give more text, or a --valid file",
        )
    if cache.used:
        notes.append(cache.notice)
    notes.append(f"{len(train.ids):,} training tokens, {len(heldout.ids):,} for validation, {tokenizer.size:,} types")
    notes += [*_about_unknown(tokenizer, train.ids, heldout.ids, sample), texts.held_out]
    return Corpus(
        train=train.ids,
        valid=heldout.ids,
        tokenizer=tokenizer,
        fingerprint=texts.fingerprint(tokenizer),
        valid_bytes=heldout.bytes,
        valid_chars=heldout.chars,
        lines=texts.lines,
        notes=notes,
    )


def _open_texts(
    paths: list[str], request: CorpusRequest, stack: contextlib.ExitStack, notice: Notice
) -> tuple[_Texts, str]:
    """The training and the validation text, kept open by `stack`, and a sample of the corpus."""

    def measured(names: list[str], what: str, hint: str) -> tuple[Sources, Size]:
        sources = stack.enter_context(opened(names, request))
        size = sources.measure(notice)
        if not size.characters:
            raise DataError(f"the {what} is empty", path=", ".join(sources.names), hint=hint)
        return sources, size

    sources, size = measured(paths, "text", "give a file with some text in it")
    held = None
    if request.valid:
        held = measured(list(request.valid), "validation text", "leave --valid out to hold some text out")
    return _divided(sources, size, held, request), size.sample


def _divided(sources: Sources, size: Size, held: tuple[Sources, Size] | None, request: CorpusRequest) -> _Texts:
    """A corpus in its training and validation text."""
    layout = ""
    lines = request.lines or (request.column is not None and not request.stream)
    if not lines and not request.stream:
        lines, reason = separate_lines(size.sample)
        layout = (
            f"each line is a separate text: {reason}; --stream treats them as one"
            if lines
            else f"the lines are one text: {reason}; --lines treats each as a separate text"
        )
    kind = "lines" if lines else "stream"
    if held is not None:
        files = f"validation: {', '.join(request.valid)}"
        return _Texts(sources, size, None, held[0], lines, f"{size.digest}{held[1].digest}{kind}", files, layout)
    share = request.valid_share or usual_share(size.characters)
    split: HeldLines | HeldStretches
    if lines:
        if size.lines < 2:
            raise DataError("the text is too short to learn from: it is one line", hint="give more lines, or --stream")
        split = hold_lines(size, share)
        what = f"{len(split.numbers):,} of {size.lines:,} lines, drawn from all over the text"
    else:
        split = hold_stretches(sources, size, share)
        held_share = 100 * sum(stop - start for start, stop in split.spans) / size.characters
        number = len(split.spans)
        where = f"in {number} stretches from all over it" if number > 1 else "in one piece"
        what = f"{held_share:.1f} % of the text, {where}"
    told = f"validation: {what}, held out; --valid names a file instead"
    return _Texts(sources, size, split, sources, lines, f"{size.digest}:{kind}:{share}", told, layout)


def _check_zeros(sample: str) -> list[str]:
    """What is to be said of zero bytes; `DataError` for many."""
    zeros = sample.count("\0")
    if zeros > MOST_ZEROS * len(sample):
        raise DataError(
            f"{zeros / len(sample):.0%} of its characters are zero bytes, as in archives and other files of programs",
            hint="unpack it, or turn zero bytes between texts into line ends: tr '\\0' '\\n'",
        )
    return ["the text has zero bytes, which are learnt as characters; tr -d '\\0' takes them out"] if zeros else []


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
