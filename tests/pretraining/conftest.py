"""The scripts of `pretraining/` are not installed: they import one another from their own folder."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "pretraining"
sys.path.insert(0, str(SCRIPTS))

HELD = 1e9  # the last values of every series: nothing that is learnt from may have them


@pytest.fixture
def pool_folder(tmp_path):
    """Monthly, quarterly and yearly series whose last horizon cannot be mistaken, and weekly ones in long form."""
    rng = np.random.default_rng(1)
    lines = ["unique_id,season,y"]
    for season, length, held in ((12, 140, 18), (4, 90, 8), (1, 40, 6)):
        for number in range(30):
            t = np.arange(length)
            y = 100 + t + 10 * np.sin(2 * np.pi * t / max(season, 2)) + rng.normal(0, 3, length)
            y[-held:] = HELD
            lines.append(f"s{season}-{number},{season}," + " ".join(f"{value:.3f}" for value in y))
    with gzip.open(tmp_path / "pool_small.csv.gz", "wt") as file:
        file.write("\n".join(lines) + "\n")
    with gzip.open(tmp_path / "walmart_weekly_long.csv.gz", "wt") as file:
        file.write("unique_id,ds,y,IsHoliday\n")
        for number in range(10):
            y = rng.uniform(50, 60, 143)
            y[-13:] = HELD
            file.writelines(f"w{number},2010-01-01,{value:.3f},False\n" for value in y)
    return tmp_path


@pytest.fixture
def held_value():
    return HELD
