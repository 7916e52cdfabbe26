"""Records in JSON: a value a line, or all in one list, which may be wrapped in an object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from seqcli.errors import DataError
from seqcli.text.pair_rows import BLANK


def records(lines: Iterator[str], shown: str) -> Iterator[tuple[int, Any, str]]:
    """Number and value of each record, and what is wrong with one that is none; `shown` is what errors call the text.
    Raises `DataError` for a list that is not whole."""
    numbered: Iterator[tuple[int, str]] = enumerate(lines, 1)
    for number, line in numbered:
        if line.strip():
            break
        yield number, None, BLANK
    else:
        return
    value, problem = _parsed(line)
    if problem and (line.strip() in ("[", "{") or line.lstrip().startswith(("[{", "[["))):
        value, problem = _whole(lines, line, shown), ""
    if isinstance(value, dict) and not any(isinstance(part, str | dict) for part in value.values()):
        lists = [part for part in value.values() if isinstance(part, list)]
        following = list(islice(numbered, 1))
        if len(lists) == 1 and not following:  # the list that an object is wrapped round
            value = lists[0]
        numbered = chain(following, numbered)
    if isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        yield from ((place, part, "") for place, part in enumerate(value, 1))
        return
    yield number, value, problem
    for number, line in numbered:
        yield number, *(_parsed(line) if line.strip() else (None, BLANK))


def _parsed(line: str) -> tuple[Any, str]:
    """The value of a line, and what is wrong with one that has none."""
    try:
        return json.loads(line), ""
    except (ValueError, RecursionError) as problem:
        return None, f"is not JSON: {problem}"


def _whole(lines: Iterator[str], first: str, shown: str) -> Any:
    """The value that all lines make together."""
    value, problem = _parsed("\n".join(chain([first], lines)))
    if problem:
        raise DataError(problem, path=shown, hint="give a list of objects, or an object a line")
    return value
