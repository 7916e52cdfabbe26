"""What the network is shown: the past at several rates, simple forecasts, the scale of what may come."""

import numpy as np
import pytest

from seqcli.forecasting.recurrent.candidates import CANDIDATES, make_candidates
from seqcli.forecasting.recurrent.inputs import FUTURE_FEATURES, PAST_FEATURES, SERIES_FEATURES, make_inputs
from seqcli.forecasting.recurrent.scaled import SECOND, scale_histories
from seqcli.forecasting.recurrent.tokens import CONTEXT, PATCH, bins, count_tokens, widths

BASE, THETA, DAMPED, FLAT, LAST, SEASON, TWO_AGO, THREE, PATTERN, SECOND_AGO, MEAN_OF, SMOOTH, MOVED = range(13)
MEAN, MEDIAN, ZERO, DRIFT, GROWTH = range(13, CANDIDATES)


def scaled(values, season, horizon):
    return scale_histories(np.atleast_2d(values).astype(float), season, np.arange(horizon))


def test_bins_are_means_over_ever_wider_stretches_counted_from_the_end():
    values = np.arange(1.0, 101)
    tokens = bins(values)
    np.testing.assert_array_equal(widths(100), [8] * 1 + [2] * 8 + [1] * 8)
    flat = tokens.reshape(-1)
    np.testing.assert_array_equal(flat[-32:], values[-32:])
    np.testing.assert_array_equal(flat[-34:-32], [(65 + 66) / 2, (67 + 68) / 2])
    assert flat[3] == np.mean([1, 2, 3, 4])  # the oldest bin has half of its values
    assert np.isnan(flat[:3]).all()


@pytest.mark.parametrize("length", [1, 4, 5, 31, 32, 33, 96, 97, 352, 353, 1376, 5000])
def test_tokens_are_counted_as_they_are_made(length):
    tokens = bins(np.ones(min(length, CONTEXT)))
    assert len(tokens) == len(widths(length)) == count_tokens(np.array([length]))[0]
    assert tokens.shape[1] == PATCH
    assert not np.isnan(tokens[:, -1]).any()


def test_what_stood_seasons_before_is_offered():
    values = np.random.default_rng(1).normal(100, 5, 31)
    found = make_candidates(scaled(values, 7, 9))[:, 0]  # the test finds no season in it
    np.testing.assert_allclose(found[:, SEASON], [*values[-7:], *values[-7:-5]])
    np.testing.assert_allclose(found[:, TWO_AGO], [*values[-14:-7], *values[-14:-12]])
    mean = np.mean([values[-7:], values[-14:-7], values[-21:-14]], axis=0)
    np.testing.assert_allclose(found[:, THREE], [*mean, *mean[:2]])
    assert np.isnan(found[:, SECOND_AGO]).all()  # no year is there
    np.testing.assert_allclose(found[:, LAST], values[-1])
    np.testing.assert_allclose(found[:, MEAN], values.mean())
    np.testing.assert_allclose(found[:, DRIFT], values[-1] + np.arange(1, 10) * (values[-1] - values[0]) / 30)


def test_a_year_of_days_is_offered_at_the_level_of_today():
    t = np.arange(364 * 2)
    values = 50 + 20 * np.sin(2 * np.pi * t / 364) + np.where(t >= 500, 30, 0)
    found = make_candidates(scaled(values, 7, 60))[:, 0]
    np.testing.assert_allclose(found[:, SECOND_AGO], values[-364:-304], rtol=0.01)
    truth = 80 + 20 * np.sin(2 * np.pi * np.arange(60) / 364)
    assert np.abs(found[:, SMOOTH] - truth).max() < 0.5
    assert np.abs(found[:, MOVED] - truth).max() < 0.5


def test_growth_is_offered_to_positive_series_alone():
    growing = 100 * 1.05 ** np.arange(20)
    found = make_candidates(scaled(growing, 1, 4))[:, 0]
    np.testing.assert_allclose(found[:, GROWTH], 100 * 1.05 ** np.arange(20, 24))
    assert np.isnan(make_candidates(scaled(growing - 150, 1, 4))[:, 0, GROWTH]).all()


def test_demand_that_is_often_zero_keeps_its_zeros():
    values = np.array([0, 0, 3, 0, 1, 0, 0, 0, 2, 0, 0, 5] * 5, float)
    made = scaled(values, 12, 12)
    np.testing.assert_array_equal(made.adjusted[:, 0], values)
    found = make_candidates(made)[:, 0]
    np.testing.assert_array_equal(found[:, ZERO], 0)
    np.testing.assert_array_equal(found[:, MEDIAN], 0)
    np.testing.assert_array_equal(found[:, SEASON], values[:12])


@pytest.mark.parametrize("season", sorted({1, 2, 4, 12, 52, *SECOND}))
def test_any_history_gives_finite_inputs_of_the_sizes_that_are_declared(season):
    rng = np.random.default_rng(season)
    for length in (1, 2, 9, 400):
        values = np.stack([rng.normal(20, 3, length), np.full(length, 4.0), np.zeros(length), rng.poisson(0.3, length)])
        made = make_inputs(values, ~np.isnan(values), season, np.array([0, 3, 40]))
        assert made.past.shape[1:] == (4, PAST_FEATURES)
        assert made.series.shape == (4, SERIES_FEATURES)
        assert made.future.shape == (3, 4, FUTURE_FEATURES)
        assert made.candidates.shape == (3, 4, CANDIDATES)
        for part in (made.past, made.series, made.future, made.base, made.unit):
            assert np.isfinite(part).all()
        assert (made.unit > 0).all()
        assert (made.candidates[..., 0] == 0).all()
        np.testing.assert_array_equal(made.floor, [0 if row.min() >= 0 else -np.inf for row in values])


def test_the_reach_of_a_random_walk_grows_with_the_square_root():
    walk = np.random.default_rng(2).normal(size=(200, 800)).cumsum(axis=1)
    made = scale_histories(walk, 1, np.array([0, 15, 63]))
    mean = made.reach.mean(axis=1)
    np.testing.assert_allclose(mean[1:] / mean[0], [4, 8], rtol=0.15)
