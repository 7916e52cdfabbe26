"""How unknown words are spelt."""

import math
from itertools import product

import pytest

from seqcli.errors import CheckpointError, UsageError
from seqcli.text import words
from seqcli.text.spelling import CODE_POINTS, Spelling
from seqcli.text.tokenizer import load_tokenizer, train_tokenizer

TEXT = "the cat sat on the mat and the dog sat on the log\n" * 3 + "catalog matting doglike\n"


def test_spelling_by_hand() -> None:
    """Of ab, with two characters and the end. a, b and the end have 1/3 each alone; after the beginning a has
    (1 + 1/3) / 2 and the end 1/6, which no word has; b after a 2/3, after the beginning and a 5/6; the end after b
    2/3, after ab 5/6, after the beginning and ab 11/12."""
    found = Spelling(["ab"], kinds=2)
    assert math.exp(-found.surprisal("ab")) == pytest.approx(2 / 3 / (1 - 1 / 6) * 5 / 6 * 11 / 12)
    # b, not seen at the beginning, 1/6; the end after it 2/3, since "beginning b" was not seen
    assert math.exp(-found.surprisal("b")) == pytest.approx(1 / 6 / (1 - 1 / 6) * 2 / 3)


def test_the_probabilities_of_all_spellings_sum_to_one() -> None:
    found = Spelling(["ab", "b", "abba"], kinds=2)
    sums = [
        math.fsum(math.exp(-found.surprisal("".join(word))) for word in product("ab", repeat=length))
        for length in range(1, 15)
    ]
    assert 0.999 < sum(sums) < 1
    assert sum(sums[:7]) < 0.999


def test_a_spelling_of_characters_never_seen_has_a_finite_price() -> None:
    found = Spelling(["cat", "cats", "mats"])
    assert found.surprisal("cats") < found.surprisal("mat") < found.surprisal("tac") < found.surprisal("天空")
    assert found.surprisal("天") > math.log(CODE_POINTS)
    assert found.surprisal("x" * 100_000) < math.inf


def test_words_that_were_left_out_teach_how_unknown_ones_are_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = train_tokenizer("word", [TEXT])
    assert tokenizer.rare == ["catalog", "doglike", "matting"]
    again = load_tokenizer(tokenizer.to_bytes())
    assert again.spelling_surprisal("matlog") == tokenizer.spelling_surprisal("matlog")
    assert again.spelling_surprisal("matlog") == pytest.approx(Spelling(tokenizer.rare).surprisal("matlog"))
    assert train_tokenizer("word", [TEXT], 4).rare == sorted({*TEXT.split()} - {"the", "on"})  # too rare for four
    assert train_tokenizer("word", ["a b\n" * 3]).rare == ["a", "b"]  # none was left out: like those that are known
    monkeypatch.setattr(words, "SPELT", 10)
    assert train_tokenizer("word", [TEXT]).rare == ["catalog"]


def test_spellings_that_are_not_known() -> None:
    prepared = train_tokenizer("word", ["the <unk> sat\n"])
    assert prepared.unknown("the <unk> sat here") == ["<unk>", "here"]
    assert b"rare" not in prepared.to_bytes()
    with pytest.raises(UsageError, match="--open-vocabulary") as problem:
        prepared.spelling_surprisal("here")
    assert "<unk>" in str(problem.value.hint)
    with pytest.raises(CheckpointError):
        load_tokenizer(b'{"kind": "word"}\n{"words": ["a"], "split_wide": false, "rare": [1]}')
    assert train_tokenizer("char", [TEXT]).spelling_surprisal("天") == math.log(CODE_POINTS)
