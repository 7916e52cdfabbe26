"""Vocabulary: what is known, how it is looked up, pairs of characters, damage."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqcli.errors import CheckpointError
from seqcli.tagging.encoding import batch_of, by_length, encode
from seqcli.tagging.lexicon import KNOWN, UNKNOWN, Lexicon, affixes_of, normal_form

WORDS = [["The", "dog", "barked", "12", "times"], ["the", "dogs", "barked", "34", "times"]]
TEXTS = ["北京欢迎你", "你欢迎北京", "北京"]


def test_words_are_looked_up_in_their_normal_form():
    lexicon = Lexicon.learn(WORDS, "word")
    assert normal_form("ＡB１2c") == "ab00c"
    ids = lexicon.spell(["THE", "the", "99", "cat"]).words
    assert ids[0] == ids[1] >= KNOWN
    assert (ids[2] >= KNOWN, ids[3]) == (True, UNKNOWN)
    assert (lexicon.knows("Dog"), lexicon.knows("cat")) == (True, False)


def test_spelling_tells_what_the_normal_form_does_not():
    lexicon = Lexicon.learn(WORDS, "word")
    small, large = lexicon.spell(["the", "The"]).characters
    assert small[0] != large[0]
    spelled = lexicon.spell(["x" * 30 + "y" * 30])
    assert spelled.lengths.tolist() == [24]
    assert affixes_of("dogs") == ["^d", "^do", "^dog", "^dogs", "$s", "$gs", "$ogs", "$dogs"]
    assert (lexicon.spell(["dog"]).affixes != lexicon.spell(["zzz"]).affixes).any()
    assert (lexicon.spell(["zzz"]).affixes == 0).all()


def test_pairs_are_those_of_neighbours_within_sentences():
    lexicon = Lexicon.learn(TEXTS, "character")
    encoded = encode(lexicon, TEXTS)
    assert len(encoded.pairs) == len(encoded.types) + len(TEXTS)
    size = len(lexicon.words) + KNOWN
    for number, text in enumerate(TEXTS):
        around = ["", *text, ""]
        for place in range(len(text) + 1):
            left, right = (lexicon.character_ids(c)[0] if c else 0 for c in around[place : place + 2])
            key = int(left) * size + int(right)
            expected = lexicon.pairs.index(key) + KNOWN if key in lexicon.pairs else UNKNOWN
            assert encoded.pairs[encoded.starts[number] + number + place] == expected
    assert (encoded.pairs >= KNOWN).any()
    assert (encoded.pairs == UNKNOWN).any()


def test_characters_are_the_same_however_they_come():
    lexicon = Lexicon.learn(TEXTS, "character")
    assert encode(lexicon, TEXTS).types.tolist() == encode(lexicon, [list(text) for text in TEXTS]).types.tolist()
    assert lexicon.character_ids([["北京", "你"]]).tolist() == [UNKNOWN, lexicon.character_ids("你")[0]]
    assert Lexicon.learn(["A1"], "character").character_ids("Ａ１").tolist() == [2, 3][::-1]
    assert lexicon.character_ids([["", "北京"]]).tolist() == [UNKNOWN, UNKNOWN]  # not the two characters
    assert lexicon.character_ids("\ud800\U0010ffff").tolist() == [UNKNOWN, UNKNOWN]


def test_batches_hold_every_step_once():
    random = np.random.default_rng(0)
    lengths = random.integers(1, 30, 200)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    seen: list[int] = []
    for chosen in by_length(lengths, 100, random):
        places, sizes, _ = batch_of(starts[chosen], starts[chosen + 1], chosen)
        assert (np.diff(sizes) <= 0).all()
        assert places.size <= 100 or len(chosen) == 1
        for column, length in enumerate(sizes):
            seen += places[:length, column].tolist()
            assert (places[length:, column] == places[length - 1, column]).all()
    assert sorted(seen) == list(range(starts[-1]))


def test_a_lexicon_survives_a_round_trip_and_damage_is_refused():
    for lexicon in (Lexicon.learn(WORDS, "word"), Lexicon.learn(TEXTS, "character")):
        again = Lexicon.from_bytes(lexicon.to_bytes())
        assert again.sizes() == lexicon.sizes()
        assert again.to_bytes() == lexicon.to_bytes()
    values = json.loads(lexicon.to_bytes())
    for damage in ({"unit": "x"}, {"words": [1]}, {"pairs": [-1]}, {"pairs": ["a"]}, {"affixes": None}):
        with pytest.raises(CheckpointError):
            Lexicon.from_bytes(json.dumps(values | damage).encode())
    with pytest.raises(CheckpointError):
        Lexicon.from_bytes(b"[")
