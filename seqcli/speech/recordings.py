"""Recordings that can be learnt from: found, looked at, and divided into those to learn from and those held out."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqcli.errors import DataError
from seqcli.files.opening import file_state
from seqcli.notices import Notice, change_with, quietly
from seqcli.requests import TableRequest
from seqcli.speech.audio import sound_info
from seqcli.speech.table import Recording, read_rows

LONGEST = 60.0  # seconds of a recording that is learnt from


def read_recordings(
    sources: Sequence[str],
    request: TableRequest,
    *,
    lowercase: bool = False,
    longest: float = LONGEST,
    notice: Notice = quietly,
) -> list[Recording]:
    """The recordings of tables or folders, read as requested (see `table.read_rows`), each looked at. Transcripts are
    brought to Unicode's composed form, with single blanks, and on demand to lower case. A recording that is missing,
    damaged or longer than `longest` seconds is an error, `DataError`, or left out with `skip_bad`."""
    rows = [row for source in sources for row in read_rows(source, request, notice)]
    found: list[Recording] = []
    bad: list[DataError] = []
    rates: Counter[tuple[int, int]] = Counter()
    cut: list[str] = []
    for row in rows:
        state = file_state(row.path)
        try:
            about = sound_info(row.path)
            if about.seconds > longest:
                raise DataError(
                    f"lasts {about.seconds / 60:,.1f} minutes; recordings of up to {longest:g} seconds are learnt from",
                    path=row.path,
                    hint="cut it into sentences, each with its transcript, or leave it out with --skip-bad",
                )
        except DataError as problem:
            if not request.skip_bad:
                if row.line is None:
                    raise
                raise DataError(problem.message, path=row.where, line=row.line, hint=problem.hint) from problem
            bad.append(problem)
            continue
        rates[about.rate, about.channels] += 1
        cut += [row.path] if about.cut_short else []
        text = clean(row.text, lowercase)
        found.append(replace(row, text=text, seconds=about.seconds, rate=about.rate, state=state))
    if bad:
        notice(f"left out {len(bad):,} of {len(rows):,} recordings; the first: {bad[0].message}")
    if cut:
        notice(f"{len(cut):,} recordings are cut short (less sound than their header says), the first: {cut[0]}")
    if not found:
        raise DataError("there are no recordings to use", path=sources[0], hint="check the paths in the table")
    notice(_described(found, rates))
    return found


def each_once(recordings: Sequence[Recording], skip_bad: bool, notice: Notice) -> list[Recording]:
    """Recordings without repeated ones, which is said; `DataError` where transcripts differ, unless `skip_bad`."""
    texts: dict[str, str] = {}
    kept: list[Recording] = []
    others = 0
    for recording in recordings:
        text = texts.get(place := os.path.abspath(recording.path))
        if text is None:
            texts[place] = recording.text
            kept.append(recording)
        elif text != recording.text:
            if not skip_bad:
                raise DataError(
                    f"{recording.path} is said to hold {recording.text!r}, but in an earlier row {text!r}",
                    path=recording.where,
                    line=recording.line,
                    hint="remove the row that is wrong; --skip-bad keeps the first",
                )
            others += 1
    if repeated := len(recordings) - len(kept):
        notice(f"left out {repeated:,} rows that repeat a recording, {others:,} of them with another transcript")
    return kept


def clean(text: str, lowercase: bool) -> str:
    """A transcript in Unicode's composed form, with single blanks, in lower case if asked."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return text.lower() if lowercase else text


def model_rate(recordings: Sequence[Recording]) -> int:
    """16,000 Hz if half of the recordings have as much, else 8,000."""
    return 16_000 if 2 * sum(recording.rate >= 16_000 for recording in recordings) >= len(recordings) else 8_000


def divided(
    recordings: Sequence[Recording], share: float, *, by_speaker: bool, seed: int
) -> tuple[list[Recording], list[Recording], str]:
    """Recordings to learn from, those held out for validation, and a sentence on those. About `share` of them are held
    out, at least one; with `by_speaker` all recordings of some speakers. `DataError` when nothing would be left."""
    random = np.random.default_rng(seed)
    if by_speaker:
        counts = Counter(recording.speaker for recording in recordings)
        if len(counts) < 2:
            raise DataError("all recordings are by one speaker, none can be held out", hint="leave --by-speaker out")
        held: set[str] = set()
        for name in random.permutation(sorted(counts))[: len(counts) - 1]:
            held.add(str(name))
            if sum(counts[speaker] for speaker in held) >= share * len(recordings):
                break
        chosen = [recording.speaker in held for recording in recordings]
        said = f"validating on all {sum(chosen):,} recordings of {', '.join(sorted(held))}"
    else:
        if len(recordings) < 2:
            raise DataError("one recording cannot be divided", hint="give more recordings, or others with --valid")
        count = min(max(1, round(share * len(recordings))), len(recordings) - 1)
        numbers = set(random.permutation(len(recordings))[:count].tolist())
        chosen = [number in numbers for number in range(len(recordings))]
        said = f"validating on {count:,} recordings held out at random; {change_with('--valid', '--by-speaker')}"
    train = [recording for recording, out in zip(recordings, chosen, strict=True) if not out]
    valid = [recording for recording, out in zip(recordings, chosen, strict=True) if out]
    return train, valid, said


def _described(recordings: Sequence[Recording], rates: Counter[tuple[int, int]]) -> str:
    seconds = sum(recording.seconds for recording in recordings)
    (usual, channels), count = rates.most_common(1)[0]
    others = len(recordings) - count
    kind = f"{usual / 1000:g} kHz{'' if channels == 1 else f', {channels} channels'}"
    return (
        f"{len(recordings):,} recordings, {seconds / 60:,.1f} minutes, {kind}"
        f"{f' ({others:,} of them other)' if others else ''}"
    )
