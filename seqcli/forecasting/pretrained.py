"""The forecaster that comes with the package: trained on synthetic and public series, good on series it never saw.

How its weights were made is in `pretraining/`; the file says on what. It is a method like the others: a batch of series
in, forecasts out.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from seqcli.checkpoint import load_checkpoint
from seqcli.forecasting.batch import Batch
from seqcli.forecasting.forecaster import MIDDLE, QUANTILES, Forecaster, load_forecaster
from seqcli.forecasting.inputs import make_inputs
from seqcli.forecasting.windows import LATEST, LATEST_SEASONS

WEIGHTS = Path(__file__).with_name("pretrained.safetensors")


@functools.cache
def pretrained_forecaster() -> Forecaster:
    """The shipped weights, every byte verified. Raises `CheckpointError` when the file is damaged."""
    return load_forecaster(load_checkpoint(WEIGHTS, task="forecast"))


def quantiles(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """What may follow the series of a batch: `forecaster.QUANTILES`, rising. (horizon, series, quantiles)

    Any season (1: none) and horizon. The forecaster has seen seasons from 1 to 168.
    """
    season = max(season, 1)
    keep = max(LATEST, LATEST_SEASONS * season)
    values = batch.values[-keep:].T
    forecaster = pretrained_forecaster()
    result = np.empty((horizon, len(values), len(QUANTILES)))
    # a batch has its longest series first: what is computed together has much the same length
    for start in range(0, len(values), 256):
        part = values[start : start + 256]
        part = part[:, np.isnan(part).sum(axis=1).min() :]
        inputs = make_inputs(part, ~np.isnan(part), season, horizon)
        result[:, start : start + 256] = forecaster.run(inputs).transpose(1, 0, 2)
    return result


def rnn(batch: Batch, horizon: int, season: int) -> np.ndarray:
    """The median of what the network says. (horizon, series)"""
    median: np.ndarray = quantiles(batch, horizon, season)[..., MIDDLE]
    return median
