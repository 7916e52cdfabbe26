"""The progress of training: a live display on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import math
import os
import sys
import time
from typing import TYPE_CHECKING

from seqcli.cli import console
from seqcli.cli.charts import sparkline
from seqcli.cli.options import format_duration

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from seqcli.training.options import Progress

_LINE_INTERVAL = 10.0  # seconds of training between two plain lines
_REFRESH_INTERVAL = 0.125  # seconds between two redraws
_BAR_WIDTH, _HISTORY_WIDTH = 20, 24  # with what stands beside them, 80 columns


class TrainingDisplay:
    """Shows `Progress` on stderr; use it as a context manager and call it with each `Progress`. `metric` is the key of
    the validation metrics to show, with its history, or several, of which the first that the validations have is shown;
    `unit` is what the speed counts. Under `-q` nothing is shown."""

    def __init__(self, metric: str | tuple[str, ...], *, unit: str = "tokens") -> None:
        self._metric, self._unit = metric, unit
        self._live: Live | None = None
        self._latest: Progress | None = None
        self._last_line = 0.0
        self._last_refresh = -math.inf

    def __enter__(self) -> TrainingDisplay:
        if not console.verbosity.get().quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from rich.live import Live

            # Notices written to stderr meanwhile are put above the display by rich.
            self._live = Live(console=console.rich_console(sys.stderr), auto_refresh=False, redirect_stdout=False)
            self._live.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._live is not None:
            if self._latest is not None:
                self._live.update(_live_display(self._latest, self._metric, self._unit), refresh=True)
            self._live.stop()
            self._live = None
        elif self._latest is not None and self._latest.seconds > self._last_line:
            console.notice(plain_line(self._latest, self._metric, self._unit))

    def __call__(self, progress: Progress) -> None:
        """Show where the run stands; cheap enough to be called at every step."""
        self._latest = progress
        if progress.notice:
            console.notice(progress.notice)
        if progress.seconds - self._last_line >= _LINE_INTERVAL:
            self._last_line = progress.seconds
            say = console.notice if self._live is None else console.record
            say(plain_line(progress, self._metric, self._unit))
        now = time.monotonic()
        if self._live is not None and now - self._last_refresh >= _REFRESH_INTERVAL:
            self._last_refresh = now
            self._live.update(_live_display(progress, self._metric, self._unit), refresh=True)


def plain_line(progress: Progress, metric: str | tuple[str, ...], unit: str = "tokens") -> str:
    """Where the run stands, in one line of text."""
    metric = _shown(metric, progress)
    parts = [f"{progress.share:4.0%}", _time(progress), f"step {progress.step:,}", f"epoch {progress.epoch:.2f}"]
    validated = [f"validation {_name(metric)} {_number(v.metrics[metric])}" for v in progress.history[-1:]]
    return ", ".join(parts + _figures(progress, unit, *validated))


def _time(progress: Progress) -> str:
    left = progress.seconds_left
    known = format_duration(left) + " left" if math.isfinite(left) else "starting"
    return f"{format_duration(progress.seconds)} gone, {known}"


def _figures(progress: Progress, unit: str, *more: str) -> list[str]:
    if math.isnan(progress.loss):  # a finished run, taken up
        return list(more)
    speed = f"{progress.tokens_per_second:,.0f} {unit}/s"
    return [f"loss {progress.loss:.4f}", *more, speed, f"learning rate {progress.learning_rate:.3g}"]


def _live_display(progress: Progress, metric: str | tuple[str, ...], unit: str) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    metric = _shown(metric, progress)
    filled = round(min(max(progress.share, 0.0), 1.0) * _BAR_WIDTH)
    bar = Text.assemble(
        ("━" * filled, "green"),
        ("━" * (_BAR_WIDTH - filled), "dim"),
        f" {progress.share:4.0%}  {_time(progress)}  step {progress.step:,}  epoch {progress.epoch:.2f}",
    )
    rows = [bar, Text("   ".join(_figures(progress, unit)))]
    if progress.history:
        values = [validation.metrics[metric] for validation in progress.history]
        best = min(progress.history, key=lambda validation: validation.score).metrics[metric]
        rows.append(
            Text.assemble(
                f"validation {_name(metric)} ",
                (sparkline(values, _HISTORY_WIDTH), "cyan"),
                f" {_number(values[0])} → {_number(values[-1])}, best {_number(best)}",
            )
        )
        sample = progress.history[-1].sample
        if sample:
            rows.append(Text(console.escape(" ".join(sample.split())), style="italic"))
    for row in rows:
        row.no_wrap = True
        row.overflow = "ellipsis"
    return Group(*rows)


def _shown(metric: str | tuple[str, ...], progress: Progress) -> str:
    """The metric to show: the first of several that the validations have."""
    if isinstance(metric, str):
        return metric
    measured = progress.history[-1].metrics if progress.history else {}
    return next((name for name in metric if name in measured), metric[-1])


def _name(metric: str) -> str:
    return {"bleu": "BLEU", "f1": "F1"}.get(metric, metric.replace("_", " "))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
