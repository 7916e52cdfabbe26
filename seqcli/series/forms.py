"""Which forms a column's texts can be read in as times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from seqcli.series import fields
from seqcli.series.fields import look_of, match_reading, parts_of, plain, shape_of, split_parts
from seqcli.series.names import MONTH, WEEKDAY, find_language, fold, lexicon, spelling
from seqcli.series.order import evenness, in_order
from seqcli.series.times import DAY, FieldForm, month_of

# readings of numbers without signs that are looked for only where something says that they are times
COMPACT = (
    ("dmy",), ("mdy",), ("mY",), ("ym",), ("my",), ("yw",), ("wY",), ("wy",), ("yq",), ("qY",), ("qy",), ("ymdH",),
    ("dmYHM",), ("mdYHM",), ("md",), ("dm",),
)  # fmt: skip
DAYS_BEFORE_MONTHS = (("Y", "d", "m"), ("Y", "d", "m", "H", "M"), ("Y", "d", "m", "H", "M", "S"))  # after the year
SAMPLE = 200  # different texts that the forms of a column are found from
MOST_OFFSETS = 6  # from UTC, in one column
MOSTLY = 0.8  # share of texts that a form must read: the others are errors in a column of times


def find_forms(texts: Sequence[str], more: Sequence[tuple[str, ...]] = ()) -> list[FieldForm]:
    """The forms in which at least most of `texts`, which are all different, can be read; the usual ones first, those
    of the readings in `more` last."""
    written = {plain(text): text.strip() for text in texts}
    every = [text for text in written if text]
    sample = every[:: max(1, len(every) // SAMPLE)][:SAMPLE]
    if not sample or (max(map(len, sample)) > 90 and sorted(map(len, sample))[len(sample) // 2] > 60):
        return []
    shapes = Counter(map(shape_of, sample))
    language = _language(shapes)
    parts = {shape: split_parts(shape, language) for shape in shapes}
    needed = MOSTLY * len(sample)
    if sum(shapes[shape] for shape, made in parts.items() if made) < needed:
        return []
    lengths = {shape: sum(part.kind in ("number", MONTH, "p") for part in made or ()) for shape, made in parts.items()}
    length = max(1, next(lengths[shape] for shape, _ in shapes.most_common() if parts[shape]))
    longest = max(lengths.values())
    forms = []
    slashed = any(sign in shapes.most_common(1)[0][0] for sign in "/-")
    longer = fields.BY_LENGTH.get(longest, ()) if longest > length else ()
    for reading in (*fields.BY_LENGTH.get(length, ()), *longer, *more):
        if slashed and reading[0] == "H" and len(reading) <= 3:
            continue  # no clock
        fits = [shape for shape in shapes if match_reading(shape, language, reading)]
        count, shorter = sum(shapes[shape] for shape in fits), []
        for other in _shorter(reading) if 0 < len(fits) < len(shapes) else ():
            if found := [shape for shape in shapes if match_reading(shape, language, other)]:
                shorter.append((other, next(text for text in sample if shape_of(text) == found[0])))
                count += sum(shapes[shape] for shape in found)
        form = _form(reading, language, sample, fits, written) if count >= needed else None
        if form is not None:
            form = replace(form, shorter=tuple(shorter))
            if form.read(sample)[1].sum() >= needed:
                forms.append(form)
    return forms


def _shorter(reading: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The readings of times that have zeros at their end, which may not be written: of a second, a minute or a day."""
    ends = [("f",), ("S",), ("S", "f"), ("H", "M"), ("H", "M", "S"), ("H", "M", "S", "f")]
    return [reading[: -len(end)] for end in ends if len(reading) > len(end) and reading[-len(end) :] == end]


def _language(shapes: Mapping[str, int]) -> str | None:
    """The language that names of months and weekdays are in, if there are any."""
    words = set()
    for shape in list(shapes)[:60]:
        for token in fields.TOKEN.finditer(shape):
            weekday = token[0] in fields.WEEKDAYS and shape[token.start() - 1 : token.start()] == "("
            if token.lastgroup == "word" and (token[0] not in fields.UNITS or weekday):
                words.add(fold(token[0]))
    words = {word for word in words if word not in fields.NO_NAMES and (len(word) > 1 or not word.isascii())}
    language = find_language(words) if words else None
    if language is None:
        return None
    months, weekdays = (
        {word for word in words if (found := known.get(word)) and found.kind == kind}
        for known, kind in ((lexicon(language), MONTH), (lexicon(f"{language}:a"), WEEKDAY))
    )
    return f"{language}:a" if len(weekdays) > 2 and months < weekdays else language


def _form(
    reading: tuple[str, ...],
    language: str | None,
    sample: Sequence[str],
    fits: Sequence[str],
    written: Mapping[str, str],
) -> FieldForm | None:
    """A form for a reading of texts, with how they write it; `written` has them with all their signs."""
    fitting = set(fits)
    narrow: set[str] = set()
    padded: set[str] = set()
    seen: dict[str, dict[int, str]] = {MONTH: {}, WEEKDAY: {}, "p": {}}
    ordinals: dict[int, str] = {}
    zeros = False  # before a number of one digit
    chosen = [text for text in sample if shape_of(text) in fitting]
    for text in chosen:
        names = iter(reading)
        number = ""
        for part in parts_of(text, language):
            if part.kind == "number":
                number = text[part.start : part.stop]
                zeros |= len(number) < 3 and number[0] == "0"
            elif part.kind == "ordinal":
                signs = written.get(text, "")
                own = signs if len(signs) == len(text) else text  # º is a sign of its own
                ordinals.setdefault(int(number), own[part.start : part.stop])
            if part.kind in ("number", MONTH, "p"):
                name = next(names)
                if part.kind == "number" and len(name) == 1 and part.stop - part.start < max(fields.WIDTHS[name]):
                    narrow.add(name)
                    if text[: part.start].endswith("  "):
                        padded.add(name)
            if part.kind in seen:
                seen[part.kind].setdefault(part.value, text[part.start : part.stop])
    narrow -= set("Yf")
    if len({len(match[1]) for match in (re.search(r":\d\d[.,](\d+)", text) for text in chosen) if match}) > 1:
        narrow.add("f")
    if "q" in reading and not zeros:
        narrow.add("q")
    spellings: dict[str, Mapping[int, str]] = {
        kind: spelling(language, kind, seen[kind]) for kind in (MONTH, WEEKDAY) if language and seen[kind]
    }
    if ordinals:
        spellings["ordinal"] = ordinals
    if seen["p"]:
        spellings["p"] = _am_pm(seen["p"])
    last = r"24$" if reading[-1] == "YmdH" else r"(?<![\d:./-])24(?:[:.h]?00)*$"
    late = any(re.search(last, text) for text in chosen) and "H" in "".join(reading)
    plain_days = [text for text in chosen if all(part.kind != "ordinal" for part in parts_of(text, language))]
    example = _usual(plain_days if 2 * len(plain_days) > len(chosen) else chosen)  # 1er janvier, 2 janvier
    form = FieldForm(reading, language, example, frozenset(narrow), spellings, midnight_is_24=late)
    form = replace(form, signs=written.get(example, ""), padded=frozenset(padded))
    if form.cycle == "year" and "d" in "".join(reading):
        form = _with_base(form, sample)
    return _with_zone(_with_century(form, sample) if "y" in "".join(reading) else form, chosen)


def _with_base(form: FieldForm, texts: Sequence[str]) -> FieldForm:
    """The form of days without a year in a year that has them all: the 29th of February, the weekdays."""
    made = [
        replace(form, base=year)
        for year in (2001, 2000, 2003, *range(2002, 2029 if WEEKDAY in form.spellings else 2002))
    ]
    return max(made, key=lambda form: (form.read(texts)[1].sum(), evenness(form, texts)))


def _with_century(form: FieldForm, texts: Sequence[str]) -> FieldForm:
    """The form with years of two digits in the century that leaves the texts in their order: '50 … '99, '00 … '21."""

    def is_right(other: FieldForm) -> bool:
        times, fine = other.read(texts)
        return fine.sum() > 3 and in_order(times[fine])

    times, fine = form.read(texts)
    years = (month_of(times[fine]) // 12).tolist()
    others = [replace(form, pivot=year % 100) for year in years[:1] + years[-1:]]
    return form if is_right(form) else next(filter(is_right, others), form)


def _usual(texts: Sequence[str]) -> str:
    """The longest of the texts that look as many others do."""
    looks = Counter(look_of(text) for text in texts)
    rare = 0.2 * max(looks.values())  # such as the sum of a year among months
    return max((text for text in texts if looks[look_of(text)] >= rare), key=len)


def _am_pm(seen: Mapping[int, str]) -> dict[int, str]:
    for pair in (("上午", "下午"), ("午前", "午後"), ("오전", "오후")):
        if set(seen.values()) <= set(pair):
            return dict(enumerate(pair))
    swap = str.maketrans("apAP", "paPA")
    return {0: seen.get(0) or seen[1].translate(swap), 1: seen.get(1) or seen[0].translate(swap)}


def _with_zone(form: FieldForm, texts: Sequence[str]) -> FieldForm | None:
    """How offsets from UTC are read: left aside where all are the same, or all times have the same clock, as local
    midnights have through the year; else times are those of UTC. None where they are no offsets."""
    parts = ((text, part) for text in texts for part in parts_of(text, form.language))
    found = [text[part.start : part.stop] for text, part in parts if part.kind in ("offset", "zone")]
    if not found:
        return form
    if len(set(found)) > MOST_OFFSETS:
        return None  # ends of intervals
    clocks = form.read(texts)[0] % DAY
    local = len(set(found)) == 1 or len(set(clocks.tolist())) == 1
    if local:
        return replace(form, last_offset=found[-1])
    zone = found[-1]
    if region := re.search(r"\[([\w/+-]+)\]$", form.example):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):  # the last for a folder of zones: Europe
            zone = ZoneInfo(region[1]).key
    return replace(form, zone=zone)
