"""Which recordings there are and what is said in them: tables, manifests and folders as people have them."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from seqcli.errors import DataError, UsageError, listed
from seqcli.files.opening import State, shown_path
from seqcli.notices import Notice, change_with, quietly
from seqcli.requests import TableRequest
from seqcli.speech.audio import ENDINGS
from seqcli.text.lines import read_lines
from seqcli.text.tab_cells import quoted_rows, tab_rows

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
class Recording:
    """A sound file, what is said in it and by whom, if that is known; in which file, and in which line of a table, that
    stands. When it has been looked at: how long it is, its sample rate in Hz, and the file's state."""

    path: str
    text: str
    speaker: str = ""
    seconds: float = 0.0
    rate: int = 0
    where: str = ""
    line: int | None = None
    state: State | None = field(default=None, compare=False)


def read_rows(source: str, request: TableRequest, notice: Notice = quietly) -> list[Recording]:
    """The rows of a table (`-`: standard input), a manifest of JSON lines or a folder.

    A table has TABs, commas, semicolons or bars between its columns, with or without a header; without one the first
    column is the path and the second the transcript. NAME BLANK TRANSCRIPT will do, too. Paths are relative to the
    table. A folder holds a table of a usual name, or a transcript NAME.txt beside each recording, or files *.trans.txt
    (LibriSpeech), or a folder for each word that is said. Raises `DataError` for what is none of these and for parts of
    recordings, `UsageError` for columns that are not there.
    """
    if source != "-" and Path(source).is_dir():
        return _folder_rows(Path(source), request, notice)
    folder = Path(".") if source == "-" else Path(source).parent
    speaker = getattr(request, "by_speaker", None)  # which scores do not need
    table = _Table(shown_path(source), folder, notice, *_path_and_text(request.columns), speaker)
    rows = list(table.rows(read_lines(source, request, notice)))
    if not rows:
        hint = "give a line PATH TAB TRANSCRIPT for each recording"
        raise DataError("the table is empty", path=table.shown, hint=hint)
    return rows


def _path_and_text(columns: str | None) -> tuple[str | None, str | None]:
    """The two columns of `PATH,TEXT`, as --columns gives them; `UsageError` unless these are two."""
    if columns is None:
        return None, None
    names = [name.strip() for name in columns.split(",")]
    if len(names) != 2 or not all(names):
        hint = "for example --columns path,sentence"
        raise UsageError(f"--columns {columns}: two columns are needed", hint=hint)
    return names[0], names[1]


@dataclass(frozen=True)
class _Places:
    """The numbers, from 0, of a table's columns, and how many it has."""

    path: int
    text: int
    speaker: int | None
    begin: int | None
    width: int


@dataclass(frozen=True)
class _Table:
    """A table: what messages call it, the folder that its paths count from, and which columns are asked for, by name or
    by number from 1; None leaves them to their usual names."""

    shown: str
    folder: Path
    notice: Notice
    asked_path: str | None
    asked_text: str | None
    asked_speaker: str | None

    def rows(self, lines: Iterator[str]) -> Iterator[Recording]:
        """Its rows, in the form that its first line with something in it shows."""
        seen: list[str] = []
        for line in lines:
            seen.append(line)
            if line.strip():
                break
        first, lines = seen[-1] if seen else "", chain(seen, lines)
        if first.lstrip().startswith("{"):
            return self._of_manifest(lines)
        if re.match(r"\s*\[\s*(\{|$)", first):
            raise DataError("is a JSON list", path=self.shown, hint="write an object a line: jq -c '.[]' FILE")
        name = first.partition(" ")[0]
        if "\t" not in first and name != first and os.path.isfile(find_recording(self.folder, name)):
            return self._after_names(lines)
        return self._of_columns(lines, next((mark for mark in "\t|;," if mark in first), "\t"))

    def _after_names(self, lines: Iterator[str]) -> Iterator[Recording]:
        """NAME BLANK TRANSCRIPT, as LibriSpeech has it."""
        for number, line in enumerate(lines, start=1):
            name, _, text = line.strip().partition(" ")
            if name:
                yield Recording(find_recording(self.folder, name), text, where=self.shown, line=number)

    def _of_manifest(self, lines: Iterator[str]) -> Iterator[Recording]:
        """JSON lines with a path and a text, as NeMo and others write them."""
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                fields = {str(key).lower(): value for key, value in json.loads(line).items()}
            except (ValueError, AttributeError, RecursionError) as problem:
                raise DataError("is not a JSON object", path=self.shown, line=number) from problem
            path, text = _field(fields, self.asked_path, PATHS), _field(fields, self.asked_text, TEXTS)
            if path is None or text is None:
                lacking = "a path" if path is None else "a transcript"
                hint = "name the fields with --columns PATH,TRANSCRIPT"
                raise DataError(f"lacks {lacking}", path=self.shown, line=number, hint=hint)
            if self.asked_speaker is not None and self.asked_speaker.lower() not in fields:
                hint = "--by-speaker names the field that says who speaks"
                raise DataError(f"lacks {self.asked_speaker!r}", path=self.shown, line=number, hint=hint)
            if self.asked_path is None:
                self._check_whole(_field(fields, None, BEGINNINGS), number)
            speaker = _field(fields, self.asked_speaker, SPEAKERS) or ""
            yield Recording(find_recording(self.folder, path), text, speaker, where=self.shown, line=number)

    def _of_columns(self, lines: Iterator[str], delimiter: str) -> Iterator[Recording]:
        if delimiter == "\t":
            rows = tab_rows(lines, self.shown)
        elif delimiter == "|":
            rows = ((number, line.split("|")) for number, line in enumerate(lines, start=1))
        else:
            rows = quoted_rows(lines, delimiter, self.shown)
        places: _Places | None = None
        for number, cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places, is_header = self._places(cells, number)
                if is_header:
                    continue
            yield self._row(cells, places, number)

    def _places(self, cells: Sequence[str], line: int) -> tuple[_Places, bool]:
        """Where the columns are, by the first row, and whether that is a header."""
        names = [cell.strip().lstrip("\ufeff").lower() for cell in cells]
        usual = names[0] in PATHS or (any(name in PATHS for name in names) and any(name in TEXTS for name in names))
        asked = (self.asked_path, self.asked_text, self.asked_speaker)
        named = any(name is not None and not name.isdigit() for name in asked)
        is_header = named or (usual and not os.path.isfile(find_recording(self.folder, cells[0].strip())))
        path = self._column(self.asked_path, names, PATHS if is_header else (), 0)
        text = self._column(self.asked_text, names, TEXTS if is_header else (), 1 if path != 1 else 0)
        speaker = self._column(self.asked_speaker, names, SPEAKERS if is_header else (), None)
        assert path is not None
        if text is None or text >= len(cells):
            hint = "put a TAB between path and transcript"
            raise DataError("has one column, a path and a transcript are needed", path=self.shown, line=line, hint=hint)
        if not is_header and len(cells) > 2 and self.asked_text is None:
            change = change_with("--columns")
            self.notice(f"{self.shown}: column 1 is taken for the path, column 2 for the transcript; {change}")
        begin = self._column(None, names, BEGINNINGS if is_header and self.asked_path is None else (), None)
        return _Places(path, text, speaker, begin, len(cells)), is_header

    def _column(
        self, asked: str | None, names: Sequence[str], usual: Sequence[str], otherwise: int | None
    ) -> int | None:
        """The number, from 0, of the column that is asked for, or else of the first with a `usual` name."""
        if asked is None:
            return next((names.index(name) for name in usual if name in names), otherwise)
        if asked.isdigit() and 1 <= int(asked) <= len(names):
            return int(asked) - 1
        if asked.strip().lower() in names:
            return names.index(asked.strip().lower())
        raise UsageError(f"{self.shown}: has no column {asked!r}", hint=f"its columns are {listed(names)}")

    def _row(self, cells: Sequence[str], places: _Places, line: int) -> Recording:
        if max(places.path, places.text, places.speaker or 0) >= len(cells):
            count = f"{len(cells)} column{'s' if len(cells) != 1 else ''}"
            hint = "put one delimiter between them; an empty transcript is allowed"
            raise DataError(f"has {count}, path and transcript are needed", path=self.shown, line=line, hint=hint)
        if any(cell.strip() for cell in cells[places.width :]):
            count = f"{len(cells)} columns, the first row {places.width}"
            hint = "put quotes around a transcript that holds the delimiter, or use TABs"
            raise DataError(f"has {count}", path=self.shown, line=line, hint=hint)
        if places.begin is not None and places.begin < len(cells):
            self._check_whole(cells[places.begin], line)
        speaker = cells[places.speaker].strip() if places.speaker is not None else ""
        path = find_recording(self.folder, cells[places.path].strip())
        return Recording(path, cells[places.text], speaker, where=self.shown, line=line)

    def _check_whole(self, begin: str | None, line: int) -> None:
        """`DataError` when a row is about a part of a recording that begins later than the recording."""
        with contextlib.suppress(ValueError):
            if float(begin or 0) > 0:
                said = f"is about a part of a recording, from {begin} on"
                hint = "cut parts out into files; if they are, say so with --columns PATH,TRANSCRIPT"
                raise DataError(said, path=self.shown, line=line, hint=hint)


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


def _folder_rows(folder: Path, request: TableRequest, notice: Notice) -> list[Recording]:
    for name in TABLES:
        if (folder / name).is_file():
            notice(f"reading the table {folder / name}")
            return read_rows(str(folder / name), request, notice)
    sounds = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not sounds:
        raise DataError("holds no recordings", path=folder, hint=f"their names end with {', '.join(ENDINGS[:5])}")
    said: dict[Path, tuple[str, Path]] = {}  # of recordings without their endings: the transcript, and where it stands
    for sound in sounds:
        if (path := sound.with_suffix(".txt")).is_file():
            text = " ".join(LABEL.sub("", line) for line in read_lines(str(path), request))
            said[sound.with_suffix("")] = text, path
    if not said:
        for table in sorted(folder.rglob("*.trans.txt")):
            for line in read_lines(str(table), request):
                name, _, text = line.partition(" ")
                said[table.parent / name] = text, table.parent
    if said:
        found = {sound: said[key] for sound in sounds if (key := sound.with_suffix("")) in said}
        if len(found) < len(sounds):
            lacking = next(sound for sound in sounds if sound not in found)
            count = len(sounds) - len(found)
            notice(f"{count:,} recordings have no transcript beside them and are left out, the first: {lacking}")
        return [Recording(str(sound), text, where=str(where)) for sound, (text, where) in found.items()]
    if len({sound.parent for sound in sounds}) > 1 and all(sound.parent != folder for sound in sounds):
        notice(
            f"{folder}: there are no transcripts; the name of the folder a recording is in is taken for what is said"
        )
        return [Recording(str(sound), sound.parent.name.replace("_", " "), where=str(folder)) for sound in sounds]
    hint = "put NAME.txt beside each NAME.wav, or give a table of PATH TAB TRANSCRIPT"
    raise DataError("holds recordings without transcripts", path=folder, hint=hint)
