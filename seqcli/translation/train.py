"""Learn to translate from pairs and save the model: what `seqcli train-mt` does, callable from Python."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqcli.checkpoint import Checkpoint, OutputLock, check_writable, load_checkpoint, save_checkpoint
from seqcli.data.bitext import Bitext, open_bitext
from seqcli.data.tokenizer import load_tokenizer
from seqcli.errors import UsageError
from seqcli.training.device import choose_device, choose_precision, product_speed
from seqcli.training.log import TrainingLog
from seqcli.training.loop import TrainingResult, train
from seqcli.training.options import OnProgress, Progress, ShouldStop, TrainingOptions
from seqcli.training.provenance import provenance
from seqcli.training.state import TrainingState, load_state, save_state, state_path
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


@dataclass(frozen=True)
class TrainOutcome:
    """Where the model is, what its validation gave (BLEU, chrF, perplexity), and how the run ended."""

    path: Path
    metrics: dict[str, Any]
    ended: str  # "finished", "patience" or "stopped"
    seconds: float


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
    if sum(length is not None for length in (request.budget, request.epochs, request.steps)) > 1:
        raise UsageError("--budget, --epochs and --steps exclude one another", hint="give one of them")
    if request.resume and request.init_from:
        raise UsageError("--resume and --init-from exclude one another", hint="give one of them")
    check_writable(request.output, overwrite=request.overwrite or request.resume)
    with OutputLock(request.output):
        return _train(request, on_progress, on_notice, on_detail, should_stop)


def _train(
    request: TrainRequest,
    on_progress: OnProgress,
    on_notice: Callable[[str], None],
    on_detail: Callable[[str], None],
    should_stop: ShouldStop,
) -> TrainOutcome:
    started = time.monotonic()
    state = _load_state(request) if request.resume else None
    base = load_checkpoint(request.init_from, task="mt") if request.init_from else None
    blob = state.blobs["tokenizer"] if state else base.blobs["tokenizer"] if base else None
    bitext = open_bitext(
        request.pairs,
        valid=request.valid,
        valid_share=request.valid_share,
        tokens=request.tokens,
        vocab_size=request.vocab_size,
        encoding=request.encoding,
        errors=request.encoding_errors,
        skip_bad=request.skip_bad,
        seed=request.seed,
        tokenizer=load_tokenizer(blob) if blob is not None else None,
    )
    for note in (*bitext.notes, bitext.held_out):
        on_notice(note)
    device = choose_device(request.device)
    precision = choose_precision(request.precision, device)
    recipe = _recipe(request, bitext, device, precision, state, base)
    on_detail(f"device {device.type}, precision {precision}; {recipe.reason}")

    torch.manual_seed(request.seed)
    model = TranslationModel(recipe.config, recipe.dropouts).to(device)
    _initialise_output_bias(model, bitext)
    if base is not None:
        model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in base.tensors.items()})
    guided = recipe.guided and recipe.config.attention != "none"
    task = TranslationTask(
        model,
        bitext,
        batch_tokens=recipe.batch_tokens,
        label_smoothing=recipe.label_smoothing,
        seed=request.seed,
        table=count_alignments(bitext.sources, bitext.targets, bitext.tokenizer.size) if guided else None,
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
    description = {"config": recipe.config.to_json(), "recipe": recipe.to_json(), "fingerprint": bitext.fingerprint}
    blobs = {"tokenizer": bitext.tokenizer.to_bytes()}
    log = TrainingLog(request.output.with_suffix(".log.csv"), resumed=state is not None)

    def report(progress: Progress) -> None:
        log.add(progress)
        on_progress(progress)

    result = train(
        task,
        options,
        on_progress=report,
        save=lambda s: save_state(state_path(request.output), replace(s, description=description, blobs=blobs)),
        resume=state,
        should_stop=should_stop,
    )
    metrics = _metrics(result, bitext)
    checkpoint = Checkpoint(
        task="mt",
        config=recipe.config.to_json(),
        tensors={name: value.float().cpu().numpy() for name, value in model.state_dict().items()},
        blobs=blobs,
        metrics=metrics,
        provenance=provenance(
            seed=request.seed,
            fingerprint=bitext.fingerprint,
            options=_plain(request) | {"recipe": recipe.to_json(), "device": device.type, "precision": precision},
        ),
    )
    save_checkpoint(request.output, checkpoint)
    return TrainOutcome(request.output, metrics, result.ended, time.monotonic() - started)


def _load_state(request: TrainRequest) -> TrainingState:
    path = state_path(request.output)
    if not path.exists():
        raise UsageError(f"there is no run to resume: {path} does not exist", hint="leave --resume out to start one")
    return load_state(path)


def _recipe(
    request: TrainRequest,
    bitext: Bitext,
    device: torch.device,
    precision: str,
    state: TrainingState | None,
    base: Checkpoint | None,
) -> Recipe:
    if state is not None:
        if state.description.get("fingerprint") != bitext.fingerprint:
            raise UsageError(
                "the run to resume was trained on other data",
                hint="resume with the same files, or start anew with --overwrite, or fine-tune with --init-from",
            )
        return Recipe.from_json(state.description["recipe"], TranslationConfig.from_json(state.description["config"]))
    recipe = choose_recipe(
        tokens=len(bitext.targets.ids),
        vocabulary=bitext.tokenizer.size,
        seconds=request.budget or (DEFAULT_BUDGET if not (request.epochs or request.steps) else None),
        epochs=request.epochs,
        speed=product_speed(device, precision),
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
        "steps": result.position.step,
        "epochs": result.position.epoch,
        "training_seconds": round(result.position.seconds, 1),
        "tokens_per_second": round(result.tokens_per_second),
        "history": [
            {"step": v.step, "seconds": round(v.seconds, 1), "bleu": v.metrics["bleu"], "loss": v.metrics["loss"]}
            for v in result.history
        ],
    }


def _plain(request: TrainRequest) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
        for name, value in asdict(request).items()
    }
