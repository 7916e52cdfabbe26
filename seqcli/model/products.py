"""Products of many small batches with one weight, as a recurrence forms them: the weight is laid out for them once."""

from __future__ import annotations

import torch
from torch import Tensor


def laid_out(weight: Tensor, rows: int) -> Tensor:
    """A weight (outputs, inputs) as `multiply` wants it for many x of `rows` rows.

    A product of few rows lasts as long as the weight takes to be read, and most of that goes into bringing it into the
    order that the processor's instructions want. Where oneDNN can keep a weight in that order (fp32 and bf16 on
    processors), this is done here, once: with ten rows and 512 units or more a product is then twice as fast in fp32
    and half as fast again in bf16 (`benchmarks/tried.md`).
    """
    kept = weight.dtype == torch.float32 or (weight.dtype == torch.bfloat16 and multiplies_bf16())
    if weight.device.type == "cpu" and has_onednn() and kept:
        return torch.ops.mkldnn._reorder_linear_weight(weight, rows)
    return weight.t()


def multiply(x: Tensor, weight: Tensor) -> Tensor:
    """x (rows, inputs) -> x @ weightᵀ (rows, outputs), for a weight that is `laid_out`."""
    if weight.is_mkldnn:
        return torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    return x @ weight


def has_onednn() -> bool:
    """Whether torch was built with oneDNN; on ARM Macs it is not."""
    return bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]


def multiplies_bf16() -> bool:
    """Whether this processor has bf16 product instructions that oneDNN uses."""
    return has_onednn() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
