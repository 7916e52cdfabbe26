"""Sizes and settings chosen from the data, the time and the machine, by rules that can be read here.

A network that starts from nothing and is never shown the same sound twice (see `augment`) goes on learning for hundreds
of passes over minutes of recordings: too large a one does not get far.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from seqcli.speech.augment import Augmentation
from seqcli.speech.config import SpeechConfig
from seqcli.speech.options import SIZES, TrainRequest
from seqcli.training.pipeline import Machine

REACHED = 0.2  # of the speed of `seqcli.training.workers.training_speed`, by a training step
FEATURES = 1e8  # operations that features and changes of a second of sound take as long as
PASSES, PASSES_AT = 40.0, 1200.0  # over so many seconds of recordings; over n times as many, 1 / √n of the passes
LEAST_PASSES = 5.0
LOOKAHEAD = 5  # steps by which a network of one direction answers later
BATCH_SECONDS = (2.0, 30.0)  # of a batch: a 130th of all, but between these


@dataclass(frozen=True)
class Recipe:
    """Everything that is settled before training starts; `reason` says how it came about."""

    config: SpeechConfig
    dropout: float
    batch_seconds: float
    passes: float
    join: float
    learning_rate: float
    augmentation: Augmentation
    average: float = 0.998
    reason: str = ""


@dataclass(frozen=True)
class SpeechFacts:
    """What a recipe depends on of the recordings: their seconds, tokens and sample rate."""

    seconds: float
    vocabulary: int
    sample_rate: int


def choose_recipe(
    request: TrainRequest, facts: SpeechFacts, machine: Machine, base: SpeechConfig | None = None
) -> Recipe:
    """A recipe for recordings as requested: what is given is kept, what is None is chosen. The batch is that of all
    processes. A model that has learnt already has the configuration `base` and keeps it."""
    operations = machine.speed * REACHED * request.budget if request.budget is not None else None
    size = request.size
    if base is not None:
        size = "as before"
    elif size == "auto":
        size = "small" if operations is None else _size_for(operations, request, facts)
    config = base or _config(request, size, facts)
    least, most = BATCH_SECONDS
    batch = request.batch_size or min(max(facts.seconds / 130, least), most * (4 if machine.accelerator else 1))
    batch *= machine.processes
    if operations is not None:
        passes = operations / operations_per_second(config) / facts.seconds
    else:
        passes = request.epochs or (request.steps or 1) * batch / facts.seconds
    dropout = 0.1 if request.dropout is None else request.dropout
    learning_rate = request.learning_rate or 0.003 * min(1.0, (128 / config.hidden) ** 0.5)
    return Recipe(
        config=config,
        dropout=dropout,
        batch_seconds=batch,
        passes=passes,
        join=request.join,
        learning_rate=learning_rate,
        augmentation=Augmentation().times(request.augmentation),
        reason=(
            f"{size}: {config.layers} × {config.encoder.directions} × {config.hidden} {config.cell}, "
            f"{config.sample_rate / 1000:g} kHz, about {passes:.1f} passes over {facts.seconds / 60:,.1f} minutes, "
            f"dropout {dropout:.2f}, batches of {batch:.0f} s, learning rate {learning_rate:g}"
        ),
    )


def _config(request: TrainRequest, size: str, facts: SpeechFacts) -> SpeechConfig:
    front, hidden, layers = SIZES[size]
    if request.streaming:  # about as many weights as in both directions
        front, hidden = front * 3 // 2, hidden * 3 // 2
    return SpeechConfig(
        vocabulary=facts.vocabulary,
        cell=request.cell,
        sample_rate=facts.sample_rate,
        mels=40 if facts.sample_rate <= 8000 else 64,
        channels=32,
        front=request.hidden or front,
        hidden=request.hidden or hidden,
        layers=request.layers or layers,
        bidirectional=not request.streaming,
        lookahead=LOOKAHEAD if request.streaming else 0,
        lowercase=request.lowercase,
    )


def operations_per_second(config: SpeechConfig) -> float:
    """Of a training step, features, forward and backward, for each second of sound."""
    shapes = config.parameter_shapes()
    weights = sum(math.prod(shape) for name, shape in shapes.items() if len(shape) > 1)
    return 6.0 * weights / config.step_seconds + FEATURES


def _size_for(operations: float, request: TrainRequest, facts: SpeechFacts) -> str:
    wanted = max(PASSES * math.sqrt(PASSES_AT / facts.seconds), LEAST_PASSES)

    def distance(size: str) -> float:
        passes = operations / operations_per_second(_config(request, size, facts)) / facts.seconds
        return abs(math.log(passes / wanted))

    return min(SIZES, key=distance)
