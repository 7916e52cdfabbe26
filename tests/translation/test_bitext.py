"""Pairs to learn from: holding out, encoding, what a model keeps of its text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqcli.errors import DataError
from seqcli.text.pair_rows import Pair
from seqcli.text.tokenizer import train_tokenizer
from seqcli.translation.opening import hold_out, open_bitext
from seqcli.translation.options import TrainRequest
from seqcli.translation.preprocessing import Preprocessing, decode_sentence, encode_sentence
from seqcli.translation.units import vocabulary_size


def write(path: Path, text: str) -> str:
    path.write_bytes(text.encode())
    return str(path)


def test_held_out_sources_are_not_trained_on(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tsv", "".join(f"word {n % 40}\tmot {n}\n" for n in range(400)))
    bitext = open_bitext(TrainRequest(pairs=(path,), valid_share=0.05, tokens="word"))
    held = {pair.source for pair in bitext.valid}
    trained = {decode_sentence(bitext.tokenizer, bitext.sources[n][:-1].tolist()) for n in range(len(bitext.sources))}
    assert held
    assert trained
    assert not held & trained
    again = open_bitext(TrainRequest(pairs=(path,), valid_share=0.05, tokens="word"))
    assert again.valid == bitext.valid
    assert again.fingerprint == bitext.fingerprint


def test_given_validation_pairs(tmp_path: Path) -> None:
    path, valid = write(tmp_path / "p.tsv", "a b\tx y\nb a\ty x\n"), write(tmp_path / "v.tsv", "a a\tx x\n")
    bitext = open_bitext(TrainRequest(pairs=(path,), valid=(valid,), tokens="word"))
    assert bitext.valid == [Pair(1, "a a", "x x")]
    assert len(bitext.sources) == 2
    end = bitext.tokenizer.boundary_id
    assert bitext.sources[0].tolist()[-1] == bitext.valid_targets[0].tolist()[-1] == end


def test_too_little_is_refused(tmp_path: Path) -> None:
    for text in ("", "a\tx\n"):
        with pytest.raises(DataError, match="too few"):
            open_bitext(TrainRequest(pairs=(write(tmp_path / "p.tsv", text),), tokens="word"))


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


def test_nothing_is_lost_in_holding_out() -> None:
    pairs = [Pair(n, f"source {n % 300}", f"target {n}") for n in range(2400)]
    training, held = hold_out(pairs, 0.05)
    assert (len(training), len(held)) == (2280, 120)
    assert not {p.source for p in training} & {p.source for p in held}
    assert sorted(training + held, key=lambda p: p.line) == pairs
    few = [Pair(n, f"source {n % 2}", "x") for n in range(40)]  # whole sources even if these are many
    assert [len(part) for part in hold_out(few, 0.05)] == [20, 20]


def test_what_a_model_keeps_of_its_text_comes_back(tmp_path: Path) -> None:
    pairs = "".join(f"Der {n}. Hund „bellt“ hier.\tThe dog number {n} barks.\n" for n in range(60))
    bitext = open_bitext(TrainRequest(pairs=(write(tmp_path / "p.tsv", pairs),), tokens="subword", keep=("b.+t",)))
    assert Preprocessing.of(bitext.blobs) == bitext.preprocessing
    assert bitext.preprocessing.lengths is not None
    assert bitext.preprocessing.lengths.sources[-1] == bitext.sources.lengths.max()
    again = open_bitext(TrainRequest(pairs=(write(tmp_path / "p.tsv", pairs),)), bitext.blobs)
    assert again.blobs == bitext.blobs


def test_sentences_stand_together_as_their_script_writes_them() -> None:
    prepared = Preprocessing(normalises=True, sentences=2)
    assert prepared.split("One. Two. Three.") == ["One. Two.", "Three."]
    assert prepared.split("我去。你来。他走。") == ["我去。你来。", "他走。"]
