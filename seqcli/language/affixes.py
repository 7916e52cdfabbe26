"""Vectors that types share by their beginnings and ends, beside those of their own, in training.

A rare word's few occurrences say little of it; its form often says more. So in training a type's vector is its own plus
the sum of those of its parts (as in Bojanowski et al. 2017) over the root of their number. After training the sums are
added up in the table of vectors: the model itself knows nothing of parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional

LENGTHS = (1, 2, 3, 4)  # characters of a beginning or an end


def parts_of(text: str) -> list[str]:
    """The beginnings and ends of a type's text, marked as what they are."""
    lengths = [n for n in LENGTHS if n <= len(text)]
    return [f"<{text[:n]}" for n in lengths] + [f"{text[-n:]}>" for n in lengths]


class Affixes(nn.Module):
    """What its parts add to the vector of each type: nothing at first."""

    numbers: Tensor  # of the parts of all types, one type after another
    ends: Tensor  # (types + 1,) where those of each type end in it; the first is 0
    factors: Tensor  # (types,) of the sums

    def __init__(self, texts: Sequence[str], width: int) -> None:
        """`texts` of all types in the order of their ids; parts that only one of them has are left out."""
        super().__init__()
        parts = [parts_of(text) for text in texts]
        shared = [part for part, count in Counter(chain.from_iterable(parts)).items() if count > 1]
        number = {part: place for place, part in enumerate(shared)}
        known = [[number[part] for part in own if part in number] for own in parts]
        counts = torch.tensor([len(own) for own in known])
        self.vectors = nn.Parameter(torch.zeros(len(shared), width))
        self.register_buffer("numbers", torch.tensor([*chain.from_iterable(known)], dtype=torch.long), persistent=False)
        self.register_buffer("ends", functional.pad(counts.cumsum(0), (1, 0)), persistent=False)
        self.register_buffer("factors", counts.clamp(min=1).rsqrt(), persistent=False)

    def forward(self, types: Tensor) -> Tensor:
        """types (n,) -> what their parts add, (n, width). The gradient has only the rows of these parts."""
        starts, counts = self.ends[types], self.ends[types + 1] - self.ends[types]
        offsets = counts.cumsum(0) - counts
        total = int(counts.sum())
        places = torch.arange(total, device=types.device) + (starts - offsets).repeat_interleave(counts)
        # each part is looked up once: its gradient is then summed up in a small dense array, not sorted in a large one
        used, which = torch.unique(self.numbers[places], return_inverse=True)
        vectors = functional.embedding(used, self.vectors, sparse=True)
        return functional.embedding_bag(which, vectors, offsets, mode="sum") * self.factors[types, None]
