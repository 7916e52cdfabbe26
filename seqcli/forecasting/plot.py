"""Pictures of forecasts: history, forecast and fan bands, as SVG or HTML written directly, or PNG with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from seqcli.data.panel import series_names
from seqcli.errors import SeqcliError, UsageError
from seqcli.forecasting.forecast import Forecast

MOST_DRAWN = 60  # series in one picture
WIDTH, HEIGHT = 760, 260  # of one series' chart, in pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 30, 28
_BANDS = ("#9ecae1", "#d0e3f2", "#e8f1f9")  # the innermost first


@dataclass(frozen=True)
class _Chart:
    """What is drawn of one series: values and bands by step, the last value of the history at step 0."""

    name: str
    history: list[float]
    forecast: list[float]
    bands: list[tuple[str, list[float], list[float]]]  # innermost first
    labels: list[tuple[int, str]]


def save_plot(path: Path, result: Forecast) -> None:
    """Draw the first series (up to 60) into `path`, by its ending .svg, .html or .png.

    Raises `UsageError` for another ending or a PNG without matplotlib, `SeqcliError` when it cannot be written.
    """
    charts = [
        _chart(result, index, name) for index, name in zip(range(MOST_DRAWN), series_names(result.panel), strict=False)
    ]
    kind = path.suffix.lower()
    try:
        if kind == ".png":
            _save_png(path, charts)
        elif kind == ".svg":
            path.write_text(_svg(charts), encoding="utf-8")
        elif kind == ".html":
            path.write_text(_html(charts), encoding="utf-8")
        else:
            raise UsageError(f"{path}: what to draw is told by its ending", hint="name it .svg, .html or .png")
    except OSError as problem:
        raise SeqcliError(f"{path}: cannot be written: {problem.strerror or problem}") from problem


def _chart(result: Forecast, index: int, name: str) -> _Chart:
    one, calendar = result.panel.series[index], result.panel.calendar
    history = one.values[-max(4 * result.horizon, 5 * result.season, 30) :].tolist()
    bands = [
        (f"{level:g} %", result.bands[index, :, 2 * i].tolist(), result.bands[index, :, 2 * i + 1].tolist())
        for i, level in enumerate(result.levels)
    ]
    start = -len(history) + 1
    steps = sorted({round(start + (result.horizon - start) * part / 5) for part in range(6)})
    labels = [(step, calendar.label(one.first, len(one.values) - 1 + step)) for step in steps]
    return _Chart(name, history, result.point[index].tolist(), bands, labels)


def _ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    return [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _range(chart: _Chart) -> tuple[float, float]:
    values = [*chart.history, *chart.forecast, *(v for _, low, high in chart.bands for v in (*low, *high))]
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    margin = (high - low or abs(high) or 1.0) * 0.04
    return low - margin, high + margin


def _panel_svg(chart: _Chart, top: int) -> list[str]:
    low, high = _range(chart)
    first, last = -len(chart.history) + 1, len(chart.forecast)

    def x(step: float) -> float:
        return _LEFT + (step - first) / max(last - first, 1) * (WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return top + _TOP + (high - value) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    def points(steps: Sequence[int], values: Sequence[float]) -> str:
        return " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(steps, values, strict=True) if math.isfinite(v))

    parts = [f'<text x="{_LEFT}" y="{top + 18}" class="name">{escape(chart.name)}</text>']
    for tick in _ticks(low, high):
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" class="value">{tick:,.6g}</text>')
    for step, label in chart.labels:
        side = "start" if step == first else "end" if step == last else "middle"
        parts.append(f'<text x="{x(step):.1f}" y="{top + HEIGHT - 10}" text-anchor="{side}">{escape(label)}</text>')
    ahead = list(range(1, last + 1))
    for index, (name, lower, upper) in reversed(list(enumerate(chart.bands))):
        outline = points([0, *ahead], [chart.history[-1], *upper]) + " " + points([*ahead[::-1]], lower[::-1])
        parts.append(f'<polygon points="{outline}" fill="{_BANDS[min(index, 2)]}"><title>{name}</title></polygon>')
    # a missing value breaks the line of the history
    run: list[tuple[int, float]] = []
    for step, value in [*enumerate(chart.history, first), (1, math.nan)]:
        if math.isfinite(value):
            run.append((step, value))
            continue
        if run:
            parts.append(f'<polyline points="{points([s for s, _ in run], [v for _, v in run])}" class="history"/>')
        run = []
    line = points([0, *ahead], [chart.history[-1], *chart.forecast])
    parts.append(f'<polyline points="{line}" class="forecast"/>')
    return parts


_STYLE = (
    "text{font:11px sans-serif;fill:#555}.name{font-size:13px;font-weight:bold;fill:#222}.value{text-anchor:end}"
    ".grid{stroke:#e5e5e5}.history{fill:none;stroke:#333;stroke-width:1.4}"
    ".forecast{fill:none;stroke:#08519c;stroke-width:2}"
)


def _svg(charts: Sequence[_Chart]) -> str:
    height = HEIGHT * len(charts) + 24
    body = [part for index, chart in enumerate(charts) for part in _panel_svg(chart, index * HEIGHT)]
    x = _LEFT
    for name, colour in _legend(charts[0]):
        body.append(f'<rect x="{x}" y="{height - 19}" width="14" height="10" fill="{colour}"/>')
        body.append(f'<text x="{x + 19}" y="{height - 10}">{escape(name)}</text>')
        x += 34 + 7 * len(name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="white"/>' + "\n".join(body) + "</svg>\n"
    )


def _legend(chart: _Chart) -> list[tuple[str, str]]:
    bands = [(f"{name} interval", _BANDS[min(index, 2)]) for index, (name, _, _) in enumerate(chart.bands)]
    return [("history", "#333"), ("forecast", "#08519c"), *bands]


def _html(charts: Sequence[_Chart]) -> str:
    return (
        '<!doctype html><html><head><meta charset="utf-8"><title>Forecast</title></head>'
        f'<body style="margin:2em auto;max-width:{WIDTH}px">{_svg(charts)}</body></html>\n'
    )


def _save_png(path: Path, charts: Sequence[_Chart]) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise UsageError(
            "a PNG needs matplotlib", hint="pip install 'seqcli[plot]', or draw .svg or .html"
        ) from problem
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100 * len(charts)), layout="constrained")
    for axes, chart in zip(figure.subplots(len(charts), squeeze=False)[:, 0], charts, strict=True):
        past = range(-len(chart.history) + 1, 1)
        ahead = range(1, len(chart.forecast) + 1)
        for index, (name, low, high) in reversed(list(enumerate(chart.bands))):
            axes.fill_between(ahead, low, high, color=_BANDS[min(index, 2)], linewidth=0, label=name)
        axes.plot(past, chart.history, color="#333", linewidth=1, label="history")
        axes.plot([0, *ahead], [chart.history[-1], *chart.forecast], color="#08519c", label="forecast")
        axes.set_title(chart.name, loc="left", fontsize=9, parse_math=False)
        axes.set_xticks([step for step, _ in chart.labels], [label for _, label in chart.labels], fontsize=7)
        axes.tick_params(axis="y", labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=7, frameon=False, loc="upper left")
    figure.savefig(path, dpi=120)
