"""The commands for speech: training, transcribing, evaluating, scoring; what goes wrong with recordings."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import seqcli
from seqcli.cli.app import run
from seqcli.files.checkpoint import load_checkpoint
from tests.speech.conftest import TONES, word, write_tones

SMALL = ["--tokens", "word", "--hidden", "48", "--layers", "1", "--device", "cpu", "--precision", "fp32", "--quiet"]
LEARNS = [*("--augmentation", "0", "--dropout", "0", "--join", "0"), *("--learning-rate", "0.01", "--steps", "160")]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 48 recordings of four words by six voices, `table.tsv` and a model of them, `model`."""
    folder = tmp_path_factory.mktemp("tones")
    write_tones(folder, "table.tsv")
    assert run(["train-asr", str(folder / "table.tsv"), *SMALL, *LEARNS, "--output", str(folder / "model")]) == 0
    return folder


@pytest.fixture
def here(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(recordings)
    return recordings


def said(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int = 0) -> tuple[str, str]:
    """What a command printed on standard output and standard error."""
    found = run(arguments)
    out, err = capsys.readouterr()
    assert found == code, err
    assert "Traceback" not in err
    assert err.count("error: ") == (code != 0), err
    return out, err


def test_words_are_learnt_and_counted_by_speaker(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, ["evaluate", "model", "table.tsv", "--json"])
    found = json.loads(out)
    assert (found["task"], found["recordings"]) == ("asr", 48)
    assert found["wer"] < 25
    assert found["exact"] == pytest.approx(1 - found["wer"] / 100, abs=0.05)
    assert {name for name in found if name.startswith("wer ")} == {f"wer voice{n}" for n in range(6)}


def test_a_line_for_each_recording(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write("silence.wav", np.zeros(8000), 8000)
    names = ["low_0_0.wav", "silence.wav", "high_0_0.wav"]
    out, _ = said(capsys, ["transcribe", "--model", "model", *names])
    lines = out.split("\n")
    assert len(lines) == 4
    assert lines[1] == lines[3] == ""
    assert set(lines[0].split()) <= set(TONES)


def test_names_on_standard_input(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = said(capsys, ["transcribe", "--model", "model", "low_0_0.wav", "rise_1_0.wav"])
    stdin = io.TextIOWrapper(io.BytesIO(b"low_0_0.wav\n\nrise_1_0.wav\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    out, _ = said(capsys, ["transcribe", "--model", "model"])
    first, blank, second, end = out.split("\n")
    assert [first, second] == expected.split("\n")[:2]
    assert blank == end == ""


def test_a_stream_on_standard_input(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = said(capsys, ["transcribe", "--model", "model", "low_0_0.wav"])
    with open("low_0_0.wav") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        out, _ = said(capsys, ["transcribe", "--model", "model", "-"])
    assert out == expected


def test_times_and_confidences(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pause = np.zeros(2400, np.float32)
    whole = np.concatenate([word("low"), pause, word("high"), pause, word("low")])
    soundfile.write("string.wav", np.stack((whole, whole), axis=1), 8000)
    out, _ = said(capsys, ["transcribe", "--model", "model", "string.wav", "--format", "ndjson"])
    found = json.loads(out)
    assert found["path"] == "string.wav"
    assert found["seconds"] == pytest.approx(len(whole) / 8000, abs=1e-3)
    assert found["text"] == " ".join(item["word"] for item in found["words"])
    times = [time for item in found["words"] for time in (item["start"], item["end"])]
    assert times == sorted(times)
    assert all(0 < item["confidence"] <= 1 for item in found["words"])
    out, _ = said(capsys, ["transcribe", "--model", "model", "string.wav", "--format", "srt"])
    if found["words"]:
        assert re.match(r"1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n\w+", out)


def test_a_language_model_of_the_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("text").write_text("low high\nrise fall low\n" * 60)
    lm = ["train-lm", "text", "--tokens", "word", "--hidden", "8", "--layers", "1", "--steps", "3", "--device", "cpu"]
    said(capsys, [*lm, "--quiet", "--output", "lm", "--overwrite"])
    out, _ = said(capsys, ["transcribe", "--model", "model", "--lm", "lm", "low_0_0.wav"])
    assert set(out.split()) <= set(TONES)
    _, err = said(capsys, ["transcribe", "--model", "model", "--lm", "model", "low_0_0.wav"], 4)
    assert "a language model is needed" in err


def test_a_model_of_few_words_writes_no_others(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letters = ["--tokens", "char", "--size", "tiny", "--device", "cpu", "--steps", "3", "--overwrite"]
    _, err = said(capsys, ["train-asr", "table.tsv", *letters, "--output", "few"])
    assert "no other words than the 4 in the transcripts will be written; --open-words allows any" in err
    files = sorted(str(path) for path in here.glob("*_0.wav"))
    out, _ = said(capsys, ["transcribe", "--model", "few", *files])
    assert set(out.split()) <= set(TONES)
    out, _ = said(capsys, ["transcribe", "--model", "few", "--open-words", *files])
    assert not set(out.split()) <= set(TONES)
    assert "['fall', 'high', 'low', 'rise']" in said(capsys, ["info", "few"])[0]
    Path("other.tsv").write_text("low_0_0.wav\tlow rhino\n")
    _, err = said(capsys, ["evaluate", "few", "other.tsv"])
    assert "words that training never saw ('rhino')" in err
    _, err = said(capsys, ["train-asr", "table.tsv", *letters, "--open-words", "--output", "any"])
    assert "--open-words" not in err
    assert "words" not in load_checkpoint(Path("any")).blobs


def test_scores_of_transcripts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pair.tsv").write_text("low_0_0.wav\tlow\nlow_0_0.wav\thigh\n")
    out, _ = said(capsys, ["score", "model", "pair.tsv", "--format", "csv"])
    right, wrong = (float(line.split(",")[0]) for line in out.splitlines()[1:])
    assert wrong < right < 0
    Path("strange.tsv").write_text("low_0_0.wav\tmiddle\n")
    _, err = said(capsys, ["score", "model", "strange.tsv"], 3)
    assert "'middle'" in err


def test_what_cannot_be_transcribed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.wav").write_text("no sound\n" * 100)
    out, err = said(capsys, ["transcribe", "--model", "model", "low_0_0.wav", "text.wav"], 3)
    assert out.count("\n") == 1
    assert "text.wav: is no sound" in err
    out, err = said(capsys, ["transcribe", "--model", "model", "low_0_0.wav", "text.wav", "none.wav", "--skip-bad"])
    assert out.count("\n") == 3
    assert err.count("skipped: ") == 2
    said(capsys, ["transcribe", "--model", "model", "low_0_0.wav", "-"], 2)
    said(capsys, ["transcribe", "--model", "model", "low_0_0.wav", "low_1_0.wav", "--format", "srt"], 2)


def test_unknown_words_are_said_and_count_as_errors(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("strange.tsv").write_text("low_0_0.wav\tmiddle\n")
    out, err = said(capsys, ["evaluate", "model", "strange.tsv", "--json"])
    assert "'middle'" in err
    assert json.loads(out)["exact"] == 0


def test_the_same_seed_gives_the_same_weights(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train-asr", "table.tsv", *SMALL, "--hidden", "8"]
    said(capsys, [*arguments, "--steps", "8", "--output", "whole"])
    before = load_checkpoint(Path("whole"))
    assert before.task == "asr"
    assert before.metrics["steps"] == 8
    said(capsys, [*arguments, "--steps", "8", "--output", "again"])
    for name, value in load_checkpoint(Path("again")).tensors.items():
        np.testing.assert_array_equal(value, before.tensors[name], err_msg=name)


def test_fine_tuning_keeps_the_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--init-from", "model", "--steps", "2", "--quiet", "--device", "cpu"]
    said(capsys, ["train-asr", "table.tsv", *more, "--output", "tuned"])
    Path("strange.tsv").write_text("".join(f"low_{n}_0.wav\tmiddle\n" for n in range(3)))
    _, err = said(capsys, ["train-asr", "strange.tsv", *more, "--output", "other"], 3)
    assert "'middle'" in err
    assert "the model to start from" in err


def test_fine_tuning_writes_the_letters_that_the_model_writes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("upper.tsv").write_text("".join(f"low_{n}_0.wav\tLOW\n" for n in range(3)))
    train = ["train-asr", "upper.tsv", "--steps", "1", "--quiet", "--device", "cpu"]
    said(capsys, [*train, "--lowercase", "--tokens", "word", "--hidden", "8", "--output", "lower"])
    said(capsys, [*train, "--init-from", "lower", "--output", "from-lower"])
    assert load_checkpoint(Path("from-lower")).config["lowercase"]


@pytest.mark.parametrize(
    ("table", "code", "reason"),
    [
        ("low_0_0.wav\tlow\n", 3, "cannot be divided"),
        ("low_0_0.wav\t\nlow_1_0.wav\t\n", 3, "all transcripts are empty"),
        ("silence.wav\tlow\nsilent.wav\tlow\n", 3, "silent"),
        ("low_0_0.wav\t" + "low high " * 90 + "\n" + "low_1_0.wav\t" + "low high " * 90 + "\n", 3, "too short"),
        ("none.wav\tlow\nlow_0_0.wav\tlow\n", 3, "No such file"),
    ],
)
def test_tables_that_cannot_be_learnt_from(
    here: Path, capsys: pytest.CaptureFixture[str], table: str, code: int, reason: str
) -> None:
    for name in ("silence.wav", "silent.wav"):
        soundfile.write(name, np.zeros(8000), 8000)
    Path("bad.tsv").write_text(table)
    _, err = said(capsys, ["train-asr", "bad.tsv", "--steps", "1", "--output", "never"], code)
    assert reason in err
    assert not Path("never").exists()


def test_what_is_left_out_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write("silence.wav", np.zeros(8000), 8000)
    soundfile.write("wide.wav", np.zeros((96000, 2)) + 0.1, 96000)
    rows = "".join(f"low_{n}_0.wav\tlow\n" for n in range(6))
    Path("mixed.tsv").write_text(f"{rows}silence.wav\tlow\nnone.wav\tlow\nlow_0_1.wav\t{'low ' * 90}\nwide.wav\t\n")
    arguments = ["train-asr", "mixed.tsv", "--tokens", "word", "--hidden", "8", "--steps", "1", "--skip-bad"]
    _, err = said(capsys, [*arguments, "--output", "mixed", "--device", "cpu", "--valid", "table.tsv"])
    for reason in ("left out 1 of 10 recordings", "resampled to 8 kHz", "too short", "silent"):
        assert reason in err


def test_damaged_samples_stop_training_before_it_begins_or_are_left_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write("nan.wav", np.full(4000, np.nan), 8000, subtype="FLOAT")
    Path("damaged.tsv").write_text("".join(f"low_{n}_0.wav\tlow\n" for n in range(3)) + "nan.wav\tlow\n")
    arguments = ["train-asr", "damaged.tsv", "--hidden", "8", "--steps", "1", "--device", "cpu", "--output", "mended"]
    for valid in ("table.tsv", "damaged.tsv"):
        _, err = said(capsys, [*arguments, "--valid", valid], 3)
        assert "nan.wav: holds samples that are not numbers" in err
    _, err = said(capsys, [*arguments, "--valid", "damaged.tsv", "--skip-bad"])
    assert "left out 1 recordings that are damaged; the first: nan.wav" in err.replace(str(here) + "/", "")


def test_from_python(here: Path) -> None:
    Path("lines").write_text("low high\nrise fall low\n" * 60)
    model = seqcli.load("model")
    assert isinstance(model, seqcli.Recogniser)
    lm = seqcli.train_lm("lines", tokens="word", hidden=8, layers=1, steps=3, device="cpu", quiet=True)
    found = model.transcribe(Path("low_0_0.wav"), words=True, lm=lm)
    assert found.text == " ".join(item.text for item in found.words)
    assert model.evaluate("table.tsv", beam=1)["recordings"] == 48
    small = seqcli.train_asr("table.tsv", tokens="word", hidden=8, layers=1, steps=1, device="cpu", quiet=True)
    assert small.transcribe("low_0_0.wav").seconds == pytest.approx(0.22)
