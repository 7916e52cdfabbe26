"""Text to token ids and back: what all tokenizers have in common, and how they are trained, saved and loaded."""

from __future__ import annotations

import importlib
import json
import math
import typing
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from seqcli.errors import CheckpointError, DataError
from seqcli.notices import change_with
from seqcli.text.spelling import CODE_POINTS

Kind = Literal["char", "word", "subword"]
SHORT_TEXT = 250_000  # characters below which there is too little text for other tokens than characters
PIECE = 1 << 20  # characters of a text that are turned into ids at once
FEW_SYMBOLS = 12  # kinds of characters that subwords say nothing more of


@dataclass(frozen=True)
class StreamDecoder:
    """Turns ids into text one at a time: `push` gives the text that is whole with one more token, `flush` what was
    still held back, incomplete characters replaced."""

    push: Callable[[int], str]
    flush: Callable[[], str] = str


class Tokenizer(ABC):
    """A vocabulary, and how text is split into it. `size` types with ids from 0; `unk_id` stands for what is not in the
    vocabulary; `boundary_id` is the end of a line."""

    kind: ClassVar[str]
    unk_id: ClassVar[int] = 0
    boundary_id: ClassVar[int] = 1
    size: int

    @classmethod
    @abstractmethod
    def train(cls, chunks: Iterable[str], vocab_size: int | None, symbols: Sequence[str]) -> Tokenizer:
        """As `train_tokenizer`."""

    @classmethod
    @abstractmethod
    def load(cls, body: bytes) -> Tokenizer:
        """The tokenizer that `body` was called on; ValueError, or what else Python raises, for anything else."""

    @abstractmethod
    def body(self) -> bytes:
        """The tokenizer as bytes, without its kind."""

    def to_bytes(self) -> bytes:
        """The tokenizer as bytes, for `load_tokenizer`: a line of JSON that names the kind, then its own."""
        return json.dumps({"kind": self.kind}).encode() + b"\n" + self.body()

    def encode(self, text: str) -> np.ndarray:
        """Ids (tokens,) of type int32."""
        return np.concatenate([self.encode_piece(piece) for piece in manageable(text)])

    @abstractmethod
    def encode_piece(self, text: str) -> np.ndarray:
        """As `encode`, of a text that is not too long."""

    @abstractmethod
    def unknown(self, text: str) -> list[str]:
        """The characters or words of a text that stand for unknown tokens, in order."""

    def spelling_surprisal(self, unknown: str) -> float:
        """-log p in nats of what stands for an unknown token, given that it is unknown. Any character is as likely as
        any other; words are spelt. `UsageError` where it is not known how."""
        return math.log(CODE_POINTS)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids."""
        decoder = self.stream_decoder()
        return "".join([decoder.push(int(token)) for token in ids]) + decoder.flush()

    def surface(self, token: int) -> bytes:
        """The UTF-8 bytes that a token stands for in text, none for control symbols; of a word without its blank."""
        return self.piece(token).encode("utf-8", "surrogatepass") if token != self.unk_id else b""

    @abstractmethod
    def piece(self, token: int) -> str:
        """One id in readable form."""

    def stream_decoder(self, context: Sequence[int] = ()) -> StreamDecoder:
        """A decoder for what follows `context`."""
        return StreamDecoder(self.piece)


def train_tokenizer(
    kind: str, chunks: Iterable[str], vocab_size: int | None = None, *, symbols: Sequence[str] = ()
) -> Tokenizer:
    """Learn a vocabulary from pieces of text, each ending with a line (only the last need not). At most `vocab_size`
    types; all there are (char, word) or a number that suits the amount of text (subword) if None. `symbols` are
    characters that are tokens in any case."""
    return _class_of(kind).train(chunks, vocab_size, symbols)


def load_tokenizer(data: bytes) -> Tokenizer:
    """The tokenizer that `to_bytes` was called on; `CheckpointError` for anything else."""
    head, _, body = data.partition(b"\n")
    try:
        kind = json.loads(head)["kind"]
        if kind in typing.get_args(Kind):
            return _class_of(kind).load(body)
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, RecursionError) as problem:
        raise CheckpointError("the model's tokenizer is damaged") from problem
    raise CheckpointError(f"the model's tokenizer is of a kind this program does not know: {kind!r}")


def _class_of(kind: str) -> type[Tokenizer]:
    """The class of tokenizers of a kind; only its module is imported."""
    module, name = {
        "char": ("characters", "CharTokenizer"),
        "word": ("words", "WordTokenizer"),
        "subword": ("subwords", "SubwordTokenizer"),
    }[kind]
    found: type[Tokenizer] = getattr(importlib.import_module(f"seqcli.text.{module}"), name)
    return found


def tokenizer_of(blobs: Mapping[str, bytes], size: int | None = None) -> Tokenizer:
    """The tokenizer among the files in a checkpoint or training state, of `size` types; `CheckpointError` otherwise."""
    if "tokenizer" not in blobs:
        raise CheckpointError("the model has no tokenizer")
    tokenizer = load_tokenizer(blobs["tokenizer"])
    if size is not None and tokenizer.size != size:
        raise CheckpointError(f"the tokenizer has {tokenizer.size} types, the model {size}")
    return tokenizer


def choose_kind(sample: str, characters: int, *, lines: bool = False) -> tuple[Kind, str]:
    """What to cut a text into, and why, in a sentence. `sample` is a part of the text that shows what it is,
    `characters` the length of the whole, `lines` whether each line is a separate text.

    Text that was prepared in words (`<unk>` is one word in a thousand at least) is read in words. Characters are taken
    for a text of less than 250,000 of them, which is too short for other tokens, for lists of single words, for text of
    a handful of symbols (DNA, digits), and where there are too many kinds of characters (Chinese, Japanese, Korean) for
    the vocabulary of subwords that a text of this length can teach. Every other text is read in subwords.
    """
    if not sample.strip():
        raise DataError("the text is empty", hint="give a file with some text in it")
    words, change = sample.split(), change_with("--tokens")
    if words.count("<unk>") * 1000 >= len(words):
        return "word", f"tokens: words, since the text holds <unk> and so was prepared in words; {change}"
    counts = Counter(sample)
    counts.pop("\n", None)
    needed = len(most_frequent(counts, 0.999))
    if characters < SHORT_TEXT:
        reason = f"since the text is short ({characters:,} of them)"
    elif lines and len(words) < 2 * sample.count("\n"):
        reason = "since its lines are single words"
    elif needed <= FEW_SYMBOLS:
        reason = f"since it is made of {needed} symbols"
    elif 3 * needed > default_vocab_size(characters):
        reason = f"since it has many kinds of them (the {needed:,} most frequent make up 99.9 % of it)"
    else:
        return "subword", f"tokens: subwords; {change}"
    return "char", f"tokens: characters, {reason}; {change}"


def most_frequent(counts: Counter[str], coverage: float) -> list[str]:
    """The most frequent characters that make up the share `coverage` of a text, all of equal count, then in order."""
    ordered = sorted(counts, key=lambda character: (-counts[character], character))
    left = coverage * counts.total()
    for number, character in enumerate(ordered):
        if left <= 0:
            return ordered[:number]
        left -= counts[character]
    return ordered


def manageable(text: str) -> Iterator[str]:
    """A text in pieces of at most `PIECE` characters, cut before a blank or a line feed where there is one: what is
    made on the way from text to ids takes many times the memory of either."""
    start = 0
    while len(text) - start > PIECE:
        stop = max(text.rfind(mark, start + 1, start + PIECE) for mark in " \n")
        stop = stop if stop > start else start + PIECE
        yield text[start:stop]
        start = stop
    yield text[start:]


def ordered(counts: Counter[str], symbols: Sequence[str], vocab_size: int | None) -> list[str]:
    """The types of a vocabulary but for the unknown one and the boundary: `symbols`, then those that were counted, the
    most frequent first."""
    types = [*symbols, *sorted(counts.keys() - {*symbols}, key=lambda kind: (-counts[kind], kind))]
    return types if vocab_size is None else types[: max(vocab_size - 2, 0)]


def default_vocab_size(characters: int) -> int:
    """The number of subwords for a text: few for a small one, in which rare subwords would hardly occur."""
    for limit, size in ((300_000, 1000), (1_000_000, 2000), (4_000_000, 4000), (40_000_000, 8000)):
        if characters < limit:
            return size
    return 16000
