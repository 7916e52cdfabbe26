"""The speech recogniser in training: stacked frames, recurrent layers, one output layer for all steps."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.model.stack import RecurrentStack, locked_dropout
from seqcli.speech.config import SpeechConfig


class SpeechModel(nn.Module):
    """Parameters as in `SpeechConfig.parameter_shapes`; `dropout` is locked dropout between its parts."""

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, config: SpeechConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config, self.dropout = config, dropout
        shapes = config.parameter_shapes()
        self.register_buffer("feature_mean", torch.zeros(shapes["feature_mean"]))
        self.register_buffer("feature_scale", torch.ones(shapes["feature_scale"]))
        if config.channels:
            self.band_weight = nn.Parameter(torch.empty(shapes["band_weight"]))
            self.band_bias = nn.Parameter(torch.zeros(shapes["band_bias"]))
            nn.init.kaiming_uniform_(self.band_weight, nonlinearity="relu")
        self.front_weight = nn.Parameter(torch.empty(shapes["front_weight"]))
        self.front_bias = nn.Parameter(torch.zeros(shapes["front_bias"]))
        self.output_weight = nn.Parameter(torch.empty(shapes["output_weight"]))
        self.output_bias = nn.Parameter(torch.zeros(shapes["output_bias"]))
        self.encoder = RecurrentStack(config.encoder, dropout=dropout)
        nn.init.kaiming_uniform_(self.front_weight, nonlinearity="relu")
        bound = 1 / math.sqrt(config.width)
        nn.init.uniform_(self.output_weight, -bound, bound)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """frames (time, batch, stack · mels), lengths (batch,) -> log-probabilities (time, batch, vocabulary + 1). What
        stands behind a recording's end is padding."""
        ahead = self.config.lookahead
        frames = functional.pad(frames, (0, 0, 0, 0, 0, ahead))
        x = self._bands(frames) if self.config.channels else frames
        x = functional.relu(functional.linear(x, self.front_weight, self.front_bias))
        x, _ = self.encoder.encode(locked_dropout(x, self.dropout, self.training), lengths)
        x = locked_dropout(x[ahead:], self.dropout, self.training)
        return functional.linear(x, self.output_weight, self.output_bias).float().log_softmax(2)

    def _bands(self, frames: Tensor) -> Tensor:
        """frames (time, batch, stack · mels) -> units of all bands (time, batch, bands · channels)."""
        config = self.config
        bands = frames.view(*frames.shape[:2], config.stack, config.mels).unfold(3, config.band, config.band_step)
        units = functional.linear(bands.transpose(2, 3).flatten(3), self.band_weight, self.band_bias)
        return functional.relu(units).flatten(2)
