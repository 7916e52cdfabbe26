"""`train-mt` and `translate` as a user meets them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from seqcli.cli.app import run
from seqcli.cli.translate import picture
from seqcli.translation.lines import Alignment
from tests.translation.conftest import PAIRS, write_pairs


def test_arguments_are_translated(model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["translate", "--model", str(model_path), PAIRS[0][0], PAIRS[9][0]]) == 0
    assert capsys.readouterr().out == f"{PAIRS[0][1]}\n{PAIRS[9][1]}\n"


def test_lines_in_lines_out_without_torch(model_path: Path) -> None:
    code = (
        "import sys; from seqcli.cli.app import run; "
        f"code = run(['translate', '--model', {str(model_path)!r}]); "
        "assert not {'torch', 'pandas'} & set(sys.modules), 'heavy'; sys.exit(code)"
    )
    text = f"{PAIRS[0][0]}\r\n\n  \n{PAIRS[5][0]}"
    done = subprocess.run([sys.executable, "-c", code], input=text.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"{PAIRS[0][1]}\n\n\n{PAIRS[5][1]}\n"


def test_json_with_attention_and_alternatives(model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["translate", "-m", str(model_path), "--format", "ndjson", "--attention", "--n-best", "2", "the dog"]) == 0
    )
    captured = capsys.readouterr()
    record = json.loads(captured.out)
    assert record["source"] == "the dog"
    assert len(record["others"]) == 1
    assert record["score"] >= record["others"][0]["score"]
    (part,) = record["attention"]
    assert [len(row) for row in part["weights"]] == [len(part["source"])] * len(part["target"])
    assert "█" in captured.err or "▓" in captured.err


def test_several_translations_are_numbered(model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["translate", "-m", str(model_path), "--n-best", "3", "the dog", "the cat"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == ["1"] * 3 + ["2"] * 3
    assert all(float(row[1]) <= 0 for row in rows)


def test_a_drawing(model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["translate", "-m", str(model_path), "the <dog>", "", "the cat", "--plot"]
    path = tmp_path / "a.svg"
    assert run([*command, str(path)]) == 0
    labels = [node.text for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]
    assert {"<dog>", "cat", "chat"} <= set(labels)
    assert labels.count("the") == 2
    for ending, begin in ((".png", b"\x89PNG"), (".pdf", b"%PDF")):
        assert run([*command, str(path.with_suffix(ending))]) == 0
        assert path.with_suffix(ending).read_bytes().startswith(begin)
    assert run([*command[:3], "", "--plot", str(tmp_path / "empty.svg")]) == 0
    assert "nothing is drawn" in capsys.readouterr().err
    assert run([*command, str(tmp_path / "a.bmp")]) == 2
    assert run([*command, str(path / "a.svg")]) == 1  # a file in the way
    capsys.readouterr()


def test_a_drawing_is_no_larger_than_a_picture_may_be(
    model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("seqcli.cli.translate.MOST_DRAWN", 8)
    assert run(["translate", "-m", str(model_path), *["the dog"] * 9, "--plot", str(tmp_path / "a.svg")]) == 0
    assert re.search("drawn in .*, the first [1-4] of 9", capsys.readouterr().err)


def test_quality_is_estimated(model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["translate", "-m", str(model_path)]
    assert run([*command, "--format", "ndjson", PAIRS[0][0]]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["quality"] > 50
    assert record["cut"] is False
    assert run([*command, "--min-quality", "100", PAIRS[0][0], "dog dog dog cat", "", PAIRS[5][0]]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 4
    assert captured.out.split("\n")[1] == ""
    assert "--min-quality" in captured.err


def test_a_file_is_not_translated_by_its_name(
    model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "input.txt"
    path.write_text("the dog\n", encoding="utf-8")
    assert run(["translate", "-m", str(model_path), str(path)]) == 2
    assert f"seqcli translate < {path}" in capsys.readouterr().err


def test_a_glossary_file(model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("dog\toiseau\n", encoding="utf-8")
    assert run(["translate", "-m", str(model_path), "--glossary", str(path), PAIRS[0][0], "the red dog"]) == 0
    assert "oiseau" in capsys.readouterr().out.splitlines()[1]


def test_evaluation_by_several_models(model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_pairs(tmp_path / "some.tsv", PAIRS[::40])
    command = ["evaluate", str(model_path), path, "--json"]
    assert run([*command, "--ensemble", str(model_path), "--max-length", "30"]) == 0
    assert json.loads(capsys.readouterr().out)["exact"] > 0.9
    (tmp_path / "more.tsv").write_text("one side\n", encoding="utf-8")
    assert run([*command, str(tmp_path / "more.tsv")]) == 3
    assert "--skip-bad" in capsys.readouterr().err
    assert run([*command, str(tmp_path / "more.tsv"), "--skip-bad"]) == 0


def test_a_picture() -> None:
    import numpy as np

    weights = np.array([[1.0, 0.0, 0.0], [0.0, 0.3, 0.7]])
    expected = "     a b  \n     a b ⏎\nxyz  ██\n  ⏎    ░░▓▓\n"
    assert picture(Alignment(("aa", "bb", "⏎"), ("xyz", "⏎"), weights)) == expected.replace("  \n", "\n", 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--beam", "0"], 2), (["--ensemble", "missing.mt.safetensors"], 4), (["--plot", "x"], 2)],
)
def test_refusals(model_path: Path, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["translate", "-m", str(model_path), *arguments, "the dog"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")


def test_training_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path / "pairs.tsv", PAIRS[::9])
    options = ["--tokens", "word", "--steps", "3", "--hidden", "8"]
    assert run(["train-mt", "pairs.tsv", *options, "--json"]) == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    assert summary["task"] == "mt"
    assert summary["steps"] == 3
    assert "saved checkpoints/pairs.mt.safetensors" in captured.err
    assert run(["train-mt", "pairs.tsv", *options]) == 2  # the model is there
    assert "--overwrite" in capsys.readouterr().err
    assert run(["translate", "the dog"]) == 0  # the newest model
    assert "using checkpoints/pairs.mt.safetensors" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "a\tb\n", "a b\nc d\n", "\tx\na\tb\n"])
def test_pairs_that_cannot_be_used(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run(["train-mt", "-"]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert "Traceback" not in captured.err


def test_lines_of_json_are_said(model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["translate", "-m", str(model_path), '{"text": "the dog"}', "the dog"]) == 0
    assert "1 of 2 lines are JSON and were translated whole" in capsys.readouterr().err


def test_a_glossary_is_not_told_to_use_options_of_training(model_path: Path, tmp_path: Path, capsys) -> None:
    path = tmp_path / "terms.tsv"
    for text in ("dog\t\n", "dog\tHund\tnoun, masculine\n" * 3):
        path.write_text(text)
        assert run(["translate", "-m", str(model_path), "--glossary", str(path), "the dog"]) == 3
        message = capsys.readouterr().err
        assert "hint: a glossary has lines of term TAB translation" in message
        assert "--columns" not in message
