"""The options of translation models and of their training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqcli.errors import UsageError
from seqcli.options import MODEL, REGULARISATION, TRAINING, Request, option
from seqcli.requests import (
    WIDEST_BEAM,
    DecodingRequest,
    DeviceRequest,
    EvaluationRequest,
    ScoringRequest,
    TableRequest,
    TextRequest,
    inputs_option,
    valid_option,
    valid_share_option,
    vocab_size_option,
)
from seqcli.text.expressions import compiled
from seqcli.training.request import (
    RunRequest,
    batch_option,
    cell_option,
    layers_option,
    share_option,
    size_option,
    width_option,
)

SIZES = {  # embedding, encoder hidden (each direction), encoder layers, decoder hidden, decoder layers
    "tiny": (96, 96, 1, 128, 2),
    "small": (192, 192, 1, 256, 2),
    "medium": (256, 256, 1, 384, 2),
    "large": (384, 384, 2, 512, 2),
}
KEEP = "Copy what matches instead of translating it; may be given several times."


def parse_patterns(given: Any) -> tuple[str, ...]:
    """Regular expressions, one or several; `ValueError` for what is none."""
    patterns = tuple(given) if isinstance(given, list | tuple) else (given,)
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise ValueError(f"a regular expression is text, not {pattern!r:.80}")
        compiled(pattern)
    return patterns


ATTENTIONS = ("dot", "additive", "multi-head", "none")


@dataclass(frozen=True, kw_only=True)
class TrainRequest(RunRequest, TableRequest):
    """The options of `train-mt`; None leaves a choice to the data, the budget and the machine. `pairs` names files of
    pairs, or a source and a target file; `valid` takes the same."""

    pairs: tuple[str, ...] = inputs_option(
        "Files of pairs (TSV, CSV, JSON Lines, TMX), or a source and a target file; - is stdin."
    )
    valid: tuple[str, ...] = valid_option(
        "Pairs to validate on, in the same formats; given twice: a source and a target file."
    )
    valid_share: float = valid_share_option("pairs")
    max_length: int | None = option(
        None, "Leave out pairs with more tokens than this on a side; 250 by default.", least=1
    )
    keep: tuple[str, ...] = option((), KEEP, metavar="REGEX", parse=parse_patterns)
    tokens: str = option(
        "auto",
        "Unit sentences are split into; auto chooses from the pairs.",
        choices=("auto", "subword", "word", "char"),
        shapes_model=True,
    )
    vocab_size: int | None = vocab_size_option()
    cell: str = cell_option()
    attention: str = option(
        "dot",
        "Attention of the decoder over the source; none: only its first state knows the source.",
        section=MODEL,
        choices=ATTENTIONS,
        shapes_model=True,
    )
    input_feeding: bool = option(
        False, "Feed the attention's last context back to the decoder (slower).", section=MODEL, shapes_model=True
    )
    size: str = size_option(SIZES)
    hidden: int | None = width_option("Units in each decoder layer.", least=2)
    layers: int | None = layers_option("Number of layers of encoder and decoder.")
    embedding: int | None = width_option("Size of the token embeddings.")
    guided: bool = option(
        True, "Teach the attention word alignments found by counting.", section=TRAINING, off="unguided"
    )
    batch_size: int | None = batch_option("Tokens per batch on each side.")
    dropout: float | None = share_option("Share of units dropped in training.")
    label_smoothing: float = option(
        0.1, "Share of the target spread over the vocabulary (Szegedy et al. 2016).", section=REGULARISATION, below=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.input_feeding and self.attention == "none":
            raise UsageError("--input-feeding feeds the attention's context back: it needs an attention")
        if self.hidden is not None and self.hidden % 2:
            raise UsageError("--hidden must be even: half of it goes to each of the encoder's directions")


@dataclass(frozen=True, kw_only=True)
class SearchRequest(Request):
    """How translations are searched for."""

    beam: int = option(5, "Beam size of the search; 1 is greedy.", least=1, most=WIDEST_BEAM)
    length_penalty: float = option(1.0, "Compare log p / length^X; 0 favours short translations.", least=-10, most=10)
    max_length: int | None = option(
        None, "Maximum number of tokens; by default set from the lengths of the training pairs.", least=1
    )
    ensemble: tuple[str, ...] = option(
        (), "Average with this model; may be given several times.", metavar="MODEL", kind="file"
    )


@dataclass(frozen=True, kw_only=True)
class TranslateRequest(SearchRequest, DecodingRequest, TextRequest):
    """How `translate` translates a line."""

    n_best: int = option(1, "Translations of each line, best first.", least=1)
    no_repeat_ngram: int = option(0, "Never repeat a phrase of N tokens within a translation; 0: allow it.")
    keep: tuple[str, ...] = option((), KEEP, metavar="REGEX", parse=parse_patterns)
    glossary: Any = option(None, "Terms to use: source term TAB target term, or another format of pairs.", kind="file")
    prefix: str = option("", "Begin every translation with this.", metavar="TEXT")
    batch_size: int = option(64, "Sentences translated together.", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_best > self.beam:
            raise UsageError(f"--n-best {self.n_best} needs as large a --beam", hint=f"add --beam {self.n_best}")


@dataclass(frozen=True, kw_only=True)
class ScoreRequest(ScoringRequest, DecodingRequest, TableRequest):
    """How `score` reads pairs."""


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(EvaluationRequest, SearchRequest, TableRequest, DeviceRequest):
    """How `evaluate` translates pairs."""
