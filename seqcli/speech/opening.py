"""Tables or folders of recordings, opened to be learnt from: divided, looked through, and their tokens chosen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from seqcli.errors import DataError
from seqcli.notices import Notice, change_with, quietly
from seqcli.speech.audio import SILENT
from seqcli.speech.data import SpeechData, encode, joined_text
from seqcli.speech.evaluate import mention_unknown
from seqcli.speech.lexicon import closed_words
from seqcli.speech.options import TrainRequest
from seqcli.speech.recordings import divided, each_once, model_rate, read_recordings
from seqcli.speech.table import Recording
from seqcli.text.sources import fingerprint
from seqcli.text.tokenizer import Tokenizer, train_tokenizer

STEPS_A_SECOND = 50
SHORT = 1.3  # by which recordings may be shorter than their transcripts need: training slows some of them down


def open_recordings(
    request: TrainRequest, *, tokenizer: Tokenizer | None = None, rate: int | None = None, notice: Notice = quietly
) -> SpeechData:
    """The recordings that a request names; `tokenizer` and sample `rate` are those of a model to go on from. Raises
    `DataError` for recordings that cannot be used."""
    train = _read(request, request.recordings, notice)
    if request.valid:
        valid = _read(request, request.valid, notice)
        places = {os.path.abspath(recording.path) for recording in train}
        if both := [recording.path for recording in valid if os.path.abspath(recording.path) in places]:
            notice(f"{len(both):,} recordings to validate on are learnt from, too, the first: {both[0]}")
    else:
        train, valid, said = divided(
            train, request.valid_share, by_speaker=request.by_speaker is not None, seed=request.seed
        )
        notice(said)
    rate = rate or (model_rate(train) if request.sample_rate == "auto" else int(request.sample_rate))
    if others := sum(recording.rate != rate for recording in (*train, *valid)):
        notice(f"{others:,} recordings are resampled to {rate / 1000:g} kHz; {change_with('--sample-rate')}")
    if tokenizer is None:
        texts = [recording.text for recording in train]
        if not any(texts):
            raise DataError("all transcripts are empty", path=request.recordings[0], hint="check --columns")
        pair = joined_text([text for text in texts if text][:2]) if request.join else ""
        tokenizer = train_tokenizer(request.tokens, ["\n".join((*texts, pair, ""))], request.vocab_size)
    else:
        for recording in train:
            if strange := tokenizer.unknown(recording.text):
                raise DataError(
                    f"its transcript holds {strange[0]!r}, which the model to start from cannot write",
                    path=recording.path,
                    hint="train a new model, without --init-from",
                )
    train = _sayable(train, tokenizer, notice)
    mention_unknown(valid, tokenizer, notice)
    words: tuple[str, ...] = ()
    if not request.open_words:
        words = closed_words((each.text for each in train), (each.text for each in valid), tokenizer)
    if words:
        notice(f"no other words than the {len(words)} in the transcripts will be written; --open-words allows any")
    data = SpeechData(train, valid, tokenizer, rate, fingerprint(_lines(train), _lines(valid)), words)
    return _audible(data, request.skip_bad, notice)


def _read(request: TrainRequest, sources: Sequence[str], notice: Notice) -> list[Recording]:
    found = read_recordings(sources, request, lowercase=request.lowercase, notice=notice)
    return each_once(found, request.skip_bad, notice)


def _lines(recordings: Sequence[Recording]) -> Iterator[str]:
    """What is known again: names, lengths and transcripts."""
    return (f"{one.path.rpartition('/')[2]}\t{one.seconds:.3f}\t{one.text}\n" for one in recordings)


def _sayable(train: Sequence[Recording], tokenizer: Tokenizer, notice: Notice) -> list[Recording]:
    """Without recordings that are too short for what they are said to hold."""
    kept: list[Recording] = []
    short: list[Recording] = []
    for recording in train:
        tokens = encode(tokenizer, recording.text)
        needed = len(tokens) + int((tokens[1:] == tokens[:-1]).sum())
        (kept if needed <= SHORT * STEPS_A_SECOND * recording.seconds + 1 else short).append(recording)
    if short:
        notice(
            f"{len(short):,} recordings are too short for their transcripts and are left out, the first: "
            f"{short[0].path} ({short[0].seconds:.2f} s)"
        )
    if not kept:
        hint = "check that paths and transcripts belong together, or use --tokens word"
        raise DataError("all recordings are too short for their transcripts", path=train[0].path, hint=hint)
    return kept


def _audible(data: SpeechData, skip_bad: bool, notice: Notice) -> SpeechData:
    """Without recordings, of those held in memory, that are damaged, which is seen only when their samples are read,
    or, for training, have a transcript and no sound."""
    damaged: dict[str, DataError] = {}
    for recording in (*data.train, *data.valid):
        if data.full:
            break
        try:
            data.samples(recording)
        except DataError as problem:
            if not skip_bad:
                raise
            damaged[recording.path] = problem
    silent = {one.path for one in data.train if one.text and data.peaks.get(one.path, 1.0) < SILENT}
    if damaged:
        path, first = next(iter(damaged.items()))
        notice(f"left out {len(damaged):,} recordings that are damaged; the first: {path}: {first.message}")
    if silent:
        notice(
            f"{len(silent):,} recordings are silent although they have a transcript and are left out, the first: "
            f"{min(silent)}"
        )
    train = [recording for recording in data.train if recording.path not in damaged.keys() | silent]
    valid = [recording for recording in data.valid if recording.path not in damaged]
    if not train or not valid:
        use = "learn from" if not train else "validate on"
        raise DataError(f"all recordings to {use} are silent or damaged", hint="check how they were made")
    return replace(data, train=train, valid=valid)
