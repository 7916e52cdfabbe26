"""Standard input as it arrives: what is there, what is not yet, what is wrong."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable, Iterator

import pytest

from seqcli.errors import DataError, UsageError
from seqcli.requests import TextRequest
from seqcli.text.lines import LiveLines, windows

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
