"""A cell is one file and its name: one that is made here is trained and decoded by every task."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from seqcli.model import cells
from seqcli.model.arrays import Array, State, sigmoid, tanh
from seqcli.model.cells.cell import Cell
from seqcli.training.loop import train
from seqcli.training.options import TrainingOptions
from seqcli.translation.config import TranslationConfig
from seqcli.translation.decoder import TranslationDecoder
from seqcli.translation.network import TranslationModel
from seqcli.translation.objective import TranslationTask
from seqcli.translation.opening import open_bitext
from seqcli.translation.options import TrainRequest
from tests.language.conftest import make
from tests.translation.conftest import PAIRS, write_pairs


class LeakyUnit(Cell):
    """h_t = s ⊙ h_{t-1} + (1 - s) ⊙ tanh(W x_t + U h_{t-1} + b), with one learnt share s a unit."""

    def shapes(self, x: int, h: int) -> dict[str, tuple[int, ...]]:
        return {"weight_ih": (h, x), "weight_hh": (h, h), "bias": (h,), "leak": (h,)}

    def recurrent_part(self, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
        (h,) = state
        share = sigmoid(parameters["leak"])
        h = share * h + (1 - share) * tanh(h @ parameters["weight_hh"].T + inputs)
        return h, (h,)

    def sequence(self, parameters: Mapping[str, Any], x: Any, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        outputs = []
        for inputs in self.input_part(parameters, x):
            output, state = self.recurrent_part(parameters, inputs, state)
            outputs.append(output)
        return torch.stack(outputs), state


@pytest.fixture(autouse=True)
def leaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = ModuleType("seqcli.model.cells.leaky_unit")
    module.CELL = LeakyUnit()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(cells, "CELLS", (*cells.CELLS, "leaky-unit"))
    yield
    cells.cell_of.cache_clear()


def test_a_language_model_of_a_new_cell() -> None:
    trained = make("leaky-unit", steps=80)
    with torch.no_grad():
        hidden, _ = trained.model.eval()(torch.from_numpy(trained.ids[:20].astype(np.int64))[:, None])
        whole = (hidden[:, 0] @ trained.model.output_weight.T + trained.model.output_bias).numpy()
    loss = -torch.from_numpy(whole[:-1]).log_softmax(-1).numpy()[np.arange(19), trained.ids[1:20]].mean()
    assert loss < 0.7 * np.log(trained.tokenizer.size), "it has learnt"
    state = trained.decoder.initial_state(1)
    for token, expected in zip(trained.ids[:20], whole, strict=True):
        output, state = trained.decoder.step(np.array([token]), state)
        np.testing.assert_allclose(trained.decoder.logits(output)[0], expected, atol=1e-4)


def test_a_translation_model_of_a_new_cell(tmp_path: Path) -> None:
    bitext = open_bitext(TrainRequest(pairs=(write_pairs(tmp_path / "pairs.tsv", PAIRS[::5]),), tokens="word"))
    torch.manual_seed(0)
    config = TranslationConfig(bitext.tokenizer.size, "leaky-unit", 16, 8, 1, 16, 2)
    model = TranslationModel(config)
    task = TranslationTask(model, bitext, batch_tokens=200, label_smoothing=0.0, seed=1)
    result = train(task, TrainingOptions(learning_rate=0.02, steps=60, clip=1.0))
    assert result.final.metrics["loss"] < 0.8 * result.history[0].metrics["loss"]
    TranslationDecoder(config, {name: value.numpy() for name, value in model.state_dict().items()})


def test_an_unknown_cell_is_an_error() -> None:
    with pytest.raises(ValueError, match="choose from rnn"):
        cells.cell_of("transformer")
