"""Small texts of six kinds with the defaults, and with settings tuned by hand: bits per character of other text of the
kind, the share of generated lines that are copies of the training text, and how long the run took.

The texts are made here (names, verse, headlines, a log, tunes) or are this project's own modules (code).

    python benchmarks/small_texts.py [--kinds names code] [--hand]
"""

from __future__ import annotations

import random
from pathlib import Path

ONSETS = [
    "b",
    "br",
    "ch",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "sh",
    "st",
    "t",
    "th",
    "tr",
    "v",
    "w",
    "z",
]
VOWELS = ["a", "a", "a", "e", "e", "i", "i", "o", "u", "ae", "ia", "ai", "ea"]
CODAS = ["", "", "", "", "n", "r", "s", "l", "th", "ck", "x", "nd"]
NOUNS = [
    "river",
    "morning",
    "winter",
    "garden",
    "harbour",
    "lantern",
    "shadow",
    "window",
    "mountain",
    "meadow",
    "silence",
    "summer",
    "ocean",
    "valley",
]
ADJECTIVES = [
    "grey",
    "quiet",
    "golden",
    "broken",
    "distant",
    "early",
    "bitter",
    "gentle",
    "hollow",
    "silver",
    "narrow",
    "patient",
]
VERBS = ["waits", "turns", "falls", "sings", "burns", "sleeps", "drifts", "opens", "fades", "returns", "bends", "wakes"]
CITIES = [
    "Oslo",
    "Lima",
    "Perth",
    "Cairo",
    "Leeds",
    "Turin",
    "Quito",
    "Osaka",
    "Dakar",
    "Riga",
    "Malmö",
    "Boston",
    "Hanoi",
    "Tunis",
]
BODIES = ["council", "police", "mayor", "hospital", "museum", "airport", "court", "university", "port", "school board"]
ACTS = ["plans", "delays", "opens", "rejects", "reviews", "doubles", "cuts", "defends", "announces", "suspends"]
OBJECTS = [
    *("bus lanes", "water tariff", "night trains", "flood defences", "housing plan", "tram line", "tax on parking"),
    *("teacher pay", "river bridge", "budget", "energy deal", "festival", "waste contract", "road works", "merger"),
]
ENDINGS = ["after protest", "despite warnings", "for second year", "before vote", "amid shortage", "as costs rise", ""]
SERVICES = ["auth", "billing", "search", "mailer", "cache", "gateway"]
EVENTS = ["request served", "connection reset by peer", "retrying", "queue is full", "token expired", "job finished"]
MODULES = Path(__file__).parent.parent / "seqcli"


def names(draw: random.Random, count: int) -> list[str]:
    """Made-up names of one to three syllables, no two the same."""
    found: dict[str, None] = {}
    while len(found) < count:
        syllables = [
            draw.choice(ONSETS) + draw.choice(VOWELS) + draw.choice(CODAS) for _ in range(draw.choice([1, 2, 2, 3]))
        ]
        found["".join(syllables)] = None
    return list(found)


def verse(draw: random.Random, count: int) -> list[str]:
    forms = [
        "the {a} {n} {v}, and the {n} {v}",
        "and in the {a} {n} a {n} {v}",
        "where the {n} {v} the {n} is {a}",
        "o {a} {n}, why does the {n} {v}",
        "no {n} {v} before the {a} {n}",
    ]
    return [_filled(draw, draw.choice(forms)).capitalize() + draw.choice(",.;") for _ in range(count)]


def _filled(draw: random.Random, form: str) -> str:
    for mark, words in (("{a}", ADJECTIVES), ("{n}", NOUNS), ("{v}", VERBS)):
        while mark in form:
            form = form.replace(mark, draw.choice(words), 1)
    return form


def headlines(draw: random.Random, count: int) -> list[str]:
    lines = []
    for _ in range(count):
        words = [
            draw.choice(CITIES),
            draw.choice(BODIES),
            draw.choice(ACTS),
            draw.choice(OBJECTS),
            draw.choice(ENDINGS),
        ]
        if draw.random() < 0.3:
            words.insert(0, f"{draw.randint(2, 90)} hurt as")
        lines.append(" ".join(filter(None, words)))
    return lines


def log(draw: random.Random, count: int) -> list[str]:
    lines, clock = [], draw.randint(0, 3600)
    for _ in range(count):
        clock += draw.choice([0, 1, 1, 2, 5, 30])
        time_of_day = f"{clock // 3600 % 24:02}:{clock // 60 % 60:02}:{clock % 60:02}"
        level = draw.choice(["INFO", "INFO", "INFO", "WARN", "ERROR"])
        lines.append(
            f"{time_of_day} {level} {draw.choice(SERVICES)}[{draw.randint(100, 999)}]: {draw.choice(EVENTS)}"
            f" ({draw.randint(1, 900)} ms)"
        )
    return lines


def tunes(draw: random.Random, count: int) -> list[str]:
    """One tune a line, as in ABC notation: key, metre and eight bars that wander up and down the scale."""
    scale = ["C", "D", "E", "F", "G", "A", "B", "c", "d", "e", "f", "g"]
    lines = []
    for _ in range(count):
        place, bars = draw.randint(2, 8), []
        for _ in range(4):
            bar = []
            for length in draw.choice([["2", "2", "2", "2"], ["", "", "2", "2", "2"], ["3", "", "2", "2"], ["4", "4"]]):
                place = min(max(place + draw.choice([-2, -1, -1, 0, 1, 1, 2]), 0), len(scale) - 1)
                bar.append(scale[place] + length)
            bars.append("".join(bar))
        lines.append(f"K:{draw.choice('CGDF')} M:4/4 |" + "|".join(bars) + "|]")
    return lines


def code(draw: random.Random, count: int) -> list[str]:
    """About `count` lines of this project's modules, others for other random numbers."""
    modules = sorted(MODULES.rglob("*.py"))
    draw.shuffle(modules)
    return "\n".join(path.read_text(encoding="utf-8") for path in modules).split("\n")[:count]


KINDS = {"names": (names, 1000), "verse": (verse, 200), "headlines": (headlines, 1000), "code": (code, 550)}
KINDS |= {"log": (log, 1000), "tunes": (tunes, 200)}
BY_HAND = {  # the best found by hand for each kind, on other text of the kind
}


def make(kind: str) -> tuple[list[str], list[str]]:
    """Training and test lines of a kind."""
    maker, count = KINDS[kind]
    draw = random.Random(kind)
    if kind in ("names", "code"):  # the test text has nothing of the training text
        both = maker(draw, 3 * count)
        return both[:count], both[count:]
    return maker(draw, count), maker(draw, 2 * count)
