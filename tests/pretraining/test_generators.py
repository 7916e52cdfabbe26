"""Synthetic series."""

import numpy as np
import pytest
from generators import demand, synthesise


@pytest.mark.parametrize(("season", "length"), [(1, 12), (1, 300), (4, 60), (7, 90), (12, 150), (24, 100), (168, 400)])
def test_series_are_finite_varied_and_repeatable(season, length):
    first, again, other = (synthesise(np.random.default_rng(seed), 64, length, season) for seed in (3, 3, 4))
    assert first.shape == (64, length)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (np.ptp(first, axis=1) > 0).mean() > 0.9


def test_a_season_is_in_the_series_that_are_to_have_one():
    def likeness(season):
        change = np.diff(synthesise(np.random.default_rng(5), 400, 120, season), axis=1)
        change = change - change.mean(axis=1, keepdims=True)
        together = (change[:, 12:] * change[:, :-12]).sum(axis=1)
        return np.median(together / np.maximum((change**2).sum(axis=1), 1e-12))

    assert likeness(12) > 0.3
    assert abs(likeness(1)) < 0.1


def test_demand_is_whole_numbers_with_many_zeros():
    y = demand(np.random.default_rng(1), 500, 60, 12)
    assert (y == np.round(y)).all()
    assert y.min() == 0
    zeros = (y == 0).mean(axis=1)
    assert (zeros > 0.5).mean() > 0.3
    assert (zeros < 0.2).mean() > 0.05
    spread = y.var(axis=1)[zeros < 1] / y.mean(axis=1)[zeros < 1]
    assert np.median(spread) > 1  # more than chance alone would give
