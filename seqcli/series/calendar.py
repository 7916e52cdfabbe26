"""A calendar: regular places in time, and their names in the style of the input."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from seqcli.series.frequency import Frequency
from seqcli.series.times import TimeStyle, to_moment, to_seconds


def day_of_month(moments: Iterable[datetime]) -> int | None:
    """The day on which all `moments` lie, as far as their months have it; 31 for the ends of months, None for none."""
    found = [(moment.day, monthrange(moment.year, moment.month)[1]) for moment in moments]
    for day in (31, max((day for day, _ in found), default=31)):
        if all(own == min(day, last) for own, last in found):
            return day
    return None


@dataclass(frozen=True)
class Calendar:
    """Positions on a regular grid, and their names in the style of the input."""

    frequency: Frequency
    style: TimeStyle
    day: int | None = None  # of the month, where dates are months apart and agree on it; 31: its end

    def position(self, number: int) -> int:
        """Where on the grid a style's number lies; numbers between two points of it belong to the one before."""
        unit, count = self.frequency.unit, self.frequency.count
        if self.style.unit == "step":
            return number // (count if unit == "step" else 1)
        if unit == "month":
            if self.style.unit == "second":
                moment = to_moment(number)
                # a month's end is the month, and so is its first day
                return (moment.year * 12 + moment.month - 1) // count
            return number // count
        if unit == "business day":
            week, day = divmod(number // 86400 + 3, 7)
            return week * 5 + min(day, 4)
        if unit == "day":
            return (number // 86400) // count
        return number // count

    def label(self, number: int, steps: int) -> str:
        """The name of the time `steps` periods after a style's `number`."""
        return self.style.write(self.shift(number, steps))

    def shift(self, number: int, steps: int) -> int:
        """A style's number `steps` periods later, on the same day of the month as far as the month has it."""
        unit, count = self.frequency.unit, self.frequency.count
        if self.style.unit == "step":  # a day later is one row later where rows have no date
            return number + steps * (count if unit == "step" else 1)
        if unit == "month" and self.style.unit == "second":
            moment = to_moment(number)
            months = moment.year * 12 + moment.month - 1 + steps * count
            year, month = divmod(months, 12)
            day = min(self.day or moment.day, monthrange(year, month + 1)[1])
            return to_seconds(moment.replace(year=year, month=month + 1, day=day))
        if unit == "business day":
            week, day = divmod(number // 86400 + 3, 7)
            week, day = divmod(week * 5 + min(day, 4) + steps, 5)
            return (week * 7 + day - 3) * 86400 + number % 86400
        if unit == "day":
            return number + steps * count * 86400
        return number + steps * count

    def date(self, number: int) -> datetime | None:
        """The calendar date of a style's number; None for steps and for years a calendar does not have."""
        if self.style.unit == "second":
            return to_moment(number)
        if self.style.unit == "month" and 1 <= number // 12 <= 9999:
            return datetime(number // 12, number % 12 + 1, 1)
        return None
