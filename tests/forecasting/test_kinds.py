"""What is forecast without any option, on series of many kinds: each with its value."""

import json

import numpy as np
import pandas
import pytest

from seqcli.cli.app import run
from seqcli.errors import UsageError
from seqcli.forecasting.changes import at_new_level, direction, trust, without_resets
from seqcli.forecasting.classical.batch import fill_missing
from seqcli.forecasting.classical.counts import count_means, count_quantiles, is_intermittent, launch, zeros_explained
from seqcli.forecasting.classical.long_season import find_long_season, long_component
from seqcli.forecasting.classical.seasonality import season_instead
from seqcli.forecasting.combination import PRIOR, weigh
from seqcli.forecasting.engine import Setting, forecast_arrays
from seqcli.forecasting.options import ForecastRequest, periods
from seqcli.forecasting.prepare import outliers, prepare
from seqcli.forecasting.regression import find_effects
from seqcli.forecasting.run import anomalies, forecast, forecast_panel
from seqcli.series.frequency import parse_frequency
from seqcli.series.panel import read_panel

RNG = np.random.default_rng


@pytest.fixture
def panel_of(tmp_path):
    def make(values, start, step, *, skip_zeros=False):
        times = np.datetime64(start) + np.arange(len(values)) * np.timedelta64(*step)
        lines = [
            f"{str(time).replace('T', ' ')},{value:.12g}"
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
    result = forecast_panel(panel_of(calls, "2022-01-03T00:00", (1, "h")), ForecastRequest(horizon=24))
    assert result.methods == ["combination"]
    assert result.point[0, :7].max() < 1
    assert result.point[0, 13] == pytest.approx(60, abs=4)


def test_what_is_sold_in_winter_only_is_seasonal(panel_of):
    year = np.array([520, 300, 60, 0, 0, 0, 0, 0, 0, 0, 120, 400.0])
    sold = np.rint(np.tile(year, 8) * RNG(1).uniform(0.93, 1.07, 96))
    months = np.arange(96).astype("datetime64[M]") + 30 * 12
    panel = panel_of(sold, months[0].astype("datetime64[D]"), (1, "D"))  # only the values are of interest
    made = prepare(panel, ForecastRequest(season=12, horizon=12))
    assert not is_intermittent(sold, [12])
    assert zeros_explained(sold, 12) == pytest.approx(1.0)
    point = forecast_panel(panel, made.request).point[0]
    np.testing.assert_allclose(point, year, atol=40)


def test_zeros_before_the_first_sale_are_time_before_it(panel_of):
    sold = np.concatenate([np.zeros(240), RNG(2).poisson(9, 60) + 1])
    assert launch(sold) == 240
    assert launch(RNG(0).poisson(0.05, 300)) == 0
    result = forecast_panel(panel_of(sold, "2019-01-01", (1, "D")), ForecastRequest(horizon=6))
    assert result.point[0].mean() == pytest.approx(sold[240:].mean(), rel=0.2)
    assert any("before the first sale" in note for note in result.notes)


def test_three_winters_are_enough_to_know_that_summers_are_zero(panel_of):
    year = np.array([520, 300, 60, 0, 0, 0, 0, 0, 0, 0, 120, 400.0])
    sold = np.rint(np.tile(year, 3) * RNG(1).uniform(0.8, 1.2, 36))
    panel = panel_of(sold, "2000-01-01", (1, "D"))  # only the values are of interest
    made = forecast_panel(panel, ForecastRequest(season=12, horizon=12, levels=(80.0,)))
    point = made.point[0]
    assert (point[3:10] == 0).all()
    assert (made.bands[0, 3:10] == 0).all()
    assert (np.delete(point, range(3, 10)) > 30).all()


def test_a_night_at_the_beginning_is_no_time_before_the_first_sale():
    opened = np.tile(np.concatenate([np.zeros(60), np.ones(40)]), 9)
    assert launch(opened) == 0
    assert launch(np.concatenate([np.zeros(61), opened[60:]])) == 61


def test_a_last_value_that_is_left_out_is_not_measured_by(panel_of):
    values = 3 + 0.01 * RNG(8).normal(size=40)
    values[-1] = 400
    made = forecast_panel(panel_of(values, "2021-01-01", (1, "D")), ForecastRequest(horizon=1))
    assert made.point[0, 0] == pytest.approx(3, abs=0.1)
    assert "could not be measured" in made.verdict


def test_every_other_week_is_a_season(panel_of):
    values = np.where(np.arange(300) % 14 == 3, 100.0, 20.0) + RNG(7).normal(0, 2, 300)
    made = forecast_panel(panel_of(values, "2021-01-01", (1, "D")), ForecastRequest(horizon=14))
    assert made.season == 14
    assert any("14 days" in note for note in made.notes)


def test_zero_is_within_the_interval_of_what_is_zero_now_and_then(panel_of):
    rng = RNG(5)
    rain = rng.gamma(2, 3, 214) * (rng.random(214) < 0.7)
    result = forecast_panel(panel_of(rain[:200], "2020-01-01", (1, "D")), ForecastRequest(horizon=14, levels=(80.0,)))
    assert result.methods == ["combination"]
    assert (result.bands[..., 0] == 0).all()
    assert (result.bands[..., 1] > 5).all()


def test_what_moves_little_beside_its_size_has_intervals_as_wide_as_it_moves(panel_of):
    noise = RNG(6).normal(0, 1, 200)
    widths = []
    for values in (noise, 1e5 + 0.01 * noise):
        made = forecast_panel(panel_of(values, "2020-01-01", (1, "D")), ForecastRequest(horizon=7, levels=(80.0,)))
        widths.append(float((made.bands[..., 1] - made.bands[..., 0]).mean()))
    assert widths[1] == pytest.approx(0.01 * widths[0], rel=0.2)


def test_spare_parts_get_the_quantiles_of_counts(panel_of):
    demand = RNG(3).poisson(0.3, 200).astype(float)
    panel = panel_of(demand, "2020-01-01", (1, "D"))
    result = forecast_panel(panel, ForecastRequest(horizon=5, levels=(80.0, 95.0)))
    assert result.methods == ["counts"]
    assert (result.point == 0).all()
    assert (result.bands[..., 0] == 0).all()
    assert (result.bands == np.rint(result.bands)).all()
    assert set(result.bands[0, :, 1]) <= {1.0, 2.0}
    mean = forecast_panel(panel, ForecastRequest(horizon=5, point="mean")).point
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
    result = forecast_panel(panel, ForecastRequest(horizon=5))
    assert result.point[0].mean() == pytest.approx(sold.mean(), rel=0.35)


def test_daily_data_has_a_year(panel_of):
    t = np.arange(5 * 365)
    warmth = 12 + 8 * np.cos(2 * np.pi * t / 365.25) + RNG(5).normal(0, 2, len(t))
    result = forecast_panel(panel_of(warmth, "2015-01-01", (1, "D")), ForecastRequest(horizon=365))
    truth = 12 + 8 * np.cos(2 * np.pi * (len(t) + np.arange(365)) / 365.25)
    assert np.abs(result.point[0] - truth).mean() < 1.0
    assert result.bands[0, :, 2].min() > -8
    assert result.bands[0, :, 3].max() < 34


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
    result = forecast_panel(panel_of(births, "1959-01-01", (1, "D")), ForecastRequest(horizon=365))
    assert np.abs(result.point[0] - 42).max() < 7
    low, high = result.bands[0, :, 2], result.bands[0, :, 3]
    assert low.min() > 10
    assert high.max() < 75


def test_a_day_of_minutes_is_found(panel_of):
    t = np.arange(60 * 24 * 5)
    load = 1000 + 600 * np.sin(2 * np.pi * t / 1440) + RNG(8).normal(0, 30, len(t))
    result = forecast_panel(panel_of(load, "2022-03-01T00:00", (1, "m")), ForecastRequest(horizon=1440))
    truth = 1000 + 600 * np.sin(2 * np.pi * np.arange(1440) / 1440)
    assert result.season == 1440
    assert np.abs(result.point[0] - truth).mean() < 40


def test_a_season_of_thirteen_is_found(tmp_path):
    t = np.arange(130)
    path = tmp_path / "periods.csv"
    values = 100 + 30 * np.sin(2 * np.pi * t / 13) + RNG(9).normal(0, 2, 130)
    path.write_text("period,v\n" + "".join(f"{i + 1},{value:.2f}\n" for i, value in enumerate(values)))
    result = forecast_panel(read_panel(str(path)), ForecastRequest(horizon=13))
    assert result.season == 13
    np.testing.assert_allclose(result.point[0], 100 + 30 * np.sin(2 * np.pi * (130 + np.arange(13)) / 13), atol=6)


@pytest.mark.parametrize(("step", "count", "period"), [("D", 200, 10), ("s", 900, 60), ("YS", 40, 4), ("h", 400, 36)])
def test_a_period_that_no_calendar_knows_is_found_among_dates(step, count, period):
    t = np.arange(count + period)
    stock = 1000 - 90.0 * (t % period) + RNG(1).normal(0, 10, len(t))
    times = pandas.date_range("1961-01-01", periods=count, freq=step)
    result = forecast(pandas.DataFrame({"time": times, "stock": stock[:count]}), horizon=period)
    assert result.season == period
    assert any(f"repeats after {period}" in note for note in result.notes)
    np.testing.assert_allclose(result.point[0], 1000 - 90.0 * (t[count:] % period), atol=45)


def test_a_calendar_has_its_season_unless_another_is_clear():
    rng, t = RNG(2), np.arange(300)
    for values in (rng.normal(size=300), rng.normal(size=300).cumsum(), np.sin(2 * np.pi * t / 7), t % 12):
        assert season_instead([np.asarray(values, float)], 7, (7.0, 12.0, 365.25)) == 7
    assert season_instead([t[:10] * 5.0], 7, (7.0,)) == 1  # a line, and too short to tell
    assert season_instead([np.tile(np.arange(12.0), 2)], 12, (12.0,)) == 12  # totals of each year


def test_what_only_rises_is_not_thought_to_fall_back_to_last_year():
    followers = 120 * np.arange(1, 21) + RNG(3).integers(0, 9, 20)
    by_month = pandas.DataFrame({"month": pandas.date_range("2022-01-01", periods=20, freq="MS"), "n": followers})
    result = forecast(by_month, horizon=6)
    assert result.season == 1
    assert any("a trend is nearly all" in note for note in result.notes)
    np.testing.assert_allclose(result.point[0], 120 * np.arange(21, 27), rtol=0.03)


@pytest.mark.parametrize("top", [1.0, 100.0])
def test_shares_and_percentages_end_where_they_end(panel_of, top):
    full = np.minimum(top, top * (1 - 0.02 * np.abs(RNG(4).normal(size=120)) + 0.01)).round(3)
    made = forecast_panel(panel_of(full, "2024-01-01", (1, "D")), ForecastRequest(horizon=14))
    assert max(made.bands.max(), made.point.max()) <= top
    unbound = forecast_panel(panel_of(2 * full, "2024-01-01", (1, "D")), ForecastRequest(horizon=14))
    assert unbound.bands.max() > 2 * top
    rising = panel_of(top * np.minimum(np.arange(60) / 56, 1), "2024-01-01", (1, "D"))
    drift = forecast_panel(rising, ForecastRequest(horizon=14, method="drift"))
    assert drift.point.max() == top
    assert "the series: forecasts end at 1 or 100, the highest value, reached again and again" in drift.notes


def test_a_level_that_changed_once_is_the_level_of_all(panel_of):
    prices = np.concatenate([500 + RNG(5).normal(0, 15, 60), 300 + RNG(6).normal(0, 15, 5)])
    made = forecast_panel(panel_of(prices, "2024-01-01", (1, "D")), ForecastRequest(horizon=7))
    np.testing.assert_allclose(made.point[0], 300, atol=30)
    assert any("the level has changed" in note for note in made.notes)
    kept = prepare(panel_of(prices, "2024-01-01", (1, "D")), ForecastRequest(keep_outliers=True))
    assert kept.filled[0][0] == pytest.approx(prices[0])


def test_what_is_no_new_level():
    rng, t = RNG(7), np.arange(80)
    noise, ended = rng.normal(10, 1, 80), np.where(t < 60, 9.0, 0.0) + (t % 2) * (t < 60)
    steps = 10.0 * (t // 20) + (t % 3)
    late = np.where(t < 78, 10.0, 40.0) + rng.normal(size=80)
    for values in (noise, noise.cumsum(), ended, steps, late, t**2.0, np.where(t < 40, 1.0, 9.0)):
        assert at_new_level(values) is values
    up = at_new_level(np.where(t < 60, 10.0, 40.0) + rng.normal(size=80))
    assert np.median(up[:60]) == pytest.approx(np.median(up[60:]))
    assert np.std(up[:60]) > 2  # what grew varies more


def test_a_total_of_rare_events_is_as_sure_as_they_are_rare():
    total = np.cumsum(RNG(8).random(200) < 0.2).astype(float)
    made = forecast_arrays([total], [total], Setting(14, 7, (), (80.0, 95.0)))
    assert made.point[0, -1] - total[-1] == pytest.approx(2.8, abs=1.5)
    assert made.bands[0, -1, 3] - total[-1] < 16


def test_what_is_said_of_a_constant_that_changes(panel_of):
    prices = np.where(np.arange(60) < 53, 5.0, 8.0)
    changed = forecast_panel(panel_of(prices, "2024-01-01", (1, "D")), ForecastRequest(horizon=7)).verdict
    assert "mean absolute error 3 against 3" in changed
    week = np.tile([1.0, 2, 4, 3, 5, 9, 7], 9)
    same = forecast_panel(panel_of(week, "2024-01-01", (1, "D")), ForecastRequest(horizon=7)).verdict
    assert same == "the seasonal naive method cannot be beaten on the last 7 days: it makes no error there"


def test_an_outlier_at_the_end_changes_little(panel_of):
    t = np.arange(120)
    sales = 1000 + 5 * t + 100 * np.sin(2 * np.pi * t / 7) + RNG(10).normal(0, 20, 120)
    spoilt = sales.copy()
    spoilt[-1] *= 10
    plain, guarded = (
        forecast_panel(panel_of(values, "2022-01-01", (1, "D")), ForecastRequest(horizon=6))
        for values in (sales, spoilt)
    )
    np.testing.assert_allclose(guarded.point, plain.point, rtol=0.05)
    assert any("far beyond all other values" in note for note in guarded.notes)
    kept = forecast_panel(panel_of(spoilt, "2022-01-01", (1, "D")), ForecastRequest(horizon=6, keep_outliers=True))
    assert kept.point.max() > 2 * plain.point.max()


def test_spikes_that_come_again_tails_and_steps_are_no_outliers():
    rng = RNG(11)
    spikes = rng.normal(100, 5, 200)
    spikes[::40] = 400
    step = np.concatenate([rng.normal(10, 1, 50), rng.normal(100, 1, 2)])
    for values in (spikes, step, rng.normal(size=300).cumsum(), np.exp(rng.normal(size=200)), np.zeros(30)):
        assert not len(outliers(values, 1))
    two = np.where(np.isin(np.arange(60), (20, 59)), 900.0, rng.normal(10, 1, 60))
    assert outliers(two, 1).tolist() == [20, 59]
    assert outliers(np.where(np.arange(60) == 30, 900.0, rng.normal(10, 1, 60)), 1).tolist() == [30]


def test_weights_follow_what_measured_well_as_far_as_there_is_evidence():
    none = weigh(np.zeros((5, 0, 3)), np.zeros(0, int), np.zeros(0, int), np.zeros(2), np.zeros(0))
    np.testing.assert_array_equal(none[:, 0], [[1] * 3, *[[0] * 3] * 4])
    errors = np.ones((5, 6, 3))
    errors[0] = 8.0  # the combination is eight times as wrong
    ends = np.arange(20, 38, 3)
    bad = weigh(errors, np.zeros(6, int), ends, np.zeros(1), np.ones(6))
    assert bad[0].max() < 0.01
    np.testing.assert_allclose(bad.sum(axis=0), 1.0)
    alike = weigh(np.ones((5, 6, 3)), np.zeros(6, int), ends, np.array([0.0, 0.3]), np.ones(6))
    np.testing.assert_allclose(alike[:, 0, 0], PRIOR)
    np.testing.assert_allclose(alike[:, 1, 0], [*0.7 * PRIOR[:4], 0.3])


def test_a_meter_goes_on_with_the_season_of_its_changes_and_never_back():
    t = np.arange(240)
    used = 10 + 8 * np.sin(2 * np.pi * t / 7) + RNG(3).random(240)
    meter = np.cumsum(used)
    setting = Setting(14, 7, (), (80.0, 95.0))
    made = forecast_arrays([meter[:-14], -meter[:-14]], [meter[:-14], -meter[:-14]], setting)
    np.testing.assert_allclose(made.point[0], meter[-14:], atol=6.0)  # a day's use is up to 19
    np.testing.assert_allclose(made.point[1], -meter[-14:], atol=6.0)
    for numbers in (made.point[0], made.bands[0], -made.point[1]):
        assert (np.diff(numbers, axis=0) >= 0).all()
        assert (numbers >= meter[-15]).all()
    straight = forecast_arrays([np.arange(100.0, 200.0)], [np.arange(100.0, 200.0)], setting)
    np.testing.assert_allclose(straight.point[0], np.arange(200, 214), atol=0.01)
    np.testing.assert_allclose(straight.bands[0], straight.point[0][:, None].repeat(4, 1), atol=0.01)
    rare = np.cumsum(RNG(4).random(240) < 0.15)  # on most days nothing happens: the sum grows by the mean
    made = forecast_arrays([rare], [rare], setting)
    assert 1.0 < made.point[0, -1] - rare[-1] < 4.0


def test_changes_are_added_up_where_a_long_history_goes_one_way():
    yearly = 100 * 1.03 ** np.arange(60) + RNG(5).normal(0, 1, 60)
    assert trust(direction(yearly, 1), 1) > 0
    assert trust(direction(yearly[:20], 1), 1) == 0  # twenty good years are no law
    made = forecast_arrays([yearly[:-6]], [yearly[:-6]], Setting(6, 1, (), (80.0,)))
    np.testing.assert_allclose(made.point[0], yearly[-6:], rtol=0.04)
    assert direction(np.arange(20.0), 12) == 0  # part of a season may well only rise
    assert direction(-np.arange(30.0), 12) == -1
    assert trust(direction(np.arange(50.0) + 30 * (np.arange(50) % 12), 12), 12) == 0


def test_a_promotion_of_one_series_is_a_regression(tmp_path):
    t = np.arange(400)
    promo = (RNG(12).random(414) < 0.1).astype(float)
    weekend = np.where(t % 7 >= 5, 1.4, 1.0)
    sales = 100 * weekend * (1 + promo[:400]) * RNG(13).normal(1, 0.02, 400)
    days = np.datetime64("2021-01-04") + np.arange(414)
    noise = RNG(14).normal(0, 1, 414)
    data, future = tmp_path / "sales.csv", tmp_path / "future.csv"
    head = "date,sales,promo,noise\n"
    data.write_text(
        head + "".join(f"{d},{y:.1f},{p:g},{n:.3f}\n" for d, y, p, n in zip(days, sales, promo, noise, strict=False))
    )
    future.write_text(
        "date,promo,noise\n" + "".join(f"{days[i]},{promo[i]:g},{noise[i]:.3f}\n" for i in range(400, 414))
    )
    made = forecast(data, target="sales", covariates=("promo", "noise"), future=str(future))
    assert made.horizon == 14  # that of the future
    usual = 100 * np.where(np.arange(400, 414) % 7 >= 5, 1.4, 1.0)
    given = np.array([float(line.split(",")[1]) for line in future.read_text().splitlines()[1:]])
    np.testing.assert_allclose(made.point[0], usual * (1 + given), rtol=0.06)
    assert any("promo: +10" in note and "noise: no effect" in note for note in made.notes)


def orders_after_visits(tmp_path, months=120):
    """Orders follow visits by three months; the last six months of orders, and the file without them."""
    visits = np.zeros(months + 3)
    for month in range(1, len(visits)):
        visits[month] = 0.9 * visits[month - 1] + RNG(month).normal()
    orders = 100 + 5 * visits[:months] + RNG(3).normal(0, 1, months)
    noise = RNG(4).normal(0, 1, months).cumsum()
    path = tmp_path / "orders.csv"
    rows = zip(orders, visits[3:], noise, strict=True)
    path.write_text(
        "month,orders,visits,noise\n"
        + "".join(f"{2010 + i // 12}-{i % 12 + 1:02d},{y:.2f},{x:.3f},{z:.3f}\n" for i, (y, x, z) in enumerate(rows))
    )
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-6]))
    return path, orders[-6:]


def test_what_is_known_only_in_the_past_helps_as_far_as_it_leads(tmp_path):
    path, actual = orders_after_visits(tmp_path)
    plain = forecast(path, target="orders", horizon=6)
    made = forecast(path, target="orders", horizon=6, past_covariates=("visits", "noise"))
    assert any("visits 3 months before: +4.99" in note and "noise: no effect" in note for note in made.notes)
    errors = np.abs(made.point[0] - actual)
    assert errors[:3].max() < 3
    assert np.abs(plain.point[0] - actual)[:3].max() > 6
    widths = made.bands[0, :, 1] - made.bands[0, :, 0]
    assert widths[:3].max() < 0.6 * (plain.bands[0, :3, 1] - plain.bands[0, :3, 0]).min()
    assert widths[3:].min() > 1.5 * widths[:3].max()  # beyond, the column itself must be forecast


def test_a_past_covariate_without_effect_changes_nothing(tmp_path):
    path, _ = orders_after_visits(tmp_path)
    plain = forecast(path, target="orders", horizon=6)
    made = forecast(path, target="orders", horizon=6, past_covariates="noise")
    np.testing.assert_array_equal(made.point, plain.point)
    assert any("noise: no effect is seen" in note for note in made.notes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--past-covariates", "nothing"], "covariate 'nothing' is not a column"),
        (["--past-covariates", "noise", "--backtest", "2"], "--past-covariates are used in plain forecasts"),
        (["--past-covariates", "noise", "--method", "theta"], "--method theta uses neither"),
        (["--past-covariates", "noise", "--anomalies"], "look at the past"),
    ],
)
def test_past_covariates_that_cannot_be_used_are_said(tmp_path, capsys, options, said):
    path, _ = orders_after_visits(tmp_path)
    assert run(["forecast", str(path), "--target", "orders", *options]) == 2
    assert said in capsys.readouterr().err


def test_an_effect_is_told_from_season_and_trend():
    t = np.arange(210)
    x = np.stack([(RNG(1).random(220) < 0.2).astype(float), np.arange(220.0)])
    values = 20 + 0.3 * t + 5 * np.sin(2 * np.pi * t / 7) + 8 * x[0, :210] + RNG(2).normal(0, 0.5, 210)
    found = find_effects(values, x, 7)
    assert not found.multiplicative
    assert found.sizes[0] == pytest.approx(8, abs=0.3)
    np.testing.assert_allclose(found.restore(found.remove(values), 0), values)
    assert (find_effects(np.full(50, 3.0), x[:, :60], 7).sizes == 0).all()


def test_from_python_as_on_the_command_line(tmp_path, capsys):
    months = [f"{2001 + i // 12}-{i % 12 + 1:02d}" for i in range(60)]
    values = 50 + np.arange(60) + 10 * np.sin(2 * np.pi * np.arange(60) / 12) + RNG(15).normal(0, 1, 60)
    path = tmp_path / "y.csv"
    path.write_text("month,y\n" + "".join(f"{m},{v:.3f}\n" for m, v in zip(months, values, strict=True)))
    assert run(["-q", "forecast", str(path), "--horizon", "1y", "--level", "0.8,95", "-o", "-"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "month,forecast,lo-80,hi-80,lo-95,hi-95"
    assert len(rows) == 13
    frame = pandas.read_csv(path)
    made = forecast(frame, horizon=12)
    numbers = np.array([row.split(",")[1:] for row in rows[1:]], float)
    np.testing.assert_allclose(made.to_frame().iloc[:, 1:].to_numpy(float), numbers, rtol=1e-6)
    assert run(["-q", "forecast", str(path), "-n", "2", "--quantiles", "0.1,0.5,0.9", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    one = said["series"][0]
    np.testing.assert_allclose(one["q0.1"], numbers[:2, 1], rtol=0.02)
    assert one["q0.5"] == one["forecast"]
    assert said["frequency"] == "monthly"
    begun = forecast(frame, horizon=3, start="2005-06")
    assert begun.to_frame()["month"].astype(str).str[:7].tolist() == ["2005-06", "2005-07", "2005-08"]
    assert repr(begun).startswith("<Forecast of 1 series, 3 steps ahead: ")  # what a notebook shows
    assert "<td>2005-06-01</td>" in begun._repr_html_()
    with pytest.raises(UsageError, match="not a time like those"):
        forecast(frame, start="soon")
    with pytest.raises(TypeError, match="did you mean 'horizon'"):
        forecast(frame, horizn=3)


@pytest.mark.parametrize(
    ("horizon", "frequency", "expected"),
    [("12", "monthly", 12), ("3m", "daily", 91), ("1y", "monthly", 12), ("2w", "daily", 14), ("1y", "weekly", 52),
     ("24h", "30min", 48), ("30m", "5min", 6), ("1y", "quarterly", 4), (7, "step", 7)],
)  # fmt: skip
def test_horizons_as_people_give_them(horizon, frequency, expected):
    assert periods(horizon, parse_frequency(frequency)) == expected


@pytest.mark.parametrize("horizon", ["0", "-3", "3 parsecs", "1e9", "999999999", ""])
def test_horizons_that_are_none(horizon):
    with pytest.raises(UsageError, match="--horizon"):
        periods(horizon, parse_frequency("daily"))


def test_levels_seasons_and_quantiles_as_people_give_them():
    given = {"levels": ["0.8", "95%"], "season": "7,365.25", "quantiles": "0.9,0.1", "covariates": "price, promo"}
    asked = ForecastRequest(**given, future="-")
    assert (asked.levels, asked.season, asked.quantiles) == ((80, 95), (7, 365.25), (0.1, 0.9))
    assert asked.covariates == ("price", "promo")
    assert ForecastRequest(levels=0.8, season=12).levels == (80,)
    assert ForecastRequest(season=12).season == ForecastRequest(season="12").season == 12
    assert ForecastRequest(levels="80,95").levels == ForecastRequest().levels
    assert ForecastRequest(levels="0.8,99.5%,0.5%").levels == (80.0, 99.5, 0.5)


@pytest.mark.parametrize("wrong", [{"quantiles": "1.5"}, {"season": "many"}, {"season": -3}, {"levels": "x"}], ids=str)
def test_levels_seasons_and_quantiles_that_are_none(wrong):
    with pytest.raises(UsageError, match=f"--{next(iter(wrong)).removesuffix('s')}"):
        ForecastRequest(**wrong)


def test_series_that_ended_long_ago_are_left_out_and_named(tmp_path):
    days = np.datetime64("2022-01-01") + np.arange(100)
    lines = [
        f"{d},{shop},{10 + i % 7}" for shop, n in (("a", 100), ("b", 98), ("gone", 30)) for i, d in enumerate(days[:n])
    ]
    path = tmp_path / "shops.csv"
    path.write_text("date,shop,sold\n" + "\n".join(lines) + "\n")
    said: list[str] = []
    made = forecast(path, horizon=5, on_notice=said.append)
    assert [one.key for one in made.panel.series] == [("a",), ("b",)]
    assert any("gone" in note and "see keep_ended" in note for note in said)
    assert len(forecast(path, horizon=5, keep_ended=True).panel.series) == 3
    path.write_text("id,V2,V3,V4,V5,V6,V7,V8,V9\na,1,2,3,1,2,3,1,2\nb,4,5,6,,,,,\nc,1,2,3,1,2,3,1,2\n")
    assert len(forecast(path, horizon=2).panel.series) == 3  # numbered rows end where they end


def test_a_forecast_of_rows_without_times_begins_at_a_row(tmp_path, capsys):
    path = tmp_path / "y.csv"
    path.write_text("y\n" + "".join(f"{number % 4}\n" for number in range(40)))
    assert run(["forecast", str(path), "--from", "30", "--horizon", "2"]) == 0
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == ["step", "30", "31"]
    assert run(["forecast", str(path), "--from", "42"]) == 2
    assert "a forecast begins with 41 at the latest" in capsys.readouterr().err


def test_anomalies_of_the_past_are_flagged(tmp_path, capsys):
    values = 100 + 20 * np.sin(np.arange(200) * 2 * np.pi / 7) + RNG(16).normal(0, 3, 200)
    values[120] += 60
    frame = pandas.DataFrame({"ds": pandas.date_range("2022-01-01", periods=200), "y": values})
    found = anomalies(frame)
    assert found.index[found["anomaly"] == 1].tolist() == [120]
    assert found["score"][120] > 8
    inside = (found["lo-80"] <= found["y"]) & (found["y"] <= found["hi-80"])
    assert inside[found["fitted"].notna()].mean() == pytest.approx(0.8, abs=0.06)
    assert found["fitted"][:10].isna().all()
    path = tmp_path / "y.csv"
    frame.to_csv(path, index=False)
    assert run(["forecast", str(path), "--fitted"]) == 0
    out, _ = capsys.readouterr()
    assert out.splitlines()[0] == "ds,y,fitted,lo-80,hi-80,lo-95,hi-95"
    assert len(out.splitlines()) == 201
    assert run(["forecast", str(path), "--anomalies", "--budget", "1m"]) == 2


def test_the_past_is_drawn_with_its_anomalies(tmp_path, capsys):
    values = 100 + 20 * np.sin(np.arange(200) * 2 * np.pi / 7) + RNG(1).normal(0, 3, 200)
    values[[120, 150]] += 60
    path, page, plain = tmp_path / "y.csv", tmp_path / "past.html", tmp_path / "plain.svg"
    frame = pandas.DataFrame({"ds": pandas.date_range("2022-01-01", periods=200), "y": values})
    frame.loc[40:42, "y"] = np.nan
    frame.to_csv(path, index=False)
    assert run(["forecast", str(path), "--anomalies", "--plot", str(page)]) == 0
    assert f"saved {page}" in capsys.readouterr().err
    text = page.read_text(encoding="utf-8")
    assert "2 anomalies: values more than four deviations" in text
    assert text.count("fill: #cb181d") >= 3  # two of them, and the legend's
    assert run(["forecast", str(path), "--fitted", "--plot", str(plain)]) == 0
    assert "#cb181d" not in plain.read_text(encoding="utf-8")


@pytest.mark.parametrize("pattern", [np.arange(72) % 2, np.arange(72) % 12 == 11])
def test_what_repeats_with_the_season_has_no_effect_of_its_own(pattern):
    t = np.arange(60)
    values = 100 + t + 10 * np.sin(2 * np.pi * t / 12)
    assert (find_effects(values, np.array([pattern], float), 12).sizes == 0).all()


def test_a_first_time_may_be_written_as_a_date_and_is_within_reach(tmp_path, capsys):
    data, future = tmp_path / "m.csv", tmp_path / "f.csv"
    months = [f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in range(40)]
    data.write_text("month,y,x\n" + "".join(f"{m},{i},{i % 5}\n" for i, m in enumerate(months[:36])))
    future.write_text("month,x\n" + "".join(f"{m}-01,{i}\n" for i, m in enumerate(months[36:])))
    command = ["forecast", str(data), "-n", "2", "--target", "y"]
    assert run([*command, "--from", "2022-06-15"]) == 0
    said = capsys.readouterr()
    assert "--from 2022-06-15 is taken for 2022-06" in said.err
    assert said.out.splitlines()[1].startswith("2022-06,")
    assert run([*command, "--from", "2023-06"]) == 2
    assert "the data end with 2022-12" in capsys.readouterr().err
    assert run([*command, "--from", "05/06/2022"]) == 2  # May or June
    capsys.readouterr()
    assert run([*command, "--covariates", "x", "--future", str(future)]) == 0


def test_workbooks_are_workbooks_whatever_is_in_them(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    data = tmp_path / "m.csv"
    data.write_text("shop,month,y\n" + "".join(f"=1+1,{2020 + i // 12}-{i % 12 + 1:02d},{i}\n" for i in range(36)))
    for number, options in enumerate(([], ["--anomalies"], ["--fitted"], ["--backtest", "2"])):
        book = tmp_path / f"{number}.xlsx"
        assert run(["forecast", str(data), "-n", "2", "-o", str(book), *options]) == 0
        rows = list(openpyxl.load_workbook(book).active.iter_rows())
        assert len(rows) > 1
        assert not [cell for row in rows for cell in row if cell.data_type == "f"]


def test_a_meter_that_was_reset_goes_on(panel_of):
    readings = np.concatenate([5000 + 20 * np.arange(40.0), 3 + 20 * np.arange(30.0)])
    prepared = prepare(panel_of(readings, "2022-01-03", (1, "D")))
    assert any("reset" in note for note in prepared.notes)
    assert np.diff(prepared.filled[0]).tolist() == [20] * 69
    assert prepared.filled[0][-1] == readings[-1]
    kept = prepare(panel_of(readings, "2022-01-03", (1, "D")), ForecastRequest(keep_outliers=True))
    assert kept.filled[0].tolist() == readings.tolist()


@pytest.mark.parametrize(
    "values",
    [
        np.arange(40.0),  # never back
        np.tile(np.arange(1.0, 13), 5),  # a running total of each year
        np.r_[np.arange(100.0, 140), np.arange(90.0, 120)],  # a fall, but not to zero
    ],
)
def test_other_falls_are_no_resets(values):
    assert without_resets(values) is values


def test_the_past_of_constant_and_very_short_series_has_no_anomalies():
    months = pandas.date_range("2020-01-01", periods=30, freq="MS")
    values = {"same": [5.0] * 30, "wave": [float(i % 12) for i in range(30)], "short": [3.0, 4.0]}
    rows = [(name, months[i], value) for name, series in values.items() for i, value in enumerate(series)]
    found = anomalies(pandas.DataFrame(rows, columns=["id", "month", "y"]))
    assert len(found) == 62
    assert not found.loc[found["id"] != "wave", "anomaly"].any()
    assert found.loc[found["id"] == "same", "fitted"].dropna().eq(5).all()


@pytest.mark.parametrize("taken", ["score", "fitted", "lo-80", "anomaly"])
def test_columns_that_are_added_leave_those_of_the_input_as_they_are(taken):
    values = 100 + RNG(1).normal(0, 3, 60)
    frame = pandas.DataFrame({"day": pandas.date_range("2024-01-01", periods=60), taken: values})
    found = anomalies(frame)
    np.testing.assert_allclose(found[taken], values)
    added = {name.removesuffix("_") for name in found.columns if name != taken}
    assert {"fitted", "lo-80", "score", "anomaly"} <= added


def test_ids_are_kept_whatever_their_columns_are_called(tmp_path, capsys):
    path = tmp_path / "trips.csv"
    months = [f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in range(36)]
    ids = [("Rome", "Oslo"), ("Oslo", "Rome")]
    rows = [f"{a},{b},{month},{i % 12}\n" for a, b in ids for i, month in enumerate(months)]
    path.write_text("method,forecast,month,trips\n" + "".join(rows))
    named = ["--series", "method", "--series", "forecast", "--target", "trips"]
    command = ["-q", "forecast", str(path), *named, "-n", "2"]
    assert run([*command, "--json"]) == 0
    series = json.loads(capsys.readouterr().out)["series"]
    assert {(one["method"], one["forecast"]) for one in series} == set(ids)
    assert all(len(one["forecast_"]) == 2 for one in series)
    assert run(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "method,forecast,month,forecast_,lo-80,hi-80,lo-95,hi-95"
    assert lines[-1].startswith("Oslo,Rome," if "Rome,Oslo" in lines[1] else "Rome,Oslo,")


@pytest.mark.parametrize("fill", ["interpolate", "forward", "zero"])
def test_a_first_value_that_is_an_outlier_is_filled_in_like_any_other(panel_of, fill):
    values = np.concatenate([[900.0], 10 + RNG(2).normal(0, 1, 59)])
    made = forecast_panel(panel_of(values, "2024-01-01", (1, "D")), ForecastRequest(horizon=3, fill=fill))
    assert any("far beyond all other values" in note for note in made.notes)
    np.testing.assert_allclose(made.point[0], 10, atol=3)


def test_a_past_of_which_nothing_is_known_is_not_forecast_from():
    values = np.concatenate([np.full(20, np.nan), 10 + RNG(3).normal(0, 1, 25)])  # after an outlier that is left out
    made = forecast_arrays([fill_missing(values, 1)], [values], Setting(6, 1, (), (80.0,)))
    np.testing.assert_allclose(made.point[0], 10, atol=2)


def test_what_has_no_value_just_before_the_first_time_is_said():
    days = pandas.date_range("2024-01-01", periods=60)
    frame = pandas.DataFrame({"day": days, "a": np.arange(60) % 7, "b": np.arange(60) % 5, "c": np.arange(60) % 3.0})
    frame.loc[38:39, "a"] = np.nan
    frame.loc[:45, "c"] = np.nan
    said: list[str] = []
    made = forecast(frame, wide=True, start=days[40], horizon=3, on_notice=said.append)
    assert [one.key for one in made.panel.series] == [("a",), ("b",)]
    assert any("1 of 3 series end before 2024-02-10: they are forecast from their own ends" in note for note in said)
    assert any("1 of 3 series have no value before 2024-02-10 and are left out" in note for note in said)


def test_a_future_is_as_long_as_it_goes_on_from_the_first_time():
    days = pandas.date_range("2024-01-01", periods=80)
    frame = pandas.DataFrame({"day": days, "y": np.arange(80) % 7.0, "promo": np.arange(80) % 3})
    made = forecast(frame[:60], start=days[50], target="y", covariates="promo", future=frame.loc[50:, ["day", "promo"]])
    assert made.horizon == 30


@pytest.mark.parametrize(
    "options",
    [
        ["--method", "theta"],
        ["--from", "2022-03-01"],
        ["--quantiles", "0.1,0.9"],
        ["--holidays", "days.csv"],
        ["--json"],
    ],
    ids=" ".join,
)
def test_options_that_say_nothing_about_the_past_are_refused(tmp_path, capsys, options):
    path = tmp_path / "y.csv"
    path.write_text("day,y\n" + "".join(f"2022-0{1 + i // 28}-{i % 28 + 1:02d},{i % 7}\n" for i in range(140)))
    assert run(["forecast", str(path), "--anomalies", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"leave {options[0]} out" in err


def test_ids_of_the_past_are_safe_in_a_spreadsheet(tmp_path, capsys):
    path = tmp_path / "y.csv"
    path.write_text("shop,year,y\n" + "".join(f"=1+1,{1990 + i},{i % 3}\n" for i in range(30)))
    assert run(["-q", "forecast", str(path), "--fitted", "--excel-safe"]) == 0
    assert {line[:5] for line in capsys.readouterr().out.splitlines()[1:]} == {"'=1+1"}


def test_the_quantile_of_one_half_is_the_median_where_the_point_forecast_is_the_mean():
    sold = RNG(4).poisson(0.3, 300)
    frame = pandas.DataFrame({"day": pandas.date_range("2023-01-01", periods=300), "sold": sold})
    made = forecast(frame, horizon=5, point="mean", quantiles=(0.1, 0.5, 0.99)).to_frame()
    assert made["forecast"].between(0.1, 0.6).all()
    assert (made["q0.5"] == 0).all()


def test_an_outlier_is_no_zero_where_missing_values_are(panel_of):
    values = 10 + RNG(2).normal(0, 1, 60)
    values[40] = 900
    prepared = prepare(panel_of(values, "2024-01-01", (1, "D")), ForecastRequest(fill="zero"))
    assert prepared.filled[0][40] == pytest.approx(10, abs=3)
