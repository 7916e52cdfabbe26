"""Model files made to do harm: the kept models, changed in ways that a checksum does not notice, since whoever changes
a file can write its checksums anew.

Every file is a function of a number, so that one that got through can be made again.
"""

from __future__ import annotations

import copy
import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from seqcli.cli.info import describe
from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import Checkpoint, load_checkpoint
from seqcli.forecasting.recurrent.forecaster import load_forecaster
from seqcli.language.decoder import load_language_model
from seqcli.speech.transcribe import Recogniser
from seqcli.tagging.tag import Tagger
from seqcli.translation.decoder import load_translation_model

KEPT = sorted((Path(__file__).parent.parent / "fixtures").glob("*.safetensors"))
MODELS = [path for path in KEPT if path.name != "v1.forecast.safetensors"]  # refused, as it should be
LOADERS: dict[str, Any] = {
    "lm": load_language_model,
    "mt": load_translation_model,
    "forecast": load_forecaster,
    "tag": Tagger.load,
    "asr": Recogniser.load,
}
STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 2**31, 2**40, 2**63, 10**40, 0.5, -1.5, 1e308, float("nan"), float("inf")),
    *("", "lstm", "none", "../../etc/passwd", "\x00", "\x1b[2J", "é" * 300, "\ud800", "F32", "I64", "PY"),
    *([], [1], [0], [-1], [2**39, 2**39], [1] * 9, [[]], {}, {"a": 1}, [{}], [None], {"kind": "word"}),
)


def parts(data: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """A file's list of tensors, its description and its tensors' bytes."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    described = json.loads(header.pop("__metadata__")["seqcli"])
    return header, described, data[8 + length :]


def joined(header: dict[str, Any], described: Any, body: bytes) -> bytes:
    """A file of these parts whose own checksum fits."""
    text = json.dumps(described, sort_keys=True, ensure_ascii=False)
    ours = {"seqcli": text, "seqcli_sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()}
    data = json.dumps({"__metadata__": ours, **header}, separators=(",", ":")).encode()
    data += b" " * (-len(data) % 8)
    return struct.pack("<Q", len(data)) + data + body


def mutant(number: int, originals: list[bytes]) -> bytes:
    """The hostile file of that number."""
    random = Random(number)
    original = random.choice(originals)
    kind = random.randrange(8)
    if kind == 0:
        return _damaged(original, random)
    if kind == 1:
        return random.randbytes(random.randrange(64)) + original[random.randrange(64) :]
    header, described, body = parts(original)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if kind == 2:
            _change(header, random)
        elif kind == 3:
            _change(described, random)
        elif kind == 4:
            _change(described["metadata"], random)
        else:  # what the loaders see
            _change(described["metadata"].get(random.choice(("config", "config", "metrics", "provenance")), {}), random)
        if not isinstance(described.get("metadata"), dict):
            break
    if kind == 7:
        body = _swapped(header, described, body, random)
    return joined(header, described, body)


def load(path: Path) -> Checkpoint:
    """What the commands do with a model file before they use it."""
    checkpoint = load_checkpoint(path)
    LOADERS[checkpoint.task](checkpoint)
    describe(checkpoint)
    return checkpoint


def refusal(loader: Callable[[Any], object], given: Any) -> str | None:
    """The reason for which something is not loaded; None when it is."""
    try:
        loader(given)
    except CheckpointError as problem:
        return problem.message
    return None


def _damaged(data: bytes, random: Random) -> bytes:
    for _ in range(random.randrange(1, 4)):
        place, length = random.randrange(len(data)), random.randrange(16)
        data = random.choice(
            (
                data[:place],
                data[:place] + data[place + 1 + length :],
                data[:place] + random.randbytes(length + 1) + data[place + length + 1 :],
                data[:place] + random.randbytes(length + 1) + data[place:],
            )
        )
        if not data:
            break
    return data


def _change(values: Any, random: Random) -> None:
    """Change one thing somewhere in JSON values."""
    while isinstance(values, dict | list) and values:
        key = random.choice(list(values)) if isinstance(values, dict) else random.randrange(len(values))
        if isinstance(values[key], dict | list) and values[key] and random.random() < 0.7:
            values = values[key]
            continue
        what = random.randrange(4)
        if what == 0:
            del values[key]
        elif what == 1 and isinstance(values, dict):
            values[str(random.choice(STRANGE))] = values.pop(key)
        elif what == 2 and isinstance(values[key], int):
            values[key] = values[key] + random.choice((-1, 1, 8, 2**20))
        else:
            values[key] = copy.deepcopy(random.choice(STRANGE))  # what it is may be changed next
        return


def _swapped(header: dict[str, Any], described: dict[str, Any], body: bytes, random: Random) -> bytes:
    """Other bytes in one tensor or blob, with the checksum that belongs to them."""
    hashes = described.get("sha256")
    names = [name for name, entry in header.items() if isinstance(entry, dict) and "data_offsets" in entry]
    if not names or not isinstance(hashes, dict):
        return body
    name = random.choice([name for name in names if name.startswith("blob/")] or names)
    start, end = header[name]["data_offsets"]
    if end == start:
        return body
    inside = bytearray(body[start:end])
    for _ in range(random.choice((1, 3, 30))):
        inside[random.randrange(len(inside))] = random.choice((random.randrange(256), *b'[]{}",\n09'))
    entry = header[name]
    hashes[name] = hashlib.sha256(f"{entry['dtype']} {entry['shape']} ".encode() + inside).hexdigest()
    return body[:start] + bytes(inside) + body[end:]
