"""Tables as people lay them out: which rows and columns are what."""

import gzip
import json
import zipfile
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from seqcli.errors import DataError
from seqcli.series.panel import ReadOptions, read_panel

MONTHS = [f"{2017 + i // 12}-{i % 12 + 1:02d}-01" for i in range(40)]
VALUES = [100 + 3 * i + i % 12 * 5 for i in range(40)]
DAYS = [date(2022, 1, 3) + timedelta(days=i) for i in range(120)]
NAMES = "Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec"
BODY = "".join(f"{month},{value}\n" for month, value in zip(MONTHS, VALUES, strict=True))


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, **options):
        path = tmp_path / "data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_panel(path, ReadOptions(**options))

    return write_and_read


def following(panel, index=0):
    one = panel.series[index]
    return panel.calendar.label(one.first, len(one.values))


SAME = {  # the same monthly series of 40 values
    "separator told": "sep=;\ndate;y\n" + BODY.replace(",", ";"),
    "comments": "# made by a tool\n# units: EUR\ndate,y\n" + BODY,
    "commented header": "# a comment\n#date,y\n" + BODY,
    "titles": "Monthly sales report,\nUnits: EUR,\n,\ndate,y\n" + BODY,
    "notes below": "date,y\n" + BODY + "\nSource: Office of statistics\n* provisional\n",
    "totals": "date,y\n" + BODY + "Total,9999\nAverage,250\n",
    "no header": BODY,
    "row numbers of R": '"","date","y"\n' + "".join(f'"{i + 1}",{line}\n' for i, line in enumerate(BODY.split())),
    "row numbers of pandas": ",date,y\n" + "".join(f"{i},{line}\n" for i, line in enumerate(BODY.split())),
    "index of pandas": ",y\n" + BODY,
    "three header rows": "Price,Close\nTicker,XYZ\nDate,\n" + BODY,
    "units below": "date,load\n,MW\n" + BODY,
    "separators at the ends": "date,y,\n" + BODY.replace("\n", ",\n"),
    "short rows": "date,y,note\n" + BODY,
    "blank lines": "date,y\n" + BODY.replace("\n", "\n\n"),
    "blank first column": ",,\n,date,y\n" + "".join(f",{line}\n" for line in BODY.split()),
    "blanks between": "date      value\n" + BODY.replace(",", "   "),
    "bars": "| date | y |\n|---|---|\n" + "".join("| {} | {} |\n".format(*line.split(",")) for line in BODY.split()),
    "bars and alignment": "# Sales\n\n| date | y |\n|:-----|--:|\n"
    + "".join("| {} | {} |\n".format(*line.split(",")) for line in BODY.split()),
    "a place above": "latitude,longitude,elevation,zone,code\n52.52,13.42,38.0,Europe/Berlin,CET\n\ndate,y\n" + BODY,
    "when it was made": '"",DE1,DE1_FLAG\nunit,EUR,\nmade at,10.04.2024 16:00:05,\n' + BODY.replace("\n", ",\n"),
    "split by pandas": json.dumps({"columns": ["y"], "index": MONTHS, "data": [[value] for value in VALUES]}),
    "a total below the header": "date,y\n,9999\n" + BODY,
    "all quoted": '"date","y"\n' + "".join('"{}","{}"\n'.format(*line.split(",")) for line in BODY.split()),
    "carriage returns": "date,y\r" + BODY.replace("\n", "\r"),
    "UTF-16": ("date,y\n" + BODY).encode("utf-16"),
    "latin-1": ("date;Größe\n" + BODY.replace(",", ";")).encode("latin-1"),
    "gzip": gzip.compress(("date,y\n" + BODY).encode()),
    "one row of times": "date," + ",".join(MONTHS) + "\nsales," + ",".join(map(str, VALUES)) + "\n",
    "a row twice": "date,y\n" + BODY + f"{MONTHS[-1]},{VALUES[-1]}\n",
    "header again": "date,y\n" + BODY[:200].rsplit("\n", 1)[0] + "\ndate,y\n" + BODY[BODY[:200].rindex("\n") + 1 :],
    "subtotals": "month,y\n"
    + "".join(f"{m},{v}\n" + f"Total {m[:4]},1\n" * m.endswith("12-01") for m, v in zip(MONTHS, VALUES, strict=True)),
    "maximum and minimum": "date,y\n" + BODY + f"Max,{max(VALUES)}\nMin,{min(VALUES)}\nStd,3.3\n",
    "numbered notes": "date,y\n" + BODY + "\nNotes:\n1) revised\n2) estimated\n",
    "JSON": json.dumps([{"date": m, "y": v} for m, v in zip(MONTHS, VALUES, strict=True)]),
    "JSON lines": "".join(json.dumps({"date": m, "y": v}) + "\n" for m, v in zip(MONTHS, VALUES, strict=True)),
    "JSON columns": json.dumps({"date": MONTHS, "y": VALUES}),
    "JSON by time, beside other things": json.dumps(
        {"meta": {"of": "us"}, "series": {m: {"y": v} for m, v in zip(MONTHS, VALUES, strict=True)}}
    ),
    "lines in quotes": "".join(f'"{line}"\n' for line in ("date,y\n" + BODY).splitlines()),
    "JSON by time": json.dumps(dict(zip(MONTHS, VALUES, strict=True))),
    "JSON within": json.dumps({"ok": True, "data": [{"date": m, "y": v} for m, v in zip(MONTHS, VALUES, strict=True)]}),
    "shuffled row numbers": "id,date,index\n"
    + "".join(f"{7 * i % 40 + 1},{line}\n" for i, line in enumerate(BODY.split())),
    "a unit below a title": "Report\n,date,y\n,,EUR\n" + "".join(f"{i},{x}\n" for i, x in enumerate(BODY.split())),
    "numbers for names below a title": "Report,\ndate,001\n,EUR\n" + BODY,
    "times across below comments": f"# made by\n# 2024-01-01\nsku;{';'.join(MONTHS)}\n"
    f"101;{';'.join(map(str, VALUES))}\n",
    "a column of numbers called #": "#,date,y\n" + "".join(f"{i},{line}\n" for i, line in enumerate(BODY.split())),
    "row numbers called index": "index,date,y\n" + "".join(f"{i},{line}\n" for i, line in enumerate(BODY.split())),
    "row numbers and a unit below": "id,date,y\n,,EUR\n"
    + "".join(f"{i},{line}\n" for i, line in enumerate(BODY.split())),
    "newest first": "date,y\n" + "\n".join(BODY.split()[::-1]) + "\n",
}


@pytest.mark.parametrize("kind", SAME)
def test_one_series_in_any_layout(read, kind):
    panel = read(SAME[kind])
    assert len(panel.series) == 1
    assert panel.frequency.name == "monthly"
    assert panel.series[0].values.tolist() == VALUES
    assert following(panel) == "2020-05-01"


def across(names, rows):
    return names + "\n" + "".join(f"{row}\n" for row in rows)


ACROSS = {
    "months": (
        across(f"Year,{NAMES}", [f"{2000 + y}," + ",".join(str(12 * y + m) for m in range(12)) for y in range(9)]),
        1,
        "monthly",
    ),
    "months and a mean": (
        across(
            f"Year,{NAMES},Annual",
            [f"{2000 + y}," + ",".join(str(12 * y + m) for m in range(12)) + ",0.5" for y in range(9)],
        ),
        1,
        "monthly",
    ),
    "numbers of months": (
        across(
            "Year," + ",".join(map(str, range(1, 13))),
            [f"{2000 + y}," + ",".join(str(12 * y + m) for m in range(12)) for y in range(9)],
        ),
        1,
        "monthly",
    ),
    "quarters": (
        across("Year,Q1,Q2,Q3,Q4", [f"{2000 + y}," + ",".join(str(4 * y + q) for q in range(4)) for y in range(9)]),
        1,
        "quarterly",
    ),
    "hours": (
        across(
            "Date," + ",".join(f"{h:02d}:00" for h in range(24)),
            [f"{DAYS[d]}," + ",".join(str(24 * d + h) for h in range(24)) for d in range(9)],
        ),
        1,
        "hourly",
    ),
    "regions and months": (
        across(
            f"Region,Year,{NAMES}",
            [f"{r},{2000 + y}," + ",".join(str(12 * y + m) for m in range(12)) for r in "AB" for y in range(5)],
        ),
        2,
        "monthly",
    ),
    "years": (
        across(
            "Country,Code," + ",".join(str(1990 + y) for y in range(30)),
            ["Albania,ALB," + ",".join(map(str, range(30))), "Belgium,BEL," + ",".join(map(str, range(30)))],
        ),
        2,
        "yearly",
    ),
    "days": (
        across(
            "Province,Country,Lat,Long," + ",".join(f"{d.month}/{d.day}/{d.year % 100}" for d in DAYS),
            [
                ",Albania,41.1,20.2," + ",".join(map(str, range(120))),
                "Hubei,China,30.9,112.2," + ",".join(map(str, range(120))),
            ],
        ),
        2,
        "daily",
    ),
}


WEEKDAYS = "Mon,Tue,Wed,Thu,Fri,Sat,Sun"
MONDAYS = [DAYS[7 * i] for i in range(16)]


def counted(width, leads):
    return [f"{lead}," + ",".join(str(width * row + i) for i in range(width)) for row, lead in enumerate(leads)]


ACROSS |= {
    "weekdays": (across(f"week starting,{WEEKDAYS}", counted(7, MONDAYS)), 1, "daily"),
    "weekdays of ISO weeks": (
        across(f"Week,{WEEKDAYS}", counted(7, [f"2022-W{i:02d}" for i in range(1, 20)])),
        1,
        "daily",
    ),
    "weekdays of year and week": (
        across(f"Year,Week,{WEEKDAYS}", counted(7, [f"2022,{i}" for i in range(1, 20)])),
        1,
        "daily",
    ),
    "weekdays from Sunday": (
        across("week,Sun,Mon,Tue,Wed,Thu,Fri,Sat", counted(7, [d - timedelta(1) for d in MONDAYS])),
        1,
        "daily",
    ),
    "weekdays before the end": (
        across(f"week,{WEEKDAYS}", counted(7, [d + timedelta(6) for d in MONDAYS])),
        1,
        "daily",
    ),
    "open weekdays": (across("Woche ab,Mo,Di,Mi,Do,Fr", counted(5, MONDAYS)), 1, "business days"),
    "months of financial years": (
        across(
            "FY,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec,Jan,Feb,Mar",
            counted(12, [f"{2015 + y}-{16 + y}" for y in range(8)]),
        ),
        1,
        "monthly",
    ),
    "days down": (
        across(
            "Day,2022-01,2022-02,2022-03",
            [
                f"{d},"
                + ",".join(
                    str((date(2022, m, 1) - date(2022, 1, 1)).days + d - 1) if d <= (31, 28, 31)[m - 1] else ""
                    for m in (1, 2, 3)
                )
                for d in range(1, 32)
            ],
        ),
        1,
        "daily",
    ),
    "hours down": (
        across(
            "hour," + ",".join(map(str, DAYS[:9])),
            [f"{h:02d}:00," + ",".join(str(24 * d + h) for d in range(9)) for h in range(24)],
        ),
        1,
        "hourly",
    ),
    "flags beside": (
        across(
            "item," + ",".join(f"Y{1990 + y},Y{1990 + y}F" for y in range(10)),
            ["wheat," + ",".join(f"{y},A" for y in range(10))],
        ),
        1,
        "yearly",
    ),
    "few numbered columns": (
        across(",".join(f"V{i}" for i in range(1, 8)), [f"M{s}," + ",".join(map(str, range(6))) for s in (1, 2, 3)]),
        3,
        "numbered steps",
    ),
    "titles above years": (
        across("Table 1,,,,\nUnits: EUR,,,,\nshop,code,2020,2021,2022", ["S-1,AB,0,1,2", "S-2,AC,0,1,2"]),
        2,
        "yearly",
    ),
    "numbered columns beside several names": (
        across(
            "id,item,dept,cat,store,state," + ",".join(f"d_{i}" for i in range(1, 31)),
            [f"i{s},x{s},d,c,CA_1,CA," + ",".join(map(str, range(30))) for s in (1, 2, 3)],
        ),
        3,
        "numbered steps",
    ),
    "halves of years": (across("Year,H1,H2", [f"{2000 + y},{2 * y},{2 * y + 1}" for y in range(15)]), 1, "half-yearly"),
    "months of two years": (
        across("Month,2018,2019", [f"{m},{i},{12 + i}" for i, m in enumerate(NAMES.split(","))]),
        1,
        "monthly",
    ),
    "days of months": (
        across(
            "Month," + ",".join(map(str, range(1, 32))),
            [
                f"2022-{m:02d},"
                + ",".join(
                    str((date(2022, m, d) - date(2022, 1, 1)).days) if d <= (31, 28, 31, 30)[m - 1] else ""
                    for d in range(1, 32)
                )
                for m in range(1, 5)
            ],
        ),
        1,
        "daily",
    ),
    "units that are weekdays elsewhere": (
        across(
            "item,unit," + ",".join(f"{m}-15" for m in NAMES.split(",")),
            [f"{s},kt," + ",".join(map(str, range(12))) for s in "AB"],
        ),
        2,
        "monthly",
    ),
    "months with a point": (
        across(
            "item," + ",".join(f"{2015 + i // 12}.{i % 12 + 1:02d}" for i in range(36)),
            [f"{s}," + ",".join(map(str, range(36))) for s in "ABC"],
        ),
        3,
        "monthly",
    ),
    "numbered columns": (
        across(",".join(f"V{i}" for i in range(1, 22)), [f"Y{s}," + ",".join(map(str, range(20))) for s in (1, 2, 3)]),
        3,
        "numbered steps",
    ),
}


@pytest.mark.parametrize("kind", ACROSS)
def test_times_across_the_columns_are_times(read, kind):
    text, count, frequency = ACROSS[kind]
    panel = read(text)
    assert (len(panel.series), panel.frequency.name) == (count, frequency)
    for one in panel.series:
        np.testing.assert_array_equal(one.values, np.arange(len(one.values)))
    assert any("across" in note for note in panel.notes)


PARTS = {
    "date and clock": (
        "Date;Time;CO",
        [f"{1 + i // 24:02d}/01/2022;{i % 24:02d}.00.00;{i},5" for i in range(200)],
        "hourly",
    ),
    "date and hour": ("date,hour,load", [f"2022-01-{1 + i // 24:02d},{i % 24},{i}" for i in range(200)], "hourly"),
    "hours that end": (
        "Date,Hour Ending,MW",
        [f"01/{1 + i // 24:02d}/2022,{i % 24 + 1},{i}" for i in range(200)],
        "hourly",
    ),
    "clock with seconds as a number": (
        "<TICKER>,<DATE>,<TIME>,<CLOSE>",
        [f"X,202201{1 + i // 24:02d},{i % 24:02d}0000,{i}" for i in range(200)],
        "hourly",
    ),
    "clock as a number": (
        "date,time,v",
        [f"2022-01-{1 + i // 48:02d},{i // 2 % 24 * 100 + 30 * (i % 2)},{i}" for i in range(200)],
        "every 30 minutes",
    ),
    "year, month, day": (
        "year,month,day,temp",
        [f"{d.year},{d.month},{d.day},{i}" for i, d in enumerate(DAYS)],
        "daily",
    ),
    "year, month, day, hour": (
        "No,year,month,day,hour,pm",
        [f"{i + 1},2022,1,{1 + i // 24},{i % 24},{i}.5" for i in range(200)],
        "hourly",
    ),
    "year and month": ("year,month,v", [f"{2010 + i // 12},{i % 12 + 1},{i}" for i in range(60)], "monthly"),
    "year and name": (
        "Year,Month,v",
        [f"{2010 + i // 12},{NAMES.split(',')[i % 12]},{i}" for i in range(60)],
        "monthly",
    ),
    "year and quarter": ("Year,Quarter,v", [f"{2010 + i // 4},{i % 4 + 1},{i}" for i in range(60)], "quarterly"),
    "year and week": (
        "year,week,v",
        ["{},{},{}".format(*(date(2019, 1, 7) + timedelta(7 * i)).isocalendar()[:2], i) for i in range(80)],
        "weekly",
    ),
}


PARTS |= {
    "year and half": ("Year,Half,v", [f"{2010 + i // 2},H{i % 2 + 1},{i}" for i in range(30)], "half-yearly"),
    "year and number of a half": (
        "Year,Semester,v",
        [f"{2010 + i // 2},{i % 2 + 1},{i}" for i in range(30)],
        "half-yearly",
    ),
    "ten days of a month": (
        "year,month,dekad,v",
        [f"{2010 + i // 36},{i // 3 % 12 + 1},{i % 3 + 1},{i}" for i in range(80)],
        "three times a month",
    ),
    "year and day of the year": ("year,doy,v", [f"{d:%Y},{d:%j},{i}" for i, d in enumerate(DAYS)], "daily"),
    "short names": ("yr,mo,dy,v", [f"{d.year},{d.month},{d.day},{i}" for i, d in enumerate(DAYS)], "daily"),
    "thirteen periods": (
        "Year,Period,v",
        [f"{2018 + i // 13},{i % 13 + 1},{i}" for i in range(50)],
        "13 periods a year",
    ),
    "periods of a day": (
        "Settlement Date,Settlement Period,MW",
        [f"2022-01-{1 + i // 48:02d},{i % 48 + 1},{i}" for i in range(200)],
        "every 30 minutes",
    ),
    "a year given once": (
        "Year,Month,v",
        [f"{2010 + i // 12 if i % 12 == 0 else ''},{NAMES.split(',')[i % 12]},{i}" for i in range(60)],
        "monthly",
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_times_in_several_columns_are_joined(read, kind):
    header, rows, frequency = PARTS[kind]
    panel = read(header + "\n" + "\n".join(rows) + "\n")
    assert (len(panel.series), panel.frequency.name) == (1, frequency)
    assert np.allclose(np.diff(panel.series[0].values), 1)
    assert len(panel.series[0].values) == len(rows)


def test_a_yearly_mean_among_months_is_left_out_and_said(read):
    rows = [f"LNS1,{2010 + i // 13},M{i % 13 + 1:02d},{i}" for i in range(65)]
    panel = read("Series ID,Year,Period,Value\n" + "\n".join(rows) + "\n")
    assert len(panel.series[0].values) == 60
    assert any("M13" in note for note in panel.notes)


@pytest.mark.parametrize(
    ("header", "row", "target"),
    [
        ("Store,Date,Weekly_Sales,Holiday_Flag,Temperature,CPI", "1,{day},{i},0,50.5,211.5", "Weekly_Sales"),
        ("date,year,price", "{day},2022,{i}", "price"),
        ("date,cases,population", "{day},{i},1000000", "cases"),
        ("Time,Day-ahead Total Load Forecast [MW],Actual Total Load [MW]", "{day},{i},{i}", "Actual Total Load [MW]"),
        ("Date,Open,High,Low,Close,Volume", "{day},{i},{i},{i},{i},{i}000", "Close"),
        ("overtime,Latimer,date,value", "3,5,{day},{i}", "value"),
        ("date,open,sales", "{day},1,{i}", "sales"),
        ("date,id,store_nbr,sales", "{day},{i},1,{i}5", "sales"),
        ("Longitude (x),Latitude (y),Date,Max Temp (°C)", "-79.4,43.67,{day},{i}.5", "Max Temp (°C)"),
        ("date,semester,speed", "{day},1,{i}", "speed"),
        ("date,index,yoy %,mom %", "{day},{i}.5,2.{i},0.{i}", "index"),
        ("Name,Paid at,Total", "#10{i:02d},{day} 09:00:11 -0500,{i}.50", "Total"),
        ("dateRep,day,month,year,cases,deaths", "{day},{i},1,2022,{i},3", "cases"),
    ],
)
def test_the_likeliest_column_is_forecast(read, header, row, target):
    panel = read(header + "\n" + "".join(row.format(day=day, i=i + 7) + "\n" for i, day in enumerate(DAYS[:60])))
    assert panel.target_name == target
    assert len(panel.series) == 1
    assert len(panel.series[0].values) == 60


def test_columns_that_are_left_out_beside_several_are_said(read):
    panel = read("date,speed,power\n" + "".join(f"{day},{i * 7 % 60},{i}\n" for i, day in enumerate(DAYS[:60])))
    assert len(panel.series) == 2
    rows = [f"{day},{i * 7 % 60},{i}.5,{i}.5\n" for i, day in enumerate(DAYS)]
    panel = read("date,speed,humidity,power\n" + "".join(rows))
    assert any("left out: humidity" in note for note in panel.notes)


def test_blanks_around_names_make_no_series(read):
    panel = read(
        "date,shop,y\n" + "".join(f"{day},{s}{' ' * (i % 3)},{i}\n" for i, day in enumerate(DAYS) for s in "AB")
    )
    assert [one.key for one in panel.series] == [("A",), ("B",)]
    assert [len(one.values) for one in panel.series] == [120, 120]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ('"CubeId","dev"\n"PublishingDate","2024-01-18 09:00"\n\n', ""),
        ("Unit,$ Millions\nSeries Start,Jan-2015\nNo. Obs,40\n", ""),
        ("", "Comment,end of month\nTable information:,\nUnits:,\n"),
    ],
)
def test_what_is_said_of_columns_above_and_below_is_left_out(read, above, below):
    panel = read(f"{above}date,y\n{BODY}{below}")
    assert panel.series[0].values.tolist() == VALUES
    assert panel.target_name.split()[-1] == "y"


def test_months_in_the_order_of_the_alphabet_are_those_of_one_year(read):
    panel = read(
        "month,y\n" + "".join(f"{name},{i}\n" for name, i in sorted(zip(NAMES.split(","), range(12), strict=True)))
    )
    assert panel.series[0].values.tolist() == list(range(12))


def test_titles_that_are_wider_than_the_table_name_no_columns(read):
    text = '"TOA5","CR1","CR2","1","OS"\n"TIMESTAMP","RECORD","Air"\n"TS","RN","Deg C"\n"","","Avg"\n'
    panel = read(text + "".join(f"{day},{i},{i}.5\n" for i, day in enumerate(DAYS)))
    assert "Air" in panel.target_name


def test_a_row_of_values_below_the_header_is_no_header(read):
    with pytest.raises(DataError, match=r"line 2, column date: 'Opening balance' is not a time"):
        read("date,balance\nOpening balance,900\n" + BODY)


def test_amounts_are_no_months(read):
    text = "".join(f"{i % 11 + 1},{i % 12 + 1:02d};{1990 + i}\n" for i in range(30))
    panel = read("Umsatz;timestamp\n" + text)
    assert panel.time_name == "timestamp"
    assert panel.series[0].values[:2].tolist() == [1.01, 2.02]


def test_row_numbers_beside_months_across_are_no_series(read):
    rows = [f"{s},{'AB'[s // 4]},{2000 + s % 4}," + ",".join(str(12 * s + m) for m in range(12)) for s in range(8)]
    panel = read(f",shop,Year,{NAMES}\n" + "\n".join(rows) + "\n")
    assert [one.key for one in panel.series] == [("A",), ("B",)]
    assert panel.series[0].values.tolist() == list(range(48))


def test_row_ids_are_no_series(read):
    rows = [
        f"{n},{day},{store},{family},{n % 7}"
        for n, (day, store, family) in enumerate(
            (d, s, f) for d in DAYS[:20] for s in (1, 2) for f in ("BREAD", "MILK")
        )
    ]
    panel = read("id,date,store_nbr,family,sales\n" + "\n".join(rows) + "\n")
    assert len(panel.series) == 4


def test_names_given_once_for_several_rows_are_filled_down(read):
    rows = [f"{'ABC'[n] if i == 0 else ''},{day},{i}" for n in range(3) for i, day in enumerate(DAYS[:30])]
    panel = read("store,date,sales\n" + "\n".join(rows) + "\n")
    assert [one.key for one in panel.series] == [("A",), ("B",), ("C",)]


def test_the_newest_issue_of_each_time_is_taken(read):
    rows = [f"2022-0{issue}-01,{day},{issue * 100 + i}" for issue in (1, 2) for i, day in enumerate(DAYS[:30])]
    panel = read("issue_date,date,cases\n" + "\n".join(rows) + "\n")
    assert len(panel.series) == 1
    assert panel.series[0].values[0] == 200


def test_the_newest_of_several_vintages_is_taken(read):
    rows = [
        f"{month},{vintage},{value + vintage[-1:].count('9')}\n"
        for month, value in zip(MONTHS, VALUES, strict=True)
        for vintage in ("2021-04-28", "2021-07-29")
    ]
    panel = read("date,vintage,gdp\n" + "".join(rows))
    assert panel.series[0].values.tolist() == [value + 1 for value in VALUES]
    assert any("newest by 'vintage'" in note for note in panel.notes)


@pytest.mark.parametrize("newest_first", [False, True])
def test_changes_are_forecast_rather_than_their_running_total(read, newest_first):
    new = [37 * i % 91 + 5 for i in range(120)]
    rows = [f"{day},{sum(new[: i + 1])},{new[i]},83\n" for i, day in enumerate(DAYS)]
    panel = read("date,total_cases,new_cases,population\n" + "".join(rows[::-1] if newest_first else rows))
    assert panel.target_name == "new_cases"
    assert any("'total_cases' is its running total" in note for note in panel.notes)
    assert read("date,total_cases,new_cases\n" + "".join(rows), target="total_cases").target_name == "total_cases"


@pytest.mark.parametrize("name", ["FY 2018-19", "2018/19", "FY19", "2018"])
def test_sums_of_years_among_months_are_left_out(read, name):
    rows = ""
    for year in range(4):
        rows += "".join(f"{2018 + year}-{m:02d},{100 + m + 3 * year}\n" for m in range(1, 13))
        label = name.replace("19", str(19 + year)).replace("2018", str(2018 + year))
        rows += f"{label},{sum(100 + m + 3 * year for m in range(1, 13))}\n"
    panel = read("month,index\n" + rows)
    assert len(panel.series[0].values) == 48
    assert max(panel.series[0].values) == 121
    with pytest.raises(DataError, match="is not a time like"):
        read("month,index\n" + rows.replace(",1278", ",1300"))


def test_a_second_table_is_named_by_its_line(read):
    with pytest.raises(DataError, match="line 43") as caught:
        read("date,y\n" + BODY + "\ndate,temperature\n" + BODY)
    assert "second table" in str(caught.value.hint)


@pytest.mark.parametrize("width", [8, 10, 12])
def test_few_numbered_columns_beside_names_are_times(read, width):
    rows = [f'"Y{s}",' + ",".join(str(1000 + 50 * s + i) for i in range(width - 1)) for s in range(12)]
    panel = read(",".join(f'"V{i + 1}"' for i in range(width)) + "\n" + "\n".join(rows) + "\n")
    assert len(panel.series) == 12
    assert panel.series[1].values.tolist() == [1050 + i for i in range(width - 1)]


def test_two_equal_sales_of_a_day_may_be_two_sales(read):
    rows = [f"{day},{i % 3 + 1}\n" for i, day in enumerate(DAYS)]
    rows.insert(40, rows[40])
    with pytest.raises(DataError, match="a second value"):
        read("date,qty\n" + "".join(rows))
    assert len(read("date,reading\n" + "".join(rows)).series[0].values) == 120
    assert read("date,qty\n" + "".join(rows), duplicates="sum").series[0].values[40] == 4


def test_nothing_vanishes_unsaid(read):
    rows = [f"{day},A,{i}\n{day},B,\n" for i, day in enumerate(DAYS[:30])]
    panel = read("date,sku,v\n" + "".join(rows))
    assert [one.key for one in panel.series] == [("A",)]
    assert any("without values" in note and "B" in note for note in panel.notes)


def test_words_that_come_again_are_missing_and_said(read):
    rows = [f"{day},{'Closed' if day.weekday() == 6 else i}" for i, day in enumerate(DAYS)]
    panel = read("date,visitors\n" + "\n".join(rows) + "\n")
    assert any("'Closed'" in note for note in panel.notes)
    assert any("Sunday" in note for note in panel.notes)
    assert panel.frequency.name == "daily, Monday to Saturday"
    assert not np.isnan(panel.series[0].values).any()


def test_a_number_that_can_be_read_two_ways_asks(read):
    with pytest.raises(DataError, match="two ways") as caught:
        read(
            "date;price\n"
            + "".join(f"{month};{value % 9 + 1}.{value}\n" for month, value in zip(MONTHS, VALUES, strict=True))
        )
    assert "--decimal" in caught.value.hint


def test_a_zip_file_and_a_workbook(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("x.csv", "date,y\n" + BODY)
    assert read_panel(tmp_path / "x.zip").series[0].values.tolist() == VALUES
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    book = openpyxl.Workbook()
    book.active.title = "About"
    for line in ("Sales of our shops", "Made by the office", "2020", "All rights reserved"):
        book.active.append([line])
    sheet = book.create_sheet("Data")
    sheet.append(["month", "sales"])
    for month, value in zip(MONTHS, VALUES, strict=True):
        sheet.append([datetime.fromisoformat(month), value])
    hours = book.create_sheet("Hours")
    for hour in range(50):
        hours.append([datetime(2022, 1, 1) + timedelta(hours=hour), hour])
    book.save(tmp_path / "x.xlsx")
    assert read_panel(tmp_path / "x.xlsx", ReadOptions(sheet="Hours")).frequency.name == "hourly"
    panel = read_panel(tmp_path / "x.xlsx")
    assert panel.series[0].values.tolist() == VALUES
    assert following(panel) == "2020-05-01"
    assert any("'Data'" in note for note in panel.notes)


def test_a_data_frame_is_read_as_a_file_is():
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.to_datetime(MONTHS), "y": VALUES})
    panel = read_panel(frame)
    assert (panel.time_name, panel.target_name, panel.key_names) == ("ds", "y", ("unique_id",))
    assert panel.series[0].values.tolist() == VALUES
    assert following(panel) == "2020-05-01"
    indexed = read_panel(frame.set_index("ds")["y"])
    assert indexed.series[0].values.tolist() == VALUES
    hourly = pd.Series(range(100), index=pd.date_range("2022-01-01", periods=100, freq="h", tz="UTC"))
    assert read_panel(hourly).frequency.name == "hourly"
    with pytest.raises(DataError):
        read_panel(frame[:0])
    texts = pd.Series(VALUES, index=MONTHS)
    assert following(read_panel(texts)) == "2020-05-01"
    clocks = pd.Series(range(480), index=pd.date_range("2022-10-25", periods=480, freq="h", tz="Europe/Berlin"))
    assert read_panel(clocks).series[0].values.tolist() == list(range(480))


@pytest.mark.parametrize(
    "text",
    [
        "<html><table><tr><td>1</td></tr></table>",
        '{"a": [1, {"b": 2}]}',
        "{broken",
        "@relation x\n@frequency daily\n@data\nT1:1,2,3\n",
    ],
)
def test_what_is_no_table_is_refused_by_what_it_is(read, text):
    with pytest.raises(DataError, match=r"is (HTML|JSON|no JSON|a \.tsf)"):
        read(text)


def test_weekdays_and_days_that_cannot_be_placed_are_errors(read):
    with pytest.raises(DataError, match="come before or after"):
        read(across("week,Mon,Tue,Wed,Thu,Fri", counted(5, [d + timedelta(5) for d in MONDAYS])))
    with pytest.raises(DataError, match="of which year"):
        read(across(f"Day,{NAMES}", counted(12, range(1, 29))))


def test_whole_numbers_that_tell_rows_apart_name_series(read):
    rows = [f"{2000 + year},{100 * unit + year}.5,{7 * year % 5}.5,{unit}" for unit in (3, 8, 9) for year in range(20)]
    panel = read("year,invest,capital,unit\n" + "\n".join(rows) + "\n")
    assert (panel.key_names, len(panel.series), panel.target_name) == (("unit",), 3, "invest")


def test_names_of_rows_move_no_column(read):
    rows = "".join(f'"{i + 1}",{year},{i * i}\n' for i, year in enumerate(range(1950, 1990)))
    panel = read('"Year","Sales"\n' + rows)
    assert (panel.time_name, panel.frequency.name, panel.target_name) == ("Year", "yearly", "Sales")
    assert panel.series[0].values[3] == 9
    panel = read("Open,Close\n" + "".join(f"{day},{i},{i * i}\n" for i, day in enumerate(DAYS)))
    assert panel.target_name == "Close"
    assert panel.series[0].values[3] == 9


def test_long_columns_of_decimal_years_are_months(read):
    panel = read("time,spots\n" + "".join(f"{1749 + i / 12:.10f},{i % 7}\n" for i in range(3000)))
    assert (panel.time_name, panel.frequency.name, len(panel.series[0].values)) == ("time", "monthly", 3000)


def test_dates_of_two_orders_in_one_column_are_an_error(read):
    times = [f"{d:%m/%d/%Y}" if d.day <= 12 else f"{d:%d/%m/%Y}" for d in DAYS[:60]]
    with pytest.raises(DataError, match="some dates have the day first and others the month"):
        read("date,v\n" + "".join(f"{time},5\n" for time in times))


def test_years_quarters_and_months_in_one_column_are_an_error(read):
    times = [
        *range(2000, 2010),
        *(f"{year} Q{q}" for year in range(2000, 2010) for q in (1, 2, 3, 4)),
        *(f"{year} JAN" for year in range(2000, 2010)),
    ]
    with pytest.raises(DataError, match="looks like a time"):
        read("Title,CPI\n" + "".join(f"{time},5\n" for time in times))


@pytest.mark.parametrize("separator", ["  ", ";", ","])
def test_years_and_months_without_a_header_are_times(read, separator):
    rows = [[2018 + i // 12, i % 12 + 1, 300 + i * i % 7] for i in range(48)]
    panel = read("# monthly means\n" + "".join(separator.join(map(str, row)) + "\n" for row in rows))
    assert (panel.frequency.name, panel.target_name) == ("monthly", "column3")
    assert len(panel.series[0].values) == 48


def test_a_few_days_of_many_series_tell_nothing_of_closed_days(read):
    names = ",".join(map(str, DAYS[2:7]))
    panel = read(f"page,{names}\n" + "".join(f"{name}_en,1,2,3,4,5\n" for name in "abcdefghij"))
    assert panel.frequency.name == "daily"


def numbered(row, count=60):
    return "".join(
        row.format(
            y=2010 + i // 12, m=i % 12 + 1, t=2010 + (i + 0.5) / 12, d=DAYS[i], h=i % 24, D=DAYS[i // 24], v=i * 2
        )
        + "\n"
        for i in range(count)
    )


WITHOUT_A_HEADER = {
    "decimal dates beside": (numbered("{y};{m:02d};{t:.3f};{v};-1.0"), "monthly"),
    "blanks of any width": (numbered(" {y} {m:2d}  {t:.3f}   {v}"), "monthly"),
    "year, month, day, hour": (numbered("{D:%Y %m %d} {h:02d} 00 {v}"), "hourly"),
    "whole numbers that are all different": (numbered("{d},{v}"), "daily"),
    "twelve months across": (
        "".join(f"{2010 + y} " + " ".join(f"{24 * y + 2 * m}" for m in range(12)) + "\n" for y in range(5)),
        "monthly",
    ),
}


@pytest.mark.parametrize("kind", WITHOUT_A_HEADER)
def test_a_table_without_a_header(read, kind):
    text, frequency = WITHOUT_A_HEADER[kind]
    panel = read(text)
    assert (len(panel.series), panel.frequency.name) == (1, frequency)
    assert panel.series[0].values.tolist() == [2 * i for i in range(60)]


@pytest.mark.parametrize("ids", [["p0", "p1", "p2"], ["84001", "84002", "84003"]])
def test_ids_beside_dates_across_are_no_times(read, ids):
    rows = [f"{name},X{name}," + ",".join(str(1000 + i + n) for i in range(120)) for n, name in enumerate(ids)]
    panel = read(across("id,name," + ",".join(map(str, DAYS)), rows))
    assert (len(panel.series), panel.frequency.name) == (3, "daily")
    assert panel.series[1].values[:2].tolist() == [1001, 1002]


def test_a_tie_is_settled_by_the_other_columns(read):
    panel = read("date;power;reactive\n" + "".join(f"{day};{i % 5 + 1}.216;0.418\n" for i, day in enumerate(DAYS)))
    assert panel.series[0].values[0] == 1.216


def test_a_quote_left_open_takes_no_rows_with_it(read):
    rows = [f"{day},{i},{chr(34) * (i == 50)}note" for i, day in enumerate(DAYS)]
    with pytest.raises(DataError, match="line 52: has a quote that nothing closes"):
        read("date,y,remark\n" + "\n".join(rows) + "\n")


def test_a_cell_may_be_a_whole_document(read):
    rows = [f"{day},{i},{'x' * 200_000 if i == 50 else 'x'}" for i, day in enumerate(DAYS)]
    assert len(read("date,y,remark\n" + "\n".join(rows) + "\n").series[0].values) == 120


@pytest.mark.parametrize("name", ["Monat", "Fiscal month"])
def test_months_that_cannot_be_read_are_named(read, name):
    with pytest.raises(DataError, match="looks like a time"):
        read(f"{name};Menge\n" + "".join(f"{i % 12 + 1:04d}.{2010 + i // 12};{i}\n" for i in range(40)))


def test_months_below_their_years_are_joined_with_them(read):
    rows = [f"{2017 + i // 12},9999\n" * (i % 12 == 0) + f"{NAMES.split(',')[i % 12]},{i}" for i in range(36)]
    panel = read("Row Labels,Sum of Sales\n" + "\n".join(rows) + "\nGrand Total,123456\n")
    assert (len(panel.series), panel.frequency.name) == (1, "monthly")
    assert panel.series[0].values.tolist() == list(range(36))


SIDES = "date,orders,,date,visits\n" + "".join(
    f"{day},{i},,{day + timedelta(30)},{900 + i}\n" for i, day in enumerate(DAYS[:60])
)


def test_two_tables_side_by_side_are_told_apart(read):
    with pytest.raises(DataError, match="side by side"):
        read(SIDES)
    panel = read(SIDES, time="date.3", target="visits")
    assert panel.series[0].values.tolist() == [900 + i for i in range(60)]
    assert following(panel) == str(DAYS[0] + timedelta(90))


def test_equal_rows_may_be_sales_of_their_own(read):
    rows = [(day, product) for i, day in enumerate(DAYS[:40]) for product in "AB" for _ in range(1 + i % 3)]
    panel = read("date,product,qty\n" + "".join(f"{day},{product},1\n" for day, product in rows))
    assert panel.series[0].values.tolist() == [1 + i % 3 for i in range(40)]
    assert any("added up" in note for note in panel.notes)
    body = [f"{day},{product},{day.day}\n" for day in DAYS[:40] for product in "AB"]
    few = "date,product,qty\n" + "".join(row * (1 + (i % 8 == 0)) for i, row in enumerate(body))
    with pytest.raises(DataError, match="a second value"):
        read(few)
    assert read(few, duplicates="sum").series[0].values[:3].tolist() == [6, 4, 5]
    assert read(few, duplicates="first").series[0].values[:3].tolist() == [3, 4, 5]
    twice = read("date,product,qty\n" + "".join(body + body))  # the whole table twice
    assert twice.series[0].values[:3].tolist() == [3, 4, 5]


SHORT = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
CELLS = [3000 + place * 7919 % 577 for place in range(400)]  # irregular, and large enough to be no parts of times


@pytest.mark.parametrize(
    ("names", "frequency"),
    [
        ([f"{SHORT[m - 1]}{SHORT[m]}".upper() for m in range(12)], "monthly"),
        (["DJFMAMJJASONDJ"[m : m + 3] for m in range(12)], "monthly"),
        (["DJF", "MAM", "JJA", "SON"], "quarterly"),
        (["Winter", "Spring", "Summer", "Autumn"], "quarterly"),
    ],
)
def test_parts_of_years_across_are_one_series(read, names, frequency):
    rows = [[str(1990 + year), *map(str, CELLS[year * len(names) :][: len(names)])] for year in range(10)]
    panel = read("".join(",".join(row) + "\n" for row in [["Year", *names], *rows]))
    assert (len(panel.series), panel.frequency.name) == (1, frequency)
    assert panel.series[0].values.tolist() == CELLS[: 10 * len(names)]


@pytest.mark.parametrize("names", [[f"Stunde {h}" for h in range(1, 25)], [f"hora {h}" for h in range(1, 25)]])
def test_hours_by_their_word_in_another_language_stand_across(read, names):
    rows = [f"{day:%d.%m.%Y};" + ";".join(map(str, CELLS[24 * n :][:24])) + ";0" for n, day in enumerate(DAYS[:10])]
    panel = read("\n".join([";".join(["Datum", *names, "Summe"]), *rows, ""]))
    assert (len(panel.series), panel.frequency.name) == (1, "hourly")
    assert panel.series[0].values.tolist() == CELLS[:240]


def test_days_across_beside_a_year_and_a_month(read):
    lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    rows = [f"2021;{m};" + ";".join([*map(str, CELLS[:n]), *[""] * (31 - n)]) for m, n in enumerate(lengths, 1)]
    panel = read("\n".join(["Année;Mois;" + ";".join(f"{day:02d}" for day in range(1, 32)), *rows, ""]))
    assert (panel.frequency.name, len(panel.series), len(panel.series[0].values)) == ("daily", 1, 365)


@pytest.mark.parametrize("parts", [["Q1", "Q2", "Q3", "Q4"], SHORT])
def test_years_that_are_merged_above_their_parts_belong_to_the_header(read, parts):
    years = [cell for year in (2018, 2019) for cell in [str(year), *[""] * (len(parts) - 1)]]
    width = 2 * len(parts)
    rows = [[name, *map(str, CELLS[n * width :][:width])] for n, name in enumerate(["North", "South"])]
    panel = read("".join(";".join(row) + "\n" for row in [["", *years], ["Region", *parts, *parts], *rows]))
    assert [one.key for one in panel.series] == [("North",), ("South",)]
    assert panel.series[1].values.tolist() == CELLS[width : 2 * width]
    assert panel.frequency.name == ("quarterly" if len(parts) == 4 else "monthly")


def test_months_beside_days_without_a_year_are_days(read):
    rows = "".join(f"{CELLS[n]},{day.month},{day.day}\n" for n, day in enumerate(DAYS[:120]))
    panel = read(f"Ozone,Month,Day\n{rows}")
    assert (panel.frequency.name, len(panel.series[0].values)) == ("daily", 120)
    assert any("without a year" in note for note in panel.notes)


def test_a_date_is_given_once_for_its_hours(read):
    rows = [f"{DAYS[n // 24]:%d/%m/%Y}" * (n % 24 == 0) + f",{n % 24:02d}:00,{CELLS[n]}\n" for n in range(100)]
    panel = read("Date,Time,Load\n" + "".join(rows))
    assert (panel.frequency.name, panel.series[0].values.tolist()) == ("hourly", CELLS[:100])


def test_hours_from_one_to_the_next_are_times(read):
    rows = [f"{DAYS[n // 24]:%d-%m-%Y};{n % 24:02d} - {n % 24 + 1:02d};{CELLS[n]}\n" for n in range(96)]
    panel = read(";Hours;SE1\n" + "".join(rows))
    assert (panel.frequency.name, panel.series[0].values.tolist()) == ("hourly", CELLS[:96])


def test_the_twenty_fifth_hour_is_that_of_a_clock_put_back(read):
    hours = [(day, hour) for day in (24, 25, 26) for hour in range(1, 26 if day == 25 else 25)]
    panel = read("Fecha;Hora;kWh\n" + "".join(f"{d}/10/2020;{h};{CELLS[n]}\n" for n, (d, h) in enumerate(hours)))
    assert (panel.frequency.name, len(panel.series[0].values)) == ("hourly", 72)
    assert panel.series[0].values[26] == (CELLS[26] + CELLS[27]) / 2  # the third hour, which was there twice
    assert panel.series[0].values[27] == CELLS[28]


def test_the_twenty_fifth_hour_is_that_of_one_day_only(read):
    days = [date(2024, 9, 20) + timedelta(days=i) for i in range(45)]
    hours = [(day, hour) for day in days for hour in range(1, 25 + (day == date(2024, 10, 27)))]
    parts = "".join(f"{day.year},{day.month},{day.day},{hour},{hour % 7}.5\n" for day, hour in hours)
    once = "".join(f"{day if hour == 1 else ''},{hour},{hour % 7}.5\n" for day, hour in hours)
    for text in ("year,month,day,hour,load\n" + parts, "date,hour,load\n" + once):
        panel = read(text)
        assert (panel.frequency.name, len(panel.series[0].values)) == ("hourly", 45 * 24)
        assert not np.isnan(panel.series[0].values).any()


def test_years_then_quarters_then_months_in_one_column_are_months(read):
    years = range(2000, 2010)
    quarters = [f"{year} Q{quarter}" for year in years for quarter in (1, 2, 3, 4)]
    times = [*years, *quarters, *(f"{year} {month.upper()}" for year in years for month in SHORT)]
    panel = read('"Title","CPI"\n"Unit","Index"\n' + "".join(f'"{t}","{CELLS[n]}"\n' for n, t in enumerate(times)))
    assert (panel.frequency.name, panel.series[0].values.tolist()) == ("monthly", CELLS[50:170])
    assert any("50 rows of longer periods are left out" in note for note in panel.notes)


def test_what_changes_within_a_series_does_not_part_it(read):
    rows = [(state, year) for state in (1, 4, 5) for year in range(1982, 1989)]
    text = "".join(f"{s},{y},{'yes' if y > 1983 + s else 'no'},{s * y}.5\n" for s, y in rows)
    panel = read(f"state,year,jail,deaths\n{text}")
    assert [one.key for one in panel.series] == [("1",), ("4",), ("5",)]


def test_two_columns_of_codes_tell_series_apart(read):
    rows = [(day, dep, sex) for day in DAYS[:30] for dep in ("01", "02") for sex in (0, 1, 2)]
    panel = read("dep;sexe;jour;hosp\n" + "".join(f"{p};{s};{d};{CELLS[n]}\n" for n, (d, p, s) in enumerate(rows)))
    assert len(panel.series) == 6


@pytest.mark.parametrize(
    ("name", "code"), [("", lambda firm, row: 3 * row + 1), ("sector", lambda firm, row: firm % 4)]
)
def test_numbers_of_rows_and_codes_of_series_are_not_forecast(read, name, code):
    rows = [(firm, year) for firm in range(1, 6) for year in range(2000, 2015)]
    text = "".join(f"{code(f, n)},{f},{y},{CELLS[n]}\n" for n, (f, y) in enumerate(rows))
    assert read(f"{name},firm,year,emp\n{text}").target_name == "emp"


def test_units_below_a_header_of_blanks_name_nothing(read):
    rows = "".join(
        f"   {2018 + n // 12}  {n % 12 + 1:2d}   {CELLS[n] / 100:5.1f}    {n}    {n / 2}    ---\n" for n in range(48)
    )
    titles = "Oxford\nwith a * after the value of a month\n  yyyy mm tmax af rain sun\n       degC days mm hours\n"
    panel = read(titles + rows)
    assert panel.frequency.name == "monthly"
    assert {name for one in panel.series for name in one.key} <= {"tmax", "af", "rain"}


def test_a_last_row_with_a_mark_alone_is_no_row(read):
    rows = "".join(f"{day:%Y;%m;%d};{hour};{CELLS[hour]};\n" for day in DAYS[:5] for hour in range(1, 25))
    assert read(f"PRICES;\n{rows}*\n").frequency.name == "hourly"


def test_totals_of_pivot_tables_in_other_languages_are_left_out(read):
    rows = "".join(f"{y};1\n" + "".join(f"{m};{CELLS[n]}\n" for n, m in enumerate(SHORT)) for y in (2018, 2019))
    panel = read(f"Zeilenbeschriftungen;Summe von Umsatz\n{rows}Gesamtergebnis;9\n")
    assert (panel.frequency.name, len(panel.series), len(panel.series[0].values)) == ("monthly", 1, 24)


def test_ids_that_look_like_hours_are_ids(read):
    panel = read("unique_id,ds,y\n" + "".join(f"{u},{day},{n}\n" for u in ("H1", "H2") for n, day in enumerate(DAYS)))
    assert ([one.key for one in panel.series], panel.frequency.name) == ([("H1",), ("H2",)], "daily")


def test_what_is_said_of_times_of_day_is_no_series_but_kinds_in_turn_are(read):
    clocks = [f"{n % 24:02d}:00" for n in range(100)]
    remarks = "".join(f"{clock};{CELLS[n]};{'ok' if n % 7 else 'late'}\n" for n, clock in enumerate(clocks))
    assert len(read(f"time;load;status\n{remarks}").series) == 1
    kinds = "".join(f"{clock};{CELLS[n]};{'in' if n < 50 else 'out'}\n" for n, clock in enumerate(clocks))
    assert len(read(f"time;load;kind\n{kinds}").series) == 2


@pytest.mark.parametrize("form", ["{d:%Y%m%d}.0", "{d:%d.%m.%Y} 04-05", "{d:%m%d}", "Year ended 30 June {y}"])
def test_a_total_does_not_change_how_times_are_read(read, form):
    times = [form.format(d=day, y=1980 + n) for n, day in enumerate(DAYS[:40])]
    rows = "".join(f"{n};{time};{CELLS[n]}\n" for n, time in enumerate(times))
    panels = [read(f";Periode;x\n{rows}{end}") for end in ("", ";Total;99999\n")]
    assert [panel.time_name for panel in panels] == ["Periode", "Periode"]
    assert panels[0].frequency == panels[1].frequency
    assert panels[1].series[0].values.tolist() == CELLS[:40]


def test_a_header_may_have_a_name_that_stands_for_missing_in_cells(read):
    rows = "".join(f"{n + 1:02d}-{SHORT[n]}-2020|{CELLS[n]}\n" for n in range(12))
    panel = read(f"Report 2021\ndate|x\n{rows}")
    assert (panel.time_name, panel.target_name) == ("date", "x")


def test_dates_that_a_spreadsheet_knew_in_part_are_one_column(read):
    texts = [f"{day:%d/%m/%Y}" if day.day <= 12 else f"{day}" for day in DAYS[:60]]
    panel = read("date,v\n" + "".join(f"{text},{CELLS[n]}\n" for n, text in enumerate(texts)))
    assert (panel.frequency.name, panel.series[0].values.tolist()) == ("daily", CELLS[:60])
    assert any("written in two ways" in note for note in panel.notes)
    swapped = [f"{day:%d/%m/%Y}" if day.day > 12 else f"{day:%Y-%d-%m}" for day in DAYS[:60]]
    with pytest.raises(DataError, match="looks like a time"):
        read("date,v\n" + "".join(f"{text},{CELLS[n]}\n" for n, text in enumerate(swapped)))


@pytest.mark.parametrize(("name", "part"), [("Ejercicio", "{q}T"), ("FE", "Q{q}"), ("Год", "{roman}")])
def test_quarters_beside_years_by_any_name_are_one_series(read, name, part):
    rows = [(2012 + n // 4, part.format(q=n % 4 + 1, roman=["I", "II", "III", "IV"][n % 4])) for n in range(32)]
    panel = read(f"{name};Trimestre;Importe\n" + "".join(f"{y};{p};{CELLS[n]}\n" for n, (y, p) in enumerate(rows)))
    assert (panel.frequency.name, len(panel.series)) == ("quarterly", 1)
    assert panel.series[0].values.tolist() == CELLS[:32]


def test_numbers_in_a_row_are_no_clock(read):
    panel = read(
        "Draw Date,Numbers,Jackpot\n" + "".join(f"{d},{n % 9 + 1} 11 33,{CELLS[n]}\n" for n, d in enumerate(DAYS))
    )
    assert (panel.time_name, panel.frequency.name) == ("Draw Date", "daily")


def test_names_of_columns_alone_tell_a_cyrillic_encoding_and_a_yen_may_be_a_backslash(read):
    rows = "".join(f"{2000 + n // 4};{n % 4 + 1};{n + 5},5\n" for n in range(20))
    assert read(f"Год;Квартал;ВВП, млрд руб.\n{rows}".encode("cp1251")).time_name == "Год Квартал"
    panel = read("日付,売上\n".encode("cp932") + "".join(f'{d},"\\3,{n:03d}"\n' for n, d in enumerate(DAYS)).encode())
    assert panel.series[0].values[:2].tolist() == [3000, 3001]


@pytest.mark.parametrize("times", [[""] * 9, [str(day) for day in DAYS[:9]]])
def test_a_row_a_series_is_nothing_to_forecast_from(read, times):
    rows = "".join(f"{name},{time},{CELLS[n]}\n" for n, (name, time) in enumerate(zip("abcdefghi", times, strict=True)))
    with pytest.raises(DataError, match="9 series by 'shop' have one value each"):
        read(f"shop,when,sales\n{rows}", series=("shop",))


@pytest.mark.parametrize(
    ("texts", "first"),
    [(["0:16:40", "0:09:59"], 1000), (["16:40", "9:59"], 1000), (["16 min 40 s", "9 min 59 s"], 1000)],
)
def test_durations_are_numbers_where_there_are_no_others_or_they_are_asked_for(read, texts, first):
    panel = read("date,handling time\n" + "".join(f"{day},{texts[n % 2]}\n" for n, day in enumerate(DAYS[:40])))
    assert panel.series[0].values[:2].tolist() == [first, 599]
    assert any(f"is read as {first}" in note for note in panel.notes)
    rows = "".join(f"{day},{CELLS[n]},{texts[n % 2]}\n" for n, day in enumerate(DAYS[:40]))
    assert read(f"date,calls,handling\n{rows}").target_name == "calls"
    assert read(f"date,calls,handling\n{rows}", target="handling").series[0].values[0] == first


def test_the_ends_of_days_are_no_durations(read):
    rows = "".join(f"{day},08:{n % 60:02d},17:{n * 7 % 60:02d}\n" for n, day in enumerate(DAYS[:40]))
    with pytest.raises(DataError, match="no column of numbers"):
        read(f"date,start,end\n{rows}")


@pytest.mark.parametrize("columns", [("a", "b"), ("Austria", "Germany"), ("visits", "orders")])
def test_a_count_that_rises_by_one_a_row_is_a_value(read, columns):
    rows = "".join(f"{day},{i},{i * i % 50}\n" for i, day in enumerate(DAYS[:40]))
    panel = read(f"date,{','.join(columns)}\n{rows}", wide=True)
    assert [one.key for one in panel.series] == [(name,) for name in columns]
    assert read(f"date,row,y\n{rows}", wide=True).series[0].key == ("y",)


@pytest.mark.parametrize("other", ["no", "temp", "customers"])
def test_no_other_column_is_taken_for_sales_that_cannot_be_read(read, other):
    rows = [f"{i},{day},{10 + i} {'Dr' if i % 4 else 'Cr'},ok\n" for i, day in enumerate(DAYS[:40], 1)]
    with pytest.raises(DataError, match="column sales: no column of numbers; '12 Dr' is not a number"):
        read(f"{other},date,sales,remark\n" + "".join(rows[1:]))


def test_durations_beside_the_numbers_of_the_rows_are_values(read):
    rows = "".join(f"{i},{day},{20 + i % 9}:{i % 60:02d},ok\n" for i, day in enumerate(DAYS[:40]))
    assert read(f"no,date,avg,remark\n{rows}").series[0].values[:2].tolist() == [1200, 1261]


@pytest.mark.parametrize("mark", ["None", "x", "T", "c"])
def test_marks_in_all_columns_are_no_header(read, mark):
    rows = "".join(f"{day},{mark if i == 5 else i},{mark if i == 5 else i + 9}\n" for i, day in enumerate(DAYS[:40]))
    assert [len(one.values) for one in read(f"date,a,b\n{rows}").series] == [40, 40]


def test_truth_values_across_are_no_note(read):
    cells = ",".join("TRUE" if i % 3 else "FALSE" for i in range(40))
    assert len(read(f"shop,{','.join(MONTHS)}\nA,{cells}\nB,{cells}\n").series) == 2


def test_coordinates_tell_series_apart(read):
    rows = "".join(f"{day},{lat},-0.5,{i}\n" for i, day in enumerate(DAYS[:40]) for lat in (10.25, 11.75))
    assert read(f"date,lat,lon,sst\n{rows}").key_names == ("lat",)


def test_sales_are_likelier_than_orders(read):
    rows = "".join(f"{day},{i % 5},{i % 7}\n" for i, day in enumerate(DAYS[:40]))
    assert read(f"date,orders,total_sales\n{rows}").target_name == "total_sales"


def test_series_by_days_and_by_months_are_an_error(read):
    rows = [f"A,{day},1" for day in DAYS[:120]] + [f"B,{2020 + i // 12}-{i % 12 + 1:02d}-01,2" for i in range(30)]
    with pytest.raises(DataError, match="series B is monthly, others are daily"):
        read("id,date,y\n" + "\n".join(rows) + "\n")


@pytest.mark.parametrize("header", ["date,v", "Datum,Betrag"])
def test_a_decimal_comma_that_is_not_quoted_is_an_error(read, header):
    with pytest.raises(DataError, match="has 3 cells where the header has 2"):
        read(f"{header}\n" + "".join(f"{day},{12 + i % 3},{i % 7}\n" for i, day in enumerate(DAYS[:40])))


def test_columns_without_a_name_after_the_times_are_values(read):
    panel = read("made by hand\n\n" + "".join(f"{day}  {100 + i}  {i / 8}\n" for i, day in enumerate(DAYS[:40])))
    assert [one.key for one in panel.series] == [("column2",), ("column3",)]


def test_commas_in_quotes_separate_nothing(read):
    rows = "".join(f'{i}|"{day:%A, %B %d, %Y}"|{i * i % 50}\n' for i, day in enumerate(DAYS[:40]))
    assert read(f"#|date|y\n{rows}").frequency.name == "daily"


@pytest.mark.parametrize("name", ["Week {}", "wk_{}", "Day {}"])
def test_numbered_periods_across_are_steps(read, name):
    names = ",".join(name.format(i) for i in range(1, 13))
    panel = read(f"shop,{names}\n" + "".join(f"{shop},{','.join(map(str, VALUES[:12]))}\n" for shop in "AB"))
    assert (len(panel.series), following(panel)) == (2, name.format(13))


@pytest.mark.parametrize("names", ["d_{}", "{}"])
def test_the_numbers_of_rows_before_times_across_are_no_series(read, names):
    runs = ",".join(names.format(i) for i in range(2001, 2013))
    rows = "".join(f"{i},{shop},{','.join(map(str, VALUES[:12]))}\n" for i, shop in enumerate("AB"))
    panel = read(f",shop,{runs}\n{rows}")
    assert ([one.key for one in panel.series], following(panel)) == ([("A",), ("B",)], names.format(2013))


def test_ids_of_events_are_no_values(read):
    rows = "".join(f"{45_000_000 + 7 * i},{day} 13:00,noise {i}\n" for i, day in enumerate(DAYS[:40]))
    with pytest.raises(DataError, match="no column of numbers"):
        read(f"Unique Key,Created,Complaint\n{rows}")


def test_a_count_of_few_numbers_is_no_time(read):
    rows = "".join(f"{day},{100 + i % 9},{i % 3 + 1}\n" for i, day in enumerate(DAYS[:40]))
    assert read(f"date,item_price,item_cnt_day\n{rows}").target_name == "item_cnt_day"


def test_ids_are_no_years(read):
    rows = "".join(f"N{1402 + i},{i * 3 % 11},{i * i % 7}\n" for i in range(40))
    with pytest.raises(DataError, match="one value each"):
        read(f"Series,a,b\n{rows}")
    rows = "".join(
        f"{1900 + i},{i},{city},{','.join(map(str, VALUES))}\n" for i, city in enumerate(("Ulm", "Bonn", "Jena"))
    )
    panel = read(f"RegionID,SizeRank,RegionName,{','.join(MONTHS)}\n{rows}")
    assert (len(panel.series), panel.frequency.name) == (3, "monthly")


def test_months_above_a_name_that_is_the_same_for_all_are_the_header(read):
    months = [month[:7].replace("-", ".") for month in MONTHS]
    panel = read(
        f"region,{','.join(months)}\nregion{',people' * 40}\n"
        + f"A,{','.join(map(str, VALUES))}\n" * 1
        + f"B,{','.join(map(str, VALUES))}\n"
    )
    assert (len(panel.series), following(panel)) == (2, "2020.05")


def test_places_alone_are_no_values(read):
    with pytest.raises(DataError, match="no column of numbers"):
        read("time,Lat,Lon,Base\n" + "".join(f"{day},40.{i},-73.{i},B02512\n" for i, day in enumerate(DAYS[:40])))


def test_sales_of_many_customers_are_transactions(read):
    rows = "".join(f"{DAYS[i // 4]},C-{i % 150},P{i % 90},{i % 9 + 1}\n" for i in range(200))
    panel = read(f"Order Date,Customer ID,Product Name,Sales\n{rows}")
    assert (len(panel.series), len(panel.series[0].values)) == (1, 50)


@pytest.mark.parametrize(
    ("name", "other"), [("Ordered Product Sales", "Units Ordered"), ("Sales Total", "Sales Items")]
)
def test_the_last_word_says_whether_a_column_has_ids(read, name, other):
    rows = "".join(f"{day},{i % 7},{i % 5 * 9}\n" for i, day in enumerate(DAYS[:40]))
    assert read(f"date,{other},{name}\n{rows}").target_name == name


def test_tabs_after_numbers_are_left_out(read):
    rows = "".join(f"2020{i}\t,{day}\t,shop,{i}.50,in\n" for i, day in enumerate(DAYS[:40]))
    assert read(f"no,date,name,value,kind\n{rows}").time_name == "date"


def test_footers_of_few_cells_and_those_that_say_the_name_again_are_left_out(read):
    rows = "".join(f'"{day}",{i}\n' for i, day in enumerate(DAYS[:40]))
    name = "Temperatures in Ulm, Austria, 1981-1990"
    assert len(read(f'"Date","{name}"\n{rows}\n{name}\n').series[0].values) == 40
    rows = "".join(f"{day},{i},1.5,2.5,3.5,4.5\n" for i, day in enumerate(DAYS[:40]))
    assert len(read(f"Date,a,b,c,d,e\n{rows}\nb: power (W)\nMade by us in, 2001-2022\n").series[0].values) == 40


def test_hours_of_utc_are_joined_with_their_days(read):
    rows = "".join(f"{DAYS[i // 24]:%Y/%m/%d};{i % 24:02d}00 UTC;{i},4\n" for i in range(96))
    assert read(f"Data;Hora UTC;TEMPERATURA\n{rows}").frequency.name == "hourly"


def test_of_the_prices_of_a_day_the_last_is_likeliest(read):
    rows = "".join(f"{day},{i},{i},{i},{i % 9},{i % 7}\n" for i, day in enumerate(DAYS[:40]))
    assert read(f"date,open,high,low,close,turnover\n{rows}").target_name == "close"
    assert read(f"date,PREV. CLOSE,high,low,close,amount\n{rows}").target_name == "close"


def test_numbered_footnotes_are_left_out(read):
    rows = "".join(f"A,{2020 - i},{i},\n" for i in range(30))
    panel = read(f'Country,Year,Value,Notes\n{rows}\n"id","Footnote"\n"1","An estimate of the office."\n')
    assert len(panel.series[0].values) == 30


def test_a_line_that_says_when_a_table_was_made_names_no_columns(read):
    rows = "".join(f"Libre,{day:%m-%d-%Y} 01:00 PM,{i % 9},note\n" for i, day in enumerate(DAYS[:40]))
    panel = read(f"Data,Generated on,01-02-2022 10:00 UTC,By me\nDevice,Device Time,Glucose,Notes\n{rows}")
    assert (panel.time_name, panel.target_name) == ("Device Time", "Glucose")


@pytest.mark.parametrize("form", ["w/e {:%d/%m/%Y}", "{0:%Y-%m-%d}/{1:%Y-%m-%d}", "Week of {:%b %d %Y}"])
def test_weeks_across_are_times_in_any_form(read, form):
    weeks = [form.format(day, day + timedelta(6)) for day in (DAYS[0] + timedelta(7 * i) for i in range(31))]
    panel = read(f"shop,{','.join(weeks[:30])}\nA,{','.join(map(str, range(30)))}\nB,{','.join(map(str, range(30)))}\n")
    assert (len(panel.series), panel.frequency.name, following(panel)) == (2, "weekly", weeks[30])


@pytest.mark.parametrize("product", ["2020-01", "M1", "Q3"])
def test_products_with_names_like_times_are_series(read, product):
    rows = "".join(f"{name},{day},{i}\n" for name in (product, "2020-02") for i, day in enumerate(DAYS[:40]))
    assert len(read(f"product,date,qty\n{rows}").series) == 2


@pytest.mark.parametrize("start", ["Sales ", "pop_", "Total value "])
def test_times_across_with_the_same_words_before_them(read, start):
    names = ",".join(start + month[:7] for month in MONTHS)
    panel = read(f"store,{names}\nA,{','.join(map(str, VALUES))}\nB,{','.join(map(str, VALUES))}\n")
    assert (len(panel.series), panel.frequency.name, following(panel)) == (2, "monthly", f"{start}2020-05")


def test_totals_of_months_below_their_rows_are_left_out(read):
    rows = [f"{m},N,{i}\n{m},S,{i + 5}\n{m} Total,,{2 * i + 5}\n" for i, m in enumerate(m[:7] for m in MONTHS)]
    panel = read("Month,Region,Sales\n" + "".join(rows))
    assert [one.values[:3].tolist() for one in panel.series] == [[0, 1, 2], [5, 6, 7]]


def test_weeks_of_years_with_53_of_them_are_weeks(read):
    weeks = [(DAYS[0] + timedelta(7 * i)).isocalendar()[:2] for i in range(200)]
    rows = "".join(f"{year}{week:02d},{i}\n" for i, (year, week) in enumerate(weeks))
    assert read(f"yearweek,v\n{rows}").frequency.name == "weekly"


def test_payments_with_ids_are_no_revisions_of_one_another(read):
    rows = [
        f"txn_{day:%j}{k},{10 + k}.00,{day} {8 + k:02d}:00,{day + timedelta(days=2)} 00:00\n"
        for day in DAYS
        for k in range(1 + day.day % 3)
    ]
    panel = read("id,Amount,Created (UTC),Available On (UTC)\n" + "".join(rows), frequency="D", aggregate="sum")
    assert panel.time_name == "Created (UTC)"
    assert panel.series[0].values[:3].tolist() == [10.0, 21.0, 33.0]


def test_sums_that_are_asked_for_are_zero_on_days_without_a_payment(read):
    days = [day for day in DAYS if day.weekday() < 5]
    rows = [f"{day},{-10 - i % 7}.50\n" for i, day in enumerate(days)]
    for twice in ([], rows[3:4]):
        panel = read("date,amount\n" + "".join([*rows, *twice]), frequency="D", aggregate="sum")
        assert panel.series[0].values[4:8].tolist() == [-14.5, 0.0, 0.0, -15.5]
        assert any("taken as zero" in note for note in panel.notes)


def test_periods_given_twice_and_the_dates_of_events_are_no_second_table(read):
    rows = [
        f"{month.replace('-', '')},{month[:4]},{month[:7].replace('-', '')},5,{i}\n" for i, month in enumerate(MONTHS)
    ]
    panel = read("refPeriodId,refYear,period,qty,primaryValue\n" + "".join(rows), target="primaryValue")
    assert panel.time_name == "refPeriodId"
    rows = [
        f"{day:%m/%d/%y},{290_000 + 97 * i},3,{day + timedelta(days=2):%m/%d/%y},{i}\n" for i, day in enumerate(DAYS)
    ]
    panel = read("Sale Date,Order ID,Items,Date Shipped,Order Total\n" + "".join(rows), target="Order Total")
    assert panel.time_name == "Sale Date"


def test_numbers_of_records_are_no_values(read):
    rows = [f"{day},{4000 + i},{i % 7}\n" for i, day in enumerate(DAYS)]
    assert read("TIMESTAMP,RECORD,AirTC_Avg\n" + "".join(rows)).target_name == "AirTC_Avg"


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ("temp,clouds_all,traffic_volume", "traffic_volume"),
        ("Barometer - hPa,Temp - °C,Hum - %", "Temp - °C"),
        ("Impr.,Klicks,Kosten", "Klicks"),
    ],
)
def test_the_likeliest_of_columns_by_name(read, names, wanted):
    rows = [f"{day},{i % 5},{i % 7},{i % 3}\n" for i, day in enumerate(DAYS)]
    assert read(f"date,{names}\n" + "".join(rows)).target_name == wanted


@pytest.mark.parametrize(
    ("name", "label"), [("dd/MM/yyyy HH:mm", "02/01/2024 00:00"), ("MM/DD/YYYY", "01/02/2024 00:00")]
)
def test_a_name_that_says_how_dates_are_written(read, name, label):
    rows = [f"01/01/2024 {hour:02d}:00,{hour % 5}\n" for hour in range(24)]
    panel = read(f"{name},kWh\n" + "".join(rows))
    assert following(panel) == label
    assert not any("two ways" in note for note in panel.notes)


def test_rows_below_times_across_that_say_what_follows_are_titles(read):
    across = ",".join(month[:7] for month in MONTHS)
    rows = [f"{name},MWh,{','.join(str(value + k) for value in VALUES)}\n" for k, name in enumerate(("coal", "gas"))]
    panel = read(
        f"description,units,{across}\nNet generation,MWh,{',' * 39}\nUnited States,,{',' * 39}\n" + "".join(rows)
    )
    assert panel.frequency.name == "monthly"
    assert [one.key[0] for one in panel.series] == ["coal", "gas"]


def test_columns_that_never_change_are_not_forecast_before_others(read):
    rows = [f"{day},0,{i % 7}\n" for i, day in enumerate(DAYS)]
    assert (
        read("date,Total User Installs,Daily Device Upgrades\n" + "".join(rows)).target_name == "Daily Device Upgrades"
    )


def test_numbers_of_rows_with_zeros_before_them_are_no_values(read):
    rows = [f'"{i + 1:09d}","{day}","-{20 + i % 7},50","+{i % 5},25"\n' for i, day in enumerate(DAYS)]
    assert read('"Volgnr","Datum","Bedrag","Saldo na trn"\n' + "".join(rows)).target_name == "Bedrag"


def test_dates_and_hours_above_a_row_of_notes(read):
    rows = [f'"D","{day:%m/%d/%Y}","{hour:02d}",{hour}.5\n' for day in DAYS[:10] for hour in range(1, 25)]
    text = '"C","Demand"\n"H","Date","Hour Ending","Total Load"\n' + "".join(rows) + '"T","240 Data Lines"\n'
    panel = read(text)
    assert panel.frequency.name == "hourly"
    assert len(panel.series[0].values) == 240
    assert any("240 Data Lines" in note for note in panel.notes)


def test_codes_of_transformations_below_the_header_are_left_out(read):
    panel = read("sasdate,INDPRO\nTransform:,5\n" + BODY)
    assert panel.series[0].values.tolist() == VALUES
    assert any("Transform:" in note for note in panel.notes)


@pytest.mark.parametrize("names", ["Vuosi,Kuukausi,Päivä,Aika [UTC]", "Year,Kk,Pv,Aika"])
def test_parts_of_times_with_finnish_names(read, names):
    rows = [f"{day.year},{day.month},{day.day},{hour:02d}:00,{hour % 5}\n" for day in DAYS[:9] for hour in range(24)]
    panel = read(f"{names},Lämpötila\n" + "".join(rows))
    assert following(panel) == "2022-01-12 00:00"


def test_points_between_thousands_that_come_late_in_a_file_are_no_decimals(read):
    values = [*(str(900 + i % 90) for i in range(117)), "1.005", "1.250", "1.115"]
    panel = read("date;v\n" + "".join(f"{day};{value}\n" for day, value in zip(DAYS, values, strict=True)))
    assert panel.series[0].values[-3:].tolist() == [1005, 1250, 1115]


def test_numbers_that_are_no_text_have_no_points_between_thousands(tmp_path):
    values = [700.0, 845.0, 1.001, 12.345, *map(float, range(100, 136))]
    frame = pd.DataFrame({"date": MONTHS, "v": values})
    assert read_panel(frame).series[0].values.tolist() == values
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"date": month, "v": value} for month, value in zip(MONTHS, values, strict=True)]))
    assert read_panel(path).series[0].values.tolist() == values


def test_rows_without_cells_in_a_large_table_are_no_rows(read, monkeypatch):
    monkeypatch.setattr("seqcli.series.delimited.LARGE", 500)
    panel = read("date,y\n" + BODY.replace("2018-01-01", ",\n ,\n2018-01-01") + ",\n,\n")
    assert panel.series[0].values.tolist() == VALUES
    with pytest.raises(DataError, match="line 17"):
        read("date,y\n" + BODY.replace("2018-01-01", ",\n ,\n2018-01-01").replace("2018-02-01,", "2018-02-01,x"))


def test_a_month_is_given_once_for_its_days(read):
    rows = [f"{day.month if day.day == 1 or not i else ''},{day.day},{i}" for i, day in enumerate(DAYS[5:100])]
    panel = read("month,day,y\n" + "\n".join(rows) + "\nTotal,,4465\n")
    assert (panel.frequency.name, len(panel.series[0].values), following(panel)) == ("daily", 95, "4-13")


def test_hours_that_are_called_periods_are_hours(read):
    rows = [f"{day.year},{day.month},{day.day},{hour},{hour}\n" for day in DAYS[:9] for hour in range(24)]
    panel = read("year,month,day,hour period,load\n" + "".join(rows))
    assert (panel.frequency.name, len(panel.series[0].values)) == ("hourly", 216)


def test_an_index_that_is_a_column_too_is_read(read):
    frame = pd.DataFrame({"ds": pd.to_datetime(MONTHS), "y": VALUES}).set_index("ds", drop=False)
    panel = read_panel(frame)
    assert (panel.time_name, panel.series[0].values.tolist()) == ("ds", VALUES)


@pytest.mark.parametrize("data", ['"data": [5, 6]', '"data": [[5], 6]', '"data": 5'])
def test_json_that_is_split_in_another_way_is_refused(read, data):
    with pytest.raises(DataError, match="JSON, but not a table"):
        read('{"columns": ["y"], "index": [1, 2], ' + data + "}")


def test_columns_of_the_same_name_are_all_there(read):
    rows = [f"{month},{value},{value + 1},{value + 2}\n" for month, value in zip(MONTHS, VALUES, strict=True)]
    panel = read("date,x.4,x,x\n" + "".join(rows), wide=True)
    assert [one.values[0] for one in panel.series] == [VALUES[0], VALUES[0] + 1, VALUES[0] + 2]
