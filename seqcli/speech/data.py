"""Recordings with their transcripts, ready to be learnt from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seqcli.files.opening import changed, file_state
from seqcli.speech.audio import read_sound
from seqcli.speech.table import Recording
from seqcli.text.scripts import WIDE
from seqcli.text.tokenizer import Tokenizer

KEPT_BYTES = 1 << 30  # of samples, held in memory; those of more recordings are read again in each epoch
WIDE_END = re.compile(rf"[{WIDE}]$")


@dataclass
class SpeechData:
    """Recordings to learn from and to validate on, at one sample rate, and their tokens. Samples are scaled to a peak
    of one, and held as 16-bit numbers. `words` are those of transcripts that are of few."""

    train: Sequence[Recording]
    valid: Sequence[Recording]
    tokenizer: Tokenizer
    rate: int
    fingerprint: str
    words: tuple[str, ...] = ()
    peaks: dict[str, float] = field(default_factory=dict)  # greatest samples, of the recordings that were read
    _kept: dict[str, np.ndarray] = field(default_factory=dict)
    _held: int = 0

    def __post_init__(self) -> None:
        self.seconds = np.array([recording.seconds for recording in self.train])

    def samples(self, recording: Recording) -> np.ndarray:
        """Samples (n,) in fp32."""
        path = recording.path
        kept = self._kept.get(path)
        if kept is None:
            samples = read_sound(path, self.rate)
            if recording.state not in (None, file_state(path)):  # one epoch would have other sound than the next
                raise changed(path)
            peak = self.peaks[path] = float(np.abs(samples).max(initial=0.0))
            kept = np.round(samples * (32767 / max(peak, 1e-9))).astype(np.int16)
            if self._held + kept.nbytes <= KEPT_BYTES:
                self._kept[path] = kept
                self._held += kept.nbytes
        return kept.astype(np.float32) / 32767

    @property
    def full(self) -> bool:
        """Whether no more samples are held in memory."""
        return self._held >= KEPT_BYTES

    def targets(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """Tokens of the transcripts of joined training recordings."""
        return encode(self.tokenizer, joined_text([self.train[int(number)].text for number in numbers]))


def encode(tokenizer: Tokenizer, text: str) -> np.ndarray:
    """Tokens of a transcript; subwords begin with a blank, so that the first word is cut as any other."""
    return tokenizer.encode(" " + text if tokenizer.kind == "subword" and text else text).astype(np.int64)


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """The transcript that tokens are, on one line."""
    return " ".join(tokenizer.decode(ids).split())


def joined_text(texts: Sequence[str]) -> str:
    """Transcripts one after the other, with a blank between words of scripts that have blanks."""
    whole = ""
    for text in texts:
        whole += text if not whole or not text or WIDE_END.search(whole) else f" {text}"
    return whole
