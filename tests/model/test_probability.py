"""Probabilities from logits: against their definitions, without overflow, for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqcli.model import probability
from seqcli.model.probability import log_softmax, softmax, surprisals


def test_softmax_and_its_logarithm_survive_large_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([1e4, 1e4 - 1])), [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))])
    np.testing.assert_allclose(log_softmax(np.array([[1e4, -1e4]])), [[0, -2e4]])
    torch.testing.assert_close(softmax(torch.tensor([[0.0, 0.0]])), torch.tensor([[0.5, 0.5]]))


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("block", [1, 40, 100_000])
def test_surprisals_are_what_the_logarithm_says(rows: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probability, "BLOCK", block)
    logits = np.random.default_rng(0).normal(0, 30, (rows, 13))
    targets = np.arange(rows) % 13
    expected = -log_softmax(logits.copy())[np.arange(rows), targets]
    np.testing.assert_allclose(surprisals(logits.copy(), targets), expected)
    twice = np.repeat(np.arange(rows), 2)
    np.testing.assert_allclose(surprisals(logits.copy(), targets[twice], twice), expected[twice])
