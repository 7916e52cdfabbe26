"""The forecaster in training: quantile loss of windows sampled from a panel."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.forecasting.forecaster import MIDDLE, QUANTILES, ForecasterConfig
from seqcli.forecasting.windows import History, make_windows
from seqcli.model.stack import RecurrentStack
from seqcli.training.options import Validation

Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class ForecastNetwork(nn.Module):
    """Parameters as in `ForecasterConfig.parameter_shapes`."""

    def __init__(self, config: ForecasterConfig, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = RecurrentStack(config.encoder, dropout=dropout)
        self.decoder = RecurrentStack(config.decoder, dropout=dropout)
        self.output_weight = nn.Parameter(torch.randn(len(QUANTILES), config.hidden) * 0.01)
        # at the start quantiles lie close around the anchor
        self.output_bias = nn.Parameter(torch.full((len(QUANTILES),), -1.0))
        with torch.no_grad():
            self.output_bias[MIDDLE] = 0.0

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        """past (time, batch, features), future (horizon, batch, features) -> quantiles (horizon, batch, quantiles)."""
        _, state = self.encoder(past)
        hidden, _ = self.decoder(future, state)
        raw = functional.linear(hidden, self.output_weight, self.output_bias)
        steps = functional.softplus(raw)
        middle = raw[..., MIDDLE : MIDDLE + 1]
        above = middle + steps[..., MIDDLE + 1 :].cumsum(-1)
        below = middle - steps[..., :MIDDLE].flip(-1).cumsum(-1).flip(-1)
        return torch.cat([below, middle, above], dim=-1)


class ForecastTask:
    """A network, the windows it learns from, and each series' last horizon to validate on.

    Windows end in columns before `history.length` - horizon, so the validation part is never a target in training.
    """

    def __init__(
        self,
        network: ForecastNetwork,
        config: ForecasterConfig,
        history: History,
        weights: np.ndarray,
        *,
        horizon: int,
        batch_size: int,
        seed: int,
    ) -> None:
        self.model, self.config, self.history, self.weights = network, config, history, weights
        self.horizon, self.batch_size, self.seed = horizon, batch_size, seed
        self.held_out = history.length - horizon
        least = np.minimum(config.season, 2 * horizon) if config.season > 1 else horizon
        first = history.begin + np.maximum(np.minimum(config.season, (self.held_out - history.begin) // 2), least // 2)
        spans = np.maximum(self.held_out - horizon - first + 1, 0)
        self.series = np.repeat(np.arange(len(spans)), spans)
        self.ends = np.concatenate([np.arange(a, a + n) for a, n in zip(first, spans, strict=True)]).astype(np.int64)
        self.valid_series = np.flatnonzero(self.held_out - history.begin >= max(4, horizon))
        self.quantile_levels = torch.tensor(QUANTILES)
        self._order: tuple[int, np.ndarray] | None = None

    def num_batches(self, epoch: int) -> int:
        return max(1, len(self.ends) // self.batch_size)

    def batch(self, epoch: int, index: int) -> Batch:
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, np.random.default_rng((self.seed, epoch)).permutation(len(self.ends)))
        chosen = self._order[1][index * self.batch_size : (index + 1) * self.batch_size]
        return self._windows(self.series[chosen], self.ends[chosen])

    def _windows(self, series: np.ndarray, ends: np.ndarray) -> Batch:
        config = self.config
        windows = make_windows(
            self.history, series, ends, context=config.context, horizon=self.horizon, season=config.season
        )
        actual = self.history.values[series[:, None], ends[:, None] + np.arange(self.horizon)]
        target = (actual - windows.anchor) / windows.scale[:, None]
        # errors count in units of the MASE scale, as they are judged
        weight = np.clip(windows.scale * self.weights[series], 0.1, 10.0)
        return (
            torch.from_numpy(windows.past),
            torch.from_numpy(windows.future),
            torch.from_numpy(np.clip(target, -50, 50).T.astype(np.float32)),
            torch.from_numpy(weight.astype(np.float32)),
        )

    def loss(self, batch: Batch) -> tuple[Tensor, int]:
        past, future, target, weight = batch
        error = target[..., None] - self.model(past, future)
        pinball = torch.maximum(self.quantile_levels * error, (self.quantile_levels - 1) * error)
        return 2 * (pinball.mean(-1) * weight).mean(), target.numel()

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        series = self.valid_series if final else self.valid_series[:: max(1, len(self.valid_series) // 1500)]
        total = count = 0.0
        for start in range(0, len(series), 1024):
            part = series[start : start + 1024]
            loss, _ = self.loss(self._windows(part, np.full(len(part), self.held_out)))
            total += loss.item() * len(part)
            count += len(part)
        return Validation(step, seconds, {"score": total / count, "quantile_loss": total / count})

    def carried(self) -> dict[str, Tensor]:
        return {}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        pass
