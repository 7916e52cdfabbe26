"""The forms that files of sentence pairs come in, recognised by what stands in them.

TSV          source TAB target; further columns, a header, quotes round every field
CSV          named .csv; comma, semicolon, TAB or bar between the fields, quotes
bars         source ||| target
JSON Lines   an object a line, or a JSON list of objects: {"en": …, "de": …}, {"translation": {…}}
TMX          translation memories
lines        one column: half of a pair of line-aligned files
"""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from seqcli.errors import DataError, UsageError

SAMPLE = 100  # lines by which a form is recognised
BLANK = "is blank"
NO_TAB = "no TAB"
SOURCE_NAMES = ("source", "src", "input", "question", "prompt", "original")
TARGET_NAMES = ("target", "tgt", "trg", "translation", "reference", "ref", "output", "answer", "completion")
_LANGUAGES = (
    "ar bg bn ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk kn ko ku la lt lv "
    "mk ml mr ms mt nb nl nn no pa pl ps pt ro ru sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh arabic bulgarian "
    "chinese croatian czech danish dutch english estonian finnish french german greek hebrew hindi hungarian "
    "indonesian italian japanese korean latin latvian lithuanian norwegian persian polish portuguese romanian russian "
    "serbian slovak slovenian spanish swedish thai turkish ukrainian vietnamese"
)
_HEADER = frozenset((*SOURCE_NAMES, *TARGET_NAMES, *_LANGUAGES.split(), "text", "sentence", "lemma", "form"))
_NUMERIC = re.compile(r"[\d\s.,:%+/-]*\Z")
_ATTRIBUTION = re.compile(r"(?i)cc[- ]?(?:by|0)\b|attribution|licen[cs]e|https?://|tatoeba|copyright|©")


@dataclass(frozen=True)
class Row:
    """A line of a file: its two sides, or what is wrong with it."""

    line: int
    source: str
    target: str
    problem: str = ""


@dataclass(frozen=True)
class Columns:
    """Which columns are source and target: numbers from 1, or names; several of a side are put together with a blank
    between, so that a language's tag or a word's features can stand before the text."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    @classmethod
    def parse(cls, text: str | None) -> Columns | None:
        """From `1,3`, `en,de` or `3+1,2`; None for None. `UsageError` for anything else."""
        if text is None:
            return None
        sides = [tuple(name.strip() for name in side.split("+")) for side in text.split(",")]
        if len(sides) != 2 or not all(all(side) for side in sides):
            raise UsageError(
                f"--columns {text}: name a source and a target column", hint="--columns 1,3, en,de or tag+en,de"
            )
        return cls(*sides)


@dataclass
class PairFile:
    """A file whose form is known: `kind` is that of the module's list; `notes` say what was taken for granted."""

    path: str
    kind: str
    lines: Iterator[str]
    columns: Columns | None = None
    sample: int = SAMPLE
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, path: str, lines: Iterable[str], columns: Columns | None = None, sample: int = SAMPLE) -> PairFile:
        """Recognised by its name and its first `sample` lines with text. One line says nothing about a header."""
        rest, seen, there = iter(lines), list[str](), 0
        for line in rest:
            seen.append(line)
            there += bool(line.strip())
            if there >= sample:
                break
        return cls(path, _kind(path, seen), chain(seen, rest), columns, sample)

    @property
    def name(self) -> str:
        return "standard input" if self.path == "-" else self.path

    def rows(self) -> Iterator[Row]:
        """The file's rows, as its lines come; `DataError` where the form itself cannot be read."""
        match self.kind:
            case "json":
                return self._json()
            case "tmx":
                return self._tmx()
            case "lines" if self.columns is None:
                return (Row(n, line, "", BLANK if not line.strip() else NO_TAB) for n, line in enumerate(self.lines, 1))
            case _:
                return self._table()

    def _problem(self, message: str, hint: str, line: int | None = None) -> DataError:
        return DataError(message, path=self.name, line=line, hint=hint)

    # -- columns -------------------------------------------------------------------------------------------------------

    def _table(self) -> Iterator[Row]:
        fields = self._fields()
        seen = list(islice(fields, self.sample))
        there = [row for _, row in seen if row]
        if not there:
            there, seen = [[]], [*seen, *islice(fields, SAMPLE)]
        width = Counter(map(_width, there)).most_common(1)[0][0]
        names = [cell.strip().strip("\ufeff").lower() for cell in there[0]]
        source, target = self._sides(names, there, width)
        used = [names[n] for n in (*source, *target) if n < len(names)]
        usual = self.sample > 1 and len(used) > 1 and all(name in _HEADER for name in used)
        header = there[0] if self._named() or usual else None
        for number, row in chain(seen, fields):
            if row and row is header:
                self.notes.append(f"{self.name}: line {number} is taken for a header ({', '.join(used)})")
            elif not row:
                yield Row(number, "", "", BLANK)
            elif len(row) <= max(*source, *target) or _width(row) > width:
                problem = NO_TAB if len(row) == 1 and self.kind == "tsv" else f"{len(row)} columns instead of {width}"
                yield Row(number, " ".join(row), "", problem)
            else:
                yield Row(number, *(" ".join(row[n].strip() for n in side) for side in (source, target)))

    def _fields(self) -> Iterator[tuple[int, list[str]]]:
        """The line number and the fields of each row; none for a blank line."""
        sample = list(islice(self.lines, self.sample))
        lines = chain(sample, self.lines)
        if self.kind == "bars":
            yield from ((n, line.split(" ||| ") if line.strip() else []) for n, line in enumerate(lines, 1))
            return
        delimiter = _delimiter(sample) if self.kind == "csv" else "\t"
        rows = [line.split("\t") for line in sample if line.strip()]
        quoted = self.kind == "csv" or (
            bool(rows) and all(len(f) > 1 and f[0] == f[-1] == '"' for row in rows for f in row if f.strip())
        )
        if not quoted:
            yield from ((n, line.split("\t") if line.strip(" \r") else []) for n, line in enumerate(lines, 1))
            return
        reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
        try:
            for row in reader:
                yield reader.line_num, row if any(map(str.strip, row)) else []
        except csv.Error as problem:
            hint = "a quote that is never closed makes one field of all that follows"
            raise self._problem(f"cannot be read as CSV: {problem}", hint, reader.line_num) from problem

    def _named(self) -> bool:
        return self.columns is not None and not all(
            name.isdigit() for name in (*self.columns.source, *self.columns.target)
        )

    def _sides(self, names: list[str], rows: list[list[str]], width: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Places of the columns that make the source and the target."""
        if self.columns is not None:

            def place(name: str) -> int:
                if self._named() and name.lower() in names:
                    return names.index(name.lower())
                if name.isdigit() and 1 <= int(name) <= width:
                    return int(name) - 1
                has = f"its columns are {', '.join(names)}" if self._named() else f"it has {width}"
                raise self._problem(f"has no column {name!r}: {has}", "choose with --columns SOURCE,TARGET")

            source = tuple(map(place, self.columns.source))
            return source, tuple(map(place, self.columns.target))
        known = [names.index(n) for some in (SOURCE_NAMES, TARGET_NAMES) for n in some if n in names]
        if width > 2 and len(known) == 2:
            return (known[0],), (known[1],)
        texts = [n for n in range(width) if _is_text([row[n] for row in rows if len(row) > n])]
        if width <= 2 or len(texts) == 2:
            first, second = texts if len(texts) == 2 else (0, 1)
            if width > 2:
                self.notes.append(
                    f"{self.name}: columns {first + 1} and {second + 1} of {width} are taken for source and target; "
                    "--columns says otherwise"
                )
            return (first,), (second,)
        shown = "; ".join(f"{n + 1}: {cell[:30]}" for n, cell in enumerate(rows[0]))
        raise self._problem(f"has {width} columns ({shown})", "say which are source and target: --columns 1,2", 1)

    # -- JSON and TMX --------------------------------------------------------------------------------------------------

    def _json(self) -> Iterator[Row]:
        keys: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        for number, record, problem in self._records():
            inner = record.get("translation") if isinstance(record, dict) else None
            values = inner if isinstance(inner, dict) else record
            if not isinstance(values, dict):
                yield Row(number, "", "", problem or "is no JSON object")
                continue
            keys = keys or self._keys(values, number)
            missing = [key for side in keys for key in side if not isinstance(values.get(key), str)]
            if missing:
                yield Row(number, "", "", f"has no text {missing[0]!r}")
            else:
                yield Row(number, *(" ".join(values[key] for key in side) for side in keys))

    def _records(self) -> Iterator[tuple[int, Any, str]]:
        first = next((line for line in self.lines if line.strip()), "")
        if first.lstrip().startswith("["):
            try:
                values = json.loads("\n".join([first, *self.lines]))
            except (ValueError, RecursionError) as problem:
                raise self._problem(f"is not JSON: {problem}", "give a list of objects, or an object a line") from None
            yield from ((number, value, "") for number, value in enumerate(values, 1))
            return
        for number, line in enumerate(chain([first], self.lines), 1):
            if not line.strip():
                yield number, None, BLANK
                continue
            try:
                yield number, json.loads(line), ""
            except (ValueError, RecursionError) as problem:
                yield number, None, f"is not JSON: {problem}"

    def _keys(self, values: dict[str, Any], number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the source's and the target's text in an object."""
        texts = [key for key, value in values.items() if isinstance(value, str)]
        if self.columns is not None:
            for key in (*self.columns.source, *self.columns.target):
                if key not in texts:
                    raise self._problem(f"has no text {key!r}: {', '.join(texts)}", "choose with --columns", number)
            return self.columns.source, self.columns.target
        known = [next((n for n in some if n in texts), None) for some in (SOURCE_NAMES, TARGET_NAMES)]
        source, target = known if None not in known else texts if len(texts) == 2 else (None, None)
        if source is None or target is None:
            hint = "say which are source and target: --columns en,de"
            raise self._problem(f"has the texts {', '.join(texts) or 'of none'}", hint, number)
        self.notes.append(f"{self.name}: {source} to {target}; --columns {target},{source} turns them round")
        return (source,), (target,)

    def _tmx(self) -> Iterator[Row]:
        languages: tuple[str, str] | None = None
        for number, (origin, texts) in enumerate(self._units(), 1):
            languages = languages or self._languages(origin, list(texts))
            found = [_of_language(texts, language) for language in languages]
            if None in found:
                yield Row(number, "", "", f"lacks {languages[found.index(None)]}")
            else:
                yield Row(number, found[0] or "", found[1] or "")

    def _units(self) -> Iterator[tuple[str, dict[str, str]]]:
        """The source language of the file, and the texts of each of its units by language."""
        parser: Any = ET.XMLPullParser(("start", "end"))
        origin = ""
        try:
            for line in self.lines:
                parser.feed(line + "\n")
                for event, element in parser.read_events():
                    if event == "start" and element.tag == "header":
                        origin = element.get("srclang", "").lower()
                    if event == "end" and element.tag == "tu":
                        yield origin, _texts(element)
                        element.clear()
            parser.close()
        except ET.ParseError as problem:
            raise self._problem(f"is not whole XML: {problem}", "export the translation memory again") from problem

    def _languages(self, origin: str, found: list[str]) -> tuple[str, str]:
        if self.columns is not None:
            return self.columns.source[0].lower(), self.columns.target[0].lower()
        if len(found) != 2:
            hint = "say which are source and target: --columns en,de"
            raise self._problem(f"has the languages {', '.join(found) or 'of none'}", hint)
        if len(set(map(_base, found))) == 2:  # en-GB here may be en there
            found, origin = [*map(_base, found)], _base(origin)
        first, second = reversed(found) if found[1] == origin else found
        self.notes.append(f"{self.name}: {first} to {second}; --columns {second},{first} turns them round")
        return first, second


def _kind(path: str, sample: Sequence[str]) -> str:
    name = re.sub(r"\.(gz|bz2|xz|zst|zip)$", "", path.lower())
    lines = [line for line in sample if line.strip()]
    start = lines[0].lstrip() if lines else ""
    if name.endswith(".tmx") or start.startswith(("<?xml", "<tmx", "<!DOCTYPE tmx")):
        return "tmx"
    if name.endswith((".jsonl", ".ndjson", ".json")) or _is_json(start):
        return "json"
    if name.endswith(".csv"):
        return "csv"
    for kind, mark in (("tsv", "\t"), ("bars", " ||| ")):
        if 2 * sum(mark in line for line in lines) >= max(len(lines), 1):
            return kind
    return "tsv" if name.endswith((".tsv", ".tab")) else "lines"


def _is_json(start: str) -> bool:
    if not start.startswith("{"):
        return start.startswith("[{")
    try:
        return isinstance(json.loads(start), dict)
    except (ValueError, RecursionError):
        return False


def _delimiter(sample: Sequence[str]) -> str:
    """What stands between the fields: the mark that most lines have, and of these the most frequent."""
    return max(",;\t|", key=lambda mark: (sum(mark in line for line in sample), "".join(sample).count(mark)))


def _width(row: Sequence[str]) -> int:
    """Columns without the empty ones at the end; two at least."""
    width = len(row)
    while width > 2 and not row[width - 1].strip():
        width -= 1
    return width


def _is_text(cells: Sequence[str]) -> bool:
    """Whether a column holds sentences: not numbers, nothing, or where these come from."""
    there = [cell for cell in cells if cell.strip()]
    other = sum(bool(_NUMERIC.match(cell) or _ATTRIBUTION.search(cell)) for cell in there)
    return 2 * len(there) > len(cells) and 2 * other < len(there)


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
    return next((text for found, text in texts.items() if _base(found) == language), None)


def _base(language: str) -> str:
    """A language's code without a region's."""
    return re.split("[-_]", language)[0]
