"""A trained speech recogniser on NumPy: sound to the probabilities of tokens, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from seqcli.files.checkpoint import Checkpoint, check_parameters
from seqcli.model.arrays import Array
from seqcli.model.probability import log_softmax
from seqcli.model.stepping import SteppingStack
from seqcli.speech.config import SpeechConfig
from seqcli.speech.features import mel_power, normalised, stacked
from seqcli.text.tokenizer import Tokenizer, tokenizer_of


class SpeechDecoder:
    """The parameters of a speech recogniser, its features and its network. `parameters` are named and shaped as
    `SpeechConfig.parameter_shapes` says; `CheckpointError` otherwise."""

    def __init__(self, config: SpeechConfig, parameters: Mapping[str, np.ndarray]) -> None:
        check_parameters(config.parameter_shapes(), parameters)
        self.config, self.parameters = config, parameters
        layers: Mapping[str, Array] = parameters
        self.encoder = SteppingStack(config.encoder, layers, "encoder.")

    def features(self, samples: np.ndarray) -> np.ndarray:
        """samples (n,) at the model's rate -> features (frames, mels)."""
        config, parameters = self.config, self.parameters
        power = mel_power(samples, config.sample_rate, config.mels)
        return normalised(power, parameters["feature_mean"], parameters["feature_scale"])

    def _front(self, frames: np.ndarray) -> np.ndarray:
        """frames (time, stack · mels) -> what the recurrent layers see (time, front)."""
        config, parameters = self.config, self.parameters
        x = frames
        if config.channels:
            every = frames.reshape(-1, config.stack, config.mels)
            bands = np.lib.stride_tricks.sliding_window_view(every, config.band, axis=2)[:, :, :: config.band_step]
            x = bands.swapaxes(1, 2).reshape(len(frames) * config.bands, -1)
            x = np.maximum(x @ parameters["band_weight"].T + parameters["band_bias"], 0).reshape(len(frames), -1)
        return np.asarray(np.maximum(x @ parameters["front_weight"].T + parameters["front_bias"], 0))

    def log_probabilities(self, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Samples (n,) of each recording -> log-probabilities (steps, vocabulary + 1) of each, in nats."""
        config, parameters = self.config, self.parameters
        frames = [stacked(self.features(samples), config.stack, config.stride) for samples in recordings]
        lengths = np.array([len(each) for each in frames])
        x = np.zeros((lengths.max(), len(frames), config.front), np.float32)
        for column, each in enumerate(frames):
            x[: len(each), column] = self._front(each)
        outputs, _ = self.encoder.sequence(x, lengths)
        weight, bias = parameters["output_weight"], parameters["output_bias"]
        return [log_softmax(outputs[:length, column] @ weight.T + bias) for column, length in enumerate(lengths)]


def load_recogniser(checkpoint: Checkpoint) -> tuple[SpeechDecoder, Tokenizer]:
    """The decoder and tokenizer of a checkpoint."""
    config = SpeechConfig.from_json(checkpoint.config)
    return SpeechDecoder(config, checkpoint.tensors), tokenizer_of(checkpoint.blobs, config.vocabulary)
