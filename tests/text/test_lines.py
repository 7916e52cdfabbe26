"""Reading text: line ends, marks, compression, encodings, errors that name the place; standard input as it arrives."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seqcli.errors import DataError, UsageError
from seqcli.requests import TextRequest
from seqcli.text.lines import CHUNK, LiveLines, read_chunks, read_lines, windows


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


Feed = Callable[[bytes], None]


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    """Puts a pipe in the place of standard input; an empty write closes it."""
    reading, writing = os.pipe()
    is_open = True

    def write(data: bytes) -> None:
        nonlocal is_open
        if data:
            os.write(writing, data)
        else:
            os.close(writing)
            is_open = False

    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield write
    if is_open:
        os.close(writing)


def test_only_whole_lines_are_ready(feed: Feed) -> None:
    lines = LiveLines()
    assert not lines.ready()
    feed("\ufeffab\r\nc\u2028d\n\ne".encode())
    assert lines.ready()
    assert [next(lines) for _ in range(3)] == ["ab", "c\u2028d", ""]
    assert not lines.ready()
    feed("é\n".encode()[:2])
    assert not lines.ready()
    feed("é\n".encode()[2:])
    assert lines.ready()
    assert next(lines) == "eé"
    feed(b"last")
    assert not lines.ready()
    feed(b"")
    assert lines.ready()
    assert list(lines) == ["last"]
    assert lines.ready()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_encodings_and_gzip(feed: Feed, encoding: str) -> None:
    text = "猫\n\nab\r\nc"
    packed = gzip.compress(text[:3].encode(encoding)) if encoding != "utf-16" else b""
    rest = text[3:] if packed else text
    feed(packed + (gzip.compress(rest.encode(encoding))))
    feed(b"")
    assert list(LiveLines(TextRequest(encoding=encoding))) == ["猫", "", "ab", "c"]


def test_what_is_not_text_is_named_after_what_came(feed: Feed) -> None:
    feed(b"ab\ncd\xff\n")
    lines = LiveLines(TextRequest(encoding="utf-8"))
    assert lines.ready()
    assert next(lines) == "ab"
    assert lines.ready()
    with pytest.raises(DataError, match=r"line 2: byte 5 \(0xff\)"):
        next(lines)


def test_replacing_what_is_not_text(feed: Feed) -> None:
    feed(b"a\xffb\n")
    feed(b"")
    assert list(LiveLines(TextRequest(errors="replace"))) == ["a\ufffdb"]


@pytest.mark.parametrize("cut", [10, -4])
def test_a_damaged_gzip_stream(feed: Feed, cut: int) -> None:
    feed(gzip.compress(b"words in a line " * 9)[:cut])
    feed(b"")
    with pytest.raises(DataError, match="gzip"):
        list(LiveLines())


def test_an_unknown_encoding() -> None:
    with pytest.raises(UsageError, match="encoding"):
        LiveLines(TextRequest(encoding="nope"))


def test_windows_hold_what_their_items_weigh():
    assert list(windows([1, 1, 5, 9, 1, 1], None, 2, 4, weight=lambda item: item)) == [[1, 1], [5], [9], [1, 1]]
