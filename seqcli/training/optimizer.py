"""The optimizer: AdamW, for single rows of large tables too, and gradient clipping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seqcli.errors import CheckpointError

EPSILON = 1e-8


class AdamW:
    """AdamW (Loshchilov & Hutter 2019) by torch's fused kernel; biases and peepholes are not decayed.

    Bit for bit what `torch.optim.AdamW(fused=True)` does, without its first use: that imports torch's compiler, which
    takes as long as importing torch itself.

    Of the tables `by_rows` only the rows that have a gradient are read and written: where there are many types, and few
    of them in a batch, this saves most of a step's time. A row moves by its gradient alone, without the mean of earlier
    ones (β₁ = 0), so that one without a gradient rests; with its next one its second moment and its weight decay make
    up for the steps it missed. So all is as if every row had been moved at every step, but for the decay of rows that
    are resting at the end.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        *,
        beta1: float = 0.9,
        beta2: float,
        weight_decay: float,
        by_rows: Sequence[nn.Parameter] = (),
    ) -> None:
        matrices = [p for p in parameters if p.ndim > 1 and min(p.shape) > 3]
        others = [p for p in parameters if not (p.ndim > 1 and min(p.shape) > 3)]
        self.beta1, self.beta2 = beta1, beta2
        self.parameters = matrices + others
        self.decays = [weight_decay] * len(matrices) + [0.0] * len(others)
        self.steps = [torch.zeros((), device=p.device) for p in self.parameters]
        tables = {id(p) for p in by_rows}
        self.moved = {  # for each row of a table, the step that moved it last
            number: torch.zeros(len(p), device=p.device) for number, p in enumerate(self.parameters) if id(p) in tables
        }
        self.means = {  # of the gradients
            number: torch.zeros_like(p) for number, p in enumerate(self.parameters) if number not in self.moved
        }
        self.squares = [torch.zeros_like(p) for p in self.parameters]  # means of theirs

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update every parameter that has a gradient, with the learning rate `rate`."""
        for decay in dict.fromkeys(self.decays):
            chosen = [n for n in self.means if self.parameters[n].grad is not None and self.decays[n] == decay]
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
                beta1=self.beta1,
                beta2=self.beta2,
                weight_decay=decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )
        for number in self.moved:
            if (gradient := self.parameters[number].grad) is not None:
                self._move_rows(number, gradient, rate)

    def _move_rows(self, number: int, gradient: Tensor, rate: float) -> None:
        if gradient.is_sparse:
            gradient = gradient.coalesce()
            rows, values = gradient.indices()[0], gradient.values()
        else:
            rows = gradient.any(1).nonzero()[:, 0]
            values = gradient[rows]
        table, squares, moved = self.parameters[number], self.squares[number], self.moved[number]
        step = self.steps[number].add_(1)
        passed = (step - moved[rows])[:, None]
        square = (squares[rows] * self.beta2**passed).addcmul_(values, values, value=1 - self.beta2)
        kept = table[rows] * (1 - rate * self.decays[number]) ** passed
        slope = (square / (1 - self.beta2**step)).sqrt_().add_(EPSILON)
        table[rows] = kept.addcdiv_(values, slope, value=-rate)
        squares[rows] = square
        moved[rows] = step

    def tensors(self) -> dict[str, Tensor]:
        """The live state; the names are a parameter's number and the quantity."""
        return {
            f"{number}/{name}": values[number]
            for number in range(len(self.parameters))
            for name, values in self._quantities().items()
            if number in values
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Load what `tensors` returned; `CheckpointError` if it belongs to other parameters."""
        own = self.tensors()
        if {name: value.shape for name, value in own.items()} != {name: t.shape for name, t in tensors.items()}:
            raise CheckpointError("the training state's optimizer is of another model")
        for name, value in own.items():
            value.copy_(tensors[name])

    def _quantities(self) -> dict[str, dict[int, Tensor]]:
        return {
            "step": dict(enumerate(self.steps)),
            "exp_avg": self.means,
            "exp_avg_sq": dict(enumerate(self.squares)),
            "moved": self.moved,
        }


def clip_gradients(parameters: Sequence[nn.Parameter], limit: float) -> float:
    """Scale the gradients down to the global norm `limit` (Pascanu et al. 2013); returns the norm before."""
    gradients = []
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            gradients.append(parameter.grad.values())
        elif parameter.grad is not None:
            gradients.append(parameter.grad)
    norm = nn.utils.get_total_norm(gradients).item()
    if norm > limit:  # the usual clipping scales by one otherwise, which reads and writes every gradient once more
        torch._foreach_mul_(gradients, limit / (norm + 1e-6))
    return norm
