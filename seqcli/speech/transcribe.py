"""Recordings to text with a trained recogniser, without torch: what `seqcli transcribe` does, callable from Python."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqcli.files.checkpoint import Checkpoint
from seqcli.notices import Notice, quietly
from seqcli.speech.alignment import Word, words_of
from seqcli.speech.audio import BLOCK_SECONDS, SILENT, sample_blocks, sound_blocks, sound_info
from seqcli.speech.data import decode
from seqcli.speech.decoder import SpeechDecoder, Stream, load_recogniser
from seqcli.speech.fusion import LanguageModel, TextScorer
from seqcli.speech.lexicon import Lexicon, words_of_blobs
from seqcli.speech.options import SearchRequest
from seqcli.speech.search import Search, beam_search
from seqcli.text.tokenizer import Tokenizer

WINDOW, SHORTEST = 20.0, 8.0  # seconds of a stretch, and before which none is cut
PAUSE = 0.6  # seconds of quiet at which a stretch ends when it is to be answered soon
QUIET = 0.01  # power of a pause over that of the stretch's loud parts: -20 dB
FRAME = 0.02  # seconds in which power is measured
SMOOTH = 9  # frames over which it is averaged
SOON = 0.08  # seconds of a stream that are read at a time
NOTHING_SAID = math.log(0.9)  # log-probability of the blank at each step of a pause
GIVEN_UP = 6.0  # nats that the beginning of a text is less likely than the best by when it is expected to win no more


def stretches(blocks: Iterable[np.ndarray], rate: int, *, soon: bool = False) -> Iterator[tuple[np.ndarray, float]]:
    """Samples as they come, in stretches of at most `WINDOW` seconds, each with when it begins, in seconds; with `soon`
    one ends at every longer pause."""
    held = np.zeros(0, np.float32)
    done = 0
    for block in blocks:
        held = np.concatenate((held, block))
        while (cut := _place(held, rate, soon)) is not None:
            yield held[:cut], done / rate
            done += cut
            held = held[cut:]
    if len(held):
        yield held, done / rate


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


@dataclass(frozen=True)
class Passage:
    """What is said in one stretch of a recording, and its words when they were asked for. What goes on with the passage
    before has the blank between them in its text, and the words of both."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True)
class Transcript:
    """What is said in a recording: its passages one after the other. `seconds` is its length; `path` is empty for
    samples from Python."""

    path: str
    seconds: float
    passages: tuple[Passage, ...] = ()

    @property
    def text(self) -> str:
        whole = ""
        for passage in self.passages:
            whole += passage.text if passage.goes_on or not whole or not passage.text else f" {passage.text}"
        return whole

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for passage in self.passages for word in passage.words)

    @property
    def confidence(self) -> float | None:
        """The geometric mean of the words' confidences; None without words."""
        logs = [math.log(max(word.confidence, 1e-12)) for word in self.words]
        return math.exp(math.fsum(logs) / len(logs)) if logs else None


class Recogniser:
    """A trained recogniser with its tokenizer, how to search (`search`), a model of text and its tokenizer
    (`language_model`) if there is one, and the only `words` that are written; none: any."""

    def __init__(
        self,
        decoder: SpeechDecoder,
        tokenizer: Tokenizer,
        search: SearchRequest | None = None,
        language_model: tuple[LanguageModel, Tokenizer] | None = None,
        words: Sequence[str] = (),
    ) -> None:
        self.decoder, self.tokenizer, self.search = decoder, tokenizer, search or SearchRequest()
        self.scorer = TextScorer(*language_model) if language_model is not None else None
        self.words = () if self.search.open_words else tuple(words)
        self.lexicon = Lexicon(self.words, tokenizer) if self.words else None

    @classmethod
    def load(
        cls,
        checkpoint: Checkpoint,
        search: SearchRequest | None = None,
        language_model: tuple[LanguageModel, Tokenizer] | None = None,
    ) -> Recogniser:
        """The recogniser of a checkpoint; `CheckpointError` when it is not one."""
        return cls(*load_recogniser(checkpoint), search, language_model, words_of_blobs(checkpoint.blobs))

    def transcribe(
        self, recording: Any, *, rate: int | None = None, words: bool = False, notice: Notice = quietly
    ) -> Transcript:
        """What is said in a file (`-`: sound on standard input), or in samples of which there are `rate` a second; with
        `words`, when and how surely, too. Raises `DataError` for what is no sound, `UsageError` for what are no
        samples."""
        if isinstance(recording, str):
            path, found = recording, self.passages(recording, words=words, notice=notice)
        else:
            path, found = "", self.heard(sample_blocks(recording, rate, self.decoder.config.sample_rate), words)
        passages = tuple(found)
        return Transcript(path, passages[-1].end if passages else 0.0, passages)

    def passages(self, path: str, *, words: bool = False, notice: Notice = quietly) -> Iterator[Passage]:
        """What is said, as the recording is read: a passage for each stretch of it, silence being one without text."""
        soon = path == "-"
        if not soon and sound_info(path).cut_short:
            notice(f"{path}: is cut short; its header says that there is more sound")
        blocks = sound_blocks(path, self.decoder.config.sample_rate, SOON if soon else BLOCK_SECONDS)
        return self.heard(blocks, words, soon=soon)

    def heard(self, blocks: Iterable[np.ndarray], words: bool, *, soon: bool = False) -> Iterator[Passage]:
        """What is said in sound as it comes, of one channel at the model's rate; with `soon`, at every pause."""
        if self.decoder.config.streaming:
            yield from self.live(blocks, words)
        else:
            for samples, start in stretches(blocks, self.decoder.config.sample_rate, soon=soon):
                yield self._passage(samples, start, words)

    def live(self, blocks: Iterable[np.ndarray], words: bool) -> Iterator[Passage]:
        """What is said, a passage as soon as some of it is settled. The network's state is carried through the whole
        recording; the search begins anew after every pause."""
        stream, utterance = Stream(self.decoder), LiveUtterance(self, 0.0, words)
        for log_probabilities in stream.rows(blocks):
            utterance.push(log_probabilities)
            if stream.peak >= SILENT:
                passage = utterance.passage(utterance.over)
                if passage.text or passage.words:
                    yield passage
            if utterance.over:
                utterance = LiveUtterance(self, utterance.end, words)
        rest = utterance.passage(True) if stream.peak >= SILENT else Passage("", utterance.start, utterance.end)
        yield replace(rest, end=stream.length / self.decoder.config.sample_rate)

    def _passage(self, samples: np.ndarray, start: float, words: bool) -> Passage:
        end = start + len(samples) / self.decoder.config.sample_rate
        if np.abs(samples).max(initial=0.0) < SILENT:
            return Passage("", start, end)
        log_probabilities = self.decoder.log_probabilities(samples)
        tokens = beam_search(log_probabilities, self.search, self.tokenizer, self.scorer, self.lexicon)
        step = self.decoder.config.step_seconds
        found = words_of(log_probabilities, tokens, self.tokenizer, step, start) if words else ()
        return Passage(decode(self.tokenizer, tokens), start, end, found)


class LiveUtterance:
    """What is said from one pause to the next, from `start` on, as a recogniser of one direction hears it."""

    def __init__(self, recogniser: Recogniser, start: float, words: bool) -> None:
        config = recogniser.decoder.config
        self.start, self._words, self._step, self._blank = start, words, config.step_seconds, config.blank
        self._tokenizer = recogniser.tokenizer
        self._search = Search(
            config.blank, recogniser.search, recogniser.tokenizer, recogniser.scorer, recogniser.lexicon, GIVEN_UP
        )
        self._heard: list[np.ndarray] = []
        self._steps = self._quiet = 0
        self._written = ""

    def push(self, log_probabilities: np.ndarray) -> None:
        """Go on by steps (steps, vocabulary + 1)."""
        self._search.push(log_probabilities)
        self._heard += [log_probabilities] if self._words else []
        self._steps += len(log_probabilities)
        sounds = np.nonzero(log_probabilities[:, self._blank] < NOTHING_SAID)[0]
        last = int(sounds[-1]) + 1 if len(sounds) else -self._quiet
        self._quiet = len(log_probabilities) - last

    @property
    def end(self) -> float:
        """How far it goes by now, in seconds."""
        return self.start + self._steps * self._step

    @property
    def over(self) -> bool:
        """Whether a pause has come; ever shorter ones count once it is long."""
        return self._quiet * self._step >= PAUSE - max(self.end - self.start - WINDOW, 0) / 10

    def passage(self, over: bool) -> Passage:
        """What is settled and has not been given before; when it is `over`, all the rest and the words."""
        tokens = self._search.finish() if over else self._search.settled()
        text = decode(self._tokenizer, tokens)
        if not over:
            text = text.rstrip("\ufffd")  # a character of several tokens is not complete
        new, goes_on = text[len(self._written) :], bool(self._written)
        self._written = text
        found: tuple[Word, ...] = ()
        if over and self._words and tokens:
            found = words_of(np.concatenate(self._heard), tokens, self._tokenizer, self._step, self.start)
        return Passage(new, self.start, self.end, found, goes_on)
