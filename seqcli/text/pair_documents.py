"""Pairs in JSON and in translation memories."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Any

from seqcli.text.json_records import records
from seqcli.text.pair_rows import LANGUAGES, Pair, PairFile, named_sides

SHOWN = 8  # names that a message lists
Sides = tuple[tuple[str, ...], tuple[str, ...]]


def json_rows(file: PairFile) -> Iterator[Pair]:
    """The rows of objects, or of lists of two texts, each on its line or all in one list."""
    keys: Sides | None = None
    for number, record, problem in records(file.lines, file.name):
        inner = record.get("translation") if isinstance(record, dict) else None
        values = inner if isinstance(inner, dict) else record
        if isinstance(values, list) and file.columns is not None:
            values = {str(place): part for place, part in enumerate(values, 1)}
        if isinstance(values, list) and len(values) == 2 and all(isinstance(value, str) for value in values):
            yield Pair(number, *values)
        elif not isinstance(values, dict):
            yield Pair(number, "", "", problem or "is no JSON object")
        else:
            keys = keys or _keys(file, values, number)
            missing = [key for side in keys for key in side if not _is_text(values.get(key))]
            if missing:
                yield Pair(number, "", "", f"has no text {missing[0]!r}")
            else:
                yield Pair(number, *(" ".join(str(values[key]) for key in side) for side in keys))


def _is_text(value: Any) -> bool:
    """Whether a value can be a side: text or, where that is asked for, a number."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _keys(file: PairFile, values: dict[str, Any], number: int) -> Sides:
    """Names of the source's and the target's text in an object."""
    there = [key for key, value in values.items() if value is None or _is_text(value)]
    shown = ", ".join(key[:30] for key in there[:SHOWN])
    if len(there) > SHOWN:
        shown += f" and {len(there) - SHOWN:,} more"
    if file.columns is not None:
        for key in (*file.columns.source, *file.columns.target):
            if key not in there:
                raise file.problem(f"has no text {key!r}, but {shown or 'none'}", "choose with --columns", number)
        return file.columns.source, file.columns.target
    texts = [key for key in there if isinstance(values[key], str)]
    found = _two_texts(texts) or _two_texts([key for key in there if values[key] is None or key in texts])
    if found is None:
        hint = "say which are source and target: --columns en,de; pairs are objects, one a line or in a list"
        raise file.problem(f"has the texts {shown}" if there else "has no texts", hint, number)
    source, target = found
    file.say_direction(source, target)
    return (source,), (target,)


def _two_texts(texts: Sequence[str]) -> Sequence[str] | None:
    """The two of an object's texts that are called like languages or sides, or all, if they are two."""
    languages = [key for key in texts if base(key.lower()) in LANGUAGES]
    if len(languages) == 3:  # a record's number rather than Indonesian
        languages = [key for key in languages if key.lower() != "id"]
    return next((keys for keys in (languages, named_sides(texts), texts) if len(keys) == 2), None)


def tmx_rows(file: PairFile) -> Iterator[Pair]:
    """The rows of a translation memory, a unit each."""
    sides: Sides | None = None
    for number, (origin, texts) in enumerate(_units(file), 1):
        sides = sides or _languages(file, origin, list(texts))
        found = {language: _of_language(texts, language) for side in sides for language in side}
        if lacking := [language for language, text in found.items() if text is None]:
            yield Pair(number, "", "", f"lacks {lacking[0]}")
        else:
            yield Pair(number, *(" ".join(found[language] or "" for language in side) for side in sides))
    if sides is None:
        raise file.problem("is XML without the units of a translation memory", "export it as TMX, or as TSV")


def _units(file: PairFile) -> Iterator[tuple[str, dict[str, str]]]:
    """The source language of the file, and the texts of each of its units by language."""
    parser: Any = ET.XMLPullParser(("start", "end"))
    origin = ""
    try:
        for line in file.lines:
            parser.feed(line + "\n")
            for event, element in parser.read_events():
                if event == "start" and element.tag == "header":
                    origin = element.get("srclang", "").lower()
                if event == "end" and element.tag == "tu":
                    yield origin, _texts(element)
                    element.clear()
        parser.close()
    except ET.ParseError as problem:
        raise file.problem(f"is not whole XML: {problem}", "export the translation memory again") from problem


def _languages(file: PairFile, origin: str, found: list[str]) -> Sides:
    if file.columns is not None:
        return tuple(map(str.lower, file.columns.source)), tuple(map(str.lower, file.columns.target))
    if len(found) != 2:
        hint = "say which are source and target: --columns en,de"
        raise file.problem(f"has the languages {', '.join(found)}" if found else "has no languages", hint)
    if len(set(map(base, found))) == 2:  # en-GB here may be en there
        found, origin = [*map(base, found)], base(origin)
    first, second = reversed(found) if found[1] == origin else found
    file.say_direction(first, second)
    return (first,), (second,)


def _texts(unit: ET.Element) -> dict[str, str]:
    """The text of each language of a unit."""
    found: dict[str, str] = {}
    for variant in unit.iter("tuv"):
        language = variant.get("{http://www.w3.org/XML/1998/namespace}lang") or variant.get("lang") or ""
        segment = variant.find("seg")
        found[language.lower()] = "" if segment is None else " ".join("".join(segment.itertext()).split())
    return found


def _of_language(texts: dict[str, str], language: str) -> str | None:
    """The text of a language, or of a region's form of it (en-GB for en)."""
    if language in texts:
        return texts[language]
    return next((text for found, text in texts.items() if base(found) == language), None)


def base(language: str) -> str:
    """A language's code without a region's."""
    return re.split("[-_]", language)[0]
