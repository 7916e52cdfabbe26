"""How long the command line takes to be there, against the bare import of typer.

python benchmarks/startup.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from machine import describe

RUNS = 15
HEAVY = {"torch", "numpy", "pandas"}
PROGRAMS = {
    "import typer": "import typer",
    "seqcli --version": "from seqcli.cli.app import run; run(['--version'])",
    "seqcli --help": "from seqcli.cli.app import run; run(['--help'])",
    "seqcli train-lm --help": "from seqcli.cli.app import run; run(['train-lm', '--help'])",
    "completion": "from seqcli.cli.app import run; run([])",
}
COMPLETION = {"_SEQCLI_COMPLETE": "complete_bash", "COMP_WORDS": "seqcli ", "COMP_CWORD": "1"}


def run(name: str, program: str) -> str:
    """Run a program, and return what it printed on stderr."""
    environment = {**os.environ, **(COMPLETION if name == "completion" else {})}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    return done.stderr


def main() -> None:
    print(describe())
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(RUNS):  # in turn, so that all see the same machine
        for name, program in PROGRAMS.items():
            start = time.perf_counter()
            run(name, program)
            times[name].append(time.perf_counter() - start)
    bare = min(times["import typer"])
    print(f"{'':24}{'median':>8}{'fastest':>9}{'× typer':>9}  loads")
    for name, program in PROGRAMS.items():
        listing = f"{program}\nimport sys; print(*{{n.partition('.')[0] for n in sys.modules}}, file=sys.stderr)"
        loaded = HEAVY & set(run(name, listing).split())
        fastest = min(times[name])
        print(
            f"{name:24}{statistics.median(times[name]):7.3f}s{fastest:8.3f}s{fastest / bare:9.2f}  "
            f"{', '.join(sorted(loaded)) or 'neither torch nor numpy nor pandas'}"
        )


if __name__ == "__main__":
    main()
