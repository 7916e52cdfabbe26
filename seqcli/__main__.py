"""`python -m seqcli`, the console script, and what torchrun starts."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from seqcli.errors import INTERRUPTED


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
    sys.exit(code)


if __name__ == "__main__":
    main()
