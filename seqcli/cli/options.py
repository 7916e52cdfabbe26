"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import typer

from seqcli.errors import UsageError

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


def count(meaning: str, section: str | None = None, *, least: int = 1) -> Any:
    """A whole number of at least `least`, explained by `meaning` in a section of --help."""
    return typer.Option(metavar="N", min=least, help=meaning, rich_help_panel=section)


def number(meaning: str, section: str | None = None, *, least: float | None = None, most: float | None = None) -> Any:
    """A number from `least` to `most`."""
    return typer.Option(metavar="X", min=least, max=most, help=meaning, rich_help_panel=section)


def value(metavar: str, meaning: str, section: str | None = None) -> Any:
    """Text, of the kind that `metavar` says."""
    return typer.Option(metavar=metavar, help=meaning, rich_help_panel=section)


def choice(meaning: str, section: str | None = None) -> Any:
    """One of the words that its type lists."""
    return typer.Option(help=meaning, rich_help_panel=section)


def switch(names: str, meaning: str, section: str | None = None) -> Any:
    """`--yes`, or `--yes/--no`."""
    return typer.Option(names, help=meaning, rich_help_panel=section)


Budget = Annotated[
    float | None,
    typer.Option(metavar="TIME", parser=parse_duration, help="Time to train for: 90s, 10m, 1.5h."),
]
Cell = Annotated[
    Literal["rnn", "lstm", "peephole-lstm", "gru", "mingru", "minlstm", "mogrifier-lstm"],
    choice("The recurrent cell.", MODEL),
]
Columns = Annotated[
    str | None,
    value("S,T", "Columns of source and target: numbers from 1, or names; 3+1,2 joins two of them."),
]
DecodingDevice = Annotated[Literal["cpu", "cuda", "mps"], choice("Where to compute; on cpu torch is not needed.")]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], choice("Where to compute; auto takes a GPU if there is one.")]
Embedding = Annotated[int | None, count("Width of a token's vector.", MODEL)]
Encoding = Annotated[str, value("NAME", "Encoding of the input.")]
Epochs = Annotated[float | None, value("N", "Passes over the data, instead of a time budget.")]
Errors = Annotated[
    Literal["strict", "replace"], choice("Bytes that are not text: stop with their place, or replace them.")
]
Json = Annotated[bool, switch("--json", "Print one JSON object as a summary on standard output.")]
Keep = Annotated[list[str] | None, value("REGEX", "Carry over what matches as it is; may be given several times.")]
LearningRate = Annotated[float | None, number("Highest learning rate of the run.", LEARNING, least=0.0)]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="FILE", help="Model to use; the newest in checkpoints/ by default."),
]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to save; named after the input by default."),
]
Overwrite = Annotated[bool, switch("--overwrite", "Replace the model that is already there.")]
Patience = Annotated[int, count("Validations without gain before stopping; 0: never.", LEARNING, least=0)]
Precision = Annotated[Literal["auto", "fp32", "bf16"], choice("Of products in training; auto tries the machine.")]
Resume = Annotated[bool, switch("--resume", "Go on with the run that is saved there.")]
Rows = Annotated[
    RowFormat | None,
    typer.Option("--format", help="Form of the rows; a table on a terminal, csv in a pipe by default."),
]
SaveInterval = Annotated[
    float,
    typer.Option(metavar="TIME", parser=parse_duration, show_default=False, help="Time between saved states [1m]."),
]
Seed = Annotated[int, count("Start of the random numbers: same seed, same result.", least=0)]
Size = Annotated[
    Literal["auto", "tiny", "small", "medium", "large"],
    choice("All sizes at once; auto chooses from data and budget.", MODEL),
]
SkipBad = Annotated[bool, switch("--skip-bad", "Leave out pairs that lack a side, instead of stopping.")]
Steps = Annotated[int | None, count("Training steps, instead of a time budget.")]
VocabSize = Annotated[int | None, count("Most types; chosen from the data by default.", least=2)]
