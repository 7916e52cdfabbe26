"""Values known beside the series, in the past and for the time to be forecast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqcli.data.panel import Panel
from seqcli.data.panel_columns import parse_numbers, read_table
from seqcli.errors import DataError, UsageError


def known_covariates(values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each series' covariates (covariates, time) on one scale: mean zero and deviation one over the panel, zero where
    missing."""
    every = np.concatenate(values, axis=1)
    mean = np.nanmean(every, axis=1, keepdims=True)
    spread = np.nanstd(every, axis=1, keepdims=True)
    spread = np.where(spread > 0, spread, 1.0)
    return [np.nan_to_num((one - mean) / spread) for one in values]


def with_future(panel: Panel, path: str, horizon: int, *, decimal: str = ".") -> list[np.ndarray]:
    """Each series' covariates with those of the next `horizon` periods, from the CSV file `path`, which has the panel's
    time, series and covariate columns. (covariates, length + horizon) a series.

    Raises `DataError` when a series has no row for one of the periods, `UsageError` for a wide panel.
    """
    if panel.wide or panel.time_name is None:
        raise UsageError("--covariates needs one row a series and time", hint="--series names the series columns")
    table = read_table(path)
    for name in (panel.time_name, *panel.key_names, *panel.covariate_names):
        if name not in table.columns:
            raise DataError(f"has no column {name!r}", path=table.path, hint="name its columns as in the data")
    numbers = np.array([parse_numbers(table, name, decimal=decimal) for name in panel.covariate_names])
    keys = (
        zip(*(table.columns[name] for name in panel.key_names), strict=True) if panel.key_names else [()] * len(table)
    )
    rows = {}
    for row, (key, time) in enumerate(zip(keys, table.columns[panel.time_name], strict=True)):
        number = panel.calendar.style.parse(time)
        if number is None:
            raise DataError(
                f"{time!r} is not a time as in the data", path=table.path, line=table.line(row), column=panel.time_name
            )
        rows[key, panel.calendar.position(number)] = row
    extended = []
    for one in panel.series:
        future = np.empty((len(numbers), horizon))
        for step in range(horizon):
            number = panel.calendar.shift(one.first, len(one.values) + step)
            place = (one.key, panel.calendar.position(number))
            if place not in rows:
                raise DataError(
                    f"has no row for {panel.calendar.style.write(number)} of {'/'.join(one.key) or 'the series'}",
                    path=table.path,
                    hint=f"it needs {horizon} rows a series, or give a shorter --horizon",
                )
            future[:, step] = numbers[:, rows[place]]
        extended.append(np.concatenate([one.covariates, future], axis=1))
    return known_covariates(extended)
