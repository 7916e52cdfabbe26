"""English sentences and their Chinese translations from one grammar that writes both sides at once.

Word order differs as the languages do: time and place stand before the Chinese verb, relative clauses before their noun
with 的, size next to the noun; number is in the English noun and in the Chinese measure word; tense is in the English
verb and in 了, 会, 正在, 没有. Every sentence has one translation, so that an exact match may be asked for.

Each sentence knows which words it joins (`joins`, as "red hat" or "wash dog"): sentences to be held out are chosen by
joins that occur nowhere in training.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sample_data.vocabulary import (
    ADJECTIVES,
    ANIMALS,
    COLOURS,
    EVENTS,
    FAMILY,
    FUTURE,
    GOALS,
    NAMES,
    NOUNS,
    NUMBERS,
    OWNED,
    PAST,
    PEOPLE,
    PLACES,
    PRONOUNS,
    SIZES,
    SMALL,
    SPOTS,
    STATES,
    WAYS,
    WEATHER,
    WIDE,
    WIDE_ONLY,
    Noun,
    Phrase,
)

COMMA, STOP, QUESTION = "\uff0c", "。", "\uff1f"
HELD_BACK = 0.07  # share of the joins that training does not see
MINIMUM = 12  # a join is held back only if each of its words occurs in at least this many joins


@dataclass(frozen=True)
class Pair:
    english: str
    chinese: str
    joins: frozenset[str]


def article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


class Grammar:
    """Draws sentences of every construction."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.constructions: Sequence[tuple[Callable[[], Pair], int]] = (
            (self.event, 34),
            (self.habit, 9),
            (self.state, 8),
            (self.existence, 8),
            (self.location, 6),
            (self.quality, 10),
            (self.comparison, 10),
            (self.colour, 6),
            (self.relative, 7),
            (self.going, 9),
            (self.giving, 7),
            (self.wish, 7),
            (self.how_many, 5),
            (self.where_and_when, 6),
            (self.weather, 6),
        )

    def pair(self) -> Pair:
        makers, weights = zip(*self.constructions, strict=True)
        make: Callable[[], Pair] = self.rng.choices(makers, weights)[0]
        return make()

    # parts

    def draw(self, words: Mapping[str, str]) -> tuple[str, str]:
        return self.rng.choice(list(words.items()))

    def subject(self) -> Phrase:
        """A person: pronoun, name, member of a family, or people that are counted or pointed at."""
        kind = self.rng.choice(("pronoun", "name", "family", "people"))
        if kind == "pronoun":
            return self.rng.choice((PRONOUNS[0], *PRONOUNS))
        if kind == "name":
            return self.rng.choice(NAMES)
        if kind == "family":
            owner, owner_zh = self.draw(OWNED)
            member, member_zh = self.draw(FAMILY)
            return Phrase(f"{owner} {member}", owner_zh + member_zh, member, joins=(f"{owner} {member}",))
        word = self.rng.choice(list(PEOPLE))
        plural, chinese, measure = PEOPLE[word]
        return self.pointed_or_counted(word, plural, chinese, measure, "", "", ())

    def pointed_or_counted(
        self,
        word: str,
        plural: str,
        chinese: str,
        measure: str,
        modifiers: str,
        modifiers_zh: str,
        joins: tuple[str, ...],
    ) -> Phrase:
        kind = self.rng.choice(("this", "that", "these", "those", "number", *(() if word in PEOPLE else ("a",))))
        if kind in ("this", "that"):
            sign = ("这" if kind == "this" else "那") + measure
            return Phrase(f"{kind} {modifiers}{word}", sign + modifiers_zh + chinese, word, joins=joins)
        if kind in ("these", "those"):
            sign = "这些" if kind == "these" else "那些"
            return Phrase(f"{kind} {modifiers}{plural}", sign + modifiers_zh + chinese, word, plural=True, joins=joins)
        if kind == "a":
            full = modifiers + word
            return Phrase(f"{article(full)} {full}", "一" + measure + modifiers_zh + chinese, word, joins=joins)
        number, number_zh = self.draw(NUMBERS)
        return Phrase(
            f"{number} {modifiers}{plural}",
            number_zh + measure + modifiers_zh + chinese,
            word,
            plural=True,
            joins=(*joins, f"{number} {word}"),
        )

    def modifiers(self, noun: Noun) -> tuple[str, str, tuple[str, ...]]:
        """Size and colour before a noun: English size first, Chinese size next to the noun."""
        english, chinese, joins = "", "", []
        if noun.sizes and self.rng.random() < 0.25:
            size = self.rng.choice(noun.sizes)
            english, chinese = f"{size} ", SIZES[size]
            joins.append(f"{size} {noun.english}")
        if noun.colours and self.rng.random() < 0.45:
            colour = self.rng.choice(noun.colours)
            english, chinese = f"{english}{colour} ", f"{COLOURS[colour]}的{chinese}"
            joins.append(f"{colour} {noun.english}")
        return english, chinese, tuple(joins)

    def thing(self, names: Sequence[str]) -> Phrase:
        """Something pointed at or counted, with or without colour and size."""
        noun = NOUNS[self.rng.choice(names)]
        return self.pointed_or_counted(noun.english, noun.plural, noun.chinese, noun.measure, *self.modifiers(noun))

    def known_thing(self, names: Sequence[str]) -> Phrase:
        """Something that is known: pointed at or owned (what questions and negations are about)."""
        noun = NOUNS[self.rng.choice(names)]
        if self.rng.random() < 0.4:
            owner, owner_zh = self.draw(OWNED)
            joins = (f"{owner} {noun.english}",)
            return Phrase(f"{owner} {noun.english}", f"{owner_zh}的{noun.chinese}", noun.english, joins=joins)
        while True:
            phrase = self.pointed_or_counted(
                noun.english, noun.plural, noun.chinese, noun.measure, *self.modifiers(noun)
            )
            if phrase.english.startswith("th") and not phrase.english.startswith("three"):
                return phrase

    def owned_thing(self, names: Sequence[str]) -> Phrase:
        """Tom's hat, my hat."""
        noun = NOUNS[self.rng.choice(names)]
        if self.rng.random() < 0.5:
            owner = self.rng.choice(NAMES)
            english, chinese, joins = f"{owner.english}'s", owner.chinese, f"{owner.english} {noun.english}"
        else:
            english, chinese = self.draw(OWNED)
            joins = f"{english} {noun.english}"
        return Phrase(f"{english} {noun.english}", f"{chinese}的{noun.chinese}", noun.english, joins=(joins,))

    def finish(self, english: str, chinese: str, joins: Sequence[str], *, question: bool = False) -> Pair:
        text = english[0].upper() + english[1:]
        end, end_zh = ("?", QUESTION) if question else (".", STOP)
        return Pair(text + end, chinese + end_zh, frozenset(joins))

    # constructions

    def event(self) -> Pair:
        """Somebody does something, did it or will do it, at a place and a time; or not; or did they?"""
        who, verb = self.subject(), self.rng.choice(EVENTS)
        tense = self.rng.choice(
            ("past", "past", "future", "future", "now", "now") if verb.ing else ("past", "past", "future")
        )
        form = self.rng.choice(("plain", "plain", "not", "question"))
        what = self.thing(verb.nouns) if form == "plain" else self.known_thing(verb.nouns)
        place, place_zh = self.draw(PLACES) if self.rng.random() < 0.4 else ("", "")
        time, time_zh = "", ""
        if tense != "now" and self.rng.random() < 0.6:
            time, time_zh = self.draw(PAST if tense == "past" else FUTURE)
        joins = [*who.joins, *what.joins, f"{verb.base} {what.head}", f"{who.head} {verb.base}"]
        if place:
            joins.append(f"{verb.base} {place}")
        if time:
            joins.append(f"{verb.base} {time}")
        front = bool(time) and form == "plain" and self.rng.random() < 0.3
        after = "".join(f" {part}" for part in (place, "" if front else time) if part)
        if tense == "past":
            english = {
                "plain": f"{who.english} {verb.past} {what.english}",
                "not": f"{who.english} did not {verb.base} {what.english}",
                "question": f"did {who.english} {verb.base} {what.english}",
            }[form]
            act = f"没有{place_zh}{verb.chinese}" if form == "not" else f"{place_zh}{verb.chinese}了"
        elif tense == "future":
            english = {
                "plain": f"{who.english} will {verb.base} {what.english}",
                "not": f"{who.english} will not {verb.base} {what.english}",
                "question": f"will {who.english} {verb.base} {what.english}",
            }[form]
            act = ("不会" if form == "not" else "会") + place_zh + verb.chinese
        else:
            english = {
                "plain": f"{who.english} {who.be} {verb.ing} {what.english}",
                "not": f"{who.english} {who.be} not {verb.ing} {what.english}",
                "question": f"{who.be} {who.english} {verb.ing} {what.english}",
            }[form]
            doing = f"正{place_zh}" if place else "正在"
            act = ("没有" + (place_zh or "在") if form == "not" else doing) + verb.chinese
        middle = who.chinese if front else who.chinese + time_zh
        chinese = (time_zh if front else "") + middle + act + what.chinese + ("吗" if form == "question" else "")
        return self.finish(
            f"{time + ' ' if front else ''}{english}{after}", chinese, joins, question=form == "question"
        )

    def habit(self) -> Pair:
        """Every day, or never."""
        who, verb = self.subject(), self.rng.choice([v for v in EVENTS if v.ing])
        noun = NOUNS[self.rng.choice(verb.nouns)]
        place, place_zh = self.draw(PLACES) if self.rng.random() < 0.6 else ("", "")
        after = f" {place}" if place else ""
        joins = [*who.joins, f"{verb.base} {noun.english}", f"{who.head} {verb.base}"]
        form = verb.third if who.third else verb.base
        if self.rng.random() < 0.5:
            english = f"{who.english} {form} {noun.plural}{after} every day"
            return self.finish(english, f"{who.chinese}每天{place_zh}{verb.chinese}{noun.chinese}", joins)
        english = f"{who.english} never {form} {noun.plural}{after}"
        return self.finish(english, f"{who.chinese}从来不{place_zh}{verb.chinese}{noun.chinese}", joins)

    def state(self) -> Pair:
        who, verb = self.subject(), self.rng.choice(STATES)
        form = self.rng.choice(("plain", "not", "question"))
        what = self.known_thing(verb.nouns)
        joins = [*who.joins, *what.joins, f"{verb.base} {what.head}", f"{who.head} {verb.base}"]
        if form == "question":
            chinese = f"{who.chinese}{verb.chinese}{what.chinese}吗"
            return self.finish(f"{who.do} {who.english} {verb.base} {what.english}", chinese, joins, question=True)
        if form == "not":
            chinese = f"{who.chinese}不{verb.chinese}{what.chinese}"
            return self.finish(f"{who.english} {who.do} not {verb.base} {what.english}", chinese, joins)
        present = verb.third if who.third else verb.base
        return self.finish(f"{who.english} {present} {what.english}", who.chinese + verb.chinese + what.chinese, joins)

    def spot(self) -> tuple[str, str, Noun]:
        """A spot, and something that could be there."""
        noun = NOUNS[self.rng.choice(list(NOUNS))]
        spots = WIDE if noun.english in WIDE_ONLY else list(SPOTS)
        spot = self.rng.choice([s for s in spots if not s.endswith(f" {noun.english}")])
        return spot, SPOTS[spot], noun

    def existence(self) -> Pair:
        """There is, there are, there are no, how many are there."""
        spot, spot_zh, noun = self.spot()
        joins = [f"{noun.english} {spot}"]
        form = self.rng.choice(("plain", "plain", "none", "many"))
        if form == "none":
            return self.finish(f"there are no {noun.plural} {spot}", f"{spot_zh}没有{noun.chinese}", joins)
        if form == "many":
            chinese = f"{spot_zh}有几{noun.measure}{noun.chinese}"
            return self.finish(f"how many {noun.plural} are there {spot}", chinese, joins, question=True)
        english, chinese, more = self.modifiers(noun)
        joins += more
        if self.rng.random() < 0.4:
            full = english + noun.english
            text = f"there is {article(full)} {full} {spot}"
            return self.finish(text, f"{spot_zh}有一{noun.measure}{chinese}{noun.chinese}", joins)
        number, number_zh = self.draw(NUMBERS)
        joins.append(f"{number} {noun.english}")
        text = f"there are {number} {english}{noun.plural} {spot}"
        return self.finish(text, f"{spot_zh}有{number_zh}{noun.measure}{chinese}{noun.chinese}", joins)

    def location(self) -> Pair:
        spot, spot_zh, noun = self.spot()
        what = self.known_thing((noun.english,))
        joins = [*what.joins, f"{noun.english} {spot}"]
        form = self.rng.choice(("plain", "not", "question"))
        if form == "question":
            return self.finish(f"{what.be} {what.english} {spot}", f"{what.chinese}在{spot_zh}吗", joins, question=True)
        negation, negation_zh = (" not", "不") if form == "not" else ("", "")
        return self.finish(
            f"{what.english} {what.be}{negation} {spot}", f"{what.chinese}{negation_zh}在{spot_zh}", joins
        )

    def quality(self) -> Pair:
        noun = self.rng.choice([n for n in NOUNS.values() if n.adjectives])
        what = self.owned_thing((noun.english,)) if self.rng.random() < 0.4 else self.known_thing((noun.english,))
        adjective = self.rng.choice(noun.adjectives)
        chinese = ADJECTIVES[adjective][0]
        joins = [*what.joins, f"{noun.english} is {adjective}"]
        form = self.rng.choice(("plain", "plain", "not", "question"))
        if form == "question":
            return self.finish(
                f"{what.be} {what.english} {adjective}", f"{what.chinese}{chinese}吗", joins, question=True
            )
        degree, degree_zh = ("very", "很") if form == "plain" else ("not", "不")
        return self.finish(f"{what.english} {what.be} {degree} {adjective}", what.chinese + degree_zh + chinese, joins)

    def comparison(self) -> Pair:
        noun = self.rng.choice([n for n in NOUNS.values() if n.adjectives])
        adjective = self.rng.choice(noun.adjectives)
        chinese, comparative = ADJECTIVES[adjective]
        left, right = self.owned_thing((noun.english,)), self.owned_thing((noun.english,))
        while right.english == left.english:
            right = self.owned_thing((noun.english,))
        if self.rng.random() < 0.5:
            sides = [("this", "这"), ("that", "那")]
            self.rng.shuffle(sides)
            left, right = (
                Phrase(f"{sign} {noun.english}", sign_zh + noun.measure + noun.chinese, noun.english)
                for sign, sign_zh in sides
            )
        english = f"{left.english} is {comparative} than {right.english}"
        joins = (*left.joins, *right.joins, f"{noun.english} is {adjective}")
        return self.finish(english, f"{left.chinese}比{right.chinese}{chinese}", joins)

    def colour(self) -> Pair:
        noun = self.rng.choice([n for n in NOUNS.values() if n.colours])
        what, colour = self.owned_thing((noun.english,)), self.rng.choice(noun.colours)
        joins = [*what.joins, f"{colour} {noun.english}"]
        form = self.rng.choice(("plain", "plain", "not", "question"))
        if form == "question":
            chinese = f"{what.chinese}是{COLOURS[colour]}的吗"
            return self.finish(f"is {what.english} {colour}", chinese, joins, question=True)
        negation, negation_zh = (" not", "不") if form == "not" else ("", "")
        chinese = f"{what.chinese}{negation_zh}是{COLOURS[colour]}的"
        return self.finish(f"{what.english} is{negation} {colour}", chinese, joins)

    def relative(self) -> Pair:
        """The hat that Anna bought yesterday: the clause goes before its noun."""
        who, verb = self.subject(), self.rng.choice(EVENTS)
        noun = NOUNS[self.rng.choice([n for n in verb.nouns if NOUNS[n].adjectives])]
        adjective = self.rng.choice(noun.adjectives)
        time, time_zh = self.draw(PAST) if self.rng.random() < 0.6 else ("", "")
        joins = [*who.joins, f"{verb.base} {noun.english}", f"{who.head} {verb.base}", f"{noun.english} is {adjective}"]
        clause = f"{who.english} {verb.past}{' ' + time if time else ''}"
        chinese = f"{who.chinese}{time_zh}{verb.chinese}的{noun.chinese}很{ADJECTIVES[adjective][0]}"
        return self.finish(f"the {noun.english} that {clause} is very {adjective}", chinese, joins)

    def going(self) -> Pair:
        who = self.subject()
        goal, goal_zh = self.draw(GOALS)
        ways = {way: zh for way, zh in WAYS.items() if goal != "to Beijing" or way not in ("by bicycle", "on foot")}
        way, way_zh = self.draw(ways) if self.rng.random() < 0.6 else ("", "")
        past = self.rng.random() < 0.5
        time, time_zh = self.draw(PAST if past else FUTURE) if self.rng.random() < 0.7 else ("", "")
        form = self.rng.choice(("plain", "plain", "not", "question"))
        after = "".join(f" {part}" for part in (goal, way, time) if part)
        joins = [*who.joins, f"{who.head} go {goal}", *([f"{goal} {way}"] if way else [])]
        if past:
            act = f"没有{way_zh}去" if form == "not" else f"{way_zh}去了"
            plain, negated, asked = f"{who.english} went", f"{who.english} did not go", f"did {who.english} go"
        else:
            act = ("不会" if form == "not" else "会") + way_zh + "去"
            plain, negated, asked = f"{who.english} will go", f"{who.english} will not go", f"will {who.english} go"
        english = {"plain": plain, "not": negated, "question": asked}[form] + after
        chinese = who.chinese + time_zh + act + goal_zh + ("吗" if form == "question" else "")
        return self.finish(english, chinese, joins, question=form == "question")

    def giving(self) -> Pair:
        giver, receiver = self.rng.choice((*NAMES, *PRONOUNS[2:4])), self.rng.choice(NAMES)
        if self.rng.random() < 0.6:
            owner, owner_zh = self.draw(OWNED)
            member, member_zh = self.draw(FAMILY)
            receiver = Phrase(f"{owner} {member}", owner_zh + member_zh, member, joins=(f"{owner} {member}",))
        while receiver.english == giver.english:
            receiver = self.rng.choice(NAMES)
        what = self.thing((*SMALL, *ANIMALS))
        past = self.rng.random() < 0.6
        time, time_zh = self.draw(PAST if past else FUTURE) if self.rng.random() < 0.5 else ("", "")
        joins = [*receiver.joins, *what.joins, f"give {what.head}"]
        verb, verb_zh = ("gave", "给了") if past else ("will give", "会给")
        english = f"{giver.english} {verb} {receiver.english} {what.english}{' ' + time if time else ''}"
        return self.finish(english, f"{giver.chinese}{time_zh}{verb_zh}{receiver.chinese}{what.chinese}", joins)

    def wish(self) -> Pair:
        who, verb = self.subject(), self.rng.choice([v for v in EVENTS if v.ing])
        form = self.rng.choice(("plain", "plain", "not", "question"))
        what = self.thing(verb.nouns) if form == "plain" else self.known_thing(verb.nouns)
        joins = [*who.joins, *what.joins, f"{verb.base} {what.head}", f"{who.head} want"]
        object_, object_zh = f"{verb.base} {what.english}", verb.chinese + what.chinese
        if form == "question":
            chinese = f"{who.chinese}想{object_zh}吗"
            return self.finish(f"{who.do} {who.english} want to {object_}", chinese, joins, question=True)
        if form == "not":
            return self.finish(f"{who.english} {who.do} not want to {object_}", f"{who.chinese}不想{object_zh}", joins)
        return self.finish(
            f"{who.english} {'wants' if who.third else 'want'} to {object_}", f"{who.chinese}想{object_zh}", joins
        )

    def how_many(self) -> Pair:
        who, verb = self.subject(), self.rng.choice(EVENTS)
        noun = NOUNS[self.rng.choice(verb.nouns)]
        time, time_zh = self.draw(PAST) if self.rng.random() < 0.6 else ("", "")
        joins = [*who.joins, f"{verb.base} {noun.english}", f"{who.head} {verb.base}"]
        english = f"how many {noun.plural} did {who.english} {verb.base}{' ' + time if time else ''}"
        chinese = f"{who.chinese}{time_zh}{verb.chinese}了几{noun.measure}{noun.chinese}"
        return self.finish(english, chinese, joins, question=True)

    def where_and_when(self) -> Pair:
        if self.rng.random() < 0.3:
            what = self.owned_thing(list(NOUNS))
            return self.finish(f"where is {what.english}", f"{what.chinese}在哪里", what.joins, question=True)
        who, verb = self.subject(), self.rng.choice(EVENTS)
        what = self.known_thing(verb.nouns)
        word, word_zh = self.rng.choice((("where", "在哪里"), ("when", "什么时候")))
        joins = [*who.joins, *what.joins, f"{verb.base} {what.head}", f"{who.head} {verb.base}"]
        chinese = f"{who.chinese}是{word_zh}{verb.chinese}{what.chinese}的"
        return self.finish(f"{word} did {who.english} {verb.base} {what.english}", chinese, joins, question=True)

    def weather(self) -> Pair:
        who = self.subject()
        goal, goal_zh = self.draw(GOALS)
        third, ing, chinese = WEATHER[self.rng.choice(list(WEATHER))]
        joins = [*who.joins, f"{who.head} go {goal}"]
        if self.rng.random() < 0.5:
            time, time_zh = self.draw({"tomorrow": "明天", "next week": "下个星期"})
            english = f"if it {third} {time}, {who.english} will not go {goal}"
            return self.finish(english, f"如果{time_zh}{chinese}{COMMA}{who.chinese}就不会去{goal_zh}", joins)
        time, time_zh = self.draw({t: PAST[t] for t in ("yesterday", "this morning", "yesterday evening")})
        english = f"{who.english} did not go {goal} {time} because it was {ing}"
        return self.finish(english, f"因为{chinese}{COMMA}{who.chinese}{time_zh}没有去{goal_zh}", joins)


@dataclass(frozen=True)
class Split:
    train: tuple[Pair, ...]
    valid: tuple[Pair, ...]
    test: tuple[Pair, ...]  # each with a join that is in no training or validation pair


def split_pairs(seed: int, train: int, valid: int, test: int) -> Split:
    """Different pairs, no English and no Chinese sentence twice."""
    rng = random.Random(f"pairs {seed}")
    grammar = Grammar(rng)
    joins = sorted({join for _ in range(20_000) for join in grammar.pair().joins})
    companions = Counter(word for join in joins for word in join.split())
    rare = {word for word, count in companions.items() if count < MINIMUM}
    candidates = [join for join in joins if not rare & set(join.split())]
    held_back = set(rng.sample(candidates, round(HELD_BACK * len(candidates))))
    seen: set[str] = set()
    known: list[Pair] = []
    unseen: list[Pair] = []
    while len(known) < train + valid or len(unseen) < test:
        pair = grammar.pair()
        if pair.english in seen or pair.chinese in seen:
            continue
        seen |= {pair.english, pair.chinese}
        (unseen if pair.joins & held_back else known).append(pair)
    return Split(tuple(known[:train]), tuple(known[train : train + valid]), tuple(unseen[:test]))
