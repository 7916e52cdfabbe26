"""The pool of real series, and what is held back of it."""

import numpy as np
from pool import derive, read_pool, totals


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
    assert {1, 4, 12, 52} <= set(pool.train)
    for season, series in pool.train.items():
        assert max(y.max() for y in series) < held_value, season
        assert len(series) == len(pool.late[season])
    held = sum(len(series) for series in pool.unseen.values())
    assert 0 < held < 0.3 * sum(len(series) for series in pool.train.values())
    seen = {y[:5].tobytes() for series in pool.train.values() for y in series}
    assert not seen & {y[:5].tobytes() for series in pool.unseen.values() for y in series}


def test_years_of_economies_count_for_more_than_long_series(pool_folder):
    pool = read_pool(pool_folder)
    assert {season: len(weights) for season, weights in pool.weights.items()} == {
        season: len(series) for season, series in pool.train.items()
    }
    assert set(pool.weights[12]) == {1.0}
    assert set(pool.weights[1]) == {1.0, 4.0}  # years as they are, and sums of quarters, months and weeks
