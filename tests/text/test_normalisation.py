"""What looks the same is the same: normalisation, forms, sentences, strings carried over."""

from __future__ import annotations

import itertools
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.errors import UsageError
from seqcli.text.forms import Forms
from seqcli.text.normalisation import normalise
from seqcli.text.placeholders import KINDS, SYMBOLS, Carrier, choose_kinds, keep_apart, known_characters, restore
from seqcli.text.sentences import find_abbreviations, join, split_sentences

GERMAN = [
    "Ein Mädchen trägt einen grünen Hut.",
    "Der Mann sieht das Mädchen.",
    "Das Mädchen öffnet die Tür, und der Mann geht.",
    "Am 3. Mai sah der Mann einen Hut.",
] * 30


@pytest.mark.parametrize(
    "text",
    [
        unicodedata.normalize("NFD", "Ein Mädchen öffnet"),
        "Ein\u00a0Mädchen\u202föffnet",
        "Ein  Mädchen \t öffnet ",
        "\ufeffEin Mäd\u00adchen \u200böffnet\u200e",
        "Ein\u3000Mädchen\u2028öffnet\x00",
    ],
)
def test_what_looks_the_same_becomes_the_same(text: str) -> None:
    assert normalise(text) == "Ein Mädchen öffnet"


def test_what_must_stay_stays() -> None:
    for text in ("نمی\u200cخواهم", "क्\u200dष", "👩\u200d👩\u200d👧", "❤\ufe0f", "1\ufe0f\u20e3"):
        assert normalise(text) == text
    assert normalise("oui\u202f!  non\u00a0?", typographic=True) == "oui\u202f! non\u00a0?"
    assert normalise("a\u200db\ufe0f") == "ab"


@given(st.text())
def test_normalising_again_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert "\n" not in once
    typographic = normalise(text, typographic=True)
    assert normalise(typographic, typographic=True) == typographic


def test_forms_are_those_of_the_text() -> None:
    forms = Forms.of(GERMAN)
    assert forms.capitals
    assert forms.folds_case
    assert forms.fold("DAS MÄDCHEN ÖFFNET DIE TÜR.") == "Das Mädchen öffnet die Tür."
    assert forms.fold("das mädchen öffnet die tür.") == "Das Mädchen öffnet die Tür."
    assert forms.fold("Der Mann sieht das MÄDCHEN.") == "Der Mann sieht das Mädchen."
    assert forms.fold("Ｄas Ｍädchen，und der Mann．") == "Das Mädchen, und der Mann."
    assert all(forms.fold(line) == line for line in GERMAN)
    chinese = Forms.of(["你好，我是学生。"] * 50)
    assert chinese.fold("你好，ＡＢ。") == "你好，ＡＢ。"
    assert Forms.of(["你好，我是ABC。", "a,b."] * 50).fold("，ＡＢ。") == "，AB。"


def test_case_that_says_something_is_left_alone() -> None:
    assert Forms.of(["HELLO THERE", "hello there", "Hello There"] * 20).fold("HELLO there") == "HELLO there"
    assert Forms.of(["walk slowly", "sing well"] * 20).fold("Walk") == "walk"
    assert Forms.of(["WALK", "SING"] * 20).fold("walk") == "WALK"
    assert Forms().fold("Any Text, ｗｉｄｅ") == "Any Text, ｗｉｄｅ"


def test_each_character_is_written_in_its_form_once() -> None:
    """In no order: what one character becomes is not what another becomes then."""
    forms = Forms({"’": 1000, "'": 10})
    for alike in itertools.permutations("`´‛", 2):
        assert forms.fold_characters(f"a' b{''.join(alike)}") == "a’ b''"


def test_forms_come_back() -> None:
    forms = Forms.of(GERMAN)
    assert Forms.from_json(forms.to_json()) == forms


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A man rides. Two dogs run! Who? “Me.” A girl", ["A man rides.", "Two dogs run!", "Who?", "“Me.”", "A girl"]),
        ("Dr. J. Smith came on the 3. of May.", ["Dr. J. Smith came on the 3. of May."]),
        ("他来了。我走了！「好吗？」他说。", ["他来了。", "我走了！", "「好吗？」", "他说。"]),
        ("v1.2 costs 3.50 euros e.g. here", ["v1.2 costs 3.50 euros e.g. here"]),
        ("वह आया। मैं गया।", ["वह आया।", "मैं गया।"]),
        ("", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_abbreviations_are_found_and_sentences_joined() -> None:
    found = find_abbreviations(["Die Fa. Meier baut.", "Das ist die Fa. Huber.", "Zur Fa. Meier."] * 3)
    assert found == {"fa"}
    assert split_sentences("Die Fa. Meier baut.", found) == ["Die Fa. Meier baut."]
    assert join(["One.", "Two."]) == "One. Two."
    assert join(["你好。", "再见。"]) == "你好。再见。"
    assert join([]) == ""


STRINGS = ["https://www.x.de/a?b=c&d#e", "a.b+c@d-e.org", "x.org/y", "<b>", "</b>", "{name}"]
STRINGS += ["😀", "👩\u200d👩\u200d👧", "1.234,56", "@someone", "渡辺", "Espaňa", "Łódź"]


def test_strings_are_taken_out_and_put_back() -> None:
    carrier = Carrier(choose_kinds([]), known_characters(GERMAN))
    for string in STRINGS:
        text = f"Das Mädchen sieht {string}, und der Mann."
        replaced, strings = carrier.replace(text)
        assert strings == [string]
        assert replaced == f"Das Mädchen sieht {SYMBOLS[0]}, und der Mann."
        assert restore(replaced, strings) == text
    many = " ".join(f"n{n} https://x{n}.org" for n in range(20))
    replaced, strings = carrier.replace(many)
    assert len(strings) >= 20
    assert restore(replaced, strings) == many


def test_a_kind_that_pairs_translate_is_not_carried() -> None:
    assert "number" not in choose_kinds([("12 dogs", "twelve dogs")] * 30)
    assert "number" in choose_kinds([("12 dogs", "12 Hunde")] * 30)
    assert "address" in choose_kinds([("12 dogs", "twelve dogs")] * 30)


def test_only_what_both_sides_have_is_replaced_in_a_pair() -> None:
    carrier = Carrier(choose_kinds([]))
    source, target = carrier.replace_pair("a 12 b 345 c 12", "12 x 99 y 12", 0)
    assert source == f"a {SYMBOLS[0]} b 345 c {SYMBOLS[1]}"
    assert target == f"{SYMBOLS[0]} x 99 y {SYMBOLS[1]}"


def test_whole_words_for_a_vocabulary_of_words() -> None:
    carrier = Carrier(choose_kinds([]), words=frozenset({"the", "dog", "."}))
    replaced, strings = carrier.replace("the Zwuggel dog (www.x.de) .")
    assert strings == ["Zwuggel", "(www.x.de)"]
    assert replaced == f"the {SYMBOLS[0]} dog {SYMBOLS[1]} ."


@given(st.text(alphabet="ab 1😀<>.@/:htpx渡\u0301-", max_size=60))
def test_taking_out_and_putting_back_is_lossless(text: str) -> None:
    carrier = Carrier(choose_kinds([]), frozenset("ab ."), keep=("a+b",))
    replaced, strings = carrier.replace(text)
    assert restore(replaced, strings) == text


@pytest.mark.parametrize("text", ["1" * 200_000 + "a", "a" * 200_000, "a." * 100_000, "x@" * 100_000, "渡a" * 100_000])
def test_long_lines_take_no_long_time(text: str) -> None:
    carrier = Carrier(choose_kinds([]), frozenset("a1x@."))
    replaced, strings = carrier.replace(text)
    assert restore(replaced, strings) == text
    assert "".join(split_sentences(normalise(text))) == text


@pytest.mark.parametrize("expression", ["(?:x|xx)+$", "(?:x|x)+$", "(?R)"])
def test_an_expression_that_takes_too_long_is_given_up_in_any_thread(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqcli.text.expressions.LIMIT", (0.1, 1e-6))
    with ThreadPoolExecutor() as threads, pytest.raises(UsageError, match="takes too long on the text"):
        threads.submit(Carrier(keep=(expression,)).find, "the dog " + "x" * 60 + "!").result()
    assert [found.text for found in Carrier(keep=("x+",)).find("the " + "x" * 60)] == ["x" * 60]


def test_no_expression_is_compiled_for_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier(tuple(KINDS), frozenset("abcdefghijklmnopqrstuvwxyz "))

    def refuse(*arguments: object) -> None:
        raise AssertionError("an expression of its own for each text takes longer than all else")

    monkeypatch.setattr(re, "compile", refuse)
    texts = ("the word 那马比这马小 here", "ein Straßen Bär", "Ω")
    assert [[f.text for f in carrier.find(text)] for text in texts] == [["那马比这马小"], ["Straßen Bär"], ["Ω"]]


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ("see \ue000 there", "chair.\ue000 on", "chair. \ue000 on"),
        ("see \ue000", "shadows\ue000", "shadows \ue000"),
        ("(\ue000)", "chair.\ue000", "chair.\ue000"),  # as the source has it
        ("see \ue000", "(\ue000) l'\ue000 第\ue000", "(\ue000) l'\ue000 第\ue000"),
    ],
)
def test_what_is_copied_is_not_glued_to_the_word_before(source: str, target: str, found: str) -> None:
    assert keep_apart(target, source) == found
