"""Makes commands from requests: the signatures, for typer, come from the options that the requests declare."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from seqcli.cli import console
from seqcli.errors import UsageError
from seqcli.options import Declared, Request, declarations, number, parse_duration

R = TypeVar("R", bound=Request)
Given = dict[str, Any]


def request_command(request: type[R], explain: str, act: Callable[[R], None]) -> Callable[..., None]:
    """What typer makes a command of: it hands what was given to `act`, as a `request`. --help says `explain`."""
    return command_of(declarations(request).values(), explain, lambda given: act(request(**given)))


def tasks_command(
    own: type[R], requests: Mapping[str, type[Request]], explain: str, act: Callable[[R, Given], None]
) -> Callable[..., None]:
    """A command whose model decides which of the `requests`, named by their tasks, is made: it hands `act` its `own`
    request and all else that was given, for `request_of`."""

    def run(given: Given) -> None:
        ours = {name: given.pop(name) for name in declarations(own) if name in given}
        act(own(**ours), given)

    first, last = ([d for d in declarations(own).values() if d.option.positional is here] for here in (True, False))
    return command_of([*first, *_merged(requests), *last], explain, run)


def request_of(request: type[R], given: Given, task: str, requests: Iterable[type[Request]]) -> R:
    """The request of a task; `UsageError` for what only others of the `requests` of the command have."""
    own = declarations(request)
    for name, value in given.items():
        if name not in own:
            flag = next(d[name].flag_for(value) for d in map(declarations, requests) if name in d)
            near = difflib.get_close_matches(name, own, 1)
            meant = f"did you mean {own[near[0]].flag}?" if near else f"leave {flag} out"
            raise UsageError(f"{flag} is not for a {task}", hint=meant)
    return request(**given)


def _merged(requests: Mapping[str, type[Request]]) -> Iterable[Declared]:
    """The options of several requests: those that only one has in its section, of others no default that differs."""
    found: dict[str, Declared] = {}
    for section, request in requests.items():
        for name, declared in declarations(request).items():
            if (before := found.get(name)) is None:
                found[name] = replace(declared, option=replace(declared.option, section=section))
            else:
                default = before.default if before.default == declared.default else None
                found[name] = replace(before, default=default, option=replace(before.option, section=""))
    return found.values()


def command_of(declared: Iterable[Declared], explain: str, run: Callable[[Given], None]) -> Callable[..., None]:
    """What typer makes a command of, with these options: it hands `run` what was given. --help says `explain`."""
    ordered = sorted(declared, key=lambda d: (not d.option.positional, bool(d.option.section)))
    numbers = {d.name: d for d in ordered if _is_number(d)}

    def command(**values: Any) -> None:
        given = {name: value for name, value in values.items() if value not in (None, [])}
        _check_files(ordered, given)
        run({name: number(numbers[name], value) if name in numbers else value for name, value in given.items()})

    parameters = [
        inspect.Parameter(
            d.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if d.option.positional and d.default is MISSING else None,
            annotation=_annotation(d),
        )
        for d in ordered
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = explain
    return command


def _check_files(declared: Iterable[Declared], given: Given) -> None:
    """Refuse, before any work, to write what the command reads or writes for something else."""
    read: list[str | Path] = ["-"]
    written: dict[str, str | Path | None] = {}
    for one in declared:
        value = given.get(one.name)
        if one.option.kind == "output":
            written[one.flag] = value
        elif one.option.kind == "file" and value is not None:
            read += value if isinstance(value, list) else [value]
    check_places(written, read)


def check_places(written: Mapping[str, str | Path | None], read: Iterable[str | Path] = ()) -> None:
    """As `check_outputs`, the log file being written, too: it may be none of what a folder or a pattern names either,
    since it would be read, and changes meanwhile."""
    from seqcli.files.opening import Stamps
    from seqcli.files.output import check_outputs

    log, read = console.verbosity.get().log, list(read)
    try:
        check_outputs({"--log-file": log, **written}, read)
        if log is not None:
            check_outputs({"--log-file": log}, Stamps(map(str, read)).before)
    except UsageError:
        console.verbosity.set(replace(console.verbosity.get(), log=None))  # what is said now may not go there
        raise


def check_run(model: str | Path) -> None:
    """`check_places` for what a training writes beside its model."""
    from seqcli.files.output import log_path, state_path

    model = Path(model)
    check_places({"the model": model, "the history of its training": log_path(model), "its state": state_path(model)})


def _is_number(declared: Declared) -> bool:
    """Whether an option is a number, which typer takes as text, since its own words for what is none are Python's."""
    return declared.type in (int, float) and not declared.option.choices and declared.option.parse is None


def _annotation(declared: Declared) -> Any:
    """The type of an option with how typer is to show it; None stands for what was not given."""
    option = declared.option
    kind: Any = declared.type
    if option.choices:
        kind = Literal[option.choices]
    elif typing.get_origin(kind) is tuple:
        kind = list[str]
    elif kind in (Path, Any) or option.parse is not None or _is_number(declared):
        kind = str
    if declared.default is not MISSING and not option.choices:  # a union of equal choices is that which came first
        kind = kind | None
    if option.positional:
        return Annotated[kind, typer.Argument(metavar=declared.metavar, help=option.help, show_default=False)]
    return Annotated[
        kind,
        typer.Option(
            *_names(declared),
            metavar=declared.metavar or None,
            help=option.help + _default(declared),
            rich_help_panel=option.section or None,
            show_default=False,
        ),
    ]


def _names(declared: Declared) -> tuple[str, ...]:
    flag, option = declared.flag, declared.option
    if declared.flag_for(False) != flag:
        return (f"{flag}/{declared.flag_for(False)}",)
    return (flag, option.short) if option.short else (flag,)


def _default(declared: Declared) -> str:
    default = declared.default
    if declared.option.shown:
        return f"  [default: {declared.option.shown}]"
    if default in (MISSING, None, False, (), ""):
        return ""
    if default is True:
        return f"  [default: {declared.flag[2:]}]"
    if declared.option.parse is parse_duration:
        return f"  [default: {default / 60:g}m]"
    return f"  [default: {default}]"
