"""Training from Python: the requests of the commands as functions that return the model."""

from __future__ import annotations

import importlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from seqcli.errors import naming_arguments
from seqcli.models import LanguageModel, Paths, Recogniser, Tagger, Translator, of_checkpoint
from seqcli.options import documented
from seqcli.training.request import RunRequest


@dataclass(frozen=True)
class Trainer:
    """Where a task's request and its part of the pipeline are, and which metric its progress shows."""

    package: str
    part: str
    metric: str

    @property
    def request(self) -> type[RunRequest]:
        """The class of its requests."""
        found: type[RunRequest] = importlib.import_module(f"seqcli.{self.package}.options").TrainRequest
        return found

    def train(self, quiet: bool, **options: Any) -> Any:
        """Train with progress on standard error unless `quiet`, and give the model."""
        request = self.request(**options)
        task = getattr(importlib.import_module(f"seqcli.{self.package}.train"), self.part)
        return _train(task, request, self.metric, quiet)


LM = Trainer("language", "LANGUAGE_MODELLING", "perplexity")
MT = Trainer("translation", "TRANSLATION", "bleu")
TAG = Trainer("tagging", "TAGGING", "accuracy")
ASR = Trainer("speech", "SPEECH", "wer")


@documented(LM.request, "corpus")
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
    model: LanguageModel = LM.train(quiet, corpus=corpus, **options)
    return model


@documented(MT.request, "pairs")
@naming_arguments
def train_mt(pairs: Paths, *, quiet: bool = False, **options: Any) -> Translator:
    """Train a translation model on files of pairs, or on a source and a target file; as `train_lm`.

    Args:
        pairs: one path or several.
        quiet: no progress on standard error.
    """
    model: Translator = MT.train(quiet, pairs=pairs, **options)
    return model


@documented(TAG.request, "data")
@naming_arguments
def train_tagger(data: Paths, *, quiet: bool = False, **options: Any) -> Tagger:
    """Train a tagger on labelled text; as `train_lm`.

    Args:
        data: one path or several.
        quiet: no progress on standard error.
    """
    model: Tagger = TAG.train(quiet, data=data, **options)
    return model


@documented(ASR.request, "recordings")
@naming_arguments
def train_asr(recordings: Paths, *, quiet: bool = False, **options: Any) -> Recogniser:
    """Train a speech recogniser on recordings and their transcripts; as `train_lm`.

    Args:
        recordings: tables of recordings or folders, one path or several.
        quiet: no progress on standard error.
    """
    model: Recogniser = ASR.train(quiet, recordings=recordings, **options)
    return model


def _train(task: Any, request: RunRequest, metric: str, quiet: bool) -> Any:
    from seqcli.cli import console
    from seqcli.cli.progress import TrainingDisplay
    from seqcli.cli.training import Interruption
    from seqcli.training.pipeline import train
    from seqcli.training.run import Events

    with ExitStack() as stack:
        interruption = stack.enter_context(Interruption())
        if quiet:
            progress = interruption.watch(lambda progress: None)
            events = Events(progress, should_stop=interruption.requested)
        else:
            progress = interruption.watch(stack.enter_context(TrainingDisplay(metric)))
            events = Events(progress, console.notice, console.detail, interruption.requested)
        outcome = train(task, request, events)
    return of_checkpoint(outcome.checkpoint, outcome.path)
