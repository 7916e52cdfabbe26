"""Series that keep rising or keep falling, such as meter readings and running totals: their changes are forecast and
added up.

What a meter shows has the season of its changes. Looked at as a level, it has a trend that methods for levels damp, and
a season that grows with it.
"""

from __future__ import annotations

import numpy as np

from seqcli.forecasting.recurrent.config import QUANTILES

LEAST, LEAST_ALONE = 11, 30  # changes other than zero from which their direction is no accident; without a season
MOSTLY = 0.4  # mean direction from which series without a season go on in it
TRUST, TRUST_MOSTLY = 1.0, 0.3  # prior weights of the changes added up: alone where a series never turns back

SELDOM, SET_BACK = 20, 0.2  # rises for each fall of a meter that is set back, and the share of its reading left

LASTING, BEFORE = 4, 12  # values of a new level, and of the one before it
APART = 0.5  # of the wider range of both levels, that lies between them
ALONE = 2.0  # times as large as any other, the change to a new level

ROUNDING = 1e-12  # of the values, by which equal changes may differ

_BETWEEN = (np.array(QUANTILES[1:]) + np.array(QUANTILES[:-1])) / 2
_SHARES = np.diff(np.concatenate([[0.0], _BETWEEN, [1.0]]))  # of the mean, that each quantile stands for


def direction(values: np.ndarray, season: int) -> float:
    """The mean sign of the changes: 1 if a series never falls, -1 if it never rises; 0 if there is too little to tell.
    A seasonal series must have two whole seasons, since a part of one may well only rise; one without a season, such as
    ten good years, more than a lucky run."""
    changes = np.sign(np.diff(values))
    moves = changes[changes != 0]
    enough = len(moves) >= LEAST and len(changes) >= 2 * season if season > 1 else len(moves) >= LEAST_ALONE
    return float(moves.mean()) if enough else 0.0


def without_resets(values: np.ndarray) -> np.ndarray:
    """A meter's readings as if it had not been set back to zero, up to a shift: those before go on to those after.

    A series that only rises, but for very few falls to less than a fifth, is such a meter; any other is given back.
    """
    places = np.flatnonzero(~np.isnan(values))
    known = values[places]
    moves = np.diff(known)
    falls = np.flatnonzero(moves < 0)
    rises = moves[moves > 0]
    if not len(falls) or len(rises) < max(LEAST, SELDOM * len(falls)) or known.min() < 0:
        return values
    if (known[falls + 1] > SET_BACK * known[falls]).any():
        return values
    made = values.copy()
    for fall in falls.tolist():
        made[: places[fall] + 1] += known[fall + 1] - known[fall] - np.median(rises)
    return made


def at_new_level(values: np.ndarray) -> np.ndarray:
    """A series whose level has changed once, and clearly, with its earlier values moved to the new level: the ranges
    before and after its largest change lie far apart. In proportion if it is positive and grew: its variation then
    grew, too. Any other, one that ended in zeros and one that goes one way are given back."""
    places = np.flatnonzero(~np.isnan(values))
    known = values[places]
    if len(known) < BEFORE + LASTING:
        return values
    moves = np.abs(np.diff(known))
    start = int(moves.argmax()) + 1
    old, new = known[:start], known[start:]
    lasts = len(old) >= BEFORE and len(new) >= LASTING and new.any()
    alone = moves[start - 1] > ALONE * np.delete(moves, start - 1).max()
    between = max(new.min() - old.max(), old.min() - new.max())
    apart = between > APART * max(np.ptp(old), np.ptp(new))
    if not (lasts and alone and apart) or np.ptp(known) == moves.sum():
        return values
    made, before, after = values.copy(), float(np.median(old)), float(np.median(new))
    earlier = made[: places[start]]
    in_proportion = min(old.min(), after) > 0 and (after > before or old.min() + after - before <= 0)
    made[: places[start]] = earlier * after / before if in_proportion else earlier + after - before
    return made


def trust(way: float, season: int) -> float:
    """The prior weight of a forecast that adds up the changes of a series with that `direction`."""
    if abs(way) == 1:
        return TRUST
    return TRUST_MOSTLY if season <= 1 and abs(way) > MOSTLY else 0.0


def is_straight(values: np.ndarray) -> bool:
    """Whether all changes of a series are the same."""
    return bool(np.ptp(np.diff(values)) <= ROUNDING * np.abs(values).max())


def added_up(values: np.ndarray, median: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts (horizon,) of a series from those of its changes, and how far their quantiles are from them.

    `median` (horizon,) is the median of the changes, `spread` (horizon, quantiles) how far their quantiles are from it.
    Sums go by means: of sales that are zero on most days the median is zero, their sum is not. The width is half-way
    between independent errors and one for all. Where all changes were the same, the next are.
    """
    if is_straight(values):
        return values[-1] + np.diff(values).mean() * np.arange(1, len(median) + 1), np.zeros_like(spread)
    mean: np.ndarray = spread @ _SHARES
    apart = spread - mean[:, None]
    alone = np.sign(apart) * np.sqrt(np.cumsum(apart**2, axis=0))
    return values[-1] + np.cumsum(median + mean), np.sort((np.cumsum(apart, axis=0) + alone) / 2, axis=1)


def one_way(numbers: np.ndarray, last: float, way: float) -> np.ndarray:
    """Forecasts or bounds (horizon, …) from the value `last` on: if the `direction` is 1 or -1, none goes back."""
    if abs(way) < 1:
        return numbers
    return way * np.maximum.accumulate(np.maximum(way * numbers, way * last), axis=0)
