"""Learn to transcribe from recordings: the task that `seqcli train-asr` and `seqcli.train_asr` hand to the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from seqcli.options import settled
from seqcli.speech.config import SpeechConfig
from seqcli.speech.data import SpeechData
from seqcli.speech.decoder import SpeechDecoder
from seqcli.speech.evaluate import percent
from seqcli.speech.features import levelled, mel_power
from seqcli.speech.lexicon import words_to_blobs
from seqcli.speech.network import SpeechModel
from seqcli.speech.objective import SpeechTask
from seqcli.speech.opening import open_recordings
from seqcli.speech.options import TrainRequest
from seqcli.speech.presets import Recipe, SpeechFacts, choose_recipe
from seqcli.text.tokenizer import tokenizer_of
from seqcli.training.loop import TrainingResult
from seqcli.training.options import TrainingOptions
from seqcli.training.pipeline import Machine, Opened, Task
from seqcli.training.run import Run, load_weights

MEASURED = 1000  # recordings whose features' mean and scale are taken for all
LEAST_SCALE = 1.0  # of a logarithm of power: where training has hardly any sound, a little noise must not look large


class Speech(Task[TrainRequest, SpeechData, Recipe, SpeechTask]):
    """Speech recognition, as the pipeline asks for it."""

    name = "asr"
    budget = 600.0
    metric = "wer"
    recipe = Recipe

    def open(self, run: Run[TrainRequest]) -> Opened[SpeechData]:
        config = run.base.config if run.base is not None else None
        if run.state is not None:
            config = run.state.description.get("config")
        before = SpeechConfig.from_json(config) if config is not None else None
        request, notes = run.request, list[str]()
        if before is not None:  # the letters that the model to go on from writes
            request = settled(request, lowercase=before.lowercase)
        data = open_recordings(
            request,
            tokenizer=tokenizer_of(run.blobs) if run.blobs is not None else None,
            rate=before.sample_rate if before is not None else None,
            notice=notes.append,
        )
        return Opened(
            data,
            fingerprint=data.fingerprint,
            blobs={"tokenizer": data.tokenizer.to_bytes(), **words_to_blobs(data.words)},
            notes=notes,
            shape={
                "tokens": data.tokenizer.kind,
                "vocab_size": data.tokenizer.size,
                "sample_rate": str(data.rate),
                "streaming": before is not None and before.streaming,
            },
        )

    def choose(
        self, request: TrainRequest, data: SpeechData, machine: Machine, base: Mapping[str, Any] | None
    ) -> Recipe:
        facts = SpeechFacts(float(data.seconds.sum()), data.tokenizer.size, data.rate)
        config = SpeechConfig.from_json(base) if base is not None else None
        return choose_recipe(request, facts, machine, config)

    def build(self, run: Run[TrainRequest], data: SpeechData, recipe: Recipe) -> SpeechTask:
        torch.manual_seed(run.request.seed)
        model = SpeechModel(recipe.config, recipe.dropout).to(run.device)
        if run.base is not None:
            SpeechDecoder(recipe.config, run.base.tensors)  # refuses what does not hold together
            load_weights(model, run.base.tensors)
        else:
            mean, scale = statistics(data, recipe.config)
            model.feature_mean.copy_(torch.from_numpy(mean))
            model.feature_scale.copy_(torch.from_numpy(scale))
        return SpeechTask(model, data, recipe, seed=run.request.seed, processes=run.processes)

    def options(self, run: Run[TrainRequest], recipe: Recipe, training: SpeechTask) -> TrainingOptions:
        return run.options(
            learning_rate=recipe.learning_rate,
            warmup=0.03,
            beta2=0.99,
            clip=1.0,
            average=recipe.average,
            margin=training.margin,
        )

    def metrics(self, data: SpeechData, training: SpeechTask, result: TrainingResult) -> dict[str, Any]:
        """The figures of all validation recordings, transcribed greedily, or with the search for the words of a set."""
        final = result.final.metrics
        return {
            "recordings": len(data.valid),
            "wer": percent(final["wer"]),
            "cer": percent(final["cer"]),
            "nll_per_token": final["loss"],
        }


def statistics(data: SpeechData, config: SpeechConfig) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale (mels,) of the features of speech in some of the recordings."""
    numbers = np.random.default_rng(0).permutation(len(data.train))[:MEASURED]
    found = []
    for number in numbers:
        power = mel_power(data.samples(data.train[int(number)]), config.sample_rate, config.mels)
        logarithms, speech = levelled(power, streaming=config.streaming)
        found.append(logarithms[speech])
    frames = np.concatenate(found)
    return frames.mean(axis=0).astype(np.float32), np.maximum(frames.std(axis=0), LEAST_SCALE).astype(np.float32)


TASK = Speech()
