"""Speech recognition on spoken digits: single ones, speakers never heard, strings, a language model, speed.

    python benchmarks/speech.py FOLDER [--test 5-9] [--budget 10m | --steps N] [--streaming]
        [--only single speakers strings lm speed delay]

FOLDER holds recordings DIGIT_SPEAKER_INDEX.wav, as the Free Spoken Digit Dataset (Jackson et al. 2018) names them.
Those with an index of --test are kept for testing; all else is as the commands do it by default. Strings are 3 to 8
test recordings of one speaker, joined, half of them without and half with pauses of up to .3 s. For `lm` they follow
one of three rules (each digit is the last one or next to it; one more than it; even and odd in turn), and a language
model is trained on 3,000 lines of that rule. `delay`, of a recogniser trained with --streaming, is by how much later
than a word's end, by the power of its recording, the last of its letters is written; in time of the sound, computing
not included.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqcli.files.checkpoint import load_checkpoint
from seqcli.speech.audio import read_sound
from seqcli.speech.transcribe import Recogniser

RATE, BLOCK = 8000, 640  # samples in a second, and that come at a time
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
STRINGS = 200


@dataclass(frozen=True)
class Digit:
    """A recording of a digit."""

    path: Path
    digit: int
    speaker: str
    index: int


def seqcli(*arguments: object, threads: int | None = None) -> str:
    """What a command prints; it inherits standard error."""
    environment = dict(os.environ) | ({"OMP_NUM_THREADS": str(threads)} if threads else {})
    command = [sys.executable, "-m", "seqcli", *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment).stdout


def write_table(path: Path, rows: Sequence[tuple[Path, str, str]]) -> Path:
    """A table of recordings, transcripts and speakers."""
    lines = (f"{recording.resolve()}\t{text}\t{speaker}\n" for recording, text, speaker in rows)
    path.write_text("path\ttranscript\tspeaker\n" + "".join(lines))
    return path


def digit_table(path: Path, digits: Sequence[Digit]) -> Path:
    return write_table(path, [(d.path, WORDS[d.digit], d.speaker) for d in digits])


def train(table: Path, model: Path, length: Sequence[str]) -> Path:
    seqcli("train-asr", table, "--output", model, "--overwrite", *length)
    return model


def evaluate(model: Path, table: Path, *more: object) -> dict[str, float]:
    found: dict[str, float] = json.loads(seqcli("evaluate", model, table, "--json", *more))
    return found


def joined(digits: Sequence[Digit], path: Path, pause: float, draw: random.Random) -> Path:
    """One recording of several, as they are, with silence between them."""
    with wave.open(str(path), "wb") as out:
        for number, digit in enumerate(digits):
            with wave.open(str(digit.path)) as recording:
                if not number:
                    out.setparams(recording.getparams())
                out.writeframes(recording.readframes(recording.getnframes()))
                out.writeframes(bytes(2 * int(recording.getframerate() * pause * draw.random())))
    return path


RULES: dict[str, Callable[[random.Random, int], int]] = {  # the digit that follows one
    "near": lambda draw, last: min(9, max(0, last + draw.choice((-1, 0, 1)))),
    "counting": lambda draw, last: (last + 1) % 10,
    "even and odd": lambda draw, last: (last + draw.choice((1, 3, 5, 7, 9))) % 10,
    "none": lambda draw, last: draw.randrange(10),
}


def digit_string(draw: random.Random, rule: str) -> list[int]:
    """3 to 8 digits by a rule."""
    digits = [draw.randrange(10)]
    for _ in range(draw.randint(2, 7)):
        digits.append(RULES[rule](draw, digits[-1]))
    return digits


def strings(test: Sequence[Digit], folder: Path, rule: str) -> Path:
    """A table of joined recordings."""
    draw = random.Random(f"strings {rule}")
    speakers = sorted({digit.speaker for digit in test})
    rows = []
    for number in range(STRINGS):
        speaker = speakers[number % len(speakers)]
        wanted = digit_string(draw, rule)
        chosen = [draw.choice([d for d in test if d.speaker == speaker and d.digit == digit]) for digit in wanted]
        path = joined(chosen, folder / f"string_{rule}_{number}.wav", 0.3 * (number % 2), draw)
        rows.append((path, " ".join(WORDS[digit] for digit in wanted), speaker))
    return write_table(folder / f"strings_{rule}.tsv", rows)


def language_model(folder: Path, rule: str) -> Path:
    """A model of characters, of lines by a rule."""
    draw = random.Random("text")
    text, model = folder / "strings.txt", folder / "strings.lm.safetensors"
    text.write_text("".join(" ".join(WORDS[d] for d in digit_string(draw, rule)) + "\n" for _ in range(3000)))
    seqcli("train-lm", text, "--tokens", "char", "--steps", 1500, "--size", "tiny", "--output", model, "--overwrite")
    return model


def speed(model: Path, test: Sequence[Digit], folder: Path) -> None:
    """Real-time factors of one core: each recording a file, and all of them as one."""
    draw = random.Random(0)
    whole = joined(test, folder / "whole.wav", 0.3, draw)
    with wave.open(str(whole)) as file:
        seconds = file.getnframes() / file.getframerate()
    for name, paths in (("one long recording", [whole]), ("short recordings", [d.path for d in test])):
        of = seconds if len(paths) == 1 else sum(Path(p).stat().st_size - 44 for p in paths) / 16000
        begun = time.perf_counter()
        seqcli("transcribe", "--model", model, *paths, threads=1)
        took = time.perf_counter() - begun
        print(f"speed, {name}: {of:.0f} s in {took:.1f} s with start-up, {of / took:.0f} times real time")


def sounding(samples: np.ndarray) -> int:
    """The number of samples up to the last frame of 20 ms that is less than 25 dB under the loudest."""
    power = np.square(samples[: len(samples) // 160 * 160].reshape(-1, 160)).mean(axis=1)
    return int(np.nonzero(power > power.max() * 10**-2.5)[0][-1] + 1) * 160


def delays(model: Path, test: Sequence[Digit]) -> None:
    """How many seconds after their ends words of strings are written, of all strings that are transcribed rightly."""
    recogniser = Recogniser.load(load_checkpoint(model))
    draw, found = random.Random("delays"), list[float]()
    speakers = sorted({digit.speaker for digit in test})
    for number in range(STRINGS):
        own = [digit for digit in test if digit.speaker == speakers[number % len(speakers)]]
        chosen = [draw.choice(own) for _ in range(draw.randint(3, 8))]
        parts, ends = [np.zeros(0, np.float32)], list[float]()
        for digit in chosen:
            samples = read_sound(str(digit.path), RATE)
            ends.append((sum(map(len, parts)) + sounding(samples)) / RATE)
            parts += [samples, np.zeros(int(RATE * 0.3 * (number % 2) * draw.random()), np.float32)]
        whole = np.concatenate((*parts, np.zeros(RATE, np.float32)))
        text, times, heard = "", list[float](), 0
        blocks = np.split(whole, range(BLOCK, len(whole), BLOCK))
        for passage in recogniser.live(counted := Counted(blocks), words=False):
            blank = " " if text and passage.text and not passage.goes_on else ""
            text += blank + passage.text
            times += [counted.samples / RATE] * (len(text) - len(times))
        if text.split() == [WORDS[digit.digit] for digit in chosen]:
            for word, end in zip(text.split(), ends, strict=True):
                heard = text.index(word, heard) + len(word)
                found.append(times[heard - 1] - end)
    median, most = np.quantile(found, (0.5, 0.9))
    print(f"delay of {len(found)} words: median {median:.2f} s, of nine in ten at most {most:.2f} s")


class Counted:
    """Blocks of sound, and how many samples of them have been taken."""

    def __init__(self, blocks: Sequence[np.ndarray]) -> None:
        self.blocks, self.samples = blocks, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self.blocks:
            self.samples += len(block)
            yield block


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--test", default="5-9")
    parser.add_argument("--budget", default="10m")
    parser.add_argument("--steps")
    parser.add_argument("--streaming", action="store_true")
    parser.add_argument("--speakers", nargs="*", help="those left out in turn; all by default")
    kinds = ("single", "speakers", "strings", "lm", "speed", "delay")
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds[:-1])
    given = parser.parse_args()
    first, last = map(int, given.test.split("-"))
    length = ["--steps", given.steps] if given.steps else ["--budget", given.budget]
    length += ["--streaming"] if given.streaming else []
    digits = []
    for path in sorted(given.folder.glob("*_*_*.wav")):
        digit, speaker, index = path.stem.split("_")
        digits.append(Digit(path, int(digit), speaker, int(index)))
    test = [d for d in digits if first <= d.index <= last]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if set(given.only) - {"speakers"}:
            rest = [d for d in digits if not first <= d.index <= last]
            model = train(digit_table(folder / "train.tsv", rest), folder / "digits.asr.safetensors", length)
        if "single" in given.only:
            print("single digits:", evaluate(model, digit_table(folder / "test.tsv", test)), flush=True)
        if "strings" in given.only:
            print("strings:", evaluate(model, strings(test, folder, "none")), flush=True)
        if "lm" in given.only:
            for rule in ("near", "counting", "even and odd"):
                table, lm = strings(test, folder, rule), language_model(folder, rule)
                print(f"strings by a rule, {rule}:", evaluate(model, table), flush=True)
                print("with --lm:", evaluate(model, table, "--lm", lm), flush=True)
        if "speed" in given.only:
            speed(model, test, folder)
        if "delay" in given.only:
            delays(model, test)
        if "speakers" in given.only:
            exact = []
            for speaker in given.speakers or sorted({d.speaker for d in digits}):
                others = digit_table(folder / "others.tsv", [d for d in digits if d.speaker != speaker])
                model = train(others, folder / "others.asr.safetensors", length)
                found = evaluate(model, digit_table(folder / "own.tsv", [d for d in digits if d.speaker == speaker]))
                exact.append(found["exact"])
                print(f"without {speaker}:", found, flush=True)
            print(f"speakers never heard: {100 * sum(exact) / len(exact):.1f} % of single digits, mean of {len(exact)}")


if __name__ == "__main__":
    main()
