"""A trained language model run token by token, on NumPy arrays (a CPU, without torch) or torch tensors (a GPU)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqcli.checkpoint import Checkpoint
from seqcli.data.tokenizer import Tokenizer, load_tokenizer
from seqcli.errors import CheckpointError
from seqcli.language.config import LanguageModelConfig
from seqcli.model.cells import Array, State
from seqcli.model.stepping import SteppingStack


class LanguageModelDecoder:
    """The parameters of a language model and its step.

    `parameters` are named and shaped as `LanguageModelConfig.parameter_shapes` says; `CheckpointError` otherwise.
    """

    def __init__(self, config: LanguageModelConfig, parameters: Mapping[str, Array]) -> None:
        check_parameters(config, parameters)
        self.config = config
        self.embedding = parameters["embedding"]
        self.output_weight = self.embedding if config.tied else parameters["output"]
        self.output_bias = parameters["output_bias"]
        self.stack = SteppingStack(config.stack, parameters, prefix="stack.")

    def initial_state(self, batch: int) -> list[State]:
        return self.stack.initial_state(batch, self.embedding)

    def step(self, tokens: np.ndarray, state: list[State]) -> tuple[Array, list[State]]:
        """tokens (batch,) of ids -> the last layer's output (batch, width), the new state."""
        return self.stack.step(self.embedding[self._index(tokens)], state)

    def logits(self, hidden: Array) -> np.ndarray:
        """hidden (batch, width) -> unnormalised log-probabilities of the next token (batch, vocabulary)."""
        logits = hidden @ self.output_weight.T + self.output_bias
        return logits if isinstance(logits, np.ndarray) else np.asarray(logits.float().cpu())

    def select(self, state: list[State], rows: np.ndarray) -> list[State]:
        """The state of some rows of the batch."""
        index = self._index(rows)
        return [tuple(part[index] for part in layer) for layer in state]

    def _index(self, ids: np.ndarray) -> Array:
        if isinstance(self.embedding, np.ndarray):
            return ids
        import torch  # the parameters are torch's already

        return torch.from_numpy(np.asarray(ids, np.int64)).to(self.embedding.device)


def check_parameters(config: LanguageModelConfig, parameters: Mapping[str, Any]) -> None:
    """Compare names and shapes with the configuration; `CheckpointError` names the first difference."""
    expected = config.parameter_shapes()
    if missing := sorted(set(expected) - set(parameters)):
        raise CheckpointError(f"the model lacks the tensor {missing[0]!r}")
    if foreign := sorted(set(parameters) - set(expected)):
        raise CheckpointError(f"the model has a tensor this program does not know: {foreign[0]!r}")
    for name, shape in expected.items():
        if tuple(parameters[name].shape) != shape:
            raise CheckpointError(f"tensor {name!r} has shape {tuple(parameters[name].shape)}, expected {shape}")


def load_language_model(checkpoint: Checkpoint, device: str = "cpu") -> tuple[LanguageModelDecoder, Tokenizer]:
    """The decoder and tokenizer of a checkpoint; `device` other than "cpu" takes it to torch there."""
    config = LanguageModelConfig.from_json(checkpoint.config)
    tokenizer = load_tokenizer_of(checkpoint, config)
    parameters: dict[str, Array] = dict(checkpoint.tensors)
    if device != "cpu":
        import torch

        from seqcli.training.device import choose_device

        where = choose_device(device)
        parameters = {name: torch.from_numpy(value).to(where) for name, value in parameters.items()}
    return LanguageModelDecoder(config, parameters), tokenizer


def load_tokenizer_of(checkpoint: Checkpoint, config: LanguageModelConfig) -> Tokenizer:
    """The tokenizer of a checkpoint; `CheckpointError` when it is missing or does not fit the model."""
    if "tokenizer" not in checkpoint.blobs:
        raise CheckpointError("the model has no tokenizer")
    tokenizer = load_tokenizer(checkpoint.blobs["tokenizer"])
    if tokenizer.size != config.vocabulary:
        raise CheckpointError(f"the tokenizer has {tokenizer.size} types, the model {config.vocabulary}")
    return tokenizer
