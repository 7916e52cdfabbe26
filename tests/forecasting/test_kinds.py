"""What is forecast without any option, on series of many kinds: each with its value."""

import numpy as np
import pytest

from seqcli.forecasting.classical.counts import count_means, count_quantiles, is_intermittent, launch, zeros_explained
from seqcli.forecasting.classical.long_season import find_long_season, long_component
from seqcli.forecasting.cleaning import outliers
from seqcli.forecasting.combination import weigh
from seqcli.forecasting.forecast import forecast_panel
from seqcli.forecasting.prepare import ForecastOptions, prepare
from seqcli.series.panel import read_panel

RNG = np.random.default_rng


@pytest.fixture
def panel_of(tmp_path):
    def make(values, start, step, *, skip_zeros=False):
        times = np.datetime64(start) + np.arange(len(values)) * np.timedelta64(*step)
        lines = [
            f"{str(time).replace('T', ' ')},{value:g}"
            for time, value in zip(times, values, strict=True)
            if value or not skip_zeros
        ]
        path = tmp_path / "series.csv"
        path.write_text("time,sold\n" + "\n".join(lines) + "\n")
        return read_panel(str(path))

    return make


def test_closed_hours_are_a_pattern_and_not_intermittent_demand(panel_of):
    hour = np.arange(24 * 7 * 6) % 24
    open_hours = np.where((hour >= 8) & (hour < 18), 60 * np.sin((hour - 8) * np.pi / 10), 0.0)
    calls = np.rint(np.maximum(open_hours + RNG(0).normal(0, 2, len(hour)) * (open_hours > 0), 0))
    result = forecast_panel(panel_of(calls, "2022-01-03T00:00", (1, "h")), ForecastOptions(horizon=24))
    assert result.methods == ["combination"]
    assert result.point[0, :7].max() < 1
    assert result.point[0, 13] == pytest.approx(60, abs=4)


def test_what_is_sold_in_winter_only_is_seasonal(panel_of):
    year = np.array([520, 300, 60, 0, 0, 0, 0, 0, 0, 0, 120, 400.0])
    sold = np.rint(np.tile(year, 8) * RNG(1).uniform(0.93, 1.07, 96))
    months = np.arange(96).astype("datetime64[M]") + 30 * 12
    panel = panel_of(sold, months[0].astype("datetime64[D]"), (1, "D"))  # only the values are of interest
    made = prepare(panel, ForecastOptions(season=12, horizon=12))
    assert not is_intermittent(sold, [12])
    assert zeros_explained(sold, 12) == pytest.approx(1.0)
    point = forecast_panel(panel, made.options).point[0]
    np.testing.assert_allclose(point, year, atol=40)


def test_zeros_before_the_first_sale_are_time_before_it(panel_of):
    sold = np.concatenate([np.zeros(240), RNG(2).poisson(9, 60) + 1])
    assert launch(sold) == 240
    assert launch(RNG(0).poisson(0.05, 300)) == 0
    result = forecast_panel(panel_of(sold, "2019-01-01", (1, "D")), ForecastOptions(horizon=6))
    assert result.point[0] == pytest.approx(sold[240:].mean(), rel=0.2)
    assert any("before the first sale" in note for note in result.notes)


def test_spare_parts_get_the_quantiles_of_counts(panel_of):
    demand = RNG(3).poisson(0.3, 200).astype(float)
    panel = panel_of(demand, "2020-01-01", (1, "D"))
    result = forecast_panel(panel, ForecastOptions(horizon=5, levels=(80.0, 95.0)))
    assert result.methods == ["counts"]
    assert (result.point == 0).all()
    assert (result.bands[..., 0] == 0).all()
    assert (result.bands == np.rint(result.bands)).all()
    assert set(result.bands[0, :, 1]) <= {1.0, 2.0}
    mean = forecast_panel(panel, ForecastOptions(horizon=5, point="mean")).point
    assert mean[0] == pytest.approx(0.3, abs=0.12)


def test_count_quantiles_by_hand():
    values = np.array([0.0, 0, 0, 0, 0, 0, 2, 3, 0, 1])
    made = count_quantiles(values, 3, 1, np.array([0.5, 0.65, 0.75, 0.99]))
    np.testing.assert_array_equal(made, np.tile([0, 0, 1, 3], (3, 1)))
    assert count_means(values, 2, 1) == pytest.approx([0.62, 0.62], abs=0.02)
    weekly = np.tile([0.0, 0, 0, 0, 0, 4, 0], 40)
    np.testing.assert_array_equal(count_quantiles(weekly, 7, 7, np.array([0.7]))[:, 0], [0, 0, 0, 0, 0, 4, 0])


def test_a_log_of_sales_has_zeros_where_it_has_no_rows(panel_of):
    sold = RNG(4).poisson(0.4, 365).astype(float)
    sold[[0, -1]] = 1
    panel = panel_of(sold, "2022-01-01", (1, "D"), skip_zeros=True)
    result = forecast_panel(panel, ForecastOptions(horizon=5))
    assert result.point[0].mean() == pytest.approx(sold.mean(), rel=0.35)


def test_daily_data_has_a_year(panel_of):
    t = np.arange(5 * 365)
    warmth = 12 + 8 * np.cos(2 * np.pi * t / 365.25) + RNG(5).normal(0, 2, len(t))
    result = forecast_panel(panel_of(warmth, "2015-01-01", (1, "D")), ForecastOptions(horizon=365))
    truth = 12 + 8 * np.cos(2 * np.pi * (len(t) + np.arange(365)) / 365.25)
    assert np.abs(result.point[0] - truth).mean() < 1.0
    assert result.bands[0, :, 2].min() > -8
    assert result.bands[0, :, 3].max() < 32


def test_a_long_season_is_found_only_where_it_holds():
    t = np.arange(4 * 365)
    wave = np.sin(2 * np.pi * t / 365.25)
    found = find_long_season(50 + 10 * wave + RNG(6).normal(0, 3, len(t)), 365.25, 7)
    assert found is not None
    assert found.harmonics <= 3
    ahead = long_component(50 + 10 * wave, found, 100)[-100:]
    np.testing.assert_allclose(ahead, 10 * np.sin(2 * np.pi * (len(t) + np.arange(100)) / 365.25), atol=1.0)
    growing = np.exp(0.001 * t + 0.5 * wave)
    multiplied = find_long_season(growing, 365.25, 7)
    assert multiplied is not None
    assert multiplied.multiplicative
    for seed in range(5):
        assert find_long_season(RNG(seed).normal(0, 1, len(t)), 365.25, 7) is None
    assert find_long_season(wave[:500], 365.25, 7) is None


def test_noise_a_year_ahead_does_not_run_away(panel_of):
    births = np.rint(RNG(7).normal(42, 7, 365))
    result = forecast_panel(panel_of(births, "1959-01-01", (1, "D")), ForecastOptions(horizon=365))
    assert np.abs(result.point[0] - 42).max() < 7
    low, high = result.bands[0, :, 2], result.bands[0, :, 3]
    assert low.min() > 10
    assert high.max() < 75


def test_a_day_of_minutes_is_found(panel_of):
    t = np.arange(60 * 24 * 5)
    load = 1000 + 600 * np.sin(2 * np.pi * t / 1440) + RNG(8).normal(0, 30, len(t))
    result = forecast_panel(panel_of(load, "2022-03-01T00:00", (1, "m")), ForecastOptions(horizon=1440))
    truth = 1000 + 600 * np.sin(2 * np.pi * np.arange(1440) / 1440)
    assert result.season == 1440
    assert np.abs(result.point[0] - truth).mean() < 40


def test_a_season_of_thirteen_is_found(tmp_path):
    t = np.arange(130)
    path = tmp_path / "periods.csv"
    values = 100 + 30 * np.sin(2 * np.pi * t / 13) + RNG(9).normal(0, 2, 130)
    path.write_text("period,v\n" + "".join(f"{i + 1},{value:.2f}\n" for i, value in enumerate(values)))
    result = forecast_panel(read_panel(str(path)), ForecastOptions(horizon=13))
    assert result.season == 13
    np.testing.assert_allclose(result.point[0], 100 + 30 * np.sin(2 * np.pi * (130 + np.arange(13)) / 13), atol=6)


def test_an_outlier_at_the_end_changes_little(panel_of):
    t = np.arange(120)
    sales = 1000 + 5 * t + 100 * np.sin(2 * np.pi * t / 7) + RNG(10).normal(0, 20, 120)
    spoilt = sales.copy()
    spoilt[-1] *= 10
    plain, guarded = (
        forecast_panel(panel_of(values, "2022-01-01", (1, "D")), ForecastOptions(horizon=6))
        for values in (sales, spoilt)
    )
    np.testing.assert_allclose(guarded.point, plain.point, rtol=0.05)
    assert any("far beyond all other values" in note for note in guarded.notes)
    kept = forecast_panel(panel_of(spoilt, "2022-01-01", (1, "D")), ForecastOptions(horizon=6, clean=False))
    assert kept.point.max() > 2 * plain.point.max()


def test_spikes_that_come_again_tails_and_steps_are_no_outliers():
    rng = RNG(11)
    spikes = rng.normal(100, 5, 200)
    spikes[::40] = 400
    step = np.concatenate([rng.normal(10, 1, 50), rng.normal(100, 1, 2)])
    for values in (spikes, step, rng.normal(size=300).cumsum(), np.exp(rng.normal(size=200)), np.zeros(30)):
        assert not len(outliers(values, 1))
    assert outliers(np.where(np.arange(60) == 30, 900.0, rng.normal(10, 1, 60)), 1).tolist() == [30]


def test_weights_follow_what_measured_well_as_far_as_there_is_evidence():
    none = weigh(np.zeros((4, 0, 3)), np.zeros(0, int), np.zeros(0, int), 2, np.zeros(0))
    np.testing.assert_array_equal(none[:, 0], [[1] * 3, [0] * 3, [0] * 3, [0] * 3])
    errors = np.ones((4, 6, 3))
    errors[0] = 8.0  # the combination is eight times as wrong
    ends = np.arange(20, 38, 3)
    bad = weigh(errors, np.zeros(6, int), ends, 1, np.ones(6))
    assert bad[0].max() < 0.01
    np.testing.assert_allclose(bad.sum(axis=0), 1.0)
    alike = weigh(np.ones((4, 6, 3)), np.zeros(6, int), ends, 1, np.ones(6))
    assert alike[0].min() > 0.8
