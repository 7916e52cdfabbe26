"""Pictures of forecasts with matplotlib: history, forecast and the intervals as a fan; SVG, PNG or a page of HTML."""

from __future__ import annotations

import io
import math
import warnings
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from seqcli.errors import UsageError
from seqcli.files.output import write_bytes
from seqcli.forecasting.axes import time_marks, value_marks
from seqcli.forecasting.forecast import Forecast
from seqcli.notices import Notice, quietly
from seqcli.series.panel import series_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = (".svg", ".html", ".png")
MOST_DRAWN = 60  # series in one picture
WIDTH, HEIGHT, LEGEND = 7.6, 2.5, 0.3  # of the chart of a series, and of the legend above them, in inches
# with the characters of Chinese, Japanese and Korean, as systems have them; the default font has none
_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Arial Unicode MS", "Droid Sans Fallback"),
)
_LONG_SEASON = 24  # periods; of a season that is longer two are drawn, else five
_BANDS = ("#9ecae1", "#c6dcef", "#dfebf7", "#eff5fb")  # the innermost first
_INK, _BLUE, _GREY, _RULE, _GRID = "#333333", "#08519c", "#666666", "#999999", "#e8e8e8"


def check_plot(path: Path) -> None:
    """`UsageError` for a name whose ending is of no kind of picture that can be drawn."""
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"{path}: the ending decides what is drawn", hint="name it .svg, .html or .png")


def save_plot(path: Path, result: Forecast, on_notice: Notice = quietly) -> None:
    """Draw the first series (up to 60) into `path`, by its ending .svg, .html or .png. Raises `UsageError` as
    `check_plot` does, `SeqcliError` when it cannot be written."""
    check_plot(path)
    kind = path.suffix.lower()
    with warnings.catch_warnings(record=True, action="always") as said:
        picture = _draw(result, "png" if kind == ".png" else "svg")
    # in an SVG text stays text, for whose characters the viewer has fonts
    if kind == ".png" and any("missing from" in str(one.message) for one in said):
        hint = "name it .svg or .html to use the viewer's fonts"
        on_notice(f"{path}: no installed font has all the characters of the names; {hint}")
    write_bytes(path, [_page(picture, result) if kind == ".html" else picture])


def _draw(result: Forecast, form: str) -> bytes:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.font_manager import fontManager

    count = min(len(result.panel.series), MOST_DRAWN)
    installed = set(fontManager.get_font_names())
    family = ["DejaVu Sans", *(name for name in _FONTS if name in installed), "sans-serif"]
    file = io.BytesIO()
    # the same forecast gives the same bytes
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "seqcli", "font.family": family}):
        figure = Figure(figsize=(WIDTH, HEIGHT * count + LEGEND), layout="constrained")
        charts = figure.subplots(count, squeeze=False)[:, 0]
        for index, (axes, name) in enumerate(zip(charts, series_names(result.panel), strict=False)):
            _chart(axes, result, index)
            axes.set_title(name, loc="left", fontsize=9, fontweight="bold", color=_INK, parse_math=False)
        handles, names = charts[0].get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside upper left", ncols=len(names), fontsize=7.5, frameon=False, labelcolor=_GREY
        )
        figure.savefig(file, format=form, dpi=150, metadata={"Date": None} if form == "svg" else None)
    return file.getvalue()


def _chart(axes: Axes, result: Forecast, index: int) -> None:
    """Draw one series: the last value of its history is at step 0, where forecast and intervals begin."""
    from matplotlib.ticker import FuncFormatter

    seasons = (5 if result.season <= _LONG_SEASON else 2) * result.season
    history = result.panel.series[index].values[-max(4 * result.horizon, seasons, 30) :].tolist()
    point, bands = result.point[index].tolist(), result.bands[index].T.tolist()
    start = history[-1] if math.isfinite(history[-1]) else point[0]
    past, ahead = range(1 - len(history), 1), range(len(point) + 1)
    axes.plot(past, history, color=_INK, linewidth=1, label="history", zorder=3)
    known = [False, *map(math.isfinite, history), False]
    lone = [place for place in range(len(history)) if known[place : place + 3] == [False, True, False]]
    axes.plot([past[place] for place in lone], [history[place] for place in lone], ".", color=_INK, markersize=2)
    axes.plot(ahead, [start, *point], color=_BLUE, linewidth=1.6, label="forecast", zorder=3)
    for number, level in enumerate(result.levels):  # a wider one lies behind those within it
        lower, upper = ([start, *bands[2 * number + side]] for side in (0, 1))
        colour, behind = _BANDS[min(number, len(_BANDS) - 1)], 2 - number / 1000
        axes.fill_between(ahead, lower, upper, color=colour, linewidth=0, label=f"{level:g} % interval", zorder=behind)
    axes.axvline(0, color=_RULE, linewidth=0.8, linestyle=(0, (3, 3)), zorder=2.5)
    low, high = _reach([*history, *point, *(value for band in bands for value in band)])
    axes.set_xlim(past[0], ahead[-1])
    axes.set_ylim(low, high)
    marks = time_marks(result.panel, index, past[0], ahead[-1])
    axes.set_xticks([step for step, _ in marks], [label for _, label in marks], parse_math=False)
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


def _page(picture: bytes, result: Forecast) -> bytes:
    """A page of HTML around a picture, SVG, which says how far it goes and how good earlier forecasts were."""
    title = f"{result.horizon} {result.panel.frequency.step}{'' if result.horizon == 1 else 's'} ahead"
    count = len(result.panel.series)
    more = f" The first {MOST_DRAWN} of {count:,} series." if count > MOST_DRAWN else ""
    svg = picture[picture.index(b"<svg") :].decode()
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>body{{margin:2em '
        f"auto;max-width:60em;padding:0 1em;font:14px/1.5 system-ui,sans-serif;color:{_INK}}}h1{{font-size:20px}}"
        f"svg{{width:100%;height:auto}}</style></head>\n<body><h1>{title}</h1>\n"
        f"<p>{escape(result.verdict)}.{more}</p>\n{svg}</body></html>\n"
    ).encode()
