"""Attention over the encoder's outputs, written once for NumPy arrays and torch tensors.

The queries of a sentence are its time steps in training, its hypotheses in beam search: what belongs to the source
alone (keys, values, mask) is formed once a sentence and shared by all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from seqcli.model.arrays import Array, product, tanh
from seqcli.model.probability import softmax

MASKED = -1e9  # added to the scores of places behind a source sentence's end


@dataclass(frozen=True)
class Memory:
    """What a decoder attends to, of `batch` sentences. keys (batch, source, width), values (batch, source, context
    width), mask (batch, 1, source): 0, and `MASKED` where a sentence has ended."""

    keys: Array
    values: Array
    mask: Array


def project(kind: str, parameters: Mapping[str, Array], outputs: Array, mask: Array) -> Memory:
    """Keys and values of encoder outputs (batch, source, source width), computed once per sentence: for `dot` with the
    map of the queries in the keys."""
    keys = product(outputs, parameters["attention.key"].T)
    if kind == "dot":
        keys = product(keys, parameters["attention.query"]) * (1 / math.sqrt(keys.shape[-1]))
    values = product(outputs, parameters["attention.value"].T) if kind == "multi-head" else outputs
    return Memory(keys, values, mask)


def attend(
    kind: str, parameters: Mapping[str, Array], queries: Array, memory: Memory, heads: int
) -> tuple[Array, Array]:
    """queries (batch, n, hidden) -> contexts (batch, n, context width), weights (batch, n, source).

    `dot`: softmax(qᵀk / √width) with projected queries and keys (Luong et al. 2015, "general", scaled as Vaswani et al.
    2017). `additive`: softmax(vᵀ tanh(q + k)) (Bahdanau et al. 2015). `multi-head`: `dot` within slices of the width,
    over projected values; the weights given back are the heads' mean.
    """
    if kind == "dot":
        weights = softmax(queries @ memory.keys.swapaxes(1, 2) + memory.mask)
        return weights @ memory.values, weights
    asked = queries @ parameters["attention.query"].T
    if kind == "additive":
        energies = tanh(asked[:, :, None] + memory.keys[:, None]) @ parameters["attention.energy"]
        weights = softmax(energies + memory.mask)
        return weights @ memory.values, weights
    if kind == "multi-head":
        split = _split(asked, heads) * (1 / math.sqrt(asked.shape[-1] // heads))
        scores = split @ _split(memory.keys, heads).swapaxes(2, 3)  # (batch, heads, n, source)
        weights = softmax(scores + memory.mask[:, None])
        contexts = (weights @ _split(memory.values, heads)).swapaxes(1, 2)
        return contexts.reshape(*asked.shape[:2], -1), weights.mean(1)
    raise ValueError(f"unknown attention {kind!r}")


def _split(x: Array, heads: int) -> Array:
    """(batch, n, width) -> (batch, heads, n, width / heads)."""
    return x.reshape(x.shape[0], x.shape[1], heads, -1).swapaxes(1, 2)
