"""Translate lines as they come: read ahead, sort by length, search, and give the translations back in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import Checkpoint
from seqcli.text.bitext import decode_sentence, encode_sentence
from seqcli.text.live import windows
from seqcli.text.tokenizer import Tokenizer
from seqcli.translation.beam import Hypothesis, Search, beam_search
from seqcli.translation.decoder import TranslationDecoder, load_translation_model

FIRST_WINDOW = 8  # lines read ahead at first; doubled until WINDOW, so that output begins soon
WINDOW = 1024
LONGEST = 200  # source tokens translated at once; a longer line goes in parts
END = "⏎"  # how the end mark is shown
SENTENCE_ENDS = tuple(".!?;。！？；")


@dataclass(frozen=True)
class Alignment:
    """What a part of a line was translated from: its pieces and its translation's, each with the end mark, and the
    attention's weights (target, source)."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """One translation of a line: its text, log p in nats, the score it is ranked by, its pieces and, on demand, the
    alignments of the line's parts (one, unless the line is very long)."""

    text: str
    log_probability: float
    score: float
    pieces: tuple[str, ...]
    alignments: tuple[Alignment, ...] = ()


@dataclass(frozen=True)
class Translation:
    """A line, its pieces, and its translations, best first; one empty translation for a blank line."""

    source: str
    source_pieces: tuple[str, ...]
    candidates: tuple[Candidate, ...]

    @property
    def text(self) -> str:
        return self.candidates[0].text


class Translator:
    """One model, or several with the same vocabulary as an ensemble, ready to translate."""

    def __init__(self, decoders: Sequence[TranslationDecoder], tokenizer: Tokenizer) -> None:
        self.decoders, self.tokenizer = list(decoders), tokenizer

    @classmethod
    def load(cls, checkpoints: Sequence[Checkpoint], device: str = "cpu") -> Translator:
        """From checkpoints; `CheckpointError` when an ensemble's vocabularies differ."""
        loaded = [load_translation_model(checkpoint, device) for checkpoint in checkpoints]
        if any(c.blobs["tokenizer"] != checkpoints[0].blobs["tokenizer"] for c in checkpoints):
            raise CheckpointError(
                "the models of an ensemble must share one vocabulary",
                hint="train them on the same pairs with different --seed",
            )
        return cls([decoder for decoder, _ in loaded], loaded[0][1])

    def translate(
        self,
        lines: Iterable[str],
        search: Search | None = None,
        *,
        batch_size: int = 64,
        ready: Callable[[], bool] | None = None,
    ) -> Iterator[Translation]:
        """Translate every line, in order, while `lines` are still coming; blank lines stay blank.

        Lines are read ahead, up to `WINDOW` of them, and translated in batches of like length; as soon as `ready` is
        given and says that the next one is not there yet, those that came are translated.
        """
        search = search or Search()
        for window in windows(lines, ready, FIRST_WINDOW, WINDOW):
            yield from self._translate_window(window, search, batch_size)

    def _translate_window(self, lines: list[str], search: Search, batch_size: int) -> Iterator[Translation]:
        parts = [self._parts(line) for line in lines]
        flat = [(number, part) for number, line_parts in enumerate(parts) for part in line_parts]
        order = sorted(range(len(flat)), key=lambda index: len(flat[index][1]))
        found: list[list[Hypothesis]] = [[] for _ in flat]
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            sources = [np.append(flat[index][1], self.tokenizer.boundary_id) for index in batch]
            results = beam_search(
                self.decoders,
                sources,
                search,
                end_id=self.tokenizer.boundary_id,
                forbidden=[self.tokenizer.unk_id],
            )
            for index, hypotheses in zip(batch, results, strict=True):
                found[index] = hypotheses
        of_line: list[list[list[Hypothesis]]] = [[] for _ in lines]
        for (number, _), hypotheses in zip(flat, found, strict=True):
            of_line[number].append(hypotheses)
        for line, line_parts, hypotheses_of_parts in zip(lines, parts, of_line, strict=True):
            pieces = [self._pieces(part) for part in line_parts]
            candidates = self._candidates(pieces, hypotheses_of_parts)
            yield Translation(line, tuple(piece for part in pieces for piece in part), candidates)

    def _parts(self, line: str) -> list[np.ndarray]:
        """The line's tokens, in parts of at most `LONGEST`, cut after the last sentence end that is there."""
        if not line.strip():
            return []
        tokens, parts = encode_sentence(self.tokenizer, line)[:-1], []
        while len(tokens) > LONGEST:
            ends = [
                place
                for place in range(LONGEST // 4, LONGEST)
                if self.tokenizer.piece(int(tokens[place])).endswith(SENTENCE_ENDS)
            ]
            cut = ends[-1] + 1 if ends else LONGEST
            parts.append(tokens[:cut])
            tokens = tokens[cut:]
        return [*parts, tokens] if len(tokens) else parts

    def _pieces(self, tokens: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.tokenizer.piece(int(token)) for token in tokens)

    def _candidates(self, sources: list[tuple[str, ...]], parts: list[list[Hypothesis]]) -> tuple[Candidate, ...]:
        """The n-th best of a line is made of the n-th best of its parts."""
        if not parts:
            return (Candidate("", 0.0, 0.0, ()),)
        ranks = range(min(map(len, parts)))
        return tuple(self._candidate(sources, [part[rank] for part in parts]) for rank in ranks)

    def _candidate(self, sources: list[tuple[str, ...]], parts: list[Hypothesis]) -> Candidate:
        pieces = [self._pieces(part.tokens) for part in parts]
        text = " ".join(decode_sentence(self.tokenizer, part.tokens) for part in parts)
        return Candidate(
            text=text,
            log_probability=sum(part.log_probability for part in parts),
            score=sum(part.score for part in parts) / len(parts),
            pieces=tuple(piece for part in pieces for piece in part),
            alignments=tuple(
                Alignment((*source, END), (*target, END)[: len(part.attention)], part.attention)
                for source, target, part in zip(sources, pieces, parts, strict=True)
                if part.attention is not None
            ),
        )
