"""Tables as offices, meters, grids and programs export them: one small file for each kind."""

from datetime import date, datetime, timedelta

import pytest

from seqcli.errors import DataError
from seqcli.series.panel import ReadOptions, read_panel

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, encoding="utf-8", **options):
        path = tmp_path / "data.csv"
        path.write_bytes(text.encode(encoding))
        return read_panel(path, ReadOptions(**options))

    return write_and_read


def following(panel):
    one = panel.series[0]
    return panel.calendar_of(one).label(one.first, len(one.values))


def table(header, rows):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def test_months_of_financial_years_have_the_calendar_year(read):
    rows = [(f"{2018 + i // 12}-{19 + i // 12}", MONTHS[(i + 3) % 12], 100 + i) for i in range(60)]
    for turned in (rows, rows[::-1]):
        panel = read(table("Financial Year,Month,Tonnes", turned))
        assert panel.frequency.name == "monthly"
        assert following(panel) == "2023 April"
        assert panel.series[0].values[-1] == 159


def test_totals_of_financial_years_are_left_out(read):
    rows = [(f"{2018 + i // 12}-{19 + i // 12}", MONTHS[(i + 3) % 12], 100 + i) for i in range(60)]
    rows = [row for i, row in enumerate(rows) for row in ([row, (row[0], "Total", 9999)] if i % 12 == 11 else [row])]
    panel = read(table("Year,Month,Tonnes", rows))
    assert following(panel) == "2023 April"
    assert len(panel.series[0].values) == 60


def test_months_of_financial_years_in_calendar_order_are_an_error(read):
    rows = [(f"{2018 + i // 12}-{19 + i // 12}", MONTHS[i % 12], 100 + i) for i in range(60)]
    with pytest.raises(DataError, match="which month '2018-19' begins with"):
        read(table("Financial Year,Month,Tonnes", rows))


def test_month_names_in_a_column_of_any_name(read):
    rows = [(2019 + i // 12, f"MON{i % 12 + 1:02d}", MONTHS[i % 12], 100 + i) for i in range(48)]
    panel = read(table("Time,2_code,2_label,INDEX__2020=100", rows))
    assert panel.frequency.name == "monthly"
    assert len(panel.series) == 1
    assert following(panel) == "2023 January"


def test_years_and_months_behind_a_station_without_a_header(read):
    rows = [(353250, "HILL", 2019 + i // 12, f"{i % 12 + 1:02d}", 5.5 + i % 12) for i in range(48)]
    panel = read("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows))
    assert panel.frequency.name == "monthly"
    assert following(panel) == "2023-01"


@pytest.mark.parametrize(("name", "write"), [("HE", "HE{:02d}"), ("HH", "{}"), ("Godz.", "{}")])
def test_hours_from_1_to_24(read, name, write):
    times = [datetime(2023, 1, 1) + timedelta(hours=i) for i in range(240)]
    rows = [(f"{time:%d/%m/%Y}", write.format(time.hour + 1), 500 + time.hour) for time in times]
    panel = read(table(f"date,{name},MW", rows))
    assert panel.frequency.name == "hourly"
    assert len(panel.series[0].values) == 240


def test_the_hour_that_comes_twice_may_have_a_letter(read):
    rows = []
    for day in range(20, 40):
        hours = ["1", "2", "2A", *map(str, range(3, 25))] if day == 29 else list(map(str, range(1, 25)))
        rows += [(date(2023, 10, 1) + timedelta(days=day - 1), hour, 500 + len(hour)) for hour in hours]
    panel = read(table("Date,Hour,MW", rows))
    assert panel.frequency.name == "hourly"
    assert any("clock was put back" in note for note in panel.notes)


@pytest.mark.parametrize("write", ["{:02d} - {:02d}", "{}"])
def test_hours_down_and_days_across(read, write):
    days = [f"{date(2023, 1, 1) + timedelta(days=i):%d-%m-%Y}" for i in range(20)]
    rows = [(write.format(hour, (hour + 1) % 24), *(hour + 100 * day for day in range(20))) for hour in range(24)]
    panel = read(table(",".join(["Hours", *days]), rows))
    assert panel.frequency.name == "hourly"
    assert len(panel.series) == 1
    assert panel.series[0].values[:25].tolist() == [*range(24), 100]
    assert following(panel)[:10] == "21-01-2023"


@pytest.mark.parametrize("write", ["{:02d}", "{}", "KW {}"])
def test_weeks_down_and_years_across(read, write):
    rows = [(write.format(week), 100 + week, 200 + week if week < 53 else "", "") for week in range(1, 54)]
    rows = [(*row[:3], 300 + week if week < 20 else "") for week, row in enumerate(rows, 1)]
    panel = read(table("Week,2020,2021,2022", rows))
    assert panel.frequency.name == "weekly"
    assert len(panel.series) == 1
    assert following(panel) == "2022-W20"
    assert panel.series[0].values[52:54].tolist() == [153, 201]


def test_a_record_above_that_is_narrower_than_the_data_is_no_header(read):
    rows = [(300, f"202301{day:02d}", *(0.5 + step / 10 for step in range(24)), "A") for day in range(1, 29)]
    with pytest.raises(DataError, match="has 27 cells where the header has 5"):
        read(table("100,METER,2023,X,Y\n200,6001,E1,KWH,30", rows))


def test_the_largest_numbers_of_two_bytes_are_missing_values(read):
    rows = [(date(2022, 1, 1) + timedelta(days=i), 32766 if i in (9, 40) else 100 + i % 7) for i in range(90)]
    panel = read(table("day,rain", rows))
    assert any("32766" in note and "missing" in note for note in panel.notes)


def test_few_words_in_hangul_are_not_taken_for_thai_or_chinese(read):
    hours = ",".join(f"{hour}시" for hour in range(1, 25))
    rows = [(date(2023, 1, 1) + timedelta(days=i), *(60 + hour for hour in range(24))) for i in range(20)]
    assert read(table(f"날짜,{hours}", rows), encoding="cp949").frequency.name == "hourly"
    rows = [(f"2022. {i % 12 + 1:02d}".replace("2022", str(2020 + i // 12)), 60 + i) for i in range(40)]
    assert read(table("시점,취업자 (천명)", rows), encoding="cp949").target_name == "취업자 (천명)"
    assert read(table("日期,价格", rows), encoding="gb18030").target_name == "价格"


MONTHLY = [(f"{name[:3]} {year}", 500 + 5 * place) for year in (2020, 2021, 2022) for place, name in enumerate(MONTHS)]


def test_zeros_at_the_end_that_may_be_times_to_come_are_said(read):
    rows = [(time, value if place < 30 else 0) for place, (time, value) in enumerate(MONTHLY)]
    assert any("the last 6 values are zero" in note for note in read(table("month,units", rows)).notes)
    rows[3] = (rows[3][0], 0)
    assert not any("are zero" in note for note in read(table("month,units", rows)).notes)


def test_weeks_that_go_on_in_another_year_are_an_error(read):
    rows = [(f"W{week}", 100 + week) for week in [*range(30, 53), *range(1, 27)]]
    with pytest.raises(DataError, match="'W1' comes after 'W52': does another year begin"):
        read(table("Week,Hours", rows))


def test_days_of_months_without_a_sign_are_no_early_years(read):
    rows = [(f"15{month:02d}", 1000 + month, 50 + month) for month in range(1, 13)]
    panel = read(table("Belegdatum,Belegfeld,Umsatz", rows))
    assert panel.frequency.name == "monthly"
    assert following(panel) == "1501"


def test_the_stars_of_totals_are_no_times(read):
    panel = read(table("date|amount", [(f"{time}|{value}",) for time, value in MONTHLY]) + "*|9999\n")
    assert len(panel.series[0].values) == 36


def test_columns_of_bonds_are_no_times_and_none_is_preferred(read):
    rows = [(date(2023, 1, 2) + timedelta(days=i), 4.1 + i % 9 / 100, 4.3 + i % 5 / 100) for i in range(60)]
    assert len(read(table("Date,1 Mo,10 Yr", rows)).series) == 2


def test_cells_that_spreadsheets_take_for_formulas(read):
    rows = [(f'{date(2023, 1, 1) + timedelta(days=i)};="0054";{10 + i % 7},5',) for i in range(60)]
    assert read(table("date;meter;volume", rows)).series[0].values[0] == 10.5


def test_json_with_objects_in_its_rows_or_columns_beside_what_says_of_them(read):
    rows = [f'{{"ts": "2023-01-{i + 1:02d}", "load": {{"temp": {20 + i % 3}.5}}}}' for i in range(28)]
    assert read("\n".join(rows)).target_name == "load.temp"
    days = ",".join(f'"2023-01-{i + 1:02d}"' for i in range(28))
    values = ",".join(str(20 + i) for i in range(28))
    text = f'{{"units": {{"time": "iso", "temp": "C"}}, "hourly": {{"time": [{days}], "temp": [{values}]}}}}'
    assert read(text).series[0].values[-1] == 47


def test_times_and_several_columns_of_names_that_are_given_once(read):
    days = [date(2023, 1, 1) + timedelta(days=i) for i in range(40)]
    shifts = [("" if place else day, shift, 90 + place) for day in days for place, shift in enumerate("EFN")]
    panel = read(table("Date,Shift,Output", shifts))
    assert len(panel.series) == 3
    assert {len(one.values) for one in panel.series} == {40}
    months = [f"2021-{month:02d}" for month in range(1, 13)]
    names = [("N", "A"), ("", "B"), ("S", "A"), ("", "B")]
    rows = [
        (region * (not k), product * (not k), measure, *(100 * k + month for month in range(12)))
        for region, product in names
        for k, measure in enumerate(("Units", "Revenue"))
    ]
    panel = read(table(",".join(["Region", "Product", "Measure", *months]), rows))
    assert len(panel.series) == 8


def test_the_year_beside_the_first_month_only(read):
    rows = [(f"{2018 + i // 12}年 1月" if i % 12 == 0 else f"　　　{i % 12 + 1}月", 12000 + i) for i in range(48)]
    panel = read(table("年月,消費支出", rows))
    assert panel.frequency.name == "monthly"
    assert following(panel) == "2022年 1月"


def test_quarters_between_months_are_totals(read):
    rows = []
    for place, (time, value) in enumerate(MONTHLY):
        rows.append((time, value))
        rows += [(f"Q{place % 12 // 3 + 1} {time[-4:]}", 1500)] if place % 3 == 2 else []
    panel = read(table("Month,Sales", rows))
    assert len(panel.series[0].values) == 36
    assert following(panel) == "Jan 2023"


def test_totals_between_months_that_stand_across(read):
    names = [name for i, (time, _) in enumerate(MONTHLY) for name in [time, f"YTD {time[-4:]}"][: 1 + (i % 12 == 11)]]
    rows = [(product, *(9999 if "YTD" in name else 100 + at for at, name in enumerate(names))) for product in "AB"]
    panel = read(table(",".join(["Product", *names]), rows))
    assert len(panel.series) == 2
    assert len(panel.series[0].values) == 36


def test_the_first_column_may_be_named_in_the_row_of_merged_names(read):
    rows = [(f"{time}", value, 2 * value, 3 * value, 4 * value) for time, value in MONTHLY]
    panel = read(table("Month,North,,South,\n,Units,Revenue,Units,Revenue", rows))
    assert panel.time_name == "Month"
    assert panel.target_name == "North Revenue"


def test_half_hours_in_a_table_of_quarters(read):
    times = [datetime(2023, 1, 1) + timedelta(minutes=15 * i) for i in range(400)]
    panel = read(table("time,load", [(time, time.hour + 50 if time.minute % 30 == 0 else "") for time in times]))
    assert panel.frequency.name == "every 30 minutes"
    assert any(":15 and :45" in note for note in panel.notes)


def test_the_year_in_the_corner_above_days_and_months(read):
    days = {1: 31, 2: 28, 3: 31, 4: 30}
    rows = [(day, *(100 * month + day if day <= days[month] else "" for month in days)) for day in range(1, 32)]
    panel = read(table("2023,Jan,Feb,Mar,Apr", rows))
    assert panel.frequency.name == "daily"
    assert len(panel.series[0].values) == 120


def test_quarters_in_words_are_no_series(read):
    rows = [(2010 + i // 4, ("First", "Second", "Third", "Fourth")[i % 4], 100 + i) for i in range(48)]
    with pytest.raises(DataError, match="'First' is no part of a year"):
        read(table("Year,Quarter,Value", rows))
    assert len(read(table("Year,Quarter,Value", rows), series=("Quarter",)).series) == 4


def test_articles_by_their_bar_codes(read):
    rows = [
        (f"400123456789{k}", date(2023, 1, 1) + timedelta(days=i), 10 + k + i % 7) for k in (1, 2) for i in range(60)
    ]
    assert len(read(table("ean,Datum,Absatz", rows)).series) == 2


def test_few_words_in_cyrillic_are_not_taken_for_thai(read):
    rows = [(date(2023, 1, 1) + timedelta(days=i), 100 + i % 7) for i in range(60)]
    assert read(table("Дата,Сумма", rows), encoding="windows-1251").target_name == "Сумма"


def test_months_do_not_tell_which_sign_is_that_of_decimals(read):
    rows = [f"{i % 12 + 1:02d}.{2020 + i // 12};1.{176 + i};5.{292 + i},5" for i in range(40)]
    panel = read("\n".join(["Monat;Menge;Umsatz", *rows]), target="Menge")
    assert panel.series[0].values[0] == 1176


def test_only_the_first_of_a_month_may_be_an_ordinal(read):
    days = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
    rows = []
    for place in range(59):
        day = date(2023, 1, 1) + timedelta(days=place)
        number = "1er" if day.day == 1 else day.day
        rows.append((f"{days[day.weekday()]} {number} {('janvier', 'février')[day.month - 1]} 2023", 100 + place % 7))
    assert read(table("Date,Visites", rows)).frequency.name == "daily"


def test_this_year_is_forecast_rather_than_the_last(read):
    rows = [(time, 60 + place % 5, 50 + place % 7) for place, (time, _) in enumerate(MONTHLY)]
    assert "Last Year" not in read(table("Month,This Year,Last Year", rows)).target_name
