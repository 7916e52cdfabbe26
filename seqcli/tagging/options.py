"""What can be asked of taggers, and of their training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seqcli.errors import UsageError
from seqcli.options import MODEL, option
from seqcli.requests import EvaluationRequest, ScoringRequest, TextRequest, inputs_option, valid_share_option
from seqcli.training.request import (
    RunRequest,
    batch_option,
    cell_option,
    init_from_option,
    layers_option,
    share_option,
    width_option,
)

FORMATS = ("auto", "conll", "conllu", "inline", "ndjson", "segmented")


@dataclass(frozen=True, kw_only=True)
class TrainRequest(RunRequest, TextRequest):
    """What `train-tagger` was asked for; None leaves a choice to the data, the budget and the machine."""

    data: tuple[str, ...] = inputs_option(
        "Labelled text: columns, CoNLL-U, word/TAG lines, JSON lines or segmented text; - is stdin."
    )
    valid: tuple[str, ...] = option(
        (), "Labelled text to validate on, in the same format.", metavar="FILE", kind="file", saved=False
    )
    valid_share: float = valid_share_option("sentences")
    format: str = option("auto", "Format of the files; auto detects it from the first one.", choices=FORMATS)
    column: str | None = option(
        None,
        "Column with the labels: a number or name, upos, xpos, feats … for CoNLL-U, a key for JSON.",
        metavar="NAME",
    )
    characters: bool = option(
        False, "Label characters instead of words: words with tags, or spans, become chunks of them."
    )
    init_from: Path | None = init_from_option(
        "Start from the weights and vocabulary of this tagger (fine-tuning), or from the vectors of a language model."
    )
    cell: str = cell_option()
    hidden: int | None = width_option("Units of a layer in each direction.")
    layers: int | None = layers_option()
    embedding: int | None = width_option("Size of the word embeddings.")
    crf: bool = option(
        True, "Decide on all labels of a sentence together (CRF).", section=MODEL, off="no-crf", shapes_model=True
    )
    batch_size: int | None = batch_option("Steps in a batch.")
    dropout: float | None = share_option("Share of units left out in training.")


@dataclass(frozen=True, kw_only=True)
class TagRequest(TextRequest):
    """How `tag` reads and writes sentences."""

    input: str = option(
        "auto",
        "Format of the input; auto detects it from the first line.",
        choices=("auto", "text", "conll", "conllu", "inline", "ndjson"),
    )
    format: str | None = option(
        None,
        "Format of the output; the one the model was trained on by default.",
        choices=("conll", "conllu", "inline", "ndjson", "segmented"),
    )
    probabilities: bool = option(False, "Also print each label's probability (conll, conllu, ndjson).")
    n_best: int = option(1, "Labellings of each sentence, best first.", least=1)


@dataclass(frozen=True, kw_only=True)
class ScoreRequest(ScoringRequest):
    """How `score` reads labelled sentences."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.data) > 1:
            raise UsageError("a tagger scores the labels of one file", hint="give one file")


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(EvaluationRequest):
    """How `evaluate` reads labelled sentences."""
