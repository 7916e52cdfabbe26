"""Put a trained forecaster into the package, in half precision, with what it was trained on.

    python pretraining/ship.py OUTPUT

OUTPUT is what `train.py` has written; the run's state must lie beside it.
"""

from __future__ import annotations

import sys
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


if __name__ == "__main__":
    output = Path(sys.argv[1])
    recipe = load_state(state_path(output)).description["recipe"]
    ship(load_checkpoint(output, task="forecast"), recipe, WEIGHTS)
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size:,} bytes")
