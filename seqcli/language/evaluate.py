"""How well a language model predicts a text: as it is, adapting while it reads, and with a cache of what it read.

The figures for the model as it is come first and are never replaced; the other two are reported beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqcli.errors import DataError
from seqcli.files.checkpoint import Checkpoint, check_parameters
from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import LanguageModel
from seqcli.language.objective import mean_loss
from seqcli.model.cells import State
from seqcli.model.softmax import linear_cross_entropy
from seqcli.text.corpus import encode_files
from seqcli.text.tokenizer import Tokenizer, tokenizer_of
from seqcli.training.device import choose_device
from seqcli.training.run import load_weights

CACHE_WINDOW = 2000  # tokens looked back on
CACHE_FLATNESS = 0.3  # θ of Grave et al. 2017
CACHE_SHARE = 0.1  # λ
DYNAMIC_STEPS = 20  # tokens between two updates
DYNAMIC_RATE = 0.002  # η of Krause et al. 2018
DYNAMIC_DECAY = 0.005  # λ


def evaluate_language_model(
    checkpoint: Checkpoint,
    texts: list[str],
    *,
    dynamic: bool = False,
    cache: bool = False,
    device: str = "auto",
    encoding: str = "utf-8",
    errors: str = "strict",
    on_notice: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Negative log-likelihood (nats), perplexity a token, bits per byte and per character of whole texts.

    The texts are one stream; the state is carried along, every token is predicted once, the first one after the end of
    a line. With `dynamic` and `cache` the same figures stand under these names too. `DataError` for an empty text.
    """
    model, tokenizer = load_model(checkpoint, device)
    encoded = encode_files(texts, tokenizer, encoding=encoding, errors=errors)
    if len(encoded.ids) == 0:
        raise DataError("there is nothing to evaluate: the text is empty", path=texts[0])
    if unknown := int((encoded.ids == tokenizer.unk_id).sum()):
        on_notice(
            f"{unknown:,} of {len(encoded.ids):,} tokens are unknown: each is one guess, however long, and bits per "
            "byte compare only with those of models that know as many"
        )
    tokens = np.concatenate(([tokenizer.boundary_id], encoded.ids))

    def figures(nats: float) -> dict[str, float]:
        bits = nats * len(encoded.ids) / math.log(2)
        return {
            "nll_per_token": nats,
            "perplexity": math.exp(min(nats, 700.0)),
            "bits_per_byte": bits / encoded.bytes,
            "bits_per_char": bits / encoded.chars,
        }

    with torch.no_grad():
        result: dict[str, Any] = {"task": "lm", "tokens": len(encoded.ids), **figures(mean_loss(model, tokens))}
        if cache:
            result["cache"] = figures(cached_loss(model, tokens))
    if dynamic:
        result["dynamic"] = figures(dynamic_loss(model, tokens))
    return result


def load_model(checkpoint: Checkpoint, device: str = "auto") -> tuple[LanguageModel, Tokenizer]:
    """A checkpoint's network in torch, in evaluation mode, and its tokenizer."""
    config = LanguageModelConfig.from_json(checkpoint.config)
    check_parameters(config.parameter_shapes(), checkpoint.tensors)
    model = LanguageModel(config)
    load_weights(model, checkpoint.tensors)
    return model.to(choose_device(device)).eval(), tokenizer_of(checkpoint.blobs, config.vocabulary)


def cached_loss(
    model: LanguageModel,
    tokens: np.ndarray,
    *,
    window: int = CACHE_WINDOW,
    flatness: float = CACHE_FLATNESS,
    share: float = CACHE_SHARE,
) -> float:
    """Mean -log p with a continuous cache (Grave et al. 2017).

    p(w) = (1 - λ) p_model(w) + λ p_cache(w), where p_cache(w) ∝ Σ over the last `window` steps i that were followed by
    w of exp(θ h_t · h_i), with h the last layer's outputs.
    """
    device = model.embedding.device
    ids = torch.from_numpy(np.asarray(tokens, np.int64)).to(device)
    state: list[State] | None = None
    past_hidden = torch.empty(0, model.output_weight.shape[1], device=device)
    past_words = torch.empty(0, dtype=torch.long, device=device)
    total = 0.0
    for start in range(0, len(ids) - 1, 128):
        block = ids[start : start + 129]
        hidden, state = model(block[:-1, None], state)
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
        if start == 0:
            mixed[0] = from_model[0]
        total -= mixed.log().sum().item()
        past_hidden, past_words = keys[-window:], followed[-window:]
    return total / (len(ids) - 1)


def dynamic_loss(
    model: LanguageModel,
    tokens: np.ndarray,
    *,
    rate: float = DYNAMIC_RATE,
    decay: float = DYNAMIC_DECAY,
    steps: int = DYNAMIC_STEPS,
) -> float:
    """Mean -log p by dynamic evaluation (Krause et al. 2018): after each `steps` tokens, which are scored first, every
    weight moves along its gradient and a little back, θ ← θ - η g / (√m + ε) + λ (θ₀ - θ).

    The paper takes m, the mean of g², from the training text, which a model file does not hold: here it is a running
    mean over the text read so far, and ε the mean of √m over the weight's matrix, so that weights that are seldom moved
    (those of rare words) are not blown up. The model's weights are put back afterwards.
    """
    device = model.embedding.device
    ids = torch.from_numpy(np.asarray(tokens, np.int64)).to(device)
    parameters = list(model.parameters())
    original = [p.detach().clone() for p in parameters]
    squares = [torch.zeros_like(p) for p in parameters]
    state: list[State] | None = None
    total, seen = 0.0, 0
    try:
        for start in range(0, len(ids) - 1, steps):
            block = ids[start : start + steps + 1]
            hidden, new_state = model(block[:-1, None], state)
            loss = linear_cross_entropy(hidden[:, 0], model.output_weight, model.output_bias, block[1:])
            total += loss.item()
            gradients = torch.autograd.grad(loss / (len(block) - 1), parameters)
            state = [tuple(part.detach() for part in layer) for layer in new_state]
            seen += 1
            _adapt(parameters, original, list(gradients), squares, rate, decay, seen)
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, original, strict=True):
                parameter.copy_(value)
    return total / (len(ids) - 1)


@torch.no_grad()
def _adapt(
    parameters: list[torch.nn.Parameter],
    original: list[Tensor],
    gradients: list[Tensor],
    squares: list[Tensor],
    rate: float,
    decay: float,
    seen: int,
) -> None:
    keep = 0.99
    known = math.sqrt(1 - keep**seen)  # the share of the running mean that is there yet, its root
    for parameter, start, gradient, square in zip(parameters, original, gradients, squares, strict=True):
        square.mul_(keep).addcmul_(gradient, gradient, value=1 - keep)
        root = square.sqrt()
        root.add_(root.mean() + 1e-8)
        parameter.addcdiv_(gradient, root, value=-rate * known).lerp_(start, decay)
