"""Recipes: what was asked for is kept, the rest suits data, time and machine."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from seqcli.errors import UsageError
from seqcli.speech.options import SIZES, TrainRequest
from seqcli.speech.presets import Recipe, SpeechFacts, choose_recipe
from seqcli.training.pipeline import Machine

TWO_CORES = Machine(speed=1e11)


def recipe(seconds: float = 1200.0, machine: Machine = TWO_CORES, **given: Any) -> Recipe:
    request = TrainRequest(recordings=("table",), output=Path("model"), **given)
    return choose_recipe(request, SpeechFacts(seconds, 30, 8000), machine)


def test_size_grows_with_the_budget_and_shrinks_with_the_data():
    hidden = [recipe(budget=budget).config.hidden for budget in (20, 600, 12 * 3600, 30 * 86400)]
    assert hidden == sorted(hidden)
    assert hidden[0] == SIZES["tiny"][1]
    assert hidden[1] == SIZES["small"][1]
    assert hidden[-1] == SIZES["large"][1]
    assert recipe(seconds=360_000, budget=600).config.hidden <= hidden[1]


def test_a_network_of_one_direction_has_about_as_many_weights():
    for size in SIZES:
        both, one = (recipe(budget=600, size=size, streaming=streaming).config for streaming in (False, True))
        counts = [sum(map(math.prod, config.parameter_shapes().values())) for config in (both, one)]
        assert 0.7 < counts[1] / counts[0] < 1.4
        assert (both.streaming, both.lookahead, one.streaming) == (False, 0, True)
        assert 0 < one.lookahead * one.step_seconds <= 0.2
        assert "× 1 ×" in recipe(steps=5, streaming=True).reason


def test_what_is_given_is_kept():
    found = recipe(budget=600, hidden=77, layers=5, dropout=0.0, batch_size=12.0, learning_rate=0.5, augmentation=0.0)
    assert (found.config.hidden, found.config.layers, found.dropout) == (77, 5, 0.0)
    assert (found.batch_seconds, found.learning_rate) == (12.0, 0.5)
    changes = found.augmentation
    assert (changes.speed, changes.noise, changes.masks, changes.silence) == (0, 0, 0, 0)
    assert recipe(steps=5, augmentation=2.0).augmentation.noise == 1.0


def test_batches_suit_data_and_processes():
    assert recipe(seconds=60, steps=5).batch_seconds == 2
    assert recipe(seconds=9000, steps=5).batch_seconds == 30
    assert recipe(seconds=9000, steps=5, machine=Machine(processes=2)).batch_seconds == 60


def test_options_that_exclude_one_another():
    with pytest.raises(UsageError, match="exclude one another"):
        TrainRequest(recordings=("a",), valid=("b",), by_speaker="c")
