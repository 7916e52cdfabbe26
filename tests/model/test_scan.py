"""The scan of a linear recurrence: both ways of doing it against the recurrence itself, and its gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seqcli.model.scan import doubling, scan, stepwise


def inputs(time: int) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    keep = torch.rand(time, 2, 3, dtype=torch.float64)
    return keep, torch.randn(time, 2, 3, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)


@pytest.mark.parametrize("time", [1, 2, 3, 4, 7, 8, 9, 35])
def test_both_orders_of_work_are_the_recurrence(time: int) -> None:
    keep, added, h = inputs(time)
    expected = []
    start = h
    for k, v in zip(keep, added, strict=True):
        h = k * h + v
        expected.append(h)
    torch.testing.assert_close(stepwise(keep, added, start), torch.stack(expected))
    torch.testing.assert_close(doubling(keep, added, start), torch.stack(expected))


@pytest.mark.parametrize("time", [1, 2, 6])
def test_gradients(time: int) -> None:
    assert torch.autograd.gradcheck(scan, tuple(part.requires_grad_() for part in inputs(time)))


def test_shares_of_nought_and_one_forget_and_keep_all() -> None:
    _, candidate, start = inputs(5)
    torch.testing.assert_close(scan(torch.ones_like(candidate), candidate, start), start.expand(5, 2, 3))
    torch.testing.assert_close(scan(torch.zeros_like(candidate), candidate, start), candidate)
    assert doubling(torch.zeros_like(candidate), candidate, start).equal(candidate)
