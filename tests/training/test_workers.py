"""Threads that learn from parts of a batch: together they learn what one learns from all of it, the same every time."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from seqcli.errors import TrainingError
from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import LanguageModel, Regularisation
from seqcli.language.objective import LanguageModelTask
from seqcli.model.randomness import drawing_from, dropout_mask
from seqcli.training.loop import Hooks, train
from seqcli.training.options import TrainingOptions
from seqcli.training.state import load_state, save_state
from seqcli.training.workers import (
    ROWS,
    give_back_freed_memory,
    keep_freed_memory,
    part_count,
    training_speed,
)

OPTIONS = TrainingOptions(learning_rate=0.01, steps=9)


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def language_task(**drops: float) -> LanguageModelTask:
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelConfig(30, "lstm", 8, 12, 2), Regularisation(**drops))
    text = np.random.default_rng(0).integers(0, 30, 1100)
    return LanguageModelTask(model, text, text[:80], batch_size=3 * ROWS + 1, bptt=8, seed=0)


def weights(task: LanguageModelTask) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in task.model.parameters()])


def test_a_batch_has_a_part_for_each_thread_while_parts_stay_large(threads: int) -> None:
    cpu = torch.device("cpu")
    assert [part_count(cpu, rows) for rows in (1, ROWS, 2 * ROWS - 1, 2 * ROWS, 100)] == [
        1,
        1,
        1,
        min(threads, 2),
        threads,
    ]
    assert part_count(torch.device("meta"), 100) == 1
    parts = language_task().parts(0, 0)
    assert len(parts) == threads
    assert sum(part.inputs.shape[1] for part in parts) == 3 * ROWS + 1
    assert sum(part.share for part in parts) == pytest.approx(1)


def test_threads_learn_what_one_learns_alone(threads: int) -> None:
    """Without dropout; hidden states are carried in every part."""
    task = language_task()
    result = train(task, OPTIONS)
    torch.set_num_threads(1)
    alone = language_task()
    expected = train(alone, OPTIONS)
    torch.testing.assert_close(weights(task), weights(alone), atol=1e-5, rtol=1e-4)
    assert result.tokens_per_second > 0
    for name, value in alone.carried().items():
        torch.testing.assert_close(task.carried()[name], value, atol=1e-5, rtol=1e-4)
    assert result.final.score == pytest.approx(expected.final.score, rel=1e-4)


def test_a_stopped_run_goes_on_bit_for_bit(threads: int, tmp_path: Path) -> None:
    drops = {"input": 0.2, "output": 0.3, "recurrent": 0.2, "words": 0.1}
    whole = language_task(**drops)
    train(whole, OPTIONS)
    first, steps, path = language_task(**drops), iter(range(1, 100)), tmp_path / "run.safetensors"
    train(first, OPTIONS, Hooks(save=lambda state: save_state(path, state), should_stop=lambda: next(steps) == 4))
    torch.manual_seed(99)
    second = language_task(**drops)
    train(second, OPTIONS, resume=load_state(path))
    assert torch.equal(weights(second), weights(whole))


def test_a_run_goes_on_with_another_number_of_threads(threads: int, tmp_path: Path) -> None:
    first, steps, path = language_task(), iter(range(1, 100)), tmp_path / "run.safetensors"
    train(first, OPTIONS, Hooks(save=lambda state: save_state(path, state), should_stop=lambda: next(steps) == 4))
    torch.set_num_threads(2)
    second, whole = language_task(), language_task()
    train(second, OPTIONS, resume=load_state(path))
    train(whole, OPTIONS)
    torch.testing.assert_close(weights(second), weights(whole), atol=1e-5, rtol=1e-4)


def test_what_fails_in_a_thread_fails_the_run(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task = language_task()

    def loss(part: object) -> tuple[torch.Tensor, int]:
        raise MemoryError

    monkeypatch.setattr(task, "loss", loss)
    with pytest.raises(TrainingError, match="out of memory"):
        train(task, OPTIONS)


def test_draws_come_from_the_threads_generator() -> None:
    like = torch.zeros(())
    with drawing_from(torch.Generator().manual_seed(1)):
        one = dropout_mask((100,), 0.5, like)
        other = dropout_mask((100,), 0.5, like)
    torch.manual_seed(1)
    assert torch.equal(dropout_mask((100,), 0.5, like), one)
    assert not torch.equal(one, other)
    torch.testing.assert_close(torch.unique(one), torch.tensor([0.0, 2.0]))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_speed_of_training_is_measured_without_a_trace(precision: str, threads: int) -> None:
    before = torch.get_rng_state()
    speed = training_speed(torch.device("cpu"), precision)
    assert 1e7 < speed < 1e15
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have other allocators")
def test_freed_memory_is_given_back() -> None:
    def pages() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    keep_freed_memory()
    arrays = [torch.ones(1 << 18) for _ in range(100)]  # a megabyte each
    del arrays
    kept = pages()
    give_back_freed_memory()
    assert kept - pages() > 50 * (1 << 20) // resource.getpagesize()
