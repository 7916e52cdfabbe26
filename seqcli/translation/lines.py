"""Splits lines into parts that a model can translate, and joins the translations of the parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from seqcli.errors import UsageError
from seqcli.text.placeholders import KINDS, SYMBOLS, keep_apart, restore, taking
from seqcli.text.sentences import join
from seqcli.text.tokenizer import Tokenizer
from seqcli.translation.beam import Hypothesis, Sentence
from seqcli.translation.glossary import Glossary
from seqcli.translation.preprocessing import Preprocessing, decode_sentence, encode_sentence

LONGEST = 200  # source tokens translated at once by models that do not say how long their pairs were
END = "⏎"  # how the end mark is shown
CLAUSE_ENDS = tuple(".!?;:,。！？；：，、।۔؟،")


@dataclass(frozen=True)
class Alignment:
    """The alignment of a part of a line: its pieces and those of its translation, each with the end mark, and the
    attention's weights (target, source)."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """One translation of a line: its text, log p in nats, the score it is ranked by, its pieces, on demand the
    alignments of the line's parts, whether a part was cut before its end, and the mean log p of its tokens."""

    text: str
    log_probability: float
    score: float
    pieces: tuple[str, ...]
    alignments: tuple[Alignment, ...] = ()
    cut: bool = False
    mean_log_probability: float = 0.0


@dataclass(frozen=True)
class Part(Sentence):
    """What is translated at once, with the strings its symbols stand for in order, and the number of the first."""

    strings: tuple[str, ...] = ()
    first: int = 0


class Lines:
    """Splits lines into parts and joins parts to lines, with one tokenizer and its preprocessing."""

    def __init__(
        self, tokenizer: Tokenizer, preprocessing: Preprocessing, glossary: Glossary | None = None, prefix: str = ""
    ) -> None:
        self.tokenizer, self.preprocessing = tokenizer, preprocessing.with_words(tokenizer)
        self.glossary = glossary
        self.symbols = preprocessing.symbols(tokenizer)
        self.forbidden = [*self.symbols, *([] if preprocessing.unknowns else [tokenizer.unk_id])]
        self.prefix = tuple(map(int, encode_sentence(tokenizer, preprocessing.target(prefix))[:-1])) if prefix else ()
        if not {*self.symbols, tokenizer.unk_id}.isdisjoint(self.prefix):
            raise UsageError(f"--prefix {prefix!r:.60} has words that the model cannot write")

    def parts(self, line: str) -> list[Part]:
        """The parts of a line: as many sentences as a training line had, and no more tokens."""
        text, strings = self.preprocessing.source_with_symbols(line, self.glossary)
        parts: list[Part] = []
        for sentence in self.preprocessing.split(text):
            count = sum(map(sentence.count, SYMBOLS))
            numbered, strings_here = _renumber(sentence), strings[:count]
            strings = strings[count:]
            first = 0
            cut = self._cut(encode_sentence(self.tokenizer, numbered)[:-1])
            for ids in cut:
                # decoded, words that the vocabulary lacks would be lost
                own = numbered if len(cut) == 1 else decode_sentence(self.tokenizer, ids.tolist())
                parts.append(self._part(ids, own, strings_here, first, () if parts else self.prefix))
                first += len(parts[-1].strings)
        return parts

    def _part(self, ids: np.ndarray, text: str, strings: Sequence[str], first: int, prefix: tuple[int, ...]) -> Part:
        """Tokens of a text, without their end mark, whose symbols stand for `strings` from number `first` on."""
        phrases: list[tuple[int, ...]] = [(token,) for token in ids.tolist() if token in self.symbols]
        own = tuple(strings[first : first + len(phrases)])
        if self.glossary is not None:
            phrases += self.glossary.phrases(self.preprocessing.atoms.spell(text).strip())
        source, lengths = np.append(ids, np.int32(self.tokenizer.boundary_id)), self.preprocessing.lengths
        limit = 2 * len(source) + 10 if lengths is None else lengths.limit(len(source))
        if asked := len(prefix) + sum(map(len, phrases)):
            limit += asked + 1
        return Part(source, limit, prefix, tuple(phrases), own, first)

    def _cut(self, tokens: np.ndarray) -> list[np.ndarray]:
        """Tokens in parts no longer than a training source, cut after the last clause or before the last blank in
        it."""
        lengths = self.preprocessing.lengths
        longest = LONGEST if lengths is None else max(lengths.sources[-1] - 1, 1)
        parts = []
        while len(tokens) > longest:
            pieces = [self.tokenizer.piece(int(token)) for token in tokens[: longest + 1]]
            places = range(longest // 4, longest)
            ends = [place + 1 for place in places if pieces[place].endswith(CLAUSE_ENDS)]
            blanks = [place for place in places if place and pieces[place].startswith(" ")]
            cut = (ends or blanks or [longest])[-1]
            parts.append(tokens[:cut])
            tokens = tokens[cut:]
        return [*parts, tokens] if len(tokens) else parts

    def pieces(self, part: Part) -> tuple[str, ...]:
        """A part's pieces in readable form."""
        return self._shown(part.source[:-1], part)

    def _shown(self, tokens: Iterable[int], part: Part) -> tuple[str, ...]:
        take = taking(part.strings, part.first)
        return tuple(
            take(self.symbols[token])
            if token in self.symbols
            else self.preprocessing.atoms.spell(self.tokenizer.piece(token))
            for token in map(int, tokens)
        )

    def candidates(self, parts: Sequence[Part], found: Sequence[Sequence[Hypothesis]]) -> tuple[Candidate, ...]:
        """The n-th best translation of a line, made of the n-th best of its parts; one empty candidate for a blank
        line."""
        if not parts:
            return (Candidate("", 0.0, 0.0, ()),)
        ranks = range(min(map(len, found)))
        return tuple(self._candidate(parts, [hypotheses[rank] for hypotheses in found]) for rank in ranks)

    def _candidate(self, parts: Sequence[Part], hypotheses: Sequence[Hypothesis]) -> Candidate:
        pieces = [self._shown(found.tokens, part) for part, found in zip(parts, hypotheses, strict=True)]
        return Candidate(
            text=join(self._text(part, found) for part, found in zip(parts, hypotheses, strict=True)),
            log_probability=sum(found.log_probability for found in hypotheses),
            score=sum(found.score for found in hypotheses) / len(hypotheses),
            pieces=tuple(piece for part in pieces for piece in part),
            alignments=tuple(
                Alignment((*self.pieces(part), END), (*target, END)[: len(found.attention)], found.attention)
                for part, target, found in zip(parts, pieces, hypotheses, strict=True)
                if found.attention is not None
            ),
            cut=not all(found.ended for found in hypotheses),
            mean_log_probability=float(
                np.mean([found.log_probability / max(len(found.tokens) + found.ended, 1) for found in hypotheses])
            ),
        )

    def _text(self, part: Part, found: Hypothesis) -> str:
        """A part's translation with its strings put back, and unknown words replaced by the source's words."""
        text = self.preprocessing.atoms.spell(decode_sentence(self.tokenizer, found.tokens)).strip()
        if self.preprocessing.unknowns and found.attention is not None and self.tokenizer.unk_id in found.tokens:
            unknown, source = self.tokenizer.piece(self.tokenizer.unk_id), self.pieces(part)
            for place, token in enumerate(found.tokens):
                if token == self.tokenizer.unk_id:
                    looked_at = int(found.attention[place, : len(source)].argmax()) if source else 0
                    text = text.replace(unknown, source[looked_at].strip() if source else "", 1)
        if part.strings:  # put in by the search, they may lack the blank that the model would have written
            text = keep_apart(text, decode_sentence(self.tokenizer, part.source[:-1].tolist()))
        return restore(text, part.strings, part.first)


def _renumber(text: str) -> str:
    """A text with its symbols numbered in order, from the first on."""
    symbols = cycle(SYMBOLS)
    return re.sub(KINDS["symbol"], lambda _: next(symbols), text)
