"""Sizes and settings chosen from the data, the time and the machine, by rules that can be read here.

The budget pays for so many operations, and a size for so many a target token, so each size gets to read the pairs a
certain number of times: too big a model does not get far, too small a one stops learning. 29,000 pairs are read some
ten to fifteen times in half an hour on two cores by the size that is taken then; fewer pairs want more passes. Small
batches matter as much: a short run lives on the number of its updates.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from seqcli.errors import CheckpointError, UsageError
from seqcli.translation.config import ATTENTIONS, TranslationConfig
from seqcli.translation.network import Dropouts

SIZES = {  # embedding, encoder hidden (each direction), encoder layers, decoder hidden, decoder layers
    "tiny": (96, 96, 1, 128, 2),
    "small": (192, 192, 1, 256, 2),
    "medium": (256, 256, 1, 384, 2),
    "large": (384, 384, 2, 512, 2),
}
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

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        values.pop("config")
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any], config: TranslationConfig) -> Recipe:
        """What `to_json` gave, with its configuration; `CheckpointError` when it is not that."""
        try:
            return cls(config=config, **{**values, "dropouts": Dropouts(**values["dropouts"])})
        except (KeyError, TypeError) as problem:
            raise CheckpointError("the training state's recipe is not one this program knows") from problem


def choose_recipe(
    *,
    tokens: int,
    vocabulary: int,
    seconds: float | None,
    epochs: float | None,
    speed: float,
    accelerator: bool,
    cell: str = "lstm",
    size: str = "auto",
    embedding: int | None = None,
    hidden: int | None = None,
    layers: int | None = None,
    attention: str = "dot",
    input_feeding: bool = False,
    dropout: float | None = None,
    batch_tokens: int | None = None,
    learning_rate: float | None = None,
    label_smoothing: float = 0.1,
    guided: bool = True,
    base: TranslationConfig | None = None,
) -> Recipe:
    """A recipe for `tokens` target tokens under a budget of `seconds` on a machine of `speed` operations a second.

    `hidden` is the decoder's width; the encoder has half of it in each direction. `layers` are those of encoder and
    decoder. What is given is kept, what is None is chosen. A model that has learnt already has the configuration `base`
    and keeps it. `UsageError` for what cannot be.
    """
    if size != "auto" and size not in SIZES:
        raise UsageError(f"unknown size {size!r}", hint=f"choose from auto, {', '.join(SIZES)}")
    if attention not in ATTENTIONS:
        raise UsageError(f"unknown attention {attention!r}", hint=f"choose from {', '.join(ATTENTIONS)}")
    if input_feeding and attention == "none":
        raise UsageError("--input-feeding feeds the attention's context back: it needs an attention")
    if dropout is not None and not 0 <= dropout < 1:
        raise UsageError("--dropout must be from 0 to below 1")
    if not 0 <= label_smoothing < 1:
        raise UsageError("--label-smoothing must be from 0 to below 1")
    if hidden is not None and hidden % 2:
        raise UsageError("--hidden must be even: half of it goes to each of the encoder's directions")

    def config_of(name: str) -> TranslationConfig:
        width, encoder_hidden, encoder_layers, decoder_hidden, decoder_layers = SIZES[name]
        return TranslationConfig(
            vocabulary=vocabulary,
            cell=cell,
            embedding=embedding or (hidden // 2 if hidden else width),
            encoder_hidden=hidden // 2 if hidden else encoder_hidden,
            encoder_layers=layers or encoder_layers,
            decoder_hidden=hidden or decoder_hidden,
            decoder_layers=layers or decoder_layers,
            attention=attention,
            heads=next(heads for heads in (4, 2, 1) if ((hidden or decoder_hidden) // 2) % heads == 0),
            input_feeding=input_feeding,
        )

    operations = speed * REACHED * seconds if seconds is not None else None
    if base is not None:
        size = "as before"
    elif size == "auto":
        size = "small" if operations is None else _size_for(operations, tokens, {n: config_of(n) for n in SIZES})
    config = base or config_of(size)
    if epochs is not None:
        passes = epochs
    else:
        passes = operations / operations_per_token(config) / tokens if operations is not None else 10.0
    share = min(max(0.1 + 0.05 * math.log2(max(passes, 1) / 4), 0.1), 0.3) if dropout is None else dropout
    recipe = Recipe(
        config=config,
        dropouts=Dropouts(hidden=share, words=0.05 if dropout is None else dropout / 4),
        batch_tokens=batch_tokens or (4000 if accelerator else 1000 if tokens >= 100_000 else 500),
        learning_rate=learning_rate or 0.003 * min(1.0, (256 / config.decoder_hidden) ** 0.5),
        label_smoothing=label_smoothing,
        average=0.998,
        guided=guided,
    )
    known = epochs is not None or operations is not None
    said = f"about {passes:.1f} passes over {tokens:,} target tokens" if known else "given steps"
    return replace(
        recipe,
        reason=(
            f"{size}: encoder {config.encoder_layers} × 2 × {config.encoder_hidden}, decoder {config.decoder_layers} × "
            f"{config.decoder_hidden} {config.cell}, attention {config.attention}"
            f"{' fed back' if config.input_feeding else ''}, {said}, "
            f"dropout {share:.2f}, batches of {recipe.batch_tokens} tokens, learning rate {recipe.learning_rate:g}"
        ),
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
