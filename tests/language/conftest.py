"""A small word-level language model on a text of a few sentences, trained for a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from seqcli.language.config import LanguageModelConfig
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.network import LanguageModel
from seqcli.language.objective import LanguageModelTask
from seqcli.text.tokenizer import train_tokenizer
from seqcli.training.loop import train
from seqcli.training.options import TrainingOptions

LINES = ("the sky here is grey", "the river there is clear", "the old town has many factories", "天空 很 蓝")
# in any order, so that a line is known by its own words and not by the line before
TEXT = "".join(LINES[number] + "\n" for number in np.random.default_rng(0).integers(len(LINES), size=150))


@dataclass
class Trained:
    model: LanguageModel
    decoder: LanguageModelDecoder
    tokenizer: Any
    ids: np.ndarray


def make(cell: str, steps: int = 300) -> Trained:
    tokenizer = train_tokenizer("word", [TEXT])
    ids = np.asarray(tokenizer.encode(TEXT))
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelConfig(tokenizer.size, cell, 16, 24, 1))
    task = LanguageModelTask(model, ids, ids[:50], batch_size=4, bptt=10, seed=0)
    train(task, TrainingOptions(learning_rate=0.03, steps=steps, clip=1.0))
    parameters = {name: value.numpy() for name, value in model.state_dict().items()}
    return Trained(model, LanguageModelDecoder(model.config, parameters), tokenizer, ids)


@pytest.fixture(scope="session")
def trained() -> Trained:
    return make("lstm")
