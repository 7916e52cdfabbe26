"""Lines as texts of their own: what is read, that the loss is that of each line alone, and that nothing is left out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqcli.language.config import LanguageModelConfig
from seqcli.language.line_objective import Lines, SeparateLinesTask, line_states
from seqcli.language.network import LanguageModel, Regularisation
from seqcli.language.objective import mean_loss
from seqcli.model.softmax import SampledVocabulary
from seqcli.training.loop import train
from seqcli.training.options import TrainingOptions

END = 1


def text(lines: list[list[int]]) -> np.ndarray:
    return np.array([token for line in lines for token in (*line, END)], np.uint16)


def random_lines(count: int, seed: int = 0) -> list[list[int]]:
    draw = np.random.default_rng(seed)
    return [draw.integers(2, 12, draw.integers(1, 9)).tolist() for _ in range(count)]


def model(**drops: float) -> LanguageModel:
    torch.manual_seed(0)
    return LanguageModel(LanguageModelConfig(12, "lstm", 8, 8, 1), Regularisation(**drops))


def loss_alone(made: LanguageModel, line: list[int]) -> float:
    ids = torch.tensor([END, *line, END])
    hidden, _ = made(ids[:-1, None])
    logits = hidden[:, 0] @ made.output_weight.t() + made.output_bias
    return torch.nn.functional.cross_entropy(logits, ids[1:], reduction="sum").item()


@given(st.lists(st.lists(st.integers(2, 9), max_size=12), min_size=1), st.integers(1, 5), st.booleans())
def test_every_token_is_a_target_once(lines: list[list[int]], longest: int, ends: bool) -> None:
    ids = text(lines) if ends else text(lines)[: max(len(text(lines)) - 1, 1)]
    found = Lines(ids, END, longest)
    read: list[int] = []
    for number in range(len(found)):
        inputs, targets = found.block(np.array([number]))
        assert len(targets) <= longest
        assert inputs[1:, 0].tolist() == targets[:-1, 0].tolist()
        assert inputs[0, 0] == ([END, *ids.tolist()])[len(read)]
        read += targets[:, 0].tolist()
    assert read == ids.tolist()


def test_the_loss_is_the_mean_over_the_tokens_of_lines_read_alone() -> None:
    lines = random_lines(30)
    made = model()
    task = SeparateLinesTask(made, text(lines), text(lines), END, batch_size=30, seed=0)
    expected = sum(loss_alone(made, line) for line in lines)
    tokens = sum(len(line) + 1 for line in lines)
    outcomes = [task.loss(part) for part in task.parts(0, 0)]
    assert sum(count for _, count in outcomes) == tokens
    assert sum(value.item() for value, _ in outcomes) == pytest.approx(expected / tokens, rel=1e-5)
    made.eval()
    with torch.no_grad():
        assert mean_loss(made, line_states(made, task.valid_lines)) * tokens == pytest.approx(expected, rel=1e-5)
        whole = task.validate(0, 0.0, final=True).metrics["loss"]
    assert whole == pytest.approx(expected / tokens, rel=1e-5)


def test_penalties_count_no_padding() -> None:
    lines = random_lines(9)
    plain, penalised = (
        SeparateLinesTask(model(**drops), text(lines), text(lines), END, batch_size=9, seed=0)
        for drops in ({}, {"activation": 2.0, "change": 3.0})
    )
    part = plain.parts(0, 0)[0]
    outputs, changes = [], []
    for line in lines:
        hidden, _ = plain.model(torch.tensor([[END], *[[token] for token in line]]))
        outputs.append(hidden.flatten())
        changes.append((hidden[1:] - hidden[:-1]).flatten())
    expected = 2 * torch.cat(outputs).square().mean() + 3 * torch.cat(changes).square().mean()
    torch.testing.assert_close(penalised.loss(part)[0] - plain.loss(part)[0], expected, rtol=1e-4, atol=1e-6)


def test_epochs_read_all_lines_in_other_orders() -> None:
    lines = random_lines(64)
    task = SeparateLinesTask(model(), text(lines), text(lines), END, batch_size=8, seed=3)
    orders = [task.order(epoch) for epoch in (0, 1, 0)]
    assert sorted(orders[0].flatten().tolist()) == list(range(64))
    assert np.array_equal(orders[0], orders[2])
    assert not np.array_equal(orders[0], orders[1])
    lengths = [np.ptp(task.train_lines.lengths[batch]) for batch in orders[0]]
    assert np.mean(lengths) < 2  # little padding


def test_a_sampled_softmax_and_a_run() -> None:
    lines = [[2, 3, 4], [5, 6, 7, 8]] * 40
    counts = torch.from_numpy(np.bincount(text(lines), minlength=12))
    made = model(output=0.1)
    made.sampled = SampledVocabulary.from_counts(counts, 6)
    task = SeparateLinesTask(made, text(lines), text(lines), END, batch_size=8, seed=0)
    result = train(task, TrainingOptions(learning_rate=0.03, steps=400, clip=1.0))
    # after the first token of a line all is known: ln 2 of 9 tokens for two lines
    assert result.final.metrics["loss"] == pytest.approx(2 * np.log(2) / 9, abs=0.05)


def test_a_quick_look_takes_lines_from_everywhere() -> None:
    lines = [[2 + number // 50] * 5 for number in range(500)]
    with torch.no_grad():
        seen = torch.cat([targets for _, targets in line_states(model(), Lines(text(lines), END), 300)])
    assert len(seen) == pytest.approx(300, abs=10)
    assert set(seen.tolist()) == set(range(1, 12))
