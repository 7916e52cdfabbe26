"""Translation models under the commands that know every task, and lines that stay lines."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from seqcli.cli.app import run

PAIRS = [(f"{number} red birds", f"{number} oiseaux rouges") for number in range(40)]
MODEL = "checkpoints/pairs.mt.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `pairs.tsv` and the model trained on it; use it through `here`."""
    path = tmp_path_factory.mktemp("commands")
    (path / "pairs.tsv").write_text("".join(f"{s}\t{t}\n" for s, t in PAIRS), encoding="utf-8")
    command = [
        "train-mt",
        "pairs.tsv",
        "--tokens",
        "word",
        "--hidden",
        "16",
        "--embedding",
        "8",
        "--steps",
        "3",
        "--json",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "seqcli", *command], cwd=path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == MODEL
    assert f"saved {MODEL}" in done.stderr
    return path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def give(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_translate_keeps_lines_aligned(here, capsys, monkeypatch):
    give(monkeypatch, "3 red birds\n\n \r\na\u2028b\n7 birds".encode())
    assert run(["translate"]) == 0
    out, err = capsys.readouterr()
    lines = out.split("\n")
    assert len(lines) == 6  # five lines and the end of the last
    assert lines[1:3] == ["", ""]
    assert f"using {MODEL}" in err


def test_lines_with_tabs_are_remarked_on(here, capsys, monkeypatch):
    give(monkeypatch, b"3 red birds\t3 oiseaux rouges\n7 birds\t\n4 red birds\n")
    assert run(["translate"]) == 0
    assert "1 of 3 lines hold TABs" in capsys.readouterr().err


def test_score_gives_a_row_a_line(here, capsys, monkeypatch):
    give(monkeypatch, b"\n3 red birds\t3 oiseaux rouges\n\n\n4 red birds\trouges\r\n\n")
    assert run(["score", MODEL]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["text"] for row in rows] == ["", "3 red birds\t3 oiseaux rouges", "", "", "4 red birds\trouges", ""]
    assert [row["tokens"] for row in rows] == ["0", "4", "0", "0", "2", "0"]
    assert float(rows[1]["log_probability"]) < 0


def test_token_surprisals_sum_to_the_line(here, capsys, monkeypatch):
    line = b"\n3 red birds\t3 oiseaux rouges\n"
    give(monkeypatch, line)
    assert run(["score", MODEL, "--format", "ndjson"]) == 0
    total = json.loads(capsys.readouterr().out.splitlines()[1])["log_probability"]
    give(monkeypatch, line)
    assert run(["score", MODEL, "--format", "ndjson", "--per-token"]) == 0
    tokens = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert {row["line"] for row in tokens} == {2}
    assert -sum(row["surprisal"] for row in tokens) == pytest.approx(total)


@pytest.mark.parametrize("line", ["no tab", "a\tb\tc", "\tno source", "no target\t"])
def test_score_names_the_line_that_is_no_pair(here, capsys, monkeypatch, line):
    give(monkeypatch, f"1 red\t1 rouge\n{line}\n".encode())
    assert run(["score", MODEL]) == 3
    assert "line 2" in capsys.readouterr().err


def test_evaluate(here, capsys):
    assert run(["evaluate", MODEL, "pairs.tsv", "--json", "--beam", "1"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["task"] == "mt"
    assert result["sentences"] == len(PAIRS)
    assert {"bleu", "bleu_signature", "chrf", "sentences_per_second"} <= set(result)
    assert run(["evaluate", MODEL, "pairs.tsv", "--dynamic"]) == 2


def test_info(here, capsys):
    assert run(["info", MODEL, "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["task"] == "mt"
    assert described["tokenizer"]["kind"] == "word"


def test_generate_refuses_a_translation_model(here, capsys):
    assert run(["generate", "--model", MODEL, "--prompt", "x"]) == 4
    assert capsys.readouterr().err.startswith("error: ")
