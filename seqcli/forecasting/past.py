"""One-step forecasts of the past, and anomalies: values far from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqcli.forecasting.combination import predict
from seqcli.forecasting.engine import Setting, find_long
from seqcli.forecasting.intervals import NORMAL_80, stretch
from seqcli.forecasting.prepare import Prepared
from seqcli.forecasting.recurrent.forecaster import offsets

LATEST = 2000  # values of a series that are looked at
USUAL = 80.0  # level by which the network's widths are corrected: few anomalies do not change it
FLAGGED = 4.0  # half-widths of the usual interval, over its normal deviate, from which a value is an anomaly


@dataclass(frozen=True)
class Past:
    """One-step forecasts of the past of each series, NaN where too little comes before: `expected` (length,), `bands`
    (length, 2 · levels), and `scores`, the distance of each value in standard deviations, NaN if it is missing."""

    expected: list[np.ndarray]
    bands: list[np.ndarray]
    scores: list[np.ndarray]


def forecast_past(prepared: Prepared) -> Past:
    """Forecast each past value of every series from those before it, with intervals corrected on these forecasts. The
    latest `LATEST` values of a series, from the second season on. Deviations are half-widths of the 80 % interval on
    the value's side, in units of the normal distribution's."""
    setting = prepared.setting
    made = [_one(values, setting) for values in prepared.filled]
    expected, bands, scores = [], [], []
    for one, values, (start, point, spread) in zip(prepared.panel.series, prepared.filled, made, strict=True):
        actual = one.values[start:]
        usual = offsets(spread, (USUAL,))
        factor = stretch(actual[:, None], point, point + usual[..., 0], point + usual[..., 1], USUAL)
        sides = np.abs(np.where(actual >= point[:, 0], usual[:, 0, 1], usual[:, 0, 0])) * factor / NORMAL_80
        least = 1e-6 * max(float(np.nanmax(np.abs(values))), 1e-300)
        padding = np.full(start, np.nan)
        expected.append(np.concatenate([padding, point[:, 0]]))
        scores.append(np.concatenate([padding, np.abs(actual - point[:, 0]) / np.maximum(sides, least)]))
        widths = point + factor * offsets(spread, setting.levels)[:, 0]
        bands.append(np.concatenate([np.full((start, widths.shape[1]), np.nan), widths]))
    return Past(expected, bands, scores)


def _one(values: np.ndarray, setting: Setting) -> tuple[int, np.ndarray, np.ndarray]:
    """The first forecast position of a series, its forecasts (values, 1) and spread (values, 1, quantiles)."""
    first = min(max(2 * setting.season + 2, 8), len(values) // 2 + 1)
    start = max(first, len(values) - LATEST)
    long = find_long([values], setting)
    histories = [values[:end] for end in range(start, len(values))]
    if not histories or values.min() == values.max():
        count = len(values) - start
        return start, np.full((count, 1), values[0]), np.zeros((count, 1, 7))
    made = predict(histories, 1, setting.season, long * len(histories))
    return start, made.candidates[0], made.spread


def past_table(prepared: Prepared, *, anomalies: bool) -> tuple[list[str], Iterator[dict[str, Any]], int]:
    """Header and rows, one per series and past value; with `anomalies` also its score, and whether it is an anomaly
    (1). And how many are."""
    past, panel = forecast_past(prepared), prepared.panel
    names = [*panel.key_names, panel.time_name or "step", panel.target_name, "fitted"]
    names += [f"{end}-{level:g}" for level in prepared.setting.levels for end in ("lo", "hi")]
    names += ["score", "anomaly"] if anomalies else []

    def rows() -> Iterator[dict[str, Any]]:
        for index, one in enumerate(panel.series):
            for place, value in enumerate(one.values.tolist()):
                numbers = [value, past.expected[index][place], *past.bands[index][place]]
                cells: list[Any] = [_plain(number) for number in numbers]
                if anomalies:
                    score = _plain(past.scores[index][place], 4)
                    cells += [score, int(score is not None and score > FLAGGED)]
                time = panel.calendar_of(one).label(one.first, place)
                yield dict(zip(names, [*one.key[: len(panel.key_names)], time, *cells], strict=True))

    return names, rows(), sum(int((np.nan_to_num(scores) > FLAGGED).sum()) for scores in past.scores)


def _plain(number: float, digits: int = 10) -> float | None:
    return None if np.isnan(number) else float(f"{number:.{digits}g}")
