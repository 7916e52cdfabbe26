"""Sizes and settings chosen from the data, the time and the machine, by rules that can be read here.

Each size takes so long for an update, so within the budget it reads the pairs a certain number of times: too big a
model does not get far, too small a one stops learning. Some four passes over 29,000 sentences are the best use of the
time; fewer pairs want more passes, and so do words spelled by characters. Batches are small, since a run lives on the
number of its updates, but not so small that an update is mostly what it takes beside its products.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from seqcli.training.pipeline import Machine
from seqcli.translation.config import TranslationConfig
from seqcli.translation.network import Dropouts
from seqcli.translation.options import SIZES, TrainRequest

REACHED = 0.7  # of the speed of `seqcli.training.workers.training_speed`, by a training step
UPDATE_SECONDS = 0.015  # of an update beside its products: batch, masks, attention, optimizer
PASSES, SPELLED_PASSES = 4.0, 10.0  # over the pairs, for PASSES_AT target tokens: in subwords, in characters
PASSES_AT = 500_000
# of a run: a model that makes fewer does not get far, however often it has read the pairs
LEAST_UPDATES, SPELLED_UPDATES = 1000.0, 4000.0
SPELLED_PAIRS = 100  # in a batch, where tokens are characters and pairs short
SPELLED_BATCHES = 40  # that few pairs make, in smaller batches, which have
LEAST_PAIRS = 32  # at least
COUNTED_TOKENS = 100_000  # of both languages, from which counted vectors are a better start than chance
COUNTED_TYPES = 2  # for each entry of a vector, from which there is enough to count


@dataclass(frozen=True)
class Recipe:
    """Everything that is settled before training starts; `reason` says how it came about."""

    config: TranslationConfig
    dropouts: Dropouts
    batch_tokens: int
    learning_rate: float
    label_smoothing: float
    average: float
    guided: bool
    counted: bool = False  # embeddings start from counts of neighbours, in both languages
    affixes: bool = False  # types share vectors by their beginnings and ends
    reason: str = ""


@dataclass(frozen=True)
class PairFacts:
    """What a recipe depends on: how many pairs there are, the tokens of all sources and of all targets, the size of the
    vocabulary, and whether the tokens are characters, which cannot be dropped like words."""

    pairs: int
    source_tokens: int
    tokens: int
    vocabulary: int
    characters: bool = False

    @property
    def longer(self) -> int:
        return max(self.source_tokens, self.tokens)


def choose_recipe(
    request: TrainRequest, pairs: PairFacts, machine: Machine, base: TranslationConfig | None = None
) -> Recipe:
    """A recipe for pairs as requested: what is given is kept, what is None is chosen. `request.hidden` is the decoder's
    width; the encoder has half of it in each direction. `request.layers` are those of encoder and decoder. The batch is
    that of all processes. A model that has learnt already has the configuration `base` and keeps it."""
    batch = machine.processes * (request.batch_size or _batch_tokens(pairs, machine))
    size = "as before" if base is not None else request.size
    if size == "auto":
        size = _size_for(request, pairs, machine.speed, batch)
    config = base or _config(request, size, pairs.vocabulary)
    if request.epochs is not None:
        passes = request.epochs
    elif request.steps is not None:
        passes = request.steps / updates_per_pass(pairs, batch)
    else:
        assert request.budget is not None
        passes = request.budget / seconds_per_pass(config, pairs, machine.speed, batch)
    given = request.dropout
    share = min(max(0.1 + 0.05 * math.log2(max(passes, 1) / 4), 0.1), 0.3) if given is None else given
    learning_rate = request.learning_rate or _learning_rate(config.decoder_hidden)
    affixes = base is None and not pairs.characters
    enough = pairs.source_tokens + pairs.tokens >= COUNTED_TOKENS
    counted = affixes and enough and pairs.vocabulary >= COUNTED_TYPES * config.embedding
    return Recipe(
        config=config,
        dropouts=Dropouts(hidden=share, words=0.0 if pairs.characters else 0.05 if given is None else given / 4),
        batch_tokens=batch,
        learning_rate=learning_rate,
        label_smoothing=request.label_smoothing,
        average=0.998,
        guided=request.guided,
        counted=counted,
        affixes=affixes,
        reason=(
            f"{size}: encoder {config.encoder_layers} × 2 × {config.encoder_hidden}, decoder {config.decoder_layers} × "
            f"{config.decoder_hidden} {config.cell}, attention {config.attention}"
            f"{' fed back' if config.input_feeding else ''}, "
            f"about {passes:.1f} passes over {pairs.tokens:,} target tokens, "
            f"dropout {share:.2f}, batches of {batch} tokens, learning rate {learning_rate:g}"
            f"{', embeddings from counts of neighbours' if counted else ''}"
            f"{', vectors of affixes' if affixes else ''}"
        ),
    )


def _config(request: TrainRequest, size: str, vocabulary: int) -> TranslationConfig:
    width, encoder_hidden, encoder_layers, decoder_hidden, decoder_layers = SIZES[size]
    hidden = request.hidden
    return TranslationConfig(
        vocabulary=vocabulary,
        cell=request.cell,
        embedding=request.embedding or (hidden // 2 if hidden else width),
        encoder_hidden=hidden // 2 if hidden else encoder_hidden,
        encoder_layers=request.layers or encoder_layers,
        decoder_hidden=hidden or decoder_hidden,
        decoder_layers=request.layers or decoder_layers,
        attention=request.attention,
        heads=next(heads for heads in (4, 2, 1) if ((hidden or decoder_hidden) // 2) % heads == 0),
        input_feeding=request.input_feeding,
    )


def _batch_tokens(pairs: PairFacts, machine: Machine) -> int:
    if machine.accelerator:
        return 4000
    if pairs.characters:
        side_by_side = min(max(pairs.pairs / SPELLED_BATCHES, LEAST_PAIRS), SPELLED_PAIRS)
        return min(1000, round(side_by_side * pairs.longer / pairs.pairs))
    return 1000 if pairs.tokens >= 100_000 else 500


def _learning_rate(width: int) -> float:
    """Narrow layers take larger steps: twice as large at half the width."""
    ratio = 256 / width
    return 0.003 * (min(ratio, 2.0) if ratio > 1 else math.sqrt(ratio))


def updates_per_pass(pairs: PairFacts, batch: int) -> float:
    """Batches of `batch` tokens on the longer side that the pairs make."""
    return max(1.0, pairs.longer / batch)


def seconds_per_pass(config: TranslationConfig, pairs: PairFacts, speed: float, batch: int) -> float:
    """Of training, forward and backward, on a machine of `speed` operations a second, in batches of `batch` tokens."""
    source = target = 0
    for name, shape in config.parameter_shapes().items():
        if name.startswith("encoder.") or name in ("attention.key", "attention.value"):
            source += math.prod(shape)
        elif name not in ("output_bias", "bridge_weight"):
            target += math.prod(shape)
    operations = 6.0 * (source * pairs.source_tokens + target * pairs.tokens)
    return operations / (speed * REACHED) + updates_per_pass(pairs, batch) * UPDATE_SECONDS


def _size_for(request: TrainRequest, pairs: PairFacts, speed: float, batch: int) -> str:
    budget = request.budget
    if budget is None:
        return "small"
    passes, updates = (SPELLED_PASSES, SPELLED_UPDATES) if pairs.characters else (PASSES, LEAST_UPDATES)
    wanted = max(passes * math.sqrt(PASSES_AT / pairs.tokens), updates / updates_per_pass(pairs, batch))

    def distance(name: str) -> float:
        config = _config(request, name, pairs.vocabulary)
        return abs(math.log(budget / seconds_per_pass(config, pairs, speed, batch) / wanted))

    return min(SIZES, key=distance)
