"""The recurrent forecaster trained further on a panel; its share is found on each series' last horizon."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from seqcli.checkpoint import Checkpoint, save_checkpoint
from seqcli.errors import DataError
from seqcli.forecasting.forecast import Forecast, Prepared
from seqcli.forecasting.forecaster import MIDDLE, Forecaster
from seqcli.forecasting.metrics import scale
from seqcli.forecasting.objective import ForecastNetwork, ForecastTask
from seqcli.forecasting.pretrained import pretrained_forecaster
from seqcli.forecasting.windows import make_history
from seqcli.training.loop import train
from seqcli.training.options import OnProgress, ShouldStop, TrainingOptions
from seqcli.training.provenance import provenance

LEAST_SERIES, LEAST_WINDOWS = 50, 5_000  # one of the two a network needs: with less it loses to the classical methods
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class ForecastTraining:
    """How to train: for how long (seconds) or how many steps, with how many windows a step."""

    budget: float | None = 60.0
    steps: int | None = None
    batch_size: int = 256
    learning_rate: float = 1e-3
    seed: int = 1


def train_forecaster(
    prepared: Prepared,
    options: ForecastTraining,
    *,
    covariates: Sequence[np.ndarray] | None = None,
    on_progress: OnProgress = lambda progress: None,
    should_stop: ShouldStop = lambda: False,
    on_notice: Callable[[str], None] = lambda text: None,
) -> Forecaster:
    """Train the pretrained network further on all but each series' last horizon, with inputs for covariates; the
    forecasts of that part decide the network's share.

    Raises `DataError` for a panel too small for a network.
    """
    panel, filled, season, horizon = prepared.panel, prepared.filled, prepared.season, prepared.horizon
    classical = prepared.classical
    lengths = [len(values) for values in filled]
    windows = sum(max(0, length - 2 * horizon - 4) for length in lengths)
    if len(filled) < LEAST_SERIES and windows < LEAST_WINDOWS:
        raise DataError(
            f"{len(filled)} series with {windows:,} windows are too few to train a network on",
            hint=f"it takes {LEAST_SERIES} series or {LEAST_WINDOWS:,} windows; leave --budget out",
        )
    start = pretrained_forecaster()
    config = replace(
        start.config,
        season=season,
        frequency=panel.frequency.name,
        covariates=panel.covariate_names if covariates else (),
    )
    history = make_history(panel, filled, covariates)
    weights = np.array([1.0 / scale(values[: max(2, len(values) - horizon)], season) for values in filled])
    weights = np.where(np.isfinite(weights), weights, 0.0)
    network = ForecastNetwork(config)
    network.start_from(start.parameters)
    task = ForecastTask(
        network, history, season=season, horizon=horizon, batch_size=options.batch_size, seed=options.seed
    )
    if not len(task.ends) or not len(task.valid_series):
        raise DataError("the series are too short to train a network on", hint="give a shorter --horizon")
    trained = train(
        task,
        TrainingOptions(
            learning_rate=options.learning_rate,
            budget=None if options.steps else options.budget,
            steps=options.steps,
            average=0.99,
            clip=1.0,
            seed=options.seed,
        ),
        on_progress=on_progress,
        should_stop=should_stop,
    )
    tensors = {name: value.float().cpu().numpy() for name, value in network.state_dict().items()}
    forecaster = Forecaster(config, tensors)
    ends = np.full(len(filled), history.length - horizon)
    point = forecaster.quantiles(history, ends, horizon)[..., MIDDLE]
    actual = history.values[:, -horizon:]
    usable = np.isfinite(classical).all(axis=1) & (weights > 0)
    usable &= np.isin(np.arange(len(filled)), task.valid_series)

    def error(share: float) -> float:
        blend = share * point[usable] + (1 - share) * classical[usable]
        return float((np.abs(actual[usable] - blend).mean(axis=1) * weights[usable]).mean())

    errors = {share: error(share) if usable.any() else math.inf for share in SHARES}
    best = min(SHARES, key=lambda share: errors[share])
    on_notice(
        f"on each series' last {horizon}: MASE {errors[1.0]:.3f} network, {errors[0.0]:.3f} classical, "
        f"{errors[best]:.3f} with the network's share {best:.0%}"
    )
    measured = {"mase_network": errors[1.0], "mase_classical": errors[0.0], "mase": errors[best], "share": best}
    measured |= {"quantile_loss": trained.final.metrics["quantile_loss"]}
    history_rows = [
        {"step": v.step, "seconds": round(v.seconds, 1), "quantile_loss": v.metrics["quantile_loss"]}
        for v in trained.history
    ]
    return Forecaster(replace(config, weight=best), tensors, metrics={**measured, "history": history_rows})


def save_forecaster(path: Path, result: Forecast, options: ForecastTraining) -> None:
    """Write the network that a forecast was made with to one file."""
    if result.forecaster is None:
        raise ValueError("the forecast was made without a network")
    checkpoint = Checkpoint(
        task="forecast",
        config=result.forecaster.config.to_json(),
        tensors=result.forecaster.parameters,
        metrics=dict(result.forecaster.metrics),
        provenance=provenance(
            seed=options.seed,
            fingerprint=result.panel.fingerprint,
            options={**asdict(options), "horizon": result.horizon, "season": result.season},
        ),
    )
    save_checkpoint(path, checkpoint)
