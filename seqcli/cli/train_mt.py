"""`seqcli train-mt`: train a translation model on pairs of sentences."""

from __future__ import annotations

import shlex

from seqcli.cli.request import training_command
from seqcli.cli.training import run_training
from seqcli.translation.options import TrainRequest


def _train(request: TrainRequest, as_json: bool) -> None:
    from seqcli.translation.train import TRANSLATION

    run_training(
        TRANSLATION,
        request,
        metric="bleu",
        said=lambda metrics: (
            f"validation BLEU {metrics['bleu']:.1f}, chrF {metrics['chrf']:.1f}, exact {metrics['exact']:.1%}, "
            f"perplexity {metrics['perplexity']:.2f}"
        ),
        try_out=f"seqcli translate --model {shlex.quote(str(request.output))} 'a sentence to translate'",
        as_json=as_json,
    )


train_mt = training_command(
    TrainRequest,
    "mt",
    """Train a translation model on pairs of sentences.

    Trains for ten minutes unless --budget, --epochs or --steps says otherwise, and saves
    checkpoints/NAME.mt.safetensors. Ctrl-C stops, saves and prints the command that resumes.
    """,
    _train,
)
