"""How sure a trained language model may be of itself.

Dropout lets a network learn what many thinned ones say together; without it, one network speaks, more surely than those
would and than the text bears out. Dividing its logits by a temperature found on validation data mends that (Guo et al.
2017; Melis et al. 2018 on language models). The temperature goes into the weights: nothing that uses the model sees it.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from seqcli.language.network import LanguageModel

TOKENS = 4096  # enough: the standard error of the factor is below a hundredth
LEAST_TOKENS = 500  # below, the factor is as likely to do harm
CLOSE = 0.003  # a change of the factor that is no longer worth another look at the tokens
LOWEST, HIGHEST = 0.5, 2.0
LOGITS = 1 << 22  # at a time, so that memory does not grow with the vocabulary


@torch.no_grad()
def best_factor(model: LanguageModel, states: Iterable[tuple[Tensor, Tensor]], count: int, most: int = TOKENS) -> float:
    """The factor s for which `LanguageModel.scale_logits` makes -log p of a text least; 1 for a handful of tokens.

    `states` are the outputs (n, width) that the `count` tokens of the text are predicted from, and these tokens (n,),
    block by block, of a model in evaluation mode. Looks at some `most` tokens. -log p is convex in s:
    Newton's method, with slope Σ E[z] - z_target and curvature Σ Var[z] for logits s z + bias.
    """
    if count < LEAST_TOKENS:
        return 1.0
    rows, seen = max(1, LOGITS // len(model.output_bias)), 0
    blocks: list[tuple[Tensor, Tensor]] = []
    for hidden, targets in states:
        blocks.extend((hidden[row : row + rows], targets[row : row + rows]) for row in range(0, len(targets), rows))
        seen += len(targets)
        if seen >= most:
            break
    tried: dict[float, float] = {}
    factor = 1.0
    for _ in range(6):
        loss, slope, curvature = _slope(model, blocks, factor)
        tried[factor] = loss
        step = -slope / curvature if curvature > 0 else 0.0
        factor = min(max(factor + step, LOWEST), HIGHEST)
        if any(abs(factor - other) < CLOSE for other in tried):
            break
    return min(tried, key=tried.__getitem__)


def _slope(model: LanguageModel, blocks: list[tuple[Tensor, Tensor]], factor: float) -> tuple[float, float, float]:
    """The summed loss at a factor, its first and its second derivative by the factor."""
    sums = torch.zeros(3, dtype=torch.float64)
    for hidden, targets in blocks:
        scores = hidden.float() @ model.output_weight.t().float()
        own = scores.gather(1, targets[:, None])[:, 0]
        log_p = (factor * scores + model.output_bias).log_softmax(1)
        chosen = log_p.gather(1, targets[:, None])[:, 0]
        p = log_p.exp_()
        mean = (p * scores).sum(1)
        spread = (p * (scores - mean[:, None]).square_()).sum(1)
        sums += torch.stack([-chosen.sum(), (mean - own).sum(), spread.sum()]).double().cpu()
    loss, slope, curvature = sums.tolist()
    return loss, slope, curvature
