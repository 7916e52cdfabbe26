"""`seqcli forecast` as a function: a panel in, forecasts with intervals and a comparison out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqcli.files.output import check_table, write_text, write_workbook
from seqcli.forecasting import importance
from seqcli.forecasting.backtest import Folds, cut, select
from seqcli.forecasting.changes import direction
from seqcli.forecasting.engine import Outcome, forecast_arrays, lower_bounds
from seqcli.forecasting.intervals import adapt, mix, not_below
from seqcli.forecasting.leading import forecast_with_past
from seqcli.forecasting.options import ForecastRequest
from seqcli.forecasting.prepare import DEFAULTS, LEAST_SERIES, Prepared, prepare
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES
from seqcli.forecasting.recurrent.covariates import KnownInputs, given_any
from seqcli.forecasting.recurrent.forecaster import Forecaster, offsets
from seqcli.forecasting.recurrent.windows import History, make_history
from seqcli.forecasting.report import backtest_table, unusual, verdict
from seqcli.notices import Notice, quietly
from seqcli.series.panel import Panel

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Forecast:
    """Forecasts of a panel's series and how good such forecasts have been.

    `point` is (series, horizon), `bands` (series, horizon, 2 · levels): low and high of each level, in rising order;
    `quantiles` the probabilities that are shown instead of intervals. `table` has a row a method with its measures over
    the backtest, `inputs` a row a covariate (`importance`); `verdict` says how good earlier forecasts were, `notes`
    what was found and guessed. `forecaster` is the network that was trained or given, `ended` how its training ended
    (`training.pipeline.TrainOutcome`).
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
    inputs: Sequence[dict[str, Any]] = ()

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
        return names + [f"{end}-{level:g}" for level in self.levels for end in ("lo", "hi")]

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
        """The rows as a pandas data frame; times are real ones where the input's have dates, in its time zone."""
        import pandas

        frame = pandas.DataFrame(list(self.rows()), columns=self.columns())
        if self.panel.time_name is not None and self.panel.calendar.is_dated:
            dates = [
                self.panel.calendar_of(one).date(one.first + len(one.values) + h)
                for one in self.panel.series
                for h in range(self.horizon)
            ]
            whole = None not in dates  # pandas has no years before 1
            frame[self.panel.time_name] = self.panel.calendar.in_zone(dates, self.panel.zone) if whole else dates
        return frame

    @property
    def backtest(self) -> pandas.DataFrame:
        """The measures of earlier forecasts, a row a method; empty unless they were asked for."""
        import pandas

        return pandas.DataFrame(self.table)

    @property
    def importance(self) -> pandas.DataFrame:
        """What each covariate, and `holidays`, is worth, a row an `input`: whether it is `used`; the `mase` of earlier
        forecasts, and `mase_without` this input alone; `importance`, by which share errors are larger without it. NaN
        where that was not measured."""
        import pandas

        columns = ["input", "used", "mase", "mase_without", "importance"]
        return pandas.DataFrame(list(self.inputs), columns=columns)

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
            "importance": list(self.inputs),
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

    def plot(self, path: str | Path, *, on_notice: Notice = quietly) -> None:
        """Draw the forecasts in a file: .svg, .png, .pdf or .html."""
        from seqcli.forecasting.plot import save_plot

        save_plot(Path(path), self, on_notice)

    def save(self, path: str | Path) -> None:
        """Write the rows to a file, CSV; a workbook if the name ends in .xlsx (needs openpyxl). Raises as
        `check_table`, and `SeqcliError` when it cannot be written."""
        check_table(path)
        if Path(path).suffix.lower() == ".xlsx":
            frame, time = self.to_frame(), self.panel.time_name
            if time is not None and hasattr(frame[time], "dt"):
                frame[time] = frame[time].dt.tz_localize(None)  # workbooks have no time zones
            write_workbook(Path(path), frame)
        else:
            write_text(Path(path), [self.to_frame().to_csv(index=False)])


TrainNetwork = Callable[[Prepared, np.ndarray], Forecaster]


def forecast_panel(
    panel: Panel,
    request: ForecastRequest = DEFAULTS,
    *,
    forecaster: Forecaster | None = None,
    known: KnownInputs | None = None,
) -> Forecast:
    """Forecast every series of a panel: `prepare`, then `forecast_prepared`."""
    return forecast_prepared(prepare(panel, request), forecaster=forecaster, known=known)


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
    NaN for series too short for that. `known` has what else is known: the other inputs of a network or a regression.
    """
    setting, request = prepared.setting, prepared.request
    table = backtest_table(prepared) if request.backtest else []
    if train is None and forecaster is None:
        made, said, worth = forecast_with_past(prepared, known)
        # an effect may lead below it
        made = replace(made, bands=not_below(made.bands, made.point, lower_bounds(prepared.filled)))
    else:
        made = forecast_arrays(prepared.filled, prepared.known, setting)
        # what a network has learnt from tells nothing of its errors: one trained here is measured on what was held out,
        # a kept one from no more origins than it takes, since it may have learnt from the earlier ones
        origins = 1 if train is not None else int(np.clip(LEAST_SERIES // len(prepared.filled), 1, 12))
        held = cut(prepared.known, prepared.horizon, prepared.season, origins=origins, fill=setting.fill)
        ends = np.array([len(history) + prepared.horizon for history in held.histories], int)
        held = select(held, ends <= np.array([len(values) for values in prepared.filled])[held.member])
        earlier = forecast_arrays(held.histories, held.histories, setting).point
        if forecaster is None and train is not None:
            alone = np.full((len(prepared.filled), prepared.horizon), np.nan)
            latest = (held.back == 0) & np.isin(held.member, _mixed(made, prepared, known.names if known else ()))
            alone[held.member[latest]] = earlier[latest]
            forecaster = train(prepared, alone)
        assert forecaster is not None
        made, worth = _with_network(replace(made, folds=held, earlier=earlier), prepared, forecaster, known)
        learnt = [f"{one.name}: {f'learnt by the network, {one.said()}' if one.used else 'not used'}" for one in worth]
        said = [f"effects of what is known beforehand: {'; '.join(learnt)}"] if learnt else []
    mixed = forecaster is not None and forecaster.config.weight > 0 and given_any(forecaster.config.covariates)
    return Forecast(
        panel=prepared.panel,
        season=prepared.season,
        horizon=prepared.horizon,
        levels=prepared.setting.levels,
        point=made.point,
        bands=made.bands,
        methods=made.kinds,
        table=table,
        verdict=verdict(made.folds, made.earlier, prepared),
        notes=prepared.notes + said + unusual(made, prepared.filled, setting, mixed=mixed),
        forecaster=forecaster,
        quantiles=request.quantiles,
        inputs=[one.row() for one in worth],
    )


def _with_network(
    made: Outcome, prepared: Prepared, forecaster: Forecaster, known: KnownInputs | None
) -> tuple[Outcome, list[importance.Worth]]:
    """Forecasts, and those from the folds' origins, with the share that a network has in them, and its intervals; and
    what its inputs are worth."""
    share = forecaster.config.weight
    mixed = _mixed(made, prepared, forecaster.config.covariates)
    if share <= 0 or not len(mixed):
        return made, [importance.Worth(name, False) for name, _ in importance.groups(forecaster.config.covariates)]
    filled, held, horizon, levels = prepared.filled, made.folds, prepared.horizon, prepared.setting.levels
    floor = lower_bounds(filled)
    history = make_history(prepared.known, filled, known.values if known else None)
    network = forecaster.quantiles(history, np.full(len(filled), history.length), horizon)[mixed]
    own = np.flatnonzero(np.isin(held.member, mixed))
    network_held = _held_quantiles(forecaster, history, held, horizon)[own]
    point, bands, earlier = made.point.copy(), made.bands.copy(), made.earlier.copy()
    point[mixed] = np.maximum(share * network[..., MIDDLE] + (1 - share) * point[mixed], floor[mixed][:, None])
    earlier[own] = share * network_held[..., MIDDLE] + (1 - share) * earlier[own]
    earlier[own] = np.maximum(earlier[own], floor[held.member[own]][:, None])
    spread, spread_held = offsets(network, levels), offsets(network_held, levels)
    learnt = adapt(point[mixed], spread, held.actual[own], earlier[own], spread_held, levels, floor[mixed], trust=1.0)
    moved = made.bands[mixed] + (point - made.point)[mixed][..., None]
    bands[mixed] = not_below(mix(learnt, moved, point[mixed], np.full(horizon, share)), point[mixed], floor[mixed])
    worth = importance.of_network(forecaster, history, held, mixed, made.earlier, earlier)
    return replace(made, point=point, bands=bands, earlier=earlier), worth


def _mixed(made: Outcome, prepared: Prepared, inputs: Sequence[str]) -> np.ndarray:
    """The series that a trained network has a share in. Constant and very short ones stay as they are, counts, whose
    quantiles are counts, and meters, which never turn back; unless the network has `inputs` that it alone knows."""
    if given_any(inputs):
        return np.flatnonzero(np.array(made.kinds) != "naive")
    turning = [abs(direction(values, prepared.season)) < 1 for values in prepared.filled]
    return np.flatnonzero(~np.isin(made.kinds, ("naive", "counts")) & turning)


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
