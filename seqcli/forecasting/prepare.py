"""What is decided before any forecast: which values are to be learnt from, seasons and the horizon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from seqcli.forecasting.changes import at_new_level, without_resets
from seqcli.forecasting.classical.batch import fill_missing
from seqcli.forecasting.classical.counts import launch
from seqcli.forecasting.classical.seasonality import choose_season, find_season, season_instead
from seqcli.forecasting.engine import Setting, kind_of
from seqcli.forecasting.options import ForecastRequest, periods
from seqcli.forecasting.recurrent.covariates import NOTHING, KnownInputs
from seqcli.forecasting.recurrent.windows import History, make_history, origins
from seqcli.notices import change_with
from seqcli.series.frequency import Frequency
from seqcli.series.panel import Panel, Series, series_names

LEAST_SERIES, LEAST_WINDOWS = 50, 5_000  # one of the two training a network needs
LONGEST_SEASON = 2100  # periods that a season forecast with may have; longer ones are a few sines and cosines
YEAR = 365.2425 * 86400  # seconds
# of outliers
FAR = 10.0  # deviations from the neighbours' median
APART = 3.0  # times as far as the furthest of the others: then it stands alone
LEAST = 16  # values; in fewer, nothing is usual
MOST_SHARE, LEAST_ALLOWED, MOST = 0.01, 2, 4  # of the values, and values, that may be errors
NEIGHBOURS = 5  # on each side

DEFAULTS = ForecastRequest()


@dataclass(frozen=True)
class Prepared:
    """A panel without missing values, and what was decided before any forecast; `notes` says what was found.

    `inputs` is what else is known, `trains` whether a network is trained on the panel, `parents` the place of each
    series' total in a hierarchy.
    """

    panel: Panel
    request: ForecastRequest
    filled: list[np.ndarray]
    known: list[np.ndarray]  # the same, NaN where it is not known but filled in
    setting: Setting
    notes: list[str]
    inputs: KnownInputs = NOTHING
    trains: bool = False
    parents: np.ndarray | None = None

    @property
    def season(self) -> int:
        return self.setting.season

    @property
    def horizon(self) -> int:
        return self.setting.horizon

    @property
    def windows(self) -> np.ndarray:
        """How many training windows each series has. (series,)"""
        return origins(np.array([len(values) for values in self.filled]), self.horizon, self.season)[1]

    @property
    def history(self) -> History:
        """The series and what else is known, as a network sees them."""
        return make_history(self.known, self.filled, self.inputs.values)

    @property
    def is_large(self) -> bool:
        """Whether there is enough data to train a network on; with less, training makes forecasts worse."""
        return self.is_panel or int(self.windows.sum()) >= LEAST_WINDOWS

    @property
    def is_panel(self) -> bool:
        """Whether there are so many series that training a network usually helps; of counts only with covariates."""
        learnt = (self.filled[place] for place in np.flatnonzero(self.windows))
        if not self.request.covariates and self.request.holidays is None:
            auto = replace(self.setting, method="auto")
            learnt = (values for values in learnt if kind_of(values, auto) != "counts")
        return len(list(islice(learnt, LEAST_SERIES))) == LEAST_SERIES


def prepare(panel: Panel, request: ForecastRequest = DEFAULTS) -> Prepared:
    """Fill in missing values, leave out outliers, and settle seasons and horizon. Raises `UsageError` for a horizon
    that is no number of periods."""
    frequency = panel.frequency
    notes: list[str] = []
    fill = request.fill or "interpolate"
    explained = bool(request.covariates) or request.holidays is not None  # what is found may be theirs
    panel = replace(panel, series=_from_launch(panel.series, notes))
    known = [one.values for one in panel.series]
    if not request.keep_outliers:
        reset = "a meter that was reset, its earlier readings are moved to go on"
        known = _moved(known, without_resets, reset, notes)
        panel = replace(panel, series=[replace(a, values=b) for a, b in zip(panel.series, known, strict=True)])
        known = _without_outliers(panel, notes)
        if not explained and (frequency.unit, frequency.count) != ("month", 12):  # a jump of years is mostly growth
            level = "the level has changed, and earlier values are moved to the new one"
            known = _moved(known, at_new_level, level, notes)
    if fill == "zero":  # which what is left out as an outlier is not
        known = [np.where(np.isnan(one.values), 0.0, values) for one, values in zip(panel.series, known, strict=True)]
        fill = "interpolate"
    filled = [fill_missing(values, frequency.season, fill) for values in known]
    season, long = _seasons(filled, frequency, request.season, notes, explained=explained)
    usual = max(frequency.horizon, season if frequency.unit == "step" else 1)
    horizon = usual if request.horizon is None else periods(request.horizon, frequency)
    adds_up = panel.is_log or request.hierarchy  # medians of counts do not
    mean = (request.point or ("mean" if adds_up else "median")) == "mean"
    setting = Setting(horizon, season, long, request.coverages, request.method, fill, mean)
    return Prepared(panel, request, filled, known, setting, notes)


def candidate_seasons(frequency: Frequency) -> tuple[float, ...]:
    """Seasons that are possible for a frequency, in periods, the usual one first: day, week, year."""
    lengths = frequency.seasons
    if frequency.unit == "second" and not frequency.open_periods:
        lengths = (*lengths, YEAR / frequency.count)
    if frequency.unit == "day" and frequency.season == 7:
        lengths = (*lengths[:1], 14.0, *lengths[1:])  # wages and deliveries of every other week
    return (frequency.season, *(length for length in lengths if length > frequency.season + 1))


def _seasons(
    filled: Sequence[np.ndarray],
    frequency: Frequency,
    asked: int | tuple[float, ...] | None,
    notes: list[str],
    *,
    explained: bool = False,
) -> tuple[int, tuple[float, ...]]:
    """The season to forecast with, and longer ones to look for in addition; those of the calendar alone if what is
    known beside the series may have explained others."""
    if asked is not None:
        given = sorted(asked) if isinstance(asked, tuple) else [asked]
        short = [int(one) for one in given if one <= LONGEST_SEASON and one == int(one)]
        if not short:
            return 1, tuple(given)
        nested = [one for one in short if one % short[0] == 0]
        season = nested[-1] if nested[-1] <= 400 or len(given) == 1 else short[0]
        return season, tuple(float(one) for one in given if one > season)
    if frequency.unit == "step":
        season = find_season(filled)
        by_day = {24: (24, 168), 48: (48, 336), 96: (96, 672)}.get(season, (season,))
        season = choose_season(filled, by_day)
        if season > 1:
            notes.append(f"the data has a season of {season} steps; {change_with('--season')}")
        return season, ()
    candidates = candidate_seasons(frequency)
    short = [int(one) for one in candidates if one <= LONGEST_SEASON and one == int(one)] or [1]
    season = choose_season(filled, short)
    season = season if explained else season_instead(filled, season, candidates)
    if season != short[0]:
        usual = f", not {short[0]}" if short[0] > 1 else ""
        found = f"the pattern repeats after {season} {frequency.step}s{usual}"
        line = f"a trend is nearly all that is seen in less than three seasons of {short[0]}: forecast without a season"
        notes.append(f"{found if season > 1 else line}; {change_with('--season')}")
    return season, tuple(one for one in candidates if one > max(season, short[-1]))


def _from_launch(series: Sequence[Series], notes: list[str]) -> list[Series]:
    """The series from their first sale on: zeros before it are left out."""
    result, later = [], 0
    for one in series:
        start = launch(np.nan_to_num(one.values))
        if start:
            later += 1
            one = replace(one, first=one.first + start, values=one.values[start:], covariates=one.covariates[:, start:])
        result.append(one)
    if later:
        notes.append(f"{among(later, len(series))}: zeros before the first sale are left out")
    return result


def _moved(
    every: Sequence[np.ndarray], move: Callable[[np.ndarray], np.ndarray], said: str, notes: list[str]
) -> list[np.ndarray]:
    """The values of all series, earlier ones moved where `move` does so, which is `said`."""
    result = [move(values) for values in every]
    count = sum(before is not after for before, after in zip(every, result, strict=True))
    if count:
        notes.append(f"{among(count, len(result))}: {said}; {change_with('--keep-outliers')}")
    return result


def _without_outliers(panel: Panel, notes: list[str]) -> list[np.ndarray]:
    """The values, with NaN in place of outliers."""
    result, found = [], []
    for index, one in enumerate(panel.series):
        values, places = one.values, outliers(one.values, panel.frequency.season)
        if len(places):
            found.append((index, int(places[-1])))
            values = values.copy()
            values[places] = np.nan
        result.append(values)
    if found:
        index, place = found[0]
        one = panel.series[index]
        time = panel.calendar_of(one).label(one.first, place)
        of = f" of {list(series_names(panel))[index]}" if len(result) > 1 else ""
        more = f" and others in {len(found) - 1:,} more series" if len(found) > 1 else ""
        notes.append(
            f"{one.values[place]:g} at {time}{of}{more} is far beyond all other values and is left out; "
            "--keep-outliers uses it"
        )
    return result


def among(number: int, count: int) -> str:
    """A number of series, in words."""
    return f"{number:,} of {count:,} series" if count > 1 else "the series"


def outliers(values: np.ndarray, season: int) -> np.ndarray:
    """Positions of outliers in a series (NaN where missing); usually none.

    The distance is to the median of the neighbours, after the season is subtracted. A value is an outlier if it is
    `FAR` times the usual distance away, and `APART` times as far as any value that is not. Recurring spikes, heavy
    tails and level shifts (two in a row at the end) are not outliers.
    """
    there = np.flatnonzero(~np.isnan(values))
    none = np.zeros(0, int)
    if len(there) < LEAST:
        return none
    known = values[there]
    centre = np.median(known)
    if np.abs(known - centre).max() <= 4 * np.median(np.abs(known - centre)):  # nothing is far off: the usual case
        return none
    rest = known - _running_median(known)
    if 1 < season <= len(known) // 3:
        phase = there % season
        usual = np.array([np.median(rest[phase == k]) if (phase == k).any() else 0.0 for k in range(season)])
        rest = known - usual[phase]
        rest = rest - _running_median(rest)
    distance = np.abs(rest)
    order = np.argsort(-distance)
    usual_distance = max(float(np.median(distance)), 0.25 * float(distance[order[MOST:]].mean()), 1e-12)
    for number in range(min(MOST, max(LEAST_ALLOWED, int(MOST_SHARE * len(known)))), 0, -1):
        nearest, beyond = distance[order[number - 1]], distance[order[number]]
        found = np.sort(order[:number])
        if nearest > FAR * usual_distance and nearest > APART * beyond:
            together = (np.diff(found) == 1).any()
            return none if together else there[found]
    return none


def _running_median(values: np.ndarray) -> np.ndarray:
    width = 2 * NEIGHBOURS + 1
    padded = np.pad(values, NEIGHBOURS, mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
