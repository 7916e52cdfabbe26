"""Files and standard input as bytes: plain, gzip, bzip2, xz or Zstandard, or the one file in a zip archive.

The first bytes of a file decide what it is, never its name.
"""

from __future__ import annotations

import bz2
import contextlib
import glob
import io
import lzma
import os
import re
import shutil
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from seqcli.errors import DataError, SeqcliError, listed

_REMEDIES: dict[type[OSError], str] = {
    FileNotFoundError: "check the name; it is relative to the current folder",
    PermissionError: "check its permissions",
}
ZIP = b"PK\x03\x04"
MAGIC = {  # how compressed files begin
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
SOUND = "`transcribe` takes recordings; a table of them and what is said in them trains `train-asr`"
PICTURE = "name text files; a pattern such as 'FOLDER/*.txt' leaves out the others of a folder"
FOREIGN = {  # how files begin that no reader of text can use, and what to do with them
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", "unpack it first"),
    b"Rar!": ("a RAR archive", "unpack it first"),
    b"%PDF": ("a PDF document", "save its text as a plain text file"),
    b"{\\rtf": ("an RTF document", "save its text as a plain text file"),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an old Office document", "save it as CSV or plain text"),
    b"PAR1": ("a Parquet file", "`forecast` reads Parquet files; save it as plain text for other commands"),
    b"\x89PNG": ("a picture", PICTURE),
    b"\xff\xd8\xff": ("a picture", PICTURE),
    b"RIFF": ("a sound file", SOUND),
    b"fLaC": ("a sound file", SOUND),
    b"OggS": ("a sound file", SOUND),
    b"ID3": ("a sound file", SOUND),
}
MODEL = re.compile(rb'.{5}\0{3}\{"', re.DOTALL)  # the length of a header of JSON, and this: as safetensors files begin
CLUTTER = re.compile(r"(^|/)(__MACOSX(/|$)|\.[^/]*$)")  # in zip archives
LONGEST_MAGIC = 10
TAR = slice(257, 262)  # where a tar archive says what it is
BLOCK = 1 << 16  # bytes read at a time


class Unpacker:
    """Decompresses bytes as they arrive; compressed files may have several members. The first bytes decide what the
    data is. Raises `DataError` for damaged data."""

    def __init__(self, shown: str) -> None:
        self._shown, self._started = shown, False
        self._begin: Callable[[], Any] | None = None
        self._member: Any = None
        self.name = ""  # the compression, "" for none

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """The decompressed `data`; `final` marks the end of the file."""
        if not self._started and data:
            self._started = True
            self.name = next((name for magic, name in MAGIC.items() if data.startswith(magic)), "")
            self._begin = _decompressor(self.name, self._shown) if self.name else None
        if self._begin is None:
            return data
        zstd = getattr(sys.modules.get("zstandard"), "ZstdError", EOFError)
        try:
            return self._unpack(data, final)
        except (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, zstd) as problem:
            hint = "fetch or compress it again"
            raise DataError(f"is a damaged {self.name} file", path=self._shown, hint=hint) from problem

    def _unpack(self, data: bytes, final: bool) -> bytes:
        assert self._begin is not None
        parts = []
        while data:
            if self._member is None or self._member.eof:
                if self._member is not None and not data.strip(b"\0"):  # padding, as tar and some tapes leave it
                    break
                self._member = self._begin()
            parts.append(self._member.decompress(data))
            data = self._member.unused_data if self._member.eof else b""
        if final and not self._member.eof:
            raise EOFError
        return b"".join(parts)


def _decompressor(name: str, shown: str) -> Callable[[], Any]:
    if name == "Zstandard":
        try:
            import zstandard
        except ImportError as problem:
            raise DataError(
                "is a Zstandard file, and the package that reads those is not installed",
                path=shown,
                hint="pip install 'seqcli[zstd]', or unpack it first",
            ) from problem
        return lambda: zstandard.ZstdDecompressor().decompressobj()
    return {"gzip": lambda: zlib.decompressobj(31), "bzip2": bz2.BZ2Decompressor, "xz": lzma.LZMADecompressor}[name]


State = tuple[int, int, int]  # a file's number, size and time of its last change


def file_state(path: str) -> State | None:
    """The state of a regular file, so that a change is noticed; None for anything else."""
    with contextlib.suppress(OSError, ValueError):  # the latter for a name that holds a NUL
        about = os.stat(path)
        if stat.S_ISREG(about.st_mode):
            return about.st_ino, about.st_size, about.st_mtime_ns
    return None


def about_repeated(paths: Iterable[str]) -> list[str]:
    """What is said of files that are among those before them, too, where a part of all is held out."""
    seen: set[State] = set()
    said = []
    for path in paths:
        state = file_state(path)
        if state in seen:
            said.append(f"{path} is read twice: what is held out of it is learnt from its other copy; name it once")
        elif state is not None:
            seen.add(state)
    return said


def changed(path: str) -> DataError:
    """The error for a file whose state is not what it was."""
    return DataError("changed while it was read", path=path, hint="wait until it is written, or read a copy")


class Stamps:
    """The state of files at one time, so that a change while they are read is noticed. A folder stands for all files in
    it, a pattern for those that match; only regular files count. `before` has the state of each by its name."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = list(paths)
        self.before = self._look()

    def check(self) -> None:
        """Raise `DataError` if one of the files has changed, was replaced or is gone."""
        now = self._look()
        for name, before in self.before.items():
            if now.get(name) != before:
                raise changed(name)

    def _look(self) -> dict[str, State]:
        found: dict[str, State] = {}
        for path in self._paths:
            place = Path(path)
            matching = glob.iglob(path, recursive=True)
            several = place.rglob("*") if place.is_dir() else [place] if place.exists() else matching
            for file in several:
                if (state := file_state(str(file))) is not None:
                    found[str(file)] = state
        return found


class _Unpacked(io.RawIOBase):
    """A compressed stream, read as the stream it contains."""

    def __init__(self, file: BinaryIO, shown: str) -> None:
        self._file, self._unpacker = file, Unpacker(shown)
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            data = self._file.read(BLOCK)
            self._ended = not data
            self._ready = memoryview(self._unpacker.feed(data, final=self._ended))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def shown_path(path: str) -> str:
    """What messages call an input: its path, or "standard input" for `-`."""
    return "standard input" if path == "-" else path


@contextmanager
def open_bytes(path: str) -> Iterator[BinaryIO]:
    """A file or, for `-`, standard input, unpacked, as a stream of bytes. Raises `DataError` for what cannot be read,
    is damaged, or is of a kind that holds no plain text."""
    shown = shown_path(path)
    try:
        if path == "-":
            if sys.stdin is None:
                raise DataError("standard input is closed", hint="give a file, or pipe something in")
            yield from _unpacked(sys.stdin.buffer, shown)
            return
        if Path(path).is_dir():
            raise DataError("is a folder", path=path, hint="name the files in it")
        with open(path, "rb") as file:
            yield from _unpacked(file, shown)
    except OSError as problem:
        hint = _REMEDIES.get(type(problem), "copy it to another place, or pipe it in")
        if isinstance(problem, FileNotFoundError) and path.count(" ") > 1:
            hint = "what is not the name of a file but text goes into one, or in through standard input (-)"
        raise DataError(f"cannot be read: {problem.strerror or problem}", path=shown, hint=hint) from problem


def _unpacked(file: BinaryIO, shown: str) -> Iterator[BinaryIO]:
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[type-var]
    beginning = _beginning(buffered, shown)
    if beginning.startswith(ZIP):
        yield from _zipped(buffered, shown)
    elif beginning.startswith(tuple(MAGIC)):
        unpacked = io.BufferedReader(_Unpacked(buffered, shown), BLOCK)
        _beginning(unpacked, shown)
        yield unpacked
    else:
        yield buffered


def _beginning(file: io.BufferedReader[Any], shown: str) -> bytes:
    """The first bytes of a file; `DataError` where it is of a kind that holds no plain text."""
    beginning = file.peek(TAR.stop)[: TAR.stop]
    kinds = [kind for magic, kind in FOREIGN.items() if beginning.startswith(magic)]
    if beginning[TAR] == b"ustar":
        kinds.append(("a tar archive", "unpack it first"))
    if kinds:
        raise DataError(f"is {kinds[0][0]}, not text", path=shown, hint=kinds[0][1])
    if MODEL.match(beginning):
        raise DataError("is a model or a saved run, not data", path=shown, hint="name the file of data")
    return beginning


def _zipped(file: BinaryIO, shown: str) -> Iterator[BinaryIO]:
    """The one file in a zip archive; folders, and what systems put beside files, do not count."""
    with tempfile.TemporaryFile(prefix="seqcli-") as kept:
        source = file
        if not file.seekable():  # the list of a zip archive stands at its end
            try:
                shutil.copyfileobj(file, kept)
            except OSError as problem:
                raise SeqcliError(
                    f"{tempfile.gettempdir()}: cannot be written: {problem.strerror or problem}",
                    hint="free some space, or set TMPDIR to another place",
                ) from problem
            source = kept
        try:
            with zipfile.ZipFile(source) as archive:
                names = [name for name in archive.namelist() if not (name.endswith("/") or CLUTTER.search(name))]
                if "[Content_Types].xml" in names or "mimetype" in names:
                    hint = "save it as CSV or plain text"
                    raise DataError("is an Office document or workbook, not text", path=shown, hint=hint)
                if len(names) != 1:
                    raise DataError(
                        f"is a zip archive of {len(names)} files ({listed(names)})"
                        if names
                        else "is an empty zip archive",
                        path=shown,
                        hint="unpack it and name the files",
                    )
                with archive.open(names[0]) as member:
                    yield cast(BinaryIO, member)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as problem:
            hint = "unpack it and name the files"
            raise DataError(f"is a zip archive that cannot be read: {problem}", path=shown, hint=hint) from problem
