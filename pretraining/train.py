"""Train the forecaster that is shipped with the package.

    python pretraining/train.py FOLDER OUTPUT [--seconds 3600 | --steps N] [--hidden 128] [--resume]

FOLDER holds the pool of real series (see `pool.py`). The run's state is written beside OUTPUT every minute.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batches import KINDS, Source, validation_windows
from pool import Pool, read_pool
from torch import Tensor, nn

from seqcli.forecasting.recurrent.config import ForecasterConfig
from seqcli.forecasting.recurrent.network import ForecastNetwork
from seqcli.forecasting.recurrent.objective import scaled_quantile_loss
from seqcli.forecasting.recurrent.windows import Windows
from seqcli.training.loop import TrainingResult
from seqcli.training.options import Progress, TrainingOptions, Validation
from seqcli.training.pipeline import Machine, Opened, Task, train
from seqcli.training.request import RunRequest
from seqcli.training.run import Events, Run

EPOCH = 1_000_000  # batches; there is no end to them


class PretrainingTask:
    """Batches by number from a source, and the validation windows."""

    tables: Sequence[nn.Parameter] = ()

    def __init__(self, network: ForecastNetwork, source: Source, validation: dict[str, Windows]) -> None:
        self.model, self.source, self.validation = network, source, validation

    def num_batches(self, epoch: int) -> int:
        return EPOCH

    def parts(self, epoch: int, index: int) -> list[Windows]:
        return [self.source.windows(epoch * EPOCH + index)]

    def loss(self, part: Windows) -> tuple[Tensor, int]:
        return scaled_quantile_loss(self.model, part).mean(), len(part.target)

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        metrics, groups = {}, dict[str, list[float]]()
        for name, windows in self.validation.items():
            losses = scaled_quantile_loss(self.model, windows)
            known = (windows.weight > 0).any(axis=1)
            loss = float(losses[known].mean())
            groups.setdefault(name.split("-")[-1].split("/")[0], []).append(float(np.log(loss)))
        for season, logarithms in groups.items():
            metrics[f"loss-{season}"] = float(np.exp(np.mean(logarithms)))
        score = float(np.exp(np.mean(np.log(list(metrics.values())))))
        return Validation(step, seconds, {"score": score, **metrics})

    def carried(self) -> dict[str, Tensor]:
        return {}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class PretrainRequest(RunRequest):
    """What the script was asked for."""

    batch_size: int = 256
    validations: int = 25
    device: str = "cpu"
    precision: str = "fp32"


@dataclass(frozen=True)
class PretrainRecipe:
    """What is settled before training: the network, and what it is trained on."""

    config: ForecasterConfig
    learning_rate: float
    series: dict[str, Any]
    kinds: tuple[tuple[float, ...], ...]
    reason: str = ""


class Pretraining(Task[PretrainRequest, Pool, PretrainRecipe, PretrainingTask]):
    """Training on the pool, as the pipeline asks for it."""

    name = "forecast"
    budget = 3600.0
    recipe = PretrainRecipe

    def __init__(self, pool: Pool, shape: ForecasterConfig) -> None:
        self.pool, self.shape = pool, shape

    def open(self, run: Run[PretrainRequest]) -> Opened[Pool]:
        return Opened(self.pool, fingerprint=self.pool.fingerprint)

    def choose(
        self, request: PretrainRequest, data: Pool, machine: Machine, base: Mapping[str, Any] | None
    ) -> PretrainRecipe:
        kinds = [[k.season, k.share, *k.history, *k.horizon, k.real] for k in KINDS]
        return PretrainRecipe(self.shape, request.learning_rate or 2e-3, data.counts(), kinds)

    def build(self, run: Run[PretrainRequest], data: Pool, recipe: PretrainRecipe) -> PretrainingTask:
        torch.manual_seed(run.request.seed)
        network = ForecastNetwork(recipe.config)
        if run.base is not None:
            network.start_from(run.base.tensors)
        source = Source(data, run.request.seed, run.request.batch_size)
        return PretrainingTask(network, source, validation_windows(data))

    def options(self, run: Run[PretrainRequest], recipe: PretrainRecipe, training: PretrainingTask) -> TrainingOptions:
        validations = run.request.validations
        return run.options(learning_rate=recipe.learning_rate, average=0.999, clip=1.0, validations=validations)

    def metrics(self, data: Pool, training: PretrainingTask, result: TrainingResult) -> dict[str, Any]:
        return dict(result.final.metrics)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--steps", type=int, help="instead of seconds")
    parser.add_argument("--cell", default="gru")
    parser.add_argument("--hidden", type=int, default=160)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--embedding", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--validations", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--init-from", type=Path, help="a forecaster to go on from, with a new learning rate")
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()

    request = PretrainRequest(
        output=options.output,
        budget=None if options.steps else options.seconds,
        steps=options.steps,
        learning_rate=options.learning_rate,
        seed=options.seed,
        init_from=options.init_from,
        overwrite=not options.resume,
        resume=options.resume,
        batch_size=options.batch_size,
        validations=options.validations,
    )
    shape = ForecasterConfig(options.cell, options.hidden, options.layers, options.width, options.embedding)
    seen = 0
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal seen, last
        if len(progress.history) > seen:
            seen = len(progress.history)
            latest = progress.history[-1]
            print(latest.step, round(latest.seconds), json.dumps({k: round(v, 4) for k, v in latest.metrics.items()}))
        if progress.seconds - last > 20:
            last = progress.seconds
            speed = progress.tokens_per_second
            print(
                f"{progress.step} {progress.seconds:.0f} s loss {progress.loss:.4f} {speed:.0f} windows/s", flush=True
            )

    outcome = train(Pretraining(read_pool(options.folder), shape), request, Events(progress=report))
    print(outcome.path, json.dumps(outcome.metrics))


if __name__ == "__main__":
    main()
