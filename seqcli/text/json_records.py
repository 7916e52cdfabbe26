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
    first = next((line for line in lines if line.strip()), "")
    whole: Any = None
    try:
        whole = json.loads(first)
    except (ValueError, RecursionError) as problem:
        if first.strip() in ("[", "{") or first.lstrip().startswith(("[{", "[[")):
            whole = _whole(lines, first, shown)
        else:
            yield 1, None, f"is not JSON: {problem}"
    numbered: Iterator[tuple[int, str]] = enumerate(lines, 2)
    if isinstance(whole, dict) and not any(isinstance(value, str | dict) for value in whole.values()):
        lists = [value for value in whole.values() if isinstance(value, list)]
        following = list(islice(numbered, 1))
        if len(lists) == 1 and not following:  # the list that an object is wrapped round
            whole = lists[0]
        numbered = chain(following, numbered)
    if isinstance(whole, list) and any(isinstance(value, dict | list) for value in whole):
        yield from ((number, value, "") for number, value in enumerate(whole, 1))
        return
    if whole is not None:
        yield 1, whole, ""
    for number, line in numbered:
        if not line.strip():
            yield number, None, BLANK
            continue
        try:
            yield number, json.loads(line), ""
        except (ValueError, RecursionError) as problem:
            yield number, None, f"is not JSON: {problem}"


def _whole(lines: Iterator[str], first: str, shown: str) -> Any:
    """The value that all lines make together."""
    try:
        return json.loads("\n".join(chain([first], lines)))
    except (ValueError, RecursionError) as problem:
        hint = "give a list of objects, or an object a line"
        raise DataError(f"is not JSON: {problem}", path=shown, hint=hint) from None
