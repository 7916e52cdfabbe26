"""What is saved of a run is never lost or mixed up, and a run that is resumed is the one that was begun."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from seqcli.cli.app import run
from seqcli.files.checkpoint import load_checkpoint
from seqcli.training.options import Progress
from seqcli.training.state import load_state

TRAIN = ["train-lm", "text", "--tokens", "word", "--hidden", "8", "--layers", "1", "--device", "cpu", "-q"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("text").write_text("the sky is grey\nthe river is clear\n" * 60)
    return tmp_path


def begin(monkeypatch: pytest.MonkeyPatch, name: str, *length: str, after: int = 3) -> None:
    """A run that is terminated after some steps, before it has a model."""
    from seqcli.cli import train

    class Impatient(train.Interruption):
        def watch(self, on_progress: Any) -> Any:
            watched = super().watch(on_progress)

            def count(progress: Progress) -> None:
                watched(progress)
                if progress.step >= after and not self.requested():
                    os.kill(os.getpid(), signal.SIGTERM)

            return count

    with monkeypatch.context() as patch:
        patch.setattr(train, "Interruption", Impatient)
        patch.setattr("seqcli.training.loop.REPORT_INTERVAL", 0.0)
        assert run([*TRAIN, *length, "-o", name]) == 143
    Path(name).unlink()  # as if it had been killed


@pytest.mark.parametrize("name", ["model.safetensors", "run.h8"])
def test_an_interrupted_run_is_protected_and_resumed(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(monkeypatch, name, "--steps", "9")
    state = Path("model.state.safetensors" if name == "model.safetensors" else "run.h8-state.safetensors")
    before = state.read_bytes()
    capsys.readouterr()
    assert run([*TRAIN, "--steps", "9", "-o", name]) == 2
    err = capsys.readouterr().err
    assert "an interrupted run is saved there" in err
    assert "--resume" in err
    assert state.read_bytes() == before
    assert run([*TRAIN, "-o", name, "--resume"]) == 0
    assert load_checkpoint(Path(name)).metrics["steps"] == 9, "a run keeps its length"


def test_a_new_length_is_given_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    begin(monkeypatch, "m", "--budget", "1h")
    options = load_state(Path("m-state.safetensors")).description["options"]
    assert options["budget"] == 3600
    assert run([*TRAIN, "-o", "m", "--resume", "--steps", "6"]) == 0
    assert load_checkpoint(Path("m")).metrics["steps"] == 6
    options = load_state(Path("m-state.safetensors")).description["options"]
    assert (options["budget"], options["steps"]) == (None, 6)


def test_one_command_starts_and_resumes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    again = ["--steps", "9", "--auto-resume", "-o", "m"]
    begin(monkeypatch, "m", *again[:3])
    assert run([*TRAIN, *again]) == 0
    assert load_checkpoint(Path("m")).metrics["steps"] == 9
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in Path.cwd().glob("m*")}
    capsys.readouterr()
    assert run([option for option in [*TRAIN, *again] if option != "-q"]) == 0
    assert "reached its end already" in capsys.readouterr().err
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in Path.cwd().glob("m*")} == before
    Path("m-state.safetensors").unlink()
    assert run([*TRAIN, *again]) == 2, "a model without a state is not replaced"


def test_a_finished_run_whose_model_is_gone_writes_it_again() -> None:
    assert run([*TRAIN, "--steps", "3", "-o", "m"]) == 0
    Path("m").unlink()
    assert run([*TRAIN, "-o", "m", "--auto-resume"]) == 0
    assert load_checkpoint(Path("m")).metrics["steps"] == 3


def test_a_run_that_ended_by_patience_is_complete() -> None:
    patient = ["--steps", "400", "--patience", "1", "--learning-rate", "1", "-o", "m", "--auto-resume"]
    assert run([*TRAIN, *patient]) == 0
    before = load_state(Path("m-state.safetensors"))
    assert before.position.ended == "patience"
    assert run([*TRAIN, *patient]) == 0
    assert load_state(Path("m-state.safetensors")).position == before.position


def test_models_of_one_stem_have_states_of_their_own() -> None:
    names = ("run.h8", "run.h16", "run", "run.safetensors")
    for steps, name in enumerate(names, 1):
        assert run([*TRAIN, "--steps", str(steps), "-o", name]) == 0
    for steps, name in enumerate(names, 1):
        assert run([*TRAIN, "--steps", str(steps + 4), "--resume", "-o", name]) == 0
        assert load_checkpoint(Path(name)).metrics["steps"] == steps + 4
    assert len(list(Path.cwd().glob("*log.csv"))) == 4


def test_what_was_given_is_held_against_the_run_even_if_it_is_the_default() -> None:
    assert run([*TRAIN, "--cell", "gru", "--steps", "1", "-o", "m"]) == 0
    assert run([*TRAIN, "--cell", "lstm", "--resume", "-o", "m"]) == 2
    assert run([*TRAIN, "--cell", "gru", "--steps", "2", "--resume", "-o", "m"]) == 0


def test_a_foreign_log_is_not_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    Path("m-log.csv").write_text("mine\n")
    assert run([*TRAIN, "--steps", "1", "-o", "m"]) == 2
    assert Path("m-log.csv").read_text() == "mine\n"


@pytest.mark.parametrize("option", ["--hidden", "--embedding", "--layers"])
def test_a_model_larger_than_memory_is_refused_before_it_is_made(
    option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqcli.training.device.memory", lambda: 100_000)
    assert run([*TRAIN, option, "500", "--steps", "1", "-o", "m"]) == 2
    assert "takes about" in capsys.readouterr().err
    assert not Path("m").exists()


def test_messages_go_to_a_log_with_their_times(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--log-file", "run.log", "--steps", "1", "-o", "m"]
    assert run([*TRAIN, *arguments]) == 0
    assert capsys.readouterr().err == ""  # quiet all the same
    lines = Path("run.log").read_text().splitlines()
    assert any(line.endswith("saved m") for line in lines)
    assert all(line[4] == line[7] == "-" and line[10] == "T" for line in lines)
    assert run([*TRAIN, *arguments]) == 2
    assert "error: m: a model is already there" in Path("run.log").read_text().splitlines()[-1]
    assert len(Path("run.log").read_text().splitlines()) > len(lines)
    assert run([*TRAIN, "--log-file", "text", "--steps", "1", "-o", "other"]) == 2
    assert Path("text").read_text().startswith("the sky")


@pytest.mark.parametrize("name", ["m-log.csv", "m-state.safetensors"])
def test_a_log_of_messages_is_no_file_of_the_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*TRAIN, "--log-file", name, "--steps", "1", "-o", "m"]) == 2
    assert f"name the same file: {name}" in capsys.readouterr().err
    assert Path(name).read_bytes() == b""
    assert not Path("m").exists()


@pytest.mark.parametrize("source", ["texts", "texts/*"])
def test_a_log_of_messages_is_not_among_what_is_read(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("texts").mkdir()
    Path("text").rename("texts/a")
    log = ["--log-file", "texts/run.log"]
    assert run([TRAIN[0], source, *TRAIN[2:], *log, "--steps", "1", "-o", "m"]) == 2
    assert "--log-file texts/run.log: this command reads that file" in capsys.readouterr().err
    assert Path("texts/run.log").read_bytes() == b""
