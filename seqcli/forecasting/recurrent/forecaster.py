"""The recurrent forecaster on NumPy: encoder, decoder, quantiles. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from seqcli.errors import CheckpointError, UsageError
from seqcli.files.checkpoint import Checkpoint, check_parameters
from seqcli.forecasting.classical.batch import CHUNK
from seqcli.forecasting.options import MOST_PERIODS
from seqcli.forecasting.recurrent.config import MIDDLE, QUANTILES, ForecasterConfig
from seqcli.forecasting.recurrent.covariates import own_names
from seqcli.forecasting.recurrent.inputs import Inputs
from seqcli.forecasting.recurrent.windows import History, inputs_at
from seqcli.model.arrays import sigmoid
from seqcli.model.stepping import SteppingStack
from seqcli.series.panel import Panel


class Forecaster:
    """The parameters of a trained network, and how to run it on windows; `horizon` in periods is the one that it was
    trained for, None if that is not known."""

    def __init__(
        self, config: ForecasterConfig, parameters: Mapping[str, np.ndarray], horizon: int | None = None
    ) -> None:
        shapes = config.parameter_shapes()
        check_parameters(shapes, parameters)
        self.config, self.horizon = config, horizon
        self.parameters = {name: value.astype(np.float32) for name, value in parameters.items()}
        self._encoder = SteppingStack(config.encoder, self.parameters, prefix="encoder.")

    def check(self, panel: Panel) -> None:
        """Raise `UsageError` if the network does not fit a panel's frequency and covariates."""
        if panel.frequency.name != self.config.frequency:
            raise UsageError(
                f"the model was trained on {self.config.frequency} series, these are {panel.frequency.name}",
                hint="train one on series like these with --save",
            )
        if panel.covariate_names != own_names(self.config.covariates):
            wanted = ",".join(own_names(self.config.covariates))
            raise UsageError(
                f"the model was trained {f'with the covariates {wanted}' if wanted else 'without covariates'}",
                hint=f"give --covariates {wanted} and --future" if wanted else "leave --covariates out",
            )

    def quantiles(self, history: History, ends: np.ndarray, horizon: int) -> np.ndarray:
        """Forecasts from column `ends[i]` of every series i on: `QUANTILES`, rising. (series, horizon, quantiles) NaN
        for a series that begins after its end."""
        result = np.full((len(ends), horizon, len(QUANTILES)), np.nan)
        usable = np.flatnonzero(ends > history.begin)
        usable = usable[np.argsort((ends - history.begin)[usable], kind="stable")]
        for start in range(0, len(usable), CHUNK):
            series = usable[start : start + CHUNK]
            inputs = inputs_at(history, series, ends[series], np.arange(horizon), self.config.season)
            result[series] = self.run(inputs)
        return result

    def run(self, inputs: Inputs) -> np.ndarray:
        """Quantiles for a batch. (batch, horizon, quantiles)"""
        parameters = self.parameters
        tokens = _silu(inputs.past @ parameters["token_weight"].T + parameters["token_bias"])
        _, last = self._encoder.sequence(tokens, inputs.steps)
        common = last[-1] @ parameters["state_weight"].T + inputs.series @ parameters["series_weight"].T
        hidden = _silu(inputs.future @ parameters["future_weight"].T + parameters["hidden_bias"] + common)
        hidden = hidden + _silu(hidden @ parameters["middle_weight"].T + parameters["middle_bias"])
        choice = hidden @ parameters["choice_weight"].T + parameters["choice_bias"]
        choice = np.where(np.isnan(inputs.candidates), -np.inf, choice)
        share = np.exp(choice - choice.max(axis=-1, keepdims=True))
        centre = (share * np.nan_to_num(inputs.candidates)).sum(axis=-1) / share.sum(axis=-1)
        raw = (hidden @ parameters["output_weight"].T + parameters["output_bias"]).astype(np.float64)
        raw[..., MIDDLE] += centre
        rising = rising_quantiles(raw).transpose(1, 0, 2)
        above = inputs.base[:, :, None] + inputs.unit[:, :, None] * rising
        return np.maximum(above, inputs.floor[:, None, None])


def _silu(x: np.ndarray) -> np.ndarray:
    return x * sigmoid(x)


def rising_quantiles(raw: np.ndarray) -> np.ndarray:
    """The network's outputs (…, quantiles) as quantiles that cannot cross: the median, then positive steps from it."""
    steps = np.logaddexp(0.0, raw)
    middle = raw[..., MIDDLE : MIDDLE + 1]
    above = middle + np.cumsum(steps[..., MIDDLE + 1 :], axis=-1)
    below = middle - np.cumsum(steps[..., :MIDDLE][..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([below, middle, above], axis=-1)


def offsets(quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """The distance of interval ends from the median, by a network's quantiles. (…, 2 · levels), low and high of each.
    Interpolated linearly between two quantiles, beyond the outermost as in the normal distribution."""
    apart = quantiles - quantiles[..., MIDDLE : MIDDLE + 1]
    ends = []
    for level in levels:
        for probability in (0.5 - level / 200, 0.5 + level / 200):
            place = float(np.interp(probability, QUANTILES, np.arange(len(QUANTILES))))
            below = min(int(place), len(QUANTILES) - 2)
            part = place - below
            beyond = max(1.0, NormalDist().inv_cdf(abs(probability - 0.5) + 0.5) / NormalDist().inv_cdf(QUANTILES[-1]))
            ends.append(beyond * ((1 - part) * apart[..., below] + part * apart[..., below + 1]))
    return np.stack(ends, axis=-1)


def load_forecaster(checkpoint: Checkpoint) -> Forecaster:
    """The forecaster in a checkpoint; `CheckpointError` if its parameters do not fit together."""
    config = ForecasterConfig.from_json(checkpoint.config)
    if len(config.scaling) != len(own_names(config.covariates)):
        raise CheckpointError("the forecaster's configuration does not scale each of the covariates it has")
    options = checkpoint.provenance.get("options")
    recipe = options.get("recipe") if isinstance(options, dict) else None
    horizon = recipe.get("horizon") if isinstance(recipe, dict) else None
    valid = type(horizon) is int and 0 < horizon <= MOST_PERIODS
    return Forecaster(config, checkpoint.tensors, horizon if valid else None)
