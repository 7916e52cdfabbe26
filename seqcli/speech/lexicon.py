"""Recognisers of few words: which these are, and the texts that can be made of them.

Where all transcripts are commands, digits or other words of a closed set, each often there, a search that leaves it has
misheard: "thre" was "three". Speakers unlike those of the training data gain most by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from seqcli.errors import CheckpointError
from seqcli.speech.data import WIDE_END
from seqcli.text.tokenizer import Tokenizer

MOST_WORDS = 300  # of a closed set
LEAST_COUNT = 3  # of each of its words in the training data


def closed_words(train: Iterable[str], valid: Iterable[str], tokenizer: Tokenizer) -> tuple[str, ...]:
    """The words of transcripts if they are a closed set: few, each often there, no other in the validation data; else
    none. Tokens that are whole words need no such set."""
    counts = Counter(word for text in train for word in text.split())
    if (
        tokenizer.kind == "word"
        or not 0 < len(counts) <= MOST_WORDS
        or min(counts.values()) < LEAST_COUNT
        or any(word not in counts for text in valid for word in text.split())
        or any(tokenizer.unknown(word) for word in counts)
    ):
        return ()
    return tuple(sorted(counts))


def words_to_blobs(words: Sequence[str]) -> dict[str, bytes]:
    """What a model file keeps of a closed set."""
    return {"words": "\n".join(words).encode("utf-8", "surrogatepass")} if words else {}


def words_of_blobs(blobs: Mapping[str, bytes]) -> tuple[str, ...]:
    """The closed set that a model file holds, if any; `CheckpointError` when it is none."""
    try:
        words = tuple(blobs.get("words", b"").decode("utf-8", "surrogatepass").split())
    except ValueError as problem:
        raise CheckpointError("the model's words are damaged") from problem
    if len(words) > MOST_WORDS:
        raise CheckpointError(f"the model has {len(words):,} words, at most {MOST_WORDS} can be searched for")
    return words


Within = tuple[tuple[int, ...], int]  # the tokens of a word, and how many of them have been read


class Place:
    """A beginning of texts of known words. `complete`: whether it is such a text itself."""

    def __init__(self, lexicon: Lexicon, within: frozenset[Within], complete: bool) -> None:
        self._lexicon, self._within, self.complete = lexicon, within, complete

    @cached_property
    def follow(self) -> dict[int, Place]:
        """The tokens that may follow, with the places they lead to."""
        return self._lexicon.after(self._within)


class Lexicon:
    """All texts of `words`, of at least one letter each, in the tokens of a tokenizer of characters or subwords."""

    def __init__(self, words: Sequence[str], tokenizer: Tokenizer) -> None:
        by_character = tokenizer.kind == "char"
        blank = int(tokenizer.encode(" ")[0]) if by_character else tokenizer.unk_id
        self._blank = blank if blank != tokenizer.unk_id else None
        self._at_once: dict[tuple[int, ...], bool] = {}  # by tokens: whether another word may follow without a blank
        for word in words:
            if tokens := tuple(tokenizer.encode(word if by_character else f" {word}").tolist()):
                self._at_once[tokens] = not by_character or WIDE_END.search(word) is not None
        self._before: frozenset[Within] = frozenset((tokens, 0) for tokens in self._at_once)
        self._places: dict[frozenset[Within], Place] = {}
        self.start = Place(self, self._before, complete=True)

    def after(self, within: frozenset[Within]) -> dict[int, Place]:
        """Where each token leads to from within any of these words."""
        reached: dict[int, set[Within]] = {}
        for tokens, read in within:
            if read < len(tokens):
                reached.setdefault(tokens[read], set()).add((tokens, read + 1))
                continue
            if self._blank is not None:
                reached.setdefault(self._blank, set()).update(self._before)
            if self._at_once[tokens]:
                for other in self._at_once:
                    reached.setdefault(other[0], set()).add((other, 1))
        return {token: self._place(frozenset(each)) for token, each in reached.items()}

    def _place(self, within: frozenset[Within]) -> Place:
        if within not in self._places:
            self._places[within] = Place(self, within, any(read == len(tokens) for tokens, read in within))
        return self._places[within]
