"""A text corpus for language modelling: files in, arrays of token ids out, of any size."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.text.cache import Encoded, TokenCache, encode
from seqcli.text.sources import Size, Sources, spooled
from seqcli.text.tokenizer import Tokenizer, choose_kind, train_tokenizer

IN_MEMORY = 8_000_000  # bytes of text up to which nothing is kept


@dataclass(frozen=True)
class Corpus:
    """Training and validation ids (1-D, perhaps mapped from a file), the tokenizer, and what was decided."""

    train: np.ndarray
    valid: np.ndarray
    tokenizer: Tokenizer
    fingerprint: str  # of the text, the split and the tokenizer
    valid_bytes: int
    valid_chars: int
    held_out: str  # how validation text was chosen, in a sentence
    notes: list[str] = field(default_factory=list)


def open_corpus(
    paths: list[str],
    *,
    valid: list[str] | None = None,
    valid_share: float = 0.05,
    tokens: str = "auto",
    vocab_size: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    tokenizer: Tokenizer | None = None,
    cache_dir: Path | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Corpus:
    """Read, split and tokenise a corpus.

    Without `valid` the last `valid_share` of the text is held out, from the beginning of a line. The vocabulary is
    learnt from the training text only, unless `tokenizer` is given. Raises `DataError` for text that cannot be used.
    """
    if valid is None and not 0 < valid_share < 1:
        raise UsageError("--valid-share must be between 0 and 1")
    with contextlib.ExitStack() as stack:

        def opened(names: list[str], what: str, hint: str) -> tuple[Sources, Size]:
            sources = Sources([stack.enter_context(spooled(name)) for name in names], names, encoding, errors)
            size = sources.measure()
            if not size.characters:
                raise DataError(f"the {what} is empty", path=", ".join(names), hint=hint)
            return sources, size

        sources, size = opened(paths, "text", "give a file with some text in it")
        train_stop, held_start = None, 0
        if valid is not None:
            held, held_size = opened(valid, "validation text", "leave --valid out to hold some text out")
            held_out = f"validation: {', '.join(valid)}"
            digest = size.digest + held_size.digest
        else:
            held, held_start = sources, sources.line_start(int(size.characters * (1 - valid_share)), size.characters)
            train_stop = held_start
            share = 1 - held_start / size.characters
            held_out = f"validation: the last {100 * share:.1f} % of the text, held out; --valid names a file instead"
            digest = f"{size.digest}:{held_start}"
        notes: list[str] = []
        kind = tokens
        if tokenizer is None and tokens == "auto":
            kind, note = choose_kind(size.beginning, size.characters)
            notes.append(note)
        cache = TokenCache(cache_dir, used=size.bytes > IN_MEMORY)
        if tokenizer is None:
            tokenizer = cache.tokenizer(
                f"{digest}:{kind}:{vocab_size}",
                lambda: train_tokenizer(kind, sources.chunks(stop=train_stop), vocab_size),
                progress,
            )
        fingerprint = hashlib.sha256(digest.encode() + tokenizer.to_bytes()).hexdigest()
        train = cache.encode(f"{fingerprint}:train", sources.chunks(stop=train_stop), tokenizer, progress)
        heldout = cache.encode(f"{fingerprint}:valid", held.chunks(start=held_start), tokenizer, progress)
    if len(train.ids) < 3 or len(heldout.ids) < 1:
        raise DataError(
            f"the text is too short to learn from ({len(train.ids)} tokens, {len(heldout.ids)} held out)",
            path=", ".join(paths),
            hint="give more text, or a --valid file",
        )
    if cache.used:
        notes.append(f"the tokenised text is kept in {cache.folder}")
    notes.append(f"{len(train.ids):,} training tokens, {len(heldout.ids):,} for validation, {tokenizer.size:,} types")
    return Corpus(
        train=train.ids,
        valid=heldout.ids,
        tokenizer=tokenizer,
        fingerprint=fingerprint,
        valid_bytes=heldout.bytes,
        valid_chars=heldout.chars,
        held_out=held_out,
        notes=notes,
    )


def encode_files(paths: list[str], tokenizer: Tokenizer, *, encoding: str = "utf-8", errors: str = "strict") -> Encoded:
    """Whole files as one stream of ids, in memory."""
    return encode(Sources(paths, paths, encoding, errors).chunks(), tokenizer)
