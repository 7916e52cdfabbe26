"""What is shown while a model trains."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest

from seqcli.cli import console
from seqcli.cli.progress import TrainingDisplay, plain_line
from seqcli.training.options import Progress, Validation


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at(seconds: float, *, notice: str | None = None) -> Progress:
    return Progress(
        step=int(seconds * 10),
        epoch=1.5,
        share=seconds / 100,
        seconds=seconds,
        loss=4.5,
        learning_rate=0.002,
        tokens_per_second=12345.6,
        history=[
            Validation(10, 1.0, {"score": 6.0, "perplexity": 403.4}),
            Validation(20, 2.0, {"score": 5.0, "perplexity": 148.41}, sample="hallo\x1b[2J welt"),
        ],
        notice=notice,
    )


def test_plain_line_says_where_the_run_stands():
    assert plain_line(at(25.0), "perplexity") == (
        " 25%, 25s gone, 1m 15s left, step 250, epoch 1.50, loss 4.5000, validation perplexity 148.4, "
        "12,346 tokens/s, learning rate 0.002"
    )


def test_a_finished_run_taken_up_has_no_loss_to_say():
    line = plain_line(replace(at(100.0), loss=math.nan), "perplexity")
    assert line.endswith("step 1,000, epoch 1.50, validation perplexity 148.4")


def test_without_a_terminal_a_line_every_ten_seconds_and_a_last_one(capsys):
    with TrainingDisplay("perplexity") as show:
        for tenth in range(1, 256):
            show(at(tenth / 10))
    assert [line[:4] for line in capsys.readouterr().err.splitlines()] == [" 10%", " 20%", " 26%"]


def test_notices_come_through_and_quiet_silences_all(capsys):
    with TrainingDisplay("perplexity") as show:
        show(at(1.0, notice="stopping after this step"))
    assert capsys.readouterr().err.splitlines()[0] == "stopping after this step"
    with console.saying(console.Verbosity(quiet=True)), TrainingDisplay("perplexity") as show:
        show(at(50.0, notice="unheard"))
    assert capsys.readouterr().err == ""


def test_on_a_terminal_a_bar_the_history_and_the_sample(monkeypatch: pytest.MonkeyPatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with TrainingDisplay("perplexity") as show:
        show(at(25.0))
        console.notice("said meanwhile")
    shown = terminal.getvalue()
    assert "1m 15s left" in shown
    assert "403.4 → 148.4, best 148.4" in shown
    assert "█▁" in shown
    assert "said meanwhile" in shown
    assert "hallo\\x1b[2J welt" in shown
    assert "\x1b[2J" not in shown


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "dumb")
    with TrainingDisplay("perplexity") as show:
        show(at(25.0))
    assert terminal.getvalue().startswith(" 25%")
    assert "\x1b" not in terminal.getvalue()
