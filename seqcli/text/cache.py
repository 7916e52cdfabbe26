"""Text as token ids: in memory, or mapped from files that are made once and kept under the content's hash.

What is kept takes 10 GB at most, beside what was used within the last day: the longest unused goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqcli.errors import CheckpointError, DataError
from seqcli.text.tokenizer import Tokenizer, load_tokenizer

MOST_KEPT = 10_000_000_000  # bytes
IN_USE = 24 * 3600.0  # seconds since a file was made or used in which it is not removed


@dataclass(frozen=True)
class Encoded:
    """A text as ids (tokens,), and how many bytes of UTF-8 and characters it has."""

    ids: np.ndarray
    bytes: int
    chars: int


def encode(chunks: Iterable[str], tokenizer: Tokenizer) -> Encoded:
    """The whole text, in memory."""
    parts, size, characters = [np.zeros(0, np.int32)], 0, 0
    for chunk in chunks:
        parts.append(tokenizer.encode(chunk))
        size += len(chunk.encode("utf-8", "surrogatepass"))
        characters += len(chunk)
    return Encoded(np.concatenate(parts), size, characters)


class TokenCache:
    """What was learnt and encoded before, by the hash of what it was made from; with `used` off nothing is kept.

    The folder is `$XDG_CACHE_HOME/seqcli` unless given. Raises `DataError` when it cannot be written.
    """

    def __init__(self, folder: Path | None = None, *, used: bool) -> None:
        usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "seqcli"
        self.folder, self.used = folder or usual, used

    def _path(self, key: str, ending: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.{ending}"

    def tokenizer(self, key: str, train: Callable[[], Tokenizer], progress: Callable[[str], None]) -> Tokenizer:
        """The tokenizer kept under `key`, else the one that `train` makes."""
        path = self._path(key, "tokenizer")
        if self.used and path.exists():
            with contextlib.suppress(CheckpointError, OSError):  # a damaged one is made again
                known = load_tokenizer(path.read_bytes())
                _mark_used(path)
                return known
        if self.used:
            progress("learning the vocabulary")
        tokenizer = train()
        if self.used:
            with _renamed(path) as temporary:
                temporary.write_bytes(tokenizer.to_bytes())
        return tokenizer

    def encode(self, key: str, chunks: Iterable[str], tokenizer: Tokenizer, progress: Callable[[str], None]) -> Encoded:
        """The ids kept under `key`, else those of `chunks`."""
        if not self.used:
            return encode(chunks, tokenizer)
        dtype = np.dtype(np.uint8 if tokenizer.size <= 2**8 else np.uint16 if tokenizer.size <= 2**16 else np.int32)
        path, about = self._path(key, f"ids-{dtype.name}"), self._path(key, "json")
        values = _read_about(about, path)
        if values is None:
            values = {"bytes": 0, "chars": 0, "size": 0}
            with _renamed(path) as temporary, temporary.open("wb") as file:
                for chunk in chunks:
                    values["size"] += file.write(tokenizer.encode(chunk).astype(dtype).tobytes())
                    values["bytes"] += len(chunk.encode("utf-8", "surrogatepass"))
                    values["chars"] += len(chunk)
                    progress(f"tokenising: {values['bytes'] / 1e6:,.0f} MB")
            with _renamed(about) as temporary:
                temporary.write_text(json.dumps(values))
        _mark_used(path, about)
        ids = np.memmap(path, dtype, "r") if values["size"] else np.zeros(0, dtype)
        return Encoded(ids, values["bytes"], values["chars"])


def _read_about(about: Path, path: Path) -> dict[str, int] | None:
    """What is known of a kept file of ids; None if there is none or it is not whole."""
    try:
        values: dict[str, int] = json.loads(about.read_text())
        return values if values["size"] == path.stat().st_size else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _renamed(path: Path) -> Iterator[Path]:
    """A temporary file that takes its name when all went well, so that no half-written one is ever taken for whole."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_room(path.parent)
        yield temporary
        temporary.replace(path)
    except OSError as problem:
        raise DataError(
            f"the tokenised text cannot be kept: {problem.strerror or problem}",
            path=path.parent,
            hint="free some space, or set XDG_CACHE_HOME to another place",
        ) from problem
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _mark_used(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path)


def _make_room(folder: Path) -> None:
    """Remove what killed runs have left half-written, and of the rest the longest unused beyond `MOST_KEPT` bytes."""
    files: list[tuple[float, int, Path]] = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            files.append((path.stat().st_mtime, path.stat().st_size, path))
    total, now = 0, time.time()
    for used, size, path in sorted(files, reverse=True):
        total += size
        if now - used > IN_USE and (total > MOST_KEPT or path.suffix == ".part"):
            with contextlib.suppress(OSError):
                path.unlink()
