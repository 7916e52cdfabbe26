"""Panels from CSV files as people have them."""

import gzip

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqcli.errors import DataError, UsageError
from seqcli.series.header import find_table
from seqcli.series.marks import missing_code
from seqcli.series.panel import ReadOptions, read_panel
from seqcli.series.read import read_cells


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, **options):
        path = tmp_path / "data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_panel(str(path), ReadOptions(**options))

    return write_and_read


def months(count, form="{year}-{month:02d}"):
    return [form.format(year=2001 + i // 12, month=i % 12 + 1) for i in range(count)]


def table(times, header="Month,Sales", separator=",", ending="\n"):
    lines = [header, *(f"{time}{separator}{i + 1}" for i, time in enumerate(times))]
    return ending.join(lines) + ending


def labels(panel, index=0):
    one = panel.series[index]
    return [panel.calendar.label(one.first, k) for k in range(len(one.values) + 1)]


@pytest.mark.parametrize(
    ("times", "frequency", "following"),
    [
        (["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30"], "monthly", "2020-05-31"),
        (["2021-04-30", "2021-05-30", "2021-06-30"], "monthly", "2021-07-30"),
        (["2021-02-28", "2021-03-28", "2021-04-28"], "monthly", "2021-05-28"),
        (["2021-12-30", "2022-01-30", "2022-02-28"], "monthly", "2022-03-30"),
        (["2021-04-30"], "daily", "2021-05-01"),
        (["2020Q1"], "quarterly", "2020Q2"),
        (["2021.9", "2021.10", "2021.11"], "monthly", "2021.12"),
        (["1-11", "1-12", "2-01"], "monthly", "2-02"),
        (["2020Q3", "2020Q4", "2021Q1"], "quarterly", "2021Q2"),
        (["Q3 2020", "Q4 2020", "Q1 2021"], "quarterly", "Q2 2021"),
        (["1999", "2000", "2001"], "yearly", "2002"),
        (["Nov 2020", "Dec 2020", "Jan 2021"], "monthly", "Feb 2021"),
        (["11/2020", "12/2020", "01/2021"], "monthly", "02/2021"),
        (["202011", "202012", "202101"], "monthly", "202102"),
        (["20201230", "20201231", "20210101"], "daily", "20210102"),
        (["30.12.2020", "31.12.2020", "01.01.2021"], "daily", "02.01.2021"),
        (["12/30/2020", "12/31/2020", "01/01/2021"], "daily", "01/02/2021"),
        (["2021-01-04", "2021-01-11", "2021-01-18"], "weekly", "2021-01-25"),
        (["2021-W01", "2021-W02", "2021-W03"], "weekly", "2021-W04"),
        (["2021-01-01 22:30", "2021-01-01 23:00", "2021-01-01 23:30"], "every 30 minutes", "2021-01-02 00:00"),
        (["2021-01-01T22:00:00Z", "2021-01-01T23:00:00Z"], "hourly", "2021-01-02T00:00:00Z"),
        (["1609459200", "1609462800", "1609466400"], "hourly", "1609470000"),
        (["1", "2", "3"], "numbered steps", "4"),
        (["2020-01-01", "2020-04-01", "2020-07-01"], "quarterly", "2020-10-01"),
    ],
)
def test_times_in_many_forms_are_read_and_continued(read, times, frequency, following):
    panel = read(table(times, "date,y"))
    assert panel.frequency.name == frequency
    assert labels(panel) == [*times, following]


def test_business_days_skip_the_weekend(read):
    days = [f"2021-03-{day:02d}" for day in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)]
    panel = read(table(days, "date,y"))
    assert panel.frequency.name == "business days"
    assert labels(panel)[-1] == "2021-03-15"
    assert not np.isnan(panel.series[0].values).any()


def test_bom_crlf_semicolons_and_decimal_commas(read):
    panel = read(b"\xef\xbb\xbfMonat;Wert\r\n2020-01;1,5\r\n2020-02;2,25\r\n2020-03;3,0\r\n")
    assert (panel.time_name, panel.target_name) == ("Monat", "Wert")
    assert panel.series[0].values.tolist() == [1.5, 2.25, 3.0]


def test_gzip(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(table(months(5)).encode()))
    assert len(read_panel(str(path)).series[0].values) == 5


def test_ids_stay_text_and_series_keep_their_order(read):
    panel = read("shop,date,sales\n00123,2020-01-01,1\nNA,2020-01-01,5\n00123,2020-01-02,2\nNA,2020-01-02,6\n")
    assert panel.key_names == ("shop",)
    assert [one.key for one in panel.series] == [("00123",), ("NA",)]
    assert [one.values.tolist() for one in panel.series] == [[1, 2], [5, 6]]


def test_two_columns_may_name_a_series(read):
    rows = [f"{d},{s},{p},{i}" for i, (d, s, p) in enumerate((d, s, p) for s in "AB" for p in "xy" for d in months(3))]
    panel = read("month,shop,product,qty\n" + "\n".join(rows) + "\n")
    assert panel.key_names == ("shop", "product")
    assert len(panel.series) == 4


def test_numbers_that_are_ids_tell_series_apart(read):
    rows = [f"{store},{day},{store * 10}" for store in (1, 2, 3) for day in ("2020-01-01", "2020-01-02", "2020-01-03")]
    panel = read("store,date,sales\n" + "\n".join(rows) + "\n")
    assert (panel.key_names, panel.target_name, len(panel.series)) == (("store",), "sales", 3)


def test_wide_files_have_a_series_a_column(read):
    panel = read("date,north,south,west\n2020-01-01,1,2,3\n2020-01-02,4,5,6\n2020-01-03,7,8,\n")
    assert panel.wide
    assert [one.key for one in panel.series] == [("north",), ("south",), ("west",)]
    assert panel.series[2].values.tolist() == [3, 6]


def test_unsorted_rows_are_sorted_and_said(read):
    panel = read("date,y\n2020-01-03,3\n2020-01-01,1\n2020-01-02,2\n")
    assert panel.series[0].values.tolist() == [1, 2, 3]
    assert any("sorted" in note for note in panel.notes)


def test_gaps_are_missing_values(read):
    panel = read("date,y\n2020-01-01,1\n2020-01-02,2\n2020-01-05,5\n2020-01-06,NA\n2020-01-07,7\n2020-01-08,8\n")
    np.testing.assert_array_equal(panel.series[0].values, [1, 2, np.nan, np.nan, 5, np.nan, 7, 8])


def test_a_file_without_times_is_in_order(read):
    panel = read("y\n3\n1\n2\n")
    assert panel.time_name is None
    assert panel.series[0].values.tolist() == [3, 1, 2]


@pytest.mark.parametrize("time", ["year", "t", None])
def test_numbers_with_a_decimal_are_no_months(read, time):
    rates = [5.3, 4.9, 4.4, 3.9, 543.3, 8.1]
    head = "rate\n" if time is None else f"{time},rate\n"
    panel = read(
        head + "".join(f"{rate}\n" if time is None else f"{2015 + t},{rate}\n" for t, rate in enumerate(rates))
    )
    assert (panel.time_name, panel.target_name) == (time, "rate")
    assert panel.series[0].values.tolist() == rates


@pytest.mark.parametrize("frequency", ["D", "h", "Q", "Y", "2D"])
def test_rows_without_times_are_counted_whatever_their_frequency(read, frequency):
    panel = read("y\n5\n7\n6\n", frequency=frequency)
    assert labels(panel) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("times", "frequency", "following"),
    [
        ([f"2021-03-{d:02d}T00:00:00+01:00" for d in (1, 2, 3, 4, 5, 8, 9, 10)], "business days", "-11T00:00:00+01:00"),
        ([f"2021-03-{d:02d} 09:00:00-0500" for d in (27, 28, 29)], "daily", "-30 09:00:00-0500"),
        (
            [f"2021-03-{d}T00:00{z}" for d, z in ((27, "+01:00"), (28, "+01:00"), (29, "+02:00"))],
            "daily",
            "-30T00:00+02:00",
        ),
        ([f"2021-03-28T0{h}:00Z" for h in (1, 2, 3)], "hourly", "-28T04:00Z"),
        (
            ["2021-03-28T01:00+01:00", "2021-03-28T03:00+02:00", "2021-03-28T04:00+02:00"],
            "hourly",
            "-28T05:00+02:00",
        ),
    ],
)
def test_offsets_from_utc_do_not_move_dates(read, times, frequency, following):
    panel = read(table(times))
    assert panel.frequency.name == frequency
    assert labels(panel)[-1].endswith(following)


def test_ambiguous_days_are_guessed_aloud_and_can_be_told(read):
    text = "date,y\n01/02/2020,1\n02/02/2020,2\n03/02/2020,3\n"
    assert any("--day-first" in note for note in read(text).notes)
    assert read(text, day_first=True).frequency.name == "daily"
    assert read(text, day_first=False).frequency.name == "monthly"


def test_options_override(read):
    text = "when,then,a,b\n2020-01-01,2001,1,2\n2020-02-01,2002,3,4\n"
    panel = read(text, time="then", target="b")
    assert (panel.time_name, panel.target_name, panel.frequency.name) == ("then", "b", "yearly")
    assert panel.series[0].values.tolist() == [2, 4]


@pytest.mark.parametrize("alias", ["M", "ME", "MS", "monthly"])
def test_old_and_new_aliases_of_frequencies(read, alias):
    assert read(table(months(4)), frequency=alias).frequency.name == "monthly"


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        (table(months(9)).replace(",2\n", ",two\n"), "line 3", "two"),
        ("date,y\n2020-01-01,1\n2020-01-02,inf\n", "line 3", "infinite"),
        ("date,y\n2020-01-01,1\n2020-01-01,2\n2020-01-02,2\n", "line 3", "second value"),
        (table([*months(9), "yesterday"]), "line 11", "yesterday"),
        ("date,y\n2020-01-01,1\n2020-01-02,2,3\n", "line 3", "3 cells"),
        ("date,name\n2020-01-01,a\n2020-01-02,b\n", "line 2", "not a number"),
        ("date,y\n", "data.csv", "no rows"),
        ("nan\nnan\n", "data.csv", "no rows"),
        ("[{}]", "data.csv", "not a table"),
        ("", "data.csv", "empty"),
        ("date,y\n2020-01-01,\n2020-01-02,\n", "data.csv", "numbers"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place_and_a_remedy(read, text, place, word):
    with pytest.raises(DataError) as caught:
        read(text)
    assert place in caught.value.message
    assert word in caught.value.message
    assert caught.value.hint


def test_unknown_columns_and_frequencies_are_usage_errors(read):
    for options in ({"time": "nope"}, {"target": "nope"}, {"series": ("nope",)}, {"frequency": "fortnightly!"}):
        with pytest.raises(UsageError):
            read(table(months(4)), **options)
    for frequency in ("0D", "2B", "9999999999999D", "99999Y", "9" * 5000 + "h"):
        with pytest.raises(UsageError, match="unknown frequency"):
            read(table([f"2024-01-{day:02d}" for day in range(1, 29)]), frequency=frequency)


def test_there_are_no_labels_after_the_year_9999(read):
    panel = read(table(range(2000, 2020)))
    assert panel.calendar.label(panel.series[0].first, 7999) == "9999"
    with pytest.raises(UsageError, match="9999"):
        panel.calendar.label(panel.series[0].first, 8000)


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=3, max_size=20),
    separator=st.sampled_from([",", ";", "\t"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_numbers_survive_any_separator_and_line_ending(tmp_path_factory, values, separator, ending):
    assume(missing_code(np.array(values)) is None)
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    times = months(len(values))
    lines = [f"month{separator}y", *(f"{time}{separator}{value!r}" for time, value in zip(times, values, strict=True))]
    path.write_bytes((ending.join(lines) + ending).encode())
    panel = read_panel(str(path))
    assert panel.series[0].values.tolist() == values


def test_lines_are_counted_through_blank_rows_and_cells_with_line_feeds(tmp_path):
    rows = [f"2000-01-01,{i},1" for i in range(5000)]
    rows[10] = '2000-01-01,"ten\nand\nmore",1'
    rows[4500] = "\n , ,"
    path = tmp_path / "long.csv"
    path.write_text("ds,id,y\n" + "\n".join(rows) + "\n")
    table = find_table(read_cells(str(path)))
    assert len(table) == 4999
    assert table.columns["id"][10] == "ten\nand\nmore"
    assert [table.line(row) for row in (0, 9, 10, 11, 4499, 4500, 4998)] == [2, 11, 14, 15, 4503, 4506, 5004]


def test_a_cell_that_is_too_long_for_a_number_is_said(read):
    with pytest.raises(DataError, match="line 72"):
        read("month,y\n" + "".join(f"{month},1\n" for month in months(70)) + "2007-01," + "1" * 200_000 + "\n")


def test_a_row_of_another_width_is_named_by_its_line(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("ds,id,y\n" + "2000-01-01,a,1\n" * 4999 + "2000-01-01,b,1,,\n" * 3 + "2000-01-01,b,1,2\n")
    with pytest.raises(DataError, match=r"line 5004.*has 4 cells where the header has 3"):
        find_table(read_cells(str(path)))


def test_the_fingerprint_is_of_times_too(read):
    assert read("t,y\n2021,1\n2022,5\n").fingerprint == read("t,y\n2021,1\n2022,5\n").fingerprint
    assert read("t,y\n2021,1\n2022,5\n").fingerprint != read("t,y\n2020,1\n2021,5\n").fingerprint
