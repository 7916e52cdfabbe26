"""The fused output layer against torch's own linear map and cross-entropy."""

from __future__ import annotations

import pytest
import torch
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


def test_a_sample_of_everything_but_one_word_is_nearly_exact() -> None:
    hidden, weight, bias = inputs(torch.float64)
    targets = torch.randint(10, (70,))
    whole = linear_cross_entropy(hidden, weight, bias, targets)
    sampled = SampledVocabulary(torch.arange(50), head=10, tail=40).loss(hidden, weight, bias, targets)
    torch.testing.assert_close(sampled, whole)  # 40 of the other 40 drawn: nothing is estimated


def test_label_smoothing_with_a_sample_is_over_the_whole_vocabulary() -> None:
    hidden, weight, bias = inputs(torch.float64)
    targets = torch.randint(10, (70,))
    targets[::6] = IGNORED
    vocabulary = SampledVocabulary(torch.arange(50), head=10, tail=40)
    smoothed = vocabulary.loss(hidden, weight, bias, targets, label_smoothing=0.2)
    expected = linear_cross_entropy(hidden, weight, bias, targets, label_smoothing=0.2)
    torch.testing.assert_close(smoothed, expected)
    leaves = [hidden, weight, bias]
    torch.testing.assert_close(torch.autograd.grad(smoothed, leaves), torch.autograd.grad(expected, leaves))


def test_the_sampled_normaliser_is_unbiased() -> None:
    hidden, weight, bias = (part.detach() for part in inputs(torch.float64, rows=1))
    target = torch.tensor([3])
    vocabulary = SampledVocabulary(torch.arange(50).flip(0), head=5, tail=10)
    logit = (hidden @ weight.t() + bias)[0, 3]
    draws = [(vocabulary.loss(hidden, weight, bias, target) + logit).exp() for _ in range(4000)]
    z = (hidden @ weight.t() + bias).exp().sum()
    assert abs(torch.stack(draws).mean() / z - 1) < 0.05


def test_rows_that_are_not_scored_do_not_count_in_a_sample() -> None:
    hidden, weight, bias = inputs()
    targets = torch.full((70,), IGNORED)
    loss = SampledVocabulary(torch.arange(50), head=5, tail=10).loss(hidden, weight, bias, targets)
    loss.backward()
    assert loss.item() == 0
    assert hidden.grad is not None
    assert hidden.grad.abs().max() == 0
