"""Forecasts with the effects of covariates and holidays: estimated by regression, removed, and added back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqcli.forecasting.engine import Outcome, forecast_arrays
from seqcli.forecasting.metrics import scale
from seqcli.forecasting.prepare import Prepared
from seqcli.forecasting.recurrent.covariates import KnownInputs
from seqcli.forecasting.regression import Effects, describe, find_effects


def forecast_with_effects(prepared: Prepared, known: KnownInputs | None) -> tuple[Outcome, list[str]]:
    """Forecasts with the effects of known inputs, and notices about them; plain forecasts without such inputs."""
    if known is None or not known.names:
        return forecast_arrays(prepared.filled, prepared.known, prepared.setting), []
    found = [find_effects(values, x, prepared.season) for values, x in zip(prepared.known, known.values, strict=True)]
    # inputs are scaled; in what is said they have their own units
    units = np.array([deviation for _, deviation in known.scaling] + [1.0] * (len(known.names) - len(known.scaling)))
    plain = [replace(one, sizes=one.sizes / units) for one in found]
    said = [f"effects of what is known beforehand: {'; '.join(describe(plain, known.names))}"]
    return _with_effects(prepared, found), said


def _with_effects(prepared: Prepared, effects: Sequence[Effects]) -> Outcome:
    """Forecast the series without the effects, and add them back."""
    known = [one.remove(values) for one, values in zip(effects, prepared.known, strict=True)]
    filled = [one.remove(values) for one, values in zip(effects, prepared.filled, strict=True)]
    made = forecast_arrays(filled, known, prepared.setting)
    starts = [len(values) for values in filled]

    def whole(numbers: np.ndarray, members: Sequence[int], places: Sequence[int]) -> np.ndarray:
        rows = [effects[i].restore(row, start) for row, i, start in zip(numbers, members, places, strict=True)]
        return np.array(rows).reshape(numbers.shape)

    folds, every = made.folds, range(len(filled))
    members, places = folds.member.tolist(), [len(history) for history in folds.histories]
    histories = [effects[i].restore(history, 0) for i, history in zip(members, folds.histories, strict=True)]
    scales = np.array([scale(history, prepared.season) for history in histories])
    return replace(
        made,
        point=whole(made.point, every, starts),
        bands=whole(made.bands, every, starts),
        folds=replace(folds, histories=histories, actual=whole(folds.actual, members, places), scales=scales),
        earlier=whole(made.earlier, members, places),
    )
