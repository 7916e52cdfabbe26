"""Pictures of forecasts: history, forecast and the intervals as a fan; or a page of HTML with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from seqcli.files.output import write_bytes
from seqcli.files.pictures import check_picture, drawn
from seqcli.forecasting.axes import value_marks
from seqcli.notices import Notice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = ".html"
MOST_DRAWN = 60  # series in one picture
WIDTH, HEIGHT, LEGEND = 7.6, 2.5, 0.3  # of the chart of a series, and of the legend above them, in inches
_BANDS = ("#9ecae1", "#c6dcef", "#dfebf7", "#eff5fb")  # the innermost first
_INK, _BLUE, _RED, _GREY, _RULE, _GRID = "#333333", "#08519c", "#cb181d", "#666666", "#999999", "#e8e8e8"


@dataclass(frozen=True)
class Chart:
    """What is drawn of a series: the last value of its `history` is at step 0, those of its forecast, `point`, and the
    low and high ends of its intervals, `bands`, from the step `first` on; `marks` are steps with the names of their
    times, `flagged` those of anomalies, None where there is no talk of any."""

    name: str
    history: list[float]
    point: list[float]
    bands: list[list[float]]
    marks: list[tuple[int, str]]
    first: int = 1
    flagged: list[int] | None = None


def save_plot(
    path: Path, charts: Sequence[Chart], levels: Sequence[float], title: str, said: str, on_notice: Notice
) -> None:
    """Draw charts, with intervals of these `levels`, into `path`: a picture, or a page .html with a title and what is
    `said` of the forecast. Raises `UsageError` as `check_picture` does, `SeqcliError` when it cannot be written."""
    check_picture(path, PAGE)
    picture = drawn(lambda: _figure(charts, levels), path, on_notice)
    write_bytes(path, [_page(picture, title, said) if path.suffix.lower() == PAGE else picture])


def _figure(charts: Sequence[Chart], levels: Sequence[float]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT * len(charts) + LEGEND), layout="constrained")
    places = figure.subplots(len(charts), squeeze=False)[:, 0]
    for axes, chart in zip(places, charts, strict=True):
        _draw(axes, chart, levels)
        axes.set_title(chart.name, loc="left", fontsize=9, fontweight="bold", color=_INK, parse_math=False)
    handles, names = places[0].get_legend_handles_labels()
    figure.legend(
        handles, names, loc="outside upper left", ncols=len(names), fontsize=7.5, frameon=False, labelcolor=_GREY
    )
    return figure


def _draw(axes: Axes, chart: Chart, levels: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter

    history, point, bands = chart.history, chart.point, chart.bands
    past = range(1 - len(history), 1)
    # what comes after the history goes on from its last value
    start = [] if chart.first != 1 else [history[-1] if math.isfinite(history[-1]) else point[0]]
    steps = range(chart.first - len(start), chart.first + len(point))
    axes.plot(past, history, color=_INK, linewidth=1, label="history", zorder=3)
    known = [False, *map(math.isfinite, history), False]
    lone = [place for place in range(len(history)) if known[place : place + 3] == [False, True, False]]
    axes.plot([past[place] for place in lone], [history[place] for place in lone], ".", color=_INK, markersize=2)
    axes.plot(steps, [*start, *point], color=_BLUE, linewidth=1.6, label="forecast", zorder=3)
    for number, level in enumerate(levels):  # a wider one lies behind those within it
        lower, upper = ([*start, *bands[2 * number + side]] for side in (0, 1))
        colour, behind = _BANDS[min(number, len(_BANDS) - 1)], 2 - number / 1000
        axes.fill_between(steps, lower, upper, color=colour, linewidth=0, label=f"{level:g} % interval", zorder=behind)
    if chart.flagged is not None:
        values = [history[step - past[0]] for step in chart.flagged]
        axes.plot(chart.flagged, values, "o", color=_RED, markersize=4, label="anomaly", zorder=4)
    if start:
        axes.axvline(0, color=_RULE, linewidth=0.8, linestyle=(0, (3, 3)), zorder=2.5)
    low, high = _reach([*history, *point, *(value for band in bands for value in band)])
    axes.set_xlim(past[0], steps[-1])
    axes.set_ylim(low, high)
    axes.set_xticks([step for step, _ in chart.marks], [label for _, label in chart.marks], parse_math=False)
    axes.set_yticks(value_marks(low, high))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.tick_params(labelsize=7.5, labelcolor=_GREY, color=_RULE, length=3)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_RULE)


def _reach(values: list[float]) -> tuple[float, float]:
    """The values from the lowest to the highest, with a margin that does not go below zero for their sake."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    margin = (high - low or abs(high) or 1.0) * 0.05
    return (0.0 if low >= 0 and low - margin < 0 else low - margin), high + margin


def _page(picture: bytes, title: str, said: str) -> bytes:
    """A page of HTML around a picture, SVG."""
    svg = picture[picture.index(b"<svg") :].decode()
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>body{{margin:2em '
        f"auto;max-width:60em;padding:0 1em;font:14px/1.5 system-ui,sans-serif;color:{_INK}}}h1{{font-size:20px}}"
        f"svg{{width:100%;height:auto}}</style></head>\n<body><h1>{title}</h1>\n"
        f"<p>{escape(said)}</p>\n{svg}</body></html>\n"
    ).encode()
