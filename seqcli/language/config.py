"""What a language model is made of: the part of a checkpoint that says how to rebuild it."""

from __future__ import annotations

from dataclasses import dataclass

from seqcli.files.plain import Configuration
from seqcli.model.stepping import StackShape, check_sizes


@dataclass(frozen=True)
class LanguageModelConfig(Configuration):
    """Sizes of a language model. With `tied`, the output layer's weights are the embedding's (Press & Wolf 2017) and
    the last layer is as wide as the embedding. A model of `lines` begins each with a fresh state."""

    vocabulary: int
    cell: str = "lstm"
    embedding: int = 256
    hidden: int = 256
    layers: int = 1
    tied: bool = True
    lines: bool = False

    def __post_init__(self) -> None:
        check_sizes(self)

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
