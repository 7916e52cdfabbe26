"""What covariates and holidays are worth: errors of earlier forecasts with and without each."""

import json
import re

import numpy as np
import pandas
import pytest

import seqcli
from seqcli.cli.app import run
from seqcli.forecasting.classical.methods import forecast_all
from seqcli.forecasting.importance import Worth, _at_mean, groups
from seqcli.forecasting.metrics import scale
from seqcli.forecasting.recurrent.covariates import HOLIDAYS
from seqcli.forecasting.recurrent.windows import make_history
from seqcli.forecasting.regression import find_effects

LENGTH, HORIZON = 280, 14


def table(count=1, *, promo=0.25):
    """Daily sales with a weekend, doubled by promotions, and a column of noise: the past and the future."""
    frames = []
    days = pandas.date_range("2023-01-02", periods=LENGTH + HORIZON)
    for number in range(count):
        rng = np.random.default_rng(number)
        there = (rng.random(len(days)) < promo).astype(float)
        sold = 100 * np.where(days.day_of_week >= 5, 1.4, 1.0) * (1 + there) * rng.normal(1, 0.1, len(days))
        frames.append(
            pandas.DataFrame(
                {"店铺": f"店{number}", "日期": days, "销量": sold, "促销": there, "天气": rng.normal(size=len(days))}
            )
        )
    whole = pandas.concat(frames)
    past = whole["日期"] < days[LENGTH]
    return whole[past], whole[~past].drop(columns="销量")


def test_errors_are_those_of_forecasts_made_with_and_without_the_input():
    past, future = table()
    past["气温"], future["气温"] = (frame["天气"].to_numpy() * 5 for frame in (past, future))
    past["销量"] += 2 * past["气温"]
    made = seqcli.forecast(past, target="销量", covariates=("促销", "气温"), future=future)
    values = past["销量"].to_numpy()
    every = np.concatenate([frame[["促销", "气温"]].to_numpy() for frame in (past, future)]).T

    def error(inputs):
        errors = []
        for end in range(LENGTH - HORIZON, LENGTH - 9 * HORIZON, -HORIZON):  # eight origins
            effects = find_effects(values[:end], inputs[:, : end + HORIZON], 7)
            forecast = effects.restore(forecast_all([effects.remove(values[:end])], HORIZON, 7)[0], end)
            errors.append(np.abs(values[end : end + HORIZON] - forecast).mean() / scale(values[:end], 7))
        return np.mean(errors)

    found = made.importance.set_index("input")
    assert found["used"].all()
    for place, name in enumerate(("促销", "气温")):
        expected = error(every), error(every[1 - place : 2 - place])
        np.testing.assert_allclose(found.loc[name, ["mase", "mase_without"]].to_numpy(float), expected, rtol=1e-3)
        assert found.loc[name, "importance"] == pytest.approx(expected[1] / expected[0] - 1, rel=1e-2)


@pytest.mark.parametrize("count", [1, 30])
def test_what_matters_is_told_from_noise(count, tmp_path, capsys):
    past, future = table(count)
    data, ahead = tmp_path / "sales.csv", tmp_path / "future.csv"
    past.to_csv(data, index=False)
    future.to_csv(ahead, index=False)
    asked = ["forecast", str(data), "--target", "销量", "--covariates", "促销,天气", "--future", str(ahead)]
    assert run([*asked, "--json"]) == 0
    out, err = capsys.readouterr()
    promo, noise = json.loads(out)["importance"]
    assert (promo["input"], promo["used"]) == ("促销", True)
    assert promo["mase_without"] > 2 * promo["mase"]
    said = r"促销: \S+ % for each unit, without it errors of earlier forecasts would be (\d+) % larger; 天气: no effect"
    found = re.search(said, err)
    assert found is not None
    assert int(found[1]) == pytest.approx(100 * promo["importance"], abs=1)
    assert noise == {"input": "天气", "used": False, "mase": None, "mase_without": None, "importance": None}
    assert run([*asked, "--format", "ndjson"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == count * HORIZON


def test_what_is_the_same_in_all_earlier_forecasts_is_not_measured():
    past, future = table()
    past.loc[past.index[100:], "促销"] = 0.0
    past["销量"] = 100 * (1 + past["促销"]) + np.random.default_rng(1).normal(0, 3, LENGTH)
    made = seqcli.forecast(past, target="销量", covariates="促销", future=future)
    assert made.importance["used"].tolist() == [True]
    assert made.importance["importance"].isna().all()
    assert any("for each unit, no earlier forecast tells what it is worth" in note for note in made.notes)


def test_holidays_are_one_input():
    days = pandas.date_range("2023-01-02", periods=LENGTH)
    off = days[::9]
    sold = 100 - 60.0 * days.isin(off) + np.random.default_rng(1).normal(0, 3, LENGTH)
    made = seqcli.forecast(
        pandas.DataFrame({"day": days, "sold": sold}),
        horizon=14,
        holidays=pandas.DataFrame({"date": pandas.date_range(days[0], periods=40, freq="9D")}),
    )
    assert made.importance["input"].tolist() == ["holidays"]
    assert made.importance.loc[0, "importance"] > 1
    assert any("; holidays: without them errors of earlier forecasts would be" in note for note in made.notes)
    assert seqcli.forecast(pandas.DataFrame({"day": days, "sold": sold})).importance.empty
    assert groups(["price", "calendar: week 1", *HOLIDAYS]) == [("price", [0]), ("holidays", [2, 3, 4])]


def test_an_input_of_a_network_is_left_out_at_its_mean_over_each_series():
    filled = [np.arange(3.0), np.arange(5.0)]
    inputs = [np.array([[1.0, 2, 3, 6], [9, 9, 9, 0]]), np.array([[0.0, 0, 0, 0, 0, 3], [1, 2, 3, 4, 5, 6]])]
    history = make_history(filled, filled, inputs)
    found = _at_mean(history, [0]).covariates
    np.testing.assert_allclose(found[0, 0, 2:], 3.0)  # from where the series begins
    np.testing.assert_allclose(found[0, 1], 0.5)
    np.testing.assert_array_equal(found[1], history.covariates[1])


@pytest.mark.parametrize(
    ("worth", "said"),
    [
        (Worth("price", True, 0.5, 0.69), "without it errors of earlier forecasts would be 38 % larger"),
        (Worth("price", True, 0.5, 0.45), "without it errors of earlier forecasts would be 10 % smaller"),
        (Worth("price", True, 0.5, 0.501), "without it errors of earlier forecasts would be the same"),
        (Worth("price", True, 0.0, 0.0), "without it errors of earlier forecasts would be the same"),
        (Worth("holidays", True, 0.0, 0.3), "without them errors of earlier forecasts would be more than 10 times as "
         "large"),
        (Worth("price", True), "no earlier forecast tells what it is worth"),
    ],
)  # fmt: skip
def test_worth_in_words(worth, said):
    assert worth.said() == said
