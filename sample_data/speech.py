"""Words of a made-up voice, from formants by rule: no recording was used.

    python sample_data/speech.py FOLDER

writes FOLDER/train.tsv, test.tsv and strings.tsv with their WAV files, and strings.txt, lines of words to train a
language model on. A word is a few sounds: vowels are a buzz through three resonances, whispers and bursts are noise
through one. Voices differ in pitch and in the length of their vocal tract, takes in speed, loudness and noise. Words
in strings follow a rule: none comes again before all others of its half of the list have come.
"""

from __future__ import annotations

import random
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

RATE = 8000
WORDS = {  # each sound is one letter of SOUNDS
    "sun": "sAn",
    "moon": "mUn",
    "sea": "sI",
    "star": "stA",
    "lake": "lEk",
    "rain": "rEn",
    "snow": "snO",
    "tree": "trI",
}
VOICED = {  # three resonances in Hz, and loudness
    "A": (750, 1250, 2500, 1.0),
    "E": (480, 1950, 2600, 1.0),
    "I": (290, 2250, 3000, 0.9),
    "O": (480, 850, 2500, 1.0),
    "U": (310, 800, 2350, 0.9),
    "m": (250, 1000, 2200, 0.3),
    "n": (250, 1500, 2500, 0.3),
    "l": (350, 1100, 2700, 0.6),
    "r": (400, 1250, 1600, 0.6),
}
NOISY = {"s": (3200, 0.25), "t": (2800, 0.4), "k": (1700, 0.4)}  # the resonance in Hz, and loudness
BURSTS = "tk"  # silence, then a short noise
SECONDS = {"A": 0.16, "E": 0.16, "I": 0.16, "O": 0.16, "U": 0.16, "t": 0.08, "k": 0.08}
TRAIN_VOICES, TEST_VOICES, TAKES, STRINGS = 8, 2, 5, 20


def resonance(sound: np.ndarray, frequency: float, width: float) -> np.ndarray:
    """A sound through a resonator of two poles (Klatt 1980), by its spectrum."""
    size = 2 * len(sound)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    radius, angle = np.exp(-np.pi * width / RATE), 2 * np.pi * frequency / RATE
    twice = 2 * radius * np.cos(angle)
    response = (1 - twice + radius**2) / (1 - twice * turn + (radius * turn) ** 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * response, size)[: len(sound)])


def say(word: str, *, pitch: float, tract: float, speed: float, noise: np.random.Generator) -> np.ndarray:
    """Samples of a word: `pitch` in Hz, resonances `tract` times as high, `speed` times as fast."""
    parts = []
    for sound in WORDS[word]:
        count = int(RATE * SECONDS.get(sound, 0.09) / speed)
        hum = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / 80)
        if sound in VOICED:
            *formants, loudness = VOICED[sound]
            phase = np.cumsum(np.full(count, pitch / RATE) * np.linspace(1.05, 0.92, count))
            wave_ = np.diff(np.floor(phase), prepend=0.0)
            shaped = sum(resonance(wave_, tract * f, 60 + f / 20) for f in formants)
        else:
            frequency, loudness = NOISY[sound]
            wave_ = noise.normal(size=count)
            if sound in BURSTS:
                wave_[: count // 2] = 0
            shaped = resonance(wave_, min(tract * frequency, 3900), 600)
        parts.append(hum * loudness * shaped / max(np.abs(shaped).max(), 1e-9))
    return np.concatenate(parts)


def string(draw: random.Random) -> list[str]:
    """Three to seven words by the rule."""
    halves = [list(WORDS)[:4], list(WORDS)[4:]]
    bags: list[list[str]] = [[], []]
    words = []
    for place in range(draw.randint(3, 7)):
        bag = bags[place % 2]
        if not bag:
            bag.extend(draw.sample(halves[place % 2], 4))
        words.append(bag.pop())
    return words


def record(path: Path, words: Sequence[str], voice: int, seed: str) -> None:
    """Write one recording of a voice."""
    draw, noise = random.Random(seed), np.random.default_rng(list(seed.encode()))
    of_voice = random.Random(f"voice {voice}")
    pitch, tract = of_voice.uniform(90, 220), of_voice.uniform(0.9, 1.15)
    pieces = [np.zeros(int(RATE * draw.uniform(0.02, 0.1)))]
    for word in words:
        pieces.append(
            say(word, pitch=pitch * draw.uniform(0.93, 1.07), tract=tract, speed=draw.uniform(0.85, 1.2), noise=noise)
        )
        pieces.append(np.zeros(int(RATE * draw.uniform(0.0, 0.12))))
    sound = np.concatenate(pieces)
    sound = draw.uniform(0.3, 0.9) * (sound + noise.normal(0, draw.uniform(0.002, 0.02), len(sound)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.clip(32767 * sound, -32767, 32767).astype("<i2").tobytes())


def write_speech(folder: Path) -> None:
    """Write the tables, their recordings and the lines of words."""
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[str]] = {"train.tsv": [], "test.tsv": [], "strings.tsv": []}

    def add(table: str, name: str, words: Sequence[str], voice: int) -> None:
        record(folder / "wavs" / f"{name}.wav", words, voice, name)
        tables[table].append(f"wavs/{name}.wav\t{' '.join(words)}\tvoice{voice}")

    for voice in range(TRAIN_VOICES + TEST_VOICES):
        for word in WORDS:
            for take in range(TAKES):
                table = "train.tsv" if voice < TRAIN_VOICES else "test.tsv"
                add(table, f"{word}_{voice}_{take}", [word], voice)
    draw = random.Random("strings")
    for number in range(STRINGS):
        add("strings.tsv", f"string_{number}", string(draw), TRAIN_VOICES + number % TEST_VOICES)
    for table, lines in tables.items():
        text = "\n".join(("path\ttranscript\tspeaker", *lines, ""))
        (folder / table).write_text(text, encoding="utf-8", newline="\n")
    lines = "".join(" ".join(string(draw)) + "\n" for _ in range(2000))
    (folder / "strings.txt").write_text(lines, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python sample_data/speech.py FOLDER")
    write_speech(Path(sys.argv[1]))
