"""The history of a run as a CSV file next to the model: a row every few seconds and one per validation."""

from __future__ import annotations

from pathlib import Path

from seqcli.training.options import Progress

COLUMNS = ("step", "epoch", "seconds", "loss", "learning_rate", "tokens_per_second", "valid_score")
INTERVAL = 5.0  # seconds between rows


def is_foreign(path: Path) -> bool:
    """Whether there is a file that was not written by a training run."""
    header = ",".join(COLUMNS).encode()
    if not path.is_file():
        return path.exists()
    with path.open("rb") as file:
        return file.read(len(header)) not in (header, b"")


class TrainingLog:
    """Appends to `path`, which has `validations` rows of them already; None, for a new run, starts a new file."""

    def __init__(self, path: Path, validations: int | None = None) -> None:
        self.path = path
        self._last, self._validations = float("-inf"), validations or 0
        if validations is None or not path.exists():
            self._write(",".join(COLUMNS), "w")

    def add(self, progress: Progress) -> None:
        """Write a row if the last one is `INTERVAL` seconds old or a validation has come."""
        validated = len(progress.history) > self._validations
        if not validated and progress.seconds - self._last < INTERVAL:
            return
        self._last, self._validations = progress.seconds, len(progress.history)
        score = f"{progress.history[-1].score:.5f}" if validated else ""
        reached = f"{progress.step},{progress.epoch:.4f},{progress.seconds:.2f},{progress.loss:.5f}"
        self._write(f"{reached},{progress.learning_rate:.3g},{progress.tokens_per_second:.0f},{score}", "a")

    def _write(self, row: str, mode: str) -> None:
        with self.path.open(mode, encoding="utf-8") as file:
            file.write(row + "\n")
