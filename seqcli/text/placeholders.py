"""Strings that are copied unchanged: addresses, tags, numbers, emoji, characters that a model has never seen.

Each is replaced by a symbol before a sentence is translated, and put in the symbol's place afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from seqcli.text.expressions import compiled, substituted
from seqcli.text.scripts import HAN, SPACELESS

SYMBOLS = tuple(map(chr, range(0xE000, 0xE008)))  # private characters: no text means anything by them
KINDS = {  # in the order they are looked for
    "symbol": "[\ue000-\ue007]",
    "address": r"(?:https?://|ftp://|www\.)[^\s<>\"“”«»]*[^\s<>\"“”«».,;:!?)\]}'’…。，！？、]",
    "email": r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    "domain": r"(?<![\w@])[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\."
    r"(?:com|org|net|edu|gov|info|io)\b(?:/[^\s<>\"]*[\w/])?",
    "tag": r"</?[A-Za-z][^<>\n]{0,200}>|\{\{?\w[\w .:-]{0,40}\}?\}|\$\{\w+\}|%(?:\(\w+\))?[sdif]\b|&(?:#\d+|\w+);",
    "handle": r"(?<![\w@#])[@#][^\W\d]\w+",
    # of two figures at least: what 3 dogs are called is for the model to learn
    "number": r"(?:(?<![^\s(])[-+])?(?<![\w.,])(?:\d+(?:[.,:/'’\u202f\u00a0-]\d+)+|\d{2,})(?!\w)",
    "emoji": "(?:[\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23fa\U0001f000-\U0001faff]"
    "[\ufe0f\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*)+",
}
ALWAYS = ("symbol", "address", "email", "domain")  # carried whatever the pairs do
FEW = 20  # strings of a kind in the pairs, too few to say how they are translated
CARRIED = 0.8  # share of a kind's strings that stand on the target side, too, from which on all are carried
_LETTER = rf"[^\W{SPACELESS}{HAN}]"  # of scripts with blanks
_TAKEN = "\0"  # in the place of characters that belong to a string that was found
_STRANGE = "\1"  # in the place of characters that are not known
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in KINDS.items()}
_SPACED = re.compile(rf"\s({KINDS['symbol']})")
_BEHIND = re.compile(rf"(?<=[A-Za-z\u00c0-\u024f\u0370-\u052f.,;:!?)]){KINDS['symbol']}")
_STRANGE_WORD = rf"{_LETTER}{{0,60}}{_STRANGE}(?:{_STRANGE}|{_LETTER})*"
_STRANGE_WORDS = re.compile(rf"{_STRANGE_WORD}(?: {_STRANGE_WORD})*")  # such words one after the other are one string


@dataclass(frozen=True)
class Found:
    """A string to be carried over: where it stands, and what it is."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Carrier:
    """What is copied: `kinds` of `KINDS`, words with characters that are not among `known` (unless that is None), and
    what matches one of the expressions `keep`. With `words`, those of a vocabulary, whole words are copied, and every
    word that is not among them."""

    kinds: tuple[str, ...] = ()
    known: frozenset[str] | None = None
    keep: tuple[str, ...] = ()
    words: frozenset[str] | None = None

    def find(self, text: str) -> list[Found]:
        """The strings of a text that are copied, in order and without overlaps; earlier kinds take precedence."""
        taken: list[Found] = []
        left = text.replace(_TAKEN, " ").replace(_STRANGE, " ")
        for pattern in map(compiled, self.keep):
            left = substituted(pattern, partial(_blot, taken), left)
        for kind in self.kinds:
            left = _PATTERNS[kind].sub(partial(_blot, taken), left)
        if self.known is not None:
            strange = {c for c in set(left) if c not in self.known and c != _TAKEN and not c.isspace()}
            if strange:
                marked = left.translate(dict.fromkeys(map(ord, strange), _STRANGE))
                taken += [Found(*m.span(), text[m.start() : m.end()]) for m in _STRANGE_WORDS.finditer(marked)]
        if self.words is None:
            return sorted(taken, key=lambda found: found.start)
        inside = {place for found in taken for place in range(found.start, found.end)}
        whole = [Found(match.start(), match.end(), match.group()) for match in re.finditer(r"\S+", text)]
        return [w for w in whole if w.text not in self.words or not inside.isdisjoint(range(w.start, w.end))]

    def replace(self, text: str, but: Sequence[tuple[int, int]] = ()) -> tuple[str, list[str]]:
        """The text with a symbol for each string, and the strings; what is made of the spans `but` stays as it is."""
        found = [string for string in self.find(text) if not (but and _is_made_of(string, but))]
        return substitute(text, found, _symbols(0, len(found))), [string.text for string in found]

    def replace_pair(self, source: str, target: str, first: int) -> tuple[str, str]:
        """A training pair with symbols for the strings that stand on both sides; the others stay as they are."""
        there = self.find(source)
        here = self.find(target) if there else []
        places: dict[str, list[Found]] = defaultdict(list)
        for found in here:
            places[found.text].append(found)
        both = [(found, places[found.text].pop(0)) for found in there if places[found.text]]
        symbols = _symbols(first, len(both))
        placed = sorted(zip((own for _, own in both), symbols, strict=True), key=lambda item: item[0].start)
        return (
            substitute(source, [found for found, _ in both], symbols),
            substitute(target, [own for own, _ in placed], [symbol for _, symbol in placed]),
        )


def _is_made_of(found: Found, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a string has a part within some spans of the text, and neither letter nor figure beside them."""
    inside = [any(start <= place < stop for start, stop in spans) for place in range(found.start, found.end)]
    beside = (character for character, within in zip(found.text, inside, strict=True) if not within)
    return any(inside) and not any(map(str.isalnum, beside))


def _blot(taken: list[Found], match: re.Match[str]) -> str:
    """Add what matches to `taken`; what stands in its place then."""
    if match.group():
        taken.append(Found(match.start(), match.end(), match.group()))
    return _TAKEN * len(match.group())


def substitute(text: str, found: Sequence[Found], symbols: Sequence[str]) -> str:
    """`text` with a symbol in the place of each string that was found, in order."""
    parts, place = [], 0
    for string, symbol in zip(found, symbols, strict=True):
        parts += [text[place : string.start], symbol]
        place = string.end
    return "".join([*parts, text[place:]])


def _symbols(first: int, count: int) -> list[str]:
    """The symbols of `count` strings, from number `first` on."""
    return [SYMBOLS[(first + number) % len(SYMBOLS)] for number in range(count)]


def keep_apart(text: str, source: str) -> str:
    """`text` with a blank before each symbol right behind a word or stop, if one stands before it in `source`, too."""
    spaced = set(_SPACED.findall(source))
    return _BEHIND.sub(lambda match: f" {match.group()}" if match.group() in spaced else match.group(), text)


def restore(text: str, strings: Sequence[str], first: int = 0) -> str:
    """`text` with the strings in the places of their symbols; a symbol that stands for several gives them in order."""
    take = taking(strings, first)
    return _PATTERNS["symbol"].sub(lambda match: take(match.group()), text)


def taking(strings: Sequence[str], first: int = 0) -> Callable[[str], str]:
    """A function from each symbol, as it comes, to the string it stands for: none when there are no more. `first` is
    the number of the first string, which decides its symbol."""
    waiting: dict[str, list[str]] = defaultdict(list)
    for symbol, string in zip(_symbols(first, len(strings)), strings, strict=True):
        waiting[symbol].append(string)
    return lambda symbol: waiting[symbol].pop(0) if waiting[symbol] else ""


def choose_kinds(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The kinds of strings that the pairs copy, or that are too rare in them to say."""
    counts: Counter[str] = Counter()
    carried: Counter[str] = Counter()
    for source, target in pairs:
        for kind, pattern in _PATTERNS.items():
            if kind in ALWAYS or not (strings := pattern.findall(source)):
                continue
            there = Counter(pattern.findall(target))
            counts[kind] += len(strings)
            carried[kind] += sum((Counter(strings) & there).values())
    return tuple(k for k in KINDS if k in ALWAYS or counts[k] < FEW or carried[k] >= CARRIED * counts[k])


def known_characters(lines: Iterable[str]) -> frozenset[str]:
    """Characters that a model knows from a text: those that occur three times, or once if they are letters of a script
    that makes up at least one character in a hundred."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(line)
    scripts: Counter[str] = Counter()
    for character, count in counts.items():
        scripts[_script(character)] += count
    least = 0.01 * sum(counts.values())
    return frozenset(
        character
        for character, count in counts.items()
        if count >= 3 or (character.isalpha() and scripts[_script(character)] >= least)
    )


def _script(character: str) -> str:
    """The script of a letter, as its name begins; nothing for other characters."""
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""
