"""`python -m seqcli`, the console script, and what torchrun starts."""

from __future__ import annotations

import sys
from typing import NoReturn

from seqcli.errors import INTERRUPTED


def main() -> NoReturn:
    """Run the command line on `sys.argv` and leave with its exit code."""
    try:
        from seqcli.cli.app import run  # inside, so that Ctrl-C during start-up ends without a traceback

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
