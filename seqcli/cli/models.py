"""The model file that a command uses if none is named."""

from __future__ import annotations

from pathlib import Path

from seqcli.cli import console

FOLDER = Path("checkpoints")


def find_model(model: str | None, task: str) -> Path:
    """`model`, else the newest model of `task` in `checkpoints/`, which is named on stderr.

    Raises CheckpointError when there is none.
    """
    if model is not None:
        return Path(model)
    from seqcli.files.checkpoint import newest_checkpoint

    path = newest_checkpoint(FOLDER, task)
    console.notice(f"using {path}")
    return path
