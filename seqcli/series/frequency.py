"""Frequencies: the distance between two time stamps, and what people call it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seqcli.errors import UsageError

# what people call it, a period, and how many of these are forecast
_USUAL: dict[tuple[str, float], tuple[str, str, int]] = {
    ("month", 1): ("monthly", "month", 12), ("month", 3): ("quarterly", "quarter", 8),
    ("month", 6): ("half-yearly", "half-year", 6), ("month", 12): ("yearly", "year", 6),
    ("day", 1): ("daily", "day", 14), ("day", 7): ("weekly", "week", 13), ("second", 3600): ("hourly", "hour", 48),
    ("business day", 1): ("business days", "business day", 10), ("step", 1): ("numbered steps", "step", 10),
}  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
YEAR = 365.25  # days


@dataclass(frozen=True)
class Frequency:
    """The distance between two time stamps: `count` times a `unit`.

    `unit` is month, day, business day, second or step; seconds can be parts of one. `label` is what people call it
    where that does not follow, such as "daily, Monday to Saturday". `open_periods` is how many periods a day and a week
    have where not all of them are in the data: (20, 100) for half-hours from 08:00 to 18:00 on five days.
    """

    unit: str
    count: float = 1
    label: str = ""
    open_periods: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """How people call it: monthly, every 30 minutes."""
        if self.label:
            return self.label
        if self._usual:
            return self._usual[0]
        if self.unit == "second":
            for size, word in ((3600, "hours"), (60, "minutes")):
                if self.count % size == 0:
                    return "every minute" if self.count == 60 else f"every {self.count // size:g} {word}"
        if self.unit == "month" and self.count % 12 == 0:
            return f"every {self.count // 12:g} years"
        return f"every {self.count:g} {self.unit}s" if self.count != 1 else f"every {self.unit}"

    @property
    def _usual(self) -> tuple[str, str, int] | None:
        return None if self.label else _USUAL.get((self.unit, self.count))

    @property
    def step(self) -> str:
        """One period, as a noun: month, quarter, step."""
        if self.label:
            return "day" if (self.unit, self.count) == ("day", 1) else "period"
        return self._usual[1] if self._usual else "step"

    @property
    def seasons(self) -> tuple[float, ...]:
        """The lengths, in periods, after which patterns may come again, shortest first; they need not be whole.
        Half-hours from 08:00 to 18:00 on weekdays have (20, 100), days (7, 365.25), Mondays to Saturdays (6, 313.07),
        weeks (52.18,), minutes (60, 1440, 10080), years and steps none."""
        if self.unit == "step":
            return tuple(map(float, self.open_periods))
        if self.unit == "month":
            return (12 / self.count,) if self.count < 12 and 12 % self.count == 0 else ()
        if self.unit == "business day":
            return (5.0, YEAR * 5 / 7)
        if self.unit == "day":
            if self.open_periods:
                return tuple(float(n) for n in (*self.open_periods, YEAR * self.open_periods[-1] / 7) if n > 1)
            if self.count == 1:
                return (7.0, YEAR)
            parts = {28: 13.0, 15: 24.0, 10: 36.0}  # of a year, as 15th and last of each month are
            length = (parts if self.label else {}).get(int(self.count), YEAR / self.count)
            return (length,) if length >= 2 else ()
        if self.unit == "second":
            if self.open_periods:
                return tuple(float(n) for n in self.open_periods if n > 1)
            if self.count < 1:
                return ()
            lengths = (3600,) if self.count <= 300 else ()
            found = [size / self.count for size in (*lengths, 86400, 604800) if size > self.count]
            return tuple(length for length in found if length == round(length) and length > 1)
        return ()

    @property
    def season(self) -> int:
        """The usual season as a whole number of periods; 1 where there is none, as for years and steps."""
        if self.unit == "day" and self.count not in (1, 7, 14, 28) and not self.label:
            return 1
        lengths = self.seasons
        if self.unit == "second" and not self.open_periods:
            lengths = tuple(
                n for n in lengths if n * self.count == 86400 or (n * self.count == 3600 and self.count < 300)
            )
        return round(lengths[0] - 0.01) if lengths else 1

    @property
    def horizon(self) -> int:
        """How far to forecast when nobody says."""
        if self._usual:
            return self._usual[2]
        if self.label and self.unit in ("day", "month"):
            return {1: 12 if self.unit == "month" else 2 * self.season, 28: 13}.get(int(self.count), 12)
        return self.season if self.unit == "second" and self.season > 1 else 10


_ALIASES: dict[str, tuple[str, float]] = {
    alias: period
    for aliases, period in (
        ("Y A YE YS AS BY BYE YEARLY", ("month", 12)),
        ("Q QE QS BQ BQE QUARTERLY", ("month", 3)),
        ("M ME MS BM BME MONTHLY", ("month", 1)),
        ("W WEEKLY", ("day", 7)),
        ("D DAILY", ("day", 1)),
        ("B", ("business day", 1)),
        ("H HOURLY", ("second", 3600)),
        ("T MIN", ("second", 60)),
        ("S", ("second", 1)),
        ("L MILLISECOND", ("second", 0.001)),
        ("STEP", ("step", 1)),
    )
    for alias in aliases.split()
}


# how many of a unit are a period at most: about 1000 years; several business days are not known
_MOST = {"month": 12_000, "day": 365_000, "business day": 1, "second": 365_000 * 86_400, "step": 10**15}


def parse_frequency(text: str) -> Frequency:
    """A frequency from a word or a pandas alias, old or new: `monthly`, `MS`, `ME`, `M`, `W-SUN`, `30min`, `15T`."""
    match = re.fullmatch(r"(\d{0,15})\s*([A-Za-z]+)(?:-[A-Za-z]{3})?", text.strip())
    name, number = (match[2], int(match[1] or 1)) if match else ("", 0)
    unit, size = ("second", 0.001) if name == "ms" else _ALIASES.get(name.upper(), ("", 0))
    count = size * number
    if not 0 < count <= _MOST.get(unit, 0):
        raise UsageError(f"unknown frequency {text!r}", hint="some are Y, Q, M, W, D, B, h, 30min, or monthly, weekly")
    return Frequency(unit, count)


def weekday_names(days: Sequence[int]) -> str:
    """Monday to Saturday; Monday, Wednesday and Friday."""
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):
        return f"{_WEEKDAYS[days[0]]} to {_WEEKDAYS[days[-1]]}"
    closed = [day for day in range(7) if day not in days]
    if len(closed) <= 2:
        return "without " + " and ".join(f"{_WEEKDAYS[day]}s" for day in closed)
    names = [_WEEKDAYS[day] for day in days]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
