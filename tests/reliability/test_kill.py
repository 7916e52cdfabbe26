"""Training killed at random moments while it saves at every step: what is on the disk is always whole, and the run
resumed from it ends with the very bytes of a run that was never disturbed.

In the ordinary test run one kill for each task and cell; `make torture` asks for many in all (SEQCLI_TORTURE=500) and
prints what it found.
"""

from __future__ import annotations

import math
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqcli.files.checkpoint import load_checkpoint
from seqcli.files.output import TEMPORARY
from seqcli.model.cells import CELLS
from seqcli.training.state import load_state
from tests.processes import Command

TEXT = "".join(f"the {place} is {colour}\n" for place in ("sky", "sea", "river") for colour in ("grey", "blue")) * 60
PAIRS = "".join(f"the {a} {b}\t{b}{a}\n" for a in ("cat", "dog", "cow", "hen") for b in ("runs", "sleeps", "eats")) * 20
TAGGED = "".join(f"{a}\tA\n{b}\tB\n\n" for a in ("cat", "dog", "cow", "hen") for b in ("runs", "sleeps", "eats")) * 20
ROWS = "id,month,y\n" + "".join(
    f"{shop},{2021 + t // 12}-{t % 12 + 1:02d},{100 + shop + t * shop % 7}\n" for shop in range(50) for t in range(24)
)

OFTEN = ["--save-interval", "0.001", "--quiet"]
SMALL = ["--hidden", "8", "--layers", "1", "--device", "cpu", "--steps", "60", *OFTEN, "-o", "model.safetensors"]
LM = ["train-lm", "text", "--tokens", "word", "--batch-size", "4", "--bptt", "8", "--dropout", "0.2", *SMALL]
MT = ["train-mt", "pairs", "--valid-share", "0.05", "--dropout", "0.2", *SMALL]
TAG = ["train-tagger", "tagged", "--valid-share", "0.05", "--dropout", "0.2", "--batch-size", "40", *SMALL]
ASR = ["train-asr", "recordings", "--valid-share", "0.2", "--dropout", "0.2", "--batch-size", "2", *SMALL]
FORECAST = ["forecast", "panel", "--horizon", "6", "--method", "rnn", *OFTEN, "--save", "model.safetensors"]
RUNS = {
    **{f"lm {cell}": [*LM, "--cell", cell, "--precision", "fp32"] for cell in CELLS},
    "lm bf16": [*LM, "--cell", "lstm", "--precision", "bf16"],
    "mt": [*MT, "--precision", "fp32"],
    "asr": [*ASR, "--precision", "fp32"],
    "tag": [*TAG, "--precision", "fp32"],
    "forecast": [*FORECAST, "--steps", "12"],
}
KILLS = math.ceil(int(os.environ.get("SEQCLI_TORTURE", "1")) / len(RUNS))


def write_recordings(folder: Path) -> None:
    """Ten recordings of noise with transcripts beside them."""
    folder.mkdir()
    for number in range(10):
        noise = np.random.default_rng(number).normal(0, 0.1, 2400)
        soundfile.write(folder / f"{number}.wav", noise, 8000)
        (folder / f"{number}.txt").write_text("yes" if number % 2 else "no")


def start(folder: Path, run: str, *more: str) -> Command:
    return Command(folder, [*RUNS[run], *more])


def stamp(path: Path) -> int:
    """When the file was written last."""
    return path.stat().st_mtime_ns if path.exists() else 0


def finish(command: Command) -> None:
    code, said = command.finish()
    assert code == 0, said


@pytest.mark.parametrize("run", list(RUNS))
def test_killed_runs_resume_to_the_same_bytes(tmp_path: Path, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
        (folder / "text").write_text(TEXT)
        (folder / "pairs").write_text(PAIRS)
        (folder / "tagged").write_text(TAGGED)
        write_recordings(folder / "recordings")
        (folder / "panel").write_text(ROWS)
    command = start(whole, run)
    while not (whole / "model.state.safetensors").exists() and command.running:
        time.sleep(0.001)
    began = time.monotonic()
    finish(command)
    length = time.monotonic() - began
    expected = load_checkpoint(whole / "model.safetensors").tensors
    model, state = killed / "model.safetensors", killed / "model.state.safetensors"
    rng = random.Random(run)
    kills = cut = chains = reached = 0
    while kills < KILLS or state.exists():
        command = start(killed, run, *(["--resume"] if state.exists() else ["--overwrite"]))
        if kills < KILLS:
            before = stamp(state)
            while stamp(state) == before and command.running:
                time.sleep(0.001)  # until it saves: what comes before has nothing to lose
            time.sleep(rng.uniform(0, length / 2))
            command.signal(signal.SIGKILL)
        code, said = command.finish()
        assert code in (0, -signal.SIGKILL), said
        kills += code != 0
        cut += any(killed.glob(f".*{TEMPORARY}"))  # it was in the middle of a file
        step = load_state(state).position.step  # every byte verified
        assert step >= reached, "an older state came back"
        reached = step
        if model.exists():
            load_checkpoint(model)
        if code == 0:
            assert reached == load_state(whole / "model.state.safetensors").position.step
            for name, value in load_checkpoint(model).tensors.items():
                np.testing.assert_array_equal(value, expected[name], err_msg=name)
            left = {path.name for path in killed.iterdir()}
            assert left == {
                "text",
                "pairs",
                "tagged",
                "recordings",
                "panel",
                "model.safetensors",
                "model.state.safetensors",
                "model.log.csv",
            }
            chains, reached = chains + 1, 0
            model.unlink()
            state.unlink()
    assert chains
    with capsys.disabled():
        if KILLS > 1:
            print(f"\n{run}: {kills} kills, {cut} of them in the middle of a file, {chains} runs ended as undisturbed")
