"""Pictures of forecasts: history, forecast and fan bands, as SVG or HTML written directly, or PNG with matplotlib."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from seqcli.errors import UsageError
from seqcli.files.output import write_text, writing
from seqcli.forecasting.axes import time_marks, value_marks
from seqcli.forecasting.forecast import Forecast
from seqcli.series.panel import series_names

MOST_DRAWN = 60  # series in one picture
WIDTH, HEIGHT = 760, 250  # of one series' chart, in pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 18, 34, 30
_HEAD = 30  # height of the legend, above the charts
_LONG_SEASON = 24  # periods; of a season that is longer two are drawn, else five
_BANDS = ("#9ecae1", "#c6dcef", "#dfebf7", "#eff5fb")  # the innermost first
_INK, _BLUE, _GREY, _GRID = "#333333", "#08519c", "#666666", "#e8e8e8"


@dataclass(frozen=True)
class _Chart:
    """What is drawn of one series: values and bands by step, the last value of the history at step 0."""

    name: str
    history: list[float]
    forecast: list[float]
    bands: list[tuple[str, list[float], list[float]]]  # innermost first
    marks: list[tuple[int, str]]
    times: list[str]  # of the forecasts

    @property
    def first(self) -> int:
        return 1 - len(self.history)

    @property
    def last(self) -> int:
        return len(self.forecast)

    @property
    def anchor(self) -> float:
        """Where forecast and bands begin: at the last value."""
        return self.history[-1] if math.isfinite(self.history[-1]) else self.forecast[0]

    def reach(self) -> tuple[float, float]:
        """The values from the lowest to the highest, with a margin."""
        values = [*self.history, *self.forecast, *(v for _, low, high in self.bands for v in (*low, *high))]
        finite = [value for value in values if math.isfinite(value)]
        low, high = min(finite), max(finite)
        margin = (high - low or abs(high) or 1.0) * 0.05
        return (0.0 if low >= 0 and low - margin < 0 else low - margin), high + margin

    def said(self, step: int) -> str:
        """A forecast in words."""
        bands = (f"{name}: {low[step - 1]:,.6g} to {high[step - 1]:,.6g}" for name, low, high in self.bands)
        return "\n".join([f"{self.times[step - 1]}: {self.forecast[step - 1]:,.6g}", *bands])


def check_plot(path: Path) -> None:
    """Find out whether a picture of that name can be drawn; `UsageError` if not."""
    ending = path.suffix.lower()
    if ending not in (".svg", ".html", ".png"):
        raise UsageError(f"{path}: the ending decides what is drawn", hint="name it .svg, .html or .png")
    if ending == ".png" and importlib.util.find_spec("matplotlib") is None:
        raise UsageError(f"{path}: a PNG needs matplotlib", hint="pip install 'seqcli[plot]', or name it .svg or .html")


def save_plot(path: Path, result: Forecast) -> None:
    """Draw the first series (up to 60) into `path`, by its ending .svg, .html or .png. Raises `UsageError` as
    `check_plot` does, `SeqcliError` when it cannot be written."""
    check_plot(path)
    charts = [
        _chart(result, index, name) for index, name in zip(range(MOST_DRAWN), series_names(result.panel), strict=False)
    ]
    kind = path.suffix.lower()
    if kind == ".png":
        with writing(path):
            _save_png(path, charts)
    else:
        write_text(path, [_svg(charts) if kind == ".svg" else _html(charts, result)])


def _chart(result: Forecast, index: int, name: str) -> _Chart:
    seasons = (5 if result.season <= _LONG_SEASON else 2) * result.season
    history = result.panel.series[index].values[-max(4 * result.horizon, seasons, 30) :].tolist()
    bands = [
        (f"{level:g} %", result.bands[index, :, 2 * i].tolist(), result.bands[index, :, 2 * i + 1].tolist())
        for i, level in enumerate(result.levels)
    ]
    marks = time_marks(result.panel, index, 1 - len(history), result.horizon)
    return _Chart(name, history, result.point[index].tolist(), bands, marks, result.times(index))


def _panel_svg(chart: _Chart, top: int) -> list[str]:
    low, high = chart.reach()
    first, last = chart.first, chart.last
    bottom = top + HEIGHT - _BOTTOM

    def x(step: float) -> float:
        return _LEFT + (step - first) / max(last - first, 1) * (WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return top + _TOP + (high - value) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    def points(steps: Sequence[int], values: Sequence[float]) -> str:
        return " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(steps, values, strict=True) if math.isfinite(v))

    parts = [f'<text x="{_LEFT}" y="{top + 22}" class="name">{escape(chart.name)}</text>']
    for tick in value_marks(low, high):
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(tick) + 4:.1f}" class="value">{tick:,.6g}</text>')
    parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{bottom}" y2="{bottom}" class="axis"/>')
    for step, label in chart.marks:
        half = 3.2 * len(label)
        place = min(max(x(step), _LEFT + half - 24), WIDTH - half - 2)
        parts.append(f'<line x1="{x(step):.1f}" x2="{x(step):.1f}" y1="{bottom}" y2="{bottom + 4}" class="axis"/>')
        parts.append(f'<text x="{place:.1f}" y="{bottom + 17}" text-anchor="middle">{escape(label)}</text>')
    ahead = list(range(1, last + 1))
    for index, (name, lower, upper) in reversed(list(enumerate(chart.bands))):
        outline = points([0, *ahead], [chart.anchor, *upper]) + " " + points([*ahead[::-1]], lower[::-1])
        parts.append(f'<polygon points="{outline}" fill="{_BANDS[min(index, 3)]}"><title>{name}</title></polygon>')
    parts.append(f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{top + _TOP}" y2="{bottom}" class="now"/>')
    # a missing value breaks the line of the history
    run: list[tuple[int, float]] = []
    for step, value in [*enumerate(chart.history, first), (1, math.nan)]:
        if math.isfinite(value):
            run.append((step, value))
            continue
        if len(run) == 1:
            parts.append(f'<circle cx="{x(run[0][0]):.1f}" cy="{y(run[0][1]):.1f}" r="1.4" fill="{_INK}"/>')
        elif run:
            parts.append(f'<polyline points="{points([s for s, _ in run], [v for _, v in run])}" class="history"/>')
        run = []
    line = points([0, *ahead], [chart.anchor, *chart.forecast])
    parts.append(f'<polyline points="{line}" class="forecast"/>')
    wide = x(1) - x(0)
    for step in ahead:  # what a pointer over the forecast is told
        parts.append(
            f'<rect x="{x(step) - wide / 2:.1f}" y="{top + _TOP}" width="{wide:.1f}" '
            f'height="{HEIGHT - _TOP - _BOTTOM}" class="touch"><title>{escape(chart.said(step))}</title></rect>'
        )
    return parts


_STYLE = (
    f"text{{font:11px system-ui,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif;fill:{_GREY}}}"
    f".name{{font-size:13px;font-weight:600;fill:{_INK}}}.value{{text-anchor:end}}"
    f".grid{{stroke:{_GRID}}}.axis{{stroke:#999999}}.now{{stroke:#999999;stroke-dasharray:3 3}}"
    f".history{{fill:none;stroke:{_INK};stroke-width:1.3;stroke-linejoin:round}}"
    f".forecast{{fill:none;stroke:{_BLUE};stroke-width:2;stroke-linejoin:round}}"
    ".touch{fill:transparent}.touch:hover{fill:rgba(8,81,156,.12)}"
)


def _svg(charts: Sequence[_Chart]) -> str:
    height = HEIGHT * len(charts) + _HEAD
    body = [part for index, chart in enumerate(charts) for part in _panel_svg(chart, _HEAD + index * HEIGHT)]
    x = _LEFT
    for name, colour, is_line in _legend(charts[0]):
        tall = 2 if is_line else 10
        body.append(f'<rect x="{x}" y="{17 - tall / 2:g}" width="18" height="{tall}" fill="{colour}"/>')
        body.append(f'<text x="{x + 24}" y="21">{escape(name)}</text>')
        x += 44 + 6 * len(name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="white"/>' + "\n".join(body) + "</svg>\n"
    )


def _legend(chart: _Chart) -> list[tuple[str, str, bool]]:
    """Name, colour, and whether it is a line."""
    bands = [(f"{name} interval", _BANDS[min(index, 3)], False) for index, (name, _, _) in enumerate(chart.bands)]
    return [("history", _INK, True), ("forecast", _BLUE, True), *bands]


def _html(charts: Sequence[_Chart], result: Forecast) -> str:
    plural = "" if result.horizon == 1 else "s"
    title = f"{result.horizon} {result.panel.frequency.step}{plural} ahead"
    left = len(result.panel.series) - len(charts)
    more = f" The first {len(charts)} of {len(result.panel.series):,} series." if left else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>body{{margin:2em auto;max-width:{WIDTH}px;padding:0 1em;font:14px/1.5 system-ui,sans-serif;"
        f"color:{_INK}}}h1{{font-size:20px;margin:0}}p{{margin:.3em 0 1em;color:{_GREY}}}"
        "svg{width:100%;height:auto}</style></head>\n"
        f"<body><h1>{title}</h1>\n<p>{escape(result.verdict)}.{more}</p>\n{_svg(charts)}</body></html>\n"
    )


def _save_png(path: Path, charts: Sequence[_Chart]) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    figure = Figure(figsize=(WIDTH / 100, (HEIGHT * len(charts) + _HEAD) / 100), layout="constrained")
    for axes, chart in zip(figure.subplots(len(charts), squeeze=False)[:, 0], charts, strict=True):
        past = range(chart.first, 1)
        ahead = range(0, chart.last + 1)
        for index, (name, low, high) in reversed(list(enumerate(chart.bands))):
            lower, upper = [chart.anchor, *low], [chart.anchor, *high]
            label = f"{name} interval"
            axes.fill_between(ahead, lower, upper, color=_BANDS[min(index, 3)], linewidth=0, label=label, zorder=2)
        axes.axvline(0, color="#999999", linewidth=0.8, linestyle=(0, (3, 3)), zorder=2.5)
        axes.plot(past, chart.history, color=_INK, linewidth=1, label="history", zorder=3)
        axes.plot(ahead, [chart.anchor, *chart.forecast], color=_BLUE, linewidth=1.6, label="forecast", zorder=3)
        axes.set_title(chart.name, loc="left", fontsize=9, fontweight="bold", color=_INK, parse_math=False)
        axes.set_xticks([step for step, _ in chart.marks], [label for _, label in chart.marks])
        axes.set_xlim(chart.first, chart.last)
        axes.set_ylim(*chart.reach())
        axes.set_yticks(value_marks(*chart.reach()))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
        axes.tick_params(labelsize=7.5, labelcolor=_GREY, color="#999999", length=3)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", color=_GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color("#999999")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    by_name = dict(zip(labels, handles, strict=True))
    names = [name for name, *_ in _legend(charts[0])]
    figure.legend(
        [by_name[name] for name in names],
        names,
        loc="outside upper left",
        ncols=len(names),
        fontsize=7.5,
        frameon=False,
        labelcolor=_GREY,
    )
    figure.savefig(path, dpi=150)
