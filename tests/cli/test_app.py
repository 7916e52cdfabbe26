"""The command-line contract, held against small commands made for the purpose."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
import types
import warnings
from collections.abc import Callable
from typing import Annotated, Literal

import pytest
import typer

from seqcli import __version__, signals
from seqcli.cli import app, console
from seqcli.errors import CheckpointError, DataError, SeqcliError, TrainingError, UsageError

PROBE = """
import sys
from seqcli.__main__ import main
from seqcli.cli import app, console

def probe() -> None:
    "A command made for this test."
{body}

app.COMMANDS = ("probe",)
app._command_function = lambda name: probe
sys.argv.insert(1, "probe")
main()
"""


def probe_program(body: str) -> list[str]:
    """A Python process that runs `body` as the command `probe`."""
    return [sys.executable, "-c", PROBE.format(body="\n".join("    " + line for line in body.splitlines()))]


def run_probe(body: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*probe_program(body), *arguments], capture_output=True, text=True, timeout=60, **options)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., None]], None]:
    """Makes a function the only command, under the name `probe`."""

    def install(function: Callable[..., None]) -> None:
        monkeypatch.setattr(app, "COMMANDS", ("probe",))
        monkeypatch.setattr(app, "_command_function", lambda name: function)

    return install


@pytest.mark.parametrize(
    ("problem", "code", "message"),
    [
        (SeqcliError("it broke"), 1, "it broke"),
        (TrainingError("the loss is not finite"), 1, "the loss is not finite"),
        (UsageError("both given"), 2, "both given"),
        (
            DataError("not a number", path="x.csv", line=7, column="price"),
            3,
            "x.csv, line 7, column price: not a number",
        ),
        (CheckpointError("truncated"), 4, "truncated"),
        (FileNotFoundError(2, "No such file or directory", "a.txt"), 1, "a.txt: No such file or directory"),
        (MemoryError(), 1, "out of memory"),
        (
            ZeroDivisionError("division by zero"),
            1,
            "this should not have happened: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_errors_become_one_line_and_their_exit_code(command, capsys, problem, code, message):
    def probe() -> None:
        raise problem

    command(probe)
    assert app.run(["probe"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == f"error: {message}"
    assert "Traceback" not in err


def test_hint_follows_the_error(command, capsys):
    def probe() -> None:
        raise UsageError("the model exists", hint="use --overwrite or --resume")

    command(probe)
    assert app.run(["probe"]) == 2
    assert capsys.readouterr().err == "error: the model exists\nhint: use --overwrite or --resume\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["generate", "--max-tokens"], "'seqcli generate --help' lists what it takes"),
        (["forecast", "tag", "--horizont", "3"], "'seqcli forecast --help' lists what it takes"),
        (["--verison"], "'seqcli --help' lists what it takes"),
        (["forcast"], "'seqcli --help' lists what it takes"),
        (["train-lm", "x", "-steps", "3"], "options of several letters begin with two hyphens: --steps;"),
        (["train-lm", "x", "-seed=3"], "options of several letters begin with two hyphens: --seed=3;"),
        (["train-lm", "x", "-s", "3"], "'seqcli train-lm --help' lists what it takes"),
    ],
)
def test_the_hint_of_a_line_that_cannot_be_read(capsys, arguments, hint):
    assert app.run(arguments) == 2
    assert f"\nhint: {hint}" in capsys.readouterr().err


def test_debug_lets_the_traceback_through(command):
    def probe() -> None:
        raise DataError("bad")

    command(probe)
    with pytest.raises(DataError):
        app.run(["probe", "--debug"])


@pytest.mark.parametrize(
    "arguments", [["probe", "--size", "huge"], ["probe", "--bogus"], ["probe", "-n", "0"], ["prob"]]
)
def test_usage_errors_end_with_2_and_name_the_help(command, capsys, arguments):
    def probe(
        size: Annotated[Literal["small", "large"], typer.Option("--size")] = "small",
        n: Annotated[int, typer.Option("-n", min=1)] = 1,
    ) -> None:
        raise AssertionError("must not run")

    command(probe)
    assert app.run(arguments) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: 'seqcli")
    assert "--help" in hint


def test_a_mistyped_command_is_answered_with_the_nearest(command, capsys):
    command(lambda: None)
    assert app.run(["prob"]) == 2
    assert "'probe'" in capsys.readouterr().err


def test_no_command_shows_help_on_stderr(command, capsys):
    def probe() -> None:
        """Probe the water."""

    command(probe)
    assert app.run([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Probe the water." in err


def test_version(capsys):
    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"seqcli {__version__}\n"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [([], "noticed\n"), (["-q"], ""), (["-v"], "noticed\nin detail\n")],
)
@pytest.mark.parametrize("before", [True, False])
def test_quiet_and_loud_before_and_after_the_command(command, capsys, flags, expected, before):
    def probe() -> None:
        console.notice("noticed")
        console.detail("in detail")

    command(probe)
    assert app.run([*flags, "probe"] if before else ["probe", *flags]) == 0
    assert capsys.readouterr().err == expected
    assert console.verbosity.get() == console.Verbosity()


@pytest.mark.parametrize(("signal", "code"), [(SystemExit(143), 143), (KeyboardInterrupt(), 130)])
def test_a_signal_that_python_wrapped_is_still_a_signal(command, capsys, signal, code):
    class Loading:
        def __set_name__(self, owner: type, name: str) -> None:
            raise signal

    def loads() -> None:
        type("Module", (), {"part": Loading()})

    command(loads)
    assert app.run(["probe"]) == code
    assert "happened" not in capsys.readouterr().err


def test_only_the_first_of_several_processes_speaks(command, capsys, monkeypatch):
    command(lambda: console.notice("hello"))
    monkeypatch.setenv("RANK", "1")
    assert app.run(["probe"]) == 0
    assert capsys.readouterr().err == ""


def test_several_processes_only_train(command, capsys, monkeypatch):
    command(lambda: console.write("should not run"))
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert app.run(["probe"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: probe runs in one process\n")
    monkeypatch.setenv("RANK", "1")
    assert app.run(["probe"]) == 2
    assert capsys.readouterr() == ("", "")


def test_library_warnings_are_one_line_with_v_and_silent_without(command, capsys):
    def probe() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning("two\n lines", UserWarning, "x.py", 1)

    command(probe)
    assert app.run(["probe"]) == 0
    assert app.run(["probe", "-v"]) == 0
    assert capsys.readouterr().err == "UserWarning: two lines\n"


def test_exit_code_of_a_command(command):
    def probe() -> None:
        raise typer.Exit(130)

    command(probe)
    assert app.run(["probe"]) == 130


def test_broken_pipe_ends_silently_with_0():
    body = "for i in range(100000): console.write(f'{i}\\n')"
    program = subprocess.Popen(probe_program(body), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stderr is not None
    assert program.stdout.readline() == b"0\n"
    program.stdout.close()
    assert program.stderr.read() == b""
    program.stderr.close()
    assert program.wait(timeout=30) == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_broken_pipe_on_the_last_flush_ends_silently_with_0(unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    done = run_probe_into(writer, "console.write('few words')", unbuffered)
    assert (done.returncode, done.stderr) == (0, "")


def run_probe_into(descriptor: int, body: str, unbuffered: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    try:
        return subprocess.run(
            probe_program(body), stdout=descriptor, stderr=subprocess.PIPE, text=True, timeout=60, env=environment
        )
    finally:
        os.close(descriptor)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_an_error(unbuffered):
    done = run_probe_into(os.open("/dev/full", os.O_WRONLY), "console.write('text')", unbuffered)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "error: standard output: No space left on device"
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["interrupt", "terminate"]
)
def test_signals_run_the_finally_blocks_and_give_their_codes(number, code):
    body = (
        # a shell ignores Ctrl-C for what runs in its background, these tests perhaps
        "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n    console.write('ready\\n', flush=True)\n    time.sleep(30)\nfinally:\n    console.write('tidied\\n')"
    )
    with subprocess.Popen(probe_program(body), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(number)
        out, err = program.communicate(timeout=30)
    assert (program.returncode, out) == (code, "tidied\n")
    assert "Traceback" not in err


@pytest.mark.parametrize(("body", "code"), [("pass", 0), ("console.write('text')", 1)])
def test_closed_standard_output(body, code):
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *probe_program(body)], stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert done.returncode == code
    assert done.stderr.startswith("error: standard output: " if code else "")
    assert "Exception ignored" not in done.stderr


def test_closed_standard_error_does_no_harm():
    done = subprocess.run(
        ["sh", "-c", '"$@" 2>&-', "sh", *probe_program("console.notice('x'); console.write('out')")],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "out")


def test_output_is_utf8_whatever_the_locale():
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = run_probe(r"console.write('\u5929\u7a7a\n')", env=environment, encoding="utf-8")
    assert (done.returncode, done.stdout) == (0, "天空\n")


def on_a_terminal(body: str, **environment: str) -> str:
    """What `body` shows on a terminal that is its stdin, stdout and stderr."""
    master, slave = pty.openpty()
    program = subprocess.Popen(
        probe_program(body), stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm", **environment}
    )
    os.close(slave)
    shown = b""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            chunk = os.read(master, 4096)
        except OSError:  # Linux ends a pseudo-terminal this way
            break
        if not chunk:
            break
        shown += chunk
    os.close(master)
    assert program.wait(timeout=30) == 0
    return shown.decode().replace("\r\n", "\n")


def test_control_characters_are_escaped_on_a_terminal_and_raw_in_a_pipe():
    body = r"console.write('a\x1b[2Jb\tc\x9b\n')"
    assert on_a_terminal(body) == "a\\x1b[2Jb\tc\\x9b\n"
    assert run_probe(body).stdout == "a\x1b[2Jb\tc\x9b\n"


def test_messages_never_carry_control_characters(capsys):
    console.error("bad name \x1b]0;x\x07", "try\r again")
    assert capsys.readouterr().err == "error: bad name \\x1b]0;x\\x07\nhint: try\\x0d again\n"


def test_colour_on_a_terminal_unless_no_color():
    body = "console.error('careful')"
    assert on_a_terminal(body, NO_COLOR="") == "\x1b[1;31merror:\x1b[0m careful\n"
    assert on_a_terminal(body, NO_COLOR="1") == "error: careful\n"


def test_waiting_on_a_terminal_says_so():
    assert "Ctrl-D" in on_a_terminal("console.mention_terminal_input()")
    assert run_probe("console.mention_terminal_input()", stdin=subprocess.DEVNULL).stderr == ""


def test_completion_offers_commands_and_options():
    environment = {**os.environ, "_SEQCLI_COMPLETE": "complete_bash", "COMP_WORDS": "seqcli pr", "COMP_CWORD": "1"}
    assert run_probe("pass", env=environment).stdout.split() == ["probe"]
    environment.update(COMP_WORDS="seqcli probe --qu", COMP_CWORD="2")
    assert run_probe("pass", env=environment).stdout.split() == ["--quiet"]


def test_messages_on_a_narrow_terminal_break_between_words_and_commands_do_not(monkeypatch):
    inner, outer = pty.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 40, 0, 0))
    with os.fdopen(outer, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("NO_COLOR", "1")
        hint = "resume with: seqcli train-lm a b --steps"
        console.error("charts of 3 of 12 series; --plot FILE.html draws more", hint)
        said = ""
        while said.count("\n") < 3:  # a terminal gives what was written in parts
            said += os.read(inner, 1000).decode()
    os.close(inner)
    assert said.splitlines() == [
        "error: charts of 3 of 12 series; --plot",
        "FILE.html draws more",
        "hint: resume with: seqcli train-lm a b --steps",
    ]


def test_a_signal_of_an_earlier_command_hides_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        signals.stop(signal.SIGINT, None)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(app.typer.main, "get_command", lambda _: types.SimpleNamespace(main=broken))
    assert app.run([]) == 1
    assert "this should not have happened: ValueError: broken" in capsys.readouterr().err
