"""Sound files as people have them, good and bad, and long ones in stretches."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqcli.errors import DataError
from seqcli.speech.audio import read_sound, sound_blocks, sound_info
from seqcli.speech.transcribe import WINDOW, stretches

COUNT = "from seqcli.speech.audio import sound_blocks; print(sum(map(len, sound_blocks('-', 8000))))"


def tone(rate: int, seconds: float = 1.0) -> np.ndarray:
    return np.asarray(0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_every_kind_of_sample(tmp_path: Path, subtype: str) -> None:
    path = str(tmp_path / "x.wav")
    soundfile.write(path, tone(8000), 8000, subtype=subtype)
    found = read_sound(path, 8000)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, tone(8000), atol=0.02)


def test_a_damaged_rate_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(8000), 8000)
    data = path.read_bytes()
    path.write_bytes(data[:24] + struct.pack("<I", 7) + data[28:])
    with pytest.raises(DataError, match="has 7 samples a second by its header"):
        read_sound(str(path), 8000)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_rate_and_number_of_channels(tmp_path: Path, rate: int, channels: int) -> None:
    path = str(tmp_path / "x.wav")
    soundfile.write(path, np.tile(tone(rate)[:, None], channels), rate)
    about = sound_info(path)
    assert (about.rate, about.channels, about.seconds, about.cut_short) == (rate, channels, 1.0, False)
    found = read_sound(path, 8000)
    assert abs(len(found) - 8000) <= 1
    np.testing.assert_allclose(found[500:7500], tone(8000)[500:7500], atol=0.01)


@pytest.mark.parametrize("name", ["x.flac", "x.ogg", "x.mp3", "x.aiff"])
def test_other_formats(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    soundfile.write(path, tone(16000), 16000)
    found = read_sound(path, 8000)
    spectrum = np.abs(np.fft.rfft(found[:8000]))
    assert abs(spectrum.argmax() - 440) <= 1


def test_channels_that_cancel_one_another_are_heard(tmp_path: Path) -> None:
    path = str(tmp_path / "x.wav")
    soundfile.write(path, np.stack((tone(8000), -tone(8000)), axis=1), 8000)
    assert np.abs(read_sound(path, 8000)).max() > 0.4


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_sound(str(path), 8000)
    with pytest.raises(DataError):
        sound_info(str(path))
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_bad_files_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    assert "No such file" in refused(path)
    path.write_bytes(b"")
    assert "is empty" in refused(path)
    path.write_bytes(b"one\ttwo\n" * 40)
    assert "is no sound that can be read" in refused(path)
    soundfile.write(path, np.zeros(0), 8000)
    assert "holds no sound" in refused(path)
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, tone(8000), 8000)
    path.write_bytes(whole.read_bytes()[:30])
    refused(path)
    folder = tmp_path / "folder.wav"
    folder.mkdir()
    assert "is a folder" in refused(folder)
    soundfile.write(path, np.full(100, np.nan), 8000, subtype="FLOAT")
    with pytest.raises(DataError, match="not numbers"):
        read_sound(str(path), 8000)


def test_a_recording_too_short_for_one_sample_at_the_models_rate(tmp_path: Path) -> None:
    path = str(tmp_path / "x.wav")
    soundfile.write(path, np.full(1, 0.5), 96000)
    with pytest.raises(DataError, match="holds no sound"):
        read_sound(path, 8000)


def test_a_file_that_is_cut_short_is_read_and_known(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(8000), 8000)
    path.write_bytes(path.read_bytes()[:8044])
    about = sound_info(str(path))
    assert about.cut_short
    assert about.seconds == pytest.approx(0.5)
    assert len(read_sound(str(path), 8000)) == 4000


@pytest.mark.parametrize("length", [16000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_stream_on_standard_input_whose_header_knows_no_length(tmp_path: Path, length: int) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(8000), 8000)
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", length)
    piped = subprocess.run([sys.executable, "-c", COUNT], input=bytes(data), capture_output=True, check=True)
    assert int(piped.stdout) == 8000


@pytest.mark.parametrize("name", ["x.wav", "x.flac", "x.ogg"])
def test_any_format_on_standard_input(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    soundfile.write(path, tone(8000), 8000)
    piped = subprocess.run([sys.executable, "-c", COUNT], input=path.read_bytes(), capture_output=True, check=True)
    with path.open("rb") as file:
        given = subprocess.run([sys.executable, "-c", COUNT], stdin=file, capture_output=True, check=True)
    assert int(piped.stdout) == int(given.stdout) == 8000


def test_a_stream_comes_while_it_is_spoken(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(8000), 8000)
    data = path.read_bytes()
    program = "from seqcli.speech.audio import sound_blocks\n"
    program += "for block in sound_blocks('-', 8000, 0.1): print(len(block), flush=True)"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        watch = threading.Timer(120, process.kill)
        watch.start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(data[: 44 + 1600])
        process.stdin.flush()
        assert process.stdout.readline().split() == [b"800"]
        process.stdin.write(data[44 + 1600 :])
        process.stdin.close()
        assert process.stdout.read().split() == [b"800"] * 9
        watch.cancel()


def test_an_endless_stream_of_no_sound_is_refused_at_once() -> None:
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as yes:
        told = subprocess.run([sys.executable, "-c", COUNT], stdin=yes.stdout, capture_output=True, text=True)
        yes.terminate()
    assert "standard input: is no sound" in told.stderr


def test_a_named_pipe(tmp_path: Path) -> None:
    path, pipe = tmp_path / "x.wav", tmp_path / "pipe"
    soundfile.write(path, tone(8000), 8000)
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", 'cat "$0" > "$1"', str(path), str(pipe)]):
        assert len(np.concatenate(list(sound_blocks(str(pipe), 8000)))) == 8000


def test_stretches_are_all_there_and_cut_where_it_is_quiet():
    rate, random = 1000, np.random.default_rng(0)
    samples = random.normal(0, 0.1, 65 * rate).astype(np.float32)
    quiet = [(start, start + 300) for start in range(11_000, 65_000, 11_000)]
    for start, stop in quiet:
        samples[start:stop] *= 0.01
    blocks = np.split(samples, range(0, len(samples), 4321)[1:])
    found = list(stretches(blocks, rate))
    np.testing.assert_array_equal(np.concatenate([part for part, _ in found]), samples)
    assert max(len(part) for part, _ in found) <= WINDOW * rate
    cuts = [round(start * rate) for _, start in found[1:]]
    assert len(cuts) >= 4
    assert all(any(start <= cut < stop for start, stop in quiet) for cut in cuts)


def test_a_stream_is_answered_at_a_pause():
    rate = 1000
    said = np.random.default_rng(0).normal(0, 0.1, 2 * rate).astype(np.float32)
    taken = []

    def blocks():
        for block in (said, np.zeros(700, np.float32), said, np.zeros(200, np.float32)):
            taken.append(len(block))
            yield block

    first, _ = next(stretches(blocks(), rate, soon=True))
    assert len(first) == 2700
    assert taken == [2000, 700]
