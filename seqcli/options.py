"""Options, each declared once: as a field of a request.

The command line, the Python call, the checks of values, what a saved run keeps and what the messages say all derive
from the declaration:

    @dataclass(frozen=True, kw_only=True)
    class TrainRequest(Request):
        layers: int | None = option(None, "Number of layers.", section=MODEL, least=1, most=1000, shapes_model=True)

A request knows which of its options were given (`request.given`), whatever their values are.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import os
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from seqcli.errors import UsageError, as_arguments

# sections of --help, for the commands that have many options
MODEL, TRAINING, REGULARISATION = "Model", "Training", "Regularisation"

LARGEST = 10**12  # of any number whose option has no bound of its own: checked before work, within what C can hold
LONGEST_SHOWN = 60  # characters of a value in a message
_WORDS = {int: "a whole number", float: "a number", bool: "True or False"}
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
Kind = Literal["value", "file", "output"]


@dataclass(frozen=True)
class Option:
    """What is known of an option besides its name, type and default, which are its field's.

    A number is from `least` to `most`, both included, above `above` and below `below`. `choices` are its possible
    words. `parse` converts what is written on the command line or given in Python, such as `10m` to seconds; it raises
    `ValueError` for what it cannot read, and `shown` is the default in that form. A `file` names a file to be read, an
    `output` one that is written. `metavar` stands for the value in --help where the usual word does not do. `flag` is
    the name on the command line if it differs from the field's, `short` a second one, and `off` the name that turns off
    a flag that is on by default. `positional` options need no name. `shapes_model` options decide which parameters a
    model has, so a run that starts from a model cannot change them. When a run is resumed, options that are not `saved`
    concern the command only, and those that `may_change` may get a new value.
    """

    help: str
    section: str = ""
    metavar: str = ""
    shown: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    kind: Kind = "value"
    parse: Callable[[Any], Any] | None = None
    flag: str = ""
    short: str = ""
    off: str = ""
    positional: bool = False
    shapes_model: bool = False
    saved: bool = True
    may_change: bool = False


def option(default: Any, help: str, **details: Any) -> Any:
    """A field that is an option with a default; `details` are those of `Option`."""
    return dataclasses.field(default=default, metadata={"option": Option(help, **details)})


def required(help: str, **details: Any) -> Any:
    """A field that is an option without a default."""
    return dataclasses.field(metadata={"option": Option(help, **details)})


@dataclass(frozen=True)
class Declared:
    """An option with its field's name, its type without None, its default (or MISSING), and whether it may be None."""

    name: str
    type: Any
    default: Any
    optional: bool
    option: Option

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return self.option.flag or "--" + self.name.replace("_", "-")

    @property
    def metavar(self) -> str:
        """What stands for its value in --help: what is declared, or a word for such values."""
        usual = "TIME" if self.option.parse is parse_duration else {int: "N", float: "X"}.get(self.type, "")
        return self.option.metavar or ("FILE" if self.option.kind != "value" else usual)

    def flag_for(self, value: Any) -> str:
        """What to write on the command line to get `value`, including for a flag that is turned off."""
        can_be_off = self.type is bool and (self.default is True or self.option.off)
        return f"--{self.option.off or 'no-' + self.flag[2:]}" if can_be_off and value is False else self.flag


def declarations(request: type[Request]) -> dict[str, Declared]:
    """The options of a request by name, those of a class before those of its bases."""
    kind: Any = request  # mypy takes no class for hashable
    return _declarations(kind)


@functools.cache
def _declarations(request: Any) -> dict[str, Declared]:
    hints = typing.get_type_hints(request)
    items = {item.name: item for item in fields(request) if "option" in item.metadata}
    classes = [base for base in request.__mro__ if dataclasses.is_dataclass(base)]
    found: dict[str, Declared] = {}
    for name in (name for base in classes for name in base.__annotations__ if name in items):
        hint = hints[name]
        optional = hint is Any
        if isinstance(hint, types.UnionType):
            optional = True
            (hint,) = (kind for kind in typing.get_args(hint) if kind is not types.NoneType)
        found[name] = Declared(name, hint, items[name].default, optional, items[name].metadata["option"])
    return found


@dataclass(frozen=True, kw_only=True)
class Request:
    """Base of every request: values are converted to the types of their fields and checked when it is made. Raises
    `UsageError` for a value that an option cannot have, `TypeError` for an option that does not exist."""

    def __new__(cls, /, *unnamed: object, **given: object) -> Request:
        there = [item.name for item in fields(cls)]
        for name in given.keys() - set(there):
            near = difflib.get_close_matches(name, there, 1)
            raise TypeError(
                f"unknown option {name!r}; "
                + (f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(there))}")
            )
        request = super().__new__(cls)
        object.__setattr__(request, "_given", frozenset(name for name, value in given.items() if value is not None))
        return request

    def __post_init__(self) -> None:
        for declared in declarations(type(self)).values():
            object.__setattr__(self, declared.name, checked(declared, getattr(self, declared.name)))

    @property
    def given(self) -> frozenset[str]:
        """The names of the options that were given; None counts as not given."""
        found: frozenset[str] = self.__dict__["_given"]
        return found

    def files(self) -> list[str]:
        """The files to be read that it names (`-`: standard input)."""
        named = [getattr(self, name) for name, d in declarations(type(self)).items() if d.option.kind == "file"]
        several = [value if isinstance(value, tuple) else (value,) for value in named]
        return [str(path) for paths in several for path in paths if isinstance(path, str | Path)]


R = TypeVar("R", bound=Request)
F = TypeVar("F", bound=Callable[..., Any])


def settled(request: R, **values: Any) -> R:
    """The same request with `values` for options that were not given."""
    new = dataclasses.replace(request, **values)
    object.__setattr__(new, "_given", request.given)
    return new


def documented(request: type[Request], *left_out: str) -> Callable[[F], F]:
    """Append the options of a request, except those `left_out`, to the docstring of a function that takes them."""

    def add(function: F) -> F:
        lines = [f"{(function.__doc__ or '').rstrip()}\n\n    Options:"]
        for name, declared in declarations(request).items():
            if name not in left_out:
                default = "" if declared.default in (None, MISSING, (), "") else f" [{declared.default}]"
                lines.append(f"        {name}: {as_arguments(declared.option.help)}{default}")
        function.__doc__ = "\n".join([*lines, "    "])
        return function

    return add


def checked(declared: Declared, value: Any) -> Any:
    """`value` converted to the type of its option, or the default for None; `UsageError` if it is not allowed."""
    if value is None:
        if declared.default is MISSING and not declared.optional:
            raise UsageError(f"{declared.name} is needed")
        return None if declared.optional else declared.default
    try:
        return _converted(declared, value)
    except (TypeError, OverflowError) as problem:  # of a value from Python that is no such thing
        raise UsageError(f"{declared.flag} cannot be {_shown(value)}") from problem


def _converted(declared: Declared, value: Any) -> Any:
    option, kind = declared.option, declared.type
    if option.parse is not None:
        try:
            value = option.parse(value)
        except ValueError as problem:
            raise UsageError(f"{declared.flag}: {problem}") from problem
    if kind is Any or (option.parse is not None and isinstance(value, tuple)):
        return value
    if typing.get_origin(kind) is tuple:
        if isinstance(value, Mapping):  # whose names alone would be taken
            raise UsageError(f"{declared.flag} must be one text or a list of them, not {_shown(value)}")
        one = isinstance(value, str | os.PathLike) or not isinstance(value, Iterable) or hasattr(value, "keys")
        several = tuple(_of_type(declared, typing.get_args(kind)[0], each) for each in ([value] if one else value))
        if not several and declared.default is MISSING:
            raise UsageError(f"{declared.name}: one or more are needed")
        return several
    value = _of_type(declared, kind, value)
    if option.choices and value not in option.choices:
        raise UsageError(f"unknown {declared.flag} {_shown(value)}", hint=f"choose from {', '.join(option.choices)}")
    if kind in (int, float) and not within(option, value):
        allowed = f"at most {LARGEST:,}" if option.most is None and value > LARGEST else range_of(option)
        raise UsageError(f"{declared.flag} must be {allowed}")
    return value


def number(declared: Declared, text: str) -> int | float:
    """The number that an option is given as text; `UsageError` for what is none."""
    try:
        value: int | float = declared.type(text)
    except ValueError as problem:
        raise UsageError(f"{declared.flag} must be {_WORDS[declared.type]}, not {_shown(text)}") from problem
    return value


def _shown(value: Any) -> str:
    """A value for a message: what is long, such as a data frame, by its kind, a text by its beginning."""
    text = repr(value)
    if len(text) <= LONGEST_SHOWN and "\n" not in text:
        return text
    return f"{text[:LONGEST_SHOWN]}…" if isinstance(value, str) else f"a {type(value).__name__}"


def _of_type(declared: Declared, kind: Any, value: Any) -> Any:
    name = declared.flag
    if kind is Path or kind is str:
        if not isinstance(value, str | os.PathLike):
            what = "text" if declared.option.kind == "value" else "the name of a file"
            raise UsageError(f"{name} must be {what}, not {_shown(value)}")
        if not os.fspath(value) and declared.option.kind != "value":  # an unset variable of a script
            raise UsageError("the name of a file is empty" + ("" if declared.option.positional else f": {name}"))
        return kind(os.fspath(value))
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and hasattr(value, "__index__") and not isinstance(value, bool):
        return value.__index__()
    if kind is float and hasattr(value, "__float__") and not isinstance(value, bool):
        try:
            return float(value) + 0.0  # -0.0, which is no less than 0, is 0.0
        except OverflowError:
            return math.inf
    raise UsageError(f"{name} must be {_WORDS[kind]}, not {_shown(value)}")


def within(option: Option, value: float) -> bool:
    """Whether a number is between the bounds of an option."""
    least, most = _bounds(option)
    return (
        least <= value <= most
        and (option.above is None or value > option.above)
        and (option.below is None or value < option.below)
    )


def range_of(option: Option) -> str:
    """The bounds of an option in words."""
    least, most = _bounds(option)
    if option.below is not None:
        upper = f"below {option.below:,.12g}"
    else:
        upper = "" if most == LARGEST else f"at most {most:,.12g}"
    if option.above is not None:
        return f"above {option.above:,.12g}" + (f" and {upper}" if upper else "")
    if not upper:
        return f"{least:,.12g} or more"
    return f"from {least:,.12g} to {upper.removeprefix('at most ')}"


def _bounds(option: Option) -> tuple[float, float]:
    low = option.least if option.least is not None else -math.inf if option.above is not None else 0
    return low, LARGEST if option.most is None else option.most


def parse_duration(text: Any) -> Any:
    """Seconds in `90`, `90s`, `10m`, `1.5h`, `1h30m` or `2d`; `ValueError` for any other text, including zero. Values
    that are not text are returned unchanged."""
    if not isinstance(text, str):
        return text
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip().lower())
    seconds = sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text.strip().lower() or seconds <= 0:
        raise ValueError(f"{text!r} is not a length of time such as 90s, 10m or 1.5h")
    return seconds
