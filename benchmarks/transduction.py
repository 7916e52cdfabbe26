"""Five kinds of short pairs, made here, learnt with the defaults: exact matches with the default beam, greedily, and
with settings chosen by hand.

    python benchmarks/transduction.py [--tasks sums dates] [--budget 2m | --steps 1500] [--pairs 4000] [--by-hand]

numbers: figures to English words. case: words to capitals, a third of them never seen. dates: four ways of writing a
day to ISO 8601. sums: of two numbers up to 999. sounds: an invented spelling to its sounds, with letters that are read
by what stands beside them, digraphs and a silent e, as in a pronouncing dictionary.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from machine import describe

BY_HAND = ["--tokens", "char", "--hidden", "256", "--embedding", "64", "--layers", "1", "--dropout", "0.2"]
Pair = tuple[str, str]

TO_SEVENTEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
ONES = [*TO_SEVENTEEN.split(), "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = f" and {in_words(number % 100)}" if number % 100 else ""
        return f"{ONES[number // 100]} hundred{rest}"
    rest = f" {in_words(number % 1000)}" if number % 1000 else ""
    return f"{in_words(number // 1000)} thousand{rest}"


def numbers(draw: random.Random) -> Pair:
    number = draw.randrange(10 ** draw.randint(1, 6))
    return str(number), in_words(number)


def word(draw: random.Random) -> str:
    return "".join(draw.choice("bcdfglmnprst") + draw.choice("aeiou") for _ in range(draw.randint(1, 3)))


def case(draw: random.Random) -> Pair:
    text = " ".join(word(draw) for _ in range(draw.randint(2, 8)))
    return text, text.upper()


def dates(draw: random.Random) -> Pair:
    day = date(1900, 1, 1) + timedelta(draw.randrange(55_000))
    form = draw.choice(("%d %B %Y", "%B %d, %Y", "%d/%m/%y, %Y", "%a %d %b %Y"))
    return day.strftime(form), day.isoformat()


def sums(draw: random.Random) -> Pair:
    first, second = (draw.randrange(10 ** draw.randint(1, 3)) for _ in range(2))
    return f"{first}+{second}", str(first + second)


def sounds(draw: random.Random) -> Pair:
    spelling, said = "", []
    for _ in range(draw.randint(1, 3)):
        onset = draw.choice(("b", "c", "ch", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "sh", "t", "th", "qu"))
        vowel = draw.choice(("a", "e", "i", "o", "u", "ee", "oo", "ai"))
        soft = vowel[0] in "ei"
        heard = {"c": "S" if soft else "K", "g": "JH" if soft else "G", "qu": "K W"}.get(onset, onset.upper())
        said += [*heard.split(), {"ee": "IY", "oo": "UW", "ai": "EY"}.get(vowel, f"{vowel.upper()}H")]
        spelling += onset + vowel
    if draw.random() < 0.6:
        coda = draw.choice(("t", "n", "ck", "ss", "l", "mb"))
        said.append({"ck": "K", "ss": "S", "mb": "M"}.get(coda, coda.upper()))
        spelling += coda
        if coda in "tnl" and len(said[-2]) == 2 and said[-2].endswith("H") and draw.random() < 0.5:
            spelling += "e"  # silent, and the vowel before it is long
            said[-2] = {"A": "EY", "E": "IY", "I": "AY", "O": "OW", "U": "YUW"}[said[-2][0]]
    return spelling, " ".join(said)


TASKS: dict[str, Callable[[random.Random], Pair]] = {
    "numbers": numbers,
    "case": case,
    "dates": dates,
    "sums": sums,
    "sounds": sounds,
}


def make(name: str, count: int, folder: Path) -> tuple[Path, Path]:
    """Training and test files of a task; no source is in both."""
    draw, seen = random.Random(name), dict[str, str]()
    while len(seen) < count + 300:
        source, target = TASKS[name](draw)
        seen.setdefault(source, target)
    pairs = list(seen.items())
    draw.shuffle(pairs)
    files = folder / f"{name}.train.tsv", folder / f"{name}.test.tsv"
    for file, some in zip(files, (pairs[300:], pairs[:300]), strict=True):
        file.write_text("".join(f"{s}\t{t}\n" for s, t in some), encoding="utf-8")
    return files


def seqcli(*arguments: object) -> str:
    command = [sys.executable, "-m", "seqcli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--budget", default="2m")
    parser.add_argument("--steps", type=int, help="instead of the budget")
    parser.add_argument("--pairs", type=int, default=4000)
    parser.add_argument("--by-hand", action="store_true")
    parser.add_argument("--options", default="", help="more of train-mt's, for the run with defaults")
    given = parser.parse_args()
    length = ["--steps", given.steps] if given.steps else ["--budget", given.budget]
    print(describe())
    print("| task | defaults | greedy | chosen by hand | seconds |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for task in given.tasks:
            train, test = make(task, given.pairs, Path(name))
            model = Path(name) / f"{task}.mt.safetensors"
            runs = [given.options.split(), BY_HAND] if given.by_hand else [given.options.split()]
            exact = []
            for options in runs:
                done = json.loads(
                    seqcli("-q", "train-mt", train, "-o", model, "--overwrite", "--json", *length, *options)
                )
                for beam in (5, 1) if options is not BY_HAND else (5,):
                    result = json.loads(seqcli("-q", "evaluate", model, test, "--beam", beam, "--json"))
                    exact.append(f"{100 * result['exact']:.1f}")
                seconds = done["seconds"]
            print(f"| {task} | {exact[0]} | {exact[1]} | {exact[2] if given.by_hand else ''} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
