"""Synthetic series by the batch: trends, seasons, noise and the accidents of real series, drawn anew for every one.

Every function makes (count, length) arrays for one season, from one random generator: the same seed, the same series.
"""

from __future__ import annotations

import numpy as np

from seqcli.forecasting.recurrent.scaled import SECOND


def synthesise(rng: np.random.Generator, count: int, length: int, season: int) -> np.ndarray:
    """Series with `season` periods a season (1: none), finite, of any level, scale and sign. (count, length)"""
    trend = _unit(_trend(rng, count, length, season))
    noise = _unit(_noise(rng, count, length))
    weight_trend = np.exp(rng.normal(0.0, 1.0, (count, 1))) * (rng.random((count, 1)) > 0.1)
    weight_noise = np.exp(rng.normal(-1.0 if season > 1 else -1.3, 0.9, (count, 1)))
    x = weight_trend * trend + weight_noise * noise
    if season > 1:
        weight = np.exp(rng.normal(0.0, 0.8, (count, 1))) * (rng.random((count, 1)) > 0.12)
        x += weight * _unit(_season(rng, count, length, season))
    x += _accidents(rng, x)
    multiplicative = rng.random((count, 1)) < 0.55
    x = _unit(x)
    growth = np.exp(rng.uniform(np.log(0.02), np.log(0.8), (count, 1)))
    share = np.exp(rng.uniform(np.log(0.01), np.log(0.6), (count, 1)))
    y = np.where(multiplicative, np.exp(np.clip(growth * x, -12, 12)), 1 + share * x)
    growing = np.flatnonzero(rng.random(count) < (0.35 if season == 1 else 0.2 if season < 24 else 0.05))
    y[growing] = _growing(rng, len(growing), length, season)
    y = _observed(rng, y)
    asked = np.flatnonzero(rng.random(count) < (0.04 if season == 1 else 0.2))
    y[asked] = demand(rng, len(asked), length, season)
    return y


def _growing(rng: np.random.Generator, count: int, length: int, season: int) -> np.ndarray:
    """What most economic series are like: growth by some per cent a year, which itself changes, more of it than of
    chance, and a season in proportion. (count, length)"""
    rate = np.exp(rng.normal(np.log(0.06), 0.7, (count, 1))) * rng.choice((1.0, -1.0), (count, 1), p=(0.9, 0.1))
    drift = rate / season
    chance = np.abs(drift) / np.exp(rng.uniform(np.log(0.15), np.log(2.0), (count, 1))) * season**-0.25
    slow = _walk(rng, count, length, 1 - np.exp(rng.uniform(np.log(0.02), np.log(0.3), count)))
    part = rng.uniform(0, 0.8, (count, 1))  # of the growth that wanders
    slope = drift * (1 + part * slow / np.maximum(slow.std(axis=1, keepdims=True), 1e-9))
    once = rng.random((count, 1)) < 0.25  # growth that breaks off or starts
    bend = rng.uniform(0.2, 1.2, (count, 1)) * length
    slope = np.where(once & (np.arange(length) > bend), slope * rng.uniform(-0.5, 2.0, (count, 1)), slope)
    slowing = rng.random((count, 1)) < 0.5  # by the end, to a part of what it was
    slope = np.where(slowing, slope * rng.uniform(0.05, 0.8, (count, 1)) ** (np.arange(length) / length), slope)
    steady = rng.random((count, 1)) < 0.2
    level = (slope + chance * rng.standard_normal((count, length)) * ~steady).cumsum(axis=1)
    level += chance * _unit(_noise(rng, count, length)) * rng.choice((0.2, 1.0), (count, 1))
    if season > 1:
        level += np.exp(rng.normal(np.log(0.12), 0.8, (count, 1))) * _unit(_season(rng, count, length, season))
    level = np.clip(level - level.mean(axis=1, keepdims=True), -8, 8)
    linear = rng.random((count, 1)) < 0.35
    return np.where(
        linear, np.maximum(1 + level / np.maximum(1.2, -1.2 * level.min(axis=1, keepdims=True)), 0.01), np.exp(level)
    )


def _unit(x: np.ndarray) -> np.ndarray:
    """Each row with mean zero and deviation one (rows without any stay zero)."""
    x = x - x.mean(axis=1, keepdims=True)
    spread = x.std(axis=1, keepdims=True)
    return x / np.where(spread > 1e-9, spread, 1.0)


def _walk(rng: np.random.Generator, count: int, length: int, keep: np.ndarray) -> np.ndarray:
    """First-order autoregression with coefficient `keep` (count,); 1 is a random walk."""
    steps = rng.standard_normal((length, count))
    if (keep == 1.0).all():
        return steps.cumsum(axis=0).T
    for t in range(1, length):
        steps[t] += keep * steps[t - 1]
    return steps.T


def _trend(rng: np.random.Generator, count: int, length: int, season: int) -> np.ndarray:
    """One of: line, damped changing slope, random walk with drift, pieces of lines, saturation, Gaussian process."""
    t = np.arange(length)
    kind = rng.choice(6, count, p=(0.12, 0.26, 0.24, 0.16, 0.06, 0.16))
    result = np.empty((count, length))
    for which in range(6):
        rows = np.flatnonzero(kind == which)
        n = len(rows)
        if which == 0:
            part = rng.choice((-1, 1), (n, 1), p=(0.35, 0.65)) * t
        elif which == 1:  # the slope is an autoregression around a mean of its own
            slope = _walk(rng, n, length, 1 - np.exp(rng.uniform(np.log(0.01), np.log(0.5), n)))
            slope = slope / (slope.std(axis=1, keepdims=True) + 1e-9)
            mean = rng.normal(0.3, 1.0, (n, 1)) * rng.choice((0.0, 1.0), (n, 1), p=(0.4, 0.6))
            part = (slope + mean).cumsum(axis=1)
        elif which == 2:
            drift = rng.normal(0.05, 0.25, (n, 1)) * rng.choice((0.0, 1.0), (n, 1), p=(0.4, 0.6))
            part = _walk(rng, n, length, np.ones(n)) + drift * t
        elif which == 3:
            part = rng.normal(0.3, 1.0, (n, 1)) * t
            for _ in range(3):
                bend = rng.uniform(0, 1.3, (n, 1)) * length
                part = part + rng.normal(0, 1.2, (n, 1)) * np.maximum(t - bend, 0)
        elif which == 4:
            middle = rng.uniform(-0.2, 1.2, (n, 1)) * length
            width = length * np.exp(rng.uniform(np.log(0.05), np.log(0.4), (n, 1)))
            part = np.tanh((t - middle) / width) * rng.choice((-1, 1), (n, 1), p=(0.35, 0.65))
        else:
            scale = np.exp(rng.uniform(np.log(max(2.0, season / 2)), np.log(2.0 * length), n))
            part = _gaussian_process(rng, n, length, scale)
        result[rows] = part
    return result


def _gaussian_process(rng: np.random.Generator, count: int, length: int, scale: np.ndarray) -> np.ndarray:
    """Draws with a smooth or (half of them) a rougher kernel of length `scale` (count,), by random Fourier features
    (Rahimi & Recht 2007)."""
    t = np.arange(length)
    result = np.zeros((count, length))
    rough = rng.random(count) < 0.5
    for _ in range(12):
        frequency = rng.standard_normal(count) / scale
        # a Student t mixture of frequencies is a rational quadratic-like kernel: scales of many lengths
        frequency *= np.where(rough, 1 / np.sqrt(rng.gamma(1.0, 1.0, count) + 0.02), 1.0)
        result += np.cos(frequency[:, None] * t + rng.uniform(0, 2 * np.pi, (count, 1)))
    return result


def _profile(rng: np.random.Generator, count: int, season: int) -> np.ndarray:
    """Shapes of one season: harmonics that fall off, plus (some) single high or low phases. (count, season)"""
    angle = 2 * np.pi * np.arange(season) / season
    fall = rng.uniform(0.3, 2.0, (count, 1))
    result = np.zeros((count, season))
    for k in range(1, min(season // 2, 8) + 1):
        size = rng.standard_normal((count, 1)) * k**-fall
        result += size * np.cos(k * angle + rng.uniform(0, 2 * np.pi, (count, 1)))
    spiky = rng.random((count, 1)) < 0.35
    result += spiky * rng.standard_t(2, (count, season)).clip(-6, 6) * rng.uniform(0.1, 1.0, (count, 1))
    peaked = rng.random((count, 1)) < 0.15
    result = np.where(peaked, np.exp(_unit(result)), result)
    return _unit(result)


def _season(rng: np.random.Generator, count: int, length: int, season: int) -> np.ndarray:
    """A season whose shape and strength change, with (some) a second, longer or odd one. (count, length)"""
    t = np.arange(length)
    first, last = _profile(rng, count, season), _profile(rng, count, season)
    weekly = SECOND.get(season, 0) == 7 * season and rng.random() < 0.6
    if weekly or season in (168, 336):  # days within a week
        season = 7 * season if weekly else season
        day = season // 7
        first, last = (_profile(rng, count, season) for _ in range(2))
        daily = np.tile(_profile(rng, count, day), (1, 7))
        strength = np.repeat(1 + rng.normal(0, 0.3, (count, 7)), day, axis=1)
        first = daily * strength + 0.3 * first + np.repeat(rng.normal(0, 0.4, (count, 7)), day, axis=1)
        last = first + 0.3 * last
    start = rng.integers(0, season, (count, 1))
    phase = (t + start) % season
    rows = np.arange(count)[:, None]
    change = np.abs(rng.normal(0, 0.35, (count, 1))) * (rng.random((count, 1)) < 0.6)
    mix = change * t / length
    result = (1 - mix) * first[rows, phase] + mix * last[rows, phase]
    wander = np.exp(rng.uniform(np.log(0.02), np.log(0.5), (count, 1))) * (rng.random((count, 1)) < 0.5)
    slow = _unit(_walk(rng, count, length // season + 2, np.ones(count)))[:, : length // season + 2]
    result = result * np.exp(wander * slow[rows, (t + start) // season])
    second = rng.random((count, 1)) < 0.2
    if second.any():
        longer = {24: 168.0, 48: 336.0, 7: 365.25 if length > 500 else 30.4, 52: 13.0, 12: 2.873, 4: 8.0}
        period = longer.get(season, 2.5 * season) if rng.random() < 0.6 else rng.uniform(2.0, 3.0 * season)
        waves = np.zeros((count, length))
        for k in (1, 2):
            size = rng.standard_normal((count, 1)) / k
            waves += size * np.cos(2 * np.pi * k * t / period + rng.uniform(0, 6.28, (count, 1)))
        result = result + second * rng.uniform(0.1, 0.8, (count, 1)) * waves
    return result


def _noise(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """White, heavy-tailed, autoregressive (also cyclic, of second order) or moving-average, of changing strength."""
    steps = rng.standard_normal((length, count))
    heavy = rng.random(count) < 0.25
    steps = np.where(heavy, steps / np.sqrt(rng.gamma(2.0, 0.5, (length, count)) + 0.05), steps)
    kind = rng.choice(4, count, p=(0.4, 0.35, 0.1, 0.15))
    strength = rng.uniform(-0.4, 0.97, count)
    strength = np.where(rng.random(count) < 0.2, 1 - np.exp(rng.uniform(np.log(0.003), np.log(0.1), count)), strength)
    one = np.where(kind == 1, strength, 0.0)
    radius, period = rng.uniform(0.6, 0.97, count), np.exp(rng.uniform(np.log(3), np.log(20), count))
    one = np.where(kind == 2, 2 * radius * np.cos(2 * np.pi / period), one)
    two = np.where(kind == 2, -(radius**2), 0.0)
    moving = np.where(kind == 3, rng.uniform(-0.9, 0.9, count), 0.0)
    steps[1:] += moving * steps[:-1]
    if (kind == 1).any() or (kind == 2).any():
        for t in range(2, length):
            steps[t] += one * steps[t - 1] + two * steps[t - 2]
    result = steps.T
    changing = rng.random((count, 1)) < 0.2
    strength_now = np.exp(0.6 * _unit(_walk(rng, count, length, np.ones(count))))
    return np.where(changing, result * strength_now, result)


def _accidents(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Outliers and level shifts to be added. (count, length)"""
    count, length = x.shape
    spread = x.std(axis=1, keepdims=True)
    outliers = (rng.random((count, 1)) < 0.15) & (rng.random((count, length)) < rng.uniform(0.002, 0.03, (count, 1)))
    result = np.where(outliers, rng.standard_t(3, (count, length)).clip(-8, 8) * spread, 0.0)
    shifted = np.flatnonzero(rng.random(count) < 0.12)
    for _ in range(2):
        at = rng.uniform(0, 1.4, (len(shifted), 1)) * length
        size = rng.normal(0, 1.0, (len(shifted), 1)) * spread[shifted]
        result[shifted] += size * (np.arange(length) >= at)
    return result


def _observed(rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
    """What is written down: of some level, some turned over, some rounded, some counts, some mostly zero."""
    count = len(y)
    level = np.exp(rng.uniform(np.log(1.0), np.log(1e4), (count, 1)))
    kind = rng.choice(5, count, p=(0.72, 0.05, 0.12, 0.06, 0.05))
    mean = np.maximum(np.abs(y).mean(axis=1, keepdims=True), 1e-9)
    y = np.where((kind == 1)[:, None], -y, y) * level / mean
    y[kind == 2] = np.round(y[kind == 2] / np.exp(rng.uniform(np.log(1.0), np.log(20.0), ((kind == 2).sum(), 1))))
    counts = np.flatnonzero(kind == 3)
    y[counts] = rng.poisson(np.clip(y[counts] / level[counts] * rng.uniform(0.5, 30, (len(counts), 1)), 0, 1e6))
    rare = np.flatnonzero(kind == 4)
    chance = rng.uniform(0.05, 0.6, (len(rare), 1))
    sizes = np.round(np.abs(y[rare]) / level[rare] * rng.uniform(1, 20, (len(rare), 1)) + 0.5)
    y[rare] = sizes * (rng.random((len(rare), y.shape[1])) < chance)
    return y


def demand(rng: np.random.Generator, count: int, length: int, season: int) -> np.ndarray:
    """Counts, often zero: a rate that has a level, a trend, a season and breaks, of which a negative binomial number is
    asked for, or by chance nothing at all; some before their launch or after their end, some in packs."""
    t = np.arange(length)
    rate = rng.uniform(np.log(0.03), np.log(30), (count, 1)) + np.zeros((1, length))
    drifting = rng.random((count, 1)) < 0.4
    rate += (
        drifting * np.exp(rng.uniform(np.log(0.1), np.log(1.0), (count, 1))) * _unit(_trend(rng, count, length, season))
    )
    if season > 1:
        strength = np.exp(rng.normal(-0.7, 0.8, (count, 1))) * (rng.random((count, 1)) < 0.6)
        rate += strength * _unit(_season(rng, count, length, season))
    broken = rng.random((count, 1)) < 0.2
    rate += broken * rng.normal(0, 1.0, (count, 1)) * (t >= rng.uniform(0, 1.3, (count, 1)) * length)
    mean = np.exp(np.clip(rate, -8, 8))
    size = np.exp(rng.uniform(np.log(0.15), np.log(30), (count, 1)))  # small: far from a Poisson number
    y = rng.poisson(np.minimum(rng.gamma(size, mean / size), 1e6)).astype(float)
    none = rng.uniform(0, 0.9, (count, 1)) * (rng.random((count, 1)) < 0.4)
    y *= rng.random((count, length)) >= none
    started = (rng.random((count, 1)) < 0.12) & (t < rng.uniform(0, 0.9, (count, 1)) * length)
    ended = (rng.random((count, 1)) < 0.08) & (t > rng.uniform(0.5, 1.1, (count, 1)) * length)
    y *= ~(started | ended)
    packs = np.where(rng.random((count, 1)) < 0.15, rng.integers(2, 25, (count, 1)), 1)
    return y * packs
