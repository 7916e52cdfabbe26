"""The language modelling objective: what is read in which order, what the loss is, how it is carried over a stop."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import LanguageModel, Regularisation
from seqcli.language.objective import LanguageModelTask, ValidationSize, hidden_states, mean_loss, piece_lengths
from seqcli.model.cells import CELLS
from seqcli.model.softmax import SampledVocabulary
from seqcli.model.stack import locked_dropout
from seqcli.training.loop import Hooks, train
from seqcli.training.options import TrainingOptions
from seqcli.training.state import TrainingState, load_state, save_state


def task(
    cell: str = "lstm", *, batch_size: int = 4, bptt: int = 8, length: int = 203, **drops: float
) -> LanguageModelTask:
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelConfig(30, cell, 8, 12, 2), Regularisation(**drops))
    text = np.random.default_rng(0).integers(0, 30, length).astype(np.uint16)
    return LanguageModelTask(model, text, text[:80], batch_size=batch_size, bptt=bptt, seed=0)


def test_streams_read_the_text_in_order_and_targets_are_the_next_tokens() -> None:
    t = task()
    read = [t.parts(0, index)[0] for index in range(t.num_batches(0))]
    inputs = torch.cat([piece.inputs for piece in read])
    targets = torch.cat([piece.targets for piece in read])
    text = torch.from_numpy(t.train_tokens.astype(np.int64))
    assert inputs.shape == (50, 4)
    assert torch.equal(inputs.t().flatten(), text[:200])
    assert torch.equal(targets.t().flatten(), text[1:201])
    assert [piece.start for piece in read] == [True] + [False] * 6


def test_other_epochs_start_elsewhere_and_are_the_same_each_time() -> None:
    t = task(length=400, batch_size=30)
    starts = {int(t.parts(epoch, 0)[0].inputs[0, 0]) for epoch in range(12)}
    assert len(starts) > 1
    assert torch.equal(t.parts(3, 1)[0].inputs, task(length=400, batch_size=30).parts(3, 1)[0].inputs)


@pytest.mark.parametrize("length", [3, 4, 17, 60])
def test_a_text_shorter_than_a_batch_is_read_by_fewer_streams(length: int) -> None:
    t = task(length=length, batch_size=20, bptt=35)
    for index in range(t.num_batches(0)):
        piece = t.parts(0, index)[0]
        assert piece.inputs.shape == piece.targets.shape
        assert piece.inputs.numel() > 0


def test_the_loss_is_the_mean_over_all_steps_with_the_state_carried() -> None:
    t = task()
    t.model.eval()
    losses = [t.loss(t.parts(0, index)[0]) for index in range(t.num_batches(0))]
    total = sum(loss.item() * count for loss, count in losses)
    text = torch.from_numpy(t.train_tokens.astype(np.int64))
    hidden, _ = t.model(text[:200].view(4, 50).t())
    logits = hidden @ t.model.embedding.t() + t.model.output_bias
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), text[1:201].view(4, 50).t().flatten(), reduction="sum"
    )
    assert total == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("tied", [True, False])
def test_under_a_sampled_softmax_the_gradients_of_tables_are_sparse_and_the_same(tied: bool) -> None:
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelConfig(50, "lstm", 8, 8, 1, tied))
    text = np.random.default_rng(0).integers(0, 20, 100)
    everything = SampledVocabulary(torch.ones(50, dtype=torch.float64))
    targets_alone = SampledVocabulary(torch.full((50,), 1e-9, dtype=torch.float64))

    def gradients(sampled: SampledVocabulary | None) -> list[torch.Tensor]:
        model.sampled = sampled
        made = LanguageModelTask(model, text, text, batch_size=4, bptt=8, seed=0)
        model.zero_grad()
        made.loss(made.parts(0, 0)[0])[0].backward()
        assert len(made.tables) == (0 if sampled is None else 1 if tied else 2)
        assert {id(p) for p in made.tables} == {id(p) for p in model.parameters() if p.grad.is_sparse}
        return [p.grad for p in model.parameters() if p.grad is not None]

    for sparse, dense in zip(gradients(everything), gradients(None), strict=True):
        torch.testing.assert_close(sparse.to_dense(), dense)
    assert model.embedding.grad is not None
    gradients(targets_alone)
    assert model.embedding.grad.coalesce().indices().max() < 20, "types that took no part have no gradient"


def test_gradients_stop_at_the_cut() -> None:
    t = task()
    t.loss(t.parts(0, 0)[0])
    assert t.states[0] is not None
    assert all(not value.requires_grad for layer in t.states[0] for value in layer)


def test_penalties_are_the_mean_squares_of_outputs_and_of_their_changes() -> None:
    """AR of what the output layer sees, dropout applied, TAR of what the last layer gave (Merity et al. 2017)."""
    plain = task(output=0.5)
    piece = plain.parts(0, 0)[0]
    torch.manual_seed(5)
    without = plain.loss(piece)[0]
    torch.manual_seed(5)
    hidden, _ = plain.model(piece.inputs)
    dropped = locked_dropout(hidden, 0.5, True)
    for penalised, expected in (
        (task(output=0.5, activation=2.0), 2 * dropped.square().mean()),
        (task(output=0.5, change=3.0), 3 * (hidden[1:] - hidden[:-1]).square().mean()),
    ):
        torch.manual_seed(5)
        torch.testing.assert_close(penalised.loss(piece)[0] - without, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("sampled", [False, True])
def test_label_smoothing_spreads_a_share_of_the_target(sampled: bool) -> None:
    t = task(smoothing=0.1)
    if sampled:
        t.model.sampled = SampledVocabulary.from_counts(torch.arange(30), 30)  # all that is there
    piece = t.parts(0, 0)[0]
    hidden, _ = t.model(piece.inputs)
    logits = hidden @ t.model.embedding.t() + t.model.output_bias
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), piece.targets.flatten(), label_smoothing=0.1)
    torch.testing.assert_close(t.loss(piece)[0], expected)


def test_embedding_dropout_drops_whole_words_in_training_alone() -> None:
    t = task(words=0.5)
    seen: list[torch.Tensor] = []
    t.model.stack.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    tokens = torch.arange(30).repeat(2)[:, None]
    torch.manual_seed(0)
    t.model(tokens)
    (embedded,) = seen
    assert torch.equal(embedded[:30], embedded[30:])  # a word is there or not, wherever it stands
    kept = embedded[:30, 0].abs().sum(1) > 0
    assert 8 <= int(kept.sum()) <= 22
    torch.testing.assert_close(embedded[:30, 0][kept], 2 * t.model.embedding[kept])
    t.model.eval()
    t.model(tokens)
    torch.testing.assert_close(seen[1][:30, 0], t.model.embedding)


def test_random_pieces_cover_the_streams_and_are_the_same_each_time() -> None:
    def make() -> LanguageModelTask:
        t = task(length=4003, bptt=20)
        return LanguageModelTask(
            t.model, t.train_tokens, t.valid_tokens, batch_size=4, bptt=20, seed=0, random_bptt=True
        )

    t, again = make(), make()
    for epoch in (0, 1):
        read = [t.parts(epoch, index)[0] for index in range(t.num_batches(epoch))]
        lengths = [len(piece.inputs) for piece in read]
        assert sum(lengths) == 1000
        assert len(set(lengths)) > 5
        assert min(lengths[:-1]) >= 5
        inputs = torch.cat([piece.inputs for piece in read])
        assert torch.equal(inputs[1:], torch.cat([piece.targets for piece in read])[:-1])
        assert torch.equal(again.parts(epoch, 3)[0].inputs, read[3].inputs)
    assert list(t.cuts(0)) != list(t.cuts(1))


def test_lengths_of_pieces_are_drawn_as_the_paper_has_them() -> None:
    lengths = piece_lengths(700_000, 70, np.random.default_rng(0))
    assert lengths[:-1].sum() < 700_000 <= lengths.sum()
    halves = lengths < 52
    assert 0.04 < halves.mean() < 0.06
    assert lengths[~halves].mean() == pytest.approx(69.5, abs=0.3)  # whole steps: the fraction is cut off
    assert lengths[halves].mean() == pytest.approx(34.5, abs=0.7)
    assert lengths[~halves].std() == pytest.approx(5, abs=0.2)
    assert piece_lengths(100, 2, np.random.default_rng(0)).min() >= 5


def test_validation_predicts_every_token_once() -> None:
    t = task(length=400)
    t.model.eval()
    tokens = np.random.default_rng(1).integers(0, 30, 300)
    with torch.no_grad():
        hidden, _ = t.model(torch.from_numpy(tokens[:-1, None]))
        logits = hidden[:, 0] @ t.model.embedding.t() + t.model.output_bias
        expected = torch.nn.functional.cross_entropy(logits, torch.from_numpy(tokens[1:])).item()
        assert mean_loss(t.model, hidden_states(t.model, tokens)) == pytest.approx(expected, rel=1e-5)
        in_parts = mean_loss(t.model, hidden_states(t.model, np.tile(tokens, 12), streams=3))
        assert in_parts == pytest.approx(mean_loss(t.model, hidden_states(t.model, np.tile(tokens, 12))), rel=1e-4)
    validation = t.validate(1, 2.0, final=True)
    assert validation.metrics["perplexity"] == pytest.approx(math.exp(validation.score))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("sampled", [False, True])
def test_training_goes_on_bit_for_bit(cell: str, sampled: bool, tmp_path: Path) -> None:
    """Hidden state, dropout's and the sample's random numbers, optimiser, position and affixes survive a stop."""

    def fresh() -> LanguageModelTask:
        t = task(cell, input=0.1, between=0.2, output=0.2, words=0.1, recurrent=0.2)
        if sampled:
            t.model.sampled = SampledVocabulary.from_counts(torch.arange(30), 13)
            t.model.share_parts([f"{number}" for number in range(30)])
        return LanguageModelTask(
            t.model, t.train_tokens, t.valid_tokens, batch_size=4, bptt=8, seed=0, random_bptt=sampled
        )

    options = TrainingOptions(learning_rate=0.01, steps=20)
    whole, first, second = fresh(), fresh(), fresh()
    path = tmp_path / "state.safetensors"
    torch.manual_seed(1)
    train(whole, options)
    torch.manual_seed(1)
    steps = iter(range(1, 99))

    def save(state: TrainingState) -> None:
        save_state(path, state)

    assert train(first, options, Hooks(save=save, should_stop=lambda: next(steps) == 11)).ended == "stopped"
    train(second, options, resume=load_state(path))
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name


@pytest.mark.parametrize("cell", CELLS)
def test_bf16_training_learns_and_its_state_can_be_saved(cell: str, tmp_path: Path) -> None:
    t = task(cell, batch_size=2, bptt=5, length=60)
    saved: list[TrainingState] = []

    def save(state: TrainingState) -> None:
        save_state(tmp_path / "state.safetensors", state)
        saved.append(load_state(tmp_path / "state.safetensors"))

    result = train(t, TrainingOptions(learning_rate=0.01, steps=12, precision="bf16"), Hooks(save=save))
    assert result.history[-1].score < result.history[0].score
    assert saved[-1].part("carried")
    train(t, TrainingOptions(learning_rate=0.01, steps=14, precision="bf16"), resume=saved[-1])


def test_validation_is_bounded_by_the_budget() -> None:
    of_ptb, of_many = (ValidationSize.affordable(types * 512, 60.0) for types in (10_000, 93_000))
    assert of_ptb.quick > 15_000
    assert of_ptb.whole is not None
    assert of_ptb.whole > 70_000
    assert of_many.quick < 3000
    assert of_many.whole is not None
    assert of_many.whole < 10_000
    assert ValidationSize.affordable(93_000 * 512, None).whole is None
    t = task()
    t.validation = ValidationSize(quick=20, whole=40)
    t.model.eval()
    with torch.no_grad():
        for final, count in ((False, 20), (True, 40)):
            expected = mean_loss(t.model, hidden_states(t.model, t.valid_tokens[: count + 1]))
            assert t.validate(0, 0.0, final=final).metrics["loss"] == pytest.approx(expected)
