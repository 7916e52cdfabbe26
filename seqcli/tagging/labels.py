"""The labels of a tagger: their numbers, the chunk scheme they are learnt in and the one they are written in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.tagging.schemes import BIOES, OUTSIDE, Chunk, Scheme, scheme_named, split


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
        if self.scheme is not None:
            labels = BIOES.labels(self.scheme.chunks(labels)[0], len(labels))
        return np.array([self._numbers.get(label, -1) for label in labels], np.int64)

    def written(self, numbers: Sequence[int] | np.ndarray) -> list[str]:
        """Numbers as the labels that files have."""
        labels = [self.names[number] for number in numbers]
        return labels if self.scheme is None else self.scheme.labels(BIOES.chunks(labels)[0], len(labels))

    def chunks(self, numbers: Sequence[int] | np.ndarray) -> list[Chunk]:
        """The chunks of a sentence's labels."""
        return BIOES.chunks([self.names[number] for number in numbers])[0]

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
        found = scheme_named(scheme) if scheme is not None else None
        if (scheme is None) != (found is None):
            raise CheckpointError(f"the model's labels are in a scheme this program does not know: {scheme!r}")
        return cls(tuple(names), found)
