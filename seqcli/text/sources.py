"""Several files as one text, read as often as need be, whatever its size and wherever it comes from."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from seqcli.errors import DataError
from seqcli.files.opening import Stamps, open_bytes, shown_path
from seqcli.notices import Notice, quietly
from seqcli.requests import ColumnRequest
from seqcli.text.column import items
from seqcli.text.lines import read_chunks, read_lines

LONGEST_LINE = 1_000_000  # characters after which a line is cut at a blank, or anywhere
SAMPLE, SAMPLE_OF_CHUNK = 400_000, 100_000  # characters that are looked at to find out what a text is


@dataclass(frozen=True)
class Size:
    """How large a text is, the hash of its UTF-8 bytes, where each of its files begins (in characters), how many of its
    lines are not blank, and a sample of it, which ends with a line."""

    characters: int
    bytes: int
    digest: str
    files: tuple[int, ...]
    lines: int
    sample: str


def fingerprint(*parts: Iterable[str]) -> str:
    """A hash of lists of lines, by which training data are known again."""
    digest = hashlib.sha256()
    for part in parts:
        for line in part:
            digest.update(line.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


class Sources:
    """Several files as one text. Carriage returns before line feeds are left out; each file ends with a line. Whoever
    reads it to its end gets `DataError` when a file has changed since this was made."""

    def __init__(self, paths: list[str], request: ColumnRequest, names: list[str] | None = None) -> None:
        """`names` are what errors call the files that are read from `paths`. Where the `request` names a column the
        files are tables, and the text is that column, a line for each cell."""
        self.paths, self.request = paths, request
        self.names = [shown_path(name) for name in names or paths]
        self._stamps = Stamps(paths)

    def chunks(self, notice: Notice = quietly) -> Iterator[str]:
        """The whole text, in pieces that end with a line; `notice` is told of encodings that were found."""
        return line_chunks(piece for file in self._files(notice) for piece in file)

    def measure(self, notice: Notice = quietly) -> Size:
        """One pass over the text; `notice` is told of encodings that were found."""
        digest, characters, size, lines = hashlib.sha256(), 0, 0, 0
        starts: list[int] = []
        samples: list[str] = []
        sampled = 0
        for file in self._files(notice):
            starts.append(characters)
            for chunk in line_chunks(file):
                data = chunk.encode("utf-8", "surrogatepass")
                digest.update(data)
                characters += len(chunk)
                size += len(data)
                lines += sum(bool(line.strip()) for line in chunk.split("\n"))
                if sampled < SAMPLE:
                    part = chunk[:SAMPLE_OF_CHUNK]
                    samples.append(part[: part.rfind("\n") + 1] or part)
                    sampled += len(samples[-1])
        return Size(characters, size, digest.hexdigest(), tuple(starts), lines, "".join(samples))

    def _files(self, notice: Notice) -> Iterator[Iterator[str]]:
        request = self.request
        for path, name in zip(self.paths, self.names, strict=True):
            if request.column is not None:
                cells = items(read_lines(path, request, notice, name), request.column, name, notice)[1]
                yield (cell + "\n" for cell, _ in cells)
            else:
                encoding, errors = request.encoding, request.errors
                yield _text(read_chunks(path, encoding=encoding, errors=errors, name=name, notice=notice))
        self._stamps.check()  # or one pass would have other text than the next


def _text(chunks: Iterator[str]) -> Iterator[str]:
    """A file's text with plain line feeds, also at its end."""
    last, held = "\n", ""
    for chunk in chunks:
        text = held + chunk
        held = "\r" if text.endswith("\r") else ""  # its line feed may be in the next chunk
        text = text[: len(text) - len(held)].replace("\r\n", "\n")
        if text:
            last = text[-1]
            yield text
    if held or last != "\n":
        yield held + "\n"


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


def expand_paths(paths: list[str]) -> list[str]:
    """Files for files, folders and patterns: a folder stands for all files in it and its folders, but hidden ones. In
    the order of names. Raises `DataError` for a folder or pattern without files."""
    files: list[str] = []
    for path in paths:
        if path != "-" and Path(path).is_dir():
            inside = Path(path)
            found = [file for file in sorted(inside.rglob("*")) if file.is_file()]
            found = [file for file in found if not any(p.startswith(".") for p in file.relative_to(inside).parts)]
            if not found:
                raise DataError("is a folder without files", path=path, hint="name text files")
            files.extend(map(str, found))
        elif path != "-" and not Path(path).exists() and glob.has_magic(path):
            matching = sorted(file for file in glob.glob(path, recursive=True) if Path(file).is_file())
            if not matching:
                raise DataError("no file matches this pattern", path=path, hint="check the pattern, or name the files")
            files.extend(matching)
        else:
            files.append(path)
    return files


@contextlib.contextmanager
def opened(paths: list[str], request: ColumnRequest) -> Iterator[Sources]:
    """Files, folders and patterns (`expand_paths`) as one text that can be read more than once."""
    with contextlib.ExitStack() as stack:
        names = expand_paths(paths)
        yield Sources([stack.enter_context(spooled(name)) for name in names], request, names)


@contextlib.contextmanager
def spooled(path: str) -> Iterator[str]:
    """`path`; what can be read only once (standard input, a pipe) is first written to a temporary file."""
    if path != "-" and (Path(path).is_file() or Path(path).is_dir() or not Path(path).exists()):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="seqcli-", suffix=".txt") as file:
        with open_bytes(path) as source:
            while data := source.read(1 << 20):
                try:
                    file.write(data)
                    file.flush()
                except OSError as problem:
                    raise DataError(
                        f"what was read cannot be kept: {problem.strerror or problem}",
                        path=tempfile.gettempdir(),
                        hint="free some space, set TMPDIR to another place, or give the text as a file",
                    ) from problem
        yield file.name
