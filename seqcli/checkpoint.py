"""One model, one file: reading and writing checkpoints, without torch and without running anything that is in them.

A file is a safetensors file: an eight-byte length, a JSON header, the tensors' bytes. Its header carries one entry of
ours, `seqcli`, a JSON text with the metadata and a SHA-256 of every tensor with its type and shape; `seqcli_sha256` is
the hash of that text. Every byte of a file is covered: the header by the hash of our entry and because it must be
exactly what writing it again gives, the tensors by theirs.

Files appear whole or not at all: they are written under a temporary name, flushed to the disk and renamed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from seqcli.errors import CheckpointError, SeqcliError, TrainingError, UsageError

FORMAT_VERSION = 1
TASKS = ("lm", "mt", "forecast")
MAX_HEADER = 32 * 1024 * 1024  # bytes; a header of ours has some kilobytes
TEMPORARY = ".part"  # what the name of a file that is being written ends with

# the safetensors names of the number types that are written
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_NAMES = {np.dtype(code): name for name, code in _TYPES.items()}

REMEDY = "the file may be damaged or not a model of this program: train again, or take another copy"


@dataclass(frozen=True)
class Checkpoint:
    """A trained model.

    `tensors` are its parameters by name; `config` what its network is rebuilt from; `blobs` files inside the file, such
    as the tokenizer; `metrics` and `provenance` what it achieved and where it comes from. All but the tensors and blobs
    are plain JSON values.
    """

    task: str
    config: dict[str, Any]
    tensors: dict[str, np.ndarray]
    blobs: dict[str, bytes] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a model, atomically. Raises `SeqcliError` when the disk is full or the folder cannot be written."""
    arrays = {f"tensor/{name}": value for name, value in checkpoint.tensors.items()}
    arrays |= {f"blob/{name}": np.frombuffer(value, np.uint8) for name, value in checkpoint.blobs.items()}
    metadata = {
        "task": checkpoint.task,
        "config": checkpoint.config,
        "metrics": checkpoint.metrics,
        "provenance": checkpoint.provenance,
    }
    write_tensors(path, arrays, metadata)


def load_checkpoint(path: Path, *, task: str | None = None) -> Checkpoint:
    """Read and verify a model. Raises `CheckpointError` naming what is wrong, also when it is of another task."""
    arrays, metadata = read_tensors(path)
    return _checkpoint(path, arrays, metadata, task)


def check_parameters(shapes: Mapping[str, tuple[int, ...]], parameters: Mapping[str, Any]) -> None:
    """Compare names and shapes with what a configuration asks for; `CheckpointError` names the first difference."""
    if missing := sorted(set(shapes) - set(parameters)):
        raise CheckpointError(f"the model lacks the tensor {missing[0]!r}", hint=REMEDY)
    if foreign := sorted(set(parameters) - set(shapes)):
        raise CheckpointError(f"the model has a tensor this program does not know: {foreign[0]!r}", hint=REMEDY)
    for name, shape in shapes.items():
        if (found := tuple(parameters[name].shape)) != shape:
            raise CheckpointError(f"tensor {name!r} has shape {found}, expected {shape}", hint=REMEDY)


def newest_checkpoint(folder: Path, task: str) -> Path:
    """The model of a task in a folder that was written last; `CheckpointError` when there is none."""
    found = [path for path in folder.glob(f"*.{task}.safetensors") if path.is_file()]
    if not found:
        command = {"lm": "train-lm CORPUS", "mt": "train-mt PAIRS", "forecast": "forecast CSV --save MODEL"}[task]
        raise CheckpointError(
            f"there is no model *.{task}.safetensors in {folder}/",
            hint=f"train one with `seqcli {command}`, or name one with --model",
        )
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


# -- the container -----------------------------------------------------------------------------------------------------


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Write arrays and JSON metadata to one file, atomically: after a crash the old file or the new one is there."""
    arrays = {name: _little_endian(value) for name, value in sorted(tensors.items())}
    header, offset = {}, 0
    for name, value in arrays.items():
        header[name] = _entry(value, offset)
        offset += value.nbytes
    ours = {
        "format_version": FORMAT_VERSION,
        "sha256": {name: _digest(value.dtype, value.shape, _bytes(value)) for name, value in arrays.items()},
        "metadata": metadata,
    }
    text = json.dumps(ours, sort_keys=True, ensure_ascii=False, allow_nan=True)
    header_bytes = _header_bytes(text, header)
    if len(header_bytes) > MAX_HEADER:
        raise SeqcliError(f"{path}: the metadata is too large to write ({len(header_bytes)} bytes)")

    def write(file: BinaryIO) -> None:
        file.write(struct.pack("<Q", len(header_bytes)))
        file.write(header_bytes)
        for value in arrays.values():
            file.write(_bytes(value))

    _write_atomically(path, write)


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and metadata of a file, every byte verified; `CheckpointError` when anything is not as written."""
    with _opened(path) as file:
        header = _read_header(path, file)
        arrays: dict[str, np.ndarray] = {}
        for name, entry in header.entries.items():
            data = file.read(entry.size)
            if len(data) != entry.size:
                raise CheckpointError(f"{path}: ends in the middle of tensor {name!r}", hint=REMEDY)
            if _digest(entry.dtype, entry.shape, data) != header.hashes[name]:
                raise CheckpointError(f"{path}: tensor {name!r} is not what was written (SHA-256 differs)", hint=REMEDY)
            arrays[name] = np.frombuffer(data, entry.dtype).reshape(entry.shape)
    return arrays, header.metadata


@dataclass(frozen=True)
class _Entry:
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    size: int


@dataclass(frozen=True)
class _Header:
    entries: dict[str, _Entry]
    hashes: dict[str, str]
    metadata: dict[str, Any]


def _header_bytes(text: str, header: Mapping[str, Any]) -> bytes:
    """The JSON header as it is written: one way only, so that a reader can demand it byte by byte."""
    ours = {"seqcli": text, "seqcli_sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()}
    data = json.dumps({"__metadata__": ours, **header}, separators=(",", ":")).encode()
    return data + b" " * (-len(data) % 8)  # tensors start at a multiple of eight bytes


def _entry(value: np.ndarray, offset: int) -> dict[str, Any]:
    return {
        "dtype": _NAMES[value.dtype],
        "shape": list(value.shape),
        "data_offsets": [offset, offset + value.nbytes],
    }


def _little_endian(value: np.ndarray) -> np.ndarray:
    array = np.asarray(value, order="C")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if array.dtype not in _NAMES:
        raise TypeError(f"arrays of type {array.dtype} cannot be saved")
    return array


def _digest(dtype: np.dtype[Any], shape: tuple[int, ...], data: bytes | memoryview) -> str:
    """SHA-256 of an array's type, shape and bytes: an empty array has a shape to be guarded, too."""
    digest = hashlib.sha256(f"{_NAMES[dtype]} {list(shape)} ".encode())
    digest.update(data)
    return digest.hexdigest()


def _bytes(value: np.ndarray) -> memoryview:
    return np.ascontiguousarray(value).reshape(-1).view(np.uint8).data


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            raise CheckpointError(f"{path}: {what}", hint="name a model file such as checkpoints/NAME.lm.safetensors")
        with path.open("rb") as file:
            yield file
    except OSError as problem:
        raise CheckpointError(f"{path}: cannot be read: {problem.strerror or problem}") from problem


def _read_header(path: Path, file: BinaryIO) -> _Header:
    """Parse and check everything before the tensors, allocating no more than the header's own size."""

    def refuse(reason: str, hint: str = REMEDY) -> CheckpointError:
        return CheckpointError(f"{path}: {reason}", hint=hint)

    total = os.fstat(file.fileno()).st_size
    start = file.read(8)
    if len(start) < 8:
        raise refuse("is too short to be a model")
    (length,) = struct.unpack("<Q", start)
    if length > MAX_HEADER or length > total - 8:
        if start.startswith((b"PK\x03\x04", *(bytes((0x80, protocol)) for protocol in range(2, 6)))):
            raise refuse("is a pickle (torch.save writes them), which could run code when read, and is not opened")
        raise refuse(f"does not begin as a model does (header of {length} bytes in a file of {total})")
    data = file.read(length)
    try:
        header = json.loads(data)
        ours = header["__metadata__"]
        text, digest = ours["seqcli"], ours["seqcli_sha256"]
        if not isinstance(text, str) or hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
            raise refuse("its metadata is not what was written (SHA-256 differs)")
        described = json.loads(text)
        version = described["format_version"]
        if type(version) is not int or version < 1:
            raise refuse(f"its format version is {version!r}")
        if version > FORMAT_VERSION:
            raise refuse(
                f"has format version {version}, this program reads up to {FORMAT_VERSION}", "install a newer seqcli"
            )
        hashes, metadata = described["sha256"], described["metadata"]
        entries = {name: value for name, value in header.items() if name != "__metadata__"}
        if not isinstance(metadata, dict) or not isinstance(hashes, dict) or set(hashes) != set(entries):
            raise refuse("its list of tensors does not agree with its metadata")
        checked = _checked_entries(entries, total - 8 - length, refuse)
        if _header_bytes(text, entries) != data:
            raise refuse("its header is not what was written")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise refuse("has no header of a model") from problem
    return _Header(checked, hashes, metadata)


def _checked_entries(entries: dict[str, Any], available: int, refuse: Any) -> dict[str, _Entry]:
    """Tensors must lie one after the other and fill the file exactly; shapes must agree with sizes."""
    checked, offset = {}, 0
    for name, entry in entries.items():
        dtype = np.dtype(_TYPES[entry["dtype"]])
        shape = entry["shape"]
        if not isinstance(shape, list) or len(shape) > 8 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
            raise refuse(f"tensor {name!r} has an impossible shape")
        size = math.prod(shape) * dtype.itemsize
        if entry["data_offsets"] != [offset, offset + size]:
            raise refuse(f"tensor {name!r} does not lie where its shape says")
        offset += size
        if offset > available:
            raise refuse(f"ends before tensor {name!r} does")
        checked[name] = _Entry(dtype, tuple(shape), size)
    if offset != available:
        raise refuse(f"has {available - offset} bytes after its last tensor")
    return checked


def _checkpoint(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, Any], task: str | None) -> Checkpoint:
    found = metadata.get("task")
    if found not in TASKS:
        raise CheckpointError(f"{path}: is not a model (a training state, perhaps)", hint="name NAME.TASK.safetensors")
    if task is not None and found != task:
        names = {"lm": "a language model", "mt": "a translation model", "forecast": "a forecaster"}
        raise CheckpointError(f"{path}: is {names[found]}, {names[task]} is needed", hint="name another --model")
    parts = {name: metadata.get(name) for name in ("config", "metrics", "provenance")}
    for name, value in parts.items():
        if not isinstance(value, dict):
            raise CheckpointError(f"{path}: its {name!r} is missing", hint=REMEDY)
    return Checkpoint(
        task=found,
        tensors={name[7:]: value for name, value in arrays.items() if name.startswith("tensor/")},
        blobs={name[5:]: value.tobytes() for name, value in arrays.items() if name.startswith("blob/")},
        config=parts["config"] or {},
        metrics=parts["metrics"] or {},
        provenance=parts["provenance"] or {},
    )


# -- the disk ----------------------------------------------------------------------------------------------------------


def _write_atomically(path: Path, write: Any) -> None:
    temporary = path.with_name(f"{path.name}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself must survive a power cut
        finally:
            os.close(folder)
    except OSError as problem:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        hint = (
            "free some space"
            if problem.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
            else "choose another --output"
        )
        raise SeqcliError(f"{path}: cannot be written: {problem.strerror or problem}", hint=hint) from problem


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Find out before any training whether the model can be saved.

    Makes the folder. Raises `UsageError` when a model is there and may not be overwritten, `TrainingError` when the
    folder cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path}: is a folder", hint="name a file for --output")
    if path.exists() and not overwrite:
        raise UsageError(
            f"{path}: a model is already there",
            hint="--resume goes on with it, --overwrite replaces it, -o names another",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = path.with_name(f".{path.name}.{os.getpid()}.probe")
        probe.write_bytes(b"seqcli")
        probe.unlink()
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "the model that is there may not be replaced")
    except OSError as problem:
        raise TrainingError(
            f"{path}: cannot be written: {problem.strerror or problem}", hint="choose another place with --output"
        ) from problem


class OutputLock:
    """Keeps a second process from writing the same model: `with OutputLock(path): …`; `TrainingError` if it is held.

    The lock is the kernel's, on an empty file beside the model, so a killed process leaves none behind. Who holds it
    sweeps up what a killed run left half-written under these names.
    """

    def __init__(self, path: Path) -> None:
        self._model = path
        self.path = path.with_name(f".{path.name}.lock")
        self._file = -1

    def __enter__(self) -> OutputLock:
        try:
            while True:
                self._file = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self.path.exists() and os.path.samestat(os.fstat(self._file), self.path.stat()):
                    break
                os.close(self._file)  # its last holder removed the file between our two calls
        except BlockingIOError as problem:
            os.close(self._file)
            raise TrainingError(
                f"{self.path.name[1:-5]}: another process is training this model",
                hint="wait for it, or choose another --output",
            ) from problem
        except OSError as problem:
            raise TrainingError(f"{self.path}: cannot be locked: {problem.strerror or problem}") from problem
        for written in (self._model, self._model.with_suffix(".state.safetensors")):
            with contextlib.suppress(OSError):
                written.with_name(f"{written.name}{TEMPORARY}").unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()
        os.close(self._file)
