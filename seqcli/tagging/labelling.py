"""What a tagger knows beside its weights: vocabulary, labels, the format it has learnt from, how text is cut."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqcli.errors import CheckpointError
from seqcli.files.plain import to_plain
from seqcli.tagging.formats.detect import format_from_json, format_to_json
from seqcli.tagging.formats.sentence import Format
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import Lexicon
from seqcli.tagging.schemes import split
from seqcli.tagging.words import WordRule


@dataclass(frozen=True)
class Labelling:
    """The files in a model's file; `rule` is how raw text is cut into words, None where characters are the steps."""

    lexicon: Lexicon
    labels: LabelSet
    format: Format
    rule: WordRule | None

    def describe(self) -> dict[str, Any]:
        """What `info` shows: the steps, the labels, the format, how text is cut."""
        labels = self.labels
        kinds = sorted({split(name)[1] for name in labels.names} - {""}) if labels.scheme is not None else labels.names
        return {
            "steps": f"{self.lexicon.unit}s",
            "vocabulary": len(self.lexicon.words),
            "scheme": labels.scheme.name if labels.scheme is not None else None,
            "labels": " ".join(kinds),
            "format": self.format.describe(),
            "text": "cut into characters" if self.rule is None else f"cut {self.rule.describe()}",
        }

    def to_blobs(self) -> dict[str, bytes]:
        """As a checkpoint keeps it."""
        values = {
            "labels": self.labels.to_json(),
            "format": format_to_json(self.format),
            "rule": to_plain(self.rule),
        }
        return {
            "lexicon": self.lexicon.to_bytes(),
            "labelling": json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        }

    @classmethod
    def from_blobs(cls, blobs: Mapping[str, bytes]) -> Labelling:
        """What `to_blobs` gave; `CheckpointError` for anything else."""
        if "lexicon" not in blobs or "labelling" not in blobs:
            raise CheckpointError("the model has no vocabulary or no labels")
        try:
            values = json.loads(blobs["labelling"].decode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError) as problem:
            raise CheckpointError("the model's labels are damaged") from problem
        if not isinstance(values, dict) or set(values) != {"labels", "format", "rule"}:
            raise CheckpointError("the model's labels are damaged")
        rule = None if values["rule"] is None else WordRule.from_json(values["rule"])
        lexicon = Lexicon.from_bytes(blobs["lexicon"])
        if (rule is None) != (lexicon.unit == "character"):
            raise CheckpointError("the model does not say how text is cut into words")
        return cls(lexicon, LabelSet.from_json(values["labels"]), format_from_json(values["format"], rule), rule)
