"""Times written in another way than their form has it: zeros left out, other digits, marks after some of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import partial

import numpy as np

from seqcli.series.fields import RAISED, look_of, plain
from seqcli.series.forms import find_forms
from seqcli.series.order import in_order
from seqcli.series.times import Form, FormOver


def find_filled(texts: Sequence[str], readings: Sequence[tuple[str, ...]]) -> list[Form]:
    """The forms by one of the `readings` of whole numbers, which may lack a zero before them, with those usual for as
    many digits."""
    clean = [plain(text) for text in texts]
    lengths = {len(text) for text in clean}
    if not all(text.isdigit() for text in clean) or max(lengths) > 8:
        return []
    full = [form for form in find_forms(clean, readings) if form.reading in readings] if len(lengths) == 1 else []
    width = max(lengths) + max(lengths) % 2
    years_first = len(lengths) > 1 and all(text[:2] in ("19", "20") for text in clean)  # 20191 and 201910
    filled = any(text[0] == "0" for text in clean if len(text) < width)
    if width < 4 or lengths - {width - 1, width} or lengths == {width} or years_first or filled:
        return list(full)
    found = find_forms([text.zfill(width) for text in clean], readings)
    fitting = [form for form in found if form.reading in (*readings, ("dmY",), ("mdY",), ("ymd",))]
    return [*full, *(FormOver(form, lambda text: text.zfill(width), lambda text: text.lstrip("0")) for form in fitting)]


_RESPELLED = (  # what a text must have, and what is replaced in all, there and back
    (r"\d{4}[.,]0\d", (r"(?<=^\d{4}[.,])1$", "10"), (r"(?<=^\d{4}[.,])10$", "1")),  # October without its zero: 2019.1
    (r"\d{8}:\d{4}", (r"(?<=^\d{8}):(?=\d{4}$)", " "), (r"(?<=^\d{8}) (?=\d{4}$)", ":")),  # 20190105:1310
)


def find_respelled(texts: Sequence[str]) -> list[Form]:
    """The forms of times that are in a form that is known but for one sign."""
    clean = [plain(text) for text in texts]
    for needed, there, back in _RESPELLED:
        usual = [re.sub(*there, text) for text in clean]
        if usual != clean and any(re.fullmatch(needed, text) for text in clean):
            return [FormOver(form, partial(re.sub, *there), partial(re.sub, *back)) for form in find_forms(usual)]
    return []


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
    return FormOver(form, back=lambda text: text.translate(signs)) if signs else form


def find_mixed(texts: Sequence[str]) -> list[Form]:
    """The forms of times of which some are written in one way and some in another, as spreadsheets leave dates: those
    in which the times are in order."""
    clean = [text for text in map(plain, texts) if text]
    looks = list(map(look_of, clean))
    usual = max(set(looks), key=looks.count, default="")
    made: list[Form] = []
    for form in find_forms([text for text, look in zip(clean, looks, strict=True) if look == usual]):
        times, fine = form.read(clean)
        rest = [text for text, ok in zip(clean, fine.tolist(), strict=True) if not ok]
        others = [other for other in find_forms(rest) if other.grain == form.grain and not (form.cycle or other.cycle)]
        for other in others:
            if other.read(rest)[1].all() and in_order(np.where(fine, times, other.read(clean)[0])):
                note = f"times are written in two ways, such as {clean[looks.index(usual)]} and {rest[0]}"
                made.append(FormOver(form, partial(_rewritten, form, other), note=note))
    return made


def _rewritten(form: Form, other: Form, text: str) -> str:
    times, fine = other.read([text])
    return form.write(int(times[0])) if fine[0] else text


_MARK = re.compile(
    rf"{RAISED.pattern}$|\s?(?:\*+|[†‡#]|\s\d\)|[(\[](?i:p|e|f|r|b|s|pe|prov|prel|prelim|preliminary|provisional|est|estimate|estimated|"
    r"forecast|proj|revised|rev|vorl|vorläufig|\d)\.?[)\]]|\s/\d|\s(?:prov|prel|prelim|est|rev)\.?"
    r"|(?<=\d)\s?[pefrAEFPR](?:/[pefr])?|\s?[(\[][^()\[\]]{1,20}[)\]])$"
)
_UNMARKED = re.compile(r":\d\d\s?[ap]$", re.IGNORECASE)


def without_mark(text: str) -> str:
    """A time without the mark after it."""
    if len(text) > 40 or (text[-1:].isdecimal() and "/" not in text[-3:]):
        return text  # most have none
    return _MARK.sub("", plain(text))


def find_marks(texts: Sequence[str], every: bool) -> tuple[list[str], str] | None:
    """Times without the marks that some of them have, which say provisional, estimated or a footnote, and what is said
    of these; None where none has one, or all have one but `every` is not asked for."""
    bare = [without_mark(text) for text in texts]
    if bare == list(texts) or any(map(_UNMARKED.search, texts[:100])):
        return None
    lengths = [len(plain(rest)) for rest in bare]
    pairs = zip(texts, lengths, strict=True)
    marks = [plain(text)[length:].strip() or "".join(RAISED.findall(text)) for text, length in pairs]
    if not any(marks) or len(set(bare)) < len(texts) or (all(marks) and not every):
        return None
    return bare, f"marks after times, such as {next(filter(None, marks))!r}, are left aside"
