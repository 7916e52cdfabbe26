"""Reading text: line ends, marks, compression, encodings, and errors that name the place."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from seqcli.errors import DataError, UsageError
from seqcli.requests import TextRequest
from seqcli.text.lines import CHUNK, read_chunks, read_lines


def write(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "text"
    path.write_bytes(data)
    return str(path)


class Pipe:
    """Standard input that holds some bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\r\r\nb\rc\n", ["a\r", "b\rc"]),
        (b"\n\nx\n", ["", "", "x"]),
        ("a\u2028b\x85c\x0cd\n".encode(), ["a\u2028b\x85c\x0cd"]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        (b"a\0b\n", ["a\0b"]),
    ],
)
@pytest.mark.parametrize("source", ["file", "gzip", "stdin"])
def test_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, lines: list[str], source: str) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(data))
    path = "-" if source == "stdin" else write(tmp_path, gzip.compress(data) if source == "gzip" else data)
    assert list(read_lines(path)) == lines


def test_a_character_over_two_chunks_is_whole(tmp_path: Path) -> None:
    data = b"x" * (CHUNK - 1) + "天空\n".encode()
    assert list(read_lines(write(tmp_path, data))) == ["x" * (CHUNK - 1) + "天空"]


@pytest.mark.parametrize("before", [0, 5, CHUNK - 1, CHUNK, CHUNK + 7])
def test_what_is_not_text_is_named_with_its_byte(tmp_path: Path, before: int) -> None:
    path = write(tmp_path, b"x" * before + b"\xff" + b"y" * 10)
    with pytest.raises(DataError, match=rf"byte {before} \(0xff\) is not utf-8") as refused:
        list(read_lines(path, TextRequest(encoding="utf-8")))
    assert "--encoding" in str(refused.value.hint)
    assert "".join(read_chunks(path, errors="replace")) == "x" * before + "\ufffd" + "y" * 10


def test_a_character_that_breaks_off_at_the_end_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="byte 3 "):
        list(read_lines(write(tmp_path, b"abc\xe5\xa4"), TextRequest(encoding="utf-8")))


def test_standard_input_names_line_and_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(b"ab\ncd\xff\n"))
    with pytest.raises(DataError, match="standard input, line 2: byte 5"):
        list(read_lines("-", TextRequest(encoding="utf-8")))


def test_other_encodings(tmp_path: Path) -> None:
    assert list(read_lines(write(tmp_path, "天空\n".encode("gb18030")), TextRequest(encoding="gb18030"))) == ["天空"]
    with pytest.raises(UsageError, match="unknown encoding"):
        list(read_lines(write(tmp_path, b"a"), TextRequest(encoding="klingon")))
    with pytest.raises(UsageError, match="unknown encoding"):
        list(read_lines(write(tmp_path, b"6161"), TextRequest(encoding="hex")))
    with pytest.raises(DataError, match="is not utf-16 text"):
        list(read_lines(write(tmp_path, b"abcd"), TextRequest(encoding="utf-16")))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file") as refused:
        list(read_lines(str(tmp_path / "none")))
    assert refused.value.hint
    with pytest.raises(DataError, match="is a folder"):
        list(read_lines(str(tmp_path)))
    with pytest.raises(DataError, match="damaged gzip"):
        list(read_lines(write(tmp_path, gzip.compress(b"some text " * 100)[:20])))


def test_text_with_a_broken_character_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"byte 7 \(0xff\) is not utf-8"):
        list(read_lines(write(tmp_path, "天空".encode() + b"\n\xff\n")))


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_an_encoding_that_was_found_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    data = ("today\n" + "今天天气很好，我们去公园散步。\n" * 3).encode("gb18030")
    monkeypatch.setattr(sys, "stdin", Pipe(data))
    said: list[str] = []
    lines = list(read_lines("-" if source == "stdin" else write(tmp_path, data), notice=said.append))
    assert lines == ["today", *["今天天气很好，我们去公园散步。"] * 3]
    assert len(said) == 1
    assert "gb18030" in said[0]
    assert "--encoding" in said[0]
