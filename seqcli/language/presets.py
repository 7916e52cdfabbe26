"""Sizes and settings chosen from the data, the time and the machine, by rules that can be read here.

What limits a short run on a processor is arithmetic. A model with P recurrent parameters, and an output layer that sums
over S types of width E, costs about 6 (P + S·E) operations a token, forward and backward. The budget pays for C
operations: the machine's measured speed in training (`seqcli.training.workers`), times the seconds. That fixes how many
tokens D = C / 6 (P + S·E) a size gets to read. Too big a model reads too little, too small a one has nothing left to
learn; the size taken is the one whose D / P comes nearest to a constant found on validation data
(`benchmarks/tried.md`).

How often the text is read then decides the regularisation, dropout, penalties on activations and weight decay: none is
needed before the text repeats, and each doubling asks for more, up to a point.

A small text is learnt by heart long before a budget of minutes is spent. What it teaches of other text of the kind is
learnt in about the same number of updates whatever the text: so batches are small where the text is, and the run ends
when that many updates are done and the text was read often enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from seqcli.errors import UsageError
from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import Regularisation
from seqcli.language.options import SIZES, TrainRequest
from seqcli.model.cells import cell_of
from seqcli.training.pipeline import Machine

NARROW = ((128, 1), (192, 1), (256, 1), (320, 1), (400, 1), (512, 1), (640, 1))
LADDER = (*NARROW, (512, 2), (640, 2), (768, 2), (1024, 2))
CHARACTER_LADDER = (*NARROW, (768, 1), (1024, 1), (1024, 2))  # one wide layer beats two narrow ones for longer
TOKENS_PER_PARAMETER = 2.2
CHARACTERS_PER_PARAMETER = 1.0  # the same for text in characters, of which each says less
STEPS = 35  # of a piece of text in words or subwords
MANY_UPDATES = 12_000  # of such pieces, from which on half as many do
FEW = 128  # types up to which the parts of a batch have `network.FEW_TYPES` tokens of each
SAMPLE = 700  # types a sampled softmax sums over beside the batch's own
SAMPLING_PAYS = 4000  # types from which sampling is worth its noise
COUNTING_PAYS = 2000  # types from which vectors that come from counting neighbours are a better start than chance
LEAST_DECAY, MOST_DECAY = 0.01, 0.3  # weight decay
COUNTING_SECONDS = 100.0  # budget from which the few seconds that counting takes are well spent
SMALL, LARGE = 100_000, 500_000  # tokens up to which a text is small, and from which on it is not
SMALL_NETWORK = 500_000  # recurrent weights (one layer of 256) that no small text teaches more than
UPDATES, PASSES = 750, 12.0  # of a small text that are enough: whichever takes longer
DROPOUT, DECAY = 0.5, 0.1  # on small texts read so often
FEWEST_ROWS, SHORT_STEPS = 8, 32  # of a batch of a small text: streams or lines, and time steps
VALIDATIONS, PATIENCE = 20, 8  # looks at the validation text in a run that ends by updates, and those without gain


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
    affixes: bool = False  # types share vectors by their beginnings and ends
    most_steps: int | None = None  # updates after which a small text has taught what it can, budget or not
    validate_every: int = 0  # updates; 0: as the loop does by itself
    patience: int = 0
    reason: str = ""


@dataclass(frozen=True)
class TextFacts:
    """What a recipe depends on of a text: its tokens, how many types they are of, their kind, and the number of its
    lines where these are texts of their own."""

    tokens: int
    vocabulary: int
    kind: str
    lines: int | None = None

    @property
    def reads_like(self) -> str:
        """The kind of tokens that the rules take it for: characters of thousands of kinds are like words."""
        return "subword" if self.kind == "char" and self.vocabulary >= COUNTING_PAYS // 2 else self.kind


def choose_recipe(
    request: TrainRequest, text: TextFacts, machine: Machine, base: LanguageModelConfig | None = None
) -> Recipe:
    """A recipe for a text as requested: what is given is kept, what is None is chosen. The batch is that of all
    processes together. A model with the configuration `base` has learnt from another text: it keeps its shape, and is
    not to forget that text. `UsageError` for options that do not fit the text or the cell."""
    sampled = _sample_size(request, text, machine)
    operations = machine.speed * request.budget if request.budget is not None else None
    rows, bptt = _batch(request, text, machine)
    batch_size = machine.processes * rows
    tokens_of_batch = batch_size * (text.tokens / text.lines if text.lines else bptt)
    most = math.inf
    if request.budget is not None and base is None:  # how often a text is worth reading in such batches
        most = max(PASSES, UPDATES * tokens_of_batch / max(text.tokens, 1)) * max(1.0, text.tokens / SMALL)
    config = base or _config(request, text, operations, sampled, most)
    passes = 10.0
    if request.epochs is not None:
        passes = request.epochs
    elif operations is not None:
        passes = operations / _operations_per_token(config.hidden, config.layers, text, sampled) / text.tokens
    passes = min(passes, most)
    if not text.lines and request.bptt is None and text.reads_like != "char" and bptt == STEPS:
        # longer pieces are up to a fifth quicker a token, and where there are many updates half as many do
        bptt *= 2 if passes * text.tokens / batch_size / STEPS >= MANY_UPDATES else 1
    learning_rate = request.learning_rate or _learning_rate(
        text.reads_like, config.hidden, bptt, config.cell if base is None else ""
    )
    updates = passes * (text.lines / batch_size if text.lines else text.tokens / (batch_size * bptt))
    ends_by_updates = passes >= most
    recipe = Recipe(
        config=config,
        regularisation=_regularisation(request, text, passes, learning_rate * updates, fine_tuning=base is not None),
        batch_size=batch_size,
        bptt=bptt,
        learning_rate=learning_rate,
        sampled=sampled,
        random_bptt=request.random_bptt,
        counted=text.reads_like != "char"
        and base is None
        and text.vocabulary >= max(COUNTING_PAYS, 2 * config.embedding)
        and (request.budget is None or request.budget >= COUNTING_SECONDS),
        affixes=config.tied and base is None and text.kind != "char",
        most_steps=max(math.ceil(updates), 1) if ends_by_updates else None,
        validate_every=math.ceil(updates / VALIDATIONS) if ends_by_updates else 0,
        patience=PATIENCE if ends_by_updates else 0,
    )
    if recipe.regularisation.recurrent and cell_of(config.cell).recurrent is None:
        raise UsageError(f"--weight-dropout drops recurrent weights: {config.cell} has none")
    known = operations is not None or request.epochs is not None
    return replace(
        recipe, reason=_reason(recipe, f"about {passes:.1f} passes over {text.tokens:,} tokens" if known else "")
    )


def _batch(request: TrainRequest, text: TextFacts, machine: Machine) -> tuple[int, int]:
    """Streams (or lines) and time steps of one process's batch."""
    characters = text.reads_like == "char"
    rows, steps = (64 if machine.accelerator else 24 if characters else 20), (64 if characters else STEPS)
    if text.lines:  # fifty batches or more
        rows = max(FEWEST_ROWS, min(text.lines // 50, int(rows * steps / (text.tokens / text.lines))))
    elif (wanted := text.tokens / 75) < rows * steps:
        steps = min(steps, SHORT_STEPS)
        rows = max(FEWEST_ROWS, min(rows, int(wanted / steps)))
    return request.batch_size or rows, request.bptt or steps


def _sample_size(request: TrainRequest, text: TextFacts, machine: Machine) -> int:
    """How many types the training softmax is estimated from; 0: all of them."""
    if request.softmax == "sampled" and text.vocabulary <= 2 * SAMPLE:
        raise UsageError(f"a vocabulary of {text.vocabulary} is too small to sample from", hint="use --softmax full")
    pays = request.softmax == "auto" and text.vocabulary >= SAMPLING_PAYS and not machine.accelerator
    return SAMPLE if pays or request.softmax == "sampled" else 0


def _config(
    request: TrainRequest, text: TextFacts, operations: float | None, sampled: int, most: float
) -> LanguageModelConfig:
    """The network; `most` is how often the text is worth reading."""
    if request.size == "auto" and request.hidden is None:
        worth = min(most * text.tokens, SMALL_NETWORK) if smallness(text.tokens) == 1 else most * text.tokens
        hidden, layers = _size_for(operations, text, sampled, worth)
    else:
        hidden, layers = SIZES["medium" if request.size == "auto" else request.size]
    hidden, layers = request.hidden or hidden, request.layers or layers
    narrow = text.kind == "char" and not request.tied
    width = request.embedding or (min(hidden, 128) if narrow else hidden)
    return LanguageModelConfig(
        text.vocabulary, request.cell, width, hidden, layers, request.tied, lines=text.lines is not None
    )


def _reason(recipe: Recipe, estimate: str) -> str:
    config, drop = recipe.config, recipe.regularisation
    return (
        f"{config.layers} × {config.hidden} {config.cell}, {estimate or 'given steps'}, dropout {drop.output:.2f}, "
        + (f"activation penalty {drop.activation:.1f}, " if drop.activation else "")
        + f"weight decay {drop.decay:.2g}, "
        + f"batch {recipe.batch_size} × {recipe.bptt}, learning rate {recipe.learning_rate:g}, "
        + (f"softmax sampled from {recipe.sampled} types" if recipe.sampled else "full softmax")
        + (", embeddings from counts of neighbours" if recipe.counted else "")
        + (", vectors of affixes" if recipe.affixes else "")
    )


def _operations_per_token(hidden: int, layers: int, text: TextFacts, sampled: int) -> float:
    summed = sampled * 4 // 3 if sampled else text.vocabulary  # the batch's own types come on top
    # as measured: a step of one layer takes .6 to .7 of its time with few types
    first = 5 if text.vocabulary <= FEW else 8
    return 6.0 * ((first + 8 * (layers - 1)) * hidden * hidden + summed * hidden)


def _size_for(operations: float | None, text: TextFacts, sampled: int, most_tokens: float) -> tuple[int, int]:
    if operations is None:
        return SIZES["medium"]
    characters = text.reads_like == "char"
    ladder, ratio = (CHARACTER_LADDER, CHARACTERS_PER_PARAMETER) if characters else (LADDER, TOKENS_PER_PARAMETER)

    def distance(size: tuple[int, int]) -> float:
        hidden, layers = size
        read = min(operations / _operations_per_token(hidden, layers, text, sampled), most_tokens)
        return abs(math.log(read / (8 * hidden * hidden * layers) / ratio))

    return min(ladder, key=distance)


def _regularisation(
    request: TrainRequest, text: TextFacts, passes: float, travelled: float, *, fine_tuning: bool
) -> Regularisation:
    """What was asked for part by part, over what one --dropout or the number of passes says."""
    if request.dropout is not None:
        whole = Regularisation(input=request.dropout / 2, between=request.dropout, output=request.dropout)
    else:
        whole = _regularisation_for(text.reads_like, passes, travelled, smallness(text.tokens))
    if fine_tuning:
        whole = replace(whole, decay=LEAST_DECAY)
    asked = {
        "input": request.input_dropout,
        "between": request.layer_dropout,
        "output": request.output_dropout,
        "words": request.embedding_dropout,
        "recurrent": request.weight_dropout,
        "activation": request.activation_penalty,
        "change": request.temporal_penalty,
        "smoothing": request.label_smoothing,
        "decay": request.weight_decay,
    }
    return replace(whole, **{name: value for name, value in asked.items() if value is not None})


def _regularisation_for(kind: str, passes: float, travelled: float, small: float) -> Regularisation:
    """For a text read `passes` times with learning rates that sum up to half of `travelled`; `small` is its smallness.
    Weight decay of strength 1 halves over the run what no gradient renews: it is the share of the run that counts, not
    the number of updates (Wang & Aitchison 2024)."""
    share = min(max(0.1 + 0.1 * math.log2(max(passes, 0.5)), 0.0), 0.5)
    if kind == "char":  # a character is seen so often that its own vector needs hardly any
        share *= 0.6
        if small and passes > 1:
            share += small * max(DROPOUT - share, 0.0)
            return Regularisation(input=share * (1 + small) / 4, between=share, output=share, decay=DECAY)
        decay = _decay(min(math.log2(max(passes, 1.0)), 2.0), travelled)
        return Regularisation(input=share / 4, between=share, output=share, decay=decay)
    penalty = min(max(math.log2(max(passes, 1.0)) - 1, 0.0), 2.0)  # in full from eight passes, as Merity et al. have it
    decay = _decay(penalty / 2, travelled)
    return Regularisation(
        input=share / 2, between=share, output=share, activation=penalty, change=penalty / 2, decay=decay
    )


def _decay(strength: float, travelled: float) -> float:
    return min(max(strength * 2 * math.log(2) / travelled, LEAST_DECAY), MOST_DECAY)


def _learning_rate(kind: str, hidden: int, bptt: int, cell: str) -> float:
    """Adam's steps are per weight: wider sums of them want smaller ones, gradients of more tokens larger ones."""
    rate = 0.006 if cell == "lstm" else 0.004  # the others were not tried with more
    if kind != "char":
        rate *= max(1.0, math.sqrt(bptt / STEPS))
    return rate * min(1.0, math.sqrt((512 if kind == "char" else 320) / hidden))


def smallness(tokens: int) -> float:
    """1 for a small text, 0 for a large one, by the logarithm of the length in between."""
    return min(max(1 - math.log(max(tokens, 1) / SMALL, LARGE / SMALL), 0.0), 1.0)
