"""Which of several readings of the same times is meant: the one that makes them regular."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.series import words
from seqcli.series.times import DAY, Form, innermost, month_of, month_start

COMPARED = 3000  # different texts that readings are compared on
CLEAR = 0.15  # a lead by which a reading is no longer a choice
_WRITTEN = re.compile(r"\b(dd|mm|tt|jj|gg)[-/. ](?:mm|dd|tt|jj|gg)\b", re.IGNORECASE)  # dd/MM/yyyy, the column's name


@dataclass(frozen=True)
class Chosen:
    """The reading that was chosen, and its rivals, which are nearly as likely."""

    form: Form
    rivals: tuple[Form, ...]


def choose(
    forms: Sequence[Form], texts: Sequence[str], *, day_first: bool | None = None, name: str = ""
) -> Chosen | None:
    """The most likely of `forms` for `texts`, which are different and in the order in which they come in a column of
    this name."""
    if day_first is not None:
        forms = [form for form in forms if _day_first(innermost(form)) in (None, day_first)]
    if not forms:
        return None
    part = list(texts[:COMPARED])
    scores = [
        _score(form, part) - 0.004 * place + _usual(form, part) + _named(form, name) for place, form in enumerate(forms)
    ]
    (best, form), *others = sorted(zip(scores, forms, strict=True), key=lambda pair: -pair[0])
    return Chosen(form, tuple(other for score, other in others if score > best - CLEAR))


def _day_first(form: Form) -> bool | None:
    """Whether the day is before the month; None for forms without either."""
    form = getattr(form, "start", form)
    letters = "".join(form.reading)
    if "d" not in letters or "m" not in letters or letters[0] in "Yy":
        return None
    return letters.index("d") < letters.index("m")


def _usual(form: Form, texts: Sequence[str]) -> float:
    """A preference where nothing else tells: days come first with full stops, months with other signs."""
    first = _day_first(form)
    return 0.02 if first is not None and first == ("." in texts[0][:6]) else 0.0


def _named(form: Form, name: str) -> float:
    """What speaks for a form by the column's name: numbers of four digits are weeks of years where it says so, and
    the day is first in a column called dd/MM/yyyy."""
    grains = (("week", words.WEEK), ("quarter", words.QUARTER), ("month", words.MONTH), ("year", words.YEAR))
    said = next((grain for grain, wanted in grains if words.says(name, wanted)), "")
    written = _WRITTEN.search(name)
    if written and _day_first(form) is not None:
        return 0.3 if _day_first(form) == (written[1].lower() != "mm") else 0.0
    if form.grain == said:
        return 0.25
    return -0.2 if is_short(form) else 0.0  # any numbers in turn can be read so


def is_short(form: Form) -> bool:
    """Whether a form is one of numbers of few digits, such as 1902."""
    return len(form.reading) == 1 and len(form.reading[0]) == 2 and "y" in form.reading[0]


def is_dense(form: Form, texts: Sequence[str]) -> bool:
    """Whether most of the times at the usual distance are there."""
    times, fine = form.read(texts)
    return _coverage(np.diff(np.unique(times[fine]))) > 0.8


def _score(form: Form, texts: Sequence[str]) -> float:
    """How many of the texts are times of this form, how regular these are, and whether they come in order."""
    times, fine = form.read(texts)
    valid = float(fine.mean())
    times = times[fine]
    if not len(times):
        return -1.0
    steps = np.sign(np.diff(times))
    ordered = max(float((steps > 0).mean()), float((steps < 0).mean())) if len(steps) else 1.0
    return 2 * valid + regularity(np.unique(times), form) + 0.3 * ordered


def regularity(times: np.ndarray, form: Form) -> float:
    """The share of steps between sorted times that are the usual one, and a little for steps that are common."""
    if len(times) < 2:
        return 0.0
    if form.grain == "step":
        return _share(np.diff(times)) * _coverage(np.diff(times))
    if form.grain == "year" and {"e", "E"} & set("".join(form.reading)):
        return _share(np.diff(times // (365 * DAY))) + 0.3
    clocks = times % DAY
    if (clocks != clocks[0]).any():
        return _share(np.diff(times)) + 0.06 + 0.1 * (_coverage(np.diff(times)) - 1)
    days = times // DAY
    months = month_of(times)
    of_month = days - month_start(months)
    steps = np.diff(days)
    daily = _share(steps)
    usual = float(np.median(steps))
    daily += 0.1 if usual == 1 else 0.08 if usual == 7 else 0.0
    if usual < 27 or (np.diff(months) == 0).any():
        weekly = float(np.isin(steps, (1, 2, 3, 4)).mean()) if usual == 1 else 0.0
        return max(daily, 0.9 * weekly + 0.1)
    ends = month_of(times + DAY) != months
    monthly = _share(np.diff(months)) * (_coverage(np.diff(months)) if form.grain == "year" else 1.0)
    if form.grain == "year":
        daily = 0.0
    if (of_month == 0).all() or ends.all():
        monthly += 0.12 if usual < 300 else 0.09
    elif len(set(of_month.tolist())) > 1:
        monthly -= 0.1
    return max(daily, monthly)


def in_order(times: np.ndarray) -> bool:
    """Whether each time is later than the one before it, or each earlier."""
    steps = np.diff(times)
    return bool((steps > 0).all() or (steps < 0).all())


def evenness(form: Form, texts: Sequence[str]) -> float:
    """The share of steps that are the usual one, between times that may begin again each year, week or day."""
    times, fine = form.read(texts)
    return _share(np.diff(unwrap(times[fine], np.zeros(int(fine.sum())), form.cycle)))


def unwrap(times: np.ndarray, codes: np.ndarray, cycle: str) -> np.ndarray:
    """Times without a year, week or day, with one more of these each time that they begin again."""
    made = times.copy()
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        steps = np.diff(times[rows])
        if not len(steps) or not (steps < 0).any():
            continue
        backwards = (steps < 0).sum() > 0.5 * len(steps)  # the newest first
        turns = np.cumsum(np.r_[0, steps > 0 if backwards else steps < 0])
        turns = -turns if backwards else turns
        if np.abs(turns).max() > 1 and len(np.unique(times[rows])) == len(rows):
            continue  # each once: in another order, such as that of the alphabet
        if cycle == "year":
            months = month_of(times[rows])
            made[rows] += (month_start(months + 12 * turns) - month_start(months)) * DAY
        else:
            made[rows] = times[rows] + turns * (7 * DAY if cycle == "week" else DAY)
    return made


def _coverage(steps: np.ndarray) -> float:
    """The share of the places at the usual distance that are there."""
    return float(min(1.0, np.median(steps) * len(steps) / max(float(steps.sum()), 1.0))) if len(steps) else 1.0


def _share(steps: np.ndarray) -> float:
    """The share of the most common step."""
    _, counts = np.unique(steps, return_counts=True)
    return float(counts.max() / counts.sum()) if len(counts) else 0.0
