"""Learn a language model from a text and save it: what `seqcli train-lm` does, callable from Python."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqcli.checkpoint import Checkpoint, load_checkpoint
from seqcli.data.corpus import Corpus, open_corpus
from seqcli.data.tokenizer import tokenizer_of
from seqcli.errors import UsageError
from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import OPTIONS, LanguageModel
from seqcli.language.objective import LanguageModelTask
from seqcli.language.presets import Recipe, choose_recipe
from seqcli.model.cells import recurrent_weight
from seqcli.model.softmax import SampledVocabulary
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

DEFAULT_BUDGET = 300.0  # seconds


@dataclass(frozen=True)
class TrainRequest:
    """What `train-lm` was asked for; None leaves a choice to the data, the budget and the machine.

    `budget` is in seconds; at most one of budget, epochs, steps. `output` is the model file.
    """

    corpus: tuple[str, ...]
    output: Path
    valid: tuple[str, ...] = ()
    valid_share: float = 0.05
    tokens: str = "auto"
    vocab_size: int | None = None
    encoding: str = "utf-8"
    encoding_errors: str = "strict"
    cell: str = "lstm"
    size: str = "auto"
    embedding: int | None = None
    hidden: int | None = None
    layers: int | None = None
    tied: bool = True
    dropout: float | None = None
    input_dropout: float | None = None
    layer_dropout: float | None = None
    output_dropout: float | None = None
    embedding_dropout: float | None = None
    weight_dropout: float | None = None
    activation_penalty: float | None = None
    temporal_penalty: float | None = None
    label_smoothing: float | None = None
    random_bptt: bool = False
    budget: float | None = None
    epochs: float | None = None
    steps: int | None = None
    batch_size: int | None = None
    bptt: int | None = None
    learning_rate: float | None = None
    average: float = 0.0
    patience: int = 0
    softmax: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    seed: int = 1
    save_interval: float = 60.0
    overwrite: bool = False
    resume: bool = False
    init_from: Path | None = None


def train_language_model(
    request: TrainRequest,
    *,
    on_progress: OnProgress = lambda progress: None,
    on_notice: Callable[[str], None] = lambda text: None,
    on_detail: Callable[[str], None] = lambda text: None,
    should_stop: ShouldStop = lambda: False,
) -> TrainOutcome:
    """Train as requested and write the model, its training state and its log.

    Raises `DataError` for a corpus that cannot be used, `UsageError` for options that do not fit, `CheckpointError` for
    a state or model to go on from that is damaged, `TrainingError` when the loss does not stay finite.
    """
    with opened_run(
        request.output,
        request.corpus,
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
    base = processes.decide(lambda: load_checkpoint(request.init_from, task="lm") if request.init_from else None)
    origin = state or base
    corpus = processes.together(
        lambda: open_corpus(
            list(request.corpus),
            valid=list(request.valid) or None,
            valid_share=request.valid_share,
            tokens=request.tokens,
            vocab_size=request.vocab_size,
            encoding=request.encoding,
            errors=request.encoding_errors,
            tokenizer=tokenizer_of(origin.blobs) if origin is not None else None,
            progress=_now_and_then(on_notice),
        )
    )
    for note in (*corpus.notes, corpus.held_out):
        on_notice(note)
    device = choose_device(request.device)
    precision = processes.decide(lambda: choose_precision(request.precision, device))
    recipe = processes.decide(lambda: _recipe(request, corpus, device, precision, state, base, processes.size))
    on_detail(f"device {device.type}, precision {precision}; {recipe.reason}")

    torch.manual_seed(request.seed)
    model = LanguageModel(recipe.config, recipe.regularisation).to(device)
    counts = np.bincount(corpus.train[:50_000_000], minlength=corpus.tokenizer.size)
    _initialise_output_bias(model, counts)
    if base is not None:
        load_weights(model, base.tensors)
    task = LanguageModelTask(
        model,
        corpus.train,
        np.concatenate(([corpus.tokenizer.boundary_id], corpus.valid)),
        batch_size=recipe.batch_size,
        bptt=recipe.bptt,
        seed=request.seed,
        sampled=_sampled_vocabulary(recipe, counts, device),
        random_bptt=recipe.random_bptt,
        processes=processes,
    )
    options = TrainingOptions(
        learning_rate=recipe.learning_rate,
        budget=request.budget or (None if request.epochs or request.steps else DEFAULT_BUDGET),
        epochs=request.epochs,
        steps=request.steps,
        usual_tokens=task.bptt * task.batch_size if recipe.random_bptt else 0,
        average=request.average,
        patience=request.patience,
        save_interval=request.save_interval,
        seed=request.seed,
        precision=precision,
    )
    identity = RunIdentity(
        task="lm",
        config=recipe.config.to_json(),
        recipe=recipe.to_json(),
        fingerprint=corpus.fingerprint,
        blobs={"tokenizer": corpus.tokenizer.to_bytes()},
        options=plain(request) | {"recipe": recipe.to_json(), "device": device.type, "precision": precision},
    )
    return train_and_save(
        task,
        options,
        identity,
        request.output,
        measure=lambda result: _metrics(result, corpus),
        state=state,
        on_progress=on_progress,
        should_stop=should_stop,
        started=started,
        processes=processes,
    )


def _now_and_then(say: Callable[[str], None], interval: float = 10.0) -> Callable[[str], None]:
    """What a large corpus has to say while it is read, at most every `interval` seconds."""
    last = time.monotonic()

    def saying(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= interval:
            last = time.monotonic()
            say(text)

    return saying


def _recipe(
    request: TrainRequest,
    corpus: Corpus,
    device: torch.device,
    precision: str,
    state: TrainingState | None,
    base: Checkpoint | None,
    size: int,
) -> Recipe:
    """The recipe of `size` processes together: the batch is theirs in all."""
    if state is not None:
        check_same_data(state, corpus.fingerprint)
        return Recipe.from_json(state.description["recipe"], LanguageModelConfig.from_json(state.description["config"]))
    recipe = choose_recipe(
        tokens=len(corpus.train),
        vocabulary=corpus.tokenizer.size,
        kind=corpus.tokenizer.kind,
        seconds=request.budget or (DEFAULT_BUDGET if not (request.epochs or request.steps) else None),
        epochs=request.epochs,
        speed=size * product_speed(device, precision),
        accelerator=device.type != "cpu",
        cell=request.cell,
        size=request.size,
        tied=request.tied,
        embedding=request.embedding,
        hidden=request.hidden,
        layers=request.layers,
        dropout=request.dropout,
        batch_size=request.batch_size,
        bptt=request.bptt,
        learning_rate=request.learning_rate,
        softmax=request.softmax,
        regularise=_given(request),
        random_bptt=request.random_bptt,
    )
    recipe = replace(recipe, batch_size=size * recipe.batch_size)
    if base is not None:
        recipe = replace(recipe, config=LanguageModelConfig.from_json(base.config))
    if recipe.regularisation.recurrent and recurrent_weight(recipe.config.cell) is None:
        raise UsageError(f"--weight-dropout drops recurrent weights: {recipe.config.cell} has none")
    return recipe


def _given(request: TrainRequest) -> dict[str, float]:
    """The parts of `Regularisation` that were asked for one by one."""
    values = {name: getattr(request, option.removeprefix("--").replace("-", "_")) for name, option in OPTIONS.items()}
    return {name: value for name, value in values.items() if value is not None}


def _initialise_output_bias(model: LanguageModel, counts: np.ndarray) -> None:
    """Start from the unigram distribution: the first steps need not learn how frequent words are."""
    frequencies = (counts + 1) / (counts + 1).sum()
    with torch.no_grad():
        model.output_bias.copy_(torch.from_numpy(np.log(frequencies)))


def _sampled_vocabulary(recipe: Recipe, counts: np.ndarray, device: torch.device) -> SampledVocabulary | None:
    if not recipe.sampled:
        return None
    return SampledVocabulary.from_counts(torch.from_numpy(counts).to(device), recipe.sampled)


def _metrics(result: TrainingResult, corpus: Corpus) -> dict[str, Any]:
    """What `info` shows: the whole validation text's figures and the history of the run."""
    nats = result.final.metrics["loss"]
    bits = nats * len(corpus.valid) / math.log(2)
    return {
        "tokens": len(corpus.valid),
        "nll_per_token": nats,
        "perplexity": math.exp(min(nats, 700.0)),
        "bits_per_byte": bits / max(corpus.valid_bytes, 1),
        "bits_per_char": bits / max(corpus.valid_chars, 1),
        "history": [
            {"step": v.step, "seconds": round(v.seconds, 1), "perplexity": v.metrics["perplexity"]}
            for v in result.history
        ],
    }
