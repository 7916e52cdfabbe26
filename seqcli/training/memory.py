"""How much memory training a model takes, estimated before it is made."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

from seqcli.errors import UsageError

COPIES = 5  # of the parameters in fp32: weights, gradients, the optimizer's two moments, the best so far


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
