"""The output layer in training: linear map, softmax and cross-entropy in one fused, chunked step.

On a CPU the output layer costs more than the recurrence, and much of that is memory traffic: a (tokens, vocabulary)
array of logits, its softmax and its gradient. Here the rows are taken in chunks that stay in the cache, and a chunk's
gradients are formed while its probabilities are at hand, so nothing of that size is ever kept.

`linear_cross_entropy` is exact over the vocabulary it is given. `SampledVocabulary` gives it a part of the vocabulary:
the importance-sampled softmax (Bengio & Senécal 2003; Jean et al. 2015), for training where full products are slow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqcli.model.randomness import present_generator

IGNORED = -100  # a target that is not scored: padding, or a step whose loss is not wanted


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, *, label_smoothing: float = 0.0, chunk: int = 512
) -> Tensor:
    """Sum over the scored rows of -log softmax(hidden @ weightᵀ + bias)[target], in nats, as an fp32 scalar.

    hidden (n, features), weight (vocabulary, features), bias (vocabulary,), targets (n,) with IGNORED for rows that are
    not scored. With `label_smoothing` ε the target distribution is (1 - ε) one-hot + ε / vocabulary (Szegedy et al.
    2016). Products run in the autocast type under torch.autocast, sums always in fp32 (or fp64 for fp64 input).
    """
    device = hidden.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
    # inside the function gradients are always off, and its context asks for them even where they are off outside
    learning = torch.is_grad_enabled() and any(part.requires_grad for part in (hidden, weight, bias))
    with torch.autocast(device, enabled=False):
        loss: Tensor = _LinearCrossEntropy.apply(  # type: ignore[no-untyped-call]
            hidden, weight, bias, targets, _Settings(label_smoothing, chunk, dtype, learning)
        )
    return loss


class _Settings(NamedTuple):
    """How the layer is computed: label smoothing, rows of a chunk, the products' type, whether gradients are wanted."""

    smoothing: float
    chunk: int
    dtype: torch.dtype
    learning: bool


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, settings: _Settings) -> Tensor:
        smoothing, chunk, dtype, learning = settings
        rows, vocabulary = hidden.shape[0], weight.shape[0]
        wide = torch.promote_types(hidden.dtype, torch.float32)
        gradients = [torch.empty_like(hidden, dtype=wide)] if learning else []
        gradients += [torch.zeros_like(part, dtype=wide) for part in (weight, bias) if learning]
        w = weight.to(dtype)
        buffer = torch.empty(min(chunk, rows), vocabulary, dtype=wide, device=hidden.device)
        total = torch.zeros((), dtype=torch.float64, device=hidden.device)
        for start in range(0, rows, chunk):
            h = hidden[start : start + chunk].to(dtype)
            y = targets[start : start + chunk]
            scored = y != IGNORED
            y = torch.where(scored, y, 0)[:, None]
            logits = buffer[: h.shape[0]]
            if dtype == wide:
                torch.addmm(bias, h, w.t(), out=logits)
            else:
                torch.add(h @ w.t(), bias, out=logits)
            top = logits.amax(1, keepdim=True)
            losses = -(1 - smoothing) * logits.gather(1, y)[:, 0]
            if smoothing:
                losses -= smoothing * logits.mean(1)
            z = logits.sub_(top).exp_().sum(1)
            losses += top[:, 0] + z.log()
            total += torch.where(scored, losses, 0).sum(dtype=torch.float64)
            if not learning:
                continue
            # The gradient of the loss by the logits, times z. Dividing by z is left to the narrow sides of the
            # products: every pass over (rows, vocabulary) counts.
            if smoothing:
                logits.sub_((smoothing / vocabulary * z)[:, None])
            logits.scatter_add_(1, y, (smoothing - 1) * z[:, None])
            of_hidden, *others = gradients
            _add_gradients(logits, torch.where(scored, 1 / z, 0), h, w, (of_hidden[start : start + chunk], *others))
        if learning:
            ctx.save_for_backward(*gradients)
        return total.to(wide)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        grad_hidden, grad_weight, grad_bias = ctx.saved_tensors
        return grad_hidden * grad, grad_weight * grad, grad_bias * grad, None, None


def _add_gradients(delta: Tensor, scale: Tensor, h: Tensor, w: Tensor, gradients: tuple[Tensor, ...]) -> None:
    """Fill the gradient of a chunk's rows, and add to those of the weight and the bias. `delta` (rows, vocabulary)
    times `scale` (rows,) is the gradient by the logits; h and w are in the products' type."""
    of_rows, of_weight, of_bias = gradients
    of_bias.addmv_(delta.t(), scale)
    narrow, scaled = delta.to(h.dtype), (h * scale[:, None]).to(h.dtype)
    if h.dtype == of_weight.dtype:
        torch.mm(narrow, w, out=of_rows)
        of_weight.addmm_(narrow.t(), scaled)
    else:
        of_rows.copy_(narrow @ w)
        of_weight += narrow.t() @ scaled
    of_rows *= scale[:, None]


@dataclass(frozen=True)
class SampledVocabulary:
    """Which part of the vocabulary a training step sums over. The batch's own targets always take part; every other
    type does so with its chance in `inclusion` (vocabulary,), fp64, and minus the logarithm of that chance is added to
    its logit, so that the estimate of the normaliser is unbiased over the draws."""

    inclusion: Tensor

    @classmethod
    def from_counts(cls, counts: Tensor, size: int) -> SampledVocabulary:
        """About `size` types a step, each with a chance that grows with its count (vocabulary,) to the power 3/4. The
        normaliser is estimated best where chances follow what the model gives the types; the power below 1 bounds how
        much a rare type counts when it is drawn. (Counts to the power 3/4: Mikolov et al. 2013.)"""
        weights = (counts.double() + 1) ** 0.75
        falling = weights.sort(descending=True).values
        behind = falling.flip(0).cumsum(0).flip(0)  # of each place and all after it
        # the most frequent `sure` types take part for certain, the others share what is left of the size
        scales = (size - torch.arange(len(counts), device=counts.device)) / behind
        sure = (scales * falling <= 1).nonzero()[:1, 0]
        return cls((weights * scales[sure]).clamp(max=1.0) if len(sure) else torch.ones_like(weights))

    def loss(
        self,
        hidden: Tensor,
        rows_of: Callable[[Tensor], Tensor],
        bias: Tensor,
        targets: Tensor,
        *,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """As `linear_cross_entropy`, the normaliser estimated from the sample. `rows_of` gives the weight's rows
        (n, features) of some types (n,). The draw is this thread's."""
        total = self._cross_entropy(hidden, rows_of, bias, targets)
        if label_smoothing:
            # smoothing takes ε of the target's logit and gives it to the mean of all logits: that mean is exact
            scored = targets != IGNORED
            weight = rows_of(torch.arange(len(bias), device=bias.device))
            rows, y = hidden[scored].to(weight.dtype), targets[scored]
            with torch.autocast(hidden.device.type, enabled=False):
                mean = rows @ weight.mean(0) + bias.mean()
                total = total + label_smoothing * ((rows * weight[y]).sum(1) + bias[y] - mean).sum()
        return total

    def _cross_entropy(
        self, hidden: Tensor, rows_of: Callable[[Tensor], Tensor], bias: Tensor, targets: Tensor
    ) -> Tensor:
        vocabulary = len(bias)
        seen = torch.zeros(vocabulary, dtype=torch.bool, device=targets.device)
        seen[targets[targets != IGNORED]] = True
        # systematic sampling: the chances laid end to end, a type for each point u, u + 1, u + 2, … within its stretch
        points = (self.inclusion.cumsum(0) + torch.rand((), generator=present_generator()).item()).floor()
        drawn = points.diff(prepend=points.new_zeros(1)) > 0
        chosen = (seen | drawn | (self.inclusion == 1)).nonzero()[:, 0]
        correction = torch.where(seen, 0.0, -self.inclusion.log())[chosen].to(bias.dtype)
        position = torch.full((vocabulary,), IGNORED, device=targets.device)
        position[chosen] = torch.arange(len(chosen), device=targets.device)
        scored = torch.where(targets == IGNORED, IGNORED, position[targets.clamp(min=0)])
        return linear_cross_entropy(hidden, rows_of(chosen), bias[chosen] + correction, scored)
