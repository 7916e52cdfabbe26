"""Accuracy and coverage of `seqcli forecast` on the tourism competition's series (Athanasopoulos et al. 2011).

    python benchmarks/forecast_tourism.py FOLDER

FOLDER holds tourism_{Y,Q,M}_{train,test}.csv.gz, long form `unique_id,ds,y`. OWA is the mean of the ratios of MASE and
sMAPE to those of Naive2, both exactly as in the M4 competition. Its test for a season looks at the values alone; the
package's also at their differences, since a trend hides a season. A Naive2 with the package's test is the row naive2+,
and "OWA+" is relative to it.
`auto` has the shipped network, `classical` has not; no option is given but the horizon.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from machine import describe

from seqcli.forecasting.classical.batch import Batch, make_batch
from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.classical.seasonality import adjust
from seqcli.forecasting.metrics import coverage, mase, scale, smape
from seqcli.forecasting.options import ForecastRequest
from seqcli.forecasting.run import forecast_panel
from seqcli.series.panel import read_panel


def passes(values: np.ndarray, season: int) -> bool:
    """The M4 competition's test: whether a series has a season, by its autocorrelation and a limit of 90 %."""
    if season < 2 or len(values) < 3 * season:
        return False
    centred = values - values.mean()
    total = centred @ centred
    if total == 0:
        return False
    r = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, season + 1)]) / total
    return bool(abs(r[-1]) > 1.645 * np.sqrt((1 + 2 * r[:-1] @ r[:-1]) / len(values)))


def naive2(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The M4 competition's Naive2: the last value without its season, by ratios to a centred mean, and the season."""
    if not passes(values, season):
        return np.full(horizon, values[-1])
    weights = np.ones(season) if season % 2 else np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    trend = np.convolve(values, weights / season, "valid")
    start = (len(weights) - 1) // 2
    ratios = np.full(-(-len(values) // season) * season, np.nan)
    ratios[start : start + len(trend)] = values[start : start + len(trend)] / trend
    indices = np.nanmean(ratios.reshape(-1, season), axis=0)
    indices /= indices.mean()
    phase = (len(values) + np.arange(horizon)) % season
    result: np.ndarray = values[-1] / indices[(len(values) - 1) % season] * indices[phase]
    return result


def stronger_naive2(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The same with the package's test for a season."""
    adjusted, factors, terms = adjust(batch, season)
    phase = (len(batch.values) + np.arange(horizon)) % len(factors)
    return adjusted[-1] * factors[phase] + terms[phase]


def main(folder: str) -> None:
    print(describe())
    heads = f"{'group':<6}{'method':<16}{'MASE':>8}{'sMAPE':>8}{'OWA':>8}{'OWA+':>8}"
    print(f"{heads}{'80 %':>7}{'95 %':>7}{'CPU seconds':>13}")
    for group in "YQM":
        panel = read_panel(f"{folder}/tourism_{group}_train.csv.gz")
        later = {one.key: one.values for one in read_panel(f"{folder}/tourism_{group}_test.csv.gz").series}
        actual = np.array([later[one.key] for one in panel.series])
        horizon, season = actual.shape[1], panel.frequency.season
        histories = [one.values for one in panel.series]
        scales = np.array([scale(history, season) for history in histories])
        batch = make_batch(histories)
        simple = {
            "naive2": np.array([naive2(history, horizon, season) for history in histories]),
            "naive2+": batch.restore(stronger_naive2(batch, horizon, season)).T,
        }
        base = {name: score(actual, forecast, scales) for name, forecast in simple.items()}
        for method in ("naive2", "naive2+", "seasonal-naive", "theta", "ets", "classical", "auto"):
            start, covered = time.process_time(), ""
            if method in simple:
                forecast = simple[method]
            elif method in ("classical", "auto"):
                result = forecast_panel(panel, ForecastRequest(horizon=horizon, method=method))
                forecast = result.point
                parts = [coverage(actual, result.bands[..., 2 * i], result.bands[..., 2 * i + 1]) for i in (0, 1)]
                covered = "".join(f"{100 * part:>7.1f}" for part in parts)
            else:
                forecast = forecast_all(histories, horizon, season, method)
            seconds = time.process_time() - start
            here = score(actual, forecast, scales)
            owa = "".join(f"{(here / measure).mean():>8.3f}" for measure in base.values())
            print(f"{group:<6}{method:<16}{here[0]:>8.3f}{here[1]:>8.2f}{owa}{covered:>14}{seconds:>13.1f}", flush=True)


def score(actual: np.ndarray, forecast: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Mean MASE and sMAPE over the series."""
    return np.array([np.mean(mase(actual, forecast, scales)), np.mean(smape(actual, forecast))])


if __name__ == "__main__":
    main(sys.argv[1])
