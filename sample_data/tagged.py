"""Sentences with a part of speech for each word and the names of people and places in them, in English and Chinese.

One small grammar writes both kinds. Names are put together from parts, so that most names of the test sentences occur
nowhere in training: they are known by how they are spelled and where they stand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sample_data.vocabulary import EVENTS, NOUNS, PAST, PEOPLE

FIRST = ("Anna", "Tom", "Mary", "Peter", "Lily", "Oskar", "Ruth", "Ivan", "Clara", "Hugo", "Nadia", "Felix")
LAST_PARTS = (
    ("Lind", "Berg", "Holt", "Marl", "Stan", "Ferr", "Garn", "Wick"),
    ("er", "ley", "son", "ford", "man", "ova"),
)
PLACE_PARTS = (
    ("North", "Ash", "Mill", "Stone", "River", "Oak", "Lang", "Wells"),
    ("ton", "bury", "ham", "field", "port"),
)
TWO_WORDS = ("New", "Port", "Saint", "Upper")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙"
GIVEN = "明丽华强芳伟静军洋勇艳杰娜涛敏"
STEMS = "东西南北长安青白石云江河山海"
PLACE_ENDS = ("城", "县", "镇", "村", "湖", "山")
MONTHS = ("一月", "三月", "五月", "七月", "十月")


@dataclass(frozen=True)
class Token:
    """A word, its part of speech, and its label as a part of a name (IOB2)."""

    word: str
    tag: str
    entity: str = "O"


def tokens(text: str, tag: str) -> list[Token]:
    return [Token(word, tag) for word in text.split()]


def named(words: list[str], kind: str, tag: str = "PROPN") -> list[Token]:
    return [Token(word, tag, ("I-" if number else "B-") + kind) for number, word in enumerate(words)]


class English:
    """Draws English sentences."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def sentence(self) -> list[Token]:
        makers: tuple[Callable[[], list[Token]], ...] = (self.event, self.travel, self.home, self.meeting)
        return self.rng.choice(makers)()

    def person(self) -> list[Token]:
        last = "".join(self.rng.choice(part) for part in LAST_PARTS)
        first = self.rng.choice(FIRST)
        return named(self.rng.choice(([first], [first, last], [first[0] + ".", last])), "PER")

    def place(self) -> list[Token]:
        name = "".join(self.rng.choice(part) for part in PLACE_PARTS)
        return named([self.rng.choice(TWO_WORDS), name] if self.rng.random() < 0.3 else [name], "LOC")

    def someone(self) -> list[Token]:
        if self.rng.random() < 0.6:
            return self.person()
        return [Token(self.rng.choice(("the", "a", "that")), "DET"), Token(self.rng.choice(list(PEOPLE)), "NOUN")]

    def thing(self) -> list[Token]:
        noun = NOUNS[self.rng.choice(list(NOUNS))]
        said = [Token(self.rng.choice(noun.colours), "ADJ")] if noun.colours and self.rng.random() < 0.4 else []
        if self.rng.random() < 0.3:
            return [Token(str(self.rng.randint(2, 90)), "NUM"), *said, Token(noun.plural, "NOUN")]
        return [Token("the", "DET"), *said, Token(noun.english, "NOUN")]

    def when(self) -> list[Token]:
        time = self.rng.choice(list(PAST))
        kinds = {"yesterday": "NOUN", "last": "ADJ", "this": "DET"}
        return [Token(word, kinds.get(word, "NOUN")) for word in time.split()]

    def event(self) -> list[Token]:
        verb = self.rng.choice(EVENTS)
        where = [Token("in", "ADP"), *self.place()] if self.rng.random() < 0.5 else []
        return [*self.someone(), Token(verb.past, "VERB"), *self.thing(), *where, *self.when(), Token(".", "PUNCT")]

    def travel(self) -> list[Token]:
        verb = self.rng.choice(("went", "travelled", "moved", "walked"))
        start = [Token("from", "ADP"), *self.place()] if self.rng.random() < 0.5 else []
        return [*self.someone(), Token(verb, "VERB"), *start, Token("to", "ADP"), *self.place(), Token(".", "PUNCT")]

    def home(self) -> list[Token]:
        job = self.rng.choice(list(PEOPLE))
        return [
            *self.person(),
            *[Token(",", "PUNCT"), Token("a", "DET"), Token(job, "NOUN"), Token("from", "ADP")],
            *self.place(),
            *[Token(",", "PUNCT"), Token(self.rng.choice(("reads", "sings", "works", "waits")), "VERB")],
            *tokens("often", "ADV"),
            Token(".", "PUNCT"),
        ]

    def meeting(self) -> list[Token]:
        verb = self.rng.choice(("met", "called", "thanked", "helped"))
        return [*self.when(), *self.person(), Token(verb, "VERB"), *self.someone(), Token(".", "PUNCT")]


class Chinese:
    """Draws Chinese sentences; the tags are those that names, nouns, verbs and so on usually have."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def sentence(self) -> list[Token]:
        makers: tuple[Callable[[], list[Token]], ...] = (self.event, self.travel, self.meeting)
        return self.rng.choice(makers)()

    def person(self) -> Token:
        given = "".join(self.rng.choices(GIVEN, k=self.rng.choice((1, 2, 2))))
        return Token(self.rng.choice(SURNAMES) + given, "nr", "B-PER")

    def place(self) -> Token:
        stem = "".join(self.rng.sample(STEMS, self.rng.choice((1, 2))))
        return Token(stem + self.rng.choice(PLACE_ENDS), "ns", "B-LOC")

    def someone(self) -> list[Token]:
        if self.rng.random() < 0.6:
            return [self.person()]
        _, word, measure = PEOPLE[self.rng.choice(list(PEOPLE))]
        return [Token(self.rng.choice("这那"), "r"), Token(measure, "q"), Token(word, "n")]

    def thing(self) -> list[Token]:
        noun = NOUNS[self.rng.choice(list(NOUNS))]
        return [Token(self.rng.choice("一三四五六十"), "m"), Token(noun.measure, "q"), Token(noun.chinese, "n")]

    def event(self) -> list[Token]:
        verb = self.rng.choice(EVENTS)
        where = [Token("在", "p"), self.place()] if self.rng.random() < 0.5 else []
        time = [Token(self.rng.choice(MONTHS), "t"), Token("，", "w")] if self.rng.random() < 0.3 else []
        return [
            *time,
            *self.someone(),
            *where,
            Token(verb.chinese, "v"),
            Token("了", "u"),
            *self.thing(),
            Token("。", "w"),
        ]

    def travel(self) -> list[Token]:
        start = [Token("从", "p"), self.place()] if self.rng.random() < 0.6 else []
        return [*self.someone(), *start, Token("去", "v"), self.place(), Token("。", "w")]

    def meeting(self) -> list[Token]:
        verb = self.rng.choice(("认识", "感谢", "帮助"))
        return [self.person(), Token("和", "c"), self.person(), Token(verb, "v"), *self.someone(), Token("。", "w")]


def tagged_sentences(language: str, count: int, seed: int) -> Iterator[list[Token]]:
    """`count` sentences of a language, all of them different."""
    rng = random.Random(f"tagged {language} {seed}")
    grammar: English | Chinese = English(rng) if language == "en" else Chinese(rng)
    seen: set[tuple[Token, ...]] = set()
    while len(seen) < count:
        sentence = grammar.sentence()
        if tuple(sentence) not in seen:
            seen.add(tuple(sentence))
            yield sentence


def english_file(count: int, seed: int) -> str:
    """A word, its part of speech and its label as a name a line, a blank line after each sentence."""
    sentences = tagged_sentences("en", count, seed)
    return "".join("".join(f"{t.word}\t{t.tag}\t{t.entity}\n" for t in sentence) + "\n" for sentence in sentences)


def chinese_file(count: int, seed: int) -> str:
    """A sentence a line, each word with its part of speech after it."""
    sentences = tagged_sentences("zh", count, seed)
    return "".join(" ".join(f"{t.word}/{t.tag}" for t in sentence) + "\n" for sentence in sentences)
