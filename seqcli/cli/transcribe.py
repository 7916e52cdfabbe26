"""`seqcli transcribe`: what is said in recordings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seqcli.cli import console
from seqcli.cli.options import ModelChoice, find_model
from seqcli.cli.request import request_command
from seqcli.cli.rows import write_json
from seqcli.errors import DataError, UsageError
from seqcli.options import option
from seqcli.speech.options import SearchRequest

if TYPE_CHECKING:
    from seqcli.speech.alignment import Word
    from seqcli.speech.transcribe import Recogniser, Transcript

MOST_CHARACTERS, MOST_SECONDS, PAUSE = 42, 6.0, 0.8  # of a subtitle, and between the words of one


def subtitles(words: Iterable[Word]) -> Iterator[str]:
    """Subtitles, numbered from 1: a new one after a pause, and when one would be too long to read or to show."""
    held: list[Word] = []
    number = 1
    for word in words:
        if held and (
            word.start - held[-1].end > PAUSE
            or word.end - held[0].start > MOST_SECONDS
            or len(" ".join(w.text for w in held)) + 1 + len(word.text) > MOST_CHARACTERS
        ):
            yield _subtitle(number, held)
            number, held = number + 1, []
        held.append(word)
    if held:
        yield _subtitle(number, held)


def _subtitle(number: int, words: list[Word]) -> str:
    text = " ".join(word.text for word in words)
    return f"{number}\n{_time(words[0].start)} --> {_time(words[-1].end)}\n{text}\n\n"


def _time(seconds: float) -> str:
    """As SubRip writes it: 00:01:02,345."""
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d},{whole % 1000:03d}"


@dataclass(frozen=True, kw_only=True)
class _Asked(SearchRequest, ModelChoice):
    recordings: tuple[str, ...] = option(
        (),
        "Sound files; without any, file names are read from standard input; - reads sound from it.",
        kind="file",
        positional=True,
    )
    format: str = option(
        "text",
        "One line per recording; one JSON object per line, with times; or subtitles.",
        choices=("text", "ndjson", "srt"),
    )
    skip_bad: bool = option(False, "Print an empty line for a recording that cannot be read, instead of stopping.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.format == "srt" and len(self.recordings) != 1:
            raise UsageError("--format srt is for one recording", hint="give one file")
        if "-" in self.recordings and len(self.recordings) > 1:
            raise UsageError("- is a stream on standard input, and goes with no other file", hint="give - alone")


def _transcribe(asked: _Asked) -> None:
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.models import language_model_of
    from seqcli.speech.transcribe import Recogniser
    from seqcli.text.lines import LiveLines

    checkpoint = load_checkpoint(find_model(asked.model, "asr"), task="asr")
    recogniser = Recogniser.load(checkpoint, asked, language_model_of(asked.lm))
    started, sound, done = time.perf_counter(), 0.0, 0
    if not asked.recordings:
        console.mention_terminal_input()
    for path in asked.recordings or LiveLines():
        transcript = _transcribe_one(recogniser, path, asked)
        sound, done = sound + transcript.seconds, done + 1
        console.write("", flush=True)
    seconds = time.perf_counter() - started
    console.detail(
        f"{done:,} recordings of {sound:,.1f} s in {seconds:.2f} s, {sound / max(seconds, 1e-9):,.0f} times real time"
    )


def _transcribe_one(recogniser: Recogniser, path: str, asked: _Asked) -> Transcript:
    """Print what is said in one recording; that of a stream as it comes."""
    from seqcli.speech.transcribe import Passage, Transcript

    passages: list[Passage] = []
    live = path == "-" and asked.format == "text"
    try:
        if path.strip():
            for passage in recogniser.passages(path, words=asked.format != "text", notice=console.notice):
                if live and passage.text:
                    blank = " " if not passage.goes_on and any(before.text for before in passages) else ""
                    console.write(blank + passage.text, flush=True)
                passages.append(passage)
    except DataError as problem:
        if not asked.skip_bad:
            raise
        console.notice(f"skipped: {problem.message}")
        passages = []
    transcript = Transcript(path, passages[-1].end if passages else 0.0, tuple(passages))
    if asked.format == "text":
        console.write("\n" if live else f"{transcript.text}\n")
    elif asked.format == "ndjson":
        write_json(_record(transcript))
    else:
        for subtitle in subtitles(transcript.words):
            console.write(subtitle)
    return transcript


def _record(transcript: Transcript) -> dict[str, Any]:
    """The NDJSON object of a recording; times in seconds."""
    confidence = transcript.confidence
    return {
        "path": transcript.path,
        "seconds": round(transcript.seconds, 3),
        "text": transcript.text,
        "confidence": None if confidence is None else round(confidence, 4),
        "words": [
            {"word": word.text, "start": word.start, "end": word.end, "confidence": word.confidence}
            for word in transcript.words
        ],
    }


transcribe = request_command(
    _Asked,
    """Transcribe recordings: one line each, an empty one for silence.

    Without --model the newest speech recogniser in checkpoints/ is used. Recordings of any length, sample rate and
    number of channels; a WAV stream is answered at every pause, or word by word by a model of train-asr --streaming:

    arecord -f S16_LE -r 16000 | seqcli transcribe -
    """,
    _transcribe,
)
