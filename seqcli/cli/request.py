"""A command made from a request: its signature, for typer, from the options that the request declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from seqcli.cli import console, options
from seqcli.cli.training import output_path
from seqcli.options import Declared, Request, declarations

R = TypeVar("R", bound=Request)


def request_command(request: type[R], task: str, explain: str, act: Callable[[R, bool], None]) -> Callable[..., None]:
    """A function that typer makes a command of: it collects what was given into a `request` and hands it to `act` with
    whether `--json` was given. `explain` is what --help says; a request without an output gets the one that belongs to
    its first input and `task`."""

    def command(**values: Any) -> None:
        as_json = values.pop("as_json")
        given = {name: value for name, value in values.items() if value not in (None, [])}
        inputs = [path for name, d in declarations(request).items() if d.option.positional for path in given[name]]
        if "-" in inputs:
            console.mention_terminal_input()
        if "output" in declarations(request):
            given["output"] = output_path(given.get("output"), inputs, task)
        act(request(**given), as_json)

    found = declarations(request).values()
    several = sorted(found, key=lambda d: (not d.option.positional, bool(d.option.section)))
    parameters = [
        inspect.Parameter(
            d.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if d.option.positional else None,
            annotation=_annotation(d),
        )
        for d in several
    ]
    as_json = inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=options.Json)
    command.__signature__ = inspect.Signature([*parameters, as_json])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*parameters, as_json)}
    command.__doc__ = explain
    return command


def _annotation(declared: Declared) -> Any:
    """The type of an option with how typer is to show it; None stands for what was not given."""
    option = declared.option
    kind: Any = declared.type
    if option.choices:
        kind = Literal[option.choices]
    elif kind is Path or option.kind == "duration":
        kind = str
    elif kind == tuple[str, ...]:
        kind = list[str]
    if option.positional:
        return Annotated[kind, typer.Argument(metavar=option.metavar, help=option.help)]
    return Annotated[
        kind | None,
        typer.Option(
            *_names(declared),
            metavar=option.metavar or None,
            help=option.help + _default(declared),
            rich_help_panel=option.section or None,
            show_default=False,
        ),
    ]


def _names(declared: Declared) -> tuple[str, ...]:
    flag, option = declared.flag, declared.option
    if declared.type is not bool:
        return (flag, option.short) if option.short else (flag,)
    if declared.default is True:
        return (f"{flag}/{declared.flag_for(False)}",)
    return (flag,)


def _default(declared: Declared) -> str:
    default = declared.default
    if default in (MISSING, None, False, ()):
        return ""
    if default is True:
        return f"  [default: {declared.flag[2:]}]"
    if declared.option.kind == "duration":
        return f"  [default: {default / 60:g}m]"
    return f"  [default: {default}]"
