"""Frequencies and calendars found from times, and rows that share a time."""

from datetime import date, datetime, timedelta
from itertools import accumulate, cycle, islice

import numpy as np
import pytest

from seqcli.errors import DataError
from seqcli.series.panel import ReadOptions, read_panel

DAYS = [date(2022, 1, 3) + timedelta(days=i) for i in range(140)]


@pytest.fixture
def read(tmp_path):
    def write_and_read(times, values=None, name="v", **options):
        path = tmp_path / "data.csv"
        values = range(1, len(times) + 1) if values is None else values
        path.write_text(f"time,{name}\n" + "".join(f"{t},{v}\n" for t, v in zip(times, values, strict=True)))
        return read_panel(path, ReadOptions(**options))

    return write_and_read


def labels(panel, count):
    one = panel.series[0]
    return [panel.calendar.label(one.first, len(one.values) + step) for step in range(count)]


def month_end(i, start=2018):
    year, month = start + (i + 1) // 12, (i + 1) % 12 + 1
    return date(year, month, 1) - timedelta(days=1)


FIRSTS = [month_end(i) + timedelta(days=1) for i in range(-1, 39)]


def utc_midnight(year, month):
    """When a month begins in Berlin, by the clock of UTC."""
    return datetime(year, month, 1) - timedelta(hours=2 if 4 <= month <= 10 else 1)


@pytest.mark.parametrize(
    ("times", "frequency", "season", "following"),
    [
        ([d for d in DAYS if d.weekday() < 6], "daily, Monday to Saturday", 6, ["2022-05-23", "2022-05-24"]),
        ([d for d in DAYS if d.weekday() > 0], "daily, Tuesday to Sunday", 6, ["2022-05-24", "2022-05-25"]),
        (
            [d for d in DAYS if d.weekday() in (0, 2, 4)],
            "daily, Monday, Wednesday and Friday",
            3,
            ["2022-05-23", "2022-05-25"],
        ),
        ([d for d in DAYS if d.weekday() < 5], "business days", 5, ["2022-05-23", "2022-05-24"]),
        (
            [month_end(i) - timedelta(days=max(month_end(i).weekday() - 4, 0)) for i in range(40)],
            "monthly",
            12,
            ["2021-05-31", "2021-06-30"],
        ),
        (  # on the 1st, 2nd or 3rd
            [d + timedelta(days=7 - d.weekday() if d.weekday() > 4 else 0) for d in FIRSTS],
            "monthly",
            12,
            ["2021-05-03", "2021-06-01"],
        ),
        (
            [month_end(i) - timedelta(days=(month_end(i).weekday() - 4) % 7) for i in range(40)],
            "monthly",
            12,
            ["2021-05-28", "2021-06-25"],
        ),
        (
            [f"{2020 + i // 24}-{i // 2 % 12 + 1:02d}-{1 + 14 * (i % 2):02d}" for i in range(48)],
            "twice a month",
            24,
            ["2022-01-01", "2022-01-15"],
        ),
        (
            [date(2020 + i // 36, i // 3 % 12 + 1, (1, 11, 21)[i % 3]) for i in range(72)],
            "three times a month",
            36,
            ["2022-01-01", "2022-01-11"],
        ),
        (
            [month_end(i // 2) if i % 2 else month_end(i // 2).replace(day=15) for i in range(48)],
            "twice a month",
            24,
            ["2020-01-15", "2020-01-31"],
        ),
        (
            [date(2018, 1, 1) + timedelta(days=28 * i) for i in range(40)],
            "every 4 weeks",
            13,
            ["2021-01-25", "2021-02-22"],
        ),
        (
            [date(2017, 1, 30) + timedelta(weeks=w) for w in islice(accumulate(cycle([4, 4, 5]), initial=0), 60)],
            "4-4-5 weeks",
            12,
            ["2022-01-24", "2022-02-21"],
        ),
        (
            [
                datetime(2022, 1, 3) + timedelta(days=d, minutes=30 * s)
                for d in range(40)
                if d % 7 < 5
                for s in range(16, 36)
            ],
            "every 30 minutes, 08:00 to 17:30, Monday to Friday",
            20,
            ["2022-02-14 08:00:00", "2022-02-14 08:30:00"],
        ),
        (  # less than two weeks
            [datetime(2022, 1, 5 + d, 9) + timedelta(minutes=5 * m) for d in (0, 1, 2, 5, 6) for m in range(84)],
            "every 5 minutes, 09:00 to 15:55, Monday to Friday",
            84,
            ["2022-01-12 09:00:00"],
        ),
        (
            [datetime(2021, month, day) for month in range(4, 9) for day in (15, 31 if month in (5, 7, 8) else 30)],
            "twice a month",
            24,
            ["2021-09-15 00:00:00", "2021-09-30 00:00:00"],
        ),
        (
            [datetime(2022, 1, 1) + timedelta(milliseconds=100 * i) for i in range(1, 99) if i % 10],
            "every 0.1 seconds",
            1,
            ["2022-01-01 00:00:09.900000"],
        ),
        (
            [datetime(2022, 1, 1) + timedelta(minutes=5 * i, seconds=i * 7919 % 9 - 4) for i in range(1, 400)],
            "every 5 minutes",
            288,
            ["2022-01-02 09:20:00"],
        ),
        (
            [f"{utc_midnight(2019 + i // 12, i % 12 + 1):%Y-%m-%dT%H:%M:%SZ}" for i in range(40)],
            "monthly",
            12,
            ["2022-04-30T22:00:00Z"],
        ),
    ],
)
def test_a_rhythm_is_found_and_gone_on_with(read, times, frequency, season, following):
    panel = read(times)
    assert (panel.frequency.name, panel.frequency.season) == (frequency, season)
    assert labels(panel, len(following)) == following
    assert not np.isnan(panel.series[0].values).any() or "0.1" in frequency


def test_local_days_written_in_utc_are_days(read):
    times = [datetime(2022, 1, 1) + timedelta(days=i) - timedelta(hours=2 if 86 <= i < 303 else 1) for i in range(200)]
    panel = read([f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times])
    assert panel.frequency.name == "daily"
    assert labels(panel, 1) == ["2022-07-19T22:00:00Z"]


def test_an_hour_that_comes_twice_is_one_and_said(read):
    before = [datetime(2022, 10, 20) + timedelta(hours=i) for i in range(10 * 24 + 3)]
    after = [datetime(2022, 10, 30, 2) + timedelta(hours=i) for i in range(200)]
    panel = read([*before, *after])
    assert panel.frequency.name == "hourly"
    assert panel.series[0].values[10 * 24 + 2] == (243 + 244) / 2
    assert any("clock was put back" in note for note in panel.notes)


def test_jitter_around_any_number_of_seconds_is_left_aside(read):
    panel = read([datetime(2022, 1, 3) + timedelta(seconds=148 * i + i * 7919 % 3) for i in range(200)])
    assert (panel.frequency.name, len(panel.series[0].values)) == ("every 148 seconds", 200)


def test_times_that_drift_lose_no_value(read):
    panel = read([datetime(2022, 1, 1) + timedelta(seconds=302.3 * i // 1) for i in range(400)])
    assert len(panel.series[0].values) == 400
    assert any("drift" in note for note in panel.notes)


@pytest.mark.parametrize("how", ["first", "last", "mean", "sum"])
def test_rows_with_the_same_time_are_put_together_as_asked(read, how):
    times = [day for day in DAYS[:20] for _ in range(2)]
    values = read(times, duplicates=how).series[0].values
    pairs = np.arange(1, 41).reshape(20, 2)
    expected = {"first": pairs[:, 0], "last": pairs[:, 1], "mean": pairs.mean(1), "sum": pairs.sum(1)}[how]
    np.testing.assert_array_equal(values, expected)


def test_rows_with_the_same_time_are_an_error_that_names_both_lines(read):
    with pytest.raises(DataError, match=r"line 42.*second value.*line 41") as caught:
        read([*DAYS[:40], DAYS[39]], name="temp")
    assert "--duplicates" in caught.value.hint


def test_what_is_sold_several_times_a_day_is_added_up_and_said(read):
    panel = read([day for day in DAYS[:20] for _ in range(2)], name="sales")
    assert panel.series[0].values[0] == 3
    assert any("added up" in note for note in panel.notes)


def test_transactions_become_days(read):
    moments = [datetime(2022, 1, 1) + timedelta(minutes=i * i * 7919 % 100_000) for i in range(500)]
    panel = read(moments, [2] * 500, name="amount")
    assert panel.frequency.name == "daily"
    assert panel.series[0].values.sum() == 1000
    sensor = read(moments, [2] * 500, name="temperature")
    assert set(sensor.series[0].values[~np.isnan(sensor.series[0].values)]) == {2.0}
    assert any("irregular" in note and "--freq" in note for note in sensor.notes)
    means = read(moments, [2] * 500, name="temperature", frequency="D", aggregate="mean")
    assert set(means.series[0].values) == {2.0}


def test_a_longer_frequency_adds_up_and_leaves_out_what_is_not_over(read):
    times = [date(2022, 1, 1) + timedelta(days=i) for i in range(100)]
    panel = read(times, [1] * 100, name="sales", frequency="M")
    assert panel.series[0].values.tolist() == [31, 28, 31]
    assert any("not whole" in note for note in panel.notes)
    hourly = [datetime(2022, 1, 1) + timedelta(hours=i) for i in range(240)]
    panel = read(hourly, [i % 24 for i in range(240)], frequency="D", aggregate="mean")
    assert panel.series[0].values.tolist() == [11.5] * 10


def test_a_day_missing_in_a_log_of_sales_is_zero_and_one_of_temperatures_is_missing(read):
    days = [day for i, day in enumerate(DAYS) if i * i % 11 in (0, 4, 5)]
    sales = read(days, name="qty")
    assert sales.frequency.name == "daily"
    assert (sales.series[0].values == 0).sum() == len(sales.series[0].values) - len(days)
    assert any("--fill" in note for note in sales.notes)
    assert np.isnan(read(days, name="temp").series[0].values).any()
    assert np.isnan(read(days, name="qty", fill="interpolate").series[0].values).any()


def test_open_hours_have_a_day_and_a_week_as_seasons(read):
    times = [
        datetime(2022, 1, 3) + timedelta(days=d, minutes=30 * s) for d in range(40) if d % 7 < 5 for s in range(16, 36)
    ]
    assert read(times).frequency.seasons == (20, 100)
    assert read(DAYS).frequency.seasons == (7, 365.25)
    assert read([d for d in DAYS if d.weekday() < 6]).frequency.seasons == pytest.approx((6, 313.07), abs=0.01)


def panel_of(read_rows):
    return "date,shop,y\n" + "".join(
        f"{time},{shop},{i + 1}\n" for shop, times in read_rows for i, time in enumerate(times)
    )


def weekly(start, count=30):
    return [start + timedelta(weeks=i) for i in range(count)]


@pytest.mark.parametrize(
    ("times", "others", "frequency", "following"),
    [
        (weekly(date(2022, 1, 3)), weekly(date(2022, 1, 6)), "weekly", ["2022-08-01", "2022-08-04"]),
        (
            [month_end(i) for i in range(30)],
            [month_end(i) + timedelta(1) for i in range(30)],
            "monthly",
            ["2020-07-31", "2020-08-01"],
        ),
        (
            [month_end(3 * i) for i in range(20)],
            [month_end(3 * i + 1) for i in range(20)],
            "quarterly",
            ["2023-01-31", "2023-02-28"],
        ),
        (
            [f"{2000 + i}-01-01" for i in range(20)],
            [f"{2000 + i}-07-01" for i in range(20)],
            "yearly",
            ["2020-01-01", "2020-07-01"],
        ),
        (
            [DAYS[2 * i] for i in range(40)],
            [DAYS[2 * i + 1] for i in range(40)],
            "every 2 days",
            ["2022-03-24", "2022-03-25"],
        ),
        (range(0, 200, 5), range(3, 203, 5), "every 5 steps", ["200", "203"]),
    ],
)
def test_each_series_keeps_its_own_times_and_that_is_said(tmp_path, times, others, frequency, following):
    path = tmp_path / "x.csv"
    path.write_text(panel_of([("A", times), ("B", others)]))
    panel = read_panel(path)
    assert panel.frequency.name == frequency
    ends = [panel.calendar_of(one).label(one.first, len(one.values)) for one in panel.series]
    assert ends == following
    assert [len(one.values) for one in panel.series] == [len(times), len(others)]
    assert any("each keeps its own" in note for note in panel.notes)


def test_times_that_are_moved_to_the_usual_ones_are_said(read):
    panel = read([day - timedelta(days=i % 9 == 4) for i, day in enumerate(weekly(date(2022, 1, 1)))])
    assert (panel.frequency.name, len(panel.series[0].values)) == ("weekly", 30)
    assert any("up to 1 day off" in note for note in panel.notes)


@pytest.mark.parametrize(
    ("times", "frequency", "word"),
    [
        ([d for d in DAYS if d.weekday() < 6 or d == DAYS[41]], "daily, Monday to Saturday", "Sunday"),
        ([d for d in DAYS if d.weekday() < 5 or d == DAYS[40]], "business days", "Saturday"),
        (
            [
                t
                for d in range(84)
                for h in range(24)
                if 8 <= (t := datetime(2022, 1, 3, h) + timedelta(d)).hour < 18 and (d % 7 < 5 or d == 40)
            ],
            "hourly, 08:00 to 17:00, Monday to Friday",
            "Saturday",
        ),
    ],
)
def test_rare_openings_are_left_out_and_said(read, times, frequency, word):
    panel = read(times)
    assert panel.frequency.name == frequency
    assert not np.isnan(panel.series[0].values).any()
    assert any(word in note and "left out" in note for note in panel.notes)


@pytest.mark.parametrize(
    ("dates", "frequency"),
    [
        (DAYS[:60], "daily"),
        ([day for day in DAYS if day.weekday() < 5], "business days"),
        (DAYS[::7], "weekly"),
        ([date(2020 + i // 12, i % 12 + 1, 1) for i in range(40)], "monthly"),
    ],
)
def test_days_by_a_clock_that_is_not_exact_are_days(read, dates, frequency):
    panel = read([f"{day} 17:{i * 13 % 46:02d}" for i, day in enumerate(dates)])
    assert (panel.frequency.name, len(panel.series[0].values)) == (frequency, len(dates))
    assert any("minutes off" in note for note in panel.notes)


def test_random_times_days_apart_are_irregular(read):
    steps = accumulate(1000 + i * 7919 % 5000 for i in range(60))
    panel = read([str(datetime(2021, 1, 1) + timedelta(minutes=step)) for step in steps])
    assert any("times are irregular" in note for note in panel.notes)


@pytest.mark.parametrize(
    ("frequency", "following", "first"), [("Y", "2022-01", 12), ("Q", "2022-04", 3), ("2M", "2022-05", 2)]
)
def test_longer_periods_are_those_of_the_calendar(read, frequency, following, first):
    months = [f"{2019 + i // 12}-{i % 12 + 1:02d}" for i in range(1, 40)]
    panel = read(months, [1] * len(months), name="sales", frequency=frequency)
    assert labels(panel, 1) == [following]
    assert set(panel.series[0].values.tolist()) == {first}
    assert not any("off the usual ones" in note for note in panel.notes)
