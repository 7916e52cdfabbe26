"""Files as people have them: compressed, zipped, of another kind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from seqcli.errors import DataError
from seqcli.files.opening import Stamps, Unpacker, open_bytes

zstandard = pytest.importorskip("zstandard")
TEXT = b"one line\nanother line\n" * 1000
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": zstandard.ZstdCompressor().compress,
}


class Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BufferedReader(Unseekable(data))


class Unseekable(io.RawIOBase):
    """A pipe."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._data.readinto(buffer)


def zipped(files: dict[str, bytes]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return kept.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return kept.getvalue()


def read(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> bytes:
    path = tmp_path / "data"
    path.write_bytes(data)
    monkeypatch.setattr(sys, "stdin", Stdin(data))
    with open_bytes("-" if source == "stdin" else str(path)) as file:
        return file.read()


@pytest.mark.parametrize("source", ["file", "stdin"])
@pytest.mark.parametrize("kind", [*PACKED, "zip"])
def test_compressed_files_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, source: str) -> None:
    files = {"folder/text.txt": TEXT, "__MACOSX/._text.txt": b"x"}
    data = zipped(files) if kind == "zip" else PACKED[kind](TEXT) + PACKED[kind](TEXT)
    assert read(data, tmp_path, monkeypatch, source) == (TEXT if kind == "zip" else TEXT * 2)


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("size", [1 << 16, 100])
def test_damage_is_named(kind: str, size: int) -> None:
    data = PACKED[kind](TEXT)[:-6]

    def unpack() -> None:
        unpacker = Unpacker("some file")
        for i in range(0, len(data), size):
            unpacker.feed(data[i : i + size])
        unpacker.feed(b"", final=True)

    with pytest.raises(DataError, match=f"some file: is a damaged {kind} file"):
        unpack()


@pytest.mark.parametrize("source", ["file", "stdin"])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped({"a.txt": b"1", "b.txt": b"2"}), r"zip archive of 2 files \(a.txt, b.txt\)"),
        (zipped({"folder/": b"", "folder/.hidden": b""}), "empty zip"),
        (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "workbook"),
        (zipped({"a.txt": TEXT})[:60], "zip archive that cannot be read"),
        (b"%PDF-1.7 and more", "PDF"),
        (gzip.compress(b"%PDF-1.7 and more", mtime=0), "PDF"),
        (tarred({"a.txt": TEXT}), "a tar archive"),
        (lzma.compress(tarred({"a.txt": TEXT})), "a tar archive"),
        (b"{\\rtf1\\ansi and more}", "RTF"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a sound file"),
        (struct.pack("<Q", 4000) + b'{"__metadata__":', "is a model"),
    ],
)
def test_what_holds_no_single_text_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, said: str, source: str
) -> None:
    with pytest.raises(DataError, match=said) as refused:
        read(data, tmp_path, monkeypatch, source)
    assert refused.value.hint


@pytest.mark.parametrize("named", ["", "*/*.txt", "**/*.txt"])
def test_a_change_of_any_file_that_is_named_is_noticed(tmp_path: Path, named: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    deep = tmp_path / "a" / ("b" if named != "*/*.txt" else "") / "text.txt"
    deep.write_text("one")
    stamps = Stamps([str(tmp_path / named)])
    stamps.check()
    deep.write_text("another")
    with pytest.raises(DataError, match=r"text\.txt: changed while it was read"):
        stamps.check()
