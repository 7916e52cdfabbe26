"""The recurrent stack: carried state, both directions, padding, dropout that is locked and gone in evaluation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqcli.model.cells import CELLS, cell_of
from seqcli.model.stack import RecurrentStack, locked_dropout
from seqcli.model.stepping import StackShape, SteppingStack


@pytest.mark.parametrize("cell", CELLS)
def test_carrying_the_state_over_a_cut_changes_nothing(cell: str) -> None:
    torch.manual_seed(0)
    stack = RecurrentStack(StackShape(cell, 3, 4, 2))
    x = torch.randn(10, 2, 3)
    whole, _ = stack(x)
    first, state = stack(x[:4])
    second, _ = stack(x[4:], state)
    torch.testing.assert_close(torch.cat((first, second)), whole)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_does_not_reach_a_sequence(cell: str, bidirectional: bool) -> None:
    torch.manual_seed(0)
    stack = RecurrentStack(StackShape(cell, 3, 4, 2, bidirectional=bidirectional))
    lengths = torch.tensor([6, 2, 5])
    x = torch.randn(6, 3, 3)
    outputs, last = stack.encode(x, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, alone_last = stack.encode(x[:length, row : row + 1], torch.tensor([length]))
        torch.testing.assert_close(outputs[:length, row], alone[:, 0])
        for ours, expected in zip(last, alone_last, strict=True):
            torch.testing.assert_close(ours[row], expected[0])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_numpy_encodes_as_torch_does(cell: str, bidirectional: bool) -> None:
    torch.manual_seed(0)
    shape = StackShape(cell, 3, 4, 2, bidirectional=bidirectional)
    stack = RecurrentStack(shape).double()
    x, lengths = torch.randn(6, 3, 3).double(), torch.tensor([6, 2, 5])
    outputs, last = stack.encode(x, lengths)
    numpy_stack = SteppingStack(shape, {k: v.numpy() for k, v in stack.state_dict().items()})
    ours, ours_last = numpy_stack.sequence(x.numpy(), lengths.numpy())
    np.testing.assert_allclose(ours, outputs.detach(), atol=1e-12)
    for a, b in zip(ours_last, last, strict=True):
        np.testing.assert_allclose(a, b.detach(), atol=1e-12)


def test_parameter_names_are_the_shapes() -> None:
    shape = StackShape("lstm", 3, 4, 2, bidirectional=True, output_size=5)
    stack = RecurrentStack(shape)
    assert {name: tuple(value.shape) for name, value in stack.state_dict().items()} == shape.parameter_shapes()


def test_locked_dropout_drops_a_feature_for_all_steps() -> None:
    torch.manual_seed(0)
    dropped = locked_dropout(torch.ones(20, 8, 50), 0.4, True)
    assert (dropped == dropped[0]).all()
    torch.testing.assert_close(dropped.unique(), torch.tensor([0.0, 1 / 0.6]))
    assert 0.5 < (dropped[0] > 0).float().mean() < 0.7


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell_of(cell).recurrent])
def test_weight_dropout_acts_in_training_only(cell: str) -> None:
    torch.manual_seed(0)
    stack = RecurrentStack(StackShape(cell, 3, 16, 1), weight_dropout=0.5)
    before = {name: value.clone() for name, value in stack.state_dict().items()}
    x = torch.randn(10, 2, 3)
    one, two = stack(x)[0], stack(x)[0]
    assert not torch.equal(one, two)
    one.sum().backward()
    assert all(p.grad is not None for p in stack.parameters())
    stack.eval()
    torch.testing.assert_close(stack(x)[0], stack(x)[0])
    assert all(torch.equal(before[name], value) for name, value in stack.state_dict().items())
    stack.train()
    assert not torch.equal(stack(x)[0], one)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell_of(cell).recurrent])
def test_weight_dropout_drops_recurrent_weights_alone_one_mask_for_all_steps(cell: str) -> None:
    """With the recurrent weights at zero it does nothing; the share and the scale are those of dropout."""
    torch.manual_seed(0)
    stack = RecurrentStack(StackShape(cell, 3, 16, 1), weight_dropout=0.3)
    layer = stack.layers[0]
    x = torch.randn(10, 2, 3)
    with torch.no_grad():
        recurrent = layer.get_parameter(cell_of(cell).recurrent or "")[: 16 if cell == "rnn" else None]
        kept = recurrent.clone()
        recurrent.zero_()
        assert torch.equal(stack(x)[0], stack(x)[0])
        recurrent.copy_(kept)
    # a run with one mask is the run of a layer that has the masked weights
    torch.manual_seed(1)
    dropped = stack(x)[0]
    torch.manual_seed(1)
    masked = torch.nn.functional.dropout(kept, 0.3)
    with torch.no_grad():
        recurrent.copy_(masked)
    stack.eval()
    torch.testing.assert_close(stack(x)[0], dropped)
    assert 0.2 < (masked == 0).float().mean() < 0.4


def test_a_bidirectional_stack_refuses_to_carry_state() -> None:
    with pytest.raises(ValueError, match="encode"):
        RecurrentStack(StackShape("gru", 3, 4, 1, bidirectional=True))(torch.zeros(2, 1, 3))
