"""Words as tokens: what stands between blanks, with an end-of-sentence token for every line feed.

This is the convention of Penn Treebank and WikiText figures: every line, also an empty one, ends with one `<eos>`, and
`<unk>` in the data is the unknown token; in a text without any, words that stand there only once become it, so that a
model learns where unknown words stand. Chinese and Japanese text without blanks is cut into its characters, each a
word; text that was cut into words beforehand keeps them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from seqcli.errors import UsageError
from seqcli.text.spelling import Spelling
from seqcli.text.tokenizer import StreamDecoder, Tokenizer, ordered

UNK, EOS = "<unk>", "<eos>"
UNKNOWN_SHARE = 0.1  # of the words of a text that are made unknown at most
SPELT = 100_000  # characters of the words that are kept to learn from how unknown ones are spelt
# Han, kana and the punctuation and wide forms that go with them
_WIDE = (
    r"\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003ffff"
)
_PIECES = re.compile(f"[{_WIDE}]|[^{_WIDE}]+")
_WIDE_RUN = re.compile(f"[{_WIDE}]+")


class WordTokenizer(Tokenizer):
    """Id 0 is `<unk>`, id 1 `<eos>`, the words follow, the most frequent first. `split_wide` cuts runs of Chinese or
    Japanese characters into single ones, which are joined without blanks again. `rare` are words that unknown ones are
    spelt like; None where these are not known."""

    kind = "word"

    def __init__(self, words: Sequence[str], split_wide: bool, rare: Sequence[str] | None = None) -> None:
        """`words` in the order of their ids, from id 2 on."""
        if len(set(words)) != len(words) or any(not isinstance(w, str) for w in [*words, *(rare or ())]):
            raise ValueError("words must be different")
        self.words = [UNK, EOS, *words]
        self.size = len(self.words)
        self.split_wide, self.rare = split_wide, rare
        self._ids = {word: number for number, word in enumerate(self.words) if number != self.boundary_id}

    @classmethod
    def train(cls, chunks: Iterable[str], vocab_size: int | None = None, symbols: Sequence[str] = ()) -> WordTokenizer:
        counts: Counter[str] = Counter()
        for chunk in chunks:
            counts.update(chunk.split())
        split_wide = _unsegmented(counts)
        if split_wide:
            pieces: Counter[str] = Counter()
            for word, count in counts.items():
                for piece in _PIECES.findall(word):
                    pieces[piece] += count
            counts = pieces
        for symbol in symbols:
            counts.pop(symbol, None)
        prepared, every = counts.pop(UNK, 0) > 0, set(counts)
        if not prepared:
            _leave_out_rare(counts)
        words = ordered(counts, symbols, vocab_size)
        rare = None
        if not prepared:  # words that others have made unknown before cannot be learnt from
            rare = sorted(every.difference(words) or every)
            rare = rare[:: sum(map(len, rare)) // SPELT + 1]  # from all over the list
        return cls(words, split_wide, rare)

    @classmethod
    def load(cls, body: bytes) -> WordTokenizer:
        values = json.loads(body)
        return cls(values["words"], bool(values["split_wide"]), values.get("rare"))

    def body(self) -> bytes:
        values = {"words": self.words[2:], "split_wide": self.split_wide}
        values |= {"rare": self.rare} if self.rare is not None else {}
        return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def encode_piece(self, text: str) -> np.ndarray:
        ids: list[int] = []
        find, unknown = self._ids.get, self.unk_id
        for number, line in enumerate(text.split("\n")):
            if number:
                ids.append(self.boundary_id)
            ids.extend([find(word, unknown) for word in self._words(line)])
        return np.array(ids, np.int32)

    def unknown(self, text: str) -> list[str]:
        return [word for word in self._words(text) if self._ids.get(word, self.unk_id) == self.unk_id]

    def spelling_surprisal(self, unknown: str) -> float:
        if self.rare is None:
            raise UsageError(
                "--open-vocabulary: the model does not know how unknown words are spelt",
                hint="train on text without <unk>, in which words are as they were; older models have to be trained "
                "anew",
            )
        return self._spelling.surprisal(unknown)

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(self.rare or ())

    def _words(self, text: str) -> list[str]:
        words = text.split()
        return [piece for word in words for piece in _PIECES.findall(word)] if self.split_wide else words

    def surface(self, token: int) -> bytes:
        return b"\n" if token == self.boundary_id else super().surface(token)

    def piece(self, token: int) -> str:
        return self.words[token]

    def stream_decoder(self, context: Sequence[int] = ()) -> StreamDecoder:
        before = context[-1] if len(context) else self.boundary_id

        def push(token: int) -> str:
            nonlocal before
            blank = " " if self.blank_between(before, token) else ""
            before = token
            return "\n" if token == self.boundary_id else blank + self.words[token]

        return StreamDecoder(push)

    def blank_between(self, before: int, after: int) -> bool:
        """Whether there is a blank between two tokens in text."""
        if self.boundary_id in (before, after):
            return False
        left, right = self.words[before], self.words[after]
        return not (self.split_wide and (_WIDE_RUN.match(left[-1:]) or _WIDE_RUN.match(right[:1])))


def _leave_out_rare(counts: Counter[str]) -> None:
    """Take out words that were counted once, the latest first, up to `UNKNOWN_SHARE` of the text."""
    once = [word for word, count in counts.items() if count == 1]
    room = int(UNKNOWN_SHARE * counts.total())
    for word in once[max(len(once) - room, 0) :]:
        del counts[word]


def _unsegmented(counts: Counter[str]) -> bool:
    """Whether runs of Chinese or Japanese characters are sentences rather than words: longer than three on average."""
    runs = [(len(run), count) for word, count in counts.items() for run in _WIDE_RUN.findall(word)]
    number = sum(count for _, count in runs)
    return number > 0 and sum(length * count for length, count in runs) > 3 * number
