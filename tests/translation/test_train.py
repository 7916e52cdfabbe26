"""Training as a whole: what is saved, exact resumption, refusals, every form learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqcli.errors import UsageError
from seqcli.files.checkpoint import load_checkpoint
from seqcli.options import changed
from seqcli.training.pipeline import Machine, train
from seqcli.training.run import Events
from seqcli.translation.options import TrainRequest
from seqcli.translation.presets import PairFacts, choose_recipe
from seqcli.translation.train import TASK
from tests.translation.conftest import PAIRS, write_pairs


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
        recipe = choose_recipe(request, PairFacts(tokens, 4000), Machine(speed=9e10))
        return recipe.config.embedding

    assert embedding(1800, 514_000) == 192
    assert embedding(10, 514_000) < embedding(1800, 514_000) < embedding(40_000, 514_000)
    wrong = [{"size": "x"}, {"attention": "x"}, {"dropout": 1.0}, {"hidden": 3}, {"label_smoothing": 1.0}]
    for options in [*wrong, {"attention": "none", "input_feeding": True}]:
        with pytest.raises(UsageError):
            TrainRequest(pairs=("pairs",), **options)  # type: ignore[arg-type]
