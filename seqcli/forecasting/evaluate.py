"""Evaluation of a trained forecaster on new data: the last horizon of each series is held back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seqcli.errors import DataError
from seqcli.files.checkpoint import Checkpoint
from seqcli.forecasting.classical.batch import fill_missing
from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.metrics import measure, scale
from seqcli.forecasting.options import EvaluateRequest, ForecastRequest
from seqcli.forecasting.prepare import prepare
from seqcli.forecasting.recurrent.covariates import known_inputs, own_names
from seqcli.forecasting.recurrent.forecaster import load_forecaster
from seqcli.forecasting.run import forecast_prepared
from seqcli.notices import Notice, quietly
from seqcli.series.panel import ReadOptions, read_panel


def evaluate_forecaster(checkpoint: Checkpoint, request: EvaluateRequest, notice: Notice = quietly) -> dict[str, Any]:
    """MASE, sMAPE, scaled quantile loss and coverage of the 80 and 95 % intervals on the last values of each series in
    a CSV file, as many as in training, with seasonal naive beside.

    The model's covariates are read from the file, its holidays are those it was trained with. Raises `DataError` when
    no series is long enough, `UsageError` when the file does not fit the model.
    """
    forecaster = load_forecaster(checkpoint)
    config = forecaster.config
    path, names = request.data[0], own_names(config.covariates)
    panel = read_panel(path, ReadOptions(encoding=request.encoding, errors=request.errors, covariates=names))
    for note in panel.notes:  # which column is measured, above all
        notice(note)
    forecaster.check(panel)
    season = config.season
    horizon = forecaster.horizon or panel.frequency.horizon
    long = [one for one in panel.series if len(one.values) >= 2 * horizon + 4]
    if not long:
        raise DataError(f"no series has the {2 * horizon + 4} values this takes", path=path)
    actual = np.array([one.values[-horizon:] for one in long])
    histories = [fill_missing(one.values[:-horizon], season) for one in long]  # with nothing of what follows
    cut = replace(
        panel,
        series=[replace(one, values=one.values[:-horizon], covariates=one.covariates[:, :-horizon]) for one in long],
    )
    prepared = prepare(cut, ForecastRequest(horizon=horizon, season=season))
    inputs = known_inputs(
        prepared.panel,  # whose series may begin later
        horizon,
        names=config.covariates,
        future=[one.covariates[:, -horizon:] for one in long],
        holidays=config.holidays,
        scaling=config.scaling,
    )
    result = forecast_prepared(replace(prepared, inputs=inputs), forecaster)
    scales = np.array([scale(history, season) for history in histories])
    simple = forecast_all(histories, horizon, season, "seasonal-naive")
    beside = measure(actual, simple, scales)
    return {
        "series": len(long),
        "horizon": horizon,
        "season": season,
        **measure(actual, result.point, scales, result.bands, result.levels),
        **{f"{name}_seasonal_naive": value for name, value in beside.items()},
    }
