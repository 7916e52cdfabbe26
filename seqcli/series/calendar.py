"""Calendars: regular places in time, numbered, and their names in the form of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np

from seqcli.errors import UsageError
from seqcli.series.frequency import Frequency
from seqcli.series.times import DAY, SECOND, Form, FormOver, innermost, is_in_calendar, month_of, month_start, to_moment

if TYPE_CHECKING:
    import pandas

Rule = int | str | tuple[int, int]
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday, Monday is 0


class Grid(Protocol):
    """Places in time that a series can have values at, numbered without gaps."""

    def positions(self, times: np.ndarray) -> np.ndarray:
        """The number of the place that each time (microseconds or steps) belongs to."""
        ...

    def time(self, position: int) -> int:
        """The time of a place."""
        ...

    def moved(self, times: np.ndarray, positions: np.ndarray) -> Grid:
        """The grid with the same numbers whose places are at these times, or at most of them; itself where none is."""
        return self


def times_of(grid: Grid, positions: np.ndarray) -> np.ndarray:
    """The times of many places."""
    if isinstance(grid, CycleGrid):
        cycles, places = np.divmod(positions, len(grid.offsets))
        return np.asarray(grid.origin + cycles * grid.period + np.array(grid.offsets)[places])
    different, back = np.unique(positions, return_inverse=True)
    return np.array([grid.time(position) for position in different.tolist()], np.int64)[back]


@dataclass(frozen=True)
class CycleGrid:
    """Places at the same `offsets` into each of equal periods: hours, days, weeks, open days, open hours. A time
    belongs to the `nearest` place, or to the one before it."""

    period: int
    offsets: tuple[int, ...] = (0,)
    origin: int = 0
    nearest: bool = True

    def positions(self, times: np.ndarray) -> np.ndarray:
        cycles, rests = np.divmod(np.asarray(times) - self.origin, self.period)
        edges = np.array([*self.offsets, self.offsets[0] + self.period])
        ends = (edges[1:] + edges[:-1] + 1) // 2 if self.nearest else edges[1:]
        return cycles * len(self.offsets) + np.searchsorted(ends, rests, side="right")

    def time(self, position: int) -> int:
        cycle, place = divmod(position, len(self.offsets))
        return self.origin + cycle * self.period + self.offsets[place]

    def moved(self, times: np.ndarray, positions: np.ndarray) -> Grid:
        shifts = (times - times_of(self, positions)).tolist()
        return replace(self, origin=self.origin + max(shifts, key=shifts.count))


@dataclass(frozen=True)
class MonthGrid:
    """Places in every `count` months, on the days that `rules` say: a day of the month (31: the last one), `first` or
    `last` business day, or the `nth` weekday as in (2, 4) for the second Friday, (-1, 4) for the last. Several are all
    days of the month."""

    count: int
    phase: int = 0
    rules: tuple[Rule, ...] = (1,)
    clock: int = 0  # microseconds into the day

    def positions(self, times: np.ndarray) -> np.ndarray:
        months = month_of(times)
        periods = (months - self.phase) // self.count
        if len(self.rules) == 1:
            return periods
        days = np.minimum(np.array(self.rules, np.int64), 28)
        of_month = np.asarray(times) // DAY - month_start(months) + 1
        return np.asarray(periods * len(days) + np.searchsorted((days[1:] + days[:-1]) / 2, of_month))

    def time(self, position: int) -> int:
        period, place = divmod(position, len(self.rules))
        return rule_day(period * self.count + self.phase, self.rules[place]) * DAY + self.clock

    def moved(self, times: np.ndarray, positions: np.ndarray) -> Grid:
        if len(self.rules) > 1:
            return self
        phase = int(month_of(times[-1:])[0] - positions[-1] * self.count)
        rule = find_rule(times // DAY)
        return replace(self, phase=phase, rules=self.rules if rule is None else (rule,), clock=int(times[-1] % DAY))


@dataclass(frozen=True)
class ListedGrid(Grid):
    """Places that begin at given times, and go on after them by steps that come in turn."""

    starts: tuple[int, ...]
    steps: tuple[int, ...]

    def positions(self, times: np.ndarray) -> np.ndarray:
        last = len(self.starts) - 1
        reach = max(int(np.max(times)) - self.starts[-1], 0) // min(self.steps) + 1
        return np.searchsorted([self.time(place) for place in range(last + 1 + reach)], times, side="right") - 1

    def time(self, position: int) -> int:
        last = len(self.starts) - 1
        if 0 <= position <= last:
            return self.starts[position]
        if position < 0:
            return self.starts[0] + position * self.steps[0]
        rounds, rest = divmod(position - last, len(self.steps))
        return self.starts[-1] + rounds * sum(self.steps) + sum(self.steps[:rest])


def rule_day(month: int, rule: Rule) -> int:
    """The day since 1970 that a rule names in a month, counted from the year 0."""
    start, stop = int(month_start(month)), int(month_start(month + 1))
    if isinstance(rule, int):
        return min(start + rule, stop) - 1
    if isinstance(rule, str):
        if rule == "first":
            return start + (7 - weekday if (weekday := (start + _EPOCH_WEEKDAY) % 7) > 4 else 0)
        return stop - 1 - max((stop - 1 + _EPOCH_WEEKDAY) % 7 - 4, 0)
    nth, wanted = rule
    if nth < 0:
        return stop - 1 - ((stop - 1 + _EPOCH_WEEKDAY) - wanted) % 7
    return start + (wanted - (start + _EPOCH_WEEKDAY)) % 7 + 7 * (nth - 1)


def find_rule(days: np.ndarray) -> Rule | None:
    """The rule by which all of `days` (since 1970), one a month, lie in their months; None where there is none."""
    months = month_of(days * DAY)
    pairs = list(zip(days.tolist(), months.tolist(), strict=True))
    numbers = days - month_start(months) + 1
    weekdays = set(((days + _EPOCH_WEEKDAY) % 7).tolist())
    rules: list[Rule] = [31, int(numbers.max()), "last", "first"]
    if len(weekdays) == 1:
        weekday = weekdays.pop()
        rules += [(-1, weekday), *((nth, weekday) for nth in (1, 2, 3, 4))]
    return next((rule for rule in rules if all(rule_day(month, rule) == day for day, month in pairs)), None)


@dataclass(frozen=True)
class ZonedForm(FormOver):
    """A form that is written in UTC, for times that are those of a time zone's clocks."""

    zone: str = ""

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        times, fine = self.form.read(texts)
        return to_local(times, self.zone), fine

    def write(self, time: int, following: int | None = None) -> str:
        zone = ZoneInfo(self.zone)

        def universal(local: int) -> int:
            offset = to_moment(local).replace(tzinfo=zone).utcoffset()
            return local - round(offset.total_seconds() * 1e6) if offset is not None else local

        return self.form.write(universal(time), None if following is None else universal(following))


def to_local(times: np.ndarray, zone: str) -> np.ndarray:
    """The clocks of a time zone at times of UTC."""
    universal, local = ZoneInfo("UTC"), ZoneInfo(zone)
    values, places = np.unique(times, return_inverse=True)
    offsets = [to_moment(t).replace(tzinfo=universal).astimezone(local).utcoffset() for t in values.tolist()]
    seconds = np.array([0 if one is None else round(one.total_seconds()) for one in offsets], np.int64)
    return np.asarray((values + seconds * SECOND)[places])


@dataclass(frozen=True)
class Calendar:
    """Places on a grid, and their names in the form of the input."""

    frequency: Frequency
    grid: Grid
    form: Form

    def label(self, position: int, steps: int = 0) -> str:
        """The name of the time `steps` periods after a position. Raises `UsageError` after the year 9999."""
        time, following = (self.grid.time(position + after) for after in (steps, steps + 1))
        if self.form.grain != "step" and not is_in_calendar(time):
            raise UsageError("there are no dates after the year 9999", hint="give a shorter --horizon or --freq")
        return self.form.write(time, following)

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The position of each text's time, and whether it is one."""
        times, fine = self.form.read(texts)
        return self.grid.positions(times), fine

    @property
    def is_dated(self) -> bool:
        """Whether positions have dates."""
        return self.form.grain != "step" and not self.form.cycle

    def date(self, position: int) -> datetime | None:
        """The calendar's date of a position; None for steps and for years a calendar does not have."""
        time = self.grid.time(position)
        return to_moment(time) if self.is_dated and is_in_calendar(time) else None

    def in_zone(self, dates: list[datetime | None], zone: Any) -> pandas.DatetimeIndex:
        """Dates of this calendar with their time zone: `zone`, that of a data frame; without one UTC for text whose
        offsets change, else none. What the clocks skip is an hour later; of an hour that comes twice, the first is
        meant."""
        import pandas

        times = pandas.DatetimeIndex(dates)
        inner: Any = innermost(self.form)
        offset = getattr(inner, "last_offset", "")
        clocks: dict[str, Any] = {"ambiguous": np.ones(len(times), bool), "nonexistent": "shift_forward"}
        if isinstance(self.form, ZonedForm):
            aware = times.tz_localize(self.form.zone, **clocks)
        elif getattr(inner, "zone", ""):
            aware = times.tz_localize("UTC")
        elif zone is None:
            return times
        elif offset:
            aware = times.tz_localize(datetime.strptime(offset, "%z").tzinfo)
        else:
            aware = times.tz_localize(zone, **clocks)
        return aware if zone is None else aware.tz_convert(zone)
