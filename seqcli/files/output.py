"""Output files: written completely or not at all, by one process at a time, and checked before any work."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import importlib.util
import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from seqcli.errors import SeqcliError, TrainingError, UsageError
from seqcli.files.opening import LONGEST_MAGIC, MODEL

if TYPE_CHECKING:
    import pandas

TEMPORARY = ".part"  # what the name of a file that is being written ends with; it begins with a dot
JSON_LINES = (".json", ".jsonl", ".ndjson")
NO_TABLES = (  # nor what we write
    *(".xls", ".xlsm", ".ods", ".parquet", ".html", ".svg", ".png", ".pdf", ".doc", ".docx", ".tsv", ".tab"),
    *(".gz", ".bz2", ".xz", ".zst", ".zip"),
)


def check_outputs(outputs: Mapping[str, str | Path | None], inputs: Iterable[str | Path]) -> None:
    """Refuse, before any work, outputs that would destroy what the command reads or what another output writes:
    `UsageError` where two of them are one file, whatever links and spellings lead there. `outputs` are paths by what
    they are for (an option, or words), None and `-` being none; of `inputs` `-` is standard input, which may come from
    a file."""
    places = [(what, Path(path)) for what, path in outputs.items() if path is not None and str(path) != "-"]
    read = list(inputs)
    for number, (what, path) in enumerate(places):
        for source in read:
            if _is_same(path, source):
                shown = "standard input" if str(source) == "-" else source
                hint = "choose another place for the output"
                raise UsageError(f"{what} {path}: this command reads that file ({shown})", hint=hint)
        for other, taken in places[:number]:
            if _is_same(path, taken):
                raise UsageError(f"{other} and {what} name the same file: {path}", hint="give each a file of its own")


def _is_same(path: Path, other: str | Path) -> bool:
    try:
        if str(other) == "-":
            return sys.stdin is not None and os.path.isfile(path) and os.path.samestat(path.stat(), os.fstat(0))
        if path.exists() and os.path.exists(other):
            return path.is_file() and os.path.samefile(path, other)
    except OSError:
        return False
    return os.path.realpath(path) == os.path.realpath(other)


def _behind_link(path: Path) -> Path:
    """What a link leads to; any other path as it is, since from the root on the way to it may be closed."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def state_path(model: Path) -> Path:
    """The saved state of a run, beside its model: NAME.lm.state.safetensors beside NAME.lm.safetensors,
    NAME-state.safetensors beside a model of any other NAME."""
    return _side_file(model, "state.safetensors")


def log_path(model: Path) -> Path:
    """The history of a run, beside its model: NAME.lm.log.csv."""
    return _side_file(model, "log.csv")


def _side_file(model: Path, kind: str) -> Path:
    stem = model.name.removesuffix(".safetensors")
    return model.with_name(f"{stem}.{kind}" if stem and stem != model.name else f"{model.name}-{kind}")


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Around code that writes `path`: turns failures into `SeqcliError` with the reason and a remedy."""
    try:
        yield
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        hint = "free some space" if full else "choose another place for it"
        raise SeqcliError(f"{path}: cannot be written: {problem.strerror or problem}", hint=hint) from problem


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which gets the name `path` at the end: after a crash either the old file exists or the new
    one. Until then it has a temporary name; it is flushed to disk and renamed. Of a link, what it leads to is replaced.
    Raises `SeqcliError`, see `writing`."""
    path = _behind_link(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    with writing(path):
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is not a regular file")
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself must survive a power cut
        finally:
            os.close(folder)


def write_text(path: Path, lines: Iterable[str]) -> None:
    """Write text as UTF-8, like `write_bytes`."""
    write_bytes(path, (line.encode() for line in lines))


def write_bytes(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file completely or not at all; pipes and devices get it as it comes. Raises as `writing` does."""
    through = path.is_symlink() or (path.exists() and not path.is_file())
    with writing(path), path.open("wb") if through else whole_file(path) as file:
        file.writelines(parts)


def write_workbook(path: Path, frame: pandas.DataFrame) -> None:
    """Write a table as the one sheet of an .xlsx file, whole or not at all; needs openpyxl. Raises as `writing`."""
    import pandas

    made = io.BytesIO()
    with pandas.ExcelWriter(made, engine="openpyxl") as writer:
        frame.to_excel(writer, index=False)
        for row in writer.book.active.iter_rows():
            for cell in row:
                if cell.data_type == "f":  # text that begins with =, which is no formula of ours
                    cell.data_type = "s"
    write_bytes(path, [made.getvalue()])


def check_place(path: str) -> None:
    """Find out, before any work, whether a file can be written; makes its folder. `UsageError` for a folder."""
    place = Path(path)
    if place.is_dir():
        raise UsageError(f"{path}: is a folder", hint="name a file in it")
    _make_folder(place)
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise SeqcliError(f"{path}: cannot be written", hint="choose another place for it")


def _make_folder(path: Path) -> None:
    """Make the folder of a file, and those that it is in; raises as `writing` does."""
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as problem:
            there = next(folder for folder in path.parents if folder.exists())
            raise NotADirectoryError(errno.ENOTDIR, f"{there} is no folder") from problem


def check_table(path: str | Path, form: str = "csv") -> None:
    """`UsageError` for a name by which others would take CSV, or what `form` says, for something else, and for a
    workbook where what writes it is not installed."""
    ending = Path(path).suffix.lower()
    if ending == ".xlsx" and importlib.util.find_spec("openpyxl") is None:
        raise UsageError(f"{path}: a workbook needs openpyxl", hint="pip install 'seqcli[excel]', or name it .csv")
    if ending in NO_TABLES or (ending in JSON_LINES and form != "ndjson"):
        hint = "name it .csv or .xlsx" + (", or add --format ndjson" if ending in JSON_LINES else "")
        raise UsageError(f"{path}: a table is written as CSV or as a workbook, not as {ending}", hint=hint)


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Check, before any training, that the model can be saved. Creates the folder. Raises `UsageError` if a model
    exists and may not be overwritten, or a file that is none, and `SeqcliError` if the folder cannot be written."""
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "not a regular file"
        raise UsageError(f"{path}: is {what}", hint="name a file for --output")
    if path.exists() and not overwrite:
        hint = "--resume continues its training, --overwrite replaces it, -o names another file"
        raise UsageError(f"{path}: a model is already there", hint=hint)
    _make_folder(path)
    with writing(path):
        place = _behind_link(path)
        probe = place.with_name(f".{place.name}.{os.getpid()}.probe")
        try:
            probe.write_bytes(b"seqcli")
        finally:
            probe.unlink(missing_ok=True)
        if path.exists():
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, "the model that is there may not be replaced")
            with path.open("rb") as there:
                beginning = there.read(LONGEST_MAGIC)
            if beginning and not MODEL.match(beginning):  # it may be among the input, which can be a folder or a table
                raise UsageError(
                    f"{path}: --overwrite replaces models, and this is none", hint="choose another place for the output"
                )


@contextlib.contextmanager
def output_lock(model: Path) -> Iterator[None]:
    """While a model is made: no second process writes the same one; `TrainingError` if one does. The lock is the
    kernel's, on an empty file beside the model, so a killed process leaves none behind. Who holds it removes what a
    killed run left half-written of the model and of the files named after it."""
    written = [_behind_link(file) for file in (model, state_path(model))]
    path = written[0].with_name(f".{written[0].name}.lock")
    try:
        while True:
            file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
                break
            os.close(file)  # its last holder removed the file between our two calls
    except BlockingIOError as problem:
        os.close(file)
        hint = "wait for it, or choose another --output"
        raise TrainingError(f"{model.name}: another process is training this model", hint=hint) from problem
    except OSError as problem:
        raise TrainingError(f"{path}: cannot be locked: {problem.strerror or problem}") from problem
    for place in written:
        for left in place.parent.glob(f".{glob.escape(place.name)}.*{TEMPORARY}"):
            if left.name[len(place.name) + 2 : -len(TEMPORARY)].isdigit():
                with contextlib.suppress(OSError):
                    left.unlink()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(file)
