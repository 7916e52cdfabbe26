"""The commands that train: the output file, interruption, and the report at the end."""

from __future__ import annotations

import glob
import importlib
import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer

from seqcli.cli import console
from seqcli.cli.options import FOLDER, ModelSummary, format_duration
from seqcli.cli.progress import TrainingDisplay
from seqcli.cli.request import Given, check_run, command_of
from seqcli.cli.rows import write_json
from seqcli.errors import TERMINATED
from seqcli.language import options as language
from seqcli.options import declarations
from seqcli.signals import exit_code, handling, stop
from seqcli.speech import options as speech
from seqcli.tagging import options as tagging
from seqcli.translation import options as translation

if TYPE_CHECKING:
    from seqcli.training.options import OnProgress, Progress
    from seqcli.training.pipeline import Task, TrainOutcome
    from seqcli.training.request import RunRequest


def output_path(output: str | None, inputs: Sequence[str], task: str) -> Path:
    """The model file: as given, else `checkpoints/NAME.TASK.safetensors`, named after the first input, or the folder of
    a pattern. The default folder is made when it is not there."""
    if output is not None:
        return Path(output)
    place = Path(os.path.abspath(inputs[0]))
    while glob.has_magic(place.name) and not place.exists():
        place = place.parent
    name = "stdin" if inputs[0] == "-" else place.name.removesuffix(".gz")
    stem = name.rpartition(".")[0] or name
    FOLDER.mkdir(exist_ok=True)
    return FOLDER / f"{stem}.{task}.safetensors"


class Interruption:
    """Turns the first Ctrl-C, SIGTERM or SIGHUP of a training run into a request to stop, as a context manager. Ask
    `requested` after every step. Before the first progress, when there is nothing to save, and from the second signal
    on, the command ends at once, as it does elsewhere. `then` says what is done after the last step."""

    def __init__(self, then: str = "saving, then validating") -> None:
        self._then = then
        self._training = False
        self.exit_code = 0  # 130 after Ctrl-C, 143 after SIGTERM or SIGHUP
        self._handling = handling(self._handle)

    def __enter__(self) -> Interruption:
        self._handling.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._handling.__exit__(None, None, None)

    def watch(self, on_progress: OnProgress) -> OnProgress:
        """`on_progress`, after whose first call there is something to save."""

        def watched(progress: Progress) -> None:
            self._training = True
            on_progress(progress)

        return watched

    def requested(self) -> bool:
        return self.exit_code != 0

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._training or self.requested():
            stop(number, frame)
            return
        self.exit_code = exit_code(number)
        again = "Ctrl-C again" if number == signal.SIGINT else "a second signal"
        console.notice(f"stopping after this step and {self._then}; {again} ends at once")


def training_command(
    request: type[RunRequest],
    room: str,
    task: str,
    explain: str,
    *,
    budget: str,
    said: Callable[[Mapping[str, Any]], str],
    try_out: str,
) -> Callable[..., None]:
    """The command that trains models of a task: without an output they are named after the first input and `task`.
    `room` is the package of the task, `explain` what --help says before the rest, `budget` the default length of a run
    in words. `said` puts a model's metrics into words, `try_out` is the command that uses it, with `{model}` in it."""

    def run(given: Given) -> None:
        as_json = bool(given.pop("json", False))
        inputs = [path for name, d in declarations(request).items() if d.option.positional for path in given[name]]
        if "-" in inputs:
            console.mention_terminal_input()
        output = output_path(given.get("output"), inputs, task)
        check_run(output)
        asked = request(**given | {"output": output})
        part = importlib.import_module(f"seqcli.{room}.train").TASK
        outcome, interruption = train_showing(part, asked)
        use = try_out.format(model=shlex.quote(str(output)))
        report_outcome(outcome, task=task, said=said(outcome.metrics), try_out=use, as_json=as_json)
        leave(interruption, outcome.ended)

    place = declarations(request)["output"]
    stem = place.option.help.rstrip(".")
    named = replace(place, option=replace(place.option, help=f"{stem}; named after the input by default."))
    declared = declarations(request) | {"output": named, "json": declarations(ModelSummary)["json"]}
    rest = f"""Trains for {budget} unless --budget, --epochs or --steps is given, and saves
    checkpoints/NAME.{task}.safetensors. Ctrl-C stops, saves and prints the command that resumes."""
    return command_of(declared.values(), f"{explain}\n\n    {rest}", run)


def _said_of_a_tagger(metrics: Mapping[str, Any]) -> str:
    accuracy = f"accuracy {100 * metrics['accuracy']:.2f} %"
    if "f1" not in metrics:
        return f"validation {accuracy}"
    figures = ", ".join(f"{name} {100 * metrics[name]:.2f} %" for name in ("precision", "recall"))
    return f"validation F1 {100 * metrics['f1']:.2f} % ({figures}), {accuracy}"


def train_showing(task: Task[Any, Any, Any, Any], request: RunRequest) -> tuple[TrainOutcome, Interruption]:
    """Train as requested, with progress and notices on stderr; also how the run was interrupted."""
    from seqcli.training.pipeline import train
    from seqcli.training.run import Events

    with Interruption() as interruption, TrainingDisplay(task.metric) as show:
        events = Events(interruption.watch(show), console.notice, console.detail, interruption.requested)
        return train(task, request, events), interruption


def report_outcome(outcome: TrainOutcome, *, task: str, said: str, try_out: str, as_json: bool) -> None:
    """Say what came of a run: `said` about its quality, where the model is, and the command that uses or resumes it.
    With `as_json` one object goes to stdout too."""
    stopped = outcome.ended == "stopped"
    if outcome.ended == "patience":
        console.notice("stopped early: the validation no longer improves; --patience 0 trains to the end")
    if outcome.ended != "complete":
        console.notice(f"{said}; {format_duration(outcome.seconds)} in all")
        console.notice(f"saved {outcome.path}")
        console.notice(f"resume with: {resume_command(sys.argv[1:])}" if stopped else f"try: {try_out}")
    if as_json and console.is_first():
        about = {"model": str(outcome.path), "ended": outcome.ended, "seconds": round(outcome.seconds, 1)}
        write_json({"task": task, **about, **outcome.metrics})


def resume_command(arguments: Sequence[str]) -> str:
    """The command line that resumes the run that `arguments` started."""
    kept, rest = [], iter(arguments)
    for argument in rest:
        if argument == "--init-from":  # its weights are in the state
            next(rest, None)
        elif argument not in ("--overwrite", "--resume", "--auto-resume") and not argument.startswith("--init-from="):
            kept.append(argument)
    return shlex.join(["seqcli", *kept, "--resume"])


def leave(interruption: Interruption, ended: str = "finished") -> None:
    """End the command with the code of the signal that stopped the run, if one did, in this process or another of it.
    `ended` is the run's `finished`, `patience` or `stopped`. The first of several processes has the code, the others
    leave with 0: torchrun terminates all as soon as one fails, and the first may not have done everything yet."""
    if not console.is_first():
        return
    if code := interruption.exit_code or (TERMINATED if ended == "stopped" else 0):
        raise typer.Exit(code)


train_lm = training_command(
    language.TrainRequest,
    "language",
    "lm",
    "Train a language model on text.",
    budget="five minutes",
    said=lambda metrics: (
        f"validation perplexity {metrics['perplexity']:.2f}, {metrics['bits_per_char']:.3f} bits per character"
    ),
    try_out="seqcli generate --model {model} --prompt ''",
)
train_mt = training_command(
    translation.TrainRequest,
    "translation",
    "mt",
    "Train a translation model on pairs of sentences.",
    budget="ten minutes",
    said=lambda metrics: (
        f"validation BLEU {metrics['bleu']:.1f}, chrF {metrics['chrf']:.1f}, exact {metrics['exact']:.1%}, "
        f"perplexity {metrics['perplexity']:.2f}"
    ),
    try_out="seqcli translate --model {model} 'a sentence to translate'",
)
train_asr = training_command(
    speech.TrainRequest,
    "speech",
    "asr",
    "Train a speech recogniser on recordings and their transcripts.",
    budget="ten minutes",
    said=lambda metrics: f"validation word error rate {metrics['wer']:.1f} %, characters {metrics['cer']:.1f} %",
    try_out="seqcli transcribe --model {model} RECORDING.wav",
)
train_tagger = training_command(
    tagging.TrainRequest,
    "tagging",
    "tag",
    """Train a tagger: a label for each word, or each character.

    Parts of speech, entities, chunks, word boundaries. Reads CoNLL columns, CoNLL-U, word/TAG lines, JSON lines with
    spans, and segmented text, and says which it found.""",
    budget="ten minutes",
    said=_said_of_a_tagger,
    try_out="seqcli tag --model {model} < text",
)
