"""The processes that train one model together, as torchrun starts them: what they exchange and what they agree on.

Data-parallel: every process has the whole model and its share of each batch, and one message a step sums the gradients.
The first process decides what depends on the machine or the clock (recipe, time spent, validation) and alone writes
files; the others follow it. A process on its own exchanges nothing and does not import torch for it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from seqcli.errors import DataError, SeqcliError, TrainingError, UsageError

if TYPE_CHECKING:
    from torch import Tensor, nn

T = TypeVar("T")

PATIENCE = timedelta(hours=24)  # for the first process's validation; a process that has ended is noticed at once
STEP_SECONDS = 600.0  # that a process may keep the others waiting in a step; SEQCLI_STEP_TIMEOUT overrides it


@dataclass(frozen=True)
class Processes:
    """This process's rank, the number of processes, whether it is the first on its machine, and torch's group for what
    is exchanged in each step and when saving, which has a shorter timeout than the default group."""

    rank: int = 0
    size: int = 1
    leads_machine: bool = True
    steps: Any = None

    @property
    def first(self) -> bool:
        """Whether this is the process that decides, reports and writes files."""
        return self.rank == 0

    def broadcast(self, function: Callable[[], T], *, as_a_step: bool = False) -> T:
        """The value of `function` in the first process, returned in all of them; an error is raised in all of them,
        too. `as_a_step`: no process may keep the others waiting longer than in a training step."""
        if self.size == 1:
            return function()
        told: list[Any] = list(_attempt(function) if self.first else (None, None))
        with _connected() as distributed:
            distributed.broadcast_object_list(told, src=0, group=self.steps if as_a_step else None)
        decided: T = _outcome(told[0], told[1])
        return decided

    def local_first(self, function: Callable[[], T]) -> T:
        """Each process's own `function()`; if it fails in any of them, all raise the first failed one's error. The
        first process of each machine runs first, so that the others find what it caches on disk."""
        if self.size == 1:
            return function()
        attempts = _attempt(function) if self.leads_machine else (None, None)
        self._gather(None)
        if not self.leads_machine:
            attempts = _attempt(function)
        problems = [problem for problem in self._gather(attempts[1]) if problem is not None]
        return _outcome(attempts[0], problems[0] if problems else None)

    def check_inputs(self, inputs: Sequence[str]) -> None:
        """Raise `UsageError` for inputs that several processes cannot read: `-`, standard input."""
        if self.size > 1 and "-" in inputs:
            raise UsageError("several processes cannot share standard input", hint="give the data as a file")

    def check_same(self, fingerprint: str) -> None:
        """Raise `DataError` unless all processes read the same data."""
        if self.size > 1 and len(set(self._gather(fingerprint))) > 1:
            raise DataError("the processes read different data", hint="give each machine the same files")

    def broadcast_weights(self, model: nn.Module) -> None:
        """Give every process the first one's weights."""
        if self.size > 1:
            with _connected() as distributed:
                for value in model.state_dict().values():
                    distributed.broadcast(value, src=0)

    def average_gradients(
        self, parameters: Sequence[nn.Parameter], loss: float, tokens: int, problem: Exception | None = None
    ) -> tuple[float, int]:
        """Average each gradient over the tokens of all processes; returns the mean loss and the number of all tokens.
        `loss` and the gradients are this process's means over its `tokens`. With a `problem` in any process all raise:
        that process its own, the others `TrainingError`."""
        if self.size == 1:
            if problem is not None:
                raise problem
            return loss, tokens
        import torch

        known = [torch.zeros_like(p) if p.grad is None else p.grad.to_dense() for p in parameters]
        figures = torch.tensor([loss * tokens if tokens else 0.0, tokens, problem is not None], device=known[0].device)
        message = torch.cat([gradient.reshape(-1).float() * tokens for gradient in known] + [figures])
        with _connected() as distributed:
            distributed.all_reduce(message, group=self.steps)
        loss, count, failures = message[-3:].tolist()
        if failures:
            raise problem or TrainingError("another process of this run ran out of memory", hint=OUT_OF_MEMORY)
        message.div_(count)
        place = 0
        for parameter, gradient in zip(parameters, known, strict=True):
            parameter.grad = message[place : place + gradient.numel()].view_as(gradient).to(gradient.dtype)
            place += gradient.numel()
        return loss / count, round(count)

    def any_stop(self, stop: bool, seconds: float) -> tuple[bool, float]:
        """Whether any process is to stop, and the first process's `seconds`."""
        if self.size == 1:
            return stop, seconds
        import torch

        message = torch.tensor([float(stop), seconds if self.first else 0.0], dtype=torch.float64)
        with _connected() as distributed:
            distributed.all_reduce(message, group=self.steps)
        return bool(message[0] > 0), message[1].item()

    def gather_rows(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tensors with one row per sequence of this process's share, concatenated over all processes in order."""
        if self.size == 1:
            return dict(tensors)
        import torch

        parts = self._gather({name: value.cpu() for name, value in tensors.items()}, self.steps)
        return {name: torch.cat([part[name] for part in parts]) for name in tensors}

    def gather_named(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of every process; those of process N > 0 have `@N` after their name."""
        if self.size == 1:
            return dict(tensors)
        parts = self._gather(dict(tensors), self.steps)
        named = {f"{name}@{rank}": value for rank, part in enumerate(parts) for name, value in part.items()}
        return {name.removesuffix("@0"): value for name, value in named.items()}

    def own_part(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """This process's part of what `gather_named` returned; empty if fewer processes were running then."""
        rank = str(self.rank or "")
        return {name.partition("@")[0]: value for name, value in tensors.items() if name.partition("@")[2] == rank}

    def shard(self, count: int) -> range:
        """Which of `count` sequences belong to this process: a contiguous range, divided as evenly as possible."""
        return range(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def _gather(self, value: Any, group: Any = None) -> list[Any]:
        values: list[Any] = [None] * self.size
        with _connected() as distributed:
            distributed.all_gather_object(values, value, group=group)
        return values


ALONE = Processes()
OUT_OF_MEMORY = "where the command has them, use a smaller --batch-size, --size or --bptt"


@contextlib.contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the other processes that torchrun started for this run, if there are any, and leave them at the end. They
    communicate through gloo, and through nccl for tensors on a GPU; process N of a machine uses its GPU N."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    import torch

    local = int(os.environ.get("LOCAL_RANK", "0"))
    on_gpu = device in ("auto", "cuda") and torch.cuda.is_available()
    if on_gpu:
        if local >= torch.cuda.device_count():
            raise UsageError(
                f"{local + 1} processes on this machine, but only {torch.cuda.device_count()} GPUs",
                hint="give torchrun a smaller --nproc-per-node, or seqcli --device cpu",
            )
        torch.cuda.set_device(local)
    with _connected() as distributed, _printing_nothing():
        distributed.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=PATIENCE)
        steps = distributed.new_group(timeout=timedelta(seconds=_step_seconds()))
    try:
        yield Processes(distributed.get_rank(), size, local == 0, steps)
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def _printing_nothing() -> Iterator[None]:
    """Around connecting: the Gloo of torch 2.8 says on standard output, where results go, whom it has connected to."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _attempt(function: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return function(), None
    except Exception as problem:
        return None, problem


def _outcome(value: T | None, problem: Exception | None) -> T:
    if problem is not None:
        raise problem
    return cast(T, value)


@contextlib.contextmanager
def _connected() -> Iterator[Any]:
    """torch's means of exchange; what it raises when another process is gone becomes a `TrainingError`."""
    from torch import distributed

    try:
        yield distributed
    except SeqcliError:
        raise
    except (RuntimeError, ValueError) as problem:
        late = "timed out" in str(problem).lower()
        what = f"has not answered for {_step_seconds():g} seconds" if late else "has ended or cannot be reached"
        where = "see what it said, or whether it is stopped; then" if late else "see what it said; then"
        hint = f"{where} continue from the last saved state with --resume"
        raise TrainingError(f"another process of this run {what}", hint=hint) from problem


def _step_seconds() -> float:
    try:
        return float(os.environ.get("SEQCLI_STEP_TIMEOUT", STEP_SECONDS))
    except ValueError:
        raise UsageError("SEQCLI_STEP_TIMEOUT must be a number of seconds") from None
