"""What counting a text says before anything is learnt from it: where language and translation models start."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

MOST, PIECE = 50_000_000, 1_000_000  # tokens that are counted, in all and at a time
WINDOW = 3  # steps within which tokens count as neighbours
COUNTED = 2_000_000  # tokens of the text, from its beginning, whose neighbours are counted
SMOOTHING = 0.75  # power of a neighbour's count: rare neighbours would seem to mean too much (Levy et al. 2015)
SPREAD = 0.1  # standard deviation of the vectors' entries
OVERSAMPLING, ITERATIONS = 10, 2  # of the randomised decomposition


def type_counts(tokens: np.ndarray, vocabulary: int) -> np.ndarray:
    """How often each type stands in the first `MOST` of the tokens: (vocabulary,). A mapped text stays in its file."""
    parts = (tokens[start : start + PIECE] for start in range(0, min(len(tokens), MOST), PIECE))
    counts: np.ndarray = sum(
        (np.bincount(part, minlength=vocabulary) for part in parts), np.zeros(vocabulary, np.int64)
    )
    return counts


def log_frequencies(counts: np.ndarray) -> Tensor:
    """Logarithms of the tokens' shares of a text, none of them zero: counts (vocabulary,) -> (vocabulary,), fp32."""
    return torch.from_numpy(np.log((counts + 1) / (counts + 1).sum()).astype(np.float32))


def neighbour_vectors(tokens: np.ndarray, vocabulary: int, width: int, *, seed: int) -> Tensor:
    """A vector for each token from what stands near it, (vocabulary, width), fp32.

    The positive pointwise mutual information of tokens and their neighbours, max(0, log p(i, j) / p(i) p(j)), factored
    by a truncated singular value decomposition U Σ Vᵀ: the rows of U √Σ (Levy & Goldberg 2014), turned by a random
    rotation so that no entry matters more than another. Neighbours at distance d count 1 / d. The decomposition is the
    randomised one of Halko et al. 2011. Types without neighbours get small random vectors.
    """
    information = _information(tokens[:COUNTED].astype(np.int64), vocabulary)
    transposed = _compressed(information.t())
    generator = torch.Generator().manual_seed(seed)
    rank = min(width + OVERSAMPLING, vocabulary)
    basis = information @ torch.randn(vocabulary, rank, generator=generator)
    for _ in range(ITERATIONS):
        basis = information @ (transposed @ torch.linalg.qr(basis).Q)
    basis = torch.linalg.qr(basis).Q
    small = transposed @ basis  # (vocabulary, rank): the matrix in this basis, transposed
    squares, turns = torch.linalg.eigh(small.t() @ small)
    strongest = slice(rank - width, rank)
    vectors: Tensor = basis @ turns[:, strongest] * squares[strongest].clamp(min=0) ** 0.25
    vectors = vectors @ torch.linalg.qr(torch.randn(width, width, generator=generator)).Q
    vectors *= SPREAD / vectors.std().clamp(min=1e-12)
    alone = information.crow_indices().diff() == 0  # types of which nothing is known
    vectors[alone] = SPREAD / 3 * torch.randn(int(alone.sum()), width, generator=generator)
    return vectors


def _information(tokens: np.ndarray, vocabulary: int) -> Tensor:
    """Positive pointwise mutual information of tokens (rows) and neighbours, a sparse matrix."""
    found = []
    for distance in range(1, WINDOW + 1):
        low, high = np.minimum(tokens[:-distance], tokens[distance:]), np.maximum(tokens[:-distance], tokens[distance:])
        found.append(np.unique(low * vocabulary + high, return_counts=True))
    pairs, place = np.unique(np.concatenate([pairs for pairs, _ in found]), return_inverse=True)
    weights = np.bincount(place, np.concatenate([counts / d for d, (_, counts) in enumerate(found, start=1)]))
    low, high = pairs // vocabulary, pairs % vocabulary
    apart = low != high  # each of two neighbours is one of the other; a type beside itself is so twice
    rows, columns = np.concatenate((low, high[apart])), np.concatenate((high, low[apart]))
    weights = np.concatenate((np.where(apart, weights, 2 * weights), weights[apart]))
    shares = np.bincount(rows, weights, vocabulary)
    expected = shares**SMOOTHING
    values = np.log(weights * expected.sum() / (shares[rows] * expected[columns]))
    kept = values > 0
    indices = torch.from_numpy(np.stack((rows[kept], columns[kept])))
    entries = torch.from_numpy(values[kept].astype(np.float32))
    return _compressed(torch.sparse_coo_tensor(indices, entries, (vocabulary, vocabulary), check_invariants=False))


def _compressed(matrix: Tensor) -> Tensor:
    """By rows: the quick form for products. torch warns that it may yet change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return matrix.to_sparse_csr()
