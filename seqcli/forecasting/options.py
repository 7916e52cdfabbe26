"""What can be asked of a forecast: the same from Python and on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from seqcli.errors import UsageError

TRAINED = ("auto", "rnn")  # methods that use a network trained on the panel
DEFAULT_BUDGET = 60.0  # seconds that a network is trained on a panel
_SECONDS = {"min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_MONTHS = {"m": 1, "q": 3, "y": 12}


@dataclass(frozen=True, kw_only=True)
class ForecastRequest:
    """Everything that may be asked of a forecast; what is None is found from the data.

    Reading: `time`, `target`, `series`, `wide`, `freq`, `decimal`, `thousands`, `day_first`, `duplicates`, `aggregate`,
    `sheet`, `encoding`, `errors`, see `series.layout.ReadOptions`.

    Forecasting: `horizon` periods, or a time such as `3m`; `season`, one or several numbers of periods; `levels` of the
    intervals in per cent; `quantiles` instead of intervals; `method`; `fill` for missing values; `keep_outliers`;
    `point` (median or mean) of counts; `start`, the first time to forecast, what comes after it is not looked at;
    `keep_ended` forecasts series that ended long before the others, too; `backtest` origins to measure.

    The network: `budget` seconds or `steps` of training, `covariates` (columns), `future` and `holidays` (files or data
    frames), `save` and `model` (paths), `save_interval` seconds, `overwrite`, `resume`, `seed`.
    """

    time: str | None = None
    target: str | None = None
    series: tuple[str, ...] = ()
    wide: bool = False
    freq: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    day_first: bool | None = None
    duplicates: str | None = None
    aggregate: str | None = None
    sheet: str | None = None
    encoding: str = "auto"
    errors: str = "strict"

    horizon: int | str | None = None
    season: int | tuple[float, ...] | None = None
    levels: tuple[float, ...] = (80.0, 95.0)
    quantiles: tuple[float, ...] = ()
    method: str = "auto"
    fill: str | None = None
    keep_outliers: bool = False
    point: str | None = None
    start: str | None = None
    keep_ended: bool = False
    backtest: int = 0

    budget: float | None = None
    steps: int | None = None
    covariates: tuple[str, ...] = ()
    future: Any = field(default=None, repr=False)
    holidays: Any = field(default=None, repr=False)
    save: str | None = None
    save_interval: float = 60.0
    model: str | None = None
    overwrite: bool = False
    resume: bool = False
    seed: int | None = None

    @property
    def asks_for_training(self) -> bool:
        """Whether a network trained on the panel was asked for, rather than left to the size of the panel."""
        return any((self.budget, self.steps, self.save, self.resume))


def parse_levels(texts: Sequence[str]) -> tuple[float, ...]:
    """Levels of intervals in per cent from texts such as `80`, `80,95` or `0.95`, a share."""
    levels = []
    for part in ",".join(texts).split(","):
        number = _number(part.strip().removesuffix("%"), "--level")
        levels.append(100 * number if 0 < number < 1 else number)
    return tuple(round(level, 10) for level in levels)


def parse_quantiles(text: str) -> tuple[float, ...]:
    """Probabilities from a text such as `0.1,0.5,0.9`; `UsageError` for what is none."""
    numbers = tuple(_number(part.strip(), "--quantiles") for part in text.split(","))
    for number in numbers:
        if not 0 < number < 1:
            raise UsageError(f"--quantiles: {number:g} is not between 0 and 1", hint="give them like 0.1,0.5,0.9")
    return tuple(sorted(set(numbers)))


def parse_seasons(text: str) -> int | tuple[float, ...]:
    """One or several numbers of periods from a text such as `12` or `7,365.25`."""
    numbers = [_number(part.strip(), "--season") for part in text.split(",")]
    for number in numbers:
        if not 1 <= number < 1e6:
            raise UsageError(f"--season: {number:g} is not a number of periods", hint="1 means none; 7,365 means two")
    if len(numbers) == 1 and numbers[0] == int(numbers[0]):
        return int(numbers[0])
    return tuple(sorted(numbers))


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{option}: {text!r} is not a number", hint="separate several by commas") from None


def periods(horizon: int | str, unit: str, count: float) -> int:
    """How many periods a horizon is: `12`, or a time such as `3m`, `2w` or `1y`, for series with a period of `count`
    times `unit` (month, day, business day, second, step). `m` are months, of series finer than a day minutes."""
    match = re.fullmatch(r"\s*(\d+)\s*([a-z]*)\s*", str(horizon).lower())
    if match is None or int(match[1]) < 1:
        raise UsageError(f"--horizon {horizon}: is not a number of periods", hint="give it like 12, 3m, 2w or 1y")
    size, name = int(match[1]), match[2]
    if not name:
        found = size
    else:
        aliases = {"day": "d", "days": "d", "week": "w", "weeks": "w", "month": "m", "months": "m", "year": "y"}
        aliases |= {"years": "y", "hour": "h", "hours": "h", "quarter": "q", "quarters": "q"}
        name = aliases.get(name, name)
        if name == "m" and unit == "second":
            name = "min"
        if name not in (*_SECONDS, *_MONTHS) or unit == "step":
            where = "of series without dates" if unit == "step" else "is no unit of time"
            raise UsageError(f"--horizon {horizon}: {where}", hint="give a number of periods, or 24h, 14d, 3m, 1y")
        period = count * {"month": 30.4375 * 86400, "day": 86400, "business day": 1.4 * 86400, "second": 1}[unit]
        if name in _MONTHS and unit == "month":
            found = round(size * _MONTHS[name] / count)
        else:
            seconds = size * (_SECONDS[name] if name in _SECONDS else _MONTHS[name] * 30.4375 * 86400)
            found = round(seconds / period)
    if not 1 <= found <= 100_000:
        raise UsageError(f"--horizon {horizon}: are {found:,} periods", hint="give 1 to 100,000")
    return found
