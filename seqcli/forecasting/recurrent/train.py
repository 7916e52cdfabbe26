"""Training the recurrent forecaster further on a panel; its weight is found on each series' last horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from seqcli.errors import DataError, UsageError
from seqcli.forecasting.metrics import mase, scale
from seqcli.forecasting.options import DEFAULT_BUDGET
from seqcli.forecasting.prepare import LEAST_SERIES, LEAST_WINDOWS, Prepared
from seqcli.forecasting.recurrent.config import MIDDLE, ForecasterConfig
from seqcli.forecasting.recurrent.covariates import given_any
from seqcli.forecasting.recurrent.forecaster import Forecaster, load_forecaster
from seqcli.forecasting.recurrent.network import ForecastNetwork
from seqcli.forecasting.recurrent.objective import ForecastTask
from seqcli.forecasting.recurrent.pretrained import pretrained_forecaster
from seqcli.forecasting.recurrent.windows import History
from seqcli.training.distributed import ALONE, Processes
from seqcli.training.loop import TrainingResult
from seqcli.training.options import TrainingOptions
from seqcli.training.pipeline import Machine, Opened, Task, train
from seqcli.training.request import RunRequest
from seqcli.training.run import Events, Run, weights_of

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
# The last horizon chose when to stop, too, and what series of a panel have in common there may end with it: a share of
# one half loses little where training helps, and half as much where it does not (benchmarks/tried.md). What is known of
# covariates and holidays, the network alone knows.
MOST_SHARE = 0.5
PATIENCE = 4  # validations in a row that were no better: training that does not help ends by itself


@dataclass(frozen=True, kw_only=True)
class ForecastTraining(RunRequest):
    """How to train; `batch_size` is the number of windows per step, over all processes. With an `output` the network is
    saved to that file, with the state of the run and its log next to it."""

    batch_size: int = 256
    device: str = "cpu"
    precision: str = "fp32"


@dataclass(frozen=True)
class ForecastRecipe:
    """Everything that is decided before training starts."""

    config: ForecasterConfig
    horizon: int
    batch_size: int
    learning_rate: float
    reason: str = ""


def train_forecaster(
    prepared: Prepared,
    alone: np.ndarray | None,
    training: ForecastTraining,
    processes: Processes = ALONE,
    events: Events = Events(),
) -> tuple[Forecaster, str]:
    """Train the pretrained network further on all but each series' last horizon, with the panel's other inputs; also
    how that ended: `finished`, `patience` or `stopped`.

    The network's share is what is best on that last horizon, beside the forecasts of it made without training, `alone`
    (series, horizon), None in all but the first of several processes. Raises `DataError` for a panel too small.
    """
    outcome = train(PanelTraining(prepared, alone), training, events, processes)
    if outcome.ended == "patience":
        events.notice("training ended early: the validation no longer improves")
    events.notice(_said(outcome.metrics, prepared))
    return load_forecaster(outcome.checkpoint), outcome.ended


class PanelTraining(Task[ForecastTraining, History, ForecastRecipe, ForecastTask]):
    """Training on a panel, as a task of the pipeline; the arguments are those of `train_forecaster`."""

    name = "forecast"
    budget = DEFAULT_BUDGET
    metric = "quantile_loss"
    recipe = ForecastRecipe

    def __init__(self, prepared: Prepared, alone: np.ndarray | None) -> None:
        self.prepared, self.alone = prepared, alone

    def open(self, run: Run[ForecastTraining]) -> Opened[History]:
        _check_size(self.prepared, run.request, run.processes)
        return Opened(self.prepared.history, fingerprint=self.prepared.panel.fingerprint)

    def choose(
        self, request: ForecastTraining, data: History, machine: Machine, base: Mapping[str, Any] | None
    ) -> ForecastRecipe:
        rate = request.learning_rate or 1e-3
        return ForecastRecipe(_config(self.prepared), self.prepared.horizon, request.batch_size, rate)

    def resume(self, before: ForecastRecipe, run: Run[ForecastTraining], data: History) -> ForecastRecipe:
        now = self.choose(run.request, data, Machine(), None)
        begun = replace(before.config, weight=now.config.weight, holidays=now.config.holidays)  # these may change
        if replace(before, config=begun, learning_rate=now.learning_rate) != now:
            hint = "resume with the options it was started with, or start anew with --overwrite"
            raise UsageError("the run to resume has another horizon, season or other inputs", hint=hint)
        return now

    def build(self, run: Run[ForecastTraining], data: History, recipe: ForecastRecipe) -> ForecastTask:
        run.processes.check_same(str(_config(self.prepared)))
        torch.manual_seed(run.request.seed)
        network = ForecastNetwork(recipe.config)
        network.start_from(pretrained_forecaster(self.prepared.season).parameters)
        return ForecastTask(network, data, self.prepared.setting, recipe.batch_size, run)

    def options(self, run: Run[ForecastTraining], recipe: ForecastRecipe, training: ForecastTask) -> TrainingOptions:
        return run.options(learning_rate=recipe.learning_rate, average=0.99, clip=1.0, patience=PATIENCE)

    def metrics(self, data: History, training: ForecastTask, result: TrainingResult) -> dict[str, Any]:
        assert self.alone is not None
        ends = np.full(len(data.values), training.held_out)
        forecaster = Forecaster(_config(self.prepared), weights_of(training.model))
        point = forecaster.quantiles(data, ends, self.prepared.horizon)[..., MIDDLE]
        loss = result.final.metrics["quantile_loss"]
        most = 1.0 if given_any(forecaster.config.covariates) else MOST_SHARE
        return _errors(self.prepared, data, point, self.alone, most) | {"quantile_loss": loss}

    def config(self, recipe: ForecastRecipe, metrics: Mapping[str, Any]) -> ForecasterConfig:
        return replace(recipe.config, weight=metrics["share"])


def _check_size(prepared: Prepared, training: ForecastTraining, processes: Processes) -> None:
    count, windows = len(prepared.filled), int(prepared.windows.sum())
    if not prepared.is_large:
        raise DataError(
            f"{count:,} series with {windows:,} windows to learn from are too few to train a network on",
            hint=f"it takes {LEAST_SERIES} series or {LEAST_WINDOWS:,} windows; leave the options of training out, "
            "or give a shorter --horizon",
        )
    batch = min(windows, training.batch_size)
    if processes.size > batch:
        hint = "give torchrun a smaller --nproc-per-node"
        raise UsageError(f"{processes.size} processes are more than the {batch} windows of a batch", hint=hint)


def _config(prepared: Prepared) -> ForecasterConfig:
    known, frequency = prepared.inputs, prepared.panel.frequency.name
    shape = replace(pretrained_forecaster(prepared.season).config, season=prepared.season, frequency=frequency)
    return replace(shape, covariates=known.names, scaling=known.scaling, holidays=known.holidays, weight=1.0)


def _errors(prepared: Prepared, history: History, point: np.ndarray, alone: np.ndarray, most: float) -> dict[str, Any]:
    """MASE over each series' last horizon of the network's forecast `point`, of the one made without it, `alone`, and
    of the best mixture of both, with the network's share in it, at `most` that. All arrays (series, horizon)."""
    horizon = prepared.horizon
    actual = np.where(history.observed, history.values, np.nan)[:, -horizon:]
    scales = np.array([scale(values[: max(2, len(values) - horizon)], prepared.season) for values in prepared.filled])
    usable = np.isfinite(alone).all(axis=1) & np.isfinite(point).all(axis=1) & np.isfinite(scales)
    usable &= ~np.isnan(actual).all(axis=1)
    if not usable.any():
        return {"share": 0.0, "series_measured": 0}
    actual, point, alone, scales = actual[usable], point[usable], alone[usable], scales[usable]

    mixtures = {share: share * point + (1 - share) * alone for share in SHARES if share <= most}
    errors = {share: mase(actual, mixed, scales) for share, mixed in mixtures.items()}
    best = best_share(errors)
    return {
        "share": best,
        "mase": float(errors[best].mean()),
        "mase_network": float(mase(actual, point, scales).mean()),
        "mase_untrained": float(errors[0.0].mean()),
        "series_measured": int(usable.sum()),
    }


def best_share(errors: Mapping[float, np.ndarray]) -> float:
    """The network's weight with the least mean error over the series (series,); 0, which needs no network, unless the
    gain is more than its standard error."""
    best = min(errors, key=lambda share: float(errors[share].mean()))
    gain = errors[0.0] - errors[best]
    return best if gain.mean() > gain.std() / np.sqrt(len(gain)) else 0.0


def _said(metrics: dict[str, Any], prepared: Prepared) -> str:
    if not metrics["series_measured"]:
        return "no series changes enough to tell whether training has helped: the trained network is not used"
    step = prepared.panel.frequency.step
    reach = f"last {prepared.horizon} {step}s" if prepared.horizon > 1 else f"last {step}"
    errors = (
        f"on each series' {reach}: MASE {metrics['mase_network']:.3f} after training, "
        f"{metrics['mase_untrained']:.3f} without"
    )
    if not metrics["share"]:
        return f"{errors}; training did not help, the trained network is not used"
    return f"{errors}, {metrics['mase']:.3f} with the trained network's share of {metrics['share']:.0%}"
