"""The recurrent forecaster: its inputs, its run in NumPy and torch, and the weights that come with the package."""

import subprocess
import sys
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import load_checkpoint
from seqcli.forecasting.classical.batch import make_batch
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES, ForecasterConfig
from seqcli.forecasting.recurrent.forecaster import Forecaster, load_forecaster, offsets, rising_quantiles
from seqcli.forecasting.recurrent.inputs import make_inputs
from seqcli.forecasting.recurrent.pretrained import (
    MONTHS_WEIGHTS,
    WEIGHTS,
    pretrained_forecaster,
    quantiles,
    rnn,
    spread,
)
from seqcli.forecasting.recurrent.windows import History, inputs_at, make_windows, past_values


def some_series(count=5, length=60, season=4, seed=2):
    """Series with trend and season that begin at different times."""
    rng = np.random.default_rng(seed)
    t = np.arange(length)
    values = 50 + 0.3 * t + 8 * np.sin(2 * np.pi * t / season) + rng.normal(0, 2, (count, length))
    begin = np.linspace(0, length - 6, count).astype(int)
    values[t < begin[:, None]] = np.nan
    return values


def history_of(values, covariates=None):
    extra = np.empty((0, len(values), values.shape[1])) if covariates is None else covariates
    return History(values, ~np.isnan(values), extra)


def seen_by_torch(inputs):
    import torch

    seen = (inputs.past, inputs.steps, inputs.series, inputs.future, inputs.candidates)
    return [torch.from_numpy(part) for part in seen]


def test_quantiles_of_a_network_cannot_cross():
    raw = np.random.default_rng(1).normal(0, 5, (50, 4, len(QUANTILES)))
    assert (np.diff(rising_quantiles(raw), axis=-1) >= 0).all()


@pytest.mark.parametrize(("cell", "layers", "covariates"), [("gru", 1, ()), ("lstm", 2, ("price", "promo"))])
def test_network_in_numpy_is_the_network_in_torch(cell, layers, covariates):
    torch = pytest.importorskip("torch")
    from seqcli.forecasting.recurrent.network import ForecastNetwork

    config = ForecasterConfig(cell, 8, layers, 16, 12, season=4, frequency="quarterly", covariates=covariates)
    torch.manual_seed(0)
    network = ForecastNetwork(config).eval()
    values = some_series()
    extra = np.random.default_rng(3).normal(size=(len(covariates), len(values), values.shape[1] + 6))
    history = history_of(values, extra.astype(np.float32))
    ends = np.full(len(values), values.shape[1])
    inputs = inputs_at(history, np.arange(len(values)), ends, np.arange(6), 4)
    with torch.no_grad():
        theirs = network(*seen_by_torch(inputs))
    ours = Forecaster(config, {name: value.numpy() for name, value in network.state_dict().items()})
    expected = inputs.base[..., None] + inputs.unit[..., None] * theirs.numpy().transpose(1, 0, 2)
    made = ours.run(inputs)
    np.testing.assert_allclose(made, np.maximum(expected, 0), rtol=1e-5, atol=1e-4)
    assert made.min() >= 0  # none of the series is ever below
    np.testing.assert_allclose(ours.quantiles(history, ends, 6), ours.run(inputs), rtol=1e-6)


@pytest.mark.parametrize("season", [7, 12])
def test_shipped_weights_in_numpy_are_those_in_torch(season):
    torch = pytest.importorskip("torch")
    from seqcli.forecasting.recurrent.network import ForecastNetwork

    forecaster = pretrained_forecaster(season)
    network = ForecastNetwork(forecaster.config)
    network.start_from(forecaster.parameters)
    values = some_series(count=8, length=120, season=12)
    inputs = make_inputs(values, ~np.isnan(values), season, np.arange(18))
    with torch.no_grad():
        theirs = network(*seen_by_torch(inputs))
    expected = inputs.base[..., None] + inputs.unit[..., None] * theirs.numpy().transpose(1, 0, 2)
    np.testing.assert_allclose(forecaster.run(inputs), np.maximum(expected, 0), rtol=1e-4)


def test_new_covariates_change_nothing_at_first():
    pytest.importorskip("torch")
    from seqcli.forecasting.recurrent.network import ForecastNetwork

    start = pretrained_forecaster(4)
    config = replace(start.config, season=4, frequency="quarterly", covariates=("price",))
    network = ForecastNetwork(config)
    network.start_from(start.parameters)
    values = some_series()
    ends = np.full(len(values), values.shape[1])
    price = np.random.default_rng(4).normal(size=(1, len(values), values.shape[1] + 5)).astype(np.float32)
    wider = Forecaster(config, {name: value.detach().numpy() for name, value in network.named_parameters()})
    with_price = wider.quantiles(history_of(values, price), ends, 5)
    narrower = Forecaster(replace(config, covariates=()), start.parameters)
    without = narrower.quantiles(history_of(values), ends, 5)
    np.testing.assert_allclose(with_price, without, rtol=1e-5)


def test_inputs_never_look_past_their_end():
    values = np.random.default_rng(3).normal(size=(2, 40)) + 10
    changed = values.copy()
    changed[:, 30:] = 1e6
    at = (np.arange(2), np.full(2, 30))
    first, second = (inputs_at(history_of(v), *at, np.arange(6), 4) for v in (values, changed))
    for name in ("past", "steps", "series", "future", "candidates", "base", "unit", "floor"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_errors_count_in_units_of_the_seasonal_naive_errors():
    values = np.random.default_rng(6).normal(50, 9, (3, 36))
    history, series, ends = history_of(values), np.arange(3), np.full(3, 30)
    past, _ = past_values(history, series, ends, 12)
    inputs = inputs_at(history, series, ends, np.arange(6), 12)
    actual = values[:, 30:36].copy()
    actual[0, 2] = np.nan
    windows = make_windows(inputs, past, actual, 12)
    naive = np.abs(values[:, 12:30] - values[:, :18]).mean(axis=1)
    expected = (actual - inputs.base) / naive[:, None]
    known = ~np.isnan(actual)
    np.testing.assert_allclose((windows.target * windows.weight)[known], expected[known], rtol=1e-4)
    assert windows.weight[0, 2] == 0
    flat = make_windows(inputs, np.full_like(past, 7.0), actual, 12)
    assert (flat.weight == 0).all()


def test_the_shipped_weights_are_whole_and_say_what_they_were_trained_on():
    both = [load_checkpoint(path, task="forecast") for path in (WEIGHTS, MONTHS_WEIGHTS)]
    assert WEIGHTS.stat().st_size + MONTHS_WEIGHTS.stat().st_size <= 1_000_000
    assert sum(value.size for checkpoint in both for value in checkpoint.tensors.values()) <= 500_000
    for checkpoint in both:
        assert {value.dtype for value in checkpoint.tensors.values()} == {np.dtype(np.float16)}
        assert {"seconds", "budget"} & checkpoint.provenance["options"].keys()
        assert checkpoint.provenance["data"]


@pytest.mark.parametrize(
    ("season", "path"), [(1, MONTHS_WEIGHTS), (4, MONTHS_WEIGHTS), (12, MONTHS_WEIGHTS), (7, WEIGHTS), (24, WEIGHTS)]
)
def test_years_quarters_and_months_have_weights_of_their_own(season, path):
    batch = make_batch([np.arange(60.0) ** 1.3])
    inputs = make_inputs(batch.values.T, ~np.isnan(batch.values.T), season, np.arange(6))
    (expected,) = load_forecaster(load_checkpoint(path, task="forecast")).run(inputs)
    np.testing.assert_array_equal(quantiles(batch, 6, season)[:, 0], expected)


def test_a_damaged_file_of_weights_is_noticed(tmp_path):
    data = bytearray(WEIGHTS.read_bytes())
    data[-100] ^= 1
    damaged = tmp_path / "weights.safetensors"
    damaged.write_bytes(data)
    with pytest.raises(CheckpointError, match="not what was written"):
        load_checkpoint(damaged, task="forecast")


@pytest.mark.parametrize("scaling", [[[0.0, 1.0]], [[0.0, 0.0]]])
def test_a_scaling_that_fits_no_covariates_is_refused(scaling):
    checkpoint = load_checkpoint(WEIGHTS, task="forecast")
    with pytest.raises(CheckpointError, match=r"scal|deviation"):
        load_forecaster(replace(checkpoint, config={**checkpoint.config, "scaling": scaling}))


def test_a_series_is_forecast_alike_alone_and_among_others():
    histories = [row[~np.isnan(row)] for row in some_series(count=7, length=90, season=12)]
    batch = make_batch(histories)
    together = batch.restore(rnn(batch, 15, 12))
    for index, history in enumerate(histories):
        np.testing.assert_allclose(rnn(make_batch([history]), 15, 12)[:, 0], together[:, index], rtol=1e-5)


def test_forecasts_follow_the_unit_of_the_series():
    history = some_series(count=1, length=80, season=12)[0]
    plain, scaled = (rnn(make_batch([values]), 12, 12) for values in (history, 1000 * history))
    np.testing.assert_allclose(scaled, 1000 * plain, rtol=1e-5)


@pytest.mark.parametrize("season", [1, 2, 4, 7, 12, 24, 52, 168, 365])
@pytest.mark.parametrize("length", [1, 2, 9, 100])
def test_any_season_length_and_horizon_gets_an_answer(season, length):
    rng = np.random.default_rng(length)
    batch = make_batch([rng.normal(20, 3, length), np.full(length, 4.0), np.zeros(length)])
    result = quantiles(batch, 40, season)
    assert np.isfinite(result).all()
    assert (np.diff(result, axis=-1) >= 0).all()


def test_a_clean_pattern_is_continued():
    t = np.arange(132)
    values = 100 + 0.5 * t + 20 * np.sin(2 * np.pi * t / 12)
    forecast = rnn(make_batch([values[:120]]), 12, 12)[:, 0]
    seasonal_naive_error = np.abs(values[120:] - values[108:120]).mean()
    assert np.abs(forecast - values[120:]).mean() < 0.5 * seasonal_naive_error


def test_intervals_cover_series_it_never_saw():
    rng = np.random.default_rng(5)
    t = np.arange(112)
    noise = rng.normal(0, 5, (300, 112))
    values = 100 + 15 * np.sin(2 * np.pi * (t + rng.integers(0, 12, (300, 1))) / 12) + noise
    result = quantiles(make_batch(list(values[:, :100])), 12, 12).transpose(1, 0, 2)
    low, high = QUANTILES.index(0.1), QUANTILES.index(0.9)
    inside = (values[:, 100:] >= result[..., low]) & (values[:, 100:] <= result[..., high])
    assert 0.72 < inside.mean() < 0.92
    assert np.abs(values[:, 100:] - result[..., MIDDLE]).mean() < 1.15 * np.abs(noise[:, 100:]).mean()


def test_the_network_needs_no_torch():
    program = (
        "import sys\nimport numpy as np\nfrom seqcli.forecasting.classical.batch import make_batch\n"
        "from seqcli.forecasting.recurrent.pretrained import rnn\n"
        "assert np.isfinite(rnn(make_batch([np.arange(30.0)]), 4, 4)).all()\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_ends_of_intervals_of_any_level():
    deviates = np.array([NormalDist().inv_cdf(level) for level in QUANTILES])
    ends = offsets(5 + 3 * deviates, (60.0, 80.0, 95.0, 99.0))
    np.testing.assert_allclose(ends[:6] / 3, [-0.8416, 0.8416, -1.2816, 1.2816, -1.96, 1.96], rtol=1e-4)
    np.testing.assert_allclose(ends[6:] / 3, [-2.576, 2.576], rtol=1e-3)


def test_spread_is_that_of_each_series_in_its_place():
    histories = [row[~np.isnan(row)] for row in some_series(count=6, length=80, season=12)][::-1]
    together = spread(histories, 7, 12, (80.0,))
    for index, history in enumerate(histories):
        np.testing.assert_allclose(spread([history], 7, 12, (80.0,))[0], together[index], rtol=1e-4)
    assert (together[..., 0] < 0).all()
    assert (together[..., 1] > 0).all()
