"""What a command runs in: its standard streams, the signals that end it, and libraries' warnings."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from types import FrameType

from seqcli.cli import console
from seqcli.errors import TERMINATED
from seqcli.signals import handling


def prepare_streams() -> None:
    """Streams that can be relied on: a closed stderr is silent, a closed stdout fails when something is written to it.

    What is written into a pipe or a file is UTF-8 whatever the locale; a terminal that cannot show a character gets its
    escape. Bytes of arguments that were not UTF-8 leave as they came.
    """
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    elif type(sys.stderr) is io.TextIOWrapper and sys.stderr.fileno() == 2:  # not what tests or a program put there
        kept = {"encoding": sys.stderr.encoding, "errors": sys.stderr.errors}
        sys.stderr = io.TextIOWrapper(console.Messages(), **kept, write_through=True)  # type: ignore[arg-type]
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="backslashreplace")
        else:
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """End on SIGTERM and SIGHUP as on Ctrl-C: through the `finally` blocks, with exit code 143."""

    def terminate(signum: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    with handling(terminate, (signal.SIGTERM, signal.SIGHUP)):
        yield


@contextlib.contextmanager
def short_warnings() -> Iterator[None]:
    """Show a library's warning as one line, and only with `-v`."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: object, **options: object) -> None:
        console.detail(f"{category.__name__}: {' '.join(str(message).split())}")

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
