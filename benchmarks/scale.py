"""What a command costs against the size of its input: seconds of its processors and peak memory, whole commands.

    python benchmarks/scale.py [--task forecast translate] [--largest N] [--model MODEL.mt.safetensors] [--svg FILE]

Sizes are powers of ten up to `--largest` series of 60 months and lines to translate. Without `--model` lines are
translated by the untrained model kept for the tests: what it says means nothing, what it costs grows as usual. Texts
of growing size are read by `tokenize_corpus.py`.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import describe

KEPT = Path(__file__).parent.parent / "tests" / "fixtures" / "v1.mt.safetensors"
COLOURS = ("#08519c", "#a63603", "#238b45")


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


def run(command: Sequence[str], source: Path, size: int) -> Cost:
    """Run a command with `source` on its standard input; its children count."""
    start = time.perf_counter()
    with source.open("rb") as given:
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = process.stderr.read() if process.stderr is not None else b""
        _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: {said.decode()}")
    return Cost(size, time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


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
        x = left + 170 * number
        parts.append(f'<text x="{x}" y="{top + height + 44}" fill="{colour}">{name}</text>')
    size = f'width="{2 * (width + left) + 30}" height="{top + height + 60}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return "\n".join((head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"))


def sizes(largest: int) -> Iterable[int]:
    return (10**power for power in range(int(math.log10(largest)) + 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", nargs="+", choices=["forecast", "translate"], default=["forecast", "translate"])
    parser.add_argument("--largest", type=int, default=10_000)
    parser.add_argument("--model", default=str(KEPT))
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    seqcli = [sys.executable, "-m", "seqcli", "-q"]
    commands = {
        "forecast": (sales, [*seqcli, "forecast", "-", "--method", "classical", "--horizon", "12"]),
        "translate": (lines, [*seqcli, "translate", "--model", options.model, "--beam", "1", "--max-length", "12"]),
    }
    print("task             size   seconds   of processors   peak memory, MB")
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "input"
        for task in options.task:
            make, command = commands[task]
            name = {"forecast": "forecast, series", "translate": "translate, lines"}[task]
            for size in sizes(options.largest):
                make(source, size)
                cost = run(command, source, size)
                costs.setdefault(name, []).append(cost)
                print(f"{task:10} {size:10,} {cost.seconds:9.1f} {cost.busy:15.1f} {cost.peak:17,.0f}", flush=True)
    print(describe())  # last: a command's peak memory is never less than what this process had when it started it
    if options.svg:
        options.svg.write_text(drawing(costs))


if __name__ == "__main__":
    main()
