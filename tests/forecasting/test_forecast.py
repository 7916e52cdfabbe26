"""Forecasts of whole panels: what is written, what is said, and the command around it."""

import csv
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqcli import models
from seqcli.cli.app import run
from seqcli.errors import CheckpointError, DataError, UsageError
from seqcli.files.checkpoint import load_checkpoint
from seqcli.forecasting.backtest import cut
from seqcli.forecasting.metrics import coverage, mase, scale
from seqcli.forecasting.options import ForecastRequest
from seqcli.forecasting.prepare import prepare
from seqcli.forecasting.recurrent.forecaster import Forecaster, load_forecaster
from seqcli.forecasting.recurrent.pretrained import pretrained_forecaster
from seqcli.forecasting.run import forecast_panel
from seqcli.series.panel import read_panel

LUMPY = [0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 3]
MONTHS = [f"{2001 + i // 12}-{i % 12 + 1:02d}" for i in range(96)]


@pytest.fixture
def panel_file(tmp_path):
    """Six shops over four years of months, with a season and a trend."""
    rng = np.random.default_rng(7)
    lines = ["shop,month,sales"]
    for shop in range(6):
        t = np.arange(48)
        values = 50 * (shop + 1) + t + 20 * np.sin(2 * np.pi * t / 12) + rng.normal(0, 3, 48)
        lines += [f"=S{shop},{MONTHS[i]},{value:.2f}" for i, value in enumerate(values)]
    path = tmp_path / "shops.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_bear_the_names_and_times_of_the_input(panel_file, capsys):
    assert run(["forecast", panel_file, "--horizon", "3", "--level", "50", "--level", "90"]) == 0
    out, err = capsys.readouterr()
    rows = rows_of(out)
    assert list(rows[0]) == ["shop", "month", "forecast", "lo-50", "hi-50", "lo-90", "hi-90"]
    assert [(row["shop"], row["month"]) for row in rows[:4]] == [
        ("=S0", "2005-01"), ("=S0", "2005-02"), ("=S0", "2005-03"), ("=S1", "2005-01"),
    ]  # fmt: skip
    for row in rows:
        numbers = [float(row[name]) for name in ("lo-90", "lo-50", "forecast", "hi-50", "hi-90")]
        assert numbers == sorted(numbers)
    assert "monthly" in err
    assert "seasonal naive on the last 3 months" in err


def test_output_file_ndjson_and_excel_safe_ids(panel_file, tmp_path, capsys):
    target = tmp_path / "out.csv"
    assert run(["forecast", panel_file, "-n", "2", "-o", str(target), "--excel-safe"]) == 0
    assert capsys.readouterr().out == ""
    assert rows_of(target.read_text())[0]["shop"] == "'=S0"
    assert run(["-q", "forecast", panel_file, "-n", "2", "--format", "ndjson"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out.splitlines()[0])["shop"] == "=S0"


def test_files_are_written_whole_and_never_over_the_data(panel_file, tmp_path, capsys):
    before, target = Path(panel_file).read_bytes(), tmp_path / "out"
    for arguments in (["-o", panel_file], ["-o", panel_file, "--backtest", "1"]):
        assert run(["forecast", panel_file, "-n", "2", *arguments]) == 2
        assert "this command reads that file" in capsys.readouterr().err
    assert Path(panel_file).read_bytes() == before
    assert run(["forecast", panel_file, "-n", "2", "--backtest", "1", "-o", str(target)]) == 0
    assert capsys.readouterr().out == ""
    assert rows_of(target.read_text())[0]["method"] == "auto"
    assert run(["-q", "forecast", panel_file, "-n", "2", "--backtest", "1"]) == 0
    assert capsys.readouterr().out == target.read_text()
    target.chmod(0o600)
    assert run(["forecast", panel_file, "-n", "2", "-o", str(target), "--format", "ndjson"]) == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(rows) == 2 * len({row["shop"] for row in rows})
    assert not list(tmp_path.glob("*.part"))


def test_backtest_has_seasonal_naive_beside(panel_file, capsys):
    assert run(["forecast", panel_file, "--backtest", "2", "-n", "6"]) == 0
    rows = {row["method"]: row for row in rows_of(capsys.readouterr().out)}
    assert {"auto", "seasonal-naive"} <= set(rows)
    assert float(rows["auto"]["mase"]) < float(rows["seasonal-naive"]["mase"])
    assert 0 <= float(rows["auto"]["coverage_80"]) <= 1


def test_backtest_measures_the_intervals_that_a_forecast_would_have_had(panel_file):
    panel = read_panel(panel_file)
    row = forecast_panel(panel, ForecastRequest(horizon=6, backtest=1)).table[0]
    before = replace(panel, series=[replace(one, values=one.values[:-6]) for one in panel.series])
    made = forecast_panel(before, ForecastRequest(horizon=6))
    actual = np.array([one.values[-6:] for one in panel.series])
    for index, level in enumerate((80, 95)):
        covered = coverage(actual, made.bands[..., 2 * index], made.bands[..., 2 * index + 1])
        assert row[f"coverage_{level}"] == pytest.approx(covered, abs=1e-4)
    scales = np.array([scale(one.values[:-6], 12) for one in panel.series])
    assert row["mase"] == pytest.approx(mase(actual, made.point, scales).mean(), abs=1e-4)


def test_a_table_and_charts(panel_file, capsys):
    assert run(["forecast", panel_file, "-n", "2", "--format", "table"]) == 0
    out = capsys.readouterr().out
    assert "history" in out
    assert "2005-02" in out


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_plots_are_well_formed(panel_file, tmp_path, ending):
    result = forecast_panel(read_panel(panel_file), ForecastRequest(horizon=4))
    path = tmp_path / f"plot.{ending}"
    result.plot(path)
    text = path.read_text()
    picture = ElementTree.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])
    names = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"=S0", "=S5", "forecast", "80 % interval"} <= set(names)


def test_png_is_a_png(panel_file, tmp_path):
    path = tmp_path / "plot.png"
    forecast_panel(read_panel(panel_file), ForecastRequest(horizon=4)).plot(path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_says_what_its_fonts_lack(tmp_path):
    rows = "".join(f"{2000 + step},𓀀,{step % 3}\n" for step in range(12))
    result = forecast_panel(read_panel(io.StringIO("year,id,y\n" + rows + rows.replace("𓀀", "海港"))))
    said: list[str] = []
    result.plot(tmp_path / "a.png", on_notice=said.append)
    assert len(said) == 1
    assert "no installed font" in said[0]
    result.plot(tmp_path / "a.svg", on_notice=said.append)
    assert len(said) == 1
    assert {"𓀀", "海港"} <= set(re.findall("[^<>]+", (tmp_path / "a.svg").read_text()))


def test_the_same_forecast_gives_the_same_picture(panel_file, tmp_path):
    result = forecast_panel(read_panel(panel_file), ForecastRequest(horizon=4))
    result.plot(tmp_path / "a.svg")
    result.plot(tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--level", "101"], 2),
        (["--plot", "x.bmp"], 2),
        (["--season", "0"], 2),
        (["--freq", "nonsense"], 2),
        (["--time", "nope"], 2),
        (["--covariates", "x"], 2),
        (["--budget", "1s"], 3),
        (["--model", "nothing.safetensors"], 4),
    ],
)
def test_what_cannot_be_done_is_said(panel_file, arguments, code, capsys):
    assert run(["forecast", panel_file, *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "error:" in err


def test_forecasting_loads_neither_torch_nor_pandas(panel_file):
    program = (
        "import sys\nfrom seqcli.cli.app import run\n"
        f"assert run(['-q', 'forecast', {panel_file!r}, '-n', '2']) == 0\n"
        "assert not {'torch', 'pandas', 'matplotlib', 'statsmodels'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_series_of_every_kind_in_one_file(tmp_path):
    kinds = {"constant": [4.0] * 40, "zero": [0.0] * 40, "lumpy": LUMPY, "short": [1.0, 2.0], "one": [3.0]}
    kinds |= {"meter": [float(i * i) for i in range(40)], "turns": [float(i * i % 17) for i in range(40)]}
    lines = [f"{name},{MONTHS[i]},{value}" for name, values in kinds.items() for i, value in enumerate(values)]
    path = tmp_path / "kinds.csv"
    path.write_text("id,month,y\n" + "\n".join(lines) + "\n")
    result = forecast_panel(read_panel(str(path)), ForecastRequest(horizon=3))
    assert result.point[0].tolist() == [4, 4, 4]
    assert result.point[1].tolist() == [0, 0, 0]
    assert np.isfinite(result.bands).all()
    assert any("mostly zero" in note for note in result.notes)
    assert any("constant" in note for note in result.notes)
    # a network that was kept leaves those alone that are said to be forecast as they are
    shipped = pretrained_forecaster(12)
    kept = Forecaster(replace(shipped.config, season=12, frequency="monthly"), shipped.parameters)
    mixed = forecast_panel(read_panel(str(path)), ForecastRequest(horizon=3), forecaster=kept)
    for row in range(6):
        np.testing.assert_array_equal(mixed.point[row], result.point[row])
        np.testing.assert_array_equal(mixed.bands[row], result.bands[row])
    assert not np.array_equal(mixed.point[6], result.point[6])
    assert any("mostly zero" in note for note in mixed.notes)
    assert any("constant" in note for note in mixed.notes)


def test_what_is_missing_is_no_measure_of_a_forecast(tmp_path):
    """What is filled in lies between its neighbours: taken for true it would make any forecast look good."""
    noise = np.random.default_rng(0).normal(100, 10, 300)
    gone = np.random.default_rng(1).random(300) < 0.4
    gone[[0, -1]] = False
    whole, holed = tmp_path / "whole.csv", tmp_path / "holed.csv"
    whole.write_text("t,y\n" + "".join(f"{i},{v:.2f}\n" for i, v in enumerate(noise)))
    cells = np.where(gone, "", [f"{v:.2f}" for v in noise])
    holed.write_text("t,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    options = ForecastRequest(horizon=20, backtest=3, method="theta")
    first, second = (forecast_panel(read_panel(str(path)), options) for path in (whole, holed))
    widths = [np.diff(one.bands[0, :, :2]).mean() for one in (first, second)]
    assert widths[1] > 0.75 * widths[0]
    assert second.table[0]["coverage_80"] < 0.95
    prepared = prepare(read_panel(str(holed)), options)
    folds = cut(prepared.known, 20, 1, origins=4)
    np.testing.assert_array_equal(np.isnan(folds.actual[0]), gone[-20:])
    later = [values.copy() for values in prepared.known]
    later[0][-20:] = 1e6
    np.testing.assert_array_equal(cut(later, 20, 1, origins=1).histories[0], folds.histories[0])


def test_a_network_is_trained_kept_and_used_again(tmp_path, capsys):
    rng = np.random.default_rng(8)
    t = np.arange(60)
    lines = ["id,month,y"]
    for number in range(60):
        values = 100 + 30 * np.sin(2 * np.pi * (t + number % 12) / 12) + rng.normal(0, 2, 60)
        lines += [f"a{number},{MONTHS[i]},{value:.3f}" for i, value in enumerate(values)]
    data, model = tmp_path / "many.csv", tmp_path / "many.forecast.safetensors"
    data.write_text("\n".join(lines) + "\n")
    assert run(["forecast", str(data), "-n", "6", "--budget", "2s", "--save", str(model)]) == 0
    trained = capsys.readouterr()
    assert "after training" in trained.err
    checkpoint = load_checkpoint(model, task="forecast")
    assert checkpoint.metrics["mase"] <= checkpoint.metrics["mase_untrained"]
    assert run(["forecast", str(data), "-n", "6", "--model", str(model)]) == 0
    assert capsys.readouterr().out == trained.out
    assert run(["forecast", str(data), "-n", "9", "--model", str(model)]) == 0  # any horizon
    capsys.readouterr()
    assert run(["forecast", str(data), "--budget", "2s", "--save", str(model)]) == 2  # it is there already
    measured = models.Forecaster(checkpoint).evaluate(data)
    assert measured["series"] == 60
    assert 0 < measured["mase"] < 2
    yearly = tmp_path / "yearly.csv"
    yearly.write_text("year,y\n" + "".join(f"{1950 + i},{i}\n" for i in range(40)))
    panel = read_panel(str(yearly))
    with pytest.raises(UsageError, match="monthly"):
        load_forecaster(checkpoint).check(panel)


def test_covariates_need_their_future(tmp_path, capsys):
    lines = ["date,y,promo"] + [f"2020-01-{day:02d},{day},{day % 2}" for day in range(1, 29)]
    data, future = tmp_path / "d.csv", tmp_path / "f.csv"
    data.write_text("\n".join(lines) + "\n")
    future.write_text("date,promo\n2020-01-29,1\n")
    assert run(["forecast", str(data), "--covariates", "promo", "--future", str(future), "-n", "2"]) == 3
    assert "no row for 2020-01-30" in capsys.readouterr().err


def test_a_damaged_model_is_named(tmp_path, panel_file):
    path = tmp_path / "m.forecast.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError):
        load_checkpoint(path, task="forecast")
    with pytest.raises(DataError):
        read_panel(str(path))
