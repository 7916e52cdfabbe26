"""A network trained on a panel: when, what is said, what is kept, and how it is stopped and taken up again."""

import csv
import io
import os
import signal
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

import seqcli
from seqcli.cli.app import run
from seqcli.cli.progress import TrainingDisplay
from seqcli.files.checkpoint import Checkpoint, load_checkpoint
from seqcli.files.plain import to_plain
from seqcli.forecasting.evaluate import evaluate_forecaster
from seqcli.forecasting.metrics import coverage
from seqcli.forecasting.options import EvaluateRequest, ForecastRequest
from seqcli.forecasting.prepare import prepare
from seqcli.forecasting.recurrent.covariates import CALENDAR, known_inputs
from seqcli.forecasting.recurrent.forecaster import Forecaster, load_forecaster
from seqcli.forecasting.recurrent.pretrained import pretrained_forecaster
from seqcli.forecasting.recurrent.train import ForecastTraining, best_share
from seqcli.forecasting.run import forecast_panel, forecast_prepared, train_and_forecast
from seqcli.series.known import read_future
from seqcli.series.panel import ReadOptions, read_panel
from seqcli.training.run import Events

LAST = "last 6 months"


def months(count):
    return [f"{2001 + i // 12}-{i % 12 + 1:02d}" for i in range(count)]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Sixty monthly series with seasons of their own."""
    rng = np.random.default_rng(8)
    t = np.arange(48)
    lines = ["id,month,y"]
    for number in range(60):
        values = 100 + 30 * np.sin(2 * np.pi * (t + number % 12) / 12) + rng.normal(0, 2, 48)
        lines += [f"a{number},{month},{value:.3f}" for month, value in zip(months(48), values, strict=True)]
    path = tmp_path_factory.mktemp("many") / "many.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def briefly(monkeypatch):
    """A default budget that a test can wait for."""
    monkeypatch.setattr("seqcli.forecasting.recurrent.train.PanelTraining.budget", 0.5)


def test_a_panel_trains_the_network_by_itself_and_says_so(many, briefly, capsys):
    assert run(["forecast", many, "-n", "6"]) == 0
    err = capsys.readouterr().err
    assert "training the network on these 60 series" in err
    assert "--method combination skips it" in err
    assert f"on each series' {LAST}: MASE" in err


@pytest.mark.parametrize("arguments", [["--method", "combination"], ["--method", "theta"], ["--backtest", "1"]])
def test_other_methods_and_comparisons_do_not_train(many, arguments, capsys):
    assert run(["forecast", many, "-n", "6", *arguments]) == 0
    assert "training" not in capsys.readouterr().err


def test_one_short_series_is_never_trained_on(tmp_path, capsys):
    path = tmp_path / "one.csv"
    path.write_text("month,y\n" + "".join(f"{month},{n % 12}\n" for n, month in enumerate(months(90))))
    assert not prepare(read_panel(str(path))).is_large
    assert run(["forecast", str(path)]) == 0
    assert "training" not in capsys.readouterr().err
    assert run(["forecast", str(path), "--budget", "1s"]) == 3
    assert "too few to train a network on" in capsys.readouterr().err


def test_a_long_series_is_a_panel_of_windows(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("y\n" + "".join(f"{n % 7}\n" for n in range(5100)))
    assert prepare(read_panel(str(path)), ForecastRequest(horizon=10)).is_large


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_forecasts_with_what_has_been_learnt(many, number, code, monkeypatch, tmp_path, capsys):
    sent = []

    def interrupt(display, progress):
        if not sent:
            sent.append(os.kill(os.getpid(), number))

    monkeypatch.setattr(TrainingDisplay, "__call__", interrupt)
    model = tmp_path / "m.safetensors"
    assert run(["forecast", many, "-n", "6", "--budget", "60s", "--save", str(model)]) == code
    out, err = capsys.readouterr()
    assert len(list(csv.DictReader(io.StringIO(out)))) == 60 * 6
    assert "stopped early" in err
    assert "resume with: seqcli" in err
    assert load_checkpoint(model, task="forecast").metrics["share"] >= 0


def test_a_run_is_kept_and_gone_on_with(many, tmp_path, capsys):
    model = tmp_path / "m.safetensors"
    save = ["forecast", many, "-n", "6", "--save", str(model), "--seed", "3"]
    assert run([*save, "--steps", "2"]) == 0
    first = load_checkpoint(model).metrics
    assert (tmp_path / "m.state.safetensors").exists()
    assert (tmp_path / "m.log.csv").read_text().startswith("step,")
    capsys.readouterr()
    assert run([*save, "--steps", "2"]) == 2
    assert "already there" in capsys.readouterr().err
    assert run([*save, "--steps", "4", "--resume"]) == 0
    second = load_checkpoint(model).metrics
    assert second["steps"] > first["steps"]
    assert len(second["history"]) > len(first["history"])
    capsys.readouterr()
    assert run([*save[:3], "8", *save[4:], "--steps", "4", "--resume"]) == 2
    assert "another horizon" in capsys.readouterr().err
    assert run(["forecast", many, "--model", str(model)]) == 0  # as far ahead as it was trained for
    assert len(capsys.readouterr().out.splitlines()) == 1 + 60 * 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--resume"], "--save"),
        (["--method", "theta", "--budget", "5s"], "--method theta"),
        (["--backtest", "1", "--budget", "5s"], "--backtest"),
        (["--model", "m", "--budget", "5s"], "--model"),
        (["--future", "f.csv"], "--covariates"),
    ],
)
def test_options_that_exclude_one_another(many, arguments, said, capsys):
    assert run(["forecast", many, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_places_that_cannot_be_written_are_found_before_training(many, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run(["forecast", many, "--budget", "60s", "-o", str(tmp_path / "file" / "o.csv")]) == 1
    assert "file is no folder" in capsys.readouterr().err


@pytest.fixture(scope="module")
def promoted(tmp_path_factory):
    """Sixty daily series that are doubled on days of promotion, which come without a pattern."""
    rng = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("promoted")
    lines, future = ["date,id,y,promo"], ["date,id,promo"]
    for number in range(60):
        promo = rng.random(97) < 0.2
        values = (50 + number) * (1 + promo) + rng.normal(0, 3, 97)
        days = np.arange("2024-01-01", "2024-04-07", dtype="datetime64[D]")
        for place, (day, value) in enumerate(zip(days, values, strict=True)):
            if place < 90:
                lines.append(f"{day},s{number},{value:.2f},{int(promo[place])}")
            else:
                future.append(f"{day},s{number},{int(promo[place])}")
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    (folder / "future.csv").write_text("\n".join(future) + "\n")
    return folder


def test_a_covariate_is_learnt_kept_and_evaluated(promoted, tmp_path, capsys):
    model = tmp_path / "m.safetensors"
    data, future = str(promoted / "data.csv"), str(promoted / "future.csv")
    inputs = ["--covariates", "promo", "--future", future]
    panel = read_panel(data, ReadOptions(covariates=("promo",)))
    coming = read_future(panel, future, 7)
    known = known_inputs(panel, 7, future=coming)
    prepared = replace(prepare(panel, ForecastRequest(horizon=7)), inputs=known)
    training = ForecastTraining(steps=240, batch_size=64, output=model, learning_rate=3e-3)
    result = train_and_forecast(prepared, training, lambda: nullcontext(Events()))
    flags = np.concatenate(coming).ravel() == 1
    relative = (result.point / np.array([np.median(one.values) for one in panel.series])[:, None]).ravel()
    assert relative[flags].mean() > 1.3 * relative[~flags].mean()
    worth = result.importance.loc[0]
    assert (worth["input"], worth["used"]) == ("promo", True)
    assert worth["mase_without"] > 1.3 * worth["mase"]
    assert any("promo: learnt by the network, without it errors of" in note for note in result.notes)
    unused = forecast_prepared(
        prepared, forecaster=Forecaster(replace(result.forecaster.config, weight=0.0), result.forecaster.parameters)
    )
    assert unused.importance["used"].tolist() == [False]
    assert any("promo: not used" in note for note in unused.notes)
    assert run(["forecast", data, "-n", "7", "--model", str(model), *inputs]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    np.testing.assert_allclose([float(row["forecast"]) for row in rows], result.point.ravel(), rtol=1e-6)
    assert run(["forecast", data, "-n", "7", "--model", str(model)]) == 2
    assert "with the covariates promo" in capsys.readouterr().err
    measured = seqcli.load(model).evaluate(data)
    assert measured["mase"] < 0.8 * measured["mase_seasonal_naive"]


def test_a_model_is_refused_other_covariates_than_its_own(promoted, tmp_path, capsys):
    for name in ("data.csv", "future.csv"):
        head, *lines = (promoted / name).read_text().splitlines()
        (tmp_path / name).write_text("\n".join([f"{head},other", *(f"{line},1" for line in lines)]) + "\n")
    model, future = str(tmp_path / "m.safetensors"), str(tmp_path / "future.csv")
    command = ["forecast", str(tmp_path / "data.csv"), "-n", "7", "--target", "y", "--future", future]
    assert run([*command, "--covariates", "promo", "--steps", "1", "--save", model]) == 0
    capsys.readouterr()
    assert run([*command, "--covariates", "promo,other", "--model", model]) == 2
    assert "with the covariates promo" in capsys.readouterr().err


def test_zeros_before_a_first_sale_do_not_shift_what_a_network_knows(tmp_path):
    start = pretrained_forecaster(7)
    config = replace(start.config, season=7, frequency="daily", weight=1.0, covariates=tuple(CALENDAR)[:8])
    rng = np.random.default_rng(4)
    shapes = config.parameter_shapes()
    wider = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    checkpoint = Checkpoint("forecast", to_plain(config), wider)
    days = [str(day) for day in np.arange("2023-01-01", "2023-12-01", dtype="datetime64[D]")]
    sold = np.concatenate([np.zeros(200), 20 + rng.poisson(9, len(days) - 200)])
    measured = []
    for first in (0, 200):
        path = tmp_path / f"{first}.csv"
        rows = zip(days[first:], sold[first:], strict=True)
        path.write_text("day,sold\n" + "".join(f"{day},{value:g}\n" for day, value in rows))
        measured.append(evaluate_forecaster(checkpoint, EvaluateRequest(data=(str(path),))))
    assert measured[0]["smape"] == pytest.approx(measured[1]["smape"])


@pytest.mark.parametrize(("count", "low", "high"), [(60, 0.68, 0.92), (2, 0.55, 1.0)])
def test_intervals_of_a_kept_network_cover_new_series(many, count, low, high):
    """However wrong the widths are that it was kept with."""
    rng = np.random.default_rng(11)
    panel = read_panel(many)
    t = np.arange(54)
    values = [100 + 30 * np.sin(2 * np.pi * (t + n) / 12) + rng.normal(0, 8, 54) for n in range(count)]
    new = replace(panel, series=[replace(panel.series[0], values=one[:48]) for one in values])
    start = pretrained_forecaster(12)
    narrow = dict(start.parameters)
    narrow["output_bias"] = narrow["output_bias"] - 1.5 * (np.arange(len(narrow["output_bias"])) != 3)
    config = replace(start.config, season=12, frequency="monthly", weight=1.0)
    result = forecast_panel(new, ForecastRequest(horizon=6), forecaster=Forecaster(config, narrow))
    inside = coverage(np.array([one[48:] for one in values]), result.bands[..., 0], result.bands[..., 1])
    assert low <= inside <= high


def test_a_share_is_given_for_more_than_chance_gives():
    before, noise = np.full(40, 1.0), np.random.default_rng(3).normal(0, 0.5, 40)
    assert best_share({0.0: before, 1.0: before - 0.1 + noise - noise.mean() + 0.05}) == 0.0  # a gain of a tenth of it
    assert best_share({0.0: before, 0.5: before - 0.1, 1.0: before - 0.2 + noise - noise.mean()}) == 1.0
    assert best_share({0.0: before, 1.0: before + 0.1}) == 0.0


def test_a_network_that_did_not_help_changes_nothing(many):
    panel = read_panel(many)
    config = replace(pretrained_forecaster(12).config, season=12, frequency="monthly", weight=0.0)
    useless = Forecaster(config, pretrained_forecaster(12).parameters)
    options = ForecastRequest(horizon=6)
    with_it, without = forecast_panel(panel, options, forecaster=useless), forecast_panel(panel, options)
    np.testing.assert_array_equal(with_it.point, without.point)
    np.testing.assert_array_equal(with_it.bands, without.bands)


def test_what_a_network_knows_survives_its_file(tmp_path, many):
    model = tmp_path / "m.safetensors"
    panel = read_panel(many)
    known = known_inputs(panel, 6, holidays=[11_000, 12_000])
    training = ForecastTraining(steps=1, output=model)
    prepared = replace(prepare(panel, ForecastRequest(horizon=6)), inputs=known)
    result = train_and_forecast(prepared, training, lambda: nullcontext(Events()))
    assert result.forecaster is not None
    assert load_forecaster(load_checkpoint(model)).config == result.forecaster.config
    assert result.forecaster.config.holidays == (11_000, 12_000)
