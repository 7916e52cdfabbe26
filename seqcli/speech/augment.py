"""Training recordings as they might also have been: joined, by other voices, in other rooms, under noise.

All that is done is a function of a random generator. Recordings are joined with and without pauses, so that a model
that was trained on single words transcribes sentences of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from seqcli.speech.config import SpeechConfig
from seqcli.speech.features import FLOOR, SPEECH, local_level, mel_filters, normalised, power_spectrum

WARPS = np.round(np.arange(0.84, 1.2, 0.02), 2)  # of the mel axis


@dataclass(frozen=True)
class Augmentation:
    """How strongly recordings are changed; 0 leaves out a change.

    `speed` and `warp`: standard deviation of the logarithm of the factor by which a recording is played faster (pitch
    and formants move too), and by which the mel axis is warped (formants alone). `tempo`: greatest logarithm of the
    factor by which time alone is stretched. `noise`, `reverb`: share of utterances. `colour`: standard deviation in
    decibels of a smooth curve over the spectrum. `masks`: bands of the spectrum that are hidden, and stretches of time,
    one a second (Park et al. 2019). `silence`: share of utterances that are noise alone, with nothing to transcribe.
    """

    speed: float = 0.09
    warp: float = 0.08
    tempo: float = 0.2
    noise: float = 0.6
    reverb: float = 0.3
    colour: float = 5.0
    masks: int = 2
    silence: float = 0.015

    def times(self, strength: float) -> Augmentation:
        """All changes `strength` times as strong, shares of utterances at most one; 0 leaves all out."""
        values = {item.name: getattr(self, item.name) * strength for item in fields(self)}
        for name in ("noise", "reverb", "silence"):
            values[name] = min(values[name], 1.0)
        return Augmentation(**values | {"masks": round(values["masks"])})


def joined(
    pieces: Sequence[np.ndarray], rate: int, strength: Augmentation, random: np.random.Generator
) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Recordings, each at its own speed and loudness, one after the other with pauses: samples in fp32, and from which
    to which share of all of them each recording is heard."""
    common = random.normal(0, strength.speed)
    spread = 12.0 if random.random() < 0.3 else 3.0  # decibels: by one speaker, or by several at different distances
    parts, spans = [np.zeros(_pause(rate, random, 0.25), np.float32)], []
    for number, piece in enumerate(pieces):
        if number and random.random() < 0.6:
            parts.append(np.zeros(_pause(rate, random, 0.3), np.float32))
        factor = float(np.exp(np.clip(common + random.normal(0, strength.speed / 3), -0.25, 0.25)))
        gain = np.float32(10 ** (random.uniform(-spread, spread) / 20))
        begun = sum(map(len, parts))
        places = np.arange(int(len(piece) / factor)) * factor
        parts.append(gain * np.interp(places, np.arange(len(piece)), piece).astype(np.float32))
        spans.append(begun + _heard(parts[-1], rate))
    parts.append(np.zeros(_pause(rate, random, 0.25), np.float32))
    whole = np.concatenate(parts)
    return whole, [(start / len(whole), end / len(whole)) for start, end in spans]


def _heard(samples: np.ndarray, rate: int) -> np.ndarray:
    """The first and the last sample that belong to speech, judged by power."""
    frame = rate // 50
    power = np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)).mean(axis=1)
    loud = np.nonzero(power > SPEECH * power.max(initial=0.0))[0]
    return np.array([loud[0] * frame, (loud[-1] + 1) * frame]) if len(loud) else np.array([0, len(samples)])


def _pause(rate: int, random: np.random.Generator, most: float) -> int:
    return int(rate * most * random.random() ** 2)


def augmented(
    samples: np.ndarray,
    config: SpeechConfig,
    strength: Augmentation,
    random: np.random.Generator,
    statistics: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """samples (n,) at the model's rate -> changed features (frames, mels); `statistics` are their mean and scale."""
    warp = 1.0
    if strength.warp:
        warp = float(WARPS[np.abs(WARPS - np.exp(random.normal(0, strength.warp))).argmin()])
    power = power_spectrum(samples, config.sample_rate) @ mel_filters(config.sample_rate, config.mels, warp)
    if random.random() < strength.reverb:
        power = _reverberant(power, random)
    if strength.colour:
        power *= _curve(config.mels, strength.colour, random)
    power = _noisy(power, random, 5.0 if random.random() < strength.noise else 35.0)
    if strength.tempo:
        power = _stretched(power, float(np.exp(random.uniform(-strength.tempo, strength.tempo))))
    frames = normalised(power, *statistics, streaming=config.streaming)
    if strength.masks:
        _mask(frames, strength.masks, random)
    return frames


def noise_alone(
    config: SpeechConfig, random: np.random.Generator, statistics: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Features of half a second to two seconds of noise."""
    power = np.full((int(random.integers(50, 200)), config.mels), FLOOR)
    return normalised(_noisy(power, random, 0.0), *statistics, streaming=config.streaming)


def _curve(mels: int, decibels: float, random: np.random.Generator) -> np.ndarray:
    """A smooth random factor of power for each filter."""
    axis = np.linspace(0, np.pi, mels)
    waves = sum(random.normal(0, decibels / (k**0.5)) * np.cos(k * axis) for k in (1, 2, 3))
    return np.asarray(10 ** (waves / 10), np.float32)


def _reverberant(power: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """With a tail that loses 60 dB in .1 to .6 s: late reverberation adds power, without regard to phases."""
    decay = np.float32(10 ** (-6 / (100 * random.uniform(0.1, 0.6))))
    share = np.float32(10 ** (random.uniform(-15, -3) / 10) * (1 - decay))
    tail, lag = decay * np.pad(power[:-1], ((1, 0), (0, 0))), 1
    while lag < len(power) and decay**lag > FLOOR:  # each round twice as many of the frames before are in the tail
        tail[lag:] += decay**lag * tail[:-lag]
        lag *= 2
    return np.asarray(power + share * tail, np.float32)


def _noisy(power: np.ndarray, random: np.random.Generator, least: float) -> np.ndarray:
    """With noise of a random smooth spectrum, `least` to 50 decibels under the level of the softer parts of speech."""
    level = np.quantile(local_level(power.mean(axis=1) + FLOOR), 0.1) * 10 ** (-random.uniform(least, 50) / 10) + FLOOR
    spectrum = level * _curve(power.shape[1], 6.0, random)
    shape = 3.0  # the variance of a filter's power over a few bins
    return np.asarray(
        power + spectrum * random.standard_gamma(shape, power.shape).astype(np.float32) / shape, np.float32
    )


def _stretched(power: np.ndarray, factor: float) -> np.ndarray:
    """The same frames in `factor` times as many, interpolated."""
    frames = max(2, round(len(power) * factor))
    places = np.linspace(0, len(power) - 1, frames)
    below = np.minimum(places.astype(int), max(len(power) - 2, 0))
    share = (places - below).astype(np.float32)[:, None]
    above = np.minimum(below + 1, len(power) - 1)
    return np.asarray(power[below] * (1 - share) + power[above] * share)


def _mask(frames: np.ndarray, bands: int, random: np.random.Generator) -> None:
    """Put zeros, the mean, into bands of filters and stretches of time."""
    time, mels = frames.shape
    for _ in range(bands):
        width = int(random.integers(0, mels // 6 + 1))
        start = int(random.integers(0, mels - width + 1))
        frames[:, start : start + width] = 0.0
    for _ in range(1 + time // 100):
        width = int(random.integers(0, min(7, time // 8 + 1)))
        start = int(random.integers(0, time - width + 1))
        frames[start : start + width] = 0.0
