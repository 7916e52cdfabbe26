"""AdamW against torch's own, bit for bit."""

from __future__ import annotations

import torch
from torch import nn

from seqcli.training.optimizer import AdamW


def make_parameters() -> list[nn.Parameter]:
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(shape)) for shape in ((5,), (6, 4), (3, 8), (), (4, 4))]


def set_gradients(parameters: list[nn.Parameter], step: int) -> None:
    """Of a step's own; the second parameter gets its first one late, the last one has none now and then."""
    generator = torch.Generator().manual_seed(step)
    for number, parameter in enumerate(parameters):
        gradient = torch.randn(parameter.shape, generator=generator)
        parameter.grad = None if (number == 1 and step < 3) or (number == 4 and step % 3 == 0) else gradient


def test_it_is_torchs_bit_for_bit_also_when_taken_up_again() -> None:
    ours, theirs = make_parameters(), make_parameters()
    decayed = [theirs[1], theirs[4]]  # matrices that are no peepholes
    reference = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": 0.3},
            {"params": [theirs[0], theirs[2], theirs[3]], "weight_decay": 0.0},
        ],
        betas=(0.9, 0.99),
        fused=True,
    )
    optimizer = AdamW(ours, beta2=0.99, weight_decay=0.3)
    for step in range(8):
        if step == 5:
            state = {name: value.clone() for name, value in optimizer.tensors().items()}
            optimizer = AdamW(ours, beta2=0.99, weight_decay=0.3)
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
