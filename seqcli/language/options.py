"""What can be asked of language models, and of their training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqcli.errors import UsageError
from seqcli.options import MODEL, REGULARISATION, TRAINING, option
from seqcli.requests import (
    ColumnRequest,
    CorpusRequest,
    DecodingRequest,
    DeviceRequest,
    EvaluationRequest,
    ScoringRequest,
    TextRequest,
    inputs_option,
)
from seqcli.training.request import (
    WIDEST,
    RunRequest,
    batch_option,
    cell_option,
    layers_option,
    share_option,
    size_option,
    width_option,
)

SIZES = {  # (hidden, layers)
    "tiny": (128, 1),
    "small": (256, 1),
    "medium": (512, 1),
    "large": (768, 2),
}


def _weight_option(explain: str) -> Any:
    return option(None, explain, section=REGULARISATION, most=1e6)


@dataclass(frozen=True, kw_only=True)
class TrainRequest(CorpusRequest, RunRequest, TextRequest):
    """What `train-lm` was asked for; None leaves a choice to the data, the budget and the machine."""

    corpus: tuple[str, ...] = inputs_option("Text files, plain or compressed; - is stdin.")
    cell: str = cell_option()
    size: str = size_option(SIZES)
    hidden: int | None = width_option("Units in each layer.")
    layers: int | None = layers_option()
    embedding: int | None = width_option("Size of the token embeddings.")
    tied: bool = option(
        True, "Share the weights of embedding and output layer.", section=MODEL, off="untied", shapes_model=True
    )
    batch_size: int | None = batch_option("Streams of text, or lines, per batch.", most=WIDEST)
    bptt: int | None = batch_option("Time steps that gradients are propagated back through.", most=WIDEST)
    random_bptt: bool = option(
        False,
        "Vary the length around --bptt at random and scale the rate with it (Merity et al. 2017).",
        section=TRAINING,
    )
    average: float = option(
        0.0, "Decay of the moving average of the weights, such as 0.999; 0: none.", section=TRAINING, below=1
    )
    softmax: str = option(
        "auto",
        "Compute the training loss over the whole vocabulary or over a sample of it.",
        section=TRAINING,
        choices=("auto", "full", "sampled"),
    )
    dropout: float | None = share_option(
        "Dropout between the layers and before the output, half of it on the input; the same mask for all time steps "
        "(Gal & Ghahramani 2016). Chosen by the number of passes over the text."
    )
    input_dropout: float | None = share_option("Dropout on the embedded tokens alone.")
    layer_dropout: float | None = share_option("Dropout between the layers alone.")
    output_dropout: float | None = share_option("Dropout before the output layer alone.")
    embedding_dropout: float | None = share_option("Dropout of whole words (Gal & Ghahramani 2016).")
    weight_dropout: float | None = share_option("Dropout of recurrent weights (DropConnect, Merity et al. 2017).")
    activation_penalty: float | None = _weight_option(
        "Weight of the penalty on the outputs' mean square (AR, Merity et al. 2017), such as 2."
    )
    temporal_penalty: float | None = _weight_option(
        "Weight of the penalty on the outputs' change from step to step (TAR, ibid.), such as 1."
    )
    label_smoothing: float | None = share_option(
        "Share of the target spread over the vocabulary (Szegedy et al. 2016)."
    )
    weight_decay: float | None = _weight_option("Weight decay of AdamW (Loshchilov & Hutter 2019), such as 0.01.")


@dataclass(frozen=True, kw_only=True)
class GenerateRequest(DecodingRequest):
    """How `generate` continues a text."""

    max_tokens: int = option(200, "Maximum number of tokens to add.", least=1)
    max_lines: int | None = option(None, "Maximum number of lines to add.", least=1)
    stop: tuple[str, ...] = option((), "Stop before this text; may be given several times.", metavar="TEXT")
    samples: int = option(1, "Continuations of each prompt.", short="-n", least=1, most=1_000_000)
    temperature: float = option(0.8, "0 takes the likeliest token, 1 samples from the model's own distribution.")
    top_k: int = option(0, "Sample from the k likeliest tokens; 0: from all.")
    top_p: float = option(1.0, "Sample from the likeliest tokens that together have this probability.", above=0, most=1)
    min_p: float = option(
        0.0, "Leave out tokens less probable than this share of the likeliest one's probability.", most=1
    )
    repetition_penalty: float = option(
        1.0, "Above 1: tokens that already occurred become less likely.", least=0.01, most=100
    )
    seed: int = option(1, "Seed of the random numbers: same seed, same text.")
    int8: bool = option(False, "Round weights to 8 bits: slower to start, then several times faster.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if "" in self.stop:
            raise UsageError("--stop needs a text that is not empty")


@dataclass(frozen=True, kw_only=True)
class UnknownRequest(TextRequest):
    """What unknown tokens cost."""

    open_vocabulary: bool = option(
        False,
        "Add what the spelling of each unknown word or character costs, so that models with different vocabularies "
        "compare.",
    )


@dataclass(frozen=True, kw_only=True)
class ScoreRequest(UnknownRequest, ScoringRequest, DecodingRequest):
    """How `score` reads lines."""

    unit: str = option("nats", "Unit of surprisals and log-probabilities.", choices=("nats", "bits"))
    line_end: bool = option(True, "Count the end of a line as one of its tokens.")
    per_word: bool = option(False, "Print a row for each word, with its position and its surprisal.")
    context: bool = option(False, "Read the lines as one text, each after those before it.")
    column: str | None = option(
        None,
        "Score this column (name or number) of a CSV, TSV or JSON file, and repeat the others beside its scores.",
        metavar="NAME",
    )
    pairs: bool = option(
        False, "Read minimal pairs (good TAB bad, or group TAB good TAB bad); print how often the good one is likelier."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.context and (self.pairs or not self.line_end):
            raise UsageError("--context reads whole lines of one text", hint="leave --pairs and --no-line-end out")
        if self.pairs and self.column:
            raise UsageError("--pairs reads lines, not a column", hint="give good TAB bad a line")
        if len(self.data) > 1:
            raise UsageError("a language model scores the lines of one file", hint="give one file")


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(UnknownRequest, EvaluationRequest, ColumnRequest, DeviceRequest):
    """How `evaluate` reads a text."""

    dynamic: bool = option(False, "Measure also while the model learns from what it reads (Krause et al. 2018).")
    cache: bool = option(False, "Measure also with a cache of 2,000 tokens (Grave et al. 2017).")
