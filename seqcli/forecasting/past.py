"""One-step forecasts of the past, and anomalies: values far from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from seqcli.errors import UsageError
from seqcli.forecasting.axes import time_marks
from seqcli.forecasting.combination import predict
from seqcli.forecasting.engine import Setting, find_long
from seqcli.forecasting.forecast import added_columns
from seqcli.forecasting.intervals import NORMAL_80, stretch
from seqcli.forecasting.options import NETWORK, ForecastRequest
from seqcli.forecasting.plot import MOST_DRAWN, Chart, save_plot
from seqcli.forecasting.prepare import Prepared
from seqcli.forecasting.recurrent.config import QUANTILES
from seqcli.forecasting.recurrent.forecaster import offsets
from seqcli.notices import Notice, quietly
from seqcli.options import declarations
from seqcli.series.panel import Panel, series_names

LATEST = 2000  # values of a series that are looked at
USUAL = 80.0  # level by which the network's widths are corrected: few anomalies do not change it
FLAGGED = 4.0  # half-widths of the usual interval, over its normal deviate, from which a value is an anomaly
AHEAD = ("quantiles", "method", "start", "hierarchy", "backtest", "json")  # what only forecasts have


@dataclass(frozen=True)
class Past:
    """The past of a panel as it would have been forecast, a row a series and value under these `columns`. `made` has an
    array a series: the one-step forecast of each value, its interval ends and its score, see `_forecast_one`."""

    panel: Panel
    columns: list[str]
    made: list[np.ndarray]
    levels: tuple[float, ...]
    anomalies: bool  # whether scores are shown

    @property
    def count(self) -> int:
        """How many anomalies there are."""
        return sum(int((numbers[:, -1] > FLAGGED).sum()) for numbers in self.made)

    @property
    def verdict(self) -> str:
        """How many anomalies there are, and what they are."""
        return f"{self.count:,} anomalies: values more than four deviations from their one-step forecast (score)"

    def plot(self, path: str | Path, *, on_notice: Notice = quietly) -> None:
        """Draw the past of the first series, up to 60, with the one-step forecasts, in a file: .svg, .png, .pdf or
        .html."""
        charts, drawn = [], zip(self.panel.series, self.made, series_names(self.panel), strict=True)
        for index, (one, made, name) in enumerate(islice(drawn, MOST_DRAWN)):
            history, made = one.values[-LATEST:].tolist(), made[-LATEST:]
            first = 1 - len(history)
            flagged = (np.flatnonzero(made[:, -1] > FLAGGED) + first).tolist() if self.anomalies else None
            marks = time_marks(self.panel, index, first, 0)
            charts.append(Chart(name, history, made[:, 0].tolist(), made[:, 1:-1].T.tolist(), marks, first, flagged))
        said = self.verdict if self.anomalies else ""
        save_plot(Path(path), charts, self.levels, "One-step forecasts of the past", said, on_notice)

    def rows(self) -> Iterator[dict[str, Any]]:
        for one, made in zip(self.panel.series, self.made, strict=True):
            calendar = self.panel.calendar_of(one)
            for place, (value, numbers) in enumerate(zip(one.values.tolist(), made.tolist(), strict=True)):
                cells: list[Any] = [*one.key, calendar.label(one.first, place), *map(_plain, (value, *numbers[:-1]))]
                if self.anomalies:
                    cells += [_plain(numbers[-1], 4), int(numbers[-1] > FLAGGED)]
                yield dict(zip(self.columns, cells, strict=True))


def check_past(request: ForecastRequest) -> None:
    """Raise `UsageError` for options that were given and say nothing about the past."""
    given = [item for name, item in declarations(type(request)).items() if name in request.given]
    flags = [item.flag for item in given if item.option.section == NETWORK or item.name in AHEAD]
    if flags:
        raise UsageError("--anomalies and --fitted look at the past", hint=f"leave {' and '.join(flags)} out")


def forecast_past(prepared: Prepared, *, anomalies: bool) -> Past:
    """Forecast each past value of every series; with `anomalies` its score is shown, too, and whether it is one."""
    panel = prepared.panel
    numbers = ["fitted", *(f"{end}-{level:g}" for level in prepared.setting.levels for end in ("lo", "hi"))]
    scores = ["score", "anomaly"] if anomalies else []
    columns = [*panel.key_names, panel.time_name or "step", panel.target_name]
    series = zip(panel.series, prepared.filled, strict=True)
    made = [_forecast_one(one.values, filled, prepared.setting) for one, filled in series]
    return Past(panel, added_columns(columns, [*numbers, *scores]), made, prepared.setting.levels, anomalies)


def _forecast_one(values: np.ndarray, filled: np.ndarray, setting: Setting) -> np.ndarray:
    """Of each value of a series the forecast from those before it, interval ends and score, its distance in deviations:
    half-widths of the 80 % interval on its side, in units of the normal distribution's. (length, 2 + 2 · levels)

    Widths are corrected on these forecasts. NaN where a value is missing, before the second season is over, and before
    the latest `LATEST` values.
    """
    first = min(max(2 * setting.season + 2, 8), len(filled) // 2 + 1)
    start = max(first, len(filled) - LATEST)
    histories = [filled[:end] for end in range(start, len(filled))]
    if not histories or filled.min() == filled.max():
        point, spread = np.full((len(histories), 1), filled[0]), np.zeros((len(histories), 1, len(QUANTILES)))
    else:
        candidates, spread = predict(histories, 1, setting.season, find_long([filled], setting) * len(histories))
        point = candidates[0]
    actual = values[start:, None]
    usual = offsets(spread, (USUAL,))
    factor = stretch(actual, point, point + usual[..., 0], point + usual[..., 1], USUAL)
    deviations = np.abs(np.where(actual >= point, usual[..., 1], usual[..., 0])) * factor / NORMAL_80
    least = 1e-6 * max(float(np.abs(filled).max()), 1e-300)
    scores = np.abs(actual - point) / np.maximum(deviations, least)
    bands = point + factor * offsets(spread, setting.levels)[:, 0]
    result = np.full((len(values), 2 + bands.shape[1]), np.nan)
    result[start:] = np.concatenate([point, bands, scores], axis=1)
    return result


def _plain(number: float, digits: int = 10) -> float | None:
    return None if np.isnan(number) else float(f"{number:.{digits}g}")
