"""Whether the first row of a table of pairs has the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seqcli.text.pair_rows import LANGUAGES, SOURCE_NAMES, TARGET_NAMES

_CONTENTS = (
    "text sentence segment phrase word term lemma form spelling pronunciation ipa phonemes graphemes language lang"
)
_REGIONS = "us gb uk br cn tw hk at ch mx ca"  # en_US
_HEADER = LANGUAGES | {*SOURCE_NAMES, *TARGET_NAMES, *_CONTENTS.split(), *_REGIONS.split()}
FEWEST_FIGURES = 5  # rows of numbers, below one without that is taken for a header
FEWEST_SENTENCES = 10  # rows of sentences, below one of two words that is taken for a header
NUMERIC = re.compile(r"[\d\s.,:%+/-]*\Z")
MOST_ENDED = 0.9  # of the rows of sentences have their mark
_ENDED = re.compile(r"[.!?…。！？؟।][\"'”’»)\]]*\s*\Z")
_NAME = re.compile(r"[^\W\d](?:[\w .()#/-]*[\w)])?\Z")
_WORD = re.compile(r"[^\W\d]{3,}\Z")  # a shorter one may be a word with its single sound


def is_header(rows: Sequence[Sequence[str]], sides: Sequence[int]) -> bool:
    """Whether the first of the rows has names, where the columns `sides` make the pairs: those of languages and sides,
    or what stands above numbers, or a word each above sentences."""
    first = rows[0]
    names = [first[n].strip().strip("\ufeff").lower() for n in sides if n < len(first)]
    return len(names) > 1 and (
        all(map(is_name, names)) or above_figures(rows, sides) or _above_sentences(rows, sides, names)
    )


def may_be_header(cells: Sequence[str]) -> bool:
    """Whether nothing speaks against a first row of these two cells being names."""
    return len(cells) == 2 and all(_NAME.match(cell) and len(cell.split()) <= 3 for cell in cells)


def is_name(cell: str) -> bool:
    """Whether a cell is what a column of a language or a side is called: en, en_US, English sentence, src_text."""
    words = re.findall(r"[^\W\d_]+", cell)
    return 0 < len(words) <= 3 and all(word in _HEADER or word.removesuffix("s") in _HEADER for word in words)


def above_figures(rows: Sequence[Sequence[str]], sides: Sequence[int]) -> bool:
    """Whether a column has nothing but numbers or dates below a name; one of the sides only where neither name has a
    digit. The numbers of the rows that come first may have no name."""
    whole = [row for row in rows if len(row) > max(sides)]
    first, *others = whole or [[]]
    if len(others) < FEWEST_FIGURES or first is not rows[0]:
        return False
    digits = any(character.isdigit() for n in sides for character in first[n])
    for n in range(min(map(len, whole))):
        named = any(map(str.isalpha, first[n])) or (n == 0 and not first[n].strip())
        if named and not (digits and n in sides) and all(row[n].strip() and NUMERIC.match(row[n]) for row in others):
            return True
    return False


def _above_sentences(rows: Sequence[Sequence[str]], sides: Sequence[int], names: Sequence[str]) -> bool:
    """Whether the names are different words, and a side has more than one in every other row; or whether they do not
    end as most sentences below them do."""
    others = [row for row in rows[1:] if len(row) > max(sides)]
    if len(others) < FEWEST_SENTENCES or len(set(names)) < len(names):
        return False
    ended = max(sum(bool(_ENDED.search(row[n])) for row in others) for n in sides)
    if ended > MOST_ENDED * len(others) and may_be_header(names):
        return True
    return all(map(_WORD.match, names)) and any(all(" " in row[n].strip() for row in others) for n in sides)
