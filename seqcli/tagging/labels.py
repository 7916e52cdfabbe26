"""The labels of a tagger: their numbers, the chunk scheme they are learnt in and the one they are written in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.tagging.schemes import BIOES, OUTSIDE, SCHEMES, Chunk, Scheme, foreign, split


class Gold(NamedTuple):
    """The labels that a sentence has: their numbers (steps,), -1 for those that a model does not know, and their
    chunks, whose kinds it need not know either."""

    numbers: np.ndarray
    chunks: list[Chunk]


@dataclass(frozen=True)
class LabelSet:
    """Labels in the order of their numbers. With a `scheme`, in which files have them, they are chunk labels, and the
    names are those of BIOES, in which chunks are learnt."""

    names: tuple[str, ...]
    scheme: Scheme | None = None

    @classmethod
    def learn(cls, sentences: Sequence[Sequence[str]], scheme: Scheme | None) -> LabelSet:
        """The labels of some sentences, as files have them in `scheme`; the most frequent first."""
        counts: Counter[str] = Counter()
        for labels in sentences:
            counts.update(labels if scheme is None else BIOES.labels(scheme.chunks(labels)[0], len(labels)))
        if scheme is not None:  # a kind that never is, say, one step long may still be
            kinds = {split(name)[1] for name in counts if name != OUTSIDE}
            for kind in kinds:
                counts.update({f"{prefix}-{kind}" if kind else prefix: 0 for prefix in "BIES"})
        return cls(tuple(sorted(counts, key=lambda name: (-counts[name], name))), scheme)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def numbers(self, labels: Sequence[str]) -> np.ndarray:
        """A sentence's labels, as files have them, as numbers: (steps,); -1 for those that are not known."""
        return self.gold(labels).numbers

    def gold(self, labels: Sequence[str]) -> Gold:
        """What a sentence's labels, as files have them, are."""
        if self.scheme is None:
            return Gold(np.array([self._numbers.get(label, -1) for label in labels], np.int64), [])
        unread = foreign(labels, self.scheme)
        chunks, _ = self.scheme.chunks([OUTSIDE if label in unread else label for label in labels])
        names = BIOES.labels(chunks, len(labels))
        own = zip(labels, names, strict=True)
        known = [-1 if label in unread else self._numbers.get(name, -1) for label, name in own]
        return Gold(np.array(known, np.int64), chunks)

    @cached_property
    def _written(self) -> np.ndarray:
        """Each label as the scheme of files has it, which for all but IOB1 depends on that label alone."""
        if self.scheme is None:
            return np.array(self.names, object)
        prefixes = {"B": self.scheme.begin, "I": self.scheme.inside, "E": self.scheme.end, "S": self.scheme.single}
        return np.array([prefixes.get(split(name)[0], name[:1]) + name[1:] for name in self.names], object)

    def written(self, numbers: np.ndarray) -> list[str]:
        """Numbers as the labels that files have."""
        if self.scheme is not None and not self.scheme.begins:
            return self.scheme.labels(self.chunks([numbers])[0], len(numbers))
        found: list[str] = self._written[numbers].tolist()
        return found

    @cached_property
    def _edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which labels begin a chunk and which end one, and the kind of each."""
        prefixes, kinds = zip(*(split(name) for name in self.names), strict=True)
        return np.isin(prefixes, ("B", "S")), np.isin(prefixes, ("E", "S")), np.array(kinds, object)

    def chunks(self, sentences: Sequence[np.ndarray]) -> list[list[Chunk]]:
        """The chunks of sentences, (steps,) each, which are whole ones; found together, which is much quicker."""
        if not sentences:
            return []
        labels, starts = np.concatenate(sentences), np.cumsum([0, *map(len, sentences)])
        begins, ends, kinds = self._edges
        first, last = np.flatnonzero(begins[labels]), np.flatnonzero(ends[labels]) + 1
        if len(first) != len(last):  # scores beyond all bounds break one off
            return [BIOES.chunks([self.names[n] for n in numbers.tolist()])[0] for numbers in sentences]
        edges = np.searchsorted(first, starts)
        offsets = np.repeat(starts[:-1], np.diff(edges))
        parts = (first - offsets, last - offsets, kinds[labels[first]])
        found = list(zip(*(part.tolist() for part in parts), strict=True))
        return [found[a:b] for a, b in pairwise(edges.tolist())]

    @cached_property
    def allowed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which label may follow which (from, to), which may come first and which last (labels,)."""
        size = len(self.names)
        if self.scheme is None:
            return np.ones((size, size), bool), np.ones(size, bool), np.ones(size, bool)
        prefixes, kinds = zip(*(split(name) for name in self.names), strict=True)
        prefix, kind = np.array(prefixes), np.array(kinds)
        opens, goes_on = np.isin(prefix, ("B", "I")), np.isin(prefix, ("I", "E"))
        inside = opens[:, None] & goes_on[None] & (kind[:, None] == kind[None])
        return inside | (~opens[:, None] & ~goes_on[None]), ~goes_on, ~opens

    def to_json(self) -> dict[str, Any]:
        return {"names": list(self.names), "scheme": self.scheme.name if self.scheme is not None else None}

    @classmethod
    def from_json(cls, values: Any) -> LabelSet:
        """What `to_json` gave; `CheckpointError` for anything else."""
        if not isinstance(values, Mapping) or set(values) != {"names", "scheme"}:
            raise CheckpointError("the model has no labels")
        names, scheme = values["names"], values["scheme"]
        usable = isinstance(names, list) and names and all(type(name) is str for name in names)
        if not usable or len(set(names)) != len(names) or not (scheme is None or isinstance(scheme, str)):
            raise CheckpointError("the model's labels are damaged")
        found = next((known for known in SCHEMES if known.name == scheme), None)
        if (scheme is None) != (found is None):
            raise CheckpointError(f"the model's labels are in a scheme this program does not know: {scheme!r}")
        return cls(tuple(names), found)
