"""Learn to tag from labelled text: the task that `train-tagger` and `seqcli.train_tagger` hand to the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from seqcli.tagging.config import TaggerConfig
from seqcli.tagging.data import LabelledText, open_labelled
from seqcli.tagging.decoder import load_tagging_decoder
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.network import TaggingModel
from seqcli.tagging.objective import TaggingTask
from seqcli.tagging.options import TrainRequest
from seqcli.tagging.pretrained import Vectors
from seqcli.tagging.recipe import Facts, Recipe, choose_recipe
from seqcli.training.loop import TrainingResult
from seqcli.training.options import TrainingOptions
from seqcli.training.pipeline import Machine, Opened, Task
from seqcli.training.run import Run, load_weights

VALIDATIONS = 20


class Tagging(Task[TrainRequest, LabelledText, Recipe, TaggingTask]):
    """Tagging, as the pipeline asks for it."""

    name = "tag"
    budget = 600.0
    metric = ("f1", "accuracy")
    recipe = Recipe
    sources = ("lm",)

    def open(self, run: Run[TrainRequest]) -> Opened[LabelledText]:
        base = Labelling.from_blobs(run.blobs) if run.blobs is not None else None
        data = open_labelled(run.request, base, run.source, run.events.notice)
        return Opened(data, fingerprint=data.fingerprint, blobs=data.labelling.to_blobs(), notes=data.notes)

    def choose(
        self, request: TrainRequest, data: LabelledText, machine: Machine, base: Mapping[str, Any] | None
    ) -> Recipe:
        lexicon, labels = data.labelling.lexicon, data.labelling.labels
        facts = Facts(len(data.encoded.types), len(labels), lexicon.unit, **lexicon.sizes())
        return choose_recipe(request, facts, machine, TaggerConfig.from_json(base) if base is not None else None)

    def build(self, run: Run[TrainRequest], data: LabelledText, recipe: Recipe) -> TaggingTask:
        torch.manual_seed(run.request.seed)
        model = TaggingModel(recipe.config, recipe.dropout, neighbours=recipe.neighbours)
        if run.base is not None:
            load_tagging_decoder(run.base, data.labelling)  # refuses what does not hold together
            load_weights(model, run.base.tensors)
        if run.source is not None:
            lexicon = data.labelling.lexicon
            Vectors.of(run.source, lexicon.unit).fill(model.get_parameter("words").detach().numpy(), lexicon)
        return TaggingTask(model.to(run.device), data, recipe, seed=run.request.seed, processes=run.processes)

    def options(self, run: Run[TrainRequest], recipe: Recipe, training: TaggingTask) -> TrainingOptions:
        return run.options(
            learning_rate=recipe.learning_rate,
            warmup=0.03,
            beta2=0.99,
            clip=1.0,
            average=recipe.average,
            validations=VALIDATIONS,
        )

    def metrics(self, data: LabelledText, training: TaggingTask, result: TrainingResult) -> dict[str, Any]:
        """The figures of all validation sentences."""
        final = result.final.metrics
        return {"sentences": len(data.valid)} | {name: value for name, value in final.items() if name != "score"}


TASK = Tagging()
