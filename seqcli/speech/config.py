"""What a speech recogniser is made of: the part of a checkpoint that says how to rebuild it."""

from __future__ import annotations

from dataclasses import dataclass

from seqcli.files.plain import Configuration
from seqcli.model.stepping import StackShape, check_sizes

FRAMES_A_SECOND = 100
LIMITS = {"sample_rate": 192_000, "mels": 512, "stack": 64, "stride": 64, "lookahead": 100}


@dataclass(frozen=True)
class SpeechConfig(Configuration):
    """Sizes of a speech recogniser.

    The input are `mels` log-mel energies every 10 ms of sound at `sample_rate` Hz. Every `stride` frames, `stack` of
    them go through a layer of rectified linear units, `channels` for each band of `band` neighbouring energies, with
    the same weights every `band_step` energies (0: no such layer), one of `front` units and the recurrent layers, whose
    outputs give the probabilities of `vocabulary` tokens and of the blank, the last class. With `lowercase` all
    transcripts are in lower case.

    A network of one direction transcribes sound while it comes. Its output at each step is given `lookahead` steps
    later.
    """

    vocabulary: int
    cell: str = "lstm"
    sample_rate: int = 8000
    mels: int = 40
    stack: int = 5
    stride: int = 2
    channels: int = 0
    band: int = 8
    band_step: int = 3
    front: int = 128
    hidden: int = 128
    layers: int = 2
    bidirectional: bool = True
    lookahead: int = 0
    lowercase: bool = False

    def __post_init__(self) -> None:
        check_sizes(self, may_be_zero=("channels", "lookahead"))
        if any(getattr(self, name) > most for name, most in LIMITS.items()):
            raise ValueError(f"its features cannot be made: {', '.join(LIMITS)} are too large")
        if self.sample_rate < 2000 or self.stride > self.stack or self.band > self.mels:
            raise ValueError(
                "its features cannot be made: the sample rate is too low, steps are too far apart or bands too wide"
            )
        if self.bidirectional and self.lookahead:
            raise ValueError("a network of both directions has no lookahead")

    @property
    def streaming(self) -> bool:
        """Whether sound is transcribed while it comes."""
        return not self.bidirectional

    @property
    def blank(self) -> int:
        """The class that stands for no token."""
        return self.vocabulary

    @property
    def step_seconds(self) -> float:
        """The time from one output of the network to the next."""
        return self.stride / FRAMES_A_SECOND

    @property
    def bands(self) -> int:
        """How many bands of neighbouring filters there are."""
        return (self.mels - self.band) // self.band_step + 1

    @property
    def encoder(self) -> StackShape:
        """The recurrent layers."""
        return StackShape(self.cell, self.front, self.hidden, self.layers, bidirectional=self.bidirectional)

    @property
    def width(self) -> int:
        """Width of the last recurrent layer's outputs."""
        return self.hidden * self.encoder.directions

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter; mean and scale are those of the features in the training data."""
        shapes: dict[str, tuple[int, ...]] = {
            "feature_mean": (self.mels,),
            "feature_scale": (self.mels,),
            "front_weight": (self.front, self.bands * self.channels or self.stack * self.mels),
            "front_bias": (self.front,),
            "output_weight": (self.vocabulary + 1, self.width),
            "output_bias": (self.vocabulary + 1,),
        }
        if self.channels:
            shapes |= {"band_weight": (self.channels, self.stack * self.band), "band_bias": (self.channels,)}
        return shapes | {f"encoder.{name}": shape for name, shape in self.encoder.parameter_shapes().items()}
