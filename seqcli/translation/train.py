"""Learn to translate from pairs and save the model: what `seqcli train-mt` does, callable from Python."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqcli.checkpoint import Checkpoint, load_checkpoint
from seqcli.data.bitext import Bitext, open_bitext
from seqcli.data.tokenizer import tokenizer_of
from seqcli.training.device import choose_device, choose_precision, product_speed
from seqcli.training.distributed import Processes
from seqcli.training.loop import TrainingResult
from seqcli.training.options import OnProgress, ShouldStop, TrainingOptions
from seqcli.training.run import (
    RunIdentity,
    TrainOutcome,
    check_same_data,
    load_weights,
    opened_run,
    plain,
    resumed_state,
    train_and_save,
)
from seqcli.training.state import TrainingState
from seqcli.translation.alignment import count_alignments
from seqcli.translation.config import TranslationConfig
from seqcli.translation.network import TranslationModel
from seqcli.translation.objective import TranslationTask
from seqcli.translation.presets import Recipe, choose_recipe

DEFAULT_BUDGET = 600.0  # seconds


@dataclass(frozen=True)
class TrainRequest:
    """What `train-mt` was asked for; None leaves a choice to the data, the budget and the machine.

    `pairs` is one TSV or a source and a target file, `valid` likewise. `budget` is in seconds; at most one of budget,
    epochs, steps. `output` is the model file.
    """

    pairs: tuple[str, ...]
    output: Path
    valid: tuple[str, ...] = ()
    valid_share: float = 0.05
    skip_bad: bool = False
    tokens: str = "subword"
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
    budget: float | None = None
    epochs: float | None = None
    steps: int | None = None
    batch_tokens: int | None = None
    learning_rate: float | None = None
    patience: int = 0
    device: str = "auto"
    precision: str = "auto"
    seed: int = 1
    save_interval: float = 60.0
    overwrite: bool = False
    resume: bool = False
    init_from: Path | None = None


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
    with opened_run(
        request.output,
        request.pairs,
        budget=request.budget,
        epochs=request.epochs,
        steps=request.steps,
        overwrite=request.overwrite,
        resume=request.resume,
        init_from=request.init_from,
        device=request.device,
    ) as processes:
        return _train(request, processes, on_progress, on_notice, on_detail, should_stop)


def _train(
    request: TrainRequest,
    processes: Processes,
    on_progress: OnProgress,
    on_notice: Callable[[str], None],
    on_detail: Callable[[str], None],
    should_stop: ShouldStop,
) -> TrainOutcome:
    started = time.monotonic()
    state = processes.decide(lambda: resumed_state(request.output) if request.resume else None)
    base = processes.decide(lambda: load_checkpoint(request.init_from, task="mt") if request.init_from else None)
    origin = state or base
    bitext = processes.together(
        lambda: open_bitext(
            request.pairs,
            valid=request.valid,
            valid_share=request.valid_share,
            tokens=request.tokens,
            vocab_size=request.vocab_size,
            encoding=request.encoding,
            errors=request.encoding_errors,
            skip_bad=request.skip_bad,
            seed=request.seed,
            tokenizer=tokenizer_of(origin.blobs) if origin is not None else None,
        )
    )
    for note in (*bitext.notes, bitext.held_out):
        on_notice(note)
    device = choose_device(request.device)
    precision = processes.decide(lambda: choose_precision(request.precision, device))
    recipe = processes.decide(lambda: _recipe(request, bitext, device, precision, state, base, processes.size))
    on_detail(f"device {device.type}, precision {precision}; {recipe.reason}")

    torch.manual_seed(request.seed)
    model = TranslationModel(recipe.config, recipe.dropouts).to(device)
    _initialise_output_bias(model, bitext)
    if base is not None:
        load_weights(model, base.tensors)
    guided = recipe.guided and recipe.config.attention != "none"
    task = TranslationTask(
        model,
        bitext,
        batch_tokens=recipe.batch_tokens,
        label_smoothing=recipe.label_smoothing,
        seed=request.seed,
        table=count_alignments(bitext.sources, bitext.targets, bitext.tokenizer.size) if guided else None,
        processes=processes,
    )
    options = TrainingOptions(
        learning_rate=recipe.learning_rate,
        budget=request.budget or (None if request.epochs or request.steps else DEFAULT_BUDGET),
        epochs=request.epochs,
        steps=request.steps,
        warmup=0.03,
        beta2=0.99,
        clip=1.0,
        average=recipe.average,
        patience=request.patience,
        save_interval=request.save_interval,
        seed=request.seed,
        precision=precision,
    )
    identity = RunIdentity(
        task="mt",
        config=recipe.config.to_json(),
        recipe=recipe.to_json(),
        fingerprint=bitext.fingerprint,
        blobs={"tokenizer": bitext.tokenizer.to_bytes()},
        options=plain(request) | {"recipe": recipe.to_json(), "device": device.type, "precision": precision},
    )
    return train_and_save(
        task,
        options,
        identity,
        request.output,
        measure=lambda result: _metrics(result, bitext),
        state=state,
        on_progress=on_progress,
        should_stop=should_stop,
        started=started,
        processes=processes,
    )


def _recipe(
    request: TrainRequest,
    bitext: Bitext,
    device: torch.device,
    precision: str,
    state: TrainingState | None,
    base: Checkpoint | None,
    size: int,
) -> Recipe:
    """The recipe of `size` processes together: the batch is theirs in all."""
    if state is not None:
        check_same_data(state, bitext.fingerprint)
        return Recipe.from_json(state.description["recipe"], TranslationConfig.from_json(state.description["config"]))
    recipe = choose_recipe(
        tokens=len(bitext.targets.ids),
        vocabulary=bitext.tokenizer.size,
        seconds=request.budget or (DEFAULT_BUDGET if not (request.epochs or request.steps) else None),
        epochs=request.epochs,
        speed=size * product_speed(device, precision),
        accelerator=device.type != "cpu",
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
    )
    recipe = replace(recipe, batch_tokens=size * recipe.batch_tokens)
    if base is not None:
        return replace(recipe, config=TranslationConfig.from_json(base.config))
    return recipe


def _initialise_output_bias(model: TranslationModel, bitext: Bitext) -> None:
    """Start from how frequent the target's types are: the first updates need not learn that."""
    counts = np.bincount(bitext.targets.ids, minlength=bitext.tokenizer.size) + 0.1
    with torch.no_grad():
        model.output_bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))


def _metrics(result: TrainingResult, bitext: Bitext) -> dict[str, Any]:
    """What `info` shows: the figures of all validation pairs, translated with a beam of 5, and the run's history."""
    final = result.final.metrics
    return {
        "pairs": len(bitext.valid),
        "bleu": final["bleu"],
        "chrf": final["chrf"],
        "nll_per_token": final["loss"],
        "perplexity": float(np.exp(min(final["loss"], 700.0))),
        "history": [
            {"step": v.step, "seconds": round(v.seconds, 1), "bleu": v.metrics["bleu"], "loss": v.metrics["loss"]}
            for v in result.history
        ],
    }
