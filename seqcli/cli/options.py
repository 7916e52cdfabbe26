"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from seqcli.errors import UsageError
from seqcli.options import parse_duration as seconds_in

RowFormat = Literal["table", "csv", "ndjson"]


def parse_duration(text: str | float) -> float:
    """Seconds in `90`, `90s`, `10m`, `1.5h`, `1h30m` or `2d`; a number, an option's default, is seconds already.

    Raises typer.BadParameter for anything else, zero included.
    """
    if isinstance(text, float):
        return text
    try:
        return seconds_in(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from problem


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


WIDEST_BEAM = 1000  # hypotheses: what a wider one finds is no better, and takes memory for each


def count(meaning: str, section: str | None = None, *, least: int = 1, most: int = 10**12) -> Any:
    """A whole number from `least` to `most`, explained by `meaning` in a section of --help."""
    return typer.Option(metavar="N", min=least, max=most, help=meaning, rich_help_panel=section)


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


Columns = Annotated[
    str | None,
    value(
        "S,T",
        "Two columns (source and target, path and transcript): numbers from 1, or names; 3+1,2 joins two.",
    ),
]
DecodingDevice = Annotated[Literal["cpu", "cuda", "mps"], choice("Where to compute; on cpu torch is not needed.")]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], choice("Where to compute; auto takes a GPU if there is one.")]
Encoding = Annotated[str, value("NAME", "Encoding of the input; auto finds it from the bytes.")]
Errors = Annotated[
    Literal["strict", "replace"], choice("Bytes that are not text: stop with their place, or replace them.")
]
Json = Annotated[bool, switch("--json", "Print one JSON object as a summary on standard output.")]
Keep = Annotated[list[str] | None, value("REGEX", "Carry over what matches as it is; may be given several times.")]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="FILE", help="Model to use; the newest in checkpoints/ by default."),
]
Rows = Annotated[
    RowFormat | None,
    typer.Option("--format", help="Form of the rows; a table on a terminal, csv in a pipe by default."),
]
Seed = Annotated[int, count("Seed of the random numbers: same seed, same result.", least=0)]
SkipBad = Annotated[
    bool, switch("--skip-bad", "Leave out pairs or recordings that are not usable, instead of stopping.")
]
