"""The file of tensors that models and training states are kept in: safetensors, every byte of it covered by a hash.

An eight-byte length, a JSON header, the tensors' bytes. The header carries one entry of ours, `seqcli`, a JSON text
with the metadata and a SHA-256 of every tensor with its type and shape; `seqcli_sha256` is the hash of that text. The
header must be exactly what writing it again gives, so no byte of a file can change unnoticed. Nothing in it is ever
executed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from seqcli.errors import CheckpointError, SeqcliError
from seqcli.files.output import whole_file

FORMAT_VERSION = 1
MAX_HEADER = 32 * 1024 * 1024  # bytes; a header of ours has some kilobytes
REMEDY = "the file may be damaged or not a model of this program: train again, or take another copy"

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
_TENSOR, _BLOB = "tensor/", "blob/"  # what names in the file begin with


@dataclass(frozen=True)
class Contents:
    """What a file holds: tensors and `blobs` (files inside the file) by name, and `metadata`, plain JSON values."""

    tensors: dict[str, np.ndarray]
    metadata: dict[str, Any]
    blobs: dict[str, bytes] = field(default_factory=dict)


def write_contents(path: Path, contents: Contents) -> None:
    """Write a file, whole or not at all; `SeqcliError` when it cannot be written."""
    arrays = {_TENSOR + name: value for name, value in contents.tensors.items()}
    arrays |= {_BLOB + name: np.frombuffer(value, np.uint8) for name, value in contents.blobs.items()}
    arrays = {name: _little_endian(value) for name, value in sorted(arrays.items())}
    header, offset = {}, 0
    for name, value in arrays.items():
        header[name] = _entry(value, offset)
        offset += value.nbytes
    ours = {
        "format_version": FORMAT_VERSION,
        "sha256": {name: _digest(value.dtype, value.shape, _bytes(value)) for name, value in arrays.items()},
        "metadata": contents.metadata,
    }
    text = json.dumps(ours, sort_keys=True, ensure_ascii=False, allow_nan=True)
    header_bytes = _header_bytes(text, header)
    if len(header_bytes) > MAX_HEADER:
        raise SeqcliError(f"{path}: the metadata is too large to write ({len(header_bytes)} bytes)")
    with whole_file(path) as file:
        file.write(struct.pack("<Q", len(header_bytes)))
        file.write(header_bytes)
        for value in arrays.values():
            file.write(_bytes(value))


def read_contents(path: Path) -> Contents:
    """What a file holds, every byte verified; `CheckpointError` when anything is not as written."""
    tensors: dict[str, np.ndarray] = {}
    blobs: dict[str, bytes] = {}
    with _opened(path) as file:
        header = _read_header(path, file)
        for name, entry in header.entries.items():
            data = file.read(entry.size)
            if len(data) != entry.size:
                raise CheckpointError(f"{path}: ends in the middle of tensor {name!r}", hint=REMEDY)
            if _digest(entry.dtype, entry.shape, data) != header.hashes[name]:
                raise CheckpointError(f"{path}: tensor {name!r} is not what was written (SHA-256 differs)", hint=REMEDY)
            if name.startswith(_TENSOR):
                tensors[name.removeprefix(_TENSOR)] = np.frombuffer(data, entry.dtype).reshape(entry.shape)
            elif name.startswith(_BLOB):
                blobs[name.removeprefix(_BLOB)] = data
            else:
                raise CheckpointError(f"{path}: holds {name!r}, which this program does not know", hint=REMEDY)
    return Contents(tensors, header.metadata, blobs)


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
            raise CheckpointError(f"{path}: {what}", hint="name a model: NAME.lm, NAME.mt or NAME.forecast.safetensors")
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
        raise refuse(f"does not begin as a model does: of its {total} bytes {length} would be header")
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


def _checked_entries(
    entries: dict[str, Any], available: int, refuse: Callable[[str], CheckpointError]
) -> dict[str, _Entry]:
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
