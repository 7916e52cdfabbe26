"""Reading pairs: TSV, two files, what is wrong with them, holding out."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from seqcli.errors import DataError
from seqcli.text.bitext import (
    Pair,
    decode_sentence,
    encode_sentence,
    open_bitext,
    read_pairs,
    vocabulary_size,
)
from seqcli.text.tokenizer import train_tokenizer


def write(path: Path, text: str) -> str:
    path.write_bytes(text.encode())
    return str(path)


def test_one_tsv_and_two_files_and_gzip_are_the_same(tmp_path: Path) -> None:
    expected = [Pair(1, "a\u2028b", "x"), Pair(2, "c", "y")]
    tsv = write(tmp_path / "p.tsv", "a\u2028b\tx\r\nc\t y \n")
    source, target = write(tmp_path / "s", "a\u2028b\nc"), write(tmp_path / "t", "x\ny\n")
    packed = tmp_path / "p.tsv.gz"
    packed.write_bytes(gzip.compress(Path(tsv).read_bytes()))
    for paths in ([tsv], [source, target], [str(packed)]):
        assert list(read_pairs(paths)) == expected


def test_bad_lines_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tsv", "a\tx\nb\n\t\nc\ty\tz\nd\t\n\te\n")
    with pytest.raises(DataError) as problem:
        list(read_pairs([path]))
    for part in (
        "5 of 6",
        "line 2: no TAB",
        "line 3: both",
        "line 4: 3 columns",
        "line 5: the target",
        "line 6: the source",
    ):
        assert part in problem.value.message
    assert problem.value.hint is not None
    assert "--skip-bad" in problem.value.hint
    notes: list[str] = []
    assert list(read_pairs([path], skip_bad=True, on_note=notes.append)) == [Pair(1, "a", "x")]
    assert "left out 5 of 6" in notes[0]


def test_files_of_different_lengths_are_refused(tmp_path: Path) -> None:
    source, target = write(tmp_path / "s", "a\nb\nc\n"), write(tmp_path / "t", "x\ny\n")
    for paths, short in (([source, target], target), ([target, source], target)):
        with pytest.raises(DataError, match="ends before line 3") as problem:
            list(read_pairs(paths, skip_bad=True))
        assert problem.value.message.startswith(short)


def test_held_out_sources_are_not_trained_on(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tsv", "".join(f"word {n % 40}\tmot {n}\n" for n in range(400)))
    bitext = open_bitext([path], valid_share=0.05, tokens="word")
    held = {pair.source for pair in bitext.valid}
    trained = {decode_sentence(bitext.tokenizer, bitext.sources[n][:-1].tolist()) for n in range(len(bitext.sources))}
    assert held
    assert trained
    assert not held & trained
    again = open_bitext([path], valid_share=0.05, tokens="word")
    assert again.valid == bitext.valid
    assert again.fingerprint == bitext.fingerprint


def test_given_validation_pairs(tmp_path: Path) -> None:
    path, valid = write(tmp_path / "p.tsv", "a b\tx y\nb a\ty x\n"), write(tmp_path / "v.tsv", "a a\tx x\n")
    bitext = open_bitext([path], valid=[valid], tokens="word")
    assert bitext.valid == [Pair(1, "a a", "x x")]
    assert len(bitext.sources) == 2
    end = bitext.tokenizer.boundary_id
    assert bitext.sources[0].tolist()[-1] == bitext.valid_targets[0].tolist()[-1] == end


def test_too_little_is_refused(tmp_path: Path) -> None:
    for text in ("", "a\tx\n"):
        with pytest.raises(DataError, match="too few"):
            open_bitext([write(tmp_path / "p.tsv", text)], tokens="word")


def test_a_sentence_comes_back_and_its_first_word_is_cut_as_any_other() -> None:
    tokenizer = train_tokenizer("subword", ["the dog sees the cat and the cat sees the dog\n" * 50], 300)
    for text in ("the dog sees", "猫 the", "a\u2028b ▁ c"):
        ids = encode_sentence(tokenizer, text)
        assert ids[-1] == tokenizer.boundary_id
        assert ids.dtype == np.int32
        assert decode_sentence(tokenizer, ids[:-1].tolist()) == text
    first, later = encode_sentence(tokenizer, "the"), encode_sentence(tokenizer, "dog the")
    assert later[-len(first) :].tolist() == first.tolist()


def test_more_text_wants_more_subwords() -> None:
    few, many = ([Pair(n, "some words here", "quelques mots ici") for n in range(count)] for count in (100, 10_000))
    assert vocabulary_size(few) < vocabulary_size(many) <= 16_000
