"""Hostile model files: each is refused with exit code 4 and a reason, or is a model; memory stays bounded.

A thousand files in the ordinary test run; SEQCLI_FUZZ=1000000, which `make torture` sets, tries that many.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli.cli.app import run
from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from tests.reliability.hostile import LOADERS, MODELS, STRANGE, joined, load, mutant, parts, refusal

FILES = int(os.environ.get("SEQCLI_FUZZ", "1000"))
FIRST = int(os.environ.get("SEQCLI_FUZZ_FIRST", "0"))
MEMORY = 64 << 20  # bytes more than before, at most; the kept models have some kilobytes


def test_files_made_to_do_harm(capsys: pytest.CaptureFixture[str]) -> None:
    originals = [path.read_bytes() for path in MODELS]
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() and os.access(memory, os.W_OK) else None))
    path, refused = folder / "hostile.safetensors", 0
    try:
        for kept in MODELS:
            load(kept)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(FIRST, FIRST + FILES):
            path.write_bytes(mutant(number, originals))
            try:
                refused += refusal(load, path) is not None
            except Exception as problem:
                raise AssertionError(f"file {number}: {type(problem).__name__}: {problem}") from problem
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY >> 10
    finally:
        shutil.rmtree(folder)
    assert refused > FILES // 2
    if FILES >= 100_000:
        with capsys.disabled():
            print(f"\n{FILES:,} hostile files: {refused:,} refused with a reason, {FILES - refused:,} still models")


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
