"""`seqcli forecast` as a function: a panel in, forecasts with intervals and a comparison out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqcli.errors import DataError
from seqcli.forecasting.backtest import Folds, cut, fold_forecasts, measure, select
from seqcli.forecasting.engine import Outcome, Setting, forecast_arrays
from seqcli.forecasting.intervals import adapt
from seqcli.forecasting.metrics import scale
from seqcli.forecasting.prepare import DEFAULTS, LEAST_SERIES, ForecastOptions, Prepared, prepare
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES
from seqcli.forecasting.recurrent.covariates import KnownInputs
from seqcli.forecasting.recurrent.forecaster import Forecaster, offsets
from seqcli.forecasting.recurrent.windows import History, make_history
from seqcli.forecasting.regression import Effects, describe, find_effects
from seqcli.series.panel import Panel

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Forecast:
    """Forecasts of a panel's series and how good such forecasts have been.

    `point` is (series, horizon), `bands` (series, horizon, 2 · levels): low and high of each level, in rising order;
    `quantiles` the probabilities that are shown instead of intervals. `table` has a row a method with its measures over
    the backtest; `verdict` says how good earlier forecasts were, `notes` what was found and guessed. `forecaster` is
    the network that was trained or given, `ended` how its training ended (`training.pipeline.TrainOutcome`).
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
    quantiles: tuple[float, ...] = ()
    ended: str = "finished"

    def __repr__(self) -> str:
        count = len(self.panel.series)
        series = "1 series" if count == 1 else f"{count:,} series"
        steps = "1 step" if self.horizon == 1 else f"{self.horizon:,} steps"
        return f"<Forecast of {series}, {steps} ahead: {self.verdict}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return str(self.to_frame().to_html(max_rows=20, index=False))

    def columns(self) -> list[str]:
        """The header of the rows: the input's own names, then forecast and intervals or quantiles."""
        names = [*self.panel.key_names, self.panel.time_name or "step", "forecast"]
        if self.quantiles:
            return names + [f"q{quantile:g}" for quantile in self.quantiles]
        for level in self.levels:
            names += [f"lo-{level:g}", f"hi-{level:g}"]
        return names

    def times(self, index: int) -> list[str]:
        """The time stamps of a series' forecasts, written as in the input."""
        one = self.panel.series[index]
        calendar = self.panel.calendar_of(one)
        return [calendar.label(one.first, len(one.values) + h) for h in range(self.horizon)]

    def shown(self, index: int) -> np.ndarray:
        """A series' numbers as they are shown: forecast, then intervals or quantiles. (horizon, columns)"""
        if not self.quantiles:
            return np.concatenate([self.point[index][:, None], self.bands[index]], axis=1)
        numbers = [self.point[index]]
        for quantile in self.quantiles:
            level = round(abs(100 - 200 * quantile), 9)
            place = 2 * self.levels.index(level) + (quantile > 0.5) if level else None
            numbers.append(self.bands[index, :, place] if place is not None else self.point[index])
        return np.stack(numbers, axis=1)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row a series and time."""
        names = self.columns()
        keys = len(self.panel.key_names)
        for index, one in enumerate(self.panel.series):
            numbers = self.shown(index).tolist()
            for time, row in zip(self.times(index), numbers, strict=True):
                yield dict(zip(names, [*one.key[:keys], time, *(float(f"{x:.10g}") for x in row)], strict=True))

    def to_frame(self) -> pandas.DataFrame:
        """The rows as a pandas data frame; times are real ones where the input's have dates."""
        import pandas

        frame = pandas.DataFrame(list(self.rows()), columns=self.columns())
        if self.panel.time_name is not None and self.panel.calendar.is_dated:
            frame[self.panel.time_name] = [
                self.panel.calendar_of(one).date(one.first + len(one.values) + h)
                for one in self.panel.series
                for h in range(self.horizon)
            ]
        return frame

    @property
    def backtest(self) -> pandas.DataFrame:
        """The measures of earlier forecasts, a row a method; empty unless they were asked for."""
        import pandas

        return pandas.DataFrame(self.table)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values: what was understood, the forecasts by series, how good they have been."""
        numbers = self.columns()[len(self.panel.key_names) + 1 :]
        return {
            "frequency": self.panel.frequency.name,
            "season": self.season,
            "horizon": self.horizon,
            "accuracy": self.verdict,
            "notes": [*self.panel.notes, *self.notes],
            "backtest": self.table,
            "series": [
                {
                    **dict(zip(self.panel.key_names, one.key, strict=False)),
                    "method": self.methods[index],
                    "times": self.times(index),
                    **dict(zip(numbers, self.shown(index).T.tolist(), strict=True)),
                }
                for index, one in enumerate(self.panel.series)
            ],
        }

    def plot(self, path: str | Path) -> None:
        """Draw the forecasts in a file: .svg, .html, or .png (needs matplotlib)."""
        from seqcli.forecasting.plot import save_plot

        save_plot(Path(path), self)

    def save(self, path: str | Path) -> None:
        """Write the rows to a file, CSV; a workbook if the name ends in .xlsx (needs openpyxl)."""
        if str(path).lower().endswith(".xlsx"):
            self.to_frame().to_excel(path, index=False)
            return
        self.to_frame().to_csv(path, index=False)


TrainNetwork = Callable[[Prepared, np.ndarray], Forecaster]


def forecast_panel(
    panel: Panel,
    options: ForecastOptions = DEFAULTS,
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
    NaN for series too short for that. `known` has what else is known: the network's other inputs, without a network
    those of a regression.
    """
    panel, options, filled = prepared.panel, prepared.options, prepared.filled
    season, horizon, levels = prepared.season, prepared.horizon, prepared.levels
    effects, said = _effects(prepared, known) if train is None and forecaster is None else (None, [])
    made = _with_effects(prepared, effects) if effects else forecast_arrays(filled, prepared.known, prepared.setting)
    chosen, point, bands = made.kinds, made.point, made.bands
    table = _backtest_table(prepared) if options.backtest else []
    if train is None and forecaster is None:
        notes = prepared.notes + said + _unusual(made, filled, prepared.setting)
        verdict = _verdict(made.folds, made.earlier, horizon, season, panel, len(filled))
        shown = options.quantiles
        return Forecast(panel, season, horizon, levels, point, bands, chosen, table, verdict, notes, quantiles=shown)

    # what a network has learnt from tells nothing of its errors: one trained here is measured on what was held out
    origins_held = 1 if train is not None else _origins_kept(len(filled))
    held = cut(prepared.known, horizon, season, origins=origins_held, fill=prepared.setting.fill)
    ends = np.array([len(history) + horizon for history in held.histories], int)
    held = select(held, ends <= np.array([len(values) for values in filled])[held.member])
    earlier = forecast_arrays(held.histories, held.histories, prepared.setting).point
    if forecaster is None and train is not None:
        alone, latest = np.full((len(filled), horizon), np.nan), held.back == 0
        alone[held.member[latest]] = earlier[latest]
        forecaster = train(prepared, alone)
    assert forecaster is not None
    share = forecaster.config.weight
    notes = prepared.notes + _unusual(made, filled, prepared.setting, mixed=share > 0)
    floor = np.array([0.0 if values.min() >= 0 else -np.inf for values in filled])
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
        )
    verdict = _verdict(held, earlier, horizon, season, panel, len(filled))
    return Forecast(
        panel, season, horizon, levels, point, bands, chosen, table, verdict, notes, forecaster, options.quantiles
    )


def _effects(prepared: Prepared, known: KnownInputs | None) -> tuple[list[Effects] | None, list[str]]:
    """What known inputs do to each series, by regression, and what is said of it; None without such inputs."""
    if known is None or not known.names:
        return None, []
    season = prepared.season
    found = [find_effects(values, x, season) for values, x in zip(prepared.known, known.values, strict=True)]
    # inputs are scaled; in what is said they have their own units
    units = np.array([deviation for _, deviation in known.scaling] + [1.0] * (len(known.names) - len(known.scaling)))
    plain = [replace(one, sizes=one.sizes / units) for one in found]
    return found, [f"effects of what is known beforehand: {'; '.join(describe(plain, known.names))}"]


def _with_effects(prepared: Prepared, effects: Sequence[Effects]) -> Outcome:
    """Forecasts of the series without the effects, with them again."""
    known = [one.remove(values) for one, values in zip(effects, prepared.known, strict=True)]
    filled = [one.remove(values) for one, values in zip(effects, prepared.filled, strict=True)]
    made = forecast_arrays(filled, known, prepared.setting)
    starts = [len(values) for values in filled]

    def whole(numbers: np.ndarray, members: Sequence[int], places: Sequence[int]) -> np.ndarray:
        rows = [effects[i].restore(row, start) for row, i, start in zip(numbers, members, places, strict=True)]
        return np.array(rows).reshape(numbers.shape)

    folds, every = made.folds, range(len(filled))
    members, places = folds.member.tolist(), [len(history) for history in folds.histories]
    histories = [effects[i].restore(history, 0) for i, history in zip(members, folds.histories, strict=True)]
    scales = np.array([scale(history, prepared.season) for history in histories])
    return replace(
        made,
        point=whole(made.point, every, starts),
        bands=whole(made.bands, every, starts),
        folds=replace(folds, histories=histories, actual=whole(folds.actual, members, places), scales=scales),
        earlier=whole(made.earlier, members, places),
    )


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


def _unusual(made: Outcome, series: Sequence[np.ndarray], setting: Setting, *, mixed: bool = False) -> list[str]:
    """Notices for series that do not get what the others get; `mixed` with a network, which these get, too."""
    if setting.method != "auto":
        return []
    notes = []
    season, counts = setting.season, Counter(made.kinds)
    constant = sum(values.min() == values.max() for values in series)
    short = sum(len(values) < 4 and values.min() != values.max() for values in series)

    def among(number: int) -> str:
        return f"{number:,} of {len(series):,} series" if len(series) > 1 else "the series"

    if constant:
        notes.append(f"{among(constant)}: constant, forecast as it is")
    if short:
        notes.append(f"{among(short)}: fewer than 4 values, the last one is repeated")
    if counts["counts"] and not mixed:
        what = "mean (--point median: their median)" if setting.mean else "median (--point mean: their mean)"
        notes.append(f"{among(counts['counts'])}: mostly zero without a pattern, forecast by past counts' {what}")
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


def _backtest_table(prepared: Prepared) -> list[dict[str, Any]]:
    """One row a method: measures over `options.backtest` origins a horizon apart. Intervals are made as those of the
    forecast are, from what was known at the origin that is measured."""
    setting, series = prepared.setting, prepared.known
    folds = cut(
        series,
        setting.horizon,
        setting.season,
        origins=prepared.options.backtest,
        stride=setting.horizon,
        fill=setting.fill,
    )
    if not folds.histories:
        raise DataError(
            f"no series is long enough to hold {setting.horizon} values back",
            hint="give a shorter --horizon, or no --backtest",
        )
    names = [setting.method, "seasonal-naive"]
    names += [name for name in ("theta", "ets") if setting.method == "auto"]
    rows = []
    for name in dict.fromkeys(names):
        forecast = np.empty(folds.actual.shape)
        bands = np.empty((*forecast.shape, 2 * len(setting.levels)))
        for number in set(folds.back.tolist()):
            members = np.flatnonzero(folds.back == number)
            histories = [folds.histories[row] for row in members]
            known = [series[folds.member[row]][: len(folds.histories[row])] for row in members]
            made = forecast_arrays(histories, known, replace(setting, method=name))
            forecast[members], bands[members] = made.point, made.bands
        measures = measure(folds, forecast, bands, setting.levels)
        rows.append({"method": name, **{key: float(f"{value:.5g}") for key, value in measures.items()}})
    return rows
