"""Text as it arrives, from files and standard input: in chunks, or as lines, of which those that have come can be used
before the rest does."""

from __future__ import annotations

import csv
import os
import select
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from seqcli.errors import DataError, SeqcliError
from seqcli.files.decoding import AUTO, TextDecoder
from seqcli.files.opening import Unpacker, open_bytes, shown_path
from seqcli.notices import Notice, change_with, quietly
from seqcli.requests import TextRequest

CHUNK, LIVE_CHUNK = 1 << 20, 1 << 16  # bytes read at a time, of a file and of standard input
STANDARD_INPUT = shown_path("-")
Item = TypeVar("Item")


class _Reading:
    """The bytes of an input as text: an encoding that was found is said once, and what is no text is a `DataError` with
    its place; `before` is then the text before it that was decoded with it."""

    def __init__(self, shown: str, encoding: str, errors: str, notice: Notice) -> None:
        self._decoder, self._shown, self._notice = TextDecoder(encoding, errors), shown, notice
        self._lines = 0  # that have ended
        self.before = ""

    def text(self, data: bytes, *, final: bool) -> str:
        """The text of the next bytes; `final` marks the end."""
        place = self._decoder.done - self._decoder.pending
        try:
            text = self._decoder.decode(data, final)
        except UnicodeError as problem:
            raise self._error(problem, place) from problem
        if found := self._decoder.found:
            self._notice(f"{self._shown}: read as {found}, judged by its bytes; {change_with('--encoding')}")
            self._notice = quietly
        self._lines += text.count("\n")
        return text

    def _error(self, problem: UnicodeError, place: int) -> DataError:
        named, hint = self._decoder.encoding, "name its --encoding"
        if not isinstance(problem, UnicodeDecodeError):  # UTF-16 and UTF-32 without their mark
            return DataError(f"is not {named} text: {problem}", path=self._shown, hint=hint)
        self.before, byte = problem.object[: problem.start].decode(named, "replace"), problem.object[problem.start]
        return DataError(
            f"byte {place + problem.start} (0x{byte:02x}) is not {named} text: {problem.reason}",
            path=self._shown,
            line=self._lines + self.before.count("\n") + 1,
            hint=f"{hint}, or replace such bytes with --errors replace",
        )


class LiveLines(Iterator[str]):
    """The lines of standard input, plain or compressed, as they arrive: ended by a line feed, one carriage return
    before it left out, a byte order mark at the start too.

    Bytes are read from the descriptor itself, so nothing is held by a buffer that could not be asked. `DataError` with
    the byte's place for what is not text, `UsageError` for an unknown encoding.
    """

    def __init__(self, request: TextRequest | None = None, notice: Notice = quietly) -> None:
        request = request or TextRequest()
        if sys.stdin is None:
            raise DataError("standard input is closed", hint="give a file, or pipe something in")
        self._reading = _Reading(STANDARD_INPUT, request.encoding, request.errors, notice)
        self._unpacker = Unpacker(STANDARD_INPUT)
        try:
            self._descriptor: int | None = sys.stdin.buffer.fileno()
        except OSError:  # a stream in memory
            self._descriptor = None
        self._lines: deque[str] = deque()
        self._unfinished: list[str] = []  # of a line whose end has not come
        self._ended = False
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
        """Whether the next line, the end or an error is available without waiting."""
        while not self._lines and not self._ended and self._problem is None:
            if self._descriptor is not None and not select.select([self._descriptor], [], [], 0)[0]:
                return False
            self._read()
        return True

    def _read(self) -> None:
        """Take in one chunk, or the end; what is wrong with it is for whoever asks for a line."""
        try:
            data = self._bytes()
            self._split(self._reading.text(data, final=self._ended))
        except DataError as problem:
            self._split(self._reading.before)
            self._problem = problem

    def _bytes(self) -> bytes:
        try:
            data = (
                sys.stdin.buffer.read(LIVE_CHUNK) if self._descriptor is None else os.read(self._descriptor, LIVE_CHUNK)
            )
        except OSError as problem:
            raise DataError(f"cannot be read: {problem.strerror or problem}", path=STANDARD_INPUT) from problem
        self._ended = not data
        return self._unpacker.feed(data, final=self._ended)

    def _split(self, text: str) -> None:
        self._lines.extend(_ended_lines(text, self._unfinished))
        if self._ended and (last := "".join(self._unfinished)):
            self._lines.append(last.removesuffix("\r"))
            self._unfinished.clear()


def _ended_lines(text: str, unfinished: list[str]) -> Iterator[str]:
    """The lines that end in the next piece of a text, one carriage return before each end left out. `unfinished` has
    the pieces of the line that goes on."""
    first, *others = text.split("\n")
    unfinished.append(first)
    for other in others:
        yield "".join(unfinished).removesuffix("\r")
        unfinished[:] = [other]


def windows(
    items: Iterable[Item],
    ready: Callable[[], bool] | None,
    first: int,
    most: int,
    weight: Callable[[Item], int] = lambda item: 1,
) -> Iterator[list[Item]]:
    """Lists of what has arrived, at least one item each: at most `first` at first, then twice as many, up to `most`,
    where an item counts for as many as its `weight`. With `ready` a list ends as soon as that says that the next item
    is not there yet. What came before an error is handed out before it is raised."""
    iterator, size = iter(items), first
    for item in iterator:
        window, weighed = [item], weight(item)
        problem: SeqcliError | None = None
        try:
            while weighed < size and (ready is None or ready()):
                window.append(next(iterator))
                weighed += weight(window[-1])
        except StopIteration:
            pass
        except SeqcliError as raised:
            problem = raised
        yield window
        if problem is not None:
            raise problem
        size = min(2 * size, most)


def read_chunks(
    path: str, *, encoding: str = AUTO, errors: str = "strict", name: str | None = None, notice: Notice = quietly
) -> Iterator[str]:
    """The text of a file, plain or compressed, or of `-`, in pieces of about a million characters; a byte order mark at
    its start is left out. `encoding` and `errors` are those of `TextDecoder`, `name` is what messages call the file.
    Raises `DataError` with the byte's place for what is not text, `UsageError` for an unknown encoding."""
    reading = _Reading(name or shown_path(path), encoding, errors, notice)
    with open_bytes(path) as file:
        ended = False
        while not ended:
            data = file.read(CHUNK)
            ended = not data
            if text := reading.text(data, final=ended):
                yield text


def read_lines(
    path: str, request: TextRequest | None = None, notice: Notice = quietly, name: str | None = None
) -> Iterator[str]:
    """The lines of a file, as they arrive: ended by a line feed, one carriage return before it left out (or by
    carriage returns, where there is no line feed at all). The request has the encoding, see `read_chunks`."""
    request = request or TextRequest()
    if path == "-":
        yield from LiveLines(request, notice)
        return
    unfinished: list[str] = []
    for chunk in read_chunks(path, encoding=request.encoding, errors=request.errors, name=name, notice=notice):
        yield from _ended_lines(chunk, unfinished)
    if rest := "".join(unfinished):
        yield rest.removesuffix("\r")


def csv_reader(lines: Iterable[str], delimiter: str, **form: Any) -> Any:
    """`csv.reader`, whose cells may be as long as whole documents: the limit holds for all readers in the process."""
    csv.field_size_limit(2**31 - 1)
    return csv.reader(lines, delimiter=delimiter, **form)
