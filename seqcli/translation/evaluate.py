"""The quality of translations: BLEU and chrF of detokenised text (Papineni et al. 2002, Popović 2015, Post 2018)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from seqcli.errors import DataError
from seqcli.files.checkpoint import Checkpoint
from seqcli.notices import Notice, quietly
from seqcli.text.normalisation import normalise
from seqcli.text.pairs import read_pairs
from seqcli.text.scripts import HAN, SPACELESS
from seqcli.translation.options import EvaluateRequest, TranslateRequest
from seqcli.translation.translate import Translator

BLEU_ORDER = 4  # words of the longest runs that BLEU counts
BLIND = 0.25  # share of targets with fewer words, from which on BLEU does not choose the weights
BLEU_TOKENS: dict[str, Callable[[str], Sequence[str]]] = {"13a": str.split, "zh": list, "char": list}


def bleu_tokenizer(references: Sequence[str]) -> str:
    """sacreBLEU's tokenizer for the target language: `zh`, `char` for other scripts without spaces, or `13a`."""
    text = "".join(references[:1000])
    letters = max(sum(character.isalpha() for character in text), 1)
    if len(re.findall(f"[{SPACELESS}]", text)) > 0.2 * letters:
        return "char"
    return "zh" if len(re.findall(f"[{HAN}]", text)) > 0.3 * letters else "13a"


def translation_quality(hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, Any]:
    """`bleu`, `bleu_signature`, `chrf` and `chrf_signature` of a whole set, and `exact`, the share of translations
    equal to their reference but for what cannot be seen. References count in the form that targets have in training:
    composed, without invisible characters."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    references = [normalise(reference, typographic=True) for reference in references]
    bleu, chrf = BLEU(tokenize=bleu_tokenizer(references)), CHRF()
    bleu_score = bleu.corpus_score(list(hypotheses), [list(references)]).score
    chrf_score = chrf.corpus_score(list(hypotheses), [list(references)]).score
    same = sum(normalise(h) == normalise(r) for h, r in zip(hypotheses, references, strict=True))
    return {
        "bleu": round(bleu_score, 2),
        "bleu_signature": str(bleu.get_signature()),
        "chrf": round(chrf_score, 2),
        "chrf_signature": str(chrf.get_signature()),
        "exact": round(same / max(len(references), 1), 4),
    }


def choose_measure(references: Sequence[str]) -> tuple[str, str]:
    """The metric by which the best weights for such targets are chosen, `bleu` or `chrf`, and why, in a sentence. BLEU
    counts runs of four words: if many targets are shorter, it is zero or chance."""
    tokens = BLEU_TOKENS[bleu_tokenizer(references)]
    short = sum(len(tokens(reference)) < BLEU_ORDER for reference in references)
    if short > BLIND * len(references):
        share = short / max(len(references), 1)
        return "chrf", f"the best weights are those of the best chrF: BLEU cannot judge targets so short ({share:.0%})"
    return "bleu", "the best weights are those of the best BLEU"


def evaluate_translation(checkpoint: Checkpoint, request: EvaluateRequest, notice: Notice = quietly) -> dict[str, Any]:
    """Translate the sources of pairs (files of pairs, or a source and a target file) and compare with the targets.
    Returns `task`, `sentences`, the figures of `translation_quality`, `cut` (how many translations were cut at their
    greatest length) and `sentences_per_second`. Raises `DataError` for files that hold no pairs."""
    pairs = list(read_pairs(request.data, request, notice))
    if not pairs:
        raise DataError("there is nothing to evaluate: no pairs", path=request.data[0])
    search = TranslateRequest(
        beam=request.beam,
        length_penalty=request.length_penalty,
        max_length=request.max_length,
        ensemble=request.ensemble,
        device="cpu" if request.device == "auto" else request.device,
    )
    translator = Translator.load([checkpoint], search)
    started = time.perf_counter()
    translations = list(translator.translate([pair.source for pair in pairs], search))
    seconds = time.perf_counter() - started
    quality = translation_quality([t.text for t in translations], [pair.target.strip() for pair in pairs])
    return {
        "task": "mt",
        "sentences": len(pairs),
        **quality,
        "cut": sum(translation.candidates[0].cut for translation in translations),
        "sentences_per_second": round(len(pairs) / max(seconds, 1e-9), 1),
    }
