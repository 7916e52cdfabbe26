"""Checkpoints: what is written comes back, what is not as written is refused with a reason, nothing is half-written."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from seqcli.errors import CheckpointError, SeqcliError
from seqcli.files.checkpoint import (
    Checkpoint,
    load_checkpoint,
    newest_checkpoint,
    save_checkpoint,
)
from seqcli.files.tensor_file import FORMAT_VERSION, Contents, read_contents, write_contents


def small() -> Checkpoint:
    return Checkpoint(
        task="lm",
        config={"hidden": 3, "名": "值"},
        tensors={"w": np.arange(6, dtype=np.float32).reshape(2, 3), "empty": np.zeros((0, 2), np.float32)},
        blobs={"tokenizer": b"\x00\xffbytes"},
        metrics={"perplexity": 12.5},
        provenance={"seed": 1},
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "a.lm.safetensors"
    save_checkpoint(path, small())
    return path


def test_round_trip(saved: Path) -> None:
    found, expected = load_checkpoint(saved, task="lm"), small()
    assert (found.config, found.metrics, found.provenance) == (expected.config, expected.metrics, expected.provenance)
    assert found.blobs == expected.blobs
    for name, value in expected.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], value)
        assert found.tensors[name].dtype == value.dtype
    assert {name: value.shape for name, value in found.tensors.items()} == {"w": (2, 3), "empty": (0, 2)}
    assert list(saved.parent.iterdir()) == [saved]


def test_it_is_a_safetensors_file(saved: Path) -> None:
    np.testing.assert_array_equal(load_file(saved)["tensor/w"], small().tensors["w"])


@settings(max_examples=30, deadline=None)
@given(
    arrays=st.dictionaries(
        st.text(max_size=8),
        st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_]).flatmap(
            lambda dtype: st.lists(st.integers(0, 1), max_size=5).map(lambda values: np.array(values, dtype))
        ),
        max_size=4,
    ),
    metadata=st.dictionaries(
        st.text(max_size=5), st.integers(-(2**63), 2**63) | st.text() | st.none() | st.booleans(), max_size=4
    ),
)
def test_any_arrays_and_metadata_come_back(
    tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, np.ndarray], metadata: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("round") / "x.safetensors"
    blobs = {name: value.tobytes() for name, value in arrays.items()}
    write_contents(path, Contents(arrays, metadata, blobs))
    found = read_contents(path)
    assert found.metadata == metadata
    assert found.blobs == blobs
    assert set(found.tensors) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(found.tensors[name], value)


def test_every_flipped_byte_is_noticed(saved: Path, tmp_path: Path) -> None:
    data = saved.read_bytes()
    damaged = tmp_path / "damaged.safetensors"
    for place in range(len(data)):
        damaged.write_bytes(data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :])
        with pytest.raises(CheckpointError):
            load_checkpoint(damaged)


def test_every_truncation_and_extension_is_noticed(saved: Path, tmp_path: Path) -> None:
    data = saved.read_bytes()
    damaged = tmp_path / "damaged.safetensors"
    for length in range(len(data)):
        damaged.write_bytes(data[:length])
        with pytest.raises(CheckpointError):
            load_checkpoint(damaged)
    damaged.write_bytes(data + b"\0")
    with pytest.raises(CheckpointError, match="no header"):
        load_checkpoint(damaged)


def header_file(path: Path, header: bytes, body: bytes = b"") -> Path:
    path.write_bytes(struct.pack("<Q", len(header)) + header + body)
    return path


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[]",
        b"null",
        b"{" * 5000,
        b"[" * 200_000,
        b'{"__metadata__": {}}',
        b'{"__metadata__": {"seqcli": 5, "seqcli_sha256": "x"}}',
        b'{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}',
        b"\xff\xfe",
    ],
)
def test_strange_headers_are_refused(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(CheckpointError):
        load_checkpoint(header_file(tmp_path / "x.safetensors", header))


def rewritten(path: Path, saved: Path, **changes: Any) -> Path:
    """A file with another description but with hashes that fit, as somebody who wants to do harm would make it."""
    data = saved.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    described = json.loads(header["__metadata__"]["seqcli"])
    for name, value in changes.pop("described", {}).items():
        described[name] = value
    text = json.dumps(described, sort_keys=True, ensure_ascii=False)
    header["__metadata__"] = {"seqcli": text, "seqcli_sha256": hashlib.sha256(text.encode()).hexdigest()}
    header.update(changes.pop("header", {}))
    new = json.dumps(header, separators=(",", ":")).encode()
    return header_file(path, new + b" " * (-len(new) % 8), data[8 + length :])


def nested(depth: int) -> dict[str, Any]:
    return {"in": nested(depth - 1)} if depth else {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"described": {"format_version": FORMAT_VERSION + 1}}, "format version"),
        ({"described": {"format_version": "1"}}, "format version"),
        ({"described": {"format_version": 0}}, "format version"),
        ({"described": {"metadata": []}}, "metadata is not"),
        ({"described": {"metadata": {"task": "other"}}}, "not a model"),
        ({"described": {"metadata": {"task": "lm", "config": 5}}}, "config"),
        ({"described": {"sha256": {}}}, "list of tensors"),
        ({"described": {"metadata": {"task": "lm", "config": {"n": 10**400}}}}, "too large"),
        ({"described": {"metadata": {"task": "lm", "config": nested(500)}}}, "nested too deeply"),
        (
            {"header": {"tensor/w": {"dtype": "F32", "shape": [2**39, 2**39], "data_offsets": [0, 24]}}},
            "no header",
        ),
        ({"header": {"tensor/w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 24]}}}, "no header"),
        ({"header": {"tensor/w": {"dtype": "PY", "shape": [6], "data_offsets": [0, 24]}}}, "no header"),
    ],
)
def test_hostile_descriptions_are_refused(saved: Path, tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        load_checkpoint(rewritten(tmp_path / "x.safetensors", saved, **changes))


def test_lone_surrogates_are_refused(saved: Path, tmp_path: Path) -> None:
    text = '{"format_version": 1, "metadata": {"task": "lm", "config": {"a": "\\ud800"}}, "sha256": {}}'
    ours = {"seqcli": text, "seqcli_sha256": hashlib.sha256(text.encode()).hexdigest()}
    header = json.dumps({"__metadata__": ours}).encode()
    with pytest.raises(CheckpointError, match="no header"):
        load_checkpoint(header_file(tmp_path / "x.safetensors", header))


def test_names_that_are_no_text_are_saved_as_text(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    write_contents(path, Contents({}, {"path": "corpus\udcff.txt"}))
    assert read_contents(path).metadata == {"path": "corpus?.txt"}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "x.lm.safetensors"
    save_checkpoint(path, Checkpoint("lm", {}, {"w": np.zeros(3, np.float32), "v": np.array([0, value], np.float16)}))
    with pytest.raises(CheckpointError, match="'v' has values that are not finite"):
        load_checkpoint(path)


@pytest.mark.parametrize("value", [3e38, -2e6])
def test_weights_that_would_overflow_are_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "x.lm.safetensors"
    save_checkpoint(path, Checkpoint("lm", {}, {"w": np.zeros(0, np.float32), "v": np.array([0, value], np.float32)}))
    with pytest.raises(CheckpointError, match="'v' has values that are larger than a million"):
        load_checkpoint(path)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64])
def test_weights_that_are_whole_numbers_are_refused(tmp_path: Path, kind: type[np.generic]) -> None:
    path = tmp_path / "x.lm.safetensors"
    save_checkpoint(path, Checkpoint("lm", {}, {"w": np.zeros(3, kind)}))
    with pytest.raises(CheckpointError, match="'w' is of type"):
        load_checkpoint(path)


def test_tensors_of_more_dimensions_than_numpy_has_are_refused(tmp_path: Path) -> None:
    data, shape = b"\0\0\0\0", [1] * 70
    digest = hashlib.sha256(f"F32 {shape} ".encode() + data).hexdigest()
    text = json.dumps({"format_version": 1, "metadata": {}, "sha256": {"tensor/w": digest}})
    ours = {"seqcli": text, "seqcli_sha256": hashlib.sha256(text.encode()).hexdigest()}
    tensor = {"dtype": "F32", "shape": shape, "data_offsets": [0, 4]}
    header = json.dumps({"__metadata__": ours, "tensor/w": tensor}).encode()
    path = header_file(tmp_path / "x.safetensors", header, data)
    with pytest.raises(CheckpointError, match="has 70 dimensions"):
        load_checkpoint(path)


def test_absurd_header_lengths_allocate_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(CheckpointError, match="does not begin"):
        load_checkpoint(path)


def test_pickles_are_refused_unread(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    path = tmp_path / "x.safetensors"
    path.write_bytes(pickle.dumps(Bomb()) + b"\0" * 100)
    with pytest.raises(CheckpointError, match="pickle"):
        load_checkpoint(path)
    assert not (tmp_path / "exploded").exists()


@settings(max_examples=500, deadline=None)
@given(data=st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    path.write_bytes(data)
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


def test_other_tasks_and_missing_files_are_named(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is a language model, a translation model is needed"):
        load_checkpoint(saved, task="mt")
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "none.safetensors")
    with pytest.raises(CheckpointError, match="is a folder"):
        load_checkpoint(tmp_path)


def test_the_newest_model_of_a_task(saved: Path, tmp_path: Path) -> None:
    newer, other = tmp_path / "b.lm.safetensors", tmp_path / "c.mt.safetensors"
    for number, path in enumerate((newer, other)):
        path.write_bytes(saved.read_bytes())
        os.utime(path, (2e9 + number, 2e9 + number))
    assert newest_checkpoint(tmp_path, "lm") == newer
    with pytest.raises(CheckpointError, match="there is no model") as refused:
        newest_checkpoint(tmp_path / "nowhere", "tag")
    assert refused.value.hint is not None


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_failure_while_saving_leaves_the_old_model(
    saved: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    before = saved.read_bytes()

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    elif failing == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    else:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, limit[1]))
    try:
        with pytest.raises(SeqcliError, match="cannot be written"):
            save_checkpoint(saved, small())
    finally:
        if failing == "write":
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_tensors_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    path = tmp_path / "many"
    write_contents(path, Contents({f"t{number}": np.zeros(1, np.float32) for number in range(20)}, {}))
    names = list(read_contents(path).tensors)
    assert names == sorted(names)
