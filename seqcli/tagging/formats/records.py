"""One JSON object a line: a text with labelled spans of its characters, or tokens with a label each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from seqcli.errors import DataError
from seqcli.files.plain import json_text
from seqcli.tagging.formats.sentence import Sentence, Tagging
from seqcli.tagging.schemes import BIOES, Chunk
from seqcli.tagging.words import WordRule

TEXT = ("text", "data", "sentence")
TOKENS = ("tokens", "words")
TAGS = ("tags", "labels", "ner_tags", "pos_tags", "upos", "ner", "pos")
SPANS = ("spans", "entities", "label", "labels")
SPAN_KEYS = ("start", "start_offset"), ("end", "end_offset"), ("label", "labels", "type")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HINT = 'each line is {"text": …, "spans": [[start, end, label], …]} or {"tokens": […], "tags": […]}'


@dataclass(frozen=True)
class Records:
    """JSON lines. `label` is the key of the spans or tags, `spans` whether they are spans; text is cut into steps by
    `rule`, or into its characters without one."""

    name = "ndjson"
    label: str = "spans"
    spans: bool = True
    rule: WordRule | None = field(default_factory=WordRule)

    def describe(self) -> str:
        if not self.spans:
            return f"a JSON object a line, tokens with their labels in {self.label!r}"
        cut = "into characters" if self.rule is None else self.rule.describe()
        return f"a JSON object a line, spans of text in {self.label!r}, the text cut {cut}"

    def read(self, lines: Iterable[str], path: str) -> Iterator[Sentence]:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                yield Sentence([], None, number)
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as problem:
                raise DataError(f"is no JSON object: {problem}", path=path, line=number, hint=_HINT) from problem
            record = record_of(record)
            if record is None:
                raise DataError("is no JSON object", path=path, line=number, hint=_HINT)
            if "\\u" in line and _SURROGATE.search(json.dumps(record, ensure_ascii=False)):
                raise DataError("has half of a surrogate pair (\\ud800…): no character", path=path, line=number)
            yield self._sentence(record, path, number)

    def _sentence(self, record: dict[str, Any], path: str, number: int) -> Sentence:
        tokens = next((record[key] for key in TOKENS if isinstance(record.get(key), list)), None)
        if tokens is not None and (not self.spans or not any(key in record for key in TEXT)):
            if any(type(token) is not str or not token.strip() for token in tokens):
                raise DataError("tokens must be texts that are not empty", path=path, line=number, hint=_HINT)
            tags = record.get(self.label)
            if tags is not None and (not isinstance(tags, list) or len(tags) != len(tokens)):
                count = len(tags) if isinstance(tags, list) else 0
                raise DataError(f"{len(tokens)} tokens, but {count} labels", path=path, line=number, hint=_HINT)
            if tags is not None and any(type(tag) not in (str, int) for tag in tags):
                raise DataError("labels must be texts or whole numbers", path=path, line=number, hint=_HINT)
            labels = None if tags is None else [str(tag) for tag in tags]
            return Sentence(tokens, labels, number, source=record)
        text = next((record[key] for key in TEXT if type(record.get(key)) is str), None)
        if text is None:
            raise DataError("has neither a text nor tokens", path=path, line=number, hint=_HINT)
        offsets = character_offsets(text) if self.rule is None else self.rule.cut(text)
        given = record.get(self.label)
        if given is not None and record.get("answer") in ("reject", "ignore"):  # Prodigy's
            hint = "its labels are wrong or unknown: leave such lines out"
            raise DataError(f"the answer is {record['answer']!r}", path=path, line=number, hint=hint)
        if not self.spans or given is None:
            return Sentence([text[a:b] for a, b in offsets], None, number, text=text, offsets=offsets, source=record)
        spans = _spans(given, text, path, number)
        offsets = _cut_at(offsets, {place for start, end, _ in spans for place in (start, end)})
        chunks = _chunks(offsets, spans)
        return Sentence(
            [text[a:b] for a, b in offsets],
            BIOES.labels(chunks, len(offsets)),
            number,
            text=text,
            offsets=offsets,
            source=record,
        )

    def write(self, sentence: Sentence, tagging: Tagging) -> str:
        if not sentence.steps and not isinstance(sentence.source, dict):
            return "\n"
        record = dict(sentence.source) if isinstance(sentence.source, dict) else {}
        text, offsets = _text_of(sentence, record)
        chunks = tagging.chunks if self.spans and offsets is not None else None
        if not any(key in record for key in ((*TEXT, *TOKENS) if chunks is None else TEXT)):
            record["text"] = text
        if chunks is not None and offsets is not None:
            record[self.label] = spans = []
            for first, last, kind in chunks:
                start, end = offsets[first][0], offsets[last - 1][1]
                spans.append({"start": start, "end": end, "label": kind, "text": text[start:end]})
        if chunks is None or tagging.probabilities is not None:
            record.setdefault("tokens", list(sentence.steps))
            record["tags" if self.spans else self.label] = list(tagging.labels)
        if tagging.probabilities is not None:
            record["probabilities"] = [round(p, 4) for p in tagging.probabilities]
        if tagging.log_probability is not None:
            record["log_probability"] = round(tagging.log_probability, 3)
        if tagging.others:
            record["others"] = [
                {"tags": list(other.labels), "log_probability": round(other.log_probability or 0.0, 3)}
                for other in tagging.others
            ]
        try:
            return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
        except ValueError:  # the line that was read has NaN or Infinity, which are no JSON
            return json_text(record) + "\n"


def record_of(value: Any) -> dict[str, Any] | None:
    """A line's value as an object, spaCy's `["text", {"entities": …}]` too; None for what is neither."""
    if isinstance(value, list) and len(value) == 2 and type(value[0]) is str and isinstance(value[1], dict):
        return {"text": value[0], **value[1]}
    return value if isinstance(value, dict) else None


def character_offsets(text: str) -> list[tuple[int, int]]:
    """Where the characters that are no blanks begin and end."""
    return [(place, place + 1) for place, character in enumerate(text) if not character.isspace()]


def _spans(given: Any, text: str, path: str, number: int) -> list[tuple[int, int, str]]:
    """The spans of a record in their order; `DataError` for what is none, lies outside the text or overlaps."""
    found: list[tuple[int, int, str]] = []
    for item in given if isinstance(given, list) else [given]:
        parts: Sequence[Any] = item if isinstance(item, list) else []
        if isinstance(item, Mapping):
            parts = [next((item[key] for key in keys if key in item), None) for keys in SPAN_KEYS]
            parts[2] = parts[2][0] if isinstance(parts[2], list) and len(parts[2]) == 1 else parts[2]
        if len(parts) != 3 or type(parts[0]) is not int or type(parts[1]) is not int or type(parts[2]) is not str:
            raise DataError(f"{item!r} is no span", path=path, line=number, hint=_HINT)
        start, end, label = parts
        if not 0 <= start < end <= len(text) or not text[start:end].strip() or not label:
            hint = "start and end are characters (not bytes) from 0, the end one behind the last"
            raise DataError(f"the span {start}–{end} {label!r} holds no text", path=path, line=number, hint=hint)
        found.append((start, end, label))
    found.sort()
    for before, after in pairwise(found):
        if after[0] < before[1]:
            hint = "a step has one label: keep one of the spans, or train one model for each layer of them"
            raise DataError(f"the spans {before} and {after} overlap", path=path, line=number, hint=hint)
    return found


def _cut_at(offsets: list[tuple[int, int]], places: set[int]) -> list[tuple[int, int]]:
    """The steps, cut where a span begins or ends inside one."""
    cut: list[tuple[int, int]] = []
    for start, end in offsets:
        cut += pairwise([start, *sorted(place for place in places if start < place < end), end])
    return cut


def _chunks(offsets: list[tuple[int, int]], spans: list[tuple[int, int, str]]) -> list[Chunk]:
    """Spans of characters as chunks of steps."""
    chunks, step = [], 0
    for start, end, label in spans:
        while step < len(offsets) and offsets[step][1] <= start:
            step += 1
        first = step
        while step < len(offsets) and offsets[step][0] < end:
            step += 1
        if step > first:
            chunks.append((first, step, label))
    return chunks


def _text_of(sentence: Sentence, record: Mapping[str, Any]) -> tuple[str, Sequence[tuple[int, int]] | None]:
    """A sentence's text and where its steps are in it, None if they are not those of the record's text; without a text
    the steps with blanks between them."""
    if sentence.text is not None:
        characters = sentence.offsets is None and len(sentence.steps) == sum(not c.isspace() for c in sentence.text)
        offsets = character_offsets(sentence.text) if characters else sentence.offsets
        if offsets is not None:
            return sentence.text, offsets
    text = next((record[key] for key in TEXT if type(record.get(key)) is str), " ".join(sentence.steps))
    found, end = [], 0
    for step in sentence.steps:
        start = text.find(step, end)
        if start < 0 or text[end:start].strip():
            return text, None
        end = start + len(step)
        found.append((start, end))
    return text, found
