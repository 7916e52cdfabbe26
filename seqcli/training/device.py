"""The device, its memory, and the number format of matrix products, measured on this machine rather than guessed."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seqcli.errors import UsageError
from seqcli.model.products import multiplies_bf16

COPIES = 5  # of the parameters in fp32: weights, gradients, the optimizer's two moments, the best so far


def choose_device(wanted: str = "auto") -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `mps`; `UsageError` when it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device("cuda" if there["cuda"] else "cpu")
    if not there[wanted]:
        raise UsageError(f"this machine (or this build of torch) has no {wanted} device", hint="use --device cpu")
    return torch.device(wanted)


def choose_precision(wanted: str, device: torch.device) -> str:
    """`fp32` or `bf16`; `auto` is bf16 if this processor's bf16 products are at least 1.5 times as fast."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    # without such instructions bf16 would be emulated: there is nothing to time
    return "bf16" if device.type == "cpu" and multiplies_bf16() and _bf16_gain() > 1.5 else "fp32"


def tensors_on(device: str, arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """A checkpoint's parameters as torch tensors on a device."""
    where = choose_device(device)
    return {name: torch.from_numpy(value.copy()).to(where) for name, value in arrays.items()}


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """The context in which products run in `precision`."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def _bf16_gain() -> float:
    """How many times as fast a product is in bf16 as in fp32, on one thread. Another program that occupies the
    processor for a moment must not decide the precision of a whole run: the two formats take turns, and the best of
    twenty counts. With two threads, one would wait for the other if that was interrupted."""
    threads = torch.get_num_threads()
    best = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    torch.set_num_threads(1)
    try:
        for _ in range(20):  # the first also loads the library
            for dtype in best:
                a = torch.ones(512, 512, dtype=dtype)
                start = time.perf_counter()
                a @ a
                best[dtype] = min(best[dtype], time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return best[torch.float32] / best[torch.bfloat16]


def check_memory(shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise `UsageError` if parameters of these shapes cannot be trained in this machine's memory."""
    count = sum(math.prod(shape) for shape in shapes.values())
    needed, there = 4 * COPIES * count, memory()
    if needed > there:
        raise UsageError(
            f"a model of {count:,} parameters takes about {needed / 2**30:,.0f} GiB to train; "
            f"this machine has {there / 2**30:,.0f} GiB",
            hint="use a smaller --hidden, --layers, --embedding or --vocab-size, or leave them out",
        )


def memory() -> int:
    """The memory of this machine, or of the container that this process runs in, in bytes."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return whole
    return min(whole, int(limit)) if limit.isdigit() else whole
