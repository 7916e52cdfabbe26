"""The rules that choose a recipe: more time, a larger model; more passes, more dropout; what is given is kept."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from seqcli.errors import CheckpointError, UsageError
from seqcli.files.plain import from_plain, to_plain
from seqcli.language.config import LanguageModelConfig
from seqcli.language.options import TrainRequest
from seqcli.language.presets import Recipe, TextFacts, choose_recipe
from seqcli.training.pipeline import Machine


def recipe(*, base: LanguageModelConfig | None = None, **changes: Any) -> Recipe:
    """The recipe for a text of 930,000 words and ten minutes, but for `changes` of text, machine or request."""
    text: dict[str, Any] = {"tokens": 930_000, "vocabulary": 10_000, "kind": "word"}
    if changes.get("kind") == "char":
        text["vocabulary"] = 65
    machine: dict[str, Any] = {"speed": 1.2e11, "accelerator": False, "processes": 1}
    text |= {name: changes.pop(name) for name in list(changes) if name in (*text, "lines")}
    machine |= {name: changes.pop(name) for name in list(changes) if name in machine}
    if not {"budget", "epochs"} & set(changes):
        changes["budget"] = 600.0
    return choose_recipe(TrainRequest(corpus=("text",), **changes), TextFacts(**text), Machine(**machine), base)


def parameters(made: Recipe) -> int:
    return 8 * made.config.hidden**2 * made.config.layers


def test_more_time_and_faster_machines_get_larger_models() -> None:
    by_time = [parameters(recipe(budget=seconds)) for seconds in (30, 120, 600, 3600, 36_000)]
    assert by_time == sorted(by_time)
    assert by_time[-1] > 10 * by_time[0]
    assert parameters(recipe(speed=1e12)) > parameters(recipe())


def test_new_tied_models_of_words_and_subwords_share_vectors() -> None:
    assert recipe().affixes
    assert recipe(kind="subword", vocabulary=800).affixes
    assert recipe(softmax="full").affixes
    assert not recipe(kind="char").affixes
    assert not recipe(tied=False).affixes
    assert not recipe(base=recipe().config).affixes


def test_more_passes_get_more_dropout() -> None:
    shares = [recipe(hidden=256, layers=1, epochs=epochs).regularisation.output for epochs in (1, 4, 40)]
    assert shares == sorted(shares)
    assert shares[0] < 0.15
    assert shares[-1] == 0.5


def test_penalties_on_activations_come_in_where_words_repeat() -> None:
    made = [recipe(hidden=256, layers=1, epochs=epochs).regularisation for epochs in (1, 4, 40)]
    assert [(one.activation, one.change) for one in made] == [(0, 0), (1, 0.5), (2, 1)]
    assert recipe(kind="char", epochs=40).regularisation.activation == 0
    assert recipe(dropout=0.5, epochs=40).regularisation.activation == 0
    assert recipe(epochs=40, activation_penalty=0.3).regularisation.activation == 0.3


def test_weight_decay_halves_what_nothing_renews_where_text_repeats() -> None:
    def halvings(passes: float, **changes: Any) -> float:
        made = recipe(hidden=256, layers=1, epochs=passes, **changes)
        updates = passes * 930_000 / (made.batch_size * made.bptt)
        return made.regularisation.decay * made.learning_rate * updates / 2 / math.log(2)

    assert [halvings(8), halvings(12)] == pytest.approx([1, 1])
    changes: list[dict[str, Any]] = [{}, {"batch_size": 10}, {"learning_rate": 0.001}, {"processes": 3}]
    assert [halvings(4, **change) for change in changes] == pytest.approx([0.5] * 4)
    assert recipe(batch_size=10, processes=3).batch_size == 30
    assert halvings(2, kind="char") == pytest.approx(1)
    assert recipe(hidden=256, epochs=1).regularisation.decay == 0.01
    assert recipe(dropout=0.5, epochs=40).regularisation.decay == 0.01
    assert recipe(tokens=1000, epochs=40).regularisation.decay == 0.3
    assert recipe(epochs=40, weight_decay=0.0).regularisation.decay == 0


def test_many_updates_are_fewer_of_longer_pieces_at_a_higher_rate() -> None:
    short, long = (recipe(hidden=320, layers=1, epochs=epochs) for epochs in (9, 10))
    assert [made.bptt for made in (short, long)] == [35, 70]
    assert long.learning_rate == pytest.approx(2**0.5 * short.learning_rate)
    assert recipe(hidden=320, layers=1, epochs=10, bptt=35).learning_rate == short.learning_rate
    assert recipe(kind="char", epochs=100).bptt == 64


def test_a_large_text_read_in_part_gets_none() -> None:
    assert recipe(tokens=10**9).regularisation.output == 0


def test_what_is_given_is_kept() -> None:
    made = recipe(
        cell="gru",
        hidden=48,
        layers=3,
        embedding=32,
        tied=False,
        dropout=0.25,
        batch_size=7,
        bptt=11,
        learning_rate=0.5,
    )
    assert made.config == LanguageModelConfig(10_000, "gru", 32, 48, 3, False)
    assert (made.batch_size, made.bptt, made.learning_rate, made.regularisation.output) == (7, 11, 0.5, 0.25)
    assert recipe(size="tiny").config.hidden == 128
    assert "3 × 48 gru" in made.reason


def test_a_model_that_has_learnt_forgets_slowly() -> None:
    new = recipe(epochs=10, hidden=300)
    old = recipe(epochs=10, base=new.config)
    assert old.config == new.config
    assert old.learning_rate < new.learning_rate
    assert old.regularisation.decay == 0.01 < new.regularisation.decay


def test_large_vocabularies_are_sampled_on_a_processor_only() -> None:
    assert recipe().sampled
    assert not recipe(vocabulary=2000).sampled
    assert not recipe(accelerator=True).sampled
    assert not recipe(softmax="full").sampled
    assert recipe(vocabulary=3000, softmax="sampled").sampled


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"size": "huge"}, "size"),
        ({"softmax": "hard"}, "softmax"),
        ({"dropout": 1.0}, "dropout"),
        ({"vocabulary": 60, "softmax": "sampled"}, "too small"),
    ],
)
def test_impossible_wishes_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        recipe(**changes)


def test_a_recipe_survives_its_file() -> None:
    made = recipe()
    plain = json.loads(json.dumps(to_plain(made)))
    assert from_plain(Recipe, plain, "the recipe") == made
    for wrong in ({"surprise": 1}, {"bptt": "70"}, {"config": {"vocabulary": 0}}, {"regularisation": []}):
        with pytest.raises(CheckpointError, match="the recipe"):
            from_plain(Recipe, {**plain, **wrong}, "the recipe")


@pytest.mark.parametrize(
    "change", [{"hidden": 0}, {"hidden": "9"}, {"cell": "transformer"}, {"tied": 1}, {"extra": 1}, {"layers": True}]
)
def test_configurations_from_files_are_checked(change: dict[str, Any]) -> None:
    good = to_plain(LanguageModelConfig(50))
    assert LanguageModelConfig.from_json(good) == LanguageModelConfig(50)
    with pytest.raises(CheckpointError):
        LanguageModelConfig.from_json({**good, **change})


def test_small_texts_end_by_updates_and_are_learnt_with_much_dropout() -> None:
    names = recipe(kind="char", tokens=6_600, lines=900, budget=300.0)
    assert names.config.lines
    assert names.config.hidden == 128
    assert names.regularisation.output == 0.5
    assert names.most_steps == 750
    assert names.patience > 0
    code = recipe(kind="char", tokens=20_000, budget=300.0)
    assert (code.batch_size, code.bptt) == (8, 32)
    assert code.most_steps is not None
    assert 700 < code.most_steps < 1100
    assert recipe(kind="char", tokens=20_000, budget=0.1).most_steps is None  # the budget ends it
    assert recipe(kind="char", tokens=20_000, epochs=100).most_steps is None
    assert recipe(budget=3600.0).most_steps is None


def test_characters_of_thousands_of_kinds_are_like_words() -> None:
    made = choose_recipe(
        TrainRequest(corpus=("text",), budget=600.0), TextFacts(600_000, 3000, "char"), Machine(speed=1.2e11)
    )
    assert made.bptt in (35, 70)
    assert made.counted
