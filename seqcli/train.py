"""Training from Python: the requests of the commands as functions that return the model."""

from __future__ import annotations

import importlib
from typing import Any, TypeVar

from seqcli.errors import naming_arguments
from seqcli.language.options import TrainRequest as LanguageModelRequest
from seqcli.models import LanguageModel, Model, Paths, Recogniser, Tagger, Translator
from seqcli.options import documented
from seqcli.speech.options import TrainRequest as SpeechRequest
from seqcli.tagging.options import TrainRequest as TaggingRequest
from seqcli.training.request import RunRequest
from seqcli.translation.options import TrainRequest as TranslationRequest

M = TypeVar("M", bound=Model[Any])


@documented(LanguageModelRequest, "corpus")
@naming_arguments
def train_lm(corpus: Paths, *, quiet: bool = False, **options: Any) -> LanguageModel:
    """Train a language model on text.

    Without an `output` nothing is written: the model is only returned. A first Ctrl-C (or an interrupted notebook cell)
    ends the training and gives the model as it is.

    Args:
        corpus: text files, one path or several.
        quiet: no progress on standard error.

    Raises `UsageError`, `DataError`, `CheckpointError`, `TrainingError`.
    """
    return _trained(LanguageModel, "language", LanguageModelRequest, quiet, corpus=corpus, **options)


@documented(TranslationRequest, "pairs")
@naming_arguments
def train_mt(pairs: Paths, *, quiet: bool = False, **options: Any) -> Translator:
    """Train a translation model on files of pairs, or on a source and a target file; as `train_lm`.

    Args:
        pairs: one path or several.
        quiet: no progress on standard error.
    """
    return _trained(Translator, "translation", TranslationRequest, quiet, pairs=pairs, **options)


@documented(TaggingRequest, "data")
@naming_arguments
def train_tagger(data: Paths, *, quiet: bool = False, **options: Any) -> Tagger:
    """Train a tagger on labelled text; as `train_lm`.

    Args:
        data: one path or several.
        quiet: no progress on standard error.
    """
    return _trained(Tagger, "tagging", TaggingRequest, quiet, data=data, **options)


@documented(SpeechRequest, "recordings")
@naming_arguments
def train_asr(recordings: Paths, *, quiet: bool = False, **options: Any) -> Recogniser:
    """Train a speech recogniser on recordings and their transcripts; as `train_lm`.

    Args:
        recordings: tables of recordings or folders, one path or several.
        quiet: no progress on standard error.
    """
    return _trained(Recogniser, "speech", SpeechRequest, quiet, recordings=recordings, **options)


def _trained(kind: type[M], room: str, request: type[RunRequest], quiet: bool, **options: Any) -> M:
    """A model of the task in the package `room`, trained with progress on standard error unless `quiet`."""
    from seqcli.cli import console
    from seqcli.cli.train import train_showing

    asked = request(**options)
    with console.saying(console.Verbosity(quiet=quiet or not console.is_first(), python=True)):
        outcome, _ = train_showing(importlib.import_module(f"seqcli.{room}.train").TASK, asked)
    return kind(outcome.checkpoint, outcome.path)
