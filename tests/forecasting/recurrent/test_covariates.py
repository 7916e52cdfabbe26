"""What is known beside the values: the user's columns and their future, the calendar, holidays."""

from datetime import date

import numpy as np
import pytest

from seqcli.errors import DataError, UsageError
from seqcli.forecasting.recurrent.covariates import (
    HOLIDAYS,
    calendar_names,
    holidays_end_early,
    known_inputs,
    own_names,
)
from seqcli.series.frequency import Frequency
from seqcli.series.known import read_future, read_holidays
from seqcli.series.panel import ReadOptions, read_panel

DAYS = [f"2024-02-{day:02d}" for day in range(1, 30)]


def day_number(text):
    return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()


@pytest.fixture
def panel(tmp_path):
    """Two series of 29 and 26 days with a price; the second begins on the fourth day."""
    lines = ["date,shop,y,price"]
    for shop, first in (("a", 0), ("b", 3)):
        lines += [f"{day},{shop},{20 + index},{'' if index == 5 else index}" for index, day in enumerate(DAYS[first:])]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_panel(str(path), ReadOptions(covariates=("price",)))


def write(path, text):
    path.write_text(text)
    return str(path)


FUTURE = "date,shop,price\n2024-03-01,a,7\n2024-03-02,a,8\n2024-03-02,b,80\n2024-03-01,b,70\n"


def test_the_future_is_found_by_series_and_time_in_any_order(panel, tmp_path):
    future = read_future(panel, write(tmp_path / "f.csv", FUTURE), 2)
    assert [one.tolist() for one in future] == [[[7, 8]], [[70, 80]]]


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        ("1.250,5", "1.500", 1500.0),  # a point for thousands in the data, so here, too
        ("1.250", "1.500", 1.5),
        ("1,250.5", "1,500", 1500.0),
        ("0.5", "1,5", 1.5),  # which says itself what the comma is
    ],
)
def test_numbers_to_come_are_read_with_the_signs_of_the_data(tmp_path, before, after, first):
    lines = [f'{day},{20 + index},"{before}"' for index, day in enumerate(DAYS)]
    path = write(tmp_path / "d.csv", "\n".join(["date,y,price", *lines]) + "\n")
    panel = read_panel(path, ReadOptions(target="y", covariates=("price",)))
    future = write(tmp_path / "f.csv", f'date,price\n2024-03-01,"{after}"\n2024-03-02,"{after}"\n')
    assert read_future(panel, future, 1)[0].tolist() == [[first]]


def test_blanks_around_the_ids_of_the_future_are_left_aside(panel, tmp_path):
    future = read_future(panel, write(tmp_path / "f.csv", FUTURE.replace(",b,", ",b ,")), 2)
    assert [one.tolist() for one in future] == [[[7, 8]], [[70, 80]]]


@pytest.mark.parametrize(
    ("text", "horizon", "said"),
    [
        (FUTURE, 3, ["column date", "no row for 2024-03-03 of a"]),
        (FUTURE.replace("2024-03-02,b,80\n", ""), 2, ["no row for 2024-03-02 of b"]),
        (FUTURE.replace("price", "prize"), 2, ["has no column 'price'"]),
        (FUTURE.replace("shop", "store"), 2, ["has no column 'shop'"]),
        (FUTURE.replace("80", ""), 2, ["line 4", "column price", "is empty"]),
        (FUTURE.replace("80", "cheap"), 2, ["line 4", "column price", "not a number"]),
        (FUTURE.replace("2024-03-02,a", "soon,a"), 2, ["line 3", "column date", "'soon' is not a time"]),
        (FUTURE + "2024-03-01,a,9\n", 2, ["line 6", "a second row for 2024-03-01 of a", "line 2"]),
    ],
)
def test_a_future_that_does_not_fit_is_named_by_row_and_column(panel, tmp_path, text, horizon, said):
    with pytest.raises(DataError) as refused:
        read_future(panel, write(tmp_path / "f.csv", text), horizon)
    for part in said:
        assert part in refused.value.message
    assert refused.value.hint


def test_columns_are_scaled_over_the_panel_or_as_the_model_was_trained(panel):
    future = [np.array([[100.0]]), np.array([[200.0]])]
    known = known_inputs(panel, 1, names=("price",), future=future)
    every = np.concatenate([one[0, :-1] for one in known.values])
    missing = [5, 29 + 5]
    assert (every[missing] == 0).all()
    assert np.delete(every, missing).mean() == pytest.approx(0)
    kept = known_inputs(panel, 1, names=("price",), future=future, scaling=((10.0, 2.0),))
    assert kept.values[0][0, [0, -1]].tolist() == [-5, 45]
    assert kept.scaling == ((10.0, 2.0),)


def test_the_calendar_is_that_of_each_series_dates(panel):
    known = known_inputs(panel, 2)
    assert known.names[0] == "price"
    assert own_names(known.names) == ("price",)
    month = [index for index, name in enumerate(known.names) if name.startswith("calendar: month")]
    first, second = (values[month] for values in known.values)
    assert first.shape == (2, 31)
    np.testing.assert_array_equal(first[:, 3:], second)
    np.testing.assert_allclose(first[:, 29], first[:, 0], atol=1e-12)  # the first of March and of February
    np.testing.assert_allclose(first[:, 0], [0, 1], atol=1e-12)


def test_the_time_of_year_needs_more_than_a_year():
    def cycles(frequency, length):
        return {name.split()[1] for name in calendar_names(frequency, length)}

    assert cycles(Frequency("day"), 300) == {"month"}
    assert cycles(Frequency("day"), 800) == {"month", "year"}
    assert cycles(Frequency("second", 3600), 800) == {"day", "week", "month"}
    assert cycles(Frequency("day", 7), 143) == {"month", "year"}
    assert cycles(Frequency("month"), 100) == {"month's"}
    assert cycles(Frequency("month", 12), 100) == cycles(Frequency("step"), 100) == set()


def test_holidays_mark_their_day_and_its_neighbours(panel):
    known = known_inputs(panel, 2, holidays=[day_number("2024-02-10"), day_number("2024-03-02")])
    rows = {name: known.values[0][known.names.index(name)] for name in HOLIDAYS}
    assert np.flatnonzero(rows["holiday: now"]).tolist() == [9, 30]
    assert np.flatnonzero(rows["holiday: next"]).tolist() == [8, 29]
    assert np.flatnonzero(rows["holiday: before"]).tolist() == [10]
    np.testing.assert_array_equal(known.values[1][known.names.index("holiday: now")], rows["holiday: now"][3:])


def test_holidays_are_counted_in_longer_periods(tmp_path):
    weeks = "week,y\n" + "".join(f"2024-01-{day:02d},{day}\n" for day in (1, 8, 15, 22, 29))
    panel = read_panel(write(tmp_path / "w.csv", weeks))
    days = [day_number(text) for text in ("2024-01-09", "2024-01-14", "2024-01-15", "2024-02-05")]
    known = known_inputs(panel, 1, holidays=days)
    now = known.values[0][known.names.index("holiday: now")]
    assert now.tolist() == [0, 2, 1, 0, 0, 1]


def test_a_file_of_holidays_is_any_file_with_a_column_of_dates(tmp_path):
    days = (day_number("2024-12-25"), day_number("2025-01-01"))
    assert read_holidays(write(tmp_path / "a.csv", "holiday,date\nNew Year,2025-01-01\nXmas,2024-12-25\n")) == days
    assert read_holidays(write(tmp_path / "b.csv", "day;name\n25.12.2024;Xmas\n01.01.2025;New Year\n")) == days
    (tmp_path / "e.csv").write_bytes("date,name\n2024-12-25,Noël\n2025-01-01,Jour de l'an\n".encode("latin-1"))
    assert read_holidays(str(tmp_path / "e.csv"), encoding="latin-1") == days
    with pytest.raises(DataError, match=r"line 3, column date: 'someday'"):
        read_holidays(write(tmp_path / "c.csv", "date\n2024-12-25\nsomeday\n2024-12-26\n2024-12-27\n2024-12-28\n"))
    with pytest.raises(DataError, match="no column of dates"):
        read_holidays(write(tmp_path / "d.csv", "name\nXmas\nEaster\n"))


def test_holidays_that_end_before_the_forecast_are_noticed(panel):
    assert holidays_end_early(panel, 7, [day_number("2024-02-29")])
    assert not holidays_end_early(panel, 7, [day_number("2024-03-03")])
    assert not holidays_end_early(panel, 7, [])


def test_series_without_dates_have_no_holidays(tmp_path):
    panel = read_panel(write(tmp_path / "s.csv", "step,y\n" + "".join(f"{n},{n % 3}\n" for n in range(1, 30))))
    assert known_inputs(panel, 3).values[0].shape == (0, 32)
    with pytest.raises(UsageError, match="dates"):
        known_inputs(panel, 3, holidays=[day_number("2024-03-03")])


def test_a_column_without_values_is_refused(tmp_path):
    text = "date,y,promo\n" + "".join(f"{day},{index},\n" for index, day in enumerate(DAYS))
    panel = read_panel(write(tmp_path / "e.csv", text), ReadOptions(covariates=("promo",)))
    with pytest.raises(DataError, match="column promo: has no values"):
        known_inputs(panel, 1, future=[np.zeros((1, 1))])
