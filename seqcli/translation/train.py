"""Learn to translate from pairs: the task that `seqcli train-mt` and `seqcli.train_mt` hand to the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from seqcli.model.counting import neighbour_vectors
from seqcli.training.loop import TrainingResult
from seqcli.training.options import TrainingOptions
from seqcli.training.pipeline import Machine, Opened, Task
from seqcli.training.run import Run, load_weights
from seqcli.translation.alignment import count_alignments
from seqcli.translation.bitext import Bitext, interleaved
from seqcli.translation.config import TranslationConfig
from seqcli.translation.network import TranslationModel
from seqcli.translation.objective import TranslationTask
from seqcli.translation.opening import open_bitext
from seqcli.translation.options import TrainRequest
from seqcli.translation.presets import PairFacts, Recipe, choose_recipe


class Translation(Task[TrainRequest, Bitext, Recipe, TranslationTask]):
    """Translation, as the pipeline asks for it."""

    name = "mt"
    budget = 600.0
    metric = "bleu"
    recipe = Recipe

    def open(self, run: Run[TrainRequest]) -> Opened[Bitext]:
        notes: list[str] = []
        bitext = open_bitext(run.request, run.blobs, notes.append)
        return Opened(
            bitext,
            fingerprint=bitext.fingerprint,
            blobs=bitext.blobs,
            notes=notes,
            shape={"tokens": bitext.tokenizer.kind, "vocab_size": bitext.tokenizer.size},
        )

    def choose(self, request: TrainRequest, data: Bitext, machine: Machine, base: Mapping[str, Any] | None) -> Recipe:
        pairs = PairFacts(
            pairs=len(data.sources),
            source_tokens=len(data.sources.ids),
            tokens=len(data.targets.ids),
            vocabulary=data.tokenizer.size,
            characters=data.tokenizer.kind == "char",
        )
        config = TranslationConfig.from_json(base) if base is not None else None
        return choose_recipe(request, pairs, machine, config)

    def build(self, run: Run[TrainRequest], data: Bitext, recipe: Recipe) -> TranslationTask:
        torch.manual_seed(run.request.seed)
        model = TranslationModel(recipe.config, recipe.dropouts).to(run.device)
        counts = np.bincount(data.targets.ids, minlength=data.tokenizer.size) + 0.1
        with torch.no_grad():  # the first updates need not learn how frequent types are, nor which mean the same
            model.output_bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))
            if recipe.counted and run.state is None and run.processes.first:
                text, width = interleaved(data.sources, data.targets), recipe.config.embedding
                vectors = neighbour_vectors(text, data.tokenizer.size, width, seed=run.request.seed)
                model.embedding.copy_(vectors * (width**-0.5 / vectors.std()))  # as large as vectors by chance
        if run.base is not None:
            load_weights(model, run.base.tensors)
        if recipe.affixes:
            model.share_parts([data.tokenizer.piece(number) for number in range(data.tokenizer.size)])
        guided = recipe.guided and recipe.config.attention != "none"
        counted = count_alignments(data.sources, data.targets, data.tokenizer.size, data.symbols) if guided else None
        training = TranslationTask(
            model,
            data,
            batch_tokens=recipe.batch_tokens,
            label_smoothing=recipe.label_smoothing,
            seed=run.request.seed,
            table=counted,
            processes=run.processes,
        )
        run.events.notice(training.why)
        return training

    def options(self, run: Run[TrainRequest], recipe: Recipe, training: TranslationTask) -> TrainingOptions:
        return run.options(
            learning_rate=recipe.learning_rate, warmup=0.03, beta2=0.99, clip=1.0, average=recipe.average
        )

    def finish(self, run: Run[TrainRequest], training: TranslationTask) -> None:
        training.model.add_parts()

    def metrics(self, data: Bitext, training: TranslationTask, result: TrainingResult) -> dict[str, Any]:
        """The figures of all validation pairs, translated with a beam of 5."""
        final = result.final.metrics
        return {
            "pairs": len(data.valid),
            "bleu": final["bleu"],
            "chrf": final["chrf"],
            "exact": final["exact"],
            "nll_per_token": final["loss"],
            "quality": {name: round(final[f"quality_{name}"], 4) for name in ("intercept", "slope")},
            "perplexity": float(np.exp(min(final["loss"], 700.0))),
        }


TASK = Translation()
