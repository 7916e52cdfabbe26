"""Beam search against exhaustive search, greedy decoding and sorting."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from seqcli.model.probability import log_softmax
from seqcli.translation.beam import Hypothesis, Sentence, beam_search
from seqcli.translation.config import TranslationConfig
from seqcli.translation.decoder import TranslationDecoder
from seqcli.translation.nested import largest
from seqcli.translation.options import TranslateRequest
from seqcli.translation.translate import Translator
from tests.translation.conftest import PAIRS

END = 2
CONFIG = TranslationConfig(5, "lstm", 4, 3, 1, 6, 2, "dot", 1, False)


def random_decoder(seed: int, config: TranslationConfig = CONFIG) -> TranslationDecoder:
    random = np.random.default_rng(seed)
    parameters = {name: random.normal(0, 0.8, shape) for name, shape in config.parameter_shapes().items()}
    return TranslationDecoder(config, parameters)


def found_by(
    decoders: list[TranslationDecoder], sources: list[np.ndarray], search: TranslateRequest, **options: object
) -> list[list[Hypothesis]]:
    """What a search gives for sources whose translations have at most twice their tokens and ten."""
    sentences = [Sentence(source, 2 * len(source) + 10) for source in sources]
    return beam_search(decoders, sentences, search, end_id=END, **options)  # type: ignore[arg-type]


def log_probability(decoder: TranslationDecoder, source: np.ndarray, target: tuple[int, ...]) -> float:
    memory, state = decoder.encode(source[None], np.array([len(source)]))
    total, last = 0.0, END
    for token in target:
        readout, state, _ = decoder.step(np.array([last]), state, memory)
        total += log_softmax(decoder.logits(readout))[0, token]
        last = token
    return float(total)


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_finds_what_exhaustive_search_finds(seed: int, penalty: float) -> None:
    decoder, source = random_decoder(seed), np.array([1, 3, 0, END])
    everything: list[tuple[float, bool, tuple[int, ...]]] = []
    for length in range(5):
        for tokens in itertools.product((0, 1, 3, 4), repeat=length):
            complete = length < 4  # at the greatest length there is no end mark
            ended = (*tokens, END) if complete else tokens
            score = log_probability(decoder, source, ended) / len(ended) ** penalty
            everything.append((score, complete, tokens))
    expected = sorted(everything, reverse=True)
    search = TranslateRequest(beam=400, max_length=4, n_best=10, length_penalty=penalty)
    found = found_by([decoder], [source], search)[0]
    for hypothesis, (score, complete, tokens) in zip(found, expected, strict=False):
        assert hypothesis.ended == complete
        assert hypothesis.score == pytest.approx(score)
        assert hypothesis.tokens == tokens


@given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from([0.0, 0.7, 1.0, 1.5]))
@settings(max_examples=60, deadline=None)
def test_a_wider_beam_never_scores_lower(seed: int, limit: int, penalty: float) -> None:
    source = np.append(np.random.default_rng(seed).choice([0, 1, 3, 4], size=5), END)
    before: Hypothesis | None = None
    for beam in (1, 2, 3, 5, 8, 13):
        search = TranslateRequest(beam=beam, max_length=limit, length_penalty=penalty)
        found = found_by([random_decoder(seed)], [source], search)[0][0]
        if before is not None:
            assert found.score >= before.score - 1e-9
        before = found


def test_the_search_goes_on_while_something_alive_can_still_win() -> None:
    """Ends that are always likely, as in a small vocabulary, do not end a search whose best is longer."""
    decoder = random_decoder(1)
    decoder.parameters["output_bias"][END] = 2.0
    for seed in range(10):
        source = np.append(np.random.default_rng(seed).choice([0, 1, 3, 4], size=4), END)
        wide = found_by([decoder], [source], TranslateRequest(beam=500, max_length=6))[0][0]
        narrow = found_by([decoder], [source], TranslateRequest(beam=5, max_length=6))[0][0]
        assert narrow.score >= wide.score - 0.02 * abs(wide.score)


@pytest.mark.parametrize("feeding", [False, True])
def test_a_beam_of_one_is_greedy(feeding: bool) -> None:
    for seed in range(8):
        decoder, source = random_decoder(seed, replace(CONFIG, input_feeding=feeding)), np.array([4, 1, END])
        memory, state = decoder.encode(source[None], np.array([3]))
        last, greedy = END, []
        while len(greedy) < 12:
            readout, state, _ = decoder.step(np.array([last]), state, memory)
            last = int(decoder.logits(readout)[0].argmax())
            if last == END:
                break
            greedy.append(last)
        found = found_by([decoder], [source], TranslateRequest(beam=1, max_length=12))[0][0]
        assert list(found.tokens) == greedy
        ended = (*found.tokens, END) if found.ended else found.tokens
        assert found.log_probability == pytest.approx(log_probability(decoder, source, ended))


@pytest.mark.parametrize("attention", ["dot", "none"])
def test_neighbours_do_not_matter(attention: str) -> None:
    decoder = random_decoder(3, replace(CONFIG, attention=attention))
    random = np.random.default_rng(0)
    sources = [np.append(random.choice([0, 1, 3, 4], size=n), END) for n in (1, 7, 3, 3, 12)]
    search = TranslateRequest(beam=3, n_best=3)
    together = found_by([decoder], sources, search, attention=attention != "none")
    for source, beside in zip(sources, together, strict=True):
        alone = found_by([decoder], [source], search, attention=attention != "none")[0]
        assert [h.tokens for h in alone] == [h.tokens for h in beside]
        assert [h.score for h in alone] == pytest.approx([h.score for h in beside])
        scores = [h.score for h in alone]
        assert scores == sorted(scores, reverse=True)
        assert len({h.tokens for h in alone}) == len(alone) == 3
        for hypothesis in beside:
            assert len(hypothesis.tokens) <= 2 * len(source) + 10
            if attention == "none":
                assert hypothesis.attention is None
            else:
                assert hypothesis.attention is not None
                assert hypothesis.attention.shape[1] == len(source)
                assert hypothesis.attention.shape[0] - len(hypothesis.tokens) in (0, 1)
                np.testing.assert_allclose(hypothesis.attention.sum(1), 1)


def test_torch_tensors_give_the_same_translations() -> None:
    decoder = random_decoder(4, replace(CONFIG, input_feeding=True))
    tensors = {name: torch.from_numpy(value) for name, value in decoder.parameters.items()}
    sources = [np.array([1, 3, 3, 0, END]), np.array([4, END])]
    search = TranslateRequest(beam=3, n_best=2)
    for ours, theirs in zip(
        found_by([decoder], sources, search, attention=True),
        found_by([TranslationDecoder(decoder.config, tensors)], sources, search, attention=True),
        strict=True,
    ):
        assert [h.tokens for h in ours] == [h.tokens for h in theirs]
        assert [h.score for h in ours] == pytest.approx([h.score for h in theirs], rel=1e-5)


def test_forbidden_tokens_never_come() -> None:
    for seed in range(5):
        found = found_by([random_decoder(seed)], [np.array([1, END])], TranslateRequest(), forbidden=[0, 3])[0]
        assert not {0, 3} & set(found[0].tokens)


def test_an_ensemble_averages_probabilities() -> None:
    decoders, source = [random_decoder(0), random_decoder(1)], np.array([1, 3, END])
    found = found_by(decoders, [source], TranslateRequest(beam=1, max_length=1))[0][0]
    chances = []
    for decoder in decoders:
        memory, state = decoder.encode(source[None], np.array([3]))
        readout, _, _ = decoder.step(np.array([END]), state, memory)
        chances.append(np.exp(log_softmax(decoder.logits(readout))[0]))
    mean = np.mean(chances, axis=0)
    assert found.log_probability == pytest.approx(np.log(mean.max()))
    twice = found_by([decoders[0]] * 2, [source], TranslateRequest())[0][0]
    once = found_by([decoders[0]], [source], TranslateRequest())[0][0]
    assert twice.tokens == once.tokens
    assert twice.score == pytest.approx(once.score)


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 900)), elements=st.integers(-20, 20)),
    st.one_of(st.integers(1, 12), st.integers(65, 80)),
)
def test_largest_is_what_sorting_gives(scores: np.ndarray, count: int) -> None:
    values, places = largest(scores.copy(), count)
    count = min(count, scores.shape[1])
    assert np.array_equal(values, -np.sort(-scores, axis=1)[:, :count])
    assert np.array_equal(np.take_along_axis(scores, places, axis=1), values)
    assert all(len(set(row)) == count for row in places.tolist())


def test_a_trained_model_translates_the_same_in_any_batch(translator: Translator) -> None:
    lines = [source for source, _ in PAIRS[::29]] + ["the dog", "red", "the the the blue cat"]
    for beam in (1, 4):
        expected = [t.text for t in translator.translate(lines, TranslateRequest(beam=beam, batch_size=1))]
        for batch_size in (3, 64):
            assert [
                t.text for t in translator.translate(lines, TranslateRequest(beam=beam, batch_size=batch_size))
            ] == expected
