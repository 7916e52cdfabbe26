"""The Python face: its names, that importing it costs nothing, models and training as the command line has them."""

from __future__ import annotations

import doctest
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import soundfile
import torch

import seqcli
from seqcli.cli.app import run
from seqcli.errors import as_arguments
from seqcli.files.checkpoint import load_checkpoint
from tests.test_imports import HEAVY, loaded_by

FIXTURES = Path(__file__).parent / "fixtures"
TEXT = "the sky is grey\nthe river is clear\n" * 40
OPTIONS = {"tokens": "word", "hidden": 8, "layers": 1, "steps": 3, "device": "cpu", "precision": "fp32", "quiet": True}


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT)
    return path


def test_the_public_names() -> None:
    assert set(seqcli.__all__) == {
        *("CheckpointError", "DataError", "SeqcliError", "TrainingError", "UsageError"),
        *("Forecast", "Forecaster", "forecast", "LanguageModel", "Recogniser", "Tagger", "Translator"),
        *("load", "train_asr", "train_lm", "train_mt", "train_tagger"),
    }
    for name in seqcli.__all__:
        assert getattr(seqcli, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = seqcli.nothing


def test_importing_loads_nothing() -> None:
    assert not loaded_by("import seqcli") & (HEAVY | {"typer", "rich"})
    assert "torch" not in loaded_by(f"import seqcli; seqcli.load({str(FIXTURES / 'v1.lm.safetensors')!r}).score('a')")


def test_training_says_what_can_be_asked_for() -> None:
    assert "dropout: Dropout between the layers" in (seqcli.train_lm.__doc__ or "")
    assert "attention: " in (seqcli.train_mt.__doc__ or "")


def test_a_language_model_is_trained_saved_and_used(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.lm.safetensors"
    model = seqcli.train_lm(corpus, output=output, **OPTIONS)
    assert isinstance(model, seqcli.LanguageModel)
    assert model.metrics["steps"] == 3
    arguments = [f"--{name}={value}" for name, value in OPTIONS.items() if name != "quiet"]
    other = tmp_path / "c.lm.safetensors"
    assert run(["train-lm", str(corpus), "-q", *arguments, "-o", str(other)]) == 0
    for name, value in load_checkpoint(other).tensors.items():
        np.testing.assert_array_equal(value, model.checkpoint.tensors[name])
    again = seqcli.load(output)
    assert isinstance(again, seqcli.LanguageModel)
    assert again.generate("the sky", max_tokens=5) == model.generate("the sky", max_tokens=5)
    assert len(again.generate(["the", "a"], samples=2, max_tokens=2)) == 4
    (score,) = again.score("the sky is grey")
    assert score.tokens == 5
    assert again.evaluate(corpus)["perplexity"] > 1


def test_a_model_need_not_be_written(corpus: Path, tmp_path: Path) -> None:
    model = seqcli.train_lm([corpus], **OPTIONS)
    assert model.path is None
    assert {path.name for path in tmp_path.iterdir()} <= {"corpus.txt", "cache"}
    model.save(tmp_path / "kept")
    assert seqcli.load(tmp_path / "kept").config == model.config


def test_generating_takes_device_and_int8() -> None:
    model = seqcli.load(FIXTURES / "v1.lm.safetensors")
    assert isinstance(model, seqcli.LanguageModel)
    with pytest.raises(seqcli.UsageError, match="int8 is for processors"):
        model.generate("the sky", int8=True, device="cuda")
    assert len(model.generate("the sky", int8=True, max_tokens=5, temperature=0.0)) == 5


def test_translating() -> None:
    model = seqcli.load(FIXTURES / "v1.mt.safetensors")
    assert isinstance(model, seqcli.Translator)
    one = model.translate("the sky", max_length=5)
    assert model.translate(["the sky", ""], max_length=5) == [one, ""]
    assert model.score([("the sky", "grey")])[0].tokens > 1


@pytest.mark.parametrize("task", ["lm", "mt", "tag"])
def test_a_model_that_was_used_can_be_pickled(task: str) -> None:
    """As pools of processes do; what was made at the first use stays behind."""
    uses = {
        "lm": lambda m: m.generate("the", max_tokens=3),
        "mt": lambda m: m.translate("the"),
        "tag": lambda m: m.tag("a b"),
    }
    model: Any = seqcli.load(FIXTURES / f"v1.{task}.safetensors")
    fresh, expected = len(pickle.dumps(model)), uses[task](model)
    pickled = pickle.dumps(model)
    assert len(pickled) == fresh
    assert uses[task](pickle.loads(pickled)) == expected


def test_errors_name_arguments(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(seqcli.UsageError, match=r"^batch_size must be from 1 to"):
        seqcli.train_lm(corpus, batch_size=0)
    model = seqcli.load(FIXTURES / "v1.lm.safetensors")
    assert isinstance(model, seqcli.LanguageModel)
    with pytest.raises(seqcli.UsageError, match=r"^samples must be a whole number, not '2'"):
        model.generate(samples="2")  # type: ignore[call-overload]
    with pytest.raises(seqcli.UsageError, match=r"^max_tokens must be"):
        model.generate(max_tokens=0)
    with pytest.raises(seqcli.CheckpointError):
        seqcli.load(tmp_path / "nothing")
    with pytest.raises(TypeError, match="hiden"):
        seqcli.train_lm(corpus, hiden=3)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("--max-tokens must be 1", "max_tokens must be 1"),
        ("leave --untied out", "leave tied=False out"),
        ("--overwrite replaces it, -o names another file", "overwrite replaces it, output names another file"),
        ("a -- b, x--y, well-known", "a -- b, x--y, well-known"),
    ],
)
def test_options_as_arguments(text: str, named: str) -> None:
    assert as_arguments(text) == named


def test_notices_name_arguments(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = OPTIONS | {"output": tmp_path / "m.lm.safetensors", "quiet": False}
    seqcli.train_lm(corpus, **asked)
    seqcli.train_lm(corpus, auto_resume=True, **asked)
    said = capsys.readouterr().err
    assert "a longer budget, epochs or steps extends it" in said
    heard: list[str] = []
    table = pandas.DataFrame({"month": pandas.date_range("2020-01-01", periods=48, freq="MS"), "y": range(48)})
    found = seqcli.forecast(pandas.concat([table, table[-1:]]), horizon=2, on_notice=heard.append)
    assert "use duplicates to change this" in " ".join(found.to_json()["notes"])
    assert "--" not in said + " ".join(heard + found.to_json()["notes"])


def test_training_in_a_thread(corpus: Path) -> None:
    """Where no signals can be handled."""
    program = (
        "import threading, seqcli\n"
        f"train = lambda: print(seqcli.train_lm({str(corpus)!r}, **{OPTIONS!r}).metrics['steps'])\n"
        "work = threading.Thread(target=train)\n"
        "work.start(); work.join()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.stderr) == ("3", "")


def test_the_page_on_python_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its examples are run, in a folder with the sample data that they name."""
    root = Path(__file__).parent.parent
    for name in ("stories.en.txt", "pairs.en-zh.tsv"):
        shutil.copy(root / "sample_data" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    failed, run_ = doctest.testfile(str(root / "docs" / "python.md"), module_relative=False, optionflags=options)
    assert (failed, run_ > 15) == (0, True)


def test_what_is_no_text_no_pair_and_no_file_is_said(corpus: Path, tmp_path: Path) -> None:
    lm, mt, asr = (seqcli.load(FIXTURES / f"v1.{task}.safetensors") for task in ("lm", "mt", "asr"))
    assert isinstance(lm, seqcli.LanguageModel)
    assert isinstance(mt, seqcli.Translator)
    assert isinstance(asr, seqcli.Recogniser)
    anything: Any = None
    frame: Any = pandas.DataFrame({"a": range(99)})
    for wrong, said in (
        (lambda: lm.generate(anything), "prompts must be a text or several"),
        (lambda: lm.score(["a", anything]), "lines must be a text or several"),
        (lambda: lm.score(pandas.DataFrame({"a": ["x"]})), "lines must be a text or several, not DataFrame"),
        (lambda: lm.generate({"a": "x"}), "prompts must be a text or several, not dict"),
        (lambda: lm.next_tokens("a", -1), "count must be 1 or more"),
        (lambda: lm.embed([]), "none are given"),
        (lambda: lm.evaluate([]), "data: one or more are needed"),
        (lambda: lm.save(""), "path must be the name of a file"),
        (lambda: mt.score([("a",)]), "pairs must be pairs of texts"),  # type: ignore[list-item]
        (lambda: mt.translate("a", glossary=3), "glossary must be pairs of texts"),
        (lambda: mt.translate("a", glossary=[("a",)]), "glossary must be pairs of texts"),
        (lambda: mt.translate("a", glossary={"a": 3}), "glossary must be a text or several, not 3"),
        (lambda: mt.translate("a", keep="["), r"^keep: '\[' is not a regular expression"),
        (lambda: asr.transcribe(["a.wav"]), "recording must be a path, or floating point or int16 samples, not list"),
        (lambda: asr.transcribe("a.wav", lm=mt), "lm must be a language model"),
        (lambda: seqcli.train_lm([]), "corpus: one or more are needed"),
        (lambda: seqcli.train_lm(""), "the name of a file is empty"),
        (lambda: seqcli.train_lm(frame), "corpus must be the name of a file, not a DataFrame"),
    ):
        with pytest.raises(seqcli.UsageError, match=said):
            wrong()


def test_samples_are_transcribed_as_their_file_is(tmp_path: Path) -> None:
    model = seqcli.load(FIXTURES / "v1.asr.safetensors")
    assert isinstance(model, seqcli.Recogniser)
    wave = 0.7 * np.sin(np.arange(30000) ** 1.4 / 50)
    file, rate = tmp_path / "a.wav", 11025
    soundfile.write(file, np.stack([wave, wave / 2], axis=1), rate)
    whole, single = soundfile.read(file, dtype="int16")[0], soundfile.read(file, dtype="float32")[0]
    expected = model.transcribe(file, words=True)
    assert expected.text
    for samples in (whole, single, single.astype(float), torch.tensor(single), single.mean(axis=1)):
        assert model.transcribe(samples, rate=rate, words=True) == replace(expected, path="")
    refused: dict[str, tuple[Any, dict[str, Any]]] = {
        "rate must be given": (wave, {}),
        "rate must be samples a second, .* not 16$": (wave, {"rate": 16}),
        "rate is for samples": (file, {"rate": rate}),
        "not int32": (whole.astype(np.int32), {"rate": rate}),
        "not up to 22936": (wave * 32767, {"rate": rate}),
        r"not an array of shape \(1, 30000\)": (wave[None], {"rate": rate}),
        "the samples: holds samples that are not numbers": (np.where(wave > 0.6, np.nan, wave), {"rate": rate}),
        "the samples: holds no sound": (wave[:0], {"rate": rate}),
        "use tensor.detach": (torch.tensor(wave, requires_grad=True), {"rate": rate}),
    }
    for message, (samples, options) in refused.items():
        with pytest.raises(seqcli.SeqcliError) as raised:
            model.transcribe(samples, **options)
        assert re.search(message, raised.value.message, re.IGNORECASE)


def test_the_best_translations_are_a_list() -> None:
    model = seqcli.load(FIXTURES / "v1.mt.safetensors")
    assert isinstance(model, seqcli.Translator)
    several: Any = model.translate(["the sky", ""], n_best=2, max_length=5)
    assert [len(each) for each in several] == [2, 1]
    assert several[0] == model.translate("the sky", n_best=2, max_length=5)


def test_a_forecast_takes_times_and_is_written_as_what_its_name_says(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"ds": pandas.date_range("2020-01-01", periods=40, freq="MS"), "y": range(40)})
    for start in (pandas.Timestamp("2023-01-01"), "2023-01"):
        found = seqcli.forecast(frame, horizon=2, start=start)
        assert str(found.to_frame()["ds"][0]).startswith("2023-01-01")
    for name in ("x.parquet", "x.json", "none/x.csv"):
        with pytest.raises(seqcli.SeqcliError, match=name):
            found.save(tmp_path / name)
    found.save(tmp_path / "x.csv")
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "+05:30"])
@pytest.mark.parametrize("freq", ["h", "D"])
def test_times_of_a_frame_keep_their_zone(zone: str, freq: str, tmp_path: Path) -> None:
    """180 hours or days from before the clock is put forward until after it."""
    days = pandas.date_range("2024-03-29", periods=182, freq=freq, tz=zone)
    frame = pandas.DataFrame({"ds": days[:180], "y": [1.0, 2.0, 3.0, 4.0] * 45})
    data: Any
    for data in (frame, frame.set_index("ds"), frame.set_index("ds").y):
        made = seqcli.forecast(data, horizon=2, method="naive")
        assert made.to_frame().ds.tolist() == days[180:].tolist()
        assert str(made.to_frame().ds.dt.tz) == str(days.tz)
        made.save(tmp_path / "made.xlsx")
        written = pandas.read_excel(tmp_path / "made.xlsx", engine="openpyxl")
        assert written.ds.tolist() == days[180:].tz_localize(None).tolist()


@pytest.mark.parametrize("kind", ["numpy_nullable", "pyarrow"])
def test_whole_numbers_of_which_some_are_missing(kind: Any) -> None:
    values = [number if number % 5 else None for number in range(1, 60)]
    frame = pandas.DataFrame({"ds": pandas.date_range("2024-01-01", periods=59), "y": values})
    made = seqcli.forecast(frame.convert_dtypes(dtype_backend=kind), horizon=2, method="naive")
    assert made.point[0].tolist() == [59, 59]
    assert any("11 missing values" in note for note in made.panel.notes)


def test_a_tagger_takes_sentences_that_are_cut_already() -> None:
    tagger: Any = seqcli.load(FIXTURES / "v1.tag.safetensors")
    raw = tagger.tag("the dog runs")
    assert raw.steps == ["the", "dog", "runs"]
    assert tagger.tag([["the", "dog", "runs"], "the dog runs", ("the",)])[:2] == [raw, raw]
    assert tagger.tag([["don't stop"]])[0].steps == ["don't stop"]  # as it is
    with pytest.raises(seqcli.UsageError, match="sentences must be a text or several, not 5 among them"):
        tagger.tag([["the", 5]])
