"""Translations of text that looks the same, or holds what must be carried over: BLEU beside that of the plain text.

    python benchmarks/disturbed_input.py MODEL SOURCE REFERENCE [--beam 5] [--lines 500]

The files are line-aligned, such as Multi30k's validation files. Strings that are put into a line must arrive; they are
taken out again before BLEU is counted, so that it is that of the rest.
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from machine import describe

from seqcli.files.checkpoint import load_checkpoint
from seqcli.text.sentences import split_sentences
from seqcli.translation.evaluate import translation_quality
from seqcli.translation.options import TranslateRequest
from seqcli.translation.translate import Translator

WIDE = str.maketrans({",": "，", ".": "．", "!": "！", "?": "？", ":": "：", ";": "；"})
LOOKS_THE_SAME: dict[str, Callable[[str], str]] = {
    "plain": str,
    "NFD": lambda line: unicodedata.normalize("NFD", line),
    "no-break spaces": lambda line: line.replace(" ", "\u00a0"),
    "double blanks": lambda line: line.replace(" ", "  "),
    "zero-width space": lambda line: "\u200b" + line,
    "soft hyphens": lambda line: re.sub(r"(\w{4})(?=\w{3})", "\\1\u00ad", line),
    "full-width stops": lambda line: line.translate(WIDE),
    "capitals": str.upper,
    "small letters": str.lower,
}
CARRIED = {
    "address": "https://www.beispiel.de/a?b=1",
    "e-mail": "anna.m@beispiel.org",
    "number": "1.234,56",
    "tag": "<br/>",
    "emoji": "😀",
    "foreign name": "渡辺",
}


def with_string(line: str, string: str, number: int) -> str:
    """The string between two words of a line: a third of the way, at two thirds, or before its last word."""
    words = line.split()
    place = max(1, (len(words) * (number % 3 + 1)) // 3 - (number % 3 == 2))
    return " ".join([*words[:place], string, *words[place:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--lines", type=int, default=500)
    given = parser.parse_args()
    print(describe())
    sources, references = (
        path.read_text(encoding="utf-8").split("\n")[:-1][: given.lines] for path in (given.source, given.reference)
    )
    translator, search = Translator.load([load_checkpoint(given.model, task="mt")]), TranslateRequest(beam=given.beam)

    def translated(lines: list[str]) -> list[str]:
        return [translation.text for translation in translator.translate(lines, search)]

    print("| input | BLEU | arrived |\n|---|---|---|")
    for name, disturb in LOOKS_THE_SAME.items():
        quality = translation_quality(translated([disturb(line) for line in sources]), references)
        print(f"| {name} | {quality['bleu']:.1f} | |", flush=True)
    for name, string in CARRIED.items():
        found = translated([with_string(line, string, number) for number, line in enumerate(sources)])
        arrived = sum(string in line for line in found) / len(found)
        rest = [" ".join(line.replace(string, " ").split()) for line in found]
        print(f"| {name} | {translation_quality(rest, references)['bleu']:.1f} | {arrived:.1%} |", flush=True)
    ended = [line for line in sources if line.endswith(".")][: 3 * 100]
    threes = [" ".join(ended[n : n + 3]) for n in range(0, len(ended) - 2, 3)]
    right = sum(len(split_sentences(line)) == 3 for line in translated(threes))
    print(f"| three sentences on a line | | {right} of {len(threes)} |")


if __name__ == "__main__":
    main()
