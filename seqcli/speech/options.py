"""What can be asked of speech recognisers, and of their training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqcli.errors import UsageError
from seqcli.options import MODEL, REGULARISATION, TRAINING, Request, option
from seqcli.requests import (
    WIDEST_BEAM,
    EvaluationRequest,
    ScoringRequest,
    TableRequest,
    inputs_option,
    valid_option,
    valid_share_option,
    vocab_size_option,
)
from seqcli.training.request import RunRequest, cell_option, layers_option, share_option, size_option, width_option

SIZES = {  # units of the front layer, units of a recurrent layer in each direction, recurrent layers
    "tiny": (64, 64, 1),
    "small": (128, 128, 2),
    "medium": (192, 192, 3),
    "large": (320, 320, 4),
}
SAMPLE_RATES = ("auto", "8000", "16000")


def _open_words() -> Any:
    return option(False, "Allow any word, even if the training transcripts have only a few different ones.")


@dataclass(frozen=True, kw_only=True)
class TrainRequest(RunRequest, TableRequest):
    """What `train-asr` was asked for; None leaves a choice to the data, the budget and the machine. `recordings` are
    tables or folders, `valid` likewise."""

    recordings: tuple[str, ...] = inputs_option(
        "Table of recordings (a line each: PATH TAB TRANSCRIPT; CSV or JSON lines too), or a folder with transcripts.",
        "TABLE",
    )
    valid: tuple[str, ...] = valid_option("Recordings to validate on: a table or a folder.", "TABLE")
    valid_share: float = valid_share_option("recordings")
    by_speaker: str | None = option(
        None, "Hold out whole speakers, named in this column (its name, or its number from 1).", metavar="COLUMN"
    )
    tokens: str = option(
        "char", "Unit transcripts are split into.", choices=("char", "subword", "word"), shapes_model=True
    )
    vocab_size: int | None = vocab_size_option()
    lowercase: bool = option(False, "Convert transcripts to lower case.", shapes_model=True)
    open_words: bool = _open_words()
    sample_rate: str = option(
        "auto",
        "Sample rate to convert recordings to; auto: 16,000 if at least half of them have it, else 8,000.",
        section=MODEL,
        choices=SAMPLE_RATES,
        shapes_model=True,
    )
    streaming: bool = option(
        False,
        "Train a network of one direction, which transcribes while sound still comes; less exact.",
        section=MODEL,
        shapes_model=True,
    )
    cell: str = cell_option()
    size: str = size_option(SIZES)
    hidden: int | None = width_option("Units of a recurrent layer in each direction.")
    layers: int | None = layers_option("Number of recurrent layers.")
    batch_size: float | None = option(
        None, "Seconds of sound in a batch.", section=TRAINING, metavar="SECONDS", above=0, most=100_000
    )
    join: float = option(
        4.0,
        "Join recordings at random into utterances of up to this many seconds; 0: train on each alone.",
        section=TRAINING,
        metavar="SECONDS",
        most=60,
    )
    augmentation: float = option(
        1.0,
        "Strength of changes to voices, rooms and noise in training; 0: none.",
        section=REGULARISATION,
        most=2,
    )
    dropout: float | None = share_option("Share of units dropped in training.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by_speaker is not None and self.valid:
            raise UsageError("--by-speaker and --valid exclude one another", hint="give one of them")


@dataclass(frozen=True, kw_only=True)
class SearchRequest(Request):
    """How transcripts are searched for."""

    beam: int = option(16, "Beam size of the search; 1 is greedy.", least=1, most=WIDEST_BEAM)
    lm: Any = option(None, "Language model (from train-lm) to use in the search.", metavar="MODEL", kind="file")
    lm_weight: float = option(2.0, "Weight of the language model's log-probabilities.", most=1000)
    word_bonus: float = option(0.0, "Bonus for each word in the search with --lm, in nats.", least=-1000, most=1000)
    open_words: bool = _open_words()


@dataclass(frozen=True, kw_only=True)
class ScoreRequest(ScoringRequest, TableRequest):
    """How `score` reads recordings and their transcripts."""


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(EvaluationRequest, SearchRequest, TableRequest):
    """How `evaluate` transcribes recordings."""

    by_speaker: str | None = option(None, "Column of the table that says who speaks.", metavar="COLUMN")
