"""Frequencies: the distance between two time stamps, what people call it, and what it is in a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from seqcli.errors import UsageError


@dataclass(frozen=True)
class Frequency:
    """The distance between two time stamps: `count` times a `unit`, one of month, day, business day, second, step."""

    unit: str
    count: int = 1

    @property
    def name(self) -> str:
        """How people call it: monthly, every 30 minutes."""
        common = {
            ("month", 1): "monthly",
            ("month", 3): "quarterly",
            ("month", 6): "half-yearly",
            ("month", 12): "yearly",
            ("day", 1): "daily",
            ("day", 7): "weekly",
            ("business day", 1): "business days",
            ("second", 3600): "hourly",
            ("step", 1): "numbered steps",
        }
        if (self.unit, self.count) in common:
            return common[self.unit, self.count]
        if self.unit == "second":
            for size, word in ((3600, "hours"), (60, "minutes")):
                if self.count % size == 0:
                    return "every minute" if self.count == 60 else f"every {self.count // size} {word}"
        if self.unit == "month" and self.count % 12 == 0:
            return f"every {self.count // 12} years"
        return f"every {self.count} {self.unit}s" if self.count > 1 else f"every {self.unit}"

    @property
    def step(self) -> str:
        """One period, as a noun: month, quarter, step."""
        nouns = {"monthly": "month", "quarterly": "quarter", "half-yearly": "half-year", "yearly": "year"}
        nouns |= {"daily": "day", "weekly": "week", "business days": "business day", "hourly": "hour"}
        return nouns.get(self.name, "step")

    @property
    def season(self) -> int:
        """Periods after which a pattern usually comes again; 1 when there is none, as for years and steps."""
        if self.unit == "month":
            return 12 // self.count if self.count < 12 and 12 % self.count == 0 else 1
        if self.unit == "business day":
            return 5
        if self.unit == "day":
            return {1: 7, 7: 52, 14: 26}.get(self.count, 1)
        if self.unit == "second":
            for length in (3600, 86400) if self.count < 300 else (86400,):
                if self.count < length and length % self.count == 0:
                    return length // self.count
        return 1

    @property
    def horizon(self) -> int:
        """How far to forecast when nobody says."""
        usual = {"yearly": 6, "half-yearly": 6, "quarterly": 8, "monthly": 12, "weekly": 13, "daily": 14}
        usual |= {"business days": 10, "hourly": 48}
        if self.name in usual:
            return usual[self.name]
        return self.season if self.unit == "second" and self.season > 1 else 10


_ALIASES = {
    "Y": ("month", 12), "A": ("month", 12), "YE": ("month", 12), "YS": ("month", 12), "AS": ("month", 12),
    "Q": ("month", 3), "QE": ("month", 3), "QS": ("month", 3), "M": ("month", 1), "ME": ("month", 1),
    "MS": ("month", 1), "W": ("day", 7), "D": ("day", 1), "B": ("business day", 1), "H": ("second", 3600),
    "T": ("second", 60), "MIN": ("second", 60), "S": ("second", 1), "STEP": ("step", 1), "BM": ("month", 1),
    "BME": ("month", 1), "BQ": ("month", 3), "BQE": ("month", 3), "BY": ("month", 12), "BYE": ("month", 12),
    "YEARLY": ("month", 12), "QUARTERLY": ("month", 3), "MONTHLY": ("month", 1), "WEEKLY": ("day", 7),
    "DAILY": ("day", 1), "HOURLY": ("second", 3600),
}  # fmt: skip


def parse_frequency(text: str) -> Frequency:
    """A frequency from a word or a pandas alias, old or new: `monthly`, `MS`, `ME`, `M`, `W-SUN`, `30min`, `15T`."""
    match = re.fullmatch(r"(\d*)\s*([A-Za-z]+)(?:-[A-Za-z]{3})?", text.strip())
    unit = _ALIASES.get(match[2].upper()) if match else None
    if not match or unit is None or match[1] == "0":
        raise UsageError(f"unknown frequency {text!r}", hint="some are Y, Q, M, W, D, B, h, 30min, or monthly, weekly")
    return Frequency(unit[0], unit[1] * int(match[1] or 1))


def infer_frequency(runs: Iterable[Sequence[int]], unit: str) -> Frequency | None:
    """The frequency of sorted time numbers counting `unit`, by their most common distance; None when there is none."""
    distances: Counter[int] = Counter()
    weekdays: set[int] = set()
    midnights = True
    for run in runs:
        distances.update(b - a for a, b in pairwise(run) if b > a)
        if unit == "second":
            midnights = midnights and all((number - run[0]) % 86400 == 0 for number in run[:400])
            weekdays.update((number // 86400 + 3) % 7 for number in run[:400])
    if not distances:
        return None
    if unit != "second":
        # the distance most pairs have; where others are its parts (gaps hide it), the smallest common one
        return Frequency(unit, min(_common(distances)))
    step = min(_common(distances))
    days, rest = divmod(step, 86400)
    if rest or not midnights:
        return Frequency("second", step)
    for count, low, high in ((1, 28, 31), (3, 89, 92), (6, 181, 184), (12, 365, 366)):
        if low <= days <= high and not (days in (28, 91) and len(distances) == 1 and sum(distances.values()) > 2):
            return Frequency("month", count)
    if days == 1 and sum(distances.values()) >= 7 and not weekdays & {5, 6}:
        return Frequency("business day")
    return Frequency("day", days)


def _common(distances: Counter[int]) -> list[int]:
    """The distances that are about as common as the most common one."""
    most = max(distances.values())
    return [distance for distance, count in distances.items() if count >= 0.5 * most]
