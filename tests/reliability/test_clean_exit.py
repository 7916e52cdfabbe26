"""A hundred runs of two processes, only in `make torture`: each ends cleanly, and leaves a model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seqcli.files.checkpoint import load_checkpoint
from tests.processes import start_together

ARGUMENTS = [
    "train-lm",
    "text",
    "--tokens",
    "word",
    "--hidden",
    "8",
    "--layers",
    "1",
    "--batch-size",
    "4",
    "--steps",
    "5",
]


@pytest.mark.skipif("SEQCLI_TORTURE" not in os.environ, reason="`make torture` does this")
def test_a_hundred_runs_end_cleanly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "text").write_text("the sky is grey\nthe river is clear\n" * 100)
    clean = 0
    for number in range(100):
        ended = [command.finish() for command in start_together(folder, 2, [*ARGUMENTS, "-o", f"{number}.lm"])]
        assert [code for code, _ in ended] == [0, 0], ended
        assert ended[1] == (0, "")
        load_checkpoint(folder / f"{number}.lm", task="lm")
        clean += 1
    with capsys.disabled():
        print(f"\ntwo processes: {clean} runs of 100 ended cleanly")
