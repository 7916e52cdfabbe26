"""Every cell: worked numbers, exact parameter counts, torch's own layers, step against sequence against gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from seqcli.model.cells import CELLS, cell_step, parameter_shapes, rnn_step, state_size
from seqcli.model.sequence import run_sequence
from seqcli.model.stack import RecurrentLayer, RecurrentStack
from seqcli.model.stepping import StackShape, SteppingStack


def test_simple_cell_reproduces_the_worked_example() -> None:
    weight = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])  # rows: the two states, then the input
    parameters = {"weight": weight, "bias": np.array([0.1, -0.1])}
    state = (np.zeros((1, 2)),)
    expected_states = [[0.53704957, 0.46211716], [0.85973818, 0.88366641]]
    expected_outputs = [1.56128388, 2.72707101]
    for x, expected, output in zip([1.0, 2.0], expected_states, expected_outputs, strict=True):
        h, state = rnn_step(parameters, np.array([[x]]), state)
        np.testing.assert_allclose(h[0], expected, atol=5e-9)
        np.testing.assert_allclose(h[0] @ [1, 2] + 0.1, output, atol=5e-9)
    tensors = {name: torch.from_numpy(value) for name, value in parameters.items()}
    outputs, _ = run_sequence("rnn", tensors, torch.tensor([[[1.0]], [[2.0]]]).double(), (torch.zeros(1, 2).double(),))
    np.testing.assert_allclose(outputs[:, 0].numpy(), expected_states, atol=5e-9)


@pytest.mark.parametrize(("x", "h"), [(1, 2), (5, 7), (200, 100)])
def test_parameter_counts(x: int, h: int) -> None:
    def count(cell: str) -> int:
        return sum(int(np.prod(shape)) for shape in parameter_shapes(cell, x, h).values())

    assert count("rnn") == (h + x) * h + h
    assert count("lstm") == 4 * ((h + x) * h + h)
    assert count("peephole-lstm") == count("lstm") + 3 * h
    assert count("gru") == 3 * ((h + x) * h + 2 * h)
    assert sum(p.numel() for p in RecurrentLayer("rnn", x, h).parameters()) == (h + x) * h + h


def test_peephole_gates_see_the_cells_they_should() -> None:
    """i and f move with the old c, o with the new one, by hand for one unit."""
    parameters = {
        "weight_ih": np.array([[0.5], [-0.3], [0.8], [0.1]]),
        "weight_hh": np.array([[0.2], [0.4], [-0.1], [0.3]]),
        "bias": np.array([0.0, 1.0, 0.1, -0.2]),
        "peephole": np.array([[0.7], [-0.6], [0.9]]),
    }
    x, h, c = 1.5, 0.25, -0.4
    s = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
    i = s(0.5 * x + 0.2 * h + 0.0 + 0.7 * c)
    f = s(-0.3 * x + 0.4 * h + 1.0 - 0.6 * c)
    new_c = f * c + i * np.tanh(0.8 * x - 0.1 * h + 0.1)
    new_h = s(0.1 * x + 0.3 * h - 0.2 + 0.9 * new_c) * np.tanh(new_c)
    output, state = cell_step("peephole-lstm", parameters, np.array([[x]]), (np.array([[h]]), np.array([[c]])))
    np.testing.assert_allclose([output[0, 0], state[0][0, 0], state[1][0, 0]], [new_h, new_h, new_c], rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_steps_equal_the_sequence(cell: str, kind: str) -> None:
    torch.manual_seed(0)
    shape = StackShape(cell, 5, 7, 3, output_size=4)
    stack = RecurrentStack(shape).double()
    x = torch.randn(6, 2, 5).double()
    outputs, state = stack(x)
    parameters = {k: v.detach().numpy() if kind == "numpy" else v for k, v in stack.state_dict().items()}
    stepping = SteppingStack(shape, parameters)
    frames = x.numpy() if kind == "numpy" else x
    stepped = stepping.initial_state(2, frames)
    for t in range(6):
        y, stepped = stepping.step(frames[t], stepped)
        np.testing.assert_allclose(y, outputs[t].detach(), atol=1e-12)
    for ours, theirs in zip(stepped, state, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b.detach(), atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_sequence_gradients(cell: str) -> None:
    torch.manual_seed(0)
    layer = RecurrentLayer(cell, 3, 4).double()
    names = [name for name, _ in layer.named_parameters()]
    state = tuple(torch.randn(2, 4).double().requires_grad_() for _ in range(state_size(cell)))
    x = torch.randn(5, 2, 3).double().requires_grad_()

    def run(x: torch.Tensor, *rest: torch.Tensor) -> tuple[torch.Tensor, ...]:
        parameters = dict(zip(names, rest[len(state) :], strict=True))
        outputs, last = run_sequence(cell, parameters, x, rest[: len(state)])
        return (outputs, *last)

    assert torch.autograd.gradcheck(run, (x, *state, *layer.parameters()))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_layers_equal_torchs(cell: str) -> None:
    torch.manual_seed(0)
    ours = RecurrentLayer(cell, 5, 7)
    theirs = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](5, 7)
    with torch.no_grad():
        if cell == "rnn":
            theirs.weight_hh_l0.copy_(ours.weight[:7].t())
            theirs.weight_ih_l0.copy_(ours.weight[7:].t())
        else:
            theirs.weight_ih_l0.copy_(ours.weight_ih)
            theirs.weight_hh_l0.copy_(ours.weight_hh)
        theirs.bias_ih_l0.copy_(ours.bias_ih if cell == "gru" else ours.bias)
        theirs.bias_hh_l0.copy_(ours.bias_hh if cell == "gru" else torch.zeros_like(theirs.bias_hh_l0))
    x = torch.randn(9, 3, 5)
    torch.testing.assert_close(ours(x)[0], theirs(x)[0])


def test_a_peephole_lstm_without_peepholes_is_an_lstm() -> None:
    torch.manual_seed(0)
    plain, peephole = RecurrentLayer("lstm", 5, 7), RecurrentLayer("peephole-lstm", 5, 7)
    peephole.load_state_dict({**plain.state_dict(), "peephole": torch.zeros(3, 7)})
    x = torch.randn(9, 3, 5)
    torch.testing.assert_close(plain(x)[0], peephole(x)[0])


@pytest.mark.parametrize("cell", CELLS)
def test_bfloat16_sequences_agree_within_rounding(cell: str) -> None:
    torch.manual_seed(0)
    layer, x = RecurrentLayer(cell, 16, 16), torch.randn(12, 4, 16)
    exact = layer(x)[0]
    with torch.autocast("cpu", torch.bfloat16):
        rounded = layer(x)[0]
    assert (rounded.float() - exact).abs().max() < 0.03
