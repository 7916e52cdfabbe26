"""The lengths of the training pairs, and so the maximum length of a translation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

KNOTS = 40  # source lengths at which the longest target is kept
SLACK, EXTRA = 1.25, 5  # a translation may be so much longer than the longest of training, and so many tokens


@dataclass(frozen=True)
class Lengths:
    """Lengths of training pairs in tokens with their end marks. `sources` are some source lengths, rising up to the
    longest; `targets` the longest target of the pairs whose source is at most that long."""

    sources: tuple[int, ...]
    targets: tuple[int, ...]

    def __post_init__(self) -> None:
        rising = self.sources == tuple(sorted(set(self.sources)))
        if not rising or len(self.sources) != len(self.targets) or min((*self.sources, *self.targets), default=0) < 1:
            raise ValueError("not the lengths of pairs")

    @classmethod
    def of(cls, sources: np.ndarray, targets: np.ndarray) -> Lengths:
        """From the lengths of both sides of every pair, (pairs,) each."""
        order = np.argsort(sources, kind="stable")
        rising, longest = sources[order], np.maximum.accumulate(targets[order])
        last_of_each = np.flatnonzero(np.append(rising[1:] != rising[:-1], True))
        if len(last_of_each) > KNOTS:
            last_of_each = last_of_each[np.linspace(0, len(last_of_each) - 1, KNOTS).round().astype(int)]
        return cls(tuple(map(int, rising[last_of_each])), tuple(map(int, longest[last_of_each])))

    def with_these(self, others: Lengths) -> Lengths:
        """The lengths of the pairs of both."""
        sources = sorted({*self.sources, *others.sources})
        pairs = [*zip(self.sources, self.targets, strict=True), *zip(others.sources, others.targets, strict=True)]
        targets = [max(target for length, target in pairs if length <= source) for source in sources]
        return Lengths(tuple(sources), tuple(targets))

    def limit(self, source: int) -> int:
        """The maximum number of tokens in a translation of `source` tokens: that of training pairs of this length and
        some more; extrapolated for longer sources."""
        place = int(np.searchsorted(self.sources, source))
        if place < len(self.sources):
            longest = float(self.targets[place])
        else:
            longest = self.targets[-1] * source / self.sources[-1]
        return math.ceil(SLACK * longest) + EXTRA
