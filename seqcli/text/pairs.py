"""Pairs of sentences: from files of pairs, or from a source and a target file whose lines go together.

The form of a file is recognised by what stands in it:

tsv      source TAB target; further columns, a header, quotes round every field
csv      named .csv; comma, semicolon, TAB or bar between the fields, quotes
bars     source ||| target
json     an object a line, or a JSON list of objects: {"en": …, "de": …}, {"translation": {…}}, ["…", "…"]
tmx      translation memories
lines    one column: half of a pair of line-aligned files
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest

from seqcli.errors import DataError
from seqcli.files.opening import shown_path
from seqcli.notices import Notice, quietly
from seqcli.requests import TableRequest
from seqcli.text.lines import read_lines
from seqcli.text.markup import are_subtitles
from seqcli.text.pair_documents import json_rows, tmx_rows
from seqcli.text.pair_rows import BLANK, NO_TAB, Columns, Direction, Pair, PairFile
from seqcli.text.pair_tables import BARS, table_rows

SAMPLE = 100  # lines by which a form is recognised
SHOWN = 8  # bad lines that are listed


def read_pairs(
    paths: Sequence[str],
    request: TableRequest | None = None,
    notice: Notice = quietly,
    direction: Direction | None = None,
) -> Iterator[Pair]:
    """The pairs of one or more files of pairs, or of a source and a target file, as they are read; `-` is stdin.

    `notice` hears what was taken for granted about the files. Blank lines in a file of pairs are nothing. Any other
    line without two sides, or with an empty one, cannot be used: with `skip_bad` it is left out and `notice` hears of
    it at the end, otherwise `DataError` names these lines once all are read. Two line-aligned files of different
    lengths are always a `DataError`, and so are files whose names of columns say that they go in different directions:
    those of one call, and of other calls with the same `direction`.
    """
    request = request or TableRequest()
    columns, skip_bad = Columns.parse(request.columns), request.skip_bad
    files = [open_pairs(path, read_lines(path, request, notice), columns) for path in paths]
    several = len(files) > 1 and not are_aligned(files)
    bad: list[str] = []
    total, count, single, first_bad = 0, 0, 0, 0
    direction = direction or Direction()
    for file, row in rows_of_all(files, notice):
        direction.check(file)
        if row.problem == BLANK:
            continue
        total += 1
        problem = row.problem or empty_side(row)
        if not problem:
            if not count or skip_bad:
                yield Pair(row.line, row.source.strip(), row.target.strip())
            continue
        count += 1
        single += problem == NO_TAB
        first_bad = first_bad or row.line
        if len(bad) < SHOWN:
            bad.append(f"{file.name} line {row.line}: {problem}" if several else f"line {row.line}: {problem}")
    if not count:
        return
    listed = "; ".join(bad) + (f"; and {count - len(bad):,} more" if count > len(bad) else "")
    if skip_bad:
        notice(f"left out {count:,} of {total:,} pairs ({listed})")
        return
    if single == total:
        hint = "name the file of the other language, too, or write source TAB target; --columns 1,2 reads CSV"
        raise DataError("has one column, which is half of a pair", path=files[0].name, hint=hint)
    tables = all(file.kind == "csv" for file in files)
    form = (
        "quotes go round cells that hold the separator" if tables else "each line is: source TAB target, both with text"
    )
    raise DataError(
        f"{count:,} of {total:,} pairs cannot be used ({listed})",
        path=" and ".join(file.name for file in files),
        line=first_bad,
        hint=f"{form}; --skip-bad leaves the others out",
    )


def open_pairs(path: str, lines: Iterable[str], columns: Columns | None, sample: int = SAMPLE) -> PairFile:
    """A file, recognised by its name and its first `sample` lines with text. One line says nothing about a header."""
    rest, seen, there = iter(lines), list[str](), 0
    for line in rest:
        seen.append(line)
        there += bool(line.strip())
        if there >= sample:
            break
    kind = _kind(path, seen)
    if kind == "lines" and are_subtitles(seen):
        hint = "write what is said as source TAB target, a pair a line"
        raise DataError("is subtitles, whose lines do not go together", path=shown_path(path), hint=hint)
    return PairFile(path, chain(seen, rest), columns, sample, kind)


def rows_of_all(files: Sequence[PairFile], notice: Notice) -> Iterator[tuple[PairFile, Pair]]:
    """The rows of files of pairs, or of a source and a target file, each with its file; `notice` hears at the end of a
    file what was taken for granted."""
    rows = [(file, rows_of(file)) for file in files]
    if are_aligned(files):
        rows = [(files[0], aligned_rows(files))]
        if files[0].columns is not None:
            names = f"{files[0].name} and {files[1].name}"
            files[0].notes.append(f"{names} are taken for source and target, line by line: --columns is for tables")
    for file, of_file in rows:
        for row in of_file:
            yield file, row
        for note in file.notes:
            notice(note)


def rows_of(file: PairFile) -> Iterator[Pair]:
    """The file's rows, as its lines come; `DataError` where the form itself cannot be read."""
    match file.kind:
        case "json":
            return json_rows(file)
        case "tmx":
            return tmx_rows(file)
        case "lines" if file.columns is None:
            return (Pair(n, line, "", BLANK if not line.strip() else NO_TAB) for n, line in enumerate(file.lines, 1))
        case _:
            return table_rows(file)


def _kind(path: str, sample: Sequence[str]) -> str:
    name = re.sub(r"\.(gz|bz2|xz|zst|zip)$", "", path.lower())
    lines = [line for line in sample if line.strip()]
    start = lines[0].lstrip() if lines else ""
    if name.endswith(".tmx") or start.startswith(("<?xml", "<tmx", "<!DOCTYPE tmx")):
        return "tmx"
    if name.endswith((".jsonl", ".ndjson", ".json")) or _is_json(start):
        return "json"
    if name.endswith(".csv"):
        return "csv"
    for kind, mark in (("tsv", "\t"), ("bars", BARS)):
        if 2 * sum(mark in line for line in lines) >= max(len(lines), 1):
            return kind
    return "tsv" if name.endswith((".tsv", ".tab")) else "lines"


def _is_json(start: str) -> bool:
    if not start.startswith(("{", '["')):
        return start.startswith(("[{", "[["))
    try:
        value = json.loads(start)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or (isinstance(value, list) and len(value) == 2)


def empty_side(row: Pair) -> str:
    """What is wrong with a row that has an empty side."""
    if row.source.strip():
        return "" if row.target.strip() else "the target is empty"
    return "the source is empty" if row.target.strip() else "both sides are empty"


def usable(file: PairFile, row: Pair, skip_bad: bool) -> tuple[str, str]:
    """The sides of a row, empty for a blank one and, with `skip_bad`, for one of no use; `DataError` otherwise."""
    blank = row.problem == BLANK or not (row.problem or row.source.strip() or row.target.strip())
    problem = "" if blank else row.problem or empty_side(row)
    if problem and not skip_bad:
        hint = "put one TAB between the two, or choose with --columns; --skip-bad gives such lines an empty row"
        raise DataError(f"is not source TAB target: {problem}", path=file.name, line=row.line, hint=hint)
    return ("", "") if blank or problem else (row.source, row.target)


def are_aligned(files: Sequence[PairFile]) -> bool:
    """Whether two files are a source and a target; `DataError` for files that are neither that nor files of pairs."""
    single = [file for file in files if file.kind == "lines"]
    if not single or len(files) == 1:
        return False
    hint = "give files of pairs, or one source and one target file"
    if other := next((file for file in files if file.kind != "lines"), None):
        raise DataError(f"has one column, while {other.name} has pairs", path=single[0].name, hint=hint)
    if len(files) != 2:
        raise DataError(f"{len(files)} files of one column given", hint=hint)
    if files[0].path == files[1].path == "-":
        raise DataError("source and target cannot both be read from stdin", hint="give source TAB target on stdin")
    return True


def aligned_rows(files: Sequence[PairFile]) -> Iterator[Pair]:
    """The rows of a source and a target file; `DataError` when one is longer than the other."""
    for line, (source, target) in enumerate(zip_longest(*(file.lines for file in files)), 1):
        if source is None or target is None:
            shorter, longer = files if source is None else reversed(files)
            raise DataError(
                f"ends before line {line}, while {longer.name} goes on",
                path=shorter.name,
                line=line,
                hint="source and target files must be line-aligned: the same number of lines",
            )
        yield Pair(line, source, target)
