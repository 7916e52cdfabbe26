"""Error rates against jiwer's and hand-worked ones; transcripts' probabilities against torch's CTC loss."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from seqcli.speech.evaluate import distance, error_rates
from seqcli.speech.network import SpeechModel
from seqcli.speech.objective import batch, ctc, group
from seqcli.speech.score import surprisals

words = st.lists(st.sampled_from(["one", "two", "three", "on", "o"]), min_size=1, max_size=8).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(pairs=st.lists(st.tuples(words, words | st.just("")), min_size=1, max_size=5))
def test_error_rates_are_jiwers(pairs):
    references, found = [r for r, _ in pairs], [h for _, h in pairs]
    rates = error_rates(references, found)
    assert rates.wer == pytest.approx(jiwer.wer(references, found))
    assert rates.cer == pytest.approx(jiwer.cer(references, found))


def test_error_rates_by_hand():
    rates = error_rates(["one two three", ""], ["one  too", "a"])
    assert (rates.wer, rates.exact) == (1.0, 0)
    assert distance("kitten", "sitting") == 3
    assert error_rates(["a b"], [" a  b "]).exact == 1


@pytest.mark.parametrize("tokens", [[], [0], [1, 1], [0, 2, 1, 1, 3]])
def test_surprisals_sum_to_torchs_ctc_loss(tokens):
    given_ = torch.randn(12, 1, 5, generator=torch.Generator().manual_seed(len(tokens))).double().log_softmax(2)
    expected = functional.ctc_loss(
        given_, torch.tensor([tokens]), torch.tensor([12]), torch.tensor([len(tokens)]), blank=4, reduction="sum"
    )
    found = surprisals(given_[:, 0].numpy(), tokens)
    assert len(found) == len(tokens) + 1
    assert sum(found) == pytest.approx(float(expected))
    assert min(found) >= -1e-9


def test_the_next_tokens_and_the_end_sum_to_one():
    given_ = torch.randn(9, 4, generator=torch.Generator().manual_seed(1)).double().log_softmax(1).numpy()
    for start in ([], [0], [1, 1]):
        nexts = [surprisals(given_, [*start, token])[len(start)] for token in range(3)]
        end = surprisals(given_, start)[-1]
        assert sum(np.exp(-np.array([*nexts, end]))) == pytest.approx(1)


def test_what_there_are_too_few_steps_for_is_impossible():
    given_ = torch.randn(2, 4, generator=torch.Generator().manual_seed(1)).double().log_softmax(1).numpy()
    for tokens, possible in (([0, 1, 2, 0], 2), ([1, 1], 1)):
        found = surprisals(given_, tokens)
        assert np.isfinite(found).tolist() == [True] * possible + [False] * (len(found) - possible)
        assert sum(found) == np.inf


def test_the_network_is_the_decoder(decoder):
    model = SpeechModel(decoder.config)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in decoder.parameters.items()})
    model.eval()
    random = np.random.default_rng(0)
    recordings = [random.normal(size=n).astype(np.float32) for n in (900, 3000, 1777)]
    from seqcli.speech.features import stacked

    frames = [stacked(decoder.features(r), decoder.config.stack, decoder.config.stride) for r in recordings]
    lengths = torch.tensor([len(each) for each in frames])
    with torch.no_grad():
        expected = model(pad_sequence([torch.from_numpy(each) for each in frames]), lengths).numpy()
    for column, found in enumerate(map(decoder.log_probabilities, recordings)):
        np.testing.assert_allclose(found, expected[: lengths[column], column], atol=1e-4)


def test_the_loss_of_a_batch_is_that_of_each():
    given_ = torch.randn(10, 3, 4, generator=torch.Generator().manual_seed(0)).log_softmax(2)
    lengths, targets = [10, 7, 2], [np.array([0, 1]), np.array([], int), np.array([2, 2, 2])]
    found = float(ctc(given_, torch.tensor(lengths), targets, 3))
    one, two = (sum(surprisals(given_[: lengths[n], n].double().numpy(), targets[n].tolist())) for n in (0, 1))
    assert found == pytest.approx(one + two, rel=1e-5)  # the third cannot be written in two steps


def test_every_recording_is_in_one_utterance_and_one_batch():
    random = np.random.default_rng(0)
    seconds = random.uniform(0.2, 3, 200)
    groups = group(seconds, 4.0, random)
    assert sorted(np.concatenate(groups)) == list(range(200))
    assert all(len(g) == 1 or seconds[g].sum() <= 4 for g in groups)
    assert sum(len(g) > 1 for g in groups) > 10
    batches = batch(groups, seconds, 20.0, random)
    assert sum(map(len, batches)) == len(groups)
    assert all(len(b) == 1 or len(b) * max(seconds[g].sum() for g in b) <= 20 for b in batches)
