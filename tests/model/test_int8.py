"""Products with weights of eight bits: near the exact ones, row by row."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqcli.errors import UsageError
from seqcli.model.int8 import Int8Matrix


def test_products_are_near_the_exact_ones_whatever_the_rows_scale() -> None:
    random = np.random.default_rng(0)
    scales = 10.0 ** random.integers(-3, 3, (40, 1))
    matrix = (random.normal(size=(40, 64)) * scales).astype(np.float32)
    x = random.normal(size=(5, 64)).astype(np.float32)
    exact = x @ matrix.T
    rounded = x @ Int8Matrix(matrix).T
    assert rounded.dtype == np.float32
    error = np.abs(rounded - exact) / scales.T
    assert 0 < error.max() < 0.5  # a sum of 64 products of one, each off by about a hundredth


def test_a_row_does_not_depend_on_the_others() -> None:
    matrix = Int8Matrix(np.random.default_rng(0).normal(size=(40, 64)).astype(np.float32))
    x = np.random.default_rng(1).normal(size=(3, 64)).astype(np.float32) * np.array([[1], [100], [0.01]], np.float32)
    np.testing.assert_array_equal((x @ matrix.T)[2:], x[2:] @ matrix.T)


def test_zeros_stay_zeros() -> None:
    assert not (np.ones((2, 3), np.float32) @ Int8Matrix(np.zeros((4, 3), np.float32)).T).any()


def test_a_machine_without_such_products_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        engine = "none"

    monkeypatch.setattr(torch.backends, "quantized", Nothing)
    with pytest.raises(UsageError, match="8-bit"):
        Int8Matrix(np.ones((2, 2), np.float32))
