"""`seqcli train-mt`: train a translation model on pairs of sentences."""

from __future__ import annotations

from seqcli.cli.training import training_command
from seqcli.translation.options import TrainRequest

train_mt = training_command(
    TrainRequest,
    "translation",
    "mt",
    "Train a translation model on pairs of sentences.",
    budget="ten minutes",
    said=lambda metrics: (
        f"validation BLEU {metrics['bleu']:.1f}, chrF {metrics['chrf']:.1f}, exact {metrics['exact']:.1%}, "
        f"perplexity {metrics['perplexity']:.2f}"
    ),
    try_out="seqcli translate --model {model} 'a sentence to translate'",
)
