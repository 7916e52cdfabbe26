"""Financial years beside the months of them, as 2018-19 beside April."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from seqcli.series.fields import plain
from seqcli.series.forms import find_forms
from seqcli.series.header import Table
from seqcli.series.times import month_of

_FINANCIAL = re.compile(r"(?:FY)?\s?(\d{4})\s?[-/–]\s?(?:\d\d)?(\d\d)")


def calendar_years(table: Table, name: str, years: Sequence[str], names: Sequence[str]) -> list[str]:
    """The years of months beside financial years, such as 2018-19: these begin in the month that comes first in most.
    Other years are left as they are."""
    found = [_FINANCIAL.fullmatch(text) for text in years]
    cells = [f"2000-{plain(text):0>2}" for text in names]
    form = next((form for form in find_forms(list(dict.fromkeys(cells))) if form.grain == "month"), None)
    if form is None or not all(match and (int(match[1]) + 1) % 100 == int(match[2]) for match in found):
        return list(years)
    times, fine = form.read(cells)
    months = np.where(fine, month_of(times) % 12 + 1, 0)  # the rows of totals have none
    rows, years_of = months[fine].tolist(), [year for year, ok in zip(years, fine.tolist(), strict=True) if ok]
    steps = [(b - a) % 12 for a, b in pairwise(rows) if a != b]
    newest_first = steps.count(11) > steps.count(1)
    pairs = zip(pairwise(rows), pairwise(years_of), strict=True)
    turns = [pair[not newest_first] for pair, (year, following) in pairs if year != following]
    start = max(set(turns), key=turns.count, default=1)
    if start == 1:
        what = f"which month {years[0]!r} begins with cannot be told"
        raise table.error(what, 0, name, hint="give the calendar year of each month, or put the months in order")
    dated = zip(found, months.tolist(), strict=True)
    return [str(int(match[1]) + (0 < month < start)) for match, month in dated if match]
