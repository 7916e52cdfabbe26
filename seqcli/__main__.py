"""`python -m seqcli`, the console script, and what torchrun starts."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import NoReturn

from seqcli.signals import ENDING, exit_code_of, send_again, stop, stopped_by

SHOW_CURSOR = b"\x1b[?25h"


def main() -> NoReturn:
    """Run the command line on `sys.argv` and leave with its exit code."""
    # Threads that wait for each other by spinning slow training down 20-fold and more as soon as anything else runs on
    # the machine (10,000 spins still do); spinning briefly costs little where nothing does. Must stand before torch
    # loads its OpenMP library.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    sys.unraisablehook = _dropped
    code: int | None = None
    while True:
        try:
            code = _run() if code is None else code
            _end(code)
        except BaseException as problem:  # a signal before the command began, or while it was ending already
            if (found := exit_code_of(problem)) is None:
                raise
            code = found if code is None else code


def _run() -> int:
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, stop)
    from seqcli.cli.app import run  # inside, so that Ctrl-C during start-up ends without a traceback

    return run(sys.argv[1:])


def _dropped(lost: sys.UnraisableHookArgs) -> None:
    """Send a signal again whose exception was raised where Python drops it: in a finaliser or the callback of a weak
    reference."""
    if stopped_by() is None or lost.exc_value is None or exit_code_of(lost.exc_value) is None:
        sys.__unraisablehook__(lost)
    else:
        send_again()


def _end(code: int) -> NoReturn:
    """Leave with `code`, whatever signals come now: everything is done or given up, no thread is waited for."""
    for number in ENDING:
        signal.signal(number, lambda *_: os._exit(code))
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    if stopped_by() is not None and "rich.live" in sys.modules and os.isatty(2):
        with contextlib.suppress(OSError):  # it may have been stopped between hiding the cursor and showing it again
            os.write(2, SHOW_CURSOR)
    os._exit(code)


if __name__ == "__main__":
    main()
