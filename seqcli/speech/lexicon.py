"""Recognisers of few words: which these are, and the texts that can be made of them.

Where all transcripts are commands, digits or other words of a closed set, each often there, a search that leaves it has
misheard: "thre" was "three". Speakers unlike those of the training data gain most by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass(eq=False)
class _Node:
    """The beginning of some words, and whether it is one."""

    children: dict[int, _Node] = field(default_factory=dict)
    ends: bool = False
    wide: bool = False  # whether another word may follow that word at once


class Place:
    """A beginning of texts of known words. `complete`: whether it is such a text itself."""

    def __init__(self, lexicon: Lexicon, nodes: frozenset[_Node], complete: bool) -> None:
        self._lexicon, self._nodes, self.complete = lexicon, nodes, complete
        self._follow: dict[int, Place] | None = None

    @property
    def follow(self) -> dict[int, Place]:
        """The tokens that may follow, with the places they lead to."""
        if self._follow is None:
            self._follow = self._lexicon.after(self._nodes)
        return self._follow


class Lexicon:
    """All texts of `words`, of at least one letter each, in the tokens of a tokenizer of characters or subwords."""

    def __init__(self, words: Sequence[str], tokenizer: Tokenizer) -> None:
        self._by_character = tokenizer.kind == "char"
        self._blank = int(tokenizer.encode(" ")[0]) if self._by_character else tokenizer.unk_id
        self._has_blank = self._blank != tokenizer.unk_id
        self._root = _Node()
        self._places: dict[frozenset[_Node], Place] = {}
        for word in words:
            node = self._root
            for token in tokenizer.encode(word if self._by_character else f" {word}").tolist():
                node = node.children.setdefault(token, _Node())
            node.ends, node.wide = True, WIDE_END.search(word) is not None
        self.start = Place(self, frozenset([self._root]), complete=True)

    def after(self, nodes: frozenset[_Node]) -> dict[int, Place]:
        """Where each token leads to from any of these nodes."""
        reached: dict[int, set[_Node]] = {}
        for node in nodes:
            for token, child in node.children.items():
                reached.setdefault(token, set()).add(child)
            if node.ends and self._has_blank:
                reached.setdefault(self._blank, set()).add(self._root)
            if node.ends and (node.wide or not self._by_character):
                for token, child in self._root.children.items():
                    reached.setdefault(token, set()).add(child)
        return {token: self._place(frozenset(each)) for token, each in reached.items()}

    def _place(self, nodes: frozenset[_Node]) -> Place:
        if nodes not in self._places:
            self._places[nodes] = Place(self, nodes, any(node.ends for node in nodes))
        return self._places[nodes]
