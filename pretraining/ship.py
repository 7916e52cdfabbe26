"""Put a trained forecaster into the package, in half precision, with what it was trained on.

    python pretraining/ship.py FOLDER OUTPUT... [--months]

FOLDER holds the pool of real series, OUTPUT is what `train.py` has written, with its state beside it, or a copy of a
run's state, NAME.state.safetensors, made on its way. Of several the mean is taken (Wortsman et al., "Model soups",
2022); the first may be the weights in the package that the others went on from. With --months they become those of
years, quarters and months.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batches import Source, validation_windows
from pool import read_pool
from train import PretrainingTask

from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from seqcli.files.output import state_path
from seqcli.forecasting.recurrent.config import ForecasterConfig
from seqcli.forecasting.recurrent.forecaster import load_forecaster
from seqcli.forecasting.recurrent.network import ForecastNetwork
from seqcli.forecasting.recurrent.pretrained import MONTHS_WEIGHTS, WEIGHTS
from seqcli.training.state import load_state

STATE = ".state.safetensors"


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


def outcome(path: Path) -> Checkpoint:
    """What a run has written or, from a copy of its state, its averaged weights at that point."""
    if not path.name.endswith(STATE):
        return load_checkpoint(path, task="forecast")
    state = load_state(path)
    tensors = {name: value.numpy() for name, value in state.part("average").items()}
    provenance = {
        "options": {"updates": state.position.step, "seconds": round(state.position.seconds)},
        "data": data_of(state.description["recipe"]),
        "data_fingerprint": state.description["fingerprint"],
    }
    return Checkpoint("forecast", state.description["config"], tensors, provenance=provenance)


def data_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's recipe says of the data it was trained on."""
    return {name: recipe[name] for name in ("series", "kinds")}


def mean_of(stages: Sequence[Checkpoint]) -> Checkpoint:
    """The last checkpoint with the mean of all their parameters, and what each was trained with."""
    tensors = {
        name: np.mean([stage.tensors[name].astype(np.float32) for stage in stages], axis=0)
        for name in stages[-1].tensors
    }
    options = [
        named(stage.provenance["options"])
        | stage.provenance.get("data", {})
        | ({"mean of": stage.provenance["mean of"]} if "mean of" in stage.provenance else {})
        for stage in stages
    ]
    provenance = stages[-1].provenance | {"options": options[-1]}
    if len(stages) > 1:
        provenance["mean of"] = options
    return replace(stages[-1], tensors=tensors, metrics={}, provenance=provenance)


def named(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a run, without its recipe, and with the names of files alone: where they lay is nobody's business."""
    files = ("folder", "output", "init_from")
    return {k: Path(v).name if k in files and v else v for k, v in options.items() if k != "recipe"}


def measured(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    """A checkpoint with its quantile loss on what was held back of the pool, by season."""
    pool = read_pool(folder)
    network = ForecastNetwork(ForecasterConfig.from_json(checkpoint.config))
    network.start_from(checkpoint.tensors)
    task = PretrainingTask(network.eval(), Source(pool, 0), validation_windows(pool))
    with torch.no_grad():
        metrics = task.validate(0, 0.0, final=True).metrics
    return replace(checkpoint, metrics={name: round(value, 4) for name, value in metrics.items()})


if __name__ == "__main__":
    folder, *outputs = [Path(name) for name in sys.argv[1:] if name != "--months"]
    weights = MONTHS_WEIGHTS if "--months" in sys.argv else WEIGHTS
    last = outputs[-1] if outputs[-1].name.endswith(STATE) else state_path(outputs[-1])
    recipe = data_of(load_state(last).description["recipe"])
    mean = mean_of([outcome(output) for output in outputs])
    ship(measured(mean, folder), recipe, weights)
    print(f"{weights}: {weights.stat().st_size:,} bytes")
