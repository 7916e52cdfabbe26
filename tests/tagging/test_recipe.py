"""The recipe for data of several kinds, budgets and machines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seqcli.tagging.options import TrainRequest
from seqcli.tagging.recipe import Facts, choose_recipe
from seqcli.training.pipeline import Machine

WORDS = Facts(200_000, 17, "word", 16_000, 100, 8_000, 0)
CHARACTERS = Facts(1_500_000, 4, "character", 4_500, 0, 0, 100_000)
MACHINE = Machine(1, False, 2e11)


def recipe(facts: Facts, machine: Machine = MACHINE, **options):
    return choose_recipe(TrainRequest(data=("x",), **options), facts, machine, None)


def test_the_size_grows_with_the_budget_and_is_bounded_by_the_data():
    sizes = [recipe(WORDS, budget=seconds).config.hidden for seconds in (5, 40, 600)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] == 200
    assert recipe(replace(WORDS, steps=40_000), budget=600).config.hidden == 128
    assert recipe(CHARACTERS, budget=600).config.hidden == 64
    assert recipe(replace(CHARACTERS, steps=120_000), budget=300).config.hidden == 200


def test_little_data_and_many_passes_are_regularised_more():
    assert recipe(replace(WORDS, steps=40_000), budget=300).dropout == 0.5
    assert recipe(WORDS, epochs=2).dropout < recipe(WORDS, epochs=10).dropout < recipe(WORDS, epochs=40).dropout
    assert [recipe(CHARACTERS, epochs=passes).dropout for passes in (2, 10, 30)] == [0.2, 0.3, 0.4]


def test_what_is_given_is_kept():
    found = recipe(
        WORDS, steps=5, hidden=30, layers=3, embedding=20, dropout=0.0, batch_size=70, learning_rate=0.1, crf=False
    )
    assert (found.config.hidden, found.config.layers, found.config.word_width) == (30, 3, 20)
    assert (found.dropout, found.batch_steps, found.learning_rate, found.config.crf) == (0.0, 70, 0.1, False)
    assert "3 × 2 × 30 lstm, no CRF" in found.reason


def test_very_many_labels_are_decided_on_step_by_step_unless_asked():
    many = replace(WORDS, labels=5000)
    assert not recipe(many, budget=600).config.crf
    assert recipe(many, budget=600, crf=True).config.crf
    assert recipe(replace(WORDS, labels=200), budget=600).config.crf


def test_a_model_to_start_from_keeps_its_shape():
    base = recipe(WORDS, steps=5, hidden=30).config
    assert choose_recipe(TrainRequest(data=("x",), budget=600), WORDS, MACHINE, base).config == base


@pytest.mark.parametrize("processes", [1, 4])
def test_the_batch_is_that_of_all_processes(processes):
    assert recipe(WORDS, replace(MACHINE, processes=processes), steps=5).batch_steps == 1000 * processes
