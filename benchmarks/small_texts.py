"""Small texts of six kinds with the defaults: bits per character of other text of the kind beside those of settings
tuned by hand, the share of generated lines that are copies of the training text, and how long the run took.

The texts are made here (names, verse, headlines, a log, tunes) or are this project's own modules (code).

    python benchmarks/small_texts.py [--kinds names code]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
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
BY_HAND = {  # bits per character of the best of some ten settings each, tried on the test text itself
    "names": 2.888,
    "verse": 0.499,
    "headlines": 0.423,
    "code": 2.819,
    "log": 0.826,
    "tunes": 1.034,
}


def make(kind: str) -> tuple[list[str], list[str]]:
    """Training and test lines of a kind."""
    maker, count = KINDS[kind]
    draw = random.Random(kind)
    if kind in ("names", "code"):  # the test text has nothing of the training text
        both = maker(draw, 3 * count)
        return both[:count], both[count:]
    return maker(draw, count), maker(draw, 2 * count)


def seqcli(*arguments: str) -> str:
    command = [sys.executable, "-m", "seqcli", "-q", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measure(kind: str, folder: Path) -> str:
    """One row of the table: train with the defaults, evaluate on other text, look for copies."""
    train, test = make(kind)
    corpus, other, model = (folder / f"{kind}.{name}" for name in ("txt", "test.txt", "lm.safetensors"))
    corpus.write_text("\n".join(train) + "\n", encoding="utf-8")
    other.write_text("\n".join(test[:1500]) + "\n", encoding="utf-8")
    started = time.perf_counter()
    trained = json.loads(seqcli("train-lm", str(corpus), "-o", str(model), "--json"))
    seconds = time.perf_counter() - started
    result = json.loads(seqcli("evaluate", str(model), str(other), "--json"))
    written = seqcli("generate", "-m", str(model), "-p", "", "-n", "300", "--max-lines", "1", "--temperature", "1")
    lines = [line for line in written.split("\n") if line.strip()]
    copies, known = sum(line in set(train) for line in lines), len(set(train))
    return (
        f"| {kind} | {len(train)} ({known} different) | {result['perplexity']:.2f} | {result['bits_per_char']:.3f} "
        f"| {BY_HAND[kind]:.3f} | {copies / len(lines):.0%} | {trained['steps']} | {seconds:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=list(KINDS))
    chosen = parser.parse_args()
    print("| text | lines | perplexity | bits per character | by hand | copies | updates | seconds |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for kind in chosen.kinds:
            print(measure(kind, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
