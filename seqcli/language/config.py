"""What a language model is made of: the part of a checkpoint that says how to rebuild it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from seqcli.errors import CheckpointError
from seqcli.model.cells import CELLS
from seqcli.model.stepping import MAX_LAYERS, StackShape


@dataclass(frozen=True)
class LanguageModelConfig:
    """Sizes of a language model. With `tied`, the output layer's weights are the embedding's (Press & Wolf 2017) and
    the last layer is as wide as the embedding. A model of `lines` has learnt lines that are texts of their own: each
    begins with a fresh state."""

    vocabulary: int
    cell: str = "lstm"
    embedding: int = 256
    hidden: int = 256
    layers: int = 1
    tied: bool = True
    lines: bool = False

    @property
    def stack(self) -> StackShape:
        """The recurrent layers between the embedding and the output layer."""
        width = self.embedding if self.tied else self.hidden
        return StackShape(self.cell, self.embedding, self.hidden, self.layers, output_size=width)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter."""
        shapes = {"embedding": (self.vocabulary, self.embedding), "output_bias": (self.vocabulary,)}
        if not self.tied:
            shapes["output"] = (self.vocabulary, self.hidden)
        return shapes | {f"stack.{name}": shape for name, shape in self.stack.parameter_shapes().items()}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> LanguageModelConfig:
        """Rebuild a configuration from a checkpoint's; `CheckpointError` when it is not one."""
        kinds: dict[str, type] = {"cell": str, "tied": bool, "lines": bool}
        values = {"lines": False, **values}  # models from before there was a choice
        for item in fields(cls):
            kind: type = kinds.get(item.name, int)
            limit = MAX_LAYERS if item.name.endswith("layers") else 2**31 - 1
            value = values.get(item.name)
            if type(value) is not kind or (type(value) is int and not 0 < value <= limit):
                raise CheckpointError(f"the model's configuration has no usable {item.name!r}: {value!r}")
        if set(values) != {item.name for item in fields(cls)} or values["cell"] not in CELLS:
            raise CheckpointError("the model's configuration is not that of a language model this program knows")
        return cls(**values)
