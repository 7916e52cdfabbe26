"""Training killed at a random moment while it saves often: what is on the disk is always whole, and the run resumed
from it ends with the very bytes of a run that was never disturbed.

In the ordinary test run a few kills per task; `make torture` asks for many (SEQCLI_TORTURE=500).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from seqcli.checkpoint import TEMPORARY, load_checkpoint, read_tensors

KILLS = int(os.environ.get("SEQCLI_TORTURE", "1"))
STEPS = 40

TEXT = "".join(f"the {place} is {colour}\n" for place in ("sky", "sea", "river") for colour in ("grey", "blue")) * 60
PAIRS = "".join(f"the {a} {b}\t{b}{a}\n" for a in ("cat", "dog", "cow", "hen") for b in ("runs", "sleeps", "eats")) * 20

COMMANDS = {
    "lm": ["train-lm", "data", "--tokens", "word", "--hidden", "24", "--layers", "1", "--batch-size", "4"],
    "mt": ["train-mt", "data", "--hidden", "16", "--layers", "1", "--valid-share", "0.05"],
}


def start(folder: Path, task: str, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "seqcli", *COMMANDS[task], "--steps", str(STEPS), "--save-interval", "0.01"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    output = ["-o", str(folder / f"model.{task}.safetensors"), *more]
    return subprocess.Popen([*command, *output], cwd=folder, env=environment, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said.decode()


@pytest.mark.parametrize("task", list(COMMANDS))
def test_killed_runs_resume_to_the_same_bytes(tmp_path: Path, task: str) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    for folder in (undisturbed, killed):
        folder.mkdir()
        (folder / "data").write_text(TEXT if task == "lm" else PAIRS)
    began = time.monotonic()
    finish(start(undisturbed, task))
    whole = time.monotonic() - began
    model, state = killed / f"model.{task}.safetensors", killed / f"model.{task}.state.safetensors"
    rng = random.Random(task)
    for number in range(KILLS):
        process = start(killed, task, *(["--resume"] if state.exists() else ["--overwrite"]))
        # from the first saving on: half-way through a run nothing else is of interest
        while not state.exists() and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, whole if number else 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        read_tensors(state)
        if model.exists():
            load_checkpoint(model, task=task)
    finish(start(killed, task, "--resume"))
    expected = load_checkpoint(undisturbed / model.name).tensors
    for name, value in load_checkpoint(model).tensors.items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)
    assert not list(killed.glob(f"*{TEMPORARY}*"))
    assert not list(killed.glob(".*.lock"))
