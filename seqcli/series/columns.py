"""A table's columns, and what each of them can be read as."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seqcli.series import words
from seqcli.series.header import Table
from seqcli.series.marks import is_missing
from seqcli.series.numbers import Numbers, read_numbers
from seqcli.series.order import Chosen
from seqcli.series.recognise import read_as_times
from seqcli.series.serials import to_numbers

LOOKED_AT = 1500  # rows from which it is judged what a column is


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file or data frame; what is None is found out.

    Args:
        time, target, series: the columns' names.
        wide: every column of numbers is a series.
        frequency: a word or pandas alias.
        decimal, thousands: the signs in numbers.
        day_first: how to read 04/05/2021.
        covariates: columns beside the values, known beforehand or only in the past.
        duplicates: what becomes of rows with the same time: `error`, `first`, `last`, `mean` or `sum`.
        aggregate: how values make a `frequency` coarser than the data: `sum`, `mean`, `first`, `last`.
        fill: what the missing times of a log stand for: `zero` puts zeros, any other leaves them missing.
        sheet: of a workbook.
        encoding, errors: those of text files.
    """

    time: str | None = None
    target: str | None = None
    series: tuple[str, ...] = ()
    wide: bool = False
    frequency: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    day_first: bool | None = None
    covariates: tuple[str, ...] = ()
    duplicates: str | None = None
    aggregate: str | None = None
    fill: str | None = None
    sheet: str | None = None
    encoding: str = "auto"
    errors: str = "strict"


@dataclass
class Columns:
    """A table's columns, looked at when they are needed."""

    table: Table
    options: ReadOptions
    _times: dict[str, Chosen | None] = field(default_factory=dict)
    _numbers: dict[str, Numbers | None] = field(default_factory=dict)
    _different: dict[str, list[str]] = field(default_factory=dict)

    def different(self, name: str) -> list[str]:
        """The different texts of the rows looked at, the first and some evenly over the table, that are not missing."""
        if name not in self._different:
            part = self.table.columns[name]
            if len(part) > LOOKED_AT:
                some = np.linspace(LOOKED_AT // 2, len(part) - 1, LOOKED_AT // 2).astype(int)
                part = part[np.r_[: LOOKED_AT // 2, some]]
            self._different[name] = [text for text in dict.fromkeys(part.tolist()) if not is_missing(text)]
        return self._different[name]

    def time(self, name: str) -> Chosen | None:
        """How a column may be read as times."""
        if name not in self._times:
            self._times[name] = read_as_times(self.different(name), name, self.options.day_first)
        return self._times[name]

    def grain(self, name: str) -> str:
        """How fine a column's times are; empty where it has none."""
        chosen = self.time(name)
        return chosen.form.grain if chosen is not None else ""

    def has_dates(self, name: str) -> bool:
        """Whether a column's times say which year they are of."""
        chosen = self.time(name)
        return chosen is not None and chosen.form.grain != "step" and not chosen.form.cycle

    def numbers(self, name: str) -> Numbers | None:
        """How a column may be read as numbers."""
        if name not in self._numbers:
            texts = self.different(name)
            self._numbers[name] = read_column(self.table, name, texts, self.options) if texts else None
        return self._numbers[name]

    def has_digits(self, name: str) -> bool:
        """Whether most of a column's texts have digits in them."""
        texts = self.different(name)
        return sum(any(map(str.isdigit, text)) for text in texts) > 0.5 * len(texts)

    def is_plain(self, name: str) -> bool:
        """Whether a column's texts are plain numbers."""
        texts = self.different(name)
        return bool(texts) and bool(to_numbers(texts)[1].mean() > 0.8)

    def counts_rows(self, name: str) -> bool:
        """Whether a column numbers the rows 0, 1, 2 … or 1, 2, 3 …, in order or, all rows looked at, in any other. Rows
        of totals may have no number."""
        column = self.table.columns[name]
        head = [re.sub(r"^0+(?=\d)", "", text.strip()) for text in column[:1000].tolist()]
        there = [text for text in head if text]
        head = there if 2 * len(there) > len(head) else head
        starts = [0, 1]
        if words.says(name, words.RECORDS) and head and head[0].isdecimal():  # of a logger, since it was started
            starts.append(int(head[0]))
        if any(head == [str(i + start) for i in range(len(head))] for start in starts):
            return True
        if len(set(head)) < len(head) or not all(text.isdecimal() for text in head):
            return False
        texts = {text.strip() for text in column.tolist()} - {""}
        return any(texts == {str(i + start) for i in range(len(texts))} for start in (0, 1))

    def counts_years(self, name: str) -> bool:
        """Whether a column has years of our time, one after another."""
        texts = [text.strip() for text in self.different(name)]
        if len(texts) < 3 or not all(re.fullmatch(r"(?:1[89]|20)\d\d", text) for text in texts):
            return False
        return bool((np.diff(np.sort(np.array(texts, np.int64))) == 1).all())

    def have_ids(self, names: Sequence[str]) -> bool:
        """Whether each row has an id of its own, as those of events have, which may also say when they were paid."""
        return any(
            self.is_different_everywhere(name) and not self.has_dates(name) and not self.counts_rows(name)
            for name in names
            if words.says(name, words.KEYS)
        )

    def is_different_everywhere(self, name: str) -> bool:
        """Whether no two rows have the same text in a column."""
        head = self.table.columns[name][:LOOKED_AT].tolist()
        if len(set(head)) < len(head):
            return False
        return len(self.table) > 1 and len(self.table.coded(name)[1]) == len(self.table)

    def is_whole(self, name: str) -> bool:
        """Whether a column has whole numbers."""
        numbers = self.numbers(name)
        return numbers is not None and bool((numbers.values == np.rint(numbers.values)).all())

    def is_row_number(self, name: str) -> bool:
        """Whether a column has the numbers of the rows rather than values."""
        if words.says(name, words.KEYS) and self.is_whole(name) and self.is_different_everywhere(name):
            return not words.says(name, words.VALUES)
        unnamed, names = r"Unnamed: \d+|column\d+", list(self.table.columns)
        if name == names[0] and re.fullmatch(unnamed, name) and not all(re.match(unnamed, other) for other in names):
            return self.is_whole(name) and self.is_different_everywhere(name)
        if name != names[0]:  # where its name must say so, as any count may rise by one a row
            return words.says(name, words.ROWS | words.TIME) and self.counts_rows(name)
        return self.counts_rows(name) and not words.says(name, words.FLOWS | words.TARGETS[0] | words.TARGETS[2])


def read_column(table: Table, name: str, texts: Sequence[str], options: ReadOptions) -> Numbers | None:
    """A column's different `texts` as numbers; what a sign in them means may be told by the other columns."""
    decimal, thousands, delimiter = options.decimal, options.thousands, table.source.delimiter
    found = read_numbers(texts, decimal=decimal, thousands=thousands, delimiter=delimiter)
    if found is None or not found.tie or decimal or thousands:
        return found
    signs = set()
    for other, column in table.columns.items():
        cells = [text for text in dict.fromkeys(column[:LOOKED_AT].tolist()) if re.search(r"\d[.,]\d", text)]
        known = [text for text in cells if not re.fullmatch(r"\s*\d?\d\.(?:19|20)\d\d\s*", text)]  # no 01.2021
        if other != name and known and (numbers := read_numbers(known, delimiter=delimiter)) and numbers.told:
            signs.add(numbers.decimal)
    return read_numbers(texts, decimal=signs.pop(), delimiter=delimiter) if len(signs) == 1 else found


def decimal_sign(table: Table, name: str, options: ReadOptions) -> str | None:
    """The sign of decimals in a column of numbers; None where no number has one."""
    texts = table.coded(name)[1]
    if not any(re.search(r"[.,]\d", text) for text in texts):
        return None
    found = read_column(table, name, texts, options)
    return None if found is None else found.decimal
