"""Translates lines as they arrive: reads ahead, sorts by length, searches, and returns the translations in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seqcli.errors import CheckpointError, DataError
from seqcli.files.checkpoint import Checkpoint, load_checkpoint
from seqcli.model.threads import cores, each_on_a_core
from seqcli.requests import TableRequest
from seqcli.text.lines import windows
from seqcli.text.pairs import read_pairs
from seqcli.text.tokenizer import Tokenizer
from seqcli.translation.beam import Hypothesis, beam_search
from seqcli.translation.decoder import TranslationDecoder, load_translation_model
from seqcli.translation.glossary import Glossary
from seqcli.translation.lines import Candidate, Lines, Part
from seqcli.translation.options import TranslateRequest
from seqcli.translation.preprocessing import Preprocessing
from seqcli.translation.quality import Quality

FIRST_WINDOW = 8  # lines read ahead at first; doubled until WINDOW, so that output begins soon
WINDOW = 1024


@dataclass(frozen=True)
class Translation:
    """A line, its pieces, and its translations, best first; one empty translation for a blank line."""

    source: str
    source_pieces: tuple[str, ...]
    candidates: tuple[Candidate, ...]

    @property
    def text(self) -> str:
        return self.candidates[0].text


def _read_terms(path: str, request: TranslateRequest) -> list[tuple[str, str]]:
    """The terms of a glossary and their translations; `DataError` without what only other commands can do about it."""
    try:
        read = list(read_pairs([path], TableRequest(encoding=request.encoding, errors=request.errors)))
    except DataError as problem:
        raise DataError(
            problem.message, hint="a glossary has lines of term TAB translation, and no others"
        ) from problem
    return [(pair.source, pair.target) for pair in read]


class Translator:
    """One model, or an ensemble with the same vocabulary, ready to translate. `glossary` has terms and their
    translations; every translation begins with `prefix`; `quality` estimates the quality of translations."""

    def __init__(
        self,
        decoders: Sequence[TranslationDecoder],
        tokenizer: Tokenizer,
        preprocessing: Preprocessing | None = None,
        *,
        glossary: Sequence[tuple[str, str]] = (),
        prefix: str = "",
        quality: Quality | None = None,
    ) -> None:
        self.decoders, self.tokenizer = list(decoders), tokenizer
        self.preprocessing = preprocessing or Preprocessing()
        self.quality = quality
        written = [(self.preprocessing.characters(s), self.preprocessing.target(t)) for s, t in glossary]
        terms = Glossary(written, tokenizer) if glossary else None
        self.lines = Lines(tokenizer, self.preprocessing, terms, prefix)

    @classmethod
    def load(cls, checkpoints: Sequence[Checkpoint], request: TranslateRequest | None = None) -> Translator:
        """From checkpoints and those of the request's ensemble, as requested; the glossary is pairs of terms or a file
        of them. Raises `CheckpointError` when an ensemble's vocabularies differ, `UsageError` for strings to keep where
        the model cannot."""
        request = request or TranslateRequest()
        checkpoints = [*checkpoints, *(load_checkpoint(Path(name), task="mt") for name in request.ensemble)]
        terms = request.glossary or ()
        if isinstance(terms, str | Path):
            terms = _read_terms(str(terms), request)
        loaded = [load_translation_model(checkpoint, request.device) for checkpoint in checkpoints]
        if any(c.blobs["tokenizer"] != checkpoints[0].blobs["tokenizer"] for c in checkpoints):
            hint = "train them on the same pairs with different --seed"
            raise CheckpointError("the models of an ensemble must share one vocabulary", hint=hint)
        preprocessing = Preprocessing.of(checkpoints[0].blobs).with_keep(request.keep)
        decoders, quality = [decoder for decoder, _ in loaded], Quality.from_metrics(checkpoints[0].metrics)
        return cls(decoders, loaded[0][1], preprocessing, glossary=terms, prefix=request.prefix, quality=quality)

    def estimate(self, candidate: Candidate) -> float | None:
        """The estimated chrF of a translation, 0 to 100; None for models without an estimate."""
        if self.quality is None:
            return None
        return self.quality.of(candidate.mean_log_probability) if candidate.pieces else 0.0

    def translate(
        self,
        lines: Iterable[str],
        request: TranslateRequest | None = None,
        *,
        attention: bool = False,
        ready: Callable[[], bool] | None = None,
    ) -> Iterator[Translation]:
        """Translate every line, in order, while `lines` are still arriving; blank lines stay blank.

        Of the `request` the options of the search count; with `attention` translations come with their alignments.

        Up to `WINDOW` lines are read ahead and translated in batches of similar length. If `ready` is given, those that
        have arrived are translated as soon as it says that the next one has not.
        """
        request = request or TranslateRequest()
        for window in windows(lines, ready, FIRST_WINDOW, WINDOW):
            yield from self._translate_window(window, request, attention)

    def _translate_window(self, lines: list[str], request: TranslateRequest, attention: bool) -> Iterator[Translation]:
        parts = [self.lines.parts(line) for line in lines]
        found = iter(self._search([part for of_line in parts for part in of_line], request, attention))
        for line, of_line in zip(lines, parts, strict=True):
            candidates = self.lines.candidates(of_line, [next(found) for _ in of_line])
            if not attention:
                candidates = tuple(replace(candidate, alignments=()) for candidate in candidates)
            pieces = tuple(piece for part in of_line for piece in self.lines.pieces(part))
            yield Translation(line, pieces, candidates)

    def _search(self, parts: Sequence[Part], request: TranslateRequest, attention: bool) -> list[list[Hypothesis]]:
        """The translations of each part, those of like length together, and those with constraints among themselves."""
        attention |= self.preprocessing.unknowns  # which are replaced by it
        on_cpu = isinstance(self.decoders[0].embedding, np.ndarray)
        workers = cores() if on_cpu else 1
        found: list[list[Hypothesis]] = [[] for _ in parts]
        batches: list[list[int]] = []
        for constrained in (False, True):
            numbers = [n for n, part in enumerate(parts) if bool(part.phrases) is constrained]
            numbers.sort(key=lambda n: len(parts[n].source))
            size = min(request.batch_size, -(-len(numbers) // workers) or 1)  # of few lines each core has some
            batches += [numbers[start : start + size] for start in range(0, len(numbers), size)]

        def search_batch(batch: list[int]) -> None:
            some = [parts[n] for n in batch]
            end, forbidden = self.tokenizer.boundary_id, self.lines.forbidden
            results = beam_search(self.decoders, some, request, end_id=end, forbidden=forbidden, attention=attention)
            for number, hypotheses in zip(batch, results, strict=True):
                found[number] = hypotheses

        longest_first = batches[::-1]  # so that none is waited for at the end
        if on_cpu:
            each_on_a_core(search_batch, longest_first)
        else:
            for batch in longest_first:
                search_batch(batch)
        return found
