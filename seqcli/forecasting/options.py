"""What can be asked of a forecast: the same from Python and on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from seqcli.errors import UsageError
from seqcli.options import option, parse_duration
from seqcli.requests import EvaluationRequest, TextRequest
from seqcli.series.frequency import Frequency
from seqcli.training.request import YEARS

READING, NETWORK = "Reading the data", "The network"  # sections of --help
METHODS = (
    *("auto", "rnn", "classical", "theta", "ets", "seasonal-naive", "naive", "drift", "mean"),
    *("croston", "sba", "tsb", "combination"),
)
TRAINED = ("auto", "rnn")  # methods that use a network trained on the panel
DEFAULT_BUDGET = 60.0  # seconds that a network is trained on a panel
MOST_PERIODS = 100_000  # of a horizon
_MONTH = 30.4375 * 86400  # seconds
_SECONDS = {"min": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "m": _MONTH, "q": 3 * _MONTH, "y": 12 * _MONTH}
_UNITS = {"second": 1, "day": 86400, "business day": 1.4 * 86400, "month": _MONTH}
_WORDS = ("hour", "day", "week", "month", "quarter", "year")  # whose first letters these are


def _names(given: Any, separator: str = ",") -> tuple[str, ...]:
    """Names of columns, from one text that separates them or several texts."""
    texts = [given] if isinstance(given, str) or not isinstance(given, Iterable) else given
    return tuple(name.strip() for text in texts for name in str(text).split(separator))


def _numbers(given: Any) -> list[float]:
    """The numbers in texts such as `80,95`, or in one number or several; `ValueError` for what is none."""
    found = []
    for text in _names(given) or ("",):
        try:
            found.append(float(text))
        except ValueError:
            raise ValueError(f"{text!r:.60} is not a number; separate several by commas") from None
    return found


def parse_levels(given: Any) -> tuple[float, ...]:
    """Levels of intervals in per cent, from `80`, `80,95`, `99.5%` or `0.95`, a share."""
    levels = []
    for text in _names(given) or ("",):
        (number,) = _numbers(text.removesuffix("%"))
        share = 0 < number < 1 and not text.endswith("%")
        levels.append(round(100 * number if share else number, 10))
        if not 0 < levels[-1] < 100:
            raise ValueError(f"{levels[-1]:g} % is not between 0 and 100; 80 and 95 are usual")
    return tuple(levels)


def parse_quantiles(given: Any) -> tuple[float, ...]:
    """Probabilities, from `0.1,0.5,0.9`; `ValueError` for what is none."""
    numbers = _numbers(given) if given != () else []
    for number in numbers:
        if not 0 < round(number, 10) < 1:
            raise ValueError(f"{number:g} is not between 0 and 1; give them like 0.1,0.5,0.9")
    return tuple(sorted(set(numbers)))


def parse_season(given: Any) -> int | tuple[float, ...]:
    """One or several numbers of periods, from `12` or `7,365.25`."""
    numbers = _numbers(given)
    for number in numbers:
        if not 1 <= number < 1e6:
            raise ValueError(f"{number:g} is not a number of periods; 1 means none; 7,365 means two")
    if len(numbers) == 1 and numbers[0] == int(numbers[0]):
        return int(numbers[0])
    return tuple(sorted(numbers))


def parse_time(given: Any) -> Any:
    """Times as text, those of datetime and pandas, too."""
    return given.isoformat().removesuffix("T00:00:00") if hasattr(given, "isoformat") else given


def parse_path(given: Any) -> Any:
    """Paths as text; what else holds a table, such as a data frame, as it is."""
    return str(given) if isinstance(given, Path) else given


_reading = partial(option, section=READING)
_network = partial(option, section=NETWORK)


@dataclass(frozen=True, kw_only=True)
class ForecastRequest(TextRequest):
    """Everything that may be asked of a forecast; what is None is found from the data."""

    horizon: Any = option(
        None, "Periods ahead, or 24h, 14d, 3m, 1y; from the frequency by default.", metavar="N", short="-n"
    )
    levels: tuple[float, ...] = option(
        (80.0, 95.0),
        "Coverage of the intervals in per cent.",
        metavar="P",
        flag="--level",
        parse=parse_levels,
        shown="80,95",
    )
    quantiles: tuple[float, ...] = option(
        (), "Quantiles instead of intervals, such as 0.1,0.5,0.9.", metavar="Q", parse=parse_quantiles
    )
    method: str = option("auto", "auto combines several methods; every other name is a single one.", choices=METHODS)
    season: Any = option(
        None,
        "Periods in a season, such as 12, or several: 7,365; 1 for none; detected by default.",
        metavar="N",
        parse=parse_season,
    )
    fill: str | None = option(
        None,
        "How missing values are filled; interpolate by default, zero in logs of sales and events.",
        choices=("interpolate", "forward", "zero"),
    )
    keep_outliers: bool = option(False, "Keep single values far beyond all others, and resets of meters.")
    point: str | None = option(
        None, "Point forecast of counts; by default the median, the mean in logs of sales.", choices=("median", "mean")
    )
    start: str | None = option(
        None, "First time to forecast; later values are not used.", metavar="TIME", flag="--from", parse=parse_time
    )
    keep_ended: bool = option(False, "Also forecast series that ended long before the others.")
    hierarchy: tuple[str, ...] = option(
        (),
        "Columns from widest to narrowest: also forecast their totals, and make all forecasts add up.",
        metavar="A/B",
        parse=partial(_names, separator="/"),
    )
    backtest: int = option(0, "Instead of forecasting, measure N earlier forecasts, method by method.", most=10_000)
    time: str | None = _reading(None, "Time column; detected by default.", metavar="NAME")
    target: str | None = _reading(None, "Value column; detected by default.", metavar="NAME")
    series: tuple[str, ...] = _reading(
        (), "Column that tells series apart; may be given several times.", metavar="NAME"
    )
    wide: bool = _reading(False, "Take every column of numbers as a series.")
    freq: str | None = _reading(None, "Frequency: Y, Q, M, W, D, B, h, 30min …; detected by default.", metavar="F")
    decimal: str | None = _reading(None, "Decimal separator; detected by default.", choices=(".", ","))
    thousands: str | None = _reading(None, "Thousands separator; detected by default.", choices=(".", ",", " ", "'"))
    day_first: bool | None = _reading(None, "How to read 04/05/2021; detected by default.", off="month-first")
    duplicates: str | None = _reading(
        None, "What to do with rows that have the same time.", choices=("error", "first", "last", "mean", "sum")
    )
    aggregate: str | None = _reading(
        None, "How values are combined for a longer --freq.", choices=("sum", "mean", "first", "last")
    )
    sheet: str | None = _reading(None, "Sheet of a workbook.", metavar="NAME")
    covariates: tuple[str, ...] = _network(
        (), "Columns whose future values are known, such as prices; needs --future.", metavar="A,B", parse=_names
    )
    past_covariates: tuple[str, ...] = _network(
        (),
        "Columns known only in the past, used where what follows them later improves earlier forecasts.",
        metavar="A,B",
        parse=_names,
    )
    future: Any = option(
        None, "File with the future values of the covariates.", kind="file", parse=parse_path, section=NETWORK
    )
    holidays: Any = option(
        None, "File with the dates of past and future holidays.", kind="file", parse=parse_path, section=NETWORK
    )
    budget: float | None = _network(
        None,
        "Time to train the network on the data; 1m by default for 50 or more series.",
        above=0,
        most=YEARS,
        parse=parse_duration,
    )
    steps: int | None = _network(None, "Training steps, instead of a time budget.", least=1)
    save: str | None = _network(None, "Save the trained network to this file.", metavar="MODEL", kind="output")
    save_interval: float = _network(
        60.0, "Time between two saved states of the training.", above=0, most=YEARS, parse=parse_duration, shown="1m"
    )
    model: str | None = _network(None, "Use a saved network.", metavar="MODEL", short="-m", kind="file")
    overwrite: bool = _network(False, "Replace an existing model.")
    resume: bool = _network(False, "Resume the training saved with --save.")
    seed: int | None = _network(None, "Seed of the random numbers: same seed, same result.", most=2**32 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        network = self.asks_for_training or self.model is not None
        if self.covariates and self.future is None:
            raise UsageError("--covariates needs --future", hint="name the file with their future values")
        if self.future is not None and not self.covariates and self.model is None:
            raise UsageError("--future needs --covariates", hint="name the columns whose future values are known")
        if self.past_covariates and (network or self.hierarchy or self.backtest):
            hint = "leave --past-covariates out, or the options of the network, --hierarchy and --backtest"
            raise UsageError("--past-covariates are used in plain forecasts without training only", hint=hint)
        if self.budget and self.steps:
            raise UsageError("--budget and --steps exclude one another", hint="give one of them")
        if self.model is not None and self.asks_for_training:
            hint = "leave --budget, --save and --resume out, or --model"
            raise UsageError("--model uses a network as it is", hint=hint)
        if self.resume and self.save is None:
            raise UsageError("--resume continues a training that was saved", hint="name its model with --save")
        beside = self.future is not None or self.holidays is not None or self.past_covariates
        if (network or beside) and self.method not in TRAINED:
            raise UsageError(
                f"--method {self.method} uses neither a trained network nor covariates or holidays",
                hint="leave --method out, or --budget, --save, --model, --holidays and both kinds of covariates",
            )
        if self.hierarchy and self.series:
            raise UsageError("--hierarchy names the columns that tell series apart", hint="leave --series out")
        if self.hierarchy and self.backtest:
            raise UsageError("--backtest measures forecasts before they add up", hint="leave --hierarchy out")
        if network and self.backtest:
            hint = "evaluate MODEL measures a network saved with --save"
            raise UsageError("--backtest compares methods without training", hint=hint)

    @property
    def coverages(self) -> tuple[float, ...]:
        """Levels of the intervals that are computed, rising: those asked for, or those that end in the quantiles."""
        of_quantiles = {round(abs(100 - 200 * quantile), 9) for quantile in self.quantiles} - {0.0}
        return tuple(sorted(of_quantiles or set(self.levels)))

    @property
    def asks_for_training(self) -> bool:
        """Whether a network trained on the panel was asked for, rather than left to the size of the panel."""
        return any((self.budget, self.steps, self.save, self.resume))


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(EvaluationRequest):
    """How `evaluate` reads a panel."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.data) > 1:
            raise UsageError("a forecaster is evaluated on one CSV file", hint="give one file")


def periods(horizon: int | str, frequency: Frequency) -> int:
    """How many periods a horizon is: `12`, or a time such as `3m`, `2w` or `1y`. `m` are months, of series finer than a
    day minutes."""
    match = re.fullmatch(r"\s*(\d+)\s*([a-z]*)\s*", str(horizon).lower())
    if match is None or int(match[1]) < 1:
        raise UsageError(f"--horizon {horizon}: is not a number of periods", hint="give it like 12, 3m, 2w or 1y")
    found = int(match[1])
    if name := match[2]:
        name = name[0] if name.removesuffix("s") in _WORDS else name
        if name == "m" and frequency.unit == "second":
            name = "min"
        if name not in _SECONDS or frequency.unit == "step":
            where = "of series without dates" if frequency.unit == "step" else "is no unit of time"
            raise UsageError(f"--horizon {horizon}: {where}", hint="give a number of periods, or 24h, 14d, 3m, 1y")
        found = round(found * _SECONDS[name] / (frequency.count * _UNITS[frequency.unit]))
    if not 1 <= found <= MOST_PERIODS:
        raise UsageError(f"--horizon {horizon}: are {found:,} periods", hint=f"give 1 to {MOST_PERIODS:,}")
    return found
