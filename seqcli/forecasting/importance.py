"""What each input that is known beforehand is worth: how much larger the errors of earlier forecasts are without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqcli.forecasting.backtest import Folds
from seqcli.forecasting.metrics import mase, mean_of_finite
from seqcli.forecasting.recurrent.config import MIDDLE
from seqcli.forecasting.recurrent.covariates import HOLIDAYS, own_names
from seqcli.forecasting.recurrent.forecaster import Forecaster
from seqcli.forecasting.recurrent.windows import History

MOST_LEARNT = 400  # forecasts of a network, each without one of its inputs
MANY_TIMES = 10  # as large: beyond, no number is said


@dataclass(frozen=True)
class Worth:
    """What an input is worth: the MASE of earlier forecasts with all inputs and `without` this one, NaN where that was
    not measured. The holidays are one input."""

    name: str
    used: bool
    mase: float = float("nan")
    without: float = float("nan")

    def row(self) -> dict[str, Any]:
        """As it is shown; `importance` is by which share errors are larger without the input."""
        share = self.without / self.mase - 1 if self.mase > 0 else float("nan")
        mase, without = (float(f"{number:.4g}") for number in (self.mase, self.without))
        importance = round(share, 4) + 0.0  # never -0
        return {"input": self.name, "used": self.used, "mase": mase, "mase_without": without, "importance": importance}

    def said(self) -> str:
        """The same in words."""
        if np.isnan(self.without):
            return "no earlier forecast tells what it is worth"
        without = f"without {'them' if self.name == 'holidays' else 'it'} errors of earlier forecasts would be"
        if self.without > MANY_TIMES * self.mase:
            return f"{without} more than {MANY_TIMES} times as large"
        percent = round(100 * (self.without / self.mase - 1)) if self.mase > 0 else 0
        if not percent:
            return f"{without} the same"
        return f"{without} {abs(percent)} % {'larger' if percent > 0 else 'smaller'}"


def groups(names: Sequence[str]) -> list[tuple[str, list[int]]]:
    """The user's inputs among those of a network or a regression, by name, and their places: columns, then holidays."""
    own = own_names(names)
    found = [(name, [place]) for place, name in enumerate(own)]
    days = [place for place, name in enumerate(names) if name in HOLIDAYS]
    return [*found, ("holidays", days)] if days else found


def compared(name: str, errors: np.ndarray, without: np.ndarray) -> Worth:
    """The worth of an input by the errors of the same forecasts with it and without it."""
    usable = np.isfinite(errors) & np.isfinite(without)
    return Worth(name, True, mean_of_finite(errors[usable]), mean_of_finite(without[usable]))


def of_network(
    forecaster: Forecaster, history: History, folds: Folds, mixed: np.ndarray, alone: np.ndarray, earlier: np.ndarray
) -> list[Worth]:
    """What the inputs of a trained network are worth on the last horizon of the series that it has a share in, `mixed`,
    or a sample of these. `alone` are the forecasts from the `folds` without the network, `earlier` those with it.

    An input is left out by giving its mean over the series for all times: the network then knows no more of it than
    what is usual. Values of other times or series would mislead it, and so count up to twice. It is not trained anew,
    so of inputs that say the same each counts, other than in a regression.
    """
    inputs = groups(forecaster.config.covariates)
    rows = np.flatnonzero((folds.back == 0) & np.isin(folds.member, mixed))
    most = MOST_LEARNT // max(len(inputs), 1)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), max(most, 1))).astype(int)]
    members, share = folds.member[rows], forecaster.config.weight
    part = History(history.values[members], history.observed[members], history.covariates[:, members])
    ends = part.begin + np.array([len(folds.histories[row]) for row in rows.tolist()], int)
    actual, scales = folds.actual[rows], folds.scales[rows]
    errors = mase(actual, earlier[rows], scales)
    found = []
    for name, places in inputs:
        network = forecaster.quantiles(_at_mean(part, places), ends, actual.shape[1])[..., MIDDLE]
        found.append(compared(name, errors, mase(actual, share * network + (1 - share) * alone[rows], scales)))
    return found


def _at_mean(history: History, places: Sequence[int]) -> History:
    """A history whose covariates at these places are the same all the time: the mean of each series."""
    covariates = history.covariates.copy()
    there = np.arange(covariates.shape[2]) >= history.begin[:, None]
    sums = np.where(there, covariates[places], 0.0).sum(axis=2)
    covariates[places] = (sums / there.sum(axis=1))[..., None]
    return replace(history, covariates=covariates)
