"""Batches by number, and a short run from data to weights in half precision."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import train as script
from batches import TWICE, Source, _changed, held_back, validation_windows
from measure import simple, table
from pool import read_pool
from ship import mean_of, outcome, ship

from seqcli.files.checkpoint import load_checkpoint
from seqcli.files.output import state_path
from seqcli.forecasting.classical.batch import make_batch
from seqcli.forecasting.recurrent.forecaster import load_forecaster
from seqcli.forecasting.recurrent.inputs import make_inputs


def test_batches_depend_on_seed_and_number_alone(pool_folder):
    pool = read_pool(pool_folder)
    first, again, other = Source(pool, 1, 32), Source(pool, 1, 32), Source(pool, 2, 32)
    for number in (0, 7, 3):
        one, two = first.windows(number), again.windows(number)
        np.testing.assert_array_equal(one.inputs.past, two.inputs.past)
        np.testing.assert_array_equal(one.target, two.target)
    assert not np.array_equal(first.windows(3).target, other.windows(3).target)


def test_every_batch_is_finite_and_most_of_it_counts(pool_folder):
    source = Source(read_pool(pool_folder), 1, 32)
    counted = []
    for number in range(40):
        windows = source.windows(number)
        for part in (windows.inputs.past, windows.inputs.future, windows.target, windows.weight):
            assert np.isfinite(part).all()
        assert windows.inputs.past.shape[:2] == (len(windows.inputs.past), len(windows.target))
        assert (np.abs(windows.target) * windows.weight).max() < 20.1
        counted.append((windows.weight > 0).mean())
    assert np.mean(counted) > 0.7


def test_a_run_is_taken_up_and_shipped(pool_folder, tmp_path, monkeypatch, capsys):
    output = tmp_path / "small.forecast.safetensors"
    arguments = ["train.py", str(pool_folder), str(output), "--hidden", "8", "--width", "8", "--batch-size", "16"]
    arguments += ["--embedding", "4"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--steps", "3", "--validations", "2"])
    script.main()
    first = load_checkpoint(output, task="forecast")
    monkeypatch.setattr(sys, "argv", [*arguments, "--steps", "6", "--validations", "2", "--resume"])
    script.main()
    second = load_checkpoint(output, task="forecast")
    assert (first.metrics["steps"], second.metrics["steps"]) == (3, 6)
    assert "score" in capsys.readouterr().out
    shipped = tmp_path / "pretrained.safetensors"
    ship(second, {"series": {}}, shipped)
    forecaster = load_forecaster(load_checkpoint(shipped, task="forecast"))
    values = make_batch([np.arange(40.0)]).values.T
    inputs = make_inputs(values, ~np.isnan(values), 4, np.arange(8))
    exact = load_forecaster(second).run(inputs)
    np.testing.assert_allclose(forecaster.run(inputs), exact, rtol=0.05, atol=0.1)
    json.dumps(second.provenance)
    on_the_way = outcome(state_path(output))
    assert on_the_way.provenance["options"]["updates"] == 6
    assert on_the_way.tensors.keys() == second.tensors.keys()
    middle = mean_of([first, second])
    np.testing.assert_allclose(
        middle.tensors["output_weight"],
        (first.tensors["output_weight"] + second.tensors["output_weight"]) / 2,
        rtol=1e-5,
        atol=1e-7,
    )
    assert len(middle.provenance["mean of"]) == 2
    large = replace(second, tensors=second.tensors | {"output_bias": np.full(13, 1e6, np.float32)})
    with pytest.raises(ValueError, match="half precision"), np.errstate(over="ignore"):
        ship(large, {}, shipped)


def test_every_batch_is_seen_again_before_it_is_let_go(pool_folder):
    source = Source(read_pool(pool_folder), 1, 16)
    first = source.windows(0)
    for number in range(1, TWICE):
        source.windows(number)
    assert source.windows(TWICE) is first
    assert source.windows(2 * TWICE) is not first


def test_thinned_demand_stays_demand(pool_folder):
    y = np.random.default_rng(1).poisson(0.4, (300, 40)).astype(float)
    y[:, :5] = np.nan
    changed = _changed(np.random.default_rng(2), y.copy(), 30, 12)
    sparse = (y == 0).sum(axis=1) > 10
    assert (changed[sparse, 5:] == np.round(changed[sparse, 5:])).all()
    assert (changed[sparse, 5:][y[sparse, 5:] == 0] == 0).all()
    assert np.isnan(changed[:, :5]).all()


def test_validation_is_on_what_was_held_back(pool_folder, held_value):
    pool = read_pool(pool_folder)
    found = validation_windows(pool)
    assert "pool_small-12/unseen" in found
    assert {held.season for held in held_back(pool, parts=("late",))} == {1, 4, 12, 52}
    for held in held_back(pool, parts=("late", "unseen")):
        assert (held.rows[:, -held.horizon :] == held_value).all()
        assert np.nanmax(held.rows[:, : -held.horizon]) < held_value


def test_the_table_sets_forecasts_beside_seasonal_naive(pool_folder):
    groups = held_back(read_pool(pool_folder))
    assert all(value == pytest.approx([1, 1]) for value in table(groups, simple).values())
    perfect = {id(held): held.rows[:, -held.horizon :] for held in groups}
    for held in groups:
        found = table([held], lambda *_: np.repeat(perfect[id(held)][..., None], 9, axis=-1))  # noqa: B023
        assert max(value.max() for value in found.values()) < 1e-6
