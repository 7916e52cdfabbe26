"""`seqcli forecast` as a function: a panel in, forecasts with intervals and a comparison out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.forecasting.backtest import Folds, cut, fold_forecasts, measure, select
from seqcli.forecasting.classical.batch import fill_missing
from seqcli.forecasting.classical.methods import METHODS, WITH_NETWORK, choose, forecast_all
from seqcli.forecasting.classical.seasonality import detect_season, is_weekly
from seqcli.forecasting.intervals import adapt, calibrate
from seqcli.forecasting.metrics import recent_scale
from seqcli.forecasting.recurrent import pretrained
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES
from seqcli.forecasting.recurrent.covariates import KnownInputs
from seqcli.forecasting.recurrent.forecaster import Forecaster, offsets
from seqcli.forecasting.recurrent.windows import History, make_history, origins
from seqcli.series.panel import Panel

MOST_CALIBRATED = 600  # series whose earlier forecasts the intervals of a large panel are taken from
MOST_FOLDS = 1200  # earlier forecasts that are made for the intervals, about
LEAST_SERIES, LEAST_WINDOWS = 50, 5_000  # one of the two training a network needs
FILLS = ("interpolate", "forward", "zero")


@dataclass(frozen=True)
class ForecastOptions:
    """What is asked for; what is None is chosen from the data. Levels are in per cent."""

    horizon: int | None = None
    season: int | None = None
    levels: tuple[float, ...] = (80.0, 95.0)
    method: str = "auto"
    fill: str = "interpolate"
    backtest: int = 0


@dataclass(frozen=True)
class Forecast:
    """Forecasts of a panel's series and how good such forecasts have been.

    `point` is (series, horizon), `bands` (series, horizon, 2 · levels): low and high of each level, in rising order.
    `table` has a row a method with its measures over the backtest; `verdict` says it in a sentence.
    """

    panel: Panel
    season: int
    horizon: int
    levels: tuple[float, ...]
    point: np.ndarray
    bands: np.ndarray
    methods: list[str]
    table: list[dict[str, Any]]
    verdict: str
    notes: list[str]
    forecaster: Forecaster | None = None

    def columns(self) -> list[str]:
        """The header of the rows: the input's own names, then forecast and intervals."""
        names = [*self.panel.key_names, self.panel.time_name or "step", "forecast"]
        for level in self.levels:
            names += [f"lo-{level:g}", f"hi-{level:g}"]
        return names

    def times(self, index: int) -> list[str]:
        """The time stamps of a series' forecasts, written as in the input."""
        one = self.panel.series[index]
        calendar = self.panel.calendar
        return [calendar.label(one.first, len(one.values) + h) for h in range(self.horizon)]

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row a series and time."""
        names = self.columns()
        keys = len(self.panel.key_names)
        for index, one in enumerate(self.panel.series):
            for h, time in enumerate(self.times(index)):
                numbers = [float(f"{value:.10g}") for value in (self.point[index, h], *self.bands[index, h])]
                yield dict(zip(names, [*one.key[:keys], time, *numbers], strict=True))


@dataclass(frozen=True)
class Prepared:
    """A panel without missing values, with what was settled before any forecast; `notes` says what was found."""

    panel: Panel
    options: ForecastOptions
    filled: list[np.ndarray]
    known: list[np.ndarray]  # the same, NaN where it is not known but filled in
    season: int
    horizon: int
    levels: tuple[float, ...]
    notes: list[str]

    @property
    def windows(self) -> np.ndarray:
        """How many windows each series has for a network to learn from. (series,)"""
        return origins(np.array([len(values) for values in self.filled]), self.horizon, self.season)[1]

    @property
    def is_large(self) -> bool:
        """Whether there is enough to train a network on; with less it loses."""
        return int((self.windows > 0).sum()) >= LEAST_SERIES or int(self.windows.sum()) >= LEAST_WINDOWS


TrainNetwork = Callable[[Prepared, np.ndarray], Forecaster]


def prepare(panel: Panel, options: ForecastOptions = ForecastOptions()) -> Prepared:
    """Fill what is missing and settle season and horizon.

    Raises `UsageError` for options that do not fit, `DataError` for values that cannot be forecast.
    """
    levels = _check(options)
    season = options.season or panel.frequency.season
    filled = [fill_missing(one.values, season, options.fill) for one in panel.series]
    notes = []
    if options.season is None and panel.frequency.unit == "step":
        season = detect_season(filled)
        if season > 1:
            notes.append(f"a season of {season} steps is in the data; --season says otherwise")
    horizon = options.horizon or max(panel.frequency.horizon, season if panel.frequency.unit == "step" else 1)
    of_days = panel.frequency.unit == "second" and season * panel.frequency.count == 86400
    by_day = of_days or (panel.frequency.unit == "step" and season in (24, 48, 96))
    if options.season is None and by_day and is_weekly(filled, season):
        season *= 7
        notes.append(f"the week is stronger in the data than the day: a season of {season}; --season says otherwise")
    known = filled if options.fill == "zero" else [one.values for one in panel.series]
    return Prepared(panel, options, filled, known, season, horizon, levels, notes)


def forecast_panel(
    panel: Panel,
    options: ForecastOptions = ForecastOptions(),
    *,
    forecaster: Forecaster | None = None,
    known: KnownInputs | None = None,
) -> Forecast:
    """Forecast every series of a panel, with conformal intervals from rolling origins: `prepare`, then
    `forecast_prepared`."""
    return forecast_prepared(prepare(panel, options), forecaster=forecaster, known=known)


def forecast_prepared(
    prepared: Prepared,
    *,
    train: TrainNetwork | None = None,
    forecaster: Forecaster | None = None,
    known: KnownInputs | None = None,
) -> Forecast:
    """Forecast every series, with conformal intervals from rolling origins.

    With the method asked for; and with a network, the `forecaster` given or the one that `train` makes, whose share in
    the forecast its training has found. `train` gets the forecasts from one horizon before each end (series, horizon),
    NaN for series too short for that. `known` has the network's other inputs.
    """
    panel, options, filled = prepared.panel, prepared.options, prepared.filled
    season, horizon, levels = prepared.season, prepared.horizon, prepared.levels
    chosen = [choose(values, options.method) for values in filled]
    folds = _calibration_folds(prepared.known, horizon, season, options.fill)
    # together: one run of the recursions serves the forecast and its earlier origins
    every = forecast_all([*filled, *folds.histories], horizon, season, options.method)
    point, forecast = every[: len(filled)], every[len(filled) :]
    floor = _floor(filled)
    bands = _intervals(filled, point, chosen, folds, forecast, season, levels)
    table = _backtest_table(prepared.known, horizon, season, options, levels) if options.backtest else []
    if train is None and forecaster is None:
        notes = prepared.notes + _unusual(chosen, filled, season, options.method)
        verdict = _verdict(folds, forecast, horizon, season, panel, len(filled))
        return Forecast(panel, season, horizon, levels, point, bands, chosen, table, verdict, notes)

    # what a network has learnt from tells nothing of its errors: one trained here is measured on what was held out
    origins_held = 1 if train is not None else _origins_kept(len(filled))
    held = cut(prepared.known, horizon, season, origins=origins_held, fill=options.fill)
    ends = np.array([len(history) + horizon for history in held.histories], int)
    held = select(held, ends <= np.array([len(values) for values in filled])[held.member])
    earlier = fold_forecasts(held, horizon, season, options.method)
    if forecaster is None and train is not None:
        alone, latest = np.full((len(filled), horizon), np.nan), held.back == 0
        alone[held.member[latest]] = earlier[latest]
        forecaster = train(prepared, alone)
    assert forecaster is not None
    share = forecaster.config.weight
    notes = prepared.notes + _unusual(chosen, filled, season, options.method, mixed=share > 0)
    mixed = np.flatnonzero(np.array(chosen) != "naive")  # constant and very short series stay as they are
    if share > 0 and len(mixed):
        history = make_history(prepared.known, filled, known.values if known else None)
        network = forecaster.quantiles(history, np.full(len(filled), history.length), horizon)[mixed]
        own = np.flatnonzero(np.isin(held.member, mixed))
        network_held = _held_quantiles(forecaster, history, held, horizon)[own]
        point[mixed] = np.maximum(share * network[..., MIDDLE] + (1 - share) * point[mixed], floor[mixed][:, None])
        earlier[own] = share * network_held[..., MIDDLE] + (1 - share) * earlier[own]
        earlier[own] = np.maximum(earlier[own], floor[held.member[own]][:, None])
        spread, spread_held = offsets(network, levels), offsets(network_held, levels)
        bands[mixed] = adapt(
            point[mixed],
            spread,
            held.actual[own],
            earlier[own],
            spread_held,
            levels,
            floor[mixed],
            trust=1.0,
            learnt=1.0,
        )
    verdict = _verdict(held, earlier, horizon, season, panel, len(filled))
    return Forecast(panel, season, horizon, levels, point, bands, chosen, table, verdict, notes, forecaster)


def _origins_kept(count: int) -> int:
    """From how many origins of each of `count` series the intervals of a kept network are corrected: no more than it
    takes, since it may have learnt from the earlier ones."""
    return int(np.clip(LEAST_SERIES // count, 1, 12))


def _held_quantiles(forecaster: Forecaster, history: History, folds: Folds, horizon: int) -> np.ndarray:
    """A network's quantiles from each fold's end. (folds, horizon, quantiles)"""
    result = np.empty((len(folds.histories), horizon, len(QUANTILES)))
    lengths = np.array([len(values) for values in folds.histories], int)
    for number in set(folds.back.tolist()):
        rows = np.flatnonzero(folds.back == number)
        ends = np.zeros(len(history.values), int)
        ends[folds.member[rows]] = history.begin[folds.member[rows]] + lengths[rows]
        result[rows] = forecaster.quantiles(history, ends, horizon)[folds.member[rows]]
    return result


def _check(options: ForecastOptions) -> tuple[float, ...]:
    levels = tuple(sorted(set(options.levels)))
    for level in levels:
        if not 0 < level < 100:
            raise UsageError(f"a level of {level:g} % is not between 0 and 100", hint="80 and 95 are usual")
    if options.fill not in FILLS:
        raise UsageError(f"unknown --fill {options.fill!r}", hint=f"choose from {', '.join(FILLS)}")
    if options.method != "auto" and options.method not in METHODS:
        raise UsageError(f"unknown method {options.method!r}", hint=f"choose from auto, {', '.join(METHODS)}")
    return levels


def _scales(series: Sequence[np.ndarray], season: int) -> np.ndarray:
    """What intervals are measured in; zero for a constant series, so that its interval has no width."""
    scales: np.ndarray = np.nan_to_num(np.array([recent_scale(values, season) for values in series]), nan=0.0)
    return scales


def _floor(series: Sequence[np.ndarray]) -> np.ndarray:
    """The least value each series can take: zero where it never was below, else -inf. (series,)"""
    return np.array([0.0 if values.min() >= 0 else -np.inf for values in series])


def _intervals(
    series: Sequence[np.ndarray],
    point: np.ndarray,
    chosen: Sequence[str],
    folds: Folds,
    forecast: np.ndarray,
    season: int,
    levels: Sequence[float],
) -> np.ndarray:
    """Intervals around forecasts `point` (series, horizon), by the `forecast`s from the earlier `folds` of the series:
    where the pretrained network has a share in the method `chosen`, as wide as it says and corrected by how well that
    would have covered; else as wide as the errors were. (series, horizon, 2 · levels)"""
    horizon, floor = point.shape[1], _floor(series)
    widths = calibrate(np.abs(folds.actual - forecast), folds.recent, folds.member, levels, horizon)
    bands = widths.intervals(point, _scales(series, season), floor)
    rows = np.flatnonzero(np.isin(chosen, WITH_NETWORK))
    if len(rows):
        used = np.isin(folds.member, rows)
        part = select(folds, used)
        spread = pretrained.spread([series[row] for row in rows.tolist()], horizon, season, levels)
        earlier = pretrained.spread(part.histories, horizon, season, levels)
        bands[rows] = adapt(point[rows], spread, part.actual, forecast[used], earlier, levels, floor[rows])
    return bands


def _calibration_folds(series: Sequence[np.ndarray], horizon: int, season: int, fill: str) -> Folds:
    """Earlier origins to learn the intervals' widths from: many of one series, few of each of many."""
    chosen: Sequence[int] = range(len(series))
    if len(series) > MOST_CALIBRATED:
        chosen = np.linspace(0, len(series) - 1, MOST_CALIBRATED).astype(int).tolist()
    origins = int(np.clip(MOST_FOLDS // max(len(chosen), 1), 2, 12))
    folds = cut([series[index] for index in chosen], horizon, season, origins=origins, fill=fill)
    return replace(folds, member=np.asarray(chosen, int)[folds.member] if len(folds.member) else folds.member)


def _unusual(
    chosen: Sequence[str], series: Sequence[np.ndarray], season: int, method: str, *, mixed: bool = False
) -> list[str]:
    """Notices for series that do not get what the others get; `mixed` with a network, which these get, too."""
    if method != "auto":
        return []
    notes = []
    counts = Counter(chosen)
    constant = sum(values.min() == values.max() for values in series)
    short = sum(len(values) < 4 and values.min() != values.max() for values in series)

    def among(number: int) -> str:
        return f"{number:,} of {len(series):,} series" if len(series) > 1 else "the series"

    if constant:
        notes.append(f"{among(constant)}: constant, forecast as it is")
    if short:
        notes.append(f"{among(short)}: fewer than 4 values, the last one is repeated")
    if counts["intermittent"] and not mixed:
        notes.append(f"{among(counts['intermittent'])}: mostly zero, forecast by Croston-type methods")
    few = sum(4 <= len(values) < 2 * season for values in series) if season > 1 else 0
    if few:
        notes.append(f"{among(few)}: shorter than two seasons of {season}, forecast without a seasonal pattern")
    return notes


def _verdict(folds: Folds, forecast: np.ndarray, horizon: int, season: int, panel: Panel, count: int) -> str:
    latest = folds.back == 0
    if not latest.any():
        return "too short to hold anything back: how good the forecast is could not be measured"
    part = select(folds, latest)
    simple = fold_forecasts(part, horizon, season, "seasonal-naive")
    ours, theirs = measure(part, forecast[latest])["mase"], measure(part, simple)["mase"]
    name = "seasonal naive" if season > 1 else "naive"
    reach = int(np.flatnonzero(~np.isnan(part.actual).all(axis=0)).max()) + 1
    span = f"the last {reach} {panel.frequency.step}{'s' if reach > 1 else ''}"
    sample = f" of {len(part.histories):,} of {count:,} series" if len(part.histories) < count else ""
    if not np.isfinite(ours) or not np.isfinite(theirs) or theirs == 0:
        return f"the {name} method cannot be beaten on {span}{sample}: nothing changes there"
    gain = 100 * (1 - ours / theirs)
    word = "better" if gain >= 0 else "worse"
    return f"{abs(gain):.0f} % {word} than {name} on {span}{sample} (MASE {ours:.3f} against {theirs:.3f})"


def _backtest_table(
    series: Sequence[np.ndarray], horizon: int, season: int, options: ForecastOptions, levels: Sequence[float]
) -> list[dict[str, Any]]:
    """One row a method: measures over `options.backtest` origins a horizon apart. Intervals are made as those of the
    forecast are, from what was known at the origin that is measured."""
    folds = cut(series, horizon, season, origins=options.backtest, stride=horizon, fill=options.fill)
    if not folds.histories:
        raise DataError(
            f"no series is long enough to hold {horizon} values back", hint="give a shorter --horizon, or no --backtest"
        )
    origins = [np.flatnonzero(folds.back == number) for number in set(folds.back.tolist())]
    histories = [[folds.histories[row] for row in rows] for rows in origins]
    known = [[series[folds.member[row]][: len(folds.histories[row])] for row in rows] for rows in origins]
    earlier = [_calibration_folds(part, horizon, season, options.fill) for part in known]
    names = [options.method, "seasonal-naive"]
    names += [name for name in ("theta", "ets") if options.method == "auto"]
    rows = []
    for name in dict.fromkeys(names):
        forecast = fold_forecasts(folds, horizon, season, name)
        bands = np.empty((*forecast.shape, 2 * len(levels)))
        for members, part, before in zip(origins, histories, earlier, strict=True):
            chosen = [choose(history, name) for history in part]
            made = fold_forecasts(before, horizon, season, name)
            bands[members] = _intervals(part, forecast[members], chosen, before, made, season, levels)
        measures = measure(folds, forecast, bands, levels)
        rows.append({"method": name, **{key: float(f"{value:.5g}") for key, value in measures.items()}})
    return rows
