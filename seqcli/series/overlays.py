"""Times written in another way than their form has it: zeros left out, other digits, marks after some of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from seqcli.series.fields import RAISED, plain
from seqcli.series.forms import find_forms
from seqcli.series.times import Form, FormOver


@dataclass(frozen=True)
class FilledForm(FormOver):
    """Numbers of `width` digits whose first digit is left out where it is zero."""

    width: int

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        return self.form.read([plain(text).zfill(self.width) for text in texts])

    def write(self, time: int, following: int | None = None) -> str:
        return self.form.write(time, following).lstrip("0")


def find_filled(texts: Sequence[str], readings: Sequence[tuple[str, ...]]) -> list[Form]:
    """The forms by one of the `readings` of whole numbers, which may lack a zero before them, with those usual for as
    many digits."""
    clean = [plain(text) for text in texts]
    lengths = {len(text) for text in clean}
    if not all(text.isdigit() for text in clean) or max(lengths) > 8:
        return []
    full = [form for form in find_forms(clean, readings) if form.reading in readings] if len(lengths) == 1 else []
    width = max(lengths) + max(lengths) % 2
    years_first = all(text[:2] in ("19", "20") for text in clean)  # 20191 and 201910
    if width < 4 or lengths - {width - 1, width} or lengths == {width} or (years_first and len(lengths) > 1):
        return list(full)
    if any(text[0] == "0" for text in clean if len(text) < width):
        return list(full)
    found = find_forms([text.zfill(width) for text in clean], readings)
    fitting = [form for form in found if form.reading in (*readings, ("dmY",), ("mdY",), ("ymd",))]
    return [*full, *(FilledForm(form, width) for form in fitting)]


@dataclass(frozen=True)
class SignsForm(FormOver):
    """A form whose digits and signs are written as `signs` says, such as fullwidth or Arabic ones."""

    signs: dict[int, str] = field(hash=False)

    def write(self, time: int, following: int | None = None) -> str:
        return self.form.write(time, following).translate(self.signs)


def find_digits(form: Form, texts: Sequence[str]) -> Form:
    """The form with the digits that `texts` are written in, and the signs that go with them."""
    part = "".join(texts[:400])
    zero = next((ord(char) - unicodedata.decimal(char) for char in part if char.isdecimal()), ord("0"))
    if part.isascii() or any(char.isdecimal() and not 0 <= ord(char) - zero < 10 for char in part):
        return form
    signs = {ord("0") + digit: chr(zero + digit) for digit in range(10) if zero != ord("0")}
    for char in set(part):
        usual = plain(f"0{char}0")[1:-1]
        if len(usual) == 1 and not char.isdecimal() and usual not in part:
            signs[ord(usual)] = char
    return SignsForm(form, signs) if signs else form


_MARK = re.compile(
    rf"{RAISED.pattern}$|\s?(?:\*+|[†‡#]|\s\d\)|[(\[](?i:p|e|f|r|b|s|pe|prov|prel|prelim|preliminary|provisional|est|estimate|estimated|"
    r"forecast|proj|revised|rev|vorl|vorläufig|\d)\.?[)\]]|\s/\d|\s(?:prov|prel|prelim|est|rev)\.?"
    r"|(?<=\d)\s?[pefrAEFPR](?:/[pefr])?)$"
)
_UNMARKED = re.compile(r":\d\d\s?[ap]$", re.IGNORECASE)


@dataclass(frozen=True)
class MarkedForm(FormOver):
    """Times of which some have a mark after them, such as `mark`, that says provisional, estimated or a footnote."""

    mark: str

    @property
    def note(self) -> str:
        return f"marks after times, such as {self.mark!r}, are left aside"

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        return self.form.read([_bare(text) for text in texts])


def _bare(text: str) -> str:
    if len(text) > 40 or (text[-1:].isdecimal() and "/" not in text[-3:]):
        return text  # most have none
    return _MARK.sub("", plain(text))


def find_marks(texts: Sequence[str]) -> tuple[Callable[[Form], MarkedForm], list[str]] | None:
    """How to make a form for times of which some have marks, and the texts without these; None where none has."""
    bare = [_bare(text) for text in texts]
    if bare == list(texts):
        return None
    marks = [
        plain(text)[len(plain(rest)) :].strip() or "".join(RAISED.findall(text))
        for text, rest in zip(texts, bare, strict=True)
    ]
    there = {mark for mark in marks if mark}
    if not there or (len(there) == 1 and all(marks)) or any(_UNMARKED.search(text) for text in texts[:100]):
        return None
    first = next(mark for mark in marks if mark)
    return lambda form: MarkedForm(form, first), bare
