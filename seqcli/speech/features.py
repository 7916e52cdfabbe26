"""Log-mel filter banks on NumPy, normalised by the level and, as far as it can be estimated, the mean of a recording.

A frame is taken every 10 ms, from 25 ms of sound (Davis & Mermelstein 1980 for the mel scale's use; the filters are
triangles on the scale 2595 log₁₀(1 + f / 700), as in HTK).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from seqcli.speech.config import FRAMES_A_SECOND

LOWEST, HIGHEST = 60.0, 7600.0  # Hz, of the filters
PREEMPHASIS = 0.97
FLOOR = 1e-10  # power; what digital silence has
RANGE = 1e-5  # power below the level of speech that still counts: 50 dB
SPEECH = 10**-2.5  # power of a frame below the level from which on it is taken for speech: 25 dB
LEVEL = 0.95  # quantile of the frames' power that is called the whole recording's level
REACH = 40  # frames around one that its level is that of
PRIOR = 100.0  # frames that the training data's mean counts for beside the recording's own
AHEAD = 10  # frames after one that its level depends on, where sound is transcribed while it comes
FALL = np.log(10) * np.array([0.03, 0.001])  # .3 and .01 dB: by which it, and what bounds it, sink in a frame
FORGOTTEN = 0.001  # share of the mean of what was heard so far that each frame takes away


def power_spectrum(samples: np.ndarray, rate: int) -> np.ndarray:
    """samples (n,) at `rate` Hz -> power (frames, bins) in fp32; frame t is centred on t · 10 ms."""
    hop, window = rate // FRAMES_A_SECOND, rate // 40
    emphasised = samples.astype(np.float32)
    emphasised[1:] -= PREEMPHASIS * samples[:-1]
    frames = len(samples) // hop + 1
    padded = np.zeros(frames * hop + 2 * window, np.float32)
    padded[window // 2 : window // 2 + len(samples)] = emphasised
    cut = np.lib.stride_tricks.sliding_window_view(padded, window)[: frames * hop : hop]
    spectrum = np.fft.rfft(cut * _hann(window), fft_size(rate))
    return np.asarray(np.square(spectrum.real) + np.square(spectrum.imag))


def fft_size(rate: int) -> int:
    """The power of two that a window of 25 ms fits in."""
    return 1 << (rate // 40 - 1).bit_length()


@cache
def _hann(window: int) -> np.ndarray:
    weights: np.ndarray = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
    return weights


@cache
def mel_filters(rate: int, mels: int, warp: float = 1.0) -> np.ndarray:
    """Triangular filters (bins, mels) that each sum to one; `warp` multiplies their frequencies: what it does to a
    voice is what a vocal tract shorter by that factor would (Lee & Rose 1996)."""
    size, top = fft_size(rate), min(HIGHEST, rate / 2)
    edges = 700 * (10 ** (np.linspace(_mel(LOWEST), _mel(top), mels + 2) / 2595) - 1) * warp
    frequencies = np.arange(size // 2 + 1) * rate / size
    rising = (frequencies[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - frequencies[:, None]) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    for number in np.nonzero(filters.sum(axis=0) == 0)[0]:  # narrower than a bin, or above the highest
        filters[min(round(edges[number + 1] * size / rate), size // 2), number] = 1.0
    return np.asarray(filters / filters.sum(axis=0), np.float32)


def _mel(frequency: float) -> float:
    return float(2595 * np.log10(1 + frequency / 700))


def mel_power(samples: np.ndarray, rate: int, mels: int) -> np.ndarray:
    """samples (n,) -> power in each filter (frames, mels)."""
    power: np.ndarray = power_spectrum(samples, rate) @ mel_filters(rate, mels)
    return power


def levelled(power: np.ndarray, *, streaming: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of power (frames, mels) over the level of the sound around, bounded from below, and which frames are
    speech. Neither gain matters, nor that of one speaker beside another's, nor how long pauses are. With `streaming`
    nothing depends on what comes later than `AHEAD` frames."""
    if streaming:
        return StreamLevel().push(power, last=True)
    loudness = power.mean(axis=1) + FLOOR
    level = local_level(loudness)
    return np.log(power / level[:, None] + RANGE), np.asarray(loudness > SPEECH * level)


def local_level(loudness: np.ndarray) -> np.ndarray:
    """The greatest loudness (frames,), over a few frames, within .4 s of each frame, changing over .2 s; nowhere more
    than 25 dB under that of the whole."""
    smooth = np.maximum(_averaged(loudness, 5), FLOOR)
    padded = _edged(smooth, REACH, REACH)
    greatest = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1).max(axis=1)
    level = np.exp(_averaged(np.log(greatest), REACH // 2 | 1))
    return np.asarray(np.maximum(level, np.quantile(loudness, LEVEL) * SPEECH))


def _averaged(values: np.ndarray, width: int) -> np.ndarray:
    """The mean of the `width` values around each."""
    sums = np.cumsum(_edged(values, width // 2 + 1, width // 2), dtype=np.float64)
    return np.asarray((sums[width:] - sums[:-width]) / width)


def _edged(values: np.ndarray, before: int, after: int) -> np.ndarray:
    """With the first and the last value repeated; np.pad would be most of the time that short recordings take."""
    return np.concatenate((np.full(before, values[0]), values, np.full(after, values[-1])))


def normalised(power: np.ndarray, mean: np.ndarray, scale: np.ndarray, *, streaming: bool = False) -> np.ndarray:
    """power (frames, mels) -> what the network sees, in fp32, given mean and scale (mels,) of the training data. The
    mean of the recording's own speech, which is that of speaker and microphone where it is long and that of its sounds
    where it is short, is subtracted by the share its length has beside `PRIOR` frames; with `streaming` the mean up to
    each frame."""
    if streaming:
        return StreamFeatures(mean, scale).push(power, last=True)
    logarithms, speech = levelled(power)
    centred = logarithms - mean
    own = centred[speech].sum(axis=0) / (speech.sum() + PRIOR)
    return np.asarray((centred - own) / scale, np.float32)


class StreamLevel:
    """As `levelled`, of frames that come piece by piece; each comes back as soon as the `AHEAD` after it are there. The
    level follows greater loudness at once and sinks slowly, to no less than 25 dB under one that hardly sinks."""

    def __init__(self) -> None:
        self._held: np.ndarray | None = None
        self._level = np.full(2, np.log(FLOOR))

    def push(self, power: np.ndarray, *, last: bool) -> tuple[np.ndarray, np.ndarray]:
        """Further frames (frames, mels), at the end all that are left -> those that are ready, as of `levelled`."""
        held = power if self._held is None else np.concatenate((self._held, power))
        count = len(held) if last else max(len(held) - AHEAD, 0)
        self._held = held[count:]
        if not count:
            return np.zeros((0, power.shape[1])), np.zeros(0, bool)
        loudness = held.mean(axis=1) + FLOOR
        greatest = _greatest(_edged(loudness, 0, AHEAD)[: count + AHEAD])
        sinking = FALL * np.arange(count + 1)[:, None]
        levels = np.maximum.accumulate(np.vstack((self._level, np.log(greatest)[:, None] + sinking[1:]))) - sinking
        self._level = levels[-1]
        level = np.exp(np.maximum(levels[1:, 0], levels[1:, 1] + np.log(SPEECH)))
        return np.log(held[:count] / level[:, None] + RANGE), np.asarray(loudness[:count] > SPEECH * level)


def _greatest(loudness: np.ndarray) -> np.ndarray:
    """The greatest mean of five in a row within the `AHEAD` frames after each, and itself."""
    means = np.lib.stride_tricks.sliding_window_view(loudness, 5).mean(axis=1)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(means, AHEAD - 3).max(axis=1))


class StreamFeatures:
    """As `normalised`, by the level and the mean of what has been heard so far; `mean`, `scale` as there."""

    def __init__(self, mean: np.ndarray, scale: np.ndarray) -> None:
        self._level, self._mean, self._scale = StreamLevel(), mean, scale
        self._sum, self._count = np.zeros(len(mean)), 0.0

    def push(self, power: np.ndarray, *, last: bool) -> np.ndarray:
        """Further frames (frames, mels), at the end all that are left -> features of those that are ready, in fp32."""
        logarithms, speech = self._level.push(power, last=last)
        centred = logarithms - self._mean
        kept = (1 - FORGOTTEN) ** np.arange(1, len(centred) + 1)
        sums = kept[:, None] * (self._sum + np.cumsum(centred * (speech / kept)[:, None], axis=0))
        counts = kept * (self._count + np.cumsum(speech / kept))
        if len(centred):
            self._sum, self._count = sums[-1], counts[-1]
        return np.asarray((centred - sums / (counts + PRIOR)[:, None]) / self._scale, np.float32)


def stacked(frames: np.ndarray, stack: int, stride: int) -> np.ndarray:
    """frames (time, mels) -> (⌈time / stride⌉, stack · mels): each step sees `stack` frames around its own."""
    steps = -(-len(frames) // stride)
    before = (stack - stride) // 2
    after = (steps - 1) * stride + stack - before - len(frames)
    return windows(np.pad(frames, ((before, max(after, 0)), (0, 0)), mode="edge"), stack, stride, steps)


def windows(frames: np.ndarray, stack: int, stride: int, steps: int) -> np.ndarray:
    """frames (time, mels) -> (steps, stack · mels): `stack` frames, `stride` further in each step."""
    if not steps:
        return np.zeros((0, stack * frames.shape[1]), frames.dtype)
    view = np.lib.stride_tricks.sliding_window_view(frames, stack, axis=0)[::stride][:steps]
    return view.swapaxes(1, 2).copy().reshape(steps, -1)
