"""Hostile model files: each is refused with exit code 4 and a reason, or is a model; memory stays bounded.

A thousand files in the ordinary test run; SEQCLI_FUZZ=1000000, which `make torture` sets, tries that many.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shutil
import signal
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli.cli.app import run
from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from tests.reliability.hostile import LOADERS, MODELS, STRANGE, joined, load, mutant, parts, refusal
from tests.reliability.remade import file_of, remade, varied
from tests.reliability.test_kill import write_recordings

FILES = int(os.environ.get("SEQCLI_FUZZ", "1000"))
FIRST = int(os.environ.get("SEQCLI_FUZZ_FIRST", "0"))
MEMORY = 64 << 20  # bytes more than before, at most; the kept models have some kilobytes


@pytest.mark.parametrize("kind", ["changed", "remade"])
def test_files_made_to_do_harm(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    make = makers()[kind]
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() and os.access(memory, os.W_OK) else None))
    path, refused = folder / "hostile.safetensors", 0
    try:
        for kept in MODELS:
            load(kept)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(FIRST, FIRST + FILES):
            path.write_bytes(make(number))
            try:
                refused += refusal(load, path) is not None
            except Exception as problem:
                raise AssertionError(f"file {number}: {type(problem).__name__}: {problem}") from problem
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY >> 10
    finally:
        shutil.rmtree(folder)
    assert FILES // 2 < refused < FILES
    if FILES >= 100_000:
        with capsys.disabled():
            print(f"\n{FILES:,} {kind} files: {refused:,} refused with a reason, {FILES - refused:,} still models")


COMMANDS = {
    "lm": [
        ["generate", "--prompt", "the sky", "--max-tokens", "3", "--model"],
        ["generate", "--prompt", "the sky", "--top-next", "3", "--model"],
        ["score", "PATH", "lines"],
        ["evaluate", "PATH", "lines"],
    ],
    "mt": [
        ["translate", "the sky", "a b c", "--max-length", "4", "--model"],
        ["score", "PATH", "pairs"],
        ["evaluate", "PATH", "pairs", "--beam", "1", "--max-length", "4"],
    ],
    "tag": [["tag", "labelled", "--model"], ["score", "PATH", "labelled"], ["evaluate", "PATH", "labelled"]],
    "asr": [
        ["transcribe", "sound/0.wav", "--model"],
        ["score", "PATH", "sound/table.tsv"],
        ["evaluate", "PATH", "sound/table.tsv"],
    ],
    "forecast": [["forecast", "sales.csv", "--horizon", "3", "--model"], ["evaluate", "PATH", "sales.csv"]],
}
TRAINING = {
    "lm": ["train-lm", "lines"],
    "mt": ["train-mt", "pairs"],
    "tag": ["train-tagger", "labelled"],
    "asr": ["train-asr", "sound/table.tsv"],
}
# files that got through once
FOUND = {"changed": (77, 332, 5032, 12521), "remade": (18, 435, 523, 751, 5550, 8195, 21394, 46111)}
CODES = (0, 2, 3, 4)
SECONDS = 20  # that no command on these small inputs may take


def prepare(folder: Path) -> None:
    """Small inputs of every command."""
    (folder / "lines").write_text("the sky is grey\nthe wind is low\n" * 3)
    (folder / "pairs").write_text("".join(f"the sky {n}\tis grey {n}\n" for n in range(8)))
    (folder / "labelled").write_text("sky\tB-X\nis\tI-X\ngrey\tO\n\n" * 8)
    sales(folder)
    write_recordings(folder / "sound")
    (folder / "sound" / "table.tsv").write_text("".join(f"{n}.wav\tyes\n" for n in range(3)))


def makers() -> dict[str, Callable[[int], bytes]]:
    """What makes the hostile file of a number: of the kept models, and of their parts."""
    kept = [path.read_bytes() for path in MODELS]
    whole = (*varied(), *map(load_checkpoint, MODELS))
    return {
        "changed": lambda number: mutant(number, [Random(number).choice(kept)]),
        "remade": lambda number: remade(number, whole),
    }


def task_of(file: bytes, number: int) -> str:
    """The task of the model in a file, or any where it does not say it."""
    try:
        task = parts(file)[1]["metadata"]["task"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error):
        task = None
    return task if isinstance(task, str) and task in COMMANDS else Random(number).choice(list(COMMANDS))


def outcomes(number: int, file: bytes, model: Path) -> Iterator[tuple[list[str], int, str]]:
    """The commands that read the hostile file of that number, with their exit codes and what they said."""
    model.write_bytes(file)
    task = task_of(file, number)
    commands = [["info", "PATH"], ["info", "PATH", "--json"], *COMMANDS[task]]
    if task in TRAINING:
        length = ["--steps", "1", "--overwrite", "--quiet", "-o", "out", "--precision", "fp32", "--init-from"]
        commands.append([*TRAINING[task], *length])
    # one that is refused is refused by all in the same place: two of them, at random
    for command in Random(number).sample(commands, 2) if refusal(load, model) is not None else commands:
        arguments = [str(model) if part == "PATH" else part for part in command]
        arguments += [] if "PATH" in command else [str(model)]
        yield arguments, *timed(arguments)


@pytest.mark.parametrize("kind", ["changed", "remade"])
def test_hostile_files_through_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Exit code 4 when it is no model; else 0, or 2 or 3 where the data are no longer of its kind. One message at most,
    in bounded time."""
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    make, used = makers()[kind], 0
    for number in (*FOUND[kind], *range(FIRST, FIRST + max(FILES // 10, 50))):
        for arguments, code, said in outcomes(number, make(number), tmp_path / "hostile.safetensors"):
            used += code == 0
            assert code in CODES, (number, arguments, code, said)
            assert said.count("error: ") == (code != 0), (number, arguments, said)
            assert "should not have happened" not in said, (number, arguments, said)
    assert used


def timed(arguments: list[str]) -> tuple[int, str]:
    """The exit code of a command and what it said on stderr; a failure when it takes too long."""

    def too_long(number: int, frame: object) -> None:
        raise TimeoutError(f"{arguments} takes more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
            return run(arguments), said.getvalue()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("made", varied(), ids=lambda made: made.task)
def test_models_of_other_kinds_are_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Checkpoint) -> None:
    """What is remade must have been one before."""
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    found = [(arguments, code) for arguments, code, _ in outcomes(0, file_of(made), tmp_path / "a.safetensors")]
    assert {arguments[0] for arguments, code in found if code == 0} >= {"info", COMMANDS[made.task][0][0]}, found


# where another value still makes a model of these tensors: it has no multi-head attention and no pairs, and forecasters
# are mixed in by a weight, and may be for any season and frequency
ALLOWED = {
    ("heads", int),
    ("pair_width", int),
    *(("stride", int), ("lowercase", bool)),
    *(("weight", kind) for kind in (int, float)),
    ("season", int),
    *(("frequency", str), ("scaling", list), ("holidays", list)),
}


@pytest.mark.parametrize("kept", MODELS, ids=lambda path: path.stem)
def test_every_strange_value_in_every_place_of_the_configuration(kept: Path) -> None:
    found = load_checkpoint(kept)
    for name in found.config:
        for value in (*STRANGE, "left out"):
            config = {**found.config, name: value}
            if value == "left out":
                del config[name]
            changed = Checkpoint(found.task, config, found.tensors, found.blobs, found.metrics, found.provenance)
            if refusal(LOADERS[found.task], changed) is None:
                same = config.get(name) == found.config[name]
                assert same or (name, type(value)) in ALLOWED or name not in config, (
                    name,
                    value,
                )


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(
    described=any_json, header=st.dictionaries(st.text(max_size=8), any_json, max_size=3), body=st.binary(max_size=9)
)
def test_any_json_for_a_header(
    tmp_path_factory: pytest.TempPathFactory, described: Any, header: dict[str, Any], body: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "json.safetensors"
    path.write_bytes(joined(header, described, body))
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


@settings(max_examples=100, deadline=None)
@given(metadata=st.dictionaries(st.sampled_from(["task", "config", "metrics", "provenance"]), any_json, min_size=1))
def test_any_json_for_the_metadata(tmp_path_factory: pytest.TempPathFactory, metadata: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "metadata.safetensors"
    header, described, body = parts(MODELS[0].read_bytes())
    described["metadata"].update(metadata)
    path.write_bytes(joined(header, described, body))
    if refusal(load, path) is None:
        assert described["metadata"]["task"] in LOADERS


@pytest.mark.parametrize("kept", MODELS, ids=lambda path: path.stem)
def test_names_that_would_leave_the_folder_and_sequences_for_terminals(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tensor's name is a key and nothing else, and no name reaches a terminal as it is."""
    found = load_checkpoint(kept)
    path = tmp_path / "inside" / "x.safetensors"
    path.parent.mkdir()
    tensors = {**found.tensors, "../../outside\x1b[2J": next(iter(found.tensors.values()))}
    save_checkpoint(path, Checkpoint(found.task, found.config, tensors, {**found.blobs, "../outside": b"x"}))
    command = {
        "lm": ["generate", "--model", str(path), "--prompt", "x"],
        "mt": ["translate", "--model", str(path), "the sky"],
        "forecast": ["forecast", "--model", str(path), str(sales(tmp_path))],
        "tag": ["tag", "--model", str(path), str(sales(tmp_path))],
        "asr": ["transcribe", "--model", str(path), str(sales(tmp_path))],
    }
    assert run(command[found.task]) == 4
    said = capsys.readouterr().err
    assert "error: " in said
    assert "\x1b" not in said
    assert run(["info", str(path), "--json"]) == 0
    json.loads(capsys.readouterr().out)
    assert {entry.name for entry in tmp_path.iterdir()} == {"inside", "sales.csv"}


@pytest.mark.parametrize("history", [5, "x", [5], [{}], [{"loss": "x"}, {"loss": 1}], [{"loss": None}], {"a": [1]}])
def test_a_history_that_is_none_is_left_out(tmp_path: Path, history: Any, capsys: pytest.CaptureFixture[str]) -> None:
    found = load_checkpoint(MODELS[0])
    path = tmp_path / "x.safetensors"
    save_checkpoint(path, Checkpoint(found.task, found.config, found.tensors, found.blobs, {"history": history}))
    assert run(["info", str(path)]) == 0
    assert "metrics.history" not in capsys.readouterr().out


def sales(folder: Path) -> Path:
    path = folder / "sales.csv"
    rows = (f"{2018 + i // 12}-{i % 12 + 1:02d},{100 + i}\n" for i in range(48))
    path.write_text("month,value\n" + "".join(rows))
    return path
