"""Accuracy and coverage of `seqcli forecast` on the tourism competition's series (Athanasopoulos et al. 2011).

    python benchmarks/forecast_tourism.py FOLDER

FOLDER holds tourism_{Y,Q,M}_{train,test}.csv.gz, long form `unique_id,ds,y`. OWA is the mean of the ratios of MASE and
sMAPE to those of Naive2, as in the M4 competition. Forecasts are made by the classical `auto`, with no option but the
horizon.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from machine import describe

from seqcli.data.panel import read_panel
from seqcli.forecasting.batch import Batch, make_batch
from seqcli.forecasting.forecast import ForecastOptions, forecast_panel
from seqcli.forecasting.methods import forecast_all
from seqcli.forecasting.metrics import coverage, mase, scale, smape
from seqcli.forecasting.theta import adjust


def naive2(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The last seasonally adjusted value, with its season put back."""
    adjusted, factors, terms = adjust(batch, season)
    phase = (len(batch.values) + np.arange(horizon)) % len(factors)
    return adjusted[-1] * factors[phase] + terms[phase]


def main(folder: str) -> None:
    print(describe())
    print(f"{'group':<6}{'method':<16}{'MASE':>8}{'sMAPE':>8}{'OWA':>8}{'80 %':>7}{'95 %':>7}{'seconds':>9}")
    for group in "YQM":
        panel = read_panel(f"{folder}/tourism_{group}_train.csv.gz")
        later = {one.key: one.values for one in read_panel(f"{folder}/tourism_{group}_test.csv.gz").series}
        actual = np.array([later[one.key] for one in panel.series])
        horizon, season = actual.shape[1], panel.frequency.season
        histories = [one.values for one in panel.series]
        scales = np.array([scale(history, season) for history in histories])
        batch = make_batch(histories)
        reference = batch.restore(naive2(batch, horizon, season)).T
        base = np.array([np.mean(mase(actual, reference, scales)), np.mean(smape(actual, reference))])
        for method in ("naive2", "seasonal-naive", "theta", "ets", "auto"):
            start, covered = time.perf_counter(), ""
            if method == "naive2":
                forecast = reference
            elif method == "auto":
                result = forecast_panel(panel, ForecastOptions(horizon=horizon))
                forecast = result.point
                parts = [coverage(actual, result.bands[..., 2 * i], result.bands[..., 2 * i + 1]) for i in (0, 1)]
                covered = "".join(f"{100 * part:>6.1f} " for part in parts)
            else:
                forecast = forecast_all(histories, horizon, season, method)
            seconds = time.perf_counter() - start
            score = np.array([np.mean(mase(actual, forecast, scales)), np.mean(smape(actual, forecast))])
            owa = (score / base).mean()
            print(f"{group:<6}{method:<16}{score[0]:>8.3f}{score[1]:>8.2f}{owa:>8.3f}{covered:>14}{seconds:>9.1f}")


if __name__ == "__main__":
    main(sys.argv[1])
