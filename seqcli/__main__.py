"""`python -m seqcli`, the console script, and what torchrun starts."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from seqcli.errors import INTERRUPTED, TERMINATED
from seqcli.signals import ENDING


def main() -> NoReturn:
    """Run the command line on `sys.argv` and leave with its exit code."""
    # Threads that wait for each other by spinning slow training down 20-fold and more as soon as anything else runs on
    # the machine (10,000 spins still do); spinning briefly costs little where nothing does. Must stand before torch
    # loads its OpenMP library.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
                signal.signal(number, _terminate)
        from seqcli.cli.app import run  # inside, so that Ctrl-C during start-up ends without a traceback

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as stop:  # a signal before the command began, or while it was ending already
        code = stop.code if isinstance(stop.code, int) else 1
    except RuntimeError as problem:  # Python 3.11 wraps what ends a class's making, while a module is imported
        if not isinstance(problem.__cause__, KeyboardInterrupt | SystemExit):
            raise
        code = INTERRUPTED if isinstance(problem.__cause__, KeyboardInterrupt) else TERMINATED
    _end(code)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)


def _end(code: int) -> NoReturn:
    """Leave with `code`, whatever signals come now: everything is done or given up, no thread is waited for."""
    for number in ENDING:
        signal.signal(number, lambda *_: os._exit(code))
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
