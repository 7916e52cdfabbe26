"""What a forecaster learns: the quantiles of what follows windows of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqcli.forecasting.engine import Setting
from seqcli.forecasting.recurrent.config import QUANTILES
from seqcli.forecasting.recurrent.network import ForecastNetwork
from seqcli.forecasting.recurrent.windows import History, Windows, inputs_at, make_windows, origins, past_values
from seqcli.training.options import Validation
from seqcli.training.run import Run
from seqcli.training.task import Stateless
from seqcli.training.workers import part_count

MOST_STEPS = 24  # steps ahead of a batch of windows that are learnt from, drawn from a longer horizon


def scaled_quantile_loss(network: nn.Module, windows: Windows) -> Tensor:
    """Each window's quantile loss, twice the mean pinball loss in units of MASE. (batch,)"""
    inputs = windows.inputs
    seen = (inputs.past, inputs.steps, inputs.series, inputs.future, inputs.candidates)
    quantiles = network(*(torch.from_numpy(part) for part in seen))
    weight = torch.from_numpy(windows.weight.T.copy())
    error = torch.from_numpy(windows.target.T.copy())[..., None] - quantiles
    levels = torch.tensor(QUANTILES)
    pinball = 2 * torch.maximum(levels * error, (levels - 1) * error).mean(-1)
    return (pinball * weight).sum(0) / (weight > 0).sum(0).clamp(min=1)


@dataclass(frozen=True)
class Cuts:
    """Where the windows of a batch's part end: (windows,) each of their series and ends, the steps `ahead` that are
    learnt from, and what share of the batch they are."""

    series: np.ndarray
    ends: np.ndarray
    ahead: np.ndarray
    share: float


class ForecastTask(Stateless):
    """A network, the windows of a panel it learns from, and each series' last horizon to validate on. Windows end in
    columns before `history.length` - horizon, so the validation part is never a target in training. Several processes
    divide each batch: with any number of them the same is learnt from the same steps."""

    tables: Sequence[nn.Parameter] = ()

    def __init__(
        self, network: ForecastNetwork, history: History, setting: Setting, batch_size: int, run: Run[Any]
    ) -> None:
        self.model, self.history, self.season, self.processes = network, history, setting.season, run.processes
        self.device = next(network.parameters()).device
        self.horizon, self.batch_size, self.seed = setting.horizon, batch_size, run.request.seed
        self.held_out = history.length - setting.horizon
        least, spans = origins(history.length - history.begin, setting.horizon, setting.season)
        self.series = np.repeat(np.arange(len(spans)), spans)
        first = history.begin + least
        self.ends = np.concatenate([np.arange(a, a + n) for a, n in zip(first, spans, strict=True)]).astype(np.int64)
        self.valid_series = np.flatnonzero(self.held_out - history.begin >= max(4, setting.horizon))
        self._order: tuple[int, np.ndarray] | None = None

    def num_batches(self, epoch: int) -> int:
        return max(1, len(self.ends) // self.batch_size)

    def parts(self, epoch: int, index: int) -> list[Cuts]:
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, np.random.default_rng((self.seed, epoch)).permutation(len(self.ends)))
        chosen = self._order[1][index * self.batch_size : (index + 1) * self.batch_size]
        chosen = chosen[self.processes.shard(len(chosen))]
        ahead = np.arange(self.horizon)
        if self.horizon > MOST_STEPS:  # which differ from batch to batch
            random = np.random.default_rng((self.seed, epoch, index))
            ahead = np.sort(random.choice(self.horizon, MOST_STEPS, replace=False))
        parts = np.array_split(chosen, part_count(self.device, len(chosen)))
        return [Cuts(self.series[part], self.ends[part], ahead, len(part) / len(chosen)) for part in parts]

    def _windows(self, series: np.ndarray, ends: np.ndarray, ahead: np.ndarray) -> Windows:
        inputs = inputs_at(self.history, series, ends, ahead, self.season)
        past, _ = past_values(self.history, series, ends, self.season)
        places = series[:, None], ends[:, None] + ahead
        actual = np.where(self.history.observed[places], self.history.values[places], np.nan)
        return make_windows(inputs, past, actual, self.season)

    def loss(self, part: Cuts) -> tuple[Tensor, int]:
        windows = self._windows(part.series, part.ends, part.ahead)  # here: each thread makes its own
        losses = scaled_quantile_loss(self.model, windows)
        return losses.mean() * part.share, windows.target.size

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        series = self.valid_series if final else self.valid_series[:: max(1, len(self.valid_series) // 1500)]
        total = count = 0.0
        for start in range(0, len(series), 256):
            part = series[start : start + 256]
            windows = self._windows(part, np.full(len(part), self.held_out), np.arange(self.horizon))
            losses = scaled_quantile_loss(self.model, windows)
            total += losses.sum().item()
            count += len(part)
        return Validation(step, seconds, {"score": total / count, "quantile_loss": total / count})
