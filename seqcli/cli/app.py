"""The command line as a whole: its commands, their common options, and the one place that turns errors into exit codes.

A command `tag` is the function `tag` of `seqcli/cli/tag.py`; those that train are all in `train.py`. Only the module of
the invoked command is imported, and these modules import what is heavy inside their function, so `--help`, `--version`
and completion load neither torch nor numpy nor pandas.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from seqcli import __version__
from seqcli.cli import console
from seqcli.errors import SeqcliError, UsageError
from seqcli.signals import exit_code, exit_code_of, forget_signals, stopped_by

COMMANDS = (
    *("train-lm", "generate", "train-mt", "translate", "train-tagger", "tag"),
    *("train-asr", "transcribe", "forecast", "evaluate", "score", "info", "serve"),
)
# what torchrun may start more than one of
IN_SEVERAL_PROCESSES = ("train-lm", "train-mt", "train-tagger", "train-asr", "forecast")


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors go to stderr. 0 done, also when the reader of a pipe has
    left; 1 failed while running; 2 usage; 3 input data; 4 model file; 130 interrupted; 143 terminated."""
    with console.saying(console.Verbosity(quiet=not console.is_first())):
        console.prepare_streams()
        with console.short_warnings():
            return _flush(_invoke(arguments))


def _invoke(arguments: Sequence[str]) -> int:
    forget_signals()
    try:
        # With standalone_mode off typer returns the code of `typer.Exit`, 130 for Ctrl-C, or the command's result.
        code = typer.main.get_command(app).main(list(arguments), prog_name="seqcli", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except (Exception, KeyboardInterrupt, SystemExit) as problem:
        # typer turns a broken pipe into exit code 1; here a reader who has seen enough is no failure.
        if isinstance(problem, SystemExit) and isinstance(problem.__context__, BrokenPipeError):
            return 0
        if (code := exit_code_of(problem)) is not None:
            return code
        if not isinstance(problem, SeqcliError) and (number := stopped_by()) is not None:
            return exit_code(number)
        if console.verbosity.get().debug:
            raise
        return _report(problem, arguments)


def _report(problem: BaseException, arguments: Sequence[str] = ()) -> int:
    """Print an error of a command line with its hint and return the exit code that belongs to it."""
    match problem:
        case SeqcliError() | typer.TyperException() if not console.is_first():
            return problem.exit_code  # the first of several processes has the same error and says it
        case SeqcliError():
            console.error(problem.message, problem.hint)
            return problem.exit_code
        case typer.TyperException():
            message = problem.format_message().removesuffix(".")
            console.error(message[:1].lower() + message[1:], _way_on(message, arguments))
            return problem.exit_code
        case _ if _out_of_memory(problem):
            console.error("out of memory", "give it less at once: a smaller --batch-size or --size, or a shorter input")
        case OSError():
            place = f"{problem.filename}: " if problem.filename is not None else ""
            console.error(f"{place}{problem.strerror or problem}")
        case _:
            console.error(
                f"this should not have happened: {type(problem).__name__}: {problem}",
                "please report it together with what the same command prints with --debug",
            )
    return 1


def _way_on(message: str, arguments: Sequence[str]) -> str:
    """The hint for a command line that cannot be read."""
    command = next((name for name in arguments if name in COMMANDS), None)
    path = f"seqcli {command}" if command else "seqcli"
    word = next((text for text in arguments if re.match("-[a-z][a-z-]", text)), None)
    if word is not None and message.endswith(f": {word[:2]}"):  # its letters were taken for options
        return f"options of several letters begin with two hyphens: -{word}; '{path} --help' lists them"
    return f"'{path} --help' lists what it takes"


def _out_of_memory(problem: BaseException) -> bool:
    """Whether memory ran out: Python and NumPy have an error of its own for it, torch says it in a RuntimeError."""
    signs = ("out of memory", "allocate memory")
    said = isinstance(problem, RuntimeError) and any(sign in str(problem) for sign in signs)
    return said or isinstance(problem, MemoryError)


def _flush(code: int) -> int:
    """Hand the last output on; what cannot be written any more is an error, unless its reader has left."""
    try:
        console.write("", flush=True)
        return code
    except BrokenPipeError:
        failure = 0
    except SeqcliError as problem:
        failure = code or _report(problem)
    # The interpreter flushes once more when it leaves: let that go nowhere.
    with open(os.devnull, "w") as nowhere, contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return code or failure


def _command_function(name: str) -> Callable[..., None]:
    module = importlib.import_module(f"seqcli.cli.{name.partition('-')[0]}")
    command: Callable[..., None] = getattr(module, name.replace("-", "_"))
    return command


class _SectionedCommand(typer.core.TyperCommand):
    """A command whose `--help` has a section for each `rich_help_panel`, without importing rich for it."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if parameter.param_type_name == "argument":
                name, _, _ = record[0].partition(" <")  # typer adds the type in Python's words
                sections["Arguments"].append((name, record[1]))
            else:
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or "Options", []).append(record)
        for name, records in sections.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


class _LazyGroup(typer.core.TyperGroup):
    """The commands, each built when it is asked for, with the group's own options added to its options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = dict.fromkeys(COMMANDS)  # the names, by which slips of the finger are told

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name, cls=_SectionedCommand)(_command_function(cmd_name))
        command = typer.main.get_command(single)
        command.params += [o for o in self.params if o.name in ("quiet", "verbose", "debug", "log_file")]
        return command

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if sys.stderr.isatty():
                sys.stderr.write("\n")  # the terminal has put ^C at the end of what was being written
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands in `--help`: first lines of docstrings, without building the commands."""
        rows = [(name, (inspect.getdoc(_command_function(name)) or "").partition("\n")[0]) for name in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _setting(name: str, convert: Callable[[Any], Any] = bool) -> Callable[[Any], None]:
    """What sets a field of `Verbosity` when its option is given."""

    def act(value: Any) -> None:
        if value not in (None, False):
            console.verbosity.set(replace(console.verbosity.get(), **{name: convert(value)}))

    return act


def _print_version(value: bool) -> None:
    if value:
        console.write(f"seqcli {__version__}\n")
        raise typer.Exit


app = typer.Typer(
    cls=_LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _option(explain: str, *names: str, act: Callable[[Any], None] | None = None, metavar: str | None = None) -> Any:
    """An option of every command, which acts as soon as it is read: by default it sets what `Verbosity` calls so."""
    act = act or _setting(names[0][2:])
    return typer.Option(*names, help=explain, callback=act, metavar=metavar, expose_value=False, is_eager=True)


@app.callback(invoke_without_command=True)
def _seqcli(
    context: typer.Context,
    quiet: Annotated[bool, _option("Print errors only.", "--quiet", "-q")] = False,
    verbose: Annotated[bool, _option("Print the resolved configuration and timings too.", "--verbose", "-v")] = False,
    debug: Annotated[bool, _option("Show tracebacks of errors.", "--debug")] = False,
    log_file: Annotated[
        str | None,
        _option(
            "Append every message, with its time, to this file too.",
            "--log-file",
            act=_setting("log", console.log_file),
            metavar="FILE",
        ),
    ] = None,
    version: Annotated[bool, _option("Show the version.", "--version", act=_print_version)] = False,
) -> None:
    """Recurrent networks for sequences: language models, translation, forecasting, tagging and speech.

    Every command works without options. Results go to standard output, messages to standard error; '-' reads standard
    input.
    """
    if context.invoked_subcommand is None:
        sys.stderr.write(context.get_help() + "\n")
        raise typer.Exit(2)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and context.invoked_subcommand not in IN_SEVERAL_PROCESSES:
        hint = f"torchrun is for {', '.join(IN_SEVERAL_PROCESSES)}"
        raise UsageError(f"{context.invoked_subcommand} runs in one process", hint=hint)
