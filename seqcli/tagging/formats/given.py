"""Which format the input of `tag` is in: text, or what the model has learnt from, seen from the first line."""

from __future__ import annotations

import json

from seqcli.tagging.formats.columns import DOCUMENT, Columns, ConllU, names_columns
from seqcli.tagging.formats.lines import Inline
from seqcli.tagging.formats.records import TEXT, TOKENS, Records
from seqcli.tagging.formats.sentence import Format
from seqcli.tagging.labels import LabelSet


def looks_like(line: str, format: Format, labels: LabelSet) -> bool:
    """Whether a line that is not blank is one of `format`, in which the model's `labels` were learnt, rather than
    raw text."""
    if isinstance(format, ConllU):
        return line.startswith("# ") or line.count("\t") == 9
    if isinstance(format, Columns):
        fields = line.split(format.separator)
        if line.startswith(DOCUMENT) or names_columns(fields):
            return True
        if format.separator == "\t":
            return len(fields) in (format.count, format.count - 1) and len(fields) > 1
        known = set(labels.names) | set(labels.written(range(len(labels))) if labels.scheme is None else ())
        prefixes = labels.scheme.prefixes if labels.scheme is not None else frozenset[str]()
        last = fields[format.label] if len(fields) == format.count else ""
        return last in known or (last.partition("-")[0] in prefixes and "-" in last)
    if isinstance(format, Inline):
        return all(
            item.rpartition(format.separator)[1] and item.rpartition(format.separator)[0] for item in line.split()
        )
    if isinstance(format, Records):
        return is_record(line)
    return False


def is_record(line: str) -> bool:
    """Whether a line is a JSON object with a text or tokens."""
    if not line.lstrip().startswith("{"):
        return False
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and any(key in record for key in (*TEXT, *TOKENS))
