"""The threads of one process that form the gradients of a batch together, each from a part of it.

Every thread takes its part through the whole model and back, and the gradients are added at the end of the step. Where
threads share each product instead, they wait for one another at the end of each: it costs a fifth of their time, and
most of it as soon as any other program runs. Each thread draws dropout masks and samples from a generator of its own,
so that a run is the same bit for bit however the threads take turns.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from seqcli.model.randomness import drawing_from
from seqcli.model.stack import RecurrentLayer
from seqcli.training.device import autocast
from seqcli.training.task import TrainingTask

ROWS = 8  # sequences that a part must have: products of fewer rows take as long as reading the weights does

SPEED_WIDTH, SPEED_ROWS, SPEED_STEPS = 512, 20, 35  # of the layer that a machine's speed is measured with
SPEED_SECONDS, SPEED_SPELLS = 0.15, 4

# glibc's parameters (malloc.h), and what they are set to in bytes: when freed memory goes back to the system, from
# which size on each array is given memory of its own, how much is asked for at once
MALLOC = {-1: 2**30, -3: 2**25, -2: 2**24}


def part_count(device: torch.device, rows: int) -> int:
    """How many parts `rows` sequences are best divided into: as many as this process has threads, as long as each part
    stays large enough; one on an accelerator."""
    return max(1, min(torch.get_num_threads(), rows // ROWS)) if device.type == "cpu" else 1


def training_speed(device: torch.device, precision: str) -> float:
    """Floating-point operations per second in training, by which recipes judge what a budget can pay for.

    Measured on an LSTM layer, forward and backward; on a processor in each thread with a part of a batch. The best of
    `SPEED_SPELLS` runs of `SPEED_SECONDS` counts: otherwise another program that runs for a moment would choose a model
    half as large for the whole run.
    """
    total, rows = torch.get_num_threads(), SPEED_ROWS if device.type == "cpu" else 4 * SPEED_ROWS
    count = part_count(device, rows)
    with torch.random.fork_rng(devices=[]):  # the run's own random numbers are to stay what they are
        layer = RecurrentLayer("lstm", SPEED_WIDTH, SPEED_WIDTH).to(device)
    x = torch.zeros(SPEED_STEPS, rows // count, SPEED_WIDTH, device=device, requires_grad=True)

    def learn() -> None:
        with autocast(device, precision):
            outputs, _ = layer(x)
        gradient, *_ = torch.autograd.grad(outputs, [x, *layer.parameters()], torch.ones_like(outputs))
        gradient[0, 0, 0].item()  # an accelerator is waited for

    def passes_a_second(_: int) -> float:
        torch.set_num_threads(total // count)  # of this thread's products
        learn()  # what comes first also makes things ready
        passes, started = 0, time.perf_counter()
        while (seconds := time.perf_counter() - started) < SPEED_SECONDS:
            learn()
            passes += 1
        return passes / seconds

    weights = sum(parameter.numel() for parameter in layer.parameters())
    with ThreadPoolExecutor(count) as pool:
        spells = [sum(pool.map(passes_a_second, range(count))) for _ in range(SPEED_SPELLS)]
    return 6.0 * weights * x.shape[0] * x.shape[1] * max(spells)


def keep_freed_memory() -> None:
    """Make glibc keep freed memory, where glibc is used. Every training step allocates and frees the same tens of
    megabytes. By default glibc returns them to the system each time, to be cleared anew: a tenth of a step."""
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in MALLOC.items():
            mallopt(parameter, value)


def give_back_freed_memory() -> None:
    """Make glibc return free memory: the gaps left by batches of ever different lengths add up to gigabytes."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


class Workers:
    """The threads, started at the first batch of several parts, and their random number generators."""

    def __init__(self, seed: int, rank: int) -> None:
        self.seed, self.rank = seed, rank
        keep_freed_memory()
        # parts that are made with NumPy would share its products' threads; set once, since setting it takes long
        self.products = threadpool_limits(1, "blas")
        self.total = torch.get_num_threads()
        self.threads = ThreadPoolExecutor(self.total, "worker")
        self.generators: list[torch.Generator] = []

    def gradients(
        self, task: TrainingTask, parts: Sequence[Any], parameters: Sequence[nn.Parameter], precision: str
    ) -> tuple[float, int]:
        """Give the parameters the gradients of the parts' losses; returns the sums of the losses and of the tokens."""
        device = parameters[0].device
        if len(parts) == 1:
            with autocast(device, precision):
                objective, tokens = task.loss(parts[0])
            objective.backward()  # type: ignore[no-untyped-call]
            return objective.item(), tokens
        while len(self.generators) < len(parts):
            seed = np.random.SeedSequence((self.seed, self.rank, len(self.generators))).generate_state(1, np.uint64)
            self.generators.append(torch.Generator().manual_seed(int(seed[0] >> 1)))
        each = self.total // len(parts)

        def learn(part: Any, generator: torch.Generator) -> tuple[float, int, tuple[Tensor | None, ...]]:
            torch.set_num_threads(each)  # of this thread's products
            with drawing_from(generator), autocast(device, precision):
                objective, tokens = task.loss(part)
            return objective.item(), tokens, torch.autograd.grad(objective, parameters, allow_unused=True)

        outcomes = list(self.threads.map(learn, parts, self.generators))
        used = [number for number, gradient in enumerate(outcomes[0][2]) if gradient is not None]
        sums, *others = [[gradient for gradient in gradients if gradient is not None] for *_, gradients in outcomes]
        for gradients in others:
            torch._foreach_add_(sums, gradients)
        for number, gradient in zip(used, sums, strict=True):
            parameters[number].grad = gradient
        return sum(value for value, _, _ in outcomes), sum(tokens for _, tokens, _ in outcomes)

    def random_state(self) -> dict[str, Tensor]:
        """The state of each thread's generator."""
        return {f"worker{number}": generator.get_state() for number, generator in enumerate(self.generators)}

    def restore_random_state(self, state: Mapping[str, Tensor]) -> None:
        """Restore what `random_state` returned."""
        while (name := f"worker{len(self.generators)}") in state:
            self.generators.append(torch.Generator().set_state(state[name]))

    def close(self) -> None:
        """End the threads, and give NumPy's products their threads back."""
        self.threads.shutdown()
        self.products.restore_original_limits()
