"""The configuration of a translation model: how to rebuild it from a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from seqcli.files.plain import Configuration
from seqcli.model.stepping import StackShape, check_sizes
from seqcli.translation.options import ATTENTIONS


@dataclass(frozen=True)
class TranslationConfig(Configuration):
    """Sizes of a translation model.

    Source and target share one vocabulary, and one matrix is the embedding of both and the output layer's weights
    (three-way tying, Press & Wolf 2017). The encoder reads in both directions. The decoder's first layer asks, with its
    output as the query, an attention over the encoder's outputs; the layers over it and the output layer see that
    layer's output beside the attention's context. With `input_feeding` the first layer also sees the context of the
    step before. With the attention `none` all the decoder knows of the source is the state it starts from.
    """

    vocabulary: int
    cell: str = "lstm"
    embedding: int = 192
    encoder_hidden: int = 192
    encoder_layers: int = 1
    decoder_hidden: int = 256
    decoder_layers: int = 2
    attention: str = "dot"
    heads: int = 4  # of multi-head attention
    input_feeding: bool = False

    def __post_init__(self) -> None:
        check_sizes(self)
        if self.attention not in ATTENTIONS:
            raise ValueError(f"unknown attention {self.attention!r}")
        if self.attention == "multi-head" and any(w % self.heads for w in (self.decoder_hidden, self.source_width)):
            raise ValueError(f"its widths cannot be divided among {self.heads} attention heads")

    @property
    def encoder(self) -> StackShape:
        """The layers that read the source, in both directions."""
        return StackShape(self.cell, self.embedding, self.encoder_hidden, self.encoder_layers, bidirectional=True)

    @property
    def source_width(self) -> int:
        """Width of the encoder's outputs: both directions."""
        return 2 * self.encoder_hidden

    @property
    def context_width(self) -> int:
        """Width of the attention's context; 0 without attention."""
        return 0 if self.attention == "none" else self.source_width

    @property
    def first_layer(self) -> StackShape:
        """The decoder's layer that asks the attention."""
        fed = self.context_width if self.input_feeding else 0
        return StackShape(self.cell, self.embedding + fed, self.decoder_hidden, 1)

    @property
    def upper_layers(self) -> StackShape | None:
        """The decoder's layers over the attention."""
        if self.decoder_layers == 1:
            return None
        inputs = self.decoder_hidden + self.context_width
        return StackShape(self.cell, inputs, self.decoder_hidden, self.decoder_layers - 1)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter."""
        width, source = self.decoder_hidden, self.source_width
        shapes: dict[str, tuple[int, ...]] = {
            "embedding": (self.vocabulary, self.embedding),
            "output_bias": (self.vocabulary,),
            "bridge_weight": (self.decoder_layers, width, source),
            "bridge_bias": (self.decoder_layers, width),
            "readout_weight": (self.embedding, width + self.context_width),
            "readout_bias": (self.embedding,),
        }
        if self.attention != "none":
            shapes |= {"attention.query": (width, width), "attention.key": (width, source)}
        if self.attention == "additive":
            shapes["attention.energy"] = (width,)
        if self.attention == "multi-head":
            shapes["attention.value"] = (source, source)
        stacks = {"encoder": self.encoder, "first_layer": self.first_layer, "upper_layers": self.upper_layers}
        for prefix, stack in stacks.items():
            if stack is not None:
                shapes |= {f"{prefix}.{name}": shape for name, shape in stack.parameter_shapes().items()}
        return shapes
