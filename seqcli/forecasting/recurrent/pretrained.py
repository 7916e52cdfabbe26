"""The forecaster that comes with the package, trained on synthetic and public series.

`pretraining/` has how its weights were made; the file says on what. It is a method like the others: a batch of series
in, forecasts out.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqcli.files.checkpoint import load_checkpoint
from seqcli.forecasting.classical.batch import CHUNK, Batch, in_chunks, make_batch
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES
from seqcli.forecasting.recurrent.forecaster import Forecaster, load_forecaster, offsets
from seqcli.forecasting.recurrent.inputs import make_inputs
from seqcli.forecasting.recurrent.windows import kept

WEIGHTS = Path(__file__).with_name("pretrained.safetensors")
MONTHS_WEIGHTS = Path(__file__).with_name("pretrained_months.safetensors")  # better on years, quarters and months


def pretrained_forecaster(season: int) -> Forecaster:
    """The shipped weights for series with a season (1: none), every byte verified. Raises `CheckpointError` when the
    file is damaged."""
    return _loaded(MONTHS_WEIGHTS if 12 % season == 0 else WEIGHTS)


@functools.cache
def _loaded(path: Path) -> Forecaster:
    return load_forecaster(load_checkpoint(path, task="forecast"))


def quantiles(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """Forecasts of the series of a batch: `forecaster.QUANTILES`, rising. (horizon, series, quantiles) Any season (1:
    none) and horizon. The network was trained on seasons from 1 to 168."""
    values = batch.values[-kept(season) :].T
    forecaster = pretrained_forecaster(season)
    result = np.empty((horizon, len(values), len(QUANTILES)))
    # a batch has its longest series first: what is computed together has much the same length
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        part = part[:, np.isnan(part).sum(axis=1).min() :]
        inputs = make_inputs(part, ~np.isnan(part), season, np.arange(horizon))
        result[:, start : start + CHUNK] = forecaster.run(inputs).transpose(1, 0, 2)
    return result


def spread(histories: Sequence[np.ndarray], horizon: int, season: int, levels: Sequence[float]) -> np.ndarray:
    """The distance of the network's intervals from its median. (series, horizon, 2 · levels), low and high of each
    level. Histories have no missing values; levels are in per cent."""
    result = np.empty((len(histories), horizon, 2 * len(levels)))

    def run(part: np.ndarray) -> None:
        batch = make_batch([histories[index] for index in part])
        ends = offsets(quantiles(batch, horizon, season), levels)  # (horizon, series, ends)
        result[part[batch.order]] = ends.transpose(1, 0, 2)

    in_chunks(histories, run)
    return result


def rnn(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The median of the network's forecasts. (horizon, series)"""
    return quantiles(batch, horizon, season)[..., MIDDLE]
