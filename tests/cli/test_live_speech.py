"""A recogniser that writes while it listens: what it prints, when, and what becomes of sound that breaks off."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

import seqcli
from seqcli.cli.app import run
from seqcli.speech import transcribe
from seqcli.speech.evaluate import distance
from tests.cli.test_speech_commands import LEARNS, SMALL, said
from tests.speech.conftest import word, write_tones

WORDS = ["low", "high", "rise", "fall", "high", "low"]
QUIET = np.zeros(2400, np.float32)
PROGRAM = [sys.executable, "-m", "seqcli", "transcribe", "-"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`model`, a recogniser of one direction, `table.tsv`, and `words.wav`, six words with pauses of .3 s."""
    folder = tmp_path_factory.mktemp("live")
    write_tones(folder, "table.tsv")
    table = str(folder / "table.tsv")
    assert (
        run(["train-asr", table, "--streaming", *SMALL, *LEARNS, "--steps", "480", "--output", str(folder / "model")])
        == 0
    )
    soundfile.write(
        folder / "words.wav", np.concatenate([part for name in WORDS for part in (word(name), QUIET)]), 8000
    )
    return folder


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def test_words_are_learnt(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, ["evaluate", "model", "table.tsv", "--json"])[0])
    assert found["wer"] < 25
    assert said(capsys, ["transcribe", "--model", "model", "words.wav"])[0] == " ".join(WORDS) + "\n"
    out, _ = said(capsys, ["score", "model", "table.tsv", "--format", "csv"])
    assert np.mean([float(line.split(",")[0]) for line in out.splitlines()[1:]]) > -2


def test_blocks_and_resampling_change_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = seqcli.load("model")
    assert isinstance(model, seqcli.Recogniser)
    samples, _ = soundfile.read("words.wav")
    soundfile.write("fast.wav", np.repeat(samples, 2)[:, None].repeat(2, axis=1), 16000)
    for name in ("words.wav", "fast.wav"):
        whole = model.transcribe(name, words=True)
        assert whole.text == " ".join(item.text for item in whole.words) == " ".join(WORDS)
        assert whole.seconds == pytest.approx(len(samples) / 8000, abs=0.01)
        for seconds in (0.013, 0.1, 1.7):
            monkeypatch.setattr(transcribe, "BLOCK_SECONDS", seconds)
            assert model.transcribe(name, words=True) == whole


def test_times_are_those_of_the_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, ["transcribe", "--model", "model", "words.wav", "--format", "ndjson"])[0])
    starts = [0.55 * number for number in range(len(WORDS))]
    for item, start in zip(found["words"], starts, strict=True):
        assert start - 0.15 < item["start"] < item["end"] < start + 0.55
    out, _ = said(capsys, ["transcribe", "--model", "model", "words.wav", "--format", "srt"])
    assert out.count(" --> ") >= 1


def transcribed(here: Path, data: bytes) -> str:
    """What is written of a WAV stream that ends after `data`."""
    ended = subprocess.run([*PROGRAM, "--model", "model"], input=data, capture_output=True, check=True)
    assert ended.stderr == b""
    return ended.stdout.decode()


def endless(path: str) -> bytes:
    """A WAV file as a microphone's stream begins, without a length."""
    data = bytearray(Path(path).read_bytes())
    data[40:44] = struct.pack("<I", 0x7FFFFFFF)
    return bytes(data)


def test_words_are_written_while_sound_still_comes(here: Path) -> None:
    first = np.concatenate([word("low"), QUIET, word("high"), np.zeros(8000, np.float32)])
    soundfile.write("paused.wav", np.concatenate([first, word("rise"), QUIET]), 8000)
    data, half = endless("paused.wav"), 44 + 2 * len(first)
    with subprocess.Popen([*PROGRAM, "--model", "model"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        watch = threading.Timer(300, process.kill)
        watch.start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(data[:half])
        process.stdin.flush()
        early = b""
        while early.split() != [b"low", b"high"]:
            read = process.stdout.read1(1000)
            assert read, early
            early += read
        process.stdin.write(data[half:])
        process.stdin.close()
        assert early + process.stdout.read() == b"low high rise\n"
        watch.cancel()


@pytest.mark.parametrize("cut", [0, 1, 7, 2 * 2000 + 1, 2 * 9000])
def test_a_stream_that_breaks_off_is_what_came_of_it(here: Path, cut: int) -> None:
    """In a word, in a sample, or before the first."""
    data = endless("words.wav")
    kept = 44 + cut
    samples, _ = soundfile.read("words.wav", dtype="int16")
    if cut < 2:
        ended = subprocess.run([*PROGRAM, "--model", "model"], input=data[:kept], capture_output=True)
        assert ended.returncode == 3
        assert b"holds no sound" in ended.stderr
        return
    soundfile.write("part.wav", samples[: cut // 2], 8000)
    model = seqcli.load("model")
    assert isinstance(model, seqcli.Recogniser)
    assert transcribed(here, data[:kept]) == model.transcribe("part.wav").text + "\n"


@pytest.mark.parametrize("seconds", [0.001, 3.0, 40.0])
def test_silence_is_an_empty_line(here: Path, seconds: float) -> None:
    soundfile.write("silence.wav", np.zeros(int(8000 * seconds)), 8000)
    assert transcribed(here, endless("silence.wav")) == "\n"


def test_long_pauses_and_long_speech(here: Path) -> None:
    spoken = [part for name in WORDS * 10 for part in (word(name), QUIET)]
    soundfile.write("long.wav", np.concatenate([word("low"), np.zeros(8000 * 30, np.float32), *spoken]), 8000)
    model = seqcli.load("model")
    assert isinstance(model, seqcli.Recogniser)
    found = model.transcribe("long.wav", words=True)
    assert distance(["low", *WORDS * 10], found.text.split()) <= 6  # all words were learnt from alone
    assert found.text == " ".join(item.text for item in found.words)
    times = [time for item in found.words for time in (item.start, item.end)]
    assert times == sorted(times)
    assert found.words[1].start == pytest.approx(30.25, abs=0.2)
    assert max(passage.end - passage.start for passage in found.passages) < transcribe.WINDOW + 7


def test_a_model_keeps_its_direction(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["train-asr", "table.tsv", "--steps", "1", "--quiet", "--device", "cpu", "--overwrite"]
    said(capsys, [*more, "--init-from", "model", "--streaming", "--output", "tuned"])
    said(capsys, [*more, "--tokens", "word", "--hidden", "8", "--output", "both"])
    _, err = said(capsys, [*more, "--init-from", "both", "--streaming", "--output", "never"], 2)
    assert "--streaming cannot change with --init-from" in err
