"""What the commands that train share: the name of the model, being stopped, the words at the end."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import typer

from seqcli.cli.app import run
from seqcli.cli.train import Interruption, leave, output_path, report_outcome, resume_command
from seqcli.files.checkpoint import Checkpoint
from seqcli.training.options import Progress
from seqcli.training.pipeline import TrainOutcome

PROGRESS = Progress(step=1, epoch=0.1, share=0.1, seconds=1.0, loss=1.0, learning_rate=0.1, tokens_per_second=1.0)


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        (["/data/corpus.txt"], "corpus.lm.safetensors"),
        (["a.b.txt.gz", "c.txt"], "a.b.lm.safetensors"),
        (["-"], "stdin.lm.safetensors"),
        (["plain"], "plain.lm.safetensors"),
        ([".hidden"], ".hidden.lm.safetensors"),
        (["texts/*.txt"], "texts.lm.safetensors"),
        (["texts/*/[ab].txt"], "texts.lm.safetensors"),
    ],
)
def test_models_are_named_after_the_first_input(tmp_path, monkeypatch, inputs, name):
    monkeypatch.chdir(tmp_path)
    assert output_path(None, inputs, "lm") == Path("checkpoints") / name
    assert Path("checkpoints").is_dir()


def test_a_model_of_the_current_folder_is_named_after_it(tmp_path, monkeypatch):
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path / "digits")
    for here in (".", "./", "../digits/."):
        assert output_path(None, [here], "asr") == Path("checkpoints/digits.asr.safetensors")


def test_a_given_output_is_taken_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert output_path("x/y.model", ["a.txt"], "lm") == Path("x/y.model")
    assert not Path("checkpoints").exists()


@pytest.mark.parametrize(
    ("number", "code", "again"),
    [
        (signal.SIGINT, 130, "Ctrl-C again"),
        (signal.SIGTERM, 143, "a second signal"),
        (signal.SIGHUP, 143, "a second signal"),
    ],
)
def test_a_signal_in_training_asks_for_a_stop(capsys, number, code, again):
    before = signal.getsignal(number)
    seen: list[Progress] = []
    with Interruption() as interruption:
        interruption.watch(seen.append)(PROGRESS)
        assert not interruption.requested()
        os.kill(os.getpid(), number)
        assert interruption.requested()
    assert seen == [PROGRESS]
    assert signal.getsignal(number) == before
    err = capsys.readouterr().err
    assert "saving" in err
    assert again in err
    with pytest.raises(typer.Exit) as left:
        leave(interruption)
    assert left.value.exit_code == code


def test_a_second_signal_leaves_at_once():
    with Interruption() as interruption:
        interruption.watch(lambda progress: None)(PROGRESS)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_before_training_leaves_at_once(number, kind):
    with Interruption(), pytest.raises(kind):
        os.kill(os.getpid(), number)


def test_an_undisturbed_run_leaves_quietly():
    with Interruption() as interruption:
        pass
    assert interruption.exit_code == 0
    leave(interruption)


def test_a_run_that_another_process_stopped_leaves_as_terminated():
    with Interruption() as interruption:
        pass
    with pytest.raises(typer.Exit) as left:
        leave(interruption, "stopped")
    assert left.value.exit_code == 143


def test_the_resuming_command_keeps_the_options():
    arguments = ["train-lm", "my corpus.txt", "--overwrite", "--budget", "5m"]
    assert resume_command(arguments) == "seqcli train-lm 'my corpus.txt' --budget 5m --resume"
    assert resume_command([*arguments, "--resume"]) == resume_command(arguments)
    for base in (["--init-from", "m.safetensors"], ["--init-from=m.safetensors"]):  # its weights are in the state
        assert resume_command([*arguments, *base]) == resume_command(arguments)


@pytest.mark.parametrize(("ended", "last"), [("finished", "try: seqcli generate"), ("stopped", "resume with: seqcli")])
def test_the_end_says_where_the_model_is_and_what_to_do(capsys, ended, last):
    made = Checkpoint("lm", {}, {}, metrics={"perplexity": 98.5})
    outcome = TrainOutcome(Path("checkpoints/x.lm.safetensors"), made, ended, 65.2)
    report_outcome(outcome, task="lm", said="validation perplexity 98.50", try_out="seqcli generate", as_json=True)
    out, err = capsys.readouterr()
    said, saved, command = err.splitlines()
    assert said == "validation perplexity 98.50; 1m 05s in all"
    assert saved == "saved checkpoints/x.lm.safetensors"
    assert command.startswith(last)
    assert json.loads(out) == {
        "task": "lm",
        "model": "checkpoints/x.lm.safetensors",
        "ended": ended,
        "seconds": 65.2,
        "perplexity": 98.5,
    }


def test_only_the_first_of_several_processes_prints_json(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    outcome = TrainOutcome(Path("x"), Checkpoint("lm", {}, {}), "finished", 1)
    report_outcome(outcome, task="lm", said="", try_out="", as_json=True)
    assert capsys.readouterr().out == ""


def test_validating_on_what_was_learnt_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text, linked, other = tmp_path / "text", tmp_path / "linked", tmp_path / "other"
    for path in (text, other):
        path.write_text("the sky is grey\n" * 20)
    linked.symlink_to(text)
    command = ["train-lm", str(text), "--hidden", "8", "--layers", "1", "--steps", "1", "--overwrite"]
    for valid, expected in ((linked, True), (other, False)):
        assert run([*command, "--valid", str(valid), "-o", str(tmp_path / "m.lm.safetensors")]) == 0
        assert ("is training data, too" in capsys.readouterr().err) == expected


@pytest.mark.parametrize(("valid", "expected"), [("texts/b", True), ("texts/[b]", True), ("other", False)])
@pytest.mark.parametrize("corpus", ["texts", "texts/*"])
def test_validating_on_a_file_of_the_folder_that_was_learnt_is_said(
    tmp_path, monkeypatch, capsys, corpus, valid, expected
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("texts").mkdir()
    for name in ("texts/a", "texts/b", "other"):
        Path(name).write_text("the sky is grey\n" * 20)
    command = ["train-lm", corpus, "--valid", valid, "--hidden", "8", "--layers", "1", "--steps", "1", "-o", "m"]
    assert run(command) == 0
    assert (f"{valid} is training data, too" in capsys.readouterr().err) == expected
