"""The forecaster that comes with the package: alone and in `auto`, on series it has not learnt from.

    python benchmarks/forecast_pretrained.py FOLDER

FOLDER holds tourism_{Y,Q,M}_{train,test}.csv.gz (long form `unique_id,ds,y`) and pool_m4_{hourly,weekly}_train.csv.gz
(`unique_id,season,y`, a series a row), whose last horizon the forecaster has not learnt from. OWA is relative to Naive2
as in the M4 competition (its test for a season; weekly series count as without one). The quantile loss, scaled as MASE,
is relative to seasonal naive with normal intervals as wide as its errors in the history.
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
import time
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from machine import describe

from seqcli.forecasting.classical.batch import make_batch
from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.classical.seasonality import LIMIT, autocorrelations, seasonal_indices
from seqcli.forecasting.metrics import coverage, mase, quantile_loss, scale, smape
from seqcli.forecasting.options import ForecastRequest
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES
from seqcli.forecasting.recurrent.pretrained import quantiles
from seqcli.forecasting.run import forecast_panel
from seqcli.series.panel import Panel, Series, read_panel

LEVELS = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
Group = tuple[list[np.ndarray], np.ndarray]


def naive2(histories: list[np.ndarray], horizon: int, season: int) -> np.ndarray:
    """The last value, with the multiplicative season of the series that pass the competition's test."""
    result = []
    for y in histories:
        factors = np.ones(1)
        if season > 1 and len(y) >= 3 * season:
            r = autocorrelations(y[:, None], season)[:, 0]
            if abs(r[-1]) > LIMIT * np.sqrt((1 + 2 * (r[:-1] ** 2).sum()) / len(y)):
                factors = seasonal_indices(make_batch([y]), season, multiplicative=True)[:, 0]
        phase = (len(y) + np.arange(-1, horizon)) % len(factors)
        result.append(y[-1] / factors[phase[0]] * factors[phase[1:]])
    return np.array(result)


def naive_quantiles(histories: list[np.ndarray], horizon: int, season: int) -> np.ndarray:
    """Seasonal naive with normal intervals. (series, horizon, levels)"""
    deviates = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
    h = np.arange(horizon)
    result = []
    for y in histories:
        lag = season if len(y) > season else 1
        deviation = np.sqrt(np.mean((y[lag:] - y[:-lag]) ** 2)) * np.sqrt(h // lag + 1)
        result.append(y[len(y) - lag + h % lag][:, None] + deviation[:, None] * deviates)
    return np.array(result)


def tourism(folder: str, group: str) -> Group:
    panel = read_panel(f"{folder}/tourism_{group}_train.csv.gz")
    later = {one.key: one.values for one in read_panel(f"{folder}/tourism_{group}_test.csv.gz").series}
    return [one.values for one in panel.series], np.array([later[one.key] for one in panel.series])


def held_back(folder: str, name: str, horizon: int) -> Group:
    csv.field_size_limit(sys.maxsize)
    with gzip.open(f"{folder}/pool_m4_{name}_train.csv.gz", "rt", newline="") as file:
        series = [np.array(row["y"].split(), float) for row in csv.DictReader(file)]
    return [y[:-horizon] for y in series], np.array([y[-horizon:] for y in series])


def main(folder: str) -> None:
    print(describe())
    print(
        f"{'group':<10}{'method':<16}{'MASE':>8}{'sMAPE':>8}{'OWA':>8}{'loss':>8}{'80 %':>7}{'95 %':>7}{'ms each':>9}"
    )
    groups = {
        "yearly": (1, 1, *tourism(folder, "Y")),
        "quarterly": (4, 4, *tourism(folder, "Q")),
        "monthly": (12, 12, *tourism(folder, "M")),
        "weekly": (52, 1, *held_back(folder, "weekly", 13)),
        "hourly": (168, 24, *held_back(folder, "hourly", 48)),
    }
    for group, (season, official, histories, actual) in groups.items():
        score(group, season, official, histories, actual)


def as_panel(histories: list[np.ndarray], group: str) -> Panel:
    """Series as they would be read from a file with such times."""
    steps = {"yearly": "Y", "quarterly": "3M", "monthly": "M", "weekly": "W", "hourly": "h"}
    times = np.datetime64("2001-01-07T00:00") + np.arange(8) * np.timedelta64(1, "h")
    if group != "hourly":
        unit = steps[group][-1]
        width = 3 if group == "quarterly" else 1
        first = np.datetime64("2001-01-07" if unit == "W" else "2001-01-01")
        first = first if unit == "W" else first.astype(f"datetime64[{unit}]")
        times = (first + (width * np.arange(8)).astype(f"timedelta64[{unit}]")).astype("datetime64[D]")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.writelines(["time,y\n", *(f"{str(time).replace('T', ' ')},{n * n % 5}\n" for n, time in enumerate(times))])
        file.flush()
        panel = read_panel(file.name)
    assert panel.frequency.name == group, panel.frequency.name
    return replace(panel, series=[Series((str(n),), panel.series[0].first, y) for n, y in enumerate(histories)])


def score(group: str, season: int, official: int, histories: list[np.ndarray], actual: np.ndarray) -> None:
    """Print each method's measures; `official` is the season that the competition measures by."""
    horizon = actual.shape[1]
    scales = np.array([scale(history, official) for history in histories])
    reference = naive2(histories, horizon, official)
    base = np.array([np.nanmean(mase(actual, reference, scales)), np.mean(smape(actual, reference))])
    simple = np.nanmean(quantile_loss(actual, naive_quantiles(histories, horizon, season), LEVELS, scales))
    positive = np.array([history.min() >= 0 for history in histories])
    panel = as_panel(histories, group)
    methods = ("seasonal-naive", "theta", "ets", "classical", "network", "auto")
    for method in methods if season < 24 else ("seasonal-naive", "network", "auto"):
        start, spread = time.process_time(), None
        if method == "network":
            batch = make_batch(histories)
            spread = batch.restore(quantiles(batch, horizon, season).transpose(2, 0, 1)).transpose(2, 1, 0)
            spread = np.where(positive[:, None, None], np.maximum(spread, 0.0), spread)
            forecast = spread[..., MIDDLE]
            spread = spread[..., [QUANTILES.index(level) for level in LEVELS]]
        elif method == "auto":
            result = forecast_panel(panel, ForecastRequest(horizon=horizon))
            forecast, bands = result.point, result.bands
            spread = np.stack([bands[..., 2], bands[..., 0], forecast, bands[..., 1], bands[..., 3]], axis=-1)
        else:
            forecast = forecast_all(histories, horizon, season, method)
        each = (time.process_time() - start) / len(histories) * 1000
        measured = np.array([np.nanmean(mase(actual, forecast, scales)), np.mean(smape(actual, forecast))])
        row = f"{group:<10}{method:<16}{measured[0]:>8.3f}{measured[1]:>8.2f}{(measured / base).mean():>8.3f}"
        if spread is not None:
            loss = np.nanmean(quantile_loss(actual, spread, LEVELS, scales)) / simple
            covered = [100 * coverage(actual, spread[..., i], spread[..., -1 - i]) for i in (1, 0)]
            row += f"{loss:>8.3f}{covered[0]:>7.1f}{covered[1]:>7.1f}"
        else:
            row += " " * 22
        print(f"{row}{each:>9.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
