"""`python -m seqcli`, the console script, and what torchrun starts."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import NoReturn

from seqcli.errors import INTERRUPTED, TERMINATED


def main() -> NoReturn:
    """Run the command line on `sys.argv` and leave with its exit code."""
    # Threads that wait for each other by spinning slow training down 20-fold and more as soon as anything else runs on
    # the machine (10,000 spins still do); spinning briefly costs little where nothing does. Must stand before torch
    # loads its OpenMP library.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    try:
        from seqcli.cli.app import run  # inside, so that Ctrl-C during start-up ends without a traceback

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as stop:  # a signal while the command was ending already
        code = stop.code if isinstance(stop.code, int) else 1
    _end(code)


def _end(code: int) -> NoReturn:
    """Leave with `code`; a signal from now on ends at once: no library's clean-up is to be torn up in the middle."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os._exit(code))
    if code in (INTERRUPTED, TERMINATED):  # whoever stopped the command need not wait for threads to be joined
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
