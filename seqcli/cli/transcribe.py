"""`seqcli transcribe`: what is said in recordings."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seqcli.cli import console, options
from seqcli.cli.models import find_model
from seqcli.cli.options import WIDEST_BEAM, count, number, switch, value
from seqcli.cli.rows import write_json
from seqcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from seqcli.speech.fusion import LanguageModel
    from seqcli.speech.transcribe import Recogniser, Transcript
    from seqcli.text.tokenizer import Tokenizer

Form = Literal["text", "ndjson", "srt"]


def transcribe(
    recordings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE", help="Sound files; their names on standard input without. - is a WAV stream on it."
        ),
    ] = None,
    model: options.Model = None,
    beam: Annotated[int, count("Beam size of the search; 1 is greedy.", most=WIDEST_BEAM)] = 8,
    lm: Annotated[str | None, value("MODEL", "Language model of train-lm that the search asks, too.")] = None,
    lm_weight: Annotated[float, number("Weight of the language model's log-probabilities.", least=0.0)] = 0.6,
    word_bonus: Annotated[float, number("What each word is worth in the search with --lm, in nats.")] = 0.0,
    form: Annotated[
        Form,
        typer.Option("--format", help="A line a recording; one JSON object a line, with times; or subtitles."),
    ] = "text",
    skip_bad: Annotated[
        bool, switch("--skip-bad", "Print an empty line for a recording that cannot be read, instead of stopping.")
    ] = False,
) -> None:
    """Transcribe recordings: one line each, an empty one for silence.

    Without --model the newest speech recogniser in checkpoints/ is used. Recordings of any length, sample rate and
    number of channels; a stream is answered at every pause:

    arecord -f S16_LE -r 16000 | seqcli transcribe -
    """
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.speech.search import Search
    from seqcli.speech.transcribe import Recogniser

    if form == "srt" and len(recordings or ()) != 1:
        raise UsageError("--format srt is for one recording", hint="give one file")
    if recordings is not None and "-" in recordings and len(recordings) > 1:
        raise UsageError("- is a stream on standard input, and goes with no other file", hint="give - alone")
    checkpoint = load_checkpoint(Path(find_model(model, "asr")), task="asr")
    recogniser = Recogniser.load(checkpoint, Search(beam, lm_weight, word_bonus), load_lm(lm))
    started, sound, done = time.perf_counter(), 0.0, 0
    for path in recordings or _names():
        transcript = _transcribe(recogniser, path, form, skip_bad)
        sound, done = sound + transcript.seconds, done + 1
        console.write("", flush=True)
    seconds = time.perf_counter() - started
    console.detail(
        f"{done:,} recordings of {sound:,.1f} s in {seconds:.2f} s, {sound / max(seconds, 1e-9):,.0f} times real time"
    )


def load_lm(path: str | None) -> tuple[LanguageModel, Tokenizer] | None:
    """The language model in a file and its tokenizer."""
    if path is None:
        return None
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.language.decoder import load_language_model

    return load_language_model(load_checkpoint(Path(path), task="lm"))


def _names() -> Iterable[str]:
    from seqcli.text.live import LiveLines

    console.mention_terminal_input()
    return LiveLines()


def _transcribe(recogniser: Recogniser, path: str, form: Form, skip_bad: bool) -> Transcript:
    """Print what is said in one recording; that of a stream as it comes."""
    from seqcli.speech.transcribe import Passage, Transcript

    passages: list[Passage] = []
    live = path == "-" and form == "text"
    try:
        if path.strip():
            for passage in recogniser.passages(path, words=form != "text", on_notice=console.notice):
                if live and passage.text:
                    blank = " " if any(before.text for before in passages) else ""
                    console.write(blank + passage.text, flush=True)
                passages.append(passage)
    except DataError as problem:
        if not skip_bad:
            raise
        console.notice(f"skipped: {problem.message}")
        passages = []
    transcript = Transcript(path, passages[-1].end if passages else 0.0, tuple(passages))
    if form == "text":
        console.write("\n" if live else f"{transcript.text}\n")
    elif form == "ndjson":
        write_json(_record(transcript))
    else:
        from seqcli.speech.subtitles import subtitles

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
