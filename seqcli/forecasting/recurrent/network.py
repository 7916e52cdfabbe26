"""The forecaster in training: the recurrent encoder of a series' past, and two layers for each step ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES, ForecasterConfig
from seqcli.model.stack import RecurrentStack


class ForecastNetwork(nn.Module):
    """The encoder reads the past; two layers, for each step ahead, see its last state and what is known of the step.
    Quantiles rise by construction: the median, then positive steps away from it. Parameters as in
    `ForecasterConfig.parameter_shapes`."""

    def __init__(self, config: ForecasterConfig) -> None:
        super().__init__()
        self.encoder = RecurrentStack(config.encoder)
        width = config.width

        def matrix(rows: int, columns: int, gain: float = 1.0) -> nn.Parameter:
            return nn.Parameter(torch.randn(rows, columns) * gain / math.sqrt(columns))

        self.state_weight, self.future_weight = matrix(width, config.hidden), matrix(width, config.future_features)
        self.hidden_bias = nn.Parameter(torch.zeros(width))
        self.middle_weight, self.middle_bias = matrix(width, width), nn.Parameter(torch.zeros(width))
        # at the start quantiles lie around the anchor
        self.output_weight, self.output_bias = (
            matrix(len(QUANTILES), width, 0.05),
            nn.Parameter(torch.zeros(len(QUANTILES))),
        )

    def forward(self, past: Tensor, steps: Tensor, future: Tensor) -> Tensor:
        """past (time, batch, features) of `steps` (batch,) rows each, future (horizon, batch, features) -> quantiles
        (horizon, batch, quantiles)."""
        _, last = self.encoder.encode(past, steps)
        hidden = functional.linear(future, self.future_weight, self.hidden_bias)
        hidden = functional.silu(hidden + functional.linear(last[-1], self.state_weight))
        hidden = hidden + functional.silu(functional.linear(hidden, self.middle_weight, self.middle_bias))
        raw = functional.linear(hidden, self.output_weight, self.output_bias)
        apart = functional.softplus(raw)
        middle = raw[..., MIDDLE : MIDDLE + 1]
        above = middle + apart[..., MIDDLE + 1 :].cumsum(-1)
        below = middle - apart[..., :MIDDLE].flip(-1).cumsum(-1).flip(-1)
        return torch.cat([below, middle, above], dim=-1)

    def start_from(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take up the parameters of a network that may know fewer inputs: the new ones begin without influence."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                given = torch.from_numpy(np.asarray(tensors[name], np.float32))
                parameter.zero_()
                parameter[tuple(slice(size) for size in given.shape)] = given
