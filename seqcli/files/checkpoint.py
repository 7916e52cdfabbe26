"""One model, one file: what a trained model is made of, saved and loaded without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.files.tensor_file import REMEDY, Contents, read_contents, write_contents

TASKS = {
    "lm": "a language model",
    "mt": "a translation model",
    "forecast": "a forecaster",
    "asr": "a speech recogniser",
    "tag": "a tagger",
}
USED_BY = {"lm": "generate", "mt": "translate", "forecast": "forecast DATA --model", "asr": "transcribe", "tag": "tag"}

LARGEST_WEIGHT = 1e6  # training ends far below; what larger ones are multiplied with soon is no number any more


@dataclass(frozen=True)
class Checkpoint:
    """A trained model. `tensors` are its parameters by name; `config` what its network is rebuilt from; `blobs` files
    inside the file, such as the tokenizer; `metrics` and `provenance` what it achieved and where it comes from. All but
    the tensors and blobs are plain JSON values."""

    task: str
    config: dict[str, Any]
    tensors: dict[str, np.ndarray]
    blobs: dict[str, bytes] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def parameter_count(self) -> int:
        """How many numbers its tensors have."""
        return sum(value.size for value in self.tensors.values())


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a model, whole or not at all; `SeqcliError` when the disk is full or the folder cannot be written."""
    metadata = {
        "task": checkpoint.task,
        "config": checkpoint.config,
        "metrics": checkpoint.metrics,
        "provenance": checkpoint.provenance,
    }
    write_contents(path, Contents(checkpoint.tensors, metadata, checkpoint.blobs))


def load_checkpoint(path: Path, *, task: str | Sequence[str] | None = None) -> Checkpoint:
    """Read and verify a model. Raises `CheckpointError` naming what is wrong, also when it is of another task than the
    one, or ones, that are named."""
    contents = read_contents(path)
    found = contents.metadata.get("task")
    if not isinstance(found, str) or found not in TASKS:
        raise CheckpointError(f"{path}: is not a model (a training state, perhaps)", hint="name NAME.TASK.safetensors")
    tasks = [task] if isinstance(task, str) else task
    if tasks is not None and found not in tasks:
        needed = " or ".join(TASKS[name] for name in tasks)
        hint = f"name another model; `seqcli {USED_BY[found]}` uses this one"
        raise CheckpointError(f"{path}: is {TASKS[found]}, {needed} is needed", hint=hint)
    parts: dict[str, dict[str, Any]] = {}
    for name in ("config", "metrics", "provenance"):
        value = contents.metadata.get(name)
        if not isinstance(value, dict):
            raise CheckpointError(f"{path}: its {name!r} is missing", hint=REMEDY)
        parts[name] = value
    for name, tensor in contents.tensors.items():
        if tensor.dtype.kind != "f":
            raise CheckpointError(f"{path}: tensor {name!r} is of type {tensor.dtype}: no weights", hint=REMEDY)
        if tensor.size and not -LARGEST_WEIGHT <= float(tensor.min()) <= float(tensor.max()) <= LARGEST_WEIGHT:
            what = "larger than a million" if np.isfinite(tensor).all() else "not finite"
            raise CheckpointError(
                f"{path}: tensor {name!r} has values that are {what}: the training diverged",
                hint="train again with a lower --learning-rate",
            )
    return Checkpoint(found, tensors=contents.tensors, blobs=contents.blobs, **parts)


def check_parameters(shapes: Mapping[str, tuple[int, ...]], parameters: Mapping[str, Any]) -> None:
    """Compare names and shapes with what a configuration asks for; `CheckpointError` names the first difference."""
    if missing := sorted(set(shapes) - set(parameters)):
        raise CheckpointError(f"the model lacks the tensor {missing[0]!r}", hint=REMEDY)
    if foreign := sorted(set(parameters) - set(shapes)):
        raise CheckpointError(f"the model has a tensor this program does not know: {foreign[0]!r}", hint=REMEDY)
    for name, shape in shapes.items():
        if (found := tuple(parameters[name].shape)) != shape:
            raise CheckpointError(f"tensor {name!r} has shape {found}, expected {shape}", hint=REMEDY)


def newest_checkpoint(folder: Path, task: str) -> Path:
    """The most recently written model of a task in a folder; `CheckpointError` if there is none."""
    found = [path for path in folder.glob(f"*.{task}.safetensors") if path.is_file()]
    if not found:
        command = {"lm": "lm CORPUS", "mt": "mt PAIRS", "asr": "asr TABLE", "tag": "tagger FILE"}[task]
        hint = f"train one with `seqcli train-{command}`, or name one with --model"
        raise CheckpointError(f"there is no model *.{task}.safetensors in {folder}/", hint=hint)
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
