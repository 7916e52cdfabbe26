"""Marks on the axes of charts."""

import pytest

from seqcli.forecasting.axes import time_marks, value_marks
from seqcli.series.panel import read_panel


@pytest.fixture
def panel(tmp_path):
    def make(times):
        path = tmp_path / "data.csv"
        path.write_text("time,y\n" + "".join(f"{time},{i}\n" for i, time in enumerate(times)))
        return read_panel(str(path))

    return make


def months(count):
    return [f"{2001 + i // 12}-{i % 12 + 1:02d}" for i in range(count)]


@pytest.mark.parametrize(
    ("times", "back", "ahead", "wanted"),
    [
        (months(36), 35, 12, ["2001", "2002", "2003", "2004"]),
        (months(12 * 30), 359, 12, ["2005", "2010", "2015", "2020", "2025", "2030"]),
        (months(6), 5, 2, ["2001-01", "2001-02", "2001-03", "2001-04", "2001-05", "2001-06", "2001-07", "2001-08"]),
        ([f"{y}Q{q}" for y in (2019, 2020) for q in (1, 2, 3, 4)], 7, 2, ["2019Q1", "2019Q3", "2020Q1"]),
        ([str(year) for year in range(1990, 2010)], 19, 5, ["1990", "1995", "2000", "2005", "2010"]),
        ([f"2021-03-{day:02d}" for day in range(1, 32)], 30, 4, ["2021-03-01", "2021-03-15", "2021-03-29"]),
        ([f"2021-03-01 {hour:02d}:00" for hour in range(24)], 23, 0, ["01 00:00", "01 12:00"]),
        ([str(step) for step in range(1, 61)], 59, 9, ["10", "20", "30", "40", "50", "60"]),
    ],
)
def test_marks_stand_where_something_begins(panel, times, back, ahead, wanted):
    marks = time_marks(panel(times), 0, -back, ahead)
    names = [name for _, name in marks]
    assert set(wanted) <= set(names)
    assert 2 <= len(marks) <= 8
    assert all(-back <= step <= ahead for step, _ in marks)


def test_a_mark_stands_at_its_time(panel):
    marks = dict(time_marks(panel(months(36)), 0, -35, 12))
    assert marks[-35] == "2001"
    assert marks[1] == "2004"


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 990.0), (1e-7, 3e-7), (5e9, 6e9)])
def test_value_marks_are_few_round_and_inside(low, high):
    marks = value_marks(low, high)
    assert 2 <= len(marks) <= 6
    assert low <= min(marks) < max(marks) <= high


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 5, 10]), (-1, 1, [-1, -0.5, 0, 0.5, 1]), (99, 171, [100, 120, 140, 160])],
)
def test_value_marks_by_hand(low, high, expected):
    assert value_marks(low, high) == pytest.approx(expected)
