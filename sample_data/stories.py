"""Little connected stories with long-range dependencies whose distance is known.

A story plays in a world: a town, a season, a hero who leaves on an errand, meets with something on the road and comes
home. What happens has consequences (who gets wet dries at a stove), and facts stated early decide words much later:
where the factories smoke the sky is grey. Such a pair of places in the text is a `Link`. Nothing between the two gives
the answer away: the only way to know the decisive word is to have remembered the cause.

The texts of a language are a `Language` (`english.py`, `chinese.py`). In a line, `(a|b)` is a choice, `{name}` a slot,
and `? ` at the start makes the line optional.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
SLOT = re.compile(r"\{(\w+)\}")
MARK = re.compile("\x01([ca])(\\w+)\x02")  # a cause has just been told, an answer begins
TRIES = 5000  # draws of a story until one has the distance asked for


@dataclass(frozen=True)
class Dependency:
    """Causes by the answer they lead to, and the lines that tell a `{cause}` and ask for the `{answer}`."""

    causes: Mapping[str, Sequence[str]]
    cause_lines: Sequence[str]
    answer_lines: Sequence[str]
    season: str = ""  # the only season it fits
    leaving: bool = False  # the cause is told when the hero leaves, else in the opening
    on_road: bool = False  # the answer is told on the road, else back at home


@dataclass(frozen=True)
class Scene:
    """Lines that follow each other. After a scene that `gives` a state comes, sooner or later, one that `needs` it."""

    lines: Sequence[str]
    needs: str = ""
    gives: str = ""
    seasons: Sequence[str] = ()


@dataclass(frozen=True)
class Errand:
    """Why the hero leaves, and what happens on arrival."""

    start: Sequence[str]
    arrival: Sequence[str]


@dataclass(frozen=True)
class Language:
    """Everything that is said. `unit` is what distances are counted in: words, or characters in Chinese."""

    code: str
    unit: re.Pattern[str]
    space: str
    women: Sequence[str]
    men: Sequence[str]
    female: Mapping[str, str]  # slots of a heroine: her pronouns and those of the relative, who is a man
    male: Mapping[str, str]
    kin: Mapping[str, Sequence[str]]  # "female" and "male" relatives
    fills: Mapping[str, Sequence[str]]  # slots that are drawn once a story
    extras: Mapping[str, Sequence[str]]  # slots that are drawn anew each time
    openings: Sequence[str]
    season_lines: Mapping[str, Sequence[str]]
    errands: Sequence[Errand]
    departures: Sequence[str]  # of stories without an errand
    road: Sequence[Scene]
    home_coming: Sequence[str]
    home: Sequence[Scene]
    dependencies: Mapping[str, Dependency]
    measures: Mapping[str, str] = field(default_factory=dict)  # slot {measure} of a {thing}


@dataclass(frozen=True)
class Link:
    """One dependency in a story: places are counted in units from 0, `offset` in characters of the text.

    `distance` is how many units after the last one of the cause the answer begins.
    """

    kind: str
    cause: int
    place: int
    offset: int
    answer: str
    alternatives: tuple[str, ...]  # the answer among them

    @property
    def distance(self) -> int:
        return self.place - self.cause


@dataclass(frozen=True)
class Story:
    text: str
    links: tuple[Link, ...]


@dataclass
class Teller:
    """Tells one story: draws a world, then turns lines into sentences about it."""

    language: Language
    rng: random.Random
    slots: dict[str, str] = field(init=False)
    season: str = field(init=False)
    answers: dict[str, str] = field(init=False)
    used: set[int] = field(init=False, default_factory=set)
    states: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        language, pick = self.language, self.rng.choice
        female = self.rng.random() < 0.5
        heroes, others = (language.women, language.men) if female else (language.men, language.women)
        self.slots = dict(language.female if female else language.male)
        self.slots |= {"hero": pick(heroes), "friend": pick(others)}
        self.slots["kin"] = pick(language.kin["male" if female else "female"])
        self.slots |= {name: pick(values) for name, values in language.fills.items()}
        self.slots["measure"] = language.measures.get(self.slots["thing"], "")
        self.season = pick(list(language.season_lines))
        self.answers = {kind: pick(list(dependency.causes)) for kind, dependency in language.dependencies.items()}

    def line(self, template: str, kind: str = "") -> str:
        """One line made into text; the cause and the answer of dependency `kind` are marked."""
        text = CHOICE.sub(lambda match: self.rng.choice(match[1].split("|")), template)
        text = SLOT.sub(lambda match: self._fill(match[1], kind), text)
        if self.language.code == "en":
            text = re.sub(r"(^|\. )([a-z])", lambda match: match[1] + match[2].upper(), text)
        return text

    def _fill(self, name: str, kind: str) -> str:
        if name == "cause":
            return self.rng.choice(self.language.dependencies[kind].causes[self.answers[kind]]) + f"\x01c{kind}\x02"
        if name == "answer":
            return f"\x01a{kind}\x02" + self.answers[kind]
        return self.slots[name] if name in self.slots else self.rng.choice(self.language.extras[name])

    def lines(self, templates: Sequence[str]) -> list[str]:
        kept = [line for line in templates if not line.startswith("? ") or self.rng.random() < 0.6]
        return [self.line(line.removeprefix("? ")) for line in kept]

    def cause(self, kind: str) -> str:
        return self.line(self.rng.choice(self.language.dependencies[kind].cause_lines), kind)

    def answer(self, kind: str) -> str:
        return self.line(self.rng.choice(self.language.dependencies[kind].answer_lines), kind)

    def opening(self) -> list[str]:
        pick = self.rng.choice
        return [self.line(pick(self.language.openings)), self.line(pick(self.language.season_lines[self.season]))]

    def scene(self, scenes: Sequence[Scene]) -> list[str]:
        """The next scene: mostly what an open state asks for, else one not told yet; nothing when all are told."""
        fresh = [scene for scene in scenes if id(scene) not in self.used]
        asked = [scene for scene in fresh if scene.needs in self.states]
        free = [
            s for s in fresh if not s.needs and s.gives not in self.states and self.season in (s.seasons or self.season)
        ]
        if asked and (not free or self.rng.random() < 0.6):
            scene = self.rng.choice(asked)
            self.states.remove(scene.needs)
        elif free:
            scene = self.rng.choice(free)
        else:
            return []
        self.used.add(id(scene))
        if scene.gives:
            self.states.append(scene.gives)
        return self.lines(scene.lines)

    def settle(self, scenes: Sequence[Scene]) -> Iterator[list[str]]:
        """The scenes that open states still ask for."""
        while asked := [s for s in scenes if s.needs in self.states and id(s) not in self.used]:
            self.states.remove(asked[0].needs)
            self.used.add(id(asked[0]))
            yield self.lines(asked[0].lines)


def write_story(language: Language, rng: random.Random) -> Story:
    """A whole story with two to five dependencies; a line break after each scene."""
    teller = Teller(language, rng)
    fitting = [
        k for k, d in language.dependencies.items() if k != "air" and teller.season in (d.season or teller.season)
    ]
    kinds = ["air", *rng.sample(fitting, rng.choice((1, 2, 2, 3, 4)))]
    rng.shuffle(kinds)
    errand = rng.choice(language.errands)
    leaving = [kind for kind in kinds if language.dependencies[kind].leaving]
    on_road = [kind for kind in kinds if language.dependencies[kind].on_road]
    at_home = [kind for kind in kinds if kind not in on_road]
    blocks = [
        teller.opening() + [teller.cause(kind) for kind in kinds if kind not in leaving],
        teller.lines(errand.start) + [teller.cause(kind) for kind in leaving],
    ]

    def scenes(pool: Sequence[Scene], counts: Sequence[int]) -> None:
        blocks.extend(filter(None, (teller.scene(pool) for _ in range(rng.choice(counts)))))

    for kind in on_road:
        scenes(language.road, (0, 1, 1, 2))
        blocks[-1].append(teller.answer(kind))
    scenes(language.road, (0, 1, 1, 2, 3))
    blocks.extend(teller.settle(language.road))
    blocks.append(teller.lines(errand.arrival))
    blocks.append([teller.line(rng.choice(language.home_coming))])
    for number, kind in enumerate(at_home):
        scenes(language.home, (0, 0, 1) if number else (0, 1, 1))
        blocks[-1].append(teller.answer(kind))
    return _finish(language, teller.answers, "\n".join(language.space.join(block) for block in blocks))


def long_range_story(language: Language, rng: random.Random, distance: int, kind: str | None = None) -> Story:
    """A story with one dependency that ends in its decisive word, exactly `distance` units after the cause.

    Opening, cause, departure, scenes of a road, decisive sentence. ValueError where no such story can be told.
    """
    for _ in range(TRIES):
        teller = Teller(language, rng)
        chosen = kind or rng.choice(list(language.dependencies))
        teller.season = language.dependencies[chosen].season or teller.season
        departure = teller.line(rng.choice(language.departures))
        leaving = language.dependencies[chosen].leaving
        before = [*teller.opening(), *([departure] if leaving else []), teller.cause(chosen)]
        middle = [] if leaving else [departure]
        lengths = [0, *(len(language.unit.findall(line)) for line in middle)]  # units of the first lines of the middle
        while lengths[-1] < distance and (lines := teller.scene(language.road)):
            for line in lines:
                middle.append(line)
                lengths.append(lengths[-1] + len(language.unit.findall(line)))
        answer_lines = language.dependencies[chosen].answer_lines
        for template in rng.sample(answer_lines, len(answer_lines)):
            answer = teller.line(template, chosen)
            counts, marks = _places(language, language.space.join([before[-1], answer]))
            left = distance - (counts[marks["a" + chosen]] - counts[marks["c" + chosen]])
            if left in lengths:
                told = [*before, *middle[: lengths.index(left)], answer]
                return _finish(language, teller.answers, language.space.join(told))
    raise ValueError(f"no story has a dependency over {distance} units")


def _places(language: Language, text: str) -> tuple[list[int], dict[str, int]]:
    """Units before each mark of a marked text, and which mark is which."""
    counts: list[int] = []
    marks: dict[str, int] = {}
    seen = last = 0
    for match in MARK.finditer(text):
        seen += len(language.unit.findall(text[last : match.start()]))
        last = match.end()
        marks[match[1] + match[2]] = len(counts)
        counts.append(seen - 1 if match[1] == "c" else seen)
    return counts, marks


def _finish(language: Language, answers: Mapping[str, str], marked: str) -> Story:
    """Marks become links, and the text is clean."""
    counts, marks = _places(language, marked)
    offsets, removed = {}, 0
    for match in MARK.finditer(marked):
        offsets[match[1] + match[2]] = match.start() - removed
        removed += len(match[0])
    links = [
        Link(
            kind=name[1:],
            cause=counts[marks["c" + name[1:]]],
            place=counts[number],
            offset=offsets[name],
            answer=answers[name[1:]],
            alternatives=tuple(language.dependencies[name[1:]].causes),
        )
        for name, number in marks.items()
        if name[0] == "a"
    ]
    return Story(MARK.sub("", marked), tuple(links))
