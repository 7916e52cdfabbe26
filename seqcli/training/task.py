"""What the training loop needs to know of a task: a model, its loss on a batch, its validation."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn

from seqcli.training.options import Validation


class TrainingTask(Protocol):
    """One model being trained on one set of data.

    The order of data is a pure function of the seed the task was made with, the epoch and the batch's number, so that a
    run can be taken up anywhere. One that several processes train gives each its share of every batch.
    """

    @property
    def model(self) -> nn.Module: ...

    def num_batches(self, epoch: int) -> int:
        """How many batches an epoch has, at least one."""
        ...

    def batch(self, epoch: int, index: int) -> Any:
        """Batch `index` of an epoch, on the model's device."""
        ...

    def loss(self, batch: Any) -> tuple[Tensor, int]:
        """The mean loss a token that is to be minimised, with gradients, and the number of tokens of this process."""
        ...

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        """Measure the model, which is in evaluation mode: quickly, on a fixed part of the validation data if it is
        large, and on all of it when `final`."""
        ...

    def carried(self) -> dict[str, Tensor]:
        """What is carried from batch to batch beside the weights (hidden state), for exact resumption: one row for
        each sequence of this process's share."""
        ...

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `carried` gave, in all processes."""
        ...
