"""Recurrent networks for sequences: language models, translation, tagging, speech, forecasting.

    model = seqcli.train_lm("corpus.txt", budget="5m")
    model.generate("The sky over the")
    seqcli.load("checkpoints/corpus.lm.safetensors").score(["a line", "another"])

The names are imported when they are used, so that `import seqcli` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(("load", "LanguageModel", "Translator", "Tagger", "Recogniser", "Forecaster"), "models"),
    **dict.fromkeys(("train_lm", "train_mt", "train_tagger", "train_asr"), "train"),
    "forecast": "forecasting.run",
    "Forecast": "forecasting.forecast",
    **dict.fromkeys(("SeqcliError", "UsageError", "DataError", "CheckpointError", "TrainingError"), "errors"),
}
__all__ = [
    "CheckpointError",
    "DataError",
    "Forecast",
    "Forecaster",
    "LanguageModel",
    "Recogniser",
    "SeqcliError",
    "Tagger",
    "TrainingError",
    "Translator",
    "UsageError",
    "forecast",
    "load",
    "train_asr",
    "train_lm",
    "train_mt",
    "train_tagger",
]

if TYPE_CHECKING:
    from seqcli.errors import CheckpointError, DataError, SeqcliError, TrainingError, UsageError
    from seqcli.forecasting.forecast import Forecast
    from seqcli.forecasting.run import forecast
    from seqcli.models import Forecaster, LanguageModel, Recogniser, Tagger, Translator, load
    from seqcli.train import train_asr, train_lm, train_mt, train_tagger


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqcli' has no attribute {name!r}")
    return getattr(importlib.import_module(f"seqcli.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
