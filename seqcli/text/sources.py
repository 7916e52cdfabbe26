"""Several files as one text, read as often as need be, whatever its size and wherever it comes from."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from seqcli.errors import DataError
from seqcli.files.opening import open_bytes
from seqcli.text.lines import read_chunks

LONGEST_LINE = 1_000_000  # characters after which a line is cut at a blank, or anywhere
BEGINNING = 200_000  # characters


@dataclass(frozen=True)
class Size:
    """How large a text is, the hash of its UTF-8 bytes, and how it begins."""

    characters: int
    bytes: int
    digest: str
    beginning: str


class Sources:
    """Several files as one text. Carriage returns before line feeds are left out; each file ends with a line."""

    def __init__(self, paths: list[str], names: list[str], encoding: str, errors: str) -> None:
        """`names` are what errors call the files that are read from `paths`."""
        self.paths, self.encoding, self.errors = paths, encoding, errors
        self.names = ["standard input" if name == "-" else name for name in names]

    def _text(self) -> Iterator[str]:
        for path, name in zip(self.paths, self.names, strict=True):
            last, held = "\n", ""
            for chunk in read_chunks(path, encoding=self.encoding, errors=self.errors, name=name):
                text = held + chunk
                held = "\r" if text.endswith("\r") else ""  # its line feed may be in the next chunk
                text = text[: len(text) - len(held)].replace("\r\n", "\n")
                if text:
                    last = text[-1]
                    yield text
            if held:
                yield held
                last = held
            if last != "\n":
                yield "\n"

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[str]:
        """The characters from `start` to `stop`, in pieces that end with a line."""
        return line_chunks(self._slice(start, stop))

    def _slice(self, start: int, stop: int | None) -> Iterator[str]:
        place = 0
        for chunk in self._text():
            if stop is not None and place >= stop:
                return
            piece = chunk[max(0, start - place) : None if stop is None else max(0, stop - place)]
            place += len(chunk)
            if piece:
                yield piece

    def measure(self) -> Size:
        """One pass over the text: its size and hash, and its beginning."""
        digest, characters, size, beginning = hashlib.sha256(), 0, 0, ""
        for chunk in self._text():
            data = chunk.encode("utf-8", "surrogatepass")
            digest.update(data)
            characters += len(chunk)
            size += len(data)
            if len(beginning) < BEGINNING:
                beginning += chunk[:BEGINNING]
        return Size(characters, size, digest.hexdigest(), beginning)

    def line_start(self, wanted: int, characters: int) -> int:
        """Where the first line from `wanted` on begins; `wanted` itself if there is none before the end."""
        place = wanted
        for chunk in self._slice(wanted, None):
            found = chunk.find("\n")
            if found >= 0:
                place += found + 1
                break
            place += len(chunk)
        if place < characters:
            return place
        # the last line began before: take its beginning unless it is most of the text
        place, last = 0, 0
        for chunk in self._slice(0, wanted):
            found = chunk.rfind("\n")
            last = place + found + 1 if found >= 0 else last
            place += len(chunk)
        return last if last > characters // 2 else max(wanted, 1)


def line_chunks(chunks: Iterable[str]) -> Iterator[str]:
    """The same text in pieces that end with a line; a line that is too long is cut after a blank or anywhere."""
    rest = ""
    for chunk in chunks:
        rest += chunk
        cut = rest.rfind("\n") + 1
        if not cut and len(rest) > LONGEST_LINE:
            cut = rest.rfind(" ") + 1 or len(rest)
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


@contextlib.contextmanager
def spooled(path: str) -> Iterator[str]:
    """`path`; what can be read only once (standard input, a pipe) is first written to a temporary file."""
    if path != "-" and (Path(path).is_file() or Path(path).is_dir() or not Path(path).exists()):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="seqcli-", suffix=".txt") as file:
        with open_bytes(path) as source:
            while data := source.read(1 << 20):
                _keep(file, data)
        _keep(file, b"")
        yield file.name


def _keep(file: IO[bytes], data: bytes) -> None:
    try:
        file.write(data)
        if not data:
            file.flush()
    except OSError as problem:
        raise DataError(
            f"what was read cannot be kept: {problem.strerror or problem}",
            path=tempfile.gettempdir(),
            hint="free some space, set TMPDIR to another place, or give the text as a file",
        ) from problem
