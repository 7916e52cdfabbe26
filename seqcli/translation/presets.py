"""Sizes and settings chosen from the data, the time and the machine, by rules that can be read here.

The budget pays for so many operations, and a size for so many a target token, so each size gets to read the pairs a
certain number of times: too big a model does not get far, too small a one stops learning. 29,000 pairs are read some
ten to fifteen times in half an hour on two cores by the size that is taken then; fewer pairs want more passes. Small
batches matter as much: a short run lives on the number of its updates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from seqcli.training.pipeline import Machine
from seqcli.translation.config import TranslationConfig
from seqcli.translation.network import Dropouts
from seqcli.translation.options import SIZES, TrainRequest

REACHED = 0.7  # of the speed of `seqcli.training.workers.training_speed`, by a training step
PASSES = 10.0  # over the pairs, for PASSES_AT target tokens
PASSES_AT = 500_000


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
    reason: str = ""


@dataclass(frozen=True)
class PairFacts:
    """What a recipe depends on: the target's tokens, the size of the vocabulary, and whether the tokens are characters,
    which cannot be dropped like words."""

    tokens: int
    vocabulary: int
    characters: bool = False


def choose_recipe(
    request: TrainRequest, pairs: PairFacts, machine: Machine, base: TranslationConfig | None = None
) -> Recipe:
    """A recipe for pairs as requested: what is given is kept, what is None is chosen.

    `request.hidden` is the decoder's width; the encoder has half of it in each direction. `request.layers` are those of
    encoder and decoder. The batch is that of all processes. A model that has learnt already has the configuration
    `base` and keeps it.
    """
    operations = machine.speed * REACHED * request.budget if request.budget is not None else None
    size = request.size
    if base is not None:
        size = "as before"
    elif size == "auto":
        configs = {name: _config(request, name, pairs.vocabulary) for name in SIZES}
        size = "small" if operations is None else _size_for(operations, pairs.tokens, configs)
    config = base or _config(request, size, pairs.vocabulary)
    if request.epochs is not None:
        passes = request.epochs
    else:
        passes = operations / operations_per_token(config) / pairs.tokens if operations is not None else 10.0
    given = request.dropout
    share = min(max(0.1 + 0.05 * math.log2(max(passes, 1) / 4), 0.1), 0.3) if given is None else given
    batch = request.batch_size or (4000 if machine.accelerator else 1000 if pairs.tokens >= 100_000 else 500)
    recipe = Recipe(
        config=config,
        dropouts=Dropouts(hidden=share, words=0.0 if pairs.characters else 0.05 if given is None else given / 4),
        batch_tokens=machine.processes * batch,
        learning_rate=request.learning_rate or 0.003 * min(1.0, (256 / config.decoder_hidden) ** 0.5),
        label_smoothing=request.label_smoothing,
        average=0.998,
        guided=request.guided,
    )
    known = request.epochs is not None or operations is not None
    return replace(
        recipe,
        reason=(
            f"{size}: encoder {config.encoder_layers} × 2 × {config.encoder_hidden}, decoder {config.decoder_layers} × "
            f"{config.decoder_hidden} {config.cell}, attention {config.attention}"
            f"{' fed back' if config.input_feeding else ''}, "
            f"{f'about {passes:.1f} passes over {pairs.tokens:,} target tokens' if known else 'given steps'}, "
            f"dropout {share:.2f}, batches of {recipe.batch_tokens} tokens, learning rate {recipe.learning_rate:g}"
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


def operations_per_token(config: TranslationConfig) -> float:
    """Of a training step, forward and backward, for each target token and the source token that goes with it."""
    shapes = config.parameter_shapes()
    return 6.0 * sum(math.prod(shape) for name, shape in shapes.items() if name not in ("output_bias", "bridge_weight"))


def _size_for(operations: float, tokens: int, configs: dict[str, TranslationConfig]) -> str:
    wanted = PASSES * max(1.0, math.sqrt(PASSES_AT / tokens))

    def distance(name: str) -> float:
        return abs(math.log(operations / operations_per_token(configs[name]) / tokens / wanted))

    return min(configs, key=distance)
