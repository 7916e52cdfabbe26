"""The terminal: data to stdout, messages to stderr.

Nothing here uses rich markup, so untrusted text can neither change styles nor break a line of output.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from seqcli.errors import TERMINATED, SeqcliError, UsageError, as_arguments

if TYPE_CHECKING:
    from rich.console import Console

MIN_WIDTH = 20  # columns of a terminal in which words are kept whole
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


@dataclass(frozen=True)
class Verbosity:
    """What a command prints on stderr: `-q`, `-v` and `--debug`; the log file that gets everything; and whether a
    caller from Python reads it, who has arguments for options."""

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    log: Path | None = None
    python: bool = False


_NORMAL = Verbosity()
verbosity: ContextVar[Verbosity] = ContextVar("verbosity", default=_NORMAL)


@contextlib.contextmanager
def saying(what: Verbosity) -> Iterator[None]:
    """Have `what` hold within the context."""
    token = verbosity.set(what)
    try:
        yield
    finally:
        verbosity.reset(token)


# What must not reach a terminal: C0 and C1 control characters and DEL, but not tab and newline, of which escape
# sequences are made, and what turns the direction of text around.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}
_CONTROLS |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def escape(text: str) -> str:
    r"""`text` with its control characters written as `\x1b`; tab and newline stay."""
    return text.translate(_CONTROLS)


def is_first() -> bool:
    """Whether this process prints: it is alone, or the first of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


def notice(text: str) -> None:
    """A line on stderr, unless `-q`: what was found, chosen, saved."""
    text = as_arguments(text) if verbosity.get().python else text
    record(text)
    if not verbosity.get().quiet:
        _say(text)


def detail(text: str) -> None:
    """A line on stderr, only with `-v`."""
    record(text)
    if verbosity.get().verbose:
        _say(text)


def error(message: str, hint: str | None = None) -> None:
    """The `error:` line on stderr, and the `hint:` line when there is a remedy."""
    record(f"error: {message}" + (f" (hint: {hint})" if hint else ""))
    _say(message, label="error", colour="1;31")
    if hint:
        _say(hint, label="hint", colour="36")


def log_file(name: str) -> Path:
    """The file for `--log-file`, which is a log already, empty or new; `UsageError` for any other file."""
    path = Path(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8", errors="replace") as file:
            file.seek(0)
            begin = file.read(len(_now()))
    except OSError as problem:
        raise UsageError(f"--log-file {name}: {problem.strerror or problem}") from problem
    if begin and not _TIME.fullmatch(begin):
        raise UsageError(f"--log-file {name}: is not a log file of this program", hint="name a new file")
    return path


def record(text: str) -> None:
    """A line with its time in the log file, if there is one; a log that cannot be written costs nothing but itself."""
    if (path := verbosity.get().log) is not None and is_first():
        with contextlib.suppress(OSError), path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{_now()} {' '.join(escape(text).split())}\n")


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def mention_terminal_input() -> None:
    """Tell a user at an empty terminal that the command is waiting for input."""
    if sys.stdin is not None and sys.stdin.isatty():
        notice("reading from the terminal: type or paste the input, then end it with Ctrl-D")


def write(text: str, *, flush: bool = False) -> None:
    """Data to stdout: as it is into a pipe or a file, with control characters escaped onto a terminal. Raises
    SeqcliError when it cannot be written, BrokenPipeError when its reader has left."""
    try:
        sys.stdout.write(escape(text) if sys.stdout.isatty() else text)
        if flush:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as problem:
        if problem.errno == errno.EIO and stat.S_ISCHR(os.fstat(sys.stdout.fileno()).st_mode):
            raise SystemExit(TERMINATED) from problem  # the terminal is gone: the signal that says so is on its way
        hint = "is it closed?" if problem.errno == errno.EBADF else "is the disk full?"
        raise SeqcliError(f"standard output: {problem.strerror or problem}", hint=hint) from problem


def has_colour(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that may be coloured (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def rich_console(stream: TextIO) -> Console:
    """A rich console on `stream` that changes no text by itself: no markup, emoji codes or highlighting."""
    from rich.console import Console

    return Console(file=stream, markup=False, emoji=False, highlight=False, no_color=not has_colour(stream))


def _say(text: str, *, label: str = "", colour: str = "") -> None:
    prefix = f"{label}: " if label else ""
    if prefix and has_colour(sys.stderr):
        prefix = f"\x1b[{colour}m{label}:\x1b[0m "
    line = escape(text).replace("\n", "\\n")  # one message is one line, whatever names and values stand in it
    sys.stderr.write(f"{prefix}{_wrapped(line, len(label) + 2 if label else 0)}\n")
    sys.stderr.flush()


def _wrapped(line: str, indent: int) -> str:
    """A message as a terminal shows it, broken between words; one with a command in it stays whole, to be copied."""
    if not sys.stderr.isatty() or "seqcli " in line:
        return line
    with contextlib.suppress(OSError):
        width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
        if indent + len(line) > width > MIN_WIDTH:
            before = " " * indent  # where the label stands
            return textwrap.fill(
                line, width, initial_indent=before, break_long_words=False, break_on_hyphens=False
            ).removeprefix(before)
    return line


class Messages(io.RawIOBase):
    """Standard error that loses what cannot be written: a training goes on when its terminal or reader is gone."""

    def fileno(self) -> int:
        return 2

    def isatty(self) -> bool:
        return os.isatty(2)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Without a buffer, so that a signal's handler may write while something is being written."""
        left = memoryview(data)
        with contextlib.suppress(OSError):
            while left:
                left = left[os.write(2, left) :]
        return len(data)


def prepare_streams() -> None:
    """Streams that can be relied on: a closed stderr is silent, a closed stdout fails when something is written to it.
    What is written into a pipe or a file is UTF-8 whatever the locale; a terminal that cannot show a character gets its
    escape. Bytes of arguments that were not UTF-8 leave as they came."""
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    elif type(sys.stderr) is io.TextIOWrapper and sys.stderr.fileno() == 2:  # not what tests or a program put there
        kept = {"encoding": sys.stderr.encoding, "errors": sys.stderr.errors}
        sys.stderr = io.TextIOWrapper(Messages(), **kept, write_through=True)  # type: ignore[arg-type]
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="backslashreplace")
        else:
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


@contextlib.contextmanager
def short_warnings() -> Iterator[None]:
    """Show a library's warning as one line, and only with `-v`."""

    def show(message: Warning | str, category: type[Warning], *place: object, **options: object) -> None:
        detail(f"{category.__name__}: {' '.join(str(message).split())}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
