"""`seqcli train-tagger`: train a tagger on labelled text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqcli.cli.training import training_command
from seqcli.tagging.options import TrainRequest


def _said(metrics: Mapping[str, Any]) -> str:
    accuracy = f"accuracy {100 * metrics['accuracy']:.2f} %"
    if "f1" not in metrics:
        return f"validation {accuracy}"
    figures = ", ".join(f"{name} {100 * metrics[name]:.2f} %" for name in ("precision", "recall"))
    return f"validation F1 {100 * metrics['f1']:.2f} % ({figures}), {accuracy}"


train_tagger = training_command(
    TrainRequest,
    "tagging",
    "tag",
    """Train a tagger: a label for each word, or each character.

    Parts of speech, entities, chunks, word boundaries. Reads CoNLL columns, CoNLL-U, word/TAG lines, JSON lines with
    spans, and segmented text, and says which it found.""",
    budget="ten minutes",
    said=_said,
    try_out="seqcli tag --model {model} < text",
)
