"""Times that stand in several columns: date and clock, year and month."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from seqcli.series import words
from seqcli.series.columns import LOOKED_AT, Columns, ReadOptions
from seqcli.series.fields import plain
from seqcli.series.financial import calendar_years
from seqcli.series.forms import find_forms
from seqcli.series.header import Table
from seqcli.series.marks import fill_down, is_missing
from seqcli.series.names import MONTH, find_numbers
from seqcli.series.numerals import find_named, find_numerals
from seqcli.series.serials import find_periods, to_numbers

UNNAMED = (words.YEAR, words.MONTH, words.DAY, words.HOUR, words.MINUTE)  # the first columns without a header
_PARTS = (  # of a year: the words that name them, their numbers, what stands before these, whether they may be words
    (words.DAY_OF_YEAR, 1, 366, "", False),
    (words.MONTH, 1, 12, "", True),
    (words.QUARTER, 1, 4, "Q", True),
    (words.HALF, 1, 2, "H", True),
    (words.WEEK, 1, 53, "W", True),
    (words.PERIOD, 1, 13, "P", True),
)
HOURS = re.compile(r"(\d\d?)(?:[:.h]?00)?(?:\s?[-–]\s?\d\d?(?:[:.h]?00)?|\s(?:UTC|GMT))")  # from one to the next
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d年?(?!\d)")
_BESIDE = re.compile(
    r"^(?:HE?|Hour)\s?(?=\d\d?$)|(?<=[23])[AB]$", re.IGNORECASE
)  # HE07; 2A, 2B: the clock was put back
PERIODS = {24: 60, 25: 60, 48: 30, 50: 30, 96: 15, 100: 15}  # minutes of one of so many periods a day


def with_joined_times(table: Table, options: ReadOptions) -> Table:
    """The table with the parts of its times, which stand in several columns, in one."""
    if options.time is not None:
        return table
    table = _without_outline(table)
    columns = Columns(table, options)
    names = [name for name in table.columns if name not in (options.target, *options.series, *options.covariates)]
    full = [name for name in names if not columns.is_plain(name) and columns.grain(name) in ("day", "second")]
    dates = [name for name in full if columns.grain(name) == "day" and columns.has_dates(name)]
    compact = [name for name in names if name not in full and words.says_time(name) and columns.has_dates(name)]
    dates += [name for name in compact if columns.grain(name) == "day" and len(columns.different(name)[0]) == 8]
    parts: list[str] = []
    joined: np.ndarray | None = None
    if dates:
        clocks = [name for name in names if name not in dates and _is_clock(columns, name)] if len(names) > 2 else []
        single = columns.is_different_everywhere(dates[0])  # days, of which other clocks may be durations
        clock = next((name for name in clocks if words.is_time_of_day(name) or not single), None)
        if clock is not None:
            parts, days = [dates[0], clock], _whole(table.columns[dates[0]]).tolist()
            pairs = zip(days, _clocks(columns, days, clock), strict=True)
            joined = np.array([f"{day} {time}" for day, time in pairs], object)
    elif not any(map(columns.has_dates, full)):
        parts, joined = _year_and_parts(columns, names)
    if joined is None:
        return table
    name = " ".join(parts)
    again = _again_in_decimals(columns, parts[0]) if words.YEAR & set(words.split_name(parts[0])) or not dates else []
    again += [name for name in table.columns if name not in parts and _is_code_of(columns, name, parts[-1])]
    left = [other for other in table.columns if other not in (*parts, *again)]
    made = {name: joined, **{other: table.columns[other] for other in left}}
    note = f"times are read from the columns {' and '.join(map(repr, parts))}"
    return table.with_columns(made, note + (f"; {again[0]!r} has them again" if again else ""))


def _without_outline(table: Table) -> Table:
    """The table with whole times in its first column, where that has years and below each its months or quarters, as
    pivot tables of spreadsheets have them, or the year beside the first month only, or after the years their quarters,
    then their months, as statistics offices write them; the rows of longer periods, which are totals, are left out."""
    name = next(iter(table.columns))
    if len(table) > LOOKED_AT or not _YEAR.search(plain(table.columns[name][0])):
        return table
    cells = [plain(text) for text in table.columns[name].tolist()]
    years, dated = (np.array([find(text) is not None for text in cells]) for find in (_YEAR.fullmatch, _YEAR.search))
    quarters = np.array([re.fullmatch(r"\d{4}\W?Q[1-4]|Q[1-4]\W?\d{4}", text) is not None for text in cells])
    if years.mean() > 0.5 or years.sum() == len({text for text in cells if text}):
        return table
    above = np.maximum.accumulate(np.where(dated, np.arange(len(cells)), 0)).tolist()
    below = [_after_year(cells[row], cell) for row, cell in zip(above, cells, strict=True)]
    rest = ~years & ~np.array([words.is_total(text) or is_missing(text) for text in cells])
    made = [(rest, np.array(below, object))] if years[0] or dated.mean() <= 0.5 else []
    made += [(rest & ~quarters, np.array(cells, object))] if years[0] or quarters.any() else []
    for kept, whole in made:
        texts = list(dict.fromkeys(whole[kept].tolist()))
        forms = [form for form in find_forms(texts) if form.grain in ("month", "quarter") and not form.cycle]
        if kept.mean() > 0.5 and len(texts) > 1 and any(form.read(texts)[1].all() for form in forms):
            left = int((~kept).sum())
            note = f"{name!r} has years and their parts: the {left} rows of longer periods are left out"
            note = note if left else f"{name!r} has the year in some rows: it is filled down"
            return table.with_columns({**table.columns, name: whole}).select(np.flatnonzero(kept), note)
    return table


def _after_year(above: str, cell: str) -> str:
    """A cell without a year with that of the one above it, on the same side of it."""
    match = _YEAR.search(above)
    if match is None or _YEAR.search(cell):
        return cell
    return f"{match[0]} {cell}" if match.start() == 0 else f"{cell} {match[0]}"


def _is_code_of(columns: Columns, name: str, part: str) -> bool:
    """Whether a column of text has another word for each month, quarter or hour in the column `part`: MONAT01."""
    counts = [int(columns.table.combined(names).max()) + 1 for names in ([name], [part], [name, part])]
    return counts[0] > 3 and len(set(counts)) == 1 and columns.numbers(name) is None and not columns.has_dates(name)


def _again_in_decimals(columns: Columns, year: str) -> list[str]:
    """The columns that have the times again as decimal years."""
    found = []
    years, _ = to_numbers(columns.table.columns[year][:1000].tolist())
    for name, column in columns.table.columns.items():
        numbers, fine = to_numbers(column[:1000].tolist())
        if name != year and fine.all() and (numbers % 1 > 0).any() and (np.floor(numbers) == years).all():
            found.append(name)
    return found


def _is_clock(columns: Columns, name: str) -> bool:
    """Whether a column has times of day, or hours by its name."""
    texts = columns.different(name)
    if len(texts) < 2 or words.says(name, words.KEYS):  # ids such as H1, H2
        return False
    if words.says(name, words.HOUR):
        texts = [_BESIDE.sub("", plain(text)) for text in texts]
        if all(map(HOURS.fullmatch, texts)):
            return True
    if to_numbers(texts)[1].mean() <= 0.8:
        looks = words.says_time(name) or re.search(r"\d\s?(?:[:.h時时]|[ap]\.?m)", texts[0], re.IGNORECASE)
        return bool(looks) and columns.grain(name) == "second" and not columns.has_dates(name)
    values, fine = to_numbers(texts)
    if not fine.all() or (values != np.rint(values)).any() or values.min() < 0:
        return False
    if words.says(name, words.PERIOD):
        return bool(values.min() == 1 and values.max() in PERIODS)
    if not words.says(name, words.HOUR):
        return False
    minutes, seconds = values // 100 % 100, values % 100  # hours and minutes where there are up to four digits
    clock = values.max() <= 240_000 and (minutes < 60).all() and (seconds < 60).all() and (seconds % 5 == 0).all()
    return bool(values.max() <= 25 or clock)


def _clocks(columns: Columns, days: Sequence[str], clock: str) -> list[str]:
    """The times of day in a column of clocks, hours or numbered periods, beside the days of the rows."""
    texts = [plain(text) for text in columns.table.columns[clock].tolist()]
    clocks = [_BESIDE.sub("", text) for text in texts]
    found, fine = to_numbers(clocks)
    if fine.mean() <= 0.8:
        return [HOURS.sub(r"\1:00", text) for text in texts]
    most = int(found[fine].max())
    hours = np.where(fine, found, 0).astype(int).tolist()  # a row of notes may have none
    if words.says(clock, words.PERIOD) and most in PERIODS:
        minutes = [(hour - 1) * PERIODS[most] for hour in hours]
        return [f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes]
    if most <= 25:  # the third hour was there twice, when the clock was put back
        long = {day for day, hour in zip(days, hours, strict=True) if hour == 25}
        return [f"{hour - (day in long and hour > 3):02d}:00" for day, hour in zip(days, hours, strict=True)]
    width = 4 if most <= 2400 else 6
    return [":".join(re.findall("..", f"{text.partition('.')[0]:0>{width}}")) for text in clocks]


def _whole(column: np.ndarray) -> np.ndarray:
    """A column of years or dates, filled down where each is given once for its rows."""
    filled = fill_down(column)
    return column if filled is None else filled


def _digits(column: np.ndarray) -> list[str]:
    """A column's texts, whole numbers without a point."""
    return [plain(text).removesuffix(".0") for text in column.tolist()]


def _month_and_day(table: Table, month: str, day: str) -> np.ndarray | None:
    """The cells of months and days without a year, joined; None where these come again."""
    texts = []
    for cells in (_whole(table.columns[month]).tolist(), table.columns[day].tolist()):
        numbers, fine = to_numbers(cells)
        trio = zip(cells, numbers.tolist(), fine.tolist(), strict=True)
        texts.append([f"{number:g}" if ok else cell for cell, number, ok in trio])
    joined = [f"{a}-{b}" for a, b in zip(*texts, strict=True)]
    dates = [text for text in joined if re.fullmatch(r"\d+-\d+", text)]  # other rows may be totals
    return np.array(joined, object) if dates and len(set(dates)) == len(dates) else None


def _has_months(columns: Columns, name: str) -> bool:
    """Whether a column has the names of all twelve months, and nothing else."""
    texts = columns.different(name)
    return len(texts) == 12 and find_numbers(texts, MONTH) is not None


def _with_clocks(
    columns: Columns, days: list[str], used: list[str], names: Sequence[str], find: Callable[..., str | None]
) -> tuple[list[str], list[str]]:
    """Days with the times of day beside them, if there are any, and the columns `used` with those of hour and minute;
    `find` gives the column of a word and its numbers."""
    hour = next((name for name in names if name not in used and _is_clock(columns, name)), None)
    if hour is None and len(set(days)) < len(days):
        hour = find(words.HOUR, 0, 24)
    if hour is None:
        return days, used
    clocks = _clocks(columns, days, hour)
    minute = find(words.MINUTE, 0, 59)
    if minute == "column5" and len(set(zip(days, clocks, strict=True))) == len(days):
        minute = None
    if minute is not None and minute not in used and columns.is_plain(hour):
        minutes = [plain(text) for text in columns.table.columns[minute].tolist()]
        clocks = [f"{text[:3]}{more:0>2}" for text, more in zip(clocks, minutes, strict=True)]
        used = [*used, minute]
    return [f"{a} {b}" for a, b in zip(days, clocks, strict=True)], [*used, hour]


def _year_and_parts(columns: Columns, names: Sequence[str]) -> tuple[list[str], np.ndarray | None]:
    """The columns of year, month, day …, and their cells joined; None where there is no year or nothing finer."""
    table, first = columns.table, 0

    def find(wanted: frozenset[str], low: int, high: int, *, others: bool = False) -> str | None:
        for place, name in enumerate(names):
            unnamed = name == f"column{place + 1}" and UNNAMED[place - first : place - first + 1] == (wanted,)
            texts = [plain(text) for text in columns.different(name) if not words.is_total(text)]
            if not (unnamed or words.says(name, wanted)) or not texts:
                continue
            if unnamed and first and len(texts) < min(high, 28):  # beyond other columns only where all are there
                continue
            values, fine = to_numbers(texts)
            whole = fine.all() and (values == np.rint(values)).all() and values.min() >= low and values.max() <= high
            if whole or (others and not fine.any()):
                return name
        return None

    again = [name for name in names if columns.counts_years(name) and not columns.is_different_everywhere(name)]
    year = find(words.YEAR, 1000, 2999, others=True) or next(iter(again), None)
    if year is None:
        month, day = find(words.MONTH, 1, 12), find(words.DAY, 1, 31)
        if month is None or day is None or month == day:
            return [], None
        return [month, day], _month_and_day(table, month, day)
    first = 0 if words.says(year, words.YEAR) else names.index(year)
    rest = [name for name in names if name != year]
    found = ((find(wanted, low, high, others=others), wanted, sign) for wanted, low, high, sign, others in _PARTS)
    part, wanted, sign = next((one for one in found if one[0] in rest), (None, words.YEAR, ""))
    if part is None:  # called anything, but with the names of all months
        part, wanted, sign = next((name for name in rest if _has_months(columns, name)), None), words.MONTH, ""
    if part is None:
        return [], None
    numeric = columns.is_plain(part)
    monthly = wanted is words.MONTH
    day = find(words.DAY, 1, 31) if monthly else None
    dekad = find(words.DEKAD, 1, 3) if monthly and day is None else None
    day = day or dekad
    width = (2 if monthly else 3) if numeric and not sign else 0
    glue = "-" if width else f" {sign}" if numeric else " "
    years = _digits(_whole(table.columns[year]))
    years = calendar_years(table, year, years, table.columns[part].tolist()) if monthly else years
    pairs = zip(years, _digits(table.columns[part]), strict=True)
    made, used = [f"{a}{glue}{b:0>{width}}" for a, b in pairs], [year, part]
    if day is not None and day not in used:
        glue = "-D" if dekad else "-" if numeric else " "
        pairs = zip(made, _digits(table.columns[day]), strict=True)
        made, used = [f"{a}{glue}{b:0>{1 if dekad else 2}}" for a, b in pairs], [*used, day]
        made, used = _with_clocks(columns, made, used, rest, find)
    texts = [text for text in dict.fromkeys(made) if not words.is_total(text)]
    known = find_forms(texts) or find_periods(texts) or find_named(texts) or find_numerals(texts)
    return (used, np.array(made, object)) if known else ([], None)
