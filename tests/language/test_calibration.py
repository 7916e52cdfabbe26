from __future__ import annotations

import numpy as np
import pytest
import torch

from seqcli.language.calibration import best_factor
from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import LanguageModel
from seqcli.language.objective import hidden_states, mean_loss
from seqcli.model.cells import CELLS


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_only_what_the_hidden_state_adds_to_the_logits_is_scaled(cell: str, tied: bool) -> None:
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelConfig(30, cell, 8, 12, 2, tied)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-0.5, 0.5)
    tokens = torch.randint(30, (20, 3))
    with torch.no_grad():
        hidden, state = model(tokens)
        scores = hidden @ model.output_weight.t()
        model.scale_logits(1.7)
        after, state_after = model(tokens)
    torch.testing.assert_close(after, hidden)
    torch.testing.assert_close(state_after, state)
    torch.testing.assert_close(after @ model.output_weight.t(), 1.7 * scores)


@pytest.fixture
def model_and_text() -> tuple[LanguageModel, np.ndarray]:
    """A model, and a text drawn from it."""
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelConfig(20, "gru", 8, 12, 1, tied=False)).eval()
    ids, state = [0], None
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1, 1)
        for _ in range(6000):
            hidden, state = model(torch.tensor([[ids[-1]]]), state)
            logits = hidden[0, 0] @ model.output_weight.t() + model.output_bias
            ids.append(int(torch.multinomial(logits.softmax(0), 1)))
    return model, np.array(ids)


@pytest.mark.parametrize("wrong", [0.6, 1.0, 1.6])
def test_the_factor_mends_a_model_that_is_too_sure_or_not_sure_enough(
    wrong: float, model_and_text: tuple[LanguageModel, np.ndarray]
) -> None:
    model, text = model_and_text
    with torch.no_grad():
        before = mean_loss(model, hidden_states(model, text))
        model.scale_logits(wrong)
        worse = mean_loss(model, hidden_states(model, text))
        factor = best_factor(model, hidden_states(model, text), len(text) - 1)
        model.scale_logits(factor)
        after = mean_loss(model, hidden_states(model, text))
    assert factor == pytest.approx(1 / wrong, rel=0.05)
    assert after == pytest.approx(before, abs=1e-3)
    assert wrong == 1 or after < worse - 0.02


def test_no_factor_is_taken_from_a_handful_of_tokens_or_where_all_are_as_likely(
    model_and_text: tuple[LanguageModel, np.ndarray],
) -> None:
    model, text = model_and_text
    model.scale_logits(1.6)
    assert best_factor(model, hidden_states(model, text[:400]), 399) == 1
    with torch.no_grad():
        model.output_weight.zero_()
    assert best_factor(model, hidden_states(model, text), len(text) - 1) == 1
