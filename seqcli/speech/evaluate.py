"""How well recordings are transcribed: word and character error rate, of all and by speaker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seqcli.files.checkpoint import Checkpoint
from seqcli.notices import Notice, quietly
from seqcli.speech.fusion import LanguageModel
from seqcli.speech.options import EvaluateRequest
from seqcli.speech.recordings import each_once, read_recordings
from seqcli.speech.table import Recording
from seqcli.speech.transcribe import Recogniser
from seqcli.text.tokenizer import Tokenizer

LONGEST = 24 * 3600.0  # seconds of a recording
SHOWN = 10  # unknown letters that are named


def evaluate_recogniser(
    checkpoint: Checkpoint,
    request: EvaluateRequest,
    language_model: tuple[LanguageModel, Tokenizer] | None = None,
    notice: Notice = quietly,
) -> dict[str, Any]:
    """Transcribe the recordings of tables or folders and compare with their transcripts.

    Returns `task`, `recordings`, `seconds`, `wer` and `cer` in percent, `exact` (the share of transcripts without an
    error), `times_real_time` (seconds of sound transcribed in a second), and `wer SPEAKER` for each speaker when the
    table says who speaks. Raises `DataError` for what cannot be read.
    """
    recogniser = Recogniser.load(checkpoint, request, language_model)
    lowercase = recogniser.decoder.config.lowercase
    recordings = read_recordings(request.data, request, lowercase=lowercase, longest=LONGEST, notice=notice)
    recordings = each_once(recordings, request.skip_bad, notice)
    mention_unknown(recordings, recogniser.tokenizer, notice, recogniser.words)
    started = time.perf_counter()
    found = [recogniser.transcribe(recording.path).text for recording in recordings]
    seconds = time.perf_counter() - started
    rates = error_rates([recording.text for recording in recordings], found)
    sound = sum(recording.seconds for recording in recordings)
    return {
        "task": "asr",
        "recordings": len(recordings),
        "seconds": round(sound, 1),
        "wer": percent(rates.wer),
        "cer": percent(rates.cer),
        "exact": round(rates.exact / len(recordings), 4),
        "times_real_time": round(sound / max(seconds, 1e-9), 1),
        **{f"wer {speaker}": percent(of.wer) for speaker, of in by_speaker(recordings, found).items()},
    }


def by_speaker(recordings: Sequence[Recording], found: Sequence[str]) -> dict[str, ErrorRates]:
    """The error rates of each speaker's recordings; empty unless more than one speaker is known."""
    texts: dict[str, list[tuple[str, str]]] = {}
    for recording, text in zip(recordings, found, strict=True):
        if recording.speaker:
            texts.setdefault(recording.speaker, []).append((recording.text, text))
    if len(texts) < 2:
        return {}
    return {speaker: error_rates(*zip(*texts[speaker], strict=True)) for speaker in sorted(texts)}


def mention_unknown(
    recordings: Sequence[Recording], tokenizer: Tokenizer, notice: Notice, words: Sequence[str] = ()
) -> None:
    """Say which parts of transcripts the model cannot write: its training, or its `words`, had none of them."""
    unknown: dict[str, None] = {}
    count = 0
    for recording in recordings:
        text = recording.text
        strange = [word for word in text.split() if word not in words] if words else tokenizer.unknown(text)
        count += bool(strange)
        unknown.update(dict.fromkeys(strange))
    if unknown:
        named = ", ".join(map(repr, list(unknown)[:SHOWN])) + (", …" if len(unknown) > SHOWN else "")
        kind = "words" if words or tokenizer.kind == "word" else "characters"
        notice(f"{count:,} transcripts hold {kind} that training never saw ({named}): these count as errors")


def percent(share: float) -> float:
    """A share in percent, with two decimals."""
    return round(100 * share, 2)


@dataclass(frozen=True)
class ErrorRates:
    """Errors in words and in characters, as shares of all, which may be above one; how many texts have none."""

    wer: float
    cer: float
    exact: int


def error_rates(references: Sequence[str], hypotheses: Sequence[str]) -> ErrorRates:
    """Of all utterances together. Words are what stands between blanks; how many blanks does not matter."""
    word_errors = words = character_errors = characters = exact = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        expected, found = reference.split(), hypothesis.split()
        word_errors += distance(expected, found)
        words += len(expected)
        character_errors += distance(" ".join(expected), " ".join(found))
        characters += len(" ".join(expected))
        exact += expected == found
    return ErrorRates(word_errors / max(words, 1), character_errors / max(characters, 1), exact)


def distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """The least number of insertions, deletions and substitutions (Levenshtein 1966)."""
    row = list(range(len(hypothesis) + 1))
    for number, expected in enumerate(reference, start=1):
        diagonal, row[0] = row[0], number
        for place, found in enumerate(hypothesis, start=1):
            change = diagonal + (expected != found)
            diagonal = row[place]
            row[place] = min(change, diagonal + 1, row[place - 1] + 1)
    return row[-1]
