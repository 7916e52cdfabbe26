"""Charts of characters: what is drawn where."""

from __future__ import annotations

import itertools
import math

import pytest

from seqcli.cli.charts import Band, Line, line_chart, sparkline


def test_sparkline_rises_from_lowest_to_highest_block():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([7, 0]) == "█▁"


def test_sparkline_shows_the_latest_and_leaves_gaps():
    assert sparkline([5, 0, 1], width=2) == "▁█"
    assert sparkline([0, math.nan, 1]) == "▁ █"
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([math.inf]) == " "
    assert sparkline([]) == ""


def test_sparkline_of_a_wide_range_is_logarithmic():
    assert sparkline([1, 10, 100]) == "▁▅█"


def body(chart: str) -> list[str]:
    return [line for line in chart.splitlines() if "│" in line or "┤" in line]


def test_a_rising_line_runs_from_the_lower_left_to_the_upper_right():
    rows = body(line_chart([Line("rise", [0, 1], [0.0, 4.0])], width=20, height=4).plain)
    assert len(rows) == 4
    inked = [[index for index, char in enumerate(row) if "\u2800" < char <= "\u28ff"] for row in rows]
    assert inked[0][-1] == max(map(max, inked))
    assert inked[-1][0] == min(map(min, inked))
    assert all(upper[0] > lower[0] for upper, lower in itertools.pairwise(inked))
    assert rows[0].lstrip().startswith("4")
    assert rows[-1].lstrip().startswith("0")


def test_missing_values_break_the_line():
    whole = line_chart([Line("a", [0, 1, 2, 3], [1.0, 1.0, 1.0, 2.0])], width=40, height=3).plain
    broken = line_chart([Line("a", [0, 1, 2, 3], [1.0, 1.0, math.nan, 2.0])], width=40, height=3).plain

    def dots(chart: str) -> int:
        return sum(bin(ord(char) - 0x2800).count("1") for char in chart if "\u2800" < char <= "\u28ff")

    assert dots(broken) < dots(whole)


def test_a_band_lies_between_its_edges_and_behind_the_line():
    x = list(range(10))
    chart = line_chart(
        [Line("mid", x, [5.0] * 10, "cyan")],
        bands=[Band("80 %", x, [0.0] * 10, [10.0] * 10, "blue")],
        width=30,
        height=5,
    )
    assert any(span.style == "blue" for span in chart.spans)
    assert any(span.style == "cyan" for span in chart.spans)
    assert "mid" in chart.plain
    assert "80 %" in chart.plain


def test_labels_that_would_touch_are_thinned_evenly():
    labels = [(float(year), str(year)) for year in range(1950, 2000)]
    chart = line_chart([Line("a", [1950, 1999], [0.0, 1.0])], x_labels=labels, width=50, height=3).plain
    shown = [int(word) for word in chart.splitlines()[-2].split()]
    gaps = {after - before for before, after in itertools.pairwise(shown)}
    assert len(shown) > 3
    assert len(gaps) == 1


def test_constant_and_single_points_can_be_drawn():
    assert line_chart([Line("a", [0.0], [0.0])]).plain
    assert line_chart([Line("a", [0, 1], [-3.0, -3.0])]).plain


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="no finite point"):
        line_chart([Line("a", [0], [math.nan])])
