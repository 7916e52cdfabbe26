"""The recurrent forecaster trained further on a panel, against `auto` without that, the classical methods and seasonal
naive.

    python benchmarks/forecast_panel.py FILE.csv HORIZON SECONDS [COVARIATE …]

The last HORIZON values of every series are held out and never seen; the network is trained for SECONDS on the rest.
Means are over series; those with little more than a season of history have a scale near zero and weigh much, so the
means over series with two seasons stand beside (MASE 2, loss 2).
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
from machine import describe

from seqcli.forecasting.metrics import coverage, mase, quantile_loss, scale, smape
from seqcli.forecasting.options import ForecastRequest
from seqcli.forecasting.prepare import prepare
from seqcli.forecasting.recurrent.covariates import known_inputs
from seqcli.forecasting.recurrent.train import ForecastTraining
from seqcli.forecasting.run import forecast_panel, train_and_forecast
from seqcli.series.panel import ReadOptions, read_panel
from seqcli.training.run import Events


def main(path: str, horizon: int, budget: float, *names: str) -> None:
    print(describe())
    panel = read_panel(path, ReadOptions(covariates=names))
    season = panel.frequency.season
    long = [s for s in panel.series if len(s.values) > 2 * horizon + 4 and not np.isnan(s.values[-horizon:]).all()]
    actual = np.array([one.values[-horizon:] for one in long])
    cut = replace(
        panel,
        series=[
            replace(one, values=one.values[:-horizon], covariates=one.covariates[:, :-horizon])
            for one in long
            if np.isfinite(one.values[-horizon - 1])
        ],
    )
    actual = np.array([row for row, one in zip(actual, long, strict=True) if np.isfinite(one.values[-horizon - 1])])
    kept = [one for one in long if np.isfinite(one.values[-horizon - 1])]
    known = known_inputs(cut, horizon, future=[one.covariates[:, -horizon:] for one in kept])
    histories = [one.values[~np.isnan(one.values)] for one in cut.series]
    scales = np.array([scale(history, season) for history in histories])
    long_enough = np.array([len(history) > 2 * season for history in histories])
    print(f"{len(actual):,} series, horizon {horizon}, season {season}")
    heads = "".join(f"{name:>8}" for name in ("MASE", "sMAPE", "loss", "MASE 2", "loss 2"))
    print(f"{'method':<18}{heads}{'80 %':>7}{'95 %':>7}{'seconds':>9}")
    levels = (80.0, 95.0)

    def row(name: str, point: np.ndarray, bands: np.ndarray, seconds: float) -> None:
        quantiles = np.concatenate([point[..., None], bands], axis=-1)
        loss = quantile_loss(actual, quantiles, np.array([0.5, 0.1, 0.9, 0.025, 0.975]), scales)
        covered = [100 * coverage(actual, bands[..., 2 * i], bands[..., 2 * i + 1]) for i in (0, 1)]
        errors = mase(actual, point, scales)
        measures = [np.nanmean(errors), np.nanmean(smape(actual, point)), np.nanmean(loss)]
        measures += [np.nanmean(errors[long_enough]), np.nanmean(loss[long_enough])]
        print(
            f"{name:<18}"
            + "".join(f"{m:>8.3f}" for m in measures)
            + "".join(f"{c:>7.1f}" for c in covered)
            + f"{seconds:>9.1f}",
            flush=True,
        )

    for method in ("seasonal-naive", "classical", "auto"):
        start = time.perf_counter()
        result = forecast_panel(cut, ForecastRequest(horizon=horizon, levels=levels, method=method))
        row(method, result.point, result.bands, time.perf_counter() - start)
    start = time.perf_counter()
    prepared = replace(prepare(cut, ForecastRequest(horizon=horizon, levels=levels)), inputs=known)
    events = nullcontext(Events(notice=print))
    made = train_and_forecast(prepared, ForecastTraining(budget=budget), lambda: events)
    assert made is not None  # one process alone has a forecast
    row("auto, trained", made.point, made.bands, time.perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:])
