"""One sentence a line: words with their tags, words between blanks whose characters are the steps, raw text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from seqcli.errors import DataError
from seqcli.tagging.formats.sentence import Format, Sentence, Tagging, one_word
from seqcli.tagging.schemes import BIOES, Chunk
from seqcli.tagging.words import WordRule


@dataclass(frozen=True)
class Inline:
    """`word/TAG word/TAG`, with `separator` between a word and its tag, the last one in it. With `characters` the steps
    are the characters of the text, and the words are chunks of them, their tag the kind."""

    name = "inline"
    separator: str = "/"
    characters: bool = False

    def describe(self) -> str:
        steps = ", the steps are characters" if self.characters else ""
        return f"a sentence a line, each word with its tag after {self.separator!r}{steps}"

    def read(self, lines: Iterable[str], path: str) -> Iterator[Sentence]:
        for number, line in enumerate(lines, 1):
            words, tags = [], []
            for item in line.split():
                word, found, tag = item.rpartition(self.separator)
                if not found or not word or not tag:
                    hint = f"every word is followed by {self.separator} and its tag"
                    raise DataError(f"{item!r} has no tag", path=path, line=number, hint=hint)
                words.append(word)
                tags.append(tag)
            yield _of_characters(words, tags, number) if self.characters else Sentence(words, tags, number)

    def write(self, sentence: Sentence, tagging: Tagging) -> str:
        items = (
            _words(sentence, tagging.chunks or ())
            if self.characters
            else zip(sentence.steps, tagging.labels, strict=True)
        )
        return " ".join(one_word(word) + self.separator + tag for word, tag in items) + "\n"


@dataclass(frozen=True)
class Segmented:
    """Words between blanks. The steps are the characters, and the words are chunks of them."""

    name = "segmented"

    def describe(self) -> str:
        return "words between blanks, the steps are characters"

    def read(self, lines: Iterable[str], path: str) -> Iterator[Sentence]:
        for number, line in enumerate(lines, 1):
            words = line.split()
            yield _of_characters(words, [""] * len(words), number)

    def write(self, sentence: Sentence, tagging: Tagging) -> str:
        if tagging.chunks is None:
            return " ".join(sentence.steps) + "\n"
        text = sentence.steps
        if isinstance(text, str) and sentence.text in (text, None):  # without blanks: much quicker
            line = " ".join([text[start:end] for start, end, _ in tagging.chunks])
            if len(line) == len(text) + len(tagging.chunks) - 1:  # every character is in a word
                return line + "\n"
        return " ".join(word for word, _ in _words(sentence, tagging.chunks)) + "\n"


@dataclass(frozen=True)
class RawText:
    """Lines of text, cut into steps by `rule`, or into their characters without one. Blanks are no steps."""

    name = "text"
    rule: WordRule | None = None

    def describe(self) -> str:
        return "raw text, cut " + ("into characters" if self.rule is None else self.rule.describe())

    def read(self, lines: Iterable[str], path: str) -> Iterator[Sentence]:
        for number, line in enumerate(lines, 1):
            if self.rule is None:
                yield Sentence("".join(line.split()), None, number, text=line)
            else:
                offsets = self.rule.cut(line)
                yield Sentence([line[a:b] for a, b in offsets], None, number, text=line, offsets=offsets)

    def write(self, sentence: Sentence, tagging: Tagging) -> str:
        raise NotImplementedError("raw text has no place for labels")


def _of_characters(words: list[str], tags: list[str], number: int) -> Sentence:
    """Words as chunks of the characters of their line."""
    text, chunks = "".join(words), list[Chunk]()
    start = 0
    for word, tag in zip(words, tags, strict=True):
        chunks.append((start, start + len(word), tag))
        start += len(word)
    return Sentence(text, BIOES.labels(chunks, len(text)), number, text=" ".join(words))


def _words(sentence: Sentence, chunks: Iterable[Chunk]) -> Iterator[tuple[str, str]]:
    """The words that chunks of characters make, with their kinds; a blank in the text ends a word, too, and a
    character in no chunk is a word without a kind."""
    steps, place = sentence.steps, 0
    blanks = set(accumulate(map(len, (sentence.text or "").split())))  # the characters that one stands before
    for start, end, kind in chunks:
        yield from ((steps[n], "") for n in range(place, start))
        first = start
        for cut in (*(n for n in range(start + 1, end) if n in blanks), end):
            yield "".join(steps[first:cut]), kind
            first = cut
        place = end
    yield from ((steps[n], "") for n in range(place, len(steps)))


def cuts_words(format: Format) -> bool:
    """Whether the chunks of a format are words of a text whose characters are the steps."""
    return isinstance(format, Segmented) or (isinstance(format, Inline) and format.characters)


def is_wide(character: str) -> bool:
    """Whether a character is of a script that is written without blanks: Han, kana, Thai, Lao, Khmer, Myanmar."""
    code = ord(character)
    if unicodedata.east_asian_width(character) == "W":
        return not 0xAC00 <= code <= 0xD7AF  # Hangul has blanks
    return 0x0E00 <= code <= 0x0EFF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17FF
