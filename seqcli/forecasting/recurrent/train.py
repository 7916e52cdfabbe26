"""The recurrent forecaster trained further on a panel; its share is found on each series' last horizon."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqcli.errors import DataError, UsageError
from seqcli.forecasting.metrics import scale
from seqcli.forecasting.prepare import LEAST_SERIES, LEAST_WINDOWS, Prepared
from seqcli.forecasting.recurrent.config import MIDDLE, ForecasterConfig
from seqcli.forecasting.recurrent.covariates import KnownInputs
from seqcli.forecasting.recurrent.forecaster import Forecaster
from seqcli.forecasting.recurrent.network import ForecastNetwork
from seqcli.forecasting.recurrent.objective import ForecastTask
from seqcli.forecasting.recurrent.pretrained import pretrained_forecaster
from seqcli.forecasting.recurrent.windows import History, make_history
from seqcli.training.distributed import ALONE, Processes
from seqcli.training.loop import TrainingResult, train
from seqcli.training.options import OnProgress, ShouldStop, TrainingOptions
from seqcli.training.run import (
    RunIdentity,
    check_same_data,
    course,
    held_output,
    plain,
    resumed_state,
    train_and_save,
    weights_of,
)
from seqcli.training.state import TrainingState

DEFAULT_BUDGET = 60.0  # seconds
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class ForecastTraining:
    """How to train: for how long (seconds) or how many steps, with how many windows a step (of all processes together).

    With an `output` the network is kept in that file, with the state of the run, written every `save_interval` seconds,
    and its log beside it; `resume` goes on from there.
    """

    budget: float | None = DEFAULT_BUDGET
    steps: int | None = None
    batch_size: int = 256
    learning_rate: float = 1e-3
    seed: int = 1
    save_interval: float = 60.0
    output: Path | None = None
    overwrite: bool = False
    resume: bool = False


@dataclass(frozen=True)
class TrainedForecaster:
    """What came of a training, and how it ended: `finished` or `stopped`."""

    forecaster: Forecaster
    ended: str


def train_forecaster(
    prepared: Prepared,
    alone: np.ndarray | None,
    training: ForecastTraining,
    *,
    known: KnownInputs | None = None,
    processes: Processes = ALONE,
    on_progress: OnProgress = lambda progress: None,
    should_stop: ShouldStop = lambda: False,
    on_notice: Callable[[str], None] = lambda text: None,
) -> TrainedForecaster:
    """Train the pretrained network further on all but each series' last horizon, with inputs for what else is `known`.

    The network's share is what is best on that last horizon, beside the forecasts of it made without training, `alone`
    (series, horizon), None in all but the first of several processes. Raises `DataError` for a panel too small for a
    network, `UsageError` for a run that cannot be resumed or a file that may not be replaced.
    """
    processes.together(lambda: _check_size(prepared, training, processes))
    started = time.monotonic()
    config = _config(prepared, known)
    history = make_history(prepared.known, prepared.filled, known.values if known else None)
    torch.manual_seed(training.seed)
    network = ForecastNetwork(config)
    network.start_from(pretrained_forecaster().parameters)
    task = ForecastTask(
        network,
        history,
        season=prepared.season,
        horizon=prepared.horizon,
        batch_size=training.batch_size,
        seed=training.seed,
        processes=processes,
    )
    options = TrainingOptions(
        learning_rate=training.learning_rate,
        budget=None if training.steps else training.budget,
        steps=training.steps,
        average=0.99,
        clip=1.0,
        save_interval=training.save_interval,
        seed=training.seed,
    )
    identity = RunIdentity(
        task="forecast",
        config=config.to_json(),
        recipe={"horizon": prepared.horizon, "batch_size": training.batch_size},
        fingerprint=prepared.panel.fingerprint,
        blobs={},
        options={**plain(training), "horizon": prepared.horizon, "season": prepared.season},
    )

    def measure(result: TrainingResult) -> dict[str, Any]:
        assert alone is not None
        ends = np.full(len(history.values), task.held_out)
        point = Forecaster(config, weights_of(network)).quantiles(history, ends, prepared.horizon)[..., MIDDLE]
        metrics = _errors(prepared, history, point, alone)
        # the share is part of what is kept, and only known now
        identity.config["weight"] = metrics["share"]
        loss = result.final.metrics["quantile_loss"]
        return {**metrics, "quantile_loss": loss, "history": course(result, "quantile_loss")}

    def measured(result: TrainingResult) -> dict[str, Any]:
        return processes.decide(lambda: measure(result))

    processes.check_same(f"{identity.fingerprint} {identity.config}")
    if training.output is None:
        result = train(task, options, on_progress=on_progress, should_stop=should_stop, processes=processes)
        metrics, ended = measured(result), result.ended
    else:
        with held_output(training.output, training.overwrite or training.resume, processes):
            state = processes.decide(lambda: _resumed(training, identity))
            outcome = train_and_save(
                task,
                options,
                identity,
                training.output,
                measure=measured,
                state=state,
                on_progress=on_progress,
                should_stop=should_stop,
                started=started,
                processes=processes,
            )
        metrics, ended = outcome.metrics, outcome.ended
    on_notice(_said(metrics, prepared))
    forecaster = Forecaster(replace(config, weight=metrics["share"]), weights_of(network), metrics=metrics)
    return TrainedForecaster(forecaster, ended)


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
        raise UsageError(
            f"{processes.size} processes are more than the {batch} windows of a batch",
            hint="give torchrun a smaller --nproc-per-node",
        )


def _resumed(training: ForecastTraining, identity: RunIdentity) -> TrainingState | None:
    """The state to go on from; `UsageError` when it is of other data or another network."""
    if not training.resume or training.output is None:
        return None
    state = resumed_state(training.output)
    check_same_data(state, identity.fingerprint)
    before = {"config": state.description["config"], "recipe": state.description["recipe"]}
    if _settled(before) != _settled({"config": identity.config, "recipe": identity.recipe}):
        raise UsageError(
            "the run to resume has another horizon, season or other inputs",
            hint="resume with the options it was started with, or start anew with --overwrite",
        )
    return state


def _config(prepared: Prepared, known: KnownInputs | None) -> ForecasterConfig:
    config = replace(
        pretrained_forecaster().config, season=prepared.season, frequency=prepared.panel.frequency.name, weight=1.0
    )
    if known is not None:
        config = replace(config, covariates=known.names, scaling=known.scaling, holidays=known.holidays)
    return config


def _settled(description: dict[str, Any]) -> dict[str, Any]:
    """What of a run must not change when it is resumed: all but what its training finds and the dates to come."""
    config = {name: value for name, value in description["config"].items() if name not in ("weight", "holidays")}
    return {**description, "config": config}


def _errors(prepared: Prepared, history: History, point: np.ndarray, alone: np.ndarray) -> dict[str, Any]:
    """MASE over each series' last horizon of the network's forecast `point`, of the one made without it, `alone`, and
    of the best mixture of both, with the network's share in it. All arrays (series, horizon)."""
    horizon = prepared.horizon
    actual = np.where(history.observed, history.values, np.nan)[:, -horizon:]
    scales = np.array([scale(values[: max(2, len(values) - horizon)], prepared.season) for values in prepared.filled])
    usable = np.isfinite(alone).all(axis=1) & np.isfinite(point).all(axis=1) & np.isfinite(scales)
    usable &= ~np.isnan(actual).all(axis=1)
    if not usable.any():
        return {"share": 0.0, "series_measured": 0}
    actual, point, alone, scales = actual[usable], point[usable], alone[usable], scales[usable]

    def error(share: float) -> float:
        mixed = share * point + (1 - share) * alone
        return float((np.nanmean(np.abs(actual - mixed), axis=1) / scales).mean())

    errors = {share: error(share) for share in SHARES}
    best = min(SHARES, key=lambda share: errors[share])
    return {
        "share": best,
        "mase": errors[best],
        "mase_network": errors[1.0],
        "mase_untrained": errors[0.0],
        "series_measured": int(usable.sum()),
    }


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
