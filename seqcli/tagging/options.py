"""What `train-tagger` can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from seqcli.options import MODEL, REGULARISATION, TRAINING, option, required
from seqcli.training.request import CELLS, MAX_LAYERS, WIDEST, RunRequest

FORMATS = ("auto", "conll", "conllu", "inline", "ndjson", "segmented")


@dataclass(frozen=True, kw_only=True)
class TrainRequest(RunRequest):
    """What `train-tagger` was asked for; None leaves a choice to the data, the budget and the machine."""

    data: tuple[str, ...] = required(
        "Labelled text: columns, CoNLL-U, word/TAG lines, JSON lines or segmented text; - is stdin.",
        metavar="FILE",
        kind="file",
        positional=True,
        saved=False,
    )
    valid: tuple[str, ...] = option(
        (), "Labelled text to validate on, in the same format.", metavar="FILE", kind="file", saved=False
    )
    valid_share: float = option(
        0.05, "Share of the sentences held out without --valid.", metavar="X", above=0, most=0.5
    )
    format: str = option("auto", "Format of the files; auto looks at how the first begins.", choices=FORMATS)
    column: str | None = option(
        None, "Column with the labels: a number, or upos, xpos, feats … for CoNLL-U.", metavar="NAME"
    )
    characters: bool = option(False, "Label characters: words and their tags, or spans, become chunks of them.")
    encoding: str = option("auto", "Encoding of the input; auto finds it.", metavar="NAME")
    errors: str = option(
        "strict",
        "What to do with bytes that are not text: stop and say where, or replace them.",
        choices=("strict", "replace"),
    )
    cell: str = option("lstm", "Recurrent cell.", section=MODEL, choices=CELLS, shapes_model=True)
    hidden: int | None = option(
        None, "Units of a layer in each direction.", section=MODEL, metavar="N", least=1, most=WIDEST, shapes_model=True
    )
    layers: int | None = option(
        None, "Number of layers.", section=MODEL, metavar="N", least=1, most=MAX_LAYERS, shapes_model=True
    )
    embedding: int | None = option(
        None, "Size of the word embeddings.", section=MODEL, metavar="N", least=1, most=WIDEST, shapes_model=True
    )
    crf: bool = option(
        True, "Decide on all labels of a sentence together (CRF).", section=MODEL, off="no-crf", shapes_model=True
    )
    batch_size: int | None = option(None, "Steps in a batch.", section=TRAINING, metavar="N", least=1, most=10_000_000)
    dropout: float | None = option(
        None, "Share of units left out in training.", section=REGULARISATION, metavar="X", least=0, below=1
    )
