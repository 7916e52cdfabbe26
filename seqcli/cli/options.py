"""Options of the command line only, the model and the input of a command, and formatting of text."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from seqcli.cli import console
from seqcli.errors import UsageError
from seqcli.options import Request, option, required
from seqcli.requests import TextRequest

OUTPUT = "Output"  # a section of --help
FOLDER = Path("checkpoints")  # of models that are given no other place


@dataclass(frozen=True, kw_only=True)
class ModelChoice(Request):
    model: str | None = option(None, "Model to use; the newest in checkpoints/ by default.", short="-m", kind="file")


@dataclass(frozen=True, kw_only=True)
class ModelArgument(Request):
    """A command whose model must be named."""

    model: str = required("The model file.", metavar="MODEL", kind="file", positional=True)


@dataclass(frozen=True, kw_only=True)
class ModelSummary(ModelArgument):
    json: bool = option(False, "Print a summary as one JSON object on standard output.")


@dataclass(frozen=True, kw_only=True)
class RowOutput(Request):
    format: str | None = option(
        None, "Format of the rows; a table on a terminal, csv in a pipe by default.", choices=("table", "csv", "ndjson")
    )


def require_text(argument: str, name: str) -> str:
    """`argument` as it is; UsageError when it holds bytes that are not text (Python hands on lone surrogates)."""
    if any("\ud800" <= character <= "\udfff" for character in argument):
        raise UsageError(f"{name} holds bytes that are not UTF-8 text", hint="check the terminal's encoding")
    return argument


def refuse_file(argument: str, command: str) -> None:
    """`UsageError` for the name of a file where a `command` takes the text itself."""
    with contextlib.suppress(OSError, ValueError):  # too long, or with a zero byte: no file's name
        if Path(argument).is_file():
            way = f"for its lines: seqcli {command} < {shlex.quote(argument)}"
            if argument.endswith(".safetensors"):
                way = f"a model is named by --model: seqcli {command} --model {shlex.quote(argument)}"
            raise UsageError(f"{argument} is a file, and TEXT is the text itself", hint=way)


def format_duration(seconds: float) -> str:
    """`seconds` as people say it: `8s`, `4m 05s`, `2h 07m`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole // 60 % 60:02d}m"


def find_model(model: str | None, task: str) -> Path:
    """`model`, else the newest of `task` in `checkpoints/`, named on stderr. `CheckpointError` if there is none."""
    if model is not None:
        return Path(model)
    from seqcli.files.checkpoint import newest_checkpoint

    path = newest_checkpoint(FOLDER, task)
    console.notice(f"using {path}")
    return path


def input_lines(path: str, request: TextRequest) -> tuple[Iterable[str], Callable[[], bool] | None]:
    """The lines of a file; those of standard input, for `-`, with what says whether the next one is there."""
    from seqcli.text.lines import LiveLines, read_lines

    if path != "-":
        return read_lines(path, request, console.notice), None
    console.mention_terminal_input()
    lines = LiveLines(request, console.notice)
    return lines, lines.ready
