"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import typer

from seqcli.errors import UsageError

Cell = Literal["rnn", "lstm", "peephole-lstm", "gru", "mingru", "minlstm", "mogrifier-lstm"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
RowFormat = Literal["table", "csv", "ndjson"]

# sections of --help, for the commands that have many options
MODEL, LEARNING, REGULARISATION = "The model", "How it learns", "Regularisation"

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str | float) -> float:
    """Seconds in `90`, `90s`, `10m`, `1.5h`, `1h30m` or `2d`; a number, an option's default, is seconds already.

    Raises typer.BadParameter for anything else, zero included.
    """
    if isinstance(text, float):
        return text
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip().lower())
    seconds = sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text.strip().lower() or seconds <= 0:
        raise typer.BadParameter(f"{text!r} is not a length of time such as 90s, 10m or 1.5h")
    return seconds


def require_text(argument: str, name: str) -> str:
    """`argument` as it is; UsageError when it holds bytes that are not text (Python hands on lone surrogates)."""
    if any("\ud800" <= character <= "\udfff" for character in argument):
        raise UsageError(f"{name} holds bytes that are not UTF-8 text", hint="check the terminal's encoding")
    return argument


def format_duration(seconds: float) -> str:
    """`seconds` as people say it: `8s`, `4m 05s`, `2h 07m`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole // 60 % 60:02d}m"


Budget = Annotated[
    float | None,
    typer.Option("--budget", metavar="TIME", parser=parse_duration, help="Time to train for: 90s, 10m, 1.5h."),
]
DecodingDevice = Annotated[
    Literal["cpu", "cuda", "mps"], typer.Option("--device", help="Where to compute; on cpu torch is not needed.")
]
Device = Annotated[DeviceName, typer.Option("--device", help="Where to compute; auto takes a GPU if there is one.")]
Encoding = Annotated[str, typer.Option("--encoding", metavar="NAME", help="Encoding of the input.")]
Epochs = Annotated[
    float | None, typer.Option("--epochs", metavar="N", help="Passes over the data, instead of a time budget.")
]
Errors = Annotated[
    Literal["strict", "replace"],
    typer.Option("--errors", help="Bytes that are not text: stop with their place, or replace them."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as a summary on standard output.")]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="FILE", help="Model to use; the newest in checkpoints/ by default."),
]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to save; named after the input by default."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the model that is already there.")]
Precision = Annotated[
    Literal["auto", "fp32", "bf16"],
    typer.Option("--precision", help="Of products in training; auto tries the machine."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run that is saved there.")]
Rows = Annotated[
    RowFormat | None,
    typer.Option("--format", help="Form of the rows; a table on a terminal, csv in a pipe by default."),
]
SaveInterval = Annotated[
    float, typer.Option("--save-interval", metavar="TIME", parser=parse_duration, help="Time between saved states.")
]
Seed = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, help="Start of the random numbers: same seed, same result.")
]
Steps = Annotated[
    int | None, typer.Option("--steps", metavar="N", min=1, help="Training steps, instead of a time budget.")
]
