"""Configurations and recipes (dataclasses) as plain JSON values, and back from a file that is not trusted; and JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from seqcli.errors import CheckpointError, UsageError

T = TypeVar("T")

LARGEST = 2**31 - 1  # of a whole number in a file


def to_plain(value: Any) -> Any:
    """A dataclass (or the value of a field) as JSON values: dicts, lists, text, numbers, None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: to_plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def json_text(value: Any) -> str:
    """A dataclass, or plain values, as JSON on one line: other alphabets stay readable, not-a-number becomes null."""
    return json.dumps(_finite(to_plain(value)), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_plain(kind: type[T], values: Any, what: str) -> T:
    """The dataclass that `to_plain` turned into `values`; fields with a default may be missing. `what` is its name in
    messages. Raises `CheckpointError` for unknown names, values of another type, numbers that are not finite, and what
    the dataclass itself refuses with ValueError or `UsageError`."""
    hints = typing.get_type_hints(kind)
    known = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, dict):
        raise CheckpointError(f"{what} is missing")
    needed = [name for name, item in known.items() if item.default is dataclasses.MISSING]
    made: dict[str, Any] = {}
    for name in (*needed, *values):
        try:
            made[known[name].name] = _value(hints[name], values[name], f"{what}: {name}")
        except (KeyError, ValueError) as problem:  # a KeyError, too, for what is not known
            raise CheckpointError(f"{what} has no usable {name!r}: {values.get(name)!r:.80}") from problem
    try:
        return kind(**made)
    except (ValueError, UsageError) as problem:
        raise CheckpointError(f"{what} cannot be used: {problem}") from problem


class Configuration:
    """Base of the dataclasses that say what a network is made of: the part of a checkpoint that it is rebuilt from."""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a configuration from a checkpoint's; `CheckpointError` when it is not one."""
        return from_plain(cls, values, "the model's configuration")


def _value(hint: Any, value: Any, what: str) -> Any:
    """`value` as the type `hint`; ValueError or `CheckpointError` if it has another type."""
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
    if dataclasses.is_dataclass(hint):
        return from_plain(hint, value, what)  # type: ignore[arg-type]
    if typing.get_origin(hint) is tuple:
        parts = typing.get_args(hint)
        if type(value) is not list or (parts[-1] is not ... and len(parts) != len(value)):
            raise ValueError
        kinds = [parts[0]] * len(value) if parts[-1] is ... else parts
        return tuple(_value(part, one, what) for part, one in zip(kinds, value, strict=True))
    if typing.get_origin(hint) is dict and type(value) is dict:
        return value
    if hint is float and type(value) in (int, float) and -1e300 < value < 1e300:
        return float(value)
    if type(value) is not hint or hint is float or (hint is int and not -LARGEST <= value <= LARGEST):
        raise ValueError
    return value
