"""Generation: the choice of the next token, continuations, limits, stop texts, independence of the batch."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
import torch

from seqcli.errors import CheckpointError, UsageError
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.generate import continuations, draw, next_tokens, probabilities
from seqcli.language.options import GenerateRequest
from seqcli.model.probability import softmax

from .conftest import Trained, make


def texts(trained: Trained, prompts: list[str], first: int = 0, **options: Any) -> dict[tuple[int, int], str]:
    parts: dict[tuple[int, int], str] = defaultdict(str)
    for piece in continuations(trained.decoder, trained.tokenizer, prompts, GenerateRequest(**options), first):
        parts[piece.prompt, piece.sample] += piece.text
    return dict(parts)


def test_it_continues_what_it_learnt(trained: Trained) -> None:
    made = texts(trained, ["the sky here", "the river"], temperature=0, max_lines=1)
    assert made == {(0, 0): " is grey", (1, 0): " there is clear"}


def test_chinese(trained: Trained) -> None:
    made = texts(trained, ["天空 很"], temperature=0, max_tokens=2)
    assert made[0, 0] == " 蓝\n"
    table = next_tokens(trained.decoder, trained.tokenizer, "天空 很", 3)
    assert table[0][0] == "蓝"
    assert table[0][1] > 0.5
    assert sum(chance for _, chance in table) <= 1


def test_an_empty_prompt_starts_a_line(trained: Trained) -> None:
    made = texts(trained, [""], temperature=0.3, max_lines=1)
    assert made[0, 0].split()[0] in ("the", "天空")


def test_the_same_seed_gives_the_same_text_whatever_the_batch(trained: Trained) -> None:
    options: dict[str, Any] = {"temperature": 1.2, "max_tokens": 25, "seed": 5}
    together = texts(trained, ["the", "the old", "天空"], samples=3, **options)
    for number, prompt in enumerate(["the", "the old", "天空"]):
        alone = texts(trained, [prompt], samples=3, first=number, **options)
        assert alone == {key: value for key, value in together.items() if key[0] == number}
    assert len(set(together.values())) > 5
    assert texts(trained, ["the"], **{**options, "seed": 6}) != texts(trained, ["the"], **options)


def test_stop_texts_end_it_and_are_not_shown(trained: Trained) -> None:
    options: dict[str, Any] = {"temperature": 0, "stop": ("is gre", "clear"), "max_tokens": 50}
    assert texts(trained, ["the sky"], **options)[0, 0] == " here "
    pieces = list(continuations(trained.decoder, trained.tokenizer, ["the sky"], GenerateRequest(**options)))
    assert pieces[-1].finish == "stop"
    assert all("is gre" not in piece.text for piece in pieces)


@pytest.mark.parametrize("tokens", [1, 7])
def test_length_is_counted_in_tokens(trained: Trained, tokens: int) -> None:
    pieces = list(continuations(trained.decoder, trained.tokenizer, ["the"], GenerateRequest(max_tokens=tokens)))
    assert (pieces[-1].tokens, pieces[-1].finish) == (tokens, "length")


def test_lines_are_counted_and_stop_texts_do_not_count_them_twice(trained: Trained) -> None:
    made = texts(trained, ["the"], temperature=0, max_lines=3, stop=("\nnever",), max_tokens=100)
    assert made[0, 0].count("\n") == 2


def test_the_unknown_token_is_never_made(trained: Trained) -> None:
    made = texts(trained, ["the"], samples=20, temperature=5.0, max_tokens=40)
    assert not any("<unk>" in text for text in made.values())


def test_torch_gives_the_same_numbers(trained: Trained) -> None:
    tensors = {name: value.detach() for name, value in trained.model.state_dict().items()}
    decoder = LanguageModelDecoder(trained.model.config, tensors)
    state, torch_state = trained.decoder.initial_state(3), decoder.initial_state(3)
    for token in trained.ids[:20]:
        tokens = np.full(3, token)
        with torch.no_grad():
            theirs, torch_state = decoder.step(tokens, torch_state)
        ours, state = trained.decoder.step(tokens, state)
        np.testing.assert_allclose(trained.decoder.logits(ours), decoder.logits(theirs), atol=1e-4)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mingru", "mogrifier-lstm"])
def test_weights_of_eight_bits_change_the_chances_little(trained: Trained, cell: str) -> None:
    exact = trained if cell == "lstm" else make(cell, steps=60)
    parameters = {name: value.numpy() for name, value in exact.model.state_dict().items()}
    rounded = LanguageModelDecoder(exact.model.config, parameters, int8=True)
    tokens = exact.ids[:30]
    states = exact.decoder.initial_state(1), rounded.initial_state(1)
    apart = []
    for token in tokens:
        hidden, states = zip(
            *(d.step(np.array([token]), s) for d, s in zip((exact.decoder, rounded), states, strict=True)), strict=True
        )
        chances = softmax(exact.decoder.logits(hidden[0])), softmax(rounded.logits(hidden[1]))
        apart.append(np.abs(chances[0] - chances[1]).max())
    assert 0 < np.mean(apart) < 0.03
    assert max(apart) < 0.15


@pytest.mark.parametrize("limits", [{"max_tokens": 0}, {"max_lines": 0}, {"stop": ("",)}])
def test_impossible_limits_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--"):
        GenerateRequest(**limits)


LOGITS = np.log(np.array([0.4, 0.3, 0.2, 0.06, 0.04]))


def chances(**rules: float) -> np.ndarray:
    return probabilities(LOGITS, GenerateRequest(**{"temperature": 1.0, **rules}))  # type: ignore[arg-type]


def test_plain_sampling_is_the_softmax() -> None:
    np.testing.assert_allclose(chances(), [0.4, 0.3, 0.2, 0.06, 0.04])


def test_temperature() -> None:
    squared = np.array([0.4, 0.3, 0.2, 0.06, 0.04]) ** 2
    np.testing.assert_allclose(chances(temperature=0.5), squared / squared.sum(), rtol=1e-6)
    assert chances(temperature=0).tolist() == [1, 0, 0, 0, 0]
    for least in (1e-300, 1e-39, 1e-6):
        assert chances(temperature=least).tolist() == [1, 0, 0, 0, 0]
    np.testing.assert_allclose(chances(temperature=1e12), 0.2, rtol=1e-6)


def test_filters() -> None:
    np.testing.assert_allclose(chances(top_k=2), [4 / 7, 3 / 7, 0, 0, 0])
    np.testing.assert_allclose(chances(top_p=0.6), [4 / 7, 3 / 7, 0, 0, 0])
    np.testing.assert_allclose(chances(top_p=0.71), [4 / 9, 3 / 9, 2 / 9, 0, 0])
    np.testing.assert_allclose(chances(min_p=0.5), [4 / 9, 3 / 9, 2 / 9, 0, 0])
    np.testing.assert_allclose(chances(top_p=1e-9), [1, 0, 0, 0, 0])


def test_repetition_penalty_lowers_what_was_there() -> None:
    penalised = probabilities(
        np.array([2.0, -1.0, 0.5]), GenerateRequest(temperature=1.0, repetition_penalty=2.0), seen=[0, 1, 0]
    )
    np.testing.assert_allclose(penalised, softmax(np.array([1.0, -2.0, 0.5])))


@pytest.mark.parametrize(
    "rules",
    [
        {"temperature": -1},
        {"temperature": float("inf")},
        {"top_k": -1},
        {"top_p": 0},
        {"top_p": 1.1},
        {"min_p": 2},
        {"repetition_penalty": 0},
    ],
)
def test_impossible_rules_are_refused(rules: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="--"):
        GenerateRequest(**rules)  # type: ignore[arg-type]


def test_nothing_is_drawn_from_what_is_no_distribution() -> None:
    for chances in ([0.5, np.nan], [0.0, 0.0]):
        with pytest.raises(CheckpointError, match="are not numbers"):
            draw(np.array(chances), np.random.default_rng(0))


def test_draws_follow_the_distribution_and_never_hit_zero() -> None:
    generator = np.random.default_rng(0)
    distribution = np.array([0.0, 0.5, 0.0, 0.5, 0.0])
    drawn = [draw(distribution, generator) for _ in range(2000)]
    assert set(drawn) == {1, 3}
    assert 900 < drawn.count(1) < 1100
