"""What the training loop needs to know of a task: a model, its loss on a batch, its validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from seqcli.training.options import Validation


class Stateless:
    """Base of tasks that carry nothing from batch to batch."""

    def carried(self) -> dict[str, Tensor]:
        return {}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        pass


class TrainingTask(Protocol):
    """One model being trained on one set of data. The order of data is a pure function of the task's seed, the epoch
    and the batch number, so a run can go on from anywhere. Each of several processes gets its share of a batch."""

    @property
    def model(self) -> nn.Module: ...

    @property
    def tables(self) -> Sequence[nn.Parameter]:
        """Parameters of which a batch uses a few rows: their gradients may be sparse, and single rows are updated."""
        ...

    def num_batches(self, epoch: int) -> int:
        """How many batches an epoch has, at least one."""
        ...

    def parts(self, epoch: int, index: int) -> Sequence[Any]:
        """This process's share of batch `index` of an epoch, on the model's device, in the parts its threads take."""
        ...

    def loss(self, part: Any) -> tuple[Tensor, int]:
        """A part's contribution to the mean loss per token of this process's share, with gradients, and its tokens.
        Called for all parts of a batch at once, each in a thread of its own."""
        ...

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        """Measure the model, which is in evaluation mode: quickly, on a fixed part of the validation data if it is
        large, or on all of it if `final`."""
        ...

    def carried(self) -> dict[str, Tensor]:
        """State other than the weights that is carried from batch to batch (hidden state), for exact resumption: one
        row per sequence of this process's share."""
        ...

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Restore what `carried` returned, in all processes."""
        ...
