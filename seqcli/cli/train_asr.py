"""`seqcli train-asr`: train a speech recogniser on recordings and their transcripts."""

from __future__ import annotations

import shlex

from seqcli.cli.request import training_command
from seqcli.cli.training import run_training
from seqcli.speech.options import TrainRequest


def _train(request: TrainRequest, as_json: bool) -> None:
    from seqcli.speech.train import SPEECH

    run_training(
        SPEECH,
        request,
        metric="wer",
        said=lambda metrics: f"validation word error rate {metrics['wer']:.1f} %, characters {metrics['cer']:.1f} %",
        try_out=f"seqcli transcribe --model {shlex.quote(str(request.output))} RECORDING.wav",
        as_json=as_json,
    )


train_asr = training_command(
    TrainRequest,
    "asr",
    """Train a speech recogniser on recordings and their transcripts.

    Trains for ten minutes unless --budget, --epochs or --steps says otherwise, and saves
    checkpoints/NAME.asr.safetensors. Ctrl-C stops, saves and prints the command that resumes.
    """,
    _train,
)
