"""Times as people, offices, banks, loggers and spreadsheets write them: read, put in order, and written on."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from seqcli.errors import DataError
from seqcli.series.calendar import Calendar, CycleGrid
from seqcli.series.frequency import Frequency
from seqcli.series.panel import ReadOptions, read_panel
from seqcli.series.recognise import read_as_times
from seqcli.series.times import SECOND, FormOver

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LONG = [date(2001, month, 1).strftime("%B") for month in range(1, 13)]
FRENCH = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
PORTUGUESE = ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"]
RUSSIAN = [
    "январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
]  # fmt: skip
ORDINALS = {1: "st", 21: "st", 31: "st", 2: "nd", 22: "nd", 3: "rd", 23: "rd"}
ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
SPANISH = [
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
]  # fmt: skip
THAI = ["ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."]
JAPANESE_DAYS = "月火水木金土日"
SHORT = [*FRENCH[:2], "mar.", *FRENCH[3:]]
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


def form(text):
    return lambda moment, *_: moment.strftime(text)


def seconds(moment):
    return int((moment - datetime(1970, 1, 1)).total_seconds())


WEEKS_OF_A_LEAP_YEAR = [date(2020, 1, 6) + timedelta(7 * i) for i in range(27)]
FORMS = {
    "monthly": [
        months(lambda y, m: f"民國{y - 1911}年{m:02d}月"),
        months(lambda y, m: f"{y - 1911}/{m:02d}"),
        months(lambda y, m: f"令和{y - 2018}年{m}月" if (y, m) > (2019, 4) else f"平成{y - 1988}年{m}月"),
        months(lambda y, m: f"{y}. {ROMAN[m - 1]}."),
        months(lambda y, m: f"{y} {MONTHS[m - 1]}"),
        months(lambda y, m: f"{MONTHS[m - 1].upper()}-{y % 100}"),
        months(lambda y, m: f"{y % 100}-{MONTHS[m - 1]}"),
        months(lambda y, m: f"{MONTHS[m - 1]}'{y % 100}"),
        months(lambda y, m: f"{'Sept' if m == 9 else MONTHS[m - 1]} {y}"),
        months(lambda y, m: f"{FRENCH[m - 1]} {y}"),
        months(lambda y, m: f"{PORTUGUESE[m - 1]}/{y % 100}"),
        months(lambda y, m: f"{RUSSIAN[m - 1]} {y}"),
        months(lambda y, m: f"{RUSSIAN[m - 1][:3]}-{y % 100}"),
        months(lambda y, m: f"{m:03d}.{y}"),
        months(lambda y, m: f"{y}.{m:02d}".removesuffix("0" if m == 10 else "-")),
        months(lambda y, m: f"Tháng {m}/{y}"),
        months(lambda y, m: f"{y}年{m}月"),
        months(lambda y, m: f"{y}년 {m}월"),
        months(lambda y, m: f"{y}M{m:02d}"),
        months(lambda y, m: f"{y}MM{m:02d}"),
        months(lambda y, m: f"{y}m{m}"),
        months(lambda y, m: f"{y}:{m:02d}"),
        months(lambda y, m: f"{m}/{y}"),
        months(lambda y, m: f"{m:02d}.{y}"),
        months(lambda y, m: f"{y}-{m}"),
        months(lambda y, m: f"1/{m}/{y}"),
        months(lambda y, m: f"{m}/1/{y % 100}"),
        months(lambda y, m: f"{y}-P{m:02d}"),
        [f"{i % 12 + 1}月" for i in range(25)],
        [f"{1949 + i / 12:.2f}" for i in range(61)],
        [f"{1949 + i / 12:.3f}".replace(".", ",") for i in range(61)],
        [LONG[i % 12] for i in range(25)],
        [f"{1949 + i / 12:.3f}" for i in range(61)],
        [f"{1958 + (i + 0.5) / 12:.4f}" for i in range(61)],
        [str(43466 + (date(2019 + i // 12, i % 12 + 1, 1) - date(2019, 1, 1)).days) for i in range(41)],
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
        quarters(lambda y, q: f"{ROMAN[q - 1]} кв. {y}"),
        quarters(lambda y, q: f"{y}-{ROMAN[q - 1]}"),
        quarters(lambda y, q: f"{ROMAN[q - 1]}/{y}"),
        quarters(lambda y, q: f"{y}年第{'一二三四'[q - 1]}季度"),
        quarters(lambda y, q: f"{y}KW{q:02d}"),
        quarters(lambda y, q: f"Q{q} FY{y}-{y % 100 + 1:02d}"),
        quarters(lambda y, q: f"{q} кв. {y}"),
        quarters(lambda y, q: f"{y} Q{q}"),
        quarters(lambda y, q: f"Q{q}/{y}"),
        quarters(lambda y, q: f"Q{q}-{y % 100:02d}"),
        quarters(lambda y, q: f"{q}Q{y % 100:02d}"),
        quarters(lambda y, q: f"{q}T{y % 100:02d}"),
        quarters(lambda y, q: f"{y}-T{q}"),
        quarters(lambda y, q: f"{y}K{q}"),
        quarters(lambda y, q: f"{y}:{q}"),
        quarters(lambda y, q: f"{y}.{q}"),
        quarters(lambda y, q: f"{MONTHS[3 * q - 3]}-{MONTHS[3 * q - 1]} {y}"),
        quarters(lambda y, q: f"{y} {MONTHS[3 * q - 3]} – {MONTHS[3 * q - 1]}".upper()),
        quarters(lambda y, q: f"{y}{q}"),
        quarters(lambda y, q: f"{q}{'er' if q == 1 else 'e'} trimestre {y}"),
        quarters(lambda y, q: f"{q}. čtvrtletí {y}"),
        quarters(lambda y, q: f"{q}. Quartal {y}"),
        quarters(lambda y, q: f"{q}{['st', 'nd', 'rd', 'th'][q - 1]} quarter {y}"),
        quarters(lambda y, q: f"{y}年第{q}季度"),
        quarters(lambda y, q: f"{y}-{3 * q:02d}-{(31, 30, 30, 31)[q - 1]}"),
        [f"{1949 + i / 4:.2f}" for i in range(61)],
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
    "half-yearly": [
        [f"{2000 + i // 2}年{'上下'[i % 2]}半年" for i in range(41)],
        [f"{2000 + i // 2}년 {'상하'[i % 2]}반기" for i in range(41)],
        [f"{2000 + i // 2}-S{i % 2 + 1}" for i in range(41)],
        [f"H{i % 2 + 1} {2000 + i // 2}" for i in range(41)],
        [f"{('1st', '2nd')[i % 2]} half {2000 + i // 2}" for i in range(41)],
        [f"{i % 2 + 1}H{i // 2:02d}" for i in range(41)],
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
    "yearly": [
        [f"{2000 + i}" for i in range(26)],
        [f"{2000 + i}.0" for i in range(26)],
        [f"{2000 + i}年" for i in range(26)],
        [f"{2000 + i}年度" for i in range(26)],
        [f"AD {2000 + i}" for i in range(26)],
        [f"{2000 + i}JJ00" for i in range(26)],
        [f"{2000 + i} [YR{2000 + i}]" for i in range(26)],
        [f"'{i:02d}" for i in range(26)],
        [f"{2000 + i}-{1 + i:02d}" for i in range(13)],
        [f"{2000 + i}/{2001 + i}" for i in range(26)],
        [f"FY{i:02d}" for i in range(1, 23)],
        [f"FY {2000 + i}-{1 + i:02d}" for i in range(26)],
        [f"X{1995 + i}" for i in range(20)],
        [f"'{(1950 + i) % 100:02d}" for i in range(72)],
        [f"FY{i}" for i in range(50, 90)],
    ],
    "weekly": [
        days(lambda d: f"[{d}, {d + timedelta(7)})", 60, 7),
        weeks(lambda d, *_: f"{d.isocalendar()[0]}-W{d.isocalendar()[1]}"),
        weeks(lambda d, *_: f"W{d.isocalendar()[1]:02d} {d.isocalendar()[0]}"),
        weeks(lambda d, *_: f"{d.isocalendar()[0]}-W{d.isocalendar()[1]:02d}-1"),
        weeks(lambda d, *_: f"KW {d.isocalendar()[1]:02d}/{d.isocalendar()[0]}"),
        weeks(lambda d, *_: f"Week {d.isocalendar()[1]}, {d.isocalendar()[0]}"),
        weeks(lambda d, *_: f"{d.isocalendar()[0]}年第{d.isocalendar()[1]}周"),
        [f"{2019 + i // 52}{i % 52 + 1:02d}" for i in range(61)],
        weeks(lambda d, *_: f"{d:%d.%m.%Y} - {d + timedelta(6):%d.%m.%Y}"),
        weeks(lambda d, *_: f"{d}/{d + timedelta(6)}"),
        weeks(form("Week of %b %d, %Y")),
        weeks(lambda d, *_: f"{d.isocalendar()[0]} uke {d.isocalendar()[1]}"),
        weeks(form("w/e %d/%m/%Y")),
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
    "daily": [
        days(lambda d: f"民國{d.year - 1911}年{d.month}月{d.day}日"),
        [f"R{d.year - 2018}.{d:%m.%d}" for d in (date(2019, 5, 7) + timedelta(i) for i in range(80))],
        days(lambda d: f"{d:%d/%m}/{d.year + 543}"),
        days(form("%y/%m/%d")),
        days(form("%d/%m/%y")),
        days(form("%Y%m%d")),
        days(form("%d%m%Y")),
        days(form("%y%m%d")),
        days(form("%Y-%j")),
        days(form("%Y%j")),
        days(form("%m/%d")),
        days(form("%d.%m.")),
        days(lambda d: f"{d.day}. {d.month}. {d.year}"),
        days(lambda d: f"{d.year}. {d.month}. {d.day}."),
        days(lambda d: f"{d:%A, %B} {d.day}, {d.year}"),
        days(form("%a %b %d %Y")),
        days(lambda d: f"{MONTHS[d.month - 1]}. {d.day}, {d.year}"),
        days(lambda d: f"{d.day}{ORDINALS.get(d.day, 'th')} {LONG[d.month - 1]} {d.year}"),
        days(lambda d: f"{d:%d%b%Y}".upper()),
        days(lambda d: f"{d.day} de {SPANISH[d.month - 1]} de {d.year}"),
        days(lambda d: f"{d.day} {THAI[d.month - 1]} {d.year}"),
        days(lambda d: f"{d.year}年{d.month:02d}月{d.day:02d}日"),
        days(lambda d: f"{d.year}/{d.month}/{d.day} ({JAPANESE_DAYS[d.weekday()]})"),
        days(lambda d: f"{d} 星期{'一二三四五六日'[d.weekday()]}"),
        days(form("%Y-%m-%dT00:00:00.000Z")),
        days(form("%Y:%m:%d")),
        days(lambda d: f"{('lun', 'mar', 'mer', 'jeu', 'ven', 'sam', 'dim')[d.weekday()]}. {d:%d/%m/%Y}"),
        days(lambda d: f"{d.year}년 {d.month}월 {d.day}일 {'월화수목금토일'[d.weekday()]}요일"),
        days(lambda d: f"{d.year}年{d.month}月{d.day}日(周{'一二三四五六日'[d.weekday()]})"),
        days(lambda d: f"{d.year}年{d.month}月{d.day}日({'一二三四五六日'[d.weekday()]})"),
        [["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][i % 7] for i in range(30)],
        [str(43831 + i) for i in range(61)],
        days(lambda d: f"{d:%d%m%y}"),
        days(lambda d: f"{d:%m%d%y}"),
        days(lambda d: f"{d:%d%m%y}".lstrip("0")),
        days(lambda d: f"{d:%m%d%Y}".lstrip("0")),
        days(lambda d: f"{d.year - 1911}{d:%m%d}"),
        days(lambda d: f"D{d:%Y%m%d}"),
        days(lambda d: f"{d.day}.{ROMAN[d.month - 1]}.{d.year}"),
        days(lambda d: f"{FRENCH_DAYS[d.weekday()]} {d.day} {SHORT[d.month - 1]} {d.year}"),
        days(lambda d: f"{d.day} {SHORT[d.month - 1]} {d.year}\u202fr."),
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
    "hourly": [
        hours("{:%Y%m%d:%H10}".format),
        hours(form("%Y%m%d %H:%M")),
        hours(form("%Y%m%d%H")),
        hours(form("%Y%m%d%H%M")),
        hours(form("%Y%m%dT%H%M%SZ")),
        hours(form("%Y-%m-%dT%H")),
        hours(form("%Y-%m-%d-%H")),
        hours(form("%Y-%m-%d_%H:%M")),
        hours(form("%Y-%m-%d H%H")),
        hours(lambda t: f"{t:%m/%d/%Y} HE{t.hour:02d}" if t.hour else f"{t - timedelta(hours=1):%m/%d/%Y} HE24"),
        hours(lambda t: f"{t:%Y-%m-%d %H:%M}-{t + timedelta(hours=1):%H:%M}"),
        hours(form("%Y-%m-%d %H:%M:%S UTC")),
        hours(form("%Y-%m-%dT%H:%M:%S+01:00[Europe/Berlin]")),
        hours(form("%Y-%m-%dT%H:%M:%S.000000000Z")),
        hours(form("%d.%m.%Y %Hh%M")),
        hours(form("%d.%m.%Y %H:%M Uhr")),
        hours(lambda t: f"{t:%d-%b-%y %I.%M.%S}.000000 {t:%p}".upper()),
        hours(form("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")),
        hours(form("%a %b %d %H:%M:%S UTC %Y")),
        hours(form("%d/%b/%Y:%H:%M:%S +0000")),
        hours(form("%H:%M %d/%m/%Y")),
        hours(form("%H:%M %Y-%m-%d")),
        hours(form("%d/%m/%Y à %H:%M")),
        hours(form("%Y:%m:%d %H:%M:%S")),
        hours(lambda t: f"{t - timedelta(hours=1):%Y%m%d}24" if t.hour == 0 else f"{t:%Y%m%d%H}"),
        [f"{43831 + i / 24:.6f}".replace(".", ",") for i in range(101)],
        hours(lambda t: f"{t.month}/{t.day}/{t.year} {(t.hour + 11) % 12 + 1}:00 {t:%p}"),
        hours(lambda t: f"{t.year}/{t.month}/{t.day} {'下午' if t.hour > 11 else '上午'}{(t.hour + 11) % 12 + 1}:00"),
        hours(lambda t: f"{t.year}年{t.month}月{t.day}日 {t.hour}時"),
        hours(lambda t: f"{t - timedelta(hours=1):%Y-%m-%d} 24:00" if t.hour == 0 else f"{t:%Y-%m-%d %H:%M}"),
        hours(lambda t: f"{t:%d.%m.%Y %H:%M} - {t + timedelta(hours=1):%d.%m.%Y %H:%M}"),
        hours(lambda t: f"{t:%d.%m.%Y %H:%M}-{t + timedelta(hours=1):%H:%M}"),
        hours(lambda t: str(seconds(t))),
        hours(lambda t: f"{seconds(t):.1f}"),
        hours(lambda t: f"{seconds(t):.9E}"),
        hours(lambda t: str(seconds(t) * 1000)),
        hours(lambda t: str(seconds(t) * 10**9)),
        hours(lambda t: f"/Date({seconds(t) * 1000})/"),
        [f"{43831 + i / 24:.6f}" for i in range(101)],
        [f"{i}h" for i in range(23)],
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
    "every 30 minutes": [
        [f"{i // 2 % 24:02d}:{30 * (i % 2):02d}" for i in range(1, 48)],
    ],
    "every 0.5 steps": [
        [f"{i / 2:.1f}" for i in range(30)],
    ],
    "13 periods a year": [
        [f"{2018 + i // 13}-P{i % 13 + 1:02d}" for i in range(50)],
    ],
    "numbered steps": [
        [f"Week {i}" for i in range(1, 30)],
        [f"P{i:02d}" for i in range(1, 30)],
    ],
    "three times a month": [
        [f"{2018 + i // 36}-{i // 3 % 12 + 1:02d}-{i % 3 + 1}" for i in range(40)],
        [f"{2018 + i // 36}-{i // 3 % 12 + 1:02d}-D{i % 3 + 1}" for i in range(40)],
        [f"{2018 + (27 + i) // 36}年{(27 + i) // 3 % 12 + 1}月{'上中下'[i % 3]}旬" for i in range(40)],
    ],
    "every 0.25 seconds": [
        hours(str, start=datetime(2024, 2, 1, 10), milliseconds=250),
        hours(lambda t: t.isoformat(timespec="milliseconds" if t.microsecond else "seconds"), milliseconds=250),
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
def test_a_form_is_read_and_written_on(tmp_path, texts, frequency):
    panel, _ = read(tmp_path, texts)
    one = panel.series[0]
    assert panel.frequency.name == frequency
    assert [panel.calendar.label(one.first, step) for step in range(len(one.values) + 3)] == texts


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


def times_of(texts, **options):
    chosen = read_as_times(texts, "date", **options)
    return chosen.form.read(texts)[0].astype("M8[us]").astype("M8[D]").astype(str).tolist()


@pytest.mark.parametrize(
    ("texts", "first", "last"),
    [
        ([f"{day:02d}/05/2020" for day in range(1, 12)], "2020-05-01", "2020-05-11"),  # eleven days of May
        ([f"01/{month:02d}/2020" for month in range(1, 9)], "2020-01-01", "2020-08-01"),  # firsts of months
        ([f"{month:02d}/01/2020" for month in range(1, 9)], "2020-01-01", "2020-08-01"),
        ([f"20-01-{day:02d}" for day in range(1, 30)], "2020-01-01", "2020-01-29"),
    ],
)
def test_the_order_of_day_month_and_year_is_what_makes_times_regular(texts, first, last):
    times = times_of(texts)
    assert (times[0], times[-1]) == (first, last)


def test_a_given_order_is_kept():
    texts = [f"{day:02d}/05/2020" for day in range(1, 12)]
    assert times_of(texts, day_first=False)[:2] == ["2020-01-05", "2020-02-05"]


@pytest.mark.parametrize("texts", [["a1b", "c2d", "e3f"], ["2020-13-45", "2020-14-01", "2020-15-02"], ["12 Main St"]])
def test_what_is_no_time_has_no_form(texts):
    assert read_as_times(texts, "date") is None


def test_times_that_cannot_be_read_are_an_error_and_never_numbered(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("date,v\n" + "".join(f"the {i}. of Floréal 2,{i}\n" for i in range(1, 9)))
    with pytest.raises(DataError, match="looks like a time"):
        read_panel(path)


def test_times_out_of_the_calendar_name_their_row(tmp_path):
    path = tmp_path / "x.csv"
    rows = [f"2021-01-{day:02d},1" for day in range(1, 32)]
    rows[20] = "2021-02-30,1"
    path.write_text("date,v\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match=r"line 22.*'2021-02-30' is not a time"):
        read_panel(path)


def test_offsets_that_change_give_one_hourly_series(tmp_path):
    zone = [("+01:00", 1), ("+02:00", 2)]
    rows = []
    for hour in range(-10, 10):
        name, offset = zone[hour >= 0]
        moment = datetime(2022, 3, 27, 1) + timedelta(hours=hour + offset)
        rows.append(f"{moment:%Y-%m-%dT%H:%M:%S}{name},{hour + 20}")
    path = tmp_path / "x.csv"
    path.write_text("time,v\n" + "\n".join(rows) + "\n")
    panel = read_panel(path, ReadOptions())
    assert panel.frequency.name == "hourly"
    np.testing.assert_array_equal(panel.series[0].values, np.arange(10, 30))


@pytest.mark.parametrize(("name", "zero"), [("MJD", 40587), ("datenum", 719529), ("Julian day", 2440588)])
def test_days_are_counted_from_where_the_name_says(tmp_path, name, zero):
    path = tmp_path / "x.csv"
    path.write_text(f"{name},v\n" + "".join(f"{18993 + zero + i},{i * i}\n" for i in range(40)))
    panel = read_panel(path)
    assert panel.frequency.name == "daily"
    assert panel.calendar.date(panel.series[0].first) == datetime(2022, 1, 1)


@pytest.mark.parametrize(
    "texts", [[f"{2019 + i / 365.25:.4f}" for i in range(800)], [f"X4.01.{i:02d}" for i in range(1, 29)] * 2]
)
def test_what_looks_like_a_time_is_an_error_and_never_a_value(tmp_path, texts):
    path = tmp_path / "x.csv"
    path.write_text("year,v\n" + "".join(f"{text},{i % 7}.5\n" for i, text in enumerate(texts)))
    with pytest.raises(DataError, match="looks like a time"):
        read_panel(path)


@pytest.mark.parametrize(
    "form",
    ["Week of {}/2019", "{}/2562", "{0}/2019 - {0}/2019", "({}/2019)"],
    ids=["words", "era", "interval", "signs"],
)
def test_a_given_order_is_kept_within_other_text(form):
    texts = [form.format(f"03/{place:02d}") for place in range(4, 10)]
    for day_first, second in ((True, "2019-05-03"), (False, "2019-03-05")):
        assert times_of(texts, day_first=day_first)[1] == second


def test_dates_within_other_text_that_can_be_read_two_ways_are_guessed_aloud(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("date,v\n" + "".join(f"w/e {i:02d}/{i:02d}/2019,{i}\n" for i in range(1, 13)))
    assert any("two ways" in note for note in read_panel(path).notes)


def test_a_zone_that_is_a_folder_of_zones_is_left_aside():
    texts = [
        f"2022-03-{day}T{hour:02d}:00:00+0{1 + (day > 26)}:00[Europe]" for day in (26, 27) for hour in range(5, 20)
    ]
    assert read_as_times(texts, "time") is not None


def test_an_interval_of_months_that_ends_with_1969_is_written_as_it_is_read(tmp_path):
    texts = [f"{1967 + i // 4}-{3 * (i % 4) + 1:02d} - {1967 + i // 4}-{3 * (i % 4) + 3:02d}" for i in range(20)]
    panel, ahead = read(tmp_path, texts)
    assert panel.calendar.label(panel.series[0].first, 11) == texts[11]
    assert ahead == texts[-3:]


def test_times_with_changing_offsets_are_those_of_utc_within_other_text():
    offsets = [-4 if place < 20 else -5 for place in range(40)]
    moments = [datetime(2019, 11, 2, 8) + timedelta(hours=place + by) for place, by in enumerate(offsets)]
    texts = [f"{moment:%Y-%m-%d %H:%M}-0{-by}00" for moment, by in zip(moments, offsets, strict=True)]
    form = read_as_times(texts, "time").form
    calendar = Calendar(Frequency("second", 3600), CycleGrid(3600 * SECOND), FormOver(form))
    assert str(calendar.in_zone([datetime(2019, 11, 2)], None).tz) == "UTC"
