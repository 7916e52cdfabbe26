"""What a command costs against the size of its input: seconds of its processors and peak memory, whole commands.

    python benchmarks/scale.py [--series N] [--lines N] [--megabytes N] [--text FILE] [--model MODEL] [--svg FILE]

Sizes are powers of ten up to the largest given, 0 leaves a command out: series of 60 months to forecast, lines to
translate, megabytes of text to cut into subwords and train on, which is the text repeated with new words in between.
Without `--model` lines are translated by the untrained model kept for the tests: what it says means nothing, what it
costs grows as usual. On a machine that is busy with other things the seconds of the processors say what the work costs.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import describe

ROOT = Path(__file__).parent.parent
COLOURS = ("#08519c", "#a63603", "#238b45")

# The peak that the kernel keeps for a process begins anew with its program, unlike what wait4 and getrusage give, which
# is never less than what the parent had.
CHILD = """
import atexit, resource, sys
from pathlib import Path

def peak():
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))

report = Path(sys.argv.pop(1))
atexit.register(lambda: report.write_text(str(peak())))
from seqcli.__main__ import main
main()
"""


@dataclass(frozen=True)
class Cost:
    size: int
    seconds: float
    busy: float  # seconds of processors
    peak: float  # MB


def sales(path: Path, count: int) -> None:
    """That many monthly series with trend, season and noise, one after the other."""
    rng = np.random.default_rng(0)
    t = np.arange(60)
    months = [f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in t]
    with path.open("w") as file:
        file.write("series,month,value\n")
        for number in range(count):
            season = rng.normal(0, 0.2, 12)[t % 12]
            values = rng.uniform(50, 5000) * (1 + rng.normal(0, 0.005) * t) * np.exp(season + rng.normal(0, 0.05, 60))
            file.writelines(f"{number},{m},{v:.2f}\n" for m, v in zip(months, values, strict=True))


def lines(path: Path, count: int) -> None:
    with path.open("w") as file:
        file.writelines(f"the sky over the {('sea', 'river', 'moor')[i % 3]} is grey {i % 977}\n" for i in range(count))


def corpus(path: Path, megabytes: int, text: bytes) -> None:
    """The text repeated, with a hundred new words after each time."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        while file.tell() < megabytes * 1e6:
            file.write(text[: int(megabytes * 1e6)])
            words = (rng.integers(97, 123, rng.integers(3, 12), dtype=np.uint8).tobytes() for _ in range(100))
            file.write(b" ".join(words) + b"\n")


def run(arguments: Sequence[str], folder: Path, size: int) -> Cost:
    """Run `seqcli` with `folder/input` on its standard input; its threads and children count."""
    report = folder / "peak"
    command = [sys.executable, "-c", CHILD, str(report), "--quiet", *arguments]
    start = time.perf_counter()
    with (folder / "input").open("rb") as given:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"XDG_CACHE_HOME": str(folder)},
            stdin=given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        said = process.stderr.read() if process.stderr is not None else b""
        _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"seqcli {' '.join(arguments)}: {said.decode()}")
    seconds = time.perf_counter() - start
    return Cost(size, seconds, used.ru_utime + used.ru_stime, int(report.read_text()) / 1024)


def drawing(costs: dict[str, list[Cost]]) -> str:
    """Seconds of processors (left) and peak memory (right) against size, all scales logarithmic, as SVG."""
    width, height, left, top = 330, 250, 55, 30
    parts: list[str] = []
    for panel, (title, pick) in enumerate(
        (("seconds of processors", lambda c: c.busy), ("peak memory, MB", lambda c: c.peak))
    ):
        points = [(math.log10(c.size), math.log10(pick(c))) for found in costs.values() for c in found]
        low, high = (math.floor(min(y for _, y in points)), math.ceil(max(y for _, y in points) + 1e-9))
        far = max(1.0, max(x for x, _ in points))
        x0 = left + panel * (width + left)

        def place(x: float, y: float, x0: int = x0, far: float = far, low: int = low, high: int = high) -> str:
            return f"{x0 + x / far * width:.1f},{top + (high - y) / max(1, high - low) * height:.1f}"

        parts.append(f'<text x="{x0}" y="{top - 12}">{title}</text>')
        for mark in range(low, high + 1):
            y = place(0, mark).split(",")[1]
            parts.append(f'<path d="M{place(0, mark)} L{place(far, mark)}" stroke="#ddd"/>')
            parts.append(f'<text x="{x0 - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{10.0**mark:g}</text>')
        for mark in range(int(far) + 1):
            x = place(mark, low).split(",")[0]
            parts.append(f'<text x="{x}" y="{top + height + 18}" text-anchor="middle">{10**mark:,}</text>')
        for found, colour in zip(costs.values(), COLOURS, strict=False):
            path = " ".join(place(math.log10(c.size), math.log10(pick(c))) for c in found)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for number, (name, colour) in enumerate(zip(costs, COLOURS, strict=False)):
        parts.append(f'<text x="{left + 170 * number}" y="{top + height + 44}" fill="{colour}">{name}</text>')
    size = f'width="{2 * (width + left) + 30}" height="{top + height + 60}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return "\n".join((head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"))


def sizes(largest: int) -> Iterable[int]:
    return (10**power for power in range(int(math.log10(largest)) + 1)) if largest else ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--text", type=Path, default=ROOT / "sample_data" / "stories.en.txt")
    parser.add_argument("--model", type=Path, default=ROOT / "tests" / "fixtures" / "v1.mt.safetensors")
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    text = options.text.read_bytes()
    train = "train-lm input --tokens subword --valid-share .001 --hidden 8 --layers 1 --steps 1 -o model --overwrite"
    jobs: list[tuple[str, int, Callable[[Path, int], None], list[str]]] = [
        ("forecast, series", options.series, sales, ["forecast", "-", "--method", "classical", "--horizon", "12"]),
        (
            "translate, lines",
            options.lines,
            lines,
            ["translate", "--model", str(options.model.resolve()), "--beam", "1", "--max-length", "12"],
        ),
        ("train-lm, MB", options.megabytes, lambda path, size: corpus(path, size, text), train.split()),
    ]
    print(describe())
    print("command                size   seconds   of processors   peak memory, MB")
    costs: dict[str, list[Cost]] = {}
    for name, largest, make, arguments in jobs:
        for size in sizes(largest):
            with tempfile.TemporaryDirectory() as folder:
                make(Path(folder) / "input", size)
                cost = run(arguments, Path(folder), size)
            costs.setdefault(name, []).append(cost)
            print(f"{name:16} {size:10,} {cost.seconds:9.1f} {cost.busy:15.1f} {cost.peak:17,.0f}", flush=True)
    if options.svg:
        options.svg.write_text(drawing(costs))


if __name__ == "__main__":
    main()
