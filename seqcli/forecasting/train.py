"""The recurrent forecaster trained further on a panel; its share is found on each series' last horizon."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqcli.errors import DataError, UsageError
from seqcli.forecasting.covariates import KnownInputs
from seqcli.forecasting.forecast import LEAST_SERIES, LEAST_WINDOWS, Prepared
from seqcli.forecasting.forecaster import MIDDLE, Forecaster, ForecasterConfig
from seqcli.forecasting.metrics import scale
from seqcli.forecasting.objective import ForecastNetwork, ForecastTask
from seqcli.forecasting.pretrained import pretrained_forecaster
from seqcli.forecasting.windows import History, make_history
from seqcli.output import OutputLock, check_writable
from seqcli.training.loop import TrainingResult, train
from seqcli.training.options import OnProgress, ShouldStop, TrainingOptions
from seqcli.training.run import RunIdentity, check_same_data, plain, resumed_state, train_and_save

DEFAULT_BUDGET = 60.0  # seconds
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class ForecastTraining:
    """How to train: for how long (seconds) or how many steps, with how many windows a step.

    With an `output` the network is kept in that file, with the state of the run and its log beside it; `resume` goes on
    from there.
    """

    budget: float | None = DEFAULT_BUDGET
    steps: int | None = None
    batch_size: int = 256
    learning_rate: float = 1e-3
    seed: int = 1
    output: Path | None = None
    overwrite: bool = False
    resume: bool = False


def train_forecaster(
    prepared: Prepared,
    alone: np.ndarray,
    training: ForecastTraining,
    *,
    known: KnownInputs | None = None,
    on_progress: OnProgress = lambda progress: None,
    should_stop: ShouldStop = lambda: False,
    on_notice: Callable[[str], None] = lambda text: None,
) -> Forecaster:
    """Train the pretrained network further on all but each series' last horizon, with inputs for what else is `known`.

    The network's share is what is best on that last horizon, beside the forecasts of it made without training, `alone`
    (series, horizon). Raises `DataError` for a panel too small for a network, `UsageError` for a run that cannot be
    resumed or a file that may not be replaced.
    """
    if not prepared.is_large:
        count, windows = len(prepared.filled), int(prepared.windows.sum())
        raise DataError(
            f"{count:,} series with {windows:,} windows to learn from are too few to train a network on",
            hint=f"it takes {LEAST_SERIES} series or {LEAST_WINDOWS:,} windows; leave the options of training out, "
            "or give a shorter --horizon",
        )
    started = time.monotonic()
    config = _config(prepared, known)
    history = make_history(prepared.panel, prepared.filled, known.values if known else None)
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
    )
    options = TrainingOptions(
        learning_rate=training.learning_rate,
        budget=None if training.steps else training.budget,
        steps=training.steps,
        average=0.99,
        clip=1.0,
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
        tensors = {name: value.float().cpu().numpy() for name, value in network.state_dict().items()}
        point = Forecaster(config, tensors).quantiles(
            history, np.full(len(history.values), task.held_out), prepared.horizon
        )[..., MIDDLE]
        metrics = _errors(prepared, history, point, alone)
        # the share is part of what is kept, and only known now
        identity.config["weight"] = metrics["share"]
        rows = [
            {"step": v.step, "seconds": round(v.seconds, 1), "quantile_loss": v.metrics["quantile_loss"]}
            for v in result.history
        ]
        return {**metrics, "quantile_loss": result.final.metrics["quantile_loss"], "history": rows}

    if training.output is None:
        metrics = measure(train(task, options, on_progress=on_progress, should_stop=should_stop))
    else:
        with _writing(training):
            state = resumed_state(training.output) if training.resume else None
            if state is not None:
                check_same_data(state, identity.fingerprint)
                before = {"config": state.description["config"], "recipe": state.description["recipe"]}
                if _settled(before) != _settled({"config": identity.config, "recipe": identity.recipe}):
                    raise UsageError(
                        "the run to resume has another horizon, season or other inputs",
                        hint="resume with the options it was started with, or start anew with --overwrite",
                    )
            metrics = train_and_save(
                task,
                options,
                identity,
                training.output,
                measure=measure,
                state=state,
                on_progress=on_progress,
                should_stop=should_stop,
                started=started,
            ).metrics
    on_notice(_said(metrics, prepared))
    tensors = {name: value.float().cpu().numpy() for name, value in network.state_dict().items()}
    return Forecaster(replace(config, weight=metrics["share"]), tensors, metrics=metrics)


def _config(prepared: Prepared, known: KnownInputs | None) -> ForecasterConfig:
    config = replace(
        pretrained_forecaster().config, season=prepared.season, frequency=prepared.panel.frequency.name, weight=1.0
    )
    if known is not None:
        config = replace(config, covariates=known.names, scaling=known.scaling, holidays=known.holidays)
    return config


@contextlib.contextmanager
def _writing(training: ForecastTraining) -> Any:
    assert training.output is not None
    check_writable(training.output, overwrite=training.overwrite or training.resume)
    with OutputLock(training.output):
        yield


def _settled(description: dict[str, Any]) -> dict[str, Any]:
    """What of a run must not change when it is resumed: all but what its training finds and the dates to come."""
    config = {name: value for name, value in description["config"].items() if name not in ("weight", "holidays")}
    return {**description, "config": config}


def _errors(prepared: Prepared, history: History, point: np.ndarray, alone: np.ndarray) -> dict[str, Any]:
    """MASE over each series' last horizon of the network's forecast `point`, of the one made without it, `alone`, and
    of the best mixture of both, with the network's share in it. All arrays (series, horizon)."""
    horizon = prepared.horizon
    actual = history.values[:, -horizon:]
    scales = np.array([scale(values[: max(2, len(values) - horizon)], prepared.season) for values in prepared.filled])
    usable = np.isfinite(alone).all(axis=1) & np.isfinite(point).all(axis=1) & np.isfinite(scales)
    if not usable.any():
        return {"share": 0.0, "series_measured": 0}
    actual, point, alone, scales = actual[usable], point[usable], alone[usable], scales[usable]

    def error(share: float) -> float:
        mixed = share * point + (1 - share) * alone
        return float((np.abs(actual - mixed).mean(axis=1) / scales).mean())

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
