"""How weights move along their gradients: AdamW, and a bound on the gradients' norm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

BETA1, EPSILON = 0.9, 1e-8


class AdamW:
    """AdamW (Loshchilov & Hutter 2019) by torch's fused kernel; biases and peepholes are not decayed.

    Bit for bit what `torch.optim.AdamW(fused=True)` does, without its first use: that imports torch's compiler, which
    takes as long as importing torch itself.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], *, beta2: float, weight_decay: float) -> None:
        matrices = [p for p in parameters if p.ndim > 1 and min(p.shape) > 3]
        others = [p for p in parameters if not (p.ndim > 1 and min(p.shape) > 3)]
        self.beta2 = beta2
        self.parameters = matrices + others
        self.decays = [weight_decay] * len(matrices) + [0.0] * len(others)
        self.steps = [torch.zeros((), device=p.device) for p in self.parameters]
        self.means = [torch.zeros_like(p) for p in self.parameters]  # of the gradients
        self.squares = [torch.zeros_like(p) for p in self.parameters]  # means of theirs

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter that has a gradient, at the learning rate `rate`."""
        for decay in dict.fromkeys(self.decays):
            chosen = [n for n, p in enumerate(self.parameters) if p.grad is not None and self.decays[n] == decay]
            if not chosen:
                continue
            steps = [self.steps[n] for n in chosen]
            torch._foreach_add_(steps, 1)
            torch._fused_adamw_(
                [self.parameters[n] for n in chosen],
                [gradient for n in chosen if (gradient := self.parameters[n].grad) is not None],
                [self.means[n] for n in chosen],
                [self.squares[n] for n in chosen],
                [],
                steps,
                lr=rate,
                beta1=BETA1,
                beta2=self.beta2,
                weight_decay=decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )

    def tensors(self) -> dict[str, Tensor]:
        """The live state, named by a parameter's number and the quantity."""
        return {
            f"{number}/{name}": values[number]
            for number in range(len(self.parameters))
            for name, values in self._quantities().items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up what `tensors` gave."""
        for name, value in self.tensors().items():
            if name in tensors:  # a parameter that had no gradient yet may have none
                value.copy_(tensors[name])

    def _quantities(self) -> dict[str, list[Tensor]]:
        return {"step": self.steps, "exp_avg": self.means, "exp_avg_sq": self.squares}


def clip_gradients(parameters: Sequence[nn.Parameter], limit: float) -> float:
    """Scale the gradients down to the global norm `limit` (Pascanu et al. 2013), and give the norm they had."""
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if norm > limit:  # the usual clipping scales by one otherwise, which reads and writes every gradient once more
        nn.utils.clip_grads_with_norm_(parameters, limit, norm)
    return norm.item()
