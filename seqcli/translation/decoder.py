"""A trained translation model run step by step, on NumPy arrays (a CPU, without torch) or torch tensors (a GPU)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from seqcli.files.checkpoint import Checkpoint, check_parameters
from seqcli.model.arrays import Array, State, concatenate, index_of, product, tanh, to_numpy
from seqcli.model.cells import cell_of
from seqcli.model.stepping import InputTable, SteppingStack
from seqcli.text.tokenizer import Tokenizer, tokenizer_of
from seqcli.translation.attention import MASKED, Memory, attend, project
from seqcli.translation.config import TranslationConfig


@dataclass(frozen=True)
class DecoderState:
    """The state between steps, a row per hypothesis: a state per layer, and what the first one sees of the context that
    is fed back."""

    layers: list[State]
    fed: Array | None


class TranslationDecoder:
    """The parameters of a translation model, its encoder and its step. `parameters` are named and shaped as
    `TranslationConfig.parameter_shapes` says; `CheckpointError` otherwise."""

    def __init__(self, config: TranslationConfig, parameters: Mapping[str, Array]) -> None:
        check_parameters(config.parameter_shapes(), parameters)
        self.config, self.parameters = config, parameters
        self.embedding = parameters["embedding"]
        self.vectors = self.embedding * math.sqrt(config.embedding)
        self.encoder = SteppingStack(config.encoder, parameters, "encoder.")
        self.first_layer = SteppingStack(config.first_layer, parameters, "first_layer.")
        upper = config.upper_layers
        self.upper_layers = None if upper is None else SteppingStack(upper, parameters, "upper_layers.")
        on_numpy = isinstance(self.embedding, np.ndarray)
        self.output_weight = np.ascontiguousarray(self.embedding.T) if on_numpy else self.embedding.T
        keeps = on_numpy and not config.input_feeding
        self.inputs = InputTable(self.first_layer, self.vectors) if keeps else None
        # What sees the context beside something else: readout, upper layers, and the first layer if it is fed back. The
        # context's part of these products, with the biases, is formed at the places of the source where it can be:
        # there are fewer of them than rows and steps, and their weights sum to one.
        weights, biases = [parameters["readout_weight"].T], [parameters["readout_bias"]]
        for stack in (self.upper_layers, self.first_layer if config.input_feeding else None):
            if stack is not None:
                weights.append(stack.cell.input_weight(stack.layers[0]))
                biases.append(stack.input_part(self._floats(np.zeros((1, len(weights[-1])))))[0])
        own = [len(weight) - config.context_width for weight in weights]
        self.own = [weight[:size] for weight, size in zip(weights, own, strict=True)]
        self.context_weight = concatenate(tuple(weight[size:] for weight, size in zip(weights, own, strict=True)))
        self.context_bias = concatenate(tuple(biases))
        self.parts = np.cumsum([0, *(len(bias) for bias in biases)]).tolist()

    def encode(self, sources: np.ndarray, lengths: np.ndarray) -> tuple[Memory | None, DecoderState]:
        """sources (batch, source time) of ids, padded; lengths (batch,) -> what is attended to, and the first state, by
        sentence."""
        outputs, last = self.encoder.sequence(self.vectors[self._index(sources.T)], lengths)
        ends = concatenate((last[-2], last[-1]))
        weight, bias = self.parameters["bridge_weight"], self.parameters["bridge_bias"]
        layers: list[State] = []
        for index in range(self.config.decoder_layers):
            h = tanh(ends @ weight[index].T + bias[index])
            layers.append((h, h * 0) if cell_of(self.config.cell).states == 2 else (h,))
        if self.config.attention == "none":
            return None, DecoderState(layers, None)
        outputs = outputs.swapaxes(0, 1)
        outputs = np.ascontiguousarray(outputs) if isinstance(outputs, np.ndarray) else outputs.contiguous()
        behind = np.arange(sources.shape[1])[None] >= lengths[:, None]
        mask = self._floats(np.where(behind, MASKED, 0.0)[:, None])
        memory = project(self.config.attention, self.parameters, outputs, mask)
        if self.config.attention != "multi-head":  # where each place has several weights
            memory = replace(memory, values=product(memory.values, self.context_weight) + self.context_bias)
        fed = None
        if self.config.input_feeding:
            fed = self._floats(np.zeros((len(lengths), 1))) + self.context_bias[self.parts[-2] :]
        return memory, DecoderState(layers, fed)

    def step(
        self, tokens: np.ndarray, state: DecoderState, memory: Memory | None, sentences: np.ndarray | None = None
    ) -> tuple[Array, DecoderState, Array]:
        """tokens (rows,) of ids -> readouts (rows, embedding), the new state, and the attention's weights (rows,
        source), None without attention. `sentences` (rows,), rising, are those of the memory that the rows are of,
        each of one at least; without it there is a row for each."""
        if self.inputs is not None:
            inputs = self.inputs[tokens]
        elif state.fed is None:
            inputs = self.first_layer.input_part(self.vectors[self._index(tokens)])
        else:
            inputs = self.vectors[self._index(tokens)] @ self.own[-1] + state.fed
        lower, layers = self.first_layer.step_on(inputs, state.layers[:1])
        seen, weights = self.context_bias, None
        if memory is not None:
            seen, weights = self._attend(lower, memory, sentences)
            if self.config.attention == "multi-head":
                seen = seen @ self.context_weight + self.context_bias
        seen = [seen[..., start:end] for start, end in zip(self.parts, self.parts[1:], strict=False)]
        hidden = lower
        if self.upper_layers is not None:
            upper, above = self.upper_layers.step_on(lower @ self.own[1] + seen[1], state.layers[1:])
            hidden, layers = upper + lower, layers + above
        readout = tanh(hidden @ self.own[0] + seen[0])
        return readout, DecoderState(layers, None if state.fed is None else seen[-1]), weights

    def _attend(self, queries: Array, memory: Memory, sentences: np.ndarray | None) -> tuple[Array, Array]:
        """Weighted values, and weights, of queries (rows, hidden), those of a sentence side by side."""
        count, kind, heads = memory.keys.shape[0], self.config.attention, self.config.heads
        if sentences is None or len(sentences) == count:
            contexts, weights = attend(kind, self.parameters, queries[:, None], memory, heads)
            return contexts[:, 0], weights[:, 0]
        starts = np.searchsorted(sentences, np.arange(count))
        beside = np.arange(len(sentences)) - starts[sentences]
        rows = np.minimum(starts[:, None] + np.arange(beside.max() + 1), len(sentences) - 1)  # more than there are: any
        contexts, weights = attend(kind, self.parameters, queries[self._index(rows)], memory, heads)
        at = self._index(sentences), self._index(beside)
        return contexts[at], weights[at]

    def logits(self, readout: Array) -> np.ndarray:
        """readout (rows, embedding) -> unnormalised log-probabilities of the next token (rows, vocabulary)."""
        logits = readout @ self.output_weight
        logits += self.parameters["output_bias"]
        return to_numpy(logits)

    def select(self, state: DecoderState, rows: np.ndarray) -> DecoderState:
        """The state of some rows, which may repeat."""
        index = self._index(rows)
        layers = [tuple(part[index] for part in layer) for layer in state.layers]
        return DecoderState(layers, None if state.fed is None else state.fed[index])

    def select_memory(self, memory: Memory | None, sentences: np.ndarray) -> Memory | None:
        """The memory of some sentences."""
        if memory is None:
            return None
        index = self._index(sentences)
        return Memory(memory.keys[index], memory.values[index], memory.mask[index])

    def _floats(self, values: np.ndarray) -> Array:
        """`values` as an array of the parameters' kind and type."""
        if isinstance(self.embedding, np.ndarray):
            return values.astype(self.embedding.dtype)
        return self.embedding.new_tensor(values)

    def _index(self, ids: np.ndarray) -> Array:
        return index_of(ids, self.embedding)


def load_translation_model(checkpoint: Checkpoint, device: str = "cpu") -> tuple[TranslationDecoder, Tokenizer]:
    """The decoder and tokenizer of a checkpoint; `device` other than "cpu" takes it to torch there."""
    config = TranslationConfig.from_json(checkpoint.config)
    tokenizer = tokenizer_of(checkpoint.blobs, config.vocabulary)
    parameters: dict[str, Array] = {
        # matrices are used transposed: in this order products of few rows need not lay them out anew each time
        name: np.asfortranarray(value) if name.endswith(("weight_ih", "weight_hh", "readout_weight")) else value
        for name, value in checkpoint.tensors.items()
    }
    if device != "cpu":
        from seqcli.training.device import tensors_on

        parameters = tensors_on(device, checkpoint.tensors)
    return TranslationDecoder(config, parameters), tokenizer
