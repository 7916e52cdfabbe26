"""`seqcli train-lm`: train a language model on text."""

from __future__ import annotations

import shlex

from seqcli.cli.request import training_command
from seqcli.cli.training import run_training
from seqcli.language.options import TrainRequest


def _train(request: TrainRequest, as_json: bool) -> None:
    from seqcli.language.train import LANGUAGE_MODELLING

    run_training(
        LANGUAGE_MODELLING,
        request,
        metric="perplexity",
        said=lambda metrics: (
            f"validation perplexity {metrics['perplexity']:.2f}, {metrics['bits_per_char']:.3f} bits per character"
        ),
        try_out=f"seqcli generate --model {shlex.quote(str(request.output))} --prompt ''",
        as_json=as_json,
    )


train_lm = training_command(
    TrainRequest,
    "lm",
    """Train a language model on text.

    Trains for five minutes unless --budget, --epochs or --steps says otherwise, and saves
    checkpoints/NAME.lm.safetensors. Ctrl-C stops, saves and prints the command that resumes.
    """,
    _train,
)
