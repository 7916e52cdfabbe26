"""`seqcli info`: what is in a model file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqcli.cli import console
from seqcli.cli.charts import sparkline
from seqcli.cli.options import ModelSummary
from seqcli.cli.request import request_command
from seqcli.cli.rows import write_json, write_rows

if TYPE_CHECKING:
    from seqcli.files.checkpoint import Checkpoint


def _info(asked: ModelSummary) -> None:
    from seqcli.files.checkpoint import load_checkpoint

    described = describe(load_checkpoint(Path(asked.model)))
    if asked.json:
        write_json({"model": asked.model, **described})
        return
    history = described["metrics"].pop("history", [])
    if not console.verbosity.get().verbose:
        described["provenance"].pop("options", None)
        described.pop("tensors")
    rows = [{"what": "model", "value": asked.model}, *flatten(described)]
    rows += [{"what": f"metrics.history.{name}", "value": text} for name, text in _history(history)]
    write_rows(["what", "value"], rows)


def describe(checkpoint: Checkpoint) -> dict[str, Any]:
    """Everything in a checkpoint but the numbers of its tensors, as plain values."""
    described: dict[str, Any] = {
        "task": checkpoint.task,
        "parameters": checkpoint.parameter_count,
        "config": dict(checkpoint.config),
    }
    if "tokenizer" in checkpoint.blobs:
        from seqcli.text.tokenizer import load_tokenizer

        tokenizer = load_tokenizer(checkpoint.blobs["tokenizer"])
        described["tokenizer"] = {"kind": tokenizer.kind, "size": tokenizer.size}
    if "labelling" in checkpoint.blobs:
        from seqcli.tagging.labelling import Labelling

        described["labelling"] = Labelling.from_blobs(checkpoint.blobs).describe()
    if "words" in checkpoint.blobs:
        from seqcli.speech.lexicon import words_of_blobs

        described["words"] = list(words_of_blobs(checkpoint.blobs))
    described["metrics"] = dict(checkpoint.metrics)
    described["provenance"] = dict(checkpoint.provenance)
    described["tensors"] = {name: list(value.shape) for name, value in checkpoint.tensors.items()}
    return described


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    """Nested mappings as rows of dotted name and value; lists and nothing stay what they are, as text."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            plain = isinstance(value, (int, float, str)) and not isinstance(value, bool)
            yield {"what": prefix + name, "value": value if plain else str(value)}


def _history(history: Any) -> Iterator[tuple[str, str]]:
    """Each metric's course over the run: a sparkline, the first and the last value; nothing of what is no history."""
    entries = history if isinstance(history, list) and all(isinstance(entry, dict) for entry in history) else []
    for name in entries[0] if entries else {}:
        values = [entry.get(name) for entry in entries]
        if name not in ("step", "seconds") and all(type(value) is float or type(value) is int for value in values):
            yield name, f"{sparkline(values)} {values[0]:.5g} → {values[-1]:.5g}"


info = request_command(
    ModelSummary,
    """Show what is in a model file.

    Task, sizes, parameters, tokenizer, where it was trained and on what, and how good it was; every tensor is checked
    against its checksum. The options it was trained with are shown with -v and in --json.
    """,
    _info,
)
