"""Weights of eight bits for stepping on a processor: a step lasts as long as reading the weights does."""

from __future__ import annotations

import warnings

import numpy as np

from seqcli.errors import UsageError


class Int8Matrix:
    """A weight matrix (outputs, inputs) rounded to 255 levels a row, for the product `x @ matrix.T` and no other.
    Inputs are rounded as they come, each row to 128 levels between its extremes; sums are exact (torch's dynamically
    quantised linear map). Rows go one by one, so that none depends on the others. `UsageError` where torch has none."""

    __array_ufunc__ = None  # NumPy leaves `x @ self` to __rmatmul__

    def __init__(self, matrix: np.ndarray) -> None:
        import torch

        if torch.backends.quantized.engine == "none" or not hasattr(torch, "quantize_per_channel"):
            raise UsageError("torch has no 8-bit products on this machine", hint="leave --int8 out")
        rows = torch.from_numpy(np.array(matrix, np.float32))  # a copy: a model file is read-only
        scales = rows.abs().amax(1).clamp(min=1e-12).double() / 127
        zeros = torch.zeros(len(rows), dtype=torch.long)
        with warnings.catch_warnings():  # torch means to drop these: what else it has is slower than fp32 here
            warnings.simplefilter("ignore", UserWarning)
            rounded = torch.quantize_per_channel(rows, scales, zeros, 0, torch.qint8)
            self._packed = torch.ops.quantized.linear_prepack(rounded, None)
        self._product, self._tensor = torch.ops.quantized.linear_dynamic, torch.from_numpy

    @property
    def T(self) -> Int8Matrix:
        """Itself: what stands on the left is multiplied with the transposed matrix."""
        return self

    def __rmatmul__(self, x: np.ndarray) -> np.ndarray:
        """x (rows, inputs) -> x @ matrix.T (rows, outputs), fp32."""
        rows = self._tensor(np.ascontiguousarray(x)).split(1)  # type: ignore[no-untyped-call]
        return np.concatenate([self._product(row, self._packed, True).numpy() for row in rows])
