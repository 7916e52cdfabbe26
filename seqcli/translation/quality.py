"""Quality estimation: chrF predicted from the model's confidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.files.plain import from_plain

FEWEST = 20  # validation pairs from which a line can be drawn


@dataclass(frozen=True)
class Quality:
    """The chrF of a translation, 0 to 100, as a linear function of the geometric mean of its tokens' probabilities."""

    intercept: float
    slope: float

    @classmethod
    def fit(cls, log_probabilities: Sequence[float], hypotheses: Sequence[str], references: Sequence[str]) -> Quality:
        """Least squares on validation pairs: the mean log p of each translation's tokens, and its chrF. A translation
        that the model considers impossible is worth nothing: that counts as one pair in fifty. With too few pairs the
        estimate is the same for all, their mean."""
        from sacrebleu.metrics.chrf import CHRF

        chrf = CHRF()
        measured = np.array(
            [chrf.sentence_score(h, [r]).score for h, r in zip(hypotheses, references, strict=True)], np.float64
        )
        sure = np.exp(np.asarray(log_probabilities, np.float64))
        nothing = np.zeros(len(sure) // 50 + 1)
        sure, measured = np.concatenate((sure, nothing)), np.concatenate((measured, nothing))
        spread = sure - sure.mean()
        slope = float(spread @ measured / (spread @ spread)) if len(hypotheses) >= FEWEST else 0.0
        slope = max(slope, 0.0)
        return cls(float(measured.mean()) - slope * float(sure.mean()), slope)

    def of(self, log_probability: float) -> float:
        """The estimate for a translation with this mean log p of its tokens, in nats."""
        return min(max(self.intercept + self.slope * math.exp(min(log_probability, 0.0)), 0.0), 100.0)

    @classmethod
    def from_metrics(cls, metrics: Mapping[str, Any]) -> Quality | None:
        """The estimate in a model's metrics; None if there is none."""
        try:
            return from_plain(cls, metrics.get("quality"), "the quality estimate")
        except CheckpointError:
            return None
