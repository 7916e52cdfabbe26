"""Where a model comes from: what is needed to make it again."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from seqcli import __version__


def provenance(*, seed: int, fingerprint: str, options: dict[str, Any]) -> dict[str, Any]:
    """Seed, data fingerprint, resolved options, versions and time, as plain values for a checkpoint."""
    return {
        "seed": seed,
        "data_fingerprint": fingerprint,
        "options": options,
        "versions": {
            "seqcli": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "threads": torch.get_num_threads(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
