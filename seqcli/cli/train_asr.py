"""`seqcli train-asr`: train a speech recogniser on recordings and their transcripts."""

from __future__ import annotations

from seqcli.cli.training import training_command
from seqcli.speech.options import TrainRequest

train_asr = training_command(
    TrainRequest,
    "speech",
    "asr",
    "Train a speech recogniser on recordings and their transcripts.",
    budget="ten minutes",
    said=lambda metrics: f"validation word error rate {metrics['wer']:.1f} %, characters {metrics['cer']:.1f} %",
    try_out="seqcli transcribe --model {model} RECORDING.wav",
)
