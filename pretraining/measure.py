"""How good a forecaster's weights are on what is held back of the pool, relative to seasonal naive.

    python pretraining/measure.py FOLDER [WEIGHTS …]

Without WEIGHTS the shipped ones; a run's state, NAME.state.safetensors, is measured as it stands. For each kind of
series two figures, the geometric means over sources of: MASE of the median, and the weighted quantile loss (of the nine
deciles, over the sum of the absolute values), each over that of seasonal naive (the last season again, with normal
intervals as wide as its errors in the history). `new` are sources that nothing is learnt from, `unseen` series not
learnt from of other sources. "Many zeros": nothing below zero, and three in ten values zero or more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import numpy as np
from batches import Held, held_back
from pool import read_pool
from ship import outcome

from seqcli.forecasting.classical.batch import CHUNK
from seqcli.forecasting.recurrent.config import QUANTILES
from seqcli.forecasting.recurrent.forecaster import load_forecaster
from seqcli.forecasting.recurrent.inputs import make_inputs
from seqcli.forecasting.recurrent.pretrained import MONTHS_WEIGHTS, WEIGHTS

DECILES = tuple(round(number / 10, 1) for number in range(1, 10))
NAMES = {1: "yearly", 4: "quarterly", 5: "business days", 7: "daily", 12: "monthly", 24: "hourly", 52: "weekly"}
SEASONS = (1, 4, 12, 52, 5, 7, 24, 48, 144, 168, 169, 288)
Forecast = Callable[[np.ndarray, int, int], np.ndarray]  # histories (series, time), season, horizon -> deciles


def simple(history: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """Seasonal naive with normal intervals. (series, horizon, deciles)"""
    h = np.arange(horizon)
    lag = season if history.shape[1] > season else 1
    point = history[:, history.shape[1] - lag + h % lag]
    deviation = np.sqrt(np.nanmean((history[:, lag:] - history[:, :-lag]) ** 2, axis=1))
    deviates = np.array([NormalDist().inv_cdf(level) for level in DECILES])
    width = deviation[:, None] * np.sqrt(h // lag + 1)
    result: np.ndarray = point[:, :, None] + width[:, :, None] * deviates
    return result


def errors(held: Held, quantiles: np.ndarray) -> tuple[float, float]:
    """Mean MASE of the median, and the weighted quantile loss, of deciles (series, horizon, 9)."""
    history, actual = held.rows[:, : -held.horizon], held.rows[:, -held.horizon :]
    scales = np.nanmean(np.abs(history[:, held.season :] - history[:, : -held.season]), axis=1)
    usable = scales > 0
    mase = np.abs(actual - quantiles[..., 4]).mean(axis=1)[usable] / scales[usable]
    gap = actual[..., None] - quantiles
    levels = np.array(DECILES)
    loss = 2 * np.maximum(levels * gap, (levels - 1) * gap).mean(axis=-1).sum()
    return float(np.minimum(mase, 1e3).mean()), float(loss / max(np.abs(actual).sum(), 1e-12))


def kind_of(held: Held) -> str:
    y = held.rows[:, : -held.horizon]
    zeros = np.nanmin(y) >= 0 and (y == 0).sum() >= 0.3 * (~np.isnan(y)).sum()
    return f"{NAMES.get(held.season, f'season {held.season}')}{', many zeros' if zeros else ''}"


def network(path: Path) -> Forecast:
    forecaster = load_forecaster(outcome(path))
    places = [QUANTILES.index(level) for level in DECILES]

    def forecast(history: np.ndarray, season: int, horizon: int) -> np.ndarray:
        parts = []
        for start in range(0, len(history), CHUNK):
            part = history[start : start + CHUNK]
            part = part[:, np.isnan(part).sum(axis=1).min() :]
            parts.append(forecaster.run(make_inputs(part, ~np.isnan(part), season, np.arange(horizon)))[..., places])
        return np.concatenate(parts)

    return forecast


def table(groups: list[Held], forecast: Forecast) -> dict[tuple[str, str], np.ndarray]:
    """Relative MASE and quantile loss of each kind and part: geometric means over sources."""
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for held in groups:
        history = held.rows[:, : -held.horizon]
        ours = np.array(errors(held, forecast(history, held.season, held.horizon)))
        theirs = np.array(errors(held, simple(history, held.season, held.horizon)))
        found.setdefault((kind_of(held), held.part), []).append(
            np.log(np.maximum(ours, 1e-12) / np.maximum(theirs, 1e-12))
        )
    return {key: np.exp(np.mean(values, axis=0)) for key, values in found.items()}


def main() -> None:
    groups = held_back(read_pool(Path(sys.argv[1])))
    groups.sort(key=lambda held: (SEASONS.index(held.season) if held.season in SEASONS else 99, held.part))
    tables = [table(groups, network(Path(name))) for name in sys.argv[2:] or [str(WEIGHTS), str(MONTHS_WEIGHTS)]]
    for key in tables[0]:
        print(f"{key[0]:<20}{key[1]:<8}", *(f"{one[key][0]:8.3f}{one[key][1]:7.3f}" for one in tables))
    everything = [np.exp(np.mean([np.log(value) for value in one.values()], axis=0)) for one in tables]
    print(f"{'all':<28}", *(f"{one[0]:8.3f}{one[1]:7.3f}" for one in everything))


if __name__ == "__main__":
    main()
