"""Options shared by the requests of several tasks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from seqcli.errors import UsageError
from seqcli.options import Request, option, required

WIDEST_BEAM = 1000  # hypotheses: what a wider one finds is no better, and takes memory for each
_VOCABULARY = "Maximum vocabulary size; chosen from the data by default."
vocab_size_option = partial(option, None, _VOCABULARY, least=2, most=10_000_000, shapes_model=True)


def inputs_option(explain: str, metavar: str = "") -> Any:
    return required(explain, metavar=metavar, kind="file", positional=True, saved=False)


def valid_option(explain: str, metavar: str = "") -> Any:
    return option((), explain, metavar=metavar, kind="file", may_change=True)


def valid_share_option(what: str) -> Any:
    return option(0.05, f"Share of the {what} held out without --valid.", above=0, most=0.5)


@dataclass(frozen=True, kw_only=True)
class TextRequest(Request):
    """A request that reads text files."""

    encoding: str = option("auto", "Encoding of the input; auto detects it.", metavar="NAME")
    errors: str = option(
        "strict",
        "What to do with bytes that are not text: stop and say where, or replace them.",
        choices=("strict", "replace"),
    )


@dataclass(frozen=True, kw_only=True)
class ColumnRequest(TextRequest):
    """A request that reads one text, or one from a table."""

    column: str | None = option(
        None, "Column of a CSV, TSV or JSON file that is the text: its name or number.", metavar="NAME"
    )


@dataclass(frozen=True, kw_only=True)
class CorpusRequest(ColumnRequest):
    """How a corpus is read, split and tokenised."""

    valid: tuple[str, ...] = valid_option(
        "Text to validate on; by default lines or passages held out from all over the corpus."
    )
    valid_share: float | None = option(
        None, "Share of the corpus held out without --valid; chosen by its length by default.", above=0, most=0.5
    )
    lines: bool = option(False, "Treat each line as a separate text; detected from the data by default.")
    stream: bool = option(False, "Treat all lines as one text.")
    tokens: str = option(
        "auto", "Unit the text is split into.", choices=("auto", "char", "word", "subword"), shapes_model=True
    )
    vocab_size: int | None = vocab_size_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lines and self.stream:
            raise UsageError("--lines and --stream exclude one another", hint="give one of them")


@dataclass(frozen=True, kw_only=True)
class DeviceRequest(Request):
    """A request that is computed by torch."""

    device: str = option(
        "auto",
        "Where to compute; auto uses a GPU if there is one.",
        choices=("auto", "cpu", "cuda", "mps"),
        saved=False,
    )


@dataclass(frozen=True, kw_only=True)
class DecodingRequest(Request):
    """A request that is decoded step by step, by NumPy or on a GPU."""

    device: str = option(
        "cpu", "Where to compute; on cpu torch is not needed.", choices=("cpu", "cuda", "mps"), saved=False
    )


@dataclass(frozen=True, kw_only=True)
class ScoringRequest(TextRequest):
    """The options of `score` for every kind of model."""

    data: tuple[str, ...] = option(
        ("-",), "Lines to score, or pairs; for pairs also a source and a target file.", kind="file", positional=True
    )
    per_token: bool = option(False, "Print a row for each token, with its surprisal.")


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest(TextRequest):
    """The options of `evaluate` for every kind of model."""

    data: tuple[str, ...] = required("Files to evaluate on; - is stdin.", metavar="DATA", kind="file", positional=True)


@dataclass(frozen=True, kw_only=True)
class TableRequest(TextRequest):
    """A request that reads two columns of tables: pairs, or recordings and transcripts."""

    columns: str | None = option(
        None,
        "Two columns (source and target, path and transcript): numbers from 1, or names; 3+1,2 joins columns 3 and 1.",
        metavar="A,B",
    )
    skip_bad: bool = option(False, "Leave out pairs or recordings that cannot be used, instead of stopping.")
