"""The training loop on a small regression: it learns, ends when it should, and goes on exactly where it stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqcli.errors import TrainingError
from seqcli.training.loop import Hooks, TrainingResult, train
from seqcli.training.options import Progress, TrainingOptions, Validation
from seqcli.training.state import TrainingState, load_state, save_state


class LineTask:
    """Fit y = 3 x - 1 with dropout noise and a carried value, so that everything a state must hold is used."""

    tables: Sequence[nn.Parameter] = ()

    def __init__(self, poison: int | None = None) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.1), nn.Linear(8, 1))
        self.memory = torch.zeros(1)
        self.poison, self.calls = poison, 0

    def num_batches(self, epoch: int) -> int:
        return 7

    def parts(self, epoch: int, index: int) -> list[Tensor]:
        return [torch.randn(16, 1, generator=torch.Generator().manual_seed(epoch * 100 + index))]

    def loss(self, batch: Tensor) -> tuple[Tensor, int]:
        self.calls += 1
        self.memory = 0.9 * self.memory + batch.mean().detach()
        error = self.model(batch) - (3 * batch - 1) + 0.01 * self.memory
        loss = error.square().mean()
        return (loss * float("nan") if self.poison is not None and self.calls >= self.poison else loss), len(batch)

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        x = torch.linspace(-1, 1, 50)[:, None]
        return Validation(step, seconds, {"score": (self.model(x) - (3 * x - 1)).square().mean().item()})

    def carried(self) -> dict[str, Tensor]:
        return {"memory": self.memory}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        self.memory = tensors["memory"]


def options(**changes: Any) -> TrainingOptions:
    return TrainingOptions(**{"learning_rate": 0.02, "steps": 60, "clip": 1.0, **changes})


def weights(task: LineTask) -> Tensor:
    return torch.cat([p.detach().flatten() for p in task.model.parameters()])


def test_rates_are_scaled_by_a_batchs_tokens() -> None:
    """Adam's first update is the rate itself in every weight that has a gradient."""
    moved = []
    for usual in (0, 16, 64):
        task = LineTask()
        before = weights(task)
        train(task, options(steps=1, warmup=0.5, usual_tokens=usual, weight_decay=0.0))
        moved.append((weights(task) - before).abs().max().item())
    assert moved[1] == pytest.approx(moved[0], rel=1e-4)  # the batches have 16
    assert moved[2] == pytest.approx(moved[0] / 4, rel=1e-3)


def test_it_learns_and_reports() -> None:
    seen: list[Progress] = []
    task = LineTask()
    result = train(task, options(steps=300), Hooks(seen.append))
    assert result.ended == "finished"
    assert result.position.step == 300
    assert result.history[0].score > 3 * result.final.score
    assert seen[-1].share == 1.0
    assert len(result.history) == 10


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("stop_after", [1, 7, 31])
def test_a_stopped_run_goes_on_bit_for_bit(tmp_path: Path, stop_after: int, average: float) -> None:
    whole = LineTask()
    train(whole, options(average=average))
    first, steps, path = LineTask(), iter(range(1, 1000)), tmp_path / "run.safetensors"
    stopped = train(
        first,
        options(average=average),
        Hooks(save=lambda state: save_state(path, state), should_stop=lambda: next(steps) == stop_after),
    )
    assert stopped.ended == "stopped"
    second = LineTask()
    torch.manual_seed(99)  # what was drawn elsewhere in between must not matter
    resumed = train(second, options(average=average), resume=load_state(path))
    assert resumed.position.step == 60
    assert torch.equal(weights(whole), weights(second))


def test_a_finished_run_can_be_extended() -> None:
    saved: list[TrainingState] = []
    train(LineTask(), options(steps=20), Hooks(save=saved.append))
    result = train(LineTask(), options(steps=50), resume=saved[-1])
    assert result.position.step == 50


def test_the_best_weights_are_kept() -> None:
    class Worsening(LineTask):
        def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
            self.scored = weights(self)
            return Validation(step, seconds, {"score": float(abs(step - 12))})

    task = Worsening()
    result = train(task, options(validations=10, patience=3))
    assert result.ended == "patience"
    assert [v.step for v in result.history] == [6, 12, 18, 24, 30]
    kept = weights(task)
    again = Worsening()
    train(again, options(steps=60), Hooks(should_stop=iter([False] * 11 + [True]).__next__))
    assert torch.equal(kept, weights(again))


@pytest.mark.parametrize(("margin", "kept"), [(0.0, 12), (47.0, 12), (49.0, 60)])
def test_the_last_weights_are_kept_unless_others_are_better_by_a_margin(margin: float, kept: int) -> None:
    class Worsening(LineTask):
        def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
            seen[step] = weights(self)
            return Validation(step, seconds, {"score": float(abs(step - 12))})

    seen: dict[int, torch.Tensor] = {}
    task = Worsening()
    train(task, options(steps=60, validations=10, margin=margin))
    assert torch.equal(weights(task), seen[kept])


def test_weights_that_cannot_be_measured_are_not_the_best() -> None:
    class Worsening(LineTask):
        def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
            seen[step] = weights(self)
            return Validation(step, seconds, {"score": float("nan") if step in (6, 24) else float(step)})

    seen: dict[int, torch.Tensor] = {}
    task = Worsening()
    train(task, options(steps=60, validations=10))
    assert torch.equal(weights(task), seen[12])


def test_a_loss_that_is_not_finite_ends_the_run_with_good_weights() -> None:
    saved: list[TrainingState] = []
    notices: list[Progress] = []
    task, often = LineTask(poison=30), options(save_interval=0.0)
    with pytest.raises(TrainingError, match="not been finite"):
        train(task, often, Hooks(save=saved.append, progress=notices.append))
    assert saved[-1].position.step == 29
    assert all(torch.isfinite(value).all() for value in saved[-1].part("weights").values())
    assert any(progress.notice for progress in notices)


def test_a_budget_is_kept() -> None:
    result: TrainingResult = train(LineTask(), options(steps=None, budget=0.5))
    assert 0.5 <= result.position.seconds < 2.0


def test_schedule_rises_and_falls() -> None:
    o = options(warmup=0.1)
    rates = [o.rate(share / 100) for share in range(101)]
    assert max(rates) == pytest.approx(0.02)
    assert rates.index(max(rates)) == 10
    assert rates[-1] == 0
    assert 0 < rates[0] < 0.001
    assert o.share_done(step=30, epoch=9, seconds=9) == 0.5
    assert options(steps=None, epochs=4).share_done(step=30, epoch=1, seconds=9) == 0.25


@pytest.mark.parametrize("lengths", [{}, {"steps": 3, "budget": 4.0}])
def test_a_run_has_exactly_one_length(lengths: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        TrainingOptions(learning_rate=0.1, **lengths)


def test_validations_can_fall_by_updates_whatever_the_length() -> None:
    result = train(LineTask(), options(steps=None, budget=0.5, validate_every=5))
    steps = [validation.step for validation in result.history[:-1]]
    assert steps
    assert steps[0] == 5
    result = train(LineTask(), options(steps=20, validate_every=8))
    assert [validation.step for validation in result.history] == [8, 16, 20]


def test_validation_takes_a_small_share_of_a_budget() -> None:
    class Slow(LineTask):
        def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
            time.sleep(0.05)
            return super().validate(step, seconds, final=final)

    result = train(Slow(), options(steps=None, budget=1.0, validate_every=1))
    assert len(result.history) <= 3  # the first, one after twenty times as long, and the last


def test_a_run_that_has_reached_its_end_says_so() -> None:
    saved: list[TrainingState] = []
    train(LineTask(), options(steps=20), Hooks(save=saved.append))
    said: list[Progress] = []
    result = train(LineTask(), options(steps=20), hooks=Hooks(said.append), resume=saved[-1])
    assert result.position.step == 20
    assert "has reached its end already" in (said[0].notice or "")
