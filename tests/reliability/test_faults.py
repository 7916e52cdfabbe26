"""Saving that fails or dies at any point of it: afterwards the old file is there or the new one, never a mixture."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import seqcli.language.objective
from seqcli.cli.app import run
from seqcli.errors import SeqcliError
from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from seqcli.files.output import TEMPORARY, output_lock
from seqcli.training.state import Position, TrainingState, load_state, save_state
from seqcli.training.workers import Workers

TRAIN = ["train-lm", "text", "--tokens", "char", "--hidden", "8", "--layers", "1", "--device", "cpu"]
LENGTH = ["--steps", "3", "-o", "model.safetensors"]


class Crash(BaseException):
    """The machine stops: nothing of the program runs any more, not even what tidies up after errors."""


class Disk:
    """Stands for the calls that reach the disk; counts them, and lets one fail or crash half-way."""

    def __init__(self, patch: pytest.MonkeyPatch, fail_at: int = -1, problem: BaseException | None = None) -> None:
        self.calls: list[str] = []
        self.fail_at, self.problem = fail_at, problem
        for owner, name in ((os, "fsync"), (os, "open"), (Path, "replace")):
            patch.setattr(owner, name, self._counted(name, getattr(owner, name)))
        patch.setattr(Path, "open", self._opening(Path.open))

    def reach(self, call: str) -> None:
        self.calls.append(call)
        if len(self.calls) - 1 == self.fail_at and self.problem is not None:
            raise self.problem

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.reach(name)
            return function(*arguments, **options)

        return counted

    def _opening(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def opened(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if "w" not in mode:
                return function(path, mode, *arguments, **options)
            self.reach("create")
            return _File(self, function(path, mode, *arguments, **options))

        return opened


class _File:
    def __init__(self, disk: Disk, file: Any) -> None:
        self._disk, self._file = disk, file

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *problem: object) -> None:
        self._file.close()

    def write(self, data: Any) -> None:
        data = bytes(data)
        self._file.write(data[: len(data) // 2])
        self._disk.reach("write")  # half of it is there
        self._file.write(data[len(data) // 2 :])

    def flush(self) -> None:
        self._disk.reach("flush")
        self._file.flush()

    def fileno(self) -> int:
        return int(self._file.fileno())


def save_model(path: Path, value: float) -> None:
    tensors = {name: np.full(3, value, np.float32) for name in ("a", "b")}
    save_checkpoint(path, Checkpoint("lm", {"value": value}, tensors, {"tokenizer": b"xyz"}))


def read_model(path: Path) -> float:
    found = load_checkpoint(path)
    values = {found.config["value"], *found.tensors["a"].tolist(), *found.tensors["b"].tolist()}
    (value,) = values
    return float(value)


def save_run(path: Path, value: float) -> None:
    save_state(path, TrainingState({"weights/a": torch.full((3,), value)}, Position(step=int(value))))


def read_run(path: Path) -> float:
    found = load_state(path)
    (value,) = {float(found.position.step), *found.part("weights")["a"].tolist()}
    return value


SAVED = {"model": (save_model, read_model), "state": (save_run, read_run)}


def calls_of_a_saving(folder: Path, save: Callable[[Path, float], None]) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch)
        save(folder / "counted", 1.0)
    (folder / "counted").unlink()
    return disk.calls


@pytest.mark.parametrize("kind", list(SAVED))
@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), OSError(5, "I/O error"), Crash()])
def test_a_fault_at_every_call(tmp_path: Path, kind: str, problem: BaseException) -> None:
    save, read = SAVED[kind]
    calls = calls_of_a_saving(tmp_path, save)
    assert calls.count("write") >= 1
    for number, call in enumerate(calls):
        path = tmp_path / f"{number}.safetensors"
        save(path, 1.0)
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Crash, SeqcliError):
            Disk(patch, number, problem)
            save(path, 2.0)
        renamed = calls[:number].count("replace") == 1
        assert read(path) == (2.0 if renamed else 1.0), call
        temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
        if not isinstance(problem, Crash):
            assert not temporary.exists(), call
        with output_lock(path):  # what the next run does first
            assert not temporary.exists()
        save(path, 3.0)
        assert read(path) == 3.0
    assert len(list(tmp_path.iterdir())) == len(calls)


def test_the_order_that_outlasts_a_power_cut(tmp_path: Path) -> None:
    """The bytes are on the disk before the name is, and the name before saving returns."""
    calls = calls_of_a_saving(tmp_path, save_model)
    assert [call for call in calls if call != "write"] == ["create", "flush", "fsync", "replace", "open", "fsync"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("text").write_text("the sky is grey\nthe river is clear\n" * 40)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    found = capsys.readouterr().err
    assert "Traceback" not in found
    assert found.count("error: ") == 1, found
    return found


def test_a_disk_that_is_full_loses_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*TRAIN, *LENGTH, "--quiet"]) == 0
    state = Path("model.state.safetensors")
    before = state.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        assert run([*TRAIN, "--steps", "6", "-o", "model.safetensors", "--resume", "--quiet"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = said(capsys)
    assert "model.state.safetensors: cannot be written" in found
    assert "free some space" in found
    assert state.read_bytes() == before
    assert {path.name for path in folder.glob("*model*")} == {"model.safetensors", state.name, "model.log.csv"}
    assert run([*TRAIN, "--steps", "6", "-o", "model.safetensors", "--resume", "--quiet"]) == 0


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 24 KB; only root can make one."""
    place = folder / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_real_disk_that_is_full(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["-o", str(small_disk / "model.safetensors"), "--quiet"]
    assert run([*TRAIN, "--steps", "3", *place]) == 1
    assert "No space left" in said(capsys)
    assert not list(small_disk.glob(f".*{TEMPORARY}"))
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert run([*TRAIN, "--steps", "3", *place]) == 0


def test_a_place_that_is_read_only_is_found_out_first(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    Path("text").write_bytes(b"\xff")  # would be an error, too, were it read
    assert run([*TRAIN, "--steps", "3", "-o", str(small_disk / "model.safetensors")]) == 1
    assert "Read-only file system" in said(capsys)


def test_a_loss_that_is_not_a_number(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The state of before stays, and can be gone on from."""
    assert run([*TRAIN, *LENGTH]) == 0
    before = Path("model.state.safetensors").read_bytes()
    resume = [*TRAIN, "-o", "model.safetensors", "--resume", "--steps", "80", "--save-interval", "1s"]
    learned = Workers.gradients
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(Workers, "gradients", lambda *of: (math.nan, learned(*of)[1]))
        assert run(resume) == 1
    found = said(capsys)
    assert "this update is left out" in found
    assert "lower --learning-rate" in found
    assert Path("model.state.safetensors").read_bytes() == before
    assert run([*resume, "--learning-rate", "0.0001"]) == 0
    assert load_state(Path("model.state.safetensors")).position.step == 80


def no_memory(kind: type[Exception], message: str) -> Callable[..., Any]:
    def fail(*arguments: object, **options: object) -> None:
        raise kind(message)

    return fail


@pytest.mark.parametrize("method", ["loss", "validate", "parts"])
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (MemoryError, ""),
        (RuntimeError, "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        (torch.OutOfMemoryError, "CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_out_of_memory_says_what_to_lower(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    method: str,
    kind: type[Exception],
    message: str,
) -> None:
    task = seqcli.language.objective.LanguageModelTask
    monkeypatch.setattr(task, method, no_memory(kind, message))
    assert run([*TRAIN, "--stream", *LENGTH]) == 1
    found = said(capsys)
    assert "error: out of memory" in found
    assert "--batch-size" in found
