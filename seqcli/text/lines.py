"""Text as it arrives, from files and standard input, in chunks or as lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from seqcli.files.decoding import AUTO, TextDecoder
from seqcli.files.opening import open_bytes, shown_path
from seqcli.notices import Notice, quietly
from seqcli.requests import TextRequest
from seqcli.text.live import LiveLines, encoding_notice, not_text

CHUNK = 1 << 20  # bytes read at a time


def read_chunks(
    path: str,
    *,
    encoding: str = AUTO,
    errors: str = "strict",
    name: str | None = None,
    notice: Notice = quietly,
) -> Iterator[str]:
    """The text of a file in pieces of about a million characters; a byte order mark at its start is left out.

    Args:
        path: a file, plain or compressed, or `-`.
        encoding, errors: those of `TextDecoder`.
        name: what messages call the file (the text may be a copy of what was read from elsewhere).
        notice: told when an encoding other than UTF-8 was found.

    Raises `DataError` with the byte's place for what is not text, `UsageError` for an unknown encoding.
    """
    decoder = TextDecoder(encoding, errors)
    shown = name or shown_path(path)
    told = False
    with open_bytes(path) as file:
        while True:
            data = file.read(CHUNK)
            place = decoder.done - decoder.pending
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeError as problem:
                raise not_text(problem, decoder, place, shown) from problem
            if decoder.found and not told:
                told = True
                notice(encoding_notice(shown, decoder.found))
            if text:
                yield text
            if not data:
                return


def read_lines(path: str, request: TextRequest | None = None, notice: Notice = quietly) -> Iterator[str]:
    """The lines of a file, as they arrive: ended by a line feed, one carriage return before it left out (or by
    carriage returns, where there is no line feed at all). The request has the encoding, see `read_chunks`."""
    request = request or TextRequest()
    if path == "-":
        yield from LiveLines(request, notice)
        return
    unfinished: list[str] = []  # of a line whose end has not come
    for chunk in read_chunks(path, encoding=request.encoding, errors=request.errors, notice=notice):
        first, *others = chunk.split("\n")
        unfinished.append(first)
        for other in others:
            yield "".join(unfinished).removesuffix("\r")
            unfinished = [other]
    if rest := "".join(unfinished):
        yield rest.removesuffix("\r")


def csv_reader(lines: Iterable[str], delimiter: str, **form: Any) -> Any:
    """`csv.reader`, whose cells may be as long as whole documents: the limit holds for all readers in the process."""
    csv.field_size_limit(2**31 - 1)
    return csv.reader(lines, delimiter=delimiter, **form)
