"""Sizes and settings chosen from the data, the time and the machine, by rules that can be read here.

What limits a short run on a processor is arithmetic. A model with P recurrent parameters, and an output layer that sums
over S types of width E, costs about 6 (P + S·E) operations a token, forward and backward. The budget pays for C
operations: the machine's measured speed in training (`seqcli.training.workers`), times the seconds. That fixes how many
tokens D = C / 6 (P + S·E) a size gets to read. Too big a model reads too little, too small a one has nothing left to
learn; the size taken is the one whose D / P comes nearest to a constant found on validation data
(`benchmarks/README.md`).

How often the text is read then decides the regularisation, dropout, penalties on activations and weight decay: none is
needed before the text repeats, and each doubling asks for more, up to a point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from seqcli.errors import CheckpointError, UsageError
from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import Regularisation

SIZES = {  # (hidden, layers)
    "tiny": (128, 1),
    "small": (256, 1),
    "medium": (512, 1),
    "large": (768, 2),
}
NARROW = ((128, 1), (192, 1), (256, 1), (320, 1), (400, 1), (512, 1), (640, 1))
LADDER = (*NARROW, (512, 2), (640, 2), (768, 2), (1024, 2))
CHARACTER_LADDER = (*NARROW, (768, 1), (1024, 1), (1024, 2))  # one wide layer beats two narrow ones for longer
TOKENS_PER_PARAMETER = 2.2
CHARACTERS_PER_PARAMETER = 1.0  # the same for text in characters, of which each says less
STEPS = 35  # of a piece of text in words or subwords
MANY_UPDATES = 12_000  # of such pieces, from which on half as many do
SAMPLE = 700  # types a sampled softmax sums over beside the batch's own
SAMPLING_PAYS = 4000  # types from which sampling is worth its noise
COUNTING_PAYS = 2000  # types from which vectors that come from counting neighbours are a better start than chance
LEAST_DECAY, MOST_DECAY = 0.01, 0.3  # weight decay
COUNTING_SECONDS = 100.0  # budget from which the few seconds that counting takes are well spent


@dataclass(frozen=True)
class Recipe:
    """Everything that is settled before training starts; `reason` says how it came about."""

    config: LanguageModelConfig
    regularisation: Regularisation
    batch_size: int
    bptt: int
    learning_rate: float
    sampled: int  # types the training softmax is estimated from; 0: all of them, exactly
    random_bptt: bool = False
    counted: bool = False  # embeddings start from counts of neighbours
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        values.pop("config")
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any], config: LanguageModelConfig) -> Recipe:
        """What `to_json` gave, with its configuration; `CheckpointError` when it is not that."""
        try:
            rest = {**values, "regularisation": Regularisation(**values["regularisation"])}
            return cls(config=config, **rest)
        except (KeyError, TypeError) as problem:
            raise CheckpointError("the training state's recipe is not one this program knows") from problem


def choose_recipe(
    *,
    tokens: int,
    vocabulary: int,
    kind: str,
    seconds: float | None,
    epochs: float | None,
    speed: float,
    accelerator: bool,
    processes: int = 1,
    cell: str = "lstm",
    size: str = "auto",
    tied: bool = True,
    embedding: int | None = None,
    hidden: int | None = None,
    layers: int | None = None,
    dropout: float | None = None,
    batch_size: int | None = None,
    bptt: int | None = None,
    learning_rate: float | None = None,
    softmax: str = "auto",
    regularise: Mapping[str, float] | None = None,
    random_bptt: bool = False,
    base: LanguageModelConfig | None = None,
) -> Recipe:
    """A recipe for a text of `tokens` tokens under a budget of `seconds` on machines of `speed` operations a second.

    The batch is that of all `processes` together. What is given is kept, what is None is chosen; `regularise` has parts
    of `Regularisation` by name. A model with the configuration `base` has learnt from another text: it keeps its shape,
    and is not to forget that text. `UsageError` for a size, softmax or width that cannot be.
    """
    if size != "auto" and size not in SIZES:
        raise UsageError(f"unknown size {size!r}", hint=f"choose from auto, {', '.join(SIZES)}")
    if softmax not in ("auto", "full", "sampled"):
        raise UsageError(f"unknown softmax {softmax!r}", hint="choose from auto, full, sampled")
    can_sample = vocabulary > 2 * SAMPLE
    if softmax == "sampled" and not can_sample:
        raise UsageError(f"a vocabulary of {vocabulary} is too small to sample from", hint="use --softmax full")
    sampling = softmax == "sampled" or (softmax == "auto" and vocabulary >= SAMPLING_PAYS and not accelerator)
    sampled = SAMPLE if sampling else 0
    summed = sampled * 4 // 3 if sampled else vocabulary  # the batch's own types come on top
    operations = speed * seconds if seconds is not None else None

    if base is not None:
        config = base
    else:
        if size == "auto" and hidden is None:
            chosen_hidden, chosen_layers = _size_for(operations, summed, kind)
        else:
            chosen_hidden, chosen_layers = SIZES["medium" if size == "auto" else size]
        chosen_hidden, chosen_layers = hidden or chosen_hidden, layers or chosen_layers
        width = embedding or (chosen_hidden if kind != "char" or tied else min(chosen_hidden, 128))
        config = LanguageModelConfig(vocabulary, cell, width, chosen_hidden, chosen_layers, tied)

    cost = _operations_per_token(config.hidden, config.layers, summed)
    passes = epochs if epochs is not None else (operations / cost / tokens if operations is not None else 10.0)
    batch_size = processes * (batch_size or (64 if accelerator else 24 if kind == "char" else 20))
    bptt = bptt or (64 if kind == "char" else _steps_of(passes * tokens / batch_size))
    learning_rate = learning_rate or _learning_rate(kind, config.hidden, bptt, cell if base is None else "")
    if dropout is None:
        travelled = learning_rate * passes * tokens / (batch_size * bptt)  # in all updates, were the rate constant
        regularisation = _regularisation(kind, passes, travelled)
    else:
        regularisation = _uniform_regularisation(dropout)
    if base is not None:
        regularisation = replace(regularisation, decay=LEAST_DECAY)
    regularisation = replace(regularisation, **(regularise or {}))
    recipe = Recipe(
        config=config,
        regularisation=regularisation,
        batch_size=batch_size,
        bptt=bptt,
        learning_rate=learning_rate,
        sampled=sampled,
        random_bptt=random_bptt,
        counted=kind != "char"
        and base is None
        and vocabulary >= max(COUNTING_PAYS, 2 * config.embedding)
        and (seconds is None or seconds >= COUNTING_SECONDS),
    )
    estimate = (
        f"about {passes:.1f} passes over {tokens:,} tokens" if operations is not None or epochs else "given steps"
    )
    return replace(
        recipe,
        reason=(
            f"{config.layers} × {config.hidden} {config.cell}, {estimate}, dropout {regularisation.output:.2f}, "
            + (f"activation penalty {regularisation.activation:.1f}, " if regularisation.activation else "")
            + f"weight decay {regularisation.decay:.2g}, "
            + f"batch {recipe.batch_size} × {recipe.bptt}, learning rate {recipe.learning_rate:g}, "
            + (f"softmax sampled from {sampled} types" if sampled else "full softmax")
            + (", embeddings from counts of neighbours" if recipe.counted else "")
        ),
    )


def _operations_per_token(hidden: int, layers: int, summed: int) -> float:
    return 6.0 * (8 * hidden * hidden * layers + summed * hidden)


def _size_for(operations: float | None, summed: int, kind: str) -> tuple[int, int]:
    if operations is None:
        return SIZES["medium"]
    ladder, ratio = (CHARACTER_LADDER, CHARACTERS_PER_PARAMETER) if kind == "char" else (LADDER, TOKENS_PER_PARAMETER)

    def distance(size: tuple[int, int]) -> float:
        hidden, layers = size
        read = operations / _operations_per_token(hidden, layers, summed)
        return abs(math.log(read / (8 * hidden * hidden * layers) / ratio))

    return min(ladder, key=distance)


def _regularisation(kind: str, passes: float, travelled: float) -> Regularisation:
    """For a text read `passes` times with learning rates that sum up to half of `travelled`.

    Weight decay of strength 1 halves over the run what no gradient renews: it is the share of the run that counts, not
    the number of updates (Wang & Aitchison 2024).
    """
    share = min(max(0.1 + 0.1 * math.log2(max(passes, 0.5)), 0.0), 0.5)
    if kind == "char":  # a character is seen so often that its own vector needs hardly any
        share *= 0.6
        decay = _decay(min(math.log2(max(passes, 1.0)), 2.0), travelled)
        return Regularisation(input=share / 4, between=share, output=share, decay=decay)
    penalty = min(max(math.log2(max(passes, 1.0)) - 1, 0.0), 2.0)  # in full from eight passes, as Merity et al. have it
    decay = _decay(penalty / 2, travelled)
    return Regularisation(
        input=share / 2, between=share, output=share, activation=penalty, change=penalty / 2, decay=decay
    )


def _decay(strength: float, travelled: float) -> float:
    return min(max(strength * 2 * math.log(2) / travelled, LEAST_DECAY), MOST_DECAY)


def _uniform_regularisation(dropout: float) -> Regularisation:
    if not 0 <= dropout < 1:
        raise UsageError("--dropout must be from 0 to below 1")
    return Regularisation(input=dropout / 2, between=dropout, output=dropout)


def _steps_of(length: float) -> int:
    """Time steps of a piece, for streams that are `length` tokens long over all passes: longer pieces are up to a fifth
    quicker a token, and where there are many updates half as many do."""
    return 2 * STEPS if length / STEPS >= MANY_UPDATES else STEPS


def _learning_rate(kind: str, hidden: int, bptt: int, cell: str) -> float:
    """Adam's steps are per weight: wider sums of them want smaller ones, gradients of more tokens larger ones."""
    rate = 0.006 if cell == "lstm" else 0.004  # the others were not tried with more
    if kind != "char":
        rate *= max(1.0, math.sqrt(bptt / STEPS))
    return rate * min(1.0, math.sqrt((512 if kind == "char" else 320) / hidden))
