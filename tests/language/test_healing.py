"""Prompts that end within a word go on with it; whole lines come from models of lines."""

from __future__ import annotations

import numpy as np
import pytest

from seqcli.language.config import LanguageModelConfig
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.generate import continuations, next_tokens
from seqcli.language.healing import Agreeing, healed, in_bytes
from seqcli.language.options import GenerateRequest
from seqcli.text.tokenizer import Tokenizer, train_tokenizer

TEXT = "the green grass grows greener than grey gravel, my lord\n" * 30


def subwords() -> Tokenizer:
    return train_tokenizer("subword", [TEXT], 300)


def random_decoder(tokenizer: Tokenizer, *, lines: bool = False) -> LanguageModelDecoder:
    config = LanguageModelConfig(tokenizer.size, "lstm", 8, 8, 1, lines=lines)
    draw = np.random.default_rng(0)
    shapes = config.parameter_shapes().items()
    return LanguageModelDecoder(config, {n: draw.normal(0, 1, s).astype(np.float32) for n, s in shapes})


def written(decoder: LanguageModelDecoder, tokenizer: Tokenizer, prompt: str, **limits: int) -> list[str]:
    texts: dict[int, str] = {}
    for piece in continuations(decoder, tokenizer, [prompt], GenerateRequest(samples=6, **limits)):
        texts[piece.sample] = texts.get(piece.sample, "") + piece.text
    return list(texts.values())


@pytest.mark.parametrize(
    ("prompt", "rest", "word"),
    [("the gre", "the", " gre"), ("my lord, ", "my lord,", " "), ("gre", "", "gre"), ("grass\n", "grass\n", "")],
)
def test_the_last_word_is_taken_back(prompt: str, rest: str, word: str) -> None:
    tokenizer = subwords()
    ids, taken = healed(tokenizer, prompt)
    assert (tokenizer.decode(ids), taken) == (rest, word)


def test_what_is_written_goes_on_from_the_prompt() -> None:
    """With random weights any token might come: all that comes agrees with the word, which is not written twice."""
    tokenizer = subwords()
    decoder, agreeing = random_decoder(tokenizer), Agreeing(tokenizer)
    assert {tokenizer.decode([n]) for n in np.flatnonzero(agreeing.among(b" gre"))} >= {" ", " gre"}
    for text in written(decoder, tokenizer, "the gre", max_tokens=8):
        assert not text.startswith(" gre")
    assert agreeing.left(b" gre", int(tokenizer.encode(" ")[0])) == b"gre"


def test_a_word_model_goes_on_with_words_it_knows() -> None:
    tokenizer = train_tokenizer("word", [TEXT])
    assert healed(tokenizer, "the gre")[1] == " gre"
    assert healed(tokenizer, "the green")[1] == ""
    assert healed(tokenizer, "the xyz")[1] == ""
    for text in written(random_decoder(tokenizer), tokenizer, "the gre", max_tokens=1):
        assert text in ("en", "ener", "y")


@pytest.mark.parametrize("prompt", [" gre", "my lord\n gre", "the  gre"])
def test_a_word_after_any_blanks_is_gone_on_with(prompt: str) -> None:
    tokenizer = train_tokenizer("word", [TEXT])
    assert set(written(random_decoder(tokenizer), tokenizer, prompt, max_tokens=1)) <= {"en", "ener", "y"}


def test_a_blank_at_the_end_of_a_prompt_is_not_written_twice() -> None:
    tokenizer = train_tokenizer("word", [TEXT])
    for text in written(random_decoder(tokenizer), tokenizer, "the ", max_tokens=3):
        assert not text.startswith(" ")


def test_a_character_that_is_begun_in_bytes_is_finished() -> None:
    tokenizer = subwords()
    agreeing, surfaces = Agreeing(tokenizer), [tokenizer.surface(token) for token in range(tokenizer.size)]
    left = agreeing.left(in_bytes("é"), surfaces.index(b"\xc3"))
    assert [surfaces[token] for token in np.flatnonzero(agreeing.among(left))] == [b"\xa9"]


def test_of_several_lines_a_model_of_lines_reads_the_last() -> None:
    tokenizer = train_tokenizer("char", ["abc\n"])
    decoder = random_decoder(tokenizer, lines=True)
    assert next_tokens(decoder, tokenizer, "cab\na", 3) == next_tokens(decoder, tokenizer, "a", 3)


def test_models_of_lines_begin_each_line_anew() -> None:
    tokenizer = train_tokenizer("char", ["abc\n"])
    decoder = random_decoder(tokenizer, lines=True)
    assert written(decoder, tokenizer, "cab\na", max_tokens=9) == written(decoder, tokenizer, "bb\na", max_tokens=9)
    lines = written(decoder, tokenizer, "", max_tokens=50, max_lines=2)
    assert all(text.count("\n") <= 1 for text in lines)
