"""Options given numbers that cannot be: a usage error before any work."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import typer.main

from seqcli.cli.app import app, run

VALUES = ("-1", "0", "2147483648", "9223372036854775808", str(10**30), "nan", "inf", "text")
DATA = {
    "train-lm": "missing.txt",
    "train-mt": "missing.tsv",
    "train-tagger": "missing.conll",
    "train-asr": "missing.tsv",
}


def numbers(command: str) -> list[str]:
    """The options of a command that take a number or a time."""
    parameters: list[Any] = typer.main.get_command(app).get_command(None, command).params  # type: ignore[attr-defined]
    options = [one for one in parameters if one.param_type_name == "option"]
    wanted = [one for one in options if one.metavar in ("N", "X", "SECONDS", "TIME", "P", "Q")]
    return [max(one.opts, key=len) for one in wanted]


CASES = [(command, option) for command in DATA for option in numbers(command)]


@pytest.mark.parametrize(("command", "option"), CASES, ids=" ".join)
def test_numbers_that_cannot_be(
    command: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for value in VALUES:
        started = time.process_time()
        code = run([command, DATA[command], "-o", "m", f"{option}={value}"])
        err = capsys.readouterr().err
        assert code in (2, 3), (value, code, err)  # 3: the number can be, the data are missing
        assert "should not have happened" not in err, (value, err)
        assert time.process_time() - started < 5, value
        if value in ("nan", "text", str(10**30)):
            assert code == 2, (value, err)
            assert option in err, (value, err)


def test_there_are_many() -> None:
    assert len(CASES) > 50


MODELS = Path(__file__).parent.parent / "fixtures"
LM, MT, ASR, TAG = (str(MODELS / f"v1.{task}.safetensors") for task in ("lm", "mt", "asr", "tag"))
USED = {
    "generate": ["generate", "--model", LM, "--prompt", "the sky", "--max-tokens", "2"],
    "translate": ["translate", "--model", MT, "the sky", "--max-length", "3"],
    "tag": ["tag", "--model", TAG, "lines"],
    "transcribe": ["transcribe", "--model", ASR, "--lm", LM, "sound.wav"],
    "forecast": ["forecast", "rows.csv", "--horizon", "2"],
    "evaluate pairs": ["evaluate", MT, "pairs", "--max-length", "3"],
    "evaluate speech": ["evaluate", ASR, "recordings.tsv"],
    "serve": ["serve", "missing"],
}
OF_SPEECH = ("--lm-weight", "--word-bonus")  # what evaluate takes for models of speech only, of others for pairs only


def used(name: str) -> list[str]:
    """The numbers that a command line of `USED` may have."""
    unending = ("--max-tokens", "--max-length")  # of what a model says that ends nothing by itself
    found = [option for option in numbers(name.partition(" ")[0]) if option not in unending]
    if name.startswith("evaluate"):
        return [o for o in found if o == "--beam" or (o in OF_SPEECH) == (name == "evaluate speech")]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("numbers")
    months = [f"{2000 + n // 12}-{n % 12 + 1:02},{n % 12}" for n in range(48)]
    files = {
        "lines": "the sky\n",
        "pairs": "the sky\tder Himmel\n",
        "rows.csv": "\n".join(["month,y", *months, ""]),
        "recordings.tsv": "path\ttranscript\nsound.wav\tthe sky\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    soundfile.write(folder / "sound.wav", np.sin(np.arange(4000) / 9), 8000)
    return folder


@pytest.mark.parametrize(("name", "option"), [(n, o) for n in USED for o in used(n)])
def test_numbers_of_commands_that_use_a_model(
    name: str, option: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for value in (*VALUES, "1e-300", "1e308"):
        started = time.process_time()
        code = run([*USED[name], f"{option}={value}"])
        err = capsys.readouterr().err
        # 3: a network cannot be trained on a series; 4: there is no such model
        assert code in {"forecast": (0, 2, 3), "serve": (2, 4)}.get(name, (0, 2)), (value, code, err)
        assert time.process_time() - started < 5, value


def test_what_a_number_must_be_is_said_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    said = {
        "--steps=nan": "--steps must be a whole number, not 'nan'",
        "--dropout=x": "--dropout must be a number, not 'x'",
        f"--steps={2**63}": "--steps must be at most 1,000,000,000,000",
        "--steps=0": "--steps must be 1 or more",
        "--valid=": "the name of a file is empty: --valid",
        "--init-from=": "the name of a file is empty: --init-from",
    }
    for given, words in said.items():
        assert run(["train-lm", "missing.txt", "-o", "m", given]) == 2
        assert words in capsys.readouterr().err
