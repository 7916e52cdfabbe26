"""Files that change while they are read: the model is that of one version, or there is none and exit code 3."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import seqcli.files.opening
import seqcli.speech.recordings
from seqcli.cli.app import run
from tests.reliability.test_kill import PAIRS, ROWS, TAGGED, TEXT, write_recordings

TRAIN = ["--steps", "1", "--hidden", "8", "--layers", "1", "--device", "cpu", "-o", "model"]
COMMANDS = {
    "train-lm": ["train-lm", "data", *TRAIN],
    "train-lm kept": ["train-lm", "data", "--tokens", "char", *TRAIN],
    "train-mt": ["train-mt", "data", "--valid-share", "0.1", *TRAIN],
    "train-tagger": ["train-tagger", "data", "--valid-share", "0.1", *TRAIN],
    "train-asr": ["train-asr", "data", "--valid-share", "0.2", *TRAIN],
    "forecast": ["forecast", "data"],
    "evaluate": ["evaluate", str(Path(__file__).parent.parent / "fixtures" / "v1.lm.safetensors"), "data"],
}
TEXTS = {"train-mt": PAIRS, "train-tagger": TAGGED, "forecast": ROWS, "train-lm kept": TEXT * 1000}
TEXTS["train-asr"] = "".join(f"recordings/{number}.wav\t{'yes' if number % 2 else 'no'}\n" for number in range(10))


def grow(path: Path) -> None:
    with path.open("a") as file:
        file.write(path.read_text()[:120].rpartition("\n\n" if "\n\n" in path.read_text() else "\n")[0] + "\n\n")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes() if path.suffix == ".wav" else path.read_bytes()[::-1])
    other.replace(path)


@pytest.mark.parametrize("change", [grow, cut, replace])
@pytest.mark.parametrize("command", list(COMMANDS))
def test_a_change_is_noticed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    change: Callable[[Path], None],
) -> None:
    """It comes after the file has been opened for the first time, and looked at before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = Path("data")
    data.write_text(TEXTS.get(command, TEXT))
    write_recordings(tmp_path / "recordings")
    opened = 0
    usual = open

    def opening(path: Any, *how: Any, **more: Any) -> Any:
        nonlocal opened
        file = usual(path, *how, **more)
        if str(path) == "data":
            opened += 1
            if opened == 1:
                file.read(1)  # something has been read of what it was
                change(data)
                file.seek(0)
        return file

    monkeypatch.setattr(seqcli.files.opening, "open", opening, raising=False)
    code = run(COMMANDS[command])
    err = capsys.readouterr().err
    assert opened
    assert code == 3, err
    assert err.count("error: ") == 1
    assert "error: data" in err
    assert not Path("model").exists()
    assert not list((tmp_path / "cache").rglob("*.ids"))


@pytest.mark.parametrize("change", [cut, replace, Path.unlink])
def test_a_recording_that_changes_after_it_was_looked_at(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
) -> None:
    """The table that names it stays the same."""
    monkeypatch.chdir(tmp_path)
    write_recordings(tmp_path / "recordings")
    Path("data").write_text(TEXTS["train-asr"])
    usual = seqcli.speech.recordings.sound_info

    def looking(path: str) -> Any:
        about = usual(path)
        if path.endswith("3.wav"):
            change(Path(path))
        return about

    monkeypatch.setattr(seqcli.speech.recordings, "sound_info", looking)
    assert run(COMMANDS["train-asr"]) == 3
    said = capsys.readouterr().err
    assert said.count("error: ") == 1
    assert "error: recordings/3.wav: " in said
    assert not Path("model").exists()
