"""How well a language model predicts a text.

The figures for the model as it is come first and are never replaced; those of `reading.py`, with the model adapting and
with a cache, are reported beside them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from seqcli.errors import DataError
from seqcli.files.checkpoint import Checkpoint, check_parameters
from seqcli.language.config import LanguageModelConfig
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.options import EvaluateRequest
from seqcli.language.score import surprisals_of
from seqcli.notices import Notice, quietly
from seqcli.text.cache import Encoded
from seqcli.text.corpus import encode_files
from seqcli.text.tokenizer import Tokenizer, tokenizer_of

SHORT = 2_000_000_000  # tokens times recurrent weights up to which NumPy's steps are quicker than importing torch


def evaluate_language_model(
    checkpoint: Checkpoint, request: EvaluateRequest, notice: Notice = quietly
) -> dict[str, Any]:
    """Negative log-likelihood (nats), perplexity a token, bits per byte and per character of whole texts.

    With `dynamic` and `cache` the same figures stand under these names too, with the model adapting while it reads and
    with a cache of what it read. `notice` is told of what a reader of the figures should know.

    A model of lines reads each line that is not blank by itself, from its beginning to its end; any other reads all of
    the text as one, the first token after the end of a line. Every token is predicted once. Where the text has tokens
    that the model does not know, `perplexity_known` is that of the others. Raises `DataError` for an empty text.
    """
    config = LanguageModelConfig.from_json(checkpoint.config)
    check_parameters(config.parameter_shapes(), checkpoint.tensors)
    tokenizer = tokenizer_of(checkpoint.blobs, config.vocabulary)
    spell = request.open_vocabulary
    encoded = encode_files(list(request.data), tokenizer, request, lines=config.lines, spell=spell, notice=notice)
    count = len(encoded.ids)
    if count == 0:
        raise DataError("there is nothing to evaluate: the text is empty", path=request.data[0])
    result: dict[str, Any] = {"task": "lm", "tokens": count}
    weights = sum(math.prod(shape) for name, shape in config.parameter_shapes().items() if name.startswith("stack."))
    in_torch = request.dynamic or request.cache or request.device not in ("auto", "cpu") or count * weights > SHORT
    if in_torch:
        from seqcli.language import reading

        model = reading.load_model(config, checkpoint, request.device)
        text = reading.Reading(encoded.ids, tokenizer.boundary_id, config.lines)
        nats, unknown_nats, unknown = reading.summed_loss(model, text, tokenizer.unk_id)
    else:
        decoder = LanguageModelDecoder(config, checkpoint.tensors)
        nats, unknown_nats, unknown = _short_loss(decoder, encoded.ids, tokenizer)
    result |= _figures(nats, encoded)
    if unknown:
        guessed = (
            "each is one guess, however long, and bits per character compare only with those of models that know "
            "as many; --open-vocabulary adds their spelling"
        )
        told = "their spelling is in the figures" if spell else guessed
        notice(f"{unknown:,} of {count:,} tokens ({unknown / count:.1%}) are unknown: {told}")
        result["unknown"] = unknown / count
        result["perplexity_known"] = _perplexity(nats - unknown_nats, count - unknown)
    if request.cache:
        result["cache"] = _figures(reading.cached_loss(model, text), encoded)
    if request.dynamic:
        result["dynamic"] = _figures(reading.dynamic_loss(model, text), encoded)
    return result


def _short_loss(decoder: LanguageModelDecoder, ids: np.ndarray, tokenizer: Tokenizer) -> tuple[float, float, int]:
    """-log p of all tokens in nats and of the unknown ones, and how many these are, without torch."""
    boundary = tokenizer.boundary_id
    ends = np.flatnonzero((ids == boundary) & decoder.config.lines) + 1
    texts = [part.tolist() for part in np.split(ids, ends) if len(part)]
    costs = np.concatenate(surprisals_of(decoder, [[boundary, *part] for part in texts]))
    unknown = ids == tokenizer.unk_id
    return float(costs.sum()), float(costs[unknown].sum()), int(unknown.sum())


def _figures(nats: float, text: Encoded) -> dict[str, float]:
    nats += text.spelling
    return {
        "nll_per_token": nats / len(text.ids),
        "perplexity": _perplexity(nats, len(text.ids)),
        "bits_per_byte": nats / math.log(2) / text.bytes,
        "bits_per_char": nats / math.log(2) / text.chars,
    }


def _perplexity(nats: float, count: int) -> float:
    return math.exp(min(nats / max(count, 1), 700.0))
