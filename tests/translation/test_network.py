"""The trainable network and the decoder that steps it are one formula in every form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from seqcli.errors import CheckpointError
from seqcli.files.plain import to_plain
from seqcli.model.cells import CELLS
from seqcli.translation.attention import Memory, attend, project
from seqcli.translation.bitext import pad
from seqcli.translation.config import ATTENTIONS, TranslationConfig
from seqcli.translation.decoder import TranslationDecoder
from seqcli.translation.network import Dropouts, TranslationModel

FORMS = [(cell, "dot", False, 2) for cell in CELLS]
FORMS += [("lstm", attention, False, 2) for attention in ATTENTIONS]
FORMS += [("lstm", "additive", True, 1), ("gru", "dot", True, 2), ("rnn", "multi-head", True, 3)]


def config_of(cell: str, attention: str, feeding: bool, layers: int) -> TranslationConfig:
    return TranslationConfig(11, cell, 6, 4, layers, 8, layers, attention, 2, feeding)


@pytest.mark.parametrize(("cell", "attention", "feeding", "layers"), FORMS)
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_steps_equal_the_whole_sequence(cell: str, attention: str, feeding: bool, layers: int, kind: str) -> None:
    torch.manual_seed(0)
    config = config_of(cell, attention, feeding, layers)
    model = TranslationModel(config, Dropouts(0.5, 0.5)).eval()
    assert {name: tuple(value.shape) for name, value in model.state_dict().items()} == config.parameter_shapes()
    random = np.random.default_rng(0)
    source, lengths = pad([random.integers(11, size=n) for n in (5, 2, 7)], 0)
    previous = random.integers(11, size=(4, 3))
    with torch.no_grad():
        inputs = torch.from_numpy(source), torch.from_numpy(lengths), torch.from_numpy(previous)
        whole, weights = model(*inputs, model.table())
    tensors = {name: value.detach() for name, value in model.state_dict().items()}
    decoder = TranslationDecoder(config, {n: v.numpy() for n, v in tensors.items()} if kind == "numpy" else tensors)
    memory, state = decoder.encode(np.ascontiguousarray(source.T), lengths)
    for t in range(4):
        readout, state, weight = decoder.step(previous[t], state, memory)
        np.testing.assert_allclose(np.asarray(readout), whole[t].numpy(), atol=2e-6)
        if attention == "none":
            assert weights is None
            assert weight is None
        else:
            assert weights is not None
            np.testing.assert_allclose(np.asarray(weight), weights[:, t].numpy(), atol=2e-6)
            np.testing.assert_allclose(np.asarray(weight).sum(1), 1, atol=1e-5)
            assert np.asarray(weight)[1, 2:].max() == 0  # behind the second sentence's end


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_padding_changes_nothing(attention: str) -> None:
    torch.manual_seed(0)
    model = TranslationModel(config_of("lstm", attention, False, 2)).eval()
    source, previous = torch.tensor([[1], [2], [3]]), torch.tensor([[4], [5]])
    with torch.no_grad():
        alone, _ = model(source, torch.tensor([3]), previous, model.table())
        padded = torch.cat((torch.cat((source, torch.zeros(4, 1, dtype=torch.long))), torch.randint(11, (7, 1))), 1)
        beside, _ = model(padded, torch.tensor([3, 7]), previous.repeat(1, 2), model.table())
    torch.testing.assert_close(alone[:, 0], beside[:, 0])


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    for form in FORMS:
        model = TranslationModel(config_of(*form), Dropouts(0.2, 0.2))
        model.share_parts([f"{number}" for number in range(11)])
        table = model.table()
        readouts, _ = model(torch.randint(11, (5, 3)), torch.tensor([5, 4, 3]), torch.randint(11, (4, 3)), table)
        (readouts @ table.t() + model.output_bias).square().sum().backward()
        assert not [name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()]


def test_additive_attention_by_hand() -> None:
    parameters = {"attention.query": np.array([[1.0]]), "attention.energy": np.array([2.0])}
    memory = Memory(np.array([[[0.5], [-0.5]]]), np.array([[[10.0], [20.0]]]), np.zeros((1, 1, 2)))
    context, weights = attend("additive", parameters, np.array([[[0.25]]]), memory, 1)
    first, second = math.exp(2 * math.tanh(0.75)), math.exp(2 * math.tanh(-0.25))
    assert weights[0, 0, 0] == pytest.approx(first / (first + second))
    assert context[0, 0, 0] == pytest.approx((10 * first + 20 * second) / (first + second))


@pytest.mark.parametrize(("kind", "heads"), [("dot", 1), ("multi-head", 4)])
def test_dot_attention_equals_torch(kind: str, heads: int) -> None:
    random = np.random.default_rng(1)
    query, outputs = random.normal(size=(2, 3, 8)), random.normal(size=(2, 5, 8))
    of_query, of_key, of_value = parts = random.normal(size=(3, 8, 8))
    if kind == "dot":
        of_value[:] = np.eye(8)
    parameters = dict(zip(("attention.query", "attention.key", "attention.value"), parts, strict=True))
    context, _ = attend(kind, parameters, query, project(kind, parameters, outputs, np.zeros((2, 1, 5))), heads)
    projected = query @ of_query.T, outputs @ of_key.T, outputs @ of_value.T
    split = [torch.from_numpy(x).view(2, -1, heads, 8 // heads).transpose(1, 2) for x in projected]
    expected = functional.scaled_dot_product_attention(*split).transpose(1, 2).reshape(2, 3, 8)
    np.testing.assert_allclose(context, expected.numpy(), atol=1e-12)


def test_a_configuration_survives_json_and_refuses_nonsense() -> None:
    config = config_of("gru", "additive", True, 2)
    assert TranslationConfig.from_json(to_plain(config)) == config
    for change in ({"cell": "x"}, {"embedding": 0}, {"embedding": True}, {"attention": "x"}, {"more": 1}):
        with pytest.raises(CheckpointError):
            TranslationConfig.from_json({**to_plain(config), **change})
    with pytest.raises(CheckpointError, match="heads"):
        TranslationConfig.from_json({**to_plain(config), "attention": "multi-head", "heads": 3})


def test_a_decoder_refuses_foreign_tensors() -> None:
    config = config_of("lstm", "dot", False, 2)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in config.parameter_shapes().items()}
    for bad in (
        {k: v for k, v in tensors.items() if k != "embedding"},
        {**tensors, "more": np.zeros(1)},
        {**tensors, "output_bias": np.zeros(3)},
    ):
        with pytest.raises(CheckpointError):
            TranslationDecoder(config, bad)
