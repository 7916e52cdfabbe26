"""The forms that files of sentence pairs come in, recognised by what stands in them.

TSV          source TAB target; further columns, a header, quotes round every field
CSV          named .csv; comma, semicolon, TAB or bar between the fields, quotes
bars         source ||| target
JSON Lines   an object a line, or a JSON list of objects: {"en": …, "de": …}, {"translation": {…}}, ["…", "…"]
TMX          translation memories
lines        one column: half of a pair of line-aligned files
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from seqcli.text.pair_documents import json_rows, tmx_rows
from seqcli.text.pair_rows import BLANK, NO_TAB, Columns, PairText, Row
from seqcli.text.pair_tables import BARS, table_rows

__all__ = ["SAMPLE", "Columns", "PairFile"]

SAMPLE = 100  # lines by which a form is recognised


@dataclass
class PairFile(PairText):
    """A file whose form is known: `kind` is that of the module's list."""

    kind: str = "lines"

    @classmethod
    def open(cls, path: str, lines: Iterable[str], columns: Columns | None = None, sample: int = SAMPLE) -> PairFile:
        """Recognised by its name and its first `sample` lines with text. One line says nothing about a header."""
        rest, seen, there = iter(lines), list[str](), 0
        for line in rest:
            seen.append(line)
            there += bool(line.strip())
            if there >= sample:
                break
        return cls(path, chain(seen, rest), columns, sample, kind=_kind(path, seen))

    def rows(self) -> Iterator[Row]:
        """The file's rows, as its lines come; `DataError` where the form itself cannot be read."""
        match self.kind:
            case "json":
                return json_rows(self)
            case "tmx":
                return tmx_rows(self)
            case "lines" if self.columns is None:
                return (Row(n, line, "", BLANK if not line.strip() else NO_TAB) for n, line in enumerate(self.lines, 1))
            case kind:
                return table_rows(self, kind)


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
    for kind, mark in (("tsv", "\t"), ("bars", BARS)):
        if 2 * sum(mark in line for line in lines) >= max(len(lines), 1):
            return kind
    return "tsv" if name.endswith((".tsv", ".tab")) else "lines"


def _is_json(start: str) -> bool:
    if not start.startswith(("{", '["')):
        return start.startswith(("[{", "[["))
    try:
        value = json.loads(start)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or (isinstance(value, list) and len(value) == 2)
