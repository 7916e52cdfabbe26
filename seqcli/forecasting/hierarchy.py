"""Series that add up, such as products, shops and regions: totals as series of their own, and forecasts that add up.

Every total is forecast, too, and then all are changed by as little as makes them add up, those the most that are the
least certain: generalised least squares (Hyndman, Ahmed, Athanasopoulos & Shang 2011) with independent errors, which on
a tree takes one pass up and one down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.forecasting.classical.batch import fill_missing
from seqcli.forecasting.forecast import Forecast
from seqcli.forecasting.intervals import NORMAL_80
from seqcli.series.panel import Panel, Series

ALL = "(all)"  # in place of an id: the sum over all of them


def with_totals(panel: Panel, levels: Sequence[str], fill: str | None = None) -> tuple[Panel, np.ndarray]:
    """A panel with totals of its series by the first of the id columns `levels`, by the first two, and of all, a total
    before its parts; and the place of each series' total, -1 for the grand total.

    In totals a series counts as zero before it begins, and its gaps as they are to be filled. Raises `UsageError` for
    columns that are not the panel's, `DataError` for series that do not end together.
    """
    if sorted(levels) != sorted(panel.key_names):
        raise UsageError(
            f"the hierarchy {'/'.join(levels)} must consist of the columns that tell series apart: "
            f"{', '.join(panel.key_names) or 'there are none'}",
            hint="name each of them once, the widest first",
        )
    if len({one.first + len(one.values) for one in panel.series}) > 1 or any(one.grid for one in panel.series):
        hint = "--from TIME forecasts all from the same time"
        raise DataError("the series of a hierarchy do not end together", hint=hint)
    if panel.covariate_names:
        raise UsageError("totals have no covariates", hint="leave the covariates or the hierarchy out")
    places = [panel.key_names.index(name) for name in levels]
    members: dict[tuple[str, ...], list[Series]] = {}
    for one in sorted(panel.series, key=lambda one: [one.key[place] for place in places]):
        if ALL in one.key:
            raise DataError(f"an id is {ALL}, the name of totals", hint="call it something else")
        for depth in range(len(places) + 1):
            members.setdefault(tuple(one.key[place] for place in places[:depth]), []).append(one)
    index = {path: number for number, path in enumerate(members)}
    series, season = [], panel.frequency.season
    for path, parts in members.items():
        key = [ALL] * len(places)
        for place, name in zip(places, path, strict=False):
            key[place] = name
        total = len(path) < len(places)
        series.append(_total(tuple(key), parts, season, fill or "interpolate") if total else parts[0])
    parents = np.array([index[path[:-1]] if path else -1 for path in members])
    return replace(panel, series=series), parents


def _total(key: tuple[str, ...], parts: Sequence[Series], season: int, fill: str) -> Series:
    """The sum of series that end together."""
    first = min(one.first for one in parts)
    values = np.zeros(max(len(one.values) for one in parts))
    for one in parts:
        values[one.first - first :] += fill_missing(one.values, season, fill)
    return Series(key, first, values)


def add_up(made: Forecast, parents: np.ndarray) -> Forecast:
    """Forecasts of a hierarchy's series that add up; intervals move with them, as wide as they were."""
    widths = made.bands[..., -1] - made.bands[..., -2]
    variances = ((widths / (2 * NORMAL_80)) ** 2).mean(axis=1)
    point = reconcile(made.point, variances, parents)
    moves = point - made.point
    floor = np.where([np.nanmin(one.values) >= 0 for one in made.panel.series], 0.0, -np.inf)[:, None]
    bands = np.maximum(made.bands + moves[..., None], floor[..., None])
    median = None if made.median is None else np.maximum(made.median + moves, floor)
    return replace(made, point=point, bands=bands, median=median)


def reconcile(forecasts: np.ndarray, variances: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """The forecasts (series, horizon) nearest to those given that add up; totals come before their parts. Upwards each
    total is the mean of its own forecast and its parts' sum, weighted by their certainty; downwards what is left over
    is shared among the parts by their variances, or in proportion where a part would fall below zero."""
    result = forecasts.astype(float)
    variances = np.maximum(variances, 1e-9 * max(float(variances.max()), 1e-300))
    parts: list[list[int]] = [[] for _ in parents]
    for number, parent in enumerate(parents.tolist()):
        if parent >= 0:
            parts[parent].append(number)
    for number in reversed(range(len(parents))):
        if parts[number]:
            together = float(variances[parts[number]].sum())
            own = together / (together + variances[number])
            result[number] += (1 - own) * (result[parts[number]].sum(axis=0) - result[number])
            variances[number] *= own
    for number, below in enumerate(parts):
        if below:
            total = result[below].sum(axis=0)
            shares = (variances[below] / variances[below].sum())[:, None]
            moved = result[below] + shares * (result[number] - total)
            scaled = result[below] * (result[number] / np.where(total > 0, total, 1.0))
            falls = (moved < 0).any(axis=0) & (result[below] >= 0).all(axis=0) & (total > 0) & (result[number] >= 0)
            result[below] = np.where(falls, scaled, moved)
    return result
