"""What a forecaster is made of: the part of a checkpoint that says how to rebuild it, and for which series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from seqcli.errors import CheckpointError
from seqcli.forecasting.recurrent.inputs import FUTURE_FEATURES, PAST_FEATURES
from seqcli.model.cells import CELLS
from seqcli.model.stepping import MAX_LAYERS, StackShape

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
MIDDLE = QUANTILES.index(0.5)


@dataclass(frozen=True)
class ForecasterConfig:
    """What a forecaster's network is made of, and which series it is for.

    `season` 0 and no frequency: for all (the pretrained one). `weight` is the share of the network in the forecast, the
    classical methods have the rest. `covariates` are the names of the other inputs, `scaling` mean and deviation of
    those that are the user's, `holidays` days since 1970 (`covariates.KnownInputs`).
    """

    cell: str
    hidden: int
    layers: int
    width: int
    season: int = 0
    frequency: str = ""
    covariates: tuple[str, ...] = ()
    weight: float = 1.0
    scaling: tuple[tuple[float, float], ...] = ()
    holidays: tuple[int, ...] = ()

    @property
    def encoder(self) -> StackShape:
        return StackShape(self.cell, PAST_FEATURES + len(self.covariates), self.hidden, self.layers)

    @property
    def future_features(self) -> int:
        return FUTURE_FEATURES + 2 * len(self.covariates)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter of the network by name."""
        shapes = {f"encoder.{name}": shape for name, shape in self.encoder.parameter_shapes().items()}
        return shapes | {
            "state_weight": (self.width, self.hidden),
            "future_weight": (self.width, self.future_features),
            "hidden_bias": (self.width,),
            "middle_weight": (self.width, self.width),
            "middle_bias": (self.width,),
            "output_weight": (len(QUANTILES), self.width),
            "output_bias": (len(QUANTILES),),
        }

    def to_json(self) -> dict[str, Any]:
        lists = {"covariates": list(self.covariates), "holidays": list(self.holidays)}
        return asdict(self) | lists | {"scaling": [list(pair) for pair in self.scaling]}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> ForecasterConfig:
        """Rebuild a configuration from a checkpoint's; `CheckpointError` when it is not one."""
        known = {item.name for item in fields(ForecasterConfig)}
        usable: dict[str, Callable[[Any], bool]] = {
            "cell": lambda value: type(value) is str and value in CELLS,
            **dict.fromkeys(("hidden", "width"), lambda value: _whole(value) and value > 0),
            "layers": lambda value: _whole(value) and 0 < value <= MAX_LAYERS,
            "season": _whole,
            "frequency": lambda value: type(value) is str,
            "covariates": lambda value: type(value) is list and all(type(name) is str for name in value),
            "weight": lambda value: _finite(value) and 0 <= value <= 1,
            "scaling": lambda value: type(value) is list and all(map(_pair, value)),
            "holidays": lambda value: type(value) is list and all(type(day) is int for day in value),
        }
        for name in ("cell", "hidden", "layers", "width", *values):
            if name not in known or name not in values or not usable[name](values[name]):
                raise CheckpointError(f"the forecaster's configuration has no usable {name!r}: {values.get(name)!r}")
        lists = {name: tuple(values.get(name, ())) for name in ("covariates", "holidays")}
        scaling = tuple((float(mean), float(deviation)) for mean, deviation in values.get("scaling", ()))
        return ForecasterConfig(**{**values, **lists, "scaling": scaling})


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300


def _pair(value: Any) -> bool:
    return type(value) is list and len(value) == 2 and all(map(_finite, value)) and value[1] > 0
