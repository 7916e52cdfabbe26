"""No command destroys what it reads: every output of every command, set against everything that the command reads."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import typer.main

from seqcli.cli.app import COMMANDS, app, run

FIXTURES = Path(__file__).parent.parent / "fixtures"
TEXT = "the cat sat on the mat\nthe dog sat on the log\n" * 20
PAIRS = "".join(f"word {n} here\tWort {n} hier\n" for n in range(40))
LABELLED = "".join(f"the\tDET\ncat{n}\tNOUN\n\n" for n in range(40))
ROWS = "month,y,promo\n" + "".join(f"{2000 + n // 12}-{n % 12 + 1:02},{n % 12},0\n" for n in range(60))
FUTURE = "month,promo\n" + "".join(f"2005-{n + 1:02},1\n" for n in range(12))
FILES = {
    "text": TEXT,
    "pairs.tsv": PAIRS,
    "labelled": LABELLED,
    "rows.csv": ROWS,
    "future.csv": FUTURE,
    "days.csv": "date\n2005-01-01\n",
    "terms.tsv": "cat\tKatze\n",
}
LM, MT, FORECAST = (f"v1.{task}.safetensors" for task in ("lm", "mt", "forecast"))
TRAIN = {
    "train-lm": ["text", "--valid", "valid", "--init-from", LM],
    "train-mt": ["pairs.tsv", "--valid", "valid", "--init-from", MT],
    "train-tagger": ["labelled", "--valid", "valid", "--init-from", LM],
}
LENGTH = ["--steps", "1", "--overwrite"]
# a command line, its output option, and the inputs that the output is set against
CASES = [
    *(([command, *inputs, *LENGTH], "--output", [inputs[0], *inputs[2::2]]) for command, inputs in TRAIN.items()),
    *(
        (
            ["forecast", "rows.csv", "--covariates", "promo", "--future", "future.csv", "--holidays", "days.csv"],
            output,
            ["rows.csv", "future.csv", "days.csv"],
        )
        for output in ("--output", "--save", "--plot")
    ),
    *(
        (["forecast", "rows.csv", "--model", FORECAST], output, ["rows.csv", FORECAST])
        for output in ("--output", "--plot")
    ),
    (["translate", "a cat", "--model", MT, "--glossary", "terms.tsv"], "--plot", [MT, "terms.tsv"]),
]
LINKS = ("symbolic link", "hard link")
SPELLINGS = ("as it is", "dotted", *LINKS)


def spelt(path: Path, spelling: str, ending: str) -> str:
    """The path of a file in another way; a link has an `ending`, where the command asks for one."""
    if spelling == "dotted":
        (path.parent / "folder").mkdir(exist_ok=True)
        return f"folder/../{path.name}"
    link = path.with_name(f"link{ending}")
    if spelling == "symbolic link":
        link.symlink_to(path)
        return link.name
    if spelling == "hard link":
        link.hardlink_to(path)
        return link.name
    return path.name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    for name in (LM, MT, FORECAST):
        shutil.copy(FIXTURES / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "option", "source", "spelling"),
    [
        pytest.param(command, option, source, spelling, id=f"{command[0]} {option} {source} {spelling}")
        for command, option, sources in CASES
        for source in sources
        # a picture's name ends with .svg: only a link of that name can lead to an input
        for spelling in (LINKS if option == "--plot" else SPELLINGS)
    ],
)
def test_an_output_that_is_read_is_refused(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    option: str,
    source: str,
    spelling: str,
) -> None:
    ending = ".svg" if option == "--plot" else ".safetensors"
    if source == "valid" or "valid" in command:
        Path("valid").write_text(Path(command[1]).read_text())
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    code = run([*command, option, spelt(folder / source, spelling, ending)])
    said = capsys.readouterr().err
    assert code == 2, said
    assert "reads that file" in said
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name[:4] != "link"}
    assert after == before


@pytest.mark.parametrize(
    ("command", "side"),
    [(c, s) for c in TRAIN for s in ("model.state.safetensors", "model.log.csv")],
)
def test_what_lies_beside_the_model_is_not_replaced_unasked(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, side: str
) -> None:
    Path("valid").write_text(Path(TRAIN[command][0]).read_text())
    Path(side).write_text("somebody's")
    assert run([command, *TRAIN[command], "--steps", "1", "--output", "model.safetensors"]) == 2
    assert side in capsys.readouterr().err
    assert Path(side).read_text() == "somebody's"
    assert not Path("model.safetensors").exists()


def test_two_outputs_of_one_name_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["forecast", "rows.csv", "--output", "out.svg", "--plot", "out.svg"]) == 2
    assert "name the same file" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["texts", "texts/*.txt"])
def test_what_a_folder_or_a_pattern_names_is_not_replaced(
    folder: Path, capsys: pytest.CaptureFixture[str], named: str
) -> None:
    Path("texts").mkdir()
    for name in ("a.txt", "b.txt"):
        Path("texts", name).write_text(TEXT)
    assert run(["train-lm", named, *LENGTH, "--output", "texts/b.txt"]) == 2
    assert "this is none" in capsys.readouterr().err
    assert Path("texts/b.txt").read_text() == TEXT


def test_a_log_file_is_not_that_of_a_forecasts_training(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["forecast", "missing", "--save", "n", "--log-file", "n-log.csv"]) == 2
    assert "--log-file and the history of its training name the same file" in capsys.readouterr().err


def files_of(command: str) -> list[Any]:
    """The parameters of a command that name files, but for the log file, which every command may have."""
    parameters: list[Any] = typer.main.get_command(app).get_command(None, command).params  # type: ignore[attr-defined]
    named = [p for p in parameters if p.metavar in ("FILE", "MODEL", "TABLE", "DATA")]
    return [parameter for parameter in named if parameter.name != "log_file"]


@pytest.mark.parametrize(
    ("command", "name"), [(command, parameter.name) for command in COMMANDS for parameter in files_of(command)]
)
def test_a_log_file_is_no_other_file(folder: Path, capsys: pytest.CaptureFixture[str], command: str, name: str) -> None:
    """Nor is any file that an option names left out where outputs are set against inputs."""
    Path("taken").write_text("")
    parameters: list[Any] = typer.main.get_command(app).get_command(None, command).params  # type: ignore[attr-defined]
    given = [p for p in parameters if p.name == name or (p.param_type_name == "argument" and p.required)]
    line = [command, "--log-file", "folder/../taken"]
    Path("folder").mkdir()
    for parameter in given:
        value = "taken" if parameter.name == name else "missing"
        line += [value] if parameter.param_type_name == "argument" else [max(parameter.opts, key=len), value]
    assert run(line) == 2
    said = capsys.readouterr().err
    assert said.count("error: ") == 1
    assert "taken" in said
    assert Path("taken").read_text() == ""
