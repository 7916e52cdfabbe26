"""Learn a language model from a text and save it: what `seqcli train-lm` does, callable from Python."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from seqcli.errors import UsageError
from seqcli.language.calibration import best_factor
from seqcli.language.config import LanguageModelConfig
from seqcli.language.counting import log_frequencies, neighbour_vectors, type_counts
from seqcli.language.network import LanguageModel
from seqcli.language.objective import LanguageModelTask
from seqcli.language.presets import Recipe, choose_recipe
from seqcli.model.cells import recurrent_weight
from seqcli.model.softmax import SampledVocabulary
from seqcli.text.corpus import Corpus, open_corpus
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

DEFAULT_BUDGET = 300.0  # seconds


@dataclass(frozen=True, kw_only=True)
class TrainRequest(RunRequest):
    """What `train-lm` was asked for; None leaves a choice to the data, the budget and the machine."""

    corpus: tuple[str, ...]
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
    weight_decay: float | None = None
    batch_size: int | None = None
    bptt: int | None = None
    random_bptt: bool = False
    average: float = 0.0
    softmax: str = "auto"


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
    with opened_run(request, "lm", request.corpus) as run:
        request = run.request
        corpus = run.processes.together(
            lambda: open_corpus(
                list(request.corpus),
                valid=list(request.valid) or None,
                valid_share=request.valid_share,
                tokens=request.tokens,
                vocab_size=request.vocab_size,
                encoding=request.encoding,
                errors=request.encoding_errors,
                tokenizer=run.tokenizer,
                progress=_now_and_then(on_notice),
            )
        )
        for note in (*corpus.notes, corpus.held_out):
            on_notice(note)
        recipe = run.processes.decide(lambda: _recipe(request, corpus, run))
        on_detail(f"device {run.device.type}, precision {run.precision}; {recipe.reason}")
        counting = time.monotonic()
        task = _task(request, corpus, recipe, run)
        seconds = request.seconds(DEFAULT_BUDGET)
        options = TrainingOptions(
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.regularisation.decay,
            beta1=0.0,  # as Melis et al. 2018 have it: the noise of single batches does good
            budget=None if seconds is None else max(seconds - (time.monotonic() - counting), seconds / 2),
            epochs=request.epochs,
            steps=request.steps,
            usual_tokens=task.bptt * task.batch_size if recipe.random_bptt else 0,
            average=request.average,
            patience=request.patience,
            save_interval=request.save_interval,
            seed=request.seed,
            precision=run.precision,
        )
        identity = RunIdentity(
            task="lm",
            config=recipe.config.to_json(),
            recipe=recipe.to_json(),
            fingerprint=corpus.fingerprint,
            blobs={"tokenizer": corpus.tokenizer.to_bytes()},
            options=plain(request)
            | {"recipe": recipe.to_json(), "device": run.device.type, "precision": run.precision},
        )

        def calibrate() -> None:
            factor = run.processes.decide(lambda: best_factor(task.model, task.valid_tokens))
            if factor != 1:
                task.model.scale_logits(factor)
                on_detail(f"the logits' temperature, {1 / factor:.3f}, suits the validation text best")

        return train_and_save(
            task,
            options,
            identity,
            request.output,
            measure=lambda result: _metrics(result, corpus),
            state=run.state,
            on_progress=on_progress,
            should_stop=should_stop,
            started=run.started,
            finish=calibrate,
            processes=run.processes,
        )


def _recipe(request: TrainRequest, corpus: Corpus, run: Run[TrainRequest]) -> Recipe:
    """The recipe of all processes together: the batch is theirs in all."""
    if run.state is not None:
        check_same_data(run.state, corpus.fingerprint)
        described = run.state.description
        recipe = Recipe.from_json(described["recipe"], LanguageModelConfig.from_json(described["config"]))
        return replace(recipe, learning_rate=request.learning_rate or recipe.learning_rate)
    if run.base is not None:
        has = {**run.base.config, "tokens": corpus.tokenizer.kind, "vocab_size": corpus.tokenizer.size}
        check_shape(request, has, "cell", "size", "embedding", "hidden", "layers", "tied", "tokens", "vocab_size")
    seconds = request.seconds(DEFAULT_BUDGET)
    recipe = choose_recipe(
        tokens=len(corpus.train),
        vocabulary=corpus.tokenizer.size,
        kind=corpus.tokenizer.kind,
        seconds=seconds,
        epochs=request.epochs,
        speed=run.processes.size * training_speed(run.device, run.precision) if seconds is not None else math.nan,
        accelerator=run.device.type != "cpu",
        processes=run.processes.size,
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
        base=LanguageModelConfig.from_json(run.base.config) if run.base is not None else None,
    )
    if recipe.regularisation.recurrent and recurrent_weight(recipe.config.cell) is None:
        raise UsageError(f"--weight-dropout drops recurrent weights: {recipe.config.cell} has none")
    return recipe


def _given(request: TrainRequest) -> dict[str, float]:
    """The parts of `Regularisation` that were asked for one by one."""
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
    return {name: value for name, value in asked.items() if value is not None}


def _task(request: TrainRequest, corpus: Corpus, recipe: Recipe, run: Run[TrainRequest]) -> LanguageModelTask:
    """The network as it starts, on its text."""
    torch.manual_seed(request.seed)
    model = LanguageModel(recipe.config, recipe.regularisation).to(run.device)
    vocabulary = corpus.tokenizer.size
    counts = type_counts(corpus.train, vocabulary)
    with torch.no_grad():  # the first steps need not learn how frequent words are, nor which are alike
        model.output_bias.copy_(log_frequencies(counts))
        if recipe.counted and run.state is None and run.processes.first:
            model.embedding.copy_(
                neighbour_vectors(corpus.train, vocabulary, recipe.config.embedding, seed=request.seed)
            )
    if run.base is not None:
        load_weights(model, run.base.tensors)
    drawn_by = torch.from_numpy(counts).to(run.device)
    return LanguageModelTask(
        model,
        corpus.train,
        np.concatenate((np.array([corpus.tokenizer.boundary_id], corpus.valid.dtype), corpus.valid)),
        batch_size=recipe.batch_size,
        bptt=recipe.bptt,
        seed=request.seed,
        sampled=SampledVocabulary.from_counts(drawn_by, recipe.sampled) if recipe.sampled else None,
        random_bptt=recipe.random_bptt,
        processes=run.processes,
    )


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
        "history": course(result, "perplexity"),
    }


def _now_and_then(say: Callable[[str], None]) -> Callable[[str], None]:
    """What a large corpus has to say while it is read, at most every ten seconds."""
    last = time.monotonic()

    def saying(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= 10:
            last = time.monotonic()
            say(text)

    return saying
