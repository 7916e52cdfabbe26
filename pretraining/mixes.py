"""What stands beside the network, and how much of the forecast is the network's: measures of mixtures.

    python pretraining/mixes.py FOLDER SEASON HORIZON LENGTHS MIX… [--each 25] [--held]

Series of FOLDER/pool (and of FOLDER/tourism_*_train.csv.gz) with SEASON periods a season are cut to the latest LENGTHS
values (`24,36,48`), with HORIZON more held out. A MIX is `network=.7,theta=.3`. Printed is MASE relative to seasonal
naive, geometric mean over sources; `--held` leaves out sources that the network has learnt from.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np
from pool import HELD_SOURCES, is_held, read_series

from seqcli.forecasting.classical.batch import make_batch
from seqcli.forecasting.classical.methods import BESIDE, combine
from seqcli.forecasting.metrics import scale
from seqcli.forecasting.recurrent.pretrained import rnn

METHODS = {**BESIDE, "network": rnn}


def read_sources(folder: Path, season: int, held: bool) -> dict[str, list[np.ndarray]]:
    """Series of each source with a season."""
    sources: dict[str, list[np.ndarray]] = {}
    for path in sorted((folder / "pool").glob("*.csv.gz")):
        stem = path.name.removesuffix(".csv.gz")
        if not held or is_held(stem):
            sources[stem] = [y for _, m, y in read_series(path) if m == season]
    letter = {1: "Y", 4: "Q", 12: "M"}.get(season)
    if letter:
        found: dict[str, list[float]] = {}
        with gzip.open(folder / f"tourism_{letter}_train.csv.gz", "rt", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["unique_id"], []).append(float(row["y"]))
        sources["tourism"] = [np.array(values) for values in found.values()]
    return sources


def relative(series: list[np.ndarray], horizon: int, season: int, mixes: list[dict[str, float]]) -> np.ndarray:
    """MASE of each mixture, and of the package's own, over that of seasonal naive."""
    histories, actual = [y[:-horizon] for y in series], np.array([y[-horizon:] for y in series])
    batch = make_batch(histories)
    made = {name: METHODS[name](batch, horizon, season) for mix in mixes for name in mix}
    network = METHODS["network"](batch, horizon, season)
    forecasts = [sum(weight * made[name] for name, weight in mix.items()) for mix in mixes]
    forecasts += [combine(batch, network, horizon, season), METHODS["seasonal-naive"](batch, horizon, season)]
    scales = np.array([scale(y, season) for y in histories])
    usable = np.isfinite(scales) & (scales > 0)
    least = np.where([y.min() >= 0 for y in histories], 0.0, -np.inf)[:, None]
    errors = [np.abs(np.maximum(batch.restore(made).T, least) - actual).mean(axis=1) / scales for made in forecasts]
    mase = np.array([np.minimum(error[usable], 20).mean() for error in errors])
    result: np.ndarray = mase[:-1] / mase[-1]
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("season", type=int)
    parser.add_argument("horizon", type=int)
    parser.add_argument("lengths", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("mixes", nargs="*")
    parser.add_argument("--each", type=int, default=25)
    parser.add_argument("--held", action="store_true", help=f"only tourism and {', '.join(HELD_SOURCES)}")
    asked = parser.parse_args()
    mixes = [{part.split("=")[0]: float(part.split("=")[1]) for part in text.split(",")} for text in asked.mixes]
    sources = read_sources(asked.folder, asked.season, asked.held)
    print("length", "series", *asked.mixes, "combination", sep="  ")
    for length in asked.lengths:
        rows, count = [], 0
        for series in sources.values():
            order = np.random.default_rng(0).permutation(len(series))
            cut = [series[i][-length - asked.horizon :] for i in order if len(series[i]) >= length + asked.horizon]
            cut = [y for y in cut if np.ptp(y[: -asked.horizon]) > 0 and (y == 0).mean() < 0.3][: asked.each]
            if len(cut) >= 3:
                rows.append(relative(cut, asked.horizon, asked.season, mixes))
                count += len(cut)
        if rows:
            print(length, count, *(f"{value:.3f}" for value in np.exp(np.log(rows).mean(axis=0))), sep="  ")


if __name__ == "__main__":
    main()
