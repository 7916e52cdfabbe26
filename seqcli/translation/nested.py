"""What may come next in a beam search, the choice of a nested beam, and the largest of many scores.

Place i of a nested beam takes the best continuation of places 1 to i that no place before it took (monotonic beam
search, Lemons et al. 2022). What a place holds depends on those before it alone, so a wider beam sees all that a
narrower one sees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ONE_BY_ONE = 64  # largest scores, which are found quicker so than by partition


@dataclass(frozen=True)
class Continuations:
    """Of each hypothesis that is alive, a row: log p with its likeliest next tokens (rows, n) and these, log p with the
    end mark (rows,), and log p with each token that its constraints ask for."""

    values: np.ndarray
    tokens: np.ndarray
    ends: np.ndarray
    asked: list[list[tuple[int, float]]]


@dataclass(frozen=True)
class Chosen:
    """The next rows, (rows,) each: their sentences and places in the beam, the rows they continue with which token, and
    their log p."""

    owners: np.ndarray
    places: np.ndarray
    parents: np.ndarray
    tokens: np.ndarray
    values: np.ndarray


def by_places(
    found: Continuations, owners: np.ndarray, places: np.ndarray, shape: tuple[int, int]
) -> tuple[Chosen, np.ndarray]:
    """The nested beam's choice, and for each row the first place that sees its end, or the beam's width: it ends for a
    place if its end is at least as likely as what that place takes. `owners` and `places` (rows,) are the rows'
    sentences and places in the beam; `shape` is how many there are of both."""
    (sentences, beam), count = shape, found.values.shape[1]
    here, every = (owners, places), np.arange(sentences)
    values = np.full((sentences, beam, count), -np.inf)
    ends, rows = np.full(shape, -np.inf), np.zeros(shape, np.int64)
    values[here], ends[here], rows[here] = found.values, found.ends, np.arange(len(owners))
    pool = values.reshape(sentences, -1)  # what has not been taken yet
    picked, best, levels = np.zeros(shape, np.int64), np.empty(shape), np.full(shape, beam)
    for place in range(beam):
        seen = place + 1
        picked[:, place] = pool[:, : seen * count].argmax(axis=1)
        best[:, place] = pool[every, picked[:, place]]
        pool[every, picked[:, place]] = -np.inf
        ended = ends[:, :seen] >= best[:, place, None]
        levels[:, :seen] = np.where(ended, np.minimum(levels[:, :seen], place), levels[:, :seen])
    levels[~np.isfinite(ends)] = beam
    owners, places = np.nonzero(np.isfinite(best))
    parent, number = np.divmod(picked[owners, places], count)
    parents = rows[owners, parent]
    return Chosen(owners, places, parents, found.tokens[parents, number], best[owners, places]), levels[here]


def largest(scores: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` largest of each row of (rows, n), falling, and their places; of a few, which are looked for one by
    one, `scores` lose them, and what is behind the last that is not -inf may be any place."""
    rows, count = np.arange(len(scores)), min(count, scores.shape[1])
    if count > ONE_BY_ONE:
        places = np.argpartition(scores, scores.shape[1] - count, axis=1)[:, scores.shape[1] - count :]
        values = np.take_along_axis(scores, places, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        return np.take_along_axis(values, order, axis=1), np.take_along_axis(places, order, axis=1)
    places, values = np.empty((len(rows), count), np.int64), np.empty((len(rows), count), scores.dtype)
    for number in range(count):
        places[:, number] = best = scores.argmax(axis=1)
        values[:, number] = scores[rows, best]
        scores[rows, best] = -np.inf
    return values, places
