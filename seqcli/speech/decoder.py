"""A trained speech recogniser on NumPy: sound to the probabilities of tokens, without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import Checkpoint, check_parameters
from seqcli.files.tensor_file import REMEDY
from seqcli.model.probability import log_softmax
from seqcli.model.stepping import SteppingStack
from seqcli.speech.config import FRAMES_A_SECOND, SpeechConfig
from seqcli.speech.features import StreamFeatures, mel_power, normalised, stacked, windows
from seqcli.text.tokenizer import Tokenizer, tokenizer_of

PIECE = 8  # frames that a stream goes on by at a time
SMALLEST_SCALE = 0.001  # that features may be divided by
EDGE = 2  # frames at either end of a piece of sound that miss some of their samples


class SpeechDecoder:
    """The parameters of a speech recogniser, its features and its network. `parameters` are named and shaped as
    `SpeechConfig.parameter_shapes` says; `CheckpointError` otherwise."""

    def __init__(self, config: SpeechConfig, parameters: Mapping[str, np.ndarray]) -> None:
        check_parameters(config.parameter_shapes(), parameters)
        if (np.abs(parameters["feature_scale"]) < SMALLEST_SCALE).any():
            raise CheckpointError(f"tensor 'feature_scale' has a value below {SMALLEST_SCALE}", hint=REMEDY)
        self.config, self.parameters = config, parameters
        self.encoder = SteppingStack(config.encoder, parameters, "encoder.")

    def features(self, samples: np.ndarray) -> np.ndarray:
        """samples (n,) at the model's rate -> features (frames, mels)."""
        config, parameters = self.config, self.parameters
        power = mel_power(samples, config.sample_rate, config.mels)
        mean, scale = parameters["feature_mean"], parameters["feature_scale"]
        return normalised(power, mean, scale, streaming=config.streaming)

    def front(self, frames: np.ndarray) -> np.ndarray:
        """frames (time, stack · mels) -> what the recurrent layers see (time, front)."""
        config, parameters = self.config, self.parameters
        x = frames
        if config.channels:
            every = frames.reshape(-1, config.stack, config.mels)
            bands = np.lib.stride_tricks.sliding_window_view(every, config.band, axis=2)[:, :, :: config.band_step]
            x = bands.swapaxes(1, 2).reshape(len(frames) * config.bands, -1)
            x = np.maximum(x @ parameters["band_weight"].T + parameters["band_bias"], 0).reshape(len(frames), -1)
        return np.asarray(np.maximum(x @ parameters["front_weight"].T + parameters["front_bias"], 0))

    def log_probabilities(self, samples: np.ndarray) -> np.ndarray:
        """samples (n,) at the model's rate -> log-probabilities (steps, vocabulary + 1), in nats."""
        if self.config.streaming:
            return np.concatenate(list(Stream(self).rows([samples])))
        frames = stacked(self.features(samples), self.config.stack, self.config.stride)
        outputs, _ = self.encoder.sequence(self.front(frames)[:, None], np.array([len(frames)]))
        return self.output(outputs[:, 0])

    def output(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs of the recurrent layers (steps, width) -> log-probabilities (steps, vocabulary + 1), in nats."""
        return log_softmax(outputs @ self.parameters["output_weight"].T + self.parameters["output_bias"])


class Stream:
    """What a network of one direction makes of sound that comes in blocks. It is worked on in pieces of `PIECE`
    frames: their sizes, and with them the last digit of every number, do not depend on the blocks."""

    def __init__(self, decoder: SpeechDecoder) -> None:
        config, parameters = decoder.config, decoder.parameters
        self.decoder, self.config = decoder, config
        self._hop = config.sample_rate // FRAMES_A_SECOND
        self.length, self.peak = 0, 0.0  # samples so far, and the greatest of them
        self._samples = np.zeros(EDGE * self._hop, np.float32)  # those that the next frames have a part of
        self._features = StreamFeatures(parameters["feature_mean"], parameters["feature_scale"])
        self._frames = np.zeros((0, config.mels), np.float32)
        self._seen = self._done = 0  # frames and steps
        self._state = decoder.encoder.initial_state(1, self._frames)
        self._late = config.lookahead  # outputs that no step of the sound belongs to

    def rows(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Samples (n,) at the model's rate as they come -> log-probabilities of further steps (steps, vocabulary + 1),
        in nats, after each piece."""
        size, held = PIECE * self._hop, np.zeros(0, np.float32)
        for block in blocks:
            held = np.concatenate((held, block))
            *pieces, held = np.split(held, range(size, len(held) + 1, size))
            for piece in pieces:
                yield self._piece(piece)
        yield self._piece(held, last=True)

    def _piece(self, samples: np.ndarray, *, last: bool = False) -> np.ndarray:
        config = self.config
        self.length += len(samples)
        self.peak = max(self.peak, float(np.abs(samples).max(initial=0.0)))
        held = np.concatenate((self._samples, samples))
        power = mel_power(held, config.sample_rate, config.mels)[EDGE : None if last else -EDGE]
        self._samples = held[-(2 * EDGE - 1) * self._hop :]
        x = self._steps(self._features.push(power, last=last), last)
        if last:
            x = np.concatenate((x, np.zeros((config.lookahead, x.shape[1]), np.float32)))
        if not len(x):
            return np.zeros((0, config.vocabulary + 1), np.float32)
        outputs, self._state = self.decoder.encoder.run(self.decoder.front(x)[:, None], self._state)
        late = min(self._late, len(x))
        self._late -= late
        return self.decoder.output(outputs[late:, 0])

    def _steps(self, frames: np.ndarray, last: bool) -> np.ndarray:
        """The steps that further frames (time, mels) complete, as of `stacked`."""
        stack, stride = self.config.stack, self.config.stride
        before = 0 if self._seen else (stack - stride) // 2
        self._seen += len(frames)
        held = np.concatenate((self._frames, *[frames[:1]] * before, frames))
        if last:
            held = np.pad(held, ((0, stack), (0, 0)), mode="edge")
            steps = -(-self._seen // stride) - self._done
        else:
            steps = max((len(held) - stack) // stride + 1, 0)
        self._done += steps
        self._frames = held[steps * stride :]
        return windows(held, stack, stride, steps)


def load_recogniser(checkpoint: Checkpoint) -> tuple[SpeechDecoder, Tokenizer]:
    """The decoder and tokenizer of a checkpoint."""
    config = SpeechConfig.from_json(checkpoint.config)
    return SpeechDecoder(config, checkpoint.tensors), tokenizer_of(checkpoint.blobs, config.vocabulary)
