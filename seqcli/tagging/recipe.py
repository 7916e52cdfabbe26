"""Sizes and settings chosen from the data, the time and the machine, by rules that can be read here.

The budget pays for so many operations, a width for so many a step, so each width gets to read the data a certain number
of times. The widest that gets `PASSES` is taken; little data is not given more than `NARROW` units, which it would
learn by heart. What is read more often is regularised more. Figures are in `benchmarks/README.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from seqcli.tagging.config import TaggerConfig
from seqcli.tagging.options import TrainRequest
from seqcli.training.pipeline import Machine

WIDTHS = (200, 128, 64)  # units of a layer in each direction
NARROW, NARROW_STEPS = 128, 100_000  # steps of training data below which no more units are taken
PASSES = 8.0  # over the data that a width is to get
REACHED = 0.35  # of the speed of `seqcli.training.workers.training_speed`, by a training step
SPELLED = 4.0  # characters that are read for each step of a batch, in which words recur
DROPOUTS = ((25.0, 0.5), (6.0, 0.4), (0.0, 0.3))  # passes from which a share of the units is left out


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

    widths = [width for width in WIDTHS if width <= NARROW or facts.steps >= NARROW_STEPS]
    configs = [base] if base is not None else [_config(request, facts, width) for width in widths]
    config = next((one for one in configs if passes_of(one) >= PASSES), configs[-1])
    passes = passes_of(config)
    dropout = request.dropout
    if dropout is None:
        dropout = next(share for least, share in DROPOUTS if passes >= least)
    each = 800 if facts.steps < NARROW_STEPS else 1000 if facts.unit == "word" else 1500
    batch_steps = request.batch_size or each * machine.processes * (4 if machine.accelerator else 1)
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


def _config(request: TrainRequest, facts: Facts, width: int) -> TaggerConfig:
    return TaggerConfig(
        labels=facts.labels,
        words=facts.words,
        word_width=request.embedding or 100,
        characters=facts.characters,
        affixes=facts.affixes,
        pairs=facts.pairs,
        cell=request.cell,
        hidden=request.hidden or width,
        layers=request.layers or 1,
        crf=request.crf,
    )
