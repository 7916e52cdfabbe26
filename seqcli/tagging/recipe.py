"""Sizes and settings chosen from the data, the time and the machine, by rules that can be read here.

The budget pays for so many operations, a size for so many a step, so each size gets to read the data a certain number
of times: the largest that gets `PASSES` is taken. Little data is not given more than `NARROW` units, which would learn
it by heart; much text of characters not more than `QUICK`, since cutting text into words is asked to be quick and hangs
on what stands near. Little data, and data that is read often, is regularised more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from seqcli.tagging.config import TaggerConfig
from seqcli.tagging.options import TrainRequest
from seqcli.training.pipeline import Machine

SIZES = ((200, 100, 50), (128, 100, 50), (100, 64, 32), (64, 64, 32))  # units, word vectors, vectors of affixes, pairs
NARROW, LITTLE = 128, 100_000  # units at most, for fewer steps of words
QUICK, MUCH = 64, 500_000  # units at most, for more steps of characters
FEW_UPDATES = 150_000  # steps of training data below which batches are small, for the sake of updates
CHAINED = 300  # labels up to which they are one decision unasked: its time grows with their square
PASSES = 8.0  # over the data that a size is to get
REACHED = 0.35  # of the speed of `seqcli.training.workers.training_speed`, by a training step
SPELLED = 4.0  # characters that are read for each step of a batch, in which words recur
NEIGHBOURS = 0.1  # weight of telling the neighbours of a step, where there is not much data
OFTEN = 25.0  # passes from which more is left out


@dataclass(frozen=True)
class Facts:
    """What a recipe is chosen for: the number of `steps` and `labels`, what a step is, and the vocabulary's sizes."""

    steps: int
    labels: int
    unit: str
    words: int
    characters: int
    affixes: int
    pairs: int


@dataclass(frozen=True)
class Recipe:
    """Everything that is settled before training starts; `reason` says how it came about."""

    config: TaggerConfig
    dropout: float
    batch_steps: int
    longest: int
    learning_rate: float
    average: float
    neighbours: float
    reason: str = ""


def choose_recipe(request: TrainRequest, facts: Facts, machine: Machine, base: TaggerConfig | None) -> Recipe:
    """A recipe for what is asked for and known; what was given is kept, what is None is chosen. A model that has learnt
    already has the configuration `base` and keeps it."""
    seconds = request.budget
    operations = machine.speed * REACHED * seconds if seconds is not None else None

    def passes_of(config: TaggerConfig) -> float:
        if request.epochs is not None:
            return request.epochs
        return operations / operations_per_step(config) / facts.steps if operations is not None else 10.0

    configs = [base] if base is not None else [_config(request, facts, size) for size in SIZES if _fits(size[0], facts)]
    config = next((one for one in configs if passes_of(one) >= PASSES), configs[-1])
    passes = passes_of(config)
    dropout = _dropout(facts.steps, facts.unit, passes) if request.dropout is None else request.dropout
    each = 800 if facts.steps < FEW_UPDATES else 1000 if facts.steps < MUCH else 3000
    batch_steps = machine.processes * (request.batch_size or each * (4 if machine.accelerator else 1))
    learning_rate = request.learning_rate or 0.003
    known = request.epochs is not None or operations is not None
    read = f"about {passes:.1f} passes over {facts.steps:,} {facts.unit}s" if known else "given steps"
    return Recipe(
        config=config,
        dropout=dropout,
        batch_steps=batch_steps,
        longest=250,
        learning_rate=learning_rate,
        average=0.998,
        neighbours=NEIGHBOURS if facts.steps < MUCH else 0.0,
        reason=(
            f"{config.layers} × 2 × {config.hidden} {config.cell}, {'CRF' if config.crf else 'no CRF'}, {read}, "
            f"dropout {dropout:.2f}, batches of {batch_steps:,} {facts.unit}s, learning rate {learning_rate:g}"
        ),
    )


def operations_per_step(config: TaggerConfig) -> float:
    """Of training, forward and backward, for each step."""
    shapes = config.parameter_shapes()
    sizes = {name: math.prod(shape) for name, shape in shapes.items() if name not in config.tables()}
    reader = sum(size for name, size in sizes.items() if name.startswith("reader."))
    return 6.0 * (sum(sizes.values()) - reader + SPELLED * reader)


def _fits(units: int, facts: Facts) -> bool:
    """Whether a layer of so many units suits the kind and amount of data."""
    if facts.unit == "word":
        return units <= NARROW or facts.steps >= LITTLE
    return units <= QUICK or facts.steps < MUCH


def _dropout(steps: int, unit: str, passes: float) -> float:
    """The share of units that is left out in training."""
    if steps >= MUCH:
        return 0.4 if passes >= OFTEN else 0.3 if passes >= PASSES else 0.2
    often = 0.5 if unit == "word" else 0.4  # characters recur: more left out is learnt too slowly
    return often if passes >= OFTEN else 0.4 if passes >= PASSES / 2 else 0.3


def _config(request: TrainRequest, facts: Facts, size: tuple[int, int, int]) -> TaggerConfig:
    units, word_width, width = size
    return TaggerConfig(
        labels=facts.labels,
        words=facts.words,
        word_width=request.embedding or word_width,
        characters=facts.characters,
        affixes=facts.affixes,
        affix_width=width,
        pairs=facts.pairs,
        pair_width=width,
        cell=request.cell,
        hidden=request.hidden or units,
        layers=request.layers or 1,
        crf=request.crf and (facts.labels <= CHAINED or "crf" in request.given),
    )
