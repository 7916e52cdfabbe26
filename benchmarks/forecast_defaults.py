"""What `seqcli forecast` makes of many kinds of series without any option, relative to seasonal naive.

    python benchmarks/forecast_defaults.py POOL [--tourism FOLDER] [--each 4] [--only daily] [--method classical]
        [--peers autoets,classical,theta]

POOL holds files `SOURCE_FREQUENCY.csv.gz` with a series a row, `unique_id,season,frequency,start,y` (values separated
by blanks). `--each` series of every source are drawn, as many of a large source as of a small one, each is forecast
alone from all but its last values, and measured on these. With `--tourism` the training files of the tourism
competition (`tourism_{Y,Q,M}_train.csv.gz`, `unique_id,ds,y`) are three sources more.

Printed are, by frequency, geometric means over sources of two ratios to seasonal naive: MASE, and WQL, the quantile
loss of the deciles over the sum of absolute values, where seasonal naive has normal intervals as wide as its errors
were; then how often 80 % intervals covered, the share of series on which the point forecast lost clearly (by half or
more), and milliseconds a series. `counts` are those sources whose values are mostly zeros; the `long` groups are series
that have five years or six weeks and more, forecast 180 days or a week ahead.
"""

from __future__ import annotations

import argparse
import csv
import functools
import gzip
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.options import ForecastRequest
from seqcli.forecasting.run import forecast_panel
from seqcli.series.panel import Panel, Series, read_panel

LEVELS = (20.0, 40.0, 60.0, 80.0)
DECILES = np.arange(1, 10) / 10
FREQUENCIES = {
    "yearly": ("Y", 6), "quarterly": ("Q", 8), "monthly": ("M", 12), "weekly": ("W", 13), "daily": ("D", 14),
    "hourly": ("h", 48), "half-hourly": ("30min", 48), "10-minute": ("10min", 144), "5-minute": ("5min", 144),
}  # fmt: skip
PEER_VALUES = 1000  # the latest of a series that peers are given
LONG = {"daily": (180, 1826), "hourly": (168, 1008)}  # horizon, least length


@dataclass(frozen=True)
class Item:
    """A series to forecast: `season` is the one MASE and seasonal naive have."""

    group: str
    source: str
    frequency: str
    season: int
    values: np.ndarray
    horizon: int


@dataclass(frozen=True)
class Score:
    """Measures of one series: errors and quantile losses summed over the horizon, coverage of 80 % intervals."""

    item: Item
    error: float
    naive_error: float
    scale: float
    loss: float
    naive_loss: float
    size: float
    covered: float
    seconds: float
    peer_errors: tuple[float, ...]


def sample(pool: Path, tourism: Path | None, each: int, only: str) -> Iterator[Item]:
    """Series to forecast, `each` of every source."""
    csv.field_size_limit(sys.maxsize)
    for path in sorted(pool.glob("*.csv.gz")):
        source, frequency = path.name.removesuffix(".csv.gz").rsplit("_", 1)
        if frequency not in FREQUENCIES:
            continue
        with gzip.open(path, "rt", newline="") as file:
            rows = [(int(row["season"]), np.array(row["y"].split(), float)) for row in csv.DictReader(file)]
        yield from items(source, frequency, rows, each, only)
    for letter, frequency, season in (("Y", "yearly", 1), ("Q", "quarterly", 4), ("M", "monthly", 12)):
        if tourism is not None:
            with gzip.open(tourism / f"tourism_{letter}_train.csv.gz", "rt", newline="") as file:
                found: dict[str, list[float]] = {}
                for row in csv.DictReader(file):
                    found.setdefault(row["unique_id"], []).append(float(row["y"]))
            rows = [(season, np.array(values)) for values in found.values()]
            yield from items("tourism", frequency, rows, 10 * each, only)


def items(source: str, frequency: str, rows: list[tuple[int, np.ndarray]], each: int, only: str) -> Iterator[Item]:
    """Of a source's rows (season, values) `each`, drawn, in every group that they are long enough for."""
    rng = np.random.default_rng(1)
    horizon = FREQUENCIES[frequency][1]
    season = int(np.median([season for season, _ in rows]))
    long = LONG.get(frequency, (0, sys.maxsize))
    for group, ahead, least in ((frequency, horizon, 2 * horizon + 4), (f"{frequency}, long", *long)):
        if only and only not in group:
            continue
        fit = [values for _, values in rows if len(values) >= least and usable(values, ahead)]
        zeros = [np.nanmean(values == 0) for values in fit]
        counts = group == frequency and len(fit) > 0 and float(np.median(zeros)) >= 0.4
        for index in rng.permutation(len(fit))[:each]:
            yield Item("counts" if counts else group, source, frequency, season, fit[index], ahead)


def usable(values: np.ndarray, horizon: int) -> bool:
    """Whether there is something to forecast and to measure."""
    known, last = values[:-horizon], values[-horizon:]
    known = known[~np.isnan(known)]
    return len(known) > 8 and known.min() < known.max() and not np.isnan(last).all() and bool(np.nansum(np.abs(last)))


def as_panel(item: Item) -> Panel:
    """The series without its last horizon, as it would be read from a file with dates."""
    values = item.values[: -item.horizon]
    there = np.flatnonzero(~np.isnan(values))
    plain = item.season in (5, 169)  # trading days, a bank's opening hours: the latter are on no calendar
    alias = {5: "B", 169: "step"}[item.season] if plain else FREQUENCIES[item.frequency][0]
    panel = template(alias)
    one = Series((), panel.series[0].first, values[there[0] : there[-1] + 1])
    return replace(panel, series=[one])


@functools.cache
def template(alias: str) -> Panel:
    """A panel of a frequency, read as a file with such times would be."""
    if alias == "step":
        return read_panel(pd.DataFrame({"step": np.arange(60), "y": np.arange(60.0)}))
    names = {"Y": "YS", "Q": "QS", "M": "MS"}
    times = pd.date_range("2001-01-01", periods=60, freq=names.get(alias, alias))
    return read_panel(pd.DataFrame({"ds": times, "y": np.arange(60.0)}))


def peer_forecast(name: str, history: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The point forecast by another method of a series without missing values."""
    history = history[-PEER_VALUES:]
    if name != "autoets":
        return forecast_all([history], horizon, season, name)[0]
    from statsforecast.models import MSTL, AutoETS

    short = season <= 24
    model = AutoETS(season_length=season) if short else MSTL(season, trend_forecaster=AutoETS(model="ZZN"))
    return np.asarray(model.forecast(history, horizon)["mean"])


def measure(job: tuple[Item, str, tuple[str, ...]]) -> Score:
    """Forecast one series and set it against what came."""
    item, method, peers = job
    history, actual = item.values[: -item.horizon], item.values[-item.horizon :]
    panel = as_panel(item)
    start = time.process_time()
    made = forecast_panel(panel, ForecastRequest(horizon=item.horizon, levels=LEVELS, method=method))
    seconds = time.process_time() - start
    bands, known = made.bands[0], ~np.isnan(actual)
    quantiles = np.stack([*(bands[:, 2 * i] for i in (3, 2, 1, 0)), made.point[0],
                          *(bands[:, 2 * i + 1] for i in range(4))], axis=-1)  # fmt: skip
    lag = item.season if len(history) > item.season else 1
    ahead = np.arange(item.horizon)
    filled = np.interp(np.arange(len(history)), np.flatnonzero(~np.isnan(history)), history[~np.isnan(history)])
    simple = filled[len(history) - lag + ahead % lag]
    change = history[lag:] - history[:-lag]
    change = change[~np.isnan(change)] if (~np.isnan(change)).any() else np.zeros(1)
    deviates = np.array([NormalDist().inv_cdf(level) for level in DECILES])
    deviation = np.sqrt(np.mean(change**2)) * np.sqrt(ahead // lag + 1)
    low, high = bands[:, 6], bands[:, 7]
    return Score(
        item,
        float(np.abs(actual - made.point[0])[known].sum()),
        float(np.abs(actual - simple)[known].sum()),
        float(np.abs(change).mean()) * int(known.sum()),
        pinball(actual[known], quantiles[known]),
        pinball(actual[known], (simple[:, None] + deviation[:, None] * deviates)[known]),
        float(np.abs(actual[known]).sum()),
        float(((actual >= low) & (actual <= high))[known].mean()),
        seconds,
        tuple(
            float(np.abs(actual - peer_forecast(name, filled, item.horizon, item.season))[known].sum())
            for name in peers
        ),
    )


def pinball(actual: np.ndarray, quantiles: np.ndarray) -> float:
    """Twice the quantile loss, mean over the deciles, sum over the horizon."""
    error = actual[:, None] - quantiles
    return float(2 * np.maximum(DECILES * error, (DECILES - 1) * error).mean(axis=-1).sum())


def ratios(scores: list[Score]) -> list[float]:
    """MASE and WQL of one source, and the MASE of each peer, relative to seasonal naive."""
    scaled = [s for s in scores if s.scale > 0]
    errors = np.array([(s.error, *s.peer_errors, s.naive_error) for s in scaled]) / [[s.scale] for s in scaled]
    ours, *others, theirs = errors.sum(axis=0) + 1e-9
    loss = (sum(s.loss for s in scores) + 1e-9) / (sum(s.naive_loss for s in scores) + 1e-9)
    return [ours / theirs, loss, *(error / theirs for error in others)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pool", type=Path)
    parser.add_argument("--tourism", type=Path)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--peers", type=lambda text: tuple(text.split(",")), default=())
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--sources", action="store_true", help="a line a source, too")
    asked = parser.parse_args()
    jobs = [(item, asked.method, asked.peers) for item in sample(asked.pool, asked.tourism, asked.each, asked.only)]
    with ProcessPoolExecutor(asked.processes) as workers:
        scores = list(workers.map(measure, jobs, chunksize=8))
    print(f"{'group':<28}{'sources':>8}{'series':>8}{'MASE':>8}{'WQL':>8}{'80 %':>7}{'lost':>7}{'ms':>8}"
          + "".join(f"{name:>12}" for name in asked.peers))  # fmt: skip
    every = []
    for group in dict.fromkeys(score.item.group for score in scores):
        here = [score for score in scores if score.item.group == group]
        of_sources = {}
        for source in dict.fromkeys(score.item.source for score in here):
            part = [score for score in here if score.item.source == source]
            of_sources[source] = ratios(part)
            if asked.sources:
                row(f"  {source}", 1, part, of_sources[source])
        means = np.exp(np.log(np.array(list(of_sources.values()))).mean(axis=0))
        every.append(means)
        row(group, len(of_sources), here, means)
    row("all groups", len(every), scores, np.exp(np.log(np.array(every)).mean(axis=0)))


def row(name: str, sources: int, scores: list[Score], measures: list[float] | np.ndarray) -> None:
    covered = 100 * np.mean([score.covered for score in scores])
    lost = 100 * np.mean([score.error > 1.5 * score.naive_error for score in scores])
    each = 1000 * np.mean([score.seconds for score in scores])
    shown = f"{name:<28}{sources:>8}{len(scores):>8}{measures[0]:>8.3f}{measures[1]:>8.3f}{covered:>7.1f}{lost:>6.1f}%"
    print(f"{shown}{each:>8.0f}" + "".join(f"{measure:>12.3f}" for measure in measures[2:]))


if __name__ == "__main__":
    main()
