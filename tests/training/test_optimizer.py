"""AdamW against torch's own, bit for bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seqcli.errors import CheckpointError
from seqcli.training.optimizer import AdamW, clip_gradients


def make_parameters() -> list[nn.Parameter]:
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(shape)) for shape in ((5,), (6, 4), (3, 8), (), (4, 4))]


def set_gradients(parameters: list[nn.Parameter], step: int) -> None:
    """Of a step's own; the second parameter gets its first one late, the last one has none now and then."""
    generator = torch.Generator().manual_seed(step)
    for number, parameter in enumerate(parameters):
        gradient = torch.randn(parameter.shape, generator=generator)
        parameter.grad = None if (number == 1 and step < 3) or (number == 4 and step % 3 == 0) else gradient


@pytest.mark.parametrize("beta1", [0.9, 0.0])
def test_it_is_torchs_bit_for_bit_also_when_taken_up_again(beta1: float) -> None:
    ours, theirs = make_parameters(), make_parameters()
    decayed = [theirs[1], theirs[4]]  # matrices that are no peepholes
    reference = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": 0.3},
            {"params": [theirs[0], theirs[2], theirs[3]], "weight_decay": 0.0},
        ],
        betas=(beta1, 0.99),
        fused=True,
    )
    optimizer = AdamW(ours, beta1=beta1, beta2=0.99, weight_decay=0.3)
    for step in range(8):
        if step == 5:
            state = {name: value.clone() for name, value in optimizer.tensors().items()}
            optimizer = AdamW(ours, beta1=beta1, beta2=0.99, weight_decay=0.3)
            optimizer.restore(state)
        rate = 0.1 / (step + 1)
        for group in reference.param_groups:
            group["lr"] = rate
        set_gradients(ours, step)
        set_gradients(theirs, step)
        optimizer.step(rate)
        reference.step()
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    # states saved by torch's optimizer have the same names
    known = reference.state_dict()["state"]
    theirs_named = {f"{number}/{name}": value for number, values in known.items() for name, value in values.items()}
    assert theirs_named.keys() == optimizer.tensors().keys()
    assert all(torch.equal(theirs_named[name], value) for name, value in optimizer.tensors().items())


ROWS, WIDTH = 9, 4


def sparse_gradient(step: int) -> torch.Tensor:
    """Of three rows, one of which comes twice."""
    generator = torch.Generator().manual_seed(step)
    rows = torch.randperm(ROWS, generator=generator)[:3]
    rows = torch.cat((rows, rows[:1]))
    return torch.sparse_coo_tensor(
        rows[None], torch.randn(4, WIDTH, generator=generator), (ROWS, WIDTH), check_invariants=True
    )


@pytest.mark.parametrize("dense", [False, True])
def test_a_table_moves_as_if_every_row_were_moved_every_step_without_momentum(dense: bool) -> None:
    ours, theirs = (nn.Parameter(torch.ones(ROWS, WIDTH)) for _ in range(2))
    optimizer = AdamW([ours], beta2=0.9, weight_decay=0.0, by_rows=[ours])
    reference = torch.optim.AdamW([theirs], lr=0.05, betas=(0.0, 0.9), weight_decay=0.0)
    for step in range(20):
        if step == 10:
            state = {name: value.clone() for name, value in optimizer.tensors().items()}
            optimizer = AdamW([ours], beta2=0.9, weight_decay=0.0, by_rows=[ours])
            optimizer.restore(state)
        gradient = sparse_gradient(step)
        ours.grad, theirs.grad = (gradient.to_dense() if dense else gradient), gradient.to_dense()
        optimizer.step(0.05)
        reference.step()
        torch.testing.assert_close(ours, theirs)


def test_a_row_that_rested_is_decayed_for_the_steps_it_missed() -> None:
    table = nn.Parameter(torch.ones(5, 4))
    optimizer = AdamW([table], beta2=0.9, weight_decay=0.5, by_rows=[table])
    for row in (0, 1, 1, 0):
        table.grad = torch.zeros(5, 4).index_fill(0, torch.tensor(row), 1.0)
        before = table.detach().clone()
        optimizer.step(0.1)
    # rows 0 and 2: one step at once, then three rested, and the last makes up for them
    second = 0.1 * (1 + 0.9**3) / (1 - 0.9**4)
    torch.testing.assert_close(table[0], before[0] * 0.95**3 - 0.1 / second**0.5)
    assert (table[2] == 1).all()


def test_gradients_are_scaled_to_the_norm_of_all_of_them_rows_or_not() -> None:
    table, matrix = nn.Parameter(torch.zeros(ROWS, WIDTH)), nn.Parameter(torch.zeros(2, 3))
    table.grad, matrix.grad = sparse_gradient(0), torch.ones(2, 3)
    whole = torch.cat((table.grad.to_dense().flatten(), matrix.grad.flatten()))
    assert clip_gradients([table, matrix], 0.5) == pytest.approx(whole.norm().item())
    assert table.grad.is_sparse
    clipped = torch.cat((table.grad.to_dense().flatten(), matrix.grad.flatten()))
    torch.testing.assert_close(clipped, whole * 0.5 / whole.norm(), rtol=1e-5, atol=0)


def test_a_state_of_other_parameters_is_refused() -> None:
    table, other = nn.Parameter(torch.ones(ROWS, WIDTH)), nn.Parameter(torch.ones(ROWS, WIDTH + 1))
    state = AdamW([table], beta2=0.9, weight_decay=0.0).tensors()
    for differing in (AdamW([other], beta2=0.9, weight_decay=0.0), AdamW([table, other], beta2=0.9, weight_decay=0.0)):
        with pytest.raises(CheckpointError):
            differing.restore(state)
