"""Text as token ids: in memory, or mapped from files that are made once and kept under the content's hash.

What is kept takes 10 GB at most, beside what was used within the last day: the longest unused goes first. A place that
cannot be written costs time, never the run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from seqcli.errors import CheckpointError, DataError
from seqcli.notices import Notice
from seqcli.text.tokenizer import Tokenizer, load_tokenizer

MOST_KEPT = 10_000_000_000  # bytes
IN_USE = 24 * 3600.0  # seconds since a file was made or used in which it is not removed
UNFINISHED = ".part"


@dataclass(frozen=True)
class Encoded:
    """A text as ids (tokens,), and how many bytes of UTF-8 and characters it has. `spelling`: -log p in nats of how all
    its unknown tokens are spelt, 0 if that is not asked."""

    ids: np.ndarray
    bytes: int
    chars: int
    spelling: float = 0.0


def encode(chunks: Iterable[str], tokenizer: Tokenizer, *, spell: bool = False) -> Encoded:
    """The whole text, in memory."""
    parts, size, characters, spelling = [np.zeros(0, np.int32)], 0, 0, 0.0
    for chunk in chunks:
        parts.append(tokenizer.encode(chunk))
        size += len(chunk.encode("utf-8", "surrogatepass"))
        characters += len(chunk)
        if spell:
            spelling += math.fsum(map(tokenizer.spelling_surprisal, tokenizer.unknown(chunk)))
    return Encoded(np.concatenate(parts), size, characters, spelling)


class TokenCache:
    """What was learnt and encoded before, by the hash of what it was made from: in `folder`, by default
    `$XDG_CACHE_HOME/seqcli` or `~/.cache/seqcli`, which is None where nothing can be kept, or is not to be (`used`);
    ids are then written to a temporary file without a name."""

    def __init__(self, folder: Path | None = None, *, used: bool) -> None:
        self.used = used
        self.folder = _usable_folder(folder) if used else None

    @property
    def notice(self) -> str:
        """Where the tokenised text is kept, in a sentence."""
        if self.folder is None:
            return "no folder to keep the tokenised text in (set XDG_CACHE_HOME): it will be tokenised again next time"
        return f"the tokenised text is kept in {self.folder}"

    def tokenizer(self, key: str, train: Callable[[], Tokenizer], progress: Notice) -> Tokenizer:
        """The tokenizer kept under `key`, else the one that `train` makes."""
        if not self.used:
            return train()
        if self.folder is not None:
            with contextlib.suppress(CheckpointError, OSError):  # a damaged one is made again
                path = self._path(key, "tokenizer")
                known = load_tokenizer(path.read_bytes())
                _mark_used(path)
                return known
        progress("learning the vocabulary")
        tokenizer = train()
        self._keep(key, "tokenizer", tokenizer.to_bytes())
        return tokenizer

    def encode(self, key: str, chunks: Iterable[str], tokenizer: Tokenizer, progress: Notice) -> Encoded:
        """The ids kept under `key`, else those of `chunks`. Raises `DataError` when there is no room for them anywhere,
        and what `chunks` raises; then nothing is kept."""
        if not self.used:
            return encode(chunks, tokenizer)
        dtype = np.dtype(np.uint8 if tokenizer.size <= 2**8 else np.uint16 if tokenizer.size <= 2**16 else np.int32)
        if (known := self._known(key, dtype)) is not None:
            return known
        try:
            with tempfile.TemporaryFile(prefix="seqcli-") if self.folder is None else _unfinished(self.folder) as file:
                about = _write_ids(file, chunks, tokenizer, dtype, progress)
                ids = np.memmap(file, dtype, "r") if about["size"] else np.zeros(0, dtype)
                if self.folder is not None:
                    Path(file.name).replace(self._path(key, "ids"))
                    self._keep(key, "json", json.dumps(about).encode())
        except OSError as problem:
            raise DataError(
                f"the tokenised text cannot be kept: {problem.strerror or problem}",
                path=self.folder or tempfile.gettempdir(),
                hint="free some space, or set XDG_CACHE_HOME and TMPDIR to another place",
            ) from problem
        return Encoded(ids, about["bytes"], about["chars"])

    def _path(self, key: str, ending: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.{ending}"

    def _known(self, key: str, dtype: np.dtype[Any]) -> Encoded | None:
        """What is kept under `key`; None if there is none, or it is damaged."""
        if self.folder is None:
            return None
        path, about = self._path(key, "ids"), self._path(key, "json")
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            values = json.loads(about.read_text())
            ids = np.memmap(path, dtype, "r") if values["size"] else np.zeros(0, dtype)
            if ids.nbytes == values["size"] and hashlib.sha256(ids.data).hexdigest() == values["sha256"]:
                _mark_used(path, about)
                return Encoded(ids, int(values["bytes"]), int(values["chars"]))
        return None

    def _keep(self, key: str, ending: str, data: bytes) -> None:
        """Keep a small file, if that can be."""
        if self.folder is None:
            return
        with contextlib.suppress(OSError), _unfinished(self.folder) as file:
            file.write(data)
            file.flush()
            Path(file.name).replace(self._path(key, ending))


def _write_ids(
    file: IO[bytes], chunks: Iterable[str], tokenizer: Tokenizer, dtype: np.dtype[Any], progress: Notice
) -> dict[str, Any]:
    """Write the ids of a text; how long it is, and the hash of what was written."""
    digest, size, read, characters = hashlib.sha256(), 0, 0, 0
    for chunk in chunks:
        data = tokenizer.encode(chunk).astype(dtype).tobytes()
        digest.update(data)
        size += file.write(data)
        read += len(chunk.encode("utf-8", "surrogatepass"))
        characters += len(chunk)
        progress(f"tokenising: {read / 1e6:,.0f} MB")
    file.flush()
    return {"bytes": read, "chars": characters, "size": size, "sha256": digest.hexdigest()}


@contextlib.contextmanager
def _unfinished(folder: Path) -> Iterator[Any]:
    """A file in the cache that goes away again unless whoever has written it whole gives it its name."""
    _make_room(folder)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=UNFINISHED, delete=False) as file:
        try:
            yield file
        finally:
            with contextlib.suppress(OSError):
                os.unlink(file.name)


def _usable_folder(folder: Path | None) -> Path | None:
    """The folder, made if need be; None where nothing can be written, or where there is no home folder."""
    try:
        usual = folder or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "seqcli"
        usual.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=usual, suffix=UNFINISHED):
            return usual
    except (OSError, RuntimeError):
        return None


def _mark_used(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path)


def _make_room(folder: Path) -> None:
    """Remove unfinished files of killed runs, and the least recently used files beyond `MOST_KEPT` bytes."""
    files: list[tuple[float, int, Path]] = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            files.append((path.stat().st_mtime, path.stat().st_size, path))
    total, now = 0, time.time()
    for used, size, path in sorted(files, reverse=True):
        total += size
        if now - used > IN_USE and (total > MOST_KEPT or path.suffix == UNFINISHED):
            with contextlib.suppress(OSError):
                path.unlink()
