"""How a language model predicts a text, in torch: as it is, learning while it reads, with a cache of what it read."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from seqcli.files.checkpoint import Checkpoint
from seqcli.language.config import LanguageModelConfig
from seqcli.language.line_objective import Lines, line_states
from seqcli.language.network import LanguageModel
from seqcli.language.objective import hidden_states
from seqcli.model.arrays import State
from seqcli.model.softmax import linear_cross_entropy
from seqcli.training.device import choose_device
from seqcli.training.run import load_weights

LONGEST = 1_000_000  # tokens of a line that are read from one state
KEPT = 0.99  # of the running mean of squared gradients, at each update


class Reading:
    """A text as it is read: as one, or line by line from a fresh state."""

    def __init__(self, ids: np.ndarray, boundary: int, lines: bool) -> None:
        self.tokens = np.concatenate(([boundary], ids)).astype(np.int64)
        self.lines = Lines(ids, boundary, LONGEST) if lines else None

    def states(self, model: LanguageModel) -> Iterator[tuple[Tensor, Tensor]]:
        """The outputs (n, width) that the tokens are predicted from, and the tokens (n,)."""
        return hidden_states(model, self.tokens) if self.lines is None else line_states(model, self.lines)

    def blocks(self, steps: int) -> Iterator[tuple[np.ndarray, bool]]:
        """Inputs and targets (n + 1,) of at most `steps` steps in their order, and whether the state is a fresh one."""
        spans = [(0, len(self.tokens) - 1)]
        if self.lines is not None:
            stops = self.lines.starts + self.lines.lengths
            spans = list(zip(self.lines.starts.tolist(), stops.tolist(), strict=True))
        for start, stop in spans:
            for place in range(start, stop, steps):
                yield self.tokens[place : min(place + steps, stop) + 1], place == start


@torch.no_grad()
def summed_loss(model: LanguageModel, reading: Reading, unknown: int) -> tuple[float, float, int]:
    """-log p of all tokens in nats and of the unknown ones, and how many these are."""
    weight, bias = model.output_weight, model.output_bias
    total, of_unknown, count = 0.0, 0.0, 0
    for hidden, targets in reading.states(model):
        total += linear_cross_entropy(hidden, weight, bias, targets).item()
        rows = targets == unknown
        if found := int(rows.sum()):
            of_unknown += linear_cross_entropy(hidden[rows], weight, bias, targets[rows]).item()
            count += found
    return total, of_unknown, count


def load_model(config: LanguageModelConfig, checkpoint: Checkpoint, device: str) -> LanguageModel:
    """A checkpoint's network in torch, in evaluation mode; its parameters are those that `config` describes."""
    model = LanguageModel(config)
    load_weights(model, checkpoint.tensors)
    return model.to(choose_device(device)).eval()


@torch.no_grad()
def cached_loss(
    model: LanguageModel, reading: Reading, *, window: int = 2000, flatness: float = 0.3, share: float = 0.1
) -> float:
    """-log p of all tokens with a continuous cache (Grave et al. 2017), in nats. p(w) = (1 - λ) p_model(w) + λ
    p_cache(w), where p_cache(w) ∝ Σ over the last `window` steps i that were followed by w of exp(θ h_t · h_i), λ the
    `share`, θ the `flatness`, h the last layer's outputs."""
    device = model.embedding.device
    state: list[State] | None = None
    past_hidden = torch.empty(0, model.output_weight.shape[1], device=device)
    past_words = torch.empty(0, dtype=torch.long, device=device)
    total = 0.0
    for ids, fresh in reading.blocks(128):
        block = torch.from_numpy(ids).to(device)
        hidden, state = model(block[:-1, None], None if fresh else state)
        hidden = hidden[:, 0]
        words = block[1:]
        logits = hidden @ model.output_weight.t() + model.output_bias
        from_model = logits.log_softmax(1).gather(1, words[:, None])[:, 0].exp()
        keys = torch.cat((past_hidden, hidden))
        followed = torch.cat((past_words, words))
        scores = flatness * (hidden @ keys.t())
        # row t sees the pairs before it, not its own and not those further back than the window
        place = torch.arange(len(keys), device=device)[None] - len(past_hidden)
        now = torch.arange(len(hidden), device=device)[:, None]
        scores.masked_fill_((place >= now) | (place < now - window), -math.inf)
        chances = scores.softmax(1).nan_to_num(0.0)  # the very first row sees nothing
        from_cache = (chances * (followed[None] == words[:, None])).sum(1)
        mixed = (1 - share) * from_model + share * from_cache
        if len(past_words) == 0:
            mixed[0] = from_model[0]
        total -= mixed.log().sum().item()
        past_hidden, past_words = keys[-window:], followed[-window:]
    return total


def dynamic_loss(
    model: LanguageModel, reading: Reading, *, rate: float = 0.002, decay: float = 0.005, steps: int = 20
) -> float:
    """-log p of all tokens by dynamic evaluation (Krause et al. 2018), in nats: after each `steps` tokens, which are
    scored first, every weight moves along its gradient and a little back, θ ← θ - η g / (√m + ε) + λ (θ₀ - θ), η the
    `rate`, λ the `decay`.

    The paper takes m, the mean of g², from the training text, which a model file does not hold: here it is a running
    mean over the text read so far, and ε the mean of √m over the weight's matrix, so that weights that are seldom moved
    (those of rare words) are not blown up. The model's weights are put back afterwards.
    """
    device = model.embedding.device
    parameters = list(model.parameters())
    original = [p.detach().clone() for p in parameters]
    squares = [torch.zeros_like(p) for p in parameters]
    state: list[State] | None = None
    total = 0.0
    try:
        for seen, (ids, fresh) in enumerate(reading.blocks(steps), start=1):
            block = torch.from_numpy(ids).to(device)
            hidden, new_state = model(block[:-1, None], None if fresh else state)
            loss = linear_cross_entropy(hidden[:, 0], model.output_weight, model.output_bias, block[1:])
            total += loss.item()
            gradients = torch.autograd.grad(loss / (len(block) - 1), parameters)
            state = [tuple(part.detach() for part in layer) for layer in new_state]
            known = math.sqrt(1 - KEPT**seen)  # the share of the running mean that is there yet, its root
            with torch.no_grad():
                for parameter, start, gradient, square in zip(parameters, original, gradients, squares, strict=True):
                    square.mul_(KEPT).addcmul_(gradient, gradient, value=1 - KEPT)
                    root = square.sqrt()
                    root.add_(root.mean() + 1e-8)
                    parameter.addcdiv_(gradient, root, value=-rate * known).lerp_(start, decay)
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, original, strict=True):
                parameter.copy_(value)
    return total
