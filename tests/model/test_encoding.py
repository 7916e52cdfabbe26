"""Sentences of falling length through a stack on NumPy, against the steps one by one."""

from __future__ import annotations

import numpy as np
import pytest

from seqcli.model import encoding
from seqcli.model.cells import CELLS
from seqcli.model.stepping import StackShape, SteppingStack


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("block", [1, 7, 4096])
def test_outputs_are_those_of_the_sequence(cell, bidirectional, block, monkeypatch):
    monkeypatch.setattr(encoding, "BLOCK", block)
    random = np.random.default_rng(0)
    shape = StackShape(cell, 5, 6, 2, bidirectional)
    parameters = {name: random.normal(size=size).astype(np.float32) for name, size in shape.parameter_shapes().items()}
    stack, lengths = SteppingStack(shape, parameters), np.array([9, 9, 4, 1])
    x = random.normal(size=(9, 4, 5)).astype(np.float32)
    expected, _ = stack.sequence(x, lengths)
    found = encoding.encode(stack, x, lengths)
    for row, length in enumerate(lengths):
        assert found[:length, row] == pytest.approx(expected[:length, row], abs=1e-5)
        assert (found[length:, row] == 0).all()


def test_gates_that_are_far_from_zero_are_shut_without_a_warning(recwarn):
    shape = StackShape("lstm", 1, 2, 1, bidirectional=True)
    parameters = {name: np.full(size, 100, np.float32) for name, size in shape.parameter_shapes().items()}
    stack = SteppingStack(shape, parameters)
    x = np.array([[[-90.0]], [[90.0]], [[-90.0]]], np.float32)
    expected, _ = stack.sequence(x, np.array([3]))
    assert encoding.encode(stack, x, np.array([3])) == pytest.approx(expected, abs=1e-6)
    assert not recwarn
