"""Which format a file is in, found by looking at how it begins, and formats made again from what a model remembers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from typing import Any

from seqcli.errors import CheckpointError, DataError, UsageError
from seqcli.files.plain import to_plain
from seqcli.tagging.formats.columns import (
    COMMENT,
    CONLLU_COLUMNS,
    DOCUMENT,
    LABELS,
    MARKS,
    SENTENCES,
    STEPS,
    Columns,
    ConllU,
    fields_of,
    names_columns,
)
from seqcli.tagging.formats.lines import Inline, Segmented, is_wide
from seqcli.tagging.formats.records import SPANS, TAGS, TEXT, TOKENS, Records, record_of
from seqcli.tagging.formats.sentence import Format
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.schemes import recognise
from seqcli.tagging.words import WordRule

LOOKED_AT = 2000  # lines
MOST = 0.95  # of the lines that must be as a format has them
REPEATED = 0.8  # of the rows have in such a column what the row before has
FEWEST_WORDS = 10  # for each label, that tell that labels stand before words
WORDS_OF_TEXT = 3  # that most words written with blanks do not have
_FRACTION = re.compile(r"\s*\d*\.\d+\s*$")
_CONLLU_ID = re.compile(r"\d+(-\d+|\.\d+)?$")


def detect(
    lines: Iterable[str], path: str, *, name: str = "auto", column: str | None = None, characters: bool = False
) -> Format:
    """The format of a file's lines for training, or the one that is named, with the labels in `column`. With
    `characters` the steps are the characters of the text. `DataError` where it cannot be told, `UsageError` for a
    column or steps that the format does not have."""
    sample = [line for line in islice(lines, LOOKED_AT) if line.strip()]
    if not sample:
        raise DataError("is empty", path=path, hint="give a file with labelled sentences")
    found = name if name != "auto" else _name(sample)
    if found is None:
        raise DataError(
            "cannot tell where the labels are",
            path=path,
            hint="--format says what it is: conll (columns), conllu, inline (word/TAG), ndjson, "
            "or segmented (blanks are the labels: characters are learnt to be cut into words)",
        )
    if column is not None and found not in ("conll", "conllu", "ndjson"):
        raise UsageError(f"--column is for columns, and {path} has none ({found})", hint="leave --column out")
    if characters and found in ("conll", "conllu"):
        raise UsageError(
            "--characters is for text in lines, where characters are not given as steps already",
            hint="leave --characters out",
        )
    if found == "conllu":
        return _conllu(column)
    if found == "conll":
        return _columns(sample, path, column)
    if found == "inline":
        return Inline(separator_of(sample) or "/", characters)
    if found == "ndjson":
        return _records(sample, path, characters, column)
    return Segmented()


def format_to_json(format: Format) -> dict[str, Any]:
    """A format that was learnt from, for a model file: what `format_from_json` makes it from again. How text is cut is
    kept beside it, and only formats that are written have a `key`."""
    settings = to_plain(format)
    return {"name": format.name, **{name: value for name, value in settings.items() if name not in ("rule", "key")}}


def format_from_json(values: Any, rule: WordRule | None) -> Format:
    """The format that a model has learnt from; `CheckpointError` for what is none."""
    try:
        name, settings = values["name"], {key: value for key, value in values.items() if key != "name"}
        if name == "conll":
            numbers = [settings[key] for key in ("count", "step", "label")]
            numbers += [settings["sentence"]] if settings.get("sentence") is not None else []
            usable = all(type(n) is int for n in numbers) and 0 <= max(numbers[1:]) < numbers[0] and min(numbers) >= 0
            if usable and settings["separator"] in ("\t", *MARKS, None):
                return Columns(**settings)
        elif name == "conllu" and settings["column"] in CONLLU_COLUMNS:
            return ConllU(**settings)
        elif name == "inline" and type(settings["separator"]) is str and settings["separator"]:
            return Inline(settings["separator"], bool(settings["characters"]))
        elif name == "ndjson" and type(settings["label"]) is str:
            return Records(settings["label"], bool(settings["spans"]), rule)
        elif name == "segmented":
            return Segmented()
    except (KeyError, TypeError, AttributeError, ValueError):
        pass
    raise CheckpointError("the model does not say which format it has learnt from")


def _name(sample: Sequence[str]) -> str | None:
    """The name of the format that a file's lines are in; None where it cannot be told."""
    first = sample[0].strip()
    if _share(sample, _is_json) >= MOST or first in ("[", "{") or first.startswith(('[{"', '[["')):
        return "ndjson"
    tokens = [line for line in sample if not line.startswith(("#", DOCUMENT))]
    if not tokens:
        return None
    if _share(tokens, _is_universal) >= MOST:
        return "conllu"
    if separator_of(sample):
        return "inline"
    if _mark(tokens):
        return "conll"
    tabs = Counter(line.count("\t") for line in tokens)
    blanks = Counter(len(line.split()) for line in tokens)
    for counts, least in ((tabs, 1), (blanks, 2)):
        count, lines = counts.most_common(1)[0]
        if count >= least and lines >= MOST * len(tokens) and (least == 1 or count <= 10):
            return "conll"
    text = "".join("".join(line.split()) for line in sample)
    wide = sum(map(is_wide, text)) > 0.3 * len(text)
    words = sum(len(line.split()) for line in sample)
    return "segmented" if wide and words > 2 * len(sample) and len(text) < 6 * words else None


def _mark(tokens: Sequence[str]) -> str | None:
    """The comma or semicolon that lines have columns between: as many each, and names or no blanks in them."""
    for mark in MARKS:
        rows = [fields_of(line, mark) for line in tokens] if mark in tokens[0] else []
        even = sum(len(row) == len(rows[0]) for row in rows) >= MOST * len(tokens)
        if even and (names_columns(rows[0]) or not any(" " in line.strip() for line in tokens)):
            return mark
    return None


def _share(lines: Sequence[str], holds: Any) -> float:
    return sum(map(bool, map(holds, lines))) / len(lines)


def _is_json(line: str) -> bool:
    """Whether a line looks like an object, or spaCy's pair of a text and one."""
    return line.strip().startswith(("{", '["')) and line.strip().endswith(("}", "}]"))


def _is_universal(line: str) -> bool:
    """Whether a line is one of CoNLL-U's, or one whose TABs have become blanks, which the format itself refuses."""
    fields = line.split("\t") if "\t" in line else line.split()
    return len(fields) == 10 and bool(_CONLLU_ID.match(fields[0]))


def separator_of(sample: Sequence[str]) -> str | None:
    """What stands between words and their tags, if lines are such: every word has it, and the tags are few. Where most
    words have it in themselves, too, it stands between words."""
    items = [item for line in sample for item in line.split()]
    for separator in "/_|":
        tags = Counter(
            tag for word, found, tag in (item.rpartition(separator) for item in items) if found and word and tag
        )
        tagged, within = sum(tags.values()), sum(item.count(separator) > 1 for item in items)
        if items and tagged >= 0.99 * len(items) > 2 * within and len(tags) <= max(60, len(items) ** 0.5):
            return separator
    return None


def _conllu(column: str | None) -> ConllU:
    name = (column or "upos").lower()
    if name.isdigit() and 1 <= int(name) <= len(CONLLU_COLUMNS):
        name = CONLLU_COLUMNS[int(name) - 1]
    if name not in CONLLU_COLUMNS[2:]:
        hint = "upos, xpos, feats are some"
        raise UsageError(f"--column {column}: CoNLL-U has no such column with labels", hint=hint)
    return ConllU(name)


def _columns(sample: Sequence[str], path: str, column: str | None) -> Columns:
    tokens = [line for line in sample if not line.startswith(DOCUMENT) and not COMMENT.match(line)] or [""]
    separator = _mark(tokens) or ("\t" if _share(tokens, lambda line: "\t" in line) > 0.5 else None)
    rows = [fields_of(line, separator) for line in tokens]
    count = Counter(map(len, rows)).most_common(1)[0][0]
    if count < 2:
        raise DataError("has only one column, and no labels", path=path, hint="each line is a step and its label")
    names = [name.strip().lower() for name in rows[0]] if names_columns(rows[0]) else []
    even = [row for row in rows[bool(names) :] if len(row) == count and not row[0].startswith("#")]
    columns = [[row[place] for row in even] for place in range(count)]
    first = next((place for place in range(count - 1) if not _is_key(columns[place])), 0) if count > 2 else 0
    step = next((place for place, name in enumerate(names) if name in STEPS), first)
    last = max((place for place, name in enumerate(names) if name in LABELS), default=-1)
    if last < 0:
        step, last = _label_place(columns, step)
    _check_words(columns[step], "steps", path)
    sentence = next((place for place, name in enumerate(names) if name in SENTENCES), None)
    if column is None:
        _check_words(columns[last], "labels", path)
        return Columns(separator, count, step, last, sentence)
    label = names.index(column.lower()) if column.lower() in names else int(column) - 1 if column.isdigit() else -1
    if label == step and count == 2:
        step = 1 - label
    if not 0 <= label < count or label == step:
        named = f" ({' '.join(names)})" if names else ""
        hint = f"column {step + 1} has the steps"
        raise UsageError(f"--column {column}: the file has columns 1 to {count}{named}", hint=hint)
    return Columns(separator, count, step, label, sentence)


def _is_key(values: Sequence[str]) -> bool:
    """Whether a column tells where rows belong rather than what is labelled: numbers, or a name that goes on."""
    return all(map(str.isdigit, values)) or sum(a == b for a, b in pairwise(values)) > REPEATED * len(values)


def _label_place(columns: Sequence[Sequence[str]], step: int) -> tuple[int, int]:
    """The columns of the steps and of the labels, where none has a name: the last one that can be labels, no numbers
    with a point, not empty (`-`, `_`) and no other forms of the steps (lemmas); the first one where only there are
    labels of chunks, or where it has far fewer than the last, which then has the words."""
    possible = [
        place
        for place, values in enumerate(columns)
        if place > step
        and {value.strip() for value in values} - {"", "-", "_"}
        and not all(map(_FRACTION.match, values))
    ]
    labels = [place for place in possible if not _are_forms(columns[place], columns[step])] or possible
    label = labels[-1] if labels else len(columns) - 1
    chunks = recognise([columns[0]]) is not None and recognise([columns[label]]) is None
    if step == 0 and (chunks or len(set(columns[label])) > FEWEST_WORDS * len(set(columns[0]))):
        return 1, 0
    return step, label


def _are_forms(values: Sequence[str], steps: Sequence[str]) -> bool:
    """Whether most of the values begin as their steps do."""
    alike = sum(value[:1].casefold() == step[:1].casefold() for value, step in zip(values, steps, strict=True))
    return 2 * alike > len(values)


def _check_words(values: Sequence[str], what: str, path: str) -> None:
    """`DataError` where most steps, or labels, are texts of several words."""
    texts = [value for value in values if len(value.split()) >= WORDS_OF_TEXT]
    if 2 * len(texts) > len(values):
        hint = "give a word and its label a line; `train-mt` learns the label of a whole text from text TAB label"
        raise DataError(f"the {what} are whole texts, such as {texts[0]!r:.50}", path=path, hint=hint)


def _records(sample: Sequence[str], path: str, characters: bool, column: str | None) -> Records:
    try:
        records = [record for line in sample[:100] if (record := record_of(json.loads(line))) is not None]
    except (ValueError, RecursionError):
        records = []
    if len(records) < len(sample[:100]):
        hint = "one object a line, without a list around them: jq -c '.[]' makes that of a list"
        raise DataError("is not one JSON object a line", path=path, hint=hint)
    keys = {key for record in records for key in record}
    text = "".join(str(record[key]) for record in records for key in TEXT if key in record)
    wide = sum(map(is_wide, text)) > 0.3 * max(len(text), 1)
    rule = None if characters or wide else WordRule()
    if column is not None and column not in keys:
        raise UsageError(f"--column {column}: the objects of {path} have {', '.join(sorted(keys))}", hint="name one")
    if keys & set(TOKENS):
        label = next((key for key in ((column,) if column else TAGS) if key in keys), None)
        if label is not None:
            return Records(label, spans=False, rule=rule)
    label = column or next((key for key in SPANS if key in keys), None)
    if label is None:
        raise DataError(f"no labels among the keys {', '.join(sorted(keys))}", path=path, hint=f"{' or '.join(SPANS)}")
    return Records(label, spans=True, rule=rule)


def given_format(line: str, own: Format, labels: LabelSet) -> Format | None:
    """The format of a line that is not blank: `own`, in which the model's `labels` were learnt, other columns that end
    with a label of its chunks, or None for what is raw text or JSON."""
    prefixes = labels.scheme.prefixes if labels.scheme is not None else frozenset[str]()
    known = set(labels.names)

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
    if not _is_json(line):
        return False
    try:
        record = record_of(json.loads(line))
    except (ValueError, RecursionError):
        return False
    return record is not None and any(key in record for key in (*TEXT, *TOKENS))
