"""The options of every training run, declared once for all tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from seqcli.model.cells import CELLS, MAX_LAYERS
from seqcli.options import MODEL, REGULARISATION, TRAINING, option, parse_duration
from seqcli.requests import DeviceRequest

YEARS = 10 * 365 * 86400.0  # seconds no run is longer than
WIDEST = 65536  # units or features: wider ones are a slip of the finger

cell_option = partial(option, "lstm", "Recurrent cell.", section=MODEL, choices=CELLS, shapes_model=True)
width_option = partial(option, None, section=MODEL, least=1, most=WIDEST, shapes_model=True)
batch_option = partial(option, None, section=TRAINING, least=1, most=10_000_000)
share_option = partial(option, None, section=REGULARISATION, below=1)  # of what is dropped in training, or spread


def init_from_option(explain: str) -> Any:
    return option(None, explain, metavar="MODEL", kind="file", saved=False)


def size_option(sizes: Iterable[str]) -> Any:
    explain = "All sizes at once; auto chooses from data and budget."
    return option("auto", explain, section=MODEL, choices=("auto", *sizes), shapes_model=True)


def layers_option(explain: str = "Number of layers.") -> Any:
    return option(None, explain, section=MODEL, least=1, most=MAX_LAYERS, shapes_model=True)


@dataclass(frozen=True, kw_only=True)
class RunRequest(DeviceRequest):
    """The options of every training run; None leaves a choice to the data, the budget and the machine. Without an
    `output` nothing is written: `pipeline.train` only returns the model."""

    budget: float | None = option(
        None, "Time to train for: 90s, 10m, 1.5h.", parse=parse_duration, above=0, most=YEARS, may_change=True
    )
    epochs: float | None = option(
        None, "Passes over the data, instead of a time budget.", metavar="N", above=0, most=1e9, may_change=True
    )
    steps: int | None = option(None, "Training steps, instead of a time budget.", least=1, may_change=True)
    output: Path | None = option(None, "Where to save the model.", short="-o", kind="output", saved=False)
    overwrite: bool = option(False, "Replace an existing model or interrupted run.", saved=False)
    resume: bool = option(False, "Resume the saved run.", saved=False)
    auto_resume: bool = option(False, "Resume the saved run, or start one if there is none.", saved=False)
    init_from: Path | None = init_from_option("Start from the weights and the vocabulary of this model (fine-tuning).")
    learning_rate: float | None = option(
        None, "Highest learning rate of the run.", section=TRAINING, above=0, most=1e4, may_change=True
    )
    patience: int | None = option(
        None, "Stop after this many validations without improvement; 0: never.", section=TRAINING, may_change=True
    )
    precision: str = option(
        "auto",
        "Number format of matrix products; auto measures what is faster on this machine.",
        choices=("auto", "fp32", "bf16"),
        may_change=True,
    )
    seed: int = option(1, "Seed of the random numbers: same seed, same result.", most=2**32 - 1)
    save_interval: float = option(
        60.0, "Time between two saved states of the run.", parse=parse_duration, above=0, most=YEARS, saved=False
    )
