"""Hostile model files whose parts were made anew: tensors of other types, shapes and values, files inside the file
changed from within, networks of other sizes; every checksum fits. And models of more kinds than the kept ones.

Like `hostile.py`, every file is a function of a number.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import Checkpoint
from seqcli.files.plain import to_plain
from seqcli.files.tensor_file import FORMAT_VERSION
from seqcli.forecasting.recurrent.config import ForecasterConfig
from seqcli.forecasting.recurrent.covariates import HOLIDAYS
from seqcli.language.config import LanguageModelConfig
from seqcli.model.cells import CELLS
from seqcli.speech.config import SpeechConfig
from seqcli.speech.lexicon import words_to_blobs
from seqcli.tagging.config import TaggerConfig
from seqcli.tagging.formats.lines import Inline, Segmented
from seqcli.tagging.formats.records import Records
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import Lexicon
from seqcli.tagging.schemes import SCHEMES
from seqcli.tagging.words import WordRule
from seqcli.text.tokenizer import train_tokenizer
from seqcli.translation.config import TranslationConfig
from seqcli.translation.preprocessing import BLOB, Preprocessing
from tests.reliability.hostile import STRANGE, _change, joined

TEXT = "the sky is grey\nthe river is clear\nthe wind is low\n天空 很 蓝\n"
PAIRS = [(f"the sky {n}, see www.a{n}.org", f"der Himmel {n}, www.a{n}.org") for n in range(10, 50)]
CONFIGS: dict[str, Any] = {
    "lm": LanguageModelConfig,
    "mt": TranslationConfig,
    "forecast": ForecasterConfig,
    "tag": TaggerConfig,
    "asr": SpeechConfig,
}
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "U8": "|u1", "BOOL": "|b1"}
NUMBERS = (0.0, -0.0, 1.0, 1e-45, 1e-30, 1e4, -1e4, 1e20, -1e20, 3e38, -3e38, float("nan"), float("inf"))
WORDS = (
    "",
    " ",
    "\n",
    "\r",
    "\x00",
    "\x1b[2J",
    "\ud800",
    "é",
    "天",
    "a b",
    "the sky",
    "<unk>",
    "▁",
    "a" * 70_000,
    "(a+)+$",
)


def _filled(task: str, config: Any, blobs: Mapping[str, bytes]) -> Checkpoint:
    """A model of a configuration with random weights."""
    random = np.random.default_rng(7)
    shapes = config.parameter_shapes()
    tensors = {name: random.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}
    return Checkpoint(task, to_plain(config), tensors, dict(blobs), {"score": 1.5, "history": [{"loss": 1.5}]})


def _language() -> list[Checkpoint]:
    found = []
    for kind, cell, tied, lines in (("word", "gru", False, True), ("subword", "mingru", True, False)):
        tokenizer = train_tokenizer(kind, [TEXT])
        config = LanguageModelConfig(tokenizer.size, cell, 6, 5, 1, tied, lines)
        found.append(_filled("lm", config, {"tokenizer": tokenizer.to_bytes()}))
    return found


def _translation() -> list[Checkpoint]:
    found = []
    preprocessing = Preprocessing.learn(PAIRS, carries=True).with_keep((r"\d+",))
    for kind, attention in (("char", "additive"), ("word", "multi-head"), ("char", "none")):
        tokenizer = train_tokenizer(kind, [f"{a}\n{b}\n" for a, b in PAIRS])
        config = TranslationConfig(
            tokenizer.size,
            "rnn",
            embedding=6,
            encoder_hidden=4,
            decoder_hidden=6,
            decoder_layers=1,
            attention=attention,
            heads=1 if attention != "multi-head" else 2,
            input_feeding=attention == "additive",
        )
        blobs = {"tokenizer": tokenizer.to_bytes(), BLOB: preprocessing.to_bytes()}
        found.append(_filled("mt", config, blobs))
    return found


def _tagging() -> list[Checkpoint]:
    steps = [line.split() for line in TEXT.splitlines()]
    learnt = WordRule.learn(steps)
    rule = replace(learnt, joiners="-", digit_joiners=".,", endings=("'s", "n't"), kept=("Mr.", "..."))
    plain = LabelSet.learn([["A", "B", "C"]], None)
    words = Lexicon.learn(steps, "word")
    characters = Lexicon.learn([list(line.replace(" ", "")) for line in TEXT.splitlines() * 2], "character")
    chunks = LabelSet.learn([["B-X", "I-X", "O"]], SCHEMES[1])
    made = (
        (Labelling(words, plain, Records("tags", False, rule), rule), False),
        (Labelling(characters, chunks, Segmented(), None), True),
        (Labelling(characters, chunks, Inline("/", True), None), True),
    )
    found = []
    for labelling, crf in made:
        sizes = {"labels": len(labelling.labels), **labelling.lexicon.sizes()}
        config = TaggerConfig(
            **sizes, word_width=5, character_width=4, reader_hidden=3, affix_width=3, pair_width=2, hidden=4, crf=crf
        )
        found.append(_filled("tag", config, labelling.to_blobs()))
    return found


def _speech() -> list[Checkpoint]:
    tokenizer = train_tokenizer("char", [" yesno\n"])
    config = SpeechConfig(
        tokenizer.size, mels=8, stack=3, channels=2, band=4, band_step=2, front=4, hidden=3, layers=1, lowercase=True
    )
    return [_filled("asr", config, {"tokenizer": tokenizer.to_bytes(), **words_to_blobs(("no", "yes"))})]


def _forecasting() -> list[Checkpoint]:
    shape = {"hidden": 4, "layers": 1, "width": 3, "embedding": 3, "season": 12, "frequency": "monthly", "weight": 0.5}
    known = {"covariates": ("calendar: month's days 1", *HOLIDAYS), "holidays": (17000, 17365)}
    return [_filled("forecast", ForecasterConfig(cell="lstm", **(shape | more)), {}) for more in ({}, known)]


@cache
def varied() -> tuple[Checkpoint, ...]:
    """Models of the kinds that the kept ones are not."""
    return (*_language(), *_translation(), *_tagging(), *_speech(), *_forecasting())


def file_of(checkpoint: Checkpoint, arrays: Mapping[str, tuple[str, tuple[int, ...], bytes]] | None = None) -> bytes:
    """The bytes of a model file; `arrays` by their names in the file, in place of those of the checkpoint."""
    if arrays is None:
        arrays = {f"tensor/{name}": ("F32", value.shape, value.tobytes()) for name, value in checkpoint.tensors.items()}
        arrays |= {f"blob/{name}": ("U8", (len(value),), value) for name, value in checkpoint.blobs.items()}
    header: dict[str, Any] = {}
    body, hashes = bytearray(), {}
    for name, (kind, shape, data) in sorted(arrays.items()):
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [len(body), len(body) + len(data)]}
        hashes[name] = hashlib.sha256(f"{kind} {list(shape)} ".encode() + data).hexdigest()
        body += data
    metadata = {
        "task": checkpoint.task,
        "config": checkpoint.config,
        "metrics": checkpoint.metrics,
        "provenance": checkpoint.provenance,
    }
    described = {"format_version": FORMAT_VERSION, "sha256": hashes, "metadata": metadata}
    return joined(header, described, bytes(body))


def remade(number: int, originals: tuple[Checkpoint, ...]) -> bytes:
    """The hostile file of that number."""
    random = Random(f"remade {number}")
    made = copy.deepcopy(random.choice(originals))
    for _ in range(random.choice((1, 1, 2))):
        how = random.choice(
            (_resized, _tensors, _values, _blob, _blob, _blob) if made.blobs else (_resized, _tensors, _values)
        )
        made = how(made, random, originals)
    if random.random() < 0.2:
        return _retyped(made, random)
    return file_of(made)


def _resized(made: Checkpoint, random: Random, originals: tuple[Checkpoint, ...]) -> Checkpoint:
    """A network of another size, all of it; what it does not agree with are the files inside."""
    config = copy.deepcopy(made.config)
    for _ in range(random.choice((1, 1, 3))):
        name = random.choice(sorted(config))
        if name == "cell":
            config[name] = random.choice(sorted(CELLS))
        elif isinstance(config[name], bool):
            config[name] = not config[name]
        elif isinstance(config[name], int):
            config[name] = max(0, config[name] + random.choice((-2, -1, 1, 2, 16)))
        elif isinstance(config[name], float):
            config[name] = random.choice((0.0, 0.5, 1.0, 1e-9))
        else:
            config[name] = copy.deepcopy(
                random.choice((*STRANGE, ["a"], ["a", "a"], [[0.0, 1e-300]], [2**31 - 1, -(2**31)]))
            )
    try:
        built = CONFIGS[made.task].from_json(config)
        shapes = built.parameter_shapes()
        if sum(int(np.prod(shape)) for shape in shapes.values()) > 1_000_000:
            return replace(made, config=config)
        return replace(_filled(made.task, built, made.blobs), config=config)
    except CheckpointError:
        return replace(made, config=config)


def _tensors(made: Checkpoint, random: Random, originals: tuple[Checkpoint, ...]) -> Checkpoint:
    """Tensors of other shapes and names."""
    tensors = dict(made.tensors)
    name = random.choice(sorted(tensors))
    value = tensors[name]
    changes: tuple[Callable[[], Any], ...] = (
        lambda: value.T,
        lambda: value.reshape(-1),
        lambda: value[None],
        lambda: value[..., None],
        lambda: value[:-1],
        lambda: value[:0],
        lambda: np.concatenate((value, value)),
        lambda: value.reshape(-1)[:1].reshape(()),
    )
    what = random.randrange(4)
    if what == 0:
        del tensors[name]
    elif what == 1:
        tensors[str(random.choice(STRANGE)).encode("utf-8", "replace").decode()] = tensors.pop(name)
    elif what == 2:
        other = random.choice(sorted(tensors))
        tensors[name], tensors[other] = tensors[other], value
    else:
        tensors[name] = np.ascontiguousarray(random.choice(changes)()) if value.size else value
    return replace(made, tensors=tensors)


def _values(made: Checkpoint, random: Random, originals: tuple[Checkpoint, ...]) -> Checkpoint:
    """Weights of other values, finite or not."""
    tensors = dict(made.tensors)
    names = sorted(tensors) if random.random() < 0.2 else [random.choice(sorted(tensors))]
    number = np.float32(random.choice(NUMBERS))
    for name in names:
        value = np.array(tensors[name], np.float32)
        if random.random() < 0.3:
            value[...] = number
        elif value.size:
            with np.errstate(over="ignore", invalid="ignore"):
                value = value * number if random.random() < 0.5 else value
            value.reshape(-1)[random.randrange(value.size)] = number
        tensors[name] = value
    return replace(made, tensors=tensors)


def _blob(made: Checkpoint, random: Random, originals: tuple[Checkpoint, ...]) -> Checkpoint:
    """A file inside the file, changed from within or taken from another model."""
    blobs = dict(made.blobs)
    name = random.choice(sorted(blobs))
    what = random.random()
    if what < 0.1:
        blobs[name] = random.choice(
            [b"", b"null", b"[]", b"{}", b"[" * 100_000, blobs[name][: random.randrange(1, 99)]]
        )
    elif what < 0.2:
        found = [value for other in originals for value in other.blobs.values()]
        blobs[name] = random.choice(found)
    else:
        head, line, body = blobs[name].partition(b"\n")
        if line and b'"subword"' in head:
            blobs[name] = head + line + within(body, random)
        else:
            begin, text = (head + line, body) if line else (b"", head)
            blobs[name] = begin + _other_json(text, random)
    return replace(made, blobs=blobs)


def _other_json(text: bytes, random: Random) -> bytes:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return text + random.choice(WORDS).encode("utf-8", "surrogatepass")
    whole = [values]
    for _ in range(random.choice((1, 1, 3))):
        if random.random() < 0.5:
            _change(whole, random)
        else:
            _other_text(whole, random)
    return json.dumps(whole[0] if whole else None, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _other_text(values: Any, random: Random) -> None:
    """Another text, or one more, somewhere in JSON values."""
    while isinstance(values, dict | list) and values:
        key = random.choice(list(values)) if isinstance(values, dict) else random.randrange(len(values))
        if isinstance(values[key], dict | list) and values[key]:
            values = values[key]
            continue
        if isinstance(values, list) and random.random() < 0.3:
            values.insert(key, random.choice((*WORDS, copy.deepcopy(values[key]))))
        else:
            values[key] = random.choice(WORDS)
        return


def _retyped(made: Checkpoint, random: Random) -> bytes:
    """Some tensors, or a file inside, kept as numbers of another type."""
    arrays = {f"tensor/{name}": value for name, value in made.tensors.items()}
    arrays |= {f"blob/{name}": np.frombuffer(value, np.uint8) for name, value in made.blobs.items()}
    kinds = dict.fromkeys(arrays, "F32") | {f"blob/{name}": "U8" for name in made.blobs}
    names = sorted(arrays) if random.random() < 0.3 else [random.choice(sorted(arrays))]
    kind = random.choice((*TYPES, "BF16", "U64", "F8_E5M2"))
    written = {}
    for name, value in arrays.items():
        own = kind if name in names else kinds[name]
        with np.errstate(over="ignore", invalid="ignore"):
            data = value.astype(TYPES.get(own, "<u2" if own == "BF16" else "<u8" if own == "U64" else "|u1")).tobytes()
        ones = (1,) * (random.choice((9, 70)) if name in names and random.random() < 0.1 else 0)  # NumPy has 64 at most
        written[name] = (own, (*ones, *value.shape), data)
    return file_of(made, written)


def fields(message: bytes) -> list[tuple[int, int, bytes]]:
    """The fields of a protocol buffer: number, wire type and content."""
    found, place = [], 0
    while place < len(message):
        key, place = _varint(message, place)
        kind, start = key & 7, place
        if kind == 0:
            _, place = _varint(message, place)
        elif kind == 2:
            length, start = _varint(message, place)
            place = start + length
        else:
            place += 4 if kind == 5 else 8
        found.append((key >> 3, kind, message[start:place]))
    return found


def buffer(found: list[tuple[int, int, bytes]]) -> bytes:
    """The protocol buffer with these fields."""
    return b"".join(
        _as_varint(number << 3 | kind) + (_as_varint(len(content)) if kind == 2 else b"") + content
        for number, kind, content in found
    )


def within(model: bytes, random: Random) -> bytes:
    """A SentencePiece model with something changed in it: pieces, or the settings by which text is cut."""
    found = fields(model)
    if not found:
        return model
    for _ in range(random.choice((1, 1, 5))):
        place = random.randrange(len(found)) if random.random() < 0.5 else -random.choice((1, 2, 3))
        place = max(place, -len(found))
        number, kind, content = found[place]
        what = random.randrange(4)
        if what == 0 and len(found) > 1:
            del found[place]
        elif what == 1:
            found.insert(random.randrange(len(found)), (number, kind, content))
        elif kind == 2:
            inside = fields(content)
            for _ in range(random.choice((1, 3))):
                inside = _other_field(inside, random)
            found[place] = (number, kind, buffer(inside))
    if random.random() < 0.2:  # how text is normalised, as a compiled table
        trie = b"\x00\x04\x00\x00" + random.randbytes(1028)  # its size, as SentencePiece has it, and itself
        table = random.choice((b"\xff" * 64, random.randbytes(random.randrange(1, 4000)), trie))
        found.append((3, 2, buffer([(2, 2, table)])))
    return buffer(found)


def _other_field(inside: list[tuple[int, int, bytes]], random: Random) -> list[tuple[int, int, bytes]]:
    inside = list(inside)
    if not inside or random.random() < 0.3:
        number = random.choice((1, 2, 3, 4, 5, 6, 7, 10, 16, 24, 30, 35, 40, 41, 42, 43))
        inside.append((number, 0, _as_varint(random.choice((0, 1, 2, 3, 6, 2**31, 2**64 - 1)))))
        return inside
    place = random.randrange(len(inside))
    number, kind, content = inside[place]
    if random.random() < 0.2:
        del inside[place]
    elif kind == 0:
        inside[place] = (number, 0, _as_varint(random.choice((0, 1, 2, 3, 4, 5, 6, 7, 2**31, 2**63))))
    elif kind == 2:
        text = random.choice(WORDS).encode("utf-8", "surrogatepass")
        inside[place] = (number, 2, random.choice((text, content + text, content[:-1])))
    else:
        inside[place] = (number, kind, np.float32(random.choice(NUMBERS)).tobytes() if kind == 5 else content)
    return inside


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value, place, shift = value | (byte & 127) << shift, place + 1, shift + 7
        if byte < 128:
            return value, place


def _as_varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
