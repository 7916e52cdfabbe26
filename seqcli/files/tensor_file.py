"""The file format of models and training states: safetensors, with a hash over everything that carries meaning.

The file's metadata has an entry `seqcli`, a JSON text with the metadata and a SHA-256 of every tensor with its type and
shape; `seqcli_sha256` is the hash of that text. Nothing in a file is ever executed.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from seqcli.errors import CheckpointError, SeqcliError
from seqcli.files.output import whole_file

FORMAT_VERSION = 1
MAX_HEADER = 32 * 1024 * 1024  # bytes; a header of ours has some kilobytes
MAX_DEPTH = 16  # of nested metadata; ours has four levels
MAX_INTEGER = 2**63
MAX_DIMENSIONS = 8  # of a tensor; ours have three, NumPy has no more than 64
REMEDY = "the file may be damaged or not a model of this program: train again, or take another copy"
NAME_ONE = "name a model, such as NAME.lm.safetensors"
PICKLES = (b"PK\x03\x04", *(bytes((0x80, protocol)) for protocol in range(2, 6)))  # how torch.save's files begin

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
_TENSOR, _BLOB = "tensor/", "blob/"  # what names in the file begin with


@dataclass(frozen=True)
class Contents:
    """The contents of a file: tensors and `blobs` (embedded files) by name, and `metadata`, plain JSON values."""

    tensors: dict[str, np.ndarray]
    metadata: dict[str, Any]
    blobs: dict[str, bytes] = field(default_factory=dict)


def write_contents(path: Path, contents: Contents) -> None:
    """Write a file, completely or not at all; `SeqcliError` if it cannot be written."""
    arrays = {_TENSOR + name: np.asarray(value, order="C") for name, value in contents.tensors.items()}
    arrays |= {_BLOB + name: np.frombuffer(value, np.uint8) for name, value in contents.blobs.items()}
    arrays = dict(sorted(arrays.items()))
    ours = {
        "format_version": FORMAT_VERSION,
        "sha256": {name: _digest(_NAMES[value.dtype], value.shape, value.data) for name, value in arrays.items()},
        "metadata": contents.metadata,
    }
    # names of files may hold bytes that are no text
    text = json.dumps(ours, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace").decode()
    if len(text) > MAX_HEADER // 4:
        raise SeqcliError(f"{path}: the metadata is too large to write ({len(text)} characters)")
    data = save(arrays, {"seqcli": text, "seqcli_sha256": hashlib.sha256(text.encode()).hexdigest()})
    with whole_file(path) as file:
        file.write(data)


def read_contents(path: Path) -> Contents:
    """The verified contents of a file; `CheckpointError` if anything is not as it was written."""
    data = _read(path)
    try:
        described = _described(data)
        found = deserialize(data)  # type: ignore[no-untyped-call]
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise CheckpointError(f"{path}: has no header of a model", hint=REMEDY) from problem
    except CheckpointError as problem:
        raise CheckpointError(f"{path}: {problem.message}", hint=problem.hint) from problem
    hashes = described["sha256"]
    if set(hashes) != {name for name, _ in found}:
        raise CheckpointError(f"{path}: its list of tensors does not agree with its metadata", hint=REMEDY)
    contents = Contents({}, described["metadata"])
    for name, value in sorted(found, key=lambda item: item[0]):  # they come in any order
        content, kind = value["data"], value["dtype"]
        if len(value["shape"]) > MAX_DIMENSIONS:
            raise CheckpointError(f"{path}: tensor {name!r} has {len(value['shape'])} dimensions", hint=REMEDY)
        if kind not in _TYPES or _digest(kind, value["shape"], content) != hashes[name]:
            raise CheckpointError(f"{path}: tensor {name!r} is not what was written (SHA-256 differs)", hint=REMEDY)
        if name.startswith(_TENSOR):
            tensor = np.frombuffer(content, _TYPES[kind]).reshape(value["shape"])
            contents.tensors[name.removeprefix(_TENSOR)] = tensor
        elif name.startswith(_BLOB):
            contents.blobs[name.removeprefix(_BLOB)] = bytes(content)
        else:
            raise CheckpointError(f"{path}: holds {name!r}, which this program does not know", hint=REMEDY)
    return contents


def _read(path: Path) -> bytes:
    """The bytes of a file that starts like a model; other files are not read."""
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            raise CheckpointError(f"{path}: {what}", hint=NAME_ONE)
        with path.open("rb") as file:
            start, total = file.read(8), path.stat().st_size
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
            if not 0 <= length <= min(MAX_HEADER, total - 8):
                reason, remedy = "is not a model: it does not begin as one does", NAME_ONE
                if start.startswith(PICKLES):
                    reason = "is a pickle (torch.save writes them), which could run code when read, and is not opened"
                    remedy = REMEDY
                raise CheckpointError(f"{path}: {reason}", hint=remedy)
            return start + file.read()
    except OSError as problem:
        raise CheckpointError(f"{path}: cannot be read: {problem.strerror or problem}") from problem


def _described(data: bytes) -> dict[str, Any]:
    """The `seqcli` text in a file's header, parsed and checked."""
    (length,) = struct.unpack("<Q", data[:8])
    ours = json.loads(data[8 : 8 + length])["__metadata__"]
    text = ours["seqcli"].encode()
    if hashlib.sha256(text).hexdigest() != ours["seqcli_sha256"]:
        raise CheckpointError("its metadata is not what was written (SHA-256 differs)", hint=REMEDY)
    described: dict[str, Any] = json.loads(text)
    version = described["format_version"]
    if type(version) is not int or version < 1:
        raise CheckpointError(f"its format version is {version!r}", hint=REMEDY)
    if version > FORMAT_VERSION:
        hint = "install a newer seqcli"
        raise CheckpointError(f"has format version {version}, this program reads up to {FORMAT_VERSION}", hint=hint)
    if not isinstance(described["metadata"], dict) or not isinstance(described["sha256"], dict):
        raise CheckpointError("its metadata is not that of a model", hint=REMEDY)
    for value in _values(described, MAX_DEPTH):
        if isinstance(value, str):
            value.encode()  # a lone surrogate is no text: ValueError
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise CheckpointError("its metadata has a number that is too large", hint=REMEDY)
    return described


def _values(value: Any, depth: int) -> Iterator[Any]:
    """All names and plain values in nested metadata."""
    if depth == 0:
        raise CheckpointError("its metadata is nested too deeply", hint=REMEDY)
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _values(item, depth - 1)
    else:
        yield value


def _digest(kind: str, shape: Any, data: bytes | bytearray | memoryview) -> str:
    """SHA-256 of an array's type, shape and bytes; even an empty array has a shape to protect."""
    digest = hashlib.sha256(f"{kind} {list(shape)} ".encode())
    digest.update(data)
    return digest.hexdigest()
