"""What stands in a text beside its words, and is learnt with them: tags, times of subtitles, names of sequences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

FEWEST, LOOKED_AT = 10, 2000  # lines that tell what a text is
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*[{"]|\[\s*\[\s*["\d])')
_TAGS = re.compile(r"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_TIME = re.compile(r"\d\d:\d\d[.,]\d{3} --> ")
_DIALOGUE = re.compile(r"Dialogue: *\w*=?\d+,\d+:\d\d:\d\d[.:]\d\d,")  # of SubStation Alpha
_COUNTED = re.compile(r"[^\s\d,;]+(?P<mark>[ ,;])(?P<after>\d+)\Z|\s*(?P<before>\d+) \S+\Z")


def about_markup(sample: str) -> list[str]:
    """What is said of a text that holds more than words, of which `sample` is the beginning."""
    lines = [line for line in sample.split("\n")[:LOOKED_AT] if line.strip()]
    plain = "give plain text to leave them out"
    if _JSON.match(sample):
        return [f"the text is JSON, and its marks and names are learnt, too; {plain}"]
    if _TAGS.match(sample):
        return [f"the text is HTML or XML, and its tags are learnt, too; {plain}"]
    if len(lines) < FEWEST:
        return []
    if are_subtitles(lines):
        return [f"the text is subtitles, and their times are learnt, too; {plain}"]
    if lines[0].startswith(">") and not any(" " in line.strip() for line in lines if not line.startswith(">")):
        return ["the text is FASTA, and the names of its sequences are learnt, too; grep -v '^>' FILE leaves them out"]
    if all(line.startswith("@") for line in lines[::4]) and all(line.startswith("+") for line in lines[2::4]):
        return ["the text is FASTQ, and names and qualities are learnt, too; awk 'NR%4==2' FILE takes the sequences"]
    return _about_counts(lines)


def are_subtitles(lines: Sequence[str]) -> bool:
    """Whether lines are those of subtitles: at least one in ten has a time at which something is said."""
    filled = [line for line in lines if line.strip()]
    times = sum(bool(_TIME.search(line) or _DIALOGUE.match(line)) for line in filled)
    return len(filled) >= FEWEST and times > 0.1 * len(filled)


def _about_counts(lines: Sequence[str]) -> list[str]:
    """What is said of words with their counts, the most frequent first, as they are published."""
    found = [match for line in lines if (match := _COUNTED.match(line))]
    counts = [int(match["after"] or match["before"]) for match in found]
    if len(counts) < len(lines) or sum(a >= b for a, b in pairwise(counts)) <= 0.9 * len(counts):
        return []
    mark = found[0]["mark"]
    takes = f"cut -d'{mark}' -f1 FILE" if mark else "awk '{print $2}' FILE"
    return [f"each line is a word with its count, which is learnt, too; {takes} takes the words"]
