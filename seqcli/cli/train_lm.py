"""`seqcli train-lm`: train a language model on text."""

from __future__ import annotations

from seqcli.cli.training import training_command
from seqcli.language.options import TrainRequest

train_lm = training_command(
    TrainRequest,
    "language",
    "lm",
    "Train a language model on text.",
    budget="five minutes",
    said=lambda metrics: (
        f"validation perplexity {metrics['perplexity']:.2f}, {metrics['bits_per_char']:.3f} bits per character"
    ),
    try_out="seqcli generate --model {model} --prompt ''",
)
