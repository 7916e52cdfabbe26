"""What the server says of itself: its verbs in the words of OpenAPI, and /docs, a page of these that needs nothing from
elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING
from html import escape
from typing import Any, get_args, get_origin

from seqcli.errors import as_arguments
from seqcli.files.plain import to_plain
from seqcli.options import LARGEST, Declared, declarations
from seqcli.serving.verbs import Verb
from seqcli.serving.workers import About

TYPES = {int: "integer", float: "number", bool: "boolean", str: "string"}
STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
h2 { margin-top: 2em; border-bottom: 1px solid #8886 }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #8883; padding: .3em 1em .3em 0; vertical-align: top }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere }
pre { background: #8882; padding: .6em; white-space: pre-wrap }
"""
Values = Mapping[str, Any]


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


def page(document: Values, url: str) -> str:
    """The page of a server at `url` that an OpenAPI document describes."""
    info = document["info"]
    schemas = document["components"]["schemas"]
    parts = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        f"<p>{escape(info['description'])} For generators of clients: <a href=openapi.json>openapi.json</a>.</p>",
        *(
            _endpoint(path, method.upper(), found, schemas, url)
            for path, methods in document["paths"].items()
            for method, found in methods.items()
        ),
    ]
    body = "\n".join(parts)
    return (
        f"<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])}</title><style>{STYLE}</style>\n<body>\n{body}\n</body></html>\n"
    )


def _endpoint(path: str, method: str, found: Values, schemas: Values, url: str) -> str:
    """A heading, what is asked for, and what is answered."""
    parts = [f"<h2 id={path[1:]}><code>{method} {path}</code></h2><p>{escape(found['summary'])}</p>"]
    content = found.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        bodies = schema.get("oneOf", [schema])
        several = sum(len(body["properties"]["model"].get("enum", ())) for body in bodies) > 1
        for body in bodies:
            parts.append(_call(f"{url}{path}", body, several))
            parts.append(_arguments(body["properties"], body.get("required", ())))
    elif content:
        parts.append(f"<pre>curl --data-binary @FILE {url}{path}</pre>")
        parts.append(_arguments({one["name"]: one["schema"] for one in found["parameters"]}, ()))
    else:
        parts.append(f"<pre>curl {url}{path}</pre>")
    return "\n".join([*parts, _answer(found["responses"]["200"], schemas)])


def _call(url: str, body: Values, several: bool) -> str:
    """How to ask with curl, with a value for each argument that is needed; the model is, where there are `several`."""
    texts = ["The sky", "The sea"]
    given: dict[str, Any] = {"model": body["properties"]["model"]["enum"][0]} if several else {}
    for name in body.get("required", ()):
        kind = body["properties"][name].get("type")
        given[name] = texts if kind == "array" else texts[0] if kind == "string" else [texts]
    if "data" in given:
        given["data"] = "month,sales\n2024-01,10\n2024-02,12\n…"
    text = json.dumps(given, ensure_ascii=False)
    return f"<pre>curl --json '{escape(text)}' {escape(url)}</pre>"


def _arguments(properties: Values, needed: Any) -> str:
    rows = []
    for name, schema in properties.items():
        notes = [f"{key}: {value}" for key, value in _limits(schema)]
        if name in needed:
            notes.insert(0, "needed")
        kind = schema.get("type", "")
        if kind == "array" and "type" in schema.get("items", {}):
            kind = f"{schema['items']['type']}s"
        told = f"{escape(schema.get('description', ''))} <small>{escape('; '.join(notes))}</small>"
        rows.append(f"<tr><td><code>{escape(name)}</code><td>{escape(kind)}<td>{told}")
    return f"<table>{''.join(rows)}</table>"


def _limits(schema: Values) -> Iterator[tuple[str, str]]:
    """What a value may be, and what it is if it is not given."""
    if "enum" in schema:
        yield "one of", ", ".join(map(str, schema["enum"]))
    for key, word in (("minimum", "at least"), ("exclusiveMinimum", "above"), ("exclusiveMaximum", "below")):
        if key in schema and (key, schema[key]) != ("minimum", 0):  # which goes without saying
            yield word, f"{schema[key]:g}"
    if "maximum" in schema and schema["maximum"] < 2**31 - 1:
        yield "at most", f"{schema['maximum']:g}"
    if "default" in schema:
        yield "default", json.dumps(schema["default"], ensure_ascii=False)


def _answer(response: Values, schemas: Values) -> str:
    schema = response["content"]["application/json"]["schema"]
    listed = schema.get("items", schema)
    found = schemas[listed["$ref"].rpartition("/")[2]]
    names = ", ".join(f"<code>{escape(name)}</code>" for name in found["properties"])
    told = " ".join(found.get("description", "").split())
    return f"<p>Answer: {'a list of objects' if 'items' in schema else 'an object'} with {names}. {escape(told)}</p>"
