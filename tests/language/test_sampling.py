"""Choosing the next token: each rule by its definition, and the random draw."""

from __future__ import annotations

import numpy as np
import pytest

from seqcli.errors import CheckpointError, UsageError
from seqcli.language.generate import draw, probabilities
from seqcli.language.options import GenerateRequest
from seqcli.model.probability import softmax

LOGITS = np.log(np.array([0.4, 0.3, 0.2, 0.06, 0.04]))


def chances(**rules: float) -> np.ndarray:
    return probabilities(LOGITS, GenerateRequest(**{"temperature": 1.0, **rules}))  # type: ignore[arg-type]


def test_plain_sampling_is_the_softmax() -> None:
    np.testing.assert_allclose(chances(), [0.4, 0.3, 0.2, 0.06, 0.04])


def test_temperature() -> None:
    squared = np.array([0.4, 0.3, 0.2, 0.06, 0.04]) ** 2
    np.testing.assert_allclose(chances(temperature=0.5), squared / squared.sum(), rtol=1e-6)
    assert chances(temperature=0).tolist() == [1, 0, 0, 0, 0]
    for least in (1e-300, 1e-39, 1e-6):
        assert chances(temperature=least).tolist() == [1, 0, 0, 0, 0]
    np.testing.assert_allclose(chances(temperature=1e12), 0.2, rtol=1e-6)


def test_filters() -> None:
    np.testing.assert_allclose(chances(top_k=2), [4 / 7, 3 / 7, 0, 0, 0])
    np.testing.assert_allclose(chances(top_p=0.6), [4 / 7, 3 / 7, 0, 0, 0])
    np.testing.assert_allclose(chances(top_p=0.71), [4 / 9, 3 / 9, 2 / 9, 0, 0])
    np.testing.assert_allclose(chances(min_p=0.5), [4 / 9, 3 / 9, 2 / 9, 0, 0])
    np.testing.assert_allclose(chances(top_p=1e-9), [1, 0, 0, 0, 0])


def test_repetition_penalty_lowers_what_was_there() -> None:
    penalised = probabilities(
        np.array([2.0, -1.0, 0.5]), GenerateRequest(temperature=1.0, repetition_penalty=2.0), seen=[0, 1, 0]
    )
    np.testing.assert_allclose(penalised, softmax(np.array([1.0, -2.0, 0.5])))


@pytest.mark.parametrize(
    "rules",
    [
        {"temperature": -1},
        {"temperature": float("inf")},
        {"top_k": -1},
        {"top_p": 0},
        {"top_p": 1.1},
        {"min_p": 2},
        {"repetition_penalty": 0},
    ],
)
def test_impossible_rules_are_refused(rules: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="--"):
        GenerateRequest(**rules)  # type: ignore[arg-type]


def test_nothing_is_drawn_from_what_is_no_distribution() -> None:
    for chances in ([0.5, np.nan], [0.0, 0.0]):
        with pytest.raises(CheckpointError, match="are not numbers"):
            draw(np.array(chances), np.random.default_rng(0))


def test_draws_follow_the_distribution_and_never_hit_zero() -> None:
    generator = np.random.default_rng(0)
    distribution = np.array([0.0, 0.5, 0.0, 0.5, 0.0])
    drawn = [draw(distribution, generator) for _ in range(2000)]
    assert set(drawn) == {1, 3}
    assert 900 < drawn.count(1) < 1100
