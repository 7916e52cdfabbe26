"""Which recordings there are and what is said in them: tables, manifests and folders as people have them."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from seqcli.errors import DataError, UsageError, listed
from seqcli.files.opening import shown_path
from seqcli.notices import Notice, change_with, quietly
from seqcli.requests import TableRequest
from seqcli.speech.audio import ENDINGS
from seqcli.text.lines import csv_reader, read_lines

# names that columns usually have, the better ones first
PATHS = (
    *("path", "audio_filepath", "audio_path", "audio_file", "audio", "file", "filename", "file_name", "wav", "clip"),
    *("wav_filename", "wav_path", "recording"),
)
TEXTS = ("transcript", "transcription", "text", "sentence", "normalized_transcription", "utterance", "words", "label")
SPEAKERS = ("speaker", "speaker_id", "spk", "spk_id", "client_id")
BEGINNINGS = ("offset", "start", "start_time", "begin")  # of columns that say where in a recording a part begins
FOLDERS = ("wavs", "clips", "audio", "wav")  # where recordings may lie beside their table
LABEL = re.compile(r"^\d+[.,]\d+\t\d+[.,]\d+\t")  # what a line of an Audacity label track begins with
TABLES = ("metadata.csv", "transcripts.tsv", "transcripts.csv", "metadata.tsv", "transcripts.txt")  # inside a folder


@dataclass(frozen=True)
class Row:
    """A recording's path, what is said in it and by whom; `where` says in which file and line that stands."""

    path: str
    text: str
    speaker: str
    where: str
    line: int | None


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are asked for, by name or by number from 1; None leaves them to their usual names."""

    path: str | None = None
    text: str | None = None
    speaker: str | None = None

    @classmethod
    def of(cls, request: TableRequest) -> Columns:
        """From `PATH,TEXT`, as --columns gives them; `UsageError` unless these are two."""
        path_and_text, speaker = request.columns, getattr(request, "by_speaker", None)  # which scores do not need
        if path_and_text is None:
            return cls(speaker=speaker)
        names = [name.strip() for name in path_and_text.split(",")]
        if len(names) != 2 or not all(names):
            hint = "for example --columns path,sentence"
            raise UsageError(f"--columns {path_and_text}: two columns are needed", hint=hint)
        return cls(names[0], names[1], speaker)


def read_rows(source: str, request: TableRequest, notice: Notice = quietly) -> list[Row]:
    """The rows of a table (`-`: standard input), a manifest of JSON lines or a folder.

    A table has TABs, commas, semicolons or bars between its columns, with or without a header; without one the first
    column is the path and the second the transcript. NAME BLANK TRANSCRIPT will do, too. Paths are relative to the
    table. A folder holds a table of a usual name, or a transcript NAME.txt beside each recording, or files *.trans.txt
    (LibriSpeech), or a folder for each word that is said. Raises `DataError` for what is none of these and for parts of
    recordings, `UsageError` for columns that are not there.
    """
    if source != "-" and Path(source).is_dir():
        return _folder_rows(Path(source), request, notice)
    lines = read_lines(source, request, notice)
    folder = Path(".") if source == "-" else Path(source).parent
    rows = list(_table_rows(lines, shown_path(source), folder, Columns.of(request), notice))
    if not rows:
        hint = "give a line PATH TAB TRANSCRIPT for each recording"
        raise DataError("the table is empty", path=shown_path(source), hint=hint)
    return rows


def _table_rows(lines: Iterator[str], shown: str, folder: Path, columns: Columns, notice: Notice) -> Iterator[Row]:
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("{"):
        yield from _manifest_rows(chain([first], lines), shown, folder, columns)
        return
    if re.match(r"\s*\[\s*(\{|$)", first):
        raise DataError("is a JSON list", path=shown, hint="write an object a line: jq -c '.[]' FILE")
    name = first.partition(" ")[0]
    if "\t" not in first and name != first and os.path.isfile(find_recording(folder, name)):  # as LibriSpeech has it
        for number, line in enumerate(chain([first], lines), start=1):
            name, _, text = line.partition(" ")
            if name:
                yield Row(find_recording(folder, name), text, "", shown, number)
        return
    delimiter = next((mark for mark in "\t|;," if mark in first), "\t")
    quoted = delimiter in ",;"
    reader = csv_reader(chain([first], lines), delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    places: _Places | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places, is_header = _Places.find(cells, columns, folder, shown, notice)
                if is_header:
                    continue
            yield places.row(cells, folder, shown, reader.line_num)
    except csv.Error as problem:
        raise DataError(f"is not a table: {problem}", path=shown, line=reader.line_num) from problem


@dataclass(frozen=True)
class _Places:
    """The numbers, from 0, of a table's columns, and how many it has."""

    path: int
    text: int
    speaker: int | None
    begin: int | None
    width: int

    @classmethod
    def find(
        cls, cells: Sequence[str], columns: Columns, folder: Path, shown: str, notice: Notice
    ) -> tuple[_Places, bool]:
        """Where the columns are, by the first row, and whether that is a header."""
        names = [cell.strip().lstrip("\ufeff").lower() for cell in cells]
        usual = names[0] in PATHS or (any(name in PATHS for name in names) and any(name in TEXTS for name in names))
        asked = [name for name in (columns.path, columns.text, columns.speaker) if name is not None]
        is_header = (usual and not os.path.isfile(find_recording(folder, cells[0].strip()))) or any(
            not name.isdigit() for name in asked
        )
        path = _column(columns.path, names, PATHS if is_header else (), 0, shown)
        text = _column(columns.text, names, TEXTS if is_header else (), 1 if path != 1 else 0, shown)
        speaker = _column(columns.speaker, names, SPEAKERS if is_header else (), None, shown)
        assert path is not None
        if text is None or text >= len(cells):
            hint = "put a TAB between path and transcript"
            raise DataError("has one column, a path and a transcript are needed", path=shown, line=1, hint=hint)
        if not is_header and len(cells) > 2 and columns.text is None:
            change = change_with("--columns")
            notice(f"{shown}: column 1 is taken for the path, column 2 for the transcript; {change}")
        begin = _column(None, names, BEGINNINGS if is_header and columns.path is None else (), None, shown)
        return cls(path, text, speaker, begin, len(cells)), is_header

    def row(self, cells: Sequence[str], folder: Path, shown: str, line: int) -> Row:
        if max(self.path, self.text, self.speaker or 0) >= len(cells):
            raise DataError(
                f"has {len(cells)} column{'s' if len(cells) != 1 else ''}, path and transcript are needed",
                path=shown,
                line=line,
                hint="put one delimiter between them; an empty transcript is allowed",
            )
        if any(cell.strip() for cell in cells[self.width :]):
            hint = "put quotes around a transcript that holds the delimiter, or use TABs"
            raise DataError(f"has {len(cells)} columns, the first row {self.width}", path=shown, line=line, hint=hint)
        if self.begin is not None and self.begin < len(cells):
            _check_whole(cells[self.begin], shown, line)
        speaker = cells[self.speaker].strip() if self.speaker is not None else ""
        return Row(find_recording(folder, cells[self.path].strip()), cells[self.text], speaker, shown, line)


def _check_whole(begin: object, shown: str, line: int) -> None:
    """`DataError` when a row is about a part of a recording that begins later than the recording."""
    with contextlib.suppress(ValueError, TypeError):
        if float(begin) > 0:  # type: ignore[arg-type]
            hint = "cut parts out into files; if they are, say so with --columns PATH,TRANSCRIPT"
            raise DataError(f"is about a part of a recording, from {begin} on", path=shown, line=line, hint=hint)


def _column(
    asked: str | None, names: Sequence[str], usual: Sequence[str], otherwise: int | None, shown: str
) -> int | None:
    if asked is None:
        return next((names.index(name) for name in usual if name in names), otherwise)
    if asked.isdigit() and 1 <= int(asked) <= len(names):
        return int(asked) - 1
    if asked.strip().lower() in names:
        return names.index(asked.strip().lower())
    raise UsageError(f"{shown}: has no column {asked!r}", hint=f"its columns are {listed(names)}")


def _manifest_rows(lines: Iterator[str], shown: str, folder: Path, columns: Columns) -> Iterator[Row]:
    """JSON lines with a path and a text, as NeMo and others write them."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            fields = {str(key).lower(): value for key, value in values.items()}
        except (ValueError, AttributeError, RecursionError) as problem:
            raise DataError("is not a JSON object", path=shown, line=number) from problem
        path = _field(fields, columns.path, PATHS)
        text = _field(fields, columns.text, TEXTS)
        if path is None or text is None:
            hint = "name the fields with --columns PATH,TRANSCRIPT"
            raise DataError(f"lacks {'a path' if path is None else 'a transcript'}", path=shown, line=number, hint=hint)
        if columns.path is None:
            _check_whole(_field(fields, None, BEGINNINGS), shown, number)
        speaker = _field(fields, columns.speaker, SPEAKERS) or ""
        yield Row(find_recording(folder, path), text, speaker, shown, number)


def _field(fields: dict[str, object], asked: str | None, usual: Sequence[str]) -> str | None:
    found = next((fields[name] for name in ((asked.lower(),) if asked else usual) if name in fields), None)
    return str(found) if isinstance(found, str | int | float) else None


def find_recording(folder: Path, name: str) -> str:
    """The file that a table in `folder` calls `name`: there, in a sub-folder of a usual name, or without its ending.
    The first place is given when it is nowhere."""
    first = folder / name
    if os.path.exists(first) or not name:
        return str(first)
    endings = ("",) if Path(name).suffix.lower() in ENDINGS else ("", *ENDINGS)
    for place in (folder, *(folder / sub for sub in FOLDERS)):
        for ending in endings:
            if os.path.isfile(found := place / f"{name}{ending}"):
                return str(found)
    return str(first)


def _folder_rows(folder: Path, request: TableRequest, notice: Notice) -> list[Row]:
    for name in TABLES:
        if (folder / name).is_file():
            notice(f"reading the table {folder / name}")
            return read_rows(str(folder / name), request, notice)
    sounds = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not sounds:
        raise DataError("holds no recordings", path=folder, hint=f"their names end with {', '.join(ENDINGS[:5])}")

    def lines_of(path: Path) -> Iterator[str]:
        return read_lines(str(path), request)

    beside = {sound: sound.with_suffix(".txt") for sound in sounds if sound.with_suffix(".txt").is_file()}
    if beside:
        if len(beside) < len(sounds):
            lacking = next(sound for sound in sounds if sound not in beside)
            count = len(sounds) - len(beside)
            notice(f"{count:,} recordings have no transcript beside them and are left out, the first: {lacking}")
        texts = {sound: " ".join(LABEL.sub("", line) for line in lines_of(path)) for sound, path in beside.items()}
        return [Row(str(sound), text, "", str(beside[sound]), None) for sound, text in texts.items()]
    listed = {}
    for table in sorted(folder.rglob("*.trans.txt")):
        for line in lines_of(table):
            name, _, text = line.partition(" ")
            listed[table.parent / name] = text
    if listed:
        chosen = [sound for sound in sounds if sound.with_suffix("") in listed]
        return [Row(str(s), listed[s.with_suffix("")], "", str(s.parent), None) for s in chosen]
    if len({sound.parent for sound in sounds}) > 1 and all(sound.parent != folder for sound in sounds):
        notice(
            f"{folder}: there are no transcripts; the name of the folder a recording is in is taken for what is said"
        )
        return [Row(str(sound), sound.parent.name.replace("_", " "), "", str(folder), None) for sound in sounds]
    hint = "put NAME.txt beside each NAME.wav, or give a table of PATH TAB TRANSCRIPT"
    raise DataError("holds recordings without transcripts", path=folder, hint=hint)
