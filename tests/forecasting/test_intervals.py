"""Intervals that cover what they say, measures by hand, rolling origins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli.forecasting.backtest import cut
from seqcli.forecasting.engine import Setting, forecast_arrays
from seqcli.forecasting.intervals import adapt, around, calibrate, mix, stretch
from seqcli.forecasting.metrics import coverage, mase, measure, quantile_loss, scale, smape


def test_intervals_cover_new_errors_as_often_as_they_say():
    rng = np.random.default_rng(0)
    scales = rng.uniform(1, 100, 1500)
    spread = scales[:, None] * np.sqrt(np.arange(1, 7))
    old, new = (np.abs(rng.standard_t(4, (1500, 6))) * spread for _ in range(2))
    half = calibrate(old, scales, np.arange(1500), (80.0, 95.0))
    bands = around(np.zeros((1500, 6)), scales[:, None, None] * half.T, np.full(1500, -np.inf))
    assert 0.76 < coverage(new, bands[..., 0], bands[..., 1]) < 0.82
    assert 0.92 < coverage(new, bands[..., 2], bands[..., 3]) < 0.97


def test_without_any_earlier_forecast_there_still_are_intervals():
    assert (calibrate(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), (80.0,)) > 0).all()


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 40), horizon=st.integers(1, 9), seed=st.integers(0, 99))
def test_intervals_never_cross_nor_shrink_nor_leave_what_is_possible(count, horizon, seed):
    rng = np.random.default_rng(seed)
    errors = np.abs(rng.standard_cauchy((count, horizon)))
    errors[rng.random(errors.shape) < 0.2] = np.nan
    half = calibrate(errors, rng.uniform(0, 3, count), np.arange(count) // 3, (50.0, 80.0, 95.0))
    assert (np.diff(half, axis=1) >= 0).all()
    point = rng.uniform(0, 5, (count, horizon))
    bands = around(point, rng.uniform(0, 3, count)[:, None, None] * half.T, np.zeros(count))
    low, high = bands[..., 0::2], bands[..., 1::2]
    assert (np.diff(low, axis=-1) <= 0).all()
    assert (np.diff(high, axis=-1) >= 0).all()
    assert (low >= 0).all()
    assert ((low <= point[..., None]) & (point[..., None] <= high)).all()


def test_intervals_that_are_too_narrow_are_stretched():
    rng = np.random.default_rng(4)
    actual, point = rng.normal(0, 1, (500, 4)), np.zeros((500, 4))
    factor = stretch(actual, point, point - 0.5, point + 0.5, 80)
    assert factor == pytest.approx(1.2816 / 0.5, rel=0.08)


def test_measures_by_hand():
    history = np.array([1.0, 2, 3, 2, 3, 5])
    assert scale(history, 1) == pytest.approx(6 / 5)
    assert scale(history, 3) == pytest.approx(4 / 3)
    assert scale(history, 9) == pytest.approx(6 / 5)
    assert np.isnan(scale(np.ones(5), 1))
    actual, forecast = np.array([[4.0, 6, np.nan]]), np.array([[5.0, 4, 9]])
    assert mase(actual, forecast, np.array([3.0]))[0] == pytest.approx(0.5)
    assert smape(actual, forecast)[0] == pytest.approx((200 / 9 + 400 / 10) / 2)
    loss = quantile_loss(np.array([[10.0]]), np.array([[[8.0, 11.0]]]), np.array([0.1, 0.9]), np.array([1.0]))
    assert loss[0] == pytest.approx(2 * (0.1 * 2 + 0.1 * 1) / 2)
    median = quantile_loss(actual, forecast[..., None], np.array([0.5]), np.array([3.0]))
    assert median[0] == pytest.approx(0.5)


def test_origins_roll_back_from_the_end():
    folds = cut([np.arange(40.0), np.arange(5.0), np.arange(9.0)], 4, 1, origins=3, stride=4)
    first = [h for h, member in zip(folds.histories, folds.member, strict=True) if member == 0]
    assert [len(history) for history in first] == [36, 32, 28]
    assert folds.actual[0].tolist() == [36, 37, 38, 39]
    assert set(folds.member.tolist()) == {0, 2}  # five values are too few to hold any back
    for history, actual in zip(folds.histories, folds.actual, strict=True):
        known = actual[~np.isnan(actual)]
        np.testing.assert_array_equal(known, history[-1] + 1 + np.arange(len(known)))
    assert measure(folds.actual, np.nan_to_num(folds.actual), folds.scales)["mase"] == 0


def test_a_networks_intervals_are_corrected_by_how_they_covered():
    rng = np.random.default_rng(9)
    point, earlier = np.full((40, 6), 10.0), np.zeros((200, 6))
    actual = rng.normal(0, 2, (200, 6))

    def widths(deviation):
        deviates = np.array([-1.2816, 1.2816, -1.96, 1.96]) * deviation
        own = [np.broadcast_to(deviates, (*shape, 4)) for shape in (point.shape, earlier.shape)]
        return adapt(point, own[0], actual, earlier, own[1], (80.0, 95.0), np.full(40, -np.inf))

    right, narrow = widths(2.0), widths(0.5)
    np.testing.assert_allclose(right[0, 0, 1] - 10, 2 * 1.2816 * 0.95, rtol=0.06)
    # four times too narrow: a quarter of the correction, in proportion, is trusted
    np.testing.assert_allclose(narrow[0, 0, 1] - 10, 0.5 * 4**0.25 * 1.2816 * 0.95, rtol=0.06)
    for bands in (right, narrow):
        assert (bands[..., 2] <= bands[..., 0]).all()
        assert (bands[..., 3] >= bands[..., 1]).all()
    floor = np.zeros(40)
    own = np.broadcast_to(np.array([-30.0, 30, -40, 40]), (40, 6, 4))
    held = adapt(point, own, np.zeros((0, 6)), np.zeros((0, 6)), np.zeros((0, 6, 4)), (80.0, 95.0), floor)
    assert held.min() == 0


def test_a_higher_level_is_never_narrower_where_one_side_is_nothing():
    point = np.array([[10.0]])
    first, second = np.array([[[10.0, 10.0, 9.9, 10.1]]]), np.array([[[8.0, 12.0, 7.0, 13.0]]])
    mixed = mix(first, second, point, np.array([0.85]))[0, 0]
    low, high = mixed[::2], mixed[1::2]
    assert low[1] <= low[0] < 10 < high[0] <= high[1]


def test_a_series_that_jumped_once_has_no_absurd_interval():
    values = np.concatenate([np.random.default_rng(0).normal(0, 1e-3, 24), np.full(12, 50.0)])
    setting = Setting(horizon=12, season=1, long=(), levels=(80.0, 95.0))
    made = forecast_arrays([values], [values], setting)
    assert (np.abs(made.bands - made.point[..., None]) <= 3 * 50.1 * np.sqrt(1 + 12 / 36)).all()
