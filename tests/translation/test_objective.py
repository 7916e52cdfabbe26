"""Batches, the loss, alignments found by counting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from seqcli.model.softmax import IGNORED
from seqcli.translation.alignment import count_alignments
from seqcli.translation.bitext import Sentences, interleaved
from seqcli.translation.config import TranslationConfig
from seqcli.translation.network import TranslationModel
from seqcli.translation.objective import TranslationTask, bucket
from seqcli.translation.opening import open_bitext
from seqcli.translation.options import TrainRequest
from tests.translation.conftest import PAIRS, write_pairs


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=80), st.integers(1, 200))
def test_every_pair_is_in_one_batch_of_the_right_size(lengths: list[tuple[int, int]], batch_tokens: int) -> None:
    source, target = np.array(lengths).T
    batches = bucket(source, target, batch_tokens, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * np.maximum(source, target)[batch].max() <= batch_tokens


@pytest.fixture
def task(tmp_path: Path) -> TranslationTask:
    bitext = open_bitext(TrainRequest(pairs=(write_pairs(tmp_path / "pairs.tsv", PAIRS),), tokens="word"))
    torch.manual_seed(0)
    model = TranslationModel(TranslationConfig(bitext.tokenizer.size, "lstm", 8, 8, 1, 12, 2))
    table = count_alignments(bitext.sources, bitext.targets, bitext.tokenizer.size, bitext.symbols)
    return TranslationTask(model, bitext, batch_tokens=100, label_smoothing=0.1, seed=3, table=table)


def test_batches_are_a_function_of_seed_and_epoch(task: TranslationTask) -> None:
    def ids(epoch: int) -> list[list[int]]:
        return [task.parts(epoch, index)[0].targets.flatten().tolist() for index in range(task.num_batches(epoch))]

    task.copying = None  # which puts in a few more
    first = ids(0)
    assert ids(1) != first
    assert ids(0) == first
    seen = sum(sum(token != IGNORED for token in batch) for batch in first)
    assert seen == len(task.bitext.targets.ids)


def test_the_loss_is_smoothed_cross_entropy_and_guidance(task: TranslationTask) -> None:
    batch = task.parts(0, 0)[0]
    assert batch.alignment is not None
    assert batch.guidance == 0.5
    value, tokens = task.loss(batch)
    readouts, weights = task.model(batch.source, batch.lengths, batch.previous, task.model.table())
    logits = (readouts @ task.model.embedding.t() + task.model.output_bias).flatten(0, 1)
    expected = functional.cross_entropy(
        logits, batch.targets.flatten(), ignore_index=IGNORED, label_smoothing=0.1, reduction="sum"
    )
    assert weights is not None
    expected = expected - 0.5 * (batch.alignment * (weights + 1e-6).log()).sum()
    assert value.item() == pytest.approx(expected.item() / tokens, rel=1e-5)
    assert task.parts(1000, 0)[0].alignment is None


@pytest.mark.parametrize(("attention", "feeding"), [("dot", False), ("additive", True), ("multi-head", True)])
def test_products_in_bf16_change_the_loss_little(task: TranslationTask, attention: str, feeding: bool) -> None:
    torch.manual_seed(0)
    config = replace(task.model.config, attention=attention, input_feeding=feeding)
    task.model = TranslationModel(config)
    batch = task.parts(0, 0)[0]
    exact, _ = task.loss(batch)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _ = task.loss(batch)
    rough.backward()
    assert rough.item() == pytest.approx(exact.item(), rel=0.02)


def test_the_target_is_one_step_behind(task: TranslationTask) -> None:
    batch = task.parts(0, 0)[0]
    end = task.bitext.tokenizer.boundary_id
    assert (batch.previous[0] == end).all()
    there = batch.targets[:-1] != IGNORED
    assert torch.equal(batch.previous[1:][there], batch.targets[:-1][there])


def test_threads_share_batches_that_are_worth_it(task: TranslationTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqcli.translation.objective.PART_OPERATIONS", 6.0 * task.parameters * 100)
    monkeypatch.setattr("torch.get_num_threads", lambda: 4)
    for batch_tokens, parts in ((150, 1), (260, 2), (10_000, 4)):
        task.batch_tokens, task._epoch = batch_tokens, -1
        sizes = [len(task.parts(0, index)) for index in range(task.num_batches(0))]
        assert max(sizes) == parts


def test_validation_decodes(task: TranslationTask) -> None:
    task.model.eval()
    with torch.no_grad():
        seen = task.validate(5, 1.0, final=False)
    assert seen.metrics["score"] == -seen.metrics["bleu"]
    assert seen.metrics["loss"] == pytest.approx(np.log(task.bitext.tokenizer.size), rel=0.5)
    assert seen.sample is not None
    assert " → " in seen.sample


def test_counting_finds_the_dictionary() -> None:
    random = np.random.default_rng(0)
    # words 1 to 40 are translated by 51 to 90, in reverse order
    sources = [random.choice(np.arange(1, 41), size=5, replace=False) for _ in range(400)]
    targets = [source[::-1] + 50 for source in sources]
    table = count_alignments(Sentences.of(sources), Sentences.of(targets), 100)
    aligned = table.align(np.array([3, 1, 7]), np.array([57, 51, 53]))
    assert aligned.argmax(1).tolist() == [2, 1, 0]
    np.testing.assert_allclose(aligned.sum(1), 1)
    assert table.align(np.array([0]), np.array([0])).tolist() == [[1.0]]  # a pair of types that was never seen


def test_both_sides_of_a_pair_are_interleaved_by_place() -> None:
    sources = Sentences.of([np.array([1, 2, 3]), np.array([4]), np.array([5, 6])])
    targets = Sentences.of([np.array([11, 12]), np.array([13, 14, 15]), np.array([16])])
    assert interleaved(sources, targets).tolist() == [1, 11, 2, 12, 3, 4, 13, 14, 15, 5, 16, 6]


def test_a_string_is_put_where_it_is_translated(task: TranslationTask) -> None:
    copying = task.copying
    assert copying is not None
    random, changed = np.random.default_rng(0), 0
    for number in range(len(task.bitext.sources)):
        source, target = task.bitext.sources[number], task.bitext.targets[number]
        new_source, new_target = copying.apply(source, target, random)
        put = np.isin(new_source, copying.symbol_ids)
        if not put.any():
            assert np.array_equal(source, new_source)
            assert np.array_equal(target, new_target)
            continue
        changed += 1
        assert new_source[put].tolist() == new_target[np.isin(new_target, copying.symbol_ids)].tolist()
        assert len(new_source) - len(source) == len(new_target) - len(target)  # in both or in neither a word's place
        assert task.table is not None
        weights = task.table.align(new_source, new_target)
        row = int(np.flatnonzero(np.isin(new_target, copying.symbol_ids))[0])
        assert weights[row].argmax() == np.flatnonzero(put)[0]
    assert changed > 0.9 * len(task.bitext.sources)


def test_pairs_are_changed_before_they_are_sorted_by_length(task: TranslationTask) -> None:
    for epoch in range(3):
        for index, numbers in enumerate(task._of_epoch(epoch)):
            parts = task.parts(epoch, index)
            places = max(part.targets.shape[0] for part in parts) * len(numbers)
            assert places <= task.batch_tokens or len(numbers) == 1
        assert 0.05 < len(task._changed) / len(task.bitext.sources) < 0.15
