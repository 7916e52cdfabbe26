"""Inputs that are known for the past and the future of a panel: the user's columns, the calendar, holidays."""

from __future__ import annotations

import math
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.series.frequency import Frequency
from seqcli.series.panel import Panel

YEAR = 365.2425  # days
LEAST_YEARS = 1.5  # of history from which the time of year is looked at: in less it cannot be told from a trend
DAY = 86400  # seconds
EPOCH = datetime(1970, 1, 1).toordinal()
HOLIDAYS = ("holiday: now", "holiday: next", "holiday: before")


def _cycle(length: float, place: Callable[[datetime], float], harmonics: int) -> list[Callable[[datetime], float]]:
    """Sines and cosines of a place in a cycle, both in the same unit."""
    return [
        lambda moment, k=k, wave=wave: wave(2 * math.pi * k * place(moment) / length)  # type: ignore[misc]
        for k in range(1, harmonics + 1)
        for wave in (math.sin, math.cos)
    ]


def _weekend_days(moment: datetime) -> float:
    days = monthrange(moment.year, moment.month)[1]
    return sum(datetime(moment.year, moment.month, day).weekday() >= 5 for day in range(1, days + 1)) - 8.7


_CYCLES: dict[str, list[Callable[[datetime], float]]] = {
    "day": _cycle(24, lambda m: m.hour + m.minute / 60, 1),
    "week": _cycle(7, lambda m: m.weekday() + m.hour / 24, 2),
    "month": _cycle(1, lambda m: (m.day - 1) / monthrange(m.year, m.month)[1], 1),
    "year": _cycle(YEAR, lambda m: m.timetuple().tm_yday, 2),
    "month's days": [lambda m: monthrange(m.year, m.month)[1] - 30.4, _weekend_days],
}
CALENDAR = {
    f"calendar: {name} {number}": function
    for name, functions in _CYCLES.items()
    for number, function in enumerate(functions, 1)
}


@dataclass(frozen=True)
class KnownInputs:
    """`values` has an array (names, length + horizon) per series. `scaling` is the mean and deviation of each of the
    user's own columns, which come first; `holidays` are days since 1970."""

    names: tuple[str, ...] = ()
    values: Sequence[np.ndarray] = ()
    scaling: tuple[tuple[float, float], ...] = ()
    holidays: tuple[int, ...] = ()


NOTHING = KnownInputs()


def own_names(names: Sequence[str]) -> tuple[str, ...]:
    """Those of a network's inputs that are columns of the user."""
    return tuple(name for name in names if name not in CALENDAR and name not in HOLIDAYS)


def given_any(names: Sequence[str]) -> bool:
    """Whether some of a network's inputs were given by the user, columns or holidays, and so are known to it alone."""
    return any(name not in CALENDAR for name in names)


def calendar_names(frequency: Frequency, longest: int) -> tuple[str, ...]:
    """The calendar inputs that are useful for series of a frequency with up to `longest` values."""
    days = {"second": frequency.count / DAY, "business day": 1.4, "day": frequency.count}.get(frequency.unit, 0.0)
    if days:
        cycles = ["day", "week"] if days < 1 else []
        cycles += ["month"] if days <= 7 else []
        cycles += ["year"] if days * longest >= LEAST_YEARS * YEAR else []
    else:
        cycles = ["month's days"] if frequency == Frequency("month") else []
    return tuple(name for name in CALENDAR if any(name.startswith(f"calendar: {cycle} ") for cycle in cycles))


def known_inputs(
    panel: Panel,
    horizon: int,
    *,
    names: Sequence[str] | None = None,
    future: Sequence[np.ndarray] | None = None,
    holidays: Sequence[int] = (),
    scaling: Sequence[tuple[float, float]] = (),
) -> KnownInputs:
    """Everything that is known beside a panel's values up to `horizon` periods after each end. `names` are a trained
    network's inputs, with its `scaling`; without them they are chosen. `future` (covariates, horizon) has each series'
    own covariates of the time to come, see `read_future`. Raises `UsageError` for holidays of series without dates."""
    dated = panel.calendar.date(panel.series[0].first) is not None
    if holidays and not dated:
        raise UsageError("--holidays needs series with dates", hint="leave it out, or name the --time column")
    if names is None:
        made = calendar_names(panel.frequency, max(len(one.values) for one in panel.series)) if dated else ()
        names = (*panel.covariate_names, *made, *(HOLIDAYS if holidays else ()))
    own = own_names(names)
    extended = [one.covariates[: len(own)] for one in panel.series]
    if own and future is not None:
        extended = [np.concatenate(both, axis=1) for both in zip(extended, future, strict=True)]
    scaling = tuple(scaling) or tuple(_scaling(own, [one.covariates for one in panel.series]))
    tables = _dated_inputs(panel, horizon, names[len(own) :], holidays)
    values = []
    for one, covariates, table in zip(panel.series, extended, tables, strict=True):
        mean, deviation = (np.array([pair[part] for pair in scaling]).reshape(-1, 1) for part in (0, 1))
        known = np.zeros((len(own), len(one.values) + horizon))
        known[:, : covariates.shape[1]] = np.nan_to_num((covariates - mean) / deviation)
        values.append(np.concatenate([known, table]))
    return KnownInputs(tuple(names), values, scaling, tuple(sorted(holidays)))


def _scaling(names: Sequence[str], values: Sequence[np.ndarray]) -> list[tuple[float, float]]:
    """Mean and deviation of each covariate over the panel's past."""
    scaling = []
    for index, name in enumerate(names):
        numbers = np.concatenate([one[index] for one in values])
        numbers = numbers[~np.isnan(numbers)]
        if not len(numbers):
            raise DataError("has no values", column=name, hint="leave it out of --covariates")
        scaling.append((float(numbers.mean()), float(numbers.std()) or 1.0))
    return scaling


def _dated_inputs(panel: Panel, horizon: int, names: Sequence[str], holidays: Sequence[int]) -> list[np.ndarray]:
    """Calendar and holiday inputs of each series. (names, length + horizon) each"""
    lengths = [len(one.values) + horizon for one in panel.series]
    if not names:
        return [np.zeros((0, length)) for length in lengths]
    calendar = panel.calendar
    first = min(one.first for one in panel.series)
    places = [one.first - first for one in panel.series]
    whole = max(place + length for place, length in zip(places, lengths, strict=True))
    # one period more on both sides, for the holidays of the neighbours
    moments = [calendar.date(first + step) for step in range(-1, whole + 2)]
    dates = [moment for moment in moments if moment is not None]
    if len(dates) < len(moments):
        raise UsageError("the model uses the calendar, but these series have no dates", hint="train a model on them")
    rows = [[CALENDAR[name](moment) for moment in dates[1:-2]] for name in names if name in CALENDAR]
    if names[-1:] == HOLIDAYS[-1:]:
        rows += _holiday_rows(dates, sorted(holidays), panel.frequency)
    table = np.array(rows)
    return [table[:, place : place + length] for place, length in zip(places, lengths, strict=True)]


def _holiday_rows(dates: Sequence[datetime], holidays: Sequence[int], frequency: Frequency) -> list[list[float]]:
    """Holidays in each period, in the one after it and in the one before; for periods shorter than a day, by day."""
    days = [moment.toordinal() - EPOCH for moment in dates]
    if frequency.unit == "second" and frequency.count < DAY:
        there = set(holidays)
        return [[float(day + shift in there) for day in days[1:-2]] for shift in (0, 1, -1)]
    counts = [float(bisect_left(holidays, b) - bisect_left(holidays, a)) for a, b in pairwise(days)]
    return [counts[1:-1], counts[2:], counts[:-2]]


def holidays_end_early(panel: Panel, horizon: int, holidays: Sequence[int]) -> bool:
    """Whether there are holidays, but none after the forecast begins."""
    ends = [panel.calendar.date(one.first + len(one.values)) for one in panel.series]
    latest = max((moment.toordinal() - EPOCH for moment in ends if moment is not None), default=0)
    return bool(holidays) and max(holidays) < latest
