"""The forecaster in training: the recurrent encoder of a series' past, and two layers for each step ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.forecasting.recurrent.config import MIDDLE, ForecasterConfig
from seqcli.model.stack import RecurrentStack


class ForecastNetwork(nn.Module):
    """The encoder reads the past; two layers, for each step ahead, see its last state, what kind of series it is and
    what is known of the step. They weigh the candidates against one another and say how far from their mean the
    quantiles are. These rise by construction: the median, then positive steps away from it. Parameters as in
    `ForecasterConfig.parameter_shapes`."""

    def __init__(self, config: ForecasterConfig) -> None:
        super().__init__()
        self.encoder = RecurrentStack(config.encoder)
        shapes = config.parameter_shapes()

        def matrix(name: str, gain: float = 1.0) -> nn.Parameter:
            return nn.Parameter(torch.randn(shapes[name]) * gain / math.sqrt(shapes[name][1]))

        def zeros(name: str) -> nn.Parameter:
            return nn.Parameter(torch.zeros(shapes[name]))

        self.token_weight, self.token_bias = matrix("token_weight"), zeros("token_bias")
        self.state_weight, self.series_weight = matrix("state_weight"), matrix("series_weight")
        self.future_weight, self.hidden_bias = matrix("future_weight"), zeros("hidden_bias")
        self.middle_weight, self.middle_bias = matrix("middle_weight"), zeros("middle_bias")
        # at the start quantiles lie close around the base, which counts for most
        self.choice_weight, self.choice_bias = matrix("choice_weight", 0.1), zeros("choice_bias")
        self.output_weight, self.output_bias = matrix("output_weight", 0.05), zeros("output_bias")
        with torch.no_grad():
            self.choice_bias[0] = 2.0
            self.output_bias.fill_(-1.0)
            self.output_bias[MIDDLE] = 0.0

    def forward(self, past: Tensor, steps: Tensor, series: Tensor, future: Tensor, candidates: Tensor) -> Tensor:
        """past (tokens, batch, features) of `steps` (batch,) rows each, series (batch, features), future (horizon,
        batch, features), candidates (horizon, batch, CANDIDATES) -> quantiles (horizon, batch, quantiles)."""
        tokens = functional.silu(functional.linear(past, self.token_weight, self.token_bias))
        _, last = self.encoder.encode(tokens, steps)
        common = functional.linear(last[-1], self.state_weight) + functional.linear(series, self.series_weight)
        hidden = functional.silu(functional.linear(future, self.future_weight, self.hidden_bias) + common)
        hidden = hidden + functional.silu(functional.linear(hidden, self.middle_weight, self.middle_bias))
        choice = functional.linear(hidden, self.choice_weight, self.choice_bias)
        share = choice.masked_fill(candidates.isnan(), -torch.inf).softmax(-1)
        centre = (share * candidates.nan_to_num()).sum(-1, keepdim=True)
        raw = functional.linear(hidden, self.output_weight, self.output_bias)
        apart = functional.softplus(raw)
        middle = centre + raw[..., MIDDLE : MIDDLE + 1]
        above = middle + apart[..., MIDDLE + 1 :].cumsum(-1)
        below = middle - apart[..., :MIDDLE].flip(-1).cumsum(-1).flip(-1)
        return torch.cat([below, middle, above], dim=-1)

    def start_from(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over the parameters of a network that may have fewer inputs: new ones start without influence."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                given = torch.from_numpy(np.asarray(tensors[name], np.float32))
                parameter.zero_()
                parameter[tuple(slice(size) for size in given.shape)] = given
