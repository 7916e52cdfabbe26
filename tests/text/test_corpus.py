"""Corpora: splits, counts, caching, standard input, and texts that cannot be used."""

from __future__ import annotations

import gzip
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from seqcli.errors import DataError
from seqcli.requests import CorpusRequest
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


def test_lines_are_held_out_at_random_and_are_not_in_the_vocabulary(text: str) -> None:
    corpus = open_corpus([text], CorpusRequest(tokens="word", valid_share=0.1))
    assert corpus.lines
    train, held = (corpus.tokenizer.decode(ids).splitlines() for ids in (corpus.train, corpus.valid))
    assert (len(train), len(held)) == (180, 20)
    assert all(line.startswith("line <unk> of") for line in held)
    assert "20 of 200 lines" in corpus.notes[-1]
    assert corpus.valid_chars == corpus.valid_bytes
    whole = open_corpus([text], CorpusRequest(tokens="char", valid_share=0.1))
    lines = [whole.tokenizer.decode(ids).splitlines() for ids in (whole.train, whole.valid)]
    assert sorted(lines[0] + lines[1]) == sorted(LINES)
    numbers = [LINES.index(line) for line in lines[1]]
    assert [number // 10 for number in numbers] == list(range(20))  # one of every ten
    assert len({number % 10 for number in numbers}) > 3
    assert whole.valid_chars == sum(len(line) + 1 for line in lines[1])


def test_a_long_text_is_held_out_in_stretches_from_all_over_it(tmp_path: Path) -> None:
    paragraphs = [f"{name}{number} " * 30 for name in "abcdefghij" for number in range(100)]
    for part, name in enumerate("xyz"):
        (tmp_path / name).write_text("\n\n".join(paragraphs[part::3]))
    corpus = open_corpus([str(tmp_path)], CorpusRequest(tokens="char", valid_share=0.1))
    assert not corpus.lines
    train, held = (corpus.tokenizer.decode(ids) for ids in (corpus.train, corpus.valid))
    assert len(held) == pytest.approx(0.1 * (len(held) + len(train)), rel=0.1)
    assert len({word[0] for word in held.split()}) > 4
    held_lines = [line for line in held.split("\n") if line]
    assert all(line in paragraphs for line in held_lines)  # whole lines
    assert not set(held_lines) & set(train.split("\n"))
    assert "stretches" in corpus.notes[-1]


def test_layouts_and_shares_that_are_asked_for(text: str) -> None:
    corpus = open_corpus([text], CorpusRequest(tokens="char", valid_share=0.5, stream=True))
    assert not corpus.lines
    train = corpus.tokenizer.decode(corpus.train).splitlines()
    assert train == LINES[: len(train)]
    assert len(train) == pytest.approx(100, abs=3)
    assert (
        corpus.fingerprint != open_corpus([text], CorpusRequest(tokens="char", valid_share=0.5, lines=True)).fingerprint
    )


def test_blank_lines_are_no_texts(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("\n \n".join(LINES))
    corpus = open_corpus([str(tmp_path / "a")], CorpusRequest(tokens="char", lines=True))
    train, held = (corpus.tokenizer.decode(ids).split("\n") for ids in (corpus.train, corpus.valid))
    assert sorted(train + held)[2:] == sorted(LINES)


def test_a_validation_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "valid").write_text("line of a text\n\n")
    corpus = open_corpus([text], CorpusRequest(valid=[str(tmp_path / "valid")], tokens="word"))
    assert corpus.tokenizer.decode(corpus.valid) == "line of a text\n"
    assert len(corpus.train) == 200 * 11


def test_files_of_all_kinds_are_one_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one two\r\nthree")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"four\nfive\n" * 20))
    (tmp_path / "c").write_bytes("für\n".encode("utf-16"))
    (tmp_path / ".hidden").write_bytes(b"six\n")
    corpus = open_corpus([str(tmp_path)], CorpusRequest(tokens="char", stream=True, valid_share=0.001))
    whole = corpus.tokenizer.decode(corpus.train)
    assert whole.startswith("one two\nthree\nfour\nfive\n")
    assert whole.endswith("für\n")
    matched = open_corpus([str(tmp_path / "[bc]*")], CorpusRequest(tokens="char", stream=True, valid_share=0.001))
    assert matched.tokenizer.decode(matched.train) + "\n" > "four"
    with pytest.raises(DataError, match="no file matches"):
        open_corpus([str(tmp_path / "*.txt")], CorpusRequest())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'id,text\n1,"one, two and many more of the kind"\n2,"three\nfour"\n'),
        ("a.tsv", "text\tid\none, two and many more of the kind\t1\nthree four\t2\n"),
        ("a.jsonl", '{"id": 1, "text": "one, two and many more of the kind"}\n{"text": "three\\nfour"}\n'),
    ],
)
def test_a_column_of_a_table(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    corpus = open_corpus([str(tmp_path / name)], CorpusRequest(column="text", tokens="char", valid_share=0.5))
    assert corpus.lines
    lines = [corpus.tokenizer.decode(ids) for ids in (corpus.train, corpus.valid)]
    assert len(lines[0]) + len(lines[1]) == len("one, two and many more of the kind\nthree four\n")
    with pytest.raises(DataError, match="has no") as refused:
        open_corpus([str(tmp_path / name)], CorpusRequest(column="title"))
    assert refused.value.hint


def test_words_seen_once_teach_where_unknown_words_stand(tmp_path: Path) -> None:
    rare = [f"she met {name} there\n" for name in "abcdefghijklmnopqrst"]
    (tmp_path / "a").write_text("".join(rare) + "she met him there\n" * 80)
    corpus = open_corpus([str(tmp_path / "a")], CorpusRequest(tokens="word", lines=True))
    assert corpus.tokenizer.size == 2 + 4
    assert any("unknown tokens: 4.0%" in note for note in corpus.notes)
    few = open_corpus([str(tmp_path / "a")], CorpusRequest(tokens="word", vocab_size=4))
    assert few.tokenizer.size == 4


def test_standard_input_and_pipes(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_file = open_corpus([text], CorpusRequest(tokens="char"))
    monkeypatch.setattr(sys, "stdin", Pipe(Path(text).read_bytes()))
    from_stdin = open_corpus(["-"], CorpusRequest(tokens="char"))
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(Path(text).read_bytes()))
    writer.start()
    from_pipe = open_corpus([str(tmp_path / "pipe")], CorpusRequest(tokens="char"))
    writer.join()
    assert from_file.fingerprint == from_stdin.fingerprint == from_pipe.fingerprint


def test_a_large_corpus_is_mapped_and_cached(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = open_corpus([text], CorpusRequest(tokens="subword"))
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    said: list[str] = []
    first = open_corpus([text], CorpusRequest(tokens="subword"), cache_dir=tmp_path / "cache", progress=said.append)
    assert said
    said.clear()
    again = open_corpus([text], CorpusRequest(tokens="subword"), cache_dir=tmp_path / "cache", progress=said.append)
    assert said == []
    assert isinstance(again.train, np.memmap)
    assert again.train.dtype == np.uint16
    np.testing.assert_array_equal(first.train, small.train)
    np.testing.assert_array_equal(again.valid, small.valid)
    assert not list((tmp_path / "cache").glob("*.part"))
    Path(text).write_text("other text\n" * 100)
    assert (
        open_corpus([text], CorpusRequest(tokens="subword"), cache_dir=tmp_path / "cache").fingerprint
        != first.fingerprint
    )


def test_a_damaged_cache_is_made_again(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    cache = tmp_path / "cache"
    expected = np.array(open_corpus([text], CorpusRequest(tokens="subword"), cache_dir=cache).train)
    (cache / "old.part").write_bytes(b"left by a killed run")
    os.utime(cache / "old.part", (1, 1))
    for path in cache.iterdir():
        if path.suffix != ".part":
            path.write_bytes(path.read_bytes()[:7])
    np.testing.assert_array_equal(open_corpus([text], CorpusRequest(tokens="subword"), cache_dir=cache).train, expected)
    assert not (cache / "old.part").exists()


def test_the_longest_unused_goes_first(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    cache, texts = tmp_path / "cache", [text, str(tmp_path / "second"), str(tmp_path / "third")]
    for number, path in enumerate(texts[1:]):
        Path(path).write_text(f"text number {number} of others\n" * 300)

    def files_of(path: str) -> set[Path]:
        before = set(cache.iterdir()) if cache.exists() else set()
        open_corpus([path], CorpusRequest(tokens="char"), cache_dir=cache)
        return set(cache.iterdir()) - before

    first, second = files_of(texts[0]), files_of(texts[1])
    monkeypatch.setattr(kept, "MOST_KEPT", sum(path.stat().st_size for path in first) + 100)
    assert files_of(texts[2])
    assert all(path.exists() for path in first | second)  # whatever is used within a day stays
    for path in cache.iterdir():
        os.utime(path, (1, 1))
    open_corpus([texts[0]], CorpusRequest(tokens="char"), cache_dir=cache)  # used, so not the longest unused any more
    Path(texts[2]).write_text("and another\n" * 300)
    files_of(texts[2])
    assert all(path.exists() for path in first)
    assert not any(path.exists() for path in second)


def test_a_cache_that_cannot_be_written_costs_time_only(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = open_corpus([text], CorpusRequest(tokens="word"))
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    (tmp_path / "file").write_text("")
    found = open_corpus([text], CorpusRequest(tokens="word"), cache_dir=tmp_path / "file" / "cache")
    np.testing.assert_array_equal(found.train, expected.train)
    assert any("XDG_CACHE_HOME" in note for note in found.notes)


def test_no_home_folder_is_needed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    expected = open_corpus([text], CorpusRequest(tokens="word"))
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    np.testing.assert_array_equal(open_corpus([text], CorpusRequest(tokens="word")).train, expected.train)


def test_damage_of_the_kept_ids_is_noticed(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    expected = np.array(open_corpus([text], CorpusRequest(tokens="word"), cache_dir=tmp_path / "cache").train)
    for path in (tmp_path / "cache").glob("*.ids"):
        path.write_bytes(bytes(path.stat().st_size))
    found = open_corpus([text], CorpusRequest(tokens="word"), cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(found.train, expected)


def test_errors_call_standard_input_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(b"good\n\xff\n"))
    with pytest.raises(DataError, match="standard input, line 2: byte 5 "):
        open_corpus(["-"], CorpusRequest(encoding="utf-8"))


def test_a_column_of_standard_input_is_called_by_its_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(("id,text\n" + "1,今天天气很好我们去公园散步。\n" * 4).encode("gb18030")))
    said: list[str] = []
    open_corpus(["-"], CorpusRequest(column="text"), notice=said.append)
    assert said
    assert all(note.startswith("standard input: ") for note in said)


def test_a_given_tokenizer_is_used(text: str) -> None:
    tokenizer = open_corpus([text], CorpusRequest(tokens="char")).tokenizer
    assert open_corpus([text], CorpusRequest(tokens="word"), tokenizer=tokenizer).tokenizer is tokenizer


def test_one_long_line_is_split_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "long").write_text("天空很蓝" * 100)
    corpus = open_corpus([str(tmp_path / "long")], CorpusRequest(tokens="char"))
    assert len(corpus.train) == pytest.approx(360, abs=2)
    assert len(corpus.train) + len(corpus.valid) == 401


def test_line_chunks_end_with_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(line_chunks(["ab\nc", "d\nef", "\ng"])) == ["ab\n", "cd\n", "ef\n", "g"]
    monkeypatch.setattr(sources, "LONGEST_LINE", 6)
    assert list(line_chunks(["ab cd e", "f gh", "ijklmnop"])) == ["ab cd ", "ef ", "ghijklmnop"]


def test_encoding_whole_files(text: str) -> None:
    tokenizer = open_corpus([text], CorpusRequest(tokens="word")).tokenizer
    encoded = encode_files([text], tokenizer, CorpusRequest())
    assert len(encoded.ids) == 200 * 11
    assert encoded.bytes == encoded.chars == Path(text).stat().st_size


@pytest.mark.parametrize(("content", "reason"), [("", "empty"), ("\n", "empty|too short"), ("a", "too short")])
def test_texts_that_are_too_short_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "x").write_text(content)
    with pytest.raises(DataError, match=reason) as refused:
        open_corpus([str(tmp_path / "x")], CorpusRequest(tokens="auto"))
    assert refused.value.hint


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("id,text\n" + "1,one two three\n" * 40, "id, text"),
        ('{"id": 1, "text": "one two"}\n' * 40, "id, text"),
        ("a river, a town\n" * 40, ""),
    ],
)
def test_a_table_without_a_column_is_said(tmp_path: Path, content: str, columns: str) -> None:
    (tmp_path / "a").write_text(content)
    said = [note for note in open_corpus([str(tmp_path / "a")], CorpusRequest()).notes if "--column" in note]
    assert bool(said) == bool(columns)
    assert all(note.endswith(columns) for note in said)


def test_one_word_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello\n")
    with pytest.raises(DataError, match="too short to learn from"):
        open_corpus([str(tmp_path / "a")], CorpusRequest())


def test_unseen_characters_are_said_and_many_zero_bytes_are_an_error(text: str) -> None:
    lines = Path(text).read_text()
    for character, said in (("\0", "zero bytes"), ("\r", "carriage returns"), ("\ufeff", "byte order marks")):
        Path(text).write_bytes(lines.replace("line 7 ", f"line {character} ").encode())
        assert any(said in note for note in open_corpus([text], CorpusRequest()).notes)
    Path(text).write_text(lines.replace("\n", "\0"))
    with pytest.raises(DataError, match="zero bytes"):
        open_corpus([text], CorpusRequest())


def test_a_file_that_is_read_twice_is_said(text: str, tmp_path: Path) -> None:
    link, other = tmp_path / "link.txt", tmp_path / "other.txt"
    link.symlink_to(text)
    other.write_text(Path(text).read_text())
    for paths, request, said in (
        ([text, str(link)], CorpusRequest(), True),
        ([text, str(other)], CorpusRequest(), False),
        ([text, text], CorpusRequest(valid=(str(other),)), False),
    ):
        notes = open_corpus(paths, request).notes
        assert any("is read twice" in note for note in notes) == said
