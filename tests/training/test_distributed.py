"""Several processes that train one model: they learn what one process learns from the whole batch, and end together."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from seqcli.checkpoint import load_checkpoint
from seqcli.training.distributed import ALONE, Processes, joined
from tests.processes import Command, start_together

TEXT = "".join(f"the {place} is {colour}\n" for place in ("sky", "sea", "river") for colour in ("grey", "blue")) * 60
PAIRS = "".join(f"{a} the {b}\t{b}{a}\n" for a in ("cat", "dog", "cow", "hen") for b in ("runs", "sleeps", "eats")) * 20
LM = ["train-lm", "text", "--tokens", "word", "--hidden", "24", "--layers", "1"]
MT = ["train-mt", "pairs", "--hidden", "16", "--layers", "1", "--valid-share", "0.05"]
EXACT = ["--dropout", "0", "--device", "cpu", "--precision", "fp32"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "text").write_text(TEXT)
    (tmp_path / "pairs").write_text(PAIRS)
    return tmp_path


def finish(running: list[Command]) -> tuple[list[int], list[str]]:
    """Exit codes, and what each said."""
    codes, said = zip(*(command.finish() for command in running), strict=True)
    return list(codes), list(said)


def run(folder: Path, processes: int, arguments: Sequence[str]) -> None:
    codes, said = finish(start_together(folder, processes, arguments))
    assert codes == [0] * processes, said
    assert said[0]
    assert not any(said[1:]), "only the first process prints"


def same(first: Path, second: Path) -> None:
    a, b = load_checkpoint(first), load_checkpoint(second)
    for name, value in a.tensors.items():
        np.testing.assert_allclose(value, b.tensors[name], atol=1e-4, err_msg=name)
    assert a.metrics["nll_per_token"] == pytest.approx(b.metrics["nll_per_token"], abs=1e-4)


def test_two_processes_learn_what_one_learns_from_twice_the_batch(folder: Path) -> None:
    """And a run that two began goes on in one, and is the same again."""
    run(folder, 1, [*LM, *EXACT, "--batch-size", "8", "--steps", "12", "-o", "one.lm"])
    run(folder, 2, [*LM, *EXACT, "--batch-size", "4", "--steps", "12", "-o", "two.lm", "--json"])
    same(folder / "one.lm", folder / "two.lm")
    run(folder, 1, [*LM, *EXACT, "--steps", "18", "-o", "one.lm", "--resume"])
    run(folder, 3, [*LM, *EXACT, "--steps", "18", "-o", "two.lm", "--resume"])
    same(folder / "one.lm", folder / "two.lm")


@pytest.mark.parametrize("batch", [100, 3])  # of 3 tokens: one pair, so that one process has nothing to read
def test_translation_divides_its_pairs(folder: Path, batch: int) -> None:
    run(folder, 1, [*MT, *EXACT, "--batch-size", str(2 * batch), "--steps", "6", "-o", "one.mt"])
    run(folder, 2, [*MT, *EXACT, "--batch-size", str(batch), "--steps", "6", "-o", "two.mt"])
    same(folder / "one.mt", folder / "two.mt")


def test_a_signal_to_any_process_stops_all_and_the_run_goes_on_exactly(folder: Path) -> None:
    """Dropout masks are drawn by each process for itself, and go on where they stopped."""
    length = ["--steps", "40", "--batch-size", "4", "--dropout", "0.2"]
    run(folder, 2, [*LM, *length, "-o", "whole.lm"])
    running = start_together(folder, 2, [*LM, *length, "--save-interval", "0.001", "-o", "stopped.lm"])
    state = folder / "stopped.state.safetensors"
    while not state.exists() and running[0].running:
        time.sleep(0.01)
    running[1].signal(signal.SIGTERM)
    codes, said = finish(running)
    assert codes == [143, 143], said
    assert "--resume" in said[0]
    run(folder, 2, [*LM, *length, "-o", "stopped.lm", "--resume"])
    whole, resumed = load_checkpoint(folder / "whole.lm").tensors, load_checkpoint(folder / "stopped.lm").tensors
    for name, value in whole.items():
        np.testing.assert_array_equal(value, resumed[name], err_msg=name)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train-lm", "missing"], 3, "missing: cannot be read"),
        (["train-lm", "-"], 2, "cannot share standard input"),
        (["train-lm", "text", "--hidden", "x"], 2, "invalid value"),
        (["train-lm", "text", "-o", "/proc/x/y"], 1, "cannot be written"),
        ([*LM, "--learning-rate", "1e38", "--steps", "25", "-o", "nan.lm"], 1, "not been finite"),
    ],
    ids=["data", "stdin", "usage", "output", "nan"],
)
def test_an_error_ends_all_processes_and_is_said_once(
    folder: Path, arguments: list[str], code: int, message: str
) -> None:
    codes, said = finish(start_together(folder, 2, arguments))
    assert codes == [code] * 2, said
    assert message in said[0]
    assert said[0].count("error:") == 1
    assert said[1] == ""


def test_a_killed_process_ends_the_others(folder: Path) -> None:
    running = start_together(folder, 2, [*LM, "--steps", "100000", "--save-interval", "0.001", "-o", "killed.lm"])
    while not (folder / "killed.state.safetensors").exists() and running[0].running:
        time.sleep(0.01)
    running[1].signal(signal.SIGKILL)
    codes, said = finish(running)
    assert codes == [1, -9]
    assert "lost another process" in said[0]
    assert "--resume" in said[0]
    assert "Traceback" not in said[0]


def test_torchrun(folder: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "seqcli"]
    arguments = [*LM, "--batch-size", "4", "--steps", "5", "-o", "x.lm"]
    done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("saved ") == 1
    load_checkpoint(folder / "x.lm", task="lm")


def test_shares_are_even_and_whole() -> None:
    for size in (1, 2, 3, 7):
        parts = [Processes(rank, size).share(20) for rank in range(size)]
        assert [number for part in parts for number in part] == list(range(20))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_process_alone_talks_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda *a, **k: pytest.fail("it was set up"))
    with joined("cpu") as processes:
        assert processes == ALONE
        assert processes.decide(lambda: 3) == processes.together(lambda: 3) == 3
        assert processes.agree(True, 2.5) == (True, 2.5)
