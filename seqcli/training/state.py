"""Everything a run needs to continue as if it had never stopped, as tensors and plain values, and its file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqcli.errors import CheckpointError
from seqcli.files.tensor_file import Contents, read_contents, write_contents
from seqcli.training.options import Validation


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
