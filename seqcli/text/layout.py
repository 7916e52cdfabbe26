"""Whether each line of a text is a separate text (names, headlines, messages) or all lines are one long text."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections import defaultdict
from itertools import combinations, pairwise

from seqcli.text.column import row_columns
from seqcli.text.scripts import SPACELESS, WIDE

FEWEST = 10  # lines, below which nothing can be said
LONG_LINE, LONGEST_LINES = 150, 400  # width of half of the lines, and of one in twenty, from which they are paragraphs
LONGEST_SEQUENCE = 500  # characters of half of the lines without blanks, up to which each is a text
NEAR = 5  # lines within which words of one topic return
CLUSTERED = 4.0  # times as many returns within NEAR lines as in lines in any order
SAMPLE = 4000  # lines looked at
ENDED = 0.6  # of the lines end with a sentence: they are whole
MARKS = 0.03  # of the characters that belong to the one before (vowels of Thai, Hindi), from which on they tell
ENDS, CLOSING = tuple(".!?…。！？؟।"), "\"'”’»」』）) "  # of sentences, and what may stand behind an end
_WIDE = re.compile(f"[{WIDE}\uac00-\ud7af]")
_UNSPACED = re.compile(f"[{WIDE}{SPACELESS}]")
_WORDS = re.compile(r"[^\W\d_]{3,}|(?=([\u2e80-\u9fff]{2}))")  # words, or every two neighbouring wide characters


def separate_lines(sample: str) -> tuple[bool, str]:
    """Whether each line of a text is best taken as a separate text, and why, in a few words.

    `sample` is a part of the text, ending with a line. Lines are one text where they are separated by empty lines or
    indented, are long (but for sequences without blanks), were wrapped at a width, or where rare words come back soon
    after they came: then the lines before say what the next one is about. Rows of a table and sorted lines are separate
    in any case.
    """
    if row_columns(sample):
        return True, "they are the rows of a table"
    lines = sample.split("\n")[:SAMPLE]
    while lines and not lines[-1].strip():
        lines.pop()
    filled = [line for line in lines if line.strip()]
    if len(filled) < FEWEST:
        return False, "it has few lines"
    if len(lines) - len(filled) > 0.02 * len(lines):
        return False, "empty lines separate its paragraphs"
    if sum(line.startswith(("  ", "\t", "\u3000")) for line in filled) > 0.05 * len(filled):
        return False, "its lines are indented"
    widths = sorted(len(line) + 2 * len(_WIDE.findall(line)) for line in filled)
    long = statistics.median(widths) > LONG_LINE or widths[len(widths) * 19 // 20] > LONGEST_LINES
    sequences = long and _sequences(filled)
    if long and not sequences:
        return False, "its lines are long"
    if _sorted([" ".join(line.casefold().split()[:2]) for line in filled]):
        return True, "its lines are sorted"
    if _wrapped(filled):
        return False, "its lines are wrapped at a width"
    if _clustered(filled):
        return False, "its lines continue one another"
    return True, f"its lines are {'sequences' if sequences else 'short'} and do not continue one another"


def _sequences(lines: list[str]) -> bool:
    """Whether lines are long without being paragraphs: they have no blanks, though their script sets them, as proteins
    and molecules are written."""
    blanks = sum(len(line.split()) > 1 for line in lines)
    whole = statistics.median(map(len, lines)) <= LONGEST_SEQUENCE
    return whole and blanks < 0.02 * len(lines) and not _UNSPACED.search("".join(lines))


def _sorted(beginnings: list[str]) -> bool:
    """Whether the lines are sorted by how they begin (a name, a time), with a few exceptions."""
    in_order = sum(before <= after for before, after in pairwise(beginnings))
    return in_order > 0.9 * len(beginnings) and len(set(beginnings)) >= FEWEST


def _wrapped(lines: list[str]) -> bool:
    """Whether the lines are as long as a width allows: seldom would the next line's first word have had room."""
    if _whole(lines):
        return False
    lengths = sorted(map(len, lines))
    width = lengths[len(lengths) * 19 // 20]
    words = sum(len(line.split()) for line in lines) / len(lines)
    ends = [{line.split()[place] for line in lines} for place in (0, -1)]
    if min(map(len, ends)) < len(lines) / 5:  # lines of one form are as long as one another for that
        return False
    if words >= 4 and width >= 30:
        full = [len(a) + 1 + len(b.split(maxsplit=1)[0]) > width - 2 for a, b in pairwise(lines)]
    elif words < 2 and width >= 20:  # text without blanks
        full = [len(line) >= width - 1 for line in lines]
    else:
        return False
    return sum(full) > 0.7 * len(full)


def _whole(lines: list[str]) -> bool:
    """Whether lines end where sentences do, or never begin with a mark that belongs to the character before: however
    long they are, nobody broke them."""
    ended = sum(line.rstrip(CLOSING).endswith(ENDS) for line in lines)
    text = "".join(lines)
    marks = sum(unicodedata.category(character) in ("Mn", "Mc") for character in text) / len(text)
    begun = sum(unicodedata.category(line[0]) in ("Mn", "Mc") for line in lines) / len(lines)
    return ended > ENDED * len(lines) or (marks > MARKS and begun < marks / 5)


def _clustered(lines: list[str]) -> bool:
    """Whether rare words recur within a few lines far more often than in lines in random order."""
    places: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for word in {match.group(1) or match.group() for match in _WORDS.finditer(line.casefold())}:
            places[word].append(number)
    gaps = [b - a for found in places.values() if 2 <= len(found) <= 8 for a, b in combinations(found, 2)]
    near, expected = sum(gap <= NEAR for gap in gaps), len(gaps) * 2 * NEAR / len(lines)
    return near > CLUSTERED * expected and near - expected > 10
