"""`seqcli train-tagger`: learn to label the steps of sentences."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from seqcli.cli.request import training_command
from seqcli.cli.training import run_training
from seqcli.tagging.options import TrainRequest


def _train(request: TrainRequest, as_json: bool) -> None:
    from seqcli.tagging.train import TAGGING

    run_training(
        TAGGING,
        request,
        metric=("f1", "accuracy"),
        said=_said,
        try_out=f"seqcli tag --model {shlex.quote(str(request.output))} < text",
        as_json=as_json,
    )


def _said(metrics: Mapping[str, Any]) -> str:
    accuracy = f"accuracy {100 * metrics['accuracy']:.2f} %"
    if "f1" not in metrics:
        return f"validation {accuracy}"
    figures = ", ".join(f"{name} {100 * metrics[name]:.2f} %" for name in ("precision", "recall"))
    return f"validation F1 {100 * metrics['f1']:.2f} % ({figures}), {accuracy}"


train_tagger = training_command(
    TrainRequest,
    "tag",
    """Train a tagger: a label for each word, or each character.

    Parts of speech, entities, chunks, word boundaries. Reads CoNLL columns, CoNLL-U, word/TAG lines, JSON lines with
    spans, and segmented text, and says which it found. Trains for ten minutes unless --budget, --epochs or --steps says
    otherwise, and saves checkpoints/NAME.tag.safetensors. Ctrl-C stops, saves and prints the command that resumes.
    """,
    _train,
)
