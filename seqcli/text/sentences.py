"""Where sentences end, in any script, with the abbreviations of the text a model has learnt from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

_USUAL = (
    "mr mrs ms dr prof st sr jr vs no nr fig vol pp ca bzw z.b d.h u.a usw bspw hr fr str e.g i.e cf mme mlle mm art "
    "sra sres dra pág núm al approx dept gen col lt sgt capt rev hon inc ltd co corp"
)
USUAL_ABBREVIATIONS = frozenset(_USUAL.split())
_OPENING = "\"'«»“”„‘’‚‹›([¿¡「『（"
_CLOSING = "\"'«»“”’‹›)]」』）"
# An end followed by a blank and what is no small letter; the ends of scripts that put no blank there need none.
_END = re.compile(rf"(?:[.!?…]+|[。！？｡．।॥؟۔։።።።၊။។]+)[{re.escape(_CLOSING)}]*")
_BLANKLESS = frozenset("。！？｡．")


def split_sentences(text: str, abbreviations: Collection[str] = USUAL_ABBREVIATIONS) -> list[str]:
    """The sentences of a line, without blanks around them; one for a text in which none ends early. `abbreviations` are
    words in small letters, without their last stop, after which a sentence may go on. Neither an initial ("J. Smith")
    nor a number of up to two digits ("3. Mai") before a stop ends one."""
    text = text.strip()
    sentences, start = [], 0
    for end in _END.finditer(text):
        place = end.end()
        if place == len(text):
            break
        if end.group()[0] not in _BLANKLESS:
            following = text[place : place + 8].lstrip()
            if text[place] != " " or following.lstrip(_OPENING)[:1].islower():
                continue
            if end.group() == "." and _abbreviates(text[max(start, end.start() - 60) : end.start()], abbreviations):
                continue
        sentences.append(text[start:place].strip())
        start = place
    return [*sentences, text[start:].strip()] if text else []


def _abbreviates(before: str, abbreviations: Collection[str]) -> bool:
    """Whether what stands before a stop is shortened, an initial or an ordinal number."""
    words = before.split()
    if not words or before[-1].isspace():
        return False
    word = words[-1].lstrip(_OPENING).lower()
    return word in abbreviations or (len(word) == 1 and word.isalpha()) or (word.isdigit() and len(word) <= 2)


def find_abbreviations(lines: Iterable[str]) -> frozenset[str]:
    """Words that stand before a stop more often within a line than at its end, as sentences' last words do not."""
    inside: Counter[str] = Counter()
    last: Counter[str] = Counter()
    for line in lines:
        if "." not in line:
            continue
        words = line.lower().split()
        inside.update(word[:-1].lstrip(_OPENING) for word in words[:-1] if word.endswith("."))
        last.update(word[:-1].lstrip(_OPENING) for word in words[-1:] if word.endswith("."))
    return frozenset(word for word, count in inside.items() if count >= 3 and word and count > 2 * last[word])


def join(parts: Iterable[str]) -> str:
    """Sentences as one line: with a blank between, but none after or before a script that writes none."""
    text = ""
    for part in parts:
        wide = text and part and (_is_wide(text[-1]) or (_is_wide(part[0]) and not text[-1].isascii()))
        text += part if not text or not part or wide else " " + part
    return text


def _is_wide(character: str) -> bool:
    """Whether a character is of a script without blanks between sentences."""
    return "\u3000" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uff00" <= character <= "\uff65"
