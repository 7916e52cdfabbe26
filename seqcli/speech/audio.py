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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqcli.errors import DataError, UsageError
from seqcli.files.opening import shown_path

BLOCK_SECONDS = 10.0  # read at a time
ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au", ".w64", ".caf")  # of sound files
# another one from Python is a slip, such as 16 for 16 kHz, and a lower one of a file is damage
SAMPLE_RATES = 1000, 10_000_000
FULL_SCALE = 1 << 15  # of samples of 16 bits
LOUDEST = 2.0  # floating point sample from Python: resampling goes somewhat above 1, samples that are not scaled far
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

    with _readable(path), _opened(path) as source, soundfile.SoundFile(source, closefd=False) as file:
        size = max(1, int(seconds * file.samplerate))

        def blocks() -> Iterator[np.ndarray]:
            while len(block := file.read(size, dtype="float32", always_2d=True)):
                yield block

        yield from _converted(blocks(), file.samplerate, rate, shown_path(path))


def sample_blocks(given: Any, given_rate: Any, rate: int) -> Iterator[np.ndarray]:
    """The samples of an array (see `Recogniser.transcribe`) of so many a second, like `sound_blocks`. `UsageError` for
    what are none."""
    samples = _samples(given)
    if given_rate is None:
        raise UsageError("rate must be given with samples: how many there are a second, such as rate=16000")
    least, most = SAMPLE_RATES
    number = isinstance(given_rate, int | float | np.integer | np.floating)
    if not number or not least <= given_rate <= most or given_rate != int(given_rate):
        raise UsageError(f"rate must be samples a second, from {least:,} to {most:,}, not {given_rate!r:.80}")
    size = int(BLOCK_SECONDS * given_rate)
    scale = np.float32(1 if samples.dtype.kind == "f" else 1 / FULL_SCALE)
    blocks = (samples[start : start + size].astype(np.float32) * scale for start in range(0, len(samples), size))
    return _converted(blocks, int(given_rate), rate, "the samples")


def _samples(given: Any) -> np.ndarray:
    """What was given as an array (samples, channels) of floating point numbers, or whole ones of 16 bits."""
    try:
        samples = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as problem:  # as tensors raise that are elsewhere or have gradients
        raise UsageError(f"recording must be a path, or samples as an array: {problem}") from problem
    if samples.dtype.kind != "f" and samples.dtype != np.int16:
        what = samples.dtype if samples.dtype.kind in "biuc" and samples.ndim else type(given).__name__
        hint = "convert samples to floating point numbers from -1 to 1, or to int16"
        raise UsageError(f"recording must be a path, or floating point or int16 samples, not {what}", hint=hint)
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and samples.size and samples.shape[1] > samples.shape[0]):
        hint = "one channel is (samples,), several are (samples, channels); recording.T turns them round"
        raise UsageError(f"recording must be samples over time, not an array of shape {samples.shape}", hint=hint)
    peak = float(np.abs(samples).max(initial=0)) if samples.dtype.kind == "f" else 0.0
    if LOUDEST < peak < np.inf:
        hint = f"divide samples of 16 bits by {FULL_SCALE}"
        raise UsageError(f"recording must be floating point samples from -1 to 1, not up to {peak:g}", hint=hint)
    return samples if samples.ndim == 2 else samples[:, None]


def _converted(blocks: Iterable[np.ndarray], given: int, rate: int, shown: str) -> Iterator[np.ndarray]:
    """Blocks (samples, channels) at a `given` rate as one channel at another."""
    import soxr

    if given < SAMPLE_RATES[0]:
        raise DataError(f"has {given} samples a second by its header, too few for speech", path=shown, hint="repair it")
    resampler = soxr.ResampleStream(given, rate, 1) if given != rate else None
    heard = 0
    for block in blocks:
        mixed = _mixed(block)
        if not np.isfinite(mixed).all():
            raise DataError("holds samples that are not numbers", path=shown, hint="convert it again")
        if resampler is not None:
            mixed = resampler.resample_chunk(mixed)
        if len(mixed):
            heard += len(mixed)
            yield mixed
    if resampler is not None and len(rest := resampler.resample_chunk(np.zeros(0, np.float32), last=True)):
        heard += len(rest)
        yield rest
    if not heard:  # not even one sample at the new rate
        raise DataError("holds no sound", path=shown, hint="record it again, or leave it out")


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
