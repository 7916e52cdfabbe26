"""How good a trained forecaster is on data it has not seen: each series' last horizon, held back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from seqcli.errors import DataError
from seqcli.files.checkpoint import Checkpoint
from seqcli.forecasting.classical.batch import fill_missing
from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.forecast import forecast_panel
from seqcli.forecasting.metrics import coverage, mase, mean_known, quantile_loss, scale, smape
from seqcli.forecasting.options import EvaluateRequest
from seqcli.forecasting.prepare import ForecastOptions
from seqcli.forecasting.recurrent.covariates import known_inputs, own_names
from seqcli.forecasting.recurrent.forecaster import load_forecaster, trained_horizon
from seqcli.series.panel import ReadOptions, read_panel


def evaluate_forecaster(
    checkpoint: Checkpoint, request: EvaluateRequest, on_notice: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
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
        on_notice(note)
    forecaster.check(panel)
    season = config.season
    horizon = trained_horizon(checkpoint) or panel.frequency.horizon
    long = [one for one in panel.series if len(one.values) >= 2 * horizon + 4]
    if not long:
        raise DataError(f"no series has the {2 * horizon + 4} values this takes", path=path)
    actual = np.array([one.values[-horizon:] for one in long])
    histories = [fill_missing(one.values[:-horizon], season) for one in long]  # with nothing of what follows
    cut = replace(
        panel,
        series=[replace(one, values=one.values[:-horizon], covariates=one.covariates[:, :-horizon]) for one in long],
    )
    known = known_inputs(
        cut,
        horizon,
        names=config.covariates,
        future=[one.covariates[:, -horizon:] for one in long],
        holidays=config.holidays,
        scaling=config.scaling,
    )
    options = ForecastOptions(horizon=horizon, season=season)
    result = forecast_panel(cut, options, forecaster=forecaster, known=known)
    scales = np.array([scale(history, season) for history in histories])
    simple = forecast_all(histories, horizon, season, "seasonal-naive")
    quantiles = np.concatenate([result.point[..., None], result.bands], axis=-1)
    levels = np.array([0.5, 0.1, 0.9, 0.025, 0.975])
    return {
        "series": len(long),
        "horizon": horizon,
        "season": season,
        "mase": mean_known(mase(actual, result.point, scales)),
        "smape": mean_known(smape(actual, result.point)),
        "quantile_loss": mean_known(quantile_loss(actual, quantiles, levels, scales)),
        "coverage_80": coverage(actual, result.bands[..., 0], result.bands[..., 1]),
        "coverage_95": coverage(actual, result.bands[..., 2], result.bands[..., 3]),
        "mase_seasonal_naive": mean_known(mase(actual, simple, scales)),
        "smape_seasonal_naive": mean_known(smape(actual, simple)),
    }
