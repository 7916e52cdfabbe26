"""Signals at random moments of every command, once and twice, on a pipe and on a terminal: the documented exit code, no
traceback, a cursor that shows, no half-written file, and a saved run that can be resumed.

A dozen moments in the ordinary test run; `make torture` asks for many (SEQCLI_TORTURE=500).
"""

from __future__ import annotations

import fcntl
import functools
import os
import pty
import random
import select
import signal
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from seqcli.files.checkpoint import load_checkpoint
from seqcli.files.output import TEMPORARY
from seqcli.training.state import load_state
from tests.reliability.test_kill import PAIRS, ROWS, TAGGED, TEXT, write_recordings

FIXTURES = Path(__file__).parent.parent / "fixtures"
LM, MT, TAG, ASR, FORECAST = (
    str(FIXTURES / f"v1.{name}.safetensors") for name in ("lm", "mt", "tag", "asr", "forecast-2")
)
MODEL = "model.safetensors"
TRAIN = ["--hidden", "8", "--layers", "1", "--steps", "150", "--save-interval", "0.05", "--overwrite", "-o", MODEL]
COMMANDS = {
    "train-lm": ["train-lm", "text", "--tokens", "word", *TRAIN],
    "train-mt": ["train-mt", "pairs", "--valid-share", "0.05", *TRAIN],
    "train-tagger": ["train-tagger", "tagged", "--valid-share", "0.05", *TRAIN],
    "train-asr": ["train-asr", "recordings", "--valid-share", "0.2", *TRAIN],
    "forecast": ["forecast", "panel", "--horizon", "6", "--steps", "20", "--save", MODEL, "--overwrite"],
    "generate": ["generate", "--model", LM, "--prompt", "the", "--max-tokens", "2000"],
    "translate": ["translate", "--model", MT, *["the sky is clear"] * 20],
    "tag": ["tag", "--model", TAG, "text"],
    "transcribe": ["transcribe", "--model", ASR, "recordings/0.wav", "recordings/1.wav"],
    "evaluate": ["evaluate", LM, "text"],
    "score": ["score", LM, "text"],
    "info": ["info", LM],
}
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}
MOMENTS = int(os.environ.get("SEQCLI_TORTURE", "12"))
# what the console script does; the byte says that it is the command from here on, no longer Python's own start
PROGRAM = """
import os, sys
from seqcli.__main__ import main
os.write(int(sys.argv.pop(1)), b"x")
main()
"""


@dataclass(frozen=True)
class Ended:
    code: int
    said: str
    seconds: float
    hung_up: bool


def start(folder: Path, command: str, terminal: bool) -> tuple[subprocess.Popen[bytes], int]:
    """A command in its folder, begun but no further, and where to read what it prints."""
    reader, ready = os.pipe()
    reading, writing = pty.openpty() if terminal else os.pipe()
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "TERM": "xterm", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(ready), *COMMANDS[command], "--log-file", "messages"],
        cwd=folder,
        env=environment,
        stdin=writing if terminal else subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        pass_fds=[ready],
        preexec_fn=functools.partial(_prepare, terminal),
        start_new_session=True,
    )
    os.close(ready)
    os.close(writing)
    os.read(reader, 1)
    os.close(reader)
    return process, reading


def _prepare(terminal: bool) -> None:
    """In the new process: Ctrl-C is heard, and comes from the terminal if there is one."""
    # a shell ignores it for what runs in its background, these tests perhaps
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def send(process: subprocess.Popen[bytes], terminal: int | None, number: signal.Signals) -> bool:
    """A signal as it comes: on a terminal Ctrl-C is typed, and a hang-up is the end of it; whether it is still open."""
    if terminal is not None and number == signal.SIGINT:
        os.write(terminal, b"\x03")
    elif terminal is not None and number == signal.SIGHUP:
        os.close(terminal)
        return False
    else:
        process.send_signal(number)
    return True


def finish(
    process: subprocess.Popen[bytes], reading: int, signals: list[tuple[float, signal.Signals]], terminal: bool = False
) -> Ended:
    """Send the signals, each after that many seconds, and wait for the end."""
    began, said, waiting, open_ = time.monotonic(), b"", list(signals), True
    while process.poll() is None and time.monotonic() - began < 120:
        if waiting and time.monotonic() - began >= waiting[0][0]:
            number = waiting.pop(0)[1]
            if open_:
                open_ = send(process, reading if terminal else None, number)
            elif number != signal.SIGHUP:
                process.send_signal(number)
        left = max(waiting[0][0] - (time.monotonic() - began), 0) if waiting else 0.02
        if not open_:
            time.sleep(min(left, 0.02))
        elif select.select([reading], [], [], min(left, 0.02))[0]:
            said += _read(reading)
    seconds = time.monotonic() - began
    if process.poll() is None:
        process.kill()
        raise AssertionError(f"it does not end: {said.decode(errors='replace')}")
    if open_:
        while select.select([reading], [], [], 0)[0] and (part := _read(reading)):
            said += part
        os.close(reading)
    return Ended(process.wait(), said.decode(errors="replace"), seconds, not open_)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # how Linux ends a terminal
        return b""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signals")
    for name, text in {"text": TEXT, "pairs": PAIRS, "tagged": TAGGED, "panel": ROWS}.items():
        (folder / name).write_text(text)
    write_recordings(folder / "recordings")
    return folder


def check(folder: Path, ended: Ended, sent: list[signal.Signals]) -> None:
    """What must be so however a command ended."""
    if ended.seconds < 0.1 and ended.code == -sent[0]:  # it came before the command's first line
        return
    assert ended.code in {0, *(CODES[number] for number in sent)}
    for bad in ("Traceback", "Exception", "Fatal", "terminate called", "should not have happened", "Error"):
        assert bad not in ended.said
    if not ended.hung_up:
        assert ended.said.rfind("\x1b[?25h") >= ended.said.rfind("\x1b[?25l"), "the cursor is hidden"
    model, state = folder / MODEL, folder / "model.state.safetensors"
    if model.exists():
        load_checkpoint(model)
    if state.exists():
        load_state(state)
    assert not list(folder.glob(f".*{TEMPORARY}"))
    if "resume with" in ended.said:
        assert model.exists()
        assert state.exists()


@pytest.mark.parametrize("command", list(COMMANDS))
def test_signals_at_random_moments(folder: Path, command: str) -> None:
    seconds = 2.0  # of which start-up takes most; at full size all of a run
    if len(COMMANDS) < MOMENTS:
        whole = finish(*start(folder, command, terminal=False), [])
        assert whole.code == 0, whole.said
        seconds = whole.seconds
    for number in range(max(1, MOMENTS // len(COMMANDS))):
        rng = random.Random(f"{command} {number}")
        for name in (MODEL, "model.state.safetensors", "model.log.csv"):
            (folder / name).unlink(missing_ok=True)
        (folder / "messages").unlink(missing_ok=True)
        sent = [rng.choice(list(CODES)) for _ in range(rng.choice((1, 2)))]
        first = rng.uniform(0, seconds)
        times = [first, first + rng.choice((0.0, 0.01, 0.1, rng.uniform(0, seconds)))]
        terminal = rng.random() < 0.5
        signals = list(zip(times, sent, strict=False))
        ended = finish(*start(folder, command, terminal), signals, terminal)
        try:
            check(folder, ended, sent)
        except Exception as problem:
            log = (folder / "messages").read_text() if (folder / "messages").exists() else ""
            how = f"{signals} {terminal=} code {ended.code}"
            raise AssertionError(f"{how}:\n{ended.said[-1000:]}\nlogged:\n{log}") from problem


# Ctrl-C when everything is done, just before the last handlers are set
LATE = """
import os, signal, sys
from seqcli import __main__ as program
given, late = signal.signal, [signal.SIGINT]
def set_handler(number, act):
    if late and sys._getframe(1).f_code.co_name == "_end":
        os.kill(os.getpid(), late.pop())
    return given(number, act)
program.signal.signal = set_handler
program.main()
"""


@pytest.mark.parametrize(("argument", "code"), [("--version", 0), ("--unknown", 2)])
def test_a_signal_while_it_ends_changes_nothing(argument: str, code: int) -> None:
    ended = subprocess.run([sys.executable, "-c", LATE, argument], capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr


# a signal in the callback of a weak reference, where Python can only print what is raised; and one in whose place
# native code raises an error of its own; and one in an import, which must come to its end before the command does
SWALLOWING = """
import os, signal, sys, time, weakref
from seqcli import __main__ as program
from seqcli.cli import app
kind, number = sys.argv[1], int(sys.argv[2])
class Thing: pass
def main(*arguments, **options):
    if kind == "dropped":
        thing = Thing()
        watched = weakref.ref(thing, lambda _: os.kill(os.getpid(), number))
        del thing
        time.sleep(5)
    try:
        if kind == "importing":
            import imported
        else:
            os.kill(os.getpid(), number)
        time.sleep(5)
    except BaseException:
        raise TypeError("expected a message argument") from None
app.typer.main.get_command = lambda _: type("Command", (), {"main": main})
program.main()
"""


@pytest.mark.parametrize("kind", ["dropped", "replaced", "importing"])
@pytest.mark.parametrize("number", list(CODES))
def test_a_signal_whose_exception_is_lost_ends_the_command(tmp_path: Path, kind: str, number: signal.Signals) -> None:
    code = f"import os; os.kill(os.getpid(), {int(number)}); open('done', 'w').close()"
    (tmp_path / "imported.py").write_text(code)
    ended = subprocess.run(
        [sys.executable, "-c", SWALLOWING, kind, str(int(number))],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        preexec_fn=functools.partial(_prepare, False),
    )
    assert ended.returncode == CODES[number]
    assert not ended.stderr
    assert (tmp_path / "done").exists() == (kind == "importing")
