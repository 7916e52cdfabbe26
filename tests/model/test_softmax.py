"""The fused output layer against torch's own linear map and cross-entropy."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from seqcli.model.softmax import IGNORED, SampledVocabulary, linear_cross_entropy


def inputs(dtype: torch.dtype = torch.float32, rows: int = 70, vocabulary: int = 50) -> list[torch.Tensor]:
    torch.manual_seed(3)
    hidden, weight = torch.randn(rows, 9, dtype=dtype), torch.randn(vocabulary, 9, dtype=dtype)
    return [hidden.requires_grad_(), weight.requires_grad_(), torch.randn(vocabulary, dtype=dtype).requires_grad_()]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("chunk", [7, 512])
def test_loss_and_gradients_are_torchs(smoothing: float, chunk: int) -> None:
    hidden, weight, bias = inputs(torch.float64)
    targets = torch.randint(50, (70,))
    targets[::6] = IGNORED
    ours = linear_cross_entropy(hidden, weight, bias, targets, label_smoothing=smoothing, chunk=chunk)
    gradients = torch.autograd.grad(ours * 2, [hidden, weight, bias])
    theirs = functional.cross_entropy(
        functional.linear(hidden, weight, bias), targets, reduction="sum", label_smoothing=smoothing
    )
    expected = torch.autograd.grad(theirs * 2, [hidden, weight, bias])
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradients, expected)


def test_bfloat16_products_are_right_within_their_rounding() -> None:
    hidden, weight, bias = inputs()
    targets = torch.randint(50, (70,))
    exact = torch.autograd.grad(linear_cross_entropy(hidden, weight, bias, targets), [hidden, weight, bias])
    with torch.autocast("cpu", torch.bfloat16):
        loss = linear_cross_entropy(hidden, weight, bias, targets)
    assert loss.dtype == torch.float32
    for ours, expected in zip(torch.autograd.grad(loss, [hidden, weight, bias]), exact, strict=True):
        assert (ours - expected).abs().max() < 0.03 * expected.abs().max()


def test_without_gradients_nothing_is_kept() -> None:
    hidden, weight, bias = (part.detach() for part in inputs())
    targets = torch.randint(50, (70,))
    loss = linear_cross_entropy(hidden, weight, bias, targets)
    assert not loss.requires_grad
    torch.testing.assert_close(loss, functional.cross_entropy(hidden @ weight.t() + bias, targets, reduction="sum"))


def test_a_sample_of_everything_is_exact() -> None:
    hidden, weight, bias = inputs(torch.float64)
    targets = torch.randint(50, (70,))
    targets[::6] = IGNORED
    whole = linear_cross_entropy(hidden, weight, bias, targets)
    sampled = SampledVocabulary.from_counts(torch.arange(50), 50).loss(hidden, weight.__getitem__, bias, targets)
    torch.testing.assert_close(sampled, whole)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=80), st.integers(1, 100))
def test_the_chances_of_types_sum_to_the_size_and_follow_their_counts(counts: list[int], size: int) -> None:
    chances = SampledVocabulary.from_counts(torch.tensor(counts), size).inclusion
    assert abs(chances.sum().item() - min(size, len(counts))) < 1e-6
    assert chances.max() <= 1
    assert (chances[torch.tensor(counts).argsort()].diff() >= 0).all()


def test_as_many_types_as_asked_for_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden, weight, bias = inputs()
    sizes = []

    def spy(hidden: torch.Tensor, weight: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        sizes.append(len(weight))
        return hidden.sum()

    monkeypatch.setattr("seqcli.model.softmax.linear_cross_entropy", spy)
    vocabulary = SampledVocabulary.from_counts(torch.arange(50), 20)
    for _ in range(30):
        vocabulary.loss(hidden, weight.__getitem__, bias, torch.full((70,), 49))
    assert set(sizes) <= {20, 21, 22}
    assert len(sizes) == 30


def test_label_smoothing_with_a_sample_is_over_the_whole_vocabulary() -> None:
    hidden, weight, bias = inputs(torch.float64)
    targets = torch.randint(10, (70,))
    targets[::6] = IGNORED
    vocabulary = SampledVocabulary.from_counts(torch.arange(50), 50)
    smoothed = vocabulary.loss(hidden, weight.__getitem__, bias, targets, label_smoothing=0.2)
    expected = linear_cross_entropy(hidden, weight, bias, targets, label_smoothing=0.2)
    torch.testing.assert_close(smoothed, expected)
    leaves = [hidden, weight, bias]
    torch.testing.assert_close(torch.autograd.grad(smoothed, leaves), torch.autograd.grad(expected, leaves))


def test_the_sampled_normaliser_is_unbiased() -> None:
    hidden, weight, bias = (part.detach() for part in inputs(torch.float64, rows=1))
    target = torch.tensor([3])
    vocabulary = SampledVocabulary.from_counts(torch.arange(50).flip(0), 15)
    logit = (hidden @ weight.t() + bias)[0, 3]
    draws = [(vocabulary.loss(hidden, weight.__getitem__, bias, target) + logit).exp() for _ in range(4000)]
    z = (hidden @ weight.t() + bias).exp().sum()
    assert abs(torch.stack(draws).mean() / z - 1) < 0.05


def test_rows_that_are_not_scored_do_not_count_in_a_sample() -> None:
    hidden, weight, bias = inputs()
    targets = torch.full((70,), IGNORED)
    loss = SampledVocabulary.from_counts(torch.arange(50), 15).loss(hidden, weight.__getitem__, bias, targets)
    loss.backward()
    assert loss.item() == 0
    assert hidden.grad is not None
    assert hidden.grad.abs().max() == 0


def test_no_gradients_are_formed_where_none_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are two thirds of the work."""
    hidden, weight, bias = inputs()
    targets = torch.randint(50, (70,))
    expected = linear_cross_entropy(hidden, weight, bias, targets)

    def unwanted(*args: object, **kwargs: object) -> None:
        raise AssertionError("a gradient's product")

    monkeypatch.setattr(torch, "mm", unwanted)
    with torch.no_grad():
        assert linear_cross_entropy(hidden, weight, bias, targets).item() == expected.item()
    with pytest.raises(AssertionError, match="a gradient's product"):
        linear_cross_entropy(hidden, weight, bias, targets)
