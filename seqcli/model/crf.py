"""A linear-chain conditional random field in training: log p of label sequences and its exact gradient.

The forward algorithm runs on probabilities that are scaled to sum to one at every step, so a step is one product of
(sentences, labels) with (labels, labels) rather than a logarithm of sums over all pairs. The gradient is the difference
between what was labelled and what is expected (Lafferty et al. 2001); the expectations come from one run backwards,
and those of the transitions, of all steps at once, from one product. `chain.py` is the same field in use, on NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqcli.model import loops
from seqcli.model.chain import FORBIDDEN
from seqcli.model.loops import without_lock

TINY, HUGE = 1e-30, 1e30  # bounds of scaled probabilities, far beyond what a label could still gain


def log_likelihood(
    emissions: Tensor, transitions: Tensor, start: Tensor, end: Tensor, labels: Tensor, lengths: np.ndarray
) -> Tensor:
    """log p(labels | emissions) of each sentence, in nats: (batch,), in fp32 or fp64.

    emissions (time, batch, labels), transitions (from, to), start and end (labels,): scores in nats; entries of at most
    `chain.FORBIDDEN` are forbidden. labels (time, batch), anything behind a sentence's end. lengths (batch,) of at
    least 1, falling. `ValueError` for lengths that rise.
    """
    if (np.diff(lengths) > 0).any():
        raise ValueError("the sentences of a batch must come longest first")
    wide = torch.promote_types(emissions.dtype, torch.float32)
    with torch.autocast(emissions.device.type, enabled=False):
        result: Tensor = _LogLikelihood.apply(  # type: ignore[no-untyped-call]
            emissions.to(wide), transitions.to(wide), start.to(wide), end.to(wide), labels, lengths
        )
    return result


class _LogLikelihood(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        transitions: Tensor,
        start: Tensor,
        end: Tensor,
        labels: Tensor,
        lengths: np.ndarray,
    ) -> Tensor:
        time, batch, _ = emissions.shape
        active = [int((lengths > t).sum()) for t in range(time)]
        rows, last = torch.arange(batch, device=emissions.device), torch.from_numpy(lengths - 1).to(emissions.device)
        inside = torch.arange(time, device=emissions.device)[:, None] <= last
        peaks = emissions.amax(2)
        weights = (emissions - peaks[:, :, None]).exp_()
        peak_start, peak_end, peak = start.max(), end.max(), transitions.max()
        first, final, pairs = (start - peak_start).exp_(), (end - peak_end).exp_(), (transitions - peak).exp_()

        forward, sums = torch.zeros_like(emissions), torch.ones_like(peaks)
        without_lock(loops.crf_forward)(weights, first, pairs, active, TINY, forward, sums)
        ends = (forward[last, rows] @ final).clamp_(min=TINY)
        norm = ((sums.log() + peaks) * inside).sum(0, dtype=torch.float64) + ends.log() + peak_start + peak_end
        norm += peak * last

        labels = torch.where(inside, labels, 0)
        own = (emissions.gather(2, labels[:, :, None])[:, :, 0] * inside).sum(0, dtype=torch.float64)
        moved = transitions[labels[:-1], labels[1:]] * inside[1:]
        own += moved.sum(0, dtype=torch.float64) + start[labels[0]] + end[labels[last, rows]]

        ctx.active = active
        ctx.save_for_backward(labels, inside, last, weights, final, pairs, forward, sums, ends)
        return (own - norm).to(emissions.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        labels, inside, last, weights, final, pairs, forward, sums, ends = ctx.saved_tensors
        _, batch, size = forward.shape
        rows = torch.arange(batch, device=grad.device)
        backward = torch.zeros_like(forward)  # what comes after a step, so that forward · backward sums to one
        backward[last, rows] = final / ends[:, None]
        onward = weights / sums[:, :, None]  # · backward: what comes from a step on
        without_lock(loops.crf_backward)(onward, pairs, ctx.active, HUGE, backward)
        expected = forward.mul(backward).mul_((grad * inside)[:, :, None])
        by_emission = expected.neg_()
        share = grad * inside
        by_emission.scatter_add_(2, labels[:, :, None], share[:, :, None])
        before = forward[:-1] * grad[:, None]
        by_pair = -(before.reshape(-1, size).t() @ onward[1:].reshape(-1, size)) * pairs
        by_pair.view(-1).index_add_(0, (labels[:-1] * size + labels[1:]).reshape(-1), share[1:].reshape(-1))
        by_start = by_emission[0].sum(0)
        by_end = -(forward[last, rows] * (final / ends[:, None]) * grad[:, None]).sum(0)
        by_end.index_add_(0, labels[last, rows], grad)
        return by_emission, by_pair, by_start, by_end, None, None


def forbid(transitions: Tensor, allowed: Tensor) -> Tensor:
    """Transition scores (from, to), or start or end scores, with those that are not `allowed` set to `FORBIDDEN`."""
    return torch.where(allowed, transitions, FORBIDDEN)
