"""How good labels are: accuracy, and precision, recall and F1 of whole chunks (Tjong Kim Sang & Buchholz 2000)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqcli.errors import DataError
from seqcli.files.checkpoint import Checkpoint
from seqcli.notices import Notice, quietly
from seqcli.tagging.data import read_labelled
from seqcli.tagging.decoder import Decided
from seqcli.tagging.labels import Gold, LabelSet
from seqcli.tagging.options import EvaluateRequest
from seqcli.tagging.tag import Tagger


def quality(labels: LabelSet, found: Sequence[np.ndarray], gold: Sequence[Gold]) -> dict[str, Any]:
    """`accuracy` of steps and, for chunk labels, `precision`, `recall` and `f1` of chunks that have the right ends and
    kind, all kinds together, and each kind in `kinds`. Labels and kinds that the model does not know count as wrong."""
    right = sum(int((numbers == own.numbers).sum()) for numbers, own in zip(found, gold, strict=True))
    result: dict[str, Any] = {"accuracy": right / max(sum(map(len, found)), 1)}
    if labels.scheme is None:
        return result
    counts: dict[str, Counter[str]] = {"both": Counter(), "found": Counter(), "gold": Counter()}
    for one, own in zip(labels.chunks(found), gold, strict=True):
        for name, chunks in (("both", {*one} & {*own.chunks}), ("found", one), ("gold", own.chunks)):
            counts[name].update(kind for _, _, kind in chunks)
    kinds = sorted(counts["gold"].keys() | counts["found"].keys())
    result |= _figures(*(sum(counts[name].values()) for name in ("both", "found", "gold")))
    if kinds != [""]:
        result["kinds"] = {
            kind: _figures(*(counts[name][kind] for name in ("both", "found", "gold")))
            | {"chunks": counts["gold"][kind]}
            for kind in kinds
        }
    return result


def _figures(both: int, found: int, gold: int) -> dict[str, float]:
    return {
        "precision": both / found if found else 0.0,
        "recall": both / gold if gold else 0.0,
        "f1": 2 * both / (found + gold) if found + gold else 0.0,
    }


def evaluate_tagger(checkpoint: Checkpoint, request: EvaluateRequest, notice: Notice = quietly) -> dict[str, Any]:
    """Tag labelled files, in the format that the model has learnt from, and compare. Returns `task`, `sentences`,
    `steps`, the figures of `quality`, `unknown_accuracy` of the steps that are not in the vocabulary, None without
    any, and `steps_per_second`. `DataError` for files that cannot be used."""
    tagger = Tagger.load(checkpoint)
    sentences, _ = read_labelled(request.data, request, tagger.format, notice, tagger.labels.scheme)
    labels, lexicon = tagger.labels, tagger.decoder.lexicon
    started = time.perf_counter()
    decided: list[Decided] = []
    for first in range(0, len(sentences), 2048):
        decided += tagger.decoder.decide([sentence.steps for sentence in sentences[first : first + 2048]])
    seconds = time.perf_counter() - started
    found = [one.labels for one in decided]
    gold = [labels.gold(sentence.labels or ()) for sentence in sentences]
    if all((own.numbers < 0).all() for own in gold):
        raise DataError("has none of the labels that the model knows", path=request.data[0])
    known: dict[str, bool] = {}
    unknown = [
        a == b
        for sentence, one, own in zip(sentences, found, gold, strict=True)
        for step, a, b in zip(sentence.steps, one.tolist(), own.numbers.tolist(), strict=True)
        if not known.setdefault(step, lexicon.knows(step))
    ]
    steps = sum(map(len, found))
    return {
        "task": "tag",
        "sentences": len(sentences),
        "steps": steps,
        **_rounded(quality(labels, found, gold)),
        "unknown_steps": len(unknown),
        "unknown_accuracy": round(sum(unknown) / len(unknown), 4) if unknown else None,
        "steps_per_second": round(steps / max(seconds, 1e-9)),
    }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _rounded(value) if isinstance(value, dict) else round(value, 4) if isinstance(value, float) else value
        for name, value in values.items()
    }
