"""The classical methods against the reference library's figures, and what they must get right by themselves."""

import numpy as np
import pytest

from seqcli.errors import UsageError
from seqcli.forecasting.classical.batch import fill_missing, make_batch
from seqcli.forecasting.classical.methods import BESIDE, METHODS, forecast_all, mix_of
from seqcli.forecasting.classical.seasonality import (
    autocorrelations,
    choose_season,
    find_season,
    is_seasonal,
    seasonal_indices,
)
from seqcli.forecasting.classical.smoothing import ets, smooth

# A seasonal series with a trend, made with NumPy's generator 0: 200 + 1.5 t + pattern + noise.
SEASONAL = np.array([
    220.38, 206.1, 196.92, 189.81, 200.39, 210.58, 221.91, 227.34, 212.89, 199.7, 201.13, 212.62,
    231.02, 223.84, 209.26, 205.3, 218.37, 226.55, 237.23, 245.63, 232.61, 225.6, 219.0, 231.55,
    258.71, 242.78, 228.77, 222.73, 236.63, 246.16, 250.97, 259.87, 250.52, 241.12, 239.64, 249.57,
    272.04, 260.11, 251.35, 247.98, 252.22, 268.04, 276.04, 280.84, 269.79, 256.56, 261.37, 272.38,
    297.4, 282.45, 268.07, 257.88, 273.99, 283.47, 286.13, 297.69, 288.29, 277.59, 271.45, 282.51,
])  # fmt: skip
LUMPY = np.zeros(60)
LUMPY[[1, 2, 4, 6, 9, 28, 32, 36, 41, 44, 48, 51, 53, 57, 59]] = [9, 5, 1, 2, 13, 1, 3, 4, 26, 6, 2, 3, 3, 1, 9]


def test_theta_without_season_is_the_reference():
    # statsforecast 2.1.1, DynamicOptimizedTheta(season_length=1)
    np.testing.assert_allclose(forecast_all([SEASONAL[:30]], 4, 1, "theta")[0], 246.06, rtol=1e-3)


def test_ets_is_close_to_the_reference():
    # statsforecast 2.1.1, AutoETS(season_length=12): additive trend and season
    expected = [310.49, 297.9, 285.64, 279.64, 290.88, 301.78, 309.88, 317.5, 306.12, 294.7, 293.17, 304.08]
    np.testing.assert_allclose(forecast_all([SEASONAL], 12, 12, "ets")[0], expected, rtol=0.015)


@pytest.mark.parametrize(("name", "expected"), [("croston", 1.86), ("sba", 1.76), ("tsb", 2.33)])
def test_methods_for_lumpy_demand_are_the_reference(name, expected):
    # statsforecast 2.1.1: CrostonClassic, CrostonSBA, TSB(0.1, 0.1)
    np.testing.assert_allclose(forecast_all([LUMPY], 2, 1, name)[0], expected, atol=0.006)


def test_naive_methods_by_hand():
    y = np.array([1.0, 2, 3, 4, 6, 7, 8, 10])
    assert forecast_all([y], 6, 4, "seasonal-naive")[0].tolist() == [6, 7, 8, 10, 6, 7]
    assert forecast_all([y], 2, 4, "naive")[0].tolist() == [10, 10]
    np.testing.assert_allclose(forecast_all([y], 2, 4, "drift")[0], [10 + 9 / 7, 10 + 18 / 7])
    np.testing.assert_allclose(forecast_all([y], 1, 4, "mean")[0], [y.mean()])


@pytest.mark.parametrize("method", METHODS)
def test_a_series_is_forecast_alike_alone_and_among_others(method):
    rng = np.random.default_rng(3)
    others = [100 + rng.normal(0, 5, n).cumsum() for n in (7, 23, 60, 9)]
    together = forecast_all([*others, SEASONAL], 8, 12, method)
    np.testing.assert_allclose(together[-1], forecast_all([SEASONAL], 8, 12, method)[0], rtol=1e-6)
    np.testing.assert_allclose(together[1], forecast_all([others[1]], 8, 12, method)[0], rtol=1e-6)


@pytest.mark.parametrize("method", ["theta", "ets", "combination"])
def test_forecasts_follow_the_unit_of_the_series(method):
    plain = forecast_all([SEASONAL], 6, 12, method)
    np.testing.assert_allclose(forecast_all([SEASONAL * 1e6], 6, 12, method), plain * 1e6, rtol=1e-6)


@pytest.mark.parametrize("method", ["theta", "ets", "combination"])
def test_a_clean_pattern_is_continued(method):
    t = np.arange(84)
    y = 50 + 0.8 * t + 10 * np.sin(2 * np.pi * t / 12)
    future = np.arange(84, 96)
    truth = 50 + 0.8 * future + 10 * np.sin(2 * np.pi * future / 12)
    forecast = forecast_all([y], 12, 12, method)[0]
    naive = forecast_all([y], 12, 12, "seasonal-naive")[0]
    assert np.abs(forecast - truth).mean() < 0.5 * np.abs(naive - truth).mean()


@pytest.mark.parametrize("values", [[7.0], [1.0, 2.0, 4.0], [0.0] * 20, [5.0] * 40, [0.0, 0, 3, 0, 0, 0, 1, 0, 0]])
def test_short_constant_and_empty_series_get_an_answer(values):
    forecast = forecast_all([np.array(values)], 5, 12)
    assert np.isfinite(forecast).all()
    assert (forecast >= 0).all()


def test_what_never_was_negative_is_not_forecast_negative():
    falling = np.maximum(100 - 3.0 * np.arange(33), 0.5)
    assert (forecast_all([falling], 30, 1, "drift") >= 0).all()
    assert (forecast_all([falling - 50], 30, 1, "drift") < -50).any()


def test_an_unknown_method_is_a_usage_error():
    with pytest.raises(UsageError, match="unknown method"):
        forecast_all([SEASONAL], 3, 12, "oracle")


def test_the_criterion_chooses_the_family_that_made_the_series():
    rng = np.random.default_rng(5)
    t = np.arange(120)
    seasonal = np.exp(0.01 * t) * (1 + 0.4 * np.sin(2 * np.pi * t / 12)) * 100 + rng.normal(0, 1, 120)
    batch = make_batch([seasonal])
    criteria = {
        s: smooth(batch, 1, 12, seasonal=s, trend="linear")[1][0] for s in ("none", "additive", "multiplicative")
    }
    assert min(criteria, key=criteria.__getitem__) == "multiplicative"
    best = [smooth(batch, 1, 12, seasonal="multiplicative", trend=trend) for trend in ("none", "damped", "linear")]
    np.testing.assert_array_equal(ets(batch, 1, 12), min(best, key=lambda one: one[1][0])[0])


def test_seasons_are_seen_under_a_trend_and_not_in_noise():
    rng = np.random.default_rng(1)
    t = np.arange(60)
    pattern = 10 * np.sin(2 * np.pi * t / 12)
    batch = make_batch([3.0 * t + pattern + rng.normal(0, 1, 60), pattern, rng.normal(0, 1, 60), 3.0 * t])
    assert batch.restore(is_seasonal(batch, 12)).tolist() == [True, True, False, False]


def test_seasonal_indices_of_a_pure_pattern_are_the_pattern():
    pattern = np.array([0.5, 1.0, 1.5, 1.0])
    batch = make_batch([np.tile(pattern, 8) * 20])
    np.testing.assert_allclose(seasonal_indices(batch, 4, multiplicative=True)[:, 0], pattern)
    np.testing.assert_allclose(seasonal_indices(batch, 4, multiplicative=False)[:, 0], 20 * (pattern - 1))


def test_a_season_nobody_named_is_found():
    rng = np.random.default_rng(2)
    t = np.arange(400)
    assert find_season([np.sin(2 * np.pi * t / 24) * 5 + rng.normal(0, 0.5, 400)]) == 24
    assert find_season([rng.normal(0, 1, 400).cumsum()]) == 1
    assert find_season([np.arange(9.0)]) == 1


def test_a_week_is_told_from_a_day():
    t = np.arange(24 * 28)
    day = np.sin(2 * np.pi * t / 24)
    assert choose_season([day + np.random.default_rng(0).normal(0, 0.1, len(t))], [24, 168]) == 24
    assert choose_season([day * np.where(t // 24 % 7 < 5, 3.0, 0.5)], [24, 168]) == 168
    assert choose_season([day[:100]], [24, 168]) == 24


def test_missing_values_are_filled_along_the_season():
    whole = np.tile([0.0, 10, 20, 10], 8) + 5
    holed = whole.copy()
    holed[[13, 14, 22]] = np.nan
    np.testing.assert_allclose(fill_missing(holed, 4), whole, atol=1.5)
    assert fill_missing(holed, 4, "zero")[14] == 0
    assert fill_missing(holed, 4, "forward")[14] == whole[12]
    assert fill_missing(whole, 4) is whole


def beside_network(series, horizon, season):
    """What the network is combined with."""
    batch = make_batch(series)
    parts = [weight * BESIDE[name](batch, horizon, season) for name, weight in mix_of(season)[1].items()]
    return batch.restore(np.sum(parts, axis=0)).T


@pytest.mark.parametrize(("season", "share"), [(1, 0.15), (4, 0.7), (5, 0.7), (12, 0.8), (52, 0.8)])
def test_auto_is_between_the_network_and_the_classical_methods(season, share):
    rng = np.random.default_rng(12)
    lengths = (12, 50) if season == 1 else (4 * season, 5 * season)
    series = [30 + 2 * np.arange(length) + rng.normal(0, 3, length) for length in lengths]
    auto, network = (forecast_all(series, 6, season, name) for name in ("combination", "rnn"))
    np.testing.assert_allclose(auto, share * network + (1 - share) * beside_network(series, 6, season), rtol=1e-6)


@pytest.mark.parametrize("season", [7, 24, 168])
def test_auto_is_the_network_where_nothing_beside_it_helps(season):
    series = [np.random.default_rng(12).normal(50, 3, 4 * season)]
    np.testing.assert_array_equal(*(forecast_all(series, 6, season, name) for name in ("combination", "rnn")))


def test_without_a_season_the_network_counts_only_so_far_from_the_classical_methods():
    jump = np.concatenate([np.linspace(10, 11, 15), np.array([14.0, 20, 30, 45])])
    auto, network = (forecast_all([jump], 6, 1, name)[0] for name in ("combination", "rnn"))
    classical = beside_network([jump], 6, 1)[0]
    change = np.abs(np.diff(jump)).mean()
    assert np.abs(network - classical).mean() > 2 * change
    assert np.abs(auto - classical).mean() == pytest.approx(mix_of(1)[0] * 2 * change)
    np.testing.assert_array_equal(np.sign(auto - classical), np.sign(network - classical))


@pytest.mark.parametrize(("season", "length"), [(12, 24), (12, 25), (12, 36), (4, 9), (4, 12)])
def test_a_season_that_is_too_short_to_be_tested_for_is_forecast(season, length):
    t = np.arange(length + season)
    values = (100 + t) * (1 + 0.4 * np.sin(2 * np.pi * t / season)) + np.random.default_rng(length).normal(0, 1, len(t))
    naive, auto = (
        np.abs(forecast_all([values[:length]], season, season, name)[0] - values[length:]).mean()
        for name in ("seasonal-naive", "combination")
    )
    assert auto < naive


def test_a_year_of_weeks_is_not_lost_where_it_cannot_be_tested():
    t = np.arange(143)
    values = 100 + 40 * np.sin(2 * np.pi * t / 52) + np.random.default_rng(3).normal(0, 2, 143)
    series, actual = [values[:135]], values[135:]
    classical, ets = (np.abs(forecast_all(series, 8, 52, method)[0] - actual).mean() for method in ("classical", "ets"))
    assert classical < 0.75 * ets


@pytest.mark.parametrize("lags", [5, 60])
def test_autocorrelations_are_those_of_the_definition(lags):
    values = np.random.default_rng(0).normal(size=(150, 3)).cumsum(axis=0)
    values[:30, 2] = np.nan  # begins later
    found = autocorrelations(values, lags)
    for column in range(3):
        y = values[~np.isnan(values[:, column]), column]
        y = y - y.mean()
        expected = [(y[lag:] * y[:-lag]).sum() / (y * y).sum() for lag in range(1, lags + 1)]
        np.testing.assert_allclose(found[:, column], expected, atol=1e-12)
