"""Training as a whole: what is saved, exact resumption, refusals, every form learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqcli.errors import UsageError
from seqcli.files.checkpoint import load_checkpoint
from seqcli.files.output import state_path
from seqcli.text.tokenizer import tokenizer_of
from seqcli.training.pipeline import Machine, train
from seqcli.training.run import Events
from seqcli.training.state import load_state
from seqcli.translation.config import TranslationConfig
from seqcli.translation.network import TranslationModel
from seqcli.translation.options import TrainRequest
from seqcli.translation.presets import PairFacts, Recipe, choose_recipe, seconds_per_pass, updates_per_pass
from seqcli.translation.train import TASK
from tests.translation.conftest import PAIRS, write_pairs


def changed(request: TrainRequest, **given: Any) -> TrainRequest:
    """The same request with other options `given`."""
    return TrainRequest(**{name: getattr(request, name) for name in request.given} | given)


@pytest.fixture
def request_(tmp_path: Path) -> TrainRequest:
    pairs = write_pairs(tmp_path / "pairs.tsv", PAIRS[::5])
    return TrainRequest(
        pairs=(pairs,), output=tmp_path / "a.mt.safetensors", tokens="word", hidden=16, steps=12, batch_size=200
    )


def test_a_stopped_run_goes_on_as_if_never_stopped(request_: TrainRequest, tmp_path: Path) -> None:
    whole = train(TASK, request_)
    other = changed(request_, output=tmp_path / "b.mt.safetensors")
    asked = iter(range(100))
    stopped = train(TASK, other, Events(should_stop=lambda: next(asked) >= 4))
    assert stopped.ended == "stopped"
    assert load_checkpoint(other.output).metrics["steps"] == 5
    resumed = train(TASK, changed(other, resume=True))
    first, second = load_checkpoint(whole.path), load_checkpoint(resumed.path)
    assert first.tensors.keys() == second.tensors.keys()
    assert all(np.array_equal(first.tensors[name], second.tensors[name]) for name in first.tensors)
    assert first.metrics["bleu"] == second.metrics["bleu"]


def test_what_is_saved(request_: TrainRequest) -> None:
    said: list[str] = []
    outcome = train(TASK, request_, Events(notice=said.append))
    checkpoint = load_checkpoint(outcome.path, task="mt")
    assert {"bleu", "chrf", "perplexity", "history"} <= checkpoint.metrics.keys()
    assert checkpoint.provenance["seed"] == 1
    assert checkpoint.provenance["options"]["recipe"]["batch_tokens"] == 200
    assert any("for validation" in text for text in said)
    assert request_.output.with_suffix(".log.csv").exists()


def test_what_affixes_add_ends_in_the_vectors_of_the_model_file(request_: TrainRequest) -> None:
    train(TASK, request_)
    last = load_state(state_path(request_.output)).part("average")
    assert last["auxiliary.vectors"].any()
    checkpoint = load_checkpoint(request_.output)
    config, tokenizer = TranslationConfig.from_json(checkpoint.config), tokenizer_of(checkpoint.blobs)
    assert {name: value.shape for name, value in checkpoint.tensors.items()} == config.parameter_shapes()
    model = TranslationModel(config)
    model.share_parts([tokenizer.piece(number) for number in range(tokenizer.size)])
    model.load_state_dict(last)
    model.add_parts()
    np.testing.assert_allclose(checkpoint.tensors["embedding"], model.embedding.detach().numpy(), atol=1e-6)


def test_refusals(request_: TrainRequest, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude"):
        train(TASK, changed(request_, budget=3.0))
    with pytest.raises(UsageError, match="no run to resume"):
        train(TASK, changed(request_, resume=True))
    train(TASK, request_)
    other = write_pairs(tmp_path / "other.tsv", PAIRS[1::5])
    with pytest.raises(UsageError, match="other data"):
        train(TASK, changed(request_, pairs=(other,), resume=True))


@pytest.mark.parametrize(
    ("attention", "feeding", "cell"), [("none", False, "gru"), ("additive", True, "lstm"), ("multi-head", False, "rnn")]
)
def test_every_form_learns(request_: TrainRequest, attention: str, feeding: bool, cell: str) -> None:
    outcome = train(
        TASK,
        changed(
            request_, attention=attention, input_feeding=feeding, cell=cell, steps=90, learning_rate=0.02, dropout=0.0
        ),
    )
    assert outcome.metrics["perplexity"] < 6  # of 20 words; 18 before


def test_fine_tuning_starts_from_a_model(model_path: Path, request_: TrainRequest) -> None:
    request = changed(request_, init_from=model_path, steps=1, learning_rate=1e-6, dropout=0.0, hidden=None)
    outcome = train(TASK, request)
    assert outcome.metrics["bleu"] > 90
    assert load_checkpoint(outcome.path).blobs == load_checkpoint(model_path).blobs
    for option, given in (("hidden", 8), ("tokens", "char")):
        with pytest.raises(UsageError, match=f"--{option} cannot change with --init-from"):
            train(TASK, changed(request, **{option: given}, overwrite=True))


def test_sizes_follow_the_budget_and_refuse_nonsense() -> None:
    def embedding(seconds: float, tokens: int) -> int:
        request = TrainRequest(pairs=("pairs",), budget=seconds)
        recipe = choose_recipe(request, PairFacts(29_000, tokens, tokens, 4000), Machine(speed=9e10))
        return recipe.config.embedding

    assert embedding(600, 514_000) == 192
    assert embedding(10, 514_000) < embedding(600, 514_000) < embedding(1800, 514_000) <= embedding(40_000, 514_000)
    wrong = [{"size": "x"}, {"attention": "x"}, {"dropout": 1.0}, {"hidden": 3}, {"label_smoothing": 1.0}]
    for options in [*wrong, {"attention": "none", "input_feeding": True}]:
        with pytest.raises(UsageError):
            TrainRequest(pairs=("pairs",), **options)  # type: ignore[arg-type]


SUMS = PairFacts(pairs=9_500, source_tokens=68_000, tokens=46_000, vocabulary=14, characters=True)
CAPTIONS = PairFacts(pairs=29_000, source_tokens=480_000, tokens=514_000, vocabulary=4300)


def recipe_of(pairs: PairFacts, **options: float) -> Recipe:
    request = TrainRequest(pairs=("pairs",), **options)  # type: ignore[arg-type]
    return choose_recipe(request, pairs, Machine(speed=9e10))


def test_short_pairs_are_learnt_by_a_narrow_model_in_many_updates() -> None:
    few, handful = replace(SUMS, pairs=2_850, source_tokens=20_400, tokens=13_600), replace(SUMS, pairs=300)
    for pairs, batch in ((SUMS, 716), (few, 510), (replace(handful, source_tokens=2_150, tokens=1_450), 229)):
        recipe = recipe_of(pairs, budget=120.0)
        assert (recipe.config.decoder_hidden, recipe.batch_tokens) == (128, batch)
    assert recipe_of(replace(SUMS, characters=False), budget=120.0).batch_tokens == 500
    assert recipe_of(replace(SUMS, source_tokens=6_000_000), budget=120.0).batch_tokens == 1000


def test_a_model_that_gets_no_thousands_of_updates_is_too_big() -> None:
    few, fast = replace(SUMS, pairs=2_850, source_tokens=20_400, tokens=13_600), Machine(speed=2.5e11)
    for budget in (120.0, 180.0, 240.0, 300.0):
        recipe = choose_recipe(TrainRequest(pairs=("pairs",), budget=budget), few, fast)
        passes = budget / seconds_per_pass(recipe.config, few, fast.speed, recipe.batch_tokens)
        assert passes * updates_per_pass(few, recipe.batch_tokens) > 2_500
    assert recipe_of(CAPTIONS, budget=1800.0).batch_tokens == 1000


def test_what_an_update_takes_beside_its_products_counts() -> None:
    """Measured on two cores: 290 updates of 500 tokens in eight seconds, 6,400 of 1,000 in half an hour."""
    tiny, small = (TranslationConfig(14, "lstm", *sizes) for sizes in ((96, 96, 1, 128, 2), (192, 192, 1, 256, 2)))
    for config, updates in ((tiny, 290), (small, 110)):
        passes = 8 / seconds_per_pass(config, SUMS, 1.2e11, 500)
        assert passes * updates_per_pass(SUMS, 500) == pytest.approx(updates, rel=0.3)
    passes = 1800 / seconds_per_pass(replace(small, vocabulary=4300), CAPTIONS, 9e10, 1000)
    assert passes * updates_per_pass(CAPTIONS, 1000) == pytest.approx(6_400, rel=0.1)


def test_dropout_follows_how_often_pairs_are_read() -> None:
    for length in ({"epochs": 32.0}, {"steps": round(32 * updates_per_pass(SUMS, 716))}):
        assert recipe_of(SUMS, **length).dropouts.hidden == pytest.approx(0.25, abs=0.001)
    assert recipe_of(SUMS, epochs=1000.0).dropouts.hidden == 0.3


def test_vectors_of_new_models_of_words_and_subwords_are_counted_and_shared() -> None:
    made = recipe_of(CAPTIONS, epochs=1.0)
    assert (made.counted, made.affixes) == (True, True)
    assert made.reason.endswith(", embeddings from counts of neighbours, vectors of affixes")
    few = recipe_of(replace(CAPTIONS, pairs=1500, source_tokens=24_000, tokens=26_000), epochs=1.0)
    assert (few.counted, few.affixes) == (False, True)
    sums = recipe_of(SUMS, epochs=1.0)
    assert (sums.counted, sums.affixes) == (False, False)
    fine_tuned = choose_recipe(TrainRequest(pairs=("pairs",), epochs=1.0), CAPTIONS, Machine(), made.config)
    assert (fine_tuned.counted, fine_tuned.affixes) == (False, False)


def test_narrow_layers_take_larger_steps() -> None:
    rates = [recipe_of(CAPTIONS, epochs=1.0, hidden=width).learning_rate for width in (16, 128, 256, 1024)]
    assert rates == [0.006, 0.006, 0.003, 0.0015]
    assert recipe_of(CAPTIONS, epochs=1.0, hidden=128, learning_rate=0.001).learning_rate == 0.001
