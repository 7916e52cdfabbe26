"""Tick marks and labels for the axes of a chart of a series."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

from seqcli.series.panel import Panel

ENOUGH_MARKS, MOST_MARKS = 4, 8
_LONGEST = 10  # characters of a time stamp that is written as the data has it


# What changes from one mark to the next, coarse to fine, and how it is written; weeks begin on Mondays.
_GRAINS: list[tuple[Callable[[datetime], object], str]] = [
    *((lambda m, n=n: m.year // n, "%Y") for n in (100, 50, 20, 10, 5, 2, 1)),
    *((lambda m, n=n: (m.year, (m.month - 1) // n), "%Y-%m") for n in (6, 3, 1)),
    *((lambda m, n=n: (m.toordinal() - 1) // n, "%Y-%m-%d") for n in (14, 7, 2, 1)),
    *((lambda m, n=n: (m.toordinal(), m.hour // n), "%d %H:%M") for n in (12, 6, 3, 1)),
    *((lambda m, n=n: (m.toordinal(), m.hour, m.minute // n), "%H:%M") for n in (30, 10, 5, 1)),
]


def time_marks(panel: Panel, index: int, start: int, stop: int) -> list[tuple[int, str]]:
    """A few ticks between the steps `start` and `stop`, at which something begins, such as a year, and their labels.
    Step 0 is the last value of the panel's series `index`."""
    one = panel.series[index]
    calendar, end = panel.calendar_of(one), one.first + len(one.values) - 1
    steps, places = range(start, stop + 1), range(end + start - 1, end + stop + 1)
    moments = [calendar.date(place) for place in places]
    dates = [moment for moment in moments if moment is not None]
    chosen: list[tuple[int, str]] = []
    if len(dates) < len(moments):
        times = [calendar.grid.time(place) for place in places]
        sizes = (factor * 10**power for power in range(18) for factor in (1, 2, 5))
        size = next(size for size in sizes if (times[-1] - times[0]) / size < MOST_MARKS)
        begun = [step for step, (a, b) in zip(steps, pairwise(times), strict=True) if a // size < b // size]
        chosen = [(step, calendar.label(end + step)) for step in begun]
    else:
        for grain, form in _GRAINS:
            marks = [
                (step, "" if moment.year < 1000 else moment.strftime(form))
                for step, (before, moment) in zip(steps, pairwise(dates), strict=True)
                if grain(before) != grain(moment)
            ]
            if len(marks) > MOST_MARKS or len(chosen) >= ENOUGH_MARKS:
                break
            chosen = []
            for step, name in marks:
                label = calendar.label(end + step)
                own = len(label) <= _LONGEST or not name  # as the data has it, unless it is long
                chosen.append((step, label if own and not (form == "%Y" and name) else name))
    if len(chosen) < 2:
        chosen = [(step, calendar.label(end + step)) for step in sorted({start, stop})]
    return chosen


def value_marks(low: float, high: float) -> list[float]:
    """About four round numbers between `low` and `high`: multiples of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]
