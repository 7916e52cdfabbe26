"""Verbs in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING
from typing import Any, get_args, get_origin

from seqcli.errors import as_arguments
from seqcli.files.plain import to_plain
from seqcli.options import LARGEST, Declared, declarations
from seqcli.serving.verbs import Verb
from seqcli.serving.workers import About

TYPES = {int: "integer", float: "number", bool: "boolean", str: "string"}


def described(verbs: Sequence[Verb], abouts: Sequence[About]) -> dict[str, Any]:
    """Body and query of the endpoint of some verbs of one name, which models of these `abouts` answer."""
    if verbs[0].recording:
        schemas = _model(verbs[0], abouts) | _schemas(verbs[0])
        query = [{"in": "query", "name": name, "schema": schema} for name, schema in schemas.items()]
        sound = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        return {"parameters": query, "requestBody": {"required": True, "content": sound}}
    bodies = [
        {
            "title": f"{verb.name} with a {verb.kind.task_name()}",
            "type": "object",
            "properties": _model(verb, abouts) | _schemas(verb),
            "required": [name for name, found in declarations(verb.body).items() if found.default is MISSING],
            "additionalProperties": False,
        }
        for verb in verbs
    ]
    schema = bodies[0] if len(bodies) == 1 else {"oneOf": bodies}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _model(verb: Verb, abouts: Sequence[About]) -> dict[str, Any]:
    names = [about.name for about in abouts if about.task == verb.kind.task]
    schema: dict[str, Any] = {"type": "string", "description": "The model; needed where there are several."}
    return {"model": schema | ({"enum": names} if names else {})}


def _schemas(verb: Verb) -> dict[str, Any]:
    return {name: _schema(declared) for name, declared in declarations(verb.body).items()}


def _schema(declared: Declared) -> dict[str, Any]:
    option, kind = declared.option, declared.type
    schema: dict[str, Any] = {"description": as_arguments(option.help)}
    if get_origin(kind) is tuple:
        schema |= {"type": "array", "items": {"type": TYPES[get_args(kind)[0]]}}
    elif kind in TYPES:
        schema["type"] = TYPES[kind]
    if kind in (int, float):
        below = {"exclusiveMinimum": option.above} if option.above is not None else {"minimum": option.least or 0}
        above = {"exclusiveMaximum": option.below} if option.below is not None else {"maximum": option.most or LARGEST}
        schema |= below | above
    if option.choices:
        schema["enum"] = list(option.choices)
    if declared.default not in (MISSING, None, (), ""):
        schema["default"] = to_plain(declared.default)
    return schema
