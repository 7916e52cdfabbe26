"""Learn to translate from pairs and save the model: what `seqcli train-mt` does, callable from Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from seqcli.text.pair_formats import Columns
from seqcli.training.loop import TrainingResult
from seqcli.training.options import OnProgress, ShouldStop, TrainingOptions
from seqcli.training.run import (
    Run,
    RunIdentity,
    RunRequest,
    TrainOutcome,
    check_same_data,
    check_shape,
    course,
    load_weights,
    opened_run,
    plain,
    train_and_save,
)
from seqcli.training.workers import training_speed
from seqcli.translation.alignment import count_alignments
from seqcli.translation.bitext import Bitext, open_bitext
from seqcli.translation.config import TranslationConfig
from seqcli.translation.network import TranslationModel
from seqcli.translation.objective import TranslationTask
from seqcli.translation.presets import Recipe, choose_recipe

DEFAULT_BUDGET = 600.0  # seconds


@dataclass(frozen=True, kw_only=True)
class TrainRequest(RunRequest):
    """What `train-mt` was asked for; None leaves a choice to the data, the budget and the machine.

    `pairs` is one TSV or a source and a target file, `valid` likewise.
    """

    pairs: tuple[str, ...]
    valid: tuple[str, ...] = ()
    valid_share: float = 0.05
    skip_bad: bool = False
    columns: str | None = None
    max_length: int | None = None
    keep: tuple[str, ...] = ()
    tokens: str = "auto"
    vocab_size: int | None = None
    encoding: str = "utf-8"
    encoding_errors: str = "strict"
    cell: str = "lstm"
    size: str = "auto"
    embedding: int | None = None
    hidden: int | None = None
    layers: int | None = None
    attention: str = "dot"
    input_feeding: bool = False
    dropout: float | None = None
    label_smoothing: float = 0.1
    guided: bool = True
    batch_tokens: int | None = None


def train_translation_model(
    request: TrainRequest,
    *,
    on_progress: OnProgress = lambda progress: None,
    on_notice: Callable[[str], None] = lambda text: None,
    on_detail: Callable[[str], None] = lambda text: None,
    should_stop: ShouldStop = lambda: False,
) -> TrainOutcome:
    """Train as requested and write the model, its training state and its log.

    Raises `DataError` for pairs that cannot be used, `UsageError` for options that do not fit, `CheckpointError` for a
    state or model to go on from that is damaged, `TrainingError` when the loss does not stay finite.
    """
    with opened_run(request, "mt", request.pairs) as run:
        request = run.request
        bitext = run.processes.together(
            lambda: open_bitext(
                request.pairs,
                valid=request.valid,
                valid_share=request.valid_share,
                tokens=request.tokens,
                vocab_size=request.vocab_size,
                encoding=request.encoding,
                errors=request.encoding_errors,
                skip_bad=request.skip_bad,
                columns=Columns.parse(request.columns),
                max_length=request.max_length,
                keep=request.keep,
                blobs=origin.blobs if (origin := run.state or run.base) is not None else None,
            )
        )
        for note in (*bitext.notes, bitext.held_out):
            on_notice(note)
        recipe = run.processes.decide(lambda: _recipe(request, bitext, run))
        on_detail(f"device {run.device.type}, precision {run.precision}; {recipe.reason}")
        task = _task(request, bitext, recipe, run)
        on_notice(task.why)
        options = TrainingOptions(
            learning_rate=recipe.learning_rate,
            budget=request.seconds(DEFAULT_BUDGET),
            epochs=request.epochs,
            steps=request.steps,
            warmup=0.03,
            beta2=0.99,
            clip=1.0,
            average=recipe.average,
            patience=request.patience,
            save_interval=request.save_interval,
            seed=request.seed,
            precision=run.precision,
        )
        identity = RunIdentity(
            task="mt",
            config=recipe.config.to_json(),
            recipe=recipe.to_json(),
            fingerprint=bitext.fingerprint,
            blobs=bitext.blobs,
            options=plain(request)
            | {"recipe": recipe.to_json(), "device": run.device.type, "precision": run.precision},
        )
        return train_and_save(
            task,
            options,
            identity,
            request.output,
            measure=lambda result: _metrics(result, bitext),
            state=run.state,
            on_progress=on_progress,
            should_stop=should_stop,
            started=run.started,
            processes=run.processes,
        )


def _recipe(request: TrainRequest, bitext: Bitext, run: Run[TrainRequest]) -> Recipe:
    """The recipe of all processes together: the batch is theirs in all."""
    if run.state is not None:
        check_same_data(run.state, bitext.fingerprint)
        described = run.state.description
        recipe = Recipe.from_json(described["recipe"], TranslationConfig.from_json(described["config"]))
        return replace(recipe, learning_rate=request.learning_rate or recipe.learning_rate)
    if run.base is not None:
        has = {**run.base.config, "tokens": bitext.tokenizer.kind, "vocab_size": bitext.tokenizer.size}
        names = ("cell", "size", "embedding", "hidden", "layers", "attention", "input_feeding", "tokens", "vocab_size")
        check_shape(request, has, *names)
    seconds = request.seconds(DEFAULT_BUDGET)
    recipe = choose_recipe(
        tokens=len(bitext.targets.ids),
        vocabulary=bitext.tokenizer.size,
        seconds=seconds,
        epochs=request.epochs,
        speed=run.processes.size * training_speed(run.device, run.precision) if seconds is not None else math.nan,
        accelerator=run.device.type != "cpu",
        cell=request.cell,
        size=request.size,
        embedding=request.embedding,
        hidden=request.hidden,
        layers=request.layers,
        attention=request.attention,
        input_feeding=request.input_feeding,
        dropout=request.dropout,
        batch_tokens=request.batch_tokens,
        learning_rate=request.learning_rate,
        label_smoothing=request.label_smoothing,
        guided=request.guided,
        base=TranslationConfig.from_json(run.base.config) if run.base is not None else None,
    )
    return replace(recipe, batch_tokens=run.processes.size * recipe.batch_tokens)


def _task(request: TrainRequest, bitext: Bitext, recipe: Recipe, run: Run[TrainRequest]) -> TranslationTask:
    """The network as it starts, on its pairs."""
    torch.manual_seed(request.seed)
    model = TranslationModel(recipe.config, recipe.dropouts).to(run.device)
    counts = np.bincount(bitext.targets.ids, minlength=bitext.tokenizer.size) + 0.1
    with torch.no_grad():  # start from how frequent the target's types are: the first updates need not learn that
        model.output_bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))
    if run.base is not None:
        load_weights(model, run.base.tensors)
    guided = recipe.guided and recipe.config.attention != "none"
    return TranslationTask(
        model,
        bitext,
        batch_tokens=recipe.batch_tokens,
        label_smoothing=recipe.label_smoothing,
        seed=request.seed,
        table=count_alignments(bitext.sources, bitext.targets, bitext.tokenizer.size) if guided else None,
        processes=run.processes,
    )


def _metrics(result: TrainingResult, bitext: Bitext) -> dict[str, Any]:
    """What `info` shows: the figures of all validation pairs, translated with a beam of 5, and the run's history."""
    final = result.final.metrics
    return {
        "pairs": len(bitext.valid),
        "bleu": final["bleu"],
        "chrf": final["chrf"],
        "exact": final["exact"],
        "nll_per_token": final["loss"],
        "perplexity": float(np.exp(min(final["loss"], 700.0))),
        "history": course(result, "bleu", "chrf", "loss"),
    }
