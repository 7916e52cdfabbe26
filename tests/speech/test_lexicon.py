"""Closed sets of words: when transcripts are taken for one, and the search for texts of it against all texts."""

from __future__ import annotations

import numpy as np
import pytest

from seqcli.errors import CheckpointError
from seqcli.speech.data import encode
from seqcli.speech.lexicon import MOST_WORDS, Lexicon, closed_words, words_of_blobs, words_to_blobs
from seqcli.speech.options import SearchRequest
from seqcli.speech.search import beam_search
from seqcli.text.tokenizer import Tokenizer, train_tokenizer
from tests.speech.test_search import all_sequences, probabilities

LETTERS = train_tokenizer("char", ["ab ab a a b\n"])


def accepted(lexicon: Lexicon, tokens: list[int]) -> bool:
    place = lexicon.start
    for token in tokens:
        if token not in place.follow:
            return False
        place = place.follow[token]
    return place.complete


def test_few_words_that_are_often_there_are_a_closed_set() -> None:
    few = ["ab", "a b", "b"] * 3
    assert closed_words(few, ["b a", ""], LETTERS) == ("a", "ab", "b")
    assert closed_words(few, ["ba"], LETTERS) == ()  # validation has another
    assert closed_words([*few, "ba", "ba"], [], LETTERS) == ()  # one is there twice only
    assert closed_words(["", ""], [], LETTERS) == ()
    assert closed_words(few, [], train_tokenizer("word", ["a b ab\n"])) == ()
    many = [f"w{number}" for number in range(MOST_WORDS + 1)] * 3
    assert closed_words(many, [], train_tokenizer("char", many)) == ()
    assert len(closed_words(many, [], train_tokenizer("char", [*many, "\n"], 3))) == 0  # unknown characters


@pytest.mark.parametrize(
    ("kind", "words", "right", "wrong"),
    [
        ("char", ["one", "on", "two"], ["", "on", "one two", "on one on"], ["o", "onn", "ontwo", "on ", " on"]),
        ("subword", ["one", "on", "two"], ["on", "one two", "on one on"], ["o", "onn", "ontwo"]),
        ("char", ["打", "打开", "开门"], ["打开", "打打开开门", "打 开门"], ["开", "开打"]),
        ("char", ["don't", "ok"], ["don't ok"], ["don", "t"]),
    ],
)
def test_texts_of_the_words(kind: str, words: list[str], right: list[str], wrong: list[str]) -> None:
    tokenizer = train_tokenizer(kind, [" ".join(words) + "\n"] * 50)
    lexicon = Lexicon(words, tokenizer)
    assert [text for text in right if not accepted(lexicon, encode(tokenizer, text).tolist())] == []
    assert [text for text in wrong if accepted(lexicon, encode(tokenizer, text).tolist())] == []


def known(text: str) -> bool:
    return text == " ".join(text.split()) and set(text.split()) <= {"ab", "ba", "b"}


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_the_best_text_of_the_words(seed: int) -> None:
    heard = probabilities(seed, steps=5, classes=6)
    heard[:, :2] = -50  # the unknown character and the line feed
    lexicon = Lexicon(["ab", "ba", "b"], LETTERS)
    found = beam_search(heard, SearchRequest(beam=500), LETTERS, lexicon=lexicon)
    exact = {t: p for t, p in all_sequences(heard).items() if min(t, default=2) > 1 and known(LETTERS.decode(t))}
    assert tuple(found) == max(exact, key=lambda tokens: exact[tokens])
    for beam in (2, 3):
        assert known(LETTERS.decode(beam_search(heard, SearchRequest(beam=beam), LETTERS, lexicon=lexicon)))


def test_a_word_is_found_where_only_its_beginning_is_likely() -> None:
    tokenizer: Tokenizer = train_tokenizer("char", ["three two\n"])
    ids = tokenizer.encode("thre").tolist()
    heard = np.full((12, tokenizer.size + 1), -8.0)
    heard[:, -1] = -0.1
    heard[range(1, 9, 2), ids] = -0.01
    heard[range(1, 9, 2), -1] = -6.0
    assert tokenizer.decode(beam_search(heard, SearchRequest(), tokenizer)) == "thre"
    lexicon = Lexicon(["three", "two"], tokenizer)
    assert tokenizer.decode(beam_search(heard, SearchRequest(), tokenizer, lexicon=lexicon)) == "three"


def test_words_are_kept_in_a_model_file() -> None:
    words = ("a", "\u00fc", "zwei")
    assert words_of_blobs(words_to_blobs(words)) == words
    assert words_to_blobs(()) == {}
    assert words_of_blobs({}) == ()
    with pytest.raises(CheckpointError, match="at most"):
        words_of_blobs({"words": b"\n".join(b"w%d" % number for number in range(MOST_WORDS + 1))})
    with pytest.raises(CheckpointError, match="damaged"):
        words_of_blobs({"words": b"\xff\xfe"})
