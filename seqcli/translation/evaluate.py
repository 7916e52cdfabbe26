"""How good translations are: BLEU and chrF of detokenised text (Papineni et al. 2002, Popović 2015, Post 2018)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from seqcli.errors import DataError
from seqcli.files.checkpoint import Checkpoint
from seqcli.text.bitext import read_pairs
from seqcli.translation.beam import Search
from seqcli.translation.translate import Translator

# Scripts written without spaces, where words would have to be guessed: (first, last) characters.
HAN = (("㐀", "鿿"),)
SPACELESS = (("぀", "ヿ"), ("฀", "๿"), ("ກ", "໿"), ("ក", "៿"), ("က", "႟"))


def bleu_tokenizer(references: Sequence[str]) -> str:
    """sacreBLEU's tokenizer that suits the target language: `zh`, `char` for other scripts without spaces, or `13a`."""
    text = "".join(references[:1000])
    letters = max(sum(character.isalpha() for character in text), 1)

    def share(ranges: tuple[tuple[str, str], ...]) -> float:
        return sum(any(first <= c <= last for first, last in ranges) for c in text) / letters

    if share(SPACELESS) > 0.2:
        return "char"
    return "zh" if share(HAN) > 0.3 else "13a"


def translation_quality(hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, Any]:
    """`bleu`, `bleu_signature`, `chrf` and `chrf_signature` of a whole set."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    bleu, chrf = BLEU(tokenize=bleu_tokenizer(references)), CHRF()
    bleu_score = bleu.corpus_score(list(hypotheses), [list(references)]).score
    chrf_score = chrf.corpus_score(list(hypotheses), [list(references)]).score
    return {
        "bleu": round(bleu_score, 2),
        "bleu_signature": str(bleu.get_signature()),
        "chrf": round(chrf_score, 2),
        "chrf_signature": str(chrf.get_signature()),
    }


def evaluate_translation(
    checkpoint: Checkpoint,
    paths: Sequence[str],
    *,
    search: Search | None = None,
    device: str = "cpu",
    encoding: str = "utf-8",
    errors: str = "strict",
) -> dict[str, Any]:
    """Translate the sources of a bitext (one TSV, or a source and a target file) and compare with its targets.

    Returns `task`, `sentences`, the figures of `translation_quality`, `exact` (the share of translations equal to their
    reference) and `sentences_per_second`. Raises `DataError` for a file that is no bitext or is empty.
    """
    pairs = list(read_pairs(paths, encoding=encoding, errors=errors))
    if not pairs:
        raise DataError("there is nothing to evaluate: no pairs", path=paths[0])
    translator = Translator.load([checkpoint], device)
    started = time.perf_counter()
    hypotheses = [translation.text for translation in translator.translate([pair.source for pair in pairs], search)]
    seconds = time.perf_counter() - started
    references = [pair.target for pair in pairs]
    exact = sum(h == r.strip() for h, r in zip(hypotheses, references, strict=True)) / len(pairs)
    return {
        "task": "mt",
        "sentences": len(pairs),
        **translation_quality(hypotheses, references),
        "exact": round(exact, 4),
        "sentences_per_second": round(len(pairs) / max(seconds, 1e-9), 1),
    }
