"""How a recogniser's batches are divided."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from seqcli.speech.augment import Augmentation
from seqcli.speech.config import SpeechConfig
from seqcli.speech.network import SpeechModel
from seqcli.speech.objective import SpeechTask
from seqcli.speech.presets import Recipe


def test_few_utterances_are_divided_among_threads_too(monkeypatch: pytest.MonkeyPatch) -> None:
    data: Any = SimpleNamespace(seconds=np.full(30, 0.5), valid=[], targets=lambda numbers: np.zeros(len(numbers)))
    config = SpeechConfig(vocabulary=3, hidden=4, front=4, layers=1)
    recipe = Recipe(config, 0.0, batch_seconds=1.5, passes=1.0, join=0, learning_rate=0.1, augmentation=Augmentation())
    task = SpeechTask(SpeechModel(config), data, recipe, seed=1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    parts = task.parts(0, 0)
    assert sorted(len(part.groups) for part in parts) == [1, 2]
    assert sum(part.share for part in parts) == pytest.approx(1)
    assert sum(part.tokens for part in parts) == 6
