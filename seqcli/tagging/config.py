"""What a tagger is made of: the part of a checkpoint that says how to rebuild it."""

from __future__ import annotations

from dataclasses import dataclass

from seqcli.files.plain import Configuration
from seqcli.model.stepping import StackShape, check_sizes


@dataclass(frozen=True)
class TaggerConfig(Configuration):
    """Sizes of a tagger.

    A step of the sequence (a word, or a character) is read as a vector of `words` types. Words also have what a
    bidirectional reader makes of their `characters`, and the sum of the vectors of their `affixes`; characters have
    those of the `pairs` that they form with their neighbours. A part whose number of types is 0 is not there. A
    bidirectional stack reads these vectors, a linear map gives each label its score, and with `crf` the labels of a
    sentence are one decision.
    """

    labels: int
    words: int
    word_width: int = 100
    characters: int = 0
    character_width: int = 32
    reader_hidden: int = 50
    affixes: int = 0
    affix_width: int = 50
    pairs: int = 0
    pair_width: int = 50
    cell: str = "lstm"
    hidden: int = 200
    layers: int = 1
    crf: bool = True

    def __post_init__(self) -> None:
        check_sizes(self, may_be_zero=("characters", "affixes", "pairs"))

    @property
    def reader(self) -> StackShape | None:
        """The layers that read a word's characters, in both directions."""
        if not self.characters:
            return None
        return StackShape(self.cell, self.character_width, self.reader_hidden, 1, bidirectional=True)

    @property
    def type_width(self) -> int:
        """Width of what a word's spelling gives: the reader's two ends and its affixes."""
        return (2 * self.reader_hidden if self.characters else 0) + (self.affix_width if self.affixes else 0)

    @property
    def input_width(self) -> int:
        """Width of what the stack reads at a step."""
        return self.word_width + self.type_width + (2 * self.pair_width if self.pairs else 0)

    @property
    def stack(self) -> StackShape:
        """The layers that read the sentence, in both directions."""
        return StackShape(self.cell, self.input_width, self.hidden, self.layers, bidirectional=True)

    def tables(self) -> dict[str, tuple[int, int]]:
        """The embeddings, of which a batch touches a few rows: name -> (types, width)."""
        tables = {
            "words": (self.words, self.word_width),
            "characters": (self.characters, self.character_width),
            "affixes": (self.affixes, self.affix_width),
            "pairs": (self.pairs, self.pair_width),
        }
        return {name: shape for name, shape in tables.items() if shape[0]}

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter."""
        shapes: dict[str, tuple[int, ...]] = dict(self.tables())
        for prefix, stack in (("reader", self.reader), ("stack", self.stack)):
            if stack is not None:
                shapes |= {f"{prefix}.{name}": shape for name, shape in stack.parameter_shapes().items()}
        shapes |= {"output_weight": (self.labels, 2 * self.hidden), "output_bias": (self.labels,)}
        if self.crf:
            shapes |= {"transitions": (self.labels, self.labels), "start": (self.labels,), "end": (self.labels,)}
        return shapes
