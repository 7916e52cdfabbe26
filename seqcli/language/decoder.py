"""A trained language model run token by token, on NumPy arrays (a CPU, without torch) or torch tensors (a GPU)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seqcli.errors import UsageError
from seqcli.files.checkpoint import Checkpoint, check_parameters
from seqcli.language.config import LanguageModelConfig
from seqcli.model.arrays import Array, State, index_of, to_numpy
from seqcli.model.int8 import Int8Matrix
from seqcli.model.stepping import InputTable, SteppingStack
from seqcli.text.tokenizer import Tokenizer, tokenizer_of

ROUNDED = ("weight_ih", "weight_hh")  # the recurrent matrices that may be rounded; the simple cell's is small


class LanguageModelDecoder:
    """The parameters of a language model and its step. `parameters` are named and shaped as
    `LanguageModelConfig.parameter_shapes` says; `CheckpointError` otherwise. With `int8` the matrices of the output
    layer and of the recurrence are rounded to eight bits (`Int8Matrix`)."""

    def __init__(self, config: LanguageModelConfig, parameters: Mapping[str, Array], *, int8: bool = False) -> None:
        check_parameters(config.parameter_shapes(), parameters)
        self.config = config
        self.embedding = parameters["embedding"]
        output = self.embedding if config.tied else parameters["output"]
        self.output_weight = Int8Matrix(output) if int8 else output
        self.output_bias = parameters["output_bias"]
        if int8:
            parameters = {n: Int8Matrix(p) if n.endswith(ROUNDED) else p for n, p in parameters.items()}
        self.stack = SteppingStack(config.stack, parameters, prefix="stack.")
        self.inputs = InputTable(self.stack, self.embedding) if isinstance(self.embedding, np.ndarray) else None

    def initial_state(self, batch: int) -> list[State]:
        """Zeros, a tuple of (batch, hidden) arrays a layer."""
        return self.stack.initial_state(batch, self.embedding)

    def step(self, tokens: np.ndarray, state: list[State]) -> tuple[Array, list[State]]:
        """tokens (batch,) of ids -> the last layer's output (batch, width), the new state."""
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found where it is used
            if self.inputs is not None:
                return self.stack.step_on(self.inputs[tokens], state)
            return self.stack.step(self.embedding[index_of(tokens, self.embedding)], state)

    def logits(self, hidden: Array) -> np.ndarray:
        """hidden (batch, width) -> unnormalised log-probabilities of the next token (batch, vocabulary)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return to_numpy(hidden @ self.output_weight.T + self.output_bias)

    def select(self, state: list[State], rows: np.ndarray) -> list[State]:
        """The state of some rows of the batch."""
        index = index_of(rows, self.embedding)
        return [tuple(part[index] for part in layer) for layer in state]


def load_language_model(
    checkpoint: Checkpoint, device: str = "cpu", *, int8: bool = False
) -> tuple[LanguageModelDecoder, Tokenizer]:
    """The decoder and tokenizer of a checkpoint; `device` other than "cpu" takes it to torch there, without `int8`."""
    config = LanguageModelConfig.from_json(checkpoint.config)
    tokenizer = tokenizer_of(checkpoint.blobs, config.vocabulary)
    parameters: dict[str, Array] = dict(checkpoint.tensors)
    if device != "cpu":
        if int8:
            raise UsageError(f"--int8 is for processors, not {device}", hint="leave --int8 or --device out")
        from seqcli.training.device import tensors_on

        parameters = tensors_on(device, checkpoint.tensors)
    return LanguageModelDecoder(config, parameters, int8=int8), tokenizer
