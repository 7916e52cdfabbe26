"""Tables beside a panel: what is known of the time to be forecast, and holidays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from seqcli.errors import DataError, UsageError, listed
from seqcli.series.columns import ReadOptions, read_column
from seqcli.series.header import Table, find_table
from seqcli.series.layout import find_layout
from seqcli.series.marks import is_missing
from seqcli.series.panel import Panel, Series
from seqcli.series.read import read_cells
from seqcli.series.recognise import read_as_times
from seqcli.series.rows import read_numbers_column
from seqcli.series.times import DAY

Places = dict[tuple[tuple[str, ...], int], int]  # the row of each series and position


def read_holidays(
    source: Any, *, day_first: bool | None = None, encoding: str = "auto", errors: str = "strict"
) -> tuple[int, ...]:
    """The dates in a file or data frame, as days since 1970; other columns, such as their names, are not looked at.
    Raises `DataError` naming row and column for a file without dates or a cell that is none."""
    table = find_table(read_cells(source, encoding=encoding, errors=errors, shown="--holidays"))
    for name, column in table.columns.items():
        texts = [text for text in dict.fromkeys(column.tolist()) if not is_missing(text)]
        chosen = read_as_times(texts, name, day_first)
        if chosen is None or chosen.form.grain not in ("day", "second") or chosen.form.cycle:
            continue
        times, fine = chosen.form.read(column.tolist())
        if not fine.all():
            row = int(np.flatnonzero(~fine)[0])
            what = f"{column[row]!r} is not a date like {texts[0]!r}"
            raise table.error(what, row, name, hint="correct the row, or take it out")
        return tuple(sorted(set((times // DAY).tolist())))
    raise table.error("has no column of dates", hint="it needs one date a row, such as 2026-12-25")


def read_future(
    panel: Panel, source: Any, horizon: int, *, encoding: str = "auto", errors: str = "strict"
) -> list[np.ndarray]:
    """Each series' covariates of the next `horizon` periods, from a file or data frame with the panel's time, series
    and covariate columns. (covariates, horizon) a series. Raises `DataError` when a series has no row for one of the
    periods, or two, or a row has an empty cell, `UsageError` for a wide panel."""
    table, rows = _future(panel, source, encoding, errors)
    numbers = np.array([_numbers(table, name, panel.decimals[name]) for name in panel.covariate_names])
    made = []
    for one in panel.series:
        places = _following(one, rows)[:horizon]
        if len(places) < horizon:
            hint = f"it needs the {horizon} rows after each series' last value; or give a shorter --horizon"
            raise _no_row(panel, table, one, len(places), hint)
        future = numbers[:, places]
        for step, column in np.argwhere(np.isnan(future.T)).tolist():
            hint = "what is known beforehand must be given for every period to be forecast"
            raise table.error("is empty", places[step], panel.covariate_names[column], hint=hint)
        made.append(future)
    return made


def future_length(panel: Panel, source: Any, *, encoding: str = "auto", errors: str = "strict") -> int:
    """How many periods a file or data frame goes on after each series' last value: the fewest of all series. Raises
    `DataError` where it has none for one of them."""
    table, rows = _future(panel, source, encoding, errors)
    lengths = []
    for one in panel.series:
        lengths.append(len(_following(one, rows)))
        if not lengths[-1]:
            raise _no_row(panel, table, one, 0, "it needs the rows after each series' last value")
    return min(lengths)


def _numbers(table: Table, name: str, decimal: str | None) -> np.ndarray:
    """A column of numbers, (rows,): where they do not tell themselves what their signs mean, `decimal` is as in the
    data."""
    found = read_column(table, name, table.coded(name)[1], ReadOptions())
    told = found is not None and found.told
    return read_numbers_column(table, name, ReadOptions(decimal=None if told else decimal))[0]


def _following(one: Series, rows: Places) -> list[int]:
    """The rows after a series' last value, as far as none is missing."""
    found: list[int] = []
    while (row := rows.get((one.key, one.first + len(one.values) + len(found)))) is not None:
        found.append(row)
    return found


def _no_row(panel: Panel, table: Table, one: Series, step: int, hint: str) -> DataError:
    time = panel.calendar_of(one).label(one.first, len(one.values) + step)
    what = f"has no row for {time} of {'/'.join(one.key) or 'the series'}"
    return table.error(what, None, panel.time_name, hint=hint)


def positions_of(panel: Panel, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The place of each text's time on the panel's calendar, and whether it is a time: written as in the data, or all
    of them as dates are that can be read in one way only."""
    positions, fine = panel.calendar.read(texts)
    if fine.all() or not panel.calendar.is_dated:
        return positions, fine
    read = []
    for day_first in (True, False):
        chosen = read_as_times(list(dict.fromkeys(texts)), "", day_first)
        if chosen is None or chosen.form.grain == "step" or chosen.form.cycle:
            return positions, fine
        read.append(chosen.form.read(texts))
    (times, others), (switched, _) = read
    clear = others.all() and np.array_equal(times, switched)
    return (panel.calendar.grid.positions(times), others) if clear else (positions, fine)


def _future(panel: Panel, source: Any, encoding: str, errors: str) -> tuple[Table, Places]:
    """The table with the panel's columns, times in several columns joined as in the panel, and the row of each series
    and position."""
    if panel.wide or panel.time_name is None:
        raise UsageError("--covariates needs one row a series and time", hint="--series names the series columns")
    table = find_table(read_cells(source, encoding=encoding, errors=errors, shown="--future"))
    if panel.time_name not in table.columns and all(name in table.columns for name in panel.key_names):
        table = find_layout(table, ReadOptions(target=panel.covariate_names[0], series=panel.key_names)).table
    for name in (panel.time_name, *panel.key_names, *panel.covariate_names):
        if name not in table.columns:
            hint = f"name its columns as in the data; it has {listed(table.columns)}"
            raise table.error(f"has no column {name!r}", hint=hint)
    times = table.columns[panel.time_name].tolist()
    columns = [list(map(str.strip, table.columns[name].tolist())) for name in panel.key_names]
    keys: Iterator[tuple[str, ...]] = zip(*columns, strict=True) if columns else repeat(())
    positions, fine = positions_of(panel, times)
    if not fine.all():
        row = int(np.flatnonzero(~fine)[0])
        hint = f"write it like {panel.calendar.label(panel.series[0].first)}"
        raise table.error(f"{times[row]!r} is not a time as in the data", row, panel.time_name, hint=hint)
    rows: Places = {}
    for row, (key, position) in enumerate(zip(keys, positions.tolist(), strict=False)):
        earlier = rows.setdefault((key, position), row)
        if earlier != row:
            first = f"the first is in line {table.line(earlier)}"
            what = f"a second row for {times[row]} of {'/'.join(key) or 'the series'}; {first}"
            raise table.error(what, row, panel.time_name, hint="take one of them out")
    return table, rows
