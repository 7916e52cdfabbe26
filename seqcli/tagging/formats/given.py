"""Which format the input of `tag` is in: text, or what the model has learnt from, seen from the first line."""

from __future__ import annotations

import json

from seqcli.tagging.formats.columns import DOCUMENT, Columns, ConllU, names_columns
from seqcli.tagging.formats.lines import Inline
from seqcli.tagging.formats.records import TEXT, TOKENS, Records
from seqcli.tagging.formats.sentence import Format
from seqcli.tagging.labels import LabelSet


def given_format(line: str, own: Format, labels: LabelSet) -> Format | None:
    """The format of a line that is not blank: `own`, in which the model's `labels` were learnt, other columns that end
    with a label of its chunks, or None for what is raw text or JSON."""
    prefixes = labels.scheme.prefixes if labels.scheme is not None else frozenset[str]()
    known = set(labels.names) | set(labels.written(range(len(labels))) if labels.scheme is None else ())

    def is_chunk(label: str) -> bool:
        prefix, hyphen, kind = label.partition("-")
        return prefix in prefixes and bool(hyphen and kind)

    fields = own.split(line) if isinstance(own, Columns) else line.split()
    if isinstance(own, ConllU):
        found = line.startswith("# ") or line.count("\t") == 9
    elif isinstance(own, Columns):
        found = line.startswith(DOCUMENT) or names_columns(fields)
        if own.separator == "\t":
            found |= len(fields) in (own.count, own.count - 1) and len(fields) > 1
        else:
            found |= len(fields) == own.count and (fields[own.label] in known or is_chunk(fields[own.label]))
    elif isinstance(own, Inline):
        parts = [item.rpartition(own.separator) for item in fields]
        found = all(word and tag for word, _, tag in parts) and any(tag in known or own.characters for *_, tag in parts)
    else:
        found = isinstance(own, Records) and is_record(line)
    columns = Columns.like(line)
    last = line.split(columns.separator)[-1]
    return own if found else columns if last != line and is_chunk(last) and columns.count <= 10 else None


def is_record(line: str) -> bool:
    """Whether a line is a JSON object with a text or tokens."""
    if not line.lstrip().startswith("{"):
        return False
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and any(key in record for key in (*TEXT, *TOKENS))
