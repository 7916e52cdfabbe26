"""A text corpus for language modelling: files in, arrays of token ids out, of any size.

Small corpora stay in memory. Large ones are tokenised once, chunk by chunk, into files of the smallest integer type
that holds the vocabulary, which are mapped into memory and kept in a cache under the content's hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from seqcli.data.text import open_bytes, read_chunks
from seqcli.data.tokenizer import Tokenizer, choose_kind, load_tokenizer, train_tokenizer
from seqcli.errors import CheckpointError, DataError, UsageError

IN_MEMORY = 8_000_000  # bytes of text up to which nothing is cached
ABANDONED = 24 * 3600.0  # seconds without a write after which an unfinished file is nobody's
LONGEST_LINE = 1_000_000  # characters after which a line is cut at a blank, or anywhere


@dataclass(frozen=True)
class Encoded:
    """A text as ids (tokens,), and how many bytes of UTF-8 and characters it has."""

    ids: np.ndarray
    bytes: int
    chars: int


@dataclass(frozen=True)
class Corpus:
    """Training and validation ids (1-D, perhaps mapped from a file), the tokenizer, and what was decided."""

    train: np.ndarray
    valid: np.ndarray
    tokenizer: Tokenizer
    fingerprint: str  # of the text, the split and the tokenizer
    train_bytes: int
    valid_bytes: int
    valid_chars: int
    held_out: str  # how validation text was chosen, in a sentence
    notes: list[str] = field(default_factory=list)


def open_corpus(
    paths: list[str],
    *,
    valid: list[str] | None = None,
    valid_share: float = 0.05,
    tokens: str = "auto",
    vocab_size: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    tokenizer: Tokenizer | None = None,
    cache_dir: Path | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Corpus:
    """Read, split and tokenise a corpus.

    Without `valid` the last `valid_share` of the text is held out, from the beginning of a line. The vocabulary is
    learnt from the training text only, unless `tokenizer` is given. Raises `DataError` for text that cannot be used.
    """
    if valid is None and not 0 < valid_share < 1:
        raise UsageError("--valid-share must be between 0 and 1")
    with contextlib.ExitStack() as stack:
        sources = _Sources([stack.enter_context(_spooled(path)) for path in paths], paths, encoding, errors)
        size = sources.measure()
        if not size.characters:
            raise DataError("the text is empty", path=", ".join(paths), hint="give a file with some text in it")
        if valid is not None:
            held = _Sources([stack.enter_context(_spooled(path)) for path in valid], valid, encoding, errors)
            held_size = held.measure()
            if not held_size.characters:
                raise DataError(
                    "the validation text is empty",
                    path=", ".join(valid),
                    hint="leave --valid out to hold some text out",
                )
            held_start: int = 0
            train_stop: int | None = None
            held_out = f"validation: {', '.join(valid)}"
            digest = size.digest + held_size.digest
        else:
            cut = sources.line_start(int(size.characters * (1 - valid_share)), size.characters)
            held, held_start, train_stop = sources, cut, cut
            share = 1 - cut / size.characters
            held_out = f"validation: the last {100 * share:.1f} % of the text, held out (--valid names a file instead)"
            digest = f"{size.digest}:{cut}"
        notes: list[str] = []
        kind = tokens
        if tokenizer is None and tokens == "auto":
            kind, note = choose_kind(size.beginning, size.characters)
            notes.append(note)
        cache = _Cache(cache_dir or _default_cache(), size.bytes > IN_MEMORY)
        if tokenizer is None:
            tokenizer = cache.tokenizer(
                f"{digest}:{kind}:{vocab_size}",
                lambda: train_tokenizer(kind, sources.chunks(stop=train_stop), vocab_size),
                progress,
            )
        fingerprint = hashlib.sha256(digest.encode() + tokenizer.to_bytes()).hexdigest()
        train = cache.encode(f"{fingerprint}:train", sources.chunks(stop=train_stop), tokenizer, progress)
        heldout = cache.encode(f"{fingerprint}:valid", held.chunks(start=held_start), tokenizer, progress)
    if len(train.ids) < 3 or len(heldout.ids) < 1:
        raise DataError(
            f"the text is too short to learn from ({len(train.ids)} tokens, {len(heldout.ids)} held out)",
            path=", ".join(paths),
            hint="give more text, or a --valid file",
        )
    if cache.used:
        notes.append(f"the tokenised text is kept in {cache.folder}")
    notes.append(f"{len(train.ids):,} training tokens, {len(heldout.ids):,} for validation, {tokenizer.size:,} types")
    return Corpus(
        train=train.ids,
        valid=heldout.ids,
        tokenizer=tokenizer,
        fingerprint=fingerprint,
        train_bytes=train.bytes,
        valid_bytes=heldout.bytes,
        valid_chars=heldout.chars,
        held_out=held_out,
        notes=notes,
    )


def encode_files(paths: list[str], tokenizer: Tokenizer, *, encoding: str = "utf-8", errors: str = "strict") -> Encoded:
    """Whole files as one stream of ids, in memory."""
    return _encode(_Sources(paths, paths, encoding, errors).chunks(), tokenizer)


def line_chunks(chunks: Iterable[str]) -> Iterator[str]:
    """The same text in pieces that end with a line; a line that is too long is cut after a blank or anywhere."""
    rest = ""
    for chunk in chunks:
        rest += chunk
        cut = rest.rfind("\n") + 1
        if not cut and len(rest) > LONGEST_LINE:
            cut = rest.rfind(" ") + 1 or len(rest)
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


@dataclass(frozen=True)
class _Size:
    characters: int
    bytes: int
    digest: str
    beginning: str


class _Sources:
    """Several files as one text. Carriage returns before line feeds are left out; each file ends with a line."""

    def __init__(self, paths: list[str], names: list[str], encoding: str, errors: str) -> None:
        """`names` are what errors call the files that are read from `paths`."""
        self.paths, self.encoding, self.errors = paths, encoding, errors
        self.names = ["standard input" if name == "-" else name for name in names]

    def _text(self) -> Iterator[str]:
        for path, name in zip(self.paths, self.names, strict=True):
            last, held = "\n", ""
            for chunk in read_chunks(path, encoding=self.encoding, errors=self.errors, name=name):
                text = held + chunk
                held = "\r" if text.endswith("\r") else ""  # its line feed may be in the next chunk
                text = text[: len(text) - len(held)].replace("\r\n", "\n")
                if text:
                    last = text[-1]
                    yield text
            if held:
                yield held
                last = held
            if last != "\n":
                yield "\n"

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[str]:
        """The characters from `start` to `stop`, in pieces that end with a line."""
        return line_chunks(self._slice(start, stop))

    def _slice(self, start: int, stop: int | None) -> Iterator[str]:
        place = 0
        for chunk in self._text():
            if stop is not None and place >= stop:
                return
            piece = chunk[max(0, start - place) : None if stop is None else max(0, stop - place)]
            place += len(chunk)
            if piece:
                yield piece

    def measure(self) -> _Size:
        """One pass over the text: its size and hash, and its beginning."""
        digest, characters, size, beginning = hashlib.sha256(), 0, 0, ""
        for chunk in self._text():
            data = chunk.encode("utf-8", "surrogatepass")
            digest.update(data)
            characters += len(chunk)
            size += len(data)
            if len(beginning) < 200_000:
                beginning += chunk[:200_000]
        return _Size(characters, size, digest.hexdigest(), beginning)

    def line_start(self, wanted: int, characters: int) -> int:
        """Where the first line from `wanted` on begins; `wanted` itself if there is none before the end."""
        place = wanted
        for chunk in self._slice(wanted, None):
            found = chunk.find("\n")
            if found >= 0:
                place += found + 1
                break
            place += len(chunk)
        if place < characters:
            return place
        # the last line began before: take its beginning unless it is most of the text
        place, last = 0, 0
        for chunk in self._slice(0, wanted):
            found = chunk.rfind("\n")
            last = place + found + 1 if found >= 0 else last
            place += len(chunk)
        return last if last > characters // 2 else max(wanted, 1)


def _encode(chunks: Iterable[str], tokenizer: Tokenizer) -> Encoded:
    parts, size, characters = [np.zeros(0, np.int32)], 0, 0
    for chunk in chunks:
        parts.append(tokenizer.encode(chunk))
        size += len(chunk.encode("utf-8", "surrogatepass"))
        characters += len(chunk)
    return Encoded(np.concatenate(parts), size, characters)


class _Cache:
    """What was learnt and encoded before, by the hash of what it was made from."""

    def __init__(self, folder: Path, used: bool) -> None:
        self.folder, self.used = folder, used

    def _path(self, key: str, ending: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.{ending}"

    def tokenizer(self, key: str, train: Callable[[], Tokenizer], progress: Callable[[str], None]) -> Tokenizer:
        path = self._path(key, "tokenizer")
        if self.used and path.exists():
            with contextlib.suppress(CheckpointError, OSError):  # a damaged one is made again
                return load_tokenizer(path.read_bytes())
        if self.used:
            progress("learning the vocabulary")
        tokenizer = train()
        if self.used:
            with _renamed(path) as temporary:
                temporary.write_bytes(tokenizer.to_bytes())
        return tokenizer

    def encode(self, key: str, chunks: Iterable[str], tokenizer: Tokenizer, progress: Callable[[str], None]) -> Encoded:
        if not self.used:
            return _encode(chunks, tokenizer)
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
        for left in path.parent.glob("*.part"):  # of runs that were killed
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > ABANDONED:
                    left.unlink()
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


def _default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "seqcli"


@contextlib.contextmanager
def _spooled(path: str) -> Iterator[str]:
    """`path`; what can be read only once (standard input, a pipe) is first written to a temporary file."""
    if path != "-" and (Path(path).is_file() or Path(path).is_dir() or not Path(path).exists()):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="seqcli-", suffix=".txt") as file:
        with open_bytes(path) as source:
            while data := source.read(1 << 20):
                _keep(file, data)
        _keep(file, b"")
        yield file.name


def _keep(file: IO[bytes], data: bytes) -> None:
    try:
        file.write(data)
        if not data:
            file.flush()
    except OSError as problem:
        raise DataError(
            f"what was read cannot be kept: {problem.strerror or problem}",
            path=tempfile.gettempdir(),
            hint="free some space, set TMPDIR to another place, or give the text as a file",
        ) from problem
