"""Options shared by the requests of several tasks."""

from __future__ import annotations

from dataclasses import dataclass

from seqcli.options import Request, option, required

WIDEST_BEAM = 1000  # hypotheses: what a wider one finds is no better, and takes memory for each


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
        ("-",),
        "Lines to score, or pairs; for pairs also a source and a target file.",
        metavar="FILE",
        kind="file",
        positional=True,
    )
    per_token: bool = option(False, "A row for each token, with its surprisal.")


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest(TextRequest):
    """The options of `evaluate` for every kind of model."""

    data: tuple[str, ...] = required("Files to evaluate on; - is stdin.", metavar="DATA", kind="file", positional=True)


@dataclass(frozen=True, kw_only=True)
class RowsRequest(Request):
    """A request that reads two columns of tables: pairs, or recordings and transcripts."""

    columns: str | None = option(
        None,
        "Two columns (source and target, path and transcript): numbers from 1, or names; 3+1,2 joins two.",
        metavar="A,B",
    )
    skip_bad: bool = option(False, "Leave out pairs or recordings that cannot be used, instead of stopping.")
