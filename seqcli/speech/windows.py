"""Sound without end in stretches that fit in memory, cut where it is quietest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

WINDOW, SHORTEST = 20.0, 8.0  # seconds of a stretch, and before which none is cut
PAUSE = 0.6  # seconds of quiet at which a stretch ends when it is to be answered soon
QUIET = 0.01  # power of a pause over that of the stretch's loud parts: -20 dB
FRAME = 0.02  # seconds in which power is measured
SMOOTH = 9  # frames over which it is averaged


@dataclass(frozen=True)
class Stretch:
    """Samples (n,) and when the first of them is, in seconds."""

    samples: np.ndarray
    start: float


def stretches(blocks: Iterable[np.ndarray], rate: int, *, soon: bool = False) -> Iterator[Stretch]:
    """Samples as they come, in stretches of at most `WINDOW` seconds; with `soon` one ends at every longer pause."""
    held = np.zeros(0, np.float32)
    done = 0
    for block in blocks:
        held = np.concatenate((held, block))
        while (cut := _place(held, rate, soon)) is not None:
            yield Stretch(held[:cut], done / rate)
            done += cut
            held = held[cut:]
    if len(held):
        yield Stretch(held, done / rate)


def _place(samples: np.ndarray, rate: int, soon: bool) -> int | None:
    """Where to cut, if what is there is long enough or ends with a pause."""
    length, frame = len(samples) / rate, int(FRAME * rate)
    if soon and PAUSE + 0.5 < length <= WINDOW:
        power = _power(samples, frame)
        pause = int(PAUSE / FRAME)
        if power[-pause:].max() < QUIET * max(np.quantile(power, 0.95), 1e-8):
            return len(samples)
    if length <= WINDOW:
        return None
    power = np.convolve(_power(samples[: int(WINDOW * rate)], frame), np.ones(SMOOTH) / SMOOTH, mode="same")
    first = int(SHORTEST / FRAME)
    return (first + int(power[first:-SMOOTH].argmin())) * frame + frame // 2


def _power(samples: np.ndarray, frame: int) -> np.ndarray:
    count = len(samples) // frame
    return np.asarray(np.square(samples[: count * frame].reshape(count, frame)).mean(axis=1))
