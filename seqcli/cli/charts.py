"""Charts made of characters: sparklines of block characters, line charts of braille dots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

_BLOCKS = "▁▂▃▄▅▆▇█"
# Dot (column, row) of a braille character, 2 wide and 4 high, as its bit (Unicode block U+2800).
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass(frozen=True)
class Line:
    """Points joined by a line; a y that is not finite breaks it. `colour` is a rich colour name."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str = "cyan"


@dataclass(frozen=True)
class Band:
    """The area between `low` and `high` over `x`, drawn as scattered dots behind the lines."""

    name: str
    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    colour: str = "blue"


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """`values` as a row of blocks, the latest `width` of them; one that is not finite is a space. Positive values that
    span more than a factor of four are drawn by their logarithm."""
    shown = list(values)[-width:]
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return " " * len(shown)
    if min(finite) > 0 and max(finite) > 4 * min(finite):
        shown = [math.log(value) if math.isfinite(value) else value for value in shown]
        finite = [value for value in shown if math.isfinite(value)]
    low, high = min(finite), max(finite)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((value - low) * scale)] if math.isfinite(value) else " " for value in shown)


def line_chart(
    lines: Sequence[Line],
    *,
    bands: Sequence[Band] = (),
    x_labels: Sequence[tuple[float, str]] = (),
    title: str = "",
    width: int = 78,
    height: int = 12,
) -> Text:
    """A chart of `lines` over `bands`, `width` characters wide and `height` high besides title, axis and legend.
    `x_labels` are (x, text) pairs; when they would touch, only every second, third … is written. Raises ValueError when
    there is no finite point to draw."""
    from rich.text import Text

    from seqcli.forecasting.axes import value_marks

    values = [y for line in lines for y in line.y] + [y for band in bands for y in (*band.low, *band.high)]
    values = [y for y in values if math.isfinite(y)]
    parts: tuple[Line | Band, ...] = (*lines, *bands)
    places = [x for part in parts for x in part.x]
    if not values or not places:
        raise ValueError("no finite point to draw")
    low, high = min(values), max(values)
    if low == high:
        low, high = low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1
    marks = value_marks(low, high)
    labels = _numbers(marks)
    margin = max(map(len, labels)) + 1
    canvas = _Canvas(max(10, width - margin - 1), height, (min(places), max(places)), (low, high))
    for band in bands:
        canvas.fill(band)
    for line in lines:
        canvas.draw(line)

    chart = Text(no_wrap=True)
    if title:
        chart.append(f"{title}\n", style="bold")
    rows = {canvas.row(mark): label for mark, label in zip(marks, labels, strict=True)}
    for row in range(height):
        chart.append(f"{rows.get(row, ''):>{margin}}{'┤' if row in rows else '│'}", style="dim")
        canvas.append_row(chart, row)
        chart.append("\n")
    chart.append(f"{'':>{margin}}└{'─' * canvas.columns}\n", style="dim")
    chart.append(f"{'':>{margin + 1}}{_place_labels(x_labels, canvas)}\n", style="dim")
    chart.append(" " * (margin + 1))
    for part in parts:
        chart.append("━━ " if isinstance(part, Line) else "░░ ", style=part.colour)
        chart.append(f"{part.name}   ")
    chart.rstrip()
    return chart


def _numbers(marks: Sequence[float]) -> list[str]:
    """Axis labels with just enough digits to tell the marks apart."""
    step = marks[1] - marks[0] if len(marks) > 1 else abs(marks[0]) or 1.0
    largest = max(map(abs, marks))
    if largest >= 1e7 or 0 < largest < 1e-4:
        return [f"{mark:.3g}" for mark in marks]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{mark:,.{decimals}f}" for mark in marks]


def _place_labels(labels: Sequence[tuple[float, str]], canvas: _Canvas) -> str:
    """The texts under the axis, centred on their x; every n-th of them, for the smallest n at which none touch."""
    ordered = sorted(labels)
    for stride in range(1, len(ordered) + 1):
        row = ""
        fits = True
        for x, text in ordered[::stride]:
            start = min(max(0, canvas.column(x) - len(text) // 2), max(0, canvas.columns - len(text)))
            fits = fits and (not row or start >= len(row) + 2)
            row = row.ljust(start) + text
        if fits:
            return row
    return ""


class _Canvas:
    """A grid of braille characters and the way from data to its dots. A character shows its lines, or the band behind
    where there is no line, in one colour: the last drawn."""

    def __init__(self, columns: int, rows: int, x_range: tuple[float, float], y_range: tuple[float, float]) -> None:
        self.columns = columns
        self._rows = rows
        self._x0, self._x1 = x_range
        self._y0, self._y1 = y_range
        self._lines = [[(0, "")] * columns for _ in range(rows)]
        self._bands = [[(0, "")] * columns for _ in range(rows)]

    def column(self, x: float) -> int:
        return self._dot_x(x) // 2

    def row(self, y: float) -> int:
        return self._dot_y(y) // 4

    def draw(self, line: Line) -> None:
        before: tuple[int, int] | None = None
        for x, y in zip(line.x, line.y, strict=True):
            here = (self._dot_x(x), self._dot_y(y)) if math.isfinite(y) else None
            if here is not None:
                (x0, y0), (x1, y1) = before or here, here
                steps = max(abs(x1 - x0), abs(y1 - y0), 1)
                for part in (step / steps for step in range(steps + 1)):
                    self._set(self._lines, round(x0 + (x1 - x0) * part), round(y0 + (y1 - y0) * part), line.colour)
            before = here

    def fill(self, band: Band) -> None:
        edges = [
            (self._dot_x(x), self._dot_y(low), self._dot_y(high))
            for x, low, high in zip(band.x, band.low, band.high, strict=True)
            if math.isfinite(low) and math.isfinite(high)
        ]
        for (x0, low0, high0), (x1, low1, high1) in zip(edges, edges[1:] or edges, strict=False):
            for x in range(x0, x1 + 1):
                part = (x - x0) / (x1 - x0) if x1 > x0 else 0.0
                top, bottom = round(high0 + (high1 - high0) * part), round(low0 + (low1 - low0) * part)
                for y in range(top, bottom + 1):
                    if x % 2 == 0 and y % 2 == (x // 2) % 2:  # scattered, so that a line on it can be seen
                        self._set(self._bands, x, y, band.colour)

    def append_row(self, chart: Text, row: int) -> None:
        for line, band in zip(self._lines[row], self._bands[row], strict=True):
            bits, colour = line if line[0] else band
            chart.append(chr(0x2800 + bits) if bits else " ", style=colour)

    def _dot_x(self, x: float) -> int:
        share = (x - self._x0) / (self._x1 - self._x0) if self._x1 > self._x0 else 0.5
        return round(share * (2 * self.columns - 1))

    def _dot_y(self, y: float) -> int:
        return round((self._y1 - y) / (self._y1 - self._y0) * (4 * self._rows - 1))

    @staticmethod
    def _set(layer: list[list[tuple[int, str]]], x: int, y: int, colour: str) -> None:
        bits, _ = layer[y // 4][x // 2]
        layer[y // 4][x // 2] = (bits | _DOTS[x % 2][y % 4], colour)
