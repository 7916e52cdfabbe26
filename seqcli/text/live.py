"""Standard input as lines that can be asked for without waiting: what has come is worked on before the rest comes."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from seqcli.errors import DataError, SeqcliError, UsageError

CHUNK = 1 << 16  # bytes read at a time
GZIP = b"\x1f\x8b"
Item = TypeVar("Item")


def text_decoder(encoding: str, errors: str) -> codecs.IncrementalDecoder:
    """What turns bytes into text as they come; `UsageError` for an unknown encoding, or one that is not of text."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # refuses codecs that are not of text, such as hex
        return codecs.getincrementaldecoder(encoding)(errors)
    except (LookupError, ValueError, TypeError) as problem:
        raise UsageError(f"unknown encoding {encoding!r}", hint="utf-8, gb18030, latin-1 are some") from problem


class LiveLines(Iterator[str]):
    """The lines of standard input, plain or gzip, as they arrive: ended by a line feed, one carriage return before it
    left out, a byte order mark at the start too.

    Bytes are read from the descriptor itself, so nothing is held by a buffer that could not be asked. `DataError` with
    the byte's place for what is not text, `UsageError` for an unknown encoding.
    """

    def __init__(self, *, encoding: str = "utf-8", errors: str = "strict") -> None:
        if sys.stdin is None:
            raise DataError("standard input is closed", hint="give a file, or pipe something in")
        self._decoder = text_decoder(encoding, errors)
        self._encoding = encoding
        try:
            self._descriptor: int | None = sys.stdin.buffer.fileno()
        except OSError:  # a stream in memory
            self._descriptor = None
        self._lines: deque[str] = deque()
        self._unfinished: list[str] = []  # of a line whose end has not come
        self._unpacker: zlib._Decompress | None = None
        self._decoded = 0  # bytes so far
        self._number = 0  # lines so far
        self._started = self._ended = False
        self._problem: DataError | None = None  # met after the lines that are here

    def __next__(self) -> str:
        while not self._lines:
            if self._problem is not None:
                raise self._problem
            if self._ended:
                raise StopIteration
            self._read()
        return self._lines.popleft()

    def ready(self) -> bool:
        """Whether the next line, the end or a problem is there without waiting."""
        while not self._lines and not self._ended and self._problem is None:
            if self._descriptor is not None and not select.select([self._descriptor], [], [], 0)[0]:
                return False
            self._read()
        return True

    def _read(self) -> None:
        """Take in one chunk, or the end; what is wrong with it is for whoever asks for a line."""
        try:
            self._split(self._decode(self._bytes()))
        except DataError as problem:
            self._problem = problem

    def _bytes(self) -> bytes:
        try:
            data = sys.stdin.buffer.read(CHUNK) if self._descriptor is None else os.read(self._descriptor, CHUNK)
            if not self._started and data:
                self._started = True
                self._unpacker = zlib.decompressobj(31) if data[:2] == GZIP else None
            self._ended = not data
            return data if self._unpacker is None else self._unpack(data)
        except zlib.error as problem:
            raise DataError(
                "is a damaged gzip file", path="standard input", hint="fetch or compress it again"
            ) from problem
        except OSError as problem:
            raise DataError(f"cannot be read: {problem.strerror or problem}", path="standard input") from problem

    def _unpack(self, data: bytes) -> bytes:
        assert self._unpacker is not None
        if self._ended and not self._unpacker.eof:
            raise zlib.error("ends early")
        parts = []
        while data:
            if self._unpacker.eof:  # a gzip file may have several members
                self._unpacker = zlib.decompressobj(31)
            parts.append(self._unpacker.decompress(data))
            data = self._unpacker.unused_data
        return b"".join(parts)

    def _decode(self, data: bytes) -> str:
        held = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as problem:
            self._split(problem.object[: problem.start].decode(self._encoding, "replace"))
            raise DataError(
                f"byte {self._decoded - held + problem.start} (0x{problem.object[problem.start]:02x}) is not "
                f"{self._encoding} text: {problem.reason}",
                path="standard input",
                line=self._number + 1,
                hint="name the --encoding, or replace such bytes with --errors replace",
            ) from problem
        except UnicodeError as problem:  # UTF-16 and UTF-32 without their mark
            raise DataError(
                f"is not {self._encoding} text: {problem}", path="standard input", hint="name its --encoding"
            ) from problem
        if self._decoded == 0:
            text = text.removeprefix("\ufeff")
        self._decoded += len(data)
        return text

    def _split(self, text: str) -> None:
        first, *others = text.split("\n")
        self._unfinished.append(first)
        for other in others:
            self._lines.append("".join(self._unfinished).removesuffix("\r"))
            self._number += 1
            self._unfinished = [other]
        if self._ended and (last := "".join(self._unfinished)):
            self._lines.append(last.removesuffix("\r"))
            self._unfinished = []


def windows(items: Iterable[Item], ready: Callable[[], bool] | None, first: int, most: int) -> Iterator[list[Item]]:
    """Lists of what has arrived, at least one item each: at most `first` at first, then twice as many, up to `most`.

    With `ready` a list ends as soon as that says that the next item is not there yet. What came before an error is
    handed out before it is raised.
    """
    iterator, size = iter(items), first
    while True:
        window = list(islice(iterator, 1))
        if not window:
            return
        problem: SeqcliError | None = None
        try:
            while len(window) < size and (ready is None or ready()):
                window.append(next(iterator))
        except StopIteration:
            pass
        except SeqcliError as raised:
            problem = raised
        yield window
        if problem is not None:
            raise problem
        size = min(2 * size, most)
