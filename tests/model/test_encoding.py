"""Sentences of falling length through a stack on NumPy, against the steps one by one."""

from __future__ import annotations

import numpy as np
import pytest

from seqcli.model import encoding
from seqcli.model.cells import CELLS
from seqcli.model.stepping import StackShape, SteppingStack


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(("block", "most"), [(1, 1), (7, 2), (4096, 3)])
def test_outputs_are_those_of_the_sequence(cell, bidirectional, block, most, monkeypatch):
    monkeypatch.setattr(encoding, "BLOCK", block)
    random = np.random.default_rng(0)
    shape = StackShape(cell, 5, 6, 2, bidirectional)
    parameters = {name: random.normal(size=size).astype(np.float32) for name, size in shape.parameter_shapes().items()}
    stack, sizes = SteppingStack(shape, parameters), np.array([2, 9, 1, 3, 4, 1])
    lanes = encoding.Lanes.pack(sizes, most)
    table, other = random.normal(size=(7, 3)).astype(np.float32), random.normal(size=(20, 2)).astype(np.float32)
    places = lanes.spread(np.cumsum(sizes) - sizes)
    inputs = encoding.Inputs(table, random.integers(1, 6, 20)[places], ((other, places),))
    weight = random.normal(size=(3, 6 * shape.directions)).astype(np.float32)
    found, products = encoding.encode(stack, inputs, lanes), encoding.encode(stack, inputs, lanes, weight)
    for sentence, size in enumerate(sizes):
        own = np.array([sentence]), np.arange(size)[:, None]
        expected, _ = stack.sequence(lanes.gather(inputs.vectors(), *own), np.array([size]))
        assert lanes.gather(found, *own) == pytest.approx(expected, abs=1e-5)
        assert lanes.gather(products, *own) == pytest.approx(expected @ weight.T, abs=1e-5)
    behind = np.arange(len(places))[:, None] >= lanes.lengths
    assert (found[behind] == 0).all()
    assert (products[behind] == 0).all()


def test_lanes_hold_every_step_once_and_are_about_as_long():
    random = np.random.default_rng(0)
    for count in (1, 5, 300):
        sizes = random.integers(1, 40, count)
        lanes = encoding.Lanes.pack(sizes, 8)
        places = lanes.spread(np.cumsum(sizes) - sizes)
        inside = np.arange(len(places))[:, None] < lanes.lengths
        assert sorted(places[inside].tolist()) == list(range(sizes.sum()))
        assert (np.diff(lanes.lengths) <= 0).all()
        assert lanes.lengths[0] <= max(sizes.max(), lanes.lengths.mean() + sizes.max())


def test_gates_that_are_far_from_zero_are_shut_without_a_warning(recwarn):
    shape = StackShape("lstm", 1, 2, 1, bidirectional=True)
    parameters = {name: np.full(size, 100, np.float32) for name, size in shape.parameter_shapes().items()}
    stack = SteppingStack(shape, parameters)
    inputs = encoding.Inputs(np.array([[-90.0], [90.0]], np.float32), np.array([[0], [1], [0]]))
    expected, _ = stack.sequence(inputs.vectors(), np.array([3]))
    assert encoding.encode(stack, inputs, encoding.Lanes.pack(np.array([3]), 1)) == pytest.approx(expected, abs=1e-6)
    assert not recwarn
