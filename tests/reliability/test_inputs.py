"""Every command on hostile input: the documented exit code, one clear message or none, never a traceback.

The longest lines have a megabyte in the ordinary test run and a hundred of them in `make torture`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqcli.cli.app import run

MODELS = Path(__file__).parent.parent / "fixtures"
LM, MT, TAG = (str(MODELS / f"v1.{task}.safetensors") for task in ("lm", "mt", "tag"))
TRAIN = ["--steps", "2", "--hidden", "8", "--layers", "1", "--precision", "fp32", "--save-interval", "60", "-o", "out"]

# what is run, with the input's name at the end unless it comes on standard input
COMMANDS = {
    "train-lm": ["train-lm", *TRAIN, "--tokens", "char"],
    "train-mt": ["train-mt", *TRAIN, "--tokens", "char"],
    "train-tagger": ["train-tagger", *TRAIN],
    "evaluate lm": ["evaluate", LM],
    "evaluate mt": ["evaluate", MT, "--beam", "1"],
    "evaluate tag": ["evaluate", TAG],
    "score lm": ["score", LM],
    "score mt": ["score", MT],
    "score tag": ["score", TAG],
    "forecast": ["forecast"],
    "tag": ["tag", "--model", TAG],
    "generate": ["generate", "--model", LM, "--max-tokens", "2"],
    "translate": ["translate", "--model", MT, "--max-length", "4", "--beam", "1"],
}
SUMMARIES = {  # what commands print beside their files, or without reading text
    "train-lm --json": [*COMMANDS["train-lm"], "--json", "input"],
    "train-mt --json": [*COMMANDS["train-mt"], "--json", "input"],
    "train-tagger --json": [*COMMANDS["train-tagger"], "--json", "input"],
    "info": ["info", LM],
    "info --json": ["info", MT, "--json"],
}
LIVE = ("generate", "translate")  # read standard input only

LINES = "the sky is grey\nthe river is clear\nthe wind is low\n" * 8
PAIRS = (
    "".join(f"the {a} is {b}\t{b} {a}\n" for a in ("sky", "sea", "moor") for b in ("grey", "low", "clear", "dim")) * 4
)
LABELS = ("B-X", "I-X", "I-X", "O")
LABELLED = "".join(
    f"{word}\t{label}\n" + "\n" * (label == "O") for word, label in zip(LINES.split(), LABELS * 24, strict=True)
)
ROWS = "month,value\n" + "".join(f"{2018 + i // 12}-{i % 12 + 1:02d},{100 + 10 * (i % 12) + i}\n" for i in range(36))


def usual(command: str) -> str:
    if command in ("train-tagger", "evaluate tag", "score tag"):
        return LABELLED
    return PAIRS if command.endswith("mt") else ROWS if command == "forecast" else LINES


def bent(command: str) -> dict[str, bytes]:
    """The usual input of a command, bent in one way each."""
    text = usual(command)
    one = text.split("\n")[1 if command == "forecast" else 0]
    middle = text.index("\n", len(text) // 2) + 1
    data = text.encode()
    return {
        "usual": data,
        "empty": b"",
        "blank lines": b"\n\n\n",
        "one line": f"{one}\n".encode(),
        "no final newline": data.rstrip(b"\n"),
        "long line": b"sky " * 500 + b"\n" + data,
        "NUL": data[:middle] + b"\0" + data[middle:],
        "invalid": data[:middle] + "天空".encode() + b"\xff" + data[middle:],
        "BOM": b"\xef\xbb\xbf" + data,
        "CRLF": data.replace(b"\n", b"\r\n"),
        "line separator": data.replace(b" ", b" \xe2\x80\xa8", 1) if b" " in data else data + b"\xe2\x80\xa8\n",
        "latin-1": text.replace("sky", "ciel gris\xe9").replace("month", "m\xf4nth").encode("latin-1"),
    }


BENT = tuple(bent("train-lm"))

# exit codes other than 0; for those who score or answer line by line no line is nothing to do
REFUSED = {
    "empty": {c: 3 for c in COMMANDS if c not in (*LIVE, "tag", "score lm", "score mt", "score tag")},
    "blank lines": dict.fromkeys(
        ("train-lm", "train-mt", "train-tagger", "evaluate mt", "evaluate tag", "forecast"), 3
    ),
    "one line": {"train-lm": 3, "train-tagger": 3, "train-mt": 3, "forecast": 3},
    "long line": dict.fromkeys(("train-mt", "train-tagger", "evaluate mt", "evaluate tag", "score mt", "score tag"), 3),
    "NUL": {"forecast": 3},
    "invalid": dict.fromkeys(COMMANDS, 3),
    "latin-1": {"generate": 3},  # its prompts are UTF-8
}


class Outcome:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def check(self, code: int) -> None:
        said = self.err
        assert self.code == code, said
        assert "Traceback" not in said
        assert "should not have happened" not in said
        assert said.count("error: ") == (1 if code else 0), said


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def invoke(capsys: pytest.CaptureFixture[str], command: str, name: str, *options: str) -> Outcome:
    """Run a command on the file `name`, given on standard input to those that read only that."""
    arguments = [*COMMANDS[command], *options]
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as opened:
        if command in LIVE:
            patch.setattr(sys, "stdin", opened.enter_context(open(name, encoding="utf-8")))
        else:
            arguments.append(name)
        code = run(arguments)
    said = capsys.readouterr()
    return Outcome(code, said.out, said.err)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", BENT)
def test_bent_text(folder: Path, capsys: pytest.CaptureFixture[str], command: str, kind: str) -> None:
    data = bent(command)[kind]
    Path("input").write_bytes(data)
    found = invoke(capsys, command, "input")
    found.check(REFUSED.get(kind, {}).get(command, 0))
    if found.code == 3 and kind in ("invalid", "latin-1"):
        assert "byte " in found.err
        assert "--encoding" in found.err
    if found.code == 3:
        assert ("standard input" if command in LIVE else "input") in found.err
    if kind == "CRLF":
        assert "\r" not in found.out
    if kind == "latin-1" and not found.code:
        assert found.err.count("read as windows-1252") == 1


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "generate"])  # its prompts are UTF-8
def test_other_encodings_and_replacing(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("input").write_bytes(bent(command)["latin-1"])
    invoke(capsys, command, "input", "--encoding", "latin-1").check(0)
    invoke(capsys, command, "input", "--errors", "replace", *again(command)).check(0)
    found = invoke(capsys, command, "input", "--encoding", "klingon", *again(command))
    found.check(2)
    assert "unknown encoding 'klingon'" in found.err


def again(command: str) -> list[str]:
    return ["--overwrite"] if command.startswith("train") else []


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in LIVE])
def test_places_that_are_no_files(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("folder").mkdir()
    for name, reason in (("folder", "is a folder"), ("missing", "No such file")):
        found = invoke(capsys, command, name)
        found.check(3)
        assert name in found.err
        assert reason in found.err
    found = invoke(capsys, command, "/dev/null")
    found.check(REFUSED["empty"].get(command, 0))


@pytest.mark.parametrize("data", ["---\n---\n", ",,,\n" * 9, "|\n|\n", "sep=;\n;;\n", ",\n" * 400_000])
def test_a_table_of_separators_alone_is_empty(folder: Path, capsys: pytest.CaptureFixture[str], data: str) -> None:
    Path("input").write_text(data)
    found = invoke(capsys, "forecast", "input")
    found.check(3)
    assert "input: is empty" in found.err


def test_a_cell_without_end_is_not_quoted_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("input").write_text(ROWS + "1/" * 20_000 + "\n")
    found = invoke(capsys, "forecast", "input")
    found.check(3)
    assert len(found.err) < 2000
    assert "is not a time like" in found.err


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """As a user who owns nothing, if this is root, who may read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in LIVE])
def test_a_file_that_may_not_be_read(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("input").write_text(usual(command))
    invoke(capsys, command, "input").check(0)  # imports what it needs while that may be read
    folder.chmod(0o777)
    for model in (LM, MT, TAG):
        shutil.copyfile(model, Path(model).name)
    Path("secret").write_text(usual(command))
    Path("secret").chmod(0)
    arguments = [Path(a).name if a in (LM, MT, TAG) else f"{a}2" if a == "out" else a for a in COMMANDS[command]]
    with nobody():
        code = run([*arguments, "secret"])
    said = capsys.readouterr()
    Outcome(code, said.out, said.err).check(3)
    assert "secret: cannot be read: Permission denied" in said.err


@pytest.mark.parametrize("command", ["info", "score", "evaluate"])
def test_a_model_that_may_not_be_read(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("input").write_text(LINES)
    given = [] if command == "info" else ["input"]
    assert run([command, LM, *given]) == 0
    shutil.copyfile(LM, "secret")
    Path("secret").chmod(0)
    capsys.readouterr()
    folder.chmod(0o777)
    with nobody():
        code = run([command, "secret", *given])
    said = capsys.readouterr()
    Outcome(code, said.out, said.err).check(4)
    assert "secret: cannot be read: Permission denied" in said.err


# megabytes in the ordinary test run and in `make torture`; some read a long line token by token, 20 µs each
LONG_LINES = {
    **dict.fromkeys(COMMANDS, (1.0, 100.0)),
    "translate": (0.05, 100.0),
    **dict.fromkeys(("score lm", "evaluate lm", "generate"), (0.02, 5.0)),
}
LINE_REFUSED = ("train-tagger", "evaluate tag", "score tag", "train-mt", "evaluate mt", "score mt", "forecast")
MOST_MEMORY = 96, 48  # MB, and bytes more for each byte of the line


def memory(name: str) -> float:
    """MB that this process has (VmRSS) or had at most since it was set back (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="needs to set back the peak of its memory")
@pytest.mark.parametrize("command", COMMANDS)
def test_one_line_without_end(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    megabytes = LONG_LINES[command]["SEQCLI_TORTURE" in os.environ]
    Path("warm").write_text(usual(command))
    invoke(capsys, command, "warm").check(0)  # imports what it needs
    Path("input").write_bytes(b"sky " * int(megabytes * 250_000))
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    found = invoke(capsys, command, "input", *again(command))
    most = memory("VmHWM") - before
    found.check(3 if command in LINE_REFUSED else 0)
    allowed, each = MOST_MEMORY
    assert most < allowed + each * megabytes
    if megabytes > 1:
        with capsys.disabled():
            print(f"\n{command}: one line of {megabytes:g} MB takes {most:,.0f} MB of memory")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_fifo_is_read_like_a_file(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_text(usual(command)), daemon=True)
    writer.start()
    invoke(capsys, command, "pipe").check(0)
    writer.join(timeout=10)


@pytest.mark.parametrize("command", COMMANDS)
def test_closed_standard_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    code = run([*COMMANDS[command], *([] if command in LIVE else ["-"])])
    said = capsys.readouterr()
    Outcome(code, said.out, said.err).check(3)
    assert "standard input is closed" in said.err


@contextlib.contextmanager
def printing_to(descriptor: int) -> Iterator[None]:
    stream = os.fdopen(descriptor, "w", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        yield
    with contextlib.suppress(OSError):  # of what is left in its buffer
        stream.close()


PRINTING = (*(c for c in COMMANDS if not c.startswith("train")), *SUMMARIES)


def print_it(capsys: pytest.CaptureFixture[str], command: str) -> Outcome:
    """Run a command of `PRINTING` on its usual input."""
    Path("input").write_text(usual(command.removesuffix(" --json")))
    if command not in SUMMARIES:
        return invoke(capsys, command, "input")
    code = run(SUMMARIES[command])
    return Outcome(code, "", capsys.readouterr().err)


@pytest.mark.parametrize("command", PRINTING)
def test_a_reader_who_has_left_is_no_error(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with printing_to(writer):
        print_it(capsys, command).check(0)


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="needs a pipe that is soon full")
@pytest.mark.parametrize("command", PRINTING)
def test_a_reader_who_leaves_in_the_middle(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)

    def read() -> None:
        os.read(reader, 1)
        os.close(reader)

    other = threading.Thread(target=read, daemon=True)
    other.start()
    with printing_to(writer):
        print_it(capsys, command).check(0)
    other.join(timeout=10)
    assert not other.is_alive(), "nothing was printed"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
@pytest.mark.parametrize("command", PRINTING)
def test_a_full_disk_is_said(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    with printing_to(os.open("/dev/full", os.O_WRONLY)):
        found = print_it(capsys, command)
    found.check(1)
    assert "standard output: No space left on device" in found.err


@pytest.mark.parametrize("command", ["train-lm", "train-mt", "train-tagger", "forecast"])
def test_files_on_a_full_disk(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("input").write_text(usual(command))
    found = invoke(capsys, command, "input", "-o", "/dev/full/model" if command != "forecast" else "/dev/full")
    found.check(1)
    assert "/dev/full" in found.err
    assert "cannot be written" in found.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
@pytest.mark.parametrize("command", ["forecast", "translate"])
def test_pictures_on_a_full_disk(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("input").write_text(usual(command))
    Path("picture.svg").symlink_to("/dev/full")
    found = invoke(capsys, command, "input", "--plot", "picture.svg")
    found.check(1)
    assert "picture.svg: cannot be written: No space left on device" in found.err


@pytest.mark.parametrize("data", ["empty", "text", "folder", "missing", "/dev/null", "pipe"])
@pytest.mark.parametrize(
    "command",
    [
        ["info"],
        ["score"],
        ["evaluate"],
        ["generate", "--model"],
        ["translate", "--model"],
        ["tag", "input", "--model"],
        ["forecast", "input", "--model"],
    ],
    ids=lambda command: command[0],
)
def test_what_is_no_model(folder: Path, capsys: pytest.CaptureFixture[str], command: list[str], data: str) -> None:
    Path("empty").write_bytes(b"")
    Path("text").write_text(LINES)
    Path("input").write_text(ROWS)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    code = run([*command, data, *(["input"] if command == ["evaluate"] else [])])
    said = capsys.readouterr()
    Outcome(code, said.out, said.err).check(4)
    assert data in said.err
