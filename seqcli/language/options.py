"""What `train-lm` can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from seqcli.options import MODEL, REGULARISATION, TRAINING, option, required
from seqcli.training.request import CELLS, MAX_LAYERS, WIDEST, RunRequest

SIZES = {  # (hidden, layers)
    "tiny": (128, 1),
    "small": (256, 1),
    "medium": (512, 1),
    "large": (768, 2),
}


@dataclass(frozen=True, kw_only=True)
class TrainRequest(RunRequest):
    """What `train-lm` was asked for; None leaves a choice to the data, the budget and the machine."""

    corpus: tuple[str, ...] = required(
        "Text files, plain or compressed; - is stdin.", metavar="FILE", kind="file", positional=True, saved=False
    )
    valid: tuple[str, ...] = option(
        (),
        "Text to validate on; lines or stretches from all over the corpus by default.",
        metavar="FILE",
        kind="file",
        may_change=True,
    )
    valid_share: float | None = option(
        None,
        "Share of the corpus held out without --valid; chosen by its length by default.",
        metavar="X",
        above=0,
        most=0.5,
    )
    column: str | None = option(
        None, "Column of a CSV, TSV or JSON Lines file that is the text: its name or number.", metavar="NAME"
    )
    lines: bool = option(False, "Take each line as a text of its own; found from the data by default.")
    stream: bool = option(False, "Take all lines as one text.")
    tokens: str = option(
        "auto", "Unit the text is split into.", choices=("auto", "char", "word", "subword"), shapes_model=True
    )
    vocab_size: int | None = option(
        None,
        "Maximum vocabulary size; chosen from the data by default.",
        metavar="N",
        least=2,
        most=10_000_000,
        shapes_model=True,
    )
    encoding: str = option("auto", "Encoding of the input; auto finds it from the bytes.", metavar="NAME")
    errors: str = option(
        "strict",
        "What to do with bytes that are not text: stop and say where, or replace them.",
        choices=("strict", "replace"),
    )
    cell: str = option("lstm", "Recurrent cell.", section=MODEL, choices=CELLS, shapes_model=True)
    size: str = option(
        "auto",
        "All sizes at once; auto chooses from data and budget.",
        section=MODEL,
        choices=("auto", *SIZES),
        shapes_model=True,
    )
    hidden: int | None = option(
        None, "Units in each layer.", section=MODEL, metavar="N", least=1, most=WIDEST, shapes_model=True
    )
    layers: int | None = option(
        None, "Number of layers.", section=MODEL, metavar="N", least=1, most=MAX_LAYERS, shapes_model=True
    )
    embedding: int | None = option(
        None, "Size of the token embeddings.", section=MODEL, metavar="N", least=1, most=WIDEST, shapes_model=True
    )
    tied: bool = option(
        True, "Share the weights of embedding and output layer.", section=MODEL, off="untied", shapes_model=True
    )
    batch_size: int | None = option(
        None, "Streams of text, or lines, in a batch.", section=TRAINING, metavar="N", least=1, most=WIDEST
    )
    bptt: int | None = option(
        None,
        "Time steps that gradients are propagated back.",
        section=TRAINING,
        metavar="N",
        least=1,
        most=WIDEST,
    )
    random_bptt: bool = option(
        False,
        "Vary the length around --bptt at random and scale the rate with it (Merity et al. 2017).",
        section=TRAINING,
    )
    average: float = option(
        0.0,
        "Decay of the moving average of the weights, such as 0.999; 0: none.",
        section=TRAINING,
        metavar="X",
        below=1,
    )
    softmax: str = option(
        "auto",
        "Compute the training loss over the whole vocabulary or over a sample of it.",
        section=TRAINING,
        choices=("auto", "full", "sampled"),
    )
    dropout: float | None = option(
        None,
        "Dropout between the layers and before the output, half of it on the input; the same mask for all time steps "
        "(Gal & Ghahramani 2016). Chosen by the number of passes over the text.",
        section=REGULARISATION,
        metavar="X",
        below=1,
    )
    input_dropout: float | None = option(
        None, "Dropout on the embedded tokens alone.", section=REGULARISATION, metavar="X", below=1
    )
    layer_dropout: float | None = option(
        None, "Dropout between the layers alone.", section=REGULARISATION, metavar="X", below=1
    )
    output_dropout: float | None = option(
        None, "Dropout before the output layer alone.", section=REGULARISATION, metavar="X", below=1
    )
    embedding_dropout: float | None = option(
        None,
        "Dropout of whole words (Gal & Ghahramani 2016).",
        section=REGULARISATION,
        metavar="X",
        below=1,
    )
    weight_dropout: float | None = option(
        None,
        "Dropout of recurrent weights (DropConnect, Merity et al. 2017).",
        section=REGULARISATION,
        metavar="X",
        below=1,
    )
    activation_penalty: float | None = option(
        None,
        "Weight of the penalty on the outputs' mean square (AR, Merity et al. 2017), such as 2.",
        section=REGULARISATION,
        metavar="X",
        most=1e6,
    )
    temporal_penalty: float | None = option(
        None,
        "Weight of the penalty on the outputs' change from step to step (TAR, ibid.), such as 1.",
        section=REGULARISATION,
        metavar="X",
        most=1e6,
    )
    label_smoothing: float | None = option(
        None,
        "Share of the target spread over the vocabulary (Szegedy et al. 2016).",
        section=REGULARISATION,
        metavar="X",
        below=1,
    )
    weight_decay: float | None = option(
        None,
        "Weight decay of AdamW (Loshchilov & Hutter 2019), such as 0.01.",
        section=REGULARISATION,
        metavar="X",
        most=1e6,
    )
