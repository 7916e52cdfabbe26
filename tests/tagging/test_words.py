"""The rule that cuts raw text into words, learnt from words that were cut already."""

from __future__ import annotations

import time

import pytest

from seqcli.errors import CheckpointError
from seqcli.files.plain import to_plain
from seqcli.tagging.words import WordRule


def words(rule: WordRule, text: str) -> list[str]:
    return [text[start:end] for start, end in rule.cut(text)]


ENGLISH = [
    ["I", "do", "n't", "like", "John", "'s", "3.5", "-", "dollar", "hat", ",", "Mr.", "Li", "..."],
    ["We", "ca", "n't", "sell", "1,000", "at", "10:30", "!", "It", "'s", "Mr.", "Wu", "..."],
    ["They", "wo", "n't", "say", "it", "'s", "half", "-", "done", ",", "Mr.", "Xu", "..."],
]


def test_words_are_cut_as_the_training_text_has_them():
    rule = WordRule.learn(ENGLISH)
    assert words(rule, "Ann's hat didn't cost 2.75, Mr. Li...") == (
        ["Ann", "'s", "hat", "did", "n't", "cost", "2.75", ",", "Mr.", "Li", "..."]
    )
    assert words(rule, "half-done (at 9:45)") == ["half", "-", "done", "(", "at", "9:45", ")"]
    assert words(rule, "see https://a.org/x?y=1, or write to a.b@c.org.") == (
        ["see", "https://a.org/x?y=1", ",", "or", "write", "to", "a.b@c.org", "."]
    )
    assert words(rule, "O'Neil said 'yes'") == ["O", "'", "Neil", "said", "'", "yes", "'"]


def test_marks_inside_words_stay_where_the_training_text_keeps_them():
    rule = WordRule.learn([["well-known", "state-of-the-art", "don't"], ["re-use", "can't"]])
    assert words(rule, "A so-called word isn't it?") == ["A", "so-called", "word", "isn't", "it", "?"]


@pytest.mark.parametrize("part", ["-", ".", "+a", "a."])
def test_a_long_line_is_cut_in_time_that_grows_with_it(part: str) -> None:
    rule, started = WordRule.learn(ENGLISH), time.process_time()
    assert rule.cut(part * (100_000 // len(part)))
    assert time.process_time() - started < 5


def test_words_of_scripts_without_blanks_are_cut_at_blanks_only():
    rule = WordRule.learn([["迈向", "充满", "希望", "的", "新", "世纪"]])
    assert words(rule, "北京 欢迎你") == ["北京", "欢迎你"]
    assert "blanks only" in rule.describe()


RULES_THAT_ARE_NONE = (
    *(("joiners", 3), ("kept", [1]), ("kept", [""]), ("kept", None), ("endings", "ab"), ("endings", {"a": 1})),
    ("blanks_only", 1),
)


def test_a_rule_survives_a_round_trip_and_others_are_refused():
    rule = WordRule.learn(ENGLISH)
    assert WordRule.from_json(to_plain(rule)) == rule
    whole = to_plain(rule)
    for values in (None, {}, *(whole | {name: value} for name, value in RULES_THAT_ARE_NONE)):
        with pytest.raises(CheckpointError):
            WordRule.from_json(values)


def test_every_character_but_blanks_is_in_one_word():
    rule = WordRule.learn(ENGLISH)
    text = "“Ça va?”—he's  said;\t'tis  it'll  x''y  n't 's"
    assert "".join(words(rule, text)) == "".join(text.split())
