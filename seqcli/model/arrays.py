"""Formulas written once for NumPy arrays and torch tensors: what the two do not have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor
State = tuple[Array, ...]  # (h,) or (h, c), each (batch, hidden)


def to_numpy(x: Array) -> np.ndarray:
    """`x` as a NumPy array, of float32 if it is torch's."""
    return x if isinstance(x, np.ndarray) else np.asarray(x.float().cpu())


def index_of(ids: np.ndarray, like: Array) -> Array:
    """`ids` as an index into arrays of the kind and device of `like`."""
    if isinstance(like, np.ndarray):
        return ids
    import torch  # the array is torch's already: nothing new is loaded

    return torch.from_numpy(np.ascontiguousarray(ids, np.int64)).to(like.device)


def identity(size: int, like: Array) -> Array:
    """The identity matrix, of the kind, type and device of `like`."""
    if isinstance(like, np.ndarray):
        return np.eye(size, dtype=like.dtype)
    import torch  # the array is torch's already: nothing new is loaded

    return torch.eye(size, dtype=like.dtype, device=like.device)


def product(x: Array, weight: Array) -> Array:
    """x (…, n) @ weight (n, m) in one go: for more than two axes NumPy would form many small products."""
    if isinstance(x, np.ndarray) and x.ndim > 2:
        return (x.reshape(-1, x.shape[-1]) @ weight).reshape(*x.shape[:-1], -1)
    return x @ weight


def quarters(gates: Array) -> tuple[Array, Array, Array, Array]:
    """(batch, 4 * hidden) -> four views (batch, hidden)."""
    size = gates.shape[-1] // 4
    return (gates[..., :size], gates[..., size : 2 * size], gates[..., 2 * size : 3 * size], gates[..., 3 * size :])


def sigmoid(x: Array) -> Array:
    """The logistic function; for NumPy through tanh, which cannot overflow."""
    if isinstance(x, np.ndarray):
        half = x.dtype.type(0.5)
        made = x * half
        np.tanh(made, out=made)
        made *= half
        made += half
        return made
    return x.sigmoid()


def log_sigmoid(x: Array) -> Array:
    """log σ(x) as min(x, 0) - log(1 + exp -|x|), which neither overflows nor takes the logarithm of 0."""
    if isinstance(x, np.ndarray):
        return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    import torch  # the array is torch's already: nothing new is loaded

    return torch.nn.functional.logsigmoid(x)


def positive(x: Array) -> Array:
    """g of minGRU and minLSTM: x + 1/2 for x ≥ 0, σ(x) below; everywhere above 0, with a slope everywhere."""
    if isinstance(x, np.ndarray):
        return np.maximum(x, 0) + sigmoid(np.minimum(x, 0))
    return x.clamp(min=0) + x.clamp(max=0).sigmoid()


def tanh(x: Array) -> Array:
    return np.tanh(x) if isinstance(x, np.ndarray) else x.tanh()


def concatenate(parts: tuple[Array, ...], axis: int = -1) -> Array:
    """Arrays of either kind joined along an axis, the last by default."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts, axis=axis)
    import torch  # the arrays are torch's already: nothing new is loaded

    return torch.cat(parts, dim=axis)
