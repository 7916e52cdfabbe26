"""Corpora: splits, counts, caching, standard input, and texts that cannot be used."""

from __future__ import annotations

import gzip
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from seqcli.errors import DataError, UsageError
from seqcli.text import cache as kept
from seqcli.text import corpus as module
from seqcli.text import sources
from seqcli.text.corpus import encode_files, open_corpus
from seqcli.text.sources import line_chunks

from .test_lines import Pipe

LINES = [f"line {number} of a text with some words in it" for number in range(200)]


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(LINES) + "\n")
    return str(path)


def test_the_held_out_tail_begins_a_line_and_is_not_in_the_vocabulary(text: str) -> None:
    corpus = open_corpus([text], tokens="word", valid_share=0.1)
    decoded = corpus.tokenizer.decode(corpus.train) + corpus.tokenizer.decode(corpus.valid)
    assert len(decoded.split("\n")) == 201
    held = corpus.tokenizer.decode(corpus.valid)
    assert held.startswith("line <unk> of")
    assert held.count("\n") == pytest.approx(20, abs=1)
    assert "held out" in corpus.held_out
    assert corpus.valid_chars == corpus.valid_bytes == len("\n".join(LINES[-held.count("\n") :])) + 1


def test_a_validation_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "valid").write_text("line 7 of a text\n")
    corpus = open_corpus([text], valid=[str(tmp_path / "valid")], tokens="word")
    assert corpus.tokenizer.decode(corpus.valid) == "line 7 of a text\n"
    assert len(corpus.train) == 200 * 11


def test_several_files_gzip_and_windows_line_ends_are_one_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one two\r\nthree")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"four\nfive\n" * 20))
    corpus = open_corpus([str(tmp_path / "a"), str(tmp_path / "b.gz")], tokens="word")
    assert corpus.tokenizer.decode(corpus.train).startswith("one two\nthree\nfour\nfive\n")


def test_standard_input_and_pipes(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_file = open_corpus([text], tokens="char")
    monkeypatch.setattr(sys, "stdin", Pipe(Path(text).read_bytes()))
    from_stdin = open_corpus(["-"], tokens="char")
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(Path(text).read_bytes()))
    writer.start()
    from_pipe = open_corpus([str(tmp_path / "pipe")], tokens="char")
    writer.join()
    assert from_file.fingerprint == from_stdin.fingerprint == from_pipe.fingerprint


def test_a_large_corpus_is_mapped_and_cached(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = open_corpus([text], tokens="subword")
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    said: list[str] = []
    first = open_corpus([text], tokens="subword", cache_dir=tmp_path / "cache", progress=said.append)
    assert said
    said.clear()
    again = open_corpus([text], tokens="subword", cache_dir=tmp_path / "cache", progress=said.append)
    assert said == []
    assert isinstance(again.train, np.memmap)
    assert again.train.dtype == np.uint16
    np.testing.assert_array_equal(first.train, small.train)
    np.testing.assert_array_equal(again.valid, small.valid)
    assert not list((tmp_path / "cache").glob("*.part"))
    Path(text).write_text("other text\n" * 100)
    assert open_corpus([text], tokens="subword", cache_dir=tmp_path / "cache").fingerprint != first.fingerprint


def test_a_damaged_cache_is_made_again(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    cache = tmp_path / "cache"
    expected = np.array(open_corpus([text], tokens="subword", cache_dir=cache).train)
    (cache / "old.part").write_bytes(b"left by a killed run")
    os.utime(cache / "old.part", (1, 1))
    for path in cache.iterdir():
        if path.suffix != ".part":
            path.write_bytes(path.read_bytes()[:7])
    np.testing.assert_array_equal(open_corpus([text], tokens="subword", cache_dir=cache).train, expected)
    assert not (cache / "old.part").exists()


def test_the_longest_unused_goes_first(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    cache, texts = tmp_path / "cache", [text, str(tmp_path / "second"), str(tmp_path / "third")]
    for number, path in enumerate(texts[1:]):
        Path(path).write_text(f"text number {number} of others\n" * 300)

    def files_of(path: str) -> set[Path]:
        before = set(cache.iterdir()) if cache.exists() else set()
        open_corpus([path], tokens="char", cache_dir=cache)
        return set(cache.iterdir()) - before

    first, second = files_of(texts[0]), files_of(texts[1])
    monkeypatch.setattr(kept, "MOST_KEPT", sum(path.stat().st_size for path in first) + 100)
    assert files_of(texts[2])
    assert all(path.exists() for path in first | second)  # whatever is used within a day stays
    for path in cache.iterdir():
        os.utime(path, (1, 1))
    open_corpus([texts[0]], tokens="char", cache_dir=cache)  # used, so not the longest unused any more
    Path(texts[2]).write_text("and another\n" * 300)
    files_of(texts[2])
    assert all(path.exists() for path in first)
    assert not any(path.exists() for path in second)


def test_a_cache_that_cannot_be_written_is_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be kept") as refused:
        open_corpus([text], tokens="word", cache_dir=tmp_path / "file" / "cache")
    assert "XDG_CACHE_HOME" in str(refused.value.hint)


def test_errors_call_standard_input_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(b"good\n\xff\n"))
    with pytest.raises(DataError, match="standard input: byte 5 "):
        open_corpus(["-"])


def test_a_given_tokenizer_is_used(text: str) -> None:
    tokenizer = open_corpus([text], tokens="char").tokenizer
    assert open_corpus([text], tokens="word", tokenizer=tokenizer).tokenizer is tokenizer


def test_one_long_line_is_split_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "long").write_text("天空很蓝" * 100)
    corpus = open_corpus([str(tmp_path / "long")], tokens="char")
    assert len(corpus.train) == pytest.approx(380, abs=2)
    assert len(corpus.train) + len(corpus.valid) == 401


def test_line_chunks_end_with_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(line_chunks(["ab\nc", "d\nef", "\ng"])) == ["ab\n", "cd\n", "ef\n", "g"]
    monkeypatch.setattr(sources, "LONGEST_LINE", 6)
    assert list(line_chunks(["ab cd e", "f gh", "ijklmnop"])) == ["ab cd ", "ef ", "ghijklmnop"]


def test_encoding_whole_files(text: str) -> None:
    tokenizer = open_corpus([text], tokens="word").tokenizer
    encoded = encode_files([text], tokenizer)
    assert len(encoded.ids) == 200 * 11
    assert encoded.bytes == encoded.chars == Path(text).stat().st_size


@pytest.mark.parametrize(("content", "reason"), [("", "empty"), ("\n", "empty|too short"), ("a", "too short")])
def test_texts_that_are_too_short_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "x").write_text(content)
    with pytest.raises(DataError, match=reason) as refused:
        open_corpus([str(tmp_path / "x")], tokens="auto")
    assert refused.value.hint


def test_a_share_must_be_a_share(text: str) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        open_corpus([text], valid_share=1.5)
