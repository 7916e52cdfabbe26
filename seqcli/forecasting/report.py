"""Reports about a forecast: accuracy of earlier forecasts, unusual series, comparison of methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from seqcli.errors import DataError
from seqcli.forecasting.backtest import Folds, cut, select
from seqcli.forecasting.changes import direction
from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.engine import Outcome, Setting, forecast_arrays
from seqcli.forecasting.metrics import measure
from seqcli.forecasting.prepare import Prepared, among


def unusual(made: Outcome, series: Sequence[np.ndarray], setting: Setting, *, mixed: bool = False) -> list[str]:
    """Notices about series that are treated unlike the others; `mixed`: with a network in all."""
    if setting.method != "auto":
        return []
    season, kinds = setting.season, made.kinds
    constant = sum(values.min() == values.max() for values in series)
    short = sum(len(values) < 4 and values.min() != values.max() for values in series)
    one_way = sum(abs(direction(values, season)) == 1 for values in series) if "combination" in kinds else 0
    few = sum(4 <= len(values) <= season for values in series)
    what = "mean (--point median: their median)" if setting.mean else "median (--point mean: their mean)"
    found = {
        "constant, forecast as it is": constant,
        "fewer than 4 values, the last one is repeated": short,
        f"mostly zero without a pattern, forecast by past counts' {what}": 0 if mixed else kinds.count("counts"),
        "always rising or falling, as a meter or a running total: its changes are forecast": 0 if mixed else one_way,
        f"no longer than a season of {season}, whose pattern cannot be seen yet": few,
    }
    return [f"{among(number, len(series))}: {said}" for said, number in found.items() if number]


def verdict(folds: Folds, forecast: np.ndarray, prepared: Prepared) -> str:
    """How the forecasts (folds, horizon) from the latest origins compare with seasonal naive, in a sentence."""
    horizon, season, count = prepared.horizon, prepared.season, len(prepared.filled)
    latest = folds.back == 0
    if not latest.any():
        return "too short to hold anything back: the accuracy could not be measured"
    part = select(folds, latest)
    there = np.flatnonzero(~np.isnan(part.actual).all(axis=0))
    if not len(there):
        return "the last values are missing: the accuracy could not be measured"
    reach = int(there.max()) + 1
    simple = forecast_all(part.histories, horizon, season, "seasonal-naive")
    both, unit, digits = (forecast[latest], simple), "MASE", ".3f"
    ours, theirs = (measure(part.actual, made, part.scales)["mase"] for made in both)
    name = "seasonal naive" if season > 1 else "naive"
    span = f"the last {reach} {prepared.panel.frequency.step}{'s' if reach > 1 else ''}"
    sample = f" of {len(part.histories):,} of {count:,} series" if len(part.histories) < count else ""
    if not np.isfinite(theirs):  # every season before was the same: there is no scale
        unit, digits = "mean absolute error", ".3g"
        ours, theirs = (float(np.nanmean(np.abs(part.actual - made))) for made in both)
    if theirs == 0:
        return f"the {name} method cannot be beaten on {span}{sample}: it makes no error there"
    gain = 100 * (1 - ours / theirs)
    word = "better" if gain >= 0 else "worse"
    measured = f"{unit} {ours:{digits}} against {theirs:{digits}}"
    return f"{abs(gain):.0f} % {word} than {name} on {span}{sample} ({measured})"


def backtest_table(prepared: Prepared) -> list[dict[str, Any]]:
    """A row per method: its measures over `request.backtest` origins a horizon apart. Intervals are made like those of
    the forecast, from what was known at each origin."""
    setting, series = prepared.setting, prepared.known
    horizon, count = setting.horizon, prepared.request.backtest
    folds = cut(series, horizon, setting.season, origins=count, stride=horizon, fill=setting.fill)
    if not folds.histories:
        hint = "give a shorter --horizon, or no --backtest"
        raise DataError(f"no series is long enough to hold {horizon} values back", hint=hint)
    names = [setting.method, "seasonal-naive"]
    names += [name for name in ("theta", "ets") if setting.method == "auto"]
    rows = []
    for name in dict.fromkeys(names):
        forecast = np.empty(folds.actual.shape)
        bands = np.empty((*forecast.shape, 2 * len(setting.levels)))
        for number in set(folds.back.tolist()):
            members = np.flatnonzero(folds.back == number)
            histories = [folds.histories[row] for row in members]
            known = [series[folds.member[row]][: len(folds.histories[row])] for row in members]
            made = forecast_arrays(histories, known, replace(setting, method=name))
            forecast[members], bands[members] = made.point, made.bands
        measures = measure(folds.actual, forecast, folds.scales, bands, setting.levels)
        rows.append({"method": name, **{key: float(f"{value:.5g}") for key, value in measures.items()}})
    return rows
