"""Totals of a hierarchy, and forecasts that add up."""

import csv
import io

import numpy as np
import pandas
import pytest

from seqcli.cli.app import run
from seqcli.errors import DataError, UsageError
from seqcli.forecasting.hierarchy import ALL, add_up, reconcile, with_totals
from seqcli.forecasting.options import ForecastRequest
from seqcli.forecasting.run import forecast_panel
from seqcli.series.panel import read_panel

PARENTS = np.array([-1, 0, 1, 1, 0, 4, 4, 4])


def frame(starts=(0, 0, 12)):
    rng, t = np.random.default_rng(0), np.arange(72)
    times = pandas.date_range("2018-01-01", periods=72, freq="MS")
    rows = []
    for (shop, product), start in zip((("north", "tea"), ("north", "milk"), ("south", "tea")), starts, strict=True):
        sold = 50 + 20 * np.sin(2 * np.pi * t / 12) + rng.normal(0, 5, 72)
        rows += [(product, shop, time, value) for time, value in zip(times[start:], sold[start:], strict=True)]
    return pandas.DataFrame(rows, columns=["product", "shop", "month", "sold"])


def test_totals_are_series_before_their_parts():
    panel = read_panel(frame())
    tree, parents = with_totals(panel, ["shop", "product"])
    keys = [one.key for one in tree.series]
    assert keys == [
        (ALL, ALL), (ALL, "north"), ("milk", "north"), ("tea", "north"), (ALL, "south"), ("tea", "south"),
    ]  # fmt: skip
    assert parents.tolist() == [-1, 0, 1, 1, 0, 4]
    values = {one.key: one.values for one in tree.series}
    np.testing.assert_allclose(values[ALL, "north"], values["milk", "north"] + values["tea", "north"])
    np.testing.assert_allclose(values[ALL, ALL][:12], values[ALL, "north"][:12])  # the south begins later


def test_a_gap_in_a_part_is_none_in_its_total():
    table = frame()
    table.loc[(table["product"] == "milk") & (table["month"] == "2020-03-01"), "sold"] = np.nan
    tree, _ = with_totals(read_panel(table), ["shop", "product"])
    whole = with_totals(read_panel(frame()), ["shop", "product"])[0].series[0].values
    np.testing.assert_allclose(tree.series[0].values, whole, atol=20)


def test_forecasts_add_up_and_stay_within_their_intervals():
    tree, parents = with_totals(read_panel(frame()), ["shop", "product"])
    alone = forecast_panel(tree, ForecastRequest(horizon=6))
    made = add_up(alone, parents)
    for number in (0, 1, 4):
        np.testing.assert_allclose(made.point[number], made.point[parents == number].sum(axis=0))
        assert np.abs(alone.point[number] - alone.point[parents == number].sum(axis=0)).max() > 1e-3 or number == 4
    assert (made.bands[..., 0] <= made.point).all()
    assert (made.bands[..., 1] >= made.point).all()


def test_the_forecasts_are_those_of_generalised_least_squares():
    rng = np.random.default_rng(1)
    leaves = [2, 3, 5, 6, 7]
    sums = np.array([[1.0] * 5, [1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 1, 1], *np.eye(5)[2:]])
    forecasts = sums @ rng.uniform(10, 20, (5, 3)) + rng.normal(0, 1, (8, 3))
    variances = rng.uniform(0.2, 3, 8)
    weighted = sums.T / variances
    expected = sums @ np.linalg.solve(weighted @ sums, weighted @ forecasts)
    np.testing.assert_allclose(reconcile(forecasts, variances, PARENTS), expected)
    assert len(leaves) == sums.shape[1]


def test_no_part_falls_below_zero():
    forecasts = np.array([[1.0], [0.0], [4.0]])
    found = reconcile(forecasts, np.array([0.001, 2.0, 2.0]), np.array([-1, 0, 0]))
    assert found[0] == pytest.approx(found[1:].sum())
    assert (found >= 0).all()


def test_what_is_no_hierarchy_is_an_error():
    with pytest.raises(UsageError, match="must consist of the columns"):
        with_totals(read_panel(frame()), ["shop"])
    table = frame()
    ended = table[~((table["shop"] == "south") & (table["month"] > "2023-06-01"))]
    with pytest.raises(DataError, match="do not end together"):
        with_totals(read_panel(ended), ["shop", "product"])


def test_the_command_forecasts_totals_that_are_the_sums_of_their_parts(tmp_path, capsys):
    path = tmp_path / "sales.csv"
    frame().to_csv(path, index=False)
    assert run(["-q", "forecast", str(path), "--hierarchy", "shop/product", "--horizon", "2"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    point = next(name for name in rows[0] if name in ("forecast", "median", "mean"))
    first = {(row["shop"], row["product"]): float(row[point]) for row in rows[::2]}
    total = first.pop((ALL, ALL))
    assert total == pytest.approx(sum(value for key, value in first.items() if ALL not in key), rel=1e-4)
    assert run(["forecast", str(path), "--hierarchy", "shop/product", "--series", "shop"]) == 2


@pytest.mark.parametrize(("fill", "expected"), [(None, 20.0), ("forward", 20.0), ("zero", 10.0)])
def test_a_gap_in_a_part_is_filled_in_the_total_as_in_the_part(fill, expected):
    times = pandas.date_range("2018-01-01", periods=24, freq="MS")
    table = pandas.DataFrame([(shop, time, 10.0) for shop in ("a", "b") for time in times], columns=["shop", "t", "y"])
    table.loc[7, "y"] = np.nan
    tree, _ = with_totals(read_panel(table), ["shop"], fill)
    assert tree.series[0].values[7] == expected
