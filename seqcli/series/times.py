"""Time stamps as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_EPOCH = datetime(1970, 1, 1)
_CLOCK = r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp][Mm])?)?\s*(Z|[+-]\d{2}:?\d{2})?"
_CLOCK_AND_ZONE = re.compile(r"(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[AaPp][Mm])?)(\s*(?:Z|[+-]\d{2}:?\d{2}))\s*$")


@dataclass(frozen=True)
class TimeStyle:
    """One way to write a time: `parse` text to seconds since 1970 or, for months, years and steps, a whole number.

    `unit` is what the number counts: second, month or step.
    """

    name: str
    unit: str
    parse: Callable[[str], int | None]
    write: Callable[[int], str]


def find_style(texts: Sequence[str], *, day_first: bool | None = None) -> tuple[TimeStyle, str | None] | None:
    """The style that `texts` are written in, and a notice when it had to be guessed; None when there is none."""
    if zone := _zone(texts):
        found = find_style([_CLOCK_AND_ZONE.sub(r"\1", text) for text in texts], day_first=day_first)
        return found and (_with_zone(found[0], zone), found[1])
    sample = [text.strip() for text in texts[:200]]
    if not sample:
        return None
    numeric = _slashed_order(texts, day_first)
    for make in (
        _iso,
        _quarter,
        _month,
        _month_name,
        _iso_week,
        numeric[0],
        _day_month_name,
        _compact,
        _year,
        _epoch,
        _steps,
    ):
        style = make(sample)
        # a few that are not times are errors in a column of times, met when it is read
        if style is not None and sum(style.parse(text) is not None for text in sample) >= 0.8 * len(sample):
            return style, numeric[1] if make is numeric[0] else None
    return None


def _zone(texts: Sequence[str]) -> str:
    """The offset from UTC that can be left aside: that of all times, or the last where all have the same clock, as
    local midnights have through the year. Empty where there is none, or where the times need it to be in order."""
    if not texts or not _CLOCK_AND_ZONE.search(texts[0]):
        return ""
    found = [match for match in map(_CLOCK_AND_ZONE.search, texts) if match]
    alike = len({match[2] for match in found}) == 1 or len({match[1] for match in found}) == 1
    return found[-1][2] if alike else ""


def _with_zone(style: TimeStyle, zone: str) -> TimeStyle:
    """The style of local times, for times with an offset, which is read over and written as `zone`."""
    return TimeStyle(
        style.name,
        style.unit,
        lambda text: style.parse(_CLOCK_AND_ZONE.sub(r"\1", text)),
        lambda number: style.write(number) + zone,
    )


def to_seconds(moment: datetime) -> int:
    """Seconds since 1970."""
    return round((moment - _EPOCH).total_seconds())


def to_moment(seconds: int) -> datetime:
    """The time of seconds since 1970."""
    return _EPOCH + timedelta(seconds=seconds)


def _style(
    name: str, pattern: str, read: Callable[[re.Match[str]], datetime], write: Callable[[datetime], str]
) -> TimeStyle:
    compiled = re.compile(pattern)

    def parse(text: str) -> int | None:
        match = compiled.fullmatch(text.strip())
        try:
            return to_seconds(read(match)) if match else None
        except (ValueError, OverflowError):
            return None

    return TimeStyle(name, "second", parse, lambda number: write(to_moment(number)))


def _month_style(
    name: str, pattern: str, read: Callable[[re.Match[str]], tuple[int, int]], write: Callable[[int, int], str]
) -> TimeStyle:
    """Styles without a day: the number counts months (year * 12 + month - 1)."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def parse(text: str) -> int | None:
        match = compiled.fullmatch(text.strip())
        if not match:
            return None
        try:
            year, month = read(match)
        except ValueError:
            return None
        return year * 12 + month - 1 if 1 <= month <= 12 else None

    return TimeStyle(name, "month", parse, lambda number: write(number // 12, number % 12 + 1))


def _clock(match: re.Match[str], first: int) -> timedelta:
    hour, minute, second, half, zone = (match[first + i] for i in range(5))
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    offset = timedelta()
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    return timedelta(hours=hours, minutes=int(minute or 0), seconds=int(second or 0)) - offset


def _clock_text(sample: Sequence[str], first_group: int, pattern: str) -> str:
    """The strftime form of the clock in the sample, empty when no stamp has one."""
    longest = max(sample, key=len)
    match = re.fullmatch(pattern, longest)
    if not match or match[first_group] is None:
        return ""
    separator = "T" if "T" in longest else " "
    hours = "%I" if match[first_group + 3] else "%H"
    text = (
        f"{separator}{hours}:%M" + (":%S" if match[first_group + 2] else "") + (" %p" if match[first_group + 3] else "")
    )
    return text + ("Z" if match[first_group + 4] == "Z" else "+00:00" if match[first_group + 4] else "")


def _iso(sample: Sequence[str]) -> TimeStyle | None:
    pattern = r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _CLOCK
    match = re.fullmatch(pattern, sample[0])
    if not match:
        return None
    form = f"%Y{match[2]}%m{match[2]}%d" + _clock_text(sample, 5, pattern)
    return _style(
        "year-month-day",
        pattern,
        lambda m: datetime(int(m[1]), int(m[3]), int(m[4])) + _clock(m, 5),
        lambda moment: _four_digits(moment, form),
    )


def _four_digits(moment: datetime, form: str) -> str:
    return moment.strftime(form.replace("%Y", f"{moment.year:04d}"))


def _slashed_order(
    texts: Sequence[str], day_first: bool | None
) -> tuple[Callable[[Sequence[str]], TimeStyle | None], str | None]:
    """How to read 04/05/2021: by what is possible in the whole column, else by which part changes, else day first with
    points and month first otherwise."""
    pattern = r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})" + _CLOCK
    pairs = [(int(m[1]), int(m[3]), m[2]) for m in (re.fullmatch(pattern, text.strip()) for text in texts) if m]
    notice = None
    if day_first is None and pairs:
        if any(a > 12 for a, _, _ in pairs):
            day_first = True
        elif any(b > 12 for _, b, _ in pairs):
            day_first = False
        else:
            firsts, seconds = len({a for a, _, _ in pairs}), len({b for _, b, _ in pairs})
            day_first = firsts == 1 and seconds > 1 if firsts != seconds else pairs[0][2] == "."
            if firsts == seconds or min(firsts, seconds) > 1:
                day_first = pairs[0][2] == "."
            order = "day first" if day_first else "month first"
            notice = f"dates such as {texts[0].strip()} can be read two ways: {order} here (--day-first, --month-first)"
    first = bool(day_first)

    def make(sample: Sequence[str]) -> TimeStyle | None:
        match = re.fullmatch(pattern, sample[0])
        if not match:
            return None
        sep = match[2]
        year = "%Y" if len(match[4]) == 4 else "%y"
        form = (f"%d{sep}%m{sep}{year}" if first else f"%m{sep}%d{sep}{year}") + _clock_text(sample, 5, pattern)

        def read(m: re.Match[str]) -> datetime:
            day, month = (int(m[1]), int(m[3])) if first else (int(m[3]), int(m[1]))
            return datetime(_century(m[4]), month, day) + _clock(m, 5)

        return _style(
            "day/month/year" if first else "month/day/year", pattern, read, lambda moment: moment.strftime(form)
        )

    return make, notice


def _century(text: str) -> int:
    year = int(text)
    return year if len(text) > 2 else year + (2000 if year < 70 else 1900)


def _quarter(sample: Sequence[str]) -> TimeStyle | None:
    for pattern, year, quarter in (
        (r"(\d{4})(\s?[-:.]?\s?Q)([1-4])", 1, 3),
        (r"(Q)([1-4])([\s/-]*)(\d{4})", 4, 2),
        (r"([1-4])(Q[\s/-]*)(\d{4})", 3, 1),
    ):
        match = re.fullmatch(pattern, sample[0], re.IGNORECASE)
        if match:
            groups = list(match.groups())

            def write(y: int, m: int, groups: list[str] = groups, year: int = year, quarter: int = quarter) -> str:
                return "".join(
                    f"{y:04d}" if i == year else str((m + 2) // 3) if i == quarter else part
                    for i, part in enumerate(groups, 1)
                )

            return _month_style("quarters", pattern, lambda m, y=year, q=quarter: (int(m[y]), 3 * int(m[q]) - 2), write)  # type: ignore[misc]
    return None


def _month(sample: Sequence[str]) -> TimeStyle | None:
    match = re.fullmatch(r"(\d{1,4})([-/.Mm])(\d{1,2})", sample[0])
    if match and len(match[1]) != 2:
        year_width, month_width, sep = len(match[1]), len(match[3]), match[2]
        name = "year-month"
        if sep == ".":  # 5.3 is no month but a number, 2021.3 may be one or the other
            if not all(re.fullmatch(r"(18|19|20|21)\d\d\.\d{1,2}", text) for text in sample):
                return None
            name = "year-month" if all(len(text) == 7 for text in sample) else "year.month"
        pad = 2 if month_width == 2 else 1
        width = 4 if year_width == 4 else 1
        return _month_style(
            name,
            r"(\d{1,4})[-/.M](\d{1,2})",
            lambda m: (int(m[1]), int(m[2])),
            lambda y, m: f"{y:0{width}d}{sep}{m:0{pad}d}",
        )
    match = re.fullmatch(r"(\d{1,2})([-/.])(\d{4})", sample[0])
    if match:
        sep, pad = match[2], len(match[1])
        return _month_style(
            "month-year",
            r"(\d{1,2})[-/.](\d{4})",
            lambda m: (int(m[2]), int(m[1])),
            lambda y, m: f"{m:0{pad}d}{sep}{y}",
        )
    return None


def _month_name(sample: Sequence[str]) -> TimeStyle | None:
    match = re.fullmatch(r"([A-Za-z]{3,9})\.?([\s/'-]*)(\d{4}|\d{2})", sample[0])
    if match and match[1][:3].lower() in _MONTHS:
        sep, long, width = match[2], len(match[1]) > 3 and sample[0][:3].lower() != "may", len(match[3])

        def write(y: int, m: int) -> str:
            name = date(2000, m, 1).strftime("%B" if long else "%b")
            return f"{name}{sep}{y:04d}" if width == 4 else f"{name}{sep}{y % 100:02d}"

        return _month_style(
            "month name and year",
            r"([A-Za-z]{3,9})\.?[\s/'-]*(\d{4}|\d{2})",
            lambda m: (_century(m[2]), _MONTHS.index(m[1][:3].lower()) + 1),
            write,
        )
    return None


def _day_month_name(sample: Sequence[str]) -> TimeStyle | None:
    first = re.fullmatch(r"(\d{1,2})([\s/-]+)([A-Za-z]{3,9})\.?([\s/,-]+)(\d{4}|\d{2})" + _CLOCK, sample[0])
    if first:
        year = "%Y" if len(first[5]) == 4 else "%y"
        form = f"%d{first[2]}{'%b' if len(first[3]) == 3 else '%B'}{first[4]}{year}" + _clock_text(
            sample, 6, first.re.pattern
        )
        return _style(
            "day month year",
            first.re.pattern,
            lambda m: datetime(_century(m[5]), _MONTHS.index(m[3][:3].lower()) + 1, int(m[1])) + _clock(m, 6),
            lambda moment: moment.strftime(form),
        )
    second = re.fullmatch(r"([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})" + _CLOCK, sample[0])
    if second:
        comma = "," if "," in sample[0] else ""
        form = f"{'%b' if len(second[1]) == 3 else '%B'} %d{comma} %Y" + _clock_text(sample, 4, second.re.pattern)
        return _style(
            "month day, year",
            second.re.pattern,
            lambda m: datetime(int(m[3]), _MONTHS.index(m[1][:3].lower()) + 1, int(m[2])) + _clock(m, 4),
            lambda moment: moment.strftime(form),
        )
    return None


def _iso_week(sample: Sequence[str]) -> TimeStyle | None:
    match = re.fullmatch(r"(\d{4})(-?W)(\d{2})", sample[0], re.IGNORECASE)
    if not match:
        return None

    def write(moment: datetime) -> str:
        year, week, _ = moment.isocalendar()
        return f"{year}{match[2]}{week:02d}"

    return _style(
        "ISO weeks", r"(\d{4})-?[Ww](\d{2})", lambda m: datetime.fromisocalendar(int(m[1]), int(m[2]), 1), write
    )


def _compact(sample: Sequence[str]) -> TimeStyle | None:
    if all(re.fullmatch(r"(18|19|20|21)\d{6}", text) for text in sample):
        return _style(
            "yyyymmdd",
            r"(\d{4})(\d{2})(\d{2})",
            lambda m: datetime(int(m[1]), int(m[2]), int(m[3])),
            lambda moment: moment.strftime("%Y%m%d"),
        )
    if all(re.fullmatch(r"(18|19|20|21)\d{2}(0[1-9]|1[0-2])", text) for text in sample):
        return _month_style(
            "yyyymm", r"(\d{4})(\d{2})", lambda m: (int(m[1]), int(m[2])), lambda y, m: f"{y:04d}{m:02d}"
        )
    return None


def _year(sample: Sequence[str]) -> TimeStyle | None:
    if all(re.fullmatch(r"(1[4-9]|20|21)\d{2}(\.0)?", text) for text in sample):
        return _month_style("years", r"(\d{4})(?:\.0)?", lambda m: (int(m[1]), 1), lambda y, m: f"{y:04d}")
    return None


def _epoch(sample: Sequence[str]) -> TimeStyle | None:
    for pattern, factor, name in ((r"\d{9,10}", 1, "seconds"), (r"\d{12,13}", 1000, "milliseconds")):
        if all(re.fullmatch(pattern, text) for text in sample):
            return _epoch_style(pattern, factor, f"{name} since 1970")
    return None


def _epoch_style(pattern: str, factor: int, name: str) -> TimeStyle:
    def parse(text: str) -> int | None:
        return int(text) // factor if re.fullmatch(pattern, text.strip()) else None

    return TimeStyle(name, "second", parse, lambda number: str(number * factor))


def _steps(sample: Sequence[str]) -> TimeStyle | None:
    def parse(text: str) -> int | None:
        match = re.fullmatch(r"([+-]?\d{1,15})(?:\.0+)?", text.strip())
        return int(match[1]) if match else None

    return TimeStyle("numbers", "step", parse, str)
