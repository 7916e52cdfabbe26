"""Weights that are kept in addition to the current ones: their moving average, and the best so far."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


class KeptWeights:
    """The exponential moving average of a model's weights with `decay` (0: none), and the best weights. If there is an
    average, it is what is validated and kept as the best."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay = model, decay
        self.average: dict[str, Tensor] = copy_weights(model) if decay else {}
        self.best: dict[str, Tensor] = {}

    def update(self, step: int) -> None:
        """Add the weights after `step` updates to the average."""
        if not self.average:
            return
        # early weights are far from where they go: the average forgets them faster (as in TensorFlow's EMA)
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1 - decay)

    @contextlib.contextmanager
    def in_model(self) -> Iterator[None]:
        """Put the average, if there is one, into the model for the duration of the context."""
        if not self.average:
            yield
            return
        current = copy_weights(self.model)
        self.model.load_state_dict(self.average)
        try:
            yield
        finally:
            self.model.load_state_dict(current)

    def keep_as_best(self) -> None:
        self.best = copy_weights(self.model)

    def put_in_model(self, *, best: bool) -> None:
        """Leave the best weights in the model, or the average."""
        chosen = self.best if best else self.average
        if chosen:
            self.model.load_state_dict(chosen)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        return {"average": self.average, "best": self.best}

    def restore(self, average: Mapping[str, Tensor], best: Mapping[str, Tensor], device: torch.device) -> None:
        """Restore what `tensors` returned; an average that was not kept starts from the current weights."""
        if self.average:
            before = average or self.model.state_dict()
            self.average = {name: value.to(device, copy=True) for name, value in before.items()}
        self.best = {name: value.to(device) for name, value in best.items()}
