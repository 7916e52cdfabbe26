"""Put a trained forecaster into the package, in half precision, with what it was trained on.

    python pretraining/ship.py OUTPUT...

OUTPUT is what `train.py` has written; the last run's state must lie beside it. Of several, each of which went on from
the one before, the mean is taken (Wortsman et al., "Model soups", 2022).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seqcli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from seqcli.forecasting.forecaster import load_forecaster
from seqcli.forecasting.pretrained import WEIGHTS
from seqcli.training.state import load_state, state_path


def ship(checkpoint: Checkpoint, data: dict[str, Any], path: Path) -> None:
    """Write a forecaster's checkpoint for the package; `data` says what it was trained on. `ValueError` when half
    precision cannot hold it."""
    tensors = {name: value.astype(np.float16) for name, value in checkpoint.tensors.items()}
    for name, value in tensors.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{name} does not fit in half precision")
    load_forecaster(Checkpoint("forecast", checkpoint.config, tensors))
    save_checkpoint(
        path,
        Checkpoint(
            "forecast",
            checkpoint.config,
            tensors,
            metrics=checkpoint.metrics,
            provenance=checkpoint.provenance | {"data": data},
        ),
    )


def mean_of(stages: Sequence[Checkpoint]) -> Checkpoint:
    """The last checkpoint with the mean of all their parameters, and what each was trained with."""
    tensors = {
        name: np.mean([stage.tensors[name].astype(np.float32) for stage in stages], axis=0)
        for name in stages[-1].tensors
    }
    options = [stage.provenance["options"] | stage.provenance.get("data", {}) for stage in stages]
    return replace(stages[-1], tensors=tensors, provenance=stages[-1].provenance | {"mean of": options})


if __name__ == "__main__":
    outputs = [Path(name) for name in sys.argv[1:]]
    recipe = load_state(state_path(outputs[-1])).description["recipe"]
    ship(mean_of([load_checkpoint(output, task="forecast") for output in outputs]), recipe, WEIGHTS)
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size:,} bytes")
