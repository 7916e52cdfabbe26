"""Vectors that types share by their beginnings and ends, beside those of their own, in training.

A rare word's few occurrences say little of it; its form often says more. So in training a type's vector is its own plus
the sum of those of its parts (as in Bojanowski et al. 2017) over the root of their number. After training the sums are
added up in the table of vectors: the model itself knows nothing of parts.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
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

    def forward(self) -> Tensor:
        """What their parts add to all types, (types, width)."""
        sums = functional.embedding_bag(self.numbers, self.vectors, self.ends[:-1], mode="sum")
        return sums * self.factors[:, None]

    def of(self, types: Tensor) -> Tensor:
        """types (n,) -> their rows of `forward`, (n, width). The gradient has only the rows of their parts."""
        starts, counts = self.ends[types], self.ends[types + 1] - self.ends[types]
        offsets = counts.cumsum(0) - counts
        total = int(counts.sum())
        places = torch.arange(total, device=types.device) + (starts - offsets).repeat_interleave(counts)
        # each part is looked up once: its gradient is then summed up in a small dense array, not sorted in a large one
        used, which = torch.unique(self.numbers[places], return_inverse=True)
        vectors = functional.embedding(used, self.vectors, sparse=True)
        return functional.embedding_bag(which, vectors, offsets, mode="sum") * self.factors[types, None]


class WithAffixes(nn.Module):
    """A model with a vector for each type, `embedding` (types, width), to which `auxiliary` adds in training."""

    embedding: nn.Parameter

    def __init__(self) -> None:
        super().__init__()
        self.auxiliary: Affixes | None = None

    def share_parts(self, texts: Sequence[str]) -> None:
        """From now on types share vectors by their `texts`, those of all of them by id, if these share parts."""
        affixes = Affixes(texts, self.embedding.shape[1]).to(self.embedding.device)
        self.auxiliary = affixes if len(affixes.vectors) else None

    def table(self) -> Tensor:
        """The vectors of all types, (types, width), with what their parts add."""
        return self.embedding if self.auxiliary is None else self.embedding + self.auxiliary()

    @torch.no_grad()
    def add_parts(self) -> None:
        """Put what `auxiliary` adds into the vectors, for good."""
        if self.auxiliary is not None:
            self.embedding.add_(self.auxiliary())
            self.auxiliary = None

    @contextlib.contextmanager
    def with_parts(self) -> Iterator[None]:
        """Have what `auxiliary` adds in the vectors for the duration of the context."""
        auxiliary = self.auxiliary
        if auxiliary is None:
            yield
            return
        before = self.embedding.detach().clone()
        self.add_parts()
        try:
            yield
        finally:
            self.auxiliary = auxiliary
            with torch.no_grad():
                self.embedding.copy_(before)
