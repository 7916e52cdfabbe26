"""Several processes that train one model: they learn what one process learns from the whole batch, and end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from seqcli.files.checkpoint import load_checkpoint
from seqcli.training.distributed import ALONE, Processes, joined
from tests.processes import Command, start_together

TEXT = "".join(f"the {place} is {colour}\n" for place in ("sky", "sea", "river") for colour in ("grey", "blue")) * 60
PAIRS = "".join(f"{a} the {b}\t{b}{a}\n" for a in ("cat", "dog", "cow", "hen") for b in ("runs", "sleeps", "eats")) * 20
TAGGED = "".join(f"{a}\tA\n{b}\tB\n\n" for a in ("cat", "dog", "cow", "hen") for b in ("runs", "sleeps", "eats")) * 20
ROWS = "id,month,y\n" + "".join(
    f"{shop},{2020 + t // 12}-{t % 12 + 1:02d},{100 + shop + 30 * ((t + shop) % 12 > 6) + t * shop % 7}\n"
    for shop in range(50)
    for t in range(36)
)
LM = ["train-lm", "text", "--tokens", "word", "--hidden", "24", "--layers", "1"]
MT = ["train-mt", "pairs", "--hidden", "16", "--layers", "1", "--valid-share", "0.05"]
TAG = ["train-tagger", "tagged", "--hidden", "12", "--valid-share", "0.05"]
FORECAST = ["forecast", "panel", "--horizon", "6", "--method", "rnn"]
EXACT = ["--dropout", "0", "--device", "cpu", "--precision", "fp32"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "text").write_text(TEXT)
    (tmp_path / "pairs").write_text(PAIRS)
    (tmp_path / "tagged").write_text(TAGGED)
    (tmp_path / "panel").write_text(ROWS)
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


def stop(running: list[Command], state: Path) -> None:
    """Terminate one that is not the first as soon as there is a state."""
    while not state.exists() and running[0].running:
        time.sleep(0.01)
    running[1].signal(signal.SIGTERM)
    codes, said = finish(running)
    assert codes == [143, 0], said  # torchrun ends all when one fails: the first, the last to have something to do
    assert said[0].count("--resume") == 1
    assert not said[1]


def same(first: Path, second: Path) -> None:
    a, b = load_checkpoint(first), load_checkpoint(second)
    for name, value in a.tensors.items():
        np.testing.assert_allclose(value, b.tensors[name], atol=1e-4, err_msg=name)
    figure = {"forecast": "quantile_loss", "tag": "accuracy"}.get(a.task, "nll_per_token")
    assert a.metrics[figure] == pytest.approx(b.metrics[figure], abs=1e-4)


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


@pytest.mark.parametrize("batch", [40, 1])  # of 2 steps: one sentence, so that one process has nothing to read
def test_tagging_divides_its_sentences(folder: Path, batch: int) -> None:
    run(folder, 1, [*TAG, *EXACT, "--batch-size", str(2 * batch), "--steps", "6", "-o", "one.tag"])
    run(folder, 2, [*TAG, *EXACT, "--batch-size", str(batch), "--steps", "6", "-o", "two.tag"])
    same(folder / "one.tag", folder / "two.tag")


def test_forecast_divides_its_windows(folder: Path) -> None:
    """The batch is the same in any number of processes: what two begin, one of them stops and three end is what one
    learns. Only the first forecasts."""
    command = [*FORECAST, "--steps", "12", "--save"]
    run(folder, 1, [*command, "one.fc", "-o", "one.csv"])
    running = start_together(folder, 2, [*command, "two.fc", "--save-interval", "0.001"])
    stop(running, folder / "two.fc-state.safetensors")
    run(folder, 3, [*command, "two.fc", "-o", "two.csv", "--resume"])
    same(folder / "one.fc", folder / "two.fc")
    one, two = ((folder / name).read_text().splitlines() for name in ("one.csv", "two.csv"))
    assert len(one) == len(two) == 1 + 50 * 6


@pytest.mark.parametrize("method", ["theta", "auto"])
def test_where_nothing_is_trained_the_first_process_forecasts(folder: Path, method: str) -> None:
    (folder / "short").write_text("".join(ROWS.splitlines(keepends=True)[:37]))
    run(folder, 2, ["forecast", "short", "--method", method, "-o", "out.csv"])
    assert (folder / "out.csv").read_text().startswith("month,forecast,")


def test_a_signal_to_any_process_stops_all_and_the_run_goes_on_exactly(folder: Path) -> None:
    """Dropout masks and the types of the sampled softmax are drawn by each process for itself, and go on where they
    stopped; so does each row of the embedding, which moves when it is drawn."""
    (folder / "text").write_text("".join(f"w{n * n % 1607} w{n % 1607}\n" for n in range(6000)))
    length = ["--softmax", "sampled", "--steps", "40", "--batch-size", "4", "--dropout", "0.2"]
    run(folder, 2, [*LM, *length, "-o", "whole.lm"])
    running = start_together(folder, 2, [*LM, *length, "--save-interval", "0.001", "-o", "stopped.lm"])
    stop(running, folder / "stopped.lm-state.safetensors")
    run(folder, 2, [*LM, *length, "-o", "stopped.lm", "--resume"])
    whole, resumed = load_checkpoint(folder / "whole.lm").tensors, load_checkpoint(folder / "stopped.lm").tensors
    for name, value in whole.items():
        np.testing.assert_array_equal(value, resumed[name], err_msg=name)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train-lm", "missing"], 3, "missing: cannot be read"),
        (["train-lm", "-"], 2, "cannot share standard input"),
        (["train-lm", "text", "--hidden", "x"], 2, "must be a whole number"),
        (["train-lm", "text", "-o", "/proc/x/y"], 1, "cannot be written"),
        (
            [*LM, "--learning-rate", "10000", "--weight-decay", "10000", "--steps", "60", "-o", "nan.lm"],
            1,
            "not been finite",
        ),
        (["forecast", "text"], 3, "text"),
        (["forecast", "-"], 2, "cannot share standard input"),
        ([*FORECAST, "--horizon", "30", "--steps", "9"], 3, "too few to train"),
        ([*FORECAST, "--save", "no.fc", "--resume"], 2, "no run to resume"),
    ],
    ids=["data", "stdin", "usage", "output", "nan", "table", "stdin of forecast", "small panel", "no state"],
)
def test_an_error_ends_all_processes_and_is_said_once(
    folder: Path, arguments: list[str], code: int, message: str
) -> None:
    codes, said = finish(start_together(folder, 2, arguments))
    assert codes == [code] * 2, said
    assert message in said[0]
    assert said[0].count("error:") == 1
    assert said[1] == ""


def test_the_first_ones_length_holds(folder: Path) -> None:
    """The budget that is left when training begins differs by what each has done before."""
    codes, said = finish(start_together(folder, 2, [*LM, "--steps", "5", "-o", "x.lm"], last=["--steps", "9"]))
    assert codes == [0, 0], said
    assert load_checkpoint(folder / "x.lm").metrics["steps"] == 5


def test_a_killed_process_ends_the_others(folder: Path) -> None:
    running = start_together(folder, 2, [*LM, "--steps", "100000", "--save-interval", "0.001", "-o", "killed.lm"])
    while not (folder / "killed.lm-state.safetensors").exists() and running[0].running:
        time.sleep(0.01)
    running[1].signal(signal.SIGKILL)
    codes, said = finish(running)
    assert codes == [1, -9]
    assert "another process of this run has ended or cannot be reached" in said[0]
    assert "--resume" in said[0]
    assert "Traceback" not in said[0]


TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def test_torchrun(folder: Path) -> None:
    command = [*TORCHRUN, "-m", "seqcli"]
    arguments = [*LM, "--batch-size", "4", "--steps", "5", "-o", "x.lm"]
    done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("saved ") == 1
    load_checkpoint(folder / "x.lm", task="lm")


SIGNALS = [("forecast", signal.SIGINT)]
if "SEQCLI_TORTURE" in os.environ:
    SIGNALS += [(name, number) for name in ("train-lm", "train-mt") for number in (signal.SIGINT, signal.SIGTERM)]
    SIGNALS += [("forecast", signal.SIGTERM)]


@pytest.mark.parametrize(("name", "number"), SIGNALS)
def test_a_signal_to_torchrun_itself(folder: Path, name: str, number: signal.Signals) -> None:
    """It hands the signal on. What torchrun says of itself then, a traceback, is its own: the processes' streams are
    kept apart here."""
    commands = {"train-lm": [*LM, "-o"], "train-mt": [*MT, "-o"], "forecast": [*FORECAST, "--save"]}
    arguments = [*commands[name], "x.model", "--steps", "1000000", "--save-interval", "0.001"]
    apart = ["--log-dir", str(folder / "logs"), "--redirects", "3", "-m", "seqcli"]
    with subprocess.Popen([*TORCHRUN, *apart, *arguments], cwd=folder, stderr=subprocess.DEVNULL) as running:
        while not (folder / "x.model-state.safetensors").exists() and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(number)
        running.wait(timeout=120)
    (first,), (second,) = folder.glob("logs/*/*/0/stderr.log"), folder.glob("logs/*/*/1/stderr.log")
    said = first.read_text()
    assert said.count("resume with: seqcli") == 1
    assert "Traceback" not in said
    assert second.read_text() == ""
    load_checkpoint(folder / "x.model")


def test_shares_are_even_and_whole() -> None:
    for size in (1, 2, 3, 7):
        parts = [Processes(rank, size).shard(20) for rank in range(size)]
        assert [number for part in parts for number in part] == list(range(20))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_process_alone_talks_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda *a, **k: pytest.fail("it was set up"))
    with joined("cpu") as processes:
        assert processes == ALONE
        assert processes.broadcast(lambda: 3) == processes.local_first(lambda: 3) == 3
        assert processes.any_stop(True, 2.5) == (True, 2.5)


def test_a_process_that_stands_still_ends_the_others(folder: Path) -> None:
    running = start_together(
        folder,
        2,
        [*LM, *EXACT, "--steps", "100000", "--save-interval", "0.1", "-o", "still.lm"],
        environment={"SEQCLI_STEP_TIMEOUT": "3"},
    )
    while not (folder / "still.lm-state.safetensors").exists() and running[0].running:
        time.sleep(0.01)
    running[1].signal(signal.SIGSTOP)
    code, said = running[0].finish()
    running[1].signal(signal.SIGKILL)
    running[1].finish()
    assert code == 1, said
    assert "another process of this run has not answered for 3 seconds" in said
    assert said.count("error: ") == 1
