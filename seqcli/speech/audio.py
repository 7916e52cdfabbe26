"""Sound as people have it: files of any format, rate and number of channels, or a stream, as samples of one channel."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqcli.errors import DataError
from seqcli.files.opening import shown_path

BLOCK_SECONDS = 10.0  # read at a time
ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au", ".w64", ".caf")  # of sound files
SILENT = 1e-4  # greatest sample of a recording in which there is nothing to hear: 80 dB under full scale
WAV = b"RIFF"  # what such a file begins with, and what files of other formats do
OTHERS = (b"fLaC", b"OggS", b"ID3", b"\xff", b"FORM", b".snd", b"RF64", b"riff", b"caff")
_CUT_SHORT = re.compile(r"data : \d+ \(should be \d+\)")


@dataclass(frozen=True)
class SoundInfo:
    """What a sound file's header says, and whether less sound follows than it says."""

    rate: int
    channels: int
    seconds: float
    cut_short: bool


def sound_info(path: str) -> SoundInfo:
    """What a file is, without reading its sound; `DataError` when it cannot be read or holds none."""
    import soundfile

    with _readable(path):
        about = soundfile.info(path, verbose=True)
        if about.frames <= 0:
            raise DataError("holds no sound", path=path, hint="record it again, or leave it out")
        return SoundInfo(
            about.samplerate, about.channels, about.frames / about.samplerate, bool(_CUT_SHORT.search(about.extra_info))
        )


def read_sound(path: str, rate: int) -> np.ndarray:
    """All samples of a file, one channel at `rate` Hz: (n,) in fp32, full scale being 1."""
    return np.concatenate(list(sound_blocks(path, rate)))


def sound_blocks(path: str, rate: int, seconds: float = BLOCK_SECONDS) -> Iterator[np.ndarray]:
    """The samples of a file, or of standard input for `-`, as they come: one channel at `rate` Hz, about `seconds` at a
    time. Channels are averaged. A stream of another format than WAV comes when it is complete. `DataError` for what is
    no sound."""
    import soundfile
    import soxr

    with _readable(path), _opened(path) as source, soundfile.SoundFile(source, closefd=False) as file:
        resampler = soxr.ResampleStream(file.samplerate, rate, 1) if file.samplerate != rate else None
        empty = True
        while True:
            block = file.read(max(1, int(seconds * file.samplerate)), dtype="float32", always_2d=True)
            last = not len(block)
            empty = empty and last
            mixed = _mixed(block)
            if not np.isfinite(mixed).all():
                raise DataError("holds samples that are not numbers", path=shown_path(path), hint="convert it again")
            if resampler is not None:
                mixed = resampler.resample_chunk(mixed, last=last)
            if len(mixed):
                yield mixed
            if last:
                break
    if empty:
        raise DataError("holds no sound", path=shown_path(path), hint="record it again, or leave it out")


@contextlib.contextmanager
def _opened(path: str) -> Iterator[Any]:
    """What libsndfile is to read: a path, or a descriptor for `-`. Formats other than WAV are read back and forth,
    which a pipe does not allow: they go through a file."""
    if path != "-":
        yield path
        return
    if sys.stdin is None:
        raise DataError("standard input is closed", hint="give a file, or pipe sound in")
    if stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode):
        yield sys.stdin.fileno()
        return
    stream = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
    first = stream.read(4)
    if not first:
        raise DataError("standard input is empty", hint="pipe sound in, for example cat FILE | seqcli transcribe -")
    if first != WAV:
        with tempfile.TemporaryFile(buffering=0) as copy:
            copy.write(first)
            if first.startswith(OTHERS):  # libsndfile refuses by its beginning what is not, and may have no end
                shutil.copyfileobj(stream, copy)
            copy.seek(0)
            yield copy.fileno()
        return
    read, write = os.pipe()
    threading.Thread(target=_pass_on, args=(first, stream, write), daemon=True).start()
    try:
        yield read
    finally:
        os.close(read)


def _pass_on(first: bytes, stream: io.BufferedReader, to: int) -> None:
    """Write what has been read of a stream, and then the rest as it comes, to a pipe until nobody reads it."""
    with contextlib.suppress(OSError), open(to, "wb", buffering=0) as out:
        out.write(first)
        while block := stream.read1(65536):
            out.write(block)


def _mixed(block: np.ndarray) -> np.ndarray:
    """The mean of the channels (frames, channels) -> (frames,); the loudest where they cancel one another out."""
    if block.shape[1] == 1 or not len(block):
        return np.ascontiguousarray(block[:, 0])
    mean: np.ndarray = block.mean(axis=1)
    power = np.square(block).mean(axis=0)
    if np.square(mean).mean() < 0.01 * power.max():
        return np.ascontiguousarray(block[:, power.argmax()])
    return mean


@contextlib.contextmanager
def _readable(path: str) -> Iterator[None]:
    """Around what opens or reads a sound file: what goes wrong becomes a `DataError`."""
    import soundfile

    place = Path(path)
    if path != "-" and place.is_dir():
        raise DataError("is a folder", path=path, hint="name the recordings in it")
    try:
        if path != "-" and not place.is_fifo():  # who writes into a pipe gives up when its first reader leaves
            with place.open("rb") as file:
                if not file.read(1):
                    raise DataError("is empty", path=path, hint="record it again, or leave it out")
    except (OSError, ValueError) as problem:  # the latter for a name that holds a NUL
        raise DataError(
            f"cannot be read: {getattr(problem, 'strerror', None) or problem}",
            path=path,
            hint="check the name; paths in a table count from the table's folder",
        ) from problem
    try:
        yield
    except soundfile.LibsndfileError as problem:
        raise DataError(
            f"is no sound that can be read ({problem.error_string.rstrip('.')})",
            path=shown_path(path),
            hint="WAV, FLAC, OGG and MP3 can; convert others, for example with ffmpeg -i FILE FILE.wav"
            if path != "-"
            else "WAV, FLAC, OGG and MP3 can; others so: ffmpeg -i FILE -f wav - | seqcli transcribe -",
        ) from problem
