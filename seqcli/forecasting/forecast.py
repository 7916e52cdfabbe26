"""Forecasts of a panel, and what can be made of them: rows, data frames, JSON, files, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqcli.files.output import check_table, write_text, write_workbook
from seqcli.forecasting.axes import time_marks
from seqcli.forecasting.plot import MOST_DRAWN, Chart, save_plot
from seqcli.forecasting.recurrent.forecaster import Forecaster
from seqcli.notices import Notice, quietly
from seqcli.series.panel import Panel, series_names

if TYPE_CHECKING:
    import pandas

LONG_SEASON = 24  # periods; of a season that is longer a picture has two, else five


def added_columns(names: Sequence[str], added: Iterable[str]) -> list[str]:
    """The `names` of columns of the input and those `added` to them, an underscore behind one that is there already."""
    result = list(names)
    for name in added:
        while name in result:
            name += "_"
        result.append(name)
    return result


@dataclass(frozen=True)
class Forecast:
    """Forecasts of a panel's series and how good such forecasts have been.

    `point` is (series, horizon), `bands` (series, horizon, 2 · levels): low and high of each level, in rising order;
    `quantiles` the probabilities that are shown instead of intervals, `median` that of 0.5 where it is not `point`.
    `table` has a row a method with its measures over the backtest, `inputs` a row a covariate (`importance`); `verdict`
    says how good earlier forecasts were, `notes` what was found and guessed. `forecaster` is the network that was
    trained or given, `ended` how its training ended (`training.pipeline.TrainOutcome`).
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
    median: np.ndarray | None = None
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

    @property
    def reach(self) -> str:
        """How far the forecast goes, in words."""
        return f"{self.horizon} {self.panel.frequency.step}{'' if self.horizon == 1 else 's'} ahead"

    def columns(self) -> list[str]:
        """The header of the rows: the input's own names, then forecast and intervals or quantiles."""
        if self.quantiles:
            numbers = [f"q{quantile:g}" for quantile in self.quantiles]
        else:
            numbers = [f"{end}-{level:g}" for level in self.levels for end in ("lo", "hi")]
        return added_columns([*self.panel.key_names, self.panel.time_name or "step"], ["forecast", *numbers])

    def times(self, index: int) -> list[str]:
        """The time stamps of a series' forecasts, written as in the input."""
        one = self.panel.series[index]
        calendar = self.panel.calendar_of(one)
        return [calendar.label(one.first, len(one.values) + h) for h in range(self.horizon)]

    def shown(self, index: int) -> np.ndarray:
        """A series' numbers as they are shown: forecast, then intervals or quantiles. (horizon, columns)"""
        point, bands = self.point[index], self.bands[index]
        if not self.quantiles:
            return np.concatenate([point[:, None], bands], axis=1)
        numbers, median = [point], point if self.median is None else self.median[index]
        for quantile in self.quantiles:
            level = round(abs(100 - 200 * quantile), 9)
            numbers.append(bands[:, 2 * self.levels.index(level) + (quantile > 0.5)] if level else median)
        return np.stack(numbers, axis=1)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row a series and time."""
        names = self.columns()
        for index, one in enumerate(self.panel.series):
            for time, numbers in zip(self.times(index), self.shown(index).tolist(), strict=True):
                yield dict(zip(names, [*one.key, time, *(float(f"{x:.10g}") for x in numbers)], strict=True))

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
        keys = self.panel.key_names
        names = added_columns(keys, ["method", "times", *self.columns()[len(keys) + 1 :]])
        series = []
        for index, one in enumerate(self.panel.series):
            values = [*one.key, self.methods[index], self.times(index), *self.shown(index).T.tolist()]
            series.append(dict(zip(names, values, strict=True)))
        return {
            "frequency": self.panel.frequency.name,
            "season": self.season,
            "horizon": self.horizon,
            "accuracy": self.verdict,
            "notes": [*self.panel.notes, *self.notes],
            "backtest": self.table,
            "importance": list(self.inputs),
            "series": series,
        }

    def charts(self, most: int, past: int) -> list[Chart]:
        """The first series, up to `most`, as they are drawn: with so many values of the `past`."""
        charts = []
        for index, name in zip(range(most), series_names(self.panel), strict=False):
            history = self.panel.series[index].values[-past:].tolist()
            marks = time_marks(self.panel, index, 1 - len(history), self.horizon)
            charts.append(Chart(name, history, self.point[index].tolist(), self.bands[index].T.tolist(), marks))
        return charts

    def plot(self, path: str | Path, *, on_notice: Notice = quietly) -> None:
        """Draw the forecasts of the first series, up to 60, in a file: .svg, .png, .pdf or .html."""
        seasons = (5 if self.season <= LONG_SEASON else 2) * self.season
        charts = self.charts(MOST_DRAWN, max(4 * self.horizon, seasons, 30))
        count = len(self.panel.series)
        more = f" The first {MOST_DRAWN} of {count:,} series." if count > MOST_DRAWN else ""
        save_plot(Path(path), charts, self.levels, self.reach, f"{self.verdict}.{more}", on_notice)

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
