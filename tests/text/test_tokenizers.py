"""Tokenizers: what goes in comes out, the field's counts, Chinese, streaming, and files that are not tokenizers."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli.errors import CheckpointError, DataError
from seqcli.text import subwords
from seqcli.text.subwords import SubwordTokenizer
from seqcli.text.tokenizer import Tokenizer, choose_kind, load_tokenizer, manageable, train_tokenizer

TEXT = (
    "The air over the town is grey, since there are many factories.\n"
    "People there speak of a clear river and a blue sky.\n"
    "工厂很多，空气很脏，这里的天空是灰色的。\n"
) * 40


@pytest.fixture(scope="module", params=["char", "word", "subword"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return train_tokenizer(request.param, [TEXT], 400 if request.param == "subword" else None)


@pytest.fixture(scope="module")
def subword() -> SubwordTokenizer:
    return SubwordTokenizer.train([TEXT], 400)


def streamed(tokenizer: Tokenizer, ids: np.ndarray) -> str:
    decoder = tokenizer.stream_decoder()
    return "".join(decoder.push(int(token)) for token in ids) + decoder.flush()


def test_training_text_comes_back(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(TEXT)
    assert ids.dtype == np.int32
    assert tokenizer.decode(ids) == TEXT
    assert streamed(tokenizer, ids) == TEXT
    assert ids.min() >= 0
    assert ids.max() < tokenizer.size


def test_a_long_text_is_cut_up_as_in_one_piece(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tokenizer.encode(TEXT).tolist()
    monkeypatch.setattr("seqcli.text.tokenizer.PIECE", 25)
    assert "".join(manageable(TEXT + "x" * 70)) == TEXT + "x" * 70
    assert tokenizer.encode(TEXT).tolist() == whole


def test_saved_and_loaded_it_is_the_same(tokenizer: Tokenizer) -> None:
    again = load_tokenizer(tokenizer.to_bytes())
    assert (again.kind, again.size, again.boundary_id) == (tokenizer.kind, tokenizer.size, tokenizer.boundary_id)
    np.testing.assert_array_equal(again.encode(TEXT), tokenizer.encode(TEXT))
    assert again.to_bytes() == tokenizer.to_bytes()


def test_the_boundary_is_the_line_feed(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("\n").tolist() == [tokenizer.boundary_id]
    assert tokenizer.encode("").tolist() == []


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.characters(blacklist_categories=["Cs"]), max_size=40))
def test_subwords_lose_nothing(subword: SubwordTokenizer, text: str) -> None:
    ids = subword.encode(text)
    assert subword.decode(ids) == text
    assert streamed(subword, ids) == text
    assert subword.unk_id not in ids


@pytest.mark.parametrize(
    "text", ["<s></s><unk><0x0A>", "  a   b ", "\u2581x\u2581", "a\0b", "\u2028\t\r\x1b[31m", "👩‍👩‍👧 é é"]
)
def test_subwords_lose_nothing_that_looks_special(subword: SubwordTokenizer, text: str) -> None:
    ids = subword.encode(text)
    assert subword.decode(ids) == text
    assert not set(ids.tolist()) & {0, 1, 2, 3}


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff ", "x\ud83d " * 99])
def test_half_a_character_is_read_as_a_question_mark(subword: SubwordTokenizer, text: str) -> None:
    """Python has such texts: the names of files that are not UTF-8, and what JSON may hold."""
    assert subword.decode(subword.encode(text)) == text.encode("utf-8", "replace").decode()


WORDS = st.sampled_from(["the", " ", "  ", "\n", "天空", "\u3000", "\t", "air", "\u2581", "\0", "x", "-", "factories"])


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(WORDS, max_size=20))
def test_words_cut_up_alone_are_cut_up_as_in_their_line(subword: SubwordTokenizer, parts: list[str]) -> None:
    lost = str.maketrans("", "", "\u2581\0")
    text = "".join(parts).translate(lost)
    whole = [subword._processor.encode(line, out_type=int) for line in text.split("\n")]
    expected = [token for line in whole for token in [subword.boundary_id, *line]][1:]
    assert subword.encode(text).tolist() == expected
    assert subword.decode(subword.encode("".join(parts))) == "".join(parts)


def test_remembered_words_are_bounded(subword: SubwordTokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [subword.encode(f"air {number} river\n").tolist() for number in range(50)]
    monkeypatch.setattr(subwords, "REMEMBERED", 20)
    for number in range(50):
        assert subword.encode(f"air {number} river\n").tolist() == expected[number]
        assert sum(map(len, subword._known)) <= 21


def test_streaming_never_shows_half_a_character(subword: SubwordTokenizer) -> None:
    decoder = subword.stream_decoder()
    shown = [decoder.push(int(token)) for token in subword.encode("鑫")]
    assert shown[:-1] == [""] * (len(shown) - 1)
    assert shown[-1] == "鑫"
    decoder.push(int(subword.encode("鑫")[0]))
    assert decoder.flush() == "\ufffd"


def test_words_follow_the_fields_convention() -> None:
    tokenizer = train_tokenizer("word", ["a b <unk> a\n\n b a\n"])
    assert tokenizer.size == 4  # <unk>, <eos>, a, b: the data's <unk> is not a second one
    assert [tokenizer.piece(int(token)) for token in tokenizer.encode("b zzz <unk>\n\na <eos>")] == [
        "b", "<unk>", "<unk>", "<eos>", "<eos>", "a", "<unk>",
    ]  # fmt: skip
    assert tokenizer.encode("a b")[0] < tokenizer.encode("a b")[1]  # the more frequent first


def test_chinese_words() -> None:
    whole = train_tokenizer("word", ["这里工厂很多，空气很脏。\nthe 天空 is 灰色的\n"])
    assert whole.encode("天空很").tolist() == [int(whole.encode(c)[0]) for c in "天空很"]
    assert whole.decode(whole.encode("空气很脏。\nthe is")) == "空气很脏。\nthe is"
    cut = train_tokenizer("word", ["天空 很 蓝\n河水 很 清 。\n"])
    assert cut.decode(cut.encode("天空 很 清")) == "天空 很 清"
    assert len(cut.encode("天空 很")) == 2


def test_vocabularies_can_be_bounded() -> None:
    assert train_tokenizer("word", ["a a a b b c\n"], 4).size == 4
    assert train_tokenizer("char", ["aaabbc\n"], 3).size == 3
    assert train_tokenizer("char", ["ab\n"]).decode([0]) == "\ufffd"


def test_a_tiny_text_gets_a_smaller_subword_vocabulary() -> None:
    tokenizer = train_tokenizer("subword", ["one small text\n"], 5000)
    assert tokenizer.size < 400
    assert tokenizer.decode(tokenizer.encode("other text")) == "other text"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}\n",
        b'{"kind": "word"}\n5',
        b'{"kind": "char"}\n["ab"]',
        b'{"kind": "subword"}\nxx',
        b'{"kind": "x"}\n',
    ],
)
def test_what_is_no_tokenizer_is_refused(data: bytes) -> None:
    with pytest.raises(CheckpointError, match="tokenizer"):
        load_tokenizer(data)


# of rules for text and back, and as numbers that are longer than they need be
@pytest.mark.parametrize("field", [b"\x1a", b"\x2a", b"\x9a\x80\x00", b"\x9a\x80\x80\x80\x10"])
def test_tables_of_normalisation_are_refused_unread(subword: SubwordTokenizer, field: bytes) -> None:
    """SentencePiece 0.2.1 reads beyond the memory of one that was made to do harm."""
    table = struct.pack("<I", 1024) + b"\xff" * 1024 + b"\0"
    rules = b"\x12" + bytes([len(table) & 0x7F | 0x80, len(table) >> 7]) + table
    field += bytes([len(rules) & 0x7F | 0x80, len(rules) >> 7])
    with pytest.raises(CheckpointError, match="damaged"):
        load_tokenizer(subword.to_bytes() + field + rules)
    assert load_tokenizer(subword.to_bytes() + b"\x1a\x02\x12\x00").size == subword.size


@pytest.mark.parametrize("end", [b"\x0a\x7f", b"\xff", b"\x0a\xff", b"\x1b\x12\x01x\x1c", b"\x05"])
def test_models_of_pieces_that_are_cut_or_nested_otherwise(subword: SubwordTokenizer, end: bytes) -> None:
    with pytest.raises(CheckpointError, match="damaged"):
        load_tokenizer(subword.to_bytes() + end)


def test_the_kind_is_chosen_from_the_text() -> None:
    assert choose_kind("the <unk> said\n", 10_000_000)[0] == "word"
    assert choose_kind("A page that explains what <unk> is for. " + "word " * 2000, 10_000_000)[0] == "subword"
    assert choose_kind("The king said.\n", 100_000)[0] == "char"
    assert choose_kind("A quick brown fox jumps over the lazy dog.\n", 1_000_000)[0] == "subword"
    with pytest.raises(DataError, match="empty"):
        choose_kind(" \n", 2)


@pytest.mark.parametrize(
    ("sample", "lines", "expected"),
    [
        ("ACGTTGCAAC" * 100, False, "char"),
        ("".join(map(chr, range(0x4E00, 0x5400))), False, "char"),  # Chinese
        ("".join(map(chr, range(0xAC00, 0xB000))), False, "char"),  # Korean
        ("".join(map(chr, range(0x0E01, 0x0E31))), False, "subword"),  # Thai
        ("anna\nbella\nchris\ndaphne\njqwxyz\n", True, "char"),
    ],
)
def test_kinds_for_scripts_and_lists(sample: str, lines: bool, expected: str) -> None:
    assert choose_kind(sample, 900_000, lines=lines)[0] == expected


@pytest.mark.parametrize("size", [None, 300, 1000, 20_000])
@pytest.mark.parametrize(
    "text", ["aaaa\naaaaa\n" * 50, "a\n", "".join(map(chr, range(0x4E00, 0x5400))) * 2 + "\n", "\\]^-[ \n" * 9]
)
def test_subwords_can_be_learnt_from_any_text(text: str, size: int | None) -> None:
    tokenizer = train_tokenizer("subword", [text], size)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert size is None or tokenizer.size <= size


def test_what_a_vocabulary_lacks() -> None:
    assert train_tokenizer("char", ["ab\n"]).unknown("abc\nda") == ["c", "d"]
    assert train_tokenizer("word", ["one two <unk>\n"]).unknown("one three\n<unk> four") == ["three", "<unk>", "four"]
    assert train_tokenizer("subword", ["one two\n"]).unknown("дom") == []
