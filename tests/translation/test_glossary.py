"""Which terms of a glossary stand in a text."""

from __future__ import annotations

import unicodedata

import pytest

from seqcli.text.forms import Forms
from seqcli.text.placeholders import SYMBOLS, Carrier, choose_kinds
from seqcli.text.tokenizer import train_tokenizer
from seqcli.translation.glossary import Glossary
from seqcli.translation.preprocessing import Preprocessing
from seqcli.translation.translate import Translator


@pytest.mark.parametrize(
    ("term", "text", "count"),
    [
        ("cat", "concat cat, Cats CAT", 2),
        ("кот", "который кот, коты и Кот", 2),
        ("élan", "l'élan, délan, élans", 1),
        ("5 µm", "5 µm, 25 µm", 1),
        ("猫", "小猫猫", 2),
        ("NBA", "看NBA比赛, NBAs", 1),
        ("고양이", "고양이가 잔다", 1),
    ],
)
def test_terms_are_whole_words_where_words_have_blanks_between(term: str, text: str, count: int) -> None:
    glossary = Glossary([(term, "cat")], train_tokenizer("char", ["a cat\n"]))
    assert len(glossary.phrases(text)) == count


def test_terms_are_read_and_written_as_the_text_is() -> None:
    """A typewriter's apostrophe and an accent of its own look the same as what the model has seen."""
    prepared = Preprocessing(normalises=True, forms=Forms({"’": 1000}))
    translator = Translator(
        [], train_tokenizer("char", ["a don’t é\n"]), prepared, glossary=[("don't", unicodedata.normalize("NFD", "é"))]
    )
    for text in ("a don't", "a don’t"):
        assert [len(part.phrases) for part in translator.lines.parts(text)] == [1]


def test_terms_may_be_words_that_the_vocabulary_lacks() -> None:
    translator = Translator([], train_tokenizer("word", ["a known word\n" * 2]), glossary=[("zwuggel", "known")])
    assert [len(part.phrases) for part in translator.lines.parts("a Zwuggel")] == [1]


def test_terms_are_translated_rather_than_copied() -> None:
    prepared = Preprocessing(normalises=True, carrier=Carrier(choose_kinds([]), frozenset("aknow rd.")))
    tokenizer = train_tokenizer("word", ["a known word .\n" * 2], symbols=SYMBOLS)
    terms = [("zwuggel", "known"), ("12,5", "word"), ("dog", "a")]
    lines = Translator([], tokenizer, prepared, glossary=terms).lines
    for text, strings in (("a (Zwuggel) 12,5", ()), ("Zwaggel 12,6 www.dog.org", ("Zwaggel", "12,6", "www.dog.org"))):
        (part,) = lines.parts(text)
        assert part.strings == strings
        assert len(part.phrases) == max(len(strings), 2)
