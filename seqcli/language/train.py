"""Train a language model on text: the task that `seqcli train-lm` and `seqcli.train_lm` hand to the pipeline."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from seqcli.language.calibration import TOKENS, best_factor
from seqcli.language.config import LanguageModelConfig
from seqcli.language.line_objective import Lines, SeparateLinesTask
from seqcli.language.network import LanguageModel
from seqcli.language.objective import LanguageModelTask, ValidationSize
from seqcli.language.options import TrainRequest
from seqcli.language.presets import Recipe, TextFacts, choose_recipe
from seqcli.model.counting import log_frequencies, neighbour_vectors, type_counts
from seqcli.model.softmax import SampledVocabulary
from seqcli.notices import Notice
from seqcli.options import settled
from seqcli.text.corpus import Corpus, open_corpus
from seqcli.text.tokenizer import tokenizer_of
from seqcli.training.loop import TrainingResult
from seqcli.training.options import TrainingOptions
from seqcli.training.pipeline import Machine, Opened, Task
from seqcli.training.run import Run, load_weights

LanguageTask = LanguageModelTask | SeparateLinesTask


class LanguageModelling(Task[TrainRequest, Corpus, Recipe, LanguageTask]):
    """Language modelling, as the pipeline asks for it."""

    name = "lm"
    budget = 300.0
    metric = "perplexity"
    recipe = Recipe

    def open(self, run: Run[TrainRequest]) -> Opened[Corpus]:
        request = run.request
        if run.base is not None and not request.lines and not request.stream:  # as the model to start from has learnt
            lines = bool(run.base.config.get("lines", False))
            request = settled(request, lines=lines, stream=not lines)
        corpus = open_corpus(
            list(request.corpus),
            request,
            tokenizer=tokenizer_of(run.blobs) if run.blobs is not None else None,
            progress=_now_and_then(run.events.notice),
            notice=run.events.notice,
        )
        return Opened(
            corpus,
            fingerprint=corpus.fingerprint,
            blobs={"tokenizer": corpus.tokenizer.to_bytes()},
            notes=corpus.notes,
            shape={"tokens": corpus.tokenizer.kind, "vocab_size": corpus.tokenizer.size},
        )

    def choose(self, request: TrainRequest, data: Corpus, machine: Machine, base: Mapping[str, Any] | None) -> Recipe:
        lines = len(Lines(data.train, data.tokenizer.boundary_id)) if data.lines else None
        text = TextFacts(len(data.train), data.tokenizer.size, data.tokenizer.kind, lines)
        config = LanguageModelConfig.from_json(base) if base is not None else None
        return choose_recipe(request, text, machine, config)

    def build(self, run: Run[TrainRequest], data: Corpus, recipe: Recipe) -> LanguageTask:
        request, corpus = run.request, data
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
        if recipe.most_steps is not None and run.request.budget is not None:
            run.events.notice(
                f"the text is small: the run ends after {recipe.most_steps:,} updates at the latest, however long the "
                "budget; --epochs sets its length"
            )
        if recipe.sampled:
            model.sampled = SampledVocabulary.from_counts(torch.from_numpy(counts).to(run.device), recipe.sampled)
        if recipe.affixes:
            model.share_parts([corpus.tokenizer.piece(number) for number in range(vocabulary)])
        boundary = corpus.tokenizer.boundary_id
        validation = ValidationSize.affordable(model.output_weight.numel(), request.budget)
        if validation.whole is not None and validation.whole < len(corpus.valid):
            run.events.notice(
                f"validation: {validation.whole:,} of {len(corpus.valid):,} tokens are measured, so that it takes no "
                "longer than the budget allows; seqcli evaluate measures all of a text"
            )
        shared: dict[str, Any] = {"batch_size": recipe.batch_size, "seed": request.seed, "processes": run.processes}
        training: LanguageTask
        if recipe.config.lines:
            training = SeparateLinesTask(model, corpus.train, corpus.valid, boundary, **shared)
        else:
            valid = np.concatenate((np.array([boundary], corpus.valid.dtype), corpus.valid))
            bptt, at_random = recipe.bptt, recipe.random_bptt
            training = LanguageModelTask(model, corpus.train, valid, bptt=bptt, random_bptt=at_random, **shared)
        training.validation = validation
        return training

    def options(self, run: Run[TrainRequest], recipe: Recipe, training: LanguageTask) -> TrainingOptions:
        return run.options(
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.regularisation.decay,
            beta1=0.0,  # as Melis et al. 2018 have it: the noise of single batches does good
            usual_tokens=recipe.bptt * recipe.batch_size if recipe.random_bptt else 0,
            average=run.request.average,
            most_steps=recipe.most_steps if run.request.budget is not None else None,
            validate_every=recipe.validate_every,
            patience=recipe.patience,
        )

    def finish(self, run: Run[TrainRequest], training: LanguageTask) -> None:
        """Have all of a type's vector in the table, and divide the logits by the temperature that suits the validation
        text."""
        training.model.add_parts()
        factor = run.processes.broadcast(
            lambda: best_factor(
                training.model,
                training.validation_states(training.spread),
                training.valid_count,
                min(TOKENS, training.validation.quick),
            )
        )
        if factor != 1:
            training.model.scale_logits(factor)
            run.events.detail(f"the logits' temperature, {1 / factor:.3f}, suits the validation text best")

    def metrics(self, data: Corpus, training: LanguageTask, result: TrainingResult) -> dict[str, Any]:
        """The figures of the whole validation text."""
        nats = result.final.metrics["loss"]
        bits = nats * len(data.valid) / math.log(2)
        return {
            "tokens": min(len(data.valid), training.validation.whole or len(data.valid)),
            "lines": data.lines,
            "nll_per_token": nats,
            "perplexity": math.exp(min(nats, 700.0)),
            "bits_per_byte": bits / max(data.valid_bytes, 1),
            "bits_per_char": bits / max(data.valid_chars, 1),
        }


TASK = LanguageModelling()


def _now_and_then(say: Notice) -> Notice:
    """What a large corpus has to say while it is read, at most every ten seconds."""
    last = time.monotonic()

    def saying(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= 10:
            last = time.monotonic()
            say(text)

    return saying
