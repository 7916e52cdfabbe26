"""Write the sample data, or stories with a dependency over a given distance.

    python sample_data/make.py                     # every file, beside this one
    python sample_data/make.py --output FOLDER
    python sample_data/make.py long-range --distance 40 --count 3 [--language en|zh] [--kind air] [--seed 7]

`long-range` prints one JSON object a line: the story up to its decisive word is `text[:offset]`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sample_data.chinese import CHINESE
from sample_data.english import ENGLISH
from sample_data.pairs import Pair, Split, split_pairs
from sample_data.sales import write_holidays, write_sales
from sample_data.stories import Story, long_range_story, write_story
from sample_data.tagged import chinese_file, english_file

FOLDER = Path(__file__).resolve().parent
LANGUAGES = {"en": ENGLISH, "zh": CHINESE}
STORY_BYTES = 400_000
PAIRS = {"train": 4000, "valid": 200, "test": 300}
SHORT = 4  # every fourth story of a file is a short one
SHORT_DISTANCES = (10, 60)


@cache
def stories(code: str) -> tuple[Story, ...]:
    """The stories of a language's file."""
    language = LANGUAGES[code]
    rng = random.Random(f"stories {code} 0")
    told: list[Story] = []
    size = 0
    while size < STORY_BYTES:
        if len(told) % SHORT == SHORT - 1:
            told.append(long_range_story(language, rng, rng.randint(*SHORT_DISTANCES)))
        else:
            told.append(write_story(language, rng))
        size += len(told[-1].text.encode()) + 2
    return tuple(told)


@cache
def pairs() -> Split:
    """The pairs to train on, to validate on and to test with."""
    return split_pairs(0, **PAIRS)


def long_range(
    distance: int, count: int, *, language: str = "en", kind: str | None = None, seed: int = 0
) -> Iterator[Story]:
    """`count` stories whose last dependency is over exactly `distance` words (Chinese: characters)."""
    rng = random.Random(f"long-range {language} {distance} {kind} {seed}")
    for _ in range(count):
        yield long_range_story(LANGUAGES[language], rng, distance, kind)


def story_file(code: str) -> str:
    return "\n\n".join(story.text for story in stories(code)) + "\n"


def link_file(code: str) -> str:
    """Where the dependencies of a story file are: a row each, stories counted from 1, places from 0."""
    rows = ["story\tkind\tdistance\tcause\tplace\tanswer\talternatives"]
    for number, story in enumerate(stories(code), 1):
        for link in story.links:
            values = (
                number,
                link.kind,
                link.distance,
                link.cause,
                link.place,
                link.answer,
                " ".join(link.alternatives),
            )
            rows.append("\t".join(map(str, values)))
    return "\n".join(rows) + "\n"


def pair_file(part: str) -> str:
    """English TAB Chinese, one pair a line."""
    chosen: tuple[Pair, ...] = getattr(pairs(), part)
    return "".join(f"{pair.english}\t{pair.chinese}\n" for pair in chosen)


FILES: dict[str, Callable[[], str]] = {
    "stories.en.txt": lambda: story_file("en"),
    "stories.en.links.tsv": lambda: link_file("en"),
    "stories.zh.txt": lambda: story_file("zh"),
    "stories.zh.links.tsv": lambda: link_file("zh"),
    "pairs.en-zh.tsv": lambda: pair_file("train"),
    "pairs.en-zh.valid.tsv": lambda: pair_file("valid"),
    "pairs.en-zh.test.tsv": lambda: pair_file("test"),
    "sales.csv": lambda: write_sales()[0],
    "sales.future.csv": lambda: write_sales()[1],
    "holidays.csv": write_holidays,
    "tagged.en.conll": lambda: english_file(1500, 0),
    "tagged.en.test.conll": lambda: english_file(200, 1),
    "tagged.zh.txt": lambda: chinese_file(1500, 0),
    "tagged.zh.test.txt": lambda: chinese_file(200, 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder the files are written to")
    command = parser.add_subparsers(dest="command").add_parser("long-range", help="stories over a given distance")
    command.add_argument("--distance", type=int, required=True)
    command.add_argument("--count", type=int, default=1)
    command.add_argument("--language", choices=list(LANGUAGES), default="en")
    command.add_argument("--kind", choices=list(ENGLISH.dependencies))
    command.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.command == "long-range":
        for story in long_range(
            options.distance, options.count, language=options.language, kind=options.kind, seed=options.seed
        ):
            (link,) = story.links
            row = {"text": story.text, "offset": link.offset, "place": link.place, "distance": link.distance}
            row |= {"kind": link.kind, "answer": link.answer, "alternatives": link.alternatives}
            print(json.dumps(row, ensure_ascii=False))
        return
    for name, write in FILES.items():
        (options.output / name).write_text(write(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
