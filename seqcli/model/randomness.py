"""The random numbers of training (dropout masks, samples): each thread can have a generator of its own.

torch's own generator serves all threads, so with several of them what each draws would depend on who comes first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

import torch
from torch import Tensor

_GENERATOR: ContextVar[torch.Generator | None] = ContextVar("generator", default=None)


@contextlib.contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Draw this thread's random numbers from `generator` within the context."""
    before = _GENERATOR.set(generator)
    try:
        yield
    finally:
        _GENERATOR.reset(before)


def present_generator() -> torch.Generator | None:
    """The generator this thread draws from; None is torch's own."""
    return _GENERATOR.get()


def kept(shape: Sequence[int], share: float, like: Tensor) -> Tensor:
    """Zeros with the chance `share` and ones, on the device and in the type of `like`."""
    empty = torch.empty(*shape, dtype=like.dtype, device=like.device)
    return empty.bernoulli_(1 - share, generator=present_generator())


def dropout_mask(shape: Sequence[int], share: float, like: Tensor) -> Tensor:
    """`kept`, scaled so that a product with it keeps its mean (Srivastava et al. 2014)."""
    return kept(shape, share, like).div_(1 - share)
