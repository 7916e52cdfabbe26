"""Seconds that `auto` and the classical methods take for many monthly series, and one file through the whole command.

    python benchmarks/forecast_speed.py [SERIES] [FILE.csv]

With statsforecast installed (elsewhere: it needs an older pandas) the same series run through its AutoETS and
DynamicOptimizedTheta with `--reference`: compare the seconds a series.
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np


def series(count: int) -> list[np.ndarray]:
    """Monthly series of 100 points with trend, season and noise."""
    rng = np.random.default_rng(0)
    t = np.arange(100)
    made = []
    for _ in range(count):
        season = rng.normal(0, 0.2, 12)[t % 12]
        made.append(rng.uniform(50, 5000) * (1 + rng.normal(0, 0.005) * t) * np.exp(season + rng.normal(0, 0.05, 100)))
    return [np.maximum(y, 1.0) for y in made]


def main(arguments: list[str]) -> None:
    if "--reference" in arguments:
        from statsforecast.models import AutoETS, DynamicOptimizedTheta

        some = series(40)
        for model in (AutoETS(season_length=12), DynamicOptimizedTheta(season_length=12)):
            model.forecast(some[0], 12)  # compiles
        start = time.perf_counter()
        for y in some:
            for model in (AutoETS(season_length=12), DynamicOptimizedTheta(season_length=12)):
                model.forecast(y, 12)
        each = 1000 * (time.perf_counter() - start) / len(some)
        print(f"statsforecast AutoETS + DOT: {each:.1f} ms a series, one core")
        return
    from machine import describe

    from seqcli.forecasting.engine import Setting, forecast_arrays

    print(describe())
    count = int(arguments[0]) if arguments else 10_000
    many = series(count)
    for method in ("auto", "classical"):
        start = time.perf_counter()
        forecast_arrays(many, many, Setting(12, 12, (), (80.0, 95.0), method))
        seconds = time.perf_counter() - start
        print(f"{method}, {count:,} series of 100 months: {seconds:.1f} s, {1000 * seconds / count:.2f} ms a series")
    for path in arguments[1:]:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run(["seqcli", "-q", "forecast", path, "-n", "24"], stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - start)
        print(f"seqcli forecast {path} --horizon 24: {min(times):.2f} s (least of {len(times)})")


if __name__ == "__main__":
    main(sys.argv[1:])
