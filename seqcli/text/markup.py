"""What stands in a text beside its words, and is learnt with them: tags, times of subtitles, names of sequences."""

from __future__ import annotations

import re
from itertools import pairwise

FEWEST, LOOKED_AT = 10, 2000  # lines that tell what a text is
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*[{"]|\[\s*\[\s*["\d])')
_TAGS = re.compile(r"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_TIME = re.compile(r"\d\d:\d\d[.,]\d{3} --> ")
_COUNTED = re.compile(r"[^\s\d]+ (\d+)\Z")


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
    if sum(bool(_TIME.search(line)) for line in lines) > 0.1 * len(lines):
        return [f"the text is subtitles, and their times are learnt, too; {plain}"]
    if lines[0].startswith(">") and not any(" " in line.strip() for line in lines if not line.startswith(">")):
        return ["the text is FASTA, and the names of its sequences are learnt, too; grep -v '^>' FILE leaves them out"]
    counts = [int(found[1]) for found in map(_COUNTED.match, lines) if found]
    if len(counts) == len(lines) and sum(a >= b for a, b in pairwise(counts)) > 0.9 * len(counts):
        return ["each line is a word with its count, which is learnt, too; cut -d' ' -f1 FILE takes the words"]
    return []
