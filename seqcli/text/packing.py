"""What all tokenizers share: texts in portions that fit in memory, and their form in bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator

PIECE = 1 << 20  # characters of a text that are turned into ids at once


def manageable(text: str) -> Iterator[str]:
    """A text in pieces of at most `PIECE` characters, cut before a blank or a line feed where there is one: what is
    made on the way from text to ids takes many times the memory of either."""
    start = 0
    while len(text) - start > PIECE:
        stop = max(text.rfind(mark, start + 1, start + PIECE) for mark in " \n")
        stop = stop if stop > start else start + PIECE
        yield text[start:stop]
        start = stop
    yield text[start:]


def pack(kind: str, body: bytes) -> bytes:
    """The form `tokenizer.load_tokenizer` reads: a line of JSON that names the kind, then the tokenizer's own bytes."""
    return json.dumps({"kind": kind}).encode() + b"\n" + body
