"""Vectors and frequencies from counts: what is alike in a text is alike in them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqcli.model import counting
from seqcli.model.counting import SPREAD, log_frequencies, neighbour_vectors, type_counts


def test_types_are_counted_a_piece_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = np.random.default_rng(0).integers(0, 5, 1000).astype(np.uint16)
    for most, piece in ((10_000, 64), (300, 100)):
        monkeypatch.setattr(counting, "MOST", most)
        monkeypatch.setattr(counting, "PIECE", piece)
        np.testing.assert_array_equal(type_counts(tokens, 7), np.bincount(tokens[:most], minlength=7))


def test_frequencies_are_shares_and_none_is_zero() -> None:
    shares = log_frequencies(np.array([3, 0, 5])).exp()
    torch.testing.assert_close(shares, torch.tensor([4 / 11, 1 / 11, 6 / 11]))


def test_tokens_with_the_same_neighbours_have_like_vectors() -> None:
    """Tokens 10 to 19 stand between tokens 0 to 4, tokens 20 to 29 between tokens 5 to 9."""
    random = np.random.default_rng(0)
    phrases = []
    for _ in range(3000):
        middle = int(random.integers(10, 30))
        side = 0 if middle < 20 else 5
        phrases += [side + int(random.integers(5)), middle, side + int(random.integers(5)), 30]
    vectors = neighbour_vectors(np.array(phrases, np.uint16), 31, 8, seed=1)
    assert vectors.shape == (31, 8)
    assert vectors.std().item() == pytest.approx(SPREAD)
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    alike = unit @ unit.t()
    same = torch.stack((alike[10:20, 10:20], alike[20:30, 20:30]))
    assert same.mean() > 0.5
    assert alike[10:20, 20:30].mean() < same.mean() - 0.3


def test_the_factors_are_those_of_a_full_decomposition() -> None:
    """Inner products do not depend on the rotation: U Σ Uᵀ of the positive pointwise mutual information."""
    text = np.random.default_rng(1).zipf(1.3, 5000).clip(max=40) - 1
    vocabulary, width = 40, 6
    counts = np.zeros((vocabulary, vocabulary))
    for distance in (1, 2, 3):
        np.add.at(counts, (text[:-distance], text[distance:]), 1 / distance)
    counts += counts.T
    shares, smooth = counts.sum(1), counts.sum(1) ** 0.75
    with np.errstate(divide="ignore"):
        information = np.maximum(np.log(counts * smooth.sum() / np.outer(shares, smooth)), 0)
    left, strengths, _ = np.linalg.svd(information)
    expected = (left[:, :width] * strengths[:width]) @ left[:, :width].T
    vectors = neighbour_vectors(text, vocabulary, width, seed=1).double().numpy()
    found = vectors @ vectors.T
    np.testing.assert_allclose(found / np.trace(found), expected / np.trace(expected), atol=2e-3)


def test_the_same_seed_gives_the_same_vectors() -> None:
    text = np.random.default_rng(1).integers(0, 50, 2000)
    first, again, other = (neighbour_vectors(text, 50, 8, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_types_that_do_not_occur_are_not_all_the_same() -> None:
    text = np.random.default_rng(1).integers(0, 40, 2000)
    vectors = neighbour_vectors(text, 50, 8, seed=1)
    assert 0 < vectors[40:].std() < vectors[:40].std()
    assert len(torch.unique(vectors[40:], dim=0)) == 10
