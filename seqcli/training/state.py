"""What is saved of a run beside its model: its state, from which it continues as if it had never stopped, and its
history, a CSV file with a row every few seconds and one per validation."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqcli.errors import CheckpointError
from seqcli.files.tensor_file import Contents, read_contents, write_contents
from seqcli.training.options import Progress, Validation

HEADER = "step,epoch,seconds,loss,learning_rate,tokens_per_second,valid_score"  # of the history
LOG_INTERVAL = 5.0  # seconds between rows


@dataclass
class Position:
    """How far a run is: `step` updates are done, in `seconds` of training, and batch `index` of `epoch` is next.
    `ended` is how a run ended that has reached its end (`finished`, `patience`)."""

    step: int = 0
    epoch: int = 0
    index: int = 0
    seconds: float = 0.0
    ended: str = ""


@dataclass
class TrainingState:
    """A stopped run. `tensors` holds weights, averages, best weights, optimizer, random state and carried state."""

    tensors: dict[str, Tensor]
    position: Position
    history: list[Validation] = field(default_factory=list)
    description: dict[str, Any] = field(default_factory=dict)  # what the task needs to make its model again (JSON)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors under `name/`, by the rest of their names."""
        return {key[len(name) + 1 :]: value for key, value in self.tensors.items() if key.startswith(f"{name}/")}


def save_state(path: Path, state: TrainingState) -> None:
    """Write a run's state, atomically."""
    metadata = {
        "position": asdict(state.position),
        "history": [asdict(validation) for validation in state.history],
        "description": state.description,
    }
    arrays = {name: _array(value) for name, value in state.tensors.items()}
    write_contents(path, Contents(arrays, metadata, state.blobs))


def _array(value: Tensor) -> np.ndarray:
    """A tensor as an array. NumPy has no bf16: fp32 holds it exactly, and whoever uses it converts it back."""
    value = value.detach().cpu()
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()


def load_state(path: Path) -> TrainingState:
    """Read a run's state; `CheckpointError` when the file is damaged or is not one."""
    contents = read_contents(path)
    metadata = contents.metadata
    try:
        return TrainingState(
            tensors={name: torch.from_numpy(value.copy()) for name, value in contents.tensors.items()},
            position=Position(**metadata["position"]),
            history=[Validation(**validation) for validation in metadata["history"]],
            description=metadata["description"],
            blobs=contents.blobs,
        )
    except (KeyError, TypeError) as problem:
        hint = "resume needs NAME.state"
        raise CheckpointError(f"{path}: is not the state of a training run", hint=hint) from problem


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The state of torch's random number generators."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: dict[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def is_foreign_log(path: Path) -> bool:
    """Whether there is a file that was not written by a training run."""
    if not path.is_file():
        return path.exists()
    with path.open("rb") as file:
        return file.read(len(HEADER)) not in (HEADER.encode(), b"")


class TrainingLog:
    """Appends to `path`, which has `validations` rows of them already; None, for a new run, starts a new file."""

    def __init__(self, path: Path, validations: int | None = None) -> None:
        self.path = path
        self._last, self._validations = float("-inf"), validations or 0
        if validations is None or not path.exists():
            self._write(HEADER, "w")

    def add(self, progress: Progress) -> None:
        """Write a row if the last one is `LOG_INTERVAL` seconds old or a validation has come."""
        validated = len(progress.history) > self._validations
        if not validated and progress.seconds - self._last < LOG_INTERVAL:
            return
        self._last, self._validations = progress.seconds, len(progress.history)
        score = f"{progress.history[-1].score:.5f}" if validated else ""
        reached = f"{progress.step},{progress.epoch:.4f},{progress.seconds:.2f},{progress.loss:.5f}"
        self._write(f"{reached},{progress.learning_rate:.3g},{progress.tokens_per_second:.0f},{score}", "a")

    def _write(self, row: str, mode: str) -> None:
        with self.path.open(mode, encoding="utf-8") as file:
            file.write(row + "\n")
