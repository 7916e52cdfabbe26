"""Sounds made by rule: a word is a few tones after one another, a voice the factor of their frequencies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from seqcli.speech.config import SpeechConfig
from seqcli.speech.decoder import SpeechDecoder

TONES = {"low": (300, 500), "high": (1500, 2200), "rise": (400, 1800), "fall": (2000, 350)}


def word(name: str, *, rate: int = 8000, voice: float = 1.0, seconds: float = 0.25) -> np.ndarray:
    """Samples of a word of `TONES`: its frequency goes from the first to the second."""
    first, last = TONES[name]
    time = np.arange(int(seconds * rate)) / rate
    frequency = voice * (first + (last - first) * time / seconds)
    wave = np.sin(2 * np.pi * np.cumsum(frequency) / rate)
    return np.asarray(0.3 * wave * np.hanning(len(time)), np.float32)


def write_tones(folder: Path, name: str) -> None:
    """A table of 48 recordings of four words by six voices, with a header."""
    lines = ["path\ttranscript\tspeaker"]
    for voice in range(6):
        for said in TONES:
            for take in range(2):
                samples = word(said, voice=0.85 + 0.06 * voice, seconds=0.22 + 0.04 * take)
                soundfile.write(folder / f"{said}_{voice}_{take}.wav", samples, 8000)
                lines.append(f"{said}_{voice}_{take}.wav\t{said}\tvoice{voice}")
    (folder / name).write_text("\n".join(lines) + "\n")


def random_decoder(**given: Any) -> SpeechDecoder:
    """A recogniser with random weights."""
    sizes = {"vocabulary": 5, "mels": 12, "channels": 4, "band": 5, "front": 9, "hidden": 7, "layers": 2}
    config = SpeechConfig(**(sizes | given))
    random = np.random.default_rng(3)
    return SpeechDecoder(
        config,
        {
            name: random.normal(0, 0.5, shape).astype(np.float32) + np.float32(name == "feature_scale")
            for name, shape in config.parameter_shapes().items()
        },
    )


@pytest.fixture
def decoder() -> SpeechDecoder:
    """One that reads recordings in both directions."""
    return random_decoder()
