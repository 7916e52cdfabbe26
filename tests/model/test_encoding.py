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
    table, beside = (random.normal(size=size).astype(np.float32) for size in ((7, 3), (9, 4, 2)))
    inputs = encoding.Inputs(table, random.integers(1, 6, (9, 4)), (beside,))
    expected, _ = stack.sequence(inputs.vectors(), lengths)
    weight = random.normal(size=(3, expected.shape[2])).astype(np.float32)
    found, products = encoding.encode(stack, inputs, lengths), encoding.encode(stack, inputs, lengths, weight)
    for row, length in enumerate(lengths):
        assert found[:length, row] == pytest.approx(expected[:length, row], abs=1e-5)
        assert products[:length, row] == pytest.approx(expected[:length, row] @ weight.T, abs=1e-5)
        assert (found[length:, row] == 0).all()
        assert (products[length:, row] == 0).all()


def test_gates_that_are_far_from_zero_are_shut_without_a_warning(recwarn):
    shape = StackShape("lstm", 1, 2, 1, bidirectional=True)
    parameters = {name: np.full(size, 100, np.float32) for name, size in shape.parameter_shapes().items()}
    stack = SteppingStack(shape, parameters)
    inputs = encoding.Inputs(np.array([[-90.0], [90.0]], np.float32), np.array([[0], [1], [0]]))
    expected, _ = stack.sequence(inputs.vectors(), np.array([3]))
    assert encoding.encode(stack, inputs, np.array([3])) == pytest.approx(expected, abs=1e-6)
    assert not recwarn
