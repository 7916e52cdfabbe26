"""Times as offices, banks, loggers and spreadsheets write them: the next times and the frequency, by a calendar."""

from datetime import date, datetime, timedelta

import pytest

from seqcli.errors import DataError
from seqcli.series.panel import read_panel

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ROMAN = ["I", "II", "III", "IV"]
ROMAN_MONTHS = [*ROMAN, "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
FRENCH = ["janv.", "févr.", "mar.", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
FRENCH_DAYS = ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."]


def months(form, count=30):
    return [form(2018 + (9 + i) // 12, (9 + i) % 12 + 1) for i in range(count)]


def quarters(form, count=24):
    return [form(2015 + (2 + i) // 4, (2 + i) % 4 + 1) for i in range(count)]


def halves(form, count=14):
    return [form(2009 + (1 + i) // 2, (1 + i) % 2 + 1) for i in range(count)]


def days(form, count=80, step=1):
    return [form(date(2018, 11, 19) + timedelta(days=step * i)) for i in range(count)]


def weeks(form, count=60):
    return days(lambda day: form(day, *day.isocalendar()[:2]), count, 7)


def hours(form, count=80, start=datetime(2019, 12, 30, 5), **step):
    return [form(start + i * timedelta(**(step or {"hours": 1}))) for i in range(count)]


def since(year, ticks):
    return lambda moment: str((moment - datetime(year, 1, 1)) // timedelta(microseconds=1) * ticks // 10**6)


def short_interval(start, end):
    second = f"{end:%b} {end.day}" if start.month != end.month else str(end.day)
    return f"{start:%b} {start.day} - {second}, {end.year}"


def trimmed(number, decimals):
    return f"{number:.{decimals}f}".rstrip("0").rstrip(".")


def in_digits(zero, text):
    return "".join(chr(zero + int(char)) if char.isdigit() else char for char in text)


WEEKS_OF_A_LEAP_YEAR = [date(2020, 1, 6) + timedelta(7 * i) for i in range(27)]
FORMS = {
    "daily": [
        days(lambda d: f"{d:%d%m%y}"),
        days(lambda d: f"{d:%m%d%y}"),
        days(lambda d: f"{d:%d%m%y}".lstrip("0")),
        days(lambda d: f"{d:%m%d%Y}".lstrip("0")),
        days(lambda d: f"{d.year - 1911}{d:%m%d}"),
        days(lambda d: f"D{d:%Y%m%d}"),
        days(lambda d: f"{d.day}.{ROMAN_MONTHS[d.month - 1]}.{d.year}"),
        days(lambda d: f"{FRENCH_DAYS[d.weekday()]} {d.day} {FRENCH[d.month - 1]} {d.year}"),
        days(lambda d: f"{d.day} {FRENCH[d.month - 1]} {d.year}\u202fr."),
        days(lambda d: f"{d:%j/%Y}"),
        days(lambda d: f"{d}/P1D"),
        days(lambda d: in_digits(0xFF10, f"{d.year}年{d.month}月{d.day}日")),
        days(lambda d: in_digits(0x660, f"{d:%d/%m/%Y}")),
        days(lambda d: in_digits(0x6F0, f"{d:%Y/%m/%d}")),
        days(lambda d: in_digits(0x966, f"{d}")),
        [f"{d:%a} {d.day} {d:%b}" for d in (date(2019, 1, 5) + timedelta(i) for i in range(80))],
        days(lambda d: f"{d:%Y-%d-%m}"),
        days(lambda d: f"{d:%d.%m}"),
        days(lambda d: f"{d:%m%d}"),  # no weeks
    ],
    "weekly": [
        weeks(lambda d, y, w: f"{y % 100}{w:02d}"),
        weeks(lambda d, y, w: f"{w:02d}{y}"),
        weeks(lambda d, y, w: f"W{y % 100}{w:02d}"),
        weeks(lambda d, y, w: f"{w}. hafta {y}"),
        weeks(lambda d, y, w: f"{y}W{w:02d}1"),
        weeks(lambda d, y, w: f"{y}년 {w}주차"),
        weeks(
            lambda d, *_: f"{d:%b} {d.day} - {d + timedelta(6):%b} {(d + timedelta(6)).day}, {(d + timedelta(6)).year}"
        ),
        weeks(lambda d, *_: f"{d:%d.%m.}-{d + timedelta(6):%d.%m.%Y}"),
        weeks(lambda d, *_: f"{d:%m/%d} - {d + timedelta(6):%m/%d/%Y}"),
        weeks(lambda d, *_: f"{d:%Y/%m/%d}~{d + timedelta(6):%m/%d}"),
        weeks(lambda d, *_: short_interval(d, d + timedelta(6))),
        [f"{d:%d.%m.} - {d + timedelta(6):%d.%m.}" for d in (date(2019, 10, 7) + timedelta(7 * i) for i in range(27))],
        [f"{d:%b} {d.day} - {d + timedelta(6):%b} {(d + timedelta(6)).day}" for d in WEEKS_OF_A_LEAP_YEAR],
        weeks(lambda d, y, w: f"FW{w:02d} {y}"),
    ],
    "monthly": [
        months(lambda y, m: f"{y % 100}{m:02d}"),
        months(lambda y, m: f"{m:02d}{y % 100}"),
        months(lambda y, m: f"{m}{y}"),
        months(lambda y, m: f"{m:02d}.{y % 100}"),
        months(lambda y, m: f"{y - 1911}{m:02d}"),
        months(lambda y, m: f"M{y}{m:02d}"),
        months(lambda y, m: f"{y}/0{m:02d}"),
        months(lambda y, m: f"{y}0{m:02d}"),
        months(lambda y, m: trimmed(y + (m - 1) / 12, 3)),
        months(lambda y, m: f"{y} {'DJFMAMJJASONDJ'[m - 1 : m + 2]}"),
        months(lambda y, m: f"{(MONTHS[m - 2] + MONTHS[m - 1]).upper()} {y}"),
        months(lambda y, m: f"{m:02d}. {MONTHS[m - 1]} {y}"),
        months(lambda y, m: trimmed(y + (m - 1) / 12, 2).replace(".", ",")),
    ],
    "quarterly": [
        quarters(lambda y, q: f"{q}/{y}"),
        quarters(lambda y, q: f"{q}/{y % 100}"),
        quarters(lambda y, q: f"{q}/4 {y}"),
        quarters(lambda y, q: f"{y}.{q}/4분기"),
        quarters(lambda y, q: f"{q}.{y % 100}"),
        quarters(lambda y, q: f"{y % 100}{q}"),
        quarters(lambda y, q: f"Q{q}{y % 100}"),
        quarters(lambda y, q: trimmed(y + (q - 1) / 4, 2)),
        quarters(lambda y, q: f"{q} квартал {y}"),
        quarters(lambda y, q: f"{ROMAN[q - 1]} кв. {y} г."),
        quarters(lambda y, q: f"{y}. {ROMAN[q - 1]}. negyedév"),
        quarters(lambda y, q: f"{ROMAN[q - 1]} kwartał {y} r."),
        quarters(lambda y, q: f"{q}. çeyrek {y}"),
        quarters(lambda y, q: f"{y}T{ROMAN[q - 1]}"),
        quarters(lambda y, q: f"{('1er', '2º', '3er', '4º')[q - 1]} trimestre {y}"),
        quarters(lambda y, q: f"{y} {q}e kwartaal"),
        quarters(lambda y, q: f"{('First', 'Second', 'Third', 'Fourth')[q - 1]} quarter {y}"),
        quarters(lambda y, q: f"{('JFM', 'AMJ', 'JAS', 'OND')[q - 1]} {y}"),
        quarters(lambda y, q: f"{q}-й квартал {y}"),
        quarters(lambda y, q: f"{('DJF', 'MAM', 'JJA', 'SON')[q - 1]} {y}"),
        quarters(lambda y, q: f"{('Winter', 'Spring', 'Summer', 'Autumn')[q - 1]} {y}"),
        quarters(lambda y, q: f"{('Frühling', 'Sommer', 'Herbst', 'Winter')[q - 1]} {y}"),
        quarters(lambda y, q: f"{y}年{3 * q - 2}～{3 * q}月期"),
        quarters(lambda y, q: f"{y}/{3 * q - 2:2d}-{3 * q:2d}."),
        quarters(lambda y, q: f"{MONTHS[3 * q - 3]} to {MONTHS[3 * q - 1]} {y}"),
        quarters(lambda y, q: f"{MONTHS[3 * q - 1]} qtr {y}"),
        quarters(lambda y, q: f"{q}QFY{y % 100}"),
        quarters(lambda y, q: f"CY{y % 100}Q{q}"),
        quarters(lambda y, q: f"Q{q}:{y}"),
        quarters(lambda y, q: f"Q{q}:{y}-{(y + 1) % 100}"),
        quarters(lambda y, q: f"TR{q} {y}"),
        quarters(lambda y, q: f"T{q}{y % 100}"),
        quarters(lambda y, q: f"{q}.º Trimestre de {y}"),
        quarters(lambda y, q: f"{q}. vuosineljännes {y}"),
        quarters(lambda y, q: f"ไตรมาสที่ {q} ปี {y + 543}"),
        quarters(lambda y, q: f"{'ΑΒΓΔ'[q - 1]}' τρίμηνο {y}"),
        quarters(lambda y, q: f"{ROMAN[q - 1]}/{y % 100}"),
        [f"{2008 + i // 4 - 1911}年第{i % 4 + 1}季" for i in range(24)],
    ],
    "three times a month": [
        [f"{2018 + i // 36}-{i // 3 % 12 + 1:02d}-{i % 3 + 1}" for i in range(40)],
        [f"{2018 + i // 36}-{i // 3 % 12 + 1:02d}-D{i % 3 + 1}" for i in range(40)],
        [f"{2018 + (27 + i) // 36}年{(27 + i) // 3 % 12 + 1}月{'上中下'[i % 3]}旬" for i in range(40)],
    ],
    "half-yearly": [
        [f"{2009 + (1 + i) // 2}. {(1 + i) % 2 + 1}. félév" for i in range(12)],
        halves(lambda y, h: f"{('Jan-Jun', 'Jul-Dec')[h - 1]} {y}"),
        halves(lambda y, h: f"HJ {h}/{y}"),
        halves(lambda y, h: f"{('Spring', 'Fall')[h - 1]} {y}"),
        halves(lambda y, h: f"{h}. pololetí {y}"),
        halves(lambda y, h: f"{y} {h}. Yarıyıl"),
        halves(lambda y, h: f"{h}HFY{y % 100:02d}"),
        halves(lambda y, h: f"{h}° sem. {y}"),
        halves(lambda y, h: f"{('1er', '2º')[h - 1]} semestre {y}"),
        halves(lambda y, h: f"{y}年第{h}期"),
    ],
    "every 0.25 seconds": [
        hours(str, start=datetime(2024, 2, 1, 10), milliseconds=250),
        hours(lambda t: t.isoformat(timespec="milliseconds" if t.microsecond else "seconds"), milliseconds=250),
    ],
    "yearly": [
        [f"X{1995 + i}" for i in range(20)],
        [f"'{(1950 + i) % 100:02d}" for i in range(72)],
        [f"FY{i}" for i in range(50, 90)],
    ],
    "hourly": [
        hours(since(1601, 10_000_000)),
        hours(since(1, 10_000_000)),
        hours(since(1601, 1_000_000)),
        hours(lambda t: f"{t:%Y-%m-%dT%H:%M}/PT1H"),
        hours(lambda t: f"{t:%Y%m%d%H%M%S}000"),
        hours(lambda t: f"{t:%d%b%y:%H:%M:%S}"),
        hours(lambda t: f"{t:%d-%m-%Y %H} - {t + timedelta(hours=1):%H}"),
        hours(lambda t: f"{t:%b} {t.day:>2} {t.year} {t:%H:%M:%S}"),
        hours(lambda t: f"{t:%d.%m.%Y}" if t.hour == 0 else f"{t:%d.%m.%Y %H:%M:%S}"),
        hours(lambda t: f"{t:%y%m%d%H}"),
        hours(lambda t: f"{t.day} days {t:%H:%M:%S}", start=datetime(2020, 1, 1)),
        hours(lambda t: f"{24 * t.day + t.hour}:00", start=datetime(2020, 1, 1)),
        hours(lambda t: f"{(t - datetime(1, 1, 1)).total_seconds() / 86400 + 367:.6f}"),  # MATLAB's days
        hours(lambda t: f"{t:%a %b} {t.day:>2} {t:%H:%M:%S} UTC {t:%Y}", start=datetime(2020, 1, 8)),
        hours(lambda t: f"{t:%b} {t.day:>2} {t:%H:%M:%S}", start=datetime(2019, 1, 8)),
    ],
}


def read(tmp_path, texts, ahead=3):
    path = tmp_path / "x.csv"
    rows = "".join(f'"{text}";{100 + place % 7}.5\n' for place, text in enumerate(texts[: len(texts) - ahead]))
    path.write_text(f"date;v\n{rows}", encoding="utf-8")
    panel = read_panel(path)
    one = panel.series[0]
    return panel, [panel.calendar.label(one.first, len(one.values) + step) for step in range(ahead)]


@pytest.mark.parametrize(
    ("texts", "frequency"),
    [(texts, frequency) for frequency, columns in FORMS.items() for texts in columns],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_the_next_times_are_written_in_the_same_form(tmp_path, texts, frequency):
    panel, ahead = read(tmp_path, texts)
    assert (panel.frequency.name, ahead) == (frequency, texts[-3:])


def test_the_day_of_quarters_of_hours_is_that_without_gaps(tmp_path):
    texts = hours(lambda t: f"{t:%d-%m-%Y %H:%M}", count=200, start=datetime(2019, 1, 5), minutes=15)
    panel, ahead = read(tmp_path, texts)
    assert (panel.frequency.name, ahead, len(panel.series[0].values)) == ("every 15 minutes", texts[-3:], 197)


def test_an_hour_that_the_clock_skipped_is_said(tmp_path):
    texts = hours(str, start=datetime(2019, 3, 30, 5))
    panel, _ = read(tmp_path, [text for text in texts if text != "2019-03-31 02:00:00"])
    assert any("where the clock was put forward" in note for note in panel.notes)


def test_offsets_of_both_halves_of_a_year_are_times_of_utc(tmp_path):
    offsets = [-4 if place < 90 else -5 for place in range(200)]
    moments = hours(lambda t: t, count=200)
    texts = [f"{t + timedelta(hours=by):%Y-%m-%d %H:%M:%S}-0{-by}00" for t, by in zip(moments, offsets, strict=True)]
    panel, ahead = read(tmp_path, texts)
    assert (panel.frequency.name, ahead, len(panel.series[0].values)) == ("hourly", texts[-3:], 197)


@pytest.mark.parametrize("mark", ["¹", "p", " (p)", "*", " (prov.)", " †", " r"])
def test_marks_after_the_last_times_are_left_aside_with_a_notice(tmp_path, mark):
    texts = quarters(lambda y, q: f"{y} Q{q}")
    marked = [text + mark * (17 < place < 21) for place, text in enumerate(texts)]
    panel, ahead = read(tmp_path, marked)
    assert (panel.frequency.name, ahead) == ("quarterly", texts[-3:])
    assert any("marks after times" in note for note in panel.notes)


@pytest.mark.parametrize(
    "texts",
    [
        quarters(lambda y, q: f"{y}0{q}"),  # months would be the first four of each year
        [f"{2019 + i // 12}{i % 12 + 1}" for i in range(30)],  # 20191, 201912
    ],
)
def test_numbers_in_an_unknown_form_are_an_error_and_no_steps(tmp_path, texts):
    with pytest.raises(DataError, match=r"column date: .*looks like a time"):
        read(tmp_path, texts)


def test_one_missing_value_is_said_in_the_singular(tmp_path):
    texts = days(str)
    panel, _ = read(tmp_path, texts[:40] + texts[41:])
    assert any(note.startswith("1 missing value,") for note in panel.notes)
