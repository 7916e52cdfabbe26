"""The configuration of a forecaster: how to rebuild its network, and which series it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from seqcli.errors import CheckpointError
from seqcli.files.plain import Configuration
from seqcli.forecasting.recurrent.candidates import CANDIDATES
from seqcli.forecasting.recurrent.inputs import FUTURE_FEATURES, PAST_FEATURES, SERIES_FEATURES
from seqcli.forecasting.recurrent.tokens import PATCH
from seqcli.model.stepping import StackShape, check_sizes

QUANTILES = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975)
MIDDLE = QUANTILES.index(0.5)


@dataclass(frozen=True)
class ForecasterConfig(Configuration):
    """The sizes of a forecaster's network, and which series it is for.

    `season` 0 without a frequency: for all series (the pretrained one). `weight` is the share of the network in the
    forecast; the classical methods have the rest. `covariates` are the names of the other inputs, `scaling` the mean
    and deviation of the user's own ones, `holidays` days since 1970 (`covariates.KnownInputs`).
    """

    cell: str
    hidden: int
    layers: int
    width: int
    embedding: int
    season: int = 0
    frequency: str = ""
    covariates: tuple[str, ...] = ()
    weight: float = 1.0
    scaling: tuple[tuple[float, float], ...] = ()
    holidays: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_sizes(self, may_be_zero=("season",))
        if self.frequency and not self.season:
            raise ValueError("series with a frequency have a season of at least 1")
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight is {self.weight}")
        if any(deviation <= 0 for _, deviation in self.scaling):
            raise ValueError("a covariate's deviation is not above 0")

    @property
    def encoder(self) -> StackShape:
        return StackShape(self.cell, self.embedding, self.hidden, self.layers)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter of the network by name."""
        shapes = {f"encoder.{name}": shape for name, shape in self.encoder.parameter_shapes().items()}
        return shapes | {
            "token_weight": (self.embedding, PAST_FEATURES + PATCH * len(self.covariates)),
            "token_bias": (self.embedding,),
            "state_weight": (self.width, self.hidden),
            "series_weight": (self.width, SERIES_FEATURES),
            "future_weight": (self.width, FUTURE_FEATURES + 2 * len(self.covariates)),
            "hidden_bias": (self.width,),
            "middle_weight": (self.width, self.width),
            "middle_bias": (self.width,),
            "choice_weight": (CANDIDATES, self.width),
            "choice_bias": (CANDIDATES,),
            "output_weight": (len(QUANTILES), self.width),
            "output_bias": (len(QUANTILES),),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        if "embedding" not in values and {"cell", "hidden", "layers", "width"} <= set(values):
            hint = "train it again on its data: seqcli forecast DATA --save MODEL"
            raise CheckpointError("this forecaster was made by an earlier version, with a different network", hint=hint)
        return super().from_json(values)
