"""The rhythm of time stamps: their frequency, and the grid that they lie on, found from the times themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqcli.notices import change_with
from seqcli.series.calendar import CycleGrid, Grid, ListedGrid, MonthGrid, find_rule, to_local
from seqcli.series.frequency import Frequency, weekday_names
from seqcli.series.times import DAY, SECOND, FieldForm, Form, month_of, month_start

WEEK = 7 * DAY
MONDAY = -3 * DAY  # the last one before 1970
HOUR = 3600 * SECOND
ZONES = (
    "Europe/Berlin", "Europe/London", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "Europe/Athens", "America/Halifax", "Australia/Sydney", "Australia/Adelaide", "Pacific/Auckland",
    "America/Santiago",    "America/St_Johns", "Asia/Jerusalem",
)  # fmt: skip
NICE = [s * SECOND for s in (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800)]
NICE += [h * HOUR for h in (1, 2, 3, 4, 6, 8, 12, 24)]
NICE += [thousands * 1_000 for thousands in (1, 2, 5, 10, 20, 50, 100, 500)]
RARE = 0.15  # share of weeks or days: at times that have values more seldom it is closed as a rule


@dataclass(frozen=True)
class Rhythm:
    """How times follow one another. `fit` says how times lie on the grid: "" on its places, `near` them, `drifts` where
    steps are near the usual one but places cannot be told from the clock, `irregular` where there is no usual step.
    `zone` is that whose clocks the grid is of, where times are written in UTC."""

    frequency: Frequency
    grid: Grid
    notes: tuple[str, ...] = ()
    fit: str = ""
    zone: str = ""


def find_rhythm(runs: Sequence[np.ndarray], form: Form) -> Rhythm:
    """The rhythm of each series' times, sorted and all different, that were read with `form`."""
    steps = np.concatenate([np.diff(run) for run in runs])
    first = min(int(run[0]) for run in runs)
    if form.grain == "step":
        count = _common(steps) if len(steps) else 1
        grid = CycleGrid(count, origin=first)
        if (parts := getattr(getattr(form, "form", form), "parts", 0)) and count == 1:
            return Rhythm(Frequency("step", 1, f"{parts} periods a year", (parts,)), grid)
        return Rhythm(Frequency("step", count / 10 ** getattr(form, "decimals", 0)), grid)
    if form.grain in ("year", "half-year", "quarter", "month"):
        months = list(map(month_of, runs))
        least = {"year": 12, "half-year": 6, "quarter": 3, "month": 1}[form.grain]
        count = _common(np.concatenate([np.diff(run) for run in months])) if len(steps) else least
        return Rhythm(Frequency("month", count), MonthGrid(count, int(months[0][0]) % count))
    weekly = form.grain == "week"
    if not len(steps):
        count = 7 if weekly else 1
        return Rhythm(Frequency("day", count), CycleGrid(count * DAY, origin=first))
    every = np.concatenate(runs)
    if (every % DAY == every[0] % DAY).all():
        return _daily(runs, weekly)
    if zone := _zone(every, form):
        found = _daily([np.unique(to_local(run, zone)) for run in runs], weekly)
        note = f"times are midnights of {zone}: days there; {change_with('--freq 24h')}"
        return replace(found, notes=(note, *found.notes), zone=zone)
    return _within_days(runs, steps, weekly)


def _common(steps: np.ndarray) -> int:
    """The usual step, or what those that are nearly as common have in common."""
    values, counts = np.unique(steps, return_counts=True)
    few = 0.4 if counts.sum() <= 10 and counts.max() >= 0.5 * counts.sum() else 0.2
    return int(np.gcd.reduce(values[counts >= few * counts.max()]))


def _zone(times: np.ndarray, form: Form) -> str | None:
    """The time zone in which all times, which are of UTC, are midnights."""
    inner: Any = getattr(form, "start", form)
    universal = not isinstance(inner, FieldForm) or inner.zone or inner.last_offset
    clocks = set((times[:5000] % DAY).tolist())
    if not universal or len(clocks) != 2 or abs(max(clocks) - min(clocks)) not in (HOUR, 23 * HOUR, HOUR // 2):
        return None
    part = times[:: max(1, len(times) // 2000)]
    return next((zone for zone in ZONES if (to_local(part, zone) % DAY == 0).all()), None)


def _daily(runs: Sequence[np.ndarray], weekly: bool) -> Rhythm:
    """The rhythm of times with the same clock; `weekly` where they are written as weeks."""
    clock = int(runs[0][0] % DAY)
    days = [run // DAY for run in runs]
    steps = np.concatenate([np.diff(run) for run in days])
    every = np.unique(np.concatenate(days))
    if weekly:
        count = max(7, _common(steps) // 7 * 7)
        return Rhythm(Frequency("day", count), CycleGrid(count * DAY, origin=int(runs[0][0])))
    if (monthly := _calendar_months(days, steps, every, clock)) is not None:
        return monthly
    if (parts := _parts_of_months(every, steps)) is not None:
        count, label = (15, "twice a month") if len(parts) == 2 else (10, "three times a month")
        return Rhythm(Frequency("day", count, label), MonthGrid(1, 0, parts, clock))
    count = _common(steps)
    if count == 1 and (open_days := _open_weekdays(days)) is not None:
        frequency = Frequency("day", 1, f"daily, {weekday_names(open_days)}", (len(open_days),))
        if open_days == (0, 1, 2, 3, 4):
            frequency = Frequency("business day")
        return Rhythm(frequency, CycleGrid(WEEK, tuple(day * DAY + clock for day in open_days), MONDAY))
    label = "every 4 weeks" if count == 28 else ""
    places, counts = np.unique(every % count, return_counts=True)
    origin = int(places[counts.argmax()]) * DAY + clock
    return Rhythm(Frequency("day", count, label), CycleGrid(count * DAY, origin=origin))


def _calendar_months(days: Sequence[np.ndarray], steps: np.ndarray, every: np.ndarray, clock: int) -> Rhythm | None:
    """The rhythm of days that are months apart; None where they are not."""
    usual = float(np.median(steps))
    if usual < 27 or (len(set(steps.tolist())) == 1 and usual in (28, 91, 364, 35) and len(steps) > 2):
        return None
    months = [month_of(run * DAY) for run in days]
    distances = np.concatenate([np.diff(run) for run in months])
    spans = set(steps.tolist())
    if spans <= {28, 35, 42} and len(spans) > 1 and (turns := _turns(every)) is not None:
        label = "-".join(str(step // 7) for step in steps[:3].tolist()) + " weeks"
        starts = tuple((every * DAY + clock).tolist())
        return Rhythm(Frequency("month", 1, label), ListedGrid(starts, tuple(step * DAY for step in turns)))
    if not len(distances) or (distances == 0).any():
        return None
    count = _common(distances)
    near = np.abs(steps - 30.44 * distances) < np.where(distances >= 3, 20, 5)
    if near.mean() < 0.9:
        return None
    phase = int(months[0][0]) % count
    rules = [find_rule(every), *map(find_rule, days[:20])]
    rule = next((rule for rule in rules if rule is not None), None)
    if rule is not None:
        return Rhythm(Frequency("month", count), MonthGrid(count, phase, (rule,), clock))
    of_month = every - month_start(month_of(every * DAY)) + 1
    values, counts = np.unique(of_month, return_counts=True)
    day = int(values[counts.argmax()]) if counts.max() > 0.5 * counts.sum() else int(np.median(of_month))
    note = f"the day of the month varies ({values[0]} to {values[-1]}): taken as months, written with day {day}"
    return Rhythm(Frequency("month", count), MonthGrid(count, phase, (day,), clock), (note,), "near")


def _turns(days: np.ndarray) -> tuple[int, ...] | None:
    """The steps of four, four and five weeks that come in turn after the last day; a year may have a week more."""
    steps = np.diff(days).tolist()
    turns = [
        max(set(steps[-3 + place :: -3]), key=steps[-3 + place :: -3].count) for place in range(3) if len(steps) > 5
    ]
    if sorted(turns) != [28, 28, 35]:
        return None
    regular = sum(step == turns[(place - len(steps)) % 3] for place, step in enumerate(steps))
    return tuple(turns) if regular > 0.85 * len(steps) else None


def _parts_of_months(days: np.ndarray, steps: np.ndarray) -> tuple[int, ...] | None:
    """The two or three days of the month on which all days lie, 31 for the last; None where there are none."""
    if not 7 < np.median(steps) < 18 or len(days) < 4 or set(steps.tolist()) <= {14, 28}:
        return None
    months = month_of(days * DAY)
    of_month = days - month_start(months) + 1
    lasts = month_start(months + 1) - 1 == days
    if not (lasts & (of_month < 30)).any() and len(set(of_month[of_month >= 30].tolist())) < 2:
        lasts = of_month == 31  # the 30th is the 30th where February has none
    found = sorted(set(of_month[~lasts].tolist()) | ({31} if lasts.any() else set()))
    if found == [1, 15, 16]:
        found = [1, 15]
    return tuple(found) if len(found) in (2, 3) and min(np.diff(found)) > 8 else None


def _open_weekdays(days: Sequence[np.ndarray]) -> tuple[int, ...] | None:
    """The weekdays that there are values for, where on others there never are; None where all have some."""
    counts, weeks = np.zeros(7), 0.0
    if max(int(run[-1]) - int(run[0]) for run in days) < 9:
        return None  # nothing tells that other days are closed
    for run in days:
        counts += np.bincount((run + 3) % 7, minlength=7)
        weeks += (int(run[-1]) - int(run[0]) + 1) / 7
    there = counts > (RARE * weeks if weeks > 8 else 0)
    if there.all() or not there.any() or weeks < 1.4 or counts.sum() < 8 or counts[there].min() < 0.5 * weeks - 1:
        return None
    if weeks < 2 and there[:5].all() and there[5:].any():
        return None
    return tuple(np.flatnonzero(there).tolist())


def _within_days(runs: Sequence[np.ndarray], steps: np.ndarray, weekly: bool) -> Rhythm:
    """The rhythm of times of day."""
    if steps.min() > DAY // 2 and (found := _of_days(runs, weekly)) is not None:
        return found
    every = np.concatenate(runs)
    usual = float(np.median(steps))
    step = _common(steps)
    if step < 0.2 * usual or (steps % step == 0).mean() < 0.9:
        step = min(NICE, key=lambda nice: abs(np.log(nice / max(usual, 1))))
        if abs(np.log(step / max(usual, 1))) > 0.12 and usual > 10 * SECOND:
            step = round(float(steps[np.abs(steps / usual - 1) < 0.25].mean()) / SECOND) * SECOND
        whole = steps / step
        near = np.abs(whole - np.rint(whole)) < 0.25
        if abs(np.log(step / max(usual, 1))) > 0.12 or near.mean() < 0.85:
            return Rhythm(Frequency("day"), CycleGrid(DAY), fit="irregular")
        phase = _phase(every, step)
        off = np.abs((every - phase + step // 2) % step - step // 2)
        drifts = bool((off > 0.3 * step).mean() > 0.05)
        worst = np.quantile(off, 0.95) / SECOND
        step = round(usual / SECOND) * SECOND if drifts and usual > SECOND else step
        how = "drift" if drifts else f"are up to about {worst:.3g} seconds off"
        frequency = Frequency("second", step / SECOND)
        notes = (f"times {how}: taken as {frequency.name}; {change_with('--freq')}",)
        if drifts:
            return Rhythm(frequency, CycleGrid(step, origin=int(runs[0][-1])), notes, "drifts")
        if 1.25 * worst * SECOND > abs((phase + step // 2) % step - step // 2):
            phase = round(phase / step) * step
        return Rhythm(frequency, CycleGrid(step, origin=int(phase)), notes, "near")
    origin = _phase(every, step, last=int(runs[0][-1]))
    opened = _open_hours(runs, step, origin)
    return opened or Rhythm(Frequency("second", step / SECOND), CycleGrid(step, origin=origin))


def _of_days(runs: Sequence[np.ndarray], weekly: bool) -> Rhythm | None:
    """The rhythm of days or longer periods by a clock that is not exact, or was put forward or back; None where most of
    its places have no time."""
    every, clock = np.concatenate(runs), int(runs[0][-1]) % DAY
    days = [(run - clock + DAY // 2) // DAY * DAY + clock for run in runs]
    found = _daily([np.unique(run) for run in days], weekly)
    places = [found.grid.positions(run) for run in days]
    if len(every) < 0.7 * sum(int(run[-1] - run[0]) + 1 for run in places):
        return None
    off = np.abs(every - np.concatenate(days)).max() / (60 * SECOND)
    note = f"times are up to {off:.0f} minutes off: taken as {found.frequency.name}; {change_with('--freq')}"
    return replace(found, notes=(note, *found.notes), fit="near")


def _phase(times: np.ndarray, step: int, last: int | None = None) -> int:
    """How far after multiples of a step most times are; where that changes, how far the `last` is."""
    rests = times % step
    values, counts = np.unique(rests, return_counts=True)
    if counts.max() >= 0.4 * counts.sum():
        return int(values[counts.argmax()])
    if last is not None:
        return last % step
    angles = np.exp(2j * np.pi * rests / step)
    return int(np.angle(angles.mean()) / (2 * np.pi) * step) % step


def _open_hours(runs: Sequence[np.ndarray], step: int, origin: int) -> Rhythm | None:
    """The rhythm of times of which some of the day or week are never there; None where all are."""
    lengths = [int(run[-1]) - int(run[0]) + step for run in runs]
    for cycle in (WEEK, DAY):
        if cycle % step or max(lengths) < (2 if cycle == WEEK else 3) * cycle - step:
            continue
        start = MONDAY + origin % step
        slots = cycle // step
        counts = sum((np.bincount((run - start) // step % slots, minlength=slots) for run in runs), np.zeros(slots))
        rounds = sum(lengths) / cycle
        there = counts > (RARE * rounds if rounds > 8 else 0)
        if not there.any():
            continue
        dense = counts[there].min() >= 0.4 * rounds - 1 and counts[there].mean() >= 0.8 * rounds - 1
        if there.mean() > 0.93 or not dense:
            continue
        if cycle == DAY and {int(day) for run in runs for day in np.unique((run // DAY + 3) % 7)} == {0, 1, 2, 3, 4}:
            there = np.r_[np.tile(there, 5), np.zeros(2 * slots, bool)]  # at night and on weekends it is closed
            cycle, slots = WEEK, 7 * slots
        places = np.flatnonzero(there)
        a_day = DAY // step
        daily = np.bincount(places // a_day, minlength=slots // a_day)
        most = int(daily.max())
        first = int(places[daily[places // a_day] == most][0] % a_day)
        minutes = [(first + end) * step // (60 * SECOND) for end in (0, most - 1)]
        hours = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes]
        label = f"{Frequency('second', step / SECOND).name}, {hours[0]} to {hours[1]}"
        if cycle == WEEK and (daily == 0).any():
            label += f", {weekday_names(np.flatnonzero(daily).tolist())}"
        periods = (most, len(places) if cycle == WEEK else 7 * len(places))
        grid = CycleGrid(cycle, tuple((places * step).tolist()), start)
        return Rhythm(Frequency("second", step / SECOND, label, periods), grid)
    return None


def given_rhythm(frequency: Frequency, runs: Sequence[np.ndarray], form: Form) -> Rhythm:
    """The rhythm of a frequency that was given."""
    first = min(int(run[0]) for run in runs)
    unit, count = frequency.unit, frequency.count
    if form.grain == "step":
        return Rhythm(frequency, CycleGrid(int(count) if unit == "step" else 1, origin=first))
    steps = np.concatenate([np.diff(run) for run in runs])
    usual = float(np.median(steps)) if len(steps) else 0.0
    if unit == "month" and len(steps) and usual < 18 * DAY * count:  # months, quarters, years of the calendar
        return Rhythm(frequency, MonthGrid(int(count)), fit="near")
    if unit == "month":
        found = find_rhythm(runs, form)
        if isinstance(found.grid, MonthGrid) and len(found.grid.rules) == 1:
            phase = int(month_of(np.array([first]))[0]) % int(count)
            return Rhythm(frequency, replace(found.grid, count=int(count), phase=phase), zone=found.zone)
        return Rhythm(frequency, MonthGrid(int(count)))
    if unit == "business day":
        return Rhythm(frequency, CycleGrid(WEEK, tuple(day * DAY + first % DAY for day in range(5)), MONDAY))
    every = np.concatenate(runs)
    if unit == "day":
        same = bool((every % DAY == first % DAY).all())
        origin = first if same else first // DAY * DAY
        if count == 7 and len(set((every // DAY % 7).tolist())) > 1:
            origin = (first // DAY - (first // DAY + 3) % 7) * DAY  # from Monday
            same = False
        finer = not same or (count > 1 and usual < 0.6 * count * DAY)
        return Rhythm(frequency, CycleGrid(int(count) * DAY, origin=origin, nearest=not finer))
    step = round(count * SECOND)
    if usual < 0.6 * step:
        return Rhythm(frequency, CycleGrid(step, nearest=False))
    return Rhythm(frequency, CycleGrid(step, origin=_phase(every, step)))
