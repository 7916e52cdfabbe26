"""Text as it comes: files, gzip files and standard input, in any encoding, as chunks or as lines."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from seqcli.errors import DataError
from seqcli.text.live import LiveLines, text_decoder

CHUNK = 1 << 20  # bytes read at a time
_REMEDIES: dict[type[OSError], str] = {
    FileNotFoundError: "check the name; it counts from the folder you are in",
    PermissionError: "check who may read it",
}


@contextmanager
def open_bytes(path: str) -> Iterator[BinaryIO]:
    """A file, a gzip file (by its first bytes) or, for `-`, standard input, as bytes.

    Raises `DataError` for a file that cannot be read or is damaged.
    """
    try:
        if path == "-":
            if sys.stdin is None:
                raise DataError("standard input is closed", hint="give a file, or pipe something in")
            yield from _plain(sys.stdin.buffer)
            return
        if Path(path).is_dir():
            raise DataError("is a folder", path=path, hint="name the files in it")
        with open(path, "rb") as file:
            yield from _plain(file)
    except (zlib.error, EOFError, gzip.BadGzipFile) as problem:
        raise DataError("is a damaged gzip file", path=_shown(path), hint="fetch or compress it again") from problem
    except OSError as problem:
        hint = _REMEDIES.get(type(problem), "copy it to another place, or pipe it in")
        raise DataError(f"cannot be read: {problem.strerror or problem}", path=_shown(path), hint=hint) from problem


def _shown(path: str) -> str:
    return "standard input" if path == "-" else path


def _plain(file: BinaryIO) -> Iterator[BinaryIO]:
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[type-var]
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        with gzip.open(buffered) as unpacked:
            yield unpacked  # type: ignore[misc]
    else:
        yield buffered


def read_chunks(
    path: str, *, encoding: str = "utf-8", errors: str = "strict", name: str | None = None
) -> Iterator[str]:
    """The text of a file in pieces of about a million characters; a byte order mark at its start is left out.

    Errors call the file `name` if that is given (the text may be a copy of what was read from elsewhere).
    Raises `DataError` with the byte's place for what is not text, `UsageError` for an unknown encoding.
    """
    decoder = text_decoder(encoding, errors)
    shown = name or _shown(path)
    done = 0
    with open_bytes(path) as file:
        while True:
            data = file.read(CHUNK)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as problem:
                place = done - held + problem.start
                raise DataError(
                    f"byte {place} (0x{problem.object[problem.start]:02x}) is not {encoding} text: {problem.reason}",
                    path=shown,
                    hint="name the file's --encoding, or replace such bytes with --errors replace",
                ) from problem
            except UnicodeError as problem:  # UTF-16 and UTF-32 without their mark
                raise DataError(
                    f"is not {encoding} text: {problem}", path=shown, hint="name the file's --encoding"
                ) from problem
            if done == 0 and text.startswith("\ufeff"):
                text = text[1:]
            done += len(data)
            if text:
                yield text
            if not data:
                return


def read_lines(path: str, *, encoding: str = "utf-8", errors: str = "strict") -> Iterator[str]:
    """The lines of a file, as they arrive: ended by a line feed only, one carriage return before it left out."""
    if path == "-":
        yield from LiveLines(encoding=encoding, errors=errors)
        return
    unfinished: list[str] = []  # of a line whose end has not come
    for chunk in read_chunks(path, encoding=encoding, errors=errors):
        first, *others = chunk.split("\n")
        unfinished.append(first)
        for other in others:
            yield "".join(unfinished).removesuffix("\r")
            unfinished = [other]
    if rest := "".join(unfinished):
        yield rest.removesuffix("\r")
