"""The pool of real series, and what is held back of it."""

import gzip

import numpy as np
import overlaps
from pool import Source, derive, read_pool, totals


def test_sums_over_periods_end_with_the_series():
    assert totals(np.arange(1.0, 11), 3).tolist() == [9, 18, 27]
    assert totals(np.arange(1.0, 8), 2.5).tolist() == [3 + 4 + 5, 6 + 7]
    assert totals(np.ones(104), 52 / 12).sum() == 104


def test_longer_periods_are_made_of_what_is_not_held_back():
    seasons = [m for m, _ in derive(np.arange(200.0), 12)]
    assert seasons == [12, 4, 1]
    quarters = derive(np.arange(200.0), 12)[1][1]
    assert quarters[-1] == 179 + 180 + 181  # 18 months are held back


def test_nothing_held_back_is_among_what_is_learnt_from(pool_folder, held_value):
    pool = read_pool(pool_folder)
    assert {1, 4, 12, 52} <= {source.season for source in pool.sources}
    train = [y for source in pool.sources for y in source.train]
    unseen = [y for source in pool.sources for y in source.unseen]
    for source in pool.sources:
        assert len(source.train) == len(source.late)
    assert max(y.max() for y in train) < held_value
    assert 0 < len(unseen) < 0.3 * len(train)
    assert not {y[:5].tobytes() for y in train} & {y[:5].tobytes() for y in unseen}


def test_a_source_that_is_held_back_is_learnt_nothing_from(pool_folder):
    (pool_folder / "pool").mkdir()
    row = "a_0,24,hourly,," + " ".join(str(10 + n % 24) for n in range(200))
    for name in ("pedestrian_hourly", "other_hourly"):
        with gzip.open(pool_folder / "pool" / f"{name}.csv.gz", "wt") as file:
            file.write(f"unique_id,season,frequency,start,y\n{row}\n{row.replace('a_0', 'b_0')}\n")
    sources = {(source.name, source.season): source for source in read_pool(pool_folder).sources}
    assert not sources["pedestrian_hourly", 24].train
    assert len(sources["pedestrian_hourly", 24].unseen) == 2
    other = sources["other_hourly", 24]
    assert len(other.train) + len(other.unseen) == 2


def test_stretches_of_one_series_are_held_back_together(pool_folder):
    (pool_folder / "pool").mkdir()
    values = " ".join(str(10 + n % 24) for n in range(200))
    rows = [f"{name}_{part},24,hourly,,{values}\n" for name in "abcdefghijklmnopqrstuvwxyz" for part in range(3)]
    with gzip.open(pool_folder / "pool" / "some_hourly.csv.gz", "wt") as file:
        file.write("unique_id,season,frequency,start,y\n" + "".join(rows))
    (source,) = [one for one in read_pool(pool_folder).sources if (one.name, one.season) == ("some_hourly", 24)]
    assert len(source.unseen) % 3 == 0
    assert 0 < len(source.unseen) < 78


def test_large_sources_are_drawn_far_less_than_their_size():
    def source(count, derived=False):
        return Source("x", 12, derived, [np.ones(3)] * count, [], [])

    assert 2 < source(3200).weight / source(100).weight < 8
    assert source(100, derived=True).weight < source(100).weight


def scored_file(folder, values):
    path = folder / "scored.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("unique_id,season,y\nheld,12," + " ".join(map(str, values)) + "\n")
    return path


def test_a_pool_with_a_scored_series_is_refused_whatever_its_units(pool_folder, monkeypatch, capsys):
    rng = np.random.default_rng(4)
    held = rng.uniform(10, 90, 40)
    scored = scored_file(pool_folder.parent, held)
    monkeypatch.setattr("sys.argv", ["overlaps.py", str(pool_folder), str(scored)])
    assert overlaps.main() == 0
    row = " ".join(f"{value:.6g}" for value in [*rng.uniform(1, 2, 20), *held[12:24] * 1.737, *rng.uniform(1, 2, 9)])
    with gzip.open(pool_folder / "pool_other.csv.gz", "wt") as file:
        file.write(f"unique_id,season,y\nguilty,12,{row}\ninnocent,12,{' '.join(map(str, rng.uniform(10, 90, 50)))}\n")
    assert overlaps.main() == 1
    assert capsys.readouterr().out == "pool_other.csv.gz: guilty has values of held in scored.csv.gz\n"


def test_a_few_zeros_and_ones_are_no_overlap(pool_folder):
    scored = scored_file(pool_folder.parent, [0, 1] * 20)
    with gzip.open(pool_folder / "pool_counts.csv.gz", "wt") as file:
        file.write("unique_id,season,y\ncounts,12," + " ".join(["0 1"] * 30) + "\n")
    assert list(overlaps.overlaps(pool_folder, [scored])) == []
